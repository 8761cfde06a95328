//! Verifying a whole log as a stranger: signatures, every entry, every tile, the past.
//!
//! Trusts nothing that comes with the log: keys are given by the caller, and the tree is built
//! anew from the entries and compared byte by byte.

mod folder;
mod leftover;

use async_trait::async_trait;
use bytes::Bytes;

pub use folder::FolderSource;

use crate::log::Edge;
use crate::store::CHECKPOINT;
use crate::tiles::{self, Row, TILE_WIDTH, TilePath};
use crate::{Checkpoint, Error, Hash, Note, Result, TreeHead, VerifierKey, tree};

/// Where a log's public files come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads a file by its path under the log's prefix; `None` when there is none.
    ///
    /// # Errors
    /// When the source does not answer.
    async fn fetch(&self, path: &str) -> Result<Option<Bytes>>;

    /// Every path there is, when the source can tell; then files that belong to no tree are
    /// named too.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn list(&self) -> Result<Option<Vec<String>>> {
        Ok(None)
    }
}

/// What the verifier believes beforehand.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The log's keys, pinned: at least one must have signed.
    pub log_keys: Vec<VerifierKey>,
    /// Witnesses, each of which must have cosigned.
    pub witness_keys: Vec<VerifierKey>,
    /// A checkpoint kept from an earlier visit, which the tree must extend.
    pub earlier: Option<Checkpoint>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file it shows in.
    pub file: String,
    /// The entry (in bundles) or hash (in tiles) within the whole row, from 0.
    pub index: Option<u64>,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The checkpoint as it was read; keep it for the next visit.
    pub note: Option<String>,
    /// The log's origin.
    pub origin: String,
    /// Size and root that were signed.
    pub head: Option<TreeHead>,
    /// Keys of the log that signed, `name+id`.
    pub signed_by: Vec<String>,
    /// Witnesses that cosigned, with the time in seconds since 1970.
    pub witnessed_by: Vec<(String, u64)>,
    /// The earlier checkpoint's size, when the tree extends it.
    pub extends: Option<u64>,
    /// Entries read and hashed.
    pub entries: u64,
    /// Tiles compared.
    pub tiles: u64,
    /// Files of a larger tree that no checkpoint covers yet; their content is not judged.
    pub unsigned: Vec<String>,
    /// Everything that is wrong; empty when the log verifies.
    pub faults: Vec<Fault>,
}

impl Report {
    /// True when nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, file: impl Into<String>, index: Option<u64>, zh: String, en: String) {
        self.faults.push(Fault {
            file: file.into(),
            index,
            zh,
            en,
        });
    }
}

/// Verifies a whole log. `each` sees every entry that holds, in order, with its index.
///
/// # Errors
/// Only when the source does not answer; everything else is a fault of the report.
pub async fn verify(
    source: &dyn Source,
    trust: &Trust,
    each: &mut (dyn FnMut(u64, &Bytes) + Send),
) -> Result<Report> {
    let mut report = Report::default();
    let Some(checkpoint) = read_checkpoint(source, trust, &mut report).await? else {
        return Ok(report);
    };
    let head = checkpoint.head;
    let mut run = Run {
        source,
        head,
        edge: Edge::default(),
        at_earlier: None,
    };
    let earlier = trust.earlier.as_ref();
    if let Some(earlier) = earlier.filter(|e| e.origin != checkpoint.origin) {
        report.fault(
            CHECKPOINT,
            None,
            format!("来源应为 {}，实为 {}", earlier.origin, checkpoint.origin),
            format!("origin is {}, was {}", checkpoint.origin, earlier.origin),
        );
    }
    let earlier = earlier.map(|e| e.head);
    let whole = run.tree(earlier, &mut report, each).await?;
    if whole && run.edge.head() != head {
        report.fault(
            CHECKPOINT,
            None,
            format!(
                "所签之根 {}，按条目重算为 {}",
                head.root,
                run.edge.head().root
            ),
            format!(
                "signed root {}, entries give {}",
                head.root,
                run.edge.head().root
            ),
        );
    }
    if let Some(earlier) = earlier {
        run.extends(earlier, whole, &mut report);
    }
    leftover::check(source, head.size, &mut report).await?;
    Ok(report)
}

