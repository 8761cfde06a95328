//! The public page (公众参与门户): what strangers read, send and vote on without signing in.
//!
//! Invariants: only rounds that were opened and groups that were shown are seen; nobody's
//! personal data leaves; floods are held off by counts an address and in all, and by a small sum
//! the sender's browser works out ([`guard`]), with no service from outside.

pub mod api;
pub mod guard;
pub mod sending;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::{Ctx, Routes};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::report::Counts;
use super::rounds::{self, Clause, Round, RoundId};
use super::topics::{Topic, TopicId};
use super::words::{Outcome, RoundState};
use crate::plans::PlanId;

/// The routes of the public page.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().merge(api::routes()).merge(sending::routes())
}

/// A round as strangers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenRound {
    /// Its id.
    pub id: RoundId,
    /// What it is called.
    pub title: String,
    /// What people are asked.
    pub question: String,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub opens_on: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub closes_on: Date,
    /// Where it stands.
    pub state: RoundState,
    /// True while opinions and votes are taken here.
    pub accepts: bool,
    /// The edition it is about.
    pub plan_id: PlanId,
    /// The edition's official title.
    pub plan_title: String,
    /// The edition's English title; may be empty.
    pub plan_title_en: String,
    /// Opinions received, copies included.
    pub voices: i64,
}

/// A round with the draft it is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenRoundDetail {
    /// The round.
    pub round: OpenRound,
    /// Its channels, in order.
    pub channels: Vec<OpenChannel>,
    /// The draft's clauses, by number.
    pub clauses: Vec<OpenClause>,
}

/// A channel as strangers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenChannel {
    /// Its name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// When it was held, in words; may be empty.
    pub held: String,
    /// Its counts, once the round was reported; null before, and when it was not counted.
    pub counts: Option<Counts>,
}

/// A clause of the draft.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenClause {
    /// The measure's number.
    pub number: i64,
    /// Its official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// The programme's official title.
    pub programme: String,
    /// The programme's English title; may be empty.
    pub programme_en: String,
    /// What it says, in short.
    pub summary: Text,
}

/// What others said, as strangers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenTopic {
    /// Its id.
    pub id: TopicId,
    /// What it is about.
    pub title: String,
    /// The statement to vote on.
    pub statement: String,
    /// How many said so.
    pub voices: i64,
    /// Votes that agree.
    pub agrees: i64,
    /// Votes that disagree.
    pub disagrees: i64,
    /// Votes that pass.
    pub passes: i64,
}

impl From<Topic> for OpenTopic {
    fn from(topic: Topic) -> Self {
        Self {
            id: topic.id,
            title: topic.title,
            statement: topic.statement,
            voices: topic.voices,
            agrees: topic.agrees,
            disagrees: topic.disagrees,
            passes: topic.passes,
        }
    }
}

/// A published answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenAnswer {
    /// What it answers; empty when those words are not public.
    pub about: String,
    /// What was decided.
    pub outcome: Outcome,
    /// The answer.
    pub answer: String,
    /// The part of the plan it changes.
    pub clause: Clause,
    /// The measure's official title, when it changes one.
    pub clause_title: Option<String>,
    /// The new wording; may be empty.
    pub wording: String,
    /// Opinions it answers, copies included.
    pub opinions: i64,
    /// When it was published.
    pub published_at: Micros,
}

/// A round that strangers may see; others answer as absent.
async fn visible(ctx: &Ctx, id: &RoundId) -> Result<Round> {
    let round = rounds::store::get_plain(&mut ctx.read().await?, id).await?;
    if round.is_public() {
        Ok(round)
    } else {
        Err(Error::not_found())
    }
}

/// Goes on only while the round takes what strangers send.
fn accepting(round: &Round, now: Micros) -> Result<()> {
    if round.accepts(now) {
        return Ok(());
    }
    let words = Text::new(
        "这一轮现在不接收网上意见和表态。",
        "The round takes no opinions or votes from here now.",
    );
    Err(Error::conflict("round_not_open", words))
}
