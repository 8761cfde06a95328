//! The package a document comes in: what it may be, and reading and writing its parts.

use std::io::{Cursor, Read as _, Write as _};

use http::StatusCode;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::super::guard;
use super::xml::{self, Element};
use crate::error::{Error, Result};
use crate::text::Text;

/// Most bytes of a template.
pub const TEMPLATE_BYTES_MAX: usize = 4 << 20;
/// Most bytes of one XML part that is read into a tree.
const PART_BYTES_MAX: usize = 16 << 20;

/// The parts of a package, in its order.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) parts: Vec<(String, Vec<u8>)>,
}

/// A file that is no document.
pub(super) fn malformed(cause: impl std::fmt::Display) -> Error {
    tracing::debug!(%cause, "document refused");
    refused(
        "document_malformed",
        Text::new(
            "不是有效的 .docx 文档，请用 Word 或 WPS 另存为 .docx 后重试。",
            "It is no valid .docx document; save it as .docx and try again.",
        ),
    )
}

fn refused(code: &'static str, words: Text) -> Error {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, code, words)
}

/// The guard speaks of workbooks.
fn of_documents(error: Error) -> Error {
    match error.code() {
        "workbook_encrypted" => refused(
            "document_encrypted",
            Text::new(
                "文档设有打开密码，请取消密码后重试。",
                "The document is protected by a password; remove it and try again.",
            ),
        ),
        "workbook_macros" => macros(),
        "workbook_old_format" => refused(
            "document_old_format",
            Text::new(
                "这是旧版 .doc 文档，请另存为 .docx 后重试。",
                "This is a document of the old .doc format; save it as .docx and try again.",
            ),
        ),
        "table_too_large" => refused(
            "document_too_large",
            Text::new(
                "文档展开后超过大小上限，请精简图片和内容后重试。",
                "The document is too large once unpacked; take out pictures and try again.",
            ),
        ),
        "workbook_malformed" => malformed("guard"),
        _ => error,
    }
}

fn macros() -> Error {
    refused(
        "document_macros",
        Text::new(
            "文档含有宏，请另存为不含宏的 .docx 后重试。",
            "The document holds macros; save it as .docx without macros and try again.",
        ),
    )
}

fn external(what: &str) -> Error {
    refused(
        "document_external",
        crate::text!(
            "文档引用了外部内容（{what}），打开时会去别处取数，请断开链接或改为嵌入后重试。",
            "The document refers to something outside ({what}); break the link or embed it and \
             try again."
        ),
    )
}

fn active(what: &str) -> Error {
    refused(
        "document_embedded",
        crate::text!(
            "文档嵌有对象或控件（{what}），请删除后重试。",
            "The document embeds an object or control ({what}); remove it and try again."
        ),
    )
}

