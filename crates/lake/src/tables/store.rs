//! SQL of tables and versions.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use tianyuan_kernel::prelude::*;

use super::{Sharing, StoredFile, Table, Version, VersionId};
use crate::failure::of_store;

fn table_from(row: &Row) -> Result<Table> {
    Ok(Table {
        id: row.text("id")?,
        name: row.text("name")?,
        comment: row.text("comment")?,
        units: serde_json::from_str(&row.text("units")?)?,
        owner: row.text_opt("owner")?,
        public: row.int("is_public")? == 1,
        sharing: Sharing::from_name(&row.text("sharing")?),
        unit_field: row.text_opt("unit_field")?,
        fields: serde_json::from_str(&row.text("fields")?)?,
        current: row.text_opt("current_version")?.map(VersionId::from_stored),
    })
}

/// Writes a table: a new one, or another state of the one with its id. Its current version is
/// left alone.
///
/// # Errors
/// 409 when another table has its name.
pub async fn put(tx: &mut Tx, table: &Table) -> Result<()> {
    let sql = "INSERT INTO lake_tables (id, name, comment, units, owner, is_public, sharing, \
               unit_field, fields, current_version, last_number) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, 0) \
               ON CONFLICT (id) DO UPDATE SET name = excluded.name, comment = excluded.comment, \
               units = excluded.units, owner = excluded.owner, is_public = excluded.is_public, \
               sharing = excluded.sharing, unit_field = excluded.unit_field, \
               fields = excluded.fields";
    let args = args![
        &table.id,
        &table.name,
        &table.comment,
        serde_json::to_string(&table.units)?,
        table.owner.as_deref(),
        i64::from(table.public),
        table.sharing.name(),
        table.unit_field.as_deref(),
        serde_json::to_string(&table.fields)?,
    ];
    tx.execute(sql, args).await.map(|_| ())
}

/// One table.
///
/// # Errors
/// 404 when there is none.
pub async fn table(sql: &mut dyn Sql, id: &str) -> Result<Table> {
    let select = "SELECT id, name, comment, units, owner, is_public, sharing, unit_field, fields, \
                  current_version FROM lake_tables WHERE id = $1";
    let row = sql.optional(select, args![id]).await?;
    table_from(&row.ok_or_else(Error::not_found)?)
}

/// One table by its name in SQL.
///
/// # Errors
/// When the database does not answer.
pub async fn by_name(sql: &mut dyn Sql, name: &str) -> Result<Option<Table>> {
    let select = "SELECT id, name, comment, units, owner, is_public, sharing, unit_field, fields, \
                  current_version FROM lake_tables WHERE name = $1";
    let row = sql.optional(select, args![name]).await?;
    row.as_ref().map(table_from).transpose()
}

/// Tables that have a current version, by name, after `after`.
///
/// # Errors
/// When the database does not answer.
pub async fn page(sql: &mut dyn Sql, after: &str, limit: i64) -> Result<Vec<Table>> {
    let select = "SELECT id, name, comment, units, owner, is_public, sharing, unit_field, fields, \
                  current_version FROM lake_tables \
                  WHERE current_version IS NOT NULL AND name > $1 ORDER BY name LIMIT $2";
    let rows = sql.all(select, args![after, limit]).await?;
    rows.iter().map(table_from).collect()
}

/// Takes the table's next number; the row is held until the transaction ends.
pub(super) async fn next_number(tx: &mut Tx, table: &str) -> Result<i64> {
    let sql = "UPDATE lake_tables SET last_number = last_number + 1 WHERE id = $1 \
               RETURNING last_number";
    let row = tx.optional(sql, args![table]).await?;
    row.ok_or_else(Error::not_found)?.int("last_number")
}

/// Holds a table until the transaction ends: no version of it is published meanwhile.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(tx: &mut Tx, table: &str) -> Result<()> {
    let sql = "UPDATE lake_tables SET last_number = last_number WHERE id = $1";
    tx.execute(sql, args![table]).await.map(|_| ())
}

pub(super) async fn set_current(tx: &mut Tx, table: &str, version: &VersionId) -> Result<()> {
    let sql = "UPDATE lake_tables SET current_version = $2 WHERE id = $1";
    tx.execute(sql, args![table, version]).await.map(|_| ())
}

