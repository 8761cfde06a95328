//! What the XML parts of a workbook may hold before the parser keeps any of it.
//!
//! Invariant: every part is tokenized by the crate the parser uses, as it uses it, so what is
//! counted here is what the parser will meet.

use std::io::{BufRead as _, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::CELLS_MAX;
use super::guard::{malformed, too_large};
use crate::error::Result;

/// Elements the parser keeps in memory, and how many a workbook may have of each. Excel itself
/// allows 65,490 cell formats.
const KEPT_MAX: [(&str, usize); 9] = [
    ("si", CELLS_MAX),
    ("mergeCell", CELLS_MAX),
    ("Relationship", 200_000),
    ("definedName", 200_000),
    ("sheet", 1_000),
    ("font", 100_000),
    ("fill", 100_000),
    ("border", 100_000),
    ("numFmt", 100_000),
];
/// Bytes the parser may spend on cell formats: it copies font, fill and number format into each.
const FORMATS_BYTES_MAX: usize = 256 << 20;
/// What a cell format takes apart from what is copied into it.
const FORMAT_BYTES: usize = 512;
/// What a stop of a gradient takes.
const STOP_BYTES: usize = 48;

/// What the parts hold, counted.
#[derive(Default)]
pub(super) struct Parts {
    kept: [usize; KEPT_MAX.len()],
    formats: usize,
    stops: usize,
    /// Bytes of the longest tags that name a font or write a number format.
    longest_name: usize,
    longest_number_format: usize,
    /// Formulas in all sheets.
    pub(super) formulas: usize,
}

impl Parts {
    /// Reads a part to its end or to where no parser would read on.
    pub(super) fn look_at(&mut self, name: &str, part: impl Read) -> Result<()> {
        // Pictures drawn in SVG may declare their type; nothing here reads them.
        if name.starts_with("xl/media/") && name.ends_with(".svg") {
            return Ok(());
        }
        let mut part = BufReader::with_capacity(64 << 10, part);
        let head = part.fill_buf().map_err(malformed)?;
        // A part is what the package says it is, not what its name ends with.
        let xml = may_be_xml(name, head);
        if xml && is_wide(head) {
            return Err(malformed("an XML part is not UTF-8"));
        }
        let mut reader = Reader::from_reader(part);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.check_comments = false;
        let (mut buffer, mut rooted) = (Vec::new(), false);
        loop {
            match reader.read_event_into(&mut buffer) {
                Ok(Event::DocType(_)) => return Err(malformed("document type declaration")),
                Ok(Event::Decl(declaration)) => match declaration.encoding() {
                    None => {}
                    Some(Ok(name)) if is_utf8(&name) => {}
                    Some(_) => return Err(malformed("an XML part is not UTF-8")),
                },
                Ok(Event::Start(tag) | Event::Empty(tag)) => {
                    rooted = true;
                    self.count(&tag)?;
                }
                Ok(Event::Eof) => return Ok(()),
                Err(error) if xml && !rooted => return Err(malformed(error)),
                // The parser stops here as well, if it reads this part at all.
                Err(_) => return Ok(()),
                Ok(_) => {}
            }
            buffer.clear();
        }
    }

    fn count(&mut self, tag: &BytesStart<'_>) -> Result<()> {
        let local = tag.local_name();
        let name: &str = local.as_ref();
        if let Some(i) = KEPT_MAX.iter().position(|(kept, _)| *kept == name) {
            self.kept[i] += 1;
            if self.kept[i] > KEPT_MAX[i].1 {
                return Err(too_large());
            }
        }
        match name {
            "f" => self.formulas += 1,
            "xf" => self.formats += 1,
            "stop" => self.stops += 1,
            "name" => self.longest_name = self.longest_name.max(tag.len()),
            "numFmt" => self.longest_number_format = self.longest_number_format.max(tag.len()),
            // The parser makes room for as many texts as this tag says there are.
            "sst" if says_more_than(tag, CELLS_MAX) => return Err(too_large()),
            _ => return Ok(()),
        }
        let copied = self.longest_name + self.longest_number_format + self.stops * STOP_BYTES;
        if self.formats.saturating_mul(FORMAT_BYTES + copied) > FORMATS_BYTES_MAX {
            return Err(too_large());
        }
        Ok(())
    }
}

/// True when a `uniqueCount` is larger than `max`, however its attribute is written.
fn says_more_than(tag: &str, max: usize) -> bool {
    tag.split("uniqueCount").skip(1).any(|rest| {
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let digits = &digits[..end.unwrap_or(digits.len())];
        // More digits than a number holds are more than any maximum.
        !digits.is_empty() && digits.parse::<usize>().map_or(true, |n| n > max)
    })
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

/// True for UTF-16 and UTF-32, in which a declaration could hide from this check.
fn is_wide(head: &[u8]) -> bool {
    head.contains(&0) || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n))
}
