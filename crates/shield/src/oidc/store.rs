//! SQL of sign-ins under way and of links between outside identities and accounts.

use tianyuan_kernel::prelude::*;

use super::provider::Identity;
use super::{ATTEMPT_S, PersonId};
use crate::sessions::digest;

/// A sign-in under way. State and browser secret are kept as digests.
pub(super) struct Attempt {
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) return_to: String,
}

pub(super) async fn begin(app: &App, attempt: &Attempt, state: &str, browser: &str) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "INSERT INTO oidc_attempts (state_hash, provider, nonce, verifier, browser_hash, \
               return_to, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let args = args![
        &digest(state),
        &attempt.provider,
        &attempt.nonce,
        &attempt.verifier,
        &digest(browser),
        &attempt.return_to,
        app.now(),
    ];
    tx.execute(sql, args).await?;
    tx.commit().await
}

/// Ends the attempt and answers it; `None` when there is none in this browser, when it was ended
/// before, or when it took too long.
pub(super) async fn end(app: &App, state: &str, browser: &str) -> Result<Option<Attempt>> {
    let (state, browser) = (digest(state), digest(browser));
    let since = app.now().plus_seconds(-ATTEMPT_S);
    // Strangers can send any state here: look before asking for the writer.
    let select = "SELECT provider FROM oidc_attempts \
                  WHERE state_hash = $1 AND browser_hash = $2 AND created_at > $3";
    let mut reader = app.db().read().await?;
    let found = reader
        .optional(select, args![&state, &browser, since])
        .await?;
    drop(reader);
    if found.is_none() {
        return Ok(None);
    }
    let mut tx = app.db().begin_raw().await?;
    let sql = "DELETE FROM oidc_attempts \
               WHERE state_hash = $1 AND browser_hash = $2 AND created_at > $3 \
               RETURNING provider, nonce, verifier, return_to";
    let row = tx.optional(sql, args![&state, &browser, since]).await?;
    tx.commit().await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Attempt {
        provider: row.text("provider")?,
        nonce: row.text("nonce")?,
        verifier: row.text("verifier")?,
        return_to: row.text("return_to")?,
    }))
}

/// Whose identity this is.
pub(super) async fn linked(sql: &mut dyn Sql, identity: &Identity) -> Result<Option<PersonId>> {
    let select = "SELECT person_id FROM oidc_links WHERE issuer = $1 AND subject = $2";
    let row = sql
        .optional(select, args![&identity.issuer, &identity.subject])
        .await?;
    row.map(|row| Ok(PersonId::from_stored(row.text("person_id")?)))
        .transpose()
}

/// Links; false when the identity is linked already.
pub(super) async fn link(tx: &mut Tx, identity: &Identity, person: &PersonId) -> Result<bool> {
    let sql = "INSERT INTO oidc_links (issuer, subject, person_id) VALUES ($1, $2, $3) \
               ON CONFLICT DO NOTHING";
    let args = args![&identity.issuer, &identity.subject, person];
    Ok(tx.execute(sql, args).await? == 1)
}
