//! Warnings over HTTP: the list, one's own inbox, and what is done about them.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::evaluate::{Round, asked, fact, gathered, look, step};
use super::store::{self, Wanted};
use super::{
    ACKNOWLEDGED, ANSWERED, CLOSED, REOPENED, RuleKind, Warning, WarningId, WarningState,
    WarningStep, check_words, guarded,
};
use crate::directory::Directory;
use crate::overview::attention::Severity;
use crate::plans::{self, PlanId};
use crate::values::api::PersonRef;

/// The routes of warnings.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_warnings))
        .signed_in(routes!(warning_inbox))
        .signed_in(routes!(get_warning))
        .signed_in(routes!(acknowledge_warning))
        .signed_in(routes!(answer_warning))
        .signed_in(routes!(close_warning))
        .signed_in(routes!(reopen_warning))
        .signed_in(routes!(look_for_warnings))
}

/// A warning with the units that answer for it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningLine {
    /// The warning.
    #[serde(flatten)]
    pub warning: Warning,
    /// Its single units.
    pub units: Vec<UnitRef>,
}

/// Which warnings to list.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WarningFilter {
    /// Only of this edition.
    pub plan: Option<PlanId>,
    /// Only in this state; without it those that are not closed.
    pub state: Option<WarningState>,
    /// Closed ones too.
    pub all: Option<bool>,
    /// Only of this kind.
    pub kind: Option<RuleKind>,
    /// Only this pressing.
    pub severity: Option<Severity>,
    /// Only with this unit answering.
    pub unit: Option<UnitId>,
    /// Only those the caller was told of.
    pub mine: Option<bool>,
}

/// Warnings, the last changed first. For those who work here.
#[utoipa::path(get, path = "/api/v1/warnings", tag = "plan",
    params(WarningFilter, PageParams),
    responses((status = 200, body = List<WarningLine>), Problems))]
async fn list_warnings(
    ctx: Ctx,
    Query(filter): Query<WarningFilter>,
    page: Page,
) -> Result<Json<List<WarningLine>>> {
    ctx.allow(Action::View, &Entity::all("Indicator"))?;
    let mine = filter.mine.unwrap_or(false);
    let wanted = Wanted {
        plan: filter.plan,
        state: filter.state,
        unclosed: filter.state.is_none() && !filter.all.unwrap_or(false),
        kind: filter.kind,
        severity: filter.severity,
        unit: filter.unit.map(|u| u.to_string()),
        told: ctx.who.id.clone().filter(|_| mine),
    };
    let mut sql = ctx.read().await?;
    let rows = store::list(&mut sql, &wanted, &page).await?;
    let mut units = Units::load(&mut sql, &rows).await?;
    let key = |w: &Warning| vec![Json_::from(w.changed_at.0), Json_::from(w.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |w| WarningLine {
        units: units.of(&w.id),
        warning: w,
    })))
}

struct Units {
    directory: Directory,
    of: BTreeMap<String, Vec<String>>,
}

impl Units {
    async fn load(sql: &mut dyn Sql, warnings: &[Warning]) -> Result<Self> {
        let ids: Vec<&WarningId> = warnings.iter().map(|w| &w.id).collect();
        let of = store::units_of(sql, &ids).await?;
        let directory = Directory::of(sql, of.values().flatten()).await?;
        Ok(Self { directory, of })
    }

    fn of(&mut self, id: &WarningId) -> Vec<UnitRef> {
        let ids = self.of.remove(id.as_str()).unwrap_or_default();
        self.directory.refs(&ids)
    }
}

/// What waits for the caller.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct WarningInbox {
    /// Warnings the caller was told of that are not closed.
    pub open: i64,
    /// Those of them the caller has not seen.
    pub unseen: i64,
    /// Those of them that wait for the caller: for an answer where a unit was told, for closing or
    /// a first look where the plan office was.
    pub waiting: i64,
}

/// How many warnings wait for the caller.
#[utoipa::path(get, path = "/api/v1/me/warnings", tag = "plan",
    responses((status = 200, body = WarningInbox), Problems))]
async fn warning_inbox(ctx: Ctx) -> Result<Json<WarningInbox>> {
    let person = ctx.who.id.clone().unwrap_or_default();
    Ok(Json(store::inbox(&mut ctx.read().await?, &person).await?))
}

