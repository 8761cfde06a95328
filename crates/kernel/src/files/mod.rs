//! Files: evidence and attachments, streamed into an object store under a key that holds their
//! SHA-256, limited in size and type, reached only through the record they belong to.

#[cfg(test)]
mod s3_tests;
mod store;
#[cfg(test)]
mod tests;
mod types;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use futures::{StreamExt as _, TryStreamExt as _};
use http::{HeaderValue, Request, header};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

pub use store::{get, list};

use crate::App;
use crate::authority::Entity;
use crate::clock::Micros;
use crate::config::{Config, S3Config};
use crate::error::{Error, Result};
use crate::http::Tx;
use crate::http::ctx::BodyDigest;
use crate::jobs::{JobKind, Schedule};
use crate::journal::{Kind, Log, Text2};
use crate::text::Text;

crate::id!(FileId, "file", "A file that belongs to a record.");

/// A file was attached to a record.
pub const ATTACHED: Kind =
    Kind::new("file.attached", Log::Material, "上传附件", "File attached").staff();
/// A file was removed from its record.
pub const REMOVED: Kind =
    Kind::new("file.removed", Log::Material, "删除附件", "File removed").staff();
pub(crate) const KINDS: [Kind; 2] = [ATTACHED, REMOVED];

/// Hours before an object that belongs to no record is collected.
const ORPHAN_HOURS: i64 = 24;

/// A file's description.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Its name as uploaded.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// When it was attached.
    pub created_at: Micros,
    /// Who attached it (person id).
    pub created_by: Option<String>,
    #[serde(skip)]
    object_key: String,
}

/// The object store.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// The local store's folder.
    folder: Option<PathBuf>,
    bytes_max: u64,
}

/// Bytes that were received and are durable, but belong to no record yet.
pub struct Received {
    object_key: String,
    media_type: &'static str,
    size_bytes: i64,
    sha256: String,
    name: String,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("object store: {error}"))
}

impl Received {
    /// SHA-256 of the bytes, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl Files {
    /// Opens the configured store.
    ///
    /// # Errors
    /// When the folder cannot be made or a secret cannot be read.
    pub fn open(config: &Config) -> Result<Self> {
        let bytes_max = config.limits.file_bytes_max;
        let (store, folder): (Arc<dyn ObjectStore>, _) = match &config.storage.s3 {
            None => {
                let folder = config.node.data.join("files");
                std::fs::create_dir_all(&folder)?;
                let store = LocalFileSystem::new_with_prefix(&folder).map_err(failed)?;
                (Arc::new(store.with_fsync(true)), Some(folder))
            }
            Some(s3) => (s3_store(s3)?, None),
        };
        Ok(Self {
            store,
            folder,
            bytes_max,
        })
    }

    /// The store underneath, for other objects a room keeps (ledger tiles).
    #[must_use]
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }
}

fn s3_store(s3: &S3Config) -> Result<Arc<dyn ObjectStore>> {
    crate::fetch::install_crypto();
    let store = AmazonS3Builder::new()
        .with_endpoint(s3.endpoint.as_str().trim_end_matches('/'))
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_access_key_id(s3.access_key_id.reveal().map_err(Error::internal)?)
        .with_secret_access_key(s3.secret_access_key.reveal().map_err(Error::internal)?)
        .with_allow_http(s3.allow_http)
        // One request an object: not every S3-compatible store takes many at once.
        .with_disable_bulk_delete(true)
        .build();
    Ok(Arc::new(store.map_err(failed)?))
}

