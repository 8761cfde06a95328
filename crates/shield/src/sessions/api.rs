//! Signing in and out, and one's own sessions.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::{COOKIE, Opened, Session, SessionId, open, store};
use crate::authority::Authority;
use crate::lockout::network;
use crate::people::{self, Person, PersonId};
use crate::{kinds, password};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(routes!(sign_in))
        .public(routes!(sign_in_ways))
        .signed_in(routes!(list_sessions))
        .signed_in(routes!(sign_out))
        .signed_in(routes!(end_session))
}

/// User name and password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    #[schema(max_length = 200)]
    username: String,
    #[schema(max_length = 400)]
    password: String,
}

/// Who somebody is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PersonRef {
    id: PersonId,
    name: String,
    username: Option<String>,
}

impl From<Person> for PersonRef {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            name: person.name,
            username: person.username,
        }
    }
}

/// A session that was opened.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedIn {
    /// For `Authorization: Bearer`; absent when the browser got it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    expires_at: Micros,
    /// Choose a password first: `POST /api/v1/me/password`.
    must_change_password: bool,
    person: PersonRef,
}

fn failed() -> Error {
    let words = Text::new(
        "用户名或密码不正确。",
        "The user name or the password is wrong.",
    );
    Error::new(StatusCode::UNAUTHORIZED, "sign_in_failed", words)
}

/// Guessing is slowed down.
pub(crate) fn slowed(seconds: u64) -> Error {
    let words = text!(
        "尝试过于频繁，请 {seconds} 秒后再试。",
        "Too many attempts; try again in {seconds} seconds."
    );
    Error::too_many("sign_in_slowed", words, seconds)
}

/// Signs in with a local account. With the header `X-Tianyuan-Browser: 1` the session comes as
/// an HttpOnly cookie instead of in the answer. An `Idempotency-Key` is ignored: nothing that
/// opens a session is kept.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "shield", request_body = Credentials,
    responses((status = 201, body = SignedIn), Problems))]
async fn sign_in(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
    Json(credentials): Json<Credentials>,
) -> Result<Response> {
    let address = address(&ctx);
    let person = recognise(&app, address, &credentials).await?;
    let mut tx = Tx::begin(&app, Some(person.id.to_string())).await?;
    let agent = agent(&parts.headers);
    let opened = open(
        &mut tx,
        &person,
        Some(address.to_string()),
        agent,
        "password",
    )
    .await?;
    let in_browser = parts
        .headers
        .get("x-tianyuan-browser")
        .is_some_and(|v| v == "1");
    let headers = &parts.headers;
    answer(tx, headers, StatusCode::CREATED, person, opened, in_browser).await
}

pub(super) fn address(ctx: &Ctx) -> IpAddr {
    ctx.address.unwrap_or_else(|| [127, 0, 0, 1].into())
}

/// What the browser calls itself, cut to size.
pub(crate) fn agent(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(200).collect())
}

/// The person whose user name and password these are.
async fn recognise(app: &App, address: IpAddr, credentials: &Credentials) -> Result<Person> {
    let authority = app.get::<Authority>()?;
    let username = credentials.username.trim().to_lowercase();
    authority
        .sign_ins()
        .take(network(address), app.now())
        .map_err(slowed)?;
    let lockout = authority.lockout();
    lockout
        .check(&username, address, app.now())
        .map_err(slowed)?;
    if username.len() > 200 || credentials.password.len() > 400 {
        return Err(failed());
    }
    let person = people::store::by_username(&mut app.db().read().await?, &username).await?;
    let person = person.filter(|p| p.state == people::State::Active);
    let hash = person.as_ref().and_then(|p| p.password_hash.as_deref());
    let right = password::verify(app, &credentials.password, hash).await? && person.is_some();
    lockout
        .settle(&username, address, app.now(), right)
        .map_err(slowed)?;
    match person {
        Some(person) if right => Ok(person),
        Some(person) => {
            note_failure(app, &person.id, "password").await?;
            Err(failed())
        }
        None => Err(failed()),
    }
}

/// A wrong password for somebody who is there is a fact.
pub(super) async fn note_failure(app: &App, person: &PersonId, how: &str) -> Result<()> {
    let mut tx = Tx::begin(app, None).await?;
    tx.record(
        &kinds::SIGN_IN_FAILED,
        person.as_str(),
        &json!({ "how": how }),
    )
    .await?;
    tx.commit().await
}

/// Answers a session that was opened: with a cookie in a browser, otherwise with its token. The
/// transaction was not begun by the context, so that no `Idempotency-Key` keeps the token.
pub(super) async fn answer(
    tx: Tx,
    headers: &HeaderMap,
    status: StatusCode,
    person: Person,
    opened: Opened,
    in_browser: bool,
) -> Result<Response> {
    let app = tx.app().clone();
    let body = SignedIn {
        token: (!in_browser).then(|| opened.token.clone()),
        expires_at: opened.expires_at,
        must_change_password: person.must_change,
        person: person.into(),
    };
    let mut response = tx.answer(status, &body).await?;
    if in_browser {
        let cookie = cookie(&app, headers, &opened.token, None)?;
        set_cookie(response.headers_mut(), &cookie);
    }
    Ok(response)
}

