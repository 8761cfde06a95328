//! Reports over HTTP.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::Value as Json_;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::changes::{PeriodChanges, changes};
use super::figures::{Asking, FigureGiven};
use super::lists::{self, Filter, Names, is_late};
use super::standing::{PeriodStanding, standing};
use super::steps::{self, Written};
use super::store::{self, ReportRow};
use super::{OtherReport, PeriodRef, PreviousReport, Report, ReportId, ReportLine};
use crate::periods::api::viewed;
use crate::periods::{self, PeriodId, ReportingPeriod};
use crate::words::{MeasureState, Stage};

/// The routes of reports.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_reports))
        .signed_in(routes!(period_standing))
        .signed_in(routes!(period_changes))
        .signed_in(routes!(get_report, patch_report))
        .signed_in(routes!(submit_report))
        .signed_in(routes!(endorse_report))
        .signed_in(routes!(return_report))
        .signed_in(routes!(accept_report))
        .signed_in(routes!(delegate_report))
}

/// Reports of a period, by measure. `mine` lists what the caller owes.
#[utoipa::path(get, path = "/api/v1/periods/{id}/reports", tag = "follow-up",
    params(("id" = PeriodId, Path), Filter, PageParams),
    responses((status = 200, body = List<ReportLine>), Problems))]
async fn list_reports(
    ctx: Ctx,
    PathId(id): PathId<PeriodId>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<Json<List<ReportLine>>> {
    let mut sql = ctx.read().await?;
    let (period, _) = viewed(&ctx, &mut sql, &id).await?;
    let rows = lists::rows(&ctx, &mut sql, &period, &filter, &page).await?;
    let names = Names::load(&ctx.app, &mut sql, &rows).await?;
    let today = ctx.app.now().date();
    let key = |r: &ReportRow| vec![Json_::from(r.measure.number), Json_::from(r.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |row| {
        names.line(&row, &period, today)
    })))
}

/// Where a period stands: who is late, who is missing, what waits for review.
#[utoipa::path(get, path = "/api/v1/periods/{id}/standing", tag = "follow-up",
    params(("id" = PeriodId, Path)),
    responses((status = 200, body = PeriodStanding), Problems))]
async fn period_standing(ctx: Ctx, PathId(id): PathId<PeriodId>) -> Result<Json<PeriodStanding>> {
    let reporters = ctx
        .app
        .authority()
        .units_with_role(&ctx.app, Role::UnitReporter)
        .await?;
    let mut sql = ctx.read().await?;
    let (period, _) = viewed(&ctx, &mut sql, &id).await?;
    let today = ctx.app.now().date();
    standing(&mut sql, period, &reporters, today)
        .await
        .map(Json)
}

/// What changed in a period since the one before it.
#[utoipa::path(get, path = "/api/v1/periods/{id}/changes", tag = "follow-up",
    params(("id" = PeriodId, Path)),
    responses((status = 200, body = PeriodChanges), Problems))]
async fn period_changes(ctx: Ctx, PathId(id): PathId<PeriodId>) -> Result<Json<PeriodChanges>> {
    let mut sql = ctx.read().await?;
    let (period, _) = viewed(&ctx, &mut sql, &id).await?;
    let today = ctx.app.now().date();
    changes(&mut sql, period, today).await.map(Json)
}

/// A report, whole.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "follow-up",
    params(("id" = ReportId, Path)),
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn get_report(ctx: Ctx, PathId(id): PathId<ReportId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let row = store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &row.access())?;
    let tag = etag(row.version);
    let report = whole(&ctx, &mut sql, row).await?;
    Ok(([(header::ETAG, tag)], Json(report)).into_response())
}

/// Completes a report for its reader. What was not sent is for those who write and answer for it.
async fn whole(ctx: &Ctx, sql: &mut dyn Sql, row: ReportRow) -> Result<Report> {
    let period = periods::get(sql, &row.period).await?;
    let today = ctx.app.now().date();
    let others = store::of_measure(sql, &row.period, &row.measure.id).await?;
    let before = before(sql, &row, &period).await?;
    let given = store::figures(sql, &row.id).await?;
    let asking = Asking::load(sql, &row.plan, today).await?;
    let names = Names::load(&ctx.app, sql, std::slice::from_ref(&row)).await?;
    let may_record = ctx.can(Action::Record, &row.access().written());
    let may_review = ctx.can(Action::Edit, &row.access().answered());
    let may_accept = ctx.can(Action::Publish, &row.access().answered());
    let inside = may_record || may_review || may_accept;
    let sent = matches!(row.stage, Stage::Submitted | Stage::Accepted);
    let shown = inside || sent;
    let given = if shown { given } else { Vec::new() };
    let figures = asking.figures((row.measure.number, row.unit.as_str()), period.ends, &given);
    let mut line = names.line(&row, &period, today);
    line.state = line.state.filter(|_| shown);
    let other = |other: ReportRow| OtherReport {
        unit: names.unit(&other.unit),
        stage: other.stage,
        state: other
            .state
            .filter(|_| matches!(other.stage, Stage::Submitted | Stage::Accepted)),
        late: is_late(&other, &period, today),
        id: other.id,
    };
    Ok(Report {
        body: if shown { row.body } else { String::new() },
        comment: if inside { row.comment } else { String::new() },
        figures,
        submitted_by: names.person(row.submitted.1.as_ref()),
        endorsed_by: names.person(row.endorsed.1.as_ref()),
        reviewed_by: names.person(row.reviewed.1.as_ref()),
        others: others
            .into_iter()
            .filter(|o| o.id != line.id)
            .map(other)
            .collect(),
        previous: before.filter(|_| shown),
        may_record,
        may_review,
        may_accept,
        line,
        period: PeriodRef {
            id: period.id,
            title: period.title,
            starts: period.starts,
            ends: period.ends,
            due: period.due,
            state: period.state,
        },
    })
}

