//! What strangers send: opinions, files that come with them, votes.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::files::File;
use tianyuan_kernel::http::{Ctx, Json, PathId, Routes, Tx};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::guard::{Act, Guard};
use super::{OpenTopic, accepting, visible};
use crate::participation::decisions;
use crate::participation::opinions::contacts::{self, Contact};
use crate::participation::opinions::intake::{self, Incoming, check_text};
use crate::participation::opinions::{self, attachments};
use crate::participation::rounds::checks::{self, Faults};
use crate::participation::rounds::{self, Clause, RoundId};
use crate::participation::topics::{self, TopicId};
use crate::participation::votes::{self, VOTE_CAST};
use crate::participation::words::{Ballot, Outcome, Source};
use crate::workbook::Binary;

/// What the token of something sent begins with.
const PREFIX: &str = "tv_";
/// Seconds after which no more files are taken.
const FILES_S: f64 = 3_600.0;

/// The routes strangers send to.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(send_opinion))
        .public(routes!(attach_to_submission))
        .public(routes!(own_submission))
        .public(routes!(cast_vote))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// An opinion from the public page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOpinion {
    /// The words, at most 20,000 characters.
    #[schema(max_length = 20000)]
    pub text: String,
    /// What it is about; the whole when absent.
    #[serde(default)]
    pub clause: Clause,
    /// Who gives it; may be left out.
    #[serde(default)]
    pub contact: Contact,
    /// The challenge answered.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub challenge: String,
    /// Its answer.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub solution: String,
}

/// An opinion that was received.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpinionSent {
    /// Where its sender finds the answer, this once: `/open/participation/mine/{token}`.
    pub token: String,
    /// True when the same words were received before; they are counted once more.
    pub repeated: bool,
    /// What others said that it was put with; null while that is not public.
    pub topic: Option<OpenTopic>,
}

/// Gives an opinion, without signing in. The same words about the same clause are counted, not
/// kept twice.
#[utoipa::path(post, path = "/api/v1/open/rounds/{id}/opinions", tag = "plan",
    params(("id" = RoundId, Path)), request_body = SendOpinion,
    responses((status = 201, body = OpinionSent), Problems))]
async fn send_opinion(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Json(input): Json<SendOpinion>,
) -> Result<Response> {
    let guard = ctx.app.get::<Guard>()?;
    let round = visible(&ctx, &id).await?;
    accepting(&round, ctx.app.now())?;
    guard.take(&ctx.app, Act::Opinion, ctx.address)?;
    let text = check_text("text", &input.text)?;
    let mut faults = Faults::default();
    let contact = input.contact.checked(&mut faults, "contact");
    faults.result()?;
    let clause = {
        let mut sql = ctx.read().await?;
        checks::clause(&mut sql, &round.plan_id, "clause", &input.clause).await?
    };
    guard.answer(&ctx.app, &round, &input.challenge, &input.solution)?;
    let incoming = Incoming {
        text,
        clause,
        party: String::new(),
        copies: 1,
    };
    let prepared = intake::prepare(vec![incoming]).await?;
    intake::warm(&ctx.app, &id).await?;
    let token = format!("{PREFIX}{}", hex::encode(ctx.app.random::<24>()));
    // Nobody's idempotency: what is kept under a key would hold the token.
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    let round = rounds::store::get_plain(&mut tx, &id).await?;
    let now = tx.now();
    accepting(&round, now)?;
    let channel = round.page_channel().ok_or_else(Error::not_found)?;
    let placed = intake::receive(&mut tx, &round, channel, Source::Web, prepared).await?;
    let placed = placed.into_iter().next().ok_or_else(Error::not_found)?;
    opinions::store::insert_submission(&mut tx, &digest(&token), &placed.opinion, now).await?;
    opinions::api::record(&mut tx, &round, channel, Source::Web, &placed).await?;
    if let Some(contact) = contact {
        contacts::keep(&mut tx, &placed.opinion, &contact).await?;
    }
    let topic = topics::store::get(&mut tx, &placed.topic, None).await?;
    let sent = OpinionSent {
        token,
        repeated: placed.repeated,
        topic: topic.shown_at.is_some().then(|| topic.into()),
    };
    tx.answer(StatusCode::CREATED, &sent).await
}

/// Attaches a file to an opinion just sent: the body is the file, its name a query parameter.
/// Only staff see it.
#[utoipa::path(post, path = "/api/v1/open/submissions/{token}/files", tag = "plan",
    params(("token" = String, Path, description = "The token of what was sent"),
        ("name" = String, Query, description = "File name: pdf, ofd, png, jpg, webp, docx or txt")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_submission(
    ctx: Ctx,
    PathId(token): PathId<String>,
    request: Request<Body>,
) -> Result<Response> {
    let hash = digest(&token);
    let found = opinions::store::submission(&mut ctx.read().await?, &hash).await?;
    let (opinion, received_at, _) = found.ok_or_else(Error::not_found)?;
    let guard = ctx.app.get::<Guard>()?;
    guard.take(&ctx.app, Act::Opinion, ctx.address)?;
    if ctx.app.now().seconds_since(received_at) > FILES_S {
        return Err(attachments::too_late());
    }
    let file = attachments::from_stranger(&ctx, &opinion, &hash, request).await?;
    let body = serde_json::to_vec(&file)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::CREATED;
    let media = http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, media);
    Ok(response)
}

