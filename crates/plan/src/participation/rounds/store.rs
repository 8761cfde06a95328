//! SQL of rounds and channels.

use std::collections::BTreeMap;

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::super::words::RoundState;
use super::{Channel, ChannelId, Round, RoundId};
use crate::plans::PlanId;
use crate::stored::{date, word};

const ROUND: &str = "SELECT id, plan_id, title, question, opens_on, closes_on, state, review, salt, \
    version FROM plan_rounds";
const CHANNEL: &str = "SELECT id, round_id, kind, name, name_en, held, note, counted, on_page, \
    asked, version FROM plan_round_channels";
const VOICES: &str = "SELECT channel_id, CAST(SUM(copies) AS BIGINT) AS voices, \
    CAST(SUM(CASE WHEN decision_id IS NULL THEN copies ELSE 0 END) AS BIGINT) AS undecided \
    FROM plan_opinions WHERE round_id = $1 GROUP BY channel_id";
const TOPICS: &str = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_topics \
    WHERE round_id = $1 AND merged_into IS NULL AND voices > 0";

fn round(row: &Row) -> Result<Round> {
    Ok(Round {
        id: RoundId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        title: row.text("title")?,
        question: row.text("question")?,
        opens_on: date(row, "opens_on")?,
        closes_on: date(row, "closes_on")?,
        state: word(row, "state", RoundState::read)?,
        review: row.int("review")? == 1,
        channels: Vec::new(),
        voices: 0,
        undecided: 0,
        topics: 0,
        version: row.int("version")?,
        salt: row.bytes_opt("salt")?,
    })
}

fn channel(row: &Row) -> Result<Channel> {
    let counted = row.int("counted")? == 1;
    Ok(Channel {
        id: ChannelId::from_stored(row.text("id")?),
        kind: row.text("kind")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        held: row.text("held")?,
        note: row.text("note")?,
        counted,
        on_page: row.int("on_page")? == 1,
        asked: serde_json::from_str(&row.text("asked")?)?,
        voices: counted.then_some(0),
        version: row.int("version")?,
    })
}

/// Gives rounds their channels and counts.
async fn complete(sql: &mut dyn Sql, mut rounds: Vec<Round>) -> Result<Vec<Round>> {
    let ids = || rounds.iter().map(|r| r.id.as_str().into()).collect();
    let select = Select::new(CHANNEL)
        .and_in("round_id", ids())
        .order_by("position, id");
    let channels = sql.select(select).await?;
    let (mut voices, mut topics) = (BTreeMap::new(), BTreeMap::new());
    for round in &rounds {
        for row in sql.all(VOICES, args![&round.id]).await? {
            let counts = (row.int("voices")?, row.int("undecided")?);
            voices.insert(row.text("channel_id")?, counts);
        }
        let count = sql.one(TOPICS, args![&round.id]).await?.int("n")?;
        topics.insert(round.id.to_string(), count);
    }
    let mut answered = Vec::new();
    for round in &rounds {
        answered.extend(super::super::report::store::answered(sql, &round.id).await?);
    }
    for round in &mut rounds {
        round.topics = topics.get(round.id.as_str()).copied().unwrap_or(0);
        for row in channels.iter() {
            if row.text("round_id")? != round.id.as_str() {
                continue;
            }
            let mut channel = channel(row)?;
            for party in &mut channel.asked {
                party.answered |= answered
                    .iter()
                    .any(|(id, name)| *id == channel.id.as_str() && *name == party.name);
            }
            let (all, undecided) = voices.get(channel.id.as_str()).copied().unwrap_or((0, 0));
            if channel.counted {
                channel.voices = Some(all);
                round.voices += all;
                round.undecided += undecided;
            }
            round.channels.push(channel);
        }
    }
    Ok(rounds)
}

/// One page of an edition's rounds, the newest first.
pub(crate) async fn list(sql: &mut dyn Sql, plan: &PlanId, page: &Page) -> Result<Vec<Round>> {
    let select = Select::new(ROUND)
        .and("plan_id = ?", plan)
        .page(page, &["id"], true, "id DESC");
    let rounds: Result<Vec<Round>> = sql.select(select).await?.iter().map(round).collect();
    complete(sql, rounds?).await
}

/// One page of the rounds anybody may see, the newest first.
pub(crate) async fn list_public(sql: &mut dyn Sql, page: &Page) -> Result<Vec<Round>> {
    let select = Select::new(ROUND)
        .and("state <> ?", RoundState::Preparing.as_str())
        .page(page, &["id"], true, "id DESC");
    let rounds: Result<Vec<Round>> = sql.select(select).await?.iter().map(round).collect();
    complete(sql, rounds?).await
}

/// How many rounds an edition has.
pub(crate) async fn count(sql: &mut dyn Sql, plan: &PlanId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_rounds WHERE plan_id = $1";
    sql.one(count, args![plan]).await?.int("n")
}

/// One round, with its channels and counts.
pub(crate) async fn get(sql: &mut dyn Sql, id: &RoundId) -> Result<Round> {
    let select = Select::new(ROUND).and("id = ?", id);
    let found = sql.select(select).await?;
    let round = round(found.first().ok_or_else(Error::not_found)?)?;
    let rounds = complete(sql, vec![round]).await?;
    rounds.into_iter().next().ok_or_else(Error::not_found)
}

