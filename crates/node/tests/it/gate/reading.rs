//! Answers of every kind as text: what is compressed or packed is unpacked, so that a value that
//! left is found whatever it left in.

use std::io::Read as _;

use serde_json::Value;
use tianyuan_kernel::testkit::Answer;
use tianyuan_lake::arrow::array::RecordBatch;
use tianyuan_lake::arrow::ipc::reader::StreamReader;
use tianyuan_lake::arrow::util::display::{ArrayFormatter, FormatOptions};

/// Everything an answer tells, headers included.
pub(super) fn words(answer: &Answer) -> String {
    let mut text = String::new();
    for (name, value) in &answer.headers {
        text.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    text.push_str(&answer.text());
    let media = answer.header("content-type").unwrap_or_default();
    let bytes = answer.bytes.as_slice();
    if bytes.starts_with(b"PK") {
        text.push_str(&unzipped(bytes));
    } else if bytes.starts_with(b"PAR1") {
        text.push_str(&table(&parquet_rows(bytes)));
    } else if media.contains("arrow.stream") {
        let reader = StreamReader::try_new(bytes, None).unwrap();
        text.push_str(&table(&reader.map(Result::unwrap).collect::<Vec<_>>()));
    } else if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
        // Escapes are read.
        told(&json, &mut text);
    }
    text
}

fn told(json: &Value, out: &mut String) {
    match json {
        Value::Array(items) => items.iter().for_each(|v| told(v, out)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            out.push_str(key);
            out.push(' ');
            told(value, out);
        }),
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        other => out.push_str(&format!("{other}\n")),
    }
}

fn unzipped(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for place in 0..archive.len() {
        let mut part = archive.by_index(place).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

pub(super) fn parquet_rows(bytes: &[u8]) -> Vec<RecordBatch> {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let reader = reader.build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// Rows as text, a line a row.
pub(super) fn table(batches: &[RecordBatch]) -> String {
    let options = FormatOptions::default().with_null("");
    let mut text = String::new();
    for batch in batches {
        text.push_str(&format!("{:?}\n", batch.schema().metadata()));
        for field in batch.schema().fields() {
            text.push_str(&format!("{} ", field.name()));
        }
        text.push('\n');
        for row in 0..batch.num_rows() {
            for column in batch.columns() {
                let cells = ArrayFormatter::try_new(column, &options).unwrap();
                text.push_str(&format!("{}|", cells.value(row)));
            }
            text.push('\n');
        }
    }
    text
}
