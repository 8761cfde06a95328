//! The one outgoing client: everything the node fetches (witnesses, OIDC, harvests, tiles) goes
//! through it.
//!
//! Hosts are on a list. Names are resolved by us for every new connection, each address is
//! checked, and only checked addresses are connected to, so that a name cannot change its mind
//! in between (DNS rebinding). Redirects are followed by us, each as a request of its own.

mod address;
mod config;
mod request;
mod resolve;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, StatusCode, header};
use url::{Host, Url};

pub use config::FetchConfig;
pub use request::{Fetched, Request, Streamed};
pub use resolve::Resolve;

use self::address::{is_public, listed};
use self::resolve::{Checked, Inside, SystemResolver};
use crate::error::{Error, Result};
use crate::text::Text;

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Seconds after which an idle connection is closed.
const IDLE_S: u64 = 30;

/// The client.
#[derive(Clone)]
pub struct Fetch(Arc<Inner>);

struct Inner {
    config: FetchConfig,
    resolver: Arc<dyn Resolve>,
    // Made at first use: reading the machine's certificates takes time that a start has not.
    public: OnceLock<reqwest::Client>,
    private: OnceLock<reqwest::Client>,
}

fn bad_gateway(code: &'static str, url: &Url, zh: &str, en: &str) -> Error {
    let host = url.host_str().unwrap_or_default();
    let words = crate::text!(
        "从 {host} 获取失败：{zh}",
        "Fetching from {host} failed: {en}"
    );
    Error::new(StatusCode::BAD_GATEWAY, code, words)
}

fn refused(url: &Url, zh: &str, en: &str) -> Error {
    bad_gateway("fetch_refused", url, zh, en).hint(Text::new(
        "如确需访问，请由系统管理员把该主机加入配置 fetch.allow_hosts（内网地址用 fetch.allow_private_hosts）。",
        "If it is meant, an operator adds the host to fetch.allow_hosts (or fetch.allow_private_hosts) in the configuration.",
    ))
}

fn failed(url: &Url, error: impl std::fmt::Display) -> Error {
    let error = error.to_string();
    bad_gateway("fetch_failed", url, &error, &error)
}

fn too_large(url: &Url, bytes_max: u64) -> Error {
    let zh = format!("内容超过 {bytes_max} 字节");
    let en = format!("it is larger than {bytes_max} bytes");
    bad_gateway("fetch_too_large", url, &zh, &en)
}

fn timed_out(url: &Url) -> Error {
    let host = url.host_str().unwrap_or_default();
    let words = crate::text!(
        "从 {host} 获取超时。",
        "Fetching from {host} took too long."
    );
    Error::new(StatusCode::GATEWAY_TIMEOUT, "fetch_timed_out", words)
}

/// Makes ring the process's TLS provider; what wants one finds it.
pub(crate) fn install_crypto() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}

impl Fetch {
    /// With the machine's resolver.
    ///
    /// # Errors
    /// When the configuration cannot work, a named secret cannot be read among others.
    pub fn new(config: FetchConfig) -> Result<Self> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// With another resolver.
    ///
    /// # Errors
    /// As [`Fetch::new`].
    pub fn with_resolver(config: FetchConfig, resolver: Arc<dyn Resolve>) -> Result<Self> {
        let errors = config.check();
        if !errors.is_empty() {
            return Err(Error::internal(errors.join("; ")));
        }
        install_crypto();
        Ok(Self(Arc::new(Inner {
            config,
            resolver,
            public: OnceLock::new(),
            private: OnceLock::new(),
        })))
    }

    /// GETs, redirects followed, and reads the answer whole.
    ///
    /// # Errors
    /// As [`Fetch::send`].
    pub async fn get(&self, url: &Url) -> Result<Fetched> {
        self.send(Request::get(url.clone())).await
    }

    /// Sends, and reads the answer whole, whatever its status.
    ///
    /// # Errors
    /// 502 `fetch_refused` when the host or its address is not permitted; 502 `fetch_failed`
    /// when it does not answer, `fetch_too_large` when it answers too much; 504
    /// `fetch_timed_out` when it is too slow.
    pub async fn send(&self, request: Request) -> Result<Fetched> {
        let limit = Duration::from_secs(self.0.config.timeout_s);
        let url = request.url.clone();
        let bytes_max = self.0.config.bytes_max;
        let whole = async { self.follow(request, bytes_max).await?.whole().await };
        tokio::time::timeout(limit, whole)
            .await
            .unwrap_or_else(|_| Err(timed_out(&url)))
    }

    /// Sends, and answers as soon as the headers are there; the body streams.
    ///
    /// # Errors
    /// As [`Fetch::send`].
    pub async fn stream(&self, request: Request) -> Result<Streamed> {
        let limit = Duration::from_secs(self.0.config.timeout_s);
        let url = request.url.clone();
        let bytes_max = self.0.config.stream_bytes_max;
        tokio::time::timeout(limit, self.follow(request, bytes_max))
            .await
            .unwrap_or_else(|_| Err(timed_out(&url)))
    }