/// One round with its channels, without counts: what an arriving opinion needs.
pub(crate) async fn get_plain(sql: &mut dyn Sql, id: &RoundId) -> Result<Round> {
    let select = Select::new(ROUND).and("id = ?", id);
    let found = sql.select(select).await?;
    let mut round = round(found.first().ok_or_else(Error::not_found)?)?;
    let select = Select::new(CHANNEL)
        .and("round_id = ?", id)
        .order_by("position, id");
    let channels: Result<Vec<Channel>> = sql.select(select).await?.iter().map(channel).collect();
    round.channels = channels?;
    Ok(round)
}

/// The round of a channel.
pub(crate) async fn round_of_channel(sql: &mut dyn Sql, id: &ChannelId) -> Result<RoundId> {
    let select = "SELECT round_id FROM plan_round_channels WHERE id = $1";
    let row = sql.optional(select, args![id]).await?;
    let row = row.ok_or_else(Error::not_found)?;
    Ok(RoundId::from_stored(row.text("round_id")?))
}

/// True when the edition has the measure.
pub(crate) async fn has_measure(sql: &mut dyn Sql, plan: &PlanId, number: i64) -> Result<bool> {
    let select = "SELECT id FROM plan_measures WHERE plan_id = $1 AND number = $2 \
                  AND dropped_at IS NULL";
    Ok(sql.optional(select, args![plan, number]).await?.is_some())
}

/// Stores a new round.
pub(crate) async fn insert(sql: &mut dyn Sql, round: &Round, now: Micros) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_rounds (id, plan_id, title, question, opens_on, closes_on, state, \
         review, salt, arrivals, regrouped, created_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, 1)",
        args![
            &round.id,
            &round.plan_id,
            &round.title,
            &round.question,
            round.opens_on.to_string(),
            round.closes_on.to_string(),
            round.state.as_str(),
            i64::from(round.review),
            round.salt.clone(),
            now,
        ],
    )
    .await
    .map(|_| ())
}

/// Stores what changed of a round, if it is still at its version.
pub(crate) async fn update(sql: &mut dyn Sql, round: &Round) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_rounds SET title = $3, question = $4, opens_on = $5, closes_on = $6, \
             state = $7, review = $8, salt = $9, version = version + 1 \
             WHERE id = $1 AND version = $2",
            args![
                &round.id,
                round.version,
                &round.title,
                &round.question,
                round.opens_on.to_string(),
                round.closes_on.to_string(),
                round.state.as_str(),
                i64::from(round.review),
                round.salt.clone(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Stores a new channel at the end.
pub(crate) async fn insert_channel(
    sql: &mut dyn Sql,
    round: &RoundId,
    channel: &Channel,
    position: i64,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_round_channels (id, round_id, position, kind, name, name_en, held, \
         note, counted, on_page, asked, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
        args![
            &channel.id,
            round,
            position,
            &channel.kind,
            &channel.name,
            &channel.name_en,
            &channel.held,
            &channel.note,
            i64::from(channel.counted),
            i64::from(channel.on_page),
            serde_json::to_string(&channel.asked)?,
        ],
    )
    .await
    .map(|_| ())
}

/// Stores what changed of a channel, if it is still at its version.
pub(crate) async fn update_channel(sql: &mut dyn Sql, channel: &Channel) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_round_channels SET name = $3, name_en = $4, held = $5, note = $6, \
             counted = $7, on_page = $8, asked = $9, version = version + 1 \
             WHERE id = $1 AND version = $2",
            args![
                &channel.id,
                channel.version,
                &channel.name,
                &channel.name_en,
                &channel.held,
                &channel.note,
                i64::from(channel.counted),
                i64::from(channel.on_page),
                serde_json::to_string(&channel.asked)?,
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes a channel.
pub(crate) async fn delete_channel(sql: &mut dyn Sql, id: &ChannelId) -> Result<()> {
    sql.execute("DELETE FROM plan_round_channels WHERE id = $1", args![id])
        .await
        .map(|_| ())
}

/// True when a channel has opinions.
pub(crate) async fn has_opinions(sql: &mut dyn Sql, id: &ChannelId) -> Result<bool> {
    let select = "SELECT id FROM plan_opinions WHERE channel_id = $1 LIMIT 1";
    Ok(sql.optional(select, args![id]).await?.is_some())
}

/// Takes the next `n` numbers of a round's arrivals and holds its row until the transaction
/// ends, so that numbers are given in the order of commit. Answers the first.
pub(crate) async fn arrive(sql: &mut dyn Sql, id: &RoundId, n: i64) -> Result<i64> {
    let update = "UPDATE plan_rounds SET arrivals = arrivals + $2 WHERE id = $1 \
                  RETURNING arrivals";
    let row = sql.optional(update, args![id, n]).await?;
    Ok(row.ok_or_else(Error::not_found)?.int("arrivals")? - n + 1)
}

/// How often the groups of a round were changed by hand.
pub(crate) async fn regrouped(sql: &mut dyn Sql, id: &RoundId) -> Result<i64> {
    let select = "SELECT regrouped FROM plan_rounds WHERE id = $1";
    let row = sql.optional(select, args![id]).await?;
    row.ok_or_else(Error::not_found)?.int("regrouped")
}

/// Notes that groups were changed by hand, and holds the round's row.
pub(crate) async fn note_regrouped(sql: &mut dyn Sql, id: &RoundId) -> Result<()> {
    let update = "UPDATE plan_rounds SET regrouped = regrouped + 1 WHERE id = $1";
    sql.execute(update, args![id]).await.map(|_| ())
}