async fn read_checkpoint(
    source: &dyn Source,
    trust: &Trust,
    report: &mut Report,
) -> Result<Option<Checkpoint>> {
    let Some(bytes) = source.fetch(CHECKPOINT).await? else {
        let (zh, en) = ("没有检查点".to_owned(), "there is no checkpoint".to_owned());
        report.fault(CHECKPOINT, None, zh, en);
        return Ok(None);
    };
    let read = Note::parse(&bytes).and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
    let (checkpoint, note) = match read {
        Ok(read) => read,
        Err(error) => {
            report.fault(
                CHECKPOINT,
                None,
                format!("检查点不可读：{error}"),
                error.to_string(),
            );
            return Ok(None);
        }
    };
    report.note = Some(note.to_string());
    report.origin.clone_from(&checkpoint.origin);
    report.head = Some(checkpoint.head);
    match note.verified(&trust.log_keys) {
        Ok(signed) => {
            let mine = signed.iter().filter(|v| v.key.name() == checkpoint.origin);
            let names = mine.map(|v| format!("{}+{:08x}", v.key.name(), v.key.id()));
            report.signed_by = names.collect();
            if report.signed_by.is_empty() {
                let zh = "没有一把所信的密钥签过此检查点".to_owned();
                report.fault(CHECKPOINT, None, zh, "no key you gave signed it".to_owned());
            }
        }
        Err(error) => report.fault(CHECKPOINT, None, "签名不符".to_owned(), error.to_string()),
    }
    for key in &trust.witness_keys {
        match note.verified(std::slice::from_ref(key)) {
            Ok(seen) if !seen.is_empty() => {
                let at = seen[0].cosigned_at.unwrap_or_default();
                report.witnessed_by.push((key.name().to_owned(), at));
            }
            Ok(_) => report.fault(
                CHECKPOINT,
                None,
                format!("见证方 {} 未联署", key.name()),
                format!("witness {} has not cosigned it", key.name()),
            ),
            Err(error) => {
                report.fault(CHECKPOINT, None, "联署不符".to_owned(), error.to_string());
            }
        }
    }
    Ok(Some(checkpoint))
}

struct Run<'a> {
    source: &'a dyn Source,
    head: TreeHead,
    edge: Edge,
    at_earlier: Option<TreeHead>,
}

