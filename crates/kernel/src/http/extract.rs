//! Extractors whose refusals are problem answers that name the field.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::ctx::BodyDigest;
use super::serde_words::in_chinese;
use crate::App;
use crate::error::{Error, Result};
use crate::text::Text;

/// A JSON body, and a JSON answer.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let media = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let media = media
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Error::new(
                http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                Text::new(
                    "请以 Content-Type: application/json 提交 JSON。",
                    "Send JSON with Content-Type: application/json.",
                ),
            )
            .field("Content-Type"));
        }
        let bytes = read_body(request, app.config().limits.json_bytes_max).await?;
        parse(&bytes).map(Self)
    }
}

/// Reads a JSON object; the error names the path of the wrong field.
///
/// # Errors
/// 400 when it is no JSON, 422 when a field is wrong.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // serde would take a list for the fields in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let text = Text::new(
            "请提交 JSON 对象，而非数组。",
            "Send a JSON object, not an array.",
        );
        return Err(Error::invalid("field_malformed", "", text));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let zh = format!("字段不符合要求：{}", in_chinese(&inner.to_string()));
            let en = format!("The field is not as it should be: {inner}");
            let field = if path == "." { String::new() } else { path };
            return Error::invalid("field_malformed", field, Text::of(zh, en));
        }
        let text = Text::of(
            format!("不是有效的 JSON：{inner}"),
            format!("Not valid JSON: {inner}"),
        );
        Error::bad_request("json_malformed", text)
    })?;
    deserializer.end().map_err(|error| {
        let text = Text::of(
            format!("JSON 之后还有多余内容：{error}"),
            format!("There is more after the JSON: {error}"),
        );
        Error::bad_request("json_malformed", text)
    })?;
    Ok(value)
}

/// Reads a whole body of at most `limit` bytes and keeps its digest for idempotency.
///
/// # Errors
/// 413 when it is larger; 400 when it breaks off.
pub async fn read_body(request: Request, limit: usize) -> Result<Bytes> {
    let digest = request.extensions().get::<BodyDigest>().cloned();
    let body = Limited::new(request.into_body(), limit);
    let bytes = body
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                return Error::too_large(
                    "body_too_large",
                    crate::text!(
                        "请求内容超过上限 {limit} 字节。",
                        "The body is larger than the limit of {limit} bytes."
                    ),
                );
            }
            let text = Text::new("请求内容没有传完。", "The body broke off.");
            Error::bad_request("body_incomplete", text)
        })?
        .to_bytes();
    if let Some(digest) = digest {
        digest.set(Sha256::digest(&bytes).into());
    }
    Ok(bytes)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Parameters of the path. What does not parse is absent: 404.
pub struct PathId<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for PathId<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        path.map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Error::not_found())
    }
}

/// Parameters of the query; unknown ones are refused when the type says so.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|q| Self(q.0))
            .map_err(|error| {
                let words = error.body_text();
                let zh = format!("查询参数不符合要求：{words}");
                let en = format!("A query parameter is not as it should be: {words}");
                Error::bad_request("query_malformed", Text::of(zh, en))
            })
    }
}
