//! Recorded values over HTTP.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use tianyuan_kernel::App;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, FieldError, Problems, Result};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{NewValue, ValueId, doubt, doubted, record, sheet, store, validate};
use crate::bundle::read::Located;
use crate::indicators::{self, IndicatorId};
use crate::plans::{self, PlanId};
use crate::words::{Period, Source};
use crate::workbook::Binary;

/// The routes of values.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_values))
        .signed_in(routes!(record_value))
        .signed_in(routes!(import_values))
}

/// A recorded value.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = IndicatorValue)]
pub struct Value {
    /// Its id.
    pub id: ValueId,
    /// The date it stands for.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The value, in the indicator's unit.
    pub value: f64,
    /// What it covers.
    pub period: Period,
    /// A remark; empty for strangers.
    pub note: String,
    /// Where it came from.
    pub source: Source,
    /// From 1, for its date and period.
    pub revision: i64,
    /// True when a later revision is in force.
    pub superseded: bool,
    /// When it was recorded.
    pub recorded_at: Micros,
    /// Who recorded it; null for the platform itself, erased people, and to strangers.
    pub recorded_by: Option<PersonRef>,
    /// The fact in the journal, for its receipt.
    pub fact_id: String,
}

/// A person, as records mention them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonRef {
    /// Person id.
    pub id: String,
    /// Name to show.
    pub name: String,
}

fn view(row: store::ValueRow, names: &BTreeMap<String, String>, staff: bool) -> Value {
    let by = row.recorded_by.filter(|_| staff);
    Value {
        id: row.id,
        at: row.at,
        value: row.value,
        period: row.period,
        note: if staff { row.note } else { String::new() },
        source: row.source,
        revision: row.revision,
        superseded: row.superseded,
        recorded_at: row.recorded_at,
        recorded_by: by.and_then(|id| {
            let name = names.get(&id)?.clone();
            Some(PersonRef { id, name })
        }),
        fact_id: row.fact_id,
    }
}

async fn names(app: &App, rows: &[store::ValueRow]) -> Result<BTreeMap<String, String>> {
    let mut ids: Vec<String> = rows.iter().filter_map(|r| r.recorded_by.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    app.authority().names(app, &ids).await
}

/// Every revision of an indicator's values, oldest first.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/values", tag = "plan",
    params(("id" = IndicatorId, Path), PageParams),
    responses((status = 200, body = List<Value>), Problems))]
async fn list_values(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    page: Page,
) -> Result<Json<List<Value>>> {
    let mut sql = ctx.read().await?;
    let access = indicators::access_to_view(&mut sql, &id).await?;
    ctx.allow(Action::View, &access)?;
    let rows = store::list(&mut sql, &id, &page).await?;
    let staff = ctx.who.is_signed_in();
    let names = if staff {
        names(&ctx.app, &rows).await?
    } else {
        BTreeMap::new()
    };
    let key = |r: &store::ValueRow| {
        vec![
            Json_::from(r.at.to_string()),
            Json_::from(r.revision),
            Json_::from(r.period.as_str()),
        ]
    };
    Ok(Json(List::build(rows, &page, key, |row| {
        view(row, &names, staff)
    })))
}

/// The values of an indicator that are in force, oldest first, as strangers see them.
pub(crate) async fn for_strangers(sql: &mut dyn Sql, id: &IndicatorId) -> Result<Vec<Value>> {
    let rows = store::in_force(sql, id).await?;
    let nobody = BTreeMap::new();
    Ok(rows.into_iter().map(|r| view(r, &nobody, false)).collect())
}

/// A value to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordValue)]
pub struct NewValueBody {
    /// The date it stands for, not after today.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The value, in the indicator's unit.
    pub value: f64,
    /// A remark, at most 2,000 characters; sealed in the ledger.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: String,
    /// What it covers. Without it: a flow's is the whole year on 31 December and year-to-date
    /// otherwise; a stock's or level's is its date.
    #[serde(default)]
    pub period: Option<Period>,
    /// The value stands although its unit was doubted (`unit_doubtful`).
    #[serde(default)]
    pub confirmed: bool,
}

/// Records a value. Every recording is a revision; what was recorded before stays. A value that is
/// thousands of times off the last one is refused (`unit_doubtful`) until it comes with
/// `confirmed`: 万元 may have been written for 亿元.
#[utoipa::path(post, path = "/api/v1/indicators/{id}/values", tag = "plan",
    params(("id" = IndicatorId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewValueBody,
    responses((status = 201, body = Value), Problems))]
