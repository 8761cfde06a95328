//! Schedules over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::period::{Cadence, PaperPeriod};
use super::super::{
    PaperKind, PaperLang,
    api::{by_period, issuer},
    deadline,
};
use super::{DAYS_AFTER_MAX, NextPaper, PaperSchedule, SCHEDULE_REMOVED, SCHEDULE_SET, ScheduleId};
use super::{due, store};
use crate::plans::{self, Plan, PlanId};

/// The routes of schedules.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_schedules, set_schedule))
        .signed_in(routes!(remove_schedule))
}

/// What a schedule does next: the paper of the last period if its day is still to come, or else
/// the present one's.
async fn next(
    sql: &mut dyn Sql,
    plan: &Plan,
    schedule: &PaperSchedule,
    today: jiff::civil::Date,
) -> Result<Option<NextPaper>> {
    let last = PaperPeriod::last_before(schedule.cadence, today);
    let present = PaperPeriod::holding(schedule.cadence, today);
    for period in [last, present] {
        let on = due(deadline(sql, &plan.id, &period).await?, schedule.days_after);
        if period.touches((plan.period.from, plan.period.to)) && on > today {
            return Ok(Some(NextPaper { period, on }));
        }
    }
    Ok(None)
}

/// What an edition makes by itself.
#[utoipa::path(get, path = "/api/v1/plans/{id}/paper-schedules", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<PaperSchedule>), Problems))]
async fn list_schedules(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<PaperSchedule>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::Export, &plan)?;
    let today = ctx.app.now().date();
    let mut all = store::of_plan(&mut sql, &plan.id).await?;
    for schedule in &mut all {
        schedule.next = next(&mut sql, &plan, schedule, today).await?;
    }
    Ok(Json(List::of_all(all, &page)))
}

/// A schedule to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaperSchedule {
    /// What is made.
    pub kind: PaperKind,
    /// In which language.
    pub lang: PaperLang,
    /// For each period of this length.
    pub cadence: Cadence,
    /// So many days after the period's deadline, or after its end where none is set.
    #[schema(minimum = 0, maximum = 120)]
    pub days_after: i64,
    /// Who issues it, at most 40 characters.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub issuer: String,
}

/// Lets a paper be made by itself after each period. The first is that of the last period that is
/// over, once its day has come.
#[utoipa::path(post, path = "/api/v1/plans/{id}/paper-schedules", tag = "plan",
    params(("id" = PlanId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewPaperSchedule,
    responses((status = 201, body = PaperSchedule), Problems))]
async fn set_schedule(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(input): Json<NewPaperSchedule>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::Publish, &plan)?;
    by_period(input.kind)?;
    if !(0..=DAYS_AFTER_MAX).contains(&input.days_after) {
        let got = input.days_after;
        let words = text!(
            "天数应为 0 到 {DAYS_AFTER_MAX}，收到 {got}。",
            "The days are between 0 and {DAYS_AFTER_MAX}; got {got}."
        );
        return Err(Error::invalid("days_out_of_range", "days_after", words));
    }
    let mut schedule = PaperSchedule {
        id: ScheduleId::new(&ctx.app),
        plan_id: plan.id.clone(),
        kind: input.kind,
        lang: input.lang,
        cadence: input.cadence,
        days_after: input.days_after,
        issuer: issuer(&input.issuer)?,
        next: None,
        created_at: tx.now(),
    };
    if !store::insert(&mut tx, &schedule, ctx.who.id.as_deref()).await? {
        let words = Text::new(
            "同一种文种、语言和周期已经设定过，请先取消原来的。",
            "This kind, language and length is set already; remove that first.",
        );
        return Err(Error::conflict("schedule_exists", words));
    }
    let fact = json!({
        "plan": plan.id, "kind": schedule.kind, "lang": schedule.lang,
        "cadence": schedule.cadence, "days_after": schedule.days_after, "issuer": schedule.issuer,
    });
    tx.record(&SCHEDULE_SET, schedule.id.as_str(), &fact)
        .await?;
    let today = ctx.app.now().date();
    schedule.next = next(&mut tx, &plan, &schedule, today).await?;
    tx.answer(StatusCode::CREATED, &schedule).await
}

/// Lets a paper no longer be made by itself. Those that were made stay.
#[utoipa::path(delete, path = "/api/v1/paper-schedules/{id}", tag = "plan",
    params(("id" = ScheduleId, Path)), responses((status = 204), Problems))]
async fn remove_schedule(ctx: Ctx, PathId(id): PathId<ScheduleId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let schedule = store::get(&mut tx, &id).await?;
    let plan = plans::store::get(&mut tx, &schedule.plan_id).await?;
    if !ctx.can(Action::Publish, &plan) {
        return Err(Error::hidden("Publish", "Plan", plan.id.as_str()));
    }
    if store::remove(&mut tx, &id).await? {
        let fact = json!({
            "plan": plan.id, "kind": schedule.kind, "lang": schedule.lang,
            "cadence": schedule.cadence,
        });
        tx.record(&SCHEDULE_REMOVED, id.as_str(), &fact).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
