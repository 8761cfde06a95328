//! Forecasts over HTTP, for staff.

use std::cmp::Ordering;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::App;
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::text;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::targets::{Risk, TargetOutlook};
use super::{IndicatorForecast, Subject, forecast, store};
use crate::bundle::check::YEARS;
use crate::directory::Directory;
use crate::indicators::rules::Latest;
use crate::indicators::{self, Indicator, IndicatorId};
use crate::plans::{self, PlanId};

/// The routes of forecasts.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(indicator_forecast))
        .signed_in(routes!(target_risks))
}

/// The day a forecast is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// Only values recorded by the end of this day count; today when absent.
    #[param(value_type = Option<String>, format = Date)]
    pub as_of: Option<Date>,
}

impl AsOf {
    /// The day asked for and the moment it ends.
    ///
    /// # Errors
    /// 422 for a day to come or out of range.
    pub fn day(&self, app: &App) -> Result<(Date, Micros)> {
        let today = app.now().date();
        let day = self.as_of.unwrap_or(today);
        if day > today {
            let words = text!(
                "as_of 不能晚于今天 {today}，收到 {day}。",
                "as_of is not after today, {today}; got {day}."
            );
            return Err(Error::invalid("date_in_future", "as_of", words));
        }
        if !YEARS.contains(&i64::from(day.year())) {
            let words = text!(
                "as_of 应在 1990 到 2100 年之间，收到 {day}。",
                "as_of lies between 1990 and 2100; got {day}."
            );
            return Err(Error::invalid("date_out_of_range", "as_of", words));
        }
        let next = day.saturating_add(jiff::Span::new().days(1));
        let midnight = jiff::tz::offset(8)
            .to_timestamp(next.at(0, 0, 0, 0))
            .map_err(Error::internal)?;
        Ok((day, Micros(midnight.as_microsecond())))
    }
}

/// An indicator's forecast: how its values go on, how sure that is, and the chance of meeting
/// each target. For staff.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/forecast", tag = "plan",
    params(("id" = IndicatorId, Path), AsOf),
    responses((status = 200, body = IndicatorForecast), Problems))]
async fn indicator_forecast(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    Query(asked): Query<AsOf>,
) -> Result<Json<IndicatorForecast>> {
    let mut sql = ctx.read().await?;
    let indicator = indicators::get(&mut sql, &id, ctx.app.now().date()).await?;
    let inside = Entity::new("Indicator", id.as_str()).of_units(indicator.authority.clone());
    ctx.allow(Action::View, &inside)?;
    let (day, moment) = asked.day(&ctx.app)?;
    let mut found = forecasts(&mut sql, vec![indicator], day, moment).await?;
    found
        .pop()
        .map(|(_, forecast)| Json(forecast))
        .ok_or_else(Error::not_found)
}

/// The forecasts of some indicators.
pub(crate) async fn forecasts(
    sql: &mut dyn Sql,
    indicators: Vec<Indicator>,
    day: Date,
    moment: Micros,
) -> Result<Vec<(Indicator, IndicatorForecast)>> {
    let ids: Vec<&IndicatorId> = indicators.iter().map(|i| &i.id).collect();
    let mut values = store::in_force_at(sql, &ids, moment, day).await?;
    // Fits many models: not on a thread that serves others.
    let work = move || {
        indicators
            .into_iter()
            .map(|one| {
                let values = values.remove(one.id.as_str()).unwrap_or_default();
                let forecast = forecast(&Subject::from(&one), &values, day);
                (one, forecast)
            })
            .collect()
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

/// A target and its risk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetAtRisk {
    /// The indicator.
    pub indicator_id: IndicatorId,
    /// Its number.
    pub number: i64,
    /// Official name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// Unit of its values.
    pub unit: String,
    /// Decimals to show.
    pub decimals: i64,
    /// The responsible units.
    pub units: Vec<UnitRef>,
    /// The latest value in force today.
    pub latest: Option<Latest>,
    /// The target and how it looks.
    pub target: TargetOutlook,
}

/// The targets of an edition, those most likely to be missed first; then those of which nothing
/// can be said, and last those whose day has come. For staff.
#[utoipa::path(get, path = "/api/v1/plans/{id}/target-risks", tag = "plan",
    params(("id" = PlanId, Path), AsOf, PageParams),
    responses((status = 200, body = List<TargetAtRisk>), Problems))]
async fn target_risks(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Query(asked): Query<AsOf>,
    page: Page,
) -> Result<Json<List<TargetAtRisk>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &Entity::new("Plan", plan.id.as_str()))?;
    let (day, moment) = asked.day(&ctx.app)?;
    let all = risks(&mut sql, &plan.id, (day, moment), ctx.app.now().date()).await?;
    Ok(Json(List::of_all(all, &page)))
}

/// Every target of an edition with its risk, the likeliest to be missed first.
pub(crate) async fn risks(
    sql: &mut dyn Sql,
    plan: &PlanId,
    (day, moment): (Date, Micros),
    today: Date,
) -> Result<Vec<TargetAtRisk>> {
    let directory = Directory::load(sql).await?;
    let rows = indicators::store::all(sql, plan).await?;
    let indicators = indicators::complete(sql, &directory, rows, today).await?;
    let mut all: Vec<TargetAtRisk> = Vec::new();
    for (one, forecast) in forecasts(sql, indicators, day, moment).await? {
        for target in forecast.targets {
            all.push(TargetAtRisk {
                indicator_id: one.id.clone(),
                number: one.number,
                name: one.name.clone(),
                name_en: one.name_en.clone(),
                unit: one.unit.clone(),
                decimals: one.decimals,
                units: one.units.clone(),
                latest: one.latest,
                target,
            });
        }
    }
    all.sort_by(|a, b| pressing(&a.target, &b.target).then(a.number.cmp(&b.number)));
    Ok(all)
}

fn pressing(a: &TargetOutlook, b: &TargetOutlook) -> Ordering {
    let rank = |t: &TargetOutlook| match t.risk {
        Risk::Unlikely | Risk::Uncertain | Risk::Likely => 0,
        Risk::Unknown => 1,
        Risk::Missed => 2,
        Risk::Met => 3,
    };
    let chance = |t: &TargetOutlook| t.chance.unwrap_or(1.0);
    rank(a)
        .cmp(&rank(b))
        .then(chance(a).total_cmp(&chance(b)))
        .then(a.due.cmp(&b.due))
}
