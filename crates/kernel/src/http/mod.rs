//! HTTP glue: the route table, the caller's context, transactions with journal and idempotency,
//! lists, and problem answers.

pub mod ctx;
pub mod events;
pub mod extract;
pub mod layers;
pub mod list;
pub mod routes;
mod serde_words;
pub mod tx;

pub use ctx::Ctx;
pub use extract::{Json, PathId, Query};
pub use list::{List, Page};
pub use routes::{Access, Mount, Routes};
pub use tx::Tx;

/// A JSON answer with the record's version as its `ETag`.
///
/// # Errors
/// 500 when the value cannot be written as JSON.
pub fn versioned(
    version: i64,
    value: &impl serde::Serialize,
) -> crate::Result<axum::response::Response> {
    use axum::response::IntoResponse as _;
    let json = serde_json::to_string(value)?;
    let media = (::http::header::CONTENT_TYPE, "application/json".to_owned());
    let headers = [media, (::http::header::ETAG, tx::etag(version))];
    Ok((::http::StatusCode::OK, headers, json).into_response())
}
