//! What the log needs of a database.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Error, Result, TreeHead};

/// What a log's records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Entries that have an index: the next entry gets this one.
    pub sequenced: u64,
    /// The tree whose tiles are written.
    pub tree: TreeHead,
}

/// The durable truth of one log: its entries in order, and its current root. All advance is by
/// compare-and-swap, so that two processes at once cannot fork a log, leases or no leases.
#[async_trait]
pub trait Records: Send + Sync {
    /// The current state; a new log has no entries and the empty tree.
    ///
    /// # Errors
    /// When the records do not answer (also below).
    async fn state(&self) -> Result<State>;

    /// Gives `entries` the indices from `expected` on, if that is still the next index; false
    /// when somebody else was quicker and nothing was written. Durable when this returns.
    ///
    /// # Errors
    /// As [`Self::state`]; the entries may then have been written or not.
    async fn append(&self, expected: u64, entries: &[Bytes]) -> Result<bool>;

    /// Entries of a range that ends at or before the next index. Entries before the current
    /// tree's end may be gone from the records, since entry bundles hold them: then `None`.
    ///
    /// # Errors
    /// As [`Self::state`].
    async fn read(&self, range: Range<u64>) -> Result<Option<Vec<Bytes>>>;

    /// Replaces the tree `from` by `to`; false when the tree is no longer `from`. Durable when
    /// this returns.
    ///
    /// # Errors
    /// As [`Self::state`]; the tree may then have been replaced or not.
    async fn advance(&self, from: &TreeHead, to: &TreeHead) -> Result<bool>;

    /// The signed checkpoint that is published.
    ///
    /// # Errors
    /// As [`Self::state`].
    async fn published(&self) -> Result<Option<String>>;

    /// Publishes a signed checkpoint of `size` entries unless one of a larger tree is published
    /// already. Durable when this returns.
    ///
    /// # Errors
    /// As [`Self::state`].
    async fn publish(&self, size: u64, note: &str) -> Result<()>;
}

/// What a node remembers of its own signing, beside the key and outside of the database: a
/// database restored from a backup must not make it forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The log's origin.
    pub origin: String,
    /// The largest tree a checkpoint was signed for.
    pub head: TreeHead,
    /// The largest size anybody is known to have seen signed; signing waits for it.
    pub floor: u64,
    /// False after a restore or failover, until the latest checkpoint was confirmed.
    pub confirmed: bool,
}

/// Keeps the [`Memory`].
#[async_trait]
pub trait Guard: Send + Sync {
    /// The memory; `None` when there never was one.
    ///
    /// # Errors
    /// When it cannot be read (also below).
    async fn load(&self) -> Result<Option<Memory>>;

    /// Replaces the memory. Durable when this returns.
    ///
    /// # Errors
    /// As [`Self::load`].
    async fn store(&self, memory: &Memory) -> Result<()>;
}

pub(crate) fn too_large(entries: &[Bytes]) -> Result<()> {
    match entries
        .iter()
        .find(|e| e.len() > crate::tiles::ENTRY_SIZE_MAX)
    {
        Some(entry) => Err(Error::TooLarge(entry.len())),
        None => Ok(()),
    }
}
