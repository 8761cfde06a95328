//! A node's ledgers over HTTP, as `verify` reads them.

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use tianyuan_kernel::fetch::{Fetch, FetchConfig, Request};
use tianyuan_kernel::{Error, Result};
use tianyuan_ledger::verify::Source;
use url::Url;

/// One ledger below `<node>/ledger/<name>/`.
pub(super) struct HttpSource {
    fetch: Fetch,
    base: Url,
}

/// A client for one node, whatever its address: the caller named it.
pub(super) fn client(node: &Url) -> Result<Fetch> {
    let host = node.host_str().unwrap_or_default().to_owned();
    Fetch::new(FetchConfig {
        allow_hosts: vec![host.clone()],
        allow_private_hosts: vec![host],
        ..FetchConfig::default()
    })
}

impl HttpSource {
    pub(super) fn new(fetch: Fetch, node: &Url, ledger: &str) -> Result<Self> {
        let mut base = node.clone();
        let path = format!("{}/ledger/{ledger}/", node.path().trim_end_matches('/'));
        base.set_path(&path);
        base.set_query(None);
        Ok(Self { fetch, base })
    }

    async fn read(&self, path: &str) -> Result<Option<Bytes>> {
        let url = self.base.join(path).map_err(Error::internal)?;
        let answer = self.fetch.send(Request::get(url.clone())).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            other => Err(Error::internal(format!("{url} answered {other}"))),
        }
    }
}

#[async_trait]
impl Source for HttpSource {
    async fn fetch(&self, path: &str) -> tianyuan_ledger::Result<Option<Bytes>> {
        self.read(path)
            .await
            .map_err(super::super::records::to_ledger)
    }
}