/// Somebody who was told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningTold {
    /// The person; null when erased.
    pub person: Option<PersonRef>,
    /// As which role.
    pub role: String,
    /// When.
    pub told_at: Micros,
    /// When they first looked at it or acted on it.
    pub seen_at: Option<Micros>,
}

/// A step of a warning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningEvent {
    /// What happened.
    pub step: WarningStep,
    /// What was said; may be empty.
    pub words: String,
    /// When.
    pub at: Micros,
    /// Who; null for the node itself, or when erased.
    pub by: Option<PersonRef>,
}

/// A warning with who was told and what was done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WarningDetail {
    /// The warning.
    #[serde(flatten)]
    pub line: WarningLine,
    /// Who was told.
    pub told: Vec<WarningTold>,
    /// What happened, the first first.
    pub history: Vec<WarningEvent>,
    /// True when the caller may acknowledge and answer it.
    pub may_answer: bool,
    /// True when the caller may close and reopen it.
    pub may_close: bool,
}

async fn load(ctx: &Ctx, sql: &mut dyn Sql, id: &WarningId) -> Result<(Warning, Vec<String>)> {
    let warning = store::get(sql, id).await?;
    let units = store::units_of(sql, &[id]).await?;
    let units = units.into_values().next().unwrap_or_default();
    ctx.allow(Action::View, &guarded(&warning, &units))?;
    Ok((warning, units))
}

async fn detail(ctx: &Ctx, sql: &mut dyn Sql, warning: Warning) -> Result<WarningDetail> {
    let mut units = Units::load(sql, std::slice::from_ref(&warning)).await?;
    let ids = units
        .of
        .get(warning.id.as_str())
        .cloned()
        .unwrap_or_default();
    let entity = guarded(&warning, &ids);
    let told = store::told(sql, &warning.id).await?;
    let steps = store::steps(sql, &warning.id).await?;
    let people = told.iter().map(|t| t.person.clone());
    let mut people: Vec<String> = people
        .chain(steps.iter().filter_map(|s| s.by.clone()))
        .collect();
    people.sort();
    people.dedup();
    let names = ctx.app.authority().names(&ctx.app, &people).await?;
    let person = |id: &str| {
        names.get(id).map(|name| PersonRef {
            id: id.to_owned(),
            name: name.clone(),
        })
    };
    Ok(WarningDetail {
        told: told
            .into_iter()
            .map(|t| WarningTold {
                person: person(&t.person),
                role: t.role,
                told_at: t.told_at,
                seen_at: t.seen_at,
            })
            .collect(),
        history: steps
            .into_iter()
            .map(|s| WarningEvent {
                by: s.by.as_deref().and_then(person),
                step: s.step,
                words: s.words,
                at: s.at,
            })
            .collect(),
        may_answer: ctx.can(Action::Record, &entity),
        may_close: ctx.can(Action::Edit, &entity),
        line: WarningLine {
            units: units.of(&warning.id),
            warning,
        },
    })
}

/// One warning, with who was told and what was done about it.
#[utoipa::path(get, path = "/api/v1/warnings/{id}", tag = "plan",
    params(("id" = WarningId, Path)),
    responses((status = 200, body = WarningDetail), Problems))]
async fn get_warning(ctx: Ctx, PathId(id): PathId<WarningId>) -> Result<Json<WarningDetail>> {
    let mut sql = ctx.read().await?;
    let (warning, _) = load(&ctx, &mut sql, &id).await?;
    Ok(Json(detail(&ctx, &mut sql, warning).await?))
}

/// What is said with a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningWords {
    /// 1 to 2,000 characters.
    #[schema(min_length = 1, max_length = 2000)]
    pub words: String,
}

struct Move {
    action: Action,
    step: WarningStep,
    to: WarningState,
    kind: &'static Kind,
}

