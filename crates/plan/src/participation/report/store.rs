//! SQL of the report.

use tianyuan_kernel::args;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;

use super::super::decisions::DecisionId;
use super::super::opinions::TopicRef;
use super::super::rounds::{ChannelId, RoundId};
use super::super::topics::TopicId;
use super::super::words::Outcome;
use super::Raised;

/// How many opinions of each channel have which outcome, copies included.
pub(crate) async fn counts(
    sql: &mut dyn Sql,
    round: &RoundId,
) -> Result<Vec<(String, Option<Outcome>, i64)>> {
    let select = "SELECT o.channel_id AS channel_id, d.outcome AS outcome, \
                  CAST(SUM(o.copies) AS BIGINT) AS n FROM plan_opinions o \
                  LEFT JOIN plan_opinion_decisions d ON d.id = o.decision_id \
                  WHERE o.round_id = $1 GROUP BY o.channel_id, d.outcome";
    let rows = sql.all(select, args![round]).await?;
    rows.iter()
        .map(|row| {
            let outcome = row.text_opt("outcome")?.and_then(|o| Outcome::read(&o));
            Ok((row.text("channel_id")?, outcome, row.int("n")?))
        })
        .collect()
}

/// Channel and name of every party that gave an opinion.
pub(crate) async fn answered(sql: &mut dyn Sql, round: &RoundId) -> Result<Vec<(String, String)>> {
    let select = "SELECT DISTINCT channel_id, party FROM plan_opinions \
                  WHERE round_id = $1 AND party <> ''";
    let rows = sql.all(select, args![round]).await?;
    rows.iter()
        .map(|row| Ok((row.text("channel_id")?, row.text("party")?)))
        .collect()
}

/// The groups with the most opinions, of one channel or of all.
pub(crate) async fn raised(
    sql: &mut dyn Sql,
    round: &RoundId,
    channel: Option<&ChannelId>,
    limit: i64,
) -> Result<Vec<Raised>> {
    let all = "SELECT t.id AS id, t.title AS title, CAST(SUM(o.copies) AS BIGINT) AS voices \
               FROM plan_opinions o JOIN plan_topics t ON t.id = o.topic_id \
               WHERE o.round_id = $1 GROUP BY t.id, t.title \
               ORDER BY 3 DESC, t.id LIMIT $2";
    let one = "SELECT t.id AS id, t.title AS title, CAST(SUM(o.copies) AS BIGINT) AS voices \
               FROM plan_opinions o JOIN plan_topics t ON t.id = o.topic_id \
               WHERE o.round_id = $1 AND o.channel_id = $3 GROUP BY t.id, t.title \
               ORDER BY 3 DESC, t.id LIMIT $2";
    let rows = match channel {
        None => sql.all(all, args![round, limit]).await?,
        Some(channel) => sql.all(one, args![round, limit, channel]).await?,
    };
    rows.iter()
        .map(|row| {
            Ok(Raised {
                topic: TopicRef {
                    id: TopicId::from_stored(row.text("id")?),
                    title: row.text("title")?,
                },
                voices: row.int("voices")?,
            })
        })
        .collect()
}

/// Names of the channels a decision's opinions came by.
pub(crate) async fn channels_of(sql: &mut dyn Sql, decision: &DecisionId) -> Result<Vec<String>> {
    let select = "SELECT DISTINCT c.position AS position, c.name AS name FROM plan_opinions o \
                  JOIN plan_round_channels c ON c.id = o.channel_id \
                  WHERE o.decision_id = $1 ORDER BY 1";
    let rows = sql.all(select, args![decision]).await?;
    rows.iter().map(|row| row.text("name")).collect()
}
