//! Goals over HTTP, for staff.

use std::collections::BTreeMap;

use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes, versioned};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::progress::{GoalDetail, GoalProgress, Read, progress};
use super::{Counted, GoalSource, SOURCE_SET, complete, entries_api, get, store};
use crate::bundle::YearValue;
use crate::directory::Directory;
use crate::forecast::series::Observation;
use crate::forecast::store::in_force_at;
use crate::forecast::{Recorded, Subject, tracks};
use crate::indicators::{self, Indicator, IndicatorId};
use crate::plans::{self, GoalId, PlanId};
use crate::values::range;

/// The routes of goals and their entries.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_goals))
        .signed_in(routes!(get_goal, set_goal_source))
        .merge(entries_api::routes())
}

/// What to multiply a number in one unit by to have it in another; related counts (个, 家) alike.
pub(crate) fn factor_to(from: &str, to: &str) -> f64 {
    range::factor(from, to).unwrap_or(1.0)
}

/// The goals of an edition and how far each has come, in the plan's order. For staff.
#[utoipa::path(get, path = "/api/v1/plans/{id}/goals", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<GoalProgress>), Problems))]
async fn list_goals(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<GoalProgress>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &Entity::new("Plan", plan.id.as_str()))?;
    let rows = store::all(&mut sql, &plan.id).await?;
    let goals = complete(&mut sql, rows).await?;
    let all = details(&mut sql, &plan.id, goals, ctx.app.now()).await?;
    let all = all.into_iter().map(|d| d.progress).collect();
    Ok(Json(List::of_all(all, &page)))
}

/// A goal with its way so far and ahead. For staff.
#[utoipa::path(get, path = "/api/v1/goals/{id}", tag = "plan",
    params(("id" = GoalId, Path)),
    responses((status = 200, body = GoalDetail, headers(("ETag" = String))), Problems))]
async fn get_goal(ctx: Ctx, PathId(id): PathId<GoalId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let goal = get(&mut sql, &id).await?;
    ctx.allow(Action::View, &goal)?;
    let detail = detail(&mut sql, goal, ctx.app.now()).await?;
    versioned(detail.progress.version, &detail)
}

async fn detail(sql: &mut dyn Sql, goal: Counted, now: Micros) -> Result<GoalDetail> {
    let plan = goal.plan_id.clone();
    let mut found = details(sql, &plan, vec![goal], now).await?;
    found.pop().ok_or_else(Error::not_found)
}

