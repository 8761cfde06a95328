//! Requests and their answers.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use url::Url;

use super::{failed, timed_out, too_large};
use crate::error::{Error, Result};

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Address.
    pub url: Url,
    /// Headers.
    pub headers: HeaderMap,
    /// Headers whose value is a named secret: `("authorization", "Bearer ", "name")`.
    pub secret_headers: Vec<(HeaderName, String, String)>,
    /// Body.
    pub body: Bytes,
    /// Bytes of the answer, when fewer than the configured limit.
    pub bytes_max: Option<u64>,
    /// Whether redirects are followed; OIDC must not.
    pub follow: bool,
}

impl Request {
    /// Any method, no body, redirects not followed.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            secret_headers: Vec::new(),
            body: Bytes::new(),
            bytes_max: None,
            follow: false,
        }
    }

    /// GET; redirects are followed.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            follow: true,
            ..Self::new(Method::GET, url)
        }
    }

    /// POST of bytes.
    #[must_use]
    pub fn post(url: Url, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut request = Self {
            body: body.into(),
            ..Self::new(Method::POST, url)
        };
        let media_type = HeaderValue::from_static(media_type);
        request.headers.insert(header::CONTENT_TYPE, media_type);
        request
    }

    /// POST of a form, as OAuth token endpoints want it.
    #[must_use]
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self::post(url, "application/x-www-form-urlencoded", body)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With a header made of a prefix and a secret named in the configuration.
    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, prefix: &str, secret: &str) -> Self {
        let header = (name, prefix.to_owned(), secret.to_owned());
        self.secret_headers.push(header);
        self
    }

    /// With `Authorization: Bearer`.
    ///
    /// # Errors
    /// 500 when the token cannot stand in a header.
    pub fn bearer(self, token: &str) -> Result<Self> {
        Ok(self.header(
            header::AUTHORIZATION,
            sensitive(&format!("Bearer {token}"))?,
        ))
    }

    /// With `Authorization: Basic`, both parts encoded first as OAuth has it (RFC 6749 §2.3.1).
    ///
    /// # Errors
    /// Does not happen; Base64 can stand in a header.
    pub fn basic(self, user: &str, password: &str) -> Result<Self> {
        let encode =
            |s: &str| url::form_urlencoded::byte_serialize(s.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(user), encode(password)));
        Ok(self.header(header::AUTHORIZATION, sensitive(&format!("Basic {pair}"))?))
    }

    /// Wants no more than this many bytes.
    #[must_use]
    pub fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = Some(bytes);
        self
    }
}

/// A header's value that no log shows.
pub(super) fn sensitive(value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value).map_err(Error::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Where it came from, after redirects.
    pub url: Url,
}

impl Fetched {
    /// Goes on only with a 2xx status.
    ///
    /// # Errors
    /// 502 `fetch_failed` otherwise.
    pub fn success(self) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(failed(
            &self.url,
            format!("status {}", self.status.as_u16()),
        ))
    }

    /// The body as JSON of a 2xx answer.
    ///
    /// # Errors
    /// 502 `fetch_failed` for another status or when it is not the JSON expected.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        let Self { body, url, .. } = self.success()?;
        serde_json::from_slice(&body).map_err(|e| failed(&url, format!("JSON: {e}")))
    }
}

/// An answer whose body is still to come; it ends with an error past the limit of bytes or time.
pub struct Streamed {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Where it comes from, after redirects.
    pub url: Url,
    pub(super) answer: reqwest::Response,
    pub(super) left: u64,
    pub(super) bytes_max: u64,
    pub(super) silence_max: Duration,
    pub(super) ends: Pin<Box<tokio::time::Sleep>>,
}

impl Streamed {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// 502 `fetch_failed` when the connection breaks, `fetch_too_large` past the limit; 504
    /// `fetch_timed_out` when nothing comes, or the whole takes too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let next = tokio::select! {
            next = tokio::time::timeout(self.silence_max, self.answer.chunk()) => next,
            () = &mut self.ends => return Err(timed_out(&self.url)),
        };
        let next = next
            .map_err(|_| timed_out(&self.url))?
            .map_err(|e| failed(&self.url, e.without_url()))?;
        let Some(chunk) = next else {
            return Ok(None);
        };
        self.left = self
            .left
            .checked_sub(chunk.len() as u64)
            .ok_or_else(|| too_large(&self.url, self.bytes_max))?;
        Ok(Some(chunk))
    }

    /// The body as a stream, for what reads streams.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes>> + Send {
        futures::stream::try_unfold(self, |mut this| async move {
            Ok(this.chunk().await?.map(|chunk| (chunk, this)))
        })
    }

    /// Reads the rest.
    ///
    /// # Errors
    /// As [`Streamed::chunk`].
    pub async fn whole(mut self) -> Result<Fetched> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
            url: self.url,
        })
    }
}
