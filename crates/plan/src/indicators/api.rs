//! Indicators over HTTP.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes};
use tianyuan_kernel::jobs;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{BOUND, Indicator, IndicatorId, complete, get, store};
use crate::directory::Directory;
use crate::plans::{self, PlanId};
use crate::values::{measure, range::factor};

/// The routes of indicators.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_indicators))
        .public(routes!(get_indicator))
        .signed_in(routes!(patch_indicator))
}

/// Indicators of an edition, by number.
#[utoipa::path(get, path = "/api/v1/plans/{id}/indicators", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<Indicator>), Problems))]
async fn list_indicators(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<Indicator>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &plan)?;
    let directory = Directory::load(&mut sql).await?;
    let today = ctx.app.now().date();
    let rows = store::list(&mut sql, &plan.id, &page).await?;
    let list = List::build(rows, &page, |r| vec![Value::from(r.number)], |r| r);
    let items = complete(&mut sql, &directory, list.items, today).await?;
    Ok(Json(List {
        items,
        next_cursor: list.next_cursor,
    }))
}

/// One indicator.
#[utoipa::path(get, path = "/api/v1/indicators/{id}", tag = "plan",
    params(("id" = IndicatorId, Path)),
    responses((status = 200, body = Indicator, headers(("ETag" = String))), Problems))]
async fn get_indicator(ctx: Ctx, PathId(id): PathId<IndicatorId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let indicator = get(&mut sql, &id, ctx.app.now().date()).await?;
    ctx.allow(Action::View, &indicator)?;
    Ok(([(header::ETAG, etag(indicator.version))], Json(indicator)).into_response())
}

/// Which platform metric measures an indicator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorPatch {
    /// The metric's name; null unbinds.
    #[serde(deserialize_with = "present")]
    #[schema(required = true, nullable = true, value_type = Option<String>)]
    pub metric: Option<String>,
}

/// Null is a value here; leaving the field out is not.
fn present<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(d)
}

#[derive(Serialize)]
struct Bound<'a> {
    plan: &'a PlanId,
    number: i64,
    metric: Option<&'a str>,
}

/// Binds an indicator to a platform metric, or unbinds it. The metric's unit must be the
/// indicator's, or a multiple of it.
#[utoipa::path(patch, path = "/api/v1/indicators/{id}", tag = "plan",
    params(("id" = IndicatorId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = IndicatorPatch,
    responses((status = 200, body = Indicator, headers(("ETag" = String))), Problems))]
async fn patch_indicator(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    Json(patch): Json<IndicatorPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut indicator = get(&mut tx, &id, ctx.app.now().date()).await?;
    ctx.allow(Action::Edit, &indicator)?;
    ctx.if_match(indicator.version)?;
    if let Some(metric) = &patch.metric {
        check_metric(&ctx, metric, &indicator.unit)?;
    }
    if indicator.metric == patch.metric {
        return tx
            .answer_versioned(StatusCode::OK, indicator.version, &indicator)
            .await;
    }
    let metric = patch.metric.as_deref();
    if !store::set_metric(&mut tx, &id, indicator.version, metric).await? {
        return Err(Error::precondition_failed());
    }
    let fact = Bound {
        plan: &indicator.plan_id,
        number: indicator.number,
        metric,
    };
    tx.record(&BOUND, id.as_str(), &fact).await?;
    if metric.is_some() {
        // Whoever binds it wants to see the figure now, not at the next round.
        jobs::enqueue(&mut tx, &measure::READ_METRICS, &json!({})).await?;
    }
    indicator.metric = patch.metric;
    indicator.version += 1;
    tx.answer_versioned(StatusCode::OK, indicator.version, &indicator)
        .await
}

fn check_metric(ctx: &Ctx, name: &str, unit: &str) -> Result<()> {
    let Some(source) = ctx.app.metrics().source(name) else {
        let words = text!(
            "没有名为“{name}”的平台指标。",
            "There is no platform metric \"{name}\"."
        );
        return Err(
            Error::invalid("metric_unknown", "metric", words).hint(Text::new(
                "可用的见 /api/v1/metrics/platform。",
                "See /api/v1/metrics/platform.",
            )),
        );
    };
    let theirs = source.unit;
    if factor(theirs, unit).is_none() {
        let words = text!(
            "平台指标以“{theirs}”计，指标以“{unit}”计，无法换算。",
            "The metric is in {theirs}, the indicator in {unit}; they do not convert."
        );
        return Err(Error::invalid("metric_unit_mismatch", "metric", words));
    }
    Ok(())
}
