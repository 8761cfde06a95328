//! Templates over HTTP.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::json;
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::files;
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::office::docx::{DOCX, TEMPLATE_BYTES_MAX};
use tianyuan_kernel::text::Text;
use utoipa_axum::routes;

use super::super::{PaperKind, PaperLang};
use super::{PaperTemplate, TEMPLATE_REMOVED, TEMPLATE_SET, checked, current, default, entity};
use super::{placeholders, store, vocabulary};
use crate::workbook::{Binary, media_type};

/// The routes of templates.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_templates))
        .signed_in(routes!(download_template, set_template, remove_template))
}

async fn view(ctx: &Ctx, kind: PaperKind, lang: PaperLang) -> Result<PaperTemplate> {
    let fields = vocabulary(kind).ok_or_else(Error::not_found)?;
    let (bytes, sha256) = current(&ctx.app, kind, lang).await?;
    let mut sql = ctx.read().await?;
    let own = store::get(&mut sql, kind, lang).await?;
    let name = match &own {
        Some(row) => {
            files::get(&mut sql, &entity(kind, lang), &row.file_id)
                .await?
                .name
        }
        None => String::new(),
    };
    Ok(PaperTemplate {
        kind,
        lang,
        name,
        is_default: own.is_none(),
        sha256,
        size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        set_at: own.map(|row| row.set_at),
        placeholders: placeholders(fields, None),
    })
}

/// The templates in force, by kind of paper and language, with the names each may use.
#[utoipa::path(get, path = "/api/v1/paper-templates", tag = "plan", params(PageParams),
    responses((status = 200, body = List<PaperTemplate>), Problems))]
async fn list_templates(ctx: Ctx, page: Page) -> Result<Json<List<PaperTemplate>>> {
    ctx.allow(Action::Export, &Entity::all("Plan"))?;
    let mut all = Vec::new();
    for kind in PaperKind::ALL {
        if vocabulary(kind).is_none() {
            continue;
        }
        for lang in PaperLang::ALL {
            all.push(view(&ctx, kind, lang).await?);
        }
    }
    Ok(Json(List::of_all(all, &page)))
}

/// Which template to take out.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichTemplate {
    /// True for the default, also while the office's own is in force.
    #[serde(default)]
    pub original: bool,
}

/// The template in force as a Word file, to be changed in Word and put back.
#[utoipa::path(get, path = "/api/v1/paper-templates/{kind}/{lang}", tag = "plan",
    params(("kind" = PaperKind, Path), ("lang" = PaperLang, Path), WhichTemplate),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"), Problems))]
async fn download_template(
    ctx: Ctx,
    PathId((kind, lang)): PathId<(PaperKind, PaperLang)>,
    Query(which): Query<WhichTemplate>,
) -> Result<Response> {
    ctx.allow(Action::Export, &Entity::all("Plan"))?;
    vocabulary(kind).ok_or_else(Error::not_found)?;
    let bytes = if which.original {
        default(kind, lang)?
    } else {
        current(&ctx.app, kind, lang).await?.0
    };
    let name = format!("{}-template-{}.docx", kind.as_str(), lang.as_str());
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(Error::internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(DOCX)),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

/// Puts the office's own template in force: a Word file whose placeholders are all known. What
/// is wrong with it is told with its place, and nothing changes.
#[utoipa::path(put, path = "/api/v1/paper-templates/{kind}/{lang}", tag = "plan",
    params(("kind" = PaperKind, Path), ("lang" = PaperLang, Path)),
    request_body(content = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    responses((status = 200, body = PaperTemplate), Problems))]
async fn set_template(
    ctx: Ctx,
    PathId((kind, lang)): PathId<(PaperKind, PaperLang)>,
    request: Request<Body>,
) -> Result<Json<PaperTemplate>> {
    ctx.allow(Action::Publish, &Entity::all("Plan"))?;
    vocabulary(kind).ok_or_else(Error::not_found)?;
    let media = media_type(request.headers());
    if media != DOCX {
        let words = Text::new(
            "请以 Word 文档（.docx）提交模板。",
            "Send the template as a Word document (.docx).",
        );
        let refused = Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type_unsupported",
            words,
        );
        return Err(refused.field("Content-Type"));
    }
    let bytes = read_body(request, TEMPLATE_BYTES_MAX).await?.to_vec();
    let copy = bytes.clone();
    tokio::task::spawn_blocking(move || checked(kind, &copy))
        .await
        .map_err(Error::internal)??;
    let name = format!("{}-{}.docx", kind.as_str(), lang.as_str());
    let received = files::keep(&ctx.app, &name, DOCX, bytes).await?;
    let sha256 = received.sha256().to_owned();
    let mut tx = ctx.begin().await?;
    let file = files::attach(&mut tx, &entity(kind, lang), received).await?;
    let now = tx.now();
    let by = ctx.who.id.as_deref();
    store::set(&mut tx, (kind, lang), &file.id, now, by).await?;
    let fact =
        json!({ "kind": kind, "lang": lang, "sha256": sha256, "size_bytes": file.size_bytes });
    tx.record(&TEMPLATE_SET, &entity(kind, lang).id, &fact)
        .await?;
    tx.commit().await?;
    Ok(Json(view(&ctx, kind, lang).await?))
}

/// Takes the office's own template away; the default serves again. Doing it again changes and
/// records nothing.
#[utoipa::path(delete, path = "/api/v1/paper-templates/{kind}/{lang}", tag = "plan",
    params(("kind" = PaperKind, Path), ("lang" = PaperLang, Path)),
    responses((status = 204), Problems))]
async fn remove_template(
    ctx: Ctx,
    PathId((kind, lang)): PathId<(PaperKind, PaperLang)>,
) -> Result<StatusCode> {
    ctx.allow(Action::Publish, &Entity::all("Plan"))?;
    vocabulary(kind).ok_or_else(Error::not_found)?;
    let mut tx = ctx.begin().await?;
    if store::remove(&mut tx, kind, lang).await? {
        let fact = json!({ "kind": kind, "lang": lang });
        tx.record(&TEMPLATE_REMOVED, &entity(kind, lang).id, &fact)
            .await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
