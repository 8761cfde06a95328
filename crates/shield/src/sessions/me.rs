//! One's own account: who I am, what I may do, my password.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::api::{
    PersonRef, SignedIn, address, agent, answer, by_session_only, note_failure, slowed,
};
use super::{open, store};
use crate::authority::Authority;
use crate::people::api::{GrantView, grant_views, unit_names};
use crate::people::{self, Person, PersonId};
use crate::{kinds, password, policy};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(me))
        .signed_in(routes!(change_password))
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
    for &(kind, _) in policy::KINDS {
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
        person: person.into(),
    }))
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
/// the old one did. An `Idempotency-Key` is ignored: nothing that opens a session is kept.
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
    let mut person = people::store::get(&mut ctx.read().await?, &id).await?;
    let address = address(&ctx);
    confirm(&app, address, &person, &input.current).await?;
    let username = person.username.as_deref().unwrap_or_default();
    password::check("new", &input.new, username)?;
    if input.new == input.current {
        let words = Text::new(
            "新密码不能与当前密码相同。",
            "The new password equals the old one.",
        );
        return Err(Error::invalid("password_same", "new", words));
    }
    let hash = password::hash(&app, &input.new).await?;
    let mut tx = Tx::begin(&app, ctx.who.id.clone()).await?;
    people::store::set_password(&mut tx, &mut person, &hash, false).await?;
    store::end_all(&mut tx, &id).await?;
    tx.record(&kinds::PASSWORD_CHANGED, id.as_str(), &json!({}))
        .await?;
    let (from, agent) = (Some(address.to_string()), agent(&parts.headers));
    let opened = open(&mut tx, &person, from, agent, "password_change").await?;
    let in_browser = ctx.who.csrf.is_some();
    let headers = &parts.headers;
    let answer = answer(tx, headers, StatusCode::OK, person, opened, in_browser).await;
    app.get::<Authority>()?.forget_callers();
    answer
}

/// Goes on only with the present password. Guessing it with somebody's session is slowed down,
/// and noted, together with guesses at signing in.
async fn confirm(app: &App, address: IpAddr, person: &Person, current: &str) -> Result<()> {
    let authority = app.get::<Authority>()?;
    let account = person.username.as_deref().unwrap_or(person.id.as_str());
    let lockout = authority.lockout();
    lockout.check(account, address, app.now()).map_err(slowed)?;
    let right = password::verify(app, current, person.password_hash.as_deref()).await?;
    lockout
        .settle(account, address, app.now(), right)
        .map_err(slowed)?;
    if right {
        return Ok(());
    }
    note_failure(app, &person.id, "password_change").await?;
    let words = Text::new("当前密码不正确。", "The current password is wrong.");
    Err(Error::invalid("password_wrong", "current", words))
}