pub(super) async fn insert_version(tx: &mut Tx, version: &Version) -> Result<()> {
    let sql = "INSERT INTO lake_versions (id, table_id, number, sha256, arrow_schema, row_count, \
               size_bytes, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let args = args![
        &version.id,
        &version.table_id,
        version.number,
        &version.sha256,
        schema_bytes(&version.schema)?,
        version.row_count,
        version.size_bytes,
        version.created_at,
        version.created_by.as_deref(),
    ];
    tx.execute(sql, args).await?;
    let sql = "INSERT INTO lake_files (object_key, version_id, place, sha256, row_count, \
               size_bytes) VALUES ($1, $2, $3, $4, $5, $6)";
    for (place, file) in (0_i64..).zip(version.files.iter()) {
        let args = args![
            &file.object_key,
            &version.id,
            place,
            &file.sha256,
            file.row_count,
            file.size_bytes,
        ];
        tx.execute(sql, args).await?;
    }
    Ok(())
}

pub(super) async fn retire(tx: &mut Tx, version: &VersionId) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE lake_versions SET retired_at = $2 WHERE id = $1";
    tx.execute(sql, args![version, now]).await?;
    let sql = "DELETE FROM lake_released WHERE version_id = $1";
    tx.execute(sql, args![version]).await.map(|_| ())
}

/// One version with its files.
///
/// # Errors
/// 404 when there is none.
pub async fn version(sql: &mut dyn Sql, id: &VersionId) -> Result<Version> {
    let select = "SELECT id, table_id, number, sha256, arrow_schema, row_count, size_bytes, \
                  created_at, created_by, retired_at FROM lake_versions WHERE id = $1";
    let row = sql.optional(select, args![id]).await?;
    let mut version = version_from(&row.ok_or_else(Error::not_found)?)?;
    version.files = Arc::new(files(sql, id).await?);
    Ok(version)
}

/// True while a version is not retired.
pub(crate) async fn is_readable(sql: &mut dyn Sql, id: &VersionId) -> Result<bool> {
    let select = "SELECT id FROM lake_versions WHERE id = $1 AND retired_at IS NULL";
    Ok(sql.optional(select, args![id]).await?.is_some())
}

/// A table's versions, newest first, without their files.
///
/// # Errors
/// When the database does not answer.
pub async fn versions(sql: &mut dyn Sql, table: &str) -> Result<Vec<Version>> {
    let select = "SELECT id, table_id, number, sha256, arrow_schema, row_count, size_bytes, \
                  created_at, created_by, retired_at FROM lake_versions \
                  WHERE table_id = $1 ORDER BY number DESC";
    let rows = sql.all(select, args![table]).await?;
    rows.iter().map(version_from).collect()
}

async fn files(sql: &mut dyn Sql, version: &VersionId) -> Result<Vec<StoredFile>> {
    let select = "SELECT object_key, sha256, row_count, size_bytes FROM lake_files \
                  WHERE version_id = $1 ORDER BY place";
    let rows = sql.all(select, args![version]).await?;
    let file = |row: &Row| {
        Ok(StoredFile {
            object_key: row.text("object_key")?,
            sha256: row.text("sha256")?,
            row_count: row.int("row_count")?,
            size_bytes: row.int("size_bytes")?,
        })
    };
    rows.iter().map(file).collect()
}

fn version_from(row: &Row) -> Result<Version> {
    Ok(Version {
        id: VersionId::from_stored(row.text("id")?),
        table_id: row.text("table_id")?,
        number: row.int("number")?,
        sha256: row.text("sha256")?,
        schema: schema_from(&row.bytes("arrow_schema")?)?,
        row_count: row.int("row_count")?,
        size_bytes: row.int("size_bytes")?,
        created_at: row.time("created_at")?,
        created_by: row.text_opt("created_by")?,
        retired_at: row.int_opt("retired_at")?.map(Micros),
        files: Arc::default(),
    })
}

/// A schema as bytes: an Arrow stream without rows.
pub(crate) fn schema_bytes(schema: &Schema) -> Result<Vec<u8>> {
    StreamWriter::try_new(Vec::new(), schema)
        .and_then(StreamWriter::into_inner)
        .map_err(of_store)
}

