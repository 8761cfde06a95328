//! Files made to take the node's memory or time through the parser underneath.

use rust_xlsxwriter::{Format, Workbook};

use super::limits::{archive, parts, with_part};
use crate::office::{Cell, read_xlsx};

fn book() -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "x").unwrap();
    book.save_to_buffer().unwrap()
}

fn code(bytes: &[u8]) -> &'static str {
    read_xlsx(bytes).unwrap_err().code()
}

/// Two further entries with the same content, so that one can be made to lie about the other.
fn with_two(content: &[u8]) -> Vec<u8> {
    with_part(&with_part(&book(), "one.bin", content), "two.bin", content)
}

/// Where an entry's record in the directory begins.
fn directory_record(bytes: &[u8], name: &str) -> usize {
    let is = |at: usize| bytes[at..].starts_with(b"PK\x01\x02");
    (0..bytes.len() - 46)
        .find(|at| is(*at) && bytes[at + 46..].starts_with(name.as_bytes()))
        .unwrap()
}

/// The parser makes room for what the tag says; memory that is not there ends the process.
#[test]
fn a_count_of_texts_that_lies_takes_no_memory() {
    for count in [
        "99999999999",
        "2000001",
        "18446744073709551615",
        "9".repeat(40).as_str(),
    ] {
        let part = format!("<sst uniqueCount = '{count}'><si><t>x</t></si></sst>");
        let bytes = with_part(&book(), "xl/sharedStrings.xml", part.as_bytes());
        assert_eq!(code(&bytes), "table_too_large", "{count}");
    }
    let part = b"<sst count=\"3\" uniqueCount=\"2000000\"><si><t>y</t></si></sst>";
    let bytes = with_part(&book(), "xl/sharedStrings.xml", part);
    assert_eq!(read_xlsx(&bytes).unwrap()[0].rows[0][0].text(), "y");
}

/// The parser copies a font's name into each cell format that uses it.
#[test]
fn formats_that_multiply_a_long_name_are_refused() {
    let styles = |name: usize, formats: usize| {
        let part = format!(
            "<styleSheet><fonts><font><name val=\"{}\"/></font></fonts><cellXfs>{}</cellXfs></styleSheet>",
            "n".repeat(name),
            "<xf fontId=\"0\"/>".repeat(formats)
        );
        with_part(&book(), "xl/styles.xml", part.as_bytes())
    };
    assert_eq!(code(&styles(20_000, 20_000)), "table_too_large");
    assert!(read_xlsx(&styles(31, 65_490)).is_ok());
}

#[test]
fn entries_that_share_bytes_or_a_name_are_refused() {
    let plain = with_two(b"the same");
    assert!(read_xlsx(&plain).is_ok());
    let (one, two) = (
        directory_record(&plain, "one.bin"),
        directory_record(&plain, "two.bin"),
    );
    let mut shared = plain.clone();
    shared.copy_within(one + 42..one + 46, two + 42);
    assert_eq!(code(&shared), "workbook_malformed");
    let mut named = plain;
    named[two + 46..two + 49].copy_from_slice(b"one");
    assert_eq!(code(&named), "workbook_malformed");
}

#[test]
fn sizes_are_believed_when_too_large_and_counted_when_small() {
    let mut claims_much = with_two(b"little");
    let at = directory_record(&claims_much, "two.bin") + 24;
    claims_much[at..at + 4].copy_from_slice(&(256_u32 << 20).to_le_bytes());
    assert_eq!(code(&claims_much), "table_too_large");
    let mut claims_little = with_two(&vec![b' '; 8 << 20]);
    let at = directory_record(&claims_little, "two.bin") + 24;
    claims_little[at..at + 4].copy_from_slice(&8_u32.to_le_bytes());
    assert_eq!(code(&claims_little), "table_too_large");
}

/// An archive within the archive is bytes: nothing opens it.
#[test]
fn an_archive_inside_is_not_opened() {
    let bomb = archive(&[("bomb.xml", &vec![b' '; 32 << 20])]);
    let bytes = with_part(&book(), "xl/embeddings/object1.xlsx", &bomb);
    assert!(read_xlsx(&bytes).is_ok());
}

