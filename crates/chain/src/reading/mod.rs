//! Reading what people bring: CSV and TSV in UTF-8, GB 18030 or UTF-16, workbooks, JSON, NDJSON,
//! Parquet. How a file is laid out is found, shown and may be corrected; then its rows stream by in
//! bounded memory, each with its place in the file.
//!
//! Nothing here knows what a row will be used for, and nothing is dropped silently: a row that
//! cannot be read comes with the reason.

pub mod bytes;
pub mod delimited;
pub mod header;
pub mod infer;
pub mod json;
mod parquet;
mod sheet;
#[cfg(test)]
mod tests;
pub mod value;

use std::io::Read;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::words::vocabulary;

/// Most columns of a file.
pub const COLUMNS_MAX: usize = crate::datasets::fields::FIELDS_MAX;
/// Most bytes of one row.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// Bytes at the beginning of a file from which its layout is found.
pub const SAMPLE_BYTES: usize = 256 << 10;

vocabulary! {
    /// What kind of file it is.
    Format {
        /// Text with separators.
        Delimited = "delimited", "分隔文本（CSV、TSV）", "Delimited text (CSV, TSV)";
        /// A workbook.
        Xlsx = "xlsx", "Excel 工作簿", "Excel workbook";
        /// One JSON array of objects, or an object that holds one.
        Json = "json", "JSON", "JSON";
        /// One JSON object a line.
        Ndjson = "ndjson", "NDJSON（每行一个对象）", "NDJSON (one object a line)";
        /// Columns with their types.
        Parquet = "parquet", "Parquet", "Parquet";
    }
}

vocabulary! {
    /// How its text is encoded.
    Encoding {
        /// UTF-8.
        Utf8 = "utf-8", "UTF-8", "UTF-8";
        /// GB 18030, of which GBK and GB 2312 are parts.
        Gb18030 = "gb18030", "GB 18030（含 GBK、GB 2312）", "GB 18030 (GBK, GB 2312)";
        /// UTF-16, little end first.
        Utf16le = "utf-16le", "UTF-16（小端）", "UTF-16 LE";
        /// UTF-16, big end first.
        Utf16be = "utf-16be", "UTF-16（大端）", "UTF-16 BE";
    }
}

/// How a file is laid out, as found or as corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// What kind of file it is.
    pub format: Format,
    /// How its text is encoded.
    pub encoding: Encoding,
    /// What separates its columns: one of `,` `;` `|` and tab.
    #[schema(max_length = 1)]
    pub delimiter: String,
    /// The sheet, of a workbook.
    #[schema(max_length = 200)]
    pub sheet: Option<String>,
    /// Row of the first header line, counted from 1; 0 when there is none.
    #[schema(minimum = 0, maximum = 100)]
    pub header_row: u32,
    /// Lines of the header: 2 when a line of groups stands above the names.
    #[schema(minimum = 1, maximum = 4)]
    pub header_lines: u32,
    /// Names of the columns in order, as in the header.
    #[schema(max_items = 400)]
    pub columns: Vec<String>,
}

/// A row as it stands in the file.
pub struct Row<'a> {
    /// Its line or row, counted from 1.
    pub line: u64,
    /// Its cells as text, as many as the layout has columns; empty when nothing is there.
    pub cells: &'a [String],
    /// Why it cannot be used as it stands.
    pub fault: Option<Text>,
}

