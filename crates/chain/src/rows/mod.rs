//! Rows on their way out: pages of them for tables and scripts, and whole files. Every exit here
//! asks the lake, and the lake's gate decides what leaves and in what form.

pub mod api;
mod export;
#[cfg(test)]
mod tests;

/// Rows of a workbook: what its reader on the other side takes too.
pub(crate) const XLSX_ROWS_MAX: i64 = 100_000;
