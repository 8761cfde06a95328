//! Rows over HTTP: filter, sort, page; and files.

use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::query::Asker;
use tianyuan_lake::query::answer::{ColumnView, column_views, json_rows};
use tianyuan_lake::rows::{Comparison, Filter, RowsQuery, page};
use tianyuan_lake::supervision::Exit;
use tianyuan_lake::{Gated, VersionId};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::export::{self, As};
use crate::datasets::{Dataset, api::visible};
use crate::versions;

/// Rows of a page when the caller names no limit.
const LIMIT_DEFAULT: usize = 100;
/// Most rows of a page.
const LIMIT_MAX: usize = 5_000;

/// The routes of rows.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_rows))
        .public(routes!(export_rows))
}

/// A page of rows.
#[derive(Serialize, ToSchema)]
pub struct RowList {
    /// The version they are of.
    pub version: i64,
    /// Columns, as they leave for the caller.
    #[schema(value_type = Vec<Object>)]
    pub columns: Vec<ColumnView>,
    /// Rows as objects by column; a missing value is null.
    #[schema(value_type = Vec<Object>)]
    pub items: Box<RawValue>,
    /// Give it as `cursor` to get the next page; null on the last.
    pub next_cursor: Option<String>,
    /// All rows that fit, when `count=true` asked for it.
    pub total: Option<i64>,
}

/// For the OpenAPI document; read by hand, since filters repeat.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its schema is used")]
struct RowParams {
    /// Columns wanted, separated by commas; all when absent.
    fields: Option<String>,
    /// `field:comparison:value`, may be repeated; comparisons: eq ne lt le gt ge in contains
    /// begins missing.
    filter: Option<Vec<String>>,
    /// Words that some text column holds.
    q: Option<String>,
    /// Columns to sort by, separated by commas, `-` before one for descending.
    sort: Option<String>,
    /// Rows at most, 1 to 5000.
    #[param(minimum = 1, maximum = 5000, default = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Count all rows that fit.
    count: Option<bool>,
    /// An older version, by number.
    #[param(minimum = 1)]
    version: Option<i64>,
    /// What the rows are for; stands in the supervision ledger when they are protected.
    purpose: Option<String>,
}

/// The same for files.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its schema is used")]
struct ExportParams {
    /// Columns wanted, separated by commas; all when absent.
    fields: Option<String>,
    /// `field:comparison:value`, may be repeated.
    filter: Option<Vec<String>>,
    /// Words that some text column holds.
    q: Option<String>,
    /// Columns to sort by, separated by commas, `-` before one for descending.
    sort: Option<String>,
    /// An older version, by number.
    #[param(minimum = 1)]
    version: Option<i64>,
    /// What the rows are for.
    purpose: Option<String>,
}

/// What was asked for.
struct Asked {
    query: RowsQuery,
    version: Option<i64>,
    purpose: String,
}

fn malformed(field: &'static str, zh: &'static str, en: &'static str) -> Error {
    Error::bad_request("query_malformed", Text::new(zh, en)).field(field)
}

fn read(query: &str) -> Result<Asked> {
    let mut asked = Asked {
        query: RowsQuery {
            limit: LIMIT_DEFAULT,
            ..RowsQuery::default()
        },
        version: None,
        purpose: String::new(),
    };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.contains('\0') {
            return Err(malformed(
                "",
                "参数中含有空字符。",
                "A parameter holds a NUL character.",
            ));
        }
        let list = || value.split(',').map(str::trim).filter(|f| !f.is_empty());
        match &*name {
            "fields" => asked.query.fields = list().map(str::to_owned).collect(),
            "filter" => asked.query.filters.push(filter(&value)?),
            "q" if !value.trim().is_empty() => asked.query.text = Some(value.trim().to_owned()),
            "sort" => asked.query.sort = list().map(sort).collect(),
            "limit" => {
                let limit = value.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n));
                asked.query.limit = limit.ok_or_else(|| {
                    malformed("limit", "limit 应为 1 到 5000。", "limit is 1 to 5000.")
                })?;
            }
            "cursor" => {
                let after = value.parse().ok();
                asked.query.after = Some(after.ok_or_else(|| {
                    malformed(
                        "cursor",
                        "cursor 应为上一页的 next_cursor。",
                        "cursor is the next_cursor of the page before.",
                    )
                })?);
            }
            "count" => {
                let count = value.parse().ok();
                asked.query.count = count.ok_or_else(|| {
                    malformed(
                        "count",
                        "count 应为 true 或 false。",
                        "count is true or false.",
                    )
                })?;
            }
            "version" => {
                let number = value.parse().ok().filter(|n: &i64| *n > 0);
                asked.version = Some(number.ok_or_else(|| {
                    malformed(
                        "version",
                        "version 应为版本号。",
                        "version is the number of a version.",
                    )
                })?);
            }
            "purpose" => {
                asked.purpose = tianyuan_lake::query::api::purpose(Some(value.into_owned()))?
            }
            _ => {}
        }
    }
    Ok(asked)
}

