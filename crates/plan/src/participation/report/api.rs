//! The report over HTTP, and which clauses of the next draft come from which opinions.

use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes};
use utoipa_axum::routes;

use super::super::decisions;
use super::super::rounds::RoundId;
use super::super::rounds::api::allowed;
use super::{CHANGES_MAX, Quoted, Report, by_clause, quoted, report};
use crate::plans::{self, PlanId};

/// The routes of the report.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(round_report))
        .signed_in(routes!(plan_changes))
}

/// The report of a round as it stands now: counts of each channel, what was most raised, what was
/// declined and why, which clauses changed.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/report", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = Report), Problems))]
async fn round_report(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Json<Report>> {
    allowed(&ctx, &id, Action::View).await?;
    Ok(Json(report(&mut ctx.read().await?, &id).await?))
}

/// The next draft of an edition: which clauses change, to which wording, and from which opinions,
/// by measure.
#[utoipa::path(get, path = "/api/v1/plans/{id}/opinion-changes", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<Quoted>), Problems))]
async fn plan_changes(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<Quoted>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &plan)?;
    ctx.allow(Action::View, &Entity::all("Round"))?;
    let changes = decisions::store::changing(&mut sql, &id, CHANGES_MAX).await?;
    let changes = by_clause(quoted(&mut sql, changes).await?);
    Ok(Json(List::of_all(changes, &page)))
}
