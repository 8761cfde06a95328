//! Erasures over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::jobs;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::erase;
use tianyuan_lake::tables;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{ASKED, ERASE, Erasure, ErasureId, Payload, store};
use crate::datasets::{self, Dataset};
use crate::uploads;

/// Values of one erasure.
const VALUES_MAX: usize = 100;
/// Characters of a value.
const VALUE_CHARS_MAX: usize = 200;
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// The routes of erasures.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_erasures, erase_rows))
        .signed_in(routes!(get_erasure))
}

/// Whose rows are to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// The field that tells whose a row is, by its machine name.
    #[schema(max_length = 60)]
    pub field: String,
    /// Its values in the rows to be erased; upper and lower case alike.
    #[schema(min_items = 1, max_items = 100)]
    pub values: Vec<String>,
    /// Why: who asked for it, on what ground. It stands in the supervision ledger, so name no
    /// person.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Erases the rows of a person from every version of a dataset. The versions keep their numbers
/// and get other files and hashes; addresses of the old ones are dead. The files the versions
/// were made of are deleted, and uploads under way are ended, since they may hold the rows. Asked
/// for again, it finds nothing more. What is sought is forgotten once it is done.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/erasures", tag = "chain",
    params(("id" = String, Path, description = "Id or code")), request_body = NewErasure,
    responses((status = 202, body = Erasure), Problems))]
async fn erase_rows(
    ctx: Ctx,
    PathId(id): PathId<String>,
    Json(input): Json<NewErasure>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let dataset = may(&ctx, &mut tx, &id).await?;
    let values = check(&mut tx, &dataset, &input).await?;
    let (discarded, keys) = uploads::store::forget_of(&mut tx, &dataset.id).await?;
    erase::delete(&mut tx, keys).await?;
    let erasure = Erasure {
        id: ErasureId::new(&ctx.app),
        dataset_id: dataset.id.clone(),
        field: input.field,
        reason: input.reason.trim().to_owned(),
        uploads_discarded: discarded,
        versions: None,
        created_at: tx.now(),
        finished_at: None,
    };
    store::insert(&mut tx, &erasure, &values).await?;
    let fact = json!({
        "erasure": erasure.id, "field": erasure.field, "reason": erasure.reason,
        "values": values.len(), "uploads_discarded": discarded,
    });
    tx.record(&ASKED, dataset.id.as_str(), &fact).await?;
    let payload = Payload {
        erasure: erasure.id.to_string(),
    };
    jobs::enqueue(&mut tx, &ERASE, &payload).await?;
    tx.answer(StatusCode::ACCEPTED, &erasure).await
}

/// A dataset whose rows the caller may erase.
async fn may(ctx: &Ctx, sql: &mut dyn Sql, id: &str) -> Result<Dataset> {
    let dataset = datasets::store::get(sql, id).await?;
    ctx.allow(Action::Erase, &dataset)?;
    Ok(dataset)
}

async fn check(tx: &mut Tx, dataset: &Dataset, input: &NewErasure) -> Result<Vec<String>> {
    let reason = input.reason.trim().chars().count();
    if !(1..=REASON_CHARS_MAX).contains(&reason) || input.reason.contains('\0') {
        let words = text!(
            "请写明理由，最多 {REASON_CHARS_MAX} 个字符。",
            "Give a reason of at most {REASON_CHARS_MAX} characters."
        );
        return Err(Error::invalid("reason_missing", "reason", words));
    }
    if !(1..=VALUES_MAX).contains(&input.values.len()) {
        let words = text!(
            "请给出 1 到 {VALUES_MAX} 个值。",
            "Name 1 to {VALUES_MAX} values."
        );
        return Err(Error::invalid("values_count", "values", words));
    }
    let mut values = Vec::new();
    for (i, value) in input.values.iter().enumerate() {
        let value = value.trim();
        let chars = value.chars().count();
        if !(1..=VALUE_CHARS_MAX).contains(&chars) || value.contains('\0') {
            let words = text!(
                "每个值为 1 到 {VALUE_CHARS_MAX} 个字符。",
                "A value has 1 to {VALUE_CHARS_MAX} characters."
            );
            return Err(Error::invalid(
                "value_malformed",
                format!("values[{i}]"),
                words,
            ));
        }
        values.push(value.to_owned());
    }
    // A field of an older version counts too.
    let versions = tables::store::versions(tx, dataset.id.as_str()).await?;
    let in_versions = versions
        .iter()
        .any(|v| v.schema.index_of(&input.field).is_ok());
    if !in_versions || input.field == tables::ROW_ID {
        let field = &input.field;
        let words = text!(
            "没有一个版本有字段 {field}。",
            "No version has a field {field}."
        );
        return Err(Error::invalid("field_unknown", "field", words));
    }
    Ok(values)
}

/// The erasures of a dataset, the newest first.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/erasures", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), PageParams),
    responses((status = 200, body = List<Erasure>), Problems))]
async fn list_erasures(
    ctx: Ctx,
    PathId(id): PathId<String>,
    page: Page,
) -> Result<Json<List<Erasure>>> {
    let mut sql = ctx.read().await?;
    let dataset = may(&ctx, &mut sql, &id).await?;
    let rows = store::list(&mut sql, &dataset.id, &page).await?;
    let key = |e: &Erasure| vec![serde_json::Value::from(e.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |e| e)))
}

/// One erasure: what it has found and rewritten.
#[utoipa::path(get, path = "/api/v1/erasures/{id}", tag = "chain",
    params(("id" = ErasureId, Path)),
    responses((status = 200, body = Erasure), Problems))]
async fn get_erasure(ctx: Ctx, PathId(id): PathId<ErasureId>) -> Result<Json<Erasure>> {
    let mut sql = ctx.read().await?;
    let (erasure, _) = store::get(&mut sql, &id).await?;
    let dataset = datasets::store::get(&mut sql, erasure.dataset_id.as_str()).await?;
    if !ctx.can(Action::Erase, &dataset) {
        return Err(Error::hidden("Erase", "Dataset", dataset.id.as_str()));
    }
    Ok(Json(erasure))
}
