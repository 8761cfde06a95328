//! Replacing a ledger's key, and going on under a new origin.

use serde_json::json;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::journal::{Log, facts_about};
use tianyuan_kernel::{App, Error, Result, Text};
use tianyuan_ledger::Checkpoint;
use tianyuan_ledger::log::{FileGuard, Guard as _, successor_entry};

use super::keys;
use super::open::{Ledger, Ledgers, begin};
use super::records::{DbRecords, from_ledger};
use super::{KEY_ROTATED, SUCCEEDED, store};

impl Ledger {
    /// Carries out a rotation that was asked for: one checkpoint with both signatures, then the
    /// fact, then the records, then the files. Ended anywhere in between, it is carried out again.
    pub(super) async fn rotate(&self, app: &App) -> Result<bool> {
        let Some(next) = self.files.next()? else {
            return Ok(false);
        };
        let origin = self.tlog.origin().to_owned();
        let old = store::by_origin(&mut app.db().read().await?, &origin)
            .await?
            .verifiers;
        let new = keys::verifiers(&next);
        let note = self.tlog.rotate(next).await.map_err(from_ledger)?;
        let body = json!({
            "log": self.name.name(), "old": old, "new": new, "checkpoint": note.to_string(),
        });
        let mut tx = Tx::begin(app, None).await?;
        let before = facts_about(&mut tx, &origin, 1).await?;
        let told = before
            .first()
            .and_then(|fact| fact.body.as_ref())
            .is_some_and(|body| body["new"] == new);
        if !told {
            tx.record(&KEY_ROTATED, &origin, &body).await?;
        }
        store::set_verifiers(&mut tx, &origin, &new).await?;
        tx.commit().await?;
        self.files.finish()?;
        Ok(true)
    }
}

/// Goes on with a ledger whose tail was lost: a new origin and key, whose first entry names the
/// old origin and what is known of it; all leaves that are held follow. Answers the new origin.
///
/// # Errors
/// 409 when the ledger can be signed as it is; then there is no reason to.
pub(super) async fn succeed(app: &App, log: Log) -> Result<String> {
    let ledgers = app.get::<Ledgers>()?;
    let ledger = ledgers.one(app, log).await?;
    if ledger.tlog.may_sign().await.is_ok() {
        let words = Text::new(
            "该链可以照常签名，无需以新来源接续。",
            "This ledger can be signed as it is; it needs no new origin.",
        );
        return Err(Error::conflict("ledger_is_sound", words));
    }
    let row = store::by_origin(&mut app.db().read().await?, ledger.tlog.origin()).await?;
    let memory = FileGuard::new(&ledger.files.memory()).load().await;
    let memory = memory.map_err(from_ledger)?;
    let seen = memory.map_or(row.checkpoint_size, |m| m.head.size.max(m.floor));
    let held = Checkpoint::new(&row.origin, row.tree);
    let generation = row.generation + 1;
    let first_origin = super::open::prefix(app).await?;
    let origin = format!("{first_origin}/{}/{generation}", log.name());
    let first = successor_entry(&held, seen.max(row.tree.size)).map_err(from_ledger)?;
    begin(app, log, generation, &origin).await?;
    let records = DbRecords {
        db: app.db().clone(),
        origin: origin.clone(),
    };
    records.begin_after(&row, &first).await?;
    let mut tx = Tx::begin(app, None).await?;
    let body = json!({
        "log": log.name(), "old": row.origin, "size": row.tree.size, "seen": seen,
        "root": row.tree.root.to_string(),
    });
    tx.record(&SUCCEEDED, &origin, &body).await?;
    tx.commit().await?;
    ledgers.reopen(app, log).await?;
    Ok(origin)
}

impl DbRecords {
    /// The first entry and the leaves of the ledger before, in one transaction.
    async fn begin_after(&self, old: &store::Ledger, first: &[u8]) -> Result<()> {
        let mut tx = self.db.begin_raw().await?;
        if store::claim(&mut tx, &self.origin, 0, old.sequenced + 1).await? {
            store::insert_leaf(&mut tx, &self.origin, 0, None, first).await?;
            store::copy_leaves(&mut tx, &old.origin, &self.origin).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
