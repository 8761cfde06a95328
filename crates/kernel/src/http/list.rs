//! Lists: one envelope, one kind of page.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::App;
use crate::db::Arg;
use crate::error::{Error, Result};
use crate::text::Text;

/// Rows of a page when the caller names no limit.
pub const LIMIT_DEFAULT: i64 = 50;
/// Most rows of a page.
pub const LIMIT_MAX: i64 = 200;

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Rows at most, 1 to 200.
    pub limit: i64,
    after: Option<Vec<Value>>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: LIMIT_DEFAULT,
            after: None,
        }
    }
}

/// Query parameters of a page, for the OpenAPI document: `params(PageParams)`.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Rows at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Page {
    /// The first page of a list that is read whole, with a limit of the reader's own.
    #[must_use]
    pub const fn with_limit(limit: i64) -> Self {
        Self { limit, after: None }
    }

    /// The page after a row, by the values of its key columns; for code that walks a list.
    #[must_use]
    pub fn following(limit: i64, key: Vec<Value>) -> Self {
        Self {
            limit,
            after: Some(key),
        }
    }

    /// The cursor's key values, when there are exactly `keys` of them.
    #[must_use]
    pub fn after(&self, keys: usize) -> Option<Vec<Arg>> {
        let after = self.after.as_ref()?;
        // A cursor of another list has other keys; the page then is empty rather than wrong.
        let mut args: Vec<Arg> = after
            .iter()
            .map(|value| match value {
                Value::Number(n) if n.is_i64() => Arg::Int(n.as_i64()),
                Value::Number(n) => Arg::Real(n.as_f64()),
                other => Arg::Text(other.as_str().map(str::to_owned)),
            })
            .collect();
        args.resize(keys, Arg::Int(Some(0)));
        Some(args)
    }

    /// Skips rows up to and including the cursor in a list that is kept in memory.
    #[must_use]
    pub fn offset(&self) -> usize {
        let first = self
            .after
            .as_ref()
            .and_then(|a| a.first())
            .and_then(Value::as_u64);
        first.and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        let mut page = Self::default();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes())
        {
            match &*name {
                "limit" => {
                    page.limit = value
                        .parse()
                        .ok()
                        .filter(|n| (1..=LIMIT_MAX).contains(n))
                        .ok_or_else(|| malformed("limit"))?;
                }
                "cursor" => page.after = Some(decode(&value).ok_or_else(|| malformed("cursor"))?),
                _ => {}
            }
        }
        Ok(page)
    }
}

pub(crate) fn malformed(field: &'static str) -> Error {
    let words = match field {
        "limit" => Text::new("limit 应为 1 到 200。", "limit is between 1 and 200."),
        _ => Text::new(
            "cursor 应为上一页的 next_cursor。",
            "cursor is the next_cursor of the page before.",
        ),
    };
    Error::bad_request("page_malformed", words).field(field)
}

fn decode(cursor: &str) -> Option<Vec<Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let values: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
    let plain =
        |v: &Value| v.as_str().is_some_and(|s| !s.contains('\0')) || v.is_i64() || v.is_f64();
    (!values.is_empty() && values.len() <= 4 && values.iter().all(plain)).then_some(values)
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// Cuts rows asked for with one more than the page's limit; `key` are the values of the
    /// key columns of a row.
    #[must_use]
    pub fn build<R>(
        mut rows: Vec<R>,
        page: &Page,
        key: impl Fn(&R) -> Vec<Value>,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| URL_SAFE_NO_PAD.encode(serde_json::to_vec(&key(row)).unwrap_or_default()));
        Self {
            items: rows.into_iter().map(item).collect(),
            next_cursor,
        }
    }

    /// A page of a list that is kept in memory.
    #[must_use]
    pub fn of_all(all: Vec<T>, page: &Page) -> Self {
        let offset = page.offset();
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = all.len() > offset.saturating_add(limit);
        let items: Vec<T> = all.into_iter().skip(offset).take(limit).collect();
        let next = [Value::from(offset + items.len())];
        let next_cursor =
            more.then(|| URL_SAFE_NO_PAD.encode(serde_json::to_vec(&next).unwrap_or_default()));
        Self { items, next_cursor }
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}
