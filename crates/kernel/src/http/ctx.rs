//! The context of one operation: the application, the caller, their language, their conditions.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, header};

use super::tx::{Claim, Tx, etag};
use crate::App;
use crate::authority::{Action, Principal, Resource};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::text::{Lang, Text};

/// SHA-256 of the body, set by the extractor that reads it.
#[derive(Clone, Default)]
pub struct BodyDigest(pub(super) Arc<OnceLock<[u8; 32]>>);

impl BodyDigest {
    /// Sets the digest; handlers that stream a body call it before `Ctx::begin`.
    pub fn set(&self, digest: [u8; 32]) {
        let _only_the_first_counts = self.0.set(digest);
    }
}

/// The caller's address, as far as trusted proxies tell it.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddr(pub IpAddr);

/// The request's id, also in the log and in `X-Request-Id`.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// What an operation knows about its request.
#[derive(Clone)]
pub struct Ctx {
    /// The application.
    pub app: App,
    /// The caller.
    pub who: Principal,
    /// The caller's language.
    pub lang: Lang,
    /// The request's id.
    pub request_id: String,
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// Digest of the body.
    pub digest: BodyDigest,
    method: Method,
    path: String,
    idempotency_key: Option<String>,
    if_match: Option<String>,
}

impl Ctx {
    /// Begins a transaction for the caller. With an `Idempotency-Key` that was used before it
    /// ends here with the first answer.
    ///
    /// # Errors
    /// 503 when the database is busy; 422 when the key was used with another body; the stored
    /// answer, as an error value, when the request was carried out before.
    pub async fn begin(&self) -> Result<Tx> {
        let tx = Tx::begin(&self.app, self.who.id.clone()).await?;
        let (Some(key), Some(caller)) = (&self.idempotency_key, &self.who.id) else {
            return Ok(tx);
        };
        tx.claim(Claim {
            caller: caller.clone(),
            operation: format!("{} {}", self.method, self.path),
            key: key.clone(),
            digest: self.digest.0.get().copied().unwrap_or_default(),
        })
        .await
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// 503 when none is free in time.
    pub async fn read(&self) -> Result<Reader> {
        self.app.db().read().await
    }

    /// True when the caller may do this to that.
    #[must_use]
    pub fn can(&self, action: Action, resource: &impl Resource) -> bool {
        self.decide(action, &resource.entity())
    }

    fn decide(&self, action: Action, entity: &crate::authority::Entity) -> bool {
        if self.who.read_only
            && !matches!(
                action,
                Action::View | Action::Export | Action::Explain | Action::Release
            )
        {
            return false;
        }
        self.app
            .authority()
            .decide(&self.who, action, entity)
            .allowed
    }

    /// Goes on only when the caller may do this to that.
    ///
    /// # Errors
    /// 401 for strangers; 404 when they may not even see it; 403 otherwise.
    pub fn allow(&self, action: Action, resource: &impl Resource) -> Result<()> {
        let entity = resource.entity();
        if self.decide(action, &entity) {
            return Ok(());
        }
        let visible = action != Action::View && self.decide(Action::View, &entity);
        if visible || entity.id == "*" {
            if !self.who.is_signed_in() {
                return Err(Error::unauthenticated());
            }
            return Err(Error::forbidden(action.name(), entity.kind, &entity.id));
        }
        Err(Error::hidden(action.name(), entity.kind, &entity.id))
    }

    /// Goes on only when `If-Match` names the record's present version.
    ///
    /// # Errors
    /// 428 without the header; 412 when the record changed meanwhile.
    pub fn if_match(&self, version: i64) -> Result<()> {
        match self.if_match.as_deref().map(str::trim) {
            None => Err(Error::new(
                http::StatusCode::PRECONDITION_REQUIRED,
                "if_match_required",
                Text::new(
                    "请在 If-Match 中给出读取时得到的 ETag。",
                    "Send If-Match with the ETag you read.",
                ),
            )
            .field("If-Match")),
            Some("*") => Ok(()),
            Some(tags) if tags.split(',').any(|tag| tag.trim() == etag(version)) => Ok(()),
            Some(_) => Err(Error::precondition_failed()),
        }
    }
}

/// The language a request asks for.
#[must_use]
pub fn lang(headers: &HeaderMap) -> Lang {
    let value = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok());
    value.map_or(Lang::Zh, Lang::from_accept_language)
}

fn idempotency_key(parts: &Parts) -> Result<Option<String>> {
    let Some(value) = parts.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let words = Text::new(
            "幂等键应为 1 到 255 个可见 ASCII 字符。",
            "An idempotency key is 1 to 255 visible ASCII characters.",
        );
        return Err(Error::bad_request("idempotency_key_malformed", words).field("Idempotency-Key"));
    }
    Ok((parts.method == Method::POST).then(|| key.to_owned()))
}

impl FromRequestParts<App> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let who = parts.extensions.get::<Principal>().cloned();
        let if_match = parts
            .headers
            .get(header::IF_MATCH)
            .and_then(|v| v.to_str().ok());
        Ok(Self {
            app: app.clone(),
            who: who.unwrap_or_else(Principal::anonymous),
            lang: lang(&parts.headers),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map_or_else(String::new, |r| r.0.clone()),
            address: parts.extensions.get::<ClientAddr>().map(|a| a.0),
            digest: parts
                .extensions
                .get::<BodyDigest>()
                .cloned()
                .unwrap_or_default(),
            method: parts.method.clone(),
            path: parts
                .extensions
                .get::<axum::extract::OriginalUri>()
                .map_or_else(|| parts.uri.path().to_owned(), |uri| uri.path().to_owned()),
            idempotency_key: idempotency_key(parts)?,
            if_match: if_match.map(str::to_owned),
        })
    }
}
