//! The two addresses a browser passes through: on the way to the provider, and on the way back.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tianyuan_kernel::config::OidcConfig;
use tianyuan_kernel::http::Access;
use tianyuan_kernel::prelude::*;
use url::Url;

use super::provider::Secrets;
use super::store::{self, Attempt};
use super::{ATTEMPT_S, Providers};
use crate::authority::{Authority, named_cookie};
use crate::sessions::api::{agent, cookie, set_cookie};
use crate::sessions::hex;

/// Binds a sign-in to the browser that began it. `Lax`, because the way back comes from another
/// site.
const COOKIE: &str = "tianyuan_oidc";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .protocol("GET", "/auth/oidc/{id}/start", Access::Public, get(start))
        .protocol(
            "GET",
            "/auth/oidc/{id}/callback",
            Access::Public,
            get(callback),
        )
}

#[derive(Deserialize)]
struct Start {
    /// Where to go afterwards: a path here.
    return_to: Option<String>,
}

/// Sends the browser to the provider.
async fn start(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
    PathId(id): PathId<String>,
    Query(input): Query<Start>,
) -> Response {
    let return_to = safe_return(input.return_to.as_deref());
    match leave(&ctx, &app, &parts, &id, &return_to).await {
        Ok(response) => response,
        Err(error) => turned_back(&parts.headers, error, &return_to),
    }
}

async fn leave(ctx: &Ctx, app: &App, parts: &Parts, id: &str, return_to: &str) -> Result<Response> {
    let provider = provider(app, id)?;
    let authority = app.get::<Authority>()?;
    let address = ctx.address.unwrap_or_else(|| [127, 0, 0, 1].into());
    authority
        .sign_ins()
        .take(crate::lockout::network(address), app.now())
        .map_err(crate::sessions::api::slowed)?;
    let state = hex(&app.random::<32>());
    let attempt = Attempt {
        provider: provider.id.clone(),
        nonce: hex(&app.random::<32>()),
        verifier: hex(&app.random::<32>()),
        return_to: return_to.to_owned(),
    };
    let secrets = Secrets {
        state: &state,
        nonce: &attempt.nonce,
        verifier: &attempt.verifier,
    };
    let providers = app.get::<Providers>()?;
    let there = providers.way_there(app, provider, &secrets).await?;
    let browser = browser(&parts.headers).map_or_else(|| hex(&app.random::<32>()), str::to_owned);
    store::begin(app, &attempt, &state, &browser).await?;
    let mut response = moved(StatusCode::FOUND, there.as_str())?;
    let secure = app.config().server.public_url.as_ref();
    let secure = secure.is_some_and(|url| url.scheme() == "https");
    let secure = if secure { "; Secure" } else { "" };
    let bound = format!(
        "{COOKIE}={browser}; Path=/auth/oidc; HttpOnly; SameSite=Lax; Max-Age={ATTEMPT_S}{secure}"
    );
    let bound = HeaderValue::from_str(&bound).map_err(Error::internal)?;
    set_cookie(response.headers_mut(), &bound);
    Ok(response)
}

#[derive(Deserialize)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
    /// The provider's reason for refusing.
    error: Option<String>,
}

/// Takes the browser back from the provider, and signs in.
async fn callback(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
    PathId(id): PathId<String>,
    Query(input): Query<Callback>,
) -> Response {
    let (attempt, state) = match begun_here(&app, &parts, &id, &input).await {
        Ok(found) => found,
        Err(error) => return turned_back(&parts.headers, error, "/"),
    };
    let return_to = attempt.return_to.clone();
    match come_back(&ctx, &app, &parts, attempt, &state, input).await {
        Ok(response) => response,
        Err(error) => turned_back(&parts.headers, error, &return_to),
    }
}

fn no_attempt() -> Error {
    let words = Text::new(
        "登录耗时过长，或不是在此浏览器中开始的，请重新登录。",
        "The sign-in took too long, or was begun in another browser; begin again.",
    );
    Error::bad_request("oidc_state", words)
}

