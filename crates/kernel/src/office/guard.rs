//! What a workbook may be before anything parses it.

use std::io::{Cursor, Read as _};

use http::StatusCode;
use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

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
/// What stands before an XML part's root element is at most this long.
const PROLOG_BYTES_MAX: usize = 16 << 10;
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

/// Refuses archives with too many entries, too much in them, macros, a password, or document
/// type declarations. Sizes are counted while expanding: what the directory says may lie.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    refuse_ole(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
    if archive.len() > ENTRIES_MAX {
        return Err(too_large());
    }
    let mut total = 0_u64;
    let mut buffer = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let raw = archive.by_index_raw(index).map_err(malformed)?;
        if raw.encrypted() {
            return Err(encrypted());
        }
        drop(raw);
        let mut entry = archive.by_index(index).map_err(malformed)?;
        let name = entry.name().map_err(malformed)?.to_ascii_lowercase();
        if name.ends_with("vbaproject.bin") || name.contains("/macrosheets/") {
            return Err(has_macros());
        }
        let packed = entry.compressed_size().max(1);
        let (mut size, mut head) = (0_u64, Vec::new());
        loop {
            let n = entry.read(&mut buffer).map_err(malformed)?;
            if n == 0 {
                break;
            }
            size += n as u64;
            total += n as u64;
            if head.len() < PROLOG_BYTES_MAX {
                head.extend_from_slice(&buffer[..n.min(PROLOG_BYTES_MAX - head.len())]);
            }
            let dense = size > 1 << 20 && size / packed > RATIO_MAX;
            if total > EXPANDED_BYTES_MAX || size > ENTRY_BYTES_MAX || dense {
                return Err(too_large());
            }
        }
        // A part is what the package says it is, not what its name ends with. Pictures drawn in
        // SVG may declare their type; nothing here reads them.
        let picture = name.starts_with("xl/media/") && name.ends_with(".svg");
        if !picture && may_be_xml(&name, &head) {
            check_prolog(&head).map_err(malformed)?;
        }
    }
    Ok(())
}

fn may_be_xml(name: &str, head: &[u8]) -> bool {
    let named = [".xml", ".rels", ".vml"].iter().any(|e| name.ends_with(e));
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    // Also in UTF-16, with or without a mark.
    let wide: [&[u8]; 4] = [b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"];
    named || text.starts_with(b"<") || wide.iter().any(|w| head.starts_with(w))
}

/// Refuses a document type declaration, and encodings in which one could hide from this check.
fn check_prolog(head: &[u8]) -> Result<(), &'static str> {
    if head.contains(&0) || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err("an XML part is not UTF-8");
    }
    let mut reader = Reader::from_reader(head);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::DocType(_)) => return Err("document type declaration"),
            Ok(Event::Decl(declaration)) => match declaration.encoding() {
                None => {}
                Some(Ok(name)) if is_utf8(&name) => {}
                Some(_) => return Err("an XML part is not UTF-8"),
            },
            Ok(Event::Start(_) | Event::Empty(_)) => return Ok(()),
            Ok(Event::Eof) if head.len() < PROLOG_BYTES_MAX => return Ok(()),
            // Also a root element whose start tag is longer than what is looked at.
            Ok(Event::Eof) | Err(_) => return Err("no root element near the start"),
            Ok(_) => {}
        }
        buffer.clear();
    }
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n))
}
