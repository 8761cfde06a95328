//! Rounds of participation (征询轮次) of an edition, and their channels (渠道): site visits, written
//! rounds, deputies' sessions, hearings, the web, and whatever a district names.
//!
//! Invariant: a round takes opinions only while it is open or being answered; once reported,
//! nothing of it changes until it is taken back.

pub mod api;
pub mod channels;
pub(crate) mod checks;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::words::{PartyKind, RoundState};
use crate::plans::PlanId;

tianyuan_kernel::id!(RoundId, "round", "A round of participation.");
tianyuan_kernel::id!(ChannelId, "channel", "A channel of a round.");

/// A round was set up.
pub const ROUND_CREATED: Kind = Kind::new(
    "round.created",
    Log::Directory,
    "新建征询轮次",
    "Round of participation set up",
)
.open(&["plan", "title", "opens_on", "closes_on", "state"])
.staff();
/// A round changed.
pub const ROUND_CHANGED: Kind = Kind::new(
    "round.changed",
    Log::Directory,
    "更改征询轮次",
    "Round of participation changed",
)
.open(&["plan", "title", "opens_on", "closes_on", "state"])
.staff();
/// A channel was added.
pub const CHANNEL_CREATED: Kind = Kind::new(
    "channel.created",
    Log::Directory,
    "新增征询渠道",
    "Channel added",
)
.open(&["round", "name", "counted"])
.staff();
/// A channel changed.
pub const CHANNEL_CHANGED: Kind = Kind::new(
    "channel.changed",
    Log::Directory,
    "更改征询渠道",
    "Channel changed",
)
.open(&["round", "name", "counted"])
.staff();
/// A channel without opinions was removed.
pub const CHANNEL_REMOVED: Kind = Kind::new(
    "channel.removed",
    Log::Directory,
    "删除征询渠道",
    "Channel removed",
)
.open(&["round", "name"])
.staff();

/// Rounds of one edition.
pub const ROUNDS_MAX: i64 = 100;
/// Channels of one round.
pub const CHANNELS_MAX: usize = 40;
/// Parties one channel asks.
pub const ASKED_MAX: usize = 1_000;

/// A round.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ParticipationRound)]
pub struct Round {
    /// Its id.
    pub id: RoundId,
    /// The edition it is about.
    pub plan_id: PlanId,
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
    /// True when a group of opinions is shown to the public only after staff said so.
    pub review: bool,
    /// Its channels, in order.
    pub channels: Vec<Channel>,
    /// Opinions received, copies included; channels that are not counted add none.
    pub voices: i64,
    /// Of these, without a decision.
    pub undecided: i64,
    /// Groups of opinions.
    pub topics: i64,
    /// Grows with every change.
    pub version: i64,
    #[serde(skip)]
    pub(crate) salt: Option<Vec<u8>>,
}

/// A channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ParticipationChannel)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its kind, such as `site_visit`; free, for programs to tell channels apart across rounds.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// When it was held, in words; may be empty.
    pub held: String,
    /// A remark; may be empty.
    pub note: String,
    /// False for a channel that was held and not counted.
    pub counted: bool,
    /// True for the one that takes opinions from the public page.
    pub on_page: bool,
    /// Who was asked.
    pub asked: Vec<Party>,
    /// Opinions received, copies included; null when they are not counted.
    pub voices: Option<i64>,
    /// Grows with every change.
    pub version: i64,
}

/// Who was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskedParty)]
pub struct Party {
    /// What they are.
    pub kind: PartyKind,
    /// Their name.
    #[schema(max_length = 80)]
    pub name: String,
    /// The unit of the district, when they are one.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// True when they answered.
    #[serde(default)]
    pub answered: bool,
}

/// A part of the plan an opinion or a decision is about: a measure, or a section in words, or
/// the whole when neither is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanClause)]
pub struct Clause {
    /// A measure's number.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9999)]
    pub measure: Option<i64>,
    /// A section that is no measure, such as its heading; empty otherwise.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub section: String,
}

/// A channel a round may begin with.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its kind.
    pub kind: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Takes opinions from the public page.
    pub on_page: bool,
}

/// The channels of the sample report and the web; a round may add others by name.
pub const PRESETS: [Preset; 5] = [
    Preset {
        kind: "site_visit",
        zh: "实地走访",
        en: "Site visits",
        on_page: false,
    },
    Preset {
        kind: "written",
        zh: "书面征求意见",
        en: "Written round",
        on_page: false,
    },
    Preset {
        kind: "deputies",
        zh: "人大代表专项听取",
        en: "Deputies' session",
        on_page: false,
    },
    Preset {
        kind: "hearing",
        zh: "听证会",
        en: "Hearing",
        on_page: false,
    },
    Preset {
        kind: "web",
        zh: "网上征集",
        en: "Web",
        on_page: true,
    },
];

impl Round {
    /// True when anybody may see it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.state != RoundState::Preparing
    }

    /// The channel that takes opinions from the public page.
    #[must_use]
    pub fn page_channel(&self) -> Option<&Channel> {
        self.channels.iter().find(|c| c.on_page)
    }

    /// True while the public page takes opinions and votes.
    #[must_use]
    pub fn accepts(&self, now: Micros) -> bool {
        let today = now.date();
        self.state == RoundState::Open
            && self.page_channel().is_some()
            && (self.opens_on..=self.closes_on).contains(&today)
    }

    /// A channel of this round.
    ///
    /// # Errors
    /// 422 naming the field.
    pub fn channel(&self, id: &ChannelId) -> Result<&Channel> {
        self.channels.iter().find(|c| c.id == *id).ok_or_else(|| {
            let words = Text::new("这一轮没有这个渠道。", "The round has no such channel.");
            Error::invalid("channel_unknown", "channel_id", words)
        })
    }

    /// Goes on only while staff may still add and decide.
    ///
    /// # Errors
    /// 409 once it was reported, and before it was opened.
    pub fn takes(&self) -> Result<()> {
        match self.state {
            RoundState::Open | RoundState::Closed => Ok(()),
            RoundState::Preparing => {
                let words = Text::new(
                    "这一轮还在筹备，请先开始征询。",
                    "The round is being prepared; open it first.",
                );
                Err(Error::conflict("round_preparing", words))
            }
            RoundState::Reported => Err(reported()),
        }
    }

    /// Goes on only while the round is not reported.
    ///
    /// # Errors
    /// 409 once it was reported.
    pub fn changeable(&self) -> Result<()> {
        if self.state == RoundState::Reported {
            return Err(reported());
        }
        Ok(())
    }
}

fn reported() -> Error {
    let words = Text::new(
        "这一轮已报告，内容不再更改。",
        "The round was reported; nothing of it changes any more.",
    );
    Error::conflict("round_reported", words).hint(Text::new(
        "如需更正，请先把状态退回“办理中”。",
        "To correct it, take its state back to closed first.",
    ))
}

impl Resource for Round {
    /// Never public: what people said is for staff. The public page has operations of its own.
    fn entity(&self) -> Entity {
        Entity::new("Round", self.id.as_str())
    }
}
