//! SQL of sessions.

use tianyuan_kernel::prelude::*;

use super::{Session, SessionId};
use crate::people::PersonId;

pub(crate) struct NewSession<'a> {
    pub(crate) id: &'a SessionId,
    pub(crate) token_hash: [u8; 32],
    pub(crate) person: &'a PersonId,
    pub(crate) csrf: String,
    pub(crate) expires_at: Micros,
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
}

fn from_row(row: &Row) -> Result<Session> {
    Ok(Session {
        id: SessionId::from_stored(row.text("id")?),
        person: PersonId::from_stored(row.text("person_id")?),
        csrf: row.text("csrf")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        address: row.text_opt("address")?,
        agent: row.text_opt("agent")?,
    })
}

pub(crate) async fn insert(tx: &mut Tx, new: NewSession<'_>) -> Result<()> {
    let sql = "INSERT INTO sessions (id, token_hash, person_id, csrf, created_at, last_seen_at, \
               expires_at, address, agent) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)";
    let now = tx.now();
    let args = args![
        new.id,
        &new.token_hash,
        new.person,
        new.csrf,
        now,
        new.expires_at,
        new.address,
        new.agent,
    ];
    tx.execute(sql, args).await.map(|_| ())
}

pub(crate) async fn by_token(sql: &mut dyn Sql, hash: &[u8; 32]) -> Result<Option<Session>> {
    let select = "SELECT id, person_id, csrf, created_at, last_seen_at, expires_at, address, agent \
                  FROM sessions WHERE token_hash = $1";
    sql.optional(select, args![hash])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

pub(crate) async fn get(sql: &mut dyn Sql, id: &SessionId) -> Result<Session> {
    let select = "SELECT id, person_id, csrf, created_at, last_seen_at, expires_at, address, agent \
                  FROM sessions WHERE id = $1";
    from_row(
        &sql.optional(select, args![id])
            .await?
            .ok_or_else(Error::not_found)?,
    )
}

/// A person's sessions that have not run out, newest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    page: &Page,
    person: &str,
    now: Micros,
) -> Result<Vec<Session>> {
    let select = Select::new(
        "SELECT id, person_id, csrf, created_at, last_seen_at, expires_at, address, agent \
         FROM sessions",
    )
    .and("person_id = ?", person)
    .and("expires_at > ?", now)
    .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(from_row).collect()
}

pub(crate) async fn seen(app: &App, id: &SessionId) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, app.now()]).await?;
    tx.commit().await
}

pub(crate) async fn end(tx: &mut Tx, id: &SessionId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE id = $1", args![id])
        .await
        .map(|_| ())
}

pub(crate) async fn end_all(tx: &mut Tx, person: &PersonId) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE person_id = $1", args![person])
        .await
        .map(|_| ())
}

/// Ends a person's sessions but this one.
pub(crate) async fn end_others(tx: &mut Tx, person: &PersonId, but: Option<&str>) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE person_id = $1 AND id <> $2";
    let args = args![person, but.unwrap_or_default()];
    tx.execute(sql, args).await.map(|_| ())
}

/// Removes what ran out.
pub(crate) async fn sweep(app: &App) -> Result<u64> {
    let mut tx = app.db().begin_raw().await?;
    let now = app.now();
    let rows = tx
        .execute("DELETE FROM sessions WHERE expires_at < $1", args![now])
        .await?;
    let an_hour_ago = now.plus_seconds(-3_600);
    tx.execute(
        "DELETE FROM oidc_attempts WHERE created_at < $1",
        args![an_hour_ago],
    )
    .await?;
    tx.commit().await?;
    Ok(rows)
}