fn workbook_of(sheets: usize, name: impl Fn(usize) -> String) -> String {
    let sheets: String = (1..=sheets)
        .map(|i| {
            format!(
                "<sheet name=\"{}\" sheetId=\"{i}\" r:id=\"rId1\"/>",
                name(i)
            )
        })
        .collect();
    format!("<workbook><sheets>{sheets}</sheets></workbook>")
}

/// A small file with one large part that many sheets name would be read over and over.
#[test]
fn a_part_that_many_sheets_share_is_read_only_so_often() {
    let cells: String = (1..=4_000_u64)
        .map(|i| {
            let value = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("<row r=\"{i}\"><c><v>{value}</v></c></row>")
        })
        .collect();
    let sheet = format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
    let bytes = with_part(&book(), "xl/worksheets/sheet1.xml", sheet.as_bytes());
    assert_eq!(read_xlsx(&bytes).unwrap()[0].rows.len(), 4_000);
    let shared = workbook_of(60, |i| i.to_string());
    let bytes = with_part(&bytes, "xl/workbook.xml", shared.as_bytes());
    assert_eq!(code(&bytes), "workbook_malformed");
}

#[test]
fn two_sheets_of_one_name_are_refused() {
    let twice = |name: fn(usize) -> String| {
        with_part(&book(), "xl/workbook.xml", workbook_of(2, name).as_bytes())
    };
    assert_eq!(read_xlsx(&twice(|i| i.to_string())).unwrap().len(), 2);
    assert_eq!(code(&twice(|_| "x".to_owned())), "workbook_malformed");
}

/// A merged area of the whole sheet costs no more than the cells that are there.
#[test]
fn a_merged_area_of_the_whole_sheet_is_little_work() {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"90000\">\
         <c r=\"A90000\"><v>2</v></c></row></sheetData><mergeCells><mergeCell ref=\"A1:XFD1048576\"/>\
         </mergeCells></worksheet>";
    let bytes = with_part(&book(), "xl/worksheets/sheet1.xml", sheet.as_bytes());
    let rows = read_xlsx(&bytes).unwrap().remove(0).rows;
    assert_eq!(rows.len(), 90_000);
    assert_eq!(rows[0], vec![Cell::Number(1.0); 256]);
    assert!(rows[1].is_empty());
    let full: String = (1..=60_000)
        .map(|i| format!("<row r=\"{i}\"><c r=\"A{i}\"><v>1</v></c></row>"))
        .collect();
    let sheet = format!(
        "<worksheet><sheetData>{full}</sheetData><mergeCells>\
         <mergeCell ref=\"A1:XFD1048576\"/></mergeCells></worksheet>"
    );
    let bytes = with_part(&book(), "xl/worksheets/sheet1.xml", sheet.as_bytes());
    assert_eq!(code(&bytes), "table_too_large");
}

/// A merged area that cannot be read is not passed over: what it covers would be missing.
#[test]
fn a_merged_area_that_is_none_is_said() {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>\
         <mergeCells><mergeCell ref=\"A1:?\"/></mergeCells></worksheet>";
    let bytes = with_part(&book(), "xl/worksheets/sheet1.xml", sheet.as_bytes());
    assert_eq!(code(&bytes), "workbook_malformed");
}

/// What another program writes that zips in its own way reads alike.
#[test]
fn an_archive_written_anew_reads_alike() {
    let mut whole = Workbook::new();
    let page = whole.add_worksheet();
    page.merge_range(0, 0, 1, 1, "并", &Format::new()).unwrap();
    let bytes = whole.save_to_buffer().unwrap();
    let entries = parts(&bytes);
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(n, c)| (n.as_str(), &c[..])).collect();
    assert_eq!(
        read_xlsx(&archive(&entries)).unwrap(),
        read_xlsx(&bytes).unwrap()
    );
}
