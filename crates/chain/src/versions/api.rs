//! Versions over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::diff::diff;
use tianyuan_lake::query::answer::{ColumnView, column_views, json_rows};
use tianyuan_lake::supervision::Exit;
use tianyuan_lake::{VersionId, tables};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Version, make_current, store};
use crate::datasets::{self, Dataset, Field, api::visible, table};
use crate::disclosure;
use crate::rows::api::{asker, open};

/// Changed rows listed when the caller names no number.
const CHANGES_SHOWN: u32 = 200;

/// The routes of versions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_versions))
        .public(routes!(compare_versions))
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

/// How many rows two versions differ by, and which.
#[derive(Serialize, ToSchema)]
pub struct VersionChanges {
    /// The earlier version.
    pub before: i64,
    /// The later version.
    pub after: i64,
    /// Rows only the later version has.
    pub added: i64,
    /// Rows only the earlier version has.
    pub removed: i64,
    /// Rows both have, with other values.
    pub changed: i64,
    /// Columns of `items`: the key, and `change`.
    #[schema(value_type = Vec<Object>)]
    pub columns: Vec<ColumnView>,
    /// Some of them: their keys, and `change`: `added`, `removed` or `changed`.
    #[schema(value_type = Vec<Object>)]
    pub items: Box<RawValue>,
}

/// Which versions are compared.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Compared {
    /// The earlier version; the one before when absent.
    #[param(minimum = 1)]
    since: Option<i64>,
    /// Rows listed at most.
    #[param(minimum = 0, maximum = 1000, default = 200)]
    limit: Option<u32>,
    /// What the rows are for.
    purpose: Option<String>,
}

/// What changed between two versions, by the fields marked as key, in the form in which both
/// leave for the caller.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/versions/{number}/changes", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), ("number" = i64, Path), Compared),
    responses((status = 200, body = VersionChanges), Problems))]
async fn compare_versions(
    ctx: Ctx,
    PathId((id, number)): PathId<(String, i64)>,
    Query(compared): Query<Compared>,
) -> Result<Json<VersionChanges>> {
    let dataset = visible(&ctx, &id).await?;
    let keys = dataset.profile.fields.iter().filter(|f| f.key);
    let keys: Vec<String> = keys.map(|f| f.name.clone()).collect();
    if keys.is_empty() {
        let words = Text::new(
            "这个数据集没有主键，不能逐行对照。",
            "This dataset has no key to compare rows by.",
        );
        return Err(Error::conflict("no_key", words));
    }
    let purpose = tianyuan_lake::query::api::purpose(compared.purpose)?;
    let before = compared.since.unwrap_or(number - 1);
    let earlier = open(&ctx, &dataset, Some(before), &purpose).await?;
    let later = open(&ctx, &dataset, Some(number), &purpose).await?;
    let shown = usize::try_from(compared.limit.unwrap_or(CHANGES_SHOWN)).unwrap_or(0);
    let asker = asker(&ctx, purpose, Exit::REST);
    let found = diff(&ctx.app, &asker, &earlier, &later, &keys, shown).await?;
    let columns = found
        .shown
        .first()
        .map(|batch| column_views(&batch.schema()));
    Ok(Json(VersionChanges {
        before,
        after: number,
        added: found.added,
        removed: found.removed,
        changed: found.changed,
        columns: columns.unwrap_or_default(),
        items: json_rows(&found.shown)?,
    }))
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
    let passed = {
        let mut sql = ctx.read().await?;
        let dataset = datasets::store::get(&mut sql, &id).await?;
        ctx.allow(Action::Publish, &dataset)?;
        let version = store::get(&mut sql, &dataset, number).await?;
        drop(sql);
        let lake_id = VersionId::from_stored(version.version_id.clone());
        let mut then = dataset.profile.clone();
        then.fields = fields_of(&dataset, &version);
        disclosure::before_restoring(&ctx, dataset, &then, (lake_id, number)).await?
    };
    let mut tx = ctx.begin().await?;
    let mut dataset = datasets::store::get(&mut tx, &id).await?;
    ctx.allow(Action::Publish, &dataset)?;
    let version = store::get(&mut tx, &dataset, number).await?;
    if !version.current {
        passed.still(&dataset)?;
        let lake_id = VersionId::from_stored(version.version_id.clone());
        let fields = fields_of(&dataset, &version);
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

/// The fields an older version would have now. Grades were perhaps raised since: a field keeps
/// the higher one, and what was said of it as to people.
fn fields_of(dataset: &Dataset, version: &Version) -> Vec<Field> {
    let mut fields = version.fields.clone();
    for field in &mut fields {
        let now = dataset.profile.fields.iter().find(|f| f.name == field.name);
        let Some(now) = now else { continue };
        field.exposure = now.exposure;
        if now.grade >= field.grade {
            field.grade = now.grade;
            field.otherwise.clone_from(&now.otherwise);
        }
    }
    fields
}