async fn record_value(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    Json(body): Json<NewValueBody>,
) -> Result<Response> {
    // Before the writer's turn: others need not wait for what only reads.
    let access = indicators::access(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Record, &access)?;
    let to = access.recordable();
    let today = ctx.app.now().date();
    let period = validate(&to, (body.at, body.value, body.period), &body.note, today)
        .map_err(|faults| refused(faults.into_iter().map(|(f, c, d)| (f.to_owned(), c, d))))?;
    if !body.confirmed
        && let Some(words) =
            doubted(&mut ctx.read().await?, &to, (body.at, period, body.value)).await?
    {
        return Err(doubtful(Error::invalid(doubt::CODE, "value", words)));
    }
    let new = NewValue {
        at: body.at,
        value: body.value,
        period,
        note: body.note,
        source: Source::Manual,
    };
    let by = ctx.who.id.clone();
    let mut tx = ctx.begin().await?;
    let row = record(&ctx.app, &mut tx, &to, new, by.clone()).await?;
    let names = by
        .map(|id| (id, ctx.who.name.clone()))
        .into_iter()
        .collect();
    tx.answer(StatusCode::CREATED, &view(row, &names, true))
        .await
}

/// Says how a doubted value is confirmed.
fn doubtful(error: Error) -> Error {
    error.hint(Text::new(
        "数值属实时，加上 confirmed=true 再次提交。",
        "If the value is right, send it again with confirmed=true.",
    ))
}

/// One answer for all that is wrong.
fn refused(faults: impl Iterator<Item = (String, &'static str, Text)>) -> Error {
    let fields: Vec<FieldError> = faults
        .map(|(field, code, detail)| FieldError {
            field,
            code,
            detail,
        })
        .collect();
    match fields.as_slice() {
        [only] => Error::invalid(only.code, only.field.clone(), only.detail.clone()),
        _ => {
            let words = Text::new("有多处不符合要求。", "Several things are wrong.");
            let first = fields.first().map(|f| f.field.clone()).unwrap_or_default();
            Error::invalid("invalid", first, words).with_fields(fields)
        }
    }
}

/// What an import of values did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValuesImported {
    /// How many values were recorded.
    pub accepted: u64,
    /// Always empty: with anything wrong, nothing is recorded and the answer is 422.
    pub errors: Vec<Located>,
}

/// How values are imported.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ValuesImport {
    /// The values stand although their units were doubted.
    pub confirmed: Option<bool>,
}

/// Records values from a sheet headed 指标序号, 指标, 日期, 数值, 说明 (optionally 口径): a workbook
/// (.xlsx), or CSV in UTF-8 or GBK. All rows or none. Values thousands of times off the last one
/// are refused (`unit_doubtful`) unless `confirmed`.
#[utoipa::path(post, path = "/api/v1/plans/{id}/values/import", tag = "plan",
    params(("id" = PlanId, Path), ValuesImport),
    request_body(content(
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Binary = "text/csv"))),
    responses((status = 201, body = ValuesImported), Problems))]
async fn import_values(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    Query(how): Query<ValuesImport>,
    request: Request,
) -> Result<Response> {
    let media = crate::workbook::media_type(request.headers());
    let plan = {
        let mut sql = ctx.read().await?;
        plans::store::get(&mut sql, &id).await?
    };
    ctx.allow(Action::View, &plan)?;
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    let sheets = crate::workbook::open_table(&media, bytes).await?;
    let mut tx = ctx.begin().await?;
    let known = indicators::access_of_plan(&mut tx, &plan).await?;
    let today = ctx.app.now().date();
    let (values, mut errors) = sheet::read(&sheets, &known, today);
    let mut accepted = Vec::new();
    for value in values {
        let access = &known[value.indicator];
        let to = access.recordable();
        if !ctx.can(Action::Record, access) {
            errors.push(value.not_allowed());
        } else if how.confirmed != Some(true)
            && let Some(words) = doubted(
                &mut tx,
                &to,
                (value.new.at, value.new.period, value.new.value),
            )
            .await?
        {
            errors.push(value.doubtful(words));
        } else {
            accepted.push((to, value));
        }
    }
    if accepted.is_empty() && errors.is_empty() {
        errors.push(sheet::nothing());
    }
    if !errors.is_empty() {
        errors.sort_by_key(|e| e.spot.row);
        let faults = errors
            .into_iter()
            .map(|e| (e.spot.path(true), e.code, e.detail));
        return Err(refused(faults));
    }
    let count = accepted.len() as u64;
    for (to, value) in accepted {
        record(&ctx.app, &mut tx, &to, value.new, ctx.who.id.clone()).await?;
    }
    let body = ValuesImported {
        accepted: count,
        errors: Vec::new(),
    };
    tx.answer(StatusCode::CREATED, &body).await
}
