//! What cells mean: formulas, errors, date systems, encodings, text that stays text.

use jiff::civil::date;
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};

use super::limits::with_part;
use super::text;
use crate::office::*;

fn sheet_of(cells: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "x").unwrap();
    let sheet = format!("<worksheet><sheetData><row r=\"1\">{cells}</row></sheetData></worksheet>");
    let bytes = book.save_to_buffer().unwrap();
    with_part(&bytes, "xl/worksheets/sheet1.xml", sheet.as_bytes())
}

fn row_of(bytes: &[u8]) -> Vec<Cell> {
    read_xlsx(bytes).unwrap().remove(0).rows.remove(0)
}

/// The stored value counts, whatever the formula says; none stored is said, not read as a blank.
#[test]
fn a_formula_without_a_stored_value_is_said() {
    let row = row_of(&sheet_of(
        "<c r=\"A1\"><f>1+2</f><v>7</v></c><c r=\"B1\"><f>1+2</f></c><c r=\"C1\"><f>1+2</f><v/></c>\
         <c r=\"D1\" t=\"str\"><f>\"\"</f><v></v></c><c r=\"E1\" t=\"shared\"/>\
         <c r=\"F1\"><f t=\"shared\" si=\"0\"/></c><c r=\"G1\" t=\"str\"><f>A1</f><v>=2+3</v></c>",
    ));
    assert_eq!(row[0], Cell::Number(7.0));
    assert_eq!(row[6], text("=2+3"));
    assert!(row[3].is_blank() && row[4].is_blank());
    for cell in [&row[1], &row[2], &row[5]] {
        assert_eq!(*cell, Cell::Uncalculated);
        assert!(!cell.is_blank());
        assert!(cell.number().unwrap_err().zh.contains("公式"));
        assert!(cell.date().unwrap_err().zh.contains("公式"));
    }
}

#[test]
fn error_values_are_named() {
    for error in [
        "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
    ] {
        let row = row_of(&sheet_of(&format!(
            "<c r=\"A1\" t=\"e\"><f>1/0</f><v>{error}</v></c>"
        )));
        assert_eq!(row[0], Cell::Error(error.to_owned()));
        for words in [row[0].number().unwrap_err(), row[0].date().unwrap_err()] {
            assert!(words.zh.contains("错误值") && words.en.contains(error));
        }
        assert!(row[0].fault().is_some());
    }
    assert!(text("x").fault().is_none());
}

fn with_dates(values: &[f64], from_1904: bool) -> Vec<Cell> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (column, value) in (0_u16..).zip(values) {
        page.write_number_with_format(0, column, *value, &day)
            .unwrap();
        page.write_number(1, column, *value).unwrap();
    }
    let mut bytes = book.save_to_buffer().unwrap();
    if from_1904 {
        let workbook = "<workbook><workbookPr date1904=\"1\"/><sheets>\
             <sheet name=\"x\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
        bytes = with_part(&bytes, "xl/workbook.xml", workbook.as_bytes());
    }
    read_xlsx(&bytes).unwrap().remove(0).rows.concat()
}

#[test]
fn days_count_from_1900_or_from_1904_as_the_workbook_says() {
    let day = Ok(date(2025, 3, 1));
    let cells = with_dates(&[45_717.0], false);
    assert_eq!(
        [cells[0].date(), cells[1].date()],
        [day.clone(), day.clone()]
    );
    let cells = with_dates(&[44_255.0], true);
    assert_eq!([cells[0].date(), cells[1].date()], [day.clone(), day]);
    assert_eq!(cells[1].number(), Ok(44_255.0));
    assert_eq!(cells[1].text(), "44255");
}

/// The 1900 system counts a 29 February 1900 that never was.
#[test]
fn the_first_days_of_1900() {
    let cells = with_dates(&[1.0, 59.0, 60.0, 61.0, 45_717.75], false);
    assert_eq!(cells[0].date(), Ok(date(1900, 1, 1)));
    assert_eq!(cells[1].date(), Ok(date(1900, 2, 28)));
    assert!(cells[2].date().is_err());
    assert_eq!(cells[3].date(), Ok(date(1900, 3, 1)));
    assert_eq!(cells[4].date(), Ok(date(2025, 3, 1)));
}

#[test]
fn csv_marks_and_wide_characters() {
    let first = |bytes: &[u8]| read_csv(bytes).unwrap().rows[0][0].clone();
    // 𠮷 takes four bytes in GB 18030 and is not in GBK.
    let gb = encoding_rs::GB18030.encode("𠮷市,１２３\n").0;
    assert!(std::str::from_utf8(&gb).is_err());
    assert_eq!(first(&gb), text("𠮷市"));
    assert_eq!(read_csv(&gb).unwrap().rows[0][1].number(), Ok(123.0));
    let marked = [&[0x84, 0x31, 0x95, 0x33][..], &gb].concat();
    assert_eq!(first(&marked), text("𠮷市"));
    let big_endian: Vec<u8> = "\u{feff}指标,数值\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(first(&big_endian), text("指标"));
    // Without a mark nothing says which UTF-16 it is.
    let unmarked: Vec<u8> = "指标,数值\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read_csv(&unmarked).unwrap_err().code(), "csv_malformed");
    let odd = [0xff, 0xfe, 0x07];
    assert_eq!(read_csv(&odd).unwrap_err().code(), "csv_malformed");
}

#[test]
fn a_csv_field_longer_than_a_cell_is_refused() {
    let fits = "字".repeat(CELL_CHARS_MAX);
    assert!(read_csv(fits.as_bytes()).is_ok());
    let over = format!("{fits}字");
    assert_eq!(
        read_csv(over.as_bytes()).unwrap_err().code(),
        "table_too_large"
    );
}

#[test]
fn every_formula_start_is_escaped_for_excel_and_none_for_programs() {
    for start in [
        "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "  ＠",
    ] {
        let field = format!("{start}cmd|' /C calc'!A0");
        let rows = [vec![field.clone()]];
        let excel = read_csv(&csv_for_excel(&rows)).unwrap().rows;
        assert_eq!(excel[0][0], text(&format!("'{field}")), "{start:?}");
        let exact = read_csv(&csv_exact(&rows)).unwrap().rows;
        assert_eq!(exact[0][0], text(&field), "{start:?}");
    }
}

proptest! {
    /// Whatever a text holds, a workbook gives it back as that text.
    #[test]
    fn text_comes_back_as_it_was(words in "[\\PC\t\n _=x0-9]{1,40}") {
        let sheet = OutSheet {
            name: "表".into(),
            heads: vec!["甲".into()],
            rows: vec![vec![Out::Text(words.clone())]],
            choices: Vec::new(),
        };
        let rows = read_xlsx(&write_xlsx(&[sheet]).unwrap()).unwrap().remove(0).rows;
        prop_assert_eq!(&rows[1][0], &text(&words));
    }

    /// Whatever fields hold, exact CSV gives them back.
    #[test]
    fn csv_comes_back_as_it_was(fields in prop::collection::vec("[\\PC\t\r\n,;\"=]{1,10}", 1..5)) {
        let rows = read_csv(&csv_exact(&[vec!["a".into(), "b".into()], fields.clone()])).unwrap().rows;
        let back: Vec<String> = rows[1].iter().map(Cell::text).collect();
        prop_assert_eq!(back, fields);
    }
}
