//! SQL of composite indices and kept results.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::kept::Kept;
use super::rules::Matrix;
use super::{CompositeIndex, IndexId, IndexResultId, Scope};
use crate::plans::PlanId;
use crate::stored::{date, word};

const INDEX: &str = "SELECT id, plan_id, name, scope, choices, seed, version, created_at, \
    updated_at FROM plan_indices";

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(&row.text(column)?)
        .map_err(|e| Error::internal(format!("column {column}: {e}")))
}

fn index(row: &Row) -> Result<CompositeIndex> {
    Ok(CompositeIndex {
        id: IndexId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        name: row.text("name")?,
        scope: word(row, "scope", Scope::read)?,
        choices: json(row, "choices")?,
        seed: row.int("seed")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// One page of an edition's indices, in the order they were defined.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    plan: &PlanId,
    page: &Page,
) -> Result<Vec<CompositeIndex>> {
    let select = Select::new(INDEX)
        .and("plan_id = ?", plan)
        .and_all("removed_at IS NULL", vec![])
        .page(page, &["id"], false, "id");
    sql.select(select).await?.iter().map(index).collect()
}

/// How many indices an edition has.
pub(crate) async fn count(sql: &mut dyn Sql, plan: &PlanId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_indices \
                 WHERE plan_id = $1 AND removed_at IS NULL";
    sql.one(count, args![plan]).await?.int("n")
}

/// One index.
pub(crate) async fn get(sql: &mut dyn Sql, id: &IndexId) -> Result<CompositeIndex> {
    let select = Select::new(INDEX)
        .and("id = ?", id)
        .and_all("removed_at IS NULL", vec![]);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), index)
}

/// The matrix of one's own that an index was made with.
pub(crate) async fn matrix(sql: &mut dyn Sql, id: &IndexId) -> Result<Matrix> {
    let row = sql
        .one("SELECT matrix FROM plan_indices WHERE id = $1", args![id])
        .await?;
    json(&row, "matrix")
}

/// Stores a new index.
pub(crate) async fn insert(
    sql: &mut dyn Sql,
    index: &CompositeIndex,
    matrix: Option<&Matrix>,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_indices (id, plan_id, name, scope, choices, matrix, seed, version, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            &index.id,
            &index.plan_id,
            &index.name,
            index.scope.as_str(),
            serde_json::to_string(&index.choices)?,
            matrix.map(serde_json::to_string).transpose()?,
            index.seed,
            index.version,
            index.created_at,
            index.updated_at,
        ],
    )
    .await
    .map(|_| ())
}

/// Changes an index; false when its version is no longer the one before this.
pub(crate) async fn update(sql: &mut dyn Sql, index: &CompositeIndex) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_indices SET name = $1, choices = $2, seed = $3, version = version + 1, \
             updated_at = $4 WHERE id = $5 AND version = $6 AND removed_at IS NULL",
            args![
                &index.name,
                serde_json::to_string(&index.choices)?,
                index.seed,
                index.updated_at,
                &index.id,
                index.version - 1,
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes an index; false when it was removed before.
pub(crate) async fn remove(sql: &mut dyn Sql, id: &IndexId, at: Micros) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_indices SET removed_at = $2, version = version + 1 \
             WHERE id = $1 AND removed_at IS NULL",
            args![id, at],
        )
        .await?;
    Ok(changed == 1)
}

const KEPT: &str = "SELECT id, index_id, name, digest, body, kept_at FROM plan_index_results";

fn kept(row: &Row) -> Result<Kept> {
    Ok(Kept {
        id: IndexResultId::from_stored(row.text("id")?),
        index_id: IndexId::from_stored(row.text("index_id")?),
        name: row.text("name")?,
        digest: row.text("digest")?,
        kept_at: row.time("kept_at")?,
        body: json(row, "body")?,
    })
}

/// One page of an index's kept results, the newest first.
pub(crate) async fn results(sql: &mut dyn Sql, index: &IndexId, page: &Page) -> Result<Vec<Kept>> {
    let select = Select::new(KEPT)
        .and("index_id = ?", index)
        .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(kept).collect()
}

/// How many results of an index were kept.
pub(crate) async fn result_count(sql: &mut dyn Sql, index: &IndexId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_index_results WHERE index_id = $1";
    sql.one(count, args![index]).await?.int("n")
}

/// Keeps a result.
pub(crate) async fn keep(sql: &mut dyn Sql, kept: &Kept, by: Option<&str>) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_index_results (id, index_id, name, digest, body, kept_at, kept_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            &kept.id,
            &kept.index_id,
            &kept.name,
            &kept.digest,
            serde_json::to_string(&kept.body)?,
            kept.kept_at,
            by,
        ],
    )
    .await
    .map(|_| ())
}

/// A report that fell due: its unit, its measure's plan, the deadline, and when it was last sent.
pub(crate) struct Due {
    pub(crate) unit: String,
    pub(crate) programme: String,
    pub(crate) due: Date,
    pub(crate) sent: Option<Micros>,
}

/// The reports of an edition that fell due before a day.
pub(crate) async fn reports_due(
    sql: &mut dyn Sql,
    plan: &PlanId,
    before: Date,
) -> Result<Vec<Due>> {
    let rows = sql
        .all(
            "SELECT r.unit_id AS unit_id, m.programme_id AS programme_id, p.due AS due, \
             r.submitted_at AS submitted_at FROM plan_reports r \
             JOIN plan_periods p ON p.id = r.period_id JOIN plan_measures m ON m.id = r.measure_id \
             WHERE r.plan_id = $1 AND p.due < $2 AND p.state <> 'planned' AND m.dropped_at IS NULL \
             ORDER BY r.id",
            args![plan, before.to_string()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                unit: row.text("unit_id")?,
                programme: row.text("programme_id")?,
                due: date(row, "due")?,
                sent: row.time_opt("submitted_at")?,
            })
        })
        .collect()
}
