//! Signing in and out, and one's own account.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::{COOKIE, Session, SessionId, open, store};
use crate::authority::Authority;
use crate::lockout::network;
use crate::people::api::{GrantView, grant_views, unit_names};
use crate::people::{self, PersonId};
use crate::{kinds, password, policy};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(routes!(sign_in))
        .public(routes!(sign_in_ways))
        .signed_in(routes!(list_sessions))
        .signed_in(routes!(sign_out))
        .signed_in(routes!(end_session))
        .signed_in(routes!(me))
        .signed_in(routes!(change_password))
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
    id: String,
    name: String,
    username: Option<String>,
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
/// an HttpOnly cookie instead of in the answer.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "shield", request_body = Credentials,
    responses((status = 201, body = SignedIn), Problems))]
async fn sign_in(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
    Json(credentials): Json<Credentials>,
) -> Result<Response> {
    let authority = app.get::<Authority>()?;
    let address = ctx.address.unwrap_or_else(|| [127, 0, 0, 1].into());
    let username = credentials.username.trim().to_lowercase();
    authority
        .sign_ins()
        .take(network(address), app.now())
        .map_err(slowed)?;
    let wait = authority.lockout().waiting_s(&username, address, app.now());
    if wait > 0 {
        return Err(slowed(wait.unsigned_abs()));
    }
    if username.len() > 200 || credentials.password.len() > 400 {
        return Err(failed());
    }
    let person = people::store::by_username(&mut ctx.read().await?, &username).await?;
    let person = person.filter(|p| p.state == people::State::Active);
    let hash = person.as_ref().and_then(|p| p.password_hash.as_deref());
    let right = password::verify(&app, &credentials.password, hash).await?;
    let Some(person) = person.as_ref().filter(|_| right) else {
        authority.lockout().failed(&username, address, app.now());
        if let Some(person) = person {
            let mut tx = Tx::begin(&app, None).await?;
            tx.record(&kinds::SIGN_IN_FAILED, person.id.as_str(), &json!({}))
                .await?;
            tx.commit().await?;
        }
        return Err(failed());
    };
    authority.lockout().succeeded(&username, address);
    let agent = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok());
    let agent = agent.map(|a| a.chars().take(200).collect());
    let mut tx = Tx::begin(&app, Some(person.id.to_string())).await?;
    let opened = open(
        &mut tx,
        person,
        Some(address.to_string()),
        agent,
        "password",
    )
    .await?;
    let in_browser = parts
        .headers
        .get("x-tianyuan-browser")
        .is_some_and(|v| v == "1");
    let body = SignedIn {
        token: (!in_browser).then(|| opened.token.clone()),
        expires_at: opened.expires_at,
        must_change_password: person.must_change,
        person: PersonRef {
            id: person.id.to_string(),
            name: person.name.clone(),
            username: person.username.clone(),
        },
    };
    let mut response = tx.answer(StatusCode::CREATED, &body).await?;
    if in_browser {
        set_cookie(
            response.headers_mut(),
            &cookie(&app, &parts.headers, &opened.token, None)?,
        );
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
    let proxied = forwarded && !app.config().server.trusted_proxies.is_empty();
    let secure = if app.config().server.tls.is_some() || proxied {
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

/// Who is signed in, and what they may do.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Me {
    person: PersonRef,
    roles: Vec<GrantView>,
    units: Vec<UnitRef>,
    must_change_password: bool,
    /// For `X-CSRF-Token`, when signed in by cookie.
    csrf_token: Option<String>,
    /// `Kind:Action` for what may be done to a kind as a whole.
    permissions: Vec<String>,
}

/// Tells who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "shield",
    responses((status = 200, body = Me), Problems))]
async fn me(ctx: Ctx) -> Result<Json<Me>> {
    let id = PersonId::from_stored(ctx.who.id.clone().unwrap_or_default());
    let mut reader = ctx.read().await?;
    let person = people::store::get(&mut reader, &id).await?;
    let names = unit_names(&mut reader).await?;
    let units = ctx.who.grants.iter().filter_map(|g| g.unit.as_ref());
    let units = units.filter_map(|u| names.get(u).cloned()).collect();
    let mut permissions = Vec::new();
    for (kind, _) in policy::KINDS {
        for action in Action::ALL {
            if ctx.can(action, &Entity::all(kind)) {
                permissions.push(format!("{kind}:{}", action.name()));
            }
        }
    }
    Ok(Json(Me {
        roles: grant_views(&ctx.who.grants, &names),
        units,
        must_change_password: ctx.who.must_change_password,
        csrf_token: ctx.who.csrf.clone(),
        permissions,
        person: PersonRef {
            id: id.to_string(),
            name: person.name,
            username: person.username,
        },
    }))
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

/// The old and the new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    current: String,
    /// 10 to 200 characters.
    new: String,
}

/// Changes one's own password. Every session ends and a new one begins; its token comes the way
/// the old one did.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "shield",
    request_body = PasswordChange, responses((status = 200, body = SignedIn), Problems))]
async fn change_password(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
    Json(input): Json<PasswordChange>,
) -> Result<Response> {
    by_session_only(&ctx)?;
    let id = PersonId::from_stored(ctx.who.id.clone().unwrap_or_default());
    let person = people::store::get(&mut ctx.read().await?, &id).await?;
    let address = ctx.address.unwrap_or_else(|| [127, 0, 0, 1].into());
    let authority = app.get::<Authority>()?;
    let wait = authority
        .lockout()
        .waiting_s(id.as_str(), address, app.now());
    if wait > 0 {
        return Err(slowed(wait.unsigned_abs()));
    }
    if !password::verify(&app, &input.current, person.password_hash.as_deref()).await? {
        authority.lockout().failed(id.as_str(), address, app.now());
        let words = Text::new("当前密码不正确。", "The current password is wrong.");
        return Err(Error::invalid("password_wrong", "current", words));
    }
    password::check(
        "new",
        &input.new,
        person.username.as_deref().unwrap_or_default(),
    )?;
    if input.new == input.current {
        let words = Text::new(
            "新密码不能与当前密码相同。",
            "The new password equals the old one.",
        );
        return Err(Error::invalid("password_same", "new", words));
    }
    let hash = password::hash(&app, &input.new).await?;
    let mut tx = ctx.begin().await?;
    people::store::set_password(&mut tx, &id, &hash, false).await?;
    store::end_all(&mut tx, &id).await?;
    tx.record(&kinds::PASSWORD_CHANGED, id.as_str(), &json!({}))
        .await?;
    let opened = open(
        &mut tx,
        &person,
        Some(address.to_string()),
        None,
        "password_change",
    )
    .await?;
    let in_browser = ctx.who.csrf.is_some();
    let body = SignedIn {
        token: (!in_browser).then(|| opened.token.clone()),
        expires_at: opened.expires_at,
        must_change_password: false,
        person: PersonRef {
            id: id.to_string(),
            name: person.name,
            username: person.username,
        },
    };
    let mut response = tx.answer(StatusCode::OK, &body).await?;
    authority.forget_callers();
    if in_browser {
        set_cookie(
            response.headers_mut(),
            &cookie(&app, &parts.headers, &opened.token, None)?,
        );
    }
    Ok(response)
}
