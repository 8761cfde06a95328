//! SQL of opinions, contacts and submissions.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::super::decisions::DecisionId;
use super::super::rounds::{ChannelId, Clause, RoundId};
use super::super::topics::TopicId;
use super::super::words::{Outcome, Source};
use super::intake::Incoming;
use super::{ChannelRef, DecisionRef, Opinion, OpinionId, TopicRef};
use crate::stored::word;

const OPINION: &str = "SELECT o.id AS id, o.round_id AS round_id, o.seq AS seq, \
    o.channel_id AS channel_id, c.name AS channel_name, c.name_en AS channel_name_en, \
    o.topic_id AS topic_id, t.title AS topic_title, o.measure_number AS measure_number, \
    o.section AS section, m.title AS clause_title, o.body AS body, o.party AS party, \
    o.source AS source, o.copies AS copies, o.similarity AS similarity, \
    o.similar_to AS similar_to, o.by_hand AS by_hand, o.decision_id AS decision_id, \
    d.outcome AS outcome, d.reason AS reason, d.published_at AS published_at, \
    o.received_at AS received_at, o.erased_at AS erased_at \
    FROM plan_opinions o JOIN plan_rounds r ON r.id = o.round_id \
    JOIN plan_round_channels c ON c.id = o.channel_id JOIN plan_topics t ON t.id = o.topic_id \
    LEFT JOIN plan_opinion_decisions d ON d.id = o.decision_id \
    LEFT JOIN plan_measures m ON m.plan_id = r.plan_id AND m.number = o.measure_number";

fn opinion(row: &Row) -> Result<Opinion> {
    let decision = match row.text_opt("decision_id")? {
        None => None,
        Some(id) => Some(DecisionRef {
            id: DecisionId::from_stored(id),
            outcome: word(row, "outcome", Outcome::read)?,
            reason: row.text("reason")?,
            published_at: row.time_opt("published_at")?,
        }),
    };
    Ok(Opinion {
        id: OpinionId::from_stored(row.text("id")?),
        round_id: RoundId::from_stored(row.text("round_id")?),
        seq: row.int("seq")?,
        channel: ChannelRef {
            id: ChannelId::from_stored(row.text("channel_id")?),
            name: row.text("channel_name")?,
            name_en: row.text("channel_name_en")?,
        },
        topic: TopicRef {
            id: TopicId::from_stored(row.text("topic_id")?),
            title: row.text("topic_title")?,
        },
        clause: Clause {
            measure: row.int_opt("measure_number")?,
            section: row.text("section")?,
        },
        clause_title: row.text_opt("clause_title")?,
        text: row.text("body")?,
        party: row.text("party")?,
        source: word(row, "source", Source::read)?,
        copies: row.int("copies")?,
        similarity: row.real_opt("similarity")?,
        similar_to: row.text_opt("similar_to")?.map(OpinionId::from_stored),
        by_hand: row.int("by_hand")? == 1,
        decision,
        received_at: row.time("received_at")?,
        erased_at: row.time_opt("erased_at")?,
    })
}

/// What a list of opinions is narrowed to.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) channel: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) measure: Option<i64>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) undecided: bool,
    pub(crate) q: Option<String>,
}

/// One page of a round's opinions, the latest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    round: &RoundId,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<Opinion>> {
    let mut select = Select::new(OPINION)
        .and("o.round_id = ?", round)
        .and_opt("o.channel_id = ?", filter.channel.as_deref())
        .and_opt("o.topic_id = ?", filter.topic.as_deref())
        .and_opt("o.measure_number = ?", filter.measure)
        .and_opt("d.outcome = ?", filter.outcome.map(Outcome::as_str))
        .and_contains(&["o.body", "t.title", "o.party"], filter.q.as_deref());
    if filter.undecided {
        select = select.and_all("o.decision_id IS NULL", vec![]);
    }
    let select = select.page(page, &["o.seq"], true, "o.seq DESC");
    sql.select(select).await?.iter().map(opinion).collect()
}

/// Opinions of a round after a number, in order.
pub(crate) async fn after(
    sql: &mut dyn Sql,
    round: &RoundId,
    after: i64,
    limit: i64,
) -> Result<Vec<Opinion>> {
    let select = Select::new(OPINION)
        .and("o.round_id = ?", round)
        .and("o.seq > ?", after)
        .order_by("o.seq")
        .limit(limit);
    sql.select(select).await?.iter().map(opinion).collect()
}

/// One page of a group's opinions, the first to arrive first.
pub(crate) async fn of_topic(
    sql: &mut dyn Sql,
    topic: &TopicId,
    page: &Page,
) -> Result<Vec<Opinion>> {
    let select =
        Select::new(OPINION)
            .and("o.topic_id = ?", topic)
            .page(page, &["o.seq"], false, "o.seq");
    sql.select(select).await?.iter().map(opinion).collect()
}

