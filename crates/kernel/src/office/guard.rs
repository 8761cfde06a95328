//! What a workbook may be before anything parses it.

use std::io::{self, Cursor, Read};

use http::StatusCode;
use zip::ZipArchive;

use super::parts::Parts;

use crate::error::{Error, Result};
use crate::text::Text;

/// Most entries of the archive.
const ENTRIES_MAX: usize = 1_000;
/// Most bytes all entries may expand to.
const EXPANDED_BYTES_MAX: u64 = 128 << 20;
/// Most bytes one entry may expand to.
const ENTRY_BYTES_MAX: u64 = 64 << 20;
/// Most bytes one entry may expand to for each byte it takes, once it is larger than a mebibyte.
const RATIO_MAX: u64 = 200;
/// How an OLE compound file begins: a workbook with a password, or one of the years before 2007.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A file that exceeds a limit.
pub(super) fn too_large() -> Error {
    let words = Text::new(
        "表格超过行数、列数、单元格数或展开后大小的上限，请拆分后重试。",
        "The table exceeds a limit on rows, columns, cells or expanded size; split it.",
    );
    Error::invalid("table_too_large", "", words)
}

/// A file that is no workbook.
pub(super) fn malformed(cause: impl std::fmt::Display) -> Error {
    tracing::debug!(%cause, "workbook refused");
    let words = Text::new(
        "不是有效的 .xlsx 工作簿，请用 Excel 或 WPS 另存为 .xlsx 后重试。",
        "It is no valid .xlsx workbook; save it as .xlsx and try again.",
    );
    Error::invalid("workbook_malformed", "", words)
}

fn refused(code: &'static str, zh: &'static str, en: &'static str) -> Error {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, code, Text::new(zh, en))
}

fn encrypted() -> Error {
    refused(
        "workbook_encrypted",
        "工作簿设有打开密码，请取消密码后重试。",
        "The workbook is protected by a password; remove it and try again.",
    )
}

fn has_macros() -> Error {
    refused(
        "workbook_macros",
        "工作簿含有宏，请另存为不含宏的 .xlsx 后重试。",
        "The workbook holds macros; save it as .xlsx without macros and try again.",
    )
}

fn refuse_ole(bytes: &[u8]) -> Result<()> {
    if !bytes.starts_with(OLE) {
        return Ok(());
    }
    // Names in a compound file's directory are UTF-16LE.
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    if bytes.windows(name.len()).any(|w| w == name) {
        return Err(encrypted());
    }
    Err(refused(
        "workbook_old_format",
        "这是旧版 .xls 工作簿，请另存为 .xlsx 后重试。",
        "This is a workbook of the old .xls format; save it as .xlsx and try again.",
    ))
}

/// Refuses archives with too many entries, too much in them, entries that share bytes or names,
/// macros, a password, or parts that [`Parts`] refuses. What the directory declares is looked at
/// first; while expanding, sizes are counted, since it may lie. Answers what the parts hold.
pub(super) fn check(bytes: &[u8]) -> Result<Parts> {
    refuse_ole(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
    if archive.len() > ENTRIES_MAX {
        return Err(too_large());
    }
    // One stretch of bytes under many names multiplies what a file may expand to.
    if archive.has_duplicate_names() || archive.has_overlapping_entries().map_err(malformed)? {
        return Err(malformed("entries share names or bytes"));
    }
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(malformed)?;
        if entry.encrypted() {
            return Err(encrypted());
        }
        let name = entry.name().map_err(malformed)?.to_ascii_lowercase();
        if name.ends_with("vbaproject.bin") || name.contains("/macrosheets/") {
            return Err(has_macros());
        }
        declared = declared.saturating_add(entry.size());
        if declared > EXPANDED_BYTES_MAX || entry.size() > ENTRY_BYTES_MAX {
            return Err(too_large());
        }
    }
    let (mut parts, mut total) = (Parts::default(), 0);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(malformed)?;
        let name = entry.name().map_err(malformed)?.to_ascii_lowercase();
        let mut metered = Metered {
            packed: entry.compressed_size().max(1),
            entry,
            size: 0,
            total: &mut total,
            over: false,
        };
        let read = parts.look_at(&name, &mut metered);
        // Also what the tokenizer did not want to see counts.
        let drained = io::copy(&mut metered, &mut io::sink());
        if metered.over {
            return Err(too_large());
        }
        read?;
        drained.map_err(malformed)?;
    }
    Ok(parts)
}

/// An entry that ends in an error where a limit is passed.
struct Metered<'t, R> {
    entry: R,
    packed: u64,
    size: u64,
    /// Of all entries.
    total: &'t mut u64,
    over: bool,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.entry.read(buffer)?;
        self.size += n as u64;
        *self.total += n as u64;
        let dense = self.size > 1 << 20 && self.size / self.packed > RATIO_MAX;
        self.over |= *self.total > EXPANDED_BYTES_MAX || self.size > ENTRY_BYTES_MAX || dense;
        if self.over {
            return Err(io::Error::other("over a limit"));
        }
        Ok(n)
    }
}
