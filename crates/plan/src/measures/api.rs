//! Measures over HTTP.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Filter, Measure, MeasureId, STATE_CHANGED, complete, get, store};
use crate::directory::Directory;
use crate::plans::{self, PlanId};
use crate::words::MeasureState;

/// Longest remark on a state, characters.
pub const NOTE_CHARS_MAX: usize = 2_000;

/// The routes of measures.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_measures))
        .public(routes!(get_measure))
        .signed_in(routes!(patch_measure))
}

/// Measures of an edition, by number.
#[utoipa::path(get, path = "/api/v1/plans/{id}/measures", tag = "plan",
    params(("id" = PlanId, Path), Filter, PageParams),
    responses((status = 200, body = List<Measure>), Problems))]
async fn list_measures(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<Json<List<Measure>>> {
    if filter.q.as_ref().is_some_and(|q| q.chars().count() > 200) {
        let words = Text::new(
            "检索词最多 200 个字符。",
            "At most 200 characters to search for.",
        );
        return Err(Error::bad_request("query_malformed", words).field("q"));
    }
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &plan)?;
    let directory = Directory::load(&mut sql).await?;
    let units = filter
        .unit
        .as_ref()
        .map(|unit| directory.with_groups(unit.as_str()));
    let rows = store::list(&mut sql, &plan.id, &filter, units, &page).await?;
    let list = List::build(rows, &page, |r| vec![Value::from(r.number)], |r| r);
    let mut items = complete(&mut sql, &directory, list.items).await?;
    items
        .iter_mut()
        .for_each(|measure| hide_note(&ctx, measure));
    Ok(Json(List {
        items,
        next_cursor: list.next_cursor,
    }))
}

/// One measure.
#[utoipa::path(get, path = "/api/v1/measures/{id}", tag = "plan",
    params(("id" = MeasureId, Path)),
    responses((status = 200, body = Measure, headers(("ETag" = String))), Problems))]
async fn get_measure(ctx: Ctx, PathId(id): PathId<MeasureId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let mut measure = get(&mut sql, &id).await?;
    ctx.allow(Action::View, &measure)?;
    hide_note(&ctx, &mut measure);
    Ok(([(header::ETAG, etag(measure.version))], Json(measure)).into_response())
}

/// Remarks are for staff: they may name people.
fn hide_note(ctx: &Ctx, measure: &mut Measure) {
    if !ctx.who.is_signed_in() {
        measure.state_note.clear();
    }
}

/// A new state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurePatch {
    /// How far the measure has come.
    pub state: MeasureState,
    /// A remark, at most 2,000 characters; sealed in the ledger.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub state_note: String,
}

#[derive(Serialize)]
struct StateChanged<'a> {
    plan: &'a PlanId,
    number: i64,
    before: MeasureState,
    state: MeasureState,
    note: &'a str,
}

/// Says how far a measure has come. Saying the same again changes and records nothing.
#[utoipa::path(patch, path = "/api/v1/measures/{id}", tag = "plan",
    params(("id" = MeasureId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = MeasurePatch,
    responses((status = 200, body = Measure, headers(("ETag" = String))), Problems))]
async fn patch_measure(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    Json(patch): Json<MeasurePatch>,
) -> Result<Response> {
    let size = patch.state_note.chars().count();
    if size > NOTE_CHARS_MAX {
        let words = text!(
            "说明最多 {NOTE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A note has at most {NOTE_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "state_note", words));
    }
    let mut tx = ctx.begin().await?;
    let mut measure = get(&mut tx, &id).await?;
    ctx.allow(Action::Record, &measure)?;
    ctx.if_match(measure.version)?;
    if (measure.state, &measure.state_note) == (patch.state, &patch.state_note) {
        return tx
            .answer_versioned(StatusCode::OK, measure.version, &measure)
            .await;
    }
    let at = tx.now();
    let new = (patch.state, patch.state_note.as_str(), at);
    if !store::set_state(&mut tx, &id, measure.version, new).await? {
        return Err(Error::precondition_failed());
    }
    let fact = StateChanged {
        plan: &measure.plan_id,
        number: measure.number,
        before: measure.state,
        state: patch.state,
        note: &patch.state_note,
    };
    tx.record(&STATE_CHANGED, id.as_str(), &fact).await?;
    measure.state = patch.state;
    measure.state_note = patch.state_note;
    measure.state_at = Some(at);
    measure.version += 1;
    tx.answer_versioned(StatusCode::OK, measure.version, &measure)
        .await
}
