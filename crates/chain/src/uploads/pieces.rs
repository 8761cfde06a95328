//! The pieces of a file in the object store, and reading them as one.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};
use tianyuan_kernel::jobs::JobCtx;
use tianyuan_kernel::prelude::*;
use tokio::runtime::Handle;

use super::{KEPT_DAYS, UploadId, store};

/// Where they lie.
const FOLDER: &str = "uploads";
/// Hours before an object that belongs to no upload is collected.
const ORPHAN_HOURS: i64 = 24;

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("object store: {error}"))
}

/// Keeps a piece; durable when this returns. The key is its own for every call.
pub(crate) async fn keep(app: &App, id: &UploadId, bytes: Bytes) -> Result<String> {
    let key = format!("{FOLDER}/{id}/{}", hex::encode(app.random::<12>()));
    let store = app.files().store();
    store
        .put(&Path::from(key.as_str()), bytes.into())
        .await
        .map_err(failed)?;
    Ok(key)
}

/// Reads an object whole.
pub(super) async fn fetch(app: &App, key: &str) -> Result<Bytes> {
    let got = app
        .files()
        .store()
        .get(&Path::from(key))
        .await
        .map_err(failed)?;
    got.bytes().await.map_err(failed)
}

/// The pieces as one file, read from a thread that may block.
#[derive(Clone)]
pub(crate) struct Pieces {
    store: Arc<dyn ObjectStore>,
    keys: Arc<Vec<String>>,
    runtime: Handle,
}

impl Pieces {
    pub(crate) async fn of(app: &App, id: &UploadId) -> Result<Self> {
        let keys = store::pieces(&mut app.db().read().await?, id).await?;
        Ok(Self {
            store: app.files().store(),
            keys: Arc::new(keys),
            runtime: Handle::current(),
        })
    }

    /// A reader from the beginning.
    pub(crate) fn open(&self) -> Box<dyn Read + Send> {
        Box::new(Reader {
            pieces: self.clone(),
            next: 0,
            present: Bytes::new(),
        })
    }
}

struct Reader {
    pieces: Pieces,
    next: usize,
    present: Bytes,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.present.is_empty() {
            let Some(key) = self.pieces.keys.get(self.next) else {
                return Ok(0);
            };
            let (store, path) = (self.pieces.store.clone(), Path::from(key.as_str()));
            let fetch = async move { store.get(&path).await?.bytes().await };
            self.present = self
                .pieces
                .runtime
                .block_on(fetch)
                .map_err(io::Error::other)?;
            self.next += 1;
        }
        let n = buffer.len().min(self.present.len());
        self.present.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}

/// Forgets uploads that became nothing, and deletes objects nothing points to.
pub(super) async fn collect(ctx: JobCtx) -> Result<Value> {
    let app = &ctx.app;
    let mut tx = ctx.begin().await?;
    store::forget_pieces(&mut tx, app.now().plus_seconds(-KEPT_DAYS * 86_400)).await?;
    tx.commit().await?;
    let before = app.now().plus_seconds(-ORPHAN_HOURS * 3_600);
    let files = app.files().store();
    let objects = files.list(Some(&Path::from(FOLDER)));
    let mut objects = std::pin::pin!(objects);
    let mut collected = 0;
    while let Some(object) = objects.try_next().await.map_err(failed)? {
        let old = object.last_modified.timestamp_micros() < before.0;
        let key = object.location.to_string();
        if old && !store::is_used(&mut app.db().read().await?, &key).await? {
            files.delete(&object.location).await.map_err(failed)?;
            collected += 1;
        }
    }
    Ok(json!({ "collected": collected }))
}
