//! Order after commit, and those who follow it.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Reaction, store};
use crate::App;
use crate::args;
use crate::db::Sql;
use crate::error::Result;
use crate::http::tx::Tx;

/// How many facts are numbered in one transaction.
const BATCH: i64 = 5_000;
/// How many facts a reaction consumes in one transaction.
const REACTION_BATCH: i64 = 200;

/// Signals of the journal within this process.
pub struct Journal {
    recorded: Notify,
    head: watch::Sender<i64>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            recorded: Notify::new(),
            head: watch::Sender::new(0),
        }
    }
}

impl Journal {
    /// Somebody committed facts.
    pub fn recorded(&self) {
        self.recorded.notify_one();
    }

    /// Watches the last number given, as far as this process knows.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// Numbers facts until the process ends: at once when this process wrote some, and every
    /// 200 ms for what other nodes wrote.
    pub async fn run(&self, app: App) {
        loop {
            let _woken_or_time =
                tokio::time::timeout(Duration::from_millis(200), self.recorded.notified()).await;
            if let Err(error) = sequence(&app).await {
                tracing::warn!(%error, "sequencing failed; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Numbers every committed fact that has no number yet. The row lock on the head lets one node
/// do it at a time; whoever comes second finds nothing left.
///
/// # Errors
/// When the database does not answer.
pub async fn sequence(app: &App) -> Result<u64> {
    let mut total = 0;
    loop {
        let waiting = "SELECT id FROM facts WHERE seq IS NULL LIMIT 1";
        let mut reader = app.db().read().await?;
        if reader.optional(waiting, args![]).await?.is_none() {
            let head = store::head(&mut reader).await?;
            app.journal()
                .head
                .send_if_modified(|h| std::mem::replace(h, head) != head);
            return Ok(total);
        }
        drop(reader);
        total += sequence_batch(app).await?;
    }
}

async fn sequence_batch(app: &App) -> Result<u64> {
    let mut tx = app.db().begin_raw().await?;
    let count = number_batch(&mut tx).await?;
    tx.commit().await?;
    Ok(count)
}

/// Numbers everything this transaction sees; the head stays locked until it ends.
pub(super) async fn number_all(tx: &mut Tx) -> Result<()> {
    while number_batch(tx).await? > 0 {}
    Ok(())
}

async fn number_batch(sql: &mut dyn Sql) -> Result<u64> {
    let lock = "UPDATE journal_head SET seq = seq WHERE id = 1 RETURNING seq, last_at";
    let head = sql.one(lock, args![]).await?;
    let (seq, last_at) = (head.int("seq")?, head.int("last_at")?);
    let number = "UPDATE facts SET seq = o.n, at = CASE WHEN facts.at < $2 THEN $2 ELSE facts.at END \
        FROM (SELECT id, CAST($1 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY at, id) AS n \
              FROM facts WHERE seq IS NULL ORDER BY at, id LIMIT $3) AS o WHERE facts.id = o.id";
    let count = sql.execute(number, args![seq, last_at, BATCH]).await?;
    let advance = "UPDATE journal_head SET seq = $1, \
        last_at = (SELECT MAX(at) FROM facts WHERE seq > $2 AND seq <= $1) WHERE id = 1";
    if count > 0 {
        sql.execute(advance, args![seq + count as i64, seq]).await?;
    }
    Ok(count)
}

/// Lets one reaction consume what is waiting for it; answers how many facts it was given.
///
/// # Errors
/// What the reaction answered; its cursor then stays where it was.
pub async fn run_reaction(app: &App, reaction: &Reaction) -> Result<u64> {
    let mut given = 0;
    loop {
        let mut reader = app.db().read().await?;
        let from = store::cursor(&mut reader, reaction.name).await?;
        let facts = store::facts_after(&mut reader, from, REACTION_BATCH).await?;
        drop(reader);
        let Some(to) = facts.last().and_then(|f| f.seq) else {
            return Ok(given);
        };
        let mut tx = Tx::begin(app, None).await?;
        if !store::advance_cursor(&mut tx, reaction.name, from, to).await? {
            return Ok(given);
        }
        for fact in facts
            .iter()
            .filter(|f| reaction.kinds.contains(&f.kind.as_str()))
        {
            (reaction.run)(app, &mut tx, fact).await?;
            given += 1;
        }
        tx.commit().await?;
    }
}