/// The first opinions a decision covers.
pub(crate) async fn of_decision(
    sql: &mut dyn Sql,
    decision: &DecisionId,
    limit: i64,
) -> Result<Vec<Opinion>> {
    let select = Select::new(OPINION)
        .and("o.decision_id = ?", decision)
        .order_by("o.seq")
        .limit(limit);
    sql.select(select).await?.iter().map(opinion).collect()
}

/// One opinion.
pub(crate) async fn get(sql: &mut dyn Sql, id: &OpinionId) -> Result<Opinion> {
    let select = Select::new(OPINION).and("o.id = ?", id);
    let found = sql.select(select).await?;
    found
        .first()
        .map_or_else(|| Err(Error::not_found()), opinion)
}

/// An opinion that is there already.
pub(crate) struct Known {
    pub(crate) opinion: OpinionId,
    pub(crate) topic: TopicId,
}

fn known(row: Option<Row>) -> Result<Option<Known>> {
    row.map(|row| {
        Ok(Known {
            opinion: OpinionId::from_stored(row.text("id")?),
            topic: TopicId::from_stored(row.text("topic_id")?),
        })
    })
    .transpose()
}

/// The opinion of a channel with the same words, clause and party.
pub(crate) async fn same(
    sql: &mut dyn Sql,
    channel: &ChannelId,
    key: &[u8; 32],
) -> Result<Option<Known>> {
    let select = "SELECT id, topic_id FROM plan_opinions WHERE channel_id = $1 AND same_key = $2";
    known(sql.optional(select, args![channel, key]).await?)
}

/// An opinion of the round with the same words.
pub(crate) async fn same_words(
    sql: &mut dyn Sql,
    round: &RoundId,
    hash: &[u8; 32],
) -> Result<Option<Known>> {
    let select = "SELECT id, topic_id FROM plan_opinions WHERE round_id = $1 AND words_hash = $2 \
                  ORDER BY seq LIMIT 1";
    known(sql.optional(select, args![round, hash]).await?)
}

/// Counts an opinion again; answers its copies now.
pub(crate) async fn add_copies(sql: &mut dyn Sql, id: &OpinionId, n: i64) -> Result<i64> {
    let update = "UPDATE plan_opinions SET copies = copies + $2 WHERE id = $1 RETURNING copies";
    sql.one(update, args![id, n]).await?.int("copies")
}

/// A row to store.
pub(crate) struct NewOpinion<'a> {
    pub(crate) id: &'a OpinionId,
    pub(crate) round: &'a RoundId,
    pub(crate) seq: i64,
    pub(crate) channel: &'a ChannelId,
    pub(crate) topic: &'a TopicId,
    pub(crate) incoming: &'a Incoming,
    pub(crate) same_key: [u8; 32],
    pub(crate) words_hash: [u8; 32],
    pub(crate) terms: Option<&'a str>,
    pub(crate) source: Source,
    pub(crate) similarity: Option<f64>,
    pub(crate) similar_to: Option<&'a OpinionId>,
    pub(crate) by_hand: bool,
    pub(crate) received_at: Micros,
    pub(crate) received_by: Option<String>,
}

/// Stores a new opinion.
pub(crate) async fn insert(sql: &mut dyn Sql, row: NewOpinion<'_>) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_opinions (id, round_id, seq, channel_id, topic_id, measure_number, \
         section, body, same_key, words_hash, terms, party, source, copies, similarity, \
         similar_to, by_hand, received_at, received_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
         $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        args![
            row.id,
            row.round,
            row.seq,
            row.channel,
            row.topic,
            row.incoming.clause.measure,
            &row.incoming.clause.section,
            &row.incoming.text,
            &row.same_key,
            &row.words_hash,
            row.terms,
            &row.incoming.party,
            row.source.as_str(),
            row.incoming.copies,
            row.similarity,
            row.similar_to.map(OpinionId::as_str),
            i64::from(row.by_hand),
            row.received_at,
            row.received_by.as_deref(),
        ],
    )
    .await
    .map(|_| ())
}

/// What the index needs of an opinion.
pub(crate) struct Indexed {
    pub(crate) id: String,
    pub(crate) topic: String,
    pub(crate) seq: i64,
    pub(crate) terms: Option<String>,
    /// Its words when they were not segmented yet; empty otherwise.
    pub(crate) body: String,
    pub(crate) by_hand: bool,
}

/// Opinions of a round after a number, in order.
pub(crate) async fn indexed_after(
    sql: &mut dyn Sql,
    round: &RoundId,
    after: i64,
    limit: i64,
) -> Result<Vec<Indexed>> {
    let select = "SELECT id, topic_id, seq, terms, by_hand, \
                  CASE WHEN terms IS NULL THEN body ELSE '' END AS body \
                  FROM plan_opinions WHERE round_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows = sql.all(select, args![round, after, limit]).await?;
    let indexed = |row: &Row| {
        Ok(Indexed {
            id: row.text("id")?,
            topic: row.text("topic_id")?,
            seq: row.int("seq")?,
            terms: row.text_opt("terms")?,
            body: row.text("body")?,
            by_hand: row.int("by_hand")? == 1,
        })
    };
    rows.iter().map(indexed).collect()
}

