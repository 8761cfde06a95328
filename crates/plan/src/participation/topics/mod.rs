//! Topics (意见组): opinions that say the same, under one title, with one statement to vote on.
//!
//! Invariant: what people named, merged, split or moved stays so; arrivals only join.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::{Ctx, Tx};
use tianyuan_kernel::journal::{Kind, Log};
use utoipa::ToSchema;

use super::opinions::{self, Opinion};
use super::rounds::{self, Round, RoundId};
use super::words::Source;

tianyuan_kernel::id!(TopicId, "topic", "A group of opinions.");

/// A group was named, reworded, shown or hidden.
pub const TOPIC_CHANGED: Kind = Kind::new(
    "topic.changed",
    Log::Material,
    "更改意见组",
    "Group of opinions changed",
)
.open(&["round", "shown"])
.staff();
/// A group was merged into another.
pub const TOPICS_MERGED: Kind = Kind::new(
    "topics.merged",
    Log::Material,
    "合并意见组",
    "Groups of opinions merged",
)
.open(&["round", "into", "opinions"])
.staff();
/// Opinions were split off a group.
pub const TOPIC_SPLIT: Kind = Kind::new(
    "topic.split",
    Log::Material,
    "拆分意见组",
    "Group of opinions split",
)
.open(&["round", "from", "opinions"])
.staff();

/// Characters of a title.
pub const TITLE_CHARS_MAX: usize = 80;
/// Characters of a statement.
pub const STATEMENT_CHARS_MAX: usize = 400;
/// Characters of a title taken from an opinion.
const TITLE_TAKEN_CHARS: usize = 32;
/// Characters of a statement taken from an opinion.
const STATEMENT_TAKEN_CHARS: usize = 140;

/// A group of opinions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpinionTopic)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its round.
    pub round_id: RoundId,
    /// What it is about.
    pub title: String,
    /// What people vote on.
    pub statement: String,
    /// True once a person gave title or statement.
    pub named: bool,
    /// When it was shown to the public; null while it is not.
    pub shown_at: Option<Micros>,
    /// The group it was merged into.
    pub merged_into: Option<TopicId>,
    /// Opinions in it, copies included.
    pub voices: i64,
    /// Of these, without a decision.
    pub undecided: i64,
    /// Votes that agree.
    pub agrees: i64,
    /// Votes that disagree.
    pub disagrees: i64,
    /// Votes that pass.
    pub passes: i64,
    /// Grows with every change.
    pub version: i64,
}

/// Opens a group for an opinion that is like none before.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn open(
    tx: &mut Tx,
    round: &Round,
    source: Source,
    text: &str,
) -> Result<TopicId> {
    let id = TopicId::new(tx.app());
    let (title, statement) = taken(text);
    let now = tx.now();
    // What units and deputies say inside is shown only when staff says so.
    let shown = (source == Source::Web && !round.review).then_some(now);
    let new = store::NewTopic {
        id: &id,
        round: &round.id,
        title: &title,
        statement: &statement,
        named: false,
        shown_at: shown,
        created_at: now,
    };
    store::insert(tx, new).await?;
    Ok(id)
}

/// Title and statement taken from an opinion's words: its first sentence, and its beginning.
fn taken(text: &str) -> (String, String) {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = flat
        .split_inclusive(['。', '！', '？', '；', '!', '?', ';'])
        .next()
        .unwrap_or_default()
        .trim_end_matches(['。', '！', '？', '；', '!', '?', ';', ' ']);
    let title = if sentence.is_empty() { &flat } else { sentence };
    (
        shortened(title, TITLE_TAKEN_CHARS),
        shortened(&flat, STATEMENT_TAKEN_CHARS),
    )
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}

/// Gives a group that nobody named a title from what is left in it.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn name_anew(tx: &mut Tx, id: &TopicId) -> Result<()> {
    let topic = store::get(tx, id, None).await?;
    if topic.named {
        return Ok(());
    }
    let left = store::words_left(tx, id).await?;
    let (title, statement) = left.map_or_else(
        || ("（已删除）".to_owned(), "（已删除）".to_owned()),
        |text| taken(&text),
    );
    store::set_words(tx, id, &title, &statement, false).await
}

/// Moves an opinion into another group.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn put(tx: &mut Tx, opinion: &Opinion, to: &TopicId) -> Result<()> {
    opinions::store::put_into(tx, &opinion.id, to).await?;
    store::add_voices(tx, &opinion.topic.id, -opinion.copies).await?;
    store::add_voices(tx, to, opinion.copies).await
}

/// A group and its round, if the caller may do this to it.
async fn allowed(ctx: &Ctx, tx: &mut Tx, id: &TopicId, action: Action) -> Result<(Topic, Round)> {
    let topic = store::get(tx, id, None).await?;
    let round = rounds::store::get_plain(tx, &topic.round_id).await?;
    ctx.allow(action, &round)?;
    Ok((topic, round))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_group_is_named_by_the_first_sentence() {
        let (title, statement) = taken("多建充电桩。\n尤其是老小区。");
        assert_eq!(title, "多建充电桩");
        assert_eq!(statement, "多建充电桩。 尤其是老小区。");
        let (title, _) = taken(&"很长".repeat(100));
        assert_eq!(title.chars().count(), TITLE_TAKEN_CHARS);
        assert_eq!(taken("！！").0, "！！");
        assert_eq!(taken("👍").0, "👍");
    }
}
