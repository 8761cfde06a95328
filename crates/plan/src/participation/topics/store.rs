//! SQL of groups of opinions.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::super::rounds::RoundId;
use super::{Topic, TopicId};

const TOPIC: &str = "SELECT t.id AS id, t.round_id AS round_id, t.title AS title, \
    t.statement AS statement, t.named AS named, t.shown_at AS shown_at, \
    t.merged_into AS merged_into, t.voices AS voices, t.agrees AS agrees, \
    t.disagrees AS disagrees, t.passes AS passes, t.version AS version, \
    (SELECT CAST(COALESCE(SUM(o.copies), 0) AS BIGINT) FROM plan_opinions o \
     WHERE o.topic_id = t.id AND o.decision_id IS NULL) AS undecided FROM plan_topics t";

fn topic(row: &Row) -> Result<Topic> {
    Ok(Topic {
        id: TopicId::from_stored(row.text("id")?),
        round_id: RoundId::from_stored(row.text("round_id")?),
        title: row.text("title")?,
        statement: row.text("statement")?,
        named: row.int("named")? == 1,
        shown_at: row.time_opt("shown_at")?,
        merged_into: row.text_opt("merged_into")?.map(TopicId::from_stored),
        voices: row.int("voices")?,
        undecided: row.int("undecided")?,
        agrees: row.int("agrees")?,
        disagrees: row.int("disagrees")?,
        passes: row.int("passes")?,
        version: row.int("version")?,
    })
}

/// One page of a round's groups, those with the most voices first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    round: &RoundId,
    shown_only: bool,
    q: Option<&str>,
    page: &Page,
) -> Result<Vec<Topic>> {
    let mut select = Select::new(TOPIC)
        .and("t.round_id = ?", round)
        .and_all("t.merged_into IS NULL AND t.voices > 0", vec![])
        .and_contains(&["t.title", "t.statement"], q);
    if shown_only {
        select = select.and_all("t.shown_at IS NOT NULL", vec![]);
    }
    let select = select.page(
        page,
        &["t.voices", "t.id"],
        true,
        "t.voices DESC, t.id DESC",
    );
    sql.select(select).await?.iter().map(topic).collect()
}

/// One group; of this round when one is named.
pub(crate) async fn get(sql: &mut dyn Sql, id: &TopicId, round: Option<&RoundId>) -> Result<Topic> {
    let select = Select::new(TOPIC)
        .and("t.id = ?", id)
        .and_opt("t.round_id = ?", round);
    let found = sql.select(select).await?;
    found.first().map_or_else(|| Err(Error::not_found()), topic)
}

/// Groups by id, in no order; those that are not there are left out.
pub(crate) async fn some(sql: &mut dyn Sql, ids: &[String]) -> Result<Vec<Topic>> {
    let ids = ids.iter().map(|id| id.as_str().into()).collect();
    let select = Select::new(TOPIC)
        .and_in("t.id", ids)
        .and_all("t.merged_into IS NULL", vec![]);
    sql.select(select).await?.iter().map(topic).collect()
}

/// A group to store.
pub(crate) struct NewTopic<'a> {
    pub(crate) id: &'a TopicId,
    pub(crate) round: &'a RoundId,
    pub(crate) title: &'a str,
    pub(crate) statement: &'a str,
    pub(crate) named: bool,
    pub(crate) shown_at: Option<Micros>,
    pub(crate) created_at: Micros,
}

/// Stores a new group.
pub(crate) async fn insert(sql: &mut dyn Sql, new: NewTopic<'_>) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_topics (id, round_id, title, statement, named, shown_at, voices, \
         agrees, disagrees, passes, created_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7, 1)",
        args![
            new.id,
            new.round,
            new.title,
            new.statement,
            i64::from(new.named),
            new.shown_at,
            new.created_at,
        ],
    )
    .await
    .map(|_| ())
}

