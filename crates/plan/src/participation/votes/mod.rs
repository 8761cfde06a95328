//! Votes (表态): devices agree, disagree or pass on statements, and the groups that show among
//! them ([`camps`]).
//!
//! Invariant: a vote is known by a salted digest of a random token of a device, and by nothing
//! else; the salt goes when the round is reported. One vote a device and statement; voting again
//! changes it.

pub mod api;
pub mod camps;
pub(crate) mod matrix;
#[cfg(test)]
mod tests;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::rounds::{Round, RoundId};
use super::topics::TopicId;
use super::words::Ballot;

/// A device voted.
pub const VOTE_CAST: Kind = Kind::new("vote.cast", Log::Supervision, "表态", "Vote cast").staff();

/// Most votes read to find groups among voters. Digests are random, so the first so many by
/// digest are a fair sample of devices.
pub const VOTES_READ_MAX: i64 = 400_000;

/// The digest of a device's token.
///
/// # Errors
/// 422 for a malformed token; 409 when the round has no salt any more.
pub fn voter(round: &Round, token: &str) -> Result<[u8; 32]> {
    let plain = (32..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_hexdigit());
    if !plain {
        let words = Text::new(
            "设备标记应为 32 到 128 位十六进制随机数。",
            "A device token is 32 to 128 random hexadecimal digits.",
        );
        return Err(Error::invalid("device_malformed", "device", words));
    }
    let Some(salt) = &round.salt else {
        let words = Text::new("这一轮已结束表态。", "Votes are no longer taken.");
        return Err(Error::conflict("round_not_open", words));
    };
    let digest = Sha256::new()
        .chain_update(b"tianyuan/voter/v1\n")
        .chain_update(salt)
        .chain_update(token.to_ascii_lowercase());
    Ok(digest.finalize().into())
}

/// True when the device voted in the round before.
pub(crate) async fn has_voted(
    sql: &mut dyn Sql,
    round: &RoundId,
    voter: &[u8; 32],
) -> Result<bool> {
    let select = "SELECT topic_id FROM plan_topic_votes WHERE round_id = $1 AND voter = $2 LIMIT 1";
    Ok(sql.optional(select, args![round, voter]).await?.is_some())
}

/// Stores a vote; answers the one it replaces.
pub(crate) async fn cast(
    sql: &mut dyn Sql,
    round: &RoundId,
    topic: &TopicId,
    voter: &[u8; 32],
    ballot: Ballot,
    now: Micros,
) -> Result<Option<Ballot>> {
    let select = "SELECT vote FROM plan_topic_votes WHERE topic_id = $1 AND voter = $2";
    let before = sql.optional(select, args![topic, voter]).await?;
    let before = before
        .map(|row| row.int("vote").map(Ballot::of))
        .transpose()?;
    if before == Some(ballot) {
        return Ok(before);
    }
    let upsert = "INSERT INTO plan_topic_votes (topic_id, voter, round_id, vote, cast_at) \
                  VALUES ($1, $2, $3, $4, $5) \
                  ON CONFLICT (topic_id, voter) DO UPDATE SET vote = $4, cast_at = $5";
    sql.execute(upsert, args![topic, voter, round, ballot.number(), now])
        .await?;
    let one = |b: Ballot| {
        let is = |x: Ballot| i64::from(b == x);
        [is(Ballot::Agree), is(Ballot::Disagree), is(Ballot::Pass)]
    };
    let (new, old) = (one(ballot), before.map_or([0; 3], one));
    let count = "UPDATE plan_topics SET agrees = agrees + $2, disagrees = disagrees + $3, \
                 passes = passes + $4 WHERE id = $1";
    let args = args![topic, new[0] - old[0], new[1] - old[1], new[2] - old[2]];
    sql.execute(count, args).await?;
    Ok(before)
}

/// The votes of one device, by statement.
pub(crate) async fn of_voter(
    sql: &mut dyn Sql,
    round: &RoundId,
    voter: &[u8; 32],
) -> Result<Vec<CastVote>> {
    let select = "SELECT topic_id, vote FROM plan_topic_votes WHERE round_id = $1 AND voter = $2 \
                  ORDER BY topic_id LIMIT 2000";
    let rows = sql.all(select, args![round, voter]).await?;
    let one = |row: &tianyuan_kernel::db::Row| {
        Ok(CastVote {
            topic: TopicId::from_stored(row.text("topic_id")?),
            vote: Ballot::of(row.int("vote")?),
        })
    };
    rows.iter().map(one).collect()
}

/// A vote of the device that asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CastVote {
    /// The statement's group.
    pub topic: TopicId,
    /// The vote.
    pub vote: Ballot,
}

/// Every vote of a round, as `(voter, statement, number)`, by voter.
pub(crate) async fn all(sql: &mut dyn Sql, round: &RoundId) -> Result<Vec<(Vec<u8>, String, i64)>> {
    let select = "SELECT voter, topic_id, vote FROM plan_topic_votes WHERE round_id = $1 \
                  ORDER BY voter, topic_id LIMIT $2";
    let rows = sql.all(select, args![round, VOTES_READ_MAX]).await?;
    rows.iter()
        .map(|row| Ok((row.bytes("voter")?, row.text("topic_id")?, row.int("vote")?)))
        .collect()
}
