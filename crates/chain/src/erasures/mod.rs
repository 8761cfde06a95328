//! Erasing a person's rows (删除个人信息) from a dataset: every version that holds them is written
//! anew without them, all versions in one transaction; the old files, the files from which they
//! were made, and every address of them are gone.
//!
//! Invariant: no fact, job or record keeps what was sought once it is done.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::jobs::{JobCtx, JobKind};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::erase::{self, Without};
use tianyuan_lake::tables;
use utoipa::ToSchema;

pub use api::routes;

use crate::datasets::{self, Current, DatasetId};
use crate::versions;

tianyuan_kernel::id!(ErasureId, "erasure", "An erasure of somebody's rows.");

/// Somebody's rows were to be erased.
pub const ASKED: Kind = Kind::new(
    "dataset.erasure_asked",
    Log::Supervision,
    "受理数据擦除",
    "Erasure of rows asked for",
);
/// They were.
pub const ERASED: Kind = Kind::new(
    "dataset.rows_erased",
    Log::Supervision,
    "擦除个人数据",
    "Rows erased",
);
pub(crate) const KINDS: [Kind; 2] = [ASKED, ERASED];

/// Rounds in which versions that came meanwhile are looked at too.
const ROUNDS_MAX: usize = 20;

/// What became of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rewritten {
    /// Its number, which it keeps.
    pub number: i64,
    /// Rows that are gone.
    pub erased: i64,
    /// Rows that are left.
    pub rows: i64,
    /// Over its new files; also in the directory ledger.
    pub sha256: String,
}

/// An erasure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// The dataset.
    pub dataset_id: DatasetId,
    /// The field by which the rows were found.
    pub field: String,
    /// Why they were erased.
    pub reason: String,
    /// Uploads of the dataset that were ended, since they may hold the rows.
    pub uploads_discarded: i64,
    /// The versions that held such rows, the oldest first; null until it is done.
    pub versions: Option<Vec<Rewritten>>,
    /// When it was asked for.
    pub created_at: Micros,
    /// When the last of them was gone; null until then.
    pub finished_at: Option<Micros>,
}

/// What the job is given: never what is sought.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    erasure: String,
}

/// Erases.
pub const ERASE: JobKind = JobKind {
    name: "chain.erase_rows",
    title: Text2 {
        zh: "擦除个人数据并重写版本",
        en: "Erase rows and rewrite versions",
    },
    attempts_max: 20,
    run: |ctx| {
        Box::pin(async move {
            let payload: Payload = serde_json::from_value(ctx.payload.clone())?;
            run(&ctx, &ErasureId::from_stored(payload.erasure)).await
        })
    },
};

async fn run(ctx: &JobCtx, id: &ErasureId) -> Result<Value> {
    let app = &ctx.app;
    let (erasure, sought) = store::get(&mut app.db().read().await?, id).await?;
    let Some(sought) = sought else {
        return Ok(json!({ "done": true }));
    };
    let table = erasure.dataset_id.as_str();
    let mut looked_at = BTreeSet::new();
    let mut found: Vec<(tables::Version, Without)> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let readable = readable(&mut app.db().read().await?, table).await?;
        let total = i64::try_from(readable.len()).unwrap_or(i64::MAX);
        for (done, version) in (0_i64..).zip(&readable) {
            if !looked_at.insert(version.id.to_string()) {
                continue;
            }
            let words = Text::new("正在检查并重写版本", "Looking through the versions");
            ctx.progress(done, total, words).await?;
            match erase::without(app, version, &erasure.field, &sought).await {
                Ok(Some(without)) => found.push((version.clone(), without)),
                Ok(None) => {}
                // Retired meanwhile: what it had is forgotten below.
                Err(error) if error.code() == "not_found" => {}
                Err(error) => return Err(error),
            }
        }
        let mut tx = ctx.begin().await?;
        if !store::hold(&mut tx, &erasure).await? {
            return Ok(json!({ "done": true }));
        }
        tables::store::hold(&mut tx, table).await?;
        let now = self::readable(&mut tx, table).await?;
        if now.iter().all(|v| looked_at.contains(v.id.as_str())) {
            let versions = replace(&mut tx, &erasure, found).await?;
            tx.commit().await?;
            return Ok(json!({ "versions": versions }));
        }
    }
    Err(Error::unavailable(
        "dataset_busy",
        Text::new(
            "数据集正在频繁更新，稍后重试。",
            "The dataset keeps changing; it is tried again.",
        ),
    ))
}

async fn readable(sql: &mut dyn Sql, table: &str) -> Result<Vec<tables::Version>> {
    let mut all = tables::store::versions(sql, table).await?;
    all.retain(|v| v.retired_at.is_none());
    all.reverse();
    Ok(all)
}

/// Puts all of them in their places; answers how many.
async fn replace(
    tx: &mut Tx,
    erasure: &Erasure,
    found: Vec<(tables::Version, Without)>,
) -> Result<usize> {
    let mut dataset = datasets::store::get(tx, erasure.dataset_id.as_str()).await?;
    let mut keys = tables::forget_retired(tx, dataset.id.as_str()).await?;
    let mut versions = Vec::new();
    for (old, Without { staged, rows }) in found {
        let Some((version, freed)) = tables::rewrite(tx, &old, staged).await? else {
            // Retired meanwhile, and forgotten with the others.
            continue;
        };
        keys.extend(freed);
        versions::store::rewritten(tx, &dataset, &version).await?;
        if let Some(current) = dataset
            .current
            .clone()
            .filter(|c| c.number == version.number)
        {
            let current = Current {
                rows: version.row_count,
                size_bytes: version.size_bytes,
                ..current
            };
            datasets::store::set_current(tx, &mut dataset, &current).await?;
        }
        versions.push(Rewritten {
            number: version.number,
            erased: rows,
            rows: version.row_count,
            sha256: version.sha256,
        });
    }
    erase::delete(tx, keys).await?;
    store::finish(tx, &erasure.id, &versions).await?;
    let body = json!({
        "erasure": erasure.id, "field": erasure.field, "reason": erasure.reason,
        "versions": versions,
    });
    tx.record(&ERASED, dataset.id.as_str(), &body).await?;
    Ok(versions.len())
}
