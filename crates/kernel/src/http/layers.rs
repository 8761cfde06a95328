//! What every request passes, from the outside in: request id and log, problem answers in the
//! caller's language, time limit, who is calling, and the supervision of refusals.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::ctx::{BodyDigest, ClientAddr, RequestId, lang};
use super::tx::Tx;
use crate::App;
use crate::authority::Principal;
use crate::config::ServerConfig;
use crate::error::{Error, Refusal};
use crate::journal::{Kind, Log};
use crate::metrics::{Answered, Class};
use crate::text::Text;

/// A signed-in caller asked for something they may not do or see.
pub const REFUSED: Kind = Kind::new(
    "access.refused",
    Log::Supervision,
    "拒绝访问",
    "Access refused",
);

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: \
     blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page that other sites may frame: as strict, but for who may frame it. Cookies
/// are SameSite, so nobody is signed in inside a foreign frame.
pub const FRAMED_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors *";

/// Wraps the router.
pub fn wrap(router: Router<App>, app: &App) -> Router<App> {
    router
        .method_not_allowed_fallback(|| async {
            Error::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                Text::new(
                    "此地址不支持该方法。",
                    "This address does not take that method.",
                ),
            )
        })
        .layer(from_fn_with_state(app.clone(), admit))
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| {
                Error::internal("a handler panicked").into_response()
            },
        ))
        .layer(from_fn_with_state(app.clone(), around))
}

/// The outermost layer.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = request_id(&app, request.headers());
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|c| c.0.ip());
    let peer = peer.map_or(IpAddr::from([127, 0, 0, 1]), |ip| ip.to_canonical());
    let server = &app.config().server;
    let address = client_addr(&server.trusted_proxies, peer, request.headers());
    let lang = lang(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(ClientAddr(address));
    request.extensions_mut().insert(BodyDigest::default());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = app.now();
    let told = without_secrets(&path);
    let span = tracing::info_span!("request", id = %id, method = %method, path = %told);
    let mut response = if in_the_open(server, peer, &path) {
        open_line().into_response()
    } else {
        let limit = Duration::from_secs(server.request_timeout_s);
        let answer = tokio::time::timeout(limit, next.run(request));
        answer.instrument(span.clone()).await.unwrap_or_else(|_| {
            let words = Text::new("处理超时，请稍后重试。", "This took too long; try again.");
            Error::unavailable("timed_out", words).into_response()
        })
    };
    let error = response.extensions_mut().remove::<Error>();
    if let Some(error) = &error {
        if let Some(cause) = error.cause() {
            tracing::error!(parent: &span, cause, "internal error");
        }
        response = error.respond(lang, Some(&id));
    }
    let now = app.now();
    let seconds = now.seconds_since(begun);
    tracing::info!(parent: &span, status = response.status().as_u16(), seconds, "answered");
    let class = response.extensions_mut().remove::<Class>();
    let answered = Answered {
        method: method.as_str(),
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        class: class.unwrap_or(Class::Stranger),
        seconds,
    };
    app.metrics().observe(now, answered);
    harden(response.headers_mut(), &id, &path);
    response
}

/// A path as logs may hold it: a signed address of a file is a key to it.
fn without_secrets(path: &str) -> &str {
    match path.strip_prefix("/files/") {
        Some(_) => "/files/…",
        None => path,
    }
}

fn request_id(app: &App, headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id").and_then(|v| v.to_str().ok());
    let usable = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    given
        .filter(usable)
        .map_or_else(|| hex::encode(app.random::<8>()), str::to_owned)
}

/// True for somebody beyond loopback who comes without TLS and past the declared proxy: a
/// password sent like that could be read on the way. Health checks carry none.
fn in_the_open(server: &ServerConfig, peer: IpAddr, path: &str) -> bool {
    server.tls.is_none()
        && !peer.is_loopback()
        && !server.trusted_proxies.contains(&peer)
        && !matches!(path, "/healthz" | "/readyz")
}

