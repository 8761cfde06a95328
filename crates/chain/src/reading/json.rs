//! JSON and NDJSON, object by object in bounded memory. An object's keys are columns; what is
//! nested stays as JSON text, and a GeoJSON point gives longitude and latitude.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::bytes::{Utf8, encoding};
use super::{COLUMNS_MAX, Each, Encoding, Format, Layout, Open, ROW_BYTES_MAX, Row, cell_fault};

/// Members of an object under which its rows are looked for.
const MEMBERS: [&str; 7] = [
    "features", "data", "records", "rows", "items", "result", "results",
];
/// Columns a point becomes.
const POINT: [&str; 2] = ["longitude", "latitude"];

/// An object's members in their order, or why there is none.
type Object = std::result::Result<Vec<(String, Value)>, Text>;
type OnObject<'a> = &'a mut dyn FnMut(u64, Object) -> Result<()>;

/// One item of an array, or of a line.
struct Item(Option<Vec<(String, Value)>>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        d.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Item, A::Error> {
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some(member) = map.next_entry()? {
            // Far more than a table has columns: whoever asks refuses it by their number.
            if members.len() <= COLUMNS_MAX {
                members.push(member);
            }
        }
        Ok(Item(Some(members)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Item, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item(None))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }

    fn visit_unit<E>(self) -> std::result::Result<Item, E> {
        Ok(Item(None))
    }
}

impl Item {
    fn object(self) -> Object {
        let words = || Text::new("这一项不是对象。", "This item is no object.");
        self.0.map(flat).ok_or_else(words)
    }
}

pub(super) fn detect(open: Open<'_>, format: Format) -> Result<Layout> {
    let encoding = encoding(open)?;
    let mut columns: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    objects(open, format, encoding, &mut |_, object| {
        for (key, _) in object.unwrap_or_default() {
            if known.insert(key.clone()) {
                columns.push(key);
            }
        }
        if columns.len() > COLUMNS_MAX {
            return Err(super::too_many_columns(columns.len()));
        }
        Ok(())
    })?;
    Ok(Layout {
        format,
        encoding,
        delimiter: ",".to_owned(),
        sheet: None,
        header_row: 0,
        header_lines: 1,
        columns,
    })
}

pub(super) fn rows(open: Open<'_>, layout: &Layout, each: Each<'_>) -> Result<()> {
    let mut cells = vec![String::new(); layout.columns.len()];
    objects(open, layout.format, layout.encoding, &mut |line, object| {
        let fault = match object {
            Err(fault) => {
                cells.fill(String::new());
                Some(fault)
            }
            Ok(object) => {
                cells.fill(String::new());
                for (key, value) in object {
                    // Most objects have their members in the columns' order.
                    if let Some(at) = layout.columns.iter().position(|c| *c == key) {
                        cells[at] = shown(value);
                    }
                }
                cell_fault(&cells)
            }
        };
        each(Row {
            line,
            cells: &cells,
            fault,
        })
    })
}

fn shown(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A feature of GeoJSON as a flat object.
fn flat(object: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let is_feature = |(key, value): &(String, Value)| key == "type" && value == "Feature";
    if !object.iter().any(is_feature) {
        return object;
    }
    let (mut out, mut geometry) = (Vec::new(), Value::Null);
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => out.extend(properties),
            ("geometry", value) => geometry = value,
            _ => {}
        }
    }
    match geometry["coordinates"].as_array().map(Vec::as_slice) {
        Some([lon, lat, ..]) if geometry["type"] == "Point" => {
            for (name, value) in POINT.into_iter().zip([lon, lat]) {
                if !out.iter().any(|(key, _)| key == name) {
                    out.push((name.to_owned(), value.clone()));
                }
            }
        }
        _ if geometry.is_object() => out.push(("geometry".to_owned(), geometry)),
        _ => {}
    }
    out
}

fn objects(open: Open<'_>, format: Format, encoding: Encoding, each: OnObject<'_>) -> Result<()> {
    let reader = Utf8::new(open()?, encoding);
    if format == Format::Ndjson {
        return lines(reader, each);
    }
    let since = Rc::new(Cell::new(0));
    // Serde reads byte by byte; the meter sees what it takes, not what the buffer fetches.
    let metered = Metered {
        inner: BufReader::with_capacity(64 << 10, reader),
        since: since.clone(),
    };
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_reader(metered);
    let mut top = Top {
        each,
        since,
        count: 0,
        failure: &mut failure,
    };
    let done = deserializer.deserialize_any(&mut top);
    let count = top.count;
    if let Some(error) = failure {
        return Err(error);
    }
    let done = done.and_then(|()| deserializer.end());
    done.map_err(|error| malformed(&error, count))
}

fn malformed(error: &serde_json::Error, count: u64) -> Error {
    let (line, column) = (error.line(), error.column());
    let words = text!(
        "JSON 在第 {line} 行第 {column} 列（第 {count} 个对象之后）无法读取。应为对象的数组，每个对象一行数据。",
        "The JSON cannot be read at line {line}, column {column} (after object {count}). It is an array of objects, one a row."
    );
    Error::invalid("json_malformed", "", words)
}

/// Ends where one object takes more bytes than a row may have.
struct Metered<R> {
    inner: R,
    since: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.since.set(self.since.get() + n);
        if self.since.get() > ROW_BYTES_MAX {
            return Err(io::Error::other("an object is too large"));
        }
        Ok(n)
    }
}

struct Top<'a, 'f> {
    each: OnObject<'a>,
    since: Rc<Cell<usize>>,
    count: u64,
    failure: &'f mut Option<Error>,
}

impl<'de> Visitor<'de> for &mut Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while let Some(item) = seq.next_element::<Item>()? {
            self.count += 1;
            self.since.set(0);
            if let Err(error) = (self.each)(self.count, item.object()) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if MEMBERS.contains(&key.as_str()) {
                map.next_value_seed(Member(&mut *self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A member that may hold the rows: an array, or an object with the array within (CKAN, ArcGIS).
struct Member<'a, 'b, 'f>(&'a mut Top<'b, 'f>);

impl<'de> DeserializeSeed<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> std::result::Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<(), A::Error> {
        self.0.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<(), A::Error> {
        self.0.visit_map(map)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }
}

/// One object a line.
fn lines(mut reader: impl Read, each: OnObject<'_>) -> Result<()> {
    let (mut buffer, mut line, mut over, mut number) =
        (vec![0; 64 << 10], Vec::new(), false, 0_u64);
    loop {
        let n = reader.read(&mut buffer)?;
        let mut rest = &buffer[..n];
        loop {
            let end = rest.iter().position(|b| *b == b'\n');
            let part = &rest[..end.unwrap_or(rest.len())];
            if line.len() + part.len() > ROW_BYTES_MAX {
                over = true;
                line.clear();
            } else if !over {
                line.extend_from_slice(part);
            }
            match end {
                Some(end) => rest = &rest[end + 1..],
                None if n > 0 => break,
                None => {}
            }
            number += 1;
            if over {
                let limit = ROW_BYTES_MAX >> 20;
                let words = text!(
                    "这一行超过 {limit} MiB。",
                    "The line is longer than {limit} MiB."
                );
                each(number, Err(words))?;
            } else if !line.trim_ascii().is_empty() {
                let item = serde_json::from_slice::<Item>(&line);
                let words = |_| Text::new("这一行不是 JSON 对象。", "The line is no JSON object.");
                each(number, item.map_err(words).and_then(Item::object))?;
            }
            line.clear();
            over = false;
            if n == 0 {
                return Ok(());
            }
        }
    }
}
