//! Files made to do harm.

use std::io::Write as _;

use rust_xlsxwriter::{Format, Workbook};
use zip::write::SimpleFileOptions;

use crate::office::read_xlsx;

pub(super) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn bombs_and_entities_are_refused() {
    let code = |bytes: &[u8]| read_xlsx(bytes).unwrap_err().code();
    assert_eq!(code(b"not a zip"), "workbook_malformed");
    assert_eq!(code(b""), "workbook_malformed");
    assert_eq!(code(&archive(&[("a.txt", b"x")])), "workbook_malformed");
    let bomb = vec![b' '; 8 << 20];
    assert_eq!(
        code(&archive(&[("xl/workbook.xml", &bomb)])),
        "table_too_large"
    );
    let doctype = b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    assert_eq!(
        code(&archive(&[("xl/workbook.xml", doctype)])),
        "workbook_malformed"
    );
    let many: Vec<(String, &[u8])> = (0..1_001).map(|i| (format!("{i}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    assert_eq!(code(&archive(&many)), "table_too_large");
}

#[test]
fn what_is_no_plain_workbook_is_said_to_be_so() {
    let code = |bytes: &[u8]| read_xlsx(bytes).unwrap_err().code();
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        code(&[ole.clone(), vec![0; 512], name].concat()),
        "workbook_encrypted"
    );
    assert_eq!(code(&[ole, vec![0; 512]].concat()), "workbook_old_format");
    let macros = archive(&[("xl/workbook.xml", b"<a/>"), ("xl/vbaProject.bin", b"x")]);
    assert_eq!(code(&macros), "workbook_macros");
}

/// A document type declaration cannot hide behind a comment, nor in another encoding.
#[test]
fn a_document_type_is_found_wherever_it_stands() {
    let doctype = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    let far = format!("<!--{}-->{doctype}", "x".repeat(100_000));
    let near = format!("<?xml version=\"1.0\"?><?p i?><!-- c -->\n{doctype}");
    let wide: Vec<u8> = doctype.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".to_vec(), wide.clone()].concat();
    let other = format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{doctype}").into_bytes();
    for part in [far.into_bytes(), near.into_bytes(), wide, marked, other] {
        let mut book = Workbook::new();
        book.add_worksheet().write_string(0, 0, "x").unwrap();
        let whole = book.save_to_buffer().unwrap();
        let bytes = with_part(&whole, "xl/sharedStrings.xml", &part);
        assert_eq!(read_xlsx(&bytes).unwrap_err().code(), "workbook_malformed");
        // The package may call anything a sheet.
        let bytes = with_part(&whole, "xl/media/image1.png", &part);
        assert_eq!(read_xlsx(&bytes).unwrap_err().code(), "workbook_malformed");
    }
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "x").unwrap();
    let whole = book.save_to_buffer().unwrap();
    let late = format!("<a></a>{doctype}");
    let behind_words = format!("words {doctype}");
    for part in [late, behind_words] {
        let bytes = with_part(&whole, "xl/worksheets/other.bin", part.as_bytes());
        assert_eq!(read_xlsx(&bytes).unwrap_err().code(), "workbook_malformed");
    }
}

/// The entries of an archive, expanded.
pub(super) fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let part = |index| {
        let mut entry = from.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        (entry.name().unwrap().into_owned(), content)
    };
    (0..parts_of(bytes)).map(part).collect()
}

fn parts_of(bytes: &[u8]) -> usize {
    zip::ZipArchive::new(std::io::Cursor::new(bytes))
        .unwrap()
        .len()
}

/// The archive with one entry replaced, or added.
pub(super) fn with_part(bytes: &[u8], name: &str, part: &[u8]) -> Vec<u8> {
    let mut entries = parts(bytes);
    entries.retain(|(own, _)| own != name);
    entries.push((name.to_owned(), part.to_vec()));
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(n, c)| (n.as_str(), &c[..])).collect();
    archive(&entries)
}

#[test]
fn a_far_cell_does_not_take_all_memory() {
    let mut book = Workbook::new();
    book.add_worksheet()
        .write_string(1_048_575, 16_383, "x")
        .unwrap();
    let bytes = book.save_to_buffer().unwrap();
    assert_eq!(read_xlsx(&bytes).unwrap_err().code(), "table_too_large");
}

/// A small file whose text, shared or merged, would fill the memory.
#[test]
fn text_and_areas_that_multiply_are_refused() {
    let code = |book: &mut Workbook| {
        read_xlsx(&book.save_to_buffer().unwrap())
            .unwrap_err()
            .code()
    };
    let long: String = (0..32_000_u32)
        .map(|i| char::from(b'a' + (i % 26) as u8))
        .collect();
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for row in 0..3_000 {
        page.write_string(row, 0, &long).unwrap();
    }
    assert_eq!(code(&mut book), "table_too_large");
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.merge_range(0, 0, 2_000, 9, &long, &Format::new())
        .unwrap();
    for row in 0..=2_000 {
        page.write_string(row, 10, "x").unwrap();
    }
    assert_eq!(code(&mut book), "table_too_large");
}

#[test]
fn many_overlapping_areas_are_refused() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_string(0, 0, "x").unwrap();
    page.write_string(9_999, 0, "x").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let areas = "<mergeCell ref=\"A1:A10000\"/>".repeat(2_000);
    let sheet = format!(
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"10000\">\
         <c r=\"A10000\"><v>1</v></c></row></sheetData><mergeCells>{areas}</mergeCells></worksheet>"
    );
    let bytes = with_part(&bytes, "xl/worksheets/sheet1.xml", sheet.as_bytes());
    assert_eq!(read_xlsx(&bytes).unwrap_err().code(), "table_too_large");
}