async fn before(
    sql: &mut dyn Sql,
    row: &ReportRow,
    period: &ReportingPeriod,
) -> Result<Option<PreviousReport>> {
    let Some(before) = periods::previous(sql, period).await? else {
        return Ok(None);
    };
    let report = store::of_unit(sql, &before.id, &row.measure.id, &row.unit).await?;
    Ok(report.map(|report| PreviousReport {
        id: report.id,
        period: before.title,
        stage: report.stage,
        state: report.state,
        body: report.body,
    }))
}

/// What a report says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportPatch {
    /// How far the measure has come; null while undecided.
    #[serde(default)]
    pub state: Option<MeasureState>,
    /// What was done in the period, at most 5,000 characters.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub body: String,
    /// Figures to set or take away; those left out stay.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub figures: Vec<FigureGiven>,
}

/// Loads a report for a step: who may, and at which version.
async fn stepped(
    ctx: &Ctx,
    tx: &mut Tx,
    id: &ReportId,
    action: Action,
) -> Result<(ReportRow, ReportingPeriod)> {
    let row = store::get(tx, id).await?;
    let entity = match action {
        Action::Record => row.access().written(),
        _ => row.access().answered(),
    };
    ctx.allow(action, &entity)?;
    ctx.if_match(row.version)?;
    let period = periods::get(tx, &row.period).await?;
    Ok((row, period))
}

/// Answers a step with the report as it is now.
async fn answered(ctx: &Ctx, mut tx: Tx, row: ReportRow) -> Result<Response> {
    let version = row.version;
    let report = whole(ctx, &mut tx, row).await?;
    tx.answer_versioned(StatusCode::OK, version, &report).await
}

/// Keeps a report as a draft. Figures are checked at once: a value whose unit seems mistaken is
/// refused (`unit_doubtful`) until it comes with `confirmed`. Saying the same again changes and
/// records nothing.
#[utoipa::path(patch, path = "/api/v1/reports/{id}", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = ReportPatch,
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn patch_report(
    ctx: Ctx,
    PathId(id): PathId<ReportId>,
    Json(patch): Json<ReportPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Record).await?;
    let asking = Asking::load(&mut tx, &row.plan, ctx.app.now().date()).await?;
    let written = Written {
        state: patch.state,
        body: patch.body,
        figures: patch.figures,
    };
    let row = steps::save(&mut tx, row, &period, &asking, written).await?;
    answered(&ctx, tx, row).await
}

/// Sends a report for review.
#[utoipa::path(post, path = "/api/v1/reports/{id}/submit", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn submit_report(ctx: Ctx, PathId(id): PathId<ReportId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Record).await?;
    let today = ctx.app.now().date();
    let row = steps::submit(&mut tx, row, &period, today).await?;
    answered(&ctx, tx, row).await
}

/// The unit's lead stands behind a report that waits for review.
#[utoipa::path(post, path = "/api/v1/reports/{id}/endorse", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn endorse_report(ctx: Ctx, PathId(id): PathId<ReportId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Edit).await?;
    let row = steps::endorse(&mut tx, row, &period).await?;
    answered(&ctx, tx, row).await
}

/// Why a report is sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportReturn {
    /// What to change, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub comment: String,
}

/// Sends a report back to its unit with a comment; by the unit's lead or the plan office.
#[utoipa::path(post, path = "/api/v1/reports/{id}/return", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = ReportReturn,
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn return_report(
    ctx: Ctx,
    PathId(id): PathId<ReportId>,
    Json(input): Json<ReportReturn>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Edit).await?;
    let row = steps::send_back(&mut tx, row, &period, &input.comment).await?;
    answered(&ctx, tx, row).await
}

/// Accepts a report: the measure takes its state (of joint measures, what all accepted reports
/// make of it) and the indicators its figures.
#[utoipa::path(post, path = "/api/v1/reports/{id}/accept", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn accept_report(ctx: Ctx, PathId(id): PathId<ReportId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Publish).await?;
    let asking = Asking::load(&mut tx, &row.plan, ctx.app.now().date()).await?;
    let row = steps::accept(&ctx.app, &mut tx, row, &period, &asking).await?;
    answered(&ctx, tx, row).await
}

/// Whom a report is handed to; neither takes it back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Another unit.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// A person, who may then write this report whatever their unit.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub person_id: Option<String>,
}

/// Hands a report to another unit or a named person for this period; by the unit's lead or the
/// plan office. The unit keeps its right to write it.
#[utoipa::path(post, path = "/api/v1/reports/{id}/delegation", tag = "follow-up",
    params(("id" = ReportId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = Delegation,
    responses((status = 200, body = Report, headers(("ETag" = String))), Problems))]
async fn delegate_report(
    ctx: Ctx,
    PathId(id): PathId<ReportId>,
    Json(input): Json<Delegation>,
) -> Result<Response> {
    // Before the writer's turn: names are asked elsewhere.
    let unknown = match &input.person_id {
        Some(person) if person.len() > 64 => true,
        Some(person) => {
            let ids = [person.clone()];
            let names = ctx.app.authority().names(&ctx.app, &ids).await?;
            !names.contains_key(person)
        }
        None => false,
    };
    let mut tx = ctx.begin().await?;
    let (row, period) = stepped(&ctx, &mut tx, &id, Action::Edit).await?;
    if unknown {
        let words = Text::new("没有这个人员账号。", "There is no such person.");
        return Err(Error::invalid("person_unknown", "person_id", words));
    }
    let to = (input.unit_id, input.person_id);
    let row = steps::delegate(&mut tx, row, &period, to).await?;
    answered(&ctx, tx, row).await
}