fn open_line() -> Error {
    let words = Text::new(
        "本节点只经由其 HTTPS 地址提供服务。",
        "This node is reached through its HTTPS address only.",
    );
    let hint = Text::new(
        "请使用管理员公布的 https 地址；代理的地址须列入 server.trusted_proxies。",
        "Use the https address that its operator gives; a proxy is named in server.trusted_proxies.",
    );
    Error::new(StatusCode::FORBIDDEN, "tls_required", words).hint(hint)
}

/// The last address that a trusted proxy vouches for; the peer itself otherwise.
fn client_addr(trusted: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut here = peer;
    if !trusted.contains(&here) {
        return here;
    }
    let forwarded = headers.get_all("x-forwarded-for");
    let hops: Vec<&str> = forwarded
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    for hop in hops.iter().rev() {
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => here = address.to_canonical(),
            Err(_) => break,
        }
        if !trusted.contains(&here) {
            break;
        }
    }
    here
}

fn harden(headers: &mut HeaderMap, id: &str, path: &str) {
    // A page that is made to be framed says so in a policy of its own (`FRAMED_CSP`).
    if !headers.contains_key(http::header::CONTENT_SECURITY_POLICY) {
        headers
            .entry(http::header::X_FRAME_OPTIONS)
            .or_insert(HeaderValue::from_static("DENY"));
    }
    let fixed = [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=()",
        ),
    ];
    for (name, value) in fixed {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    if path.starts_with("/api/") {
        headers
            .entry(http::header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

/// Who is calling; and a refusal of somebody signed in is a fact before it is answered.
async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let ClientAddr(address) = parts
        .extensions
        .get()
        .copied()
        .unwrap_or(ClientAddr(IpAddr::from([127, 0, 0, 1])));
    let who = match app.authority().admit(&app, &parts, address).await {
        Ok(who) => who,
        Err(error) => return error.into_response(),
    };
    let actor = who.id.clone();
    parts.extensions.insert::<Principal>(who);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if actor.is_some() {
        response.extensions_mut().insert(Class::SignedIn);
    }
    let refusal = response
        .extensions()
        .get::<Error>()
        .and_then(Error::refusal)
        .cloned();
    match (refusal, actor) {
        (Some(refusal), Some(actor)) => match supervise(&app, actor, &refusal).await {
            Ok(()) => response,
            Err(error) => error.into_response(),
        },
        _ => response,
    }
}

async fn supervise(app: &App, actor: String, refusal: &Refusal) -> crate::error::Result<()> {
    let mut tx = Tx::begin(app, Some(actor)).await?;
    let body = serde_json::json!({
        "action": refusal.action, "kind": refusal.kind, "resource": refusal.id,
    });
    tx.record(&REFUSED, &refusal.id, &body).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn beyond_loopback_only_tls_and_the_declared_proxy_get_in() {
        let mut server = ServerConfig {
            trusted_proxies: vec![ip("10.0.0.1")],
            ..ServerConfig::default()
        };
        let refused = |server: &ServerConfig, peer| in_the_open(server, ip(peer), "/api/v1/me");
        assert!(refused(&server, "10.0.0.2"));
        assert!(refused(&server, "2001:db8::1"));
        for welcome in ["10.0.0.1", "127.0.0.1", "::1"] {
            assert!(!refused(&server, welcome), "{welcome}");
        }
        assert!(!in_the_open(&server, ip("10.0.0.2"), "/readyz"));
        server.tls = Some(crate::config::TlsConfig {
            certificate: "chain.pem".into(),
            key: "key.pem".into(),
        });
        assert!(!refused(&server, "10.0.0.2"));
    }

    #[test]
    fn only_a_declared_proxy_is_believed_about_who_calls() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.9")];
        let from = |peer: &str, forwarded: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
            client_addr(&trusted, ip(peer), &headers).to_string()
        };
        assert_eq!(from("10.0.0.2", "1.2.3.4"), "10.0.0.2");
        assert_eq!(from("10.0.0.1", "6.6.6.6, 1.2.3.4"), "1.2.3.4");
        assert_eq!(from("10.0.0.1", "1.2.3.4, 10.0.0.9"), "1.2.3.4");
        assert_eq!(from("10.0.0.1", "::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(from("10.0.0.1", "unknown"), "10.0.0.1");
    }
}
