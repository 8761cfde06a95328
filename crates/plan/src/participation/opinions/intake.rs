//! How opinions arrive: counted when the words are known, grouped when they are new.
//!
//! The numbers of a round are given in the order of commit, because every arrival holds the
//! round's row. So the index of a round can follow its opinions by number, whichever node
//! received them, and a number that names another opinion than before tells that a transaction
//! was lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tianyuan_kernel::App;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::text;

use super::super::grouping::{Index, words};
use super::super::rounds::{self, Channel, Clause, Round, RoundId};
use super::super::topics::{self, TopicId};
use super::super::words::Source;
use super::{OPINIONS_MAX, OpinionId, TEXT_CHARS_MAX, store};

/// Rounds whose index is kept in memory at once.
const ROUNDS_KEPT_MAX: usize = 4;
/// Opinions an index reads at once.
const READ_AT_ONCE: i64 = 5_000;

/// An opinion about to be received.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its words.
    pub text: String,
    /// What it is about, checked.
    pub clause: Clause,
    /// Who of those asked said it.
    pub party: String,
    /// How often it was said, at least 1.
    pub copies: i64,
}

/// An opinion whose words were looked at.
pub struct Prepared {
    pub(super) incoming: Incoming,
    terms: String,
    words_hash: [u8; 32],
    pub(super) same_key: [u8; 32],
}

/// Where an opinion was put.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its id; of the earlier one when the words were known.
    pub opinion: OpinionId,
    /// Its group.
    pub topic: TopicId,
    /// True when the same words were there.
    pub repeated: bool,
    /// Copies it has now.
    pub copies: i64,
    /// True when it opened a group.
    pub new_topic: bool,
}

/// Checks the words of an opinion; answers them trimmed.
///
/// # Errors
/// 422 when they are blank or too many.
pub fn check_text(field: &str, text: &str) -> Result<String> {
    let trimmed = text.trim();
    let size = trimmed.chars().count();
    if size == 0 {
        let words = tianyuan_kernel::Text::new("请写下意见。", "Write an opinion.");
        return Err(Error::invalid("required", field, words));
    }
    if size > TEXT_CHARS_MAX {
        let words = text!(
            "一条意见最多 {TEXT_CHARS_MAX} 个字符，收到 {size} 个。",
            "An opinion has at most {TEXT_CHARS_MAX} characters; got {size}."
        );
        return Err(
            Error::invalid("too_long", field, words).hint(tianyuan_kernel::Text::new(
                "更长的内容请作为附件提交。",
                "Attach what is longer as a file.",
            )),
        );
    }
    Ok(trimmed.to_owned())
}

/// Looks at the words, in a thread that may take its time.
///
/// # Errors
/// When the thread was lost.
pub async fn prepare(items: Vec<Incoming>) -> Result<Vec<Prepared>> {
    let work = move || items.into_iter().map(prepared).collect();
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

fn prepared(incoming: Incoming) -> Prepared {
    let terms = words::terms(&incoming.text);
    let words_hash = words::digest(&incoming.text);
    let same_key = same_key(&words_hash, &incoming.clause, &incoming.party);
    Prepared {
        incoming,
        terms,
        words_hash,
        same_key,
    }
}

/// Digest of words, clause and party.
pub(crate) fn same_key(words_hash: &[u8; 32], clause: &Clause, party: &str) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let number = clause.measure.unwrap_or(0);
    let about = format!("{number}\n{}\n{party}", clause.section);
    Sha256::new()
        .chain_update(words_hash)
        .chain_update(about)
        .finalize()
        .into()
}

/// The index of one round, and how far it followed.
#[derive(Default)]
pub(crate) struct RoundIndex {
    index: Index,
    last: Option<(i64, String)>,
    regrouped: i64,
}

/// The indexes of the rounds that opinions arrive in.
#[derive(Default)]
pub struct Indexes(Mutex<Kept>);

type Shared = Arc<tokio::sync::Mutex<RoundIndex>>;

#[derive(Default)]
struct Kept {
    rounds: HashMap<RoundId, (Shared, u64)>,
    uses: u64,
}

impl Indexes {
    fn of(&self, round: &RoundId) -> Shared {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        if let Some((shared, used)) = kept.rounds.get_mut(round) {
            *used = now;
            return shared.clone();
        }
        if kept.rounds.len() >= ROUNDS_KEPT_MAX {
            let oldest = kept.rounds.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                kept.rounds.remove(&oldest);
            }
        }
        let shared = Shared::default();
        kept.rounds.insert(round.clone(), (shared.clone(), now));
        shared
    }
}

impl RoundIndex {
    /// Follows what arrived. `sure` is true inside a transaction that holds the round's row: only
    /// there a missing number means that a transaction was lost.
    async fn follow(&mut self, sql: &mut dyn Sql, round: &RoundId, sure: bool) -> Result<()> {
        let regrouped = rounds::store::regrouped(sql, round).await?;
        let lost = match &self.last {
            None => false,
            Some((seq, id)) => match store::id_at(sql, round, *seq).await? {
                Some(there) => there != *id,
                None => sure,
            },
        };
        if lost || regrouped > self.regrouped {
            *self = Self::default();
            self.regrouped = regrouped;
        }
        loop {
            let after = self.last.as_ref().map_or(0, |(seq, _)| *seq);
            let rows = store::indexed_after(sql, round, after, READ_AT_ONCE).await?;
            let full = rows.len() as i64 == READ_AT_ONCE;
            for row in rows {
                let terms = row.terms.unwrap_or_else(|| words::terms(&row.body));
                self.index.add(&row.id, &row.topic, &terms, row.by_hand);
                self.last = Some((row.seq, row.id));
            }
            if !full {
                return Ok(());
            }
        }
    }
}

