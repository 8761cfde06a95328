mod hostile;
mod limits;
mod meaning;

use jiff::civil::date;
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};

use self::limits::with_part;
use super::*;

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

#[test]
fn letters_of_columns() {
    let letters: Vec<String> = [0, 25, 26, 701, 702].map(column_letters).to_vec();
    assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA"]);
}

#[test]
fn numbers_as_people_write_them() {
    for (written, meant) in [
        ("2380", 2380.0),
        ("２３８０．５", 2380.5),
        (" 2,380,000.5 ", 2_380_000.5),
        ("２，３８０", 2380.0),
        ("-3", -3.0),
        ("−3", -3.0),
        ("45%", 45.0),
        ("４５．５％", 45.5),
        ("3。5", 3.5),
        ("–3", -3.0),
        ("1e3", 1000.0),
    ] {
        assert_eq!(text(written).number(), Ok(meant), "{written}");
    }
    for written in [
        "",
        "1,3",
        "12,34,567",
        "3.000,5",
        "很多",
        "2380亿元",
        "NaN",
        "inf",
        "0x10",
        "1 2",
    ] {
        assert!(text(written).number().is_err(), "{written}");
    }
    assert!(
        Cell::Error("#REF!".into())
            .number()
            .unwrap_err()
            .zh
            .contains("#REF!")
    );
    assert!(Cell::Bool(true).number().is_err());
}

#[test]
fn dates_as_people_write_them() {
    let day = date(2025, 3, 1);
    for written in [
        "2025-03-01",
        "2025/3/1",
        "2025.3.1",
        "2025年3月1日",
        "２０２５年０３月０１日",
        "20250301",
        "2025-03-01 00:00:00",
    ] {
        assert_eq!(text(written).date(), Ok(day), "{written}");
    }
    assert_eq!(Cell::Number(45_717.0).date(), Ok(day));
    assert_eq!(Cell::Number(20_250_301.0).date(), Ok(day));
    for written in [
        "",
        "年底",
        "2025-02-30",
        "1/3/2025",
        "25-03-01",
        "2025-3",
        "2025",
    ] {
        assert!(text(written).date().is_err(), "{written}");
    }
    assert!(Cell::Number(2025.0).date().is_err());
}

#[test]
fn merged_cells_formulas_and_dates() {
    let mut book = Workbook::new();
    let page = book.add_worksheet().set_name("表").unwrap();
    let format = Format::new();
    page.merge_range(0, 0, 1, 1, "并", &format).unwrap();
    page.write_string(1, 2, "x").unwrap();
    page.write_formula(2, 0, rust_xlsxwriter::Formula::new("=1+2").set_result("3"))
        .unwrap();
    page.write_boolean(2, 1, true).unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let at = rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 12, 31).unwrap();
    page.write_datetime_with_format(2, 2, &at, &day).unwrap();
    let sheets = read_xlsx(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        sheets[0].rows,
        [
            vec![text("并"), text("并")],
            vec![text("并"), text("并"), text("x")],
            vec![
                Cell::Number(3.0),
                Cell::Bool(true),
                Cell::Date(date(2025, 12, 31))
            ],
        ]
    );
}

#[test]
fn per_cent_reads_alike_as_text_and_as_a_format() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let shown = ["0.0%", "0%", "0.00\"%\"", "0.00"].map(|f| Format::new().set_num_format(f));
    for (column, (value, format)) in [0.45, 0.07, 45.0, 0.45].into_iter().zip(&shown).enumerate() {
        let column = u16::try_from(column).unwrap();
        page.write_number_with_format(0, column, value, format)
            .unwrap();
    }
    page.write_string(0, 4, "45%").unwrap();
    let row = read_xlsx(&book.save_to_buffer().unwrap())
        .unwrap()
        .remove(0)
        .rows
        .remove(0);
    let values: Vec<f64> = row.iter().map(|c| c.number().unwrap()).collect();
    assert_eq!(values, [45.0, 7.0, 45.0, 0.45, 45.0]);
    assert_eq!(row[0].text(), "45%");
    assert!(row[0].date().is_err());
}

