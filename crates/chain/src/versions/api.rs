//! Versions over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::{VersionId, tables};
use utoipa_axum::routes;

use super::{Version, make_current, store};
use crate::datasets::{self, Dataset, api::visible, table};

/// The routes of versions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_versions))
        .signed_in(routes!(restore_version))
}

/// A dataset's versions, the newest first, each with its quality.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/versions", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), PageParams),
    responses((status = 200, body = List<Version>), Problems))]
async fn list_versions(
    ctx: Ctx,
    PathId(id): PathId<String>,
    page: Page,
) -> Result<Json<List<Version>>> {
    let dataset = visible(&ctx, &id).await?;
    let rows = store::list(&mut ctx.read().await?, &dataset, &page).await?;
    let key = |v: &Version| vec![Value::from(v.number)];
    Ok(Json(List::build(rows, &page, key, |v| v)))
}

/// Makes an older version the current one again, with the fields it had. Doing it again changes
/// and records nothing.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/versions/{number}/restore", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), ("number" = i64, Path)),
    responses((status = 200, body = Dataset), Problems))]
async fn restore_version(
    ctx: Ctx,
    PathId((id, number)): PathId<(String, i64)>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut dataset = datasets::store::get(&mut tx, &id).await?;
    ctx.allow(Action::Publish, &dataset)?;
    let version = store::get(&mut tx, &dataset, number).await?;
    if !version.current {
        let lake_id = VersionId::from_stored(version.version_id.clone());
        // Grades were perhaps raised since: a field keeps the higher one.
        let mut fields = version.fields.clone();
        for field in &mut fields {
            let now = dataset.profile.fields.iter().find(|f| f.name == field.name);
            if let Some(now) = now.filter(|now| now.grade >= field.grade) {
                field.grade = now.grade;
                field.otherwise.clone_from(&now.otherwise);
            }
        }
        if dataset.profile.fields != fields {
            dataset.profile.fields = fields;
            datasets::store::update(&mut tx, &mut dataset).await?;
        }
        table::put(&mut tx, &dataset).await?;
        tables::roll_back(&mut tx, dataset.id.as_str(), &lake_id).await?;
        make_current(&mut tx, &mut dataset, &version).await?;
    }
    tx.answer_versioned(StatusCode::OK, dataset.version, &dataset)
        .await
}
