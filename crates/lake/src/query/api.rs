//! SQL over HTTP.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::answer::{ColumnView, Format, column_views, respond};
use super::{Asker, catalog, prepare};
use crate::Lake;
use crate::supervision::Exit;

/// Characters of a purpose.
const PURPOSE_CHARS_MAX: usize = 200;

/// The routes of SQL.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(run_sql))
        .public(routes!(list_sql_tables))
}

/// A statement.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlRequest {
    /// One SELECT.
    sql: String,
    /// What the rows are for; stands in the supervision ledger.
    #[serde(default)]
    purpose: Option<String>,
    /// Rows at most.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100_000_000)]
    limit: Option<u32>,
}

/// An answer as JSON.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SqlAnswer {
    /// Its columns.
    columns: Vec<ColumnView>,
    /// Its rows, objects by column.
    rows: Vec<serde_json::Map<String, serde_json::Value>>,
    /// How many.
    row_count: usize,
    /// There were more; they were cut off at the limit.
    truncated: bool,
}

/// Checks a purpose.
///
/// # Errors
/// 422 when it is too long or holds U+0000.
pub fn purpose(given: Option<String>) -> Result<String> {
    let purpose = given.unwrap_or_default();
    if purpose.chars().count() > PURPOSE_CHARS_MAX || purpose.contains('\0') {
        let words = text!(
            "用途最多 {PURPOSE_CHARS_MAX} 个字符。",
            "A purpose has at most {PURPOSE_CHARS_MAX} characters."
        );
        return Err(Error::invalid("purpose_too_long", "purpose", words));
    }
    Ok(purpose)
}

fn asker(ctx: &Ctx, purpose: String) -> Asker {
    Asker {
        who: ctx.who.clone(),
        address: ctx.address,
        purpose,
        exit: Exit::SQL,
    }
}

/// Runs one SELECT over the tables the caller may see, in the form they may see them.
///
/// `Accept` chooses JSON, CSV (`text/csv`) or an Arrow stream.
#[utoipa::path(post, path = "/api/v1/sql", tag = "lake", request_body = SqlRequest,
    responses(
        (status = 200, description = "The rows", content(
            (SqlAnswer = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"))),
        (status = 406, description = "No such form of answer", body = tianyuan_kernel::error::Problem,
            content_type = "application/problem+json"),
        Problems))]
async fn run_sql(
    State(app): State<App>,
    ctx: Ctx,
    headers: HeaderMap,
    Json(request): Json<SqlRequest>,
) -> Result<Response> {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let format = Format::from_accept(accept).ok_or_else(|| {
        let words = Text::new(
            "可用的格式：application/json、text/csv、application/vnd.apache.arrow.stream。",
            "Ask for application/json, text/csv or application/vnd.apache.arrow.stream.",
        );
        Error::new(http::StatusCode::NOT_ACCEPTABLE, "format_unknown", words).field("Accept")
    })?;
    if request.limit == Some(0) {
        let words = Text::new("行数上限至少为 1。", "The limit is at least 1.");
        return Err(Error::invalid("limit_out_of_range", "limit", words));
    }
    let asker = asker(&ctx, purpose(request.purpose)?);
    let prepared = prepare(&app, &asker, &request.sql).await?;
    let lake = app.get::<Lake>()?;
    let limits = lake.limits(&app)?;
    let most = match format {
        Format::Json => limits.json_rows_max,
        Format::Csv | Format::Arrow => limits.stream_rows_max,
    };
    let wanted = request.limit.and_then(|n| usize::try_from(n).ok());
    let rows_max = wanted.unwrap_or(most).min(most);
    // One more than shown tells whether there are more.
    let fetched = match format {
        Format::Json => rows_max.saturating_add(1),
        Format::Csv | Format::Arrow => rows_max,
    };
    let running = prepared.run(&app, &asker, fetched).await?;
    respond(running, format, rows_max).await
}

/// A table as a statement may use it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SqlTable {
    /// Its name in SQL.
    name: String,
    /// What it holds.
    comment: String,
    /// The dataset's id.
    dataset: String,
    /// The version statements read.
    version: i64,
    /// Its columns, as they leave for the caller.
    columns: Vec<ColumnView>,
    /// Its rows, where that may be told.
    row_count: Option<i64>,
}

/// Lists the tables the caller may query, by name.
#[utoipa::path(get, path = "/api/v1/sql/tables", tag = "lake", params(PageParams),
    responses((status = 200, body = List<SqlTable>), Problems))]
async fn list_sql_tables(State(app): State<App>, ctx: Ctx, page: Page) -> Result<List<SqlTable>> {
    let asker = asker(&ctx, String::new());
    let tables = catalog::visible(&app, &asker).await?;
    let views = tables.into_iter().map(|gated| SqlTable {
        name: gated.table.name.clone(),
        comment: gated.table.comment.clone(),
        dataset: gated.table.id.clone(),
        version: gated.version.number,
        columns: column_views(&gated.schema()),
        row_count: gated.row_count(),
    });
    Ok(List::of_all(views.collect(), &page))
}
