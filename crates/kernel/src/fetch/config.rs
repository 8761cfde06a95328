//! What may be fetched, as operators write it.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::address::{listed, wrong_entry};
use crate::config::Secret;

/// What may be fetched.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchConfig {
    /// Hosts that may be reached: `data.example.cn`, or `*.example.cn` for all below; with
    /// `:8443` only at that port.
    pub allow_hosts: Vec<String>,
    /// Hosts that may be reached at private, loopback or link-local addresses too.
    pub allow_private_hosts: Vec<String>,
    /// Seconds to connect.
    pub connect_timeout_s: u64,
    /// Seconds for a whole answer, redirects included; of a stream, seconds without a byte.
    pub timeout_s: u64,
    /// Seconds for a whole stream.
    pub stream_timeout_s: u64,
    /// Bytes of an answer, unless the caller asks for less.
    pub bytes_max: u64,
    /// Bytes of a stream, unless the caller asks for less.
    pub stream_bytes_max: u64,
    /// Named secrets that requests refer to.
    pub secrets: BTreeMap<String, Secret>,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            allow_hosts: Vec::new(),
            allow_private_hosts: Vec::new(),
            connect_timeout_s: 5,
            timeout_s: 30,
            stream_timeout_s: 3_600,
            bytes_max: 64 << 20,
            stream_bytes_max: 8 << 30,
            secrets: BTreeMap::new(),
        }
    }
}

impl FetchConfig {
    /// What is well-formed and yet cannot work, one line each.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let lists = [
            ("fetch.allow_hosts", &self.allow_hosts),
            ("fetch.allow_private_hosts", &self.allow_private_hosts),
        ];
        let hosts = lists.into_iter().flat_map(|(key, list)| {
            let wrong = move |entry: &String| {
                wrong_entry(entry).map(|why| format!("{key}: {entry:?}: {why}"))
            };
            list.iter().filter_map(wrong)
        });
        let secrets = self.secrets.iter().filter_map(|(name, secret)| {
            let error = secret.reveal().err()?;
            Some(format!("fetch.secrets.{name}: {error}"))
        });
        let mut errors: Vec<String> = hosts.chain(secrets).collect();
        for (key, seconds) in [
            ("connect_timeout_s", self.connect_timeout_s),
            ("timeout_s", self.timeout_s),
            ("stream_timeout_s", self.stream_timeout_s),
        ] {
            if !(1..=86_400).contains(&seconds) {
                errors.push(format!("fetch.{key}: between 1 and 86400"));
            }
        }
        errors
    }

    /// True when the host of this address is on one of the lists; its addresses are looked at
    /// when it is fetched.
    #[must_use]
    pub fn lists(&self, url: &Url) -> bool {
        listed(&self.allow_hosts, url) || listed(&self.allow_private_hosts, url)
    }
}
