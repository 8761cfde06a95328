//! The node's object store as DataFusion's line of the trait sees it: reading only.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::ObjectStore as Store;
use object_store_lake::path::Path;
use object_store_lake::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

/// Reads what the node's store holds.
pub(crate) struct Objects(pub(crate) Arc<dyn Store>);

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objects")
    }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lake")
    }
}

fn there(path: &Path) -> object_store::path::Path {
    object_store::path::Path::from(path.as_ref())
}

fn failed(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { path, source } => Error::NotFound { path, source },
        other => Error::Generic {
            store: "lake",
            source: Box::new(other),
        },
    }
}

fn refused(operation: &str) -> Error {
    Error::NotImplemented {
        operation: operation.to_owned(),
        implementer: "the lake's reader".to_owned(),
    }
}

fn meta(meta: object_store::ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        location: Path::from(meta.location.as_ref()),
        last_modified: meta.last_modified,
        size: meta.size,
        e_tag: meta.e_tag,
        version: meta.version,
    }
}

#[async_trait]
impl ObjectStore for Objects {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused("put"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(refused("put_multipart"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let inner = object_store::GetOptions {
            range: options.range.map(|range| match range {
                GetRange::Bounded(range) => object_store::GetRange::Bounded(range),
                GetRange::Offset(offset) => object_store::GetRange::Offset(offset),
                GetRange::Suffix(length) => object_store::GetRange::Suffix(length),
            }),
            head: options.head,
            ..object_store::GetOptions::default()
        };
        let got = self.0.get_opts(&there(location), inner).await;
        let got = got.map_err(failed)?;
        Ok(GetResult {
            meta: meta(got.meta.clone()),
            range: got.range.clone(),
            attributes: Attributes::new(),
            payload: GetResultPayload::Stream(got.into_stream().map(|b| b.map_err(failed)).boxed()),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let got = self.0.get_ranges(&there(location), ranges).await;
        got.map_err(failed)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        locations.map(|_| Err(refused("delete"))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map(there);
        let listed = self.0.list(prefix.as_ref());
        listed.map(|o| o.map(meta).map_err(failed)).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("list_with_delimiter"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused("copy"))
    }
}
