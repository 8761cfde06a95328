//! Evidence (佐证材料) attached to measures and indicators, reached only through them and only by
//! staff.

#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use serde_json::Value;
use tianyuan_kernel::authority::{Action, Entity, Resource as _};
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::files::{self, File, FileId};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes};
use utoipa_axum::routes;

use crate::indicators::{self, IndicatorId};
use crate::measures::{self, MeasureId};
use crate::workbook::Binary;

/// The routes of evidence.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_measure_files, attach_to_measure))
        .signed_in(routes!(download_measure_file, remove_measure_file))
        .signed_in(routes!(list_indicator_files, attach_to_indicator))
        .signed_in(routes!(download_indicator_file, remove_indicator_file))
}

async fn measure(ctx: &Ctx, id: &MeasureId, action: Action) -> Result<Entity> {
    let mut sql = ctx.read().await?;
    let measure = measures::get(&mut sql, id).await?;
    ctx.allow(action, &measure)?;
    Ok(measure.entity())
}

async fn indicator(ctx: &Ctx, id: &IndicatorId, action: Action) -> Result<Entity> {
    let mut sql = ctx.read().await?;
    let access = indicators::access(&mut sql, id).await?;
    ctx.allow(action, &access)?;
    Ok(access.entity())
}

/// One page of a record's files.
pub(crate) async fn list(ctx: &Ctx, record: &Entity, page: &Page) -> Result<Json<List<File>>> {
    let mut sql = ctx.read().await?;
    let rows = files::list(&mut sql, record, page).await?;
    Ok(Json(List::build(
        rows,
        page,
        |f| vec![Value::from(f.id.as_str())],
        |f| f,
    )))
}

/// Receives a file for a record.
pub(crate) async fn attach(ctx: &Ctx, record: &Entity, request: Request<Body>) -> Result<Response> {
    let received = files::receive(&ctx.app, request).await?;
    let mut tx = ctx.begin().await?;
    let file = files::attach(&mut tx, record, received).await?;
    tx.answer(StatusCode::CREATED, &file).await
}

/// A record's file, as an attachment.
pub(crate) async fn download(ctx: &Ctx, record: &Entity, id: &FileId) -> Result<Response> {
    let file = {
        let mut sql = ctx.read().await?;
        files::get(&mut sql, record, id).await?
    };
    files::download(&ctx.app, &file).await
}

/// Takes a file from a record.
pub(crate) async fn remove(ctx: &Ctx, record: &Entity, id: &FileId) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    files::remove(&mut tx, record, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Evidence of a measure.
#[utoipa::path(get, path = "/api/v1/measures/{id}/files", tag = "plan",
    params(("id" = MeasureId, Path), PageParams),
    responses((status = 200, body = List<File>), Problems))]
async fn list_measure_files(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    page: Page,
) -> Result<Json<List<File>>> {
    list(&ctx, &measure(&ctx, &id, Action::View).await?, &page).await
}

/// Attaches evidence to a measure: the body is the file, its name a query parameter.
#[utoipa::path(post, path = "/api/v1/measures/{id}/files", tag = "plan",
    params(("id" = MeasureId, Path), ("name" = String, Query, description = "File name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_measure(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    request: Request<Body>,
) -> Result<Response> {
    attach(&ctx, &measure(&ctx, &id, Action::Record).await?, request).await
}

/// A measure's file, as an attachment.
#[utoipa::path(get, path = "/api/v1/measures/{id}/files/{file_id}", tag = "plan",
    params(("id" = MeasureId, Path), ("file_id" = FileId, Path)),
    responses((status = 200, body = Binary, content_type = "application/octet-stream"), Problems))]
async fn download_measure_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(MeasureId, FileId)>,
) -> Result<Response> {
    download(&ctx, &measure(&ctx, &id, Action::View).await?, &file).await
}

/// Takes evidence from a measure.
#[utoipa::path(delete, path = "/api/v1/measures/{id}/files/{file_id}", tag = "plan",
    params(("id" = MeasureId, Path), ("file_id" = FileId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_measure_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(MeasureId, FileId)>,
) -> Result<StatusCode> {
    remove(&ctx, &measure(&ctx, &id, Action::Record).await?, &file).await
}

/// Evidence of an indicator.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/files", tag = "plan",
    params(("id" = IndicatorId, Path), PageParams),
    responses((status = 200, body = List<File>), Problems))]
async fn list_indicator_files(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    page: Page,
) -> Result<Json<List<File>>> {
    list(&ctx, &indicator(&ctx, &id, Action::View).await?, &page).await
}

/// Attaches evidence to an indicator: the body is the file, its name a query parameter.
#[utoipa::path(post, path = "/api/v1/indicators/{id}/files", tag = "plan",
    params(("id" = IndicatorId, Path), ("name" = String, Query, description = "File name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_indicator(
    ctx: Ctx,
    PathId(id): PathId<IndicatorId>,
    request: Request<Body>,
) -> Result<Response> {
    attach(&ctx, &indicator(&ctx, &id, Action::Record).await?, request).await
}

/// An indicator's file, as an attachment.
#[utoipa::path(get, path = "/api/v1/indicators/{id}/files/{file_id}", tag = "plan",
    params(("id" = IndicatorId, Path), ("file_id" = FileId, Path)),
    responses((status = 200, body = Binary, content_type = "application/octet-stream"), Problems))]
async fn download_indicator_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(IndicatorId, FileId)>,
) -> Result<Response> {
    download(&ctx, &indicator(&ctx, &id, Action::View).await?, &file).await
}

/// Takes evidence from an indicator.
#[utoipa::path(delete, path = "/api/v1/indicators/{id}/files/{file_id}", tag = "plan",
    params(("id" = IndicatorId, Path), ("file_id" = FileId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_indicator_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(IndicatorId, FileId)>,
) -> Result<StatusCode> {
    remove(&ctx, &indicator(&ctx, &id, Action::Record).await?, &file).await
}
