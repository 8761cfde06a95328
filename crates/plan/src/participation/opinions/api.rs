//! Opinions over HTTP, one at a time.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes, Tx};
use tianyuan_kernel::text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::rounds::api::allowed;
use super::super::rounds::checks::{self, Faults, search};
use super::super::rounds::{self, Channel, ChannelId, Clause, Round, RoundId};
use super::super::topics::{self, TopicId};
use super::super::words::{Outcome, Source};
use super::contacts::{self, Contact};
use super::intake::{self, Incoming, Placed, check_text};
use super::{OPINION_MOVED, OPINION_RECEIVED, OPINION_REPEATED, Opinion, OpinionId, store};
use crate::nearest::nearest;

/// The routes of single opinions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_opinions, add_opinion))
        .signed_in(routes!(get_opinion, change_opinion))
}

/// What a list of opinions is narrowed to.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OpinionFilter {
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this group.
    pub topic: Option<TopicId>,
    /// About this measure.
    pub measure: Option<i64>,
    /// With this decision; `undecided` for those without one.
    #[param(inline)]
    pub outcome: Option<OutcomeFilter>,
    /// Holding these words.
    #[param(max_length = 200)]
    pub q: Option<String>,
}

/// With which decision.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeFilter {
    /// Taken over.
    Adopted,
    /// Taken over in part.
    Partly,
    /// Not taken over.
    Declined,
    /// Without a decision.
    Undecided,
}

impl OpinionFilter {
    pub(super) fn read(self) -> store::Filter {
        let outcome = match self.outcome {
            Some(OutcomeFilter::Adopted) => Some(Outcome::Adopted),
            Some(OutcomeFilter::Partly) => Some(Outcome::Partly),
            Some(OutcomeFilter::Declined) => Some(Outcome::Declined),
            Some(OutcomeFilter::Undecided) | None => None,
        };
        store::Filter {
            channel: self.channel.map(|c| c.to_string()),
            topic: self.topic.map(|t| t.to_string()),
            measure: self.measure,
            outcome,
            undecided: matches!(self.outcome, Some(OutcomeFilter::Undecided)),
            q: self.q,
        }
    }
}

/// The opinions of a round, the latest first.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/opinions", tag = "plan",
    params(("id" = RoundId, Path), OpinionFilter, PageParams),
    responses((status = 200, body = List<Opinion>), Problems))]
async fn list_opinions(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Query(filter): Query<OpinionFilter>,
    page: Page,
) -> Result<Json<List<Opinion>>> {
    allowed(&ctx, &id, Action::View).await?;
    let mut sql = ctx.read().await?;
    search(filter.q.as_deref())?;
    let rows = store::list(&mut sql, &id, &filter.read(), &page).await?;
    let key = |o: &Opinion| vec![Json_::from(o.seq)];
    Ok(Json(List::build(rows, &page, key, |o| o)))
}

/// An opinion to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOpinion {
    /// The channel it came in by.
    pub channel_id: ChannelId,
    /// Its words, at most 20,000 characters.
    #[schema(max_length = 20000)]
    pub text: String,
    /// What it is about; the whole when absent.
    #[serde(default)]
    pub clause: Clause,
    /// Who of those asked said it.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub party: String,
    /// Who gave it.
    #[serde(default)]
    pub contact: Contact,
}

/// Checks that a channel takes opinions, and that it asked the party.
pub(super) fn party_of(channel: &Channel, party: &str) -> Result<String> {
    if !channel.counted {
        let words = tianyuan_kernel::Text::new(
            "这个渠道只记录举行，不计意见。",
            "This channel was held and is not counted; it takes no opinions.",
        );
        return Err(Error::conflict("channel_uncounted", words));
    }
    let party = party.trim();
    if party.is_empty() || channel.asked.iter().any(|p| p.name == party) {
        return Ok(party.to_owned());
    }
    let near = nearest(party, channel.asked.iter().map(|p| p.name.as_str()));
    let words = match near {
        Some(near) => text!(
            "听取对象中没有“{party}”，是否应为“{near}”？",
            "\"{party}\" is not among those asked; did you mean \"{near}\"?"
        ),
        None => text!(
            "听取对象中没有“{party}”。",
            "\"{party}\" is not among those asked."
        ),
    };
    Err(Error::invalid("party_unknown", "party", words))
}

/// Adds an opinion. The same words again, of the same party about the same clause, count as one
/// more copy.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/opinions", tag = "plan",
    params(("id" = RoundId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewOpinion, responses((status = 201, body = Opinion), Problems))]