    /// The same for libraries that bring their own requests, such as OIDC clients; redirects are
    /// not followed.
    ///
    /// # Errors
    /// As [`Fetch::send`]; 500 when the address is none.
    pub async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse().map_err(Error::internal)?;
        let mut request = Request::new(parts.method, url);
        request.headers = parts.headers;
        request.body = body.into();
        let fetched = self.send(request).await?;
        let mut response = http::Response::new(fetched.body.to_vec());
        *response.status_mut() = fetched.status;
        *response.headers_mut() = fetched.headers;
        Ok(response)
    }

    async fn follow(&self, mut request: Request, bytes_max: u64) -> Result<Streamed> {
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.once(&request, bytes_max).await?;
            let target = answer.headers.get(header::LOCATION);
            let target = target.and_then(|v| v.to_str().ok());
            let moved = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let (true, true, Some(target)) = (request.follow, moved, target) else {
                return Ok(answer);
            };
            let next = request.url.join(target);
            let next = next.map_err(|e| failed(&request.url, e))?;
            redirect(&mut request, next, answer.status)?;
        }
        let (zh, en) = ("跳转次数过多", "too many redirects");
        Err(bad_gateway("fetch_failed", &request.url, zh, en))
    }

    async fn once(&self, request: &Request, bytes_max: u64) -> Result<Streamed> {
        let url = &request.url;
        let config = &self.0.config;
        let client = self.permitted(url)?;
        let mut headers = request.headers.clone();
        for (name, prefix, secret) in &request.secret_headers {
            let secret = config.secrets.get(secret);
            let secret =
                secret.ok_or_else(|| Error::internal("no such secret in fetch.secrets"))?;
            let value = secret.reveal().map_err(Error::internal)?;
            headers.insert(name, request::sensitive(&format!("{prefix}{value}"))?);
        }
        let sent = client
            .request(request.method.clone(), url.clone())
            .headers(headers)
            .body(request.body.clone())
            .send();
        let mut answer = sent.await.map_err(|e| explain(url, e))?;
        let bytes_max = request.bytes_max.unwrap_or(u64::MAX).min(bytes_max);
        if answer.content_length().is_some_and(|n| n > bytes_max) {
            return Err(too_large(url, bytes_max));
        }
        Ok(Streamed {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            url: url.clone(),
            answer,
            left: bytes_max,
            bytes_max,
            silence_max: Duration::from_secs(config.timeout_s),
            ends: Box::pin(tokio::time::sleep(Duration::from_secs(
                config.stream_timeout_s,
            ))),
        })
    }

    /// The client that may fetch this address, as far as can be said before resolving.
    fn permitted(&self, url: &Url) -> Result<&reqwest::Client> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(url, "只支持 http 和 https", "only http and https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                url,
                "地址中带有口令",
                "the address holds a password",
            ));
        }
        let private = listed(&self.0.config.allow_private_hosts, url);
        if !private && !listed(&self.0.config.allow_hosts, url) {
            let en = "it is not on the list of hosts";
            return Err(refused(url, "不在允许的主机之列", en));
        }
        // Addresses are connected to without asking the resolver.
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            _ => None,
        };
        if !private && address.is_some_and(|a| !is_public(&a)) {
            return Err(refused(url, "是内网地址", "it is an address inside"));
        }
        self.client(private)
    }

    fn client(&self, private: bool) -> Result<&reqwest::Client> {
        let cell = if private {
            &self.0.private
        } else {
            &self.0.public
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let resolver = self.0.resolver.clone();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_secs(self.0.config.connect_timeout_s))
            .pool_idle_timeout(Duration::from_secs(IDLE_S))
            .dns_resolver(Arc::new(Checked { resolver, private }))
            .user_agent(concat!("tianyuan/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(cell.get_or_init(|| client))
    }
}

/// Turns a request into the one a redirect asks for (RFC 9110 §15.4).
fn redirect(request: &mut Request, next: Url, status: StatusCode) -> Result<()> {
    if request.url.scheme() == "https" && next.scheme() != "https" {
        let (zh, en) = ("从 https 跳转到 http", "a redirect from https to http");
        return Err(refused(&next, zh, en));
    }
    let elsewhere = next.origin() != request.url.origin();
    let repeats = matches!(status.as_u16(), 307 | 308);
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if !reads && repeats && elsewhere {
        let (zh, en) = (
            "把提交的内容跳转到别处",
            "a redirect of what is sent to elsewhere",
        );
        return Err(refused(&next, zh, en));
    }
    if !reads && !repeats {
        request.method = Method::GET;
        request.body.clear();
        request.headers.remove(header::CONTENT_TYPE);
    }
    if elsewhere {
        // What was said to one host is not for another: credentials in whatever header first.
        request.secret_headers.clear();
        let kept = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::RANGE];
        let kept = kept.map(|name| (request.headers.remove(&name), name));
        request.headers.clear();
        for (value, name) in kept {
            if let Some(value) = value {
                request.headers.insert(name, value);
            }
        }
    }
    request.url = next;
    Ok(())
}

/// The innermost cause says most; ours says that the address was refused.
fn explain(url: &Url, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<Inside>() {
        return refused(url, "解析到内网地址", "it resolves to an address inside");
    }
    if error.is_timeout() {
        return timed_out(url);
    }
    failed(url, cause)
}