/// The attempt that this browser began with this provider; it ends here, whatever comes next.
async fn begun_here(
    app: &App,
    parts: &Parts,
    id: &str,
    input: &Callback,
) -> Result<(Attempt, String)> {
    let provider = provider(app, id)?;
    let (Some(state), Some(browser)) = (&input.state, browser(&parts.headers)) else {
        return Err(no_attempt());
    };
    let attempt = store::end(app, state, browser).await?;
    let attempt = attempt.filter(|a| a.provider == provider.id);
    Ok((attempt.ok_or_else(no_attempt)?, state.clone()))
}

async fn come_back(
    ctx: &Ctx,
    app: &App,
    parts: &Parts,
    attempt: Attempt,
    state: &str,
    input: Callback,
) -> Result<Response> {
    let provider = provider(app, &attempt.provider)?;
    let providers = app.get::<Providers>()?;
    // Before anything is sent anywhere: a code of another provider's is not for this one.
    if let Some(issuer) = &input.iss
        && *issuer != providers.issuer(app, provider).await?
    {
        return Err(no_attempt());
    }
    let (None, Some(code)) = (&input.error, input.code) else {
        let why = input.error.unwrap_or_default();
        tracing::info!(provider = provider.id, why, "the provider signed nobody in");
        let words = Text::new(
            "身份提供方没有同意登录。",
            "The identity provider did not agree to the sign-in.",
        );
        return Err(Error::new(StatusCode::FORBIDDEN, "oidc_denied", words));
    };
    let secrets = Secrets {
        state,
        nonce: &attempt.nonce,
        verifier: &attempt.verifier,
    };
    let identity = providers.redeem(app, provider, code, &secrets).await?;
    let agent = agent(&parts.headers);
    let address = ctx.address.map(|a| a.to_string());
    let opened = super::sign_in(app, provider, &identity, address, agent).await?;
    let mut response = moved(StatusCode::SEE_OTHER, &attempt.return_to)?;
    let session = cookie(app, &parts.headers, &opened.token, None)?;
    set_cookie(response.headers_mut(), &session);
    Ok(response)
}

fn provider<'a>(app: &'a App, id: &str) -> Result<&'a OidcConfig> {
    let providers = &app.config().identity.oidc;
    let found = providers.iter().find(|p| p.id == id);
    found.ok_or_else(Error::not_found)
}

fn browser(headers: &HeaderMap) -> Option<&str> {
    let well_formed = |v: &&str| v.len() == 64 && v.bytes().all(|b| b.is_ascii_hexdigit());
    named_cookie(headers, COOKIE).filter(well_formed)
}

fn moved(status: StatusCode, to: &str) -> Result<Response> {
    let mut response = status.into_response();
    let to = HeaderValue::from_str(to).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, to);
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(response)
}

/// People go back to the sign-in page, which tells them why; scripts get the problem.
fn turned_back(headers: &HeaderMap, error: Error, return_to: &str) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let person = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    if !person || error.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return error.into_response();
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("failed", error.code())
        .append_pair("return", return_to)
        .finish();
    moved(StatusCode::SEE_OTHER, &format!("/sign-in?{query}"))
        .unwrap_or_else(|error| error.into_response())
}

/// A path of this node, and nothing else: what does not stay here becomes `/`.
fn safe_return(given: Option<&str>) -> String {
    let stays = |path: &&str| {
        let here = Url::parse("http://here.invalid/").ok();
        let joined = here.as_ref().and_then(|here| here.join(path).ok());
        path.len() <= 2_000
            && path.starts_with('/')
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && joined.map(|url| url.origin()) == here.map(|here| here.origin())
    };
    given.filter(stays).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_returns_to_paths_of_this_node_only() {
        for good in ["/", "/plans/plan_1?tab=a#b", "/%E8%AE%A1"] {
            assert_eq!(safe_return(Some(good)), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x",
            "",
            "plans",
            "/计划",
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad}");
        }
        assert_eq!(safe_return(None), "/");
    }
}
