//! Leases in the database: one holder at a time among several nodes, with a fencing number that
//! grows with every new holder. What must never happen twice is guarded by compare-and-swap as
//! well; a lease only saves the others the work.

use crate::App;
use crate::args;
use crate::clock::Micros;
use crate::db::Sql;
use crate::error::Result;

/// Takes or renews a lease for this node; answers its fencing number, or `None` when another
/// node holds it.
///
/// # Errors
/// When the database does not answer.
pub async fn acquire(app: &App, name: &str, seconds: i64) -> Result<Option<i64>> {
    let now = app.now();
    let mut tx = app.db().begin_raw().await?;
    let sql = "INSERT INTO leases (name, holder, fence, held_until) VALUES ($1, $2, 1, $3) \
        ON CONFLICT (name) DO UPDATE SET \
          fence = CASE WHEN leases.holder = excluded.holder THEN leases.fence \
                  ELSE leases.fence + 1 END, \
          holder = excluded.holder, held_until = excluded.held_until \
        WHERE leases.holder = excluded.holder OR leases.held_until < $4 RETURNING fence";
    let until: Micros = now.plus_seconds(seconds);
    let row = tx
        .optional(sql, args![name, app.node_id(), until, now])
        .await?;
    let fence = row.map(|row| row.int("fence")).transpose()?;
    tx.commit().await?;
    Ok(fence)
}

/// Gives a lease back, so that another node need not wait for its end.
///
/// # Errors
/// When the database does not answer.
pub async fn release(app: &App, name: &str) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE leases SET held_until = 0 WHERE name = $1 AND holder = $2";
    tx.execute(sql, args![name, app.node_id()]).await?;
    tx.commit().await
}
