//! Sessions: signing in with a local account, the cookie, the end of a session.

pub(crate) mod api;
pub(crate) mod me;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::prelude::*;

use crate::kinds;
use crate::people::{Person, PersonId, store as people};

tianyuan_kernel::id!(SessionId, "session", "A session of somebody signed in.");

/// The cookie's name.
pub(crate) const COOKIE: &str = "tianyuan_session";
/// What a session's token begins with.
pub(crate) const PREFIX: &str = "ts_";

/// Digest under which a token is kept.
#[must_use]
pub(crate) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A session that was just opened.
pub(crate) struct Opened {
    pub(crate) token: String,
    pub(crate) expires_at: Micros,
}

/// Opens a session for a person who proved who they are. Proving takes its time: whose account
/// was changed, suspended or erased meanwhile gets none.
pub(crate) async fn open(
    tx: &mut Tx,
    person: &Person,
    address: Option<String>,
    agent: Option<String>,
    how: &str,
) -> Result<Opened> {
    let app = tx.app().clone();
    let token = format!("{PREFIX}{}", hex(&app.random::<32>()));
    let now = tx.now();
    let hours = i64::from(app.config().identity.session_hours_max);
    let expires_at = now.plus_seconds(hours * 3_600);
    // First, because it locks the account against whoever is about to change it.
    people::signed_in(tx, person).await?;
    let id = SessionId::new(&app);
    let row = store::NewSession {
        id: &id,
        token_hash: digest(&token),
        person: &person.id,
        csrf: hex(&app.random::<16>()),
        expires_at,
        address,
        agent,
    };
    store::insert(tx, row).await?;
    let body = json!({ "person": person.id, "how": how });
    tx.record(&kinds::SESSION_OPENED, id.as_str(), &body)
        .await?;
    Ok(Opened { token, expires_at })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A session as it is kept.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) person: PersonId,
    pub(crate) csrf: String,
    pub(crate) created_at: Micros,
    pub(crate) last_seen_at: Micros,
    pub(crate) expires_at: Micros,
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
}

impl Resource for Session {
    fn entity(&self) -> Entity {
        Entity::new("Session", self.id.as_str()).owned_by(Some(self.person.as_str()))
    }
}
