//! CSV a person uploads; what was read is written for programs and for Excel, and read again.
#![no_main]

use tianyuan_kernel::office::{Cell, ROWS_MAX, csv_exact, csv_for_excel, read_csv};

const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn words(rows: Vec<Vec<Cell>>) -> Vec<Vec<String>> {
    rows.iter()
        .map(|row| row.iter().map(Cell::text).collect())
        .collect()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(sheet) = read_csv(bytes) else {
        return;
    };
    assert!(sheet.rows.len() <= ROWS_MAX);
    for cell in sheet.rows.iter().flatten() {
        let _ = (cell.number(), cell.date());
    }
    let mut rows = words(sheet.rows);
    // A row without fields and one with an empty field are one line.
    rows.retain(|row| row.iter().any(|field| !field.is_empty()));
    // The first line's fields say which separator it is.
    rows.insert(0, vec!["a".into(), "b".into(), "c".into()]);
    let exact = read_csv(&csv_exact(&rows)).unwrap();
    assert_eq!(words(exact.rows), rows);
    let excel = words(read_csv(&csv_for_excel(&rows)).unwrap().rows);
    for (field, shown) in rows.iter().flatten().zip(excel.iter().flatten()) {
        assert!(shown == field || *shown == format!("'{field}"));
        let begins = shown.trim_start_matches(' ').starts_with(STARTS);
        assert!(
            !begins || shown.parse::<f64>().is_ok_and(f64::is_finite),
            "{shown:?}"
        );
    }
});
