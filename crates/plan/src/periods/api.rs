//! Reporting periods over HTTP.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::remind::{Reminded, remind};
use super::{
    DUE_DAYS_DEFAULT, PERIOD_CHANGED, PERIOD_OPENED, PERIOD_PLANNED, PERIODS_MAX, PeriodId,
    REMIND_DAYS_DEFAULT, ReportingPeriod, all_within, bounds, check, roster, store, title,
};
use crate::plans::{self, Plan, PlanId};
use crate::reports::standing::{Counts, counts_of_plan};
use crate::words::{PeriodState, Span};

/// The routes of periods.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_periods, open_period))
        .signed_in(routes!(lay_out_periods))
        .signed_in(routes!(get_period, patch_period))
        .signed_in(routes!(remind_units))
}

/// A period with how far its reports have come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodLine {
    /// The period.
    #[serde(flatten)]
    pub period: ReportingPeriod,
    /// Its reports by stage.
    pub counts: Counts,
}

/// The reporting periods of an edition, the latest first.
#[utoipa::path(get, path = "/api/v1/plans/{id}/periods", tag = "follow-up",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<PeriodLine>), Problems))]
async fn list_periods(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<PeriodLine>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &plan)?;
    staff(&ctx)?;
    let today = ctx.app.now().date();
    let mut counts = counts_of_plan(&mut sql, &plan.id).await?;
    let lines = store::list(&mut sql, &plan.id).await?;
    let lines = lines
        .into_iter()
        .map(|period| {
            let mut counts = counts.remove(period.id.as_str()).unwrap_or_default();
            counts.count_late(period.is_overdue(today));
            PeriodLine { period, counts }
        })
        .collect();
    Ok(Json(List::of_all(lines, &page)))
}

/// Follow-up is for staff: an account of the public is told there is nothing.
pub(crate) fn staff(ctx: &Ctx) -> Result<()> {
    ctx.allow(Action::View, &Entity::all("Report"))
}

/// A period to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPeriod {
    /// How long it is.
    pub span: Span,
    /// Its year.
    #[schema(minimum = 1990, maximum = 2100)]
    pub year: i64,
    /// The month (1 to 12) or quarter (1 to 4); 1 for a year.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 12, default = 1)]
    pub number: i64,
    /// When reports are due; ten days after its end, unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// Units are reminded from this many days before the deadline; 5 unless said otherwise.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub remind_days: Option<i64>,
    /// A remark, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
}

fn one() -> i64 {
    1
}

/// Opens a period: from now on each responsible unit owes a report on each of its measures. A
/// planned period is opened with its own deadline unless another is given.
#[utoipa::path(post, path = "/api/v1/plans/{id}/periods", tag = "follow-up",
    params(("id" = PlanId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewPeriod,
    responses((status = 201, body = PeriodLine, headers(("ETag" = String))), Problems))]
async fn open_period(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(new): Json<NewPeriod>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::Edit, &plan)?;
    let mut period = wanted(&ctx, &plan, &new)?;
    if let Some(id) = store::at(&mut tx, &plan.id, period.span, period.starts).await? {
        let have = store::get(&mut tx, &id).await?;
        if have.state != PeriodState::Planned {
            return Err(exists(&have));
        }
        period.id = have.id;
        period.version = have.version;
        if new.due.is_none() {
            period.due = have.due;
        }
        if !store::update(&mut tx, &period).await? {
            return Err(Error::precondition_failed());
        }
        period.version += 1;
    } else {
        let have = store::list(&mut tx, &plan.id).await?.len();
        if have >= PERIODS_MAX {
            return Err(too_many());
        }
        if !store::insert(&mut tx, &period).await? {
            return Err(exists(&period));
        }
    }
    roster::bring_up_to_date(&mut tx, &period).await?;
    tx.record(&PERIOD_OPENED, period.id.as_str(), &period.fact())
        .await?;
    let line = line(&mut tx, period).await?;
    tx.answer_versioned(StatusCode::CREATED, line.period.version, &line)
        .await
}

