//! SQL of shares.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::{Share, ShareId, SharedPage};
use crate::indicators::IndicatorId;
use crate::plans::PlanId;
use crate::stored::word;

const SHARE: &str = "SELECT id, plan_id, page, indicator_id, title, created_at, expires_at, \
    revoked_at FROM plan_shares";

fn share(row: &Row) -> Result<Share> {
    Ok(Share {
        id: ShareId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        page: word(row, "page", SharedPage::read)?,
        indicator_id: row.text_opt("indicator_id")?.map(IndicatorId::from_stored),
        title: row.text("title")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.time_opt("revoked_at")?,
    })
}

/// One page of an edition's links, the newest first.
pub(crate) async fn list(sql: &mut dyn Sql, plan: &PlanId, page: &Page) -> Result<Vec<Share>> {
    let select = Select::new(SHARE)
        .and("plan_id = ?", plan)
        .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(share).collect()
}

/// How many links of an edition stand.
pub(crate) async fn standing(sql: &mut dyn Sql, plan: &PlanId, now: Micros) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_shares \
                 WHERE plan_id = $1 AND revoked_at IS NULL AND expires_at > $2";
    sql.one(count, args![plan, now]).await?.int("n")
}

/// One link.
pub(crate) async fn get(sql: &mut dyn Sql, id: &ShareId) -> Result<Share> {
    let select = Select::new(SHARE).and("id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), share)
}

/// The link of a token.
pub(crate) async fn by_token(sql: &mut dyn Sql, hash: &[u8; 32]) -> Result<Option<Share>> {
    let row = sql
        .optional(
            "SELECT id, plan_id, page, indicator_id, title, created_at, expires_at, revoked_at \
             FROM plan_shares WHERE token_hash = $1",
            args![hash],
        )
        .await?;
    row.as_ref().map(share).transpose()
}

/// Stores a new link.
pub(crate) async fn insert(
    sql: &mut dyn Sql,
    share: &Share,
    hash: &[u8; 32],
    by: Option<&str>,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_shares (id, plan_id, page, indicator_id, title, token_hash, \
         created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &share.id,
            &share.plan_id,
            share.page.as_str(),
            share.indicator_id.as_ref().map(IndicatorId::as_str),
            &share.title,
            hash,
            share.created_at,
            by,
            share.expires_at,
        ],
    )
    .await
    .map(|_| ())
}

/// Revokes a link; false when it was revoked before.
pub(crate) async fn revoke(sql: &mut dyn Sql, id: &ShareId, at: Micros) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_shares SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            args![id, at],
        )
        .await?;
    Ok(changed == 1)
}
