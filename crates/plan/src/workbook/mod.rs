//! Workbooks and CSV files of the plan: the layout shared by template, export and import, and
//! reading that names sheet, row and column of everything that is wrong.

pub(crate) mod layout;
pub(crate) mod out;
pub(crate) mod read;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::office::{self, Sheet};
use tianyuan_kernel::text::Text;

use crate::bundle;
use crate::bundle::read::Read;
use crate::plans::export::XLSX;

/// Most bytes of a workbook, CSV file or bundle sent to be imported.
pub(crate) const BYTES_MAX: usize = bundle::read::BYTES_MAX;

/// Bytes, for the OpenAPI document.
pub(crate) struct Binary;

impl utoipa::PartialSchema for Binary {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}

impl utoipa::ToSchema for Binary {}

/// The media type of a request's body, without parameters, in lower case.
#[must_use]
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let media = value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    media.trim().to_ascii_lowercase()
}

fn unsupported(expected: &str) -> Error {
    let words = Text::of(
        format!("请以下列 Content-Type 之一提交：{expected}。"),
        format!("Send it with one of these Content-Types: {expected}."),
    );
    Error::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media_type_unsupported",
        words,
    )
    .field("Content-Type")
}

/// Reads a body as an edition; says whether it was a workbook.
///
/// # Errors
/// 415 for another media type; 422 when it is no workbook. What is wrong inside is in the
/// [`Read`].
pub(crate) async fn open_bundle(media: &str, bytes: Bytes) -> Result<(Read, bool)> {
    match media {
        "application/json" => Ok((bundle::read::json(&bytes), false)),
        XLSX => {
            let sheets = aside(move || office::read_xlsx(&bytes)).await?;
            Ok((read::bundle(&sheets), true))
        }
        _ => Err(unsupported(&format!("{XLSX}, application/json"))),
    }
}

/// Unpacking megabytes would hold up the thread's other requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

/// Reads a body as sheets of rows.
///
/// # Errors
/// 415 for another media type; 422 when it cannot be read.
pub(crate) async fn open_table(media: &str, bytes: Bytes) -> Result<Vec<Sheet>> {
    match media {
        XLSX => aside(move || office::read_xlsx(&bytes)).await,
        "text/csv" | "application/csv" | "application/vnd.ms-excel" => {
            Ok(vec![aside(move || office::read_csv(&bytes)).await?])
        }
        _ => Err(unsupported(&format!("{XLSX}, text/csv"))),
    }
}

/// A workbook as an attachment.
pub(crate) fn download(name: &str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(XLSX)),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, bytes).into_response()
}