/// The session cookie; `age_s` 0 removes it.
pub(crate) fn cookie(
    app: &App,
    headers: &HeaderMap,
    token: &str,
    age_s: Option<i64>,
) -> Result<HeaderValue> {
    let hours = i64::from(app.config().identity.session_hours_max);
    let age = age_s.unwrap_or(hours * 3_600);
    let forwarded = headers
        .get("x-forwarded-proto")
        .is_some_and(|v| v == "https");
    let server = &app.config().server;
    let proxied = forwarded && !server.trusted_proxies.is_empty();
    let declared = server
        .public_url
        .as_ref()
        .is_some_and(|u| u.scheme() == "https");
    let secure = if server.tls.is_some() || proxied || declared {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    HeaderValue::from_str(&cookie).map_err(Error::internal)
}

pub(crate) fn set_cookie(headers: &mut HeaderMap, cookie: &HeaderValue) {
    headers.append(header::SET_COOKIE, cookie.clone());
}

/// An outside identity provider.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProviderView {
    id: String,
    title: String,
}

/// The ways to sign in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignInWays {
    /// With user name and password.
    local: bool,
    providers: Vec<ProviderView>,
}

/// Tells how one can sign in here.
#[utoipa::path(get, path = "/api/v1/sign-in", tag = "shield",
    responses((status = 200, body = SignInWays), Problems))]
async fn sign_in_ways(State(app): State<App>) -> Result<Json<SignInWays>> {
    let providers = app.config().identity.oidc.iter();
    let providers = providers
        .map(|o| ProviderView {
            id: o.id.clone(),
            title: o.title.clone(),
        })
        .collect();
    Ok(Json(SignInWays {
        local: true,
        providers,
    }))
}

/// A session on the wire.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    id: SessionId,
    created_at: Micros,
    last_seen_at: Micros,
    expires_at: Micros,
    address: Option<String>,
    agent: Option<String>,
    /// This is the session the request came with.
    current: bool,
}

/// Lists one's own sessions.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "shield", params(PageParams),
    responses((status = 200, body = List<SessionView>), Problems))]
async fn list_sessions(ctx: Ctx, page: Page) -> Result<List<SessionView>> {
    let me = ctx.who.id.clone().unwrap_or_default();
    let sessions = store::list(&mut ctx.read().await?, &page, &me, ctx.app.now()).await?;
    let current = ctx.who.session.clone();
    Ok(List::build(
        sessions,
        &page,
        |s: &Session| vec![json!(s.id)],
        |s| SessionView {
            current: current.as_deref() == Some(s.id.as_str()),
            id: s.id,
            created_at: s.created_at,
            last_seen_at: s.last_seen_at,
            expires_at: s.expires_at,
            address: s.address,
            agent: s.agent,
        },
    ))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "shield",
    responses((status = 204), Problems))]
async fn sign_out(ctx: Ctx, State(app): State<App>, parts: Parts) -> Result<Response> {
    let Some(session) = ctx.who.session.clone() else {
        let words = Text::new(
            "令牌不是会话，请改用吊销令牌。",
            "A token is not a session.",
        );
        return Err(Error::conflict("not_a_session", words));
    };
    close(&ctx, &SessionId::from_stored(session)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(
        response.headers_mut(),
        &cookie(&app, &parts.headers, "", Some(0))?,
    );
    Ok(response)
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "shield",
    params(("id" = SessionId, Path)), responses((status = 204), Problems))]
async fn end_session(ctx: Ctx, PathId(id): PathId<SessionId>) -> Result<StatusCode> {
    close(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close(ctx: &Ctx, id: &SessionId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let session = store::get(&mut tx, id).await?;
    ctx.allow(Action::View, &session)?;
    ctx.allow(Action::Delete, &session)?;
    store::end(&mut tx, id).await?;
    tx.record(
        &kinds::SESSION_CLOSED,
        id.as_str(),
        &json!({ "person": session.person }),
    )
    .await?;
    tx.commit().await?;
    ctx.app.get::<Authority>()?.forget_callers();
    Ok(())
}

/// Refuses API tokens: a token that leaked must not make itself a lasting way in.
pub(crate) fn by_session_only(ctx: &Ctx) -> Result<()> {
    if ctx.who.via == Via::Session {
        return Ok(());
    }
    let words = Text::new(
        "此操作须登录后进行，不能使用访问令牌。",
        "This needs a sign-in; an API token will not do.",
    );
    Err(Error::new(StatusCode::FORBIDDEN, "session_required", words))
}
