//! The overview over HTTP.

use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::http::{Ctx, Json, PathId, Routes};
use utoipa_axum::routes;

use super::{Overview, overview};
use crate::plans::{self, PlanId};

/// The routes of the overview.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().public(routes!(get_overview))
}

/// An edition at a glance. Strangers are not told who reports.
#[utoipa::path(get, path = "/api/v1/plans/{id}/overview", tag = "plan",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = Overview), Problems))]
async fn get_overview(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Json<Overview>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &plan)?;
    let staff = ctx.who.is_signed_in();
    Ok(Json(overview(&ctx.app, &mut sql, plan, staff).await?))
}
