//! A log: sequencing, integration and publishing as separate stages.
//!
//! ```text
//! append ──CAS on size──▶ records ──▶ integrate: tiles, bundles ──CAS on root──▶ records
//!                                                                                  │
//!            checkpoint ◀── signed, after the memory beside the key was renewed ◀──┘
//! ```
//! Losing power between any two of these loses nothing: entries without tiles are integrated
//! again to the same bytes, a root without a checkpoint is signed next time, and a memory without
//! a checkpoint names a tree that the records hold.

mod appender;
mod edge;
mod guard;
mod publish;
mod read;
mod records;

use std::sync::{Arc, RwLock};

use tokio::sync::Mutex;

pub use appender::Appender;
pub(crate) use edge::Edge;
pub use guard::FileGuard;
pub(crate) use guard::replace as replace_file;
pub use read::successor_entry;
pub(crate) use records::too_large;
pub use records::{Guard, Memory, Records, State};

use crate::note::VerifierKey;
use crate::store::Tiles;
use crate::tiles::TilePath;
use crate::{Error, Result, Signer, TreeHead};

/// How many entries one step of integration takes; bounds its memory.
const STEP_MAX: u64 = 1 << 16;

/// One log.
pub struct Log {
    origin: String,
    records: Arc<dyn Records>,
    tiles: Arc<dyn Tiles>,
    guard: Arc<dyn Guard>,
    signers: RwLock<Vec<Arc<dyn Signer>>>,
    edge: Mutex<Option<Edge>>,
    /// The checkpoint this process laid beside the tiles; held while publishing.
    publishing: Mutex<Option<String>>,
}

impl Log {
    /// A log over its stores. `signers` sign every checkpoint, in this order; the first should be
    /// an Ed25519 key named as the origin. Without signers it is integrated but not published.
    ///
    /// # Errors
    /// When a signer's name is not the origin.
    pub fn new(
        origin: &str,
        records: Arc<dyn Records>,
        tiles: Arc<dyn Tiles>,
        guard: Arc<dyn Guard>,
        signers: Vec<Arc<dyn Signer>>,
    ) -> Result<Self> {
        publish::named(origin, &signers)?;
        Ok(Self {
            origin: origin.to_owned(),
            records,
            tiles,
            guard,
            signers: RwLock::new(signers),
            edge: Mutex::default(),
            publishing: Mutex::default(),
        })
    }

    /// The log's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The log's records.
    #[must_use]
    pub fn records(&self) -> &Arc<dyn Records> {
        &self.records
    }

    /// Where its tiles lie.
    #[must_use]
    pub fn tiles(&self) -> &Arc<dyn Tiles> {
        &self.tiles
    }

    /// The keys that verify what is signed now.
    #[must_use]
    pub fn verifiers(&self) -> Vec<VerifierKey> {
        self.signers()
            .iter()
            .map(|s| s.verifier().clone())
            .collect()
    }

    fn signers(&self) -> Vec<Arc<dyn Signer>> {
        self.signers
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// Integrates everything that was sequenced; answers the tree before and after.
    ///
    /// # Errors
    /// As [`Self::integrate_step`].
    pub async fn integrate(&self) -> Result<(TreeHead, TreeHead)> {
        let (first, mut last) = self.integrate_step().await?;
        loop {
            let (from, to) = self.integrate_step().await?;
            if from == to {
                return Ok((first, last));
            }
            last = to;
        }
    }

    /// Integrates at most 65,536 of the entries that were sequenced; answers the tree before and
    /// after, equal when there was nothing to do. Tiles are written before the root is swapped,
    /// so a root never lacks its tiles.
    ///
    /// # Errors
    /// When a store does not answer; trying again is safe. [`Error::Damaged`] when tiles are gone
    /// and the records no longer hold their entries.
    pub async fn integrate_step(&self) -> Result<(TreeHead, TreeHead)> {
        let mut kept = self.edge.lock().await;
        loop {
            let State { sequenced, tree } = self.records.state().await?;
            if sequenced <= tree.size {
                return Ok((tree, tree));
            }
            let mut edge = match kept.take() {
                Some(edge) if edge.head() == tree => edge,
                _ => self.load_edge(&tree).await?,
            };
            let to = sequenced.min(tree.size + STEP_MAX);
            let entries = self.records.read(tree.size..to).await?;
            let gone = || Error::Damaged(format!("entries {}..{to} are gone", tree.size));
            let written = edge.extend(&entries.ok_or_else(gone)?)?;
            let full = full_tiles(&written);
            self.tiles.put(written).await?;
            let head = edge.head();
            if self.records.advance(&tree, &head).await? {
                *kept = Some(edge);
                self.clear_partials(&full).await?;
                return Ok((tree, head));
            }
        }
    }

    /// Reads the edge from the tiles; when they are missing here, as after a failover to a node
    /// with a disk of its own, writes all tiles anew from the records.
    async fn load_edge(&self, head: &TreeHead) -> Result<Edge> {
        match Edge::load(&*self.tiles, head).await {
            Err(Error::Damaged(_) | Error::Malformed(..)) => self.rebuild(head).await,
            loaded => loaded,
        }
    }

    /// Writes every tile of the current tree anew from the records. Nothing changes but what was
    /// missing or damaged.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the records no longer hold the entries or they do not make up the
    /// root.
    pub async fn repair(&self) -> Result<()> {
        let mut kept = self.edge.lock().await;
        let head = self.records.state().await?.tree;
        *kept = Some(self.rebuild(&head).await?);
        Ok(())
    }

    async fn rebuild(&self, head: &TreeHead) -> Result<Edge> {
        let mut edge = Edge::default();
        while edge.size() < head.size {
            let range = edge.size()..head.size.min(edge.size() + STEP_MAX);
            let entries = self.records.read(range.clone()).await?;
            let entries = entries
                .ok_or_else(|| Error::Damaged(format!("tiles of {} are damaged", self.origin)))?;
            self.tiles.put(edge.extend(&entries)?).await?;
        }
        if edge.head() != *head {
            let (origin, size) = (&self.origin, head.size);
            return Err(Error::Damaged(format!(
                "entries of {origin} miss the root at {size}"
            )));
        }
        Ok(edge)
    }

    /// Partial tiles go one full tile later than they could, for readers on their way.
    async fn clear_partials(&self, full: &[TilePath]) -> Result<()> {
        for tile in full {
            if let Some(index) = tile.index.checked_sub(1) {
                self.tiles
                    .remove(&TilePath { index, ..*tile }.partials())
                    .await?;
            }
        }
        Ok(())
    }
}

fn full_tiles(written: &edge::Written) -> Vec<TilePath> {
    let paths = written
        .iter()
        .filter_map(|(path, _)| path.parse::<TilePath>().ok());
    paths.filter(|path| !path.is_partial()).collect()
}
