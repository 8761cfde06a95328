//! Signing in through outside identity providers (OpenID Connect Core 1.0, authorization code
//! with PKCE).
//!
//! Invariants: an account is found by issuer and subject, never by e-mail or name. State, nonce
//! and verifier work once, for ten minutes, in the browser that began. Nothing a provider says
//! is believed before signature, issuer, audience, nonce and expiry were checked.

pub(crate) mod api;
mod claims;
mod config;
mod provider;
mod store;
#[cfg(test)]
mod tests;

use http::StatusCode;
use serde_json::json;
use tianyuan_kernel::config::OidcConfig;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::{journal, party};

pub(crate) use config::problems;
pub(crate) use provider::Providers;

use self::provider::Identity;
use crate::authority::Authority;
use crate::people::{
    NewPerson, Person, PersonId, State, add_ready, grants_json, ready, store as people,
};
use crate::{kinds, sessions};

/// Seconds between leaving for the provider and coming back.
const ATTEMPT_S: i64 = 600;

/// The account behind an identity; the first sign-in opens it. Where the provider decides about
/// roles, they are brought in line at each sign-in.
async fn person_for(app: &App, config: &OidcConfig, identity: &Identity) -> Result<Person> {
    let mut reader = app.db().read().await?;
    let known = store::linked(&mut reader, identity).await?;
    let units = party::all(&mut reader).await?;
    let wanted = claims::grants(config, &identity.claims, &units);
    let Some(id) = known else {
        drop(reader);
        return open_account(app, config, identity, wanted.unwrap_or_default()).await;
    };
    let person = people::get(&mut reader, &id).await?;
    drop(reader);
    match wanted {
        Some(wanted) if person.state == State::Active && wanted != person.grants => {
            bring_in_line(app, config, &id, wanted).await
        }
        _ => Ok(person),
    }
}

async fn open_account(
    app: &App,
    config: &OidcConfig,
    identity: &Identity,
    grants: Vec<Grant>,
) -> Result<Person> {
    let new = NewPerson {
        username: None,
        name: claims::display_name(&identity.claims),
        grants,
        password: None,
        must_change: false,
    };
    let ready = ready(app, new).await?;
    let mut tx = Tx::begin(app, None).await?;
    let (person, _) = add_ready(&mut tx, ready).await?;
    if !store::link(&mut tx, identity, &person.id).await? {
        // Somebody signed in for the first time twice at once; the other transaction stands.
        drop(tx);
        let mut reader = app.db().read().await?;
        let id = store::linked(&mut reader, identity).await?;
        let id = id.ok_or_else(|| Error::internal("a link is neither there nor free"))?;
        return people::get(&mut reader, &id).await;
    }
    let body = json!({ "provider": config.id, "issuer": identity.issuer });
    record(&mut tx, &kinds::PERSON_LINKED, &person.id, &body).await?;
    tx.commit().await?;
    Ok(person)
}

async fn bring_in_line(
    app: &App,
    config: &OidcConfig,
    id: &PersonId,
    wanted: Vec<Grant>,
) -> Result<Person> {
    let mut tx = Tx::begin(app, None).await?;
    let mut person = people::get(&mut tx, id).await?;
    person.grants = wanted;
    people::update(&mut tx, &person).await?;
    person.version += 1;
    let body = json!({
        "name": person.name, "state": person.state, "roles": grants_json(&person.grants),
        "provider": config.id,
    });
    record(&mut tx, &kinds::PERSON_CHANGED, id, &body).await?;
    tx.commit().await?;
    app.get::<Authority>()?.forget_callers();
    Ok(person)
}

async fn record(
    tx: &mut Tx,
    kind: &journal::Kind,
    person: &PersonId,
    body: &serde_json::Value,
) -> Result<()> {
    tx.record(kind, person.as_str(), body).await.map(|_| ())
}

/// Opens a session for an identity that was checked.
async fn sign_in(
    app: &App,
    config: &OidcConfig,
    identity: &Identity,
    address: Option<String>,
    agent: Option<String>,
) -> Result<sessions::Opened> {
    let person = person_for(app, config, identity).await?;
    if person.state != State::Active {
        let mut tx = Tx::begin(app, None).await?;
        let body = json!({ "provider": config.id });
        record(&mut tx, &kinds::SIGN_IN_FAILED, &person.id, &body).await?;
        tx.commit().await?;
        let words = Text::new(
            "该账号已停用，请联系系统管理员。",
            "This account is suspended; ask an operator.",
        );
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "account_suspended",
            words,
        ));
    }
    let mut tx = Tx::begin(app, Some(person.id.to_string())).await?;
    let how = format!("oidc:{}", config.id);
    let opened = sessions::open(&mut tx, &person, address, agent, &how).await?;
    tx.commit().await?;
    Ok(opened)
}
