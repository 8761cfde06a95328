//! SQL of erasures.

use tianyuan_kernel::prelude::*;

use super::{Erasure, ErasureId, Rewritten};
use crate::datasets::DatasetId;

const ERASURE: &str = "SELECT id, dataset_id, field, sought, reason, outcome, uploads, created_at, \
    finished_at FROM chain_erasures";

fn erasure(row: &Row) -> Result<Erasure> {
    let outcome = row.text_opt("outcome")?;
    Ok(Erasure {
        id: ErasureId::from_stored(row.text("id")?),
        dataset_id: DatasetId::from_stored(row.text("dataset_id")?),
        field: row.text("field")?,
        reason: row.text("reason")?,
        uploads_discarded: row.int("uploads")?,
        versions: outcome.map(|o| serde_json::from_str(&o)).transpose()?,
        created_at: row.time("created_at")?,
        finished_at: row.time_opt("finished_at")?,
    })
}

pub(super) async fn insert(tx: &mut Tx, e: &Erasure, sought: &[String]) -> Result<()> {
    let insert = "INSERT INTO chain_erasures (id, dataset_id, field, sought, reason, uploads, \
        created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let by = tx.actor().map(str::to_owned);
    let args = args![
        &e.id,
        &e.dataset_id,
        &e.field,
        serde_json::to_string(sought)?,
        &e.reason,
        e.uploads_discarded,
        e.created_at,
        by.as_deref(),
    ];
    tx.execute(insert, args).await.map(|_| ())
}

/// An erasure and, until it is done, what is sought.
pub(super) async fn get(
    sql: &mut dyn Sql,
    id: &ErasureId,
) -> Result<(Erasure, Option<Vec<String>>)> {
    let rows = sql.select(Select::new(ERASURE).and("id = ?", id)).await?;
    let row = rows.first().ok_or_else(Error::not_found)?;
    let sought = row.text_opt("sought")?;
    let sought = sought.map(|s| serde_json::from_str(&s)).transpose()?;
    Ok((erasure(row)?, sought))
}

pub(super) async fn list(
    sql: &mut dyn Sql,
    dataset: &DatasetId,
    page: &Page,
) -> Result<Vec<Erasure>> {
    let select =
        Select::new(ERASURE)
            .and("dataset_id = ?", dataset)
            .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(erasure).collect()
}

/// Holds an erasure until the transaction ends; false when it is done.
pub(super) async fn hold(tx: &mut Tx, e: &Erasure) -> Result<bool> {
    let update = "UPDATE chain_erasures SET uploads = uploads WHERE id = $1 AND sought IS NOT NULL";
    Ok(tx.execute(update, args![&e.id]).await? == 1)
}

/// Notes what came of it, and forgets what was sought.
pub(super) async fn finish(tx: &mut Tx, id: &ErasureId, versions: &[Rewritten]) -> Result<()> {
    let update = "UPDATE chain_erasures SET sought = NULL, outcome = $2, finished_at = $3 \
        WHERE id = $1";
    let now = tx.now();
    let outcome = serde_json::to_string(versions)?;
    tx.execute(update, args![id, outcome, now])
        .await
        .map(|_| ())
}
