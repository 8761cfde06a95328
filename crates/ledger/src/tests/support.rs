//! Stores in memory that fail when told to, and logs over them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use crate::keys::{KeyKind, PrivateKey};
use crate::log::{Guard, Log, Memory, Records, State};
use crate::store::Tiles;
use crate::verify::Source;
use crate::{Error, Result, Signer, TreeHead, VerifierKey};

pub(super) const ORIGIN: &str = "qingpu.example/material";

/// Fails the n-th change, before or after it is made.
#[derive(Default)]
pub(super) struct Faults {
    countdown: AtomicI64,
    after: bool,
}

impl Faults {
    pub(super) fn at(change: i64, after: bool) -> Arc<Self> {
        Arc::new(Self {
            countdown: AtomicI64::new(change),
            after,
        })
    }

    fn around<T>(&self, change: impl FnOnce() -> T) -> Result<T> {
        let hit = self.countdown.fetch_sub(1, Ordering::SeqCst) == 1;
        let lost = || Error::Storage("injected".to_owned());
        if hit && !self.after {
            return Err(lost());
        }
        let done = change();
        if hit { Err(lost()) } else { Ok(done) }
    }

    pub(super) fn was_hit(&self) -> bool {
        self.countdown.load(Ordering::SeqCst) <= 0
    }
}

pub(super) struct Disk {
    pub(super) entries: Vec<Bytes>,
    pub(super) tree: Option<TreeHead>,
    pub(super) published: Option<String>,
    pub(super) objects: BTreeMap<String, Bytes>,
    pub(super) memory: Option<Memory>,
    /// Every checkpoint text ever signed.
    pub(super) signed: Vec<String>,
}

impl Default for Disk {
    fn default() -> Self {
        let (origin, head) = (ORIGIN.to_owned(), TreeHead::empty());
        let memory = Some(Memory {
            origin,
            head,
            floor: 0,
            confirmed: true,
        });
        let (entries, objects, signed) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self {
            entries,
            tree: None,
            published: None,
            objects,
            memory,
            signed,
        }
    }
}

/// All stores of a log in one, with its faults.
#[derive(Clone, Default)]
pub(super) struct World {
    pub(super) disk: Arc<Mutex<Disk>>,
    pub(super) faults: Arc<Faults>,
}

impl World {
    pub(super) fn with(&self, faults: Arc<Faults>) -> Self {
        Self {
            disk: self.disk.clone(),
            faults,
        }
    }

    pub(super) fn disk(&self) -> std::sync::MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    pub(super) fn log_signed_by(&self, keys: Vec<PrivateKey>) -> Log {
        let spy = |key: PrivateKey| -> Arc<dyn Signer> {
            Arc::new(Spy {
                key,
                disk: self.disk.clone(),
                faults: self.faults.clone(),
            })
        };
        let signers = keys.into_iter().map(spy).collect();
        let me = Arc::new(self.clone());
        Log::new(ORIGIN, me.clone(), me.clone(), me, signers).unwrap()
    }

    pub(super) fn log(&self) -> Log {
        self.log_signed_by(vec![key(1)])
    }

    /// A log of `size` entries, integrated and published.
    pub(super) async fn filled(size: u64) -> (Self, Log) {
        let world = Self::default();
        let log = world.log();
        log.records().append(0, &entries(0..size)).await.unwrap();
        log.integrate().await.unwrap();
        log.publish().await.unwrap();
        (world, log)
    }
}

pub(super) fn key(seed: u8) -> PrivateKey {
    PrivateKey::generate(KeyKind::Ed25519, ORIGIN, [seed; 32]).unwrap()
}

pub(super) fn verifier(seed: u8) -> VerifierKey {
    key(seed).verifier().clone()
}

pub(super) fn entries(range: Range<u64>) -> Vec<Bytes> {
    range
        .map(|n| Bytes::from(format!("entry {n}").repeat(1 + (n % 3) as usize)))
        .collect()
}

struct Spy {
    key: PrivateKey,
    disk: Arc<Mutex<Disk>>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Signer for Spy {
    fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    async fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let signature = self.key.sign(text).await?;
        let text = String::from_utf8(text.to_vec()).unwrap();
        self.faults
            .around(|| self.disk.lock().unwrap().signed.push(text))?;
        Ok(signature)
    }
}

#[async_trait]
impl Records for World {
    async fn state(&self) -> Result<State> {
        let disk = self.disk();
        let tree = disk.tree.unwrap_or_else(TreeHead::empty);
        Ok(State {
            sequenced: disk.entries.len() as u64,
            tree,
        })
    }

    async fn append(&self, expected: u64, entries: &[Bytes]) -> Result<bool> {
        self.faults.around(|| {
            let mut disk = self.disk();
            let fits = disk.entries.len() as u64 == expected;
            if fits {
                disk.entries.extend_from_slice(entries);
            }
            fits
        })
    }

    async fn read(&self, range: Range<u64>) -> Result<Option<Vec<Bytes>>> {
        let disk = self.disk();
        Ok(disk
            .entries
            .get(range.start as usize..range.end as usize)
            .map(<[_]>::to_vec))
    }

    async fn advance(&self, from: &TreeHead, to: &TreeHead) -> Result<bool> {
        self.faults.around(|| {
            let mut disk = self.disk();
            let fits = disk.tree.unwrap_or_else(TreeHead::empty) == *from;
            if fits {
                disk.tree = Some(*to);
            }
            fits
        })
    }

    async fn published(&self) -> Result<Option<String>> {
        Ok(self.disk().published.clone())
    }

    async fn publish(&self, _size: u64, note: &str) -> Result<()> {
        self.faults
            .around(|| self.disk().published = Some(note.to_owned()))
    }
}

#[async_trait]
impl Tiles for World {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        Ok(self.disk().objects.get(path).cloned())
    }

    async fn put(&self, objects: Vec<(String, Bytes)>) -> Result<()> {
        for (path, bytes) in objects {
            self.faults
                .around(|| self.disk().objects.insert(path, bytes))?;
        }
        Ok(())
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        let folder = format!("{folder}/");
        self.faults.around(|| {
            self.disk()
                .objects
                .retain(|path, _| !path.starts_with(&folder))
        })
    }
}

#[async_trait]
impl Guard for World {
    async fn load(&self) -> Result<Option<Memory>> {
        Ok(self.disk().memory.clone())
    }

    async fn store(&self, memory: &Memory) -> Result<()> {
        self.faults
            .around(|| self.disk().memory = Some(memory.clone()))
    }
}

#[async_trait]
impl Source for World {
    async fn fetch(&self, path: &str) -> Result<Option<Bytes>> {
        Tiles::get(self, path).await
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        Ok(Some(self.disk().objects.keys().cloned().collect()))
    }
}
