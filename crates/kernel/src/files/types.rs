//! Which files are taken: a list of types whose first bytes must agree with what is declared.

use http::{HeaderMap, StatusCode, header};

use crate::error::{Error, Result};
use crate::text::Text;

/// How much of a file is looked at.
pub(super) const HEAD_BYTES: usize = 4096;
/// Characters of a file name.
const NAME_CHARS_MAX: usize = 200;

struct Type {
    media: &'static str,
    extensions: &'static [&'static str],
    /// What browsers declare instead, by what is installed on the machine.
    aliases: &'static [&'static str],
    agrees: fn(&[u8]) -> bool,
}

const fn kind(
    media: &'static str,
    extensions: &'static [&'static str],
    aliases: &'static [&'static str],
    agrees: fn(&[u8]) -> bool,
) -> Type {
    Type {
        media,
        extensions,
        aliases,
        agrees,
    }
}

const TYPES: [Type; 12] = [
    kind(
        "application/pdf",
        &["pdf"],
        &["application/x-pdf"],
        |head| head.starts_with(b"%PDF-"),
    ),
    kind("application/ofd", &["ofd"], &["application/x-ofd"], is_zip),
    kind("image/png", &["png"], &[], |head| {
        head.starts_with(b"\x89PNG\r\n\x1a\n")
    }),
    kind("image/jpeg", &["jpg", "jpeg"], &["image/pjpeg"], |head| {
        head.starts_with(b"\xff\xd8\xff")
    }),
    kind("image/webp", &["webp"], &[], |head| {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
    }),
    kind(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
        &[],
        is_zip,
    ),
    kind(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
        &[],
        is_zip,
    ),
    kind(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
        &[],
        is_zip,
    ),
    kind(
        "application/zip",
        &["zip"],
        &["application/x-zip-compressed", "application/x-zip"],
        is_zip,
    ),
    kind(
        "text/csv",
        &["csv"],
        &["application/vnd.ms-excel", "application/csv", "text/plain"],
        is_text,
    ),
    kind("text/plain", &["txt", "md"], &["text/markdown"], is_text),
    kind("application/json", &["json"], &["text/json"], |head| {
        let first = head.iter().find(|b| !b.is_ascii_whitespace());
        is_text(head) && first.is_some_and(|b| b"{[\"-0123456789tfn\xef".contains(b))
    }),
];

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Text holds no NUL, but for the UTF-16 that Excel calls Unicode text.
fn is_text(head: &[u8]) -> bool {
    let wide = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    !head.is_empty() && (wide || !head.contains(&0))
}

/// The file's name from `?name=…`: no path, no control characters.
pub(super) fn name(query: &str) -> Result<String> {
    let name = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "name")
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default();
    let plain = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | '\\') || turns_text(c));
    if plain {
        return Ok(name);
    }
    let words = Text::new(
        "请用查询参数 name 给出文件名：不超过 200 字，不含路径和控制字符。",
        "Give the file's name as the query parameter name: at most 200 characters, no path, no \
         control characters.",
    );
    Err(Error::invalid("file_name", "name", words))
}

/// Characters that turn the direction of text: `fdp.exe` can be made to look like `exe.pdf`.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The permitted type that header and extension agree on.
pub(super) fn permitted(headers: &HeaderMap, name: &str) -> Result<&'static str> {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let declared = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default();
    TYPES
        .iter()
        .find(|t| {
            t.extensions.contains(&extension.as_str())
                && (t.media == declared
                    || t.aliases.contains(&declared.as_str())
                    || matches!(declared.as_str(), "" | "application/octet-stream"))
        })
        .map(|t| t.media)
        .ok_or_else(|| {
            let words = Text::new(
                "不接受此类型的文件，或扩展名与 Content-Type 不一致。",
                "This type of file is not taken, or its extension and Content-Type differ.",
            );
            Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "file_type", words).hint(Text::new(
                "可上传 pdf、ofd、png、jpg、webp、xlsx、docx、pptx、zip、csv、txt、md、json。",
                "Take pdf, ofd, png, jpg, webp, xlsx, docx, pptx, zip, csv, txt, md or json.",
            ))
        })
}

/// Checks that the first bytes are what the type says.
pub(super) fn agrees(media: &str, head: &[u8]) -> Result<()> {
    if TYPES.iter().any(|t| t.media == media && (t.agrees)(head)) {
        return Ok(());
    }
    let words = Text::new(
        "文件内容与其类型不符，或文件为空。",
        "The file is empty, or its content is not of its type.",
    );
    Err(Error::invalid("file_content", "body", words))
}

/// `Content-Disposition: attachment` with the name as RFC 8187 has it, and a plain fallback.
pub(super) fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn names_have_no_paths_and_survive_the_header() {
        assert_eq!(name("name=%E8%AF%81%E6%98%8E.pdf").unwrap(), "证明.pdf");
        for bad in [
            "",
            "name=",
            "name=..%2Fx.pdf",
            "name=a%00.pdf",
            "name=.hidden",
            "name=a%E2%80%AEfdp.exe",
        ] {
            assert_eq!(name(bad).unwrap_err().code(), "file_name", "{bad}");
        }
        assert_eq!(
            disposition("证明 1.pdf"),
            "attachment; filename=\"___1.pdf\"; filename*=UTF-8''%E8%AF%81%E6%98%8E%201.pdf"
        );
    }

    #[test]
    fn content_must_be_what_the_type_says() {
        agrees("application/pdf", b"%PDF-1.7").unwrap();
        agrees("text/csv", "指标，数值".as_bytes()).unwrap();
        assert!(agrees("application/pdf", b"<html>").is_err());
        assert!(agrees("text/csv", b"a\0b").is_err());
        assert!(agrees("text/csv", b"").is_err());
        agrees("text/csv", b"\xff\xfea\0").unwrap();
        agrees("image/webp", b"RIFF\x24\0\0\0WEBPVP8 ").unwrap();
        assert!(agrees("image/webp", b"RIFF\x24\0\0\0WAVEfmt ").is_err());
        agrees("application/json", b" {}").unwrap();
        assert!(agrees("application/json", b"<html>").is_err());
        assert!(agrees("application/x-sh", b"#!/bin/sh").is_err());
    }

    #[test]
    fn what_browsers_declare_is_understood() {
        let declared = |media: &str, name: &str| {
            let mut headers = HeaderMap::new();
            if !media.is_empty() {
                headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
            }
            permitted(&headers, name).ok()
        };
        assert_eq!(
            declared("application/vnd.ms-excel", "a.csv"),
            Some("text/csv")
        );
        assert_eq!(declared("text/csv; charset=gbk", "a.CSV"), Some("text/csv"));
        assert_eq!(declared("", "a.ofd"), Some("application/ofd"));
        assert_eq!(
            declared("application/octet-stream", "a.zip"),
            Some("application/zip")
        );
        assert_eq!(declared("text/html", "a.pdf"), None);
        assert_eq!(declared("", "a.xlsm"), None);
        assert_eq!(declared("", "pdf"), None);
    }
}