/// What is done with each row.
pub type Each<'a> = &'a mut dyn FnMut(Row<'_>) -> Result<()>;

/// Opens the file anew from its beginning.
pub type Open<'a> = &'a dyn Fn() -> Result<Box<dyn Read + Send>>;

/// The format a name and the first bytes speak of.
///
/// # Errors
/// 422 when it is none of them.
pub fn format_of(name: &str, head: &[u8]) -> Result<Format> {
    let name = name.to_lowercase();
    let by_name = match name.rsplit('.').next() {
        Some("csv" | "tsv" | "tab" | "txt") => Some(Format::Delimited),
        Some("xlsx") => Some(Format::Xlsx),
        Some("json" | "geojson") => Some(Format::Json),
        Some("ndjson" | "jsonl") => Some(Format::Ndjson),
        Some("parquet") => Some(Format::Parquet),
        _ => None,
    };
    let by_bytes = match head {
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(Format::Xlsx),
        [b'P', b'A', b'R', b'1', ..] => Some(Format::Parquet),
        _ => None,
    };
    let binary = |f| matches!(f, Format::Xlsx | Format::Parquet);
    match (by_name, by_bytes) {
        (_, Some(found)) => Ok(found),
        (Some(named), None) if !binary(named) => Ok(named),
        (Some(Format::Xlsx), None) => Ok(Format::Xlsx),
        (Some(Format::Parquet), None) => Err(Error::invalid(
            "parquet_malformed",
            "",
            Text::new("不是有效的 Parquet 文件。", "It is no valid Parquet file."),
        )),
        _ => Err(Error::invalid(
            "format_unknown",
            "name",
            Text::new(
                "请上传 .csv、.tsv、.txt、.xlsx、.json、.geojson、.ndjson 或 .parquet 文件。",
                "Bring a .csv, .tsv, .txt, .xlsx, .json, .geojson, .ndjson or .parquet file.",
            ),
        )),
    }
}

/// Finds how a file is laid out. Where `wanted` says something, that is taken instead.
///
/// # Errors
/// 422 when it is no such file, is no text, or has too many columns.
pub fn detect(open: Open<'_>, format: Format, wanted: Option<&Layout>) -> Result<Layout> {
    let layout = match format {
        Format::Delimited => delimited::detect(open, wanted)?,
        Format::Xlsx => sheet::detect(open, wanted)?,
        Format::Json | Format::Ndjson => json::detect(open, format)?,
        Format::Parquet => parquet::detect(open)?,
    };
    if layout.columns.is_empty() {
        let words = Text::new(
            "文件里没有找到数据。请确认它有表头和至少一行数据。",
            "No data were found. Make sure there is a header and at least one row.",
        );
        return Err(Error::invalid("no_columns", "", words));
    }
    if layout.columns.len() > COLUMNS_MAX {
        return Err(too_many_columns(layout.columns.len()));
    }
    Ok(layout)
}

/// Columns that the file itself says hold texts; none where files have no types.
///
/// # Errors
/// 422 when it is no such file after all.
pub fn declared_texts(open: Open<'_>, layout: &Layout) -> Result<Vec<bool>> {
    match layout.format {
        Format::Parquet => parquet::texts_declared(open),
        _ => Ok(Vec::new()),
    }
}

/// Streams the rows below the header.
///
/// # Errors
/// What `each` answers; 422 when the file breaks off or is no such file after all.
pub fn rows(open: Open<'_>, layout: &Layout, each: Each<'_>) -> Result<()> {
    match layout.format {
        Format::Delimited => delimited::rows(open, layout, each),
        Format::Xlsx => sheet::rows(open, layout, each),
        Format::Json | Format::Ndjson => json::rows(open, layout, each),
        Format::Parquet => parquet::rows(open, layout, each),
    }
}

/// A file with more columns than a dataset may have.
pub(crate) fn too_many_columns(n: usize) -> Error {
    let words = text!(
        "文件有 {n} 列，最多 {COLUMNS_MAX} 列。请删去不用的列，或把宽表改为长表。",
        "The file has {n} columns; at most {COLUMNS_MAX} are taken. Drop some, or make the wide table a long one."
    );
    Error::invalid("too_many_columns", "", words)
}

/// The faults of cells that no field may hold.
pub(crate) fn cell_fault(cells: &[String]) -> Option<Text> {
    for (i, cell) in cells.iter().enumerate() {
        let n = i + 1;
        if cell.contains('\0') {
            return Some(text!(
                "第 {n} 列含有空字符。",
                "Column {n} holds a NUL character."
            ));
        }
        if cell.contains('\u{fffd}') {
            return Some(text!(
                "第 {n} 列有无法识别的字符。",
                "Column {n} holds characters that cannot be read."
            ));
        }
    }
    None
}
