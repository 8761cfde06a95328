//! Where tiles, entry bundles and the checkpoint lie: a local folder or an object store. What is
//! served is exactly what lies here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::Result;

/// The address of the checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Named immutable objects, and the checkpoint, which alone is replaced.
#[async_trait]
pub trait Tiles: Send + Sync {
    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// When the store does not answer (also below).
    async fn get(&self, path: &str) -> Result<Option<Bytes>>;

    /// Writes objects, each wholly or not at all; all are durable when this returns. Writing the
    /// same again changes nothing.
    ///
    /// # Errors
    /// As [`Self::get`]; some may then have been written.
    async fn put(&self, objects: Vec<(String, Bytes)>) -> Result<()>;

    /// Removes everything in a folder, if it is there.
    ///
    /// # Errors
    /// As [`Self::get`].
    async fn remove(&self, folder: &str) -> Result<()>;
}

/// A local folder.
pub struct Folder {
    root: Arc<PathBuf>,
    serial: Arc<AtomicU64>,
}

/// Threads that write at once: waiting for the disk overlaps.
const WRITERS: usize = 4;
const TEMPORARY: &str = ".writing";

impl Folder {
    /// Opens a folder, made if missing; leftovers of an interrupted write are removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> Result<Self> {
        let temporary = root.join(TEMPORARY);
        fs::create_dir_all(&temporary)?;
        for leftover in fs::read_dir(&temporary)? {
            let leftover = leftover?;
            let name = leftover.file_name().to_string_lossy().into_owned();
            if name.split('-').next() != Some(&std::process::id().to_string()) {
                // Another process may hold it open; it then fails to rename and tries again.
                let _gone = fs::remove_file(leftover.path());
            }
        }
        Ok(Self {
            root: Arc::new(root.to_owned()),
            serial: Arc::default(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn write_all(root: &Path, serial: &AtomicU64, objects: &[(String, Bytes)]) -> Result<()> {
    let mut folders = BTreeSet::new();
    for (path, _) in objects {
        let folder = root.join(path).parent().unwrap_or(root).to_owned();
        if folders.contains(&folder) {
            continue;
        }
        // A new folder must be durable in its parent, or its files are not.
        let mut missing = folder.as_path();
        while !missing.is_dir() && missing != root {
            missing = missing.parent().unwrap_or(root);
            folders.insert(missing.to_owned());
        }
        fs::create_dir_all(&folder)?;
        folders.insert(folder);
    }
    let write = |part: &[(String, Bytes)]| -> Result<()> {
        for (path, bytes) in part {
            let number = serial.fetch_add(1, Ordering::Relaxed);
            let temporary = root
                .join(TEMPORARY)
                .join(format!("{}-{number}", std::process::id()));
            let mut file = fs::File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&temporary, root.join(path))?;
        }
        Ok(())
    };
    if objects.len() < 2 * WRITERS {
        write(objects)?;
    } else {
        std::thread::scope(|scope| {
            let parts = objects.chunks(objects.len().div_ceil(WRITERS));
            let threads: Vec<_> = parts.map(|part| scope.spawn(|| write(part))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(crate::Error::Storage(
                        "a writing thread panicked".to_owned(),
                    ))
                })
            })
        })?;
    }
    folders
        .iter()
        .try_for_each(|folder| Ok(fs::File::open(folder)?.sync_all()?))
}

#[async_trait]
impl Tiles for Folder {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        match tokio::fs::read(self.root.join(path)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    async fn put(&self, objects: Vec<(String, Bytes)>) -> Result<()> {
        let (root, serial) = (self.root.clone(), self.serial.clone());
        tokio::task::spawn_blocking(move || write_all(&root, &serial, &objects)).await?
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        match tokio::fs::remove_dir_all(self.root.join(folder)).await {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }
}

/// A prefix of an object store, such as S3.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
}

impl Objects {
    /// Tiles under `prefix` of a store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self {
            store,
            prefix: ObjectPath::from(prefix),
        }
    }

    fn path(&self, path: &str) -> ObjectPath {
        path.split('/')
            .fold(self.prefix.clone(), |base, part| base.join(part))
    }
}

#[async_trait]
impl Tiles for Objects {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        match self.store.get(&self.path(path)).await {
            Ok(object) => Ok(Some(object.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn put(&self, objects: Vec<(String, Bytes)>) -> Result<()> {
        let writes = objects.into_iter().map(|(path, bytes)| async move {
            self.store.put(&self.path(&path), bytes.into()).await
        });
        futures::stream::iter(writes)
            .buffer_unordered(16)
            .try_for_each(|_| async { Ok(()) })
            .await?;
        Ok(())
    }

    async fn remove(&self, folder: &str) -> Result<()> {
        let found = self
            .store
            .list(Some(&self.path(folder)))
            .map_ok(|meta| meta.location)
            .boxed();
        let gone = self.store.delete_stream(found);
        gone.try_for_each(|_| async { Ok(()) }).await?;
        Ok(())
    }
}
