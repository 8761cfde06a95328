//! Migrations: forward only, checked at start, under a lock so that several nodes may start at
//! once.

use sha2::{Digest as _, Sha256};

use super::{Db, Engine, Reader, Row, Sql};
use crate::args;
use crate::clock::Micros;
use crate::error::{Error, Result};

/// One migration: `("plan/0001", "CREATE TABLE …")`. Its text never changes once it has landed.
pub type Migration = (&'static str, &'static str);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (\
     name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing, in the given order; answers the names it applied.
///
/// # Errors
/// When an applied migration's text differs from ours, or the database refuses.
pub async fn migrate(db: &Db, migrations: &[Migration], now: Micros) -> Result<Vec<&'static str>> {
    let mut tx = db.begin_raw().await?;
    if db.engine() == Engine::Postgres {
        // Held until this transaction ends; on SQLite BEGIN IMMEDIATE is the lock.
        tx.all(
            "SELECT CAST(pg_advisory_xact_lock(836100) AS TEXT) AS locked",
            args![],
        )
        .await?;
    }
    tx.execute(TABLE, args![]).await?;
    let missing = missing(applied(&mut tx).await?, migrations)?;
    for (name, sql) in &missing {
        tx.script(sql)
            .await
            .map_err(|e| Error::internal(format!("migration {name}: {e}")))?;
        let insert = "INSERT INTO schema_migrations (name, digest, applied_at) VALUES ($1, $2, $3)";
        tx.execute(insert, args![*name, digest(sql), now]).await?;
    }
    tx.commit().await?;
    Ok(missing.into_iter().map(|(name, _)| name).collect())
}

/// The names of migrations that are not applied yet; changes nothing.
///
/// # Errors
/// As [`migrate`].
pub async fn pending_migrations(
    reader: &mut Reader,
    migrations: &[Migration],
) -> Result<Vec<&'static str>> {
    // A database without our table is simply new.
    let applied = applied(reader).await.unwrap_or_default();
    Ok(missing(applied, migrations)?
        .into_iter()
        .map(|(name, _)| name)
        .collect())
}

async fn applied(sql: &mut dyn Sql) -> Result<Vec<Row>> {
    sql.all("SELECT name, digest FROM schema_migrations", args![])
        .await
}

fn digest(sql: &str) -> String {
    hex::encode(Sha256::digest(sql.as_bytes()))
}

fn missing(applied: Vec<Row>, migrations: &[Migration]) -> Result<Vec<Migration>> {
    let mut known = std::collections::BTreeMap::new();
    for row in applied {
        known.insert(row.text("name")?, row.text("digest")?);
    }
    let mut missing = Vec::new();
    for (name, sql) in migrations {
        match known.remove(*name) {
            None => missing.push((*name, *sql)),
            Some(there) if there == digest(sql) => {}
            Some(_) => {
                return Err(Error::internal(format!(
                    "migration {name} was applied with another text; this program and this \
                     database do not belong together"
                )));
            }
        }
    }
    if let Some(name) = known.keys().next() {
        return Err(Error::internal(format!(
            "the database has migration {name}, which this program does not know; it was used by \
             a newer version"
        )));
    }
    Ok(missing)
}
