//! Reading a log: roots, proofs, entries.

use std::collections::HashMap;

use bytes::Bytes;

use super::{Log, edge};
use crate::proof::LogProof;
use crate::store::Tiles;
use crate::tiles::{self, Row, TILE_WIDTH};
use crate::tree::{self, Node};
use crate::{Checkpoint, Error, Hash, Result};

/// The tiles of one tree, each fetched once.
struct Reader<'a> {
    tiles: &'a dyn Tiles,
    size: u64,
    seen: HashMap<(u8, u64), Vec<Hash>>,
}

impl Reader<'_> {
    async fn node(&mut self, node: Node) -> Result<Hash> {
        let (level, height) = (node.level / 8, node.level % 8);
        let first = node.index << height;
        let (index, offset) = (first / TILE_WIDTH, (first % TILE_WIDTH) as usize);
        if !self.seen.contains_key(&(level, index)) {
            let bytes = edge::read(self.tiles, Row::Hashes(level), first, self.size).await?;
            let hashes = Hash::list(&bytes)
                .ok_or_else(|| Error::Damaged(format!("tile/{level}/{index} is cut short")))?;
            self.seen.insert((level, index), hashes);
        }
        let hashes = self.seen[&(level, index)].get(offset..offset + (1 << height));
        let hashes =
            hashes.ok_or_else(|| Error::Damaged(format!("tile/{level}/{index} is cut short")))?;
        Ok(tree::complete_root(hashes))
    }

    async fn range(&mut self, nodes: &[Node]) -> Result<Hash> {
        let mut hashes = Vec::with_capacity(nodes.len());
        for node in nodes {
            hashes.push(self.node(*node).await?);
        }
        Ok(tree::fold(&hashes))
    }

    async fn proof(&mut self, plan: &[Vec<Node>]) -> Result<Vec<Hash>> {
        let mut proof = Vec::with_capacity(plan.len());
        for nodes in plan {
            proof.push(self.range(nodes).await?);
        }
        Ok(proof)
    }
}

impl Log {
    /// Reads nodes of a tree of `size` entries from the tiles of the present one: those are
    /// always there, while partial tiles of earlier sizes were never written or are cleared away.
    async fn reader(&self, size: u64) -> Result<Reader<'_>> {
        let present = self.records.state().await?.tree.size;
        if size > present {
            return Err(Error::Invalid(format!(
                "no tree of {size} within one of {present}"
            )));
        }
        Ok(Reader {
            tiles: &*self.tiles,
            size: present,
            seen: HashMap::new(),
        })
    }

    /// The root this log had at `size` entries.
    ///
    /// # Errors
    /// When tiles are missing or `size` is larger than the tree.
    pub async fn root(&self, size: u64) -> Result<Hash> {
        let mut reader = self.reader(size).await?;
        reader.range(&tree::decompose(0, size)).await
    }

    /// The inclusion proof of entry `index` in the tree of `size` entries.
    ///
    /// # Errors
    /// When there is no such entry, or tiles are missing.
    pub async fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        let plan = tree::inclusion_plan(index, size)?;
        self.reader(size).await?.proof(&plan).await
    }

    /// The consistency proof from `old` to `new` entries.
    ///
    /// # Errors
    /// When `old` is larger than `new`, or tiles are missing.
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        let plan = tree::consistency_plan(old, new)?;
        self.reader(new).await?.proof(&plan).await
    }

    /// An entry of the integrated tree.
    ///
    /// # Errors
    /// When there is no such entry, or its bundle is missing.
    pub async fn entry(&self, index: u64) -> Result<Bytes> {
        let size = self.records.state().await?.tree.size;
        if index >= size {
            return Err(Error::Invalid(format!(
                "no entry {index} in a tree of {size}"
            )));
        }
        let bundle = edge::read(&*self.tiles, Row::Entries, index, size).await?;
        let entries = tiles::entries(&bundle)?;
        let place = (index % TILE_WIDTH) as usize;
        let entry = entries.into_iter().nth(place);
        entry.ok_or_else(|| Error::Damaged(format!("entry {index} is not in its bundle")))
    }

    /// A proof bundle for entry `index` under the published checkpoint; `None` while that does
    /// not reach so far.
    ///
    /// # Errors
    /// When tiles are missing.
    pub async fn prove(&self, index: u64) -> Result<Option<LogProof>> {
        let Some(checkpoint) = self.published().await? else {
            return Ok(None);
        };
        let head = Checkpoint::parse(&checkpoint.text)?.head;
        if index >= head.size {
            return Ok(None);
        }
        let hashes = self.prove_inclusion(index, head.size).await?;
        Ok(Some(LogProof {
            extra: None,
            index,
            hashes,
            checkpoint,
        }))
    }
}

/// The first entry of a log that goes on after another lost its tail: it names the old origin,
/// the largest checkpoint still held, and the size of the largest that anybody saw.
///
/// # Errors
/// Never for valid text; the signature leaves room.
pub fn successor_entry(old: &Checkpoint, seen_size: u64) -> Result<Bytes> {
    let entry = serde_json::json!({
        "root": old.head.root.to_string(),
        "seen": seen_size,
        "size": old.head.size,
        "succeeds": old.origin,
        "v": 1,
    });
    serde_json::to_vec(&entry)
        .map(Bytes::from)
        .map_err(|e| Error::Storage(e.to_string()))
}
