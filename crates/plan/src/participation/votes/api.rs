//! Groups among voters over HTTP, for staff; strangers see the same on the public page.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tianyuan_kernel::App;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::{Ctx, Json, Page, PathId, Routes};
use utoipa_axum::routes;

use super::super::rounds::RoundId;
use super::super::rounds::api::allowed;
use super::super::topics::{self, Topic};
use super::camps::{Camps, camps};

/// Seconds for which groups once found are shown again.
const KEPT_S: i64 = 30;
/// Rounds whose groups are kept.
const ROUNDS_MAX: usize = 64;
/// Statements that are compared.
const STATEMENTS_MAX: i64 = 400;

/// The routes of votes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().signed_in(routes!(round_camps))
}

/// Groups found a moment ago.
#[derive(Default)]
pub struct Found(Mutex<HashMap<RoundId, (Camps, Micros)>>);

/// The groups among the voters of a round.
///
/// # Errors
/// When the database does not answer.
pub async fn of_round(app: &App, round: &RoundId) -> Result<Camps> {
    let (found, now) = (app.get::<Found>()?, app.now());
    if let Some(kept) = found.get(round, now) {
        return Ok(kept);
    }
    let mut sql = app.db().read().await?;
    let mut page = Page::default();
    page.limit = STATEMENTS_MAX;
    let shown: Vec<Topic> = topics::store::list(&mut sql, round, true, None, &page).await?;
    let votes = super::all(&mut sql, round).await?;
    drop(sql);
    let work = move || camps(&votes, &shown);
    let camps = tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?;
    found.keep(round, &camps, now);
    Ok(camps)
}

impl Found {
    fn get(&self, round: &RoundId, now: Micros) -> Option<Camps> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (camps, until) = kept.get(round)?;
        (*until > now).then(|| camps.clone())
    }

    fn keep(&self, round: &RoundId, camps: &Camps, now: Micros) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ROUNDS_MAX {
            kept.clear();
        }
        kept.insert(round.clone(), (camps.clone(), now.plus_seconds(KEPT_S)));
    }
}

/// Groups among the voters of a round: what each stands for, and what all agree on.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/camps", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = Camps), Problems))]
async fn round_camps(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Json<Camps>> {
    allowed(&ctx, &id, Action::View).await?;
    Ok(Json(of_round(&ctx.app, &id).await?))
}
