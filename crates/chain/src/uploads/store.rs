//! SQL of uploads and their pieces.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tianyuan_kernel::prelude::*;

use super::{Checked, Found, Upload, UploadId, UploadState, Wanted};
use crate::datasets::DatasetId;

const UPLOAD: &str = "SELECT id, dataset_id, name, size_bytes, received_bytes, state, found, \
    wanted, checked, problem, rejects_key, version_number, created_at, created_by, updated_at \
    FROM chain_uploads";

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>> {
    let text = row.text_opt(column)?;
    Ok(text.map(|t| serde_json::from_str(&t)).transpose()?)
}

fn upload(row: &Row) -> Result<Upload> {
    let state = UploadState::read(&row.text("state")?);
    Ok(Upload {
        id: UploadId::from_stored(row.text("id")?),
        dataset_id: DatasetId::from_stored(row.text("dataset_id")?),
        name: row.text("name")?,
        size_bytes: row.int("size_bytes")?,
        received_bytes: row.int("received_bytes")?,
        state: state.ok_or_else(|| Error::internal("unknown state of an upload"))?,
        found: json::<Found>(row, "found")?,
        wanted: json::<Wanted>(row, "wanted")?,
        checked: json::<Checked>(row, "checked")?,
        problem: json::<Text>(row, "problem")?,
        rejects_key: row.text_opt("rejects_key")?,
        version_number: row.int_opt("version_number")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        created_by: row.text_opt("created_by")?,
    })
}

pub(crate) async fn list(
    sql: &mut dyn Sql,
    dataset: &DatasetId,
    page: &Page,
) -> Result<Vec<Upload>> {
    let select =
        Select::new(UPLOAD)
            .and("dataset_id = ?", dataset)
            .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(upload).collect()
}

pub(crate) async fn get(sql: &mut dyn Sql, id: &UploadId) -> Result<Upload> {
    let rows = sql.select(Select::new(UPLOAD).and("id = ?", id)).await?;
    rows.first().map_or_else(|| Err(Error::not_found()), upload)
}

/// Uploads of a dataset that became nothing yet.
pub(super) async fn under_way(sql: &mut dyn Sql, dataset: &DatasetId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM chain_uploads WHERE dataset_id = $1 \
        AND state NOT IN ('loaded', 'failed', 'discarded')";
    sql.one(count, args![dataset]).await?.int("n")
}

pub(crate) async fn insert(sql: &mut dyn Sql, u: &Upload, by: Option<&str>) -> Result<()> {
    let insert = "INSERT INTO chain_uploads (id, dataset_id, name, size_bytes, received_bytes, \
        state, created_at, created_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)";
    let args = args![
        &u.id,
        &u.dataset_id,
        &u.name,
        u.size_bytes,
        u.received_bytes,
        u.state.as_str(),
        u.created_at,
        by,
    ];
    sql.execute(insert, args).await.map(|_| ())
}

/// Adds a piece that begins where the last one ended; false when another was there first.
pub(crate) async fn add_piece(
    tx: &mut Tx,
    u: &Upload,
    size: i64,
    object_key: &str,
) -> Result<bool> {
    let now = tx.now();
    let update = "UPDATE chain_uploads SET received_bytes = received_bytes + $3, updated_at = $4 \
        WHERE id = $1 AND received_bytes = $2 AND state = 'receiving'";
    if tx
        .execute(update, args![&u.id, u.received_bytes, size, now])
        .await?
        != 1
    {
        return Ok(false);
    }
    let insert = "INSERT INTO chain_upload_pieces (upload_id, start_byte, size_bytes, object_key) \
        VALUES ($1, $2, $3, $4)";
    tx.execute(insert, args![&u.id, u.received_bytes, size, object_key])
        .await?;
    Ok(true)
}

/// Keys of the pieces in order.
pub(crate) async fn pieces(sql: &mut dyn Sql, id: &UploadId) -> Result<Vec<String>> {
    let select = "SELECT object_key FROM chain_upload_pieces WHERE upload_id = $1 \
        ORDER BY start_byte";
    let rows = sql.all(select, args![id]).await?;
    rows.iter().map(|r| r.text("object_key")).collect()
}

/// True when a piece or a list of rejected rows lies there.
pub(super) async fn is_used(sql: &mut dyn Sql, object_key: &str) -> Result<bool> {
    let select = "SELECT object_key FROM chain_upload_pieces WHERE object_key = $1 \
        UNION ALL SELECT rejects_key FROM chain_uploads WHERE rejects_key = $1";
    Ok(sql.optional(select, args![object_key]).await?.is_some())
}

