//! Evidence of a report, reached only through it.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tianyuan_kernel::files::{File, FileId};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::{ReportId, rules, store};
use crate::files::{attach, download, list, remove};
use crate::periods;
use crate::words::Stage;
use crate::workbook::Binary;

/// The routes of a report's evidence.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_report_files, attach_to_report))
        .signed_in(routes!(download_report_file, remove_report_file))
}

/// The report's entity for its files. Evidence changes only while the report may be written.
async fn report(ctx: &Ctx, id: &ReportId, action: Action) -> Result<Entity> {
    let mut sql = ctx.read().await?;
    let row = store::get(&mut sql, id).await?;
    let entity = row.access().written();
    ctx.allow(action, &entity)?;
    if action == Action::Record {
        let period = periods::get(&mut sql, &row.period).await?;
        rules::take(rules::Step::Save, row.stage, period.state)?;
    } else if !matches!(row.stage, Stage::Submitted | Stage::Accepted) {
        // Before it is sent, a report's evidence is for those who write and answer for it.
        let inside =
            ctx.can(Action::Record, &entity) || ctx.can(Action::Edit, &row.access().answered());
        if !inside {
            return Err(Error::hidden("View", "Report", id.as_str()));
        }
    }
    Ok(entity)
}

/// Evidence of a report.
#[utoipa::path(get, path = "/api/v1/reports/{id}/files", tag = "follow-up",
    params(("id" = ReportId, Path), PageParams),
    responses((status = 200, body = List<File>), Problems))]
async fn list_report_files(
    ctx: Ctx,
    PathId(id): PathId<ReportId>,
    page: Page,
) -> Result<Json<List<File>>> {
    list(&ctx, &report(&ctx, &id, Action::View).await?, &page).await
}

/// Attaches evidence to a report that was not sent yet: the body is the file, its name a query
/// parameter.
#[utoipa::path(post, path = "/api/v1/reports/{id}/files", tag = "follow-up",
    params(("id" = ReportId, Path), ("name" = String, Query, description = "File name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_report(
    ctx: Ctx,
    PathId(id): PathId<ReportId>,
    request: Request<Body>,
) -> Result<Response> {
    attach(&ctx, &report(&ctx, &id, Action::Record).await?, request).await
}

/// A report's file, as an attachment.
#[utoipa::path(get, path = "/api/v1/reports/{id}/files/{file_id}", tag = "follow-up",
    params(("id" = ReportId, Path), ("file_id" = FileId, Path)),
    responses((status = 200, body = Binary, content_type = "application/octet-stream"), Problems))]
async fn download_report_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(ReportId, FileId)>,
) -> Result<Response> {
    download(&ctx, &report(&ctx, &id, Action::View).await?, &file).await
}

/// Takes evidence from a report that was not sent yet.
#[utoipa::path(delete, path = "/api/v1/reports/{id}/files/{file_id}", tag = "follow-up",
    params(("id" = ReportId, Path), ("file_id" = FileId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_report_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(ReportId, FileId)>,
) -> Result<StatusCode> {
    remove(&ctx, &report(&ctx, &id, Action::Record).await?, &file).await
}
