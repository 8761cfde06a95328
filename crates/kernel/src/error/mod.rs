//! One error type. It is rendered as problem JSON (RFC 9457) with a stable `code`, the field,
//! and a hint, in the caller's language.

mod title;

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::text::{Lang, Text};

/// The house's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One wrong place in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path into the input: `values[3].at`, or `indicators!C12` for a cell of a workbook.
    pub field: String,
    /// Stable code, lower snake case.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub detail: Text,
}

/// What a caller is told when something cannot be done.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    detail: Text,
    field: Option<String>,
    hint: Option<Text>,
    fields: Vec<FieldError>,
    retry_after_s: Option<u64>,
    refusal: Option<Refusal>,
    replay: Option<Replay>,
    cause: Option<String>,
}

/// A signed-in caller was refused: the supervision ledger keeps who, what and on which resource.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The action asked for.
    pub action: &'static str,
    /// The resource's kind.
    pub kind: &'static str,
    /// The resource's id.
    pub id: String,
}

/// A stored answer to a request that was already carried out (`Idempotency-Key`).
#[derive(Clone, Debug)]
pub struct Replay {
    /// The first answer's status.
    pub status: StatusCode,
    /// The first answer's body.
    pub body: String,
    /// The first answer's ETag.
    pub etag: Option<String>,
    /// The first answer's Location.
    pub location: Option<String>,
}