impl Package {
    /// Unpacks what passes the guard, and refuses what would run or fetch when opened.
    pub(super) fn open(bytes: &[u8]) -> Result<Self> {
        guard::check(bytes).map_err(of_documents)?;
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
        let mut parts = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(malformed)?;
            if entry.is_dir() {
                continue;
            }
            let name = entry.name().map_err(malformed)?.into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(malformed)?;
            parts.push((name, content));
        }
        let package = Self { parts };
        package.refuse_what_acts()?;
        Ok(package)
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.parts.iter().find(|(n, _)| n == name);
        found.map(|(_, bytes)| bytes.as_slice())
    }

    /// One XML part as a tree.
    pub(super) fn tree(&self, name: &str) -> Result<Element> {
        let bytes = self.get(name).ok_or_else(|| malformed(name))?;
        if bytes.len() > PART_BYTES_MAX {
            return Err(malformed("a part is too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(malformed)?;
        xml::parse(text.trim_start_matches('\u{feff}')).map_err(malformed)
    }

    pub(super) fn set(&mut self, name: &str, bytes: Vec<u8>) {
        match self.parts.iter_mut().find(|(n, _)| n == name) {
            Some((_, content)) => *content = bytes,
            None => self.parts.push((name.to_owned(), bytes)),
        }
    }

    /// The bytes: the same parts give the same file, whenever it is made.
    pub(super) fn write(&self) -> Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        for (name, bytes) in &self.parts {
            zip.start_file(name, options).map_err(Error::internal)?;
            zip.write_all(bytes)?;
        }
        Ok(zip.finish().map_err(Error::internal)?.into_inner())
    }

    fn refuse_what_acts(&self) -> Result<()> {
        let types = self
            .get("[Content_Types].xml")
            .ok_or_else(|| malformed("no types"))?;
        let types = String::from_utf8_lossy(types).to_ascii_lowercase();
        if types.contains("macroenabled") || types.contains("vbaproject") {
            return Err(macros());
        }
        for (name, _) in &self.parts {
            let name = name.to_ascii_lowercase();
            let acts = ["activex", "oleobject", "/controls/"]
                .iter()
                .any(|w| name.contains(w));
            if acts || (name.contains("/embeddings/") && !name.ends_with(".xlsx")) {
                return Err(active(name.rsplit('/').next().unwrap_or_default()));
            }
        }
        for (name, _) in self.parts.iter().filter(|(n, _)| n.ends_with(".rels")) {
            refuse_relations(&self.tree(name)?)?;
        }
        for (name, _) in self.parts.iter().filter(|(n, _)| is_story(n)) {
            refuse_fields(&self.tree(name)?)?;
        }
        Ok(())
    }
}

/// A part that carries text: the body, headers, footers, notes.
pub(super) fn is_story(name: &str) -> bool {
    let Some(file) = name.strip_prefix("word/") else {
        return false;
    };
    let kinds = [
        "document",
        "header",
        "footer",
        "footnotes",
        "endnotes",
        "comments",
    ];
    file.ends_with(".xml") && !file.contains('/') && kinds.iter().any(|k| file.starts_with(k))
}

/// Relations outside the package are fetched when a document is opened; only a link a reader has
/// to follow is not.
fn refuse_relations(root: &Element) -> Result<()> {
    for relation in root.elements() {
        let kind = relation.get("Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let target = relation.get("Target").unwrap_or_default();
        let mode = relation.get("TargetMode").unwrap_or_default();
        if mode.eq_ignore_ascii_case("external") {
            let followed = ["http://", "https://", "mailto:"]
                .iter()
                .any(|s| target.starts_with(s));
            if kind != "hyperlink" || !followed {
                return Err(external(kind));
            }
        }
        if [
            "oleObject",
            "control",
            "vbaProject",
            "aFChunk",
            "attachedTemplate",
        ]
        .contains(&kind)
        {
            return Err(active(kind));
        }
    }
    Ok(())
}

/// Fields that fetch or run something when they are updated.
const FETCH: [&str; 9] = [
    "DDE",
    "DDEAUTO",
    "INCLUDETEXT",
    "INCLUDEPICTURE",
    "INCLUDE",
    "IMPORT",
    "LINK",
    "DATABASE",
    "RD",
];

fn refuse_fields(root: &Element) -> Result<()> {
    let mut instructions = vec![String::new()];
    instructions_in(root, &mut instructions);
    for words in &instructions {
        let first = words.split_whitespace().next().unwrap_or_default();
        if let Some(found) = FETCH.iter().find(|f| f.eq_ignore_ascii_case(first)) {
            return Err(external(found));
        }
    }
    let mut objects = 0;
    root.each("w:object", &mut |_| objects += 1);
    root.each("w:altChunk", &mut |_| objects += 1);
    if objects > 0 {
        return Err(active("object"));
    }
    Ok(())
}

/// The instructions of all fields: one may be cut into any number of runs.
fn instructions_in(element: &Element, found: &mut Vec<String>) {
    match element.name.as_str() {
        "w:fldChar" => found.push(String::new()),
        "w:instrText" => {
            if let Some(last) = found.last_mut() {
                last.push_str(&text_of(element));
            }
        }
        "w:fldSimple" => found.push(element.get("w:instr").unwrap_or_default().to_owned()),
        _ => {}
    }
    for below in element.elements() {
        instructions_in(below, found);
    }
}

fn text_of(element: &Element) -> String {
    let texts = element.children.iter().filter_map(|n| match n {
        xml::Node::Text(text) => Some(text.as_str()),
        xml::Node::Element(_) => None,
    });
    texts.collect()
}
