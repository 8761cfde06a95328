//! CSV, in UTF-8 or GB 18030 (GBK) with or without mark, or UTF-16 with mark.

use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::{CELL_CHARS_MAX, CELLS_MAX, COLUMNS_MAX, Cell, ROWS_MAX, Sheet};
use crate::error::{Error, Result};
use crate::text::Text;

/// Lines that tell the separator.
const SNIFFED_LINES: usize = 10;
/// Bytes of them that are looked at.
const SNIFFED_BYTES: usize = 64 << 10;

/// Reads CSV separated by commas, semicolons or tabs (whichever the first lines have most of,
/// quoted ones aside: titles without any may stand above the header).
///
/// # Errors
/// 422 when it is no text in those encodings, is malformed, or exceeds a limit.
pub fn read_csv(bytes: &[u8]) -> Result<Sheet> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes());
    let (mut rows, mut cells) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            malformed(crate::text!(
                "CSV 第 {line} 行无法读取。",
                "Line {line} of the CSV cannot be read."
            ))
        })?;
        // The reader skips blank lines; rows keep the numbers people see.
        let start = record.position().map_or(0, csv::Position::byte);
        for _ in 0..blank_lines(&text, usize::try_from(start).unwrap_or(0)) {
            rows.push(Vec::new());
        }
        cells += record.len();
        // A character is at least a byte.
        let long = |f: &str| f.len() > CELL_CHARS_MAX && f.chars().count() > CELL_CHARS_MAX;
        let over = rows.len() >= ROWS_MAX || record.len() > COLUMNS_MAX || cells > CELLS_MAX;
        if over || record.iter().any(long) {
            return Err(super::guard::too_large());
        }
        rows.push(
            record
                .iter()
                .map(|f| {
                    if f.is_empty() {
                        Cell::Blank
                    } else {
                        Cell::Text(f.to_owned())
                    }
                })
                .collect(),
        );
    }
    Ok(Sheet {
        name: "CSV".to_owned(),
        rows,
    })
}

fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    let head = text.lines().take(SNIFFED_LINES).flat_map(str::bytes);
    for byte in head.take(SNIFFED_BYTES) {
        quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && byte == *separator);
        }
    }
    // Of equals the last counts: a comma before a semicolon before a tab.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| separator)
}

/// Blank lines that begin at a byte where a record was looked for.
fn blank_lines(text: &str, start: usize) -> usize {
    let before = text.as_bytes().get(..start).unwrap_or_default();
    let mut rest = text.as_bytes().get(start..).unwrap_or_default();
    if before.ends_with(b"\r") {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut lines = 0;
    while lines < ROWS_MAX {
        let next = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"));
        let Some(next) = next.or_else(|| rest.strip_prefix(b"\r")) else {
            break;
        };
        rest = next;
        lines += 1;
    }
    lines
}

fn malformed(words: Text) -> Error {
    Error::invalid("csv_malformed", "", words)
}

fn decode(bytes: &[u8]) -> Result<String> {
    let (encoding, skip) = match bytes {
        [0xef, 0xbb, 0xbf, ..] => (UTF_8, 3),
        [0xff, 0xfe, ..] => (UTF_16LE, 2),
        [0xfe, 0xff, ..] => (UTF_16BE, 2),
        _ if std::str::from_utf8(bytes).is_ok() => (UTF_8, 0),
        _ => (GB18030, 0),
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[skip..]);
    text.filter(|text| !text.contains('\0'))
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| {
            malformed(Text::new(
                "不是 UTF-8、UTF-16 或 GBK 编码的文本。",
                "It is no text in UTF-8, UTF-16 or GBK.",
            ))
        })
}

/// CSV that Excel opens as it is meant: with a mark, CRLF, and what would begin a formula escaped
/// by `'`. Plain numbers stay numbers.
#[must_use]
pub fn csv_for_excel(rows: &[Vec<String>]) -> Vec<u8> {
    let escaped = |field: &String| {
        if begins_formula(field) {
            format!("'{field}")
        } else {
            field.clone()
        }
    };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(escaped).collect())
        .collect();
    write(vec![0xef, 0xbb, 0xbf], &rows)
}

/// CSV for programs (RFC 4180): UTF-8 without a mark, every field exactly as it is.
#[must_use]
pub fn csv_exact(rows: &[Vec<String>]) -> Vec<u8> {
    write(Vec::new(), rows)
}

/// Excel takes these starts for a formula, some versions also in their full-width forms or after
/// blanks; tab and line ends let a field begin a cell of its own.
fn begins_formula(field: &str) -> bool {
    let begun = field.trim_start_matches(' ');
    let formula = begun.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    formula && !is_number(field)
}

/// `-3`, `+0.5`, `-1.5e-7`.
fn is_number(field: &str) -> bool {
    let plain = field.bytes().all(|b| b"0123456789.eE+-".contains(&b));
    plain && field.parse::<f64>().is_ok()
}

fn write(begin: Vec<u8>, rows: &[Vec<String>]) -> Vec<u8> {
    // Some readers, and Excel in some countries, separate at these; not within quotes.
    let split = rows.iter().flatten().any(|f| f.contains(['\t', ';']));
    let quotes = if split {
        csv::QuoteStyle::Always
    } else {
        csv::QuoteStyle::Necessary
    };
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .quote_style(quotes)
        .terminator(csv::Terminator::CRLF)
        .from_writer(begin);
    for row in rows {
        // Writing to memory does not fail.
        let _written = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}