impl Run<'_> {
    /// Reads every bundle and tile; false when entries and their tile are both missing, so that
    /// there is no going on.
    async fn tree(
        &mut self,
        earlier: Option<TreeHead>,
        report: &mut Report,
        each: &mut (dyn FnMut(u64, &Bytes) + Send),
    ) -> Result<bool> {
        let size = self.head.size;
        self.note_earlier(earlier);
        let mut first = 0;
        while let Some(path) = TilePath::of(Row::Entries, first, size) {
            let Some(leaves) = self.bundle(path, report, each).await? else {
                return Ok(false);
            };
            let next = first + leaves.len() as u64;
            let stop = earlier
                .map(|e| e.size)
                .filter(|e| (first + 1..next).contains(e));
            let (left, right) =
                leaves.split_at(stop.map_or(leaves.len(), |e| (e - first) as usize));
            let mut rebuilt = self.edge.extend_leaves(left);
            self.note_earlier(earlier);
            rebuilt.extend(self.edge.extend_leaves(right));
            self.note_earlier(earlier);
            for (path, bytes) in rebuilt {
                let tile: TilePath = path.parse()?;
                if tile.is_partial()
                    && TilePath::of(tile.row, tile.index * TILE_WIDTH, size) != Some(tile)
                {
                    continue;
                }
                self.tile(tile, &bytes, report).await?;
            }
            first = next;
        }
        Ok(true)
    }

    fn note_earlier(&mut self, earlier: Option<TreeHead>) {
        if earlier.is_some_and(|e| e.size == self.edge.size()) {
            self.at_earlier = Some(self.edge.head());
        }
    }

    async fn fetch(&self, path: TilePath) -> Result<Option<(TilePath, Bytes)>> {
        if let Some(bytes) = self.source.fetch(&path.to_string()).await? {
            return Ok(Some((path, bytes)));
        }
        let full = path.full();
        let found = if path.is_partial() {
            self.source.fetch(&full.to_string()).await?
        } else {
            None
        };
        Ok(found.map(|bytes| (full, bytes)))
    }

    /// The leaf hashes of one bundle, as far as they can be believed; names entries that were
    /// changed.
    async fn bundle(
        &mut self,
        path: TilePath,
        report: &mut Report,
        each: &mut (dyn FnMut(u64, &Bytes) + Send),
    ) -> Result<Option<Vec<Hash>>> {
        let width = usize::from(path.width);
        let first = path.index * TILE_WIDTH;
        let tile = TilePath {
            row: Row::Hashes(0),
            ..path
        };
        let hashes = self
            .fetch(tile)
            .await?
            .and_then(|(_, bytes)| Hash::list(&bytes));
        let hashes = hashes.filter(|h| h.len() >= width).map(|mut h| {
            h.truncate(width);
            h
        });
        let Some((found, bytes)) = self.fetch(path).await? else {
            let (zh, en) = (
                "缺少条目包".to_owned(),
                "the entry bundle is missing".to_owned(),
            );
            report.fault(path.to_string(), Some(first), zh, en);
            return Ok(hashes);
        };
        let entries = match tiles::entries(&bytes) {
            Ok(entries) if entries.len() == usize::from(found.width) => entries,
            Ok(entries) => {
                let (have, want) = (entries.len(), found.width);
                report.fault(
                    found.to_string(),
                    Some(first + have as u64),
                    format!("应有 {want} 条，实有 {have} 条"),
                    format!("has {have} entries, should have {want}"),
                );
                return Ok(hashes);
            }
            Err(error) => {
                let (zh, en) = ("条目包不可读".to_owned(), error.to_string());
                report.fault(found.to_string(), Some(first), zh, en);
                return Ok(hashes);
            }
        };
        let leaves: Vec<Hash> = entries[..width].iter().map(|e| Hash::leaf(e)).collect();
        report.entries += width as u64;
        let Some(hashes) = hashes.filter(|h| *h != leaves) else {
            for (n, entry) in entries[..width].iter().enumerate() {
                each(first + n as u64, entry);
            }
            return Ok(Some(leaves));
        };
        if !self.above_agrees(path, &hashes).await? {
            // The tile itself is then compared with these leaves, and named.
            return Ok(Some(leaves));
        }
        for (n, (leaf, hash)) in leaves.iter().zip(&hashes).enumerate() {
            let index = first + n as u64;
            if leaf == hash {
                each(index, &entries[n]);
            } else {
                let zh = format!("第 {index} 条已被改动");
                report.fault(
                    found.to_string(),
                    Some(index),
                    zh,
                    format!("entry {index} was changed"),
                );
            }
        }
        Ok(Some(hashes))
    }

    /// Whether what stands above a level-0 tile agrees with its hashes rather than the entries.
    async fn above_agrees(&self, path: TilePath, hashes: &[Hash]) -> Result<bool> {
        if path.is_partial() {
            let mut edge = self.edge.clone();
            edge.extend_leaves(hashes);
            return Ok(edge.head() == self.head);
        }
        let above = TilePath::of(Row::Hashes(1), path.index, self.head.size);
        let Some(above) = above else { return Ok(false) };
        let Some((_, bytes)) = self.fetch(above).await? else {
            return Ok(false);
        };
        let at = (path.index % TILE_WIDTH) as usize;
        let parent = Hash::list(&bytes).and_then(|list| list.get(at).copied());
        Ok(parent == Some(tree::complete_root(hashes)))
    }

    /// Compares one tile with what the entries give.
    async fn tile(&self, path: TilePath, expected: &[u8], report: &mut Report) -> Result<()> {
        report.tiles += 1;
        let Some((found, bytes)) = self.fetch(path).await? else {
            let (zh, en) = ("缺少哈希块".to_owned(), "the tile is missing".to_owned());
            report.fault(path.to_string(), None, zh, en);
            return Ok(());
        };
        let want = usize::from(found.width) * crate::hash::HASH_SIZE;
        if bytes.len() != want {
            let have = bytes.len();
            report.fault(
                found.to_string(),
                None,
                format!("应为 {want} 字节，实为 {have}"),
                format!("is {have} bytes, should be {want}"),
            );
        }
        let differs = expected.iter().zip(&bytes[..]).position(|(a, b)| a != b);
        if let Some(at) = differs {
            let index = path.index * TILE_WIDTH + (at / crate::hash::HASH_SIZE) as u64;
            report.fault(
                found.to_string(),
                Some(index),
                format!("第 {index} 个哈希与其下条目不符"),
                format!("hash {index} does not match the entries below it"),
            );
        }
        Ok(())
    }

    fn extends(&self, earlier: TreeHead, whole: bool, report: &mut Report) {
        if self.at_earlier == Some(earlier) {
            report.extends = Some(earlier.size);
        } else if earlier.size > self.head.size {
            report.fault(
                CHECKPOINT,
                None,
                format!("先前已见 {} 条，现只有 {} 条", earlier.size, self.head.size),
                format!(
                    "{} entries now, {} seen before",
                    self.head.size, earlier.size
                ),
            );
        } else if whole {
            report.fault(
                CHECKPOINT,
                None,
                format!("与先前所存 {} 条时的检查点不一致：历史被改写", earlier.size),
                format!(
                    "inconsistent with the checkpoint kept at {}: history was rewritten",
                    earlier.size
                ),
            );
        }
    }
}

/// Reads a pinned-keys file: one verifier key a line; empty lines and `#` lines are passed over.
///
/// # Errors
/// [`Error::Malformed`], naming the line.
pub fn read_keys(text: &str) -> Result<Vec<VerifierKey>> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(n, line)| {
            line.parse()
                .map_err(|e| Error::Malformed("keys file", format!("line {n}: {e}")))
        })
        .collect()
}
