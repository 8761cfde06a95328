//! Before and after over HTTP, for staff.

use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::text;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::result::{BeforeAfter, Show, before_after};
use super::{
    EVALUATED, EVENT_CHARS_MAX, Effect, EffectId, NOTE_CHARS_MAX, REMOVED, STANDING_MAX, check_day,
    check_text, store,
};
use crate::forecast::points;
use crate::forecast::series::Observation;
use crate::forecast::store::in_force_at;
use crate::indicators::{self, Indicator, IndicatorId};
use crate::plans::{self, PlanId};
use crate::words::{Nature, Period};

/// The routes of before and after.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(compare_before_after))
        .signed_in(routes!(evaluate_effect))
        .signed_in(routes!(list_effects))
        .signed_in(routes!(get_effect, remove_effect))
}

fn inside(indicator: &Indicator) -> Entity {
    Entity::new("Indicator", indicator.id.as_str()).of_units(indicator.authority.clone())
}

/// An event to compare before and after.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventAt {
    /// The day of the event.
    #[param(value_type = String, format = Date)]
    pub at: Date,
    /// Which values: for a flow `annual` or `ytd` (the default); else `point`.
    pub period: Option<Period>,
}

/// Compares an indicator before and after a day, without keeping anything.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/before-after", tag = "plan",
    params(("id" = IndicatorId, Path), EventAt),
    responses((status = 200, body = BeforeAfter), Problems))]
async fn compare_before_after(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    Query(asked): Query<EventAt>,
) -> Result<Json<BeforeAfter>> {
    let mut sql = ctx.read().await?;
    let indicator = indicators::get(&mut sql, &id, ctx.app.now().date()).await?;
    ctx.allow(Action::View, &inside(&indicator))?;
    let now = ctx.app.now();
    compare(&mut sql, &indicator, (asked.at, asked.period), now)
        .await
        .map(Json)
}

async fn compare(
    sql: &mut dyn Sql,
    indicator: &Indicator,
    (at, period): (Date, Option<Period>),
    now: Micros,
) -> Result<BeforeAfter> {
    let today = now.date();
    check_day(at, today)?;
    let flow = indicator.nature == Nature::Flow;
    let period = period.unwrap_or(if flow { Period::Ytd } else { Period::Point });
    if flow == (period == Period::Point) {
        let words = text!(
            "流量指标可选 annual 或 ytd，存量和水平指标为 point。",
            "A flow is compared by annual or ytd, a stock or level by point."
        );
        return Err(Error::invalid("period_mismatch", "period", words));
    }
    // Values of this very moment count.
    let mut values = in_force_at(sql, &[&indicator.id], now.plus_seconds(1), today).await?;
    let values = values.remove(indicator.id.as_str()).unwrap_or_default();
    let values: Vec<Observation> = if period == Period::Point {
        points(&values, today)
    } else {
        let found = values.iter().filter(|v| v.period == period);
        found
            .map(|v| Observation {
                at: v.at,
                value: v.value,
            })
            .collect()
    };
    let show = Show {
        unit: &indicator.unit,
        decimals: indicator.decimals,
    };
    before_after(period, &values, at, &show)
        .map_err(|refused| Error::invalid(refused.code, "at", refused.detail))
}

/// An evaluation to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEffect {
    /// The day of the event, not after today.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The event, at most 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    pub event: String,
    /// A remark, at most 2,000 characters; sealed in the ledger.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: String,
    /// Which values, as for comparing.
    #[serde(default)]
    pub period: Option<Period>,
}

/// Evaluates the effect of an event on an indicator and keeps it with the values it rests on; for
/// those who may report for the indicator.
#[utoipa::path(post, path = "/api/v1/indicators/{id}/effects", tag = "plan",
    params(("id" = IndicatorId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewEffect,
    responses((status = 201, body = Effect), Problems))]
async fn evaluate_effect(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    Json(body): Json<NewEffect>,
) -> Result<Response> {
    let now = ctx.app.now();
    let (indicator, result) = {
        let mut sql = ctx.read().await?;
        let indicator = indicators::get(&mut sql, &id, now.date()).await?;
        ctx.allow(Action::Record, &inside(&indicator))?;
        check_text(body.event.trim(), "event", (1, EVENT_CHARS_MAX))?;
        check_text(&body.note, "note", (0, NOTE_CHARS_MAX))?;
        let result = compare(&mut sql, &indicator, (body.at, body.period), now).await?;
        (indicator, result)
    };
    let mut tx = ctx.begin().await?;
    if store::standing(&mut tx, &id).await? >= STANDING_MAX {
        let words = text!(
            "一个指标最多保留 {STANDING_MAX} 份前后对比，请先删除不用的。",
            "An indicator keeps at most {STANDING_MAX} evaluations; remove those no longer needed."
        );
        return Err(Error::conflict("effects_too_many", words));
    }
    let event = body.event.trim().to_owned();
    let effect_id = EffectId::new(&ctx.app);
    let fact = json!({
        "plan": indicator.plan_id, "indicator": indicator.number, "effect": effect_id,
        "at": body.at, "event": event, "note": body.note, "period": result.period,
        "level": result.level, "slope": result.slope, "at_end": result.at_end,
    });
    let fact = tx.record(&EVALUATED, effect_id.as_str(), &fact).await?;
    let effect = Effect {
        id: effect_id,
        plan_id: indicator.plan_id,
        indicator_id: indicator.id,
        indicator_number: indicator.number,
        indicator_name: indicator.name,
        indicator_name_en: indicator.name_en,
        unit: indicator.unit,
        decimals: indicator.decimals,
        at: body.at,
        event,
        note: body.note,
        result,
        created_at: now,
        fact_id: fact.as_str().to_owned(),
    };
    store::insert(&mut tx, &effect, ctx.who.id.as_deref()).await?;
    tx.answer(StatusCode::CREATED, &effect).await
}

/// The evaluations of an edition, the newest first.
#[utoipa::path(get, path = "/api/v1/plans/{id}/effects", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<Effect>), Problems))]
async fn list_effects(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<Effect>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &Entity::new("Plan", plan.id.as_str()))?;
    let rows = store::list(&mut sql, &plan.id, &page).await?;
    let key = |e: &Effect| vec![Value::from(e.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |e| e)))
}

/// One evaluation.
#[utoipa::path(get, path = "/api/v1/effects/{id}", tag = "plan",
    params(("id" = EffectId, Path)), responses((status = 200, body = Effect), Problems))]
async fn get_effect(ctx: Ctx, PathId(id): PathId<EffectId>) -> Result<Json<Effect>> {
    let mut sql = ctx.read().await?;
    let effect = store::get(&mut sql, &id).await?;
    ctx.allow(
        Action::View,
        &Entity::new("Indicator", effect.indicator_id.as_str()),
    )?;
    Ok(Json(effect))
}

/// Removes an evaluation. Its fact stays.
#[utoipa::path(delete, path = "/api/v1/effects/{id}", tag = "plan",
    params(("id" = EffectId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_effect(ctx: Ctx, PathId(id): PathId<EffectId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let effect = store::get(&mut tx, &id).await?;
    let today = tx.now().date();
    let indicator = indicators::get(&mut tx, &effect.indicator_id, today).await?;
    ctx.allow(Action::Record, &inside(&indicator))?;
    let now = tx.now();
    if store::remove(&mut tx, &id, now).await? {
        let fact = json!({
            "plan": effect.plan_id, "indicator": effect.indicator_number, "at": effect.at,
            "event": effect.event,
        });
        tx.record(&REMOVED, id.as_str(), &fact).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