/// Brings a round's index up to date before a transaction holds the writer for it.
///
/// # Errors
/// When the database does not answer.
pub async fn warm(app: &App, round: &RoundId) -> Result<()> {
    // The connection first: who holds an index never waits for one.
    let mut sql = app.db().read().await?;
    let shared = app.get::<Indexes>()?.of(round);
    let mut index = shared.lock().await;
    index.follow(&mut sql, round, false).await
}

/// Groups of a round similar to a text, the most similar first.
///
/// # Errors
/// When the database does not answer.
pub async fn similar(
    app: &App,
    sql: &mut dyn Sql,
    round: &RoundId,
    text: String,
    limit: usize,
) -> Result<Vec<super::super::grouping::Match>> {
    let work = move || words::terms(&text);
    let terms = tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?;
    let shared = app.get::<Indexes>()?.of(round);
    let mut index = shared.lock().await;
    index.follow(sql, round, false).await?;
    Ok(index.index.best(&terms, limit))
}

/// Receives opinions, in their order. The caller writes the facts.
///
/// # Errors
/// 409 when the round is full.
pub async fn receive(
    tx: &mut Tx,
    round: &Round,
    channel: &Channel,
    source: Source,
    items: Vec<Prepared>,
) -> Result<Vec<Placed>> {
    // Holds the round's row; the numbers are taken below, for what is new.
    let first = rounds::store::arrive(tx, &round.id, 0).await?;
    let mut seq = first;
    let shared = tx.app().get::<Indexes>()?.of(&round.id);
    let mut index = shared.lock().await;
    let mut followed = false;
    let mut placed = Vec::with_capacity(items.len());
    for item in items {
        if let Some(known) = store::same(tx, &channel.id, &item.same_key).await? {
            let copies = item.incoming.copies;
            let now = store::add_copies(tx, &known.opinion, copies).await?;
            topics::store::add_voices(tx, &known.topic, copies).await?;
            placed.push(Placed {
                opinion: known.opinion,
                topic: known.topic,
                repeated: true,
                copies: now,
                new_topic: false,
            });
            continue;
        }
        if seq > OPINIONS_MAX {
            let words = text!(
                "一轮最多 {OPINIONS_MAX} 条不同的意见。",
                "A round takes at most {OPINIONS_MAX} different opinions."
            );
            return Err(Error::conflict("round_full", words));
        }
        if !followed {
            index.follow(tx, &round.id, true).await?;
            followed = true;
        }
        placed.push(place(tx, round, channel, source, &mut index, item, seq).await?);
        seq += 1;
    }
    if seq > first {
        rounds::store::arrive(tx, &round.id, seq - first).await?;
    }
    Ok(placed)
}

async fn place(
    tx: &mut Tx,
    round: &Round,
    channel: &Channel,
    source: Source,
    index: &mut RoundIndex,
    item: Prepared,
    seq: i64,
) -> Result<Placed> {
    let id = OpinionId::new(tx.app());
    // The same words in another channel, or about another clause, are on the same topic.
    let same = store::same_words(tx, &round.id, &item.words_hash).await?;
    let found = match same {
        Some(known) => Some((known.topic, 1.0, known.opinion)),
        None => index
            .index
            .best(&item.terms, 1)
            .into_iter()
            .find(super::super::grouping::Match::joins)
            .map(|m| {
                let topic = TopicId::from_stored(m.topic);
                (topic, m.similarity, OpinionId::from_stored(m.opinion))
            }),
    };
    let new_topic = found.is_none();
    let (topic, similarity, similar_to) = match found {
        Some((topic, similarity, like)) => (topic, Some(similarity), Some(like)),
        None => {
            let topic = topics::open(tx, round, source, &item.incoming.text).await?;
            (topic, None, None)
        }
    };
    let row = store::NewOpinion {
        id: &id,
        round: &round.id,
        seq,
        channel: &channel.id,
        topic: &topic,
        incoming: &item.incoming,
        same_key: item.same_key,
        words_hash: item.words_hash,
        terms: Some(&item.terms),
        source,
        similarity,
        similar_to: similar_to.as_ref(),
        by_hand: false,
        received_at: tx.now(),
        received_by: tx.actor().map(str::to_owned),
    };
    store::insert(tx, row).await?;
    topics::store::add_voices(tx, &topic, item.incoming.copies).await?;
    index
        .index
        .add(id.as_str(), topic.as_str(), &item.terms, false);
    index.last = Some((seq, id.to_string()));
    Ok(Placed {
        opinion: id,
        topic,
        repeated: false,
        copies: item.incoming.copies,
        new_topic,
    })
}