async fn moved(ctx: &Ctx, id: &WarningId, how: Move, words: &str) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (mut warning, units) = load(ctx, &mut tx, id).await?;
    ctx.allow(how.action, &guarded(&warning, &units))?;
    let closed = warning.state == WarningState::Closed;
    if closed != (how.step == WarningStep::Reopened) {
        let told = if closed {
            Text::new("这条预警已经关闭。", "This warning is closed.")
        } else {
            Text::new("这条预警没有关闭。", "This warning is not closed.")
        };
        return Err(Error::conflict("warning_state", told));
    }
    let now = tx.now();
    if let Some(person) = ctx.who.id.as_deref() {
        store::seen(&mut tx, id, person, now).await?;
    }
    // Acknowledging what is acknowledged or answered changes and records nothing.
    let repeated = how.step == WarningStep::Acknowledged && warning.state != WarningState::Open;
    if !repeated {
        warning.state = how.to;
        if how.step == WarningStep::Reopened {
            warning.times += 1;
            warning.cleared_at = None;
        }
        store::update(&mut tx, &mut warning).await?;
        step(&mut tx, &warning, how.step, words).await?;
        let mut body = fact(&warning);
        if !words.is_empty() {
            body["words"] = json!(words);
        }
        tx.record(how.kind, id.as_str(), &body).await?;
    }
    let answer = detail(ctx, &mut tx, warning).await?;
    tx.answer(StatusCode::OK, &answer).await
}

/// Says that one has seen it. Doing it again changes nothing.
#[utoipa::path(post, path = "/api/v1/warnings/{id}/acknowledge", tag = "plan",
    params(("id" = WarningId, Path)),
    responses((status = 200, body = WarningDetail), Problems))]
async fn acknowledge_warning(ctx: Ctx, PathId(id): PathId<WarningId>) -> Result<Response> {
    let how = Move {
        action: Action::Record,
        step: WarningStep::Acknowledged,
        to: WarningState::Acknowledged,
        kind: &ACKNOWLEDGED,
    };
    moved(&ctx, &id, how, "").await
}

/// Answers a warning: what is the matter, and what is done about it.
#[utoipa::path(post, path = "/api/v1/warnings/{id}/answer", tag = "plan",
    params(("id" = WarningId, Path)), request_body = WarningWords,
    responses((status = 200, body = WarningDetail), Problems))]
async fn answer_warning(
    ctx: Ctx,
    PathId(id): PathId<WarningId>,
    Json(body): Json<WarningWords>,
) -> Result<Response> {
    let words = check_words(&body.words)?;
    let how = Move {
        action: Action::Record,
        step: WarningStep::Answered,
        to: WarningState::Answered,
        kind: &ANSWERED,
    };
    moved(&ctx, &id, how, &words).await
}

/// Closes a warning, with a reason. It opens again only when it had gone and comes back, or is
/// found by other figures.
#[utoipa::path(post, path = "/api/v1/warnings/{id}/close", tag = "plan",
    params(("id" = WarningId, Path)), request_body = WarningWords,
    responses((status = 200, body = WarningDetail), Problems))]
async fn close_warning(
    ctx: Ctx,
    PathId(id): PathId<WarningId>,
    Json(body): Json<WarningWords>,
) -> Result<Response> {
    let words = check_words(&body.words)?;
    let how = Move {
        action: Action::Edit,
        step: WarningStep::Closed,
        to: WarningState::Closed,
        kind: &CLOSED,
    };
    moved(&ctx, &id, how, &words).await
}

/// Opens a closed warning again, with a reason.
#[utoipa::path(post, path = "/api/v1/warnings/{id}/reopen", tag = "plan",
    params(("id" = WarningId, Path)), request_body = WarningWords,
    responses((status = 200, body = WarningDetail), Problems))]
async fn reopen_warning(
    ctx: Ctx,
    PathId(id): PathId<WarningId>,
    Json(body): Json<WarningWords>,
) -> Result<Response> {
    let words = check_words(&body.words)?;
    let how = Move {
        action: Action::Edit,
        step: WarningStep::Reopened,
        to: WarningState::Open,
        kind: &REOPENED,
    };
    moved(&ctx, &id, how, &words).await
}

/// Looks for warnings of an edition now, instead of a quarter of a minute after the last fact.
#[utoipa::path(post, path = "/api/v1/plans/{id}/warnings/look", tag = "plan",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = Round), Problems))]
async fn look_for_warnings(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Response> {
    let plan = plans::store::get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    let says = gathered(&ctx.app, &plan).await?;
    let mut tx = ctx.begin().await?;
    let round = look(&ctx.app, &mut tx, &plan, &says).await?;
    asked(&mut tx, &plan, round).await?;
    tx.answer(StatusCode::OK, &round).await
}
