//! The report of a round (公众参与情况报告) as data: what each channel brought, what was most raised,
//! what was declined and why, which clauses changed. Other code renders it.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use utoipa::ToSchema;

use super::decisions::{self, Decision};
use super::opinions::{self, TopicRef};
use super::rounds::{self, Channel, Clause, Party, RoundId};
use super::words::{Outcome, RoundState};
use crate::plans::{self, PlanId};

/// Points named as most raised, of each channel and of the round.
pub const RAISED_MAX: i64 = 5;
/// Declined decisions listed.
const DECLINED_MAX: i64 = 500;
/// Changes of clauses listed.
const CHANGES_MAX: i64 = 1_000;
/// Opinions quoted for one decision.
const QUOTED_MAX: i64 = 3;

/// The report of a round.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ParticipationReport)]
pub struct Report {
    /// The round.
    pub round_id: RoundId,
    /// What it is called.
    pub title: String,
    /// What people were asked.
    pub question: String,
    /// The edition it was about.
    pub plan_id: PlanId,
    /// The edition's official title.
    pub plan_title: String,
    /// The edition's English title; may be empty.
    pub plan_title_en: String,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub opens_on: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub closes_on: Date,
    /// Where it stands; the report is final once it is `reported`.
    pub state: RoundState,
    /// Its channels, in order.
    pub channels: Vec<ChannelReport>,
    /// All counted channels together.
    pub total: Counts,
    /// What was raised most, over all channels.
    pub raised: Vec<Raised>,
    /// What was declined, and why, in the order of deciding.
    pub declined: Vec<Quoted>,
    /// Which clauses changed, by measure.
    pub changes: Vec<Quoted>,
}

/// What a channel brought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelReport {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// When it was held, in words; may be empty.
    pub held: String,
    /// A remark; may be empty.
    pub note: String,
    /// Who was asked; those with an opinion count as answered.
    pub asked: Vec<Party>,
    /// How many of them answered.
    pub answered: usize,
    /// Its counts; null when it was held and not counted.
    pub counts: Option<Counts>,
    /// What was raised most.
    pub raised: Vec<Raised>,
}

/// Opinions counted, copies included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Received.
    pub received: i64,
    /// Adopted.
    pub adopted: i64,
    /// Adopted in part.
    pub partly: i64,
    /// Declined.
    pub declined: i64,
    /// Without a decision.
    pub undecided: i64,
}

impl Counts {
    fn add(&mut self, outcome: Option<Outcome>, n: i64) {
        self.received += n;
        *match outcome {
            Some(Outcome::Adopted) => &mut self.adopted,
            Some(Outcome::Partly) => &mut self.partly,
            Some(Outcome::Declined) => &mut self.declined,
            None => &mut self.undecided,
        } += n;
    }
}

/// A point that was raised.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Raised {
    /// Its group of opinions.
    pub topic: TopicRef,
    /// How many opinions raised it, copies included.
    pub voices: i64,
}

/// A decision with what it answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Quoted {
    /// The decision.
    pub decision: Decision,
    /// The first opinions it covers, in their words.
    pub quotes: Vec<Quote>,
    /// Channels the opinions came by.
    pub channels: Vec<String>,
}

/// An opinion in its words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Quote {
    /// Its id.
    pub id: opinions::OpinionId,
    /// Its words.
    pub text: String,
    /// Who of those asked said it; may be empty.
    pub party: String,
    /// Its channel.
    pub channel: String,
    /// Its group.
    pub topic: TopicRef,
}

/// The report of a round as it stands now.
///
/// # Errors
/// 404 when there is no such round; otherwise when the database does not answer.
pub async fn report(sql: &mut dyn Sql, round: &RoundId) -> Result<Report> {
    let round = rounds::store::get_plain(sql, round).await?;
    let plan = plans::store::get(sql, &round.plan_id).await?;
    let counts = counts(sql, &round.id).await?;
    let answered = store::answered(sql, &round.id).await?;
    let mut total = Counts::default();
    let mut channels = Vec::with_capacity(round.channels.len());
    for channel in &round.channels {
        let own = counts.get(channel.id.as_str()).copied().unwrap_or_default();
        if channel.counted {
            total.received += own.received;
            total.adopted += own.adopted;
            total.partly += own.partly;
            total.declined += own.declined;
            total.undecided += own.undecided;
        }
        let raised = store::raised(sql, &round.id, Some(&channel.id), RAISED_MAX).await?;
        channels.push(of_channel(channel, own, raised, &answered));
    }
    let raised = store::raised(sql, &round.id, None, RAISED_MAX).await?;
    let declined = decisions::store::declined(sql, &round.id, DECLINED_MAX).await?;
    let changes = decisions::store::changing(sql, &plan.id, CHANGES_MAX).await?;
    let changes = changes
        .into_iter()
        .filter(|d| d.round_id == round.id)
        .collect();
    Ok(Report {
        title: round.title,
        question: round.question,
        plan_id: plan.id,
        plan_title: plan.title,
        plan_title_en: plan.title_en,
        opens_on: round.opens_on,
        closes_on: round.closes_on,
        state: round.state,
        channels,
        total,
        raised,
        declined: quoted(sql, declined).await?,
        changes: by_clause(quoted(sql, changes).await?),
        round_id: round.id,
    })
}

pub(crate) async fn counts(sql: &mut dyn Sql, round: &RoundId) -> Result<BTreeMap<String, Counts>> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for (channel, outcome, n) in store::counts(sql, round).await? {
        counts.entry(channel).or_default().add(outcome, n);
    }
    Ok(counts)
}

fn of_channel(
    channel: &Channel,
    counts: Counts,
    raised: Vec<Raised>,
    answered: &[(String, String)],
) -> ChannelReport {
    let mut asked = channel.asked.clone();
    for party in &mut asked {
        party.answered |= answered
            .iter()
            .any(|(id, name)| *id == channel.id.as_str() && *name == party.name);
    }
    ChannelReport {
        kind: channel.kind.clone(),
        name: channel.name.clone(),
        name_en: channel.name_en.clone(),
        held: channel.held.clone(),
        note: channel.note.clone(),
        answered: asked.iter().filter(|p| p.answered).count(),
        asked,
        counts: channel.counted.then_some(counts),
        raised,
    }
}

/// Decisions with the opinions they answer.
pub(crate) async fn quoted(sql: &mut dyn Sql, decisions: Vec<Decision>) -> Result<Vec<Quoted>> {
    let mut found = Vec::with_capacity(decisions.len());
    for decision in decisions {
        let covered = opinions::store::of_decision(sql, &decision.id, QUOTED_MAX).await?;
        let channels = store::channels_of(sql, &decision.id).await?;
        let quotes = covered
            .into_iter()
            .map(|o| Quote {
                id: o.id,
                text: o.text,
                party: o.party,
                channel: o.channel.name,
                topic: o.topic,
            })
            .collect();
        found.push(Quoted {
            decision,
            quotes,
            channels,
        });
    }
    Ok(found)
}

/// By measure; sections that are none come after, by their words.
pub(crate) fn by_clause(mut changes: Vec<Quoted>) -> Vec<Quoted> {
    let key = |c: &Clause| (c.measure.unwrap_or(i64::MAX), c.section.clone());
    changes.sort_by_key(|q| key(&q.decision.clause));
    changes
}