fn schema_from(bytes: &[u8]) -> Result<SchemaRef> {
    let reader = StreamReader::try_new(bytes, None).map_err(of_store)?;
    Ok(reader.schema())
}

/// A file that was materialised through the gate for a version and a form.
pub(crate) async fn released(
    sql: &mut dyn Sql,
    version: &VersionId,
    form: &str,
) -> Result<Option<StoredFile>> {
    let select = "SELECT object_key, sha256, size_bytes FROM lake_released \
                  WHERE version_id = $1 AND form = $2";
    let row = sql.optional(select, args![version, form]).await?;
    row.map(|row| {
        Ok(StoredFile {
            object_key: row.text("object_key")?,
            sha256: row.text("sha256")?,
            row_count: 0,
            size_bytes: row.int("size_bytes")?,
        })
    })
    .transpose()
}

/// Notes a materialised file; answers false when another one was there first.
pub(crate) async fn keep_released(
    tx: &mut Tx,
    version: &VersionId,
    form: &str,
    file: &StoredFile,
) -> Result<bool> {
    let sql = "INSERT INTO lake_released (version_id, form, object_key, sha256, size_bytes, \
               created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let now = tx.now();
    let args = args![
        version,
        form,
        &file.object_key,
        &file.sha256,
        file.size_bytes,
        now,
    ];
    Ok(tx.execute(sql, args).await? == 1)
}

/// Forgets materialised files made before a moment.
pub(crate) async fn forget_released(tx: &mut Tx, before: Micros) -> Result<u64> {
    let sql = "DELETE FROM lake_released WHERE created_at < $1";
    tx.execute(sql, args![before]).await
}

/// Forgets the files of versions retired before a moment.
pub(crate) async fn forget_retired(tx: &mut Tx, before: Micros) -> Result<u64> {
    let sql = "DELETE FROM lake_files WHERE version_id IN \
               (SELECT id FROM lake_versions WHERE retired_at < $1)";
    tx.execute(sql, args![before]).await
}

/// Takes a version that can be read out of the table's history, files and materialised forms
/// with it; answers their keys, `None` when somebody else was first.
pub(super) async fn remove(tx: &mut Tx, version: &VersionId) -> Result<Option<Vec<String>>> {
    // Holds the row, so that of two only one goes on.
    let hold = "UPDATE lake_versions SET number = -number WHERE id = $1 AND retired_at IS NULL";
    if tx.execute(hold, args![version]).await? != 1 {
        return Ok(None);
    }
    let keys = keys(tx, version).await?;
    for sql in [
        "DELETE FROM lake_released WHERE version_id = $1",
        "DELETE FROM lake_files WHERE version_id = $1",
        "DELETE FROM lake_versions WHERE id = $1",
    ] {
        tx.execute(sql, args![version]).await?;
    }
    Ok(Some(keys))
}

/// Forgets the files of a table's retired versions, whatever their grace; answers their keys.
pub(super) async fn forget_retired_of(tx: &mut Tx, table: &str) -> Result<Vec<String>> {
    let select = "SELECT id FROM lake_versions WHERE table_id = $1 AND retired_at IS NOT NULL";
    let mut all = Vec::new();
    for row in tx.all(select, args![table]).await? {
        let version = VersionId::from_stored(row.text("id")?);
        all.extend(keys(tx, &version).await?);
        for sql in [
            "DELETE FROM lake_released WHERE version_id = $1",
            "DELETE FROM lake_files WHERE version_id = $1",
        ] {
            tx.execute(sql, args![&version]).await?;
        }
    }
    Ok(all)
}

async fn keys(tx: &mut Tx, version: &VersionId) -> Result<Vec<String>> {
    let select = "SELECT object_key FROM lake_files WHERE version_id = $1 \
                  UNION ALL SELECT object_key FROM lake_released WHERE version_id = $1";
    let rows = tx.all(select, args![version]).await?;
    rows.iter().map(|row| row.text("object_key")).collect()
}

/// True when some version or materialised form has this object.
pub(crate) async fn is_used(sql: &mut dyn Sql, object_key: &str) -> Result<bool> {
    let select = "SELECT object_key FROM lake_files WHERE object_key = $1 \
                  UNION ALL SELECT object_key FROM lake_released WHERE object_key = $1";
    Ok(sql.optional(select, args![object_key]).await?.is_some())
}