impl Error {
    /// An error with its status, stable code and words.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: Text) -> Self {
        Self(Box::new(Inner {
            status,
            code,
            detail,
            field: None,
            hint: None,
            fields: Vec::new(),
            retry_after_s: None,
            refusal: None,
            replay: None,
            cause: None,
        }))
    }

    /// 400: the request cannot be read.
    #[must_use]
    pub fn bad_request(code: &'static str, detail: Text) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 422: the request was read, and one field of it is wrong.
    #[must_use]
    pub fn invalid(code: &'static str, field: impl Into<String>, detail: Text) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).field(field)
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let words = Text::new("请先登录。", "Sign in first.");
        Self::new(StatusCode::UNAUTHORIZED, "sign_in_required", words)
    }

    /// 403: signed in, may see it, may not do this to it.
    #[must_use]
    pub fn forbidden(action: &'static str, kind: &'static str, id: &str) -> Self {
        let words = Text::new("您的角色不能进行此操作。", "Your roles do not allow this.");
        let mut error = Self::new(StatusCode::FORBIDDEN, "not_allowed", words).hint(Text::new(
            "请联系规划办公室或系统管理员授予相应角色。",
            "Ask the plan office or an operator for a role that may do this.",
        ));
        error.0.refusal = Some(Refusal {
            action,
            kind,
            id: id.to_owned(),
        });
        error
    }

    /// 404: absent, or not to be seen by this caller.
    #[must_use]
    pub fn not_found() -> Self {
        let words = Text::new("没有找到。", "Not found.");
        Self::new(StatusCode::NOT_FOUND, "not_found", words)
    }

    /// 404 that also leaves a trace of the refusal for the auditor.
    #[must_use]
    pub fn hidden(action: &'static str, kind: &'static str, id: &str) -> Self {
        let mut error = Self::not_found();
        error.0.refusal = Some(Refusal {
            action,
            kind,
            id: id.to_owned(),
        });
        error
    }

    /// 409: it does not fit the present state.
    #[must_use]
    pub fn conflict(code: &'static str, detail: Text) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 412: the record changed since it was read.
    #[must_use]
    pub fn precondition_failed() -> Self {
        let words = Text::new(
            "这条记录在您读取之后已被修改。",
            "The record was changed after you read it.",
        );
        Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", words).hint(Text::new(
            "请重新读取，核对后再提交。",
            "Read it again, compare, and send your change with the new ETag.",
        ))
    }

    /// 413: more than the limit.
    #[must_use]
    pub fn too_large(code: &'static str, detail: Text) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    }

    /// 429: too often; the caller may come back after so many seconds.
    #[must_use]
    pub fn too_many(code: &'static str, detail: Text, retry_after_s: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
        error.0.retry_after_s = Some(retry_after_s.max(1));
        error
    }

    /// 503: not now; the caller may try again.
    #[must_use]
    pub fn unavailable(code: &'static str, detail: Text) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        error.0.retry_after_s = Some(1);
        error
    }

    /// 500: our fault; the cause goes to the log, never to the caller.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        let words = Text::new("服务器内部错误。", "Something went wrong on the server.");
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", words);
        error.0.cause = Some(cause.to_string());
        error
    }

    /// Not an error to the person: the stored answer of an earlier identical request.
    #[must_use]
    pub fn replay(replay: Replay) -> Self {
        let words = Text::new("此请求已处理。", "This request was already carried out.");
        let mut error = Self::new(replay.status, "replayed", words);
        error.0.replay = Some(replay);
        error
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Says what would be right.
    #[must_use]
    pub fn hint(mut self, hint: Text) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// Names several wrong places at once.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    /// Tells the caller when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is said to the caller.
    #[must_use]
    pub fn detail(&self) -> &Text {
        &self.0.detail
    }

    /// The wrong places.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The refusal to be supervised, if this is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// The cause, for the log only.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The problem document in one language.
    #[must_use]
    pub fn problem(&self, lang: Lang, request_id: Option<&str>) -> Problem {
        let inner = &self.0;
        Problem {
            kind: format!("urn:tianyuan:problem:{}", inner.code),
            title: title::title(inner.status, lang).to_owned(),
            status: inner.status.as_u16(),
            code: inner.code.to_owned(),
            detail: inner.detail.in_lang(lang).to_owned(),
            field: inner.field.clone(),
            hint: inner.hint.as_ref().map(|h| h.in_lang(lang).to_owned()),
            errors: inner
                .fields
                .iter()
                .map(|f| ProblemField {
                    field: f.field.clone(),
                    code: f.code.to_owned(),
                    detail: f.detail.in_lang(lang).to_owned(),
                })
                .collect(),
            request_id: request_id.map(str::to_owned),
        }
    }

    /// The answer in one language. [`IntoResponse`] answers in Chinese; the outer layer of the
    /// router renders again when the caller prefers English.
    #[must_use]
    pub fn respond(&self, lang: Lang, request_id: Option<&str>) -> Response {
        if let Some(replay) = &self.0.replay {
            return replay.respond();
        }
        let body = serde_json::to_vec(&self.problem(lang, request_id)).unwrap_or_default();
        let mut response = (self.0.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(if lang == Lang::Zh { "zh" } else { "en" }),
        );
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl Replay {
    fn respond(&self) -> Response {
        let mut response = (self.status, self.body.clone()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        );
        let pairs = [
            (header::ETAG, &self.etag),
            (header::LOCATION, &self.location),
        ];
        for (name, value) in pairs {
            if let Some(value) = value.as_deref().and_then(|v| HeaderValue::from_str(v).ok()) {
                headers.insert(name, value);
            }
        }
        if self.body.is_empty() {
            headers.remove(header::CONTENT_TYPE);
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.respond(Lang::Zh, None);
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.0.status.as_u16(),
            self.0.code,
            self.0.detail.en
        )?;
        if let Some(field) = &self.0.field {
            write!(f, " (field {field})")?;
        }
        for field in &self.0.fields {
            write!(f, "\n  {}: {}", field.field, field.detail.en)?;
        }
        if let Some(cause) = &self.0.cause {
            write!(f, " [{cause}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            if database.is_unique_violation() {
                return Self::duplicate();
            }
            // PostgreSQL: deadlock or serialization failure; the caller may simply try again.
            if matches!(database.code().as_deref(), Some("40001" | "40P01")) {
                return Self::busy();
            }
        }
        if matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) {
            tracing::warn!(%error, "database unavailable");
            return Self::busy();
        }
        Self::internal(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        let extended = error.sqlite_error().map(|e| e.extended_code);
        if matches!(
            extended,
            Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
        ) {
            return Self::duplicate();
        }
        let code = error.sqlite_error_code();
        if code == Some(rusqlite::ErrorCode::DatabaseBusy) {
            tracing::warn!(%error, "database locked");
            return Self::busy();
        }
        Self::internal(error)
    }
}

impl Error {
    fn duplicate() -> Self {
        let words = Text::new("已存在相同的记录。", "Such a record exists already.");
        Self::conflict("duplicate", words)
    }

    pub(crate) fn busy() -> Self {
        let words = Text::new(
            "数据库繁忙，请稍后再试。",
            "The database is busy; try again.",
        );
        Self::unavailable("database_busy", words)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

/// The body of a problem answer (RFC 9457, media type `application/problem+json`).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// URN of the problem kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code to decide on in programs.
    pub code: String,
    /// What was wrong, in the caller's language.
    pub detail: String,
    /// The field that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every wrong place, when there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// The request's id, also in the log and in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One wrong place in a problem answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// Path into the input.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// What was wrong, in the caller's language.
    pub detail: String,
}

/// The problem answers every operation may give, for the OpenAPI document.
pub struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses()
    -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        let response = |words: &str| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            ResponseBuilder::new()
                .description(words)
                .content("application/problem+json", content)
                .build()
                .into()
        };
        [
            ("400", "The request cannot be read."),
            ("401", "Sign in first."),
            ("403", "Not allowed."),
            ("404", "Absent, or not visible to the caller."),
            ("405", "No such method here."),
            ("409", "Does not fit the present state."),
            ("412", "The record changed meanwhile."),
            ("413", "Larger than the limit."),
            ("415", "Not a media type this operation reads."),
            ("422", "A field is wrong."),
            ("428", "If-Match is missing."),
            ("429", "Too many requests."),
            ("503", "Not now; try again."),
        ]
        .into_iter()
        .map(|(status, words)| (status.to_owned(), response(words)))
        .collect()
    }
}