/// Holds a group's row until the transaction ends.
pub(crate) async fn hold(sql: &mut dyn Sql, id: &TopicId) -> Result<()> {
    let update = "UPDATE plan_topics SET passes = passes WHERE id = $1";
    sql.execute(update, args![id]).await.map(|_| ())
}

/// Adds voices to a group, or takes them.
pub(crate) async fn add_voices(sql: &mut dyn Sql, id: &TopicId, n: i64) -> Result<()> {
    let update = "UPDATE plan_topics SET voices = voices + $2 WHERE id = $1";
    sql.execute(update, args![id, n]).await.map(|_| ())
}

/// The words of the first opinion of a group that still has some.
pub(crate) async fn words_left(sql: &mut dyn Sql, id: &TopicId) -> Result<Option<String>> {
    let select = "SELECT body FROM plan_opinions WHERE topic_id = $1 AND erased_at IS NULL \
                  ORDER BY seq LIMIT 1";
    let row = sql.optional(select, args![id]).await?;
    row.map(|row| row.text("body")).transpose()
}

/// Rewords a group.
pub(crate) async fn set_words(
    sql: &mut dyn Sql,
    id: &TopicId,
    title: &str,
    statement: &str,
    named: bool,
) -> Result<()> {
    let update = "UPDATE plan_topics SET title = $2, statement = $3, named = $4, \
                  version = version + 1 WHERE id = $1";
    sql.execute(update, args![id, title, statement, i64::from(named)])
        .await
        .map(|_| ())
}

/// Stores what staff changed of a group, if it is still at its version.
pub(crate) async fn update(sql: &mut dyn Sql, topic: &Topic) -> Result<bool> {
    let update = "UPDATE plan_topics SET title = $3, statement = $4, named = $5, shown_at = $6, \
                  version = version + 1 WHERE id = $1 AND version = $2";
    let args = args![
        &topic.id,
        topic.version,
        &topic.title,
        &topic.statement,
        i64::from(topic.named),
        topic.shown_at,
    ];
    Ok(sql.execute(update, args).await? == 1)
}

/// Puts all opinions of one group into another, by hand; a device that voted on both keeps its
/// vote on the second.
pub(crate) async fn merge(sql: &mut dyn Sql, from: &TopicId, into: &TopicId) -> Result<()> {
    let opinions = "UPDATE plan_opinions SET topic_id = $2, by_hand = 1 WHERE topic_id = $1";
    sql.execute(opinions, args![from, into]).await?;
    let twice = "DELETE FROM plan_topic_votes WHERE topic_id = $1 AND voter IN \
                 (SELECT voter FROM plan_topic_votes WHERE topic_id = $2)";
    sql.execute(twice, args![from, into]).await?;
    let votes = "UPDATE plan_topic_votes SET topic_id = $2 WHERE topic_id = $1";
    sql.execute(votes, args![from, into]).await?;
    let merged = "UPDATE plan_topics SET merged_into = $2, voices = 0, agrees = 0, \
                  disagrees = 0, passes = 0, shown_at = NULL, version = version + 1 \
                  WHERE id = $1";
    sql.execute(merged, args![from, into]).await?;
    recount(sql, into).await
}

/// Counts voices and votes of a group anew.
pub(crate) async fn recount(sql: &mut dyn Sql, id: &TopicId) -> Result<()> {
    let update = "UPDATE plan_topics SET version = version + 1, \
        voices = (SELECT CAST(COALESCE(SUM(copies), 0) AS BIGINT) FROM plan_opinions \
                  WHERE topic_id = $1), \
        agrees = (SELECT COUNT(1) FROM plan_topic_votes WHERE topic_id = $1 AND vote = 1), \
        disagrees = (SELECT COUNT(1) FROM plan_topic_votes WHERE topic_id = $1 AND vote = -1), \
        passes = (SELECT COUNT(1) FROM plan_topic_votes WHERE topic_id = $1 AND vote = 0) \
        WHERE id = $1";
    sql.execute(update, args![id]).await.map(|_| ())
}
