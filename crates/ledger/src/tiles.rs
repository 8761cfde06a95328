//! Tiles and entry bundles (c2sp.org/tlog-tiles): addresses and encodings.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::{Error, Result};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Bytes of the largest entry.
pub const ENTRY_SIZE_MAX: usize = 65_535;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// Hashes of subtrees of 256^level entries; level 0 to 63.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// The address of a tile or bundle, shown as its path: `tile/1/x001/x234/067.p/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath {
    /// What it holds.
    pub row: Row,
    /// Its place in its row.
    pub index: u64,
    /// How many items it holds, 1 to 256; below 256 it is partial.
    pub width: u16,
}

impl TilePath {
    /// The tile of level `level` that holds item `index` of that level in a tree of `size`
    /// entries; `None` when there is none.
    #[must_use]
    pub fn of(row: Row, item: u64, size: u64) -> Option<Self> {
        let level = if let Row::Hashes(level) = row {
            u32::from(level)
        } else {
            0
        };
        let items = size.checked_shr(8 * level).unwrap_or(0);
        let index = item / TILE_WIDTH;
        let width = items.checked_sub(index * TILE_WIDTH)?.min(TILE_WIDTH) as u16;
        (item < items).then_some(Self { row, index, width })
    }

    /// The same tile when it is full.
    #[must_use]
    pub fn full(self) -> Self {
        Self {
            width: TILE_WIDTH as u16,
            ..self
        }
    }

    /// True when the tile is not full.
    #[must_use]
    pub fn is_partial(self) -> bool {
        u64::from(self.width) < TILE_WIDTH
    }

    /// The folder that holds this tile's partial forms.
    #[must_use]
    pub fn partials(self) -> String {
        format!("{}.p", self.full())
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Row::Hashes(level) => write!(f, "tile/{level}/")?,
            Row::Entries => write!(f, "tile/entries/")?,
        }
        let groups: Vec<u64> =
            std::iter::successors(Some(self.index), |n| Some(n / 1_000).filter(|n| *n > 0))
                .collect();
        for group in groups[1..].iter().rev() {
            write!(f, "x{:03}/", group % 1_000)?;
        }
        write!(f, "{:03}", self.index % 1_000)?;
        if self.is_partial() {
            write!(f, ".p/{}", self.width)
        } else {
            Ok(())
        }
    }
}

impl FromStr for TilePath {
    type Err = Error;

    fn from_str(path: &str) -> Result<Self> {
        let malformed = || Error::Malformed("tile path", format!("{path:.80?}"));
        let rest = path.strip_prefix("tile/").ok_or_else(malformed)?;
        let (row, rest) = rest.split_once('/').ok_or_else(malformed)?;
        let row = match row {
            "entries" => Row::Entries,
            level => match level.parse::<u8>() {
                Ok(level) if level < 64 => Row::Hashes(level),
                _ => return Err(malformed()),
            },
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse::<u16>().map_err(|_| malformed())?),
            None => (rest, TILE_WIDTH as u16),
        };
        let mut index = 0_u64;
        for part in number.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            let part = digits.parse::<u64>().map_err(|_| malformed())?;
            index = index
                .checked_mul(1_000)
                .and_then(|n| n.checked_add(part))
                .ok_or_else(malformed)?;
        }
        let tile = Self { row, index, width };
        // Writing it again catches every other way of saying the same, such as x1/067 or +7.
        let canonical = width >= 1 && u64::from(width) <= TILE_WIDTH && tile.to_string() == path;
        canonical.then_some(tile).ok_or_else(malformed)
    }
}

/// Appends one entry to a bundle: two bytes of length, big-endian, then the entry.
///
/// # Errors
/// [`Error::TooLarge`] above 65,535 bytes.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<()> {
    let length = u16::try_from(entry.len()).map_err(|_| Error::TooLarge(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Reads the entries of a bundle; shares the bundle's memory.
///
/// # Errors
/// [`Error::Malformed`] when the bundle ends within an entry.
pub fn entries(bundle: &Bytes) -> Result<Vec<Bytes>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bundle.len() {
        let cut = || Error::Malformed("entry bundle", format!("ends within entry {}", out.len()));
        let head = bundle.get(at..at + 2).ok_or_else(cut)?;
        let length = usize::from(u16::from_be_bytes([head[0], head[1]]));
        at += 2;
        if bundle.len() - at < length {
            return Err(cut());
        }
        out.push(bundle.slice(at..at + length));
        at += length;
    }
    Ok(out)
}
