//! A log's records over the node's database, and where its tiles lie.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tianyuan_kernel::db::Db;
use tianyuan_kernel::{App, Error, Result};
use tianyuan_ledger::TreeHead;
use tianyuan_ledger::log::{Records, State};
use tianyuan_ledger::store::{Folder, Objects, Tiles};

use super::store;

pub(super) fn from_ledger(error: tianyuan_ledger::Error) -> Error {
    Error::internal(error)
}

pub(super) fn to_ledger(error: Error) -> tianyuan_ledger::Error {
    let cause = error.cause().map(str::to_owned);
    tianyuan_ledger::Error::Storage(cause.unwrap_or_else(|| error.to_string()))
}

/// The records of one origin. Holds the database, not the application, which holds this.
pub(super) struct DbRecords {
    pub(super) db: Db,
    pub(super) origin: String,
}

impl DbRecords {
    async fn try_append(&self, expected: u64, entries: &[Bytes]) -> Result<bool> {
        let mut tx = self.db.begin_raw().await?;
        if !store::claim(&mut tx, &self.origin, expected, entries.len() as u64).await? {
            return Ok(false);
        }
        for (index, entry) in (expected..).zip(entries) {
            store::insert_leaf(&mut tx, &self.origin, index, None, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn try_advance(&self, from: &TreeHead, to: &TreeHead) -> Result<bool> {
        let mut tx = self.db.begin_raw().await?;
        let done = store::advance(&mut tx, &self.origin, from, to).await?;
        if done {
            tx.commit().await?;
        }
        Ok(done)
    }

    async fn try_publish(&self, size: u64, note: &str) -> Result<()> {
        let mut tx = self.db.begin_raw().await?;
        store::publish(&mut tx, &self.origin, size, note).await?;
        tx.commit().await
    }

    async fn row(&self) -> Result<store::Ledger> {
        store::by_origin(&mut self.db.read().await?, &self.origin).await
    }
}

#[async_trait]
impl Records for DbRecords {
    async fn state(&self) -> tianyuan_ledger::Result<State> {
        let row = self.row().await.map_err(to_ledger)?;
        Ok(State {
            sequenced: row.sequenced,
            tree: row.tree,
        })
    }

    async fn append(&self, expected: u64, entries: &[Bytes]) -> tianyuan_ledger::Result<bool> {
        self.try_append(expected, entries).await.map_err(to_ledger)
    }

    async fn read(&self, range: Range<u64>) -> tianyuan_ledger::Result<Option<Vec<Bytes>>> {
        let read = async {
            let mut reader = self.db.read().await?;
            store::leaves(&mut reader, &self.origin, range.start, range.end).await
        };
        let leaves = read.await.map_err(to_ledger)?;
        let whole = leaves.len() as u64 == range.end.saturating_sub(range.start);
        Ok(whole.then(|| leaves.into_iter().map(Bytes::from).collect()))
    }

    async fn advance(&self, from: &TreeHead, to: &TreeHead) -> tianyuan_ledger::Result<bool> {
        self.try_advance(from, to).await.map_err(to_ledger)
    }

    async fn published(&self) -> tianyuan_ledger::Result<Option<String>> {
        Ok(self.row().await.map_err(to_ledger)?.checkpoint)
    }

    async fn publish(&self, size: u64, note: &str) -> tianyuan_ledger::Result<()> {
        self.try_publish(size, note).await.map_err(to_ledger)
    }
}

/// The folder of a generation of a ledger, under `ledger/`.
pub(super) fn place(name: &str, generation: i64) -> String {
    if generation == 1 {
        name.to_owned()
    } else {
        format!("{name}.{generation}")
    }
}

/// Where tiles lie: the data folder, or the configured object store.
pub(super) fn tiles(app: &App, name: &str, generation: i64) -> Result<Arc<dyn Tiles>> {
    let place = place(name, generation);
    if app.config().storage.s3.is_some() {
        let store = app.files().store();
        return Ok(Arc::new(Objects::new(store, &format!("ledger/{place}"))));
    }
    let folder = app.config().node.data.join("ledger").join(place);
    Ok(Arc::new(Folder::open(&folder).map_err(from_ledger)?))
}