#[test]
fn csv_in_every_encoding() {
    let rows = |bytes: &[u8]| read_csv(bytes).unwrap().rows;
    let expected = vec![
        vec![text("指标"), text("数值")],
        vec![],
        vec![text("规模"), text("1,5")],
    ];
    let plain = "指标,数值\n\n规模,\"1,5\"\n";
    assert_eq!(rows(plain.as_bytes()), expected);
    assert_eq!(rows(format!("\u{feff}{plain}").as_bytes()), expected);
    assert_eq!(rows(&encoding_rs::GBK.encode(plain).0), expected);
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
        .chain(plain.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(rows(&utf16), expected);
    assert_eq!(rows(plain.replace('\n', "\r\n").as_bytes()), expected);
    assert_eq!(rows("a;b\n1;2".as_bytes())[1], [text("1"), text("2")]);
    assert_eq!(
        rows("表一\na\tb,c\n1\t2\n".as_bytes())[1],
        [text("a"), text("b,c")]
    );
    assert!(read_csv(b"a\0b").is_err());
    assert!(read_csv(&[0x81, 0xff, 0xff]).is_err());
}

#[test]
fn excel_csv_escapes_formula_starts() {
    let fields = [
        "=1+1",
        "-3",
        "-x",
        "数",
        "＝1",
        " =1",
        "@a",
        "-inf",
        "+8613800000000",
    ];
    let rows = vec![fields.map(str::to_owned).to_vec()];
    assert_eq!(
        String::from_utf8(csv_for_excel(&rows)).unwrap(),
        "\u{feff}'=1+1,-3,'-x,数,'＝1,' =1,'@a,'-inf,+8613800000000\r\n"
    );
    // Where a tab or semicolon would end a field, what follows could begin a formula.
    let rows = [vec!["\t1".to_owned(), "a;=1".to_owned()]];
    assert_eq!(
        String::from_utf8(csv_for_excel(&rows)).unwrap(),
        "\u{feff}\"'\t1\",\"a;=1\"\r\n"
    );
    let exact = String::from_utf8(csv_exact(&[vec!["=1,\"".into(), String::new()]])).unwrap();
    assert_eq!(exact, "\"=1,\"\"\",\r\n");
}

#[test]
fn long_lists_of_choices_stand_on_a_sheet_nobody_sees() {
    let words: Vec<String> = (0..100).map(|i| format!("第{i}个单位")).collect();
    let sheet = OutSheet {
        name: "表".into(),
        heads: vec!["甲".into(), "乙".into()],
        rows: vec![vec![Out::Text("x".repeat(40_000)), Out::Blank]],
        choices: vec![(0, words), (1, vec!["一,二".into(), "三".into()])],
    };
    let bytes = write_xlsx(&[sheet]).unwrap();
    let sheets = read_xlsx(&bytes).unwrap();
    assert_eq!(sheets.len(), 1);
    assert_eq!(sheets[0].rows[1][0].text().chars().count(), CELL_CHARS_MAX);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut xml = String::new();
    let mut part = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
    std::io::Read::read_to_string(&mut part, &mut xml).unwrap();
    assert!(xml.contains("_choices!$A$1:$A$100") && xml.contains("_choices!$B$1:$B$2"));
}

#[test]
fn text_is_written_as_text() {
    let sheet = OutSheet {
        name: "表".into(),
        heads: vec!["甲".into()],
        rows: vec![vec![
            Out::Text("=HYPERLINK(1)".into()),
            Out::Number(0.1),
            Out::Date(date(2024, 2, 29)),
        ]],
        choices: vec![(0, vec!["是".into(), "否".into()])],
    };
    let bytes = write_xlsx(std::slice::from_ref(&sheet)).unwrap();
    assert_eq!(bytes, write_xlsx(&[sheet]).unwrap());
    let rows = read_xlsx(&bytes).unwrap().remove(0).rows;
    assert_eq!(
        rows[1],
        [
            text("=HYPERLINK(1)"),
            Cell::Number(0.1),
            Cell::Date(date(2024, 2, 29))
        ]
    );
}

proptest! {
    /// Damage anywhere in a real workbook is an answer, not a panic.
    #[test]
    fn damage_does_not_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), part in any::<bool>()) {
        let mut book = Workbook::new();
        let page = book.add_worksheet();
        page.merge_range(0, 0, 1, 1, "并", &Format::new()).unwrap();
        page.write_number_with_format(2, 2, 0.5, &Format::new().set_num_format("0%")).unwrap();
        let bytes = book.save_to_buffer().unwrap();
        let mut damaged = bytes.clone();
        let i = at.index(damaged.len());
        damaged[i] = byte;
        if part {
            let sheet = b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"><v>0.5</v></c></row></sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells></worksheet>";
            let mut sheet = sheet.to_vec();
            let i = at.index(sheet.len());
            sheet[i] = byte;
            damaged = with_part(&bytes, "xl/worksheets/sheet1.xml", &sheet);
        }
        let _ = read_xlsx(&damaged);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_csv(&bytes);
        let _ = read_xlsx(&bytes);
    }

    #[test]
    fn no_text_panics(words in "\\PC{0,20}") {
        let _ = text(&words).number();
        let _ = text(&words).date();
    }
}
