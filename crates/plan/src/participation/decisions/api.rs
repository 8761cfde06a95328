//! Decisions over HTTP: on one opinion, or on a whole group.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes, Tx};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::opinions::{self, OpinionId};
use super::super::rounds::api::allowed;
use super::super::rounds::checks::{self, Faults};
use super::super::rounds::{self, Clause, Round, RoundId};
use super::super::topics::{self, TopicId};
use super::super::words::Outcome;
use super::{Decision, DecisionId, OPINION_DECIDED, TEXT_CHARS_MAX, store};

/// The routes of decisions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_decisions))
        .signed_in(routes!(get_decision))
        .signed_in(routes!(decide_opinion))
        .signed_in(routes!(decide_topic))
}

/// A decision to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOpinionDecision)]
pub struct NewDecision {
    /// What is decided.
    pub outcome: Outcome,
    /// Why; always needed.
    #[schema(max_length = 4000)]
    pub reason: String,
    /// The part of the plan it changes; none for what is declined.
    #[serde(default)]
    pub clause: Clause,
    /// The new wording.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub wording: String,
    /// The answer to those who said it; the reason when empty.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub answer: String,
    /// True to publish the answer.
    #[serde(default)]
    pub publish: bool,
    /// For a group: true to decide again what was decided already, false (the default) for what
    /// has no decision yet.
    #[serde(default)]
    pub again: bool,
}

/// The decisions of a round in force, the latest first.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/decisions", tag = "plan",
    params(("id" = RoundId, Path), PageParams),
    responses((status = 200, body = List<Decision>), Problems))]
async fn list_decisions(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    page: Page,
) -> Result<Json<List<Decision>>> {
    allowed(&ctx, &id, Action::View).await?;
    let mut sql = ctx.read().await?;
    let rows = store::list(&mut sql, &id, false, &page).await?;
    let key = |d: &Decision| vec![Json_::from(d.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |d| d)))
}

/// One decision, in force or replaced.
#[utoipa::path(get, path = "/api/v1/decisions/{id}", tag = "plan",
    params(("id" = DecisionId, Path)), responses((status = 200, body = Decision), Problems))]
async fn get_decision(ctx: Ctx, PathId(id): PathId<DecisionId>) -> Result<Json<Decision>> {
    let decision = store::get(&mut ctx.read().await?, &id).await?;
    allowed(&ctx, &decision.round_id, Action::View).await?;
    Ok(Json(decision))
}

/// Decides one opinion; a later decision takes the place of an earlier.
#[utoipa::path(post, path = "/api/v1/opinions/{id}/decision", tag = "plan",
    params(("id" = OpinionId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewDecision, responses((status = 201, body = Decision), Problems))]
async fn decide_opinion(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    Json(input): Json<NewDecision>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let opinion = opinions::store::get(&mut tx, &id).await?;
    let round = rounds::store::get_plain(&mut tx, &opinion.round_id).await?;
    ctx.allow(Action::Record, &round)?;
    let decision = make(&mut tx, &round, None, input).await?;
    opinions::store::decide(&mut tx, &id, &decision.id).await?;
    finish(tx, decision, opinion.copies).await
}

/// Decides the opinions of a group at once: those without a decision, or all.
#[utoipa::path(post, path = "/api/v1/topics/{id}/decision", tag = "plan",
    params(("id" = TopicId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewDecision, responses((status = 201, body = Decision), Problems))]
async fn decide_topic(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    Json(input): Json<NewDecision>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let topic = topics::store::get(&mut tx, &id, None).await?;
    let round = rounds::store::get_plain(&mut tx, &topic.round_id).await?;
    ctx.allow(Action::Record, &round)?;
    let again = input.again;
    let decision = make(&mut tx, &round, Some(id.clone()), input).await?;
    let count = opinions::store::decide_topic(&mut tx, &id, &decision.id, again).await?;
    if count == 0 {
        let words = Text::new(
            "这一组的意见都已处理。",
            "Every opinion of the group has a decision.",
        );
        return Err(Error::conflict("nothing_undecided", words).hint(Text::new(
            "如需重新处理，请选“全部重新处理”。",
            "To decide them anew, send again = true.",
        )));
    }
    finish(tx, decision, count).await
}

fn check(input: &NewDecision) -> Result<()> {
    let mut faults = Faults::default();
    faults.text("reason", &input.reason, TEXT_CHARS_MAX, true);
    faults.text("wording", &input.wording, TEXT_CHARS_MAX, false);
    faults.text("answer", &input.answer, TEXT_CHARS_MAX, false);
    if input.outcome == Outcome::Declined && !input.wording.trim().is_empty() {
        let words = Text::new(
            "未采纳的意见不改动方案，请不要填修改后的文字。",
            "What is declined changes nothing; leave the new wording empty.",
        );
        faults.add("wording", "declined_changes_nothing", words);
    }
    faults.result()
}

async fn make(
    tx: &mut Tx,
    round: &Round,
    topic: Option<TopicId>,
    input: NewDecision,
) -> Result<Decision> {
    round.takes()?;
    check(&input)?;
    let clause = checks::clause(tx, &round.plan_id, "clause", &input.clause).await?;
    let now = tx.now();
    let decision = Decision {
        id: DecisionId::new(tx.app()),
        round_id: round.id.clone(),
        topic_id: topic,
        outcome: input.outcome,
        reason: input.reason.trim().to_owned(),
        clause,
        clause_title: None,
        wording: input.wording.trim().to_owned(),
        answer: input.answer.trim().to_owned(),
        published_at: input.publish.then_some(now),
        decided_at: now,
        opinions: 0,
    };
    let by = tx.actor().map(str::to_owned);
    store::insert(tx, &decision, by.as_deref()).await?;
    Ok(decision)
}

async fn finish(mut tx: Tx, decision: Decision, opinions: i64) -> Result<Response> {
    let fact = json!({
        "round": decision.round_id, "topic": decision.topic_id, "outcome": decision.outcome,
        "reason": decision.reason, "measure": decision.clause.measure,
        "section": decision.clause.section, "wording": decision.wording,
        "answer": decision.answer, "opinions": opinions,
        "published": decision.published_at.is_some(),
    });
    tx.record(&OPINION_DECIDED, decision.id.as_str(), &fact)
        .await?;
    let decision = store::get(&mut tx, &decision.id).await?;
    tx.answer(StatusCode::CREATED, &decision).await
}