/// What somebody sent, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSubmission {
    /// The round.
    pub round_id: RoundId,
    /// The round's title.
    pub round_title: String,
    /// The words; empty once erased.
    pub text: String,
    /// What it is about.
    pub clause: Clause,
    /// The measure's official title, when it is about one.
    pub clause_title: Option<String>,
    /// When it was received.
    pub received_at: Micros,
    /// How often the same words were received.
    pub copies: i64,
    /// Files that came with it.
    pub files: i64,
    /// What was decided, once that is published.
    pub outcome: Option<Outcome>,
    /// The published answer; empty before.
    pub answer: String,
}

/// What was sent under a token, with its published answer.
#[utoipa::path(get, path = "/api/v1/open/submissions/{token}", tag = "plan",
    params(("token" = String, Path, description = "The token of what was sent")),
    responses((status = 200, body = OwnSubmission), Problems))]
async fn own_submission(ctx: Ctx, PathId(token): PathId<String>) -> Result<Json<OwnSubmission>> {
    let mut sql = ctx.read().await?;
    let found = opinions::store::submission(&mut sql, &digest(&token)).await?;
    let (id, received_at, files) = found.ok_or_else(Error::not_found)?;
    let opinion = opinions::store::get(&mut sql, &id).await?;
    let round = rounds::store::get_plain(&mut sql, &opinion.round_id).await?;
    let published = opinion.decision.filter(|d| d.published_at.is_some());
    let decision = match &published {
        Some(decision) => Some(decisions::store::get(&mut sql, &decision.id).await?),
        None => None,
    };
    Ok(Json(OwnSubmission {
        round_id: round.id,
        round_title: round.title,
        text: opinion.text,
        clause: opinion.clause,
        clause_title: opinion.clause_title,
        received_at,
        copies: opinion.copies,
        files,
        outcome: decision.as_ref().map(|d| d.outcome),
        answer: decision.map_or_else(String::new, |d| d.said().to_owned()),
    }))
}

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendVote {
    /// The device's token: 32 to 128 random hexadecimal digits, made and kept by the browser.
    #[schema(min_length = 32, max_length = 128)]
    pub device: String,
    /// The vote.
    pub vote: Ballot,
    /// The challenge answered; needed for a device's first vote in the round.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub challenge: String,
    /// Its answer.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub solution: String,
}

/// A vote that was counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoteCounted {
    /// What was voted on, with its votes now.
    pub topic: OpenTopic,
    /// The device's vote.
    pub vote: Ballot,
}

/// Votes on what others said. Voting again changes the vote; the same vote again changes nothing.
#[utoipa::path(post, path = "/api/v1/open/topics/{id}/votes", tag = "plan",
    params(("id" = TopicId, Path)), request_body = SendVote,
    responses((status = 200, body = VoteCounted), Problems))]
async fn cast_vote(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    Json(input): Json<SendVote>,
) -> Result<Response> {
    let guard = ctx.app.get::<Guard>()?;
    let (round, first) = {
        let mut sql = ctx.read().await?;
        let topic = topics::store::get(&mut sql, &id, None).await?;
        let round = rounds::store::get_plain(&mut sql, &topic.round_id).await?;
        if topic.shown_at.is_none() || !round.is_public() {
            return Err(Error::not_found());
        }
        accepting(&round, ctx.app.now())?;
        guard.take(&ctx.app, Act::Vote, ctx.address)?;
        let voter = votes::voter(&round, &input.device)?;
        let first = !votes::has_voted(&mut sql, &round.id, &voter).await?;
        (round, first)
    };
    if first {
        guard.answer(&ctx.app, &round, &input.challenge, &input.solution)?;
    }
    let voter = votes::voter(&round, &input.device)?;
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    topics::store::hold(&mut tx, &id).await?;
    let topic = topics::store::get(&mut tx, &id, None).await?;
    if topic.shown_at.is_none() {
        return Err(Error::not_found());
    }
    let now = tx.now();
    let before = votes::cast(&mut tx, &round.id, &id, &voter, input.vote, now).await?;
    if before != Some(input.vote) {
        let fact = json!({ "round": round.id, "vote": input.vote });
        tx.record(&VOTE_CAST, id.as_str(), &fact).await?;
    }
    let topic = topics::store::get(&mut tx, &id, None).await?;
    let counted = VoteCounted {
        topic: topic.into(),
        vote: input.vote,
    };
    tx.answer(StatusCode::OK, &counted).await
}
