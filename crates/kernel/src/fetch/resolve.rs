//! Names to addresses, each of them checked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::address::is_public;

/// Turns a name into addresses; tests inject their own.
pub trait Resolve: Send + Sync {
    /// All addresses of a host.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|a| a.ip()).collect())
        })
    }
}

/// What reqwest asks for every new connection.
pub(super) struct Checked {
    pub(super) resolver: Arc<dyn Resolve>,
    /// Addresses inside may be connected to.
    pub(super) private: bool,
}

/// A name that resolves to an address inside.
#[derive(Debug)]
pub(super) struct Inside;

impl std::fmt::Display for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it resolves to an address inside")
    }
}

impl std::error::Error for Inside {}

impl reqwest::dns::Resolve for Checked {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (resolver, private) = (self.resolver.clone(), self.private);
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            // One address inside among several is refused as well: which one is tried first is
            // not ours to know.
            if !private && !addresses.iter().all(is_public) {
                return Err(Inside.into());
            }
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}
