//! SQL of files.

use super::{File, FileId};
use crate::args;
use crate::authority::Entity;
use crate::db::{Row, Select, Sql};
use crate::error::{Error, Result};
use crate::http::{Page, Tx};

fn from_row(row: &Row) -> Result<File> {
    Ok(File {
        id: FileId::from_stored(row.text("id")?),
        name: row.text("name")?,
        media_type: row.text("media_type")?,
        size_bytes: row.int("size_bytes")?,
        sha256: row.text("sha256")?,
        created_at: row.time("created_at")?,
        created_by: row.text_opt("created_by")?,
        object_key: row.text("object_key")?,
    })
}

pub(super) async fn insert(tx: &mut Tx, record: &Entity, file: &File) -> Result<()> {
    let sql = "INSERT INTO files (id, record_kind, record_id, name, media_type, size_bytes, sha256, \
               object_key, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let args = args![
        &file.id,
        record.kind,
        &record.id,
        &file.name,
        &file.media_type,
        file.size_bytes,
        &file.sha256,
        &file.object_key,
        file.created_at,
        file.created_by.as_deref(),
    ];
    tx.execute(sql, args).await.map(|_| ())
}

pub(super) async fn delete(tx: &mut Tx, id: &FileId) -> Result<()> {
    tx.execute("DELETE FROM files WHERE id = $1", args![id])
        .await
        .map(|_| ())
}

/// One file of a record.
///
/// # Errors
/// 404 when the record has no such file.
pub async fn get(sql: &mut dyn Sql, record: &Entity, id: &FileId) -> Result<File> {
    let select = "SELECT id, name, media_type, size_bytes, sha256, created_at, created_by, \
                  object_key FROM files WHERE id = $1 AND record_kind = $2 AND record_id = $3";
    let row = sql
        .optional(select, args![id, record.kind, &record.id])
        .await?;
    from_row(&row.ok_or_else(Error::not_found)?)
}

/// A page of a record's files, oldest first, with one row more than the page's limit.
///
/// # Errors
/// When the database does not answer.
pub async fn list(sql: &mut dyn Sql, record: &Entity, page: &Page) -> Result<Vec<File>> {
    let select = Select::new(
        "SELECT id, name, media_type, size_bytes, sha256, created_at, created_by, object_key \
         FROM files",
    )
    .and("record_kind = ?", record.kind)
    .and("record_id = ?", &record.id)
    .page(page, &["id"], false, "id");
    sql.select(select).await?.iter().map(from_row).collect()
}

pub(super) async fn is_used(sql: &mut dyn Sql, object_key: &str) -> Result<bool> {
    let select = "SELECT id FROM files WHERE object_key = $1";
    Ok(sql.optional(select, args![object_key]).await?.is_some())
}
