//! Parquet: columns with types of their own, taken as text like whatever else is brought, so that
//! one set of rules finds fields, sensitive content and rows that do not fit.
//!
//! A footer stands at the end and points back, so the pieces are put together in a nameless file
//! of the system's temporary folder first. What it says of itself is not believed: sizes are
//! bounded before rows are read, and a decoder that gives up takes nobody along.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_lake::arrow::array::{ArrayRef, RecordBatch};
use tianyuan_lake::arrow::compute::cast;
use tianyuan_lake::arrow::datatypes::DataType;
use tianyuan_lake::arrow::error::ArrowError;
use tianyuan_lake::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{
    COLUMNS_MAX, Each, Encoding, Format, Layout, Open, ROW_BYTES_MAX, Row, cell_fault,
    too_many_columns,
};

/// Most rows of a file: a few bytes can speak of thousands of millions.
const ROWS_MAX: i64 = 200_000_000;
/// Most bytes a row group may unfold to.
const GROUP_BYTES_MAX: i64 = 2 << 30;
/// Rows decoded at a time; few, since each may be as large as the largest cell.
const BATCH_ROWS: usize = 1_024;

fn malformed(why: impl std::fmt::Display) -> Error {
    let words = text!(
        "Parquet 文件损坏或不完整（{why}）。请重新导出后上传。",
        "The Parquet file is damaged or cut short ({why}). Export it again."
    );
    Error::invalid("parquet_malformed", "", words)
}

/// What the decoder answers, a panic of it included.
fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> std::result::Result<T, E>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(malformed),
        Err(_) => Err(malformed("the decoder gave up")),
    }
}

fn builder(open: Open<'_>) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut open()?, &mut file)?;
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file))?;
    let columns = builder.schema().fields().len();
    if columns > COLUMNS_MAX {
        return Err(too_many_columns(columns));
    }
    let metadata = builder.metadata();
    let rows = metadata.file_metadata().num_rows();
    if !(0..=ROWS_MAX).contains(&rows) {
        let words = text!(
            "文件称有 {rows} 行，最多 {ROWS_MAX} 行。请分成几个文件。",
            "The file says it has {rows} rows; at most {ROWS_MAX} are taken. Split it."
        );
        return Err(Error::invalid("too_many_rows", "", words));
    }
    for (n, group) in (1..).zip(metadata.row_groups()) {
        let bytes: i64 = group
            .columns()
            .iter()
            .map(|c| c.uncompressed_size().max(0))
            .fold(0, i64::saturating_add);
        if bytes > GROUP_BYTES_MAX {
            let limit = GROUP_BYTES_MAX >> 30;
            let words = text!(
                "第 {n} 个行组展开后超过 {limit} GiB。请用较小的行组重新导出。",
                "Row group {n} unfolds to more than {limit} GiB. Export it with smaller row groups."
            );
            return Err(Error::invalid("row_group_too_large", "", words));
        }
    }
    Ok(builder)
}

pub(super) fn detect(open: Open<'_>) -> Result<Layout> {
    let builder = builder(open)?;
    let columns = builder.schema().fields().iter();
    Ok(Layout {
        format: Format::Parquet,
        encoding: Encoding::Utf8,
        delimiter: ",".to_owned(),
        sheet: None,
        header_row: 0,
        header_lines: 1,
        columns: columns.map(|f| f.name().clone()).collect(),
    })
}

/// Which columns are texts by the file's own schema.
pub(super) fn texts_declared(open: Open<'_>) -> Result<Vec<bool>> {
    fn is_text(kind: &DataType) -> bool {
        match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
            DataType::Dictionary(_, values) => is_text(values),
            _ => false,
        }
    }
    let builder = builder(open)?;
    let columns = builder.schema().fields().iter();
    Ok(columns.map(|f| is_text(f.data_type())).collect())
}

/// Instants are shown in UTC: a zone's name needs a table of zones, and the instant is the same.
fn in_utc(column: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some(Arc::from("+00:00")));
            cast(column, &utc)
        }
        _ => Ok(column.clone()),
    }
}

/// The next rows as text, row by row.
fn texts(
    reader: &mut ParquetRecordBatchReader,
    width: usize,
) -> std::result::Result<Option<Vec<Vec<String>>>, ArrowError> {
    let Some(batch) = reader.next().transpose()? else {
        return Ok(None);
    };
    let options = FormatOptions::default().with_display_error(false);
    let columns = batch
        .columns()
        .iter()
        .map(in_utc)
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let formatters = columns
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let row = |n: usize| {
        let mut cells = formatters
            .iter()
            .map(|one| one.value(n).try_to_string())
            .collect::<std::result::Result<Vec<_>, _>>()?;
        cells.resize(width, String::new());
        Ok(cells)
    };
    (0..RecordBatch::num_rows(&batch))
        .map(row)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map(Some)
}

pub(super) fn rows(open: Open<'_>, layout: &Layout, each: Each<'_>) -> Result<()> {
    let width = layout.columns.len();
    let builder = builder(open)?.with_batch_size(BATCH_ROWS);
    let mut reader = guarded(|| builder.build())?;
    let mut line = 0;
    while let Some(rows) = guarded(|| texts(&mut reader, width))? {
        for cells in rows {
            line += 1;
            let bytes: usize = cells.iter().map(String::len).sum();
            let fault = if bytes > ROW_BYTES_MAX {
                Some(text!(
                    "这一行有 {bytes} 字节，最多 {ROW_BYTES_MAX} 字节。",
                    "This row has {bytes} bytes; at most {ROW_BYTES_MAX} are taken."
                ))
            } else {
                cell_fault(&cells)
            };
            each(Row {
                line,
                cells: &cells,
                fault,
            })?;
        }
    }
    Ok(())
}
