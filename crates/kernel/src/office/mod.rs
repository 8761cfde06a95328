//! Tables people bring and take: workbooks (.xlsx) and CSV, read with limits on everything and
//! written so that text stays text.
//!
//! What a workbook may be is bounded before it is parsed: entries, expanded size, expansion
//! ratio, what the parser would keep in memory, no macros, no document type declarations (so no
//! external entities). Formulas are never evaluated: the value the program stored with them is
//! read, and a formula without one is said to be so. A merged area reads as if each of its cells
//! held the value of the first.

mod cell;
mod csv;
pub mod docx;
mod guard;
mod parts;
#[cfg(test)]
mod tests;
mod write;
mod xlsx;

pub use cell::Cell;
pub use csv::{csv_exact, csv_for_excel, read_csv};
pub use write::{Out, OutChart, OutSeries, OutSheet, write_xlsx, write_xlsx_with_charts};
pub use xlsx::read_xlsx;

/// Most rows of a sheet.
pub const ROWS_MAX: usize = 100_000;
/// Most columns of a sheet.
pub const COLUMNS_MAX: usize = 256;
/// Most cells of a file, blanks before the last of a row included.
pub const CELLS_MAX: usize = 2_000_000;
/// Most characters of a cell, as Excel has it.
pub const CELL_CHARS_MAX: usize = 32_767;
/// Most sheets of a workbook.
pub const SHEETS_MAX: usize = 64;

/// A sheet: row 0 is the sheet's row 1, column 0 its column A.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Its name; `CSV` for a CSV file.
    pub name: String,
    /// Its rows, each as long as its last cell.
    pub rows: Vec<Vec<Cell>>,
}

/// The letters of a column counted from 0: `A`, `Z`, `AA`.
#[must_use]
pub fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(
            b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0),
        ));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Where the value axis of a line chart begins: at a round number a little below the lowest value,
/// and not below nought unless a value is.
#[must_use]
pub fn axis_floor(values: impl Iterator<Item = f64>) -> f64 {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return 0.0;
    }
    let span = if high > low {
        high - low
    } else {
        high.abs().max(1.0)
    };
    let step = 10_f64.powf(span.log10().floor());
    let floor = ((low - span * 0.2) / step).floor() * step;
    if low >= 0.0 { floor.max(0.0) } else { floor }
}
