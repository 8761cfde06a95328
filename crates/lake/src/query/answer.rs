//! Answers on the wire: JSON, CSV, Arrow.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::ArrayFormatter;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::value::RawValue;
use tianyuan_kernel::prelude::*;

use super::Running;
use crate::failure::of_store;

/// Media type of an Arrow stream.
pub const ARROW: &str = "application/vnd.apache.arrow.stream";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns and rows as objects.
    Json,
    /// RFC 4180 with a header line.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// From an `Accept` header; JSON when nothing is asked for.
    #[must_use]
    pub fn from_accept(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept else {
            return Some(Self::Json);
        };
        accept.split(',').find_map(
            |part| match part.split(';').next().unwrap_or_default().trim() {
                "application/json" | "application/*" | "*/*" | "" => Some(Self::Json),
                "text/csv" | "text/*" => Some(Self::Csv),
                ARROW => Some(Self::Arrow),
                _ => None,
            },
        )
    }
}

/// A column of an answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// Its type: `text`, `integer`, `number`, `boolean`, `date`, `timestamp`, `decimal(p,s)`, ….
    #[serde(rename = "type")]
    pub data_type: String,
}

/// A type in words that stay the same whatever the engine calls it.
#[must_use]
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        t if t.is_integer() => "integer".to_owned(),
        t if t.is_floating() => "number".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => format!("decimal({p},{s})"),
        DataType::List(item) | DataType::LargeList(item) => {
            format!("list({})", type_name(item.data_type()))
        }
        DataType::Null => "null".to_owned(),
        DataType::Struct(_) => "object".to_owned(),
        other => other.to_string().to_ascii_lowercase(),
    }
}

/// The columns of a schema.
#[must_use]
pub fn column_views(schema: &Schema) -> Vec<ColumnView> {
    let view = |field: &Arc<Field>| ColumnView {
        name: field.name().clone(),
        data_type: type_name(field.data_type()),
    };
    schema.fields().iter().map(view).collect()
}

#[derive(Serialize)]
struct JsonAnswer {
    columns: Vec<ColumnView>,
    rows: Box<RawValue>,
    row_count: usize,
    truncated: bool,
}

/// Rows as a JSON array of objects; every column is there, `null` where a value is missing.
///
/// # Errors
/// When a value cannot be written as JSON.
pub fn json_rows(batches: &[RecordBatch]) -> Result<Box<RawValue>> {
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::JsonArray>(Vec::new());
    let all: Vec<&RecordBatch> = batches.iter().collect();
    writer.write_batches(&all).map_err(unwritable)?;
    writer.finish().map_err(unwritable)?;
    let mut bytes = writer.into_inner();
    if bytes.is_empty() {
        bytes.extend_from_slice(b"[]");
    }
    RawValue::from_string(String::from_utf8(bytes).map_err(of_store)?).map_err(of_store)
}

/// Writes an answer. JSON is held until it is whole; CSV and Arrow stream, their first rows
/// awaited, so that a statement that fails at once is answered by a problem.
///
/// # Errors
/// What the statement fails with before its first rows.
pub async fn respond(mut running: Running, format: Format, rows_max: usize) -> Result<Response> {
    let schema = running.schema();
    if format == Format::Json {
        return json(running, &schema, rows_max).await;
    }
    let first = running.next().await.transpose()?;
    let (media_type, mut encoder) = match format {
        Format::Csv => ("text/csv; charset=utf-8", Encoder::csv()),
        _ => (ARROW, Encoder::arrow(&schema)?),
    };
    let head = match first {
        Some(batch) => encoder.write(&batch)?,
        None => encoder.write(&RecordBatch::new_empty(schema))?,
    };
    let rest = stream::unfold(Some((running, encoder)), |state| async move {
        let (mut running, mut encoder) = state?;
        let next = running.next().await;
        match next {
            Some(Ok(batch)) => match encoder.write(&batch) {
                Ok(bytes) => Some((Ok(bytes), Some((running, encoder)))),
                Err(error) => Some((Err(error), None)),
            },
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((encoder.finish(), None)),
        }
    });
    let head = stream::once(async { Ok::<_, Error>(head) });
    let mut response = Body::from_stream(futures::StreamExt::chain(head, rest)).into_response();
    let media_type = HeaderValue::from_static(media_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

async fn json(mut running: Running, schema: &SchemaRef, rows_max: usize) -> Result<Response> {
    let (mut batches, mut rows) = (Vec::new(), 0);
    while let Some(batch) = running.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        batches.push(batch);
    }
    let truncated = rows > rows_max;
    if truncated && let Some(last) = batches.last_mut() {
        *last = last.slice(0, last.num_rows() - (rows - rows_max).min(last.num_rows()));
    }
    let answer = JsonAnswer {
        columns: column_views(schema),
        rows: json_rows(&batches)?,
        row_count: rows.min(rows_max),
        truncated,
    };
    Ok(Json(answer).into_response())
}

/// CSV has no lists or objects: they stand there as text.
fn flat(batch: &RecordBatch) -> Result<RecordBatch> {
    let nested = |field: &Arc<Field>| field.data_type().is_nested();
    if !batch.schema().fields().iter().any(nested) {
        return Ok(batch.clone());
    }
    let options = arrow::util::display::FormatOptions::default();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !nested(field) {
            fields.push(field.clone());
            columns.push(column.clone());
            continue;
        }
        let words = ArrayFormatter::try_new(column, &options).map_err(unwritable)?;
        let words: StringArray = (0..column.len())
            .map(|row| (!column.is_null(row)).then(|| words.value(row).to_string()))
            .collect();
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        columns.push(Arc::new(words));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(of_store)
}

/// 422: a value of a type that this form of answer does not know.
fn unwritable(error: arrow::error::ArrowError) -> Error {
    tracing::warn!(%error, "an answer could not be written");
    let words = Text::new(
        "结果中有该格式无法表示的类型，请在语句中转换为文本。",
        "The answer holds a type this format cannot express; cast it to text.",
    );
    Error::invalid("type_unsupported", "sql", words)
}

enum Encoder {
    Csv { header: bool },
    Arrow(Box<arrow::ipc::writer::StreamWriter<Vec<u8>>>),
}

impl Encoder {
    fn csv() -> Self {
        Self::Csv { header: true }
    }

    fn arrow(schema: &Schema) -> Result<Self> {
        let writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), schema);
        Ok(Self::Arrow(Box::new(writer.map_err(of_store)?)))
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<Bytes> {
        match self {
            Self::Csv { header } => {
                let mut bytes = Vec::new();
                let mut writer = arrow::csv::WriterBuilder::new()
                    .with_header(std::mem::take(header))
                    .build(&mut bytes);
                writer.write(&flat(batch)?).map_err(unwritable)?;
                drop(writer);
                Ok(bytes.into())
            }
            Self::Arrow(writer) => {
                writer.write(batch).map_err(of_store)?;
                Ok(std::mem::take(writer.get_mut()).into())
            }
        }
    }

    fn finish(self) -> Result<Bytes> {
        match self {
            Self::Csv { .. } => Ok(Bytes::new()),
            Self::Arrow(mut writer) => {
                writer.finish().map_err(of_store)?;
                Ok(std::mem::take(writer.get_mut()).into())
            }
        }
    }
}