/// Forgets the pieces of what ended, or stood still, before a moment; they are collected then.
pub(super) async fn forget_pieces(tx: &mut Tx, before: Micros) -> Result<u64> {
    let delete = "DELETE FROM chain_upload_pieces WHERE upload_id IN \
        (SELECT id FROM chain_uploads WHERE updated_at < $1 OR state = 'discarded')";
    let rows = tx.execute(delete, args![before]).await?;
    let update = "UPDATE chain_uploads SET state = 'discarded' WHERE updated_at < $1 \
        AND state NOT IN ('loaded', 'failed', 'discarded')";
    tx.execute(update, args![before]).await?;
    Ok(rows)
}

/// Forgets the files of a dataset and what was found in them; what was under way ends. Answers
/// how many that were, and the keys of the objects that belong to nothing now.
pub(crate) async fn forget_of(tx: &mut Tx, dataset: &DatasetId) -> Result<(i64, Vec<String>)> {
    let now = tx.now();
    // First, so that a job that is at one of them comes to nothing.
    let end = "UPDATE chain_uploads SET state = 'discarded', updated_at = $2 \
        WHERE dataset_id = $1 AND state NOT IN ('loaded', 'failed', 'discarded')";
    let ended = tx.execute(end, args![dataset, now]).await?;
    let select = "SELECT p.object_key AS object_key FROM chain_upload_pieces p \
        JOIN chain_uploads u ON u.id = p.upload_id WHERE u.dataset_id = $1 \
        UNION ALL SELECT rejects_key AS object_key FROM chain_uploads \
        WHERE dataset_id = $1 AND rejects_key IS NOT NULL";
    let rows = tx.all(select, args![dataset]).await?;
    let keys: Result<Vec<String>> = rows.iter().map(|r| r.text("object_key")).collect();
    let pieces = "DELETE FROM chain_upload_pieces WHERE upload_id IN \
        (SELECT id FROM chain_uploads WHERE dataset_id = $1)";
    tx.execute(pieces, args![dataset]).await?;
    let found = "UPDATE chain_uploads SET found = NULL, checked = NULL, problem = NULL, \
        rejects_key = NULL WHERE dataset_id = $1";
    tx.execute(found, args![dataset]).await?;
    Ok((i64::try_from(ended).unwrap_or(i64::MAX), keys?))
}

/// Moves an upload from one of some states to another; false when it stands elsewhere.
pub(crate) async fn step(
    tx: &mut Tx,
    id: &UploadId,
    from: &[UploadState],
    to: UploadState,
) -> Result<bool> {
    let now = tx.now();
    for state in from {
        let update = "UPDATE chain_uploads SET state = $3, problem = NULL, updated_at = $4 \
            WHERE id = $1 AND state = $2";
        if tx
            .execute(update, args![id, state.as_str(), to.as_str(), now])
            .await?
            == 1
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn words(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

pub(super) async fn set_found(tx: &mut Tx, id: &UploadId, found: &Found) -> Result<()> {
    let update = "UPDATE chain_uploads SET state = 'read', found = $2, checked = NULL, \
        problem = NULL, updated_at = $3 WHERE id = $1 AND state = 'reading'";
    let now = tx.now();
    tx.execute(update, args![id, words(found)?, now])
        .await
        .map(|_| ())
}

pub(crate) async fn set_wanted(tx: &mut Tx, id: &UploadId, wanted: &Wanted) -> Result<()> {
    let update = "UPDATE chain_uploads SET wanted = $2 WHERE id = $1";
    tx.execute(update, args![id, words(wanted)?])
        .await
        .map(|_| ())
}

pub(super) async fn set_checked(
    tx: &mut Tx,
    id: &UploadId,
    checked: &Checked,
    rejects_key: Option<&str>,
) -> Result<()> {
    let update = "UPDATE chain_uploads SET state = 'checked', checked = $2, rejects_key = $3, \
        updated_at = $4 WHERE id = $1 AND state = 'loading'";
    let now = tx.now();
    tx.execute(update, args![id, words(checked)?, rejects_key, now])
        .await
        .map(|_| ())
}

pub(super) async fn set_loaded(tx: &mut Tx, id: &UploadId, number: i64) -> Result<bool> {
    let update = "UPDATE chain_uploads SET state = 'loaded', version_number = $2, updated_at = $3 \
        WHERE id = $1 AND state = 'checked'";
    let now = tx.now();
    Ok(tx.execute(update, args![id, number, now]).await? == 1)
}

pub(super) async fn set_problem(
    tx: &mut Tx,
    id: &UploadId,
    to: UploadState,
    problem: &Text,
) -> Result<()> {
    let update = "UPDATE chain_uploads SET state = $2, problem = $3, updated_at = $4 WHERE id = $1 \
        AND state IN ('reading', 'loading', 'checked')";
    let now = tx.now();
    tx.execute(update, args![id, to.as_str(), words(problem)?, now])
        .await
        .map(|_| ())
}
