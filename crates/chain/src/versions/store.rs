//! SQL of versions.

use tianyuan_kernel::prelude::*;

use super::Version;
use crate::datasets::Dataset;

const VERSION: &str = "SELECT number, version_id, row_count, rejected, size_bytes, sha256, source, \
    fields, quality, created_at FROM chain_versions";

fn version(row: &Row, dataset: &Dataset) -> Result<Version> {
    let number = row.int("number")?;
    let quality = row.text_opt("quality")?;
    Ok(Version {
        number,
        current: dataset.current.as_ref().is_some_and(|c| c.number == number),
        rows: row.int("row_count")?,
        rejected: row.int("rejected")?,
        size_bytes: row.int("size_bytes")?,
        sha256: row.text("sha256")?,
        source: row.text("source")?,
        quality: quality.map(|q| serde_json::from_str(&q)).transpose()?,
        created_at: row.time("created_at")?,
        version_id: row.text("version_id")?,
        fields: serde_json::from_str(&row.text("fields")?)?,
    })
}

pub(super) async fn insert(tx: &mut Tx, dataset: &Dataset, v: &Version) -> Result<()> {
    let insert = "INSERT INTO chain_versions (dataset_id, number, version_id, row_count, rejected, \
        size_bytes, sha256, source, fields, quality, score, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let args = args![
        &dataset.id,
        v.number,
        &v.version_id,
        v.rows,
        v.rejected,
        v.size_bytes,
        &v.sha256,
        &v.source,
        serde_json::to_string(&v.fields)?,
        v.quality.as_ref().map(serde_json::to_string).transpose()?,
        v.quality.as_ref().map(|q| q.score),
        v.created_at,
    ];
    tx.execute(insert, args).await.map(|_| ())
}

/// One page of a dataset's versions, the newest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    dataset: &Dataset,
    page: &Page,
) -> Result<Vec<Version>> {
    let select = Select::new(VERSION)
        .and("dataset_id = ?", &dataset.id)
        .page(page, &["number"], true, "number DESC");
    let rows = sql.select(select).await?;
    rows.iter().map(|row| version(row, dataset)).collect()
}

/// Notes that a version was written anew: another id, fewer rows, other files.
pub(crate) async fn rewritten(
    tx: &mut Tx,
    dataset: &Dataset,
    version: &tianyuan_lake::Version,
) -> Result<()> {
    let update = "UPDATE chain_versions SET version_id = $3, row_count = $4, size_bytes = $5, \
        sha256 = $6 WHERE dataset_id = $1 AND number = $2";
    let args = args![
        &dataset.id,
        version.number,
        &version.id,
        version.row_count,
        version.size_bytes,
        &version.sha256,
    ];
    tx.execute(update, args).await.map(|_| ())
}

/// One version by number.
pub(crate) async fn get(sql: &mut dyn Sql, dataset: &Dataset, number: i64) -> Result<Version> {
    let select = Select::new(VERSION)
        .and("dataset_id = ?", &dataset.id)
        .and("number = ?", number);
    let rows = sql.select(select).await?;
    rows.first()
        .map_or_else(|| Err(Error::not_found()), |row| version(row, dataset))
}