/// Streams a request's body into the store. `Content-Type` must be one of the permitted types
/// and agree with the first bytes; the name comes from the `name` query parameter.
///
/// # Errors
/// 413 when it is too large, 415 when its type is not permitted, 422 when name or content are wrong.
pub async fn receive(app: &App, request: Request<Body>) -> Result<Received> {
    let name = types::name(request.uri().query().unwrap_or_default())?;
    let media_type = types::permitted(request.headers(), &name)?;
    let digest = request.extensions().get::<BodyDigest>().cloned();
    let files = app.files();
    let object_key = format!("incoming/{}", hex::encode(app.random::<16>()));
    let mut writer = BufWriter::new(files.store.clone(), Path::from(object_key.as_str()));
    let body = request.into_body().into_data_stream();
    let (sha, size) = match pour(body, &mut writer, media_type, files.bytes_max).await {
        Ok(poured) => poured,
        Err(error) => {
            // Parts that were sent already; what remains after a crash is collected.
            let _nothing_to_undo = writer.abort().await;
            return Err(error);
        }
    };
    writer.shutdown().await?;
    if let Some(digest) = digest {
        digest.set(sha);
    }
    let sha256 = hex::encode(sha);
    // A key of its own for every upload: collecting one can never race with another.
    let kept = format!(
        "files/{}/{sha256}-{}",
        &sha256[..2],
        hex::encode(app.random::<8>())
    );
    let (from, to) = (Path::from(object_key.as_str()), Path::from(kept.as_str()));
    files.store.rename(&from, &to).await.map_err(failed)?;
    let size_bytes = i64::try_from(size).map_err(failed)?;
    Ok(Received {
        object_key: kept,
        media_type,
        size_bytes,
        sha256,
        name,
    })
}

/// Keeps bytes that the platform made itself; they belong to no record yet.
///
/// # Errors
/// 500 when the store does not take them.
pub async fn keep(
    app: &App,
    name: &str,
    media_type: &'static str,
    bytes: Vec<u8>,
) -> Result<Received> {
    let size_bytes = i64::try_from(bytes.len()).map_err(failed)?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let object_key = format!(
        "files/{}/{sha256}-{}",
        &sha256[..2],
        hex::encode(app.random::<8>())
    );
    let path = Path::from(object_key.as_str());
    app.files()
        .store
        .put(&path, bytes.into())
        .await
        .map_err(failed)?;
    Ok(Received {
        object_key,
        media_type,
        size_bytes,
        sha256,
        name: name.to_owned(),
    })
}

/// The bytes of a file of at most `bytes_max`, as they were kept.
///
/// # Errors
/// 500 when they are missing, more, or not the ones that were kept.
pub async fn bytes(app: &App, file: &File, bytes_max: usize) -> Result<bytes::Bytes> {
    let size = usize::try_from(file.size_bytes).unwrap_or(usize::MAX);
    if size > bytes_max {
        return Err(failed(format!(
            "{} is larger than {bytes_max} bytes",
            file.id
        )));
    }
    let path = Path::from(file.object_key.as_str());
    let found = app.files().store.get(&path).await.map_err(failed)?;
    let bytes = found.bytes().await.map_err(failed)?;
    if hex::encode(Sha256::digest(&bytes)) != file.sha256 {
        return Err(failed(format!("{} is not what was kept", file.id)));
    }
    Ok(bytes)
}

/// Moves a body into the store; answers its SHA-256 and size.
async fn pour(
    mut body: BodyDataStream,
    writer: &mut BufWriter,
    media_type: &str,
    bytes_max: u64,
) -> Result<([u8; 32], u64)> {
    let (mut hash, mut size, mut head) = (Sha256::new(), 0_u64, Vec::new());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| {
            let words = Text::new("文件没有传完。", "The file broke off.");
            Error::bad_request("body_incomplete", words)
        })?;
        size += chunk.len() as u64;
        if size > bytes_max {
            let limit = bytes_max >> 20;
            let words = crate::text!(
                "文件超过上限 {limit} MiB。",
                "The file is larger than {limit} MiB."
            );
            return Err(Error::too_large("file_too_large", words));
        }
        if head.len() < types::HEAD_BYTES {
            head.extend_from_slice(&chunk[..chunk.len().min(types::HEAD_BYTES - head.len())]);
        }
        hash.update(&chunk);
        writer.put(chunk).await.map_err(failed)?;
    }
    types::agrees(media_type, &head)?;
    Ok((hash.finalize().into(), size))
}

/// Gives received bytes to a record, in the caller's transaction.
///
/// # Errors
/// When the database refuses.
pub async fn attach(tx: &mut Tx, record: &Entity, received: Received) -> Result<File> {
    let file = File {
        id: FileId::new(tx.app()),
        name: received.name,
        media_type: received.media_type.to_owned(),
        size_bytes: received.size_bytes,
        sha256: received.sha256,
        created_at: tx.now(),
        created_by: tx.actor().map(str::to_owned),
        object_key: received.object_key,
    };
    store::insert(tx, record, &file).await?;
    let body = json!({
        "file": file.id, "name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes,
    });
    tx.record(&ATTACHED, &record.id, &body).await?;
    Ok(file)
}

