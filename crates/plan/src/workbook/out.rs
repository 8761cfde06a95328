//! What is written into a workbook.

pub(crate) use tianyuan_kernel::office::{Out, OutSheet, write_xlsx as xlsx};
