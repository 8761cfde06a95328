//! What is served besides the rooms' operations: health, the OpenAPI document and its reference
//! page, and the console.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::RustEmbed;
use serde::Serialize;
use tianyuan_kernel::args;
use tianyuan_kernel::http::layers::FRAMED_CSP;
use tianyuan_kernel::http::routes::Access;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

/// The built console with its pre-compressed forms.
#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Console;

/// The node's own routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(node))
        .protocol("GET", "/healthz", Access::Public, get(async || "ok\n"))
        .protocol("GET", "/readyz", Access::Public, get(ready))
}

/// What this node is.
#[derive(Serialize, utoipa::ToSchema)]
struct NodeView {
    name: Text,
    version: &'static str,
    /// Shows the sample district.
    demo: bool,
}

/// Tells what this node is.
#[utoipa::path(get, path = "/api/v1/node", tag = "node",
    responses((status = 200, body = NodeView), Problems))]
async fn node(State(app): State<App>) -> Result<Json<NodeView>> {
    let names = &app.config().node;
    let demo = crate::demo::is_loaded(&mut app.db().read().await?).await?;
    let name = Text::of(names.name_zh.clone(), names.name_en.clone());
    Ok(Json(NodeView {
        name,
        version: env!("CARGO_PKG_VERSION"),
        demo,
    }))
}

/// Most microseconds by which our clock may differ from the database's.
const SKEW_MAX: i64 = 2_000_000;

async fn ready(State(app): State<App>) -> Result<&'static str> {
    let not =
        |zh: &'static str, en: &'static str| Error::unavailable("not_ready", Text::new(zh, en));
    if app.is_stopping() {
        return Err(not("正在停止。", "Stopping."));
    }
    app.db()
        .read()
        .await?
        .one("SELECT seq FROM journal_head WHERE id = 1", args![])
        .await?;
    if app.db().clock_skew(app.now()).await?.abs() > SKEW_MAX {
        return Err(not(
            "时钟与数据库相差超过 2 秒。",
            "The clock is more than 2 s off the database's.",
        ));
    }
    Ok("ready\n")
}

/// Adds the document, its reference page and the console.
pub fn extend(router: Router<App>, document: &utoipa::openapi::OpenApi) -> Router<App> {
    let json = serde_json::to_string_pretty(document).unwrap_or_default();
    let page = crate::reference::page(document);
    let css = include_str!("../assets/reference.css");
    let text = |media: &'static str, body: String| {
        move || async move { ([(header::CONTENT_TYPE, media)], body) }
    };
    router
        .route("/openapi.json", get(text("application/json", json)))
        .route("/docs", get(text("text/html; charset=utf-8", page)))
        .route(
            "/docs/reference.css",
            get(text("text/css; charset=utf-8", css.to_owned())),
        )
        .fallback(console)
}

/// A file of the console, or its first page for an address of the console's own.
async fn console(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Error::not_found().into_response();
    }
    let path = uri.path().trim_start_matches('/');
    for reserved in ["api/", "ledger/", "auth/"] {
        if path.starts_with(reserved) {
            return Error::not_found().into_response();
        }
    }
    if let Some(response) = file(path, &headers) {
        return response;
    }
    if path.starts_with("assets/") {
        return Error::not_found().into_response();
    }
    let mut first = file("index.html", &headers).unwrap_or_else(|| {
        let words = "This build has no console; build it with `make console`.\n";
        (StatusCode::NOT_FOUND, words).into_response()
    });
    if path.starts_with("embed/") {
        let policy = HeaderValue::from_static(FRAMED_CSP);
        first
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    first
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let packed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepted.split(',').any(|a| a.trim().starts_with(name)))
        .find_map(|(name, suffix)| Some((name, Console::get(&format!("{path}{suffix}"))?)));
    let media = media(path)?;
    let (encoding, found) = match packed {
        Some((name, found)) => (Some(name), found),
        None => (None, Console::get(path)?),
    };
    let mut response = found.data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    // Names under assets/ hold a digest of their content; everything else may change.
    let age = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(
        HeaderName::from_static("cache-control"),
        HeaderValue::from_static(age),
    );
    Some(response)
}

fn media(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}
