//! Files that came with an opinion (附件): seen by staff, never on the public page.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use serde_json::Value as Json_;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::files::{self, File, FileId};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes, Tx};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa_axum::routes;

use super::super::rounds;
use super::{OpinionId, file_record, store};
use crate::workbook::Binary;

/// What strangers may attach, by extension.
const EXTENSIONS: [&str; 8] = ["pdf", "ofd", "png", "jpg", "jpeg", "webp", "docx", "txt"];
/// Files staff may keep with one opinion.
const FILES_MAX: usize = 20;

/// The routes of attachments.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_opinion_files, attach_to_opinion))
        .signed_in(routes!(download_opinion_file))
}

async fn opinion(ctx: &Ctx, id: &OpinionId, action: Action) -> Result<rounds::Round> {
    let mut sql = ctx.read().await?;
    let opinion = store::get(&mut sql, id).await?;
    let round = rounds::store::get_plain(&mut sql, &opinion.round_id).await?;
    if !ctx.who.is_signed_in() {
        return Err(Error::not_found());
    }
    ctx.allow(action, &round)?;
    Ok(round)
}

/// Files that came with an opinion.
#[utoipa::path(get, path = "/api/v1/opinions/{id}/files", tag = "plan",
    params(("id" = OpinionId, Path), PageParams),
    responses((status = 200, body = List<File>), Problems))]
async fn list_opinion_files(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    page: Page,
) -> Result<Json<List<File>>> {
    opinion(&ctx, &id, Action::Record).await?;
    let mut sql = ctx.read().await?;
    let rows = files::list(&mut sql, &file_record(&id), &page).await?;
    let key = |f: &File| vec![Json_::from(f.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |f| f)))
}

/// Attaches a file to an opinion: the body is the file, its name a query parameter.
#[utoipa::path(post, path = "/api/v1/opinions/{id}/files", tag = "plan",
    params(("id" = OpinionId, Path), ("name" = String, Query, description = "File name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_opinion(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    request: Request<Body>,
) -> Result<Response> {
    opinion(&ctx, &id, Action::Record).await?.changeable()?;
    let received = files::receive(&ctx.app, request).await?;
    let mut tx = ctx.begin().await?;
    let page = Page::default();
    if files::list(&mut tx, &file_record(&id), &page).await?.len() >= FILES_MAX {
        return Err(too_many(FILES_MAX));
    }
    let file = files::attach(&mut tx, &file_record(&id), received).await?;
    tx.answer(StatusCode::CREATED, &file).await
}

fn too_many(max: usize) -> Error {
    let words = text!(
        "最多附 {max} 个文件。",
        "At most {max} files can be attached."
    );
    Error::conflict("files_too_many", words)
}

/// A file that came with an opinion, as an attachment.
#[utoipa::path(get, path = "/api/v1/opinions/{id}/files/{file_id}", tag = "plan",
    params(("id" = OpinionId, Path), ("file_id" = FileId, Path)),
    responses((status = 200, body = Binary, content_type = "application/octet-stream"), Problems))]
async fn download_opinion_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(OpinionId, FileId)>,
) -> Result<Response> {
    opinion(&ctx, &id, Action::Record).await?;
    let file = {
        let mut sql = ctx.read().await?;
        files::get(&mut sql, &file_record(&id), &file).await?
    };
    files::download(&ctx.app, &file).await
}

/// Takes a stranger's file: fewer types and bytes than staff may send.
///
/// # Errors
/// 413, 415 or 422 as [`files::receive`]; 409 when there are enough.
pub(crate) async fn from_stranger(
    ctx: &Ctx,
    opinion: &OpinionId,
    token_hash: &[u8; 32],
    request: Request<Body>,
) -> Result<File> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_ascii_lowercase();
    let name = query.split('&').find_map(|pair| pair.strip_prefix("name="));
    let extension = name.and_then(|n| n.rsplit_once('.')).map(|(_, e)| e);
    if !extension.is_some_and(|e| EXTENSIONS.contains(&e)) {
        let known = EXTENSIONS.join(", ");
        let words = text!("附件可以是：{known}。", "A file may be one of: {known}.");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Error::new(status, "file_type", words).field("name"));
    }
    let limits = &ctx.app.config().participation;
    let request = Request::from_parts(parts.clone(), body);
    let bytes = read_body(request, limits.attachment_bytes_max).await?;
    let request = Request::from_parts(parts, Body::from(bytes));
    let received = files::receive(&ctx.app, request).await?;
    let mut tx = Tx::begin(&ctx.app, None).await?;
    let most = i64::from(limits.attachments_max);
    if !store::take_file_place(&mut tx, token_hash, most).await? {
        return Err(too_many(limits.attachments_max as usize));
    }
    let file = files::attach(&mut tx, &file_record(opinion), received).await?;
    tx.commit().await?;
    Ok(file)
}

/// Takes every file from an opinion whose words are erased.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn remove_all(tx: &mut Tx, opinion: &OpinionId) -> Result<()> {
    let record = file_record(opinion);
    loop {
        let some = files::list(tx, &record, &Page::default()).await?;
        if some.is_empty() {
            return Ok(());
        }
        for file in some {
            files::remove(tx, &record, &file.id).await?;
        }
    }
}

/// The refusal of a file for which the time is over.
#[must_use]
pub(crate) fn too_late() -> Error {
    let words = Text::new(
        "附件须在提交意见后一小时内上传。",
        "Files are taken within an hour of the opinion.",
    );
    Error::conflict("attachment_too_late", words)
}
