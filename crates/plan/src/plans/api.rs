//! Editions over HTTP.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::load::{Units, load};
use super::{PLAN_EXPORTED, Plan, PlanDetail, PlanId, export, import, store, tree};
use crate::bundle::PlanBundle;
use crate::bundle::compare::{Differences, Matching, compare};
use crate::bundle::read::Located;
use crate::workbook::Binary;

/// The routes of editions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_plans))
        .public(routes!(get_plan))
        .public(routes!(compare_plans))
        .signed_in(routes!(import_plan))
        .signed_in(routes!(export_template))
        .signed_in(routes!(export_workbook))
}

/// Editions, in the order they were loaded. Drafts are listed to staff only.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plan", params(PageParams),
    responses((status = 200, body = List<Plan>), Problems))]
async fn list_plans(ctx: Ctx, page: Page) -> Result<Json<List<Plan>>> {
    let drafts = ctx.can(Action::View, &Entity::all("Plan"));
    let mut sql = ctx.read().await?;
    let rows = store::list(&mut sql, drafts, &page).await?;
    Ok(Json(List::build(
        rows,
        &page,
        |p| vec![Value::from(p.id.as_str())],
        |p| p,
    )))
}

/// One edition with its tree, goals and spatial pattern.
#[utoipa::path(get, path = "/api/v1/plans/{id}", tag = "plan",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = PlanDetail, headers(("ETag" = String))), Problems))]
async fn get_plan(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let plan = store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &plan)?;
    let (summary, pattern) = store::texts(&mut sql, &id).await?;
    let counts = store::state_counts(&mut sql, &id).await?;
    let (layers, programmes) = tree(
        store::layers(&mut sql, &id).await?,
        store::programmes(&mut sql, &id).await?,
        &counts,
    );
    let goals = store::goals(&mut sql, &id).await?;
    let version = plan.version;
    let detail = PlanDetail {
        plan,
        summary: summary.text(),
        layers,
        programmes,
        goals,
        pattern: pattern.into(),
    };
    Ok(([(header::ETAG, etag(version))], Json(detail)).into_response())
}

/// The other edition.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompareWith {
    /// The edition to compare with; what only it has counts as added.
    pub with: PlanId,
}

/// Two editions side by side.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanComparison {
    /// The edition of the path.
    pub base: Plan,
    /// The edition it is compared with.
    pub other: Plan,
    /// What differs.
    #[serde(flatten)]
    pub differences: Differences,
}

/// What another edition adds, drops and changes.
#[utoipa::path(get, path = "/api/v1/plans/{id}/compare", tag = "plan",
    params(("id" = PlanId, Path), CompareWith),
    responses((status = 200, body = PlanComparison), Problems))]
async fn compare_plans(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    Query(query): Query<CompareWith>,
) -> Result<Json<PlanComparison>> {
    let mut sql = ctx.read().await?;
    let base = store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &base)?;
    let other = store::get(&mut sql, &query.with).await?;
    ctx.allow(Action::View, &other)?;
    let before = load(&mut sql, &base, Units::Named).await?;
    let after = load(&mut sql, &other, Units::Named).await?;
    let differences = compare(&before, &after, Matching::ByTitle);
    Ok(Json(PlanComparison {
        base,
        other,
        differences,
    }))
}

/// What to do with what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// Only look at it.
    #[default]
    Check,
    /// Import it.
    Apply,
}

/// How to import.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// `check` (the default) changes nothing and says what would change.
    #[serde(default)]
    #[param(inline)]
    pub mode: ImportMode,
}

/// What an import would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportCheck {
    /// True when nothing is wrong.
    pub ok: bool,
    /// Everything that is wrong, by sheet, row and column.
    pub errors: Vec<Located>,
    /// The edition it would correct; null when it would load a new one.
    pub corrects: Option<Plan>,
    /// What would change; null while anything is wrong.
    pub changes: Option<Differences>,
}

/// Checks or imports an edition: a workbook, or a JSON bundle. The code of a known edition
/// corrects that edition, keeping ids and everything recorded; another code loads beside it. All
/// of it or nothing.
#[utoipa::path(post, path = "/api/v1/plans/import", tag = "plan",
    params(ImportQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content(
        (PlanBundle = "application/json"),
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses(
        (status = 200, body = ImportCheck, description = "Checked; nothing was changed"),
        (status = 201, body = Plan, description = "Imported"), Problems))]
async fn import_plan(
    ctx: Ctx,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Response> {
    ctx.allow(Action::Import, &Entity::all("Plan"))?;
    let media = crate::workbook::media_type(request.headers());
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    let (read, workbook) = crate::workbook::open_bundle(&media, bytes).await?;
    if query.mode == ImportMode::Check {
        let mut sql = ctx.read().await?;
        let check = match import::prepare(&mut sql, read).await? {
            Ok(prepared) => ImportCheck {
                ok: true,
                errors: Vec::new(),
                corrects: prepared.old.map(|(plan, _)| plan),
                changes: Some(prepared.differences),
            },
            Err(errors) => ImportCheck {
                ok: false,
                errors,
                corrects: None,
                changes: None,
            },
        };
        return Ok(Json(check).into_response());
    }
    let mut tx = ctx.begin().await?;
    let prepared = import::prepare(&mut tx, read)
        .await?
        .map_err(|faults| import::refused(&faults, workbook))?;
    if let Some((plan, _)) = &prepared.old {
        ctx.allow(Action::Import, plan)?;
    }
    let plan = import::apply(&ctx.app, &mut tx, &prepared, ctx.who.id.clone()).await?;
    let location = format!("/api/v1/plans/{}", plan.id);
    tx.answer_with(
        StatusCode::CREATED,
        &plan,
        Some(etag(plan.version)),
        Some(location),
    )
    .await
}

/// An empty workbook to write an edition in.
#[utoipa::path(get, path = "/api/v1/plans/template.xlsx", tag = "plan",
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn export_template(ctx: Ctx) -> Result<Response> {
    ctx.allow(Action::Export, &Entity::all("Plan"))?;
    let mut sql = ctx.read().await?;
    let year = i64::from(ctx.app.now().date().year());
    let bytes = export::template(&mut sql, year).await?;
    Ok(crate::workbook::download("plan-template.xlsx", bytes))
}

#[derive(Serialize)]
struct Exported<'a> {
    code: &'a str,
    version: i64,
    format: &'static str,
}

/// An edition as a workbook; importing it again changes nothing.
#[utoipa::path(get, path = "/api/v1/plans/{id}/workbook.xlsx", tag = "plan",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn export_workbook(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = store::get(&mut tx, &id).await?;
    ctx.allow(Action::Export, &plan)?;
    let bytes = export::workbook(&mut tx, &plan).await?;
    let fact = Exported {
        code: &plan.code,
        version: plan.version,
        format: "xlsx",
    };
    tx.record(&PLAN_EXPORTED, id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(crate::workbook::download(
        &format!("{}.xlsx", plan.code),
        bytes,
    ))
}