fn sort(field: &str) -> (String, bool) {
    match field.strip_prefix('-') {
        Some(field) => (field.to_owned(), true),
        None => (field.to_owned(), false),
    }
}

fn filter(text: &str) -> Result<Filter> {
    let mut parts = text.splitn(3, ':');
    let field = parts.next().unwrap_or_default().to_owned();
    let comparison = parts.next().unwrap_or_default();
    let comparison = serde_json::from_value::<Comparison>(Value::from(comparison));
    let Ok(comparison) = comparison else {
        return Err(malformed(
            "filter",
            "筛选条件的样子是 字段:比较:值，比较为 eq、ne、lt、le、gt、ge、in、contains、begins、missing 之一。",
            "A filter is field:comparison:value, with one of eq ne lt le gt ge in contains begins missing.",
        ));
    };
    Ok(Filter {
        field,
        comparison,
        value: parts.next().unwrap_or_default().to_owned(),
    })
}

/// Opens a dataset's rows in the form in which they leave for the caller.
pub(crate) async fn open(
    ctx: &Ctx,
    dataset: &Dataset,
    version: Option<i64>,
    purpose: &str,
) -> Result<Gated> {
    let version = match version {
        None => None,
        Some(number) => {
            let version = versions::store::get(&mut ctx.read().await?, dataset, number).await?;
            Some(VersionId::from_stored(version.version_id))
        }
    };
    let id = dataset.id.as_str();
    let gated = tianyuan_lake::open(&ctx.app, &ctx.who, purpose, id, version.as_ref()).await?;
    gated.ok_or_else(|| no_rows(ctx, dataset))
}

/// The entry may be seen, its rows may not: said in a way that helps, since the entry says as
/// much about its opening.
fn no_rows(ctx: &Ctx, dataset: &Dataset) -> Error {
    if dataset.current.is_none() {
        let words = Text::new("这个数据集还没有数据。", "This dataset has no rows yet.");
        return Error::conflict("no_rows_yet", words);
    }
    let words = Text::new(
        "这个数据集的数据不直接开放，请按目录所列条件申请。",
        "The rows of this dataset are not open; ask for them on the stated conditions.",
    );
    if ctx.who.is_signed_in() {
        Error::forbidden("Release", "Dataset", dataset.id.as_str())
    } else {
        Error::new(http::StatusCode::FORBIDDEN, "rows_not_open", words)
    }
}

pub(crate) fn asker(ctx: &Ctx, purpose: String, exit: Exit) -> Asker {
    Asker {
        who: ctx.who.clone(),
        address: ctx.address,
        purpose,
        exit,
    }
}

/// Rows of a dataset, a page at a time, in the form in which they leave for the caller.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/rows", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), RowParams),
    responses((status = 200, body = RowList), Problems))]
async fn list_rows(
    ctx: Ctx,
    PathId(id): PathId<String>,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Json<RowList>> {
    let asked = read(&query.unwrap_or_default())?;
    let dataset = visible(&ctx, &id).await?;
    let gated = open(&ctx, &dataset, asked.version, &asked.purpose).await?;
    let asker = asker(&ctx, asked.purpose, Exit::REST);
    let rows = page(&ctx.app, &asker, &gated, &asked.query).await?;
    Ok(Json(RowList {
        version: gated.version.number,
        columns: column_views(&rows.schema),
        items: json_rows(&rows.batches)?,
        next_cursor: rows.next.map(|n| n.to_string()),
        total: rows.total,
    }))
}

/// All rows as a file: `csv` (UTF-8 with mark, titles as header), `json`, `ndjson`, `geojson`
/// (where there are places) or `xlsx`. It takes the conditions, columns, order and version that
/// the rows API takes; `limit`, `cursor` and `count` say nothing here.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/export/{format}", tag = "chain",
    params(("id" = String, Path, description = "Id or code"),
        ("format" = String, Path, description = "csv, json, ndjson, geojson or xlsx"),
        ExportParams),
    responses((status = 200, body = String, content_type = "application/octet-stream"), Problems))]
async fn export_rows(
    ctx: Ctx,
    PathId((id, format)): PathId<(String, String)>,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Response> {
    let asked = read(&query.unwrap_or_default())?;
    let format = As::read(&format).ok_or_else(Error::not_found)?;
    let dataset = visible(&ctx, &id).await?;
    // Says why, where there is nothing to have.
    let gated = open(&ctx, &dataset, asked.version, &asked.purpose).await?;
    export::respond(&ctx, &dataset, &gated, format, &asked.query, asked.purpose).await
}
