//! Erasing a person's data (删除个人信息), and the list that outlives a restored backup.
//!
//! Invariant: before an erasure is acknowledged, the person's id stands on the disk in the file
//! `erasures` of the data folder, which is in no backup and which no restore replaces. Only what
//! the database has committed is listed; [`keep_erased`] makes good for a crash in between.

use axum::extract::State as AppState;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use tianyuan_kernel::erasures::{list, listed};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::api::{PersonView, UnitNames, erased, not_yourself, view};
use super::{Person, PersonId, State, keep_an_operator, may_administer, operates, store};
use crate::authority::Authority;
use crate::kinds;

pub(crate) fn routes() -> Routes {
    Routes::new().signed_in(routes!(erase_person))
}

/// Erases a person's data: name, credentials, and the words and salts of facts about them. The
/// ledgers keep commitments that no longer open, so every proof stands.
#[utoipa::path(post, path = "/api/v1/people/{id}/erasure", tag = "shield",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = PersonView), Problems))]
async fn erase_person(
    ctx: Ctx,
    AppState(app): AppState<App>,
    PathId(id): PathId<PersonId>,
) -> Result<Response> {
    let person = store::get(&mut ctx.read().await?, &id).await?;
    may_erase(&ctx, &person)?;
    if person.state == State::Erased {
        // An earlier request may have come to its end before this.
        list(&app, &[id.to_string()]).await?;
    }
    let mut tx = ctx.begin().await?;
    let person = store::get(&mut tx, &id).await?;
    may_erase(&ctx, &person)?;
    if person.state == State::Erased {
        return Err(erased());
    }
    if operates(&person) {
        keep_an_operator(&mut tx, &id).await?;
    }
    erase(&mut tx, &person).await?;
    let person = store::get(&mut tx, &id).await?;
    let version = person.version;
    let answer = tx
        .answer_versioned(StatusCode::OK, version, &view(person, &UnitNames::new()))
        .await;
    app.get::<Authority>()?.forget_callers();
    let answer = answer?;
    list(&app, &[id.to_string()]).await?;
    Ok(answer)
}

fn may_erase(ctx: &Ctx, person: &Person) -> Result<()> {
    ctx.allow(Action::Erase, person)?;
    may_administer(&ctx.who, person)?;
    if ctx.who.id.as_deref() == Some(person.id.as_str()) {
        return Err(not_yourself());
    }
    Ok(())
}

/// Erases a person: name, user name, credentials, sessions, tokens and outside links go, and
/// with them the words and salts of the facts that point to them. The erasure itself is a fact.
///
/// # Errors
/// When the database refuses.
pub async fn erase(tx: &mut Tx, person: &Person) -> Result<()> {
    let now = tx.now();
    store::erase(tx, &person.id, now).await?;
    tianyuan_kernel::journal::erase(tx, person.id.as_str()).await?;
    let body = json!({ "erased_at": now });
    tx.record(&kinds::PERSON_ERASED, person.id.as_str(), &body)
        .await?;
    Ok(())
}

/// Brings database and list together, before anything is served: erases again everybody on the
/// list who is there all the same, as after restoring an older backup, and lists whom another
/// node erased. Answers how many were erased again.
///
/// # Errors
/// When the list cannot be read or written, or the database refuses.
pub async fn keep_erased(app: &App) -> Result<u64> {
    let mut listed = listed(app).await?;
    listed.retain(|line| line.parse::<PersonId>().is_ok());
    let mut again = 0;
    for id in &listed {
        let mut tx = Tx::begin(app, None).await?;
        match store::get(&mut tx, &PersonId::from_stored(id.clone())).await {
            Ok(person) if person.state != State::Erased => {
                erase(&mut tx, &person).await?;
                tx.commit().await?;
                again += 1;
            }
            // They came after the backup.
            Err(error) if error.code() != "not_found" => return Err(error),
            _ => {}
        }
    }
    let mut known = store::erased(&mut app.db().read().await?).await?;
    known.retain(|id| !listed.contains(id));
    list(app, &known).await?;
    if again > 0 {
        tracing::warn!(
            again,
            "people whom a restored backup brought back were erased again"
        );
    }
    Ok(again)
}