/// What there is of some goals of one edition: a handful of queries, however many goals.
pub(crate) async fn details(
    sql: &mut dyn Sql,
    plan: &PlanId,
    goals: Vec<Counted>,
    now: Micros,
) -> Result<Vec<GoalDetail>> {
    let today = now.date();
    let mut amounts = store::amounts(sql, plan).await?;
    let mut readings = store::readings(sql, plan).await?;
    let rows = indicators::store::all(sql, plan).await?;
    let bound = |number: i64| {
        goals
            .iter()
            .any(|g| g.goal.indicator_number == Some(number))
    };
    let rows = rows.into_iter().filter(|r| bound(r.number)).collect();
    let directory = Directory::load(sql).await?;
    let indicators = indicators::complete(sql, &directory, rows, today).await?;
    let ids: Vec<&IndicatorId> = indicators.iter().map(|i| &i.id).collect();
    let values = in_force_at(sql, &ids, now.plus_seconds(1), today).await?;
    // Fits many models: not on a thread that serves others.
    let work = move || {
        goals
            .into_iter()
            .map(|goal| {
                let read = match goal.source {
                    GoalSource::Entries => {
                        Read::Entries(amounts.remove(&goal.key).unwrap_or_default())
                    }
                    GoalSource::Metric => {
                        Read::Readings(readings.remove(&goal.key).unwrap_or_default())
                    }
                    GoalSource::Indicator => by_indicator(&goal, &indicators, &values, today),
                };
                progress(goal, read, today)
            })
            .collect()
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

fn by_indicator(
    goal: &Counted,
    indicators: &[Indicator],
    values: &BTreeMap<String, Vec<Recorded>>,
    today: Date,
) -> Read {
    let Some(one) = indicators
        .iter()
        .find(|i| Some(i.number) == goal.goal.indicator_number)
    else {
        return Read::Missing;
    };
    let factor = factor_to(&one.unit, &goal.goal.unit);
    let values: Vec<Recorded> = values
        .get(one.id.as_str())
        .into_iter()
        .flatten()
        .map(|v| Recorded {
            value: v.value * factor,
            ..*v
        })
        .collect();
    let due = [YearValue {
        year: i64::from(goal.goal.due.year()),
        value: goal.goal.value,
    }];
    let subject = Subject {
        targets: &due,
        unit: &goal.goal.unit,
        ..Subject::from(one)
    };
    let latest = one.latest.map(|l| Observation {
        at: l.at,
        value: l.value * factor,
    });
    Read::Indicator(one.id.clone(), latest, tracks(&subject, &values, today))
}

/// What a goal is to be counted from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalPatch {
    /// The source.
    pub source: GoalSource,
    /// The platform metric, when that is the source.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub metric: Option<String>,
}

/// Decides what a goal is counted from; for the plan office. A metric is read at once.
#[utoipa::path(patch, path = "/api/v1/goals/{id}", tag = "plan",
    params(("id" = GoalId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = GoalPatch,
    responses((status = 200, body = GoalDetail, headers(("ETag" = String))), Problems))]
async fn set_goal_source(
    ctx: Ctx,
    PathId(id): PathId<GoalId>,
    Json(patch): Json<GoalPatch>,
) -> Result<Response> {
    let goal = get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Edit, &goal)?;
    ctx.if_match(goal.version)?;
    let metric = check_source(&ctx, &goal, &patch)?;
    if goal.source != patch.source || goal.metric != metric {
        let mut tx = ctx.begin().await?;
        if !store::set_source(&mut tx, &goal, patch.source, metric.as_deref()).await? {
            return Err(Error::precondition_failed());
        }
        let fact = json!({
            "plan": goal.plan_id, "goal": goal.key, "source": patch.source, "metric": metric,
        });
        tx.record(&SOURCE_SET, id.as_str(), &fact).await?;
        tx.commit().await?;
    }
    let goal = get(&mut ctx.read().await?, &id).await?;
    if goal.source == GoalSource::Metric {
        super::measure::read(&ctx.app, &goal).await?;
    }
    let mut sql = ctx.read().await?;
    let detail = detail(&mut sql, goal, ctx.app.now()).await?;
    versioned(detail.progress.version, &detail)
}

fn check_source(ctx: &Ctx, goal: &Counted, patch: &GoalPatch) -> Result<Option<String>> {
    match (patch.source, &patch.metric) {
        (GoalSource::Metric, Some(name)) => {
            let Some(source) = ctx.app.metrics().source(name) else {
                let words = Text::new(
                    "没有这个平台指标，可用的见 /api/v1/metrics/platform。",
                    "There is no such platform metric; see /api/v1/metrics/platform.",
                );
                return Err(Error::invalid("metric_unknown", "metric", words));
            };
            let (theirs, ours) = (source.unit, &goal.goal.unit);
            let count = |unit: &str| matches!(unit, "个" | "家" | "项" | "人" | "条" | "rows");
            if range::factor(theirs, ours).is_none() && !(count(theirs) && count(ours)) {
                let words = text!(
                    "平台指标以“{theirs}”计，目标以“{ours}”计，无法换算。",
                    "The metric is in {theirs}, the goal in {ours}; they do not convert."
                );
                return Err(Error::invalid("metric_unit_mismatch", "metric", words));
            }
            Ok(Some(name.clone()))
        }
        (GoalSource::Metric, None) => {
            let words = Text::new("请选择平台指标。", "Choose the platform metric.");
            Err(Error::invalid("required", "metric", words))
        }
        (GoalSource::Indicator, _) if goal.goal.indicator_number.is_none() => {
            let words = Text::new(
                "方案没有为此目标指定指标。",
                "The plan binds this goal to no indicator.",
            );
            Err(Error::invalid("goal_without_indicator", "source", words))
        }
        (_, Some(_)) => {
            let words = Text::new(
                "只有来源为平台指标时才填 metric。",
                "metric goes with the source \"metric\" only.",
            );
            Err(Error::invalid("metric_unexpected", "metric", words))
        }
        (_, None) => Ok(None),
    }
}
