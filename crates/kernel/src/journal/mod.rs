//! The journal: every change to a record writes its fact in the same transaction (house.md,
//! invariant 2). A fact's place in the order is given after commit by the sequencer, so that a
//! reader who tails by `seq` misses nobody.

mod leaf;
mod sequencer;
mod store;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use leaf::{actor_text, fact_text, leaf};
pub use sequencer::{Journal, run_reaction, sequence};
pub(crate) use store::insert as insert_fact;
pub use store::{advance_cursor, cursor, fact, facts_about, facts_after, head};

use crate::App;
use crate::clock::Micros;
use crate::error::Result;
use crate::http::tx::Tx;
use crate::text::Text;

crate::id!(FactId, "fact", "A fact of the journal.");

/// Which of the five ledgers (五链, measure 29 of the plan) a fact belongs to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// 目录链: what there is.
    Directory,
    /// 身份链: who there is.
    Identity,
    /// 材料链: what was handed in.
    Material,
    /// 签署链: what was signed.
    Signing,
    /// 监管链: who did, saw and sent what.
    Supervision,
}

impl Log {
    /// All five, in the plan's order.
    pub const ALL: [Self; 5] = [
        Self::Directory,
        Self::Identity,
        Self::Material,
        Self::Signing,
        Self::Supervision,
    ];

    /// The name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Identity => "identity",
            Self::Material => "material",
            Self::Signing => "signing",
            Self::Supervision => "supervision",
        }
    }

    /// The plan's name for it.
    #[must_use]
    pub const fn title(self) -> Text {
        match self {
            Self::Directory => Text::new("目录链", "Directory ledger"),
            Self::Identity => Text::new("身份链", "Identity ledger"),
            Self::Material => Text::new("材料链", "Material ledger"),
            Self::Signing => Text::new("签署链", "Signing ledger"),
            Self::Supervision => Text::new("监管链", "Supervision ledger"),
        }
    }

    /// True when a leaf of this log may carry open fields and its kind in clear; leaves of the
    /// others carry commitments only.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Directory | Self::Material)
    }
}

/// Who may see a fact besides auditors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody who works here.
    Staff,
    /// Auditors and operators only.
    Auditors,
}

impl Audience {
    /// The name policies use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Auditors => "auditors",
        }
    }
}

/// A kind of fact, declared by its room as a constant and listed in `Room::kinds`.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `noun.verb_in_the_past`.
    pub name: &'static str,
    /// Words for the audit page.
    pub title: Text2,
    /// The ledger it goes to.
    pub log: Log,
    /// Body fields that stand in clear in the leaf (Directory and Material only).
    pub open: &'static [&'static str],
    /// Who may see it.
    pub audience: Audience,
}

/// A text known at compile time, `Copy`.
#[derive(Clone, Copy, Debug)]
pub struct Text2 {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl From<Text2> for Text {
    fn from(text: Text2) -> Self {
        Self::new(text.zh, text.en)
    }
}

impl Kind {
    /// A kind that only auditors see and whose leaf is sealed.
    #[must_use]
    pub const fn new(name: &'static str, log: Log, zh: &'static str, en: &'static str) -> Self {
        Self {
            name,
            title: Text2 { zh, en },
            log,
            open: &[],
            audience: Audience::Auditors,
        }
    }

    /// Lets these body fields stand in clear in the leaf.
    #[must_use]
    pub const fn open(mut self, fields: &'static [&'static str]) -> Self {
        assert!(
            self.log.is_open(),
            "only directory and material leaves carry open fields"
        );
        self.open = fields;
        self
    }

    /// Lets everybody who works here see it.
    #[must_use]
    pub const fn staff(mut self) -> Self {
        self.audience = Audience::Staff;
        self
    }
}

/// A fact as it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Its id.
    pub id: FactId,
    /// Its place in the order; `None` until it was sequenced.
    pub seq: Option<i64>,
    /// Its kind's name.
    pub kind: String,
    /// The record it is about.
    pub subject: String,
    /// Who did it; `None` for the node itself, or after erasure.
    pub actor: Option<String>,
    /// When; never earlier than the fact before it.
    pub at: Micros,
    /// What happened; `None` after erasure.
    pub body: Option<Value>,
    /// 256-bit salt of the body's commitment.
    #[serde(skip)]
    pub body_salt: Option<Vec<u8>>,
    /// 256-bit salt of the actor's commitment.
    #[serde(skip)]
    pub actor_salt: Option<Vec<u8>>,
    /// When its body or actor was erased.
    pub erased_at: Option<Micros>,
    /// The ledger's leaf, kept here once it can no longer be computed.
    #[serde(skip)]
    pub leaf: Option<Vec<u8>>,
}

/// A reaction: consumes facts of some kinds in order, exactly once, with a stored cursor. Its
/// writes and the cursor's advance share one transaction.
#[derive(Clone, Copy)]
pub struct Reaction {
    /// Unique name, also the cursor's.
    pub name: &'static str,
    /// The kinds it consumes.
    pub kinds: &'static [&'static str],
    /// What it does with one fact.
    pub run: for<'a> fn(&'a App, &'a mut Tx, &'a Fact) -> BoxFuture<'a, Result<()>>,
}

/// Deletes salts and words of what points to a person: bodies of facts about them, and their
/// name as the actor of others. The leaves are made first and kept, so the ledgers still carry
/// the commitments, which now open for nobody. Answers how many facts were touched.
///
/// # Errors
/// When the database does not answer.
pub async fn erase(tx: &mut Tx, person: &str) -> Result<u64> {
    // A leaf holds the fact's time, which is final once the fact has its number.
    sequencer::number_all(tx).await?;
    for fact in store::pointing_to(tx, person).await? {
        if fact.leaf.is_none() {
            let kind = tx.app().kind(&fact.kind).copied();
            store::keep_leaf(tx, &fact.id, leaf(kind.as_ref(), &fact)?).await?;
        }
    }
    crate::http::tx::forget_answers_about(tx, person).await?;
    let now = tx.now();
    store::forget(tx, person, now).await
}