/// The opinion of a number.
pub(crate) async fn id_at(sql: &mut dyn Sql, round: &RoundId, seq: i64) -> Result<Option<String>> {
    let select = "SELECT id FROM plan_opinions WHERE round_id = $1 AND seq = $2";
    let row = sql.optional(select, args![round, seq]).await?;
    row.map(|row| row.text("id")).transpose()
}

/// Puts an opinion into another group by hand.
pub(crate) async fn put_into(sql: &mut dyn Sql, id: &OpinionId, topic: &TopicId) -> Result<()> {
    let update = "UPDATE plan_opinions SET topic_id = $2, by_hand = 1, similarity = NULL, \
                  similar_to = NULL WHERE id = $1";
    sql.execute(update, args![id, topic]).await.map(|_| ())
}

/// Corrects what an opinion is about.
pub(crate) async fn set_clause(
    sql: &mut dyn Sql,
    id: &OpinionId,
    clause: &Clause,
    same_key: [u8; 32],
) -> Result<()> {
    let update = "UPDATE plan_opinions SET measure_number = $2, section = $3, same_key = $4 \
                  WHERE id = $1";
    sql.execute(
        update,
        args![id, clause.measure, &clause.section, &same_key],
    )
    .await
    .map(|_| ())
}

/// Digest of an opinion's words.
pub(crate) async fn words_hash(sql: &mut dyn Sql, id: &OpinionId) -> Result<Vec<u8>> {
    let select = "SELECT words_hash FROM plan_opinions WHERE id = $1";
    sql.one(select, args![id]).await?.bytes("words_hash")
}

/// Erases the words of an opinion; `nothing` takes the place of its digests.
pub(crate) async fn erase_words(
    sql: &mut dyn Sql,
    id: &OpinionId,
    nothing: [u8; 32],
    now: Micros,
) -> Result<()> {
    let update = "UPDATE plan_opinions SET body = '', terms = '', same_key = $2, words_hash = $2, \
                  erased_at = $3 WHERE id = $1";
    sql.execute(update, args![id, &nothing, now])
        .await
        .map(|_| ())
}

/// Gives undecided opinions of a group (or all of them) a decision; answers how many there were,
/// copies included.
pub(crate) async fn decide_topic(
    sql: &mut dyn Sql,
    topic: &TopicId,
    decision: &DecisionId,
    again: bool,
) -> Result<i64> {
    let update = if again {
        "UPDATE plan_opinions SET decision_id = $2 WHERE topic_id = $1"
    } else {
        "UPDATE plan_opinions SET decision_id = $2 WHERE topic_id = $1 AND decision_id IS NULL"
    };
    sql.execute(update, args![topic, decision]).await?;
    let count = "SELECT CAST(COALESCE(SUM(copies), 0) AS BIGINT) AS n FROM plan_opinions \
                 WHERE decision_id = $1";
    sql.one(count, args![decision]).await?.int("n")
}

/// Gives one opinion a decision.
pub(crate) async fn decide(
    sql: &mut dyn Sql,
    opinion: &OpinionId,
    decision: &DecisionId,
) -> Result<()> {
    let update = "UPDATE plan_opinions SET decision_id = $2 WHERE id = $1";
    sql.execute(update, args![opinion, decision])
        .await
        .map(|_| ())
}

/// Keeps the token of something sent from the public page.
pub(crate) async fn insert_submission(
    sql: &mut dyn Sql,
    token_hash: &[u8; 32],
    opinion: &OpinionId,
    now: Micros,
) -> Result<()> {
    let insert = "INSERT INTO plan_submissions (token_hash, opinion_id, received_at, files) \
                  VALUES ($1, $2, $3, 0)";
    sql.execute(insert, args![token_hash, opinion, now])
        .await
        .map(|_| ())
}

/// What was sent under a token: the opinion, when, and how many files came with it.
pub(crate) async fn submission(
    sql: &mut dyn Sql,
    token_hash: &[u8; 32],
) -> Result<Option<(OpinionId, Micros, i64)>> {
    let select =
        "SELECT opinion_id, received_at, files FROM plan_submissions WHERE token_hash = $1";
    let row = sql.optional(select, args![token_hash]).await?;
    row.map(|row| {
        let opinion = OpinionId::from_stored(row.text("opinion_id")?);
        Ok((opinion, row.time("received_at")?, row.int("files")?))
    })
    .transpose()
}

/// Counts a file of something sent, if there is room; answers whether there was.
pub(crate) async fn take_file_place(
    sql: &mut dyn Sql,
    token_hash: &[u8; 32],
    files_max: i64,
) -> Result<bool> {
    let update = "UPDATE plan_submissions SET files = files + 1 \
                  WHERE token_hash = $1 AND files < $2";
    Ok(sql.execute(update, args![token_hash, files_max]).await? == 1)
}
