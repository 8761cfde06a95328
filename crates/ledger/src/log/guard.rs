//! The memory beside the key, in a file.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Guard, Memory};
use crate::{Error, Hash, Result, TreeHead};

/// Keeps the memory in a JSON file, which should lie beside the key and in no backup of the
/// database.
pub struct FileGuard {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    origin: String,
    size: u64,
    root: String,
    floor: u64,
    confirmed: bool,
}

impl FileGuard {
    /// The memory in this file.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The first memory of a new log: nothing signed yet. An existing memory is left alone.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(&self, origin: &str) -> Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        let head = TreeHead::empty();
        self.write(&Memory {
            origin: origin.to_owned(),
            head,
            floor: 0,
            confirmed: true,
        })
    }

    /// Notes that the database was restored: no signing until somebody confirms. A restore calls
    /// this before the node starts.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_restored(&self, origin: &str) -> Result<()> {
        let head = TreeHead::empty();
        let known = self.read()?;
        let memory = known.unwrap_or(Memory {
            origin: origin.to_owned(),
            head,
            floor: 0,
            confirmed: false,
        });
        self.write(&Memory {
            confirmed: false,
            ..memory
        })
    }

    fn read(&self) -> Result<Option<Memory>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let stored: Stored = serde_json::from_str(&text).map_err(|e| {
            Error::Malformed("signing memory", format!("{}: {e}", self.path.display()))
        })?;
        Ok(Some(Memory {
            head: TreeHead {
                size: stored.size,
                root: Hash::from_base64(&stored.root)?,
            },
            origin: stored.origin,
            floor: stored.floor,
            confirmed: stored.confirmed,
        }))
    }

    fn write(&self, memory: &Memory) -> Result<()> {
        let stored = Stored {
            origin: memory.origin.clone(),
            size: memory.head.size,
            root: memory.head.root.to_string(),
            floor: memory.floor,
            confirmed: memory.confirmed,
        };
        let text = serde_json::to_string(&stored).map_err(|e| Error::Storage(e.to_string()))?;
        replace(&self.path, text.as_bytes())
    }
}

/// Replaces a file wholly or not at all; durable when this returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Two processes may write at once; neither may see the other's half.
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&temporary, path)?;
    Ok(fs::File::open(folder)?.sync_all()?)
}

#[async_trait]
impl Guard for FileGuard {
    async fn load(&self) -> Result<Option<Memory>> {
        self.read()
    }

    async fn store(&self, memory: &Memory) -> Result<()> {
        let (guard, memory) = (Self::new(&self.path), memory.clone());
        tokio::task::spawn_blocking(move || guard.write(&memory)).await?
    }
}
