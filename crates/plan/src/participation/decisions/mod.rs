//! Decisions (处理意见): what becomes of opinions, and why.
//!
//! Invariant: there is no decision without a reason; one decision covers one opinion or the
//! opinions of a whole group, and a later one takes its place.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::journal::{Kind, Log};
use utoipa::ToSchema;

use super::rounds::{Clause, RoundId};
use super::topics::TopicId;
use super::words::Outcome;

tianyuan_kernel::id!(DecisionId, "decision", "A decision on opinions.");

/// Opinions were decided.
pub const OPINION_DECIDED: Kind = Kind::new(
    "opinion.decided",
    Log::Material,
    "处理意见",
    "Opinions decided",
)
.open(&["round", "outcome", "measure", "opinions", "published"])
.staff();

/// Characters of a reason, a wording or an answer.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// A decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpinionDecision)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// Its round.
    pub round_id: RoundId,
    /// The group it was made for; null when it is on one opinion.
    pub topic_id: Option<TopicId>,
    /// What was decided.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// The part of the plan it changes.
    pub clause: Clause,
    /// The measure's official title, when it changes one.
    pub clause_title: Option<String>,
    /// The new wording; may be empty.
    pub wording: String,
    /// The answer to those who said it; empty when the reason says it all.
    pub answer: String,
    /// When the answer was published.
    pub published_at: Option<Micros>,
    /// When it was decided.
    pub decided_at: Micros,
    /// Opinions it covers now, copies included.
    pub opinions: i64,
}

impl Decision {
    /// What the public reads: the answer, or the reason when there is none of its own.
    #[must_use]
    pub fn said(&self) -> &str {
        if self.answer.is_empty() {
            &self.reason
        } else {
            &self.answer
        }
    }
}
