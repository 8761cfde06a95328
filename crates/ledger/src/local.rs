//! Records on a local disk: a journal that is only appended to, and small files that are
//! replaced whole. With [`crate::store::Folder`] and [`crate::log::FileGuard`] a complete durable
//! log without a database.
//!
//! Entries not yet integrated are kept in memory too, so integration must keep up; one process
//! at a time may hold the folder.

mod journal;

use std::collections::VecDeque;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;

use crate::log::{Appender, FileGuard, Log, Records, State, too_large};
use crate::store::Folder;
use crate::{Error, Hash, Result, Signer, TreeHead};
use journal::Journal;

/// Opens a complete log in a folder: `journal/`, `state`, and the served files under `public/`.
///
/// # Errors
/// When the folder is held by another process or damaged.
pub fn open(
    folder: &Path,
    origin: &str,
    memory: &Path,
    signers: Vec<Arc<dyn Signer>>,
) -> Result<Log> {
    let records = Arc::new(LocalRecords::open(folder)?);
    let tiles = Arc::new(Folder::open(&folder.join("public"))?);
    let guard = FileGuard::new(memory);
    if records.sequenced() == 0 {
        guard.create(origin)?;
    }
    Log::new(origin, records, tiles, Arc::new(guard), signers)
}

/// Batches single entries into a log's records.
#[must_use]
pub fn appender(log: &Log) -> Appender {
    Appender::start(log.records().clone())
}

/// Records in a folder.
pub struct LocalRecords {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    journal: Mutex<Journal>,
    tree: Mutex<TreeHead>,
    published: Mutex<Option<(u64, String)>>,
    tail: Mutex<Tail>,
    _held: fs::File,
}

/// Entries that are sequenced but not integrated.
struct Tail {
    first: u64,
    entries: VecDeque<Bytes>,
}

impl LocalRecords {
    /// Opens or makes the folder. A batch that was being written when power failed was never
    /// acknowledged and is cut off.
    ///
    /// # Errors
    /// When another process holds it, or what was acknowledged is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let held = fs::File::create(folder.join("lock"))?;
        held.try_lock().map_err(|e| {
            Error::Storage(format!(
                "{} is held by another process: {e}",
                folder.display()
            ))
        })?;
        let tree = read_tree(&folder.join("state"))?;
        let (journal, entries) = Journal::open(&folder.join("journal"), tree.size)?;
        let published = match fs::read_to_string(folder.join("published")) {
            Ok(note) => Some((published_size(&note)?, note)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        let shared = Shared {
            folder: folder.to_owned(),
            journal: Mutex::new(journal),
            tail: Mutex::new(Tail {
                first: tree.size,
                entries,
            }),
            tree: Mutex::new(tree),
            published: Mutex::new(published),
            _held: held,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        lock(&self.shared.tail)
    }

    fn sequenced(&self) -> u64 {
        let tail = self.tail();
        tail.first + tail.entries.len() as u64
    }
}

fn published_size(note: &str) -> Result<u64> {
    let note = crate::Note::parse(note.as_bytes())?;
    Ok(crate::Checkpoint::parse(&note.text)?.head.size)
}

fn read_tree(path: &Path) -> Result<TreeHead> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(TreeHead::empty()),
        Err(e) => return Err(e.into()),
    };
    let malformed = || Error::Malformed("state", path.display().to_string());
    let (size, root) = text.trim_end().split_once(' ').ok_or_else(malformed)?;
    let size = size.parse().map_err(|_| malformed())?;
    Ok(TreeHead {
        size,
        root: Hash::from_base64(root)?,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every holder leaves its value whole before it can panic.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Shared {
    fn append(&self, expected: u64, entries: &[Bytes]) -> Result<bool> {
        let mut journal = lock(&self.journal);
        if journal.next() != expected {
            return Ok(false);
        }
        journal.append(entries)?;
        // While the journal is held, so that the tail follows its order.
        lock(&self.tail).entries.extend(entries.iter().cloned());
        Ok(true)
    }

    fn advance(&self, from: &TreeHead, to: &TreeHead) -> Result<bool> {
        let mut tree = lock(&self.tree);
        if *tree != *from {
            return Ok(false);
        }
        let text = format!("{} {}\n", to.size, to.root);
        crate::log::replace_file(&self.folder.join("state"), text.as_bytes())?;
        *tree = *to;
        let mut tail = lock(&self.tail);
        let done = (to.size - tail.first) as usize;
        tail.entries.drain(..done);
        tail.first = to.size;
        drop(tail);
        lock(&self.journal).forget(to.size)?;
        Ok(true)
    }

    fn publish(&self, size: u64, note: &str) -> Result<()> {
        let mut published = lock(&self.published);
        if published.as_ref().is_some_and(|(larger, _)| *larger > size) {
            return Ok(());
        }
        crate::log::replace_file(&self.folder.join("published"), note.as_bytes())?;
        *published = Some((size, note.to_owned()));
        Ok(())
    }
}

#[async_trait]
impl Records for LocalRecords {
    async fn state(&self) -> Result<State> {
        let tree = *lock(&self.shared.tree);
        Ok(State {
            sequenced: self.sequenced(),
            tree,
        })
    }

    async fn append(&self, expected: u64, entries: &[Bytes]) -> Result<bool> {
        too_large(entries)?;
        let (shared, entries) = (self.shared.clone(), entries.to_vec());
        tokio::task::spawn_blocking(move || shared.append(expected, &entries)).await?
    }

    async fn read(&self, range: Range<u64>) -> Result<Option<Vec<Bytes>>> {
        let tail = self.tail();
        let Some(from) = range.start.checked_sub(tail.first) else {
            return Ok(None);
        };
        let count = (range.end - range.start) as usize;
        let entries: Vec<_> = tail
            .entries
            .iter()
            .skip(from as usize)
            .take(count)
            .cloned()
            .collect();
        Ok((entries.len() == count).then_some(entries))
    }

    async fn advance(&self, from: &TreeHead, to: &TreeHead) -> Result<bool> {
        let (shared, from, to) = (self.shared.clone(), *from, *to);
        tokio::task::spawn_blocking(move || shared.advance(&from, &to)).await?
    }

    async fn published(&self) -> Result<Option<String>> {
        Ok(lock(&self.shared.published)
            .as_ref()
            .map(|(_, note)| note.clone()))
    }

    async fn publish(&self, size: u64, note: &str) -> Result<()> {
        let (shared, note) = (self.shared.clone(), note.to_owned());
        tokio::task::spawn_blocking(move || shared.publish(size, &note)).await?
    }
}
