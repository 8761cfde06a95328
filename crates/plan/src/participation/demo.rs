//! The sample rounds, carried in the binary: one finished with the counts of the source's report,
//! one open so that the public page has something to show. Their groups and decisions stand in
//! the file, so loading needs no segmenter.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::Tx;

use super::decisions::{self, Decision, DecisionId, OPINION_DECIDED};
use super::grouping::words;
use super::opinions::intake::{Incoming, same_key};
use super::opinions::{self, OPINIONS_IMPORTED, OpinionId};
use super::rounds::{self, Channel, ChannelId, Clause, Party, Round, RoundId};
use super::topics::{self, TopicId};
use super::words::{Outcome, RoundState, Source};
use crate::plans::Plan;

/// The file.
pub const FILE: &str = include_str!("../../../../demo/participation/rounds.toml");

/// Days a round without days of its own lasts from when it is loaded.
const DAYS_OPEN: i64 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rounds: Vec<RoundEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundEntry {
    plan: String,
    title: String,
    question: String,
    opens_on: Option<Date>,
    closes_on: Option<Date>,
    state: RoundState,
    review: bool,
    channels: Vec<ChannelEntry>,
    topics: Vec<TopicEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelEntry {
    kind: String,
    name: String,
    name_en: String,
    #[serde(default)]
    held: String,
    #[serde(default)]
    note: String,
    #[serde(default = "yes")]
    counted: bool,
    #[serde(default)]
    on_page: bool,
    asked: Vec<Party>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    title: String,
    #[serde(default)]
    statement: String,
    #[serde(default)]
    shown: bool,
    #[serde(default)]
    measure: Option<i64>,
    decision: Option<DecisionEntry>,
    opinions: Vec<OpinionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionEntry {
    outcome: Outcome,
    reason: String,
    #[serde(default)]
    measure: Option<i64>,
    #[serde(default)]
    section: String,
    #[serde(default)]
    wording: String,
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpinionEntry {
    channel: String,
    #[serde(default)]
    party: String,
    text: String,
    #[serde(default = "once")]
    copies: i64,
}

fn once() -> i64 {
    1
}

/// Loads the rounds of an edition just loaded.
///
/// # Errors
/// When the file is wrong, which a test sees, or the database refuses.
pub async fn load(tx: &mut Tx, plan: &Plan) -> Result<()> {
    let file: File = toml::from_str(FILE).map_err(Error::internal)?;
    for entry in file.rounds.into_iter().filter(|r| r.plan == plan.code) {
        load_round(tx, plan, entry).await?;
    }
    Ok(())
}

async fn load_round(tx: &mut Tx, plan: &Plan, entry: RoundEntry) -> Result<()> {
    let now = tx.now();
    let today = now.date();
    let last = now.plus_seconds(DAYS_OPEN * 86_400).date();
    let channels = entry.channels.into_iter().map(|c| Channel {
        id: ChannelId::new(tx.app()),
        kind: c.kind,
        name: c.name,
        name_en: c.name_en,
        held: c.held,
        note: c.note,
        counted: c.counted,
        on_page: c.on_page,
        asked: c.asked,
        voices: None,
        version: 1,
    });
    let salt = tx.app().random::<32>().to_vec();
    let round = Round {
        id: RoundId::new(tx.app()),
        plan_id: plan.id.clone(),
        title: entry.title,
        question: entry.question,
        opens_on: entry.opens_on.unwrap_or(today),
        closes_on: entry.closes_on.unwrap_or(last),
        state: entry.state,
        review: entry.review,
        channels: channels.collect(),
        voices: 0,
        undecided: 0,
        topics: 0,
        version: 1,
        salt: (entry.state != RoundState::Reported).then_some(salt),
    };
    rounds::api::insert(tx, &round).await?;
    let mut seq = 0;
    let mut added: BTreeMap<String, i64> = BTreeMap::new();
    for topic in entry.topics {
        load_topic(tx, &round, topic, &mut seq, &mut added).await?;
    }
    rounds::store::arrive(tx, &round.id, seq).await?;
    for (channel, n) in added {
        let fact = json!({
            "channel": channel, "source": Source::Typed, "added": n, "repeated": 0, "skipped": 0,
        });
        tx.record(&OPINIONS_IMPORTED, round.id.as_str(), &fact)
            .await?;
    }
    Ok(())
}

async fn load_topic(
    tx: &mut Tx,
    round: &Round,
    entry: TopicEntry,
    seq: &mut i64,
    added: &mut BTreeMap<String, i64>,
) -> Result<()> {
    let (id, now) = (TopicId::new(tx.app()), tx.now());
    let statement = if entry.statement.is_empty() {
        &entry.title
    } else {
        &entry.statement
    };
    let new = topics::store::NewTopic {
        id: &id,
        round: &round.id,
        title: &entry.title,
        statement,
        named: true,
        shown_at: entry.shown.then_some(now),
        created_at: now,
    };
    topics::store::insert(tx, new).await?;
    for opinion in entry.opinions {
        let channel = round.channels.iter().find(|c| c.kind == opinion.channel);
        let channel = channel.ok_or_else(|| Error::internal("no such channel in the sample"))?;
        *seq += 1;
        *added.entry(channel.name.clone()).or_default() += opinion.copies;
        load_opinion(tx, round, channel, &id, entry.measure, opinion, *seq).await?;
    }
    if let Some(decision) = entry.decision {
        decide(tx, round, &id, decision).await?;
    }
    Ok(())
}

async fn load_opinion(
    tx: &mut Tx,
    round: &Round,
    channel: &Channel,
    topic: &TopicId,
    measure: Option<i64>,
    entry: OpinionEntry,
    seq: i64,
) -> Result<()> {
    let incoming = Incoming {
        text: entry.text,
        clause: Clause {
            measure,
            section: String::new(),
        },
        party: entry.party,
        copies: entry.copies,
    };
    let hash = words::digest(&incoming.text);
    let row = opinions::store::NewOpinion {
        id: &OpinionId::new(tx.app()),
        round: &round.id,
        seq,
        channel: &channel.id,
        topic,
        incoming: &incoming,
        same_key: same_key(&hash, &incoming.clause, &incoming.party),
        words_hash: hash,
        terms: None,
        source: if channel.on_page {
            Source::Web
        } else {
            Source::Typed
        },
        similarity: None,
        similar_to: None,
        by_hand: true,
        received_at: tx.now(),
        received_by: None,
    };
    opinions::store::insert(tx, row).await?;
    topics::store::add_voices(tx, topic, incoming.copies).await
}

async fn decide(tx: &mut Tx, round: &Round, topic: &TopicId, entry: DecisionEntry) -> Result<()> {
    let now = tx.now();
    let decision = Decision {
        id: DecisionId::new(tx.app()),
        round_id: round.id.clone(),
        topic_id: Some(topic.clone()),
        outcome: entry.outcome,
        reason: entry.reason,
        clause: Clause {
            measure: entry.measure,
            section: entry.section,
        },
        clause_title: None,
        wording: entry.wording,
        answer: entry.answer,
        published_at: Some(now),
        decided_at: now,
        opinions: 0,
    };
    decisions::store::insert(tx, &decision, None).await?;
    let count = opinions::store::decide_topic(tx, topic, &decision.id, false).await?;
    let fact = json!({
        "round": round.id, "topic": topic, "outcome": decision.outcome,
        "reason": decision.reason, "measure": decision.clause.measure,
        "section": decision.clause.section, "wording": decision.wording,
        "answer": decision.answer, "opinions": count, "published": true,
    });
    tx.record(&OPINION_DECIDED, decision.id.as_str(), &fact)
        .await
        .map(|_| ())
}
