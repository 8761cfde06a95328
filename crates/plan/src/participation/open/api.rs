//! What strangers read.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::guard::{self, Challenge};
use super::{OpenAnswer, OpenChannel, OpenClause, OpenRound, OpenRoundDetail, OpenTopic};
use super::{accepting, visible};
use crate::measures;
use crate::participation::decisions::{self, Decision};
use crate::participation::opinions::{self, intake};
use crate::participation::report;
use crate::participation::rounds::{self, Round, RoundId};
use crate::participation::topics::{self, Topic};
use crate::participation::votes::{self, CastVote, camps::Camps};
use crate::participation::words::RoundState;
use crate::plans::{self, Plan};

/// Characters of a text for which similar ones are looked up.
const ASKED_CHARS_MAX: usize = 2_000;
/// Similar groups shown.
const SIMILAR_MAX: usize = 5;

/// The routes strangers read.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(open_rounds))
        .public(routes!(open_round))
        .public(routes!(open_topics))
        .public(routes!(similar_topics))
        .public(routes!(open_answers))
        .public(routes!(open_camps))
        .public(routes!(own_votes))
        .public(routes!(new_challenge))
}

fn open(round: &Round, plan: &Plan, ctx: &Ctx) -> OpenRound {
    OpenRound {
        id: round.id.clone(),
        title: round.title.clone(),
        question: round.question.clone(),
        opens_on: round.opens_on,
        closes_on: round.closes_on,
        state: round.state,
        accepts: round.accepts(ctx.app.now()),
        plan_id: plan.id.clone(),
        plan_title: plan.title.clone(),
        plan_title_en: plan.title_en.clone(),
        voices: round.voices,
    }
}

/// Rounds anybody may see, the newest first.
#[utoipa::path(get, path = "/api/v1/open/rounds", tag = "plan",
    params(PageParams), responses((status = 200, body = List<OpenRound>), Problems))]
async fn open_rounds(ctx: Ctx, page: Page) -> Result<Json<List<OpenRound>>> {
    let mut sql = ctx.read().await?;
    let rounds = rounds::store::list_public(&mut sql, &page).await?;
    let mut rows = Vec::with_capacity(rounds.len());
    for round in &rounds {
        let plan = plans::store::get(&mut sql, &round.plan_id).await?;
        rows.push(open(round, &plan, &ctx));
    }
    let key = |r: &OpenRound| vec![Json_::from(r.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |r| r)))
}

/// A round, with the clauses of the draft it is about.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = OpenRoundDetail), Problems))]
async fn open_round(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Json<OpenRoundDetail>> {
    visible(&ctx, &id).await?;
    let mut sql = ctx.read().await?;
    let round = rounds::store::get(&mut sql, &id).await?;
    let plan = plans::store::get(&mut sql, &round.plan_id).await?;
    let measures = measures::store::all(&mut sql, &plan.id).await?;
    let counts = match round.state {
        RoundState::Reported => report::counts(&mut sql, &id).await?,
        _ => BTreeMap::new(),
    };
    let reported = round.state == RoundState::Reported;
    let channels = round
        .channels
        .iter()
        .map(|c| OpenChannel {
            name: c.name.clone(),
            name_en: c.name_en.clone(),
            held: c.held.clone(),
            counts: (reported && c.counted)
                .then(|| counts.get(c.id.as_str()).copied().unwrap_or_default()),
        })
        .collect();
    let clauses = measures
        .into_iter()
        .map(|m| OpenClause {
            number: m.number,
            title: m.title,
            title_en: m.title_en,
            programme: m.programme.2,
            programme_en: m.programme.3,
            summary: m.summary.text(),
        })
        .collect();
    Ok(Json(OpenRoundDetail {
        round: open(&round, &plan, &ctx),
        channels,
        clauses,
    }))
}

/// What others said, those with the most voices first.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/topics", tag = "plan",
    params(("id" = RoundId, Path), PageParams),
    responses((status = 200, body = List<OpenTopic>), Problems))]
async fn open_topics(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    page: Page,
) -> Result<Json<List<OpenTopic>>> {
    visible(&ctx, &id).await?;
    let mut sql = ctx.read().await?;
    let rows = topics::store::list(&mut sql, &id, true, None, &page).await?;
    let key = |t: &Topic| vec![Json_::from(t.voices), Json_::from(t.id.as_str())];
    Ok(Json(List::build(rows, &page, key, OpenTopic::from)))
}

/// The text to compare.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AskSimilar {
    /// What somebody is about to say; what is beyond 2,000 characters is left out.
    pub text: String,
}

/// Something similar that others said.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarTopic {
    /// What they said.
    pub topic: OpenTopic,
    /// 0 (nothing in common) to 1 (the same).
    pub similarity: f64,
    /// Words in common, the most telling first.
    pub words: Vec<String>,
}

