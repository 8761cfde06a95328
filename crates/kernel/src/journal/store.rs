//! SQL of the journal.

use serde_json::Value;

use super::{Fact, FactId};
use crate::args;
use crate::clock::Micros;
use crate::db::{Args, Row, Sql};
use crate::error::Result;

pub(super) fn from_row(row: &Row) -> Result<Fact> {
    let body = row.text_opt("body")?;
    Ok(Fact {
        id: FactId::from_stored(row.text("id")?),
        seq: row.int_opt("seq")?,
        kind: row.text("kind")?,
        subject: row.text("subject")?,
        actor: row.text_opt("actor")?,
        at: row.time("at")?,
        body: body
            .map(|b| serde_json::from_str::<Value>(&b))
            .transpose()?,
        body_salt: row.bytes_opt("body_salt")?,
        actor_salt: row.bytes_opt("actor_salt")?,
        erased_at: row.time_opt("erased_at")?,
        leaf: row.bytes_opt("leaf")?,
    })
}

pub(crate) async fn insert(sql: &mut dyn Sql, fact: &Fact, canonical: &str) -> Result<()> {
    let statement = "INSERT INTO facts (id, kind, subject, actor, actor_salt, at, body, body_salt) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let args = args![
        &fact.id,
        &fact.kind,
        &fact.subject,
        fact.actor.as_deref(),
        fact.actor_salt.clone(),
        fact.at,
        canonical,
        fact.body_salt.clone(),
    ];
    sql.execute(statement, args).await.map(|_| ())
}

/// Sequenced facts after `seq`, in order, at most `limit`.
///
/// # Errors
/// When the database does not answer (also below).
pub async fn facts_after(sql: &mut dyn Sql, seq: i64, limit: i64) -> Result<Vec<Fact>> {
    let statement = "SELECT id, seq, kind, subject, actor, actor_salt, at, body, body_salt, erased_at, leaf \
         FROM facts WHERE seq > $1 ORDER BY seq LIMIT $2";
    sql.all(statement, args![seq, limit])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// One fact.
///
/// # Errors
/// As [`facts_after`].
pub async fn fact(sql: &mut dyn Sql, id: &FactId) -> Result<Option<Fact>> {
    let statement = "SELECT id, seq, kind, subject, actor, actor_salt, at, body, body_salt, erased_at, leaf \
         FROM facts WHERE id = $1";
    sql.optional(statement, args![id])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// The newest sequenced facts about a record, newest first.
///
/// # Errors
/// As [`facts_after`].
pub async fn facts_about(sql: &mut dyn Sql, subject: &str, limit: i64) -> Result<Vec<Fact>> {
    let statement = "SELECT id, seq, kind, subject, actor, actor_salt, at, body, body_salt, erased_at, leaf \
         FROM facts WHERE subject = $1 AND seq IS NOT NULL ORDER BY seq DESC LIMIT $2";
    sql.all(statement, args![subject, limit])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// The last number given.
///
/// # Errors
/// As [`facts_after`].
pub async fn head(sql: &mut dyn Sql) -> Result<i64> {
    sql.one("SELECT seq FROM journal_head WHERE id = 1", Args::new())
        .await?
        .int("seq")
}

/// Facts that point to a person: those about them, and those they did.
pub(super) async fn pointing_to(sql: &mut dyn Sql, person: &str) -> Result<Vec<Fact>> {
    let statement = "SELECT id, seq, kind, subject, actor, actor_salt, at, body, body_salt, \
         erased_at, leaf FROM facts WHERE subject = $1 OR actor = $1";
    sql.all(statement, args![person])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

pub(super) async fn keep_leaf(sql: &mut dyn Sql, id: &FactId, leaf: Vec<u8>) -> Result<()> {
    sql.execute("UPDATE facts SET leaf = $2 WHERE id = $1", args![id, leaf])
        .await
        .map(|_| ())
}

pub(super) async fn forget(sql: &mut dyn Sql, person: &str, now: Micros) -> Result<u64> {
    let bodies = "UPDATE facts SET body = NULL, body_salt = NULL, erased_at = $2 \
                  WHERE subject = $1 AND body IS NOT NULL";
    let actors = "UPDATE facts SET actor = NULL, actor_salt = NULL, erased_at = $2 \
                  WHERE actor = $1";
    Ok(sql.execute(bodies, args![person, now]).await?
        + sql.execute(actors, args![person, now]).await?)
}

/// A subscription's cursor; 0 when it is new.
///
/// # Errors
/// As [`facts_after`].
pub async fn cursor(sql: &mut dyn Sql, name: &str) -> Result<i64> {
    let row = sql
        .optional(
            "SELECT seq FROM journal_cursors WHERE name = $1",
            args![name],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("seq"))
}

/// Moves a cursor from `from` to `to`; false when somebody else moved it meanwhile.
///
/// # Errors
/// As [`facts_after`].
pub async fn advance_cursor(sql: &mut dyn Sql, name: &str, from: i64, to: i64) -> Result<bool> {
    let insert = "INSERT INTO journal_cursors (name, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    sql.execute(insert, args![name]).await?;
    let update = "UPDATE journal_cursors SET seq = $3 WHERE name = $1 AND seq = $2";
    Ok(sql.execute(update, args![name, from, to]).await? == 1)
}
