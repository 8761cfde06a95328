//! Opinions (意见): what was said, in which channel, about which part of the plan.
//!
//! Invariants: what is received twice in the same words is one opinion with one more copy; who
//! said it stands in [`contacts`] alone; erasing words or contacts is a fact and breaks no proof.

pub mod api;
pub mod attachments;
pub mod contacts;
pub mod erasure;
pub mod intake;
pub mod many;
pub mod sheet;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tianyuan_kernel::authority::Entity;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::http::Routes;
use tianyuan_kernel::journal::{Kind, Log};
use utoipa::ToSchema;

use super::decisions::DecisionId;
use super::rounds::{ChannelId, Clause, RoundId};
use super::topics::TopicId;
use super::words::{Outcome, Source};

tianyuan_kernel::id!(OpinionId, "opinion", "An opinion.");
tianyuan_kernel::id!(ContactId, "contact", "Who gave an opinion.");

/// An opinion came in.
pub const OPINION_RECEIVED: Kind = Kind::new(
    "opinion.received",
    Log::Material,
    "收到意见",
    "Opinion received",
)
.open(&["round", "channel", "measure", "source"])
.staff();
/// The same words came in again.
pub const OPINION_REPEATED: Kind = Kind::new(
    "opinion.repeated",
    Log::Material,
    "再次收到相同意见",
    "Opinion received again",
)
.open(&["round", "channel", "copies", "source"])
.staff();
/// Many opinions came in at once.
pub const OPINIONS_IMPORTED: Kind = Kind::new(
    "opinions.imported",
    Log::Material,
    "批量录入意见",
    "Opinions imported",
)
.open(&["channel", "source", "added", "repeated", "skipped"])
.staff();
/// The opinions of a round left as a workbook.
pub const OPINIONS_EXPORTED: Kind = Kind::new(
    "opinions.exported",
    Log::Supervision,
    "导出意见",
    "Opinions exported",
);
/// An opinion was put into another group by hand, or its clause corrected.
pub const OPINION_MOVED: Kind = Kind::new(
    "opinion.moved",
    Log::Material,
    "调整意见归组",
    "Opinion put into another group",
)
.open(&["round", "from", "to"])
.staff();
/// Personal data was kept with an opinion.
pub const CONTACT_KEPT: Kind = Kind::new(
    "contact.kept",
    Log::Supervision,
    "留存联系信息",
    "Contact kept",
);
/// Somebody looked at personal data.
pub const CONTACTS_SEEN: Kind = Kind::new(
    "contacts.seen",
    Log::Supervision,
    "查看联系信息",
    "Contacts seen",
);
/// Personal data, or an opinion's words, were erased.
pub const OPINION_ERASED: Kind = Kind::new(
    "opinion.erased",
    Log::Supervision,
    "删除意见中的个人信息",
    "Personal data of an opinion erased",
);

/// Most characters of an opinion.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// Most different opinions of a round.
pub const OPINIONS_MAX: i64 = 500_000;

/// The routes of opinions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .merge(api::routes())
        .merge(many::routes())
        .merge(sheet::routes())
        .merge(contacts::routes())
        .merge(erasure::routes())
        .merge(attachments::routes())
}

/// An opinion.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Opinion {
    /// Its id.
    pub id: OpinionId,
    /// Its round.
    pub round_id: RoundId,
    /// Its place in the order of arrival, from 1.
    pub seq: i64,
    /// The channel it came in by.
    pub channel: ChannelRef,
    /// The group it stands in.
    pub topic: TopicRef,
    /// What it is about.
    pub clause: Clause,
    /// The measure's official title, when it is about one.
    pub clause_title: Option<String>,
    /// Its words; empty once erased.
    pub text: String,
    /// Who of those asked said it; empty when that is not noted.
    pub party: String,
    /// How it came in.
    pub source: Source,
    /// How often it was received in the same words.
    pub copies: i64,
    /// How similar it was to its group when it was put there, 0 to 1; null for the first and for
    /// those put there by hand.
    pub similarity: Option<f64>,
    /// The opinion it was most similar to.
    pub similar_to: Option<OpinionId>,
    /// True when a person put it into its group.
    pub by_hand: bool,
    /// What was decided.
    pub decision: Option<DecisionRef>,
    /// When it was received first.
    pub received_at: Micros,
    /// When its words were erased.
    pub erased_at: Option<Micros>,
}

/// A channel, as opinions mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelRef {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
}

/// A group of opinions, as opinions mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TopicRef {
    /// Its id.
    pub id: TopicId,
    /// Its title.
    pub title: String,
}

/// A decision, as opinions mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecisionRef {
    /// Its id.
    pub id: DecisionId,
    /// What was decided.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// When its answer was published.
    pub published_at: Option<Micros>,
}

/// The record attachments belong to.
#[must_use]
pub(crate) fn file_record(id: &OpinionId) -> Entity {
    Entity::new("Opinion", id.as_str())
}
