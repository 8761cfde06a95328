//! What the workbook targets share.

use tianyuan_kernel::office::{
    CELL_CHARS_MAX, CELLS_MAX, COLUMNS_MAX, Cell, ROWS_MAX, SHEETS_MAX, read_xlsx,
};

/// The reader catches panics of the parser underneath; libFuzzer's hook would end the process at
/// the first. Panics of our own files still end it.
pub fn let_the_parser_panic() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", std::panic::Location::file);
        if file.contains("office") {
            hook(panic);
        }
    }));
}

/// Reads a workbook; what comes out is within the limits.
pub fn read(bytes: &[u8]) {
    let Ok(sheets) = read_xlsx(bytes) else {
        return;
    };
    assert!(sheets.len() <= SHEETS_MAX);
    let rows = || sheets.iter().flat_map(|s| &s.rows);
    assert!(sheets.iter().all(|s| s.rows.len() <= ROWS_MAX));
    assert!(rows().all(|r| r.len() <= COLUMNS_MAX));
    assert!(rows().map(Vec::len).sum::<usize>() <= CELLS_MAX);
    for cell in rows().flatten() {
        if let Cell::Text(text) = cell {
            assert!(text.chars().count() <= CELL_CHARS_MAX);
        }
        let (number, date) = (cell.number(), cell.date());
        assert!(cell.fault().is_none() || (number.is_err() && date.is_err()));
        assert!(number.is_err() || number.is_ok_and(f64::is_finite));
    }
}