async fn add_opinion(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Json(input): Json<NewOpinion>,
) -> Result<Response> {
    let round = allowed(&ctx, &id, Action::Record).await?;
    let text = check_text("text", &input.text)?;
    let party = party_of(round.channel(&input.channel_id)?, &input.party)?;
    let mut faults = Faults::default();
    let contact = input.contact.checked(&mut faults, "contact");
    faults.result()?;
    let clause = {
        let mut sql = ctx.read().await?;
        checks::clause(&mut sql, &round.plan_id, "clause", &input.clause).await?
    };
    let incoming = Incoming {
        text,
        clause,
        party,
        copies: 1,
    };
    let prepared = intake::prepare(vec![incoming]).await?;
    intake::warm(&ctx.app, &id).await?;
    let mut tx = ctx.begin().await?;
    let round = rounds::store::get_plain(&mut tx, &id).await?;
    round.takes()?;
    let channel = round.channel(&input.channel_id)?;
    let placed = intake::receive(&mut tx, &round, channel, Source::Typed, prepared).await?;
    let placed = placed.into_iter().next().ok_or_else(Error::not_found)?;
    record(&mut tx, &round, channel, Source::Typed, &placed).await?;
    if let Some(contact) = contact {
        contacts::keep(&mut tx, &placed.opinion, &contact).await?;
    }
    let opinion = store::get(&mut tx, &placed.opinion).await?;
    tx.answer(StatusCode::CREATED, &opinion).await
}

/// Writes the fact of one received opinion.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn record(
    tx: &mut Tx,
    round: &Round,
    channel: &Channel,
    source: Source,
    placed: &Placed,
) -> Result<()> {
    let id = placed.opinion.as_str();
    if placed.repeated {
        let fact = json!({
            "round": round.id, "channel": channel.name, "copies": placed.copies, "source": source,
        });
        return tx.record(&OPINION_REPEATED, id, &fact).await.map(|_| ());
    }
    let opinion = store::get(tx, &placed.opinion).await?;
    let digest = hex::encode(super::super::grouping::words::digest(&opinion.text));
    let fact = json!({
        "round": round.id, "channel": channel.name, "source": source, "topic": placed.topic,
        "measure": opinion.clause.measure, "words_sha256": digest,
    });
    tx.record(&OPINION_RECEIVED, id, &fact).await.map(|_| ())
}

/// One opinion.
#[utoipa::path(get, path = "/api/v1/opinions/{id}", tag = "plan",
    params(("id" = OpinionId, Path)), responses((status = 200, body = Opinion), Problems))]
async fn get_opinion(ctx: Ctx, PathId(id): PathId<OpinionId>) -> Result<Json<Opinion>> {
    let opinion = store::get(&mut ctx.read().await?, &id).await?;
    allowed(&ctx, &opinion.round_id, Action::View).await?;
    Ok(Json(opinion))
}

/// What to change of an opinion; its words stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpinionChange {
    /// The group to put it into; a new one of its own with `null` and `own_topic`.
    #[serde(default)]
    pub topic_id: Option<TopicId>,
    /// True to give it a group of its own.
    #[serde(default)]
    pub own_topic: bool,
    /// What it is about.
    #[serde(default)]
    pub clause: Option<Clause>,
}

/// Puts an opinion into another group of its round, or corrects its clause. What is put by hand
/// stays there, whatever arrives later.
#[utoipa::path(patch, path = "/api/v1/opinions/{id}", tag = "plan",
    params(("id" = OpinionId, Path)), request_body = OpinionChange,
    responses((status = 200, body = Opinion), Problems))]
async fn change_opinion(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    Json(change): Json<OpinionChange>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let opinion = store::get(&mut tx, &id).await?;
    let round = rounds::store::get_plain(&mut tx, &opinion.round_id).await?;
    ctx.allow(Action::Edit, &round)?;
    round.takes()?;
    // Before anything else: whoever arrives now waits for the round's row.
    rounds::store::note_regrouped(&mut tx, &round.id).await?;
    let clause = match &change.clause {
        Some(clause) => checks::clause(&mut tx, &round.plan_id, "clause", clause).await?,
        None => opinion.clause.clone(),
    };
    if clause != opinion.clause {
        correct_clause(&mut tx, &opinion, &clause).await?;
    }
    let to = if change.own_topic {
        topics::open(&mut tx, &round, opinion.source, &opinion.text).await?
    } else {
        match &change.topic_id {
            Some(topic) => {
                topics::store::get(&mut tx, topic, Some(&round.id))
                    .await?
                    .id
            }
            None => opinion.topic.id.clone(),
        }
    };
    if to != opinion.topic.id {
        topics::put(&mut tx, &opinion, &to).await?;
    }
    let fact = json!({
        "round": round.id, "from": opinion.topic.id, "to": to, "measure": clause.measure,
        "section": clause.section,
    });
    tx.record(&OPINION_MOVED, id.as_str(), &fact).await?;
    let opinion = store::get(&mut tx, &id).await?;
    tx.answer(StatusCode::OK, &opinion).await
}

async fn correct_clause(tx: &mut Tx, opinion: &Opinion, clause: &Clause) -> Result<()> {
    let hash = store::words_hash(tx, &opinion.id).await?;
    let hash: [u8; 32] = hash.try_into().unwrap_or_default();
    let key = intake::same_key(&hash, clause, &opinion.party);
    if store::same(tx, &opinion.channel.id, &key).await?.is_some() {
        let words = tianyuan_kernel::Text::new(
            "同一渠道已有一条内容和条款都相同的意见。",
            "The channel has an opinion with the same words about that clause.",
        );
        return Err(Error::conflict("opinion_same", words));
    }
    store::set_clause(tx, &opinion.id, clause, key).await
}
