//! Public participation (公众参与) in an edition: rounds with their channels, opinions and how
//! they group, decisions with reasons, votes, the public page, and the report.
//!
//! Start reading at [`rounds`] (what is asked, of whom), then [`opinions::intake`] (how an
//! opinion arrives), [`grouping`] (which say the same), [`decisions`] and [`report`].
//!
//! Invariants: an opinion that was acknowledged is counted, once for each time it was sent;
//! names, numbers and units of people stand in a table of their own and in no fact; what people
//! grouped by hand stays as they left it.

pub mod decisions;
pub mod demo;
pub mod grouping;
pub mod open;
pub mod opinions;
pub mod report;
pub mod rounds;
#[cfg(test)]
pub(crate) mod testing;
pub mod topics;
pub mod votes;
pub mod words;

use tianyuan_kernel::http::Routes;
use tianyuan_kernel::journal::Kind;

pub use report::{Report, report};
pub use rounds::RoundId;

/// The routes of participation.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .merge(rounds::api::routes())
        .merge(rounds::channels::routes())
        .merge(opinions::routes())
        .merge(topics::api::routes())
        .merge(decisions::api::routes())
        .merge(votes::api::routes())
        .merge(report::api::routes())
        .merge(open::routes())
}

/// The kinds of facts participation writes.
pub const KINDS: &[Kind] = &[
    rounds::ROUND_CREATED,
    rounds::ROUND_CHANGED,
    rounds::CHANNEL_CREATED,
    rounds::CHANNEL_CHANGED,
    rounds::CHANNEL_REMOVED,
    opinions::OPINION_RECEIVED,
    opinions::OPINION_REPEATED,
    opinions::OPINIONS_IMPORTED,
    opinions::OPINIONS_EXPORTED,
    opinions::OPINION_MOVED,
    opinions::CONTACT_KEPT,
    opinions::CONTACTS_SEEN,
    opinions::OPINION_ERASED,
    topics::TOPIC_CHANGED,
    topics::TOPICS_MERGED,
    topics::TOPIC_SPLIT,
    decisions::OPINION_DECIDED,
    votes::VOTE_CAST,
];