/// What others said that is similar to a text, the most similar first, at most five.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/similar", tag = "plan",
    params(("id" = RoundId, Path), AskSimilar),
    responses((status = 200, body = List<SimilarTopic>), Problems))]
async fn similar_topics(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Query(ask): Query<AskSimilar>,
) -> Result<Json<List<SimilarTopic>>> {
    visible(&ctx, &id).await?;
    let text: String = ask.text.chars().take(ASKED_CHARS_MAX).collect();
    let mut sql = ctx.read().await?;
    // Hidden groups take places too, so more are asked for than shown.
    let found = intake::similar(&ctx.app, &mut sql, &id, text, 8 * SIMILAR_MAX).await?;
    let ids: Vec<String> = found.iter().map(|m| m.topic.clone()).collect();
    let shown = topics::store::some(&mut sql, &ids).await?;
    let items = found
        .into_iter()
        .filter_map(|m| {
            let topic = shown.iter().find(|t| t.id.as_str() == m.topic)?;
            topic.shown_at?;
            Some(SimilarTopic {
                topic: topic.clone().into(),
                similarity: m.similarity,
                words: m.words,
            })
        })
        .take(SIMILAR_MAX)
        .collect();
    Ok(Json(List {
        items,
        next_cursor: None,
    }))
}

/// What the public may read of what a decision answers: words that were shown, or that staff gave.
async fn about(ctx: &Ctx, decisions: &[Decision]) -> Result<BTreeMap<String, String>> {
    let mut sql = ctx.read().await?;
    let mut topic_of = Vec::new();
    for decision in decisions {
        let covered = opinions::store::of_decision(&mut sql, &decision.id, 1).await?;
        if let Some(opinion) = covered.first() {
            topic_of.push((decision.id.to_string(), opinion.topic.id.to_string()));
        }
    }
    let ids: Vec<String> = topic_of.iter().map(|(_, topic)| topic.clone()).collect();
    let topics = topics::store::some(&mut sql, &ids).await?;
    let title = |id: &str| {
        let topic = topics.iter().find(|t| t.id.as_str() == id)?;
        (topic.named || topic.shown_at.is_some()).then(|| topic.title.clone())
    };
    let found = topic_of.into_iter();
    Ok(found
        .filter_map(|(decision, topic)| Some((decision, title(&topic)?)))
        .collect())
}

/// Published answers, the latest first.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/answers", tag = "plan",
    params(("id" = RoundId, Path), PageParams),
    responses((status = 200, body = List<OpenAnswer>), Problems))]
async fn open_answers(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    page: Page,
) -> Result<Json<List<OpenAnswer>>> {
    visible(&ctx, &id).await?;
    let rows = {
        let mut sql = ctx.read().await?;
        decisions::store::list(&mut sql, &id, true, &page).await?
    };
    let about = about(&ctx, &rows).await?;
    let key = |d: &Decision| vec![Json_::from(d.id.as_str())];
    let answer = |d: Decision| OpenAnswer {
        about: about.get(d.id.as_str()).cloned().unwrap_or_default(),
        outcome: d.outcome,
        answer: d.said().to_owned(),
        published_at: d.published_at.unwrap_or(d.decided_at),
        clause: d.clause,
        clause_title: d.clause_title,
        wording: d.wording,
        opinions: d.opinions,
    };
    Ok(Json(List::build(rows, &page, key, answer)))
}

/// Groups among the voters of a round: what each stands for, and what all agree on.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/camps", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = Camps), Problems))]
async fn open_camps(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Json<Camps>> {
    visible(&ctx, &id).await?;
    Ok(Json(votes::api::of_round(&ctx.app, &id).await?))
}

/// The votes of the device that asks.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/votes", tag = "plan",
    params(("id" = RoundId, Path),
        ("X-Device" = String, Header, description = "The device's token, 32 to 128 hexadecimal digits")),
    responses((status = 200, body = List<CastVote>), Problems))]
async fn own_votes(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    headers: HeaderMap,
) -> Result<Json<List<CastVote>>> {
    let round = visible(&ctx, &id).await?;
    let token = headers.get("x-device").and_then(|v| v.to_str().ok());
    let voter = votes::voter(&round, token.unwrap_or_default())?;
    let items = votes::of_voter(&mut ctx.read().await?, &id, &voter).await?;
    Ok(Json(List {
        items,
        next_cursor: None,
    }))
}

/// A challenge to answer before sending an opinion, or before a device's first vote.
#[utoipa::path(get, path = "/api/v1/open/rounds/{id}/challenge", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = Challenge), Problems))]
async fn new_challenge(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Json<Challenge>> {
    let round = visible(&ctx, &id).await?;
    accepting(&round, ctx.app.now())?;
    Ok(Json(guard::challenge(&ctx.app, &round)))
}
