//! The right edge of a tree: the hashes of every partial tile and the last, partial entry bundle.
//! All that integration needs to remember.

use bytes::Bytes;

use crate::store::Tiles;
use crate::tiles::{self, Row, TILE_WIDTH, TilePath};
use crate::{Error, Hash, Result, TreeHead, tree};

/// The right edge of the tree of `size` entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    /// For each level of tiles, the hashes of its partial tile.
    rows: Vec<Vec<Hash>>,
    /// The partial entry bundle.
    bundle: Vec<u8>,
}

/// Objects to be written.
pub(crate) type Written = Vec<(String, Bytes)>;

impl Edge {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn head(&self) -> TreeHead {
        let mut peaks = Vec::new();
        for row in self.rows.iter().rev() {
            let mut rest = row.as_slice();
            while !rest.is_empty() {
                let (peak, right) = rest.split_at(1 << rest.len().ilog2());
                peaks.push(tree::complete_root(peak));
                rest = right;
            }
        }
        TreeHead {
            size: self.size,
            root: tree::fold(&peaks),
        }
    }

    /// Reads the edge of a tree from its tiles.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the tiles are missing or do not make up the root.
    pub(crate) async fn load(tiles: &dyn Tiles, head: &TreeHead) -> Result<Self> {
        let mut edge = Self {
            size: head.size,
            ..Self::default()
        };
        let mut items = head.size;
        while items > 0 {
            let width = (items % TILE_WIDTH) as usize;
            let mut row = Vec::new();
            if width > 0 {
                let path = Row::Hashes(edge.rows.len() as u8);
                let bytes = read(tiles, path, items - 1, head.size).await?;
                row = Hash::list(&bytes).unwrap_or_default();
                row.truncate(width);
            }
            edge.rows.push(row);
            items /= TILE_WIDTH;
        }
        if edge.head() != *head {
            return Err(Error::Damaged(format!(
                "tiles at size {} miss the root",
                head.size
            )));
        }
        let width = (head.size % TILE_WIDTH) as usize;
        if width > 0 {
            let bundle = read(tiles, Row::Entries, head.size - 1, head.size).await?;
            let entries = tiles::entries(&bundle)?;
            let leaves = edge.rows.first().map_or(&[][..], Vec::as_slice);
            let same = entries
                .iter()
                .take(width)
                .map(|e| Hash::leaf(e))
                .eq(leaves.iter().copied());
            if !same {
                return Err(Error::Damaged(
                    "the last entry bundle misses its tile".to_owned(),
                ));
            }
            for entry in &entries[..width] {
                tiles::push_entry(&mut edge.bundle, entry)?;
            }
        }
        Ok(edge)
    }

    /// Appends entries; answers the tiles and bundles that are new, the partial ones included.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn extend(&mut self, entries: &[Bytes]) -> Result<Written> {
        let mut written = Vec::new();
        let mut touched = 0;
        for entry in entries {
            tiles::push_entry(&mut self.bundle, entry)?;
            self.size += 1;
            touched = touched.max(self.push(0, Hash::leaf(entry), &mut written));
            if self.size.is_multiple_of(TILE_WIDTH) {
                let bundle = std::mem::take(&mut self.bundle);
                self.write(Row::Entries, bundle.into(), &mut written);
            }
        }
        if !self.bundle.is_empty() && !entries.is_empty() {
            self.write(
                Row::Entries,
                Bytes::copy_from_slice(&self.bundle),
                &mut written,
            );
        }
        self.write_partial(touched, &mut written);
        Ok(written)
    }

    /// Appends the hashes of entries; answers the tiles that are new.
    pub(crate) fn extend_leaves(&mut self, leaves: &[Hash]) -> Written {
        let mut written = Vec::new();
        let mut touched = 0;
        for leaf in leaves {
            self.size += 1;
            touched = touched.max(self.push(0, *leaf, &mut written));
        }
        self.write_partial(touched, &mut written);
        written
    }

    fn write_partial(&self, touched: usize, written: &mut Written) {
        for level in 0..self.rows.len().min(touched) {
            if !self.rows[level].is_empty() {
                self.write(Row::Hashes(level as u8), concat(&self.rows[level]), written);
            }
        }
    }

    /// Adds a hash to a level; answers how many levels were touched.
    fn push(&mut self, level: usize, hash: Hash, written: &mut Written) -> usize {
        if self.rows.len() == level {
            self.rows.push(Vec::new());
        }
        self.rows[level].push(hash);
        if (self.rows[level].len() as u64) < TILE_WIDTH {
            return level + 1;
        }
        let full = std::mem::take(&mut self.rows[level]);
        self.write(Row::Hashes(level as u8), concat(&full), written);
        self.push(level + 1, tree::complete_root(&full), written)
    }

    fn write(&self, row: Row, bytes: Bytes, written: &mut Written) {
        let level = if let Row::Hashes(level) = row {
            u32::from(level)
        } else {
            0
        };
        let items = self.size >> (8 * level);
        if let Some(path) = TilePath::of(row, items - 1, self.size) {
            written.push((path.to_string(), bytes));
        }
    }
}

fn concat(hashes: &[Hash]) -> Bytes {
    hashes.iter().flat_map(|h| h.0).collect::<Vec<u8>>().into()
}

/// Reads the tile or bundle that holds an item, in the width it has in a tree of `size` entries,
/// or full when the partial one was cleared away since.
///
/// # Errors
/// [`Error::Damaged`] when there is neither.
pub(crate) async fn read(tiles: &dyn Tiles, row: Row, item: u64, size: u64) -> Result<Bytes> {
    let path = TilePath::of(row, item, size)
        .ok_or_else(|| Error::Damaged(format!("no item {item} in a tree of {size}")))?;
    let mut found = tiles.get(&path.to_string()).await?;
    if found.is_none() && path.is_partial() {
        found = tiles.get(&path.full().to_string()).await?;
    }
    found.ok_or_else(|| Error::Damaged(format!("{path} is missing")))
}