fn wanted(ctx: &Ctx, plan: &Plan, new: &NewPeriod) -> Result<ReportingPeriod> {
    let Some((starts, ends)) = bounds(new.span, new.year, new.number) else {
        let (year, number) = (new.year, new.number);
        let words = text!(
            "没有这样的填报期：{year} 年的第 {number} 个。月份为 1 到 12，季度为 1 到 4，年度为 1。",
            "There is no such period: number {number} of {year}. Months are 1 to 12, quarters 1 to 4, a year is 1."
        );
        return Err(Error::invalid("period_unknown", "number", words));
    };
    let (from, to) = (plan.period.from, plan.period.to);
    if ends < from || starts > to {
        let words = text!(
            "填报期应与方案期间（{from} 至 {to}）相交。",
            "A reporting period lies within the edition's days, {from} to {to}."
        );
        return Err(Error::invalid("period_outside_plan", "year", words));
    }
    let due = new
        .due
        .or_else(|| ends.checked_add(DUE_DAYS_DEFAULT.days()).ok())
        .unwrap_or(ends);
    let remind_days = new.remind_days.unwrap_or(REMIND_DAYS_DEFAULT);
    let note = new.note.trim().to_owned();
    check(ends, due, remind_days, &note)?;
    Ok(ReportingPeriod {
        id: PeriodId::new(&ctx.app),
        plan_id: plan.id.clone(),
        span: new.span,
        title: title(new.span, starts),
        starts,
        ends,
        due,
        remind_days,
        state: PeriodState::Open,
        note,
        version: 1,
    })
}

fn exists(period: &ReportingPeriod) -> Error {
    let (zh, en) = (&period.title.zh, &period.title.en);
    let words = text!("{zh}已经开启过。", "{en} was opened before.");
    Error::conflict("period_exists", words).hint(Text::new(
        "需要重新开启时，把它的状态改为“填报中”。",
        "To open it again, set its state to open.",
    ))
}

fn too_many() -> Error {
    let words = text!(
        "一个方案最多 {PERIODS_MAX} 个填报期。",
        "An edition has at most {PERIODS_MAX} reporting periods."
    );
    Error::conflict("periods_too_many", words)
}

async fn line(sql: &mut dyn Sql, period: ReportingPeriod) -> Result<PeriodLine> {
    let mut all = counts_of_plan(sql, &period.plan_id).await?;
    let counts = all.remove(period.id.as_str()).unwrap_or_default();
    Ok(PeriodLine { period, counts })
}

/// Periods to lay out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayOut {
    /// How long each is.
    pub span: Span,
    /// Each is due this many days after its end; 10 unless said otherwise.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 90)]
    pub due_days: Option<i64>,
    /// Units are reminded from this many days before the deadline; 5 unless said otherwise.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub remind_days: Option<i64>,
}

/// What was laid out.
#[derive(Debug, Serialize, ToSchema)]
pub struct LaidOut {
    /// Periods added.
    pub added: i64,
    /// Periods the edition had already.
    pub kept: i64,
}

/// Latest deadline of periods laid out together, days after their end.
const LAID_OUT_DUE_DAYS_MAX: i64 = 90;

/// Lays out every period of a span over the edition's days. Each opens by itself on its last day;
/// those the edition has already stay as they are.
#[utoipa::path(post, path = "/api/v1/plans/{id}/periods/calendar", tag = "follow-up",
    params(("id" = PlanId, Path)), request_body = LayOut,
    responses((status = 201, body = LaidOut), Problems))]
async fn lay_out_periods(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(input): Json<LayOut>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::Edit, &plan)?;
    let due_days = input.due_days.unwrap_or(DUE_DAYS_DEFAULT);
    if !(0..=LAID_OUT_DUE_DAYS_MAX).contains(&due_days) {
        let words = text!(
            "截止天数应为期末后 0 到 {LAID_OUT_DUE_DAYS_MAX} 天，收到 {due_days}。",
            "The deadline is 0 to {LAID_OUT_DUE_DAYS_MAX} days after a period's end; got {due_days}."
        );
        return Err(Error::invalid("due_out_of_range", "due_days", words));
    }
    let remind_days = input.remind_days.unwrap_or(REMIND_DAYS_DEFAULT);
    let wanted = all_within(input.span, plan.period.from, plan.period.to);
    let have = store::list(&mut tx, &plan.id).await?.len();
    if have + wanted.len() > PERIODS_MAX {
        return Err(too_many());
    }
    let mut done = LaidOut { added: 0, kept: 0 };
    for (starts, ends) in wanted {
        let due = ends.checked_add(due_days.days()).unwrap_or(ends);
        check(ends, due, remind_days, "")?;
        let period = ReportingPeriod {
            id: PeriodId::new(&ctx.app),
            plan_id: plan.id.clone(),
            span: input.span,
            title: title(input.span, starts),
            starts,
            ends,
            due,
            remind_days,
            state: PeriodState::Planned,
            note: String::new(),
            version: 1,
        };
        if store::insert(&mut tx, &period).await? {
            tx.record(&PERIOD_PLANNED, period.id.as_str(), &period.fact())
                .await?;
            done.added += 1;
        } else {
            done.kept += 1;
        }
    }
    tx.answer(StatusCode::CREATED, &done).await
}