/// Takes a file from its record; its bytes are collected later.
///
/// # Errors
/// 404 when the record has no such file.
pub async fn remove(tx: &mut Tx, record: &Entity, id: &FileId) -> Result<()> {
    let file = get(tx, record, id).await?;
    store::delete(tx, id).await?;
    let body = json!({ "file": file.id, "name": file.name, "sha256": file.sha256 });
    tx.record(&REMOVED, &record.id, &body).await.map(|_| ())
}

/// Streams a file as an attachment.
///
/// # Errors
/// 500 when its bytes are missing from the store.
pub async fn download(app: &App, file: &File) -> Result<Response> {
    let path = Path::from(file.object_key.as_str());
    let stream = app
        .files()
        .store
        .get(&path)
        .await
        .map_err(failed)?
        .into_stream();
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    headers.insert(header::CONTENT_TYPE, value(&file.media_type)?);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size_bytes));
    headers.insert(
        header::CONTENT_DISPOSITION,
        value(&types::disposition(&file.name))?,
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::ETAG, value(&format!("\"{}\"", file.sha256))?);
    Ok(response)
}

const COLLECT: JobKind = JobKind {
    name: "kernel.collect_files",
    title: Text2 {
        zh: "清理不属于任何记录的文件",
        en: "Collect files that belong to no record",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move {
            let collected = collect(&ctx.app).await?;
            Ok(json!({ "collected": collected }))
        })
    },
};

pub(crate) fn jobs() -> [JobKind; 1] {
    [COLLECT]
}

pub(crate) fn schedules() -> [Schedule; 1] {
    [Schedule {
        kind: COLLECT.name,
        every_s: 6 * 3_600,
    }]
}

/// Deletes objects older than a day that no record has.
pub(crate) async fn collect(app: &App) -> Result<u64> {
    let before = app.now().plus_seconds(-ORPHAN_HOURS * 3_600);
    let mut collected = 0;
    for prefix in ["files", "incoming"] {
        let objects = app.files().store.list(Some(&Path::from(prefix)));
        let mut objects = std::pin::pin!(objects);
        while let Some(object) = objects.try_next().await.map_err(failed)? {
            let old = object.last_modified.timestamp_micros() < before.0;
            let key = object.location.to_string();
            if old && !store::is_used(&mut app.db().read().await?, &key).await? {
                app.files()
                    .store
                    .delete(&object.location)
                    .await
                    .map_err(failed)?;
                collected += 1;
            }
        }
    }
    if let Some(folder) = &app.files().folder {
        collected += sweep(folder, before).await?;
    }
    Ok(collected)
}

/// Folders below the store's own in which a key may lie.
const DEPTH_MAX: usize = 8;

/// Deletes what writers left behind that a crash cut off, wherever in the store it lies. The
/// local store keeps it under names its listing passes over (`key#1`); S3 forgets parts by the
/// bucket's own lifecycle rule.
async fn sweep(folder: &std::path::Path, before: Micros) -> Result<u64> {
    let mut swept = 0;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(mut entries) = tokio::fs::read_dir(&folder).await else {
            continue;
        };
        while let Some(entry) = entries.next_entry().await? {
            // What another collector took meanwhile is gone.
            let Ok(about) = entry.metadata().await else {
                continue;
            };
            if about.is_dir() {
                if depth < DEPTH_MAX {
                    folders.push((entry.path(), depth + 1));
                }
                continue;
            }
            let modified = about.modified()?.duration_since(UNIX_EPOCH);
            let modified = modified.unwrap_or_default().as_micros();
            let modified = i64::try_from(modified).unwrap_or(i64::MAX);
            if modified < before.0 && is_cut_off(&entry.file_name().to_string_lossy()) {
                tokio::fs::remove_file(entry.path()).await?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

/// `key#1`: the local store's own name for what is being written.
fn is_cut_off(name: &str) -> bool {
    let part = name.rsplit_once('#').map(|(_, part)| part);
    part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}