/// One period.
#[utoipa::path(get, path = "/api/v1/periods/{id}", tag = "follow-up",
    params(("id" = PeriodId, Path)),
    responses((status = 200, body = PeriodLine, headers(("ETag" = String))), Problems))]
async fn get_period(ctx: Ctx, PathId(id): PathId<PeriodId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let (period, _) = viewed(&ctx, &mut sql, &id).await?;
    let mut line = line(&mut sql, period).await?;
    let today = ctx.app.now().date();
    line.counts.count_late(line.period.is_overdue(today));
    let tag = etag(line.period.version);
    Ok(([(header::ETAG, tag)], Json(line)).into_response())
}

/// A period and its edition, both of which the caller may see.
pub(crate) async fn viewed(
    ctx: &Ctx,
    sql: &mut dyn Sql,
    id: &PeriodId,
) -> Result<(ReportingPeriod, Plan)> {
    let period = store::get(sql, id).await?;
    let plan = plans::store::get(sql, &period.plan_id).await?;
    ctx.allow(Action::View, &plan)?;
    staff(ctx)?;
    Ok((period, plan))
}

/// What changes of a period; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodPatch {
    /// When reports are due.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// Units are reminded from this many days before the deadline.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 60)]
    pub remind_days: Option<i64>,
    /// `open` or `closed`; a period that units reported in is never planned again.
    #[serde(default)]
    pub state: Option<PeriodState>,
    /// A remark, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: Option<String>,
}

/// Moves the deadline, closes or opens again. Saying the same again changes and records nothing.
#[utoipa::path(patch, path = "/api/v1/periods/{id}", tag = "follow-up",
    params(("id" = PeriodId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = PeriodPatch,
    responses((status = 200, body = PeriodLine, headers(("ETag" = String))), Problems))]
async fn patch_period(
    ctx: Ctx,
    PathId(id): PathId<PeriodId>,
    Json(patch): Json<PeriodPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (before, plan) = viewed(&ctx, &mut tx, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    ctx.if_match(before.version)?;
    let mut after = before.clone();
    after.due = patch.due.unwrap_or(before.due);
    after.remind_days = patch.remind_days.unwrap_or(before.remind_days);
    after.state = patch.state.unwrap_or(before.state);
    after.note = patch
        .note
        .map_or_else(|| before.note.clone(), |n| n.trim().to_owned());
    check(after.ends, after.due, after.remind_days, &after.note)?;
    if after.state == PeriodState::Planned && before.state != PeriodState::Planned {
        let words = Text::new(
            "已开启的填报期不能改回未开始，可以结束它。",
            "A period that was opened cannot be planned again; close it.",
        );
        return Err(Error::invalid("period_state", "state", words));
    }
    if after.fact() != before.fact() {
        if !store::update(&mut tx, &after).await? {
            return Err(Error::precondition_failed());
        }
        after.version += 1;
        let opens = after.state == PeriodState::Open && before.state != PeriodState::Open;
        if opens {
            roster::bring_up_to_date(&mut tx, &after).await?;
        }
        let kind = if opens && before.state == PeriodState::Planned {
            &PERIOD_OPENED
        } else {
            &PERIOD_CHANGED
        };
        tx.record(kind, id.as_str(), &after.fact()).await?;
    }
    let line = line(&mut tx, after).await?;
    tx.answer_versioned(StatusCode::OK, line.period.version, &line)
        .await
}

/// Reminds every unit of what it has not sent, now. A unit is reminded of a report once a day at
/// most; the reminder stands in its list and in the journal, and no e-mail is sent.
#[utoipa::path(post, path = "/api/v1/periods/{id}/reminders", tag = "follow-up",
    params(("id" = PeriodId, Path)),
    responses((status = 200, body = Reminded), Problems))]
async fn remind_units(ctx: Ctx, PathId(id): PathId<PeriodId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (period, plan) = viewed(&ctx, &mut tx, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    if period.state != PeriodState::Open {
        return Err(crate::reports::rules::not_open(period.state));
    }
    let told = remind(&mut tx, &period, true).await?;
    tx.answer(StatusCode::OK, &told).await
}
