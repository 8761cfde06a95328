//! What needs attention today: pure rules over the state of one edition.
//!
//! Many alike findings become one item (units without a reporter, measures not started), so that
//! the list stays short enough to be acted on.

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::indicators::rules::{Latest, Standing, year_end};
use crate::warnings::WarningId;
use crate::words::{Direction, MeasureState, Status};

/// A value older than this asks for a new one: a quarter and a month to report it, days.
pub const STALE_DAYS: i32 = 122;
/// Worse than the path by this share is grave.
pub const GRAVE_SHARE: f64 = 0.10;

/// How pressing an item is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Act today.
    High,
    /// Act this week.
    Medium,
    /// Know about it.
    Low,
}

impl Severity {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::High, Self::Medium, Self::Low]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// One thing that needs attention.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Attention {
    /// `off_path`, `stale`, `target_missed_report`, `target_below_baseline`, `delayed`,
    /// `not_started` or `unit_without_reporter`; for staff also `late_report`, `target_at_risk`
    /// and `contradiction`, from the warnings.
    pub kind: &'static str,
    /// How pressing it is.
    pub severity: Severity,
    /// In a line.
    pub title: Text,
    /// What was found and what to do.
    pub detail: Text,
    /// The console's page about it.
    pub link: String,
    /// Since when.
    #[schema(value_type = Option<String>, format = Date)]
    pub since: Option<Date>,
    /// The open warning about it, for staff.
    pub warning_id: Option<WarningId>,
}

/// What the rules need to know of an indicator.
pub struct IndicatorFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its English name; empty when there is none.
    pub name_en: &'a str,
    /// Its unit.
    pub unit: &'a str,
    /// Decimals to show.
    pub decimals: i64,
    /// Which way is better.
    pub direction: Direction,
    /// The baseline's year.
    pub baseline_year: i64,
    /// Its latest value.
    pub latest: Option<Latest>,
    /// Where it stands.
    pub standing: Standing,
}

/// What the rules need to know of a measure.
pub struct MeasureFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: &'a str,
    /// Its English title; empty when there is none.
    pub title_en: &'a str,
    /// Its state.
    pub state: MeasureState,
    /// Since when.
    pub state_at: Option<Date>,
}

fn english<'a>(en: &'a str, zh: &'a str) -> &'a str {
    if en.is_empty() { zh } else { en }
}

/// A number with the decimals an indicator shows.
fn shown(value: f64, decimals: i64) -> String {
    format!(
        "{value:.*}",
        usize::try_from(decimals.clamp(0, 6)).unwrap_or(0)
    )
}

/// The attention an indicator asks for; the most pressing first, at most one per indicator.
#[must_use]
pub fn indicator(
    facts: &IndicatorFacts<'_>,
    period: (Date, Date),
    today: Date,
) -> Option<Attention> {
    off_path(facts)
        .or_else(|| stale(facts, period, today, STALE_DAYS))
        .or_else(|| below_baseline(facts))
}

/// The latest value against its path, when it is worse.
#[must_use]
pub fn off_path(facts: &IndicatorFacts<'_>) -> Option<Attention> {
    if facts.standing.status != Status::OffPath {
        return None;
    }
    let latest = facts.latest?;
    let expected = facts
        .standing
        .expected
        .or(facts.standing.target.map(|t| t.value))?;
    let grave = worse_by(facts).is_some_and(|share| share > GRAVE_SHARE);
    let (name, unit, at) = (facts.name, facts.unit, latest.at);
    let (value, expected) = (
        shown(latest.value, facts.decimals),
        shown(expected, facts.decimals),
    );
    let en = english(facts.name_en, name);
    let covers = match latest.period {
        crate::words::Period::Annual => ("全年", "for the year"),
        crate::words::Period::Ytd => ("年初至今", "year to date"),
        crate::words::Period::Point => ("时点", "at that date"),
    };
    let (zh_covers, en_covers) = covers;
    Some(Attention {
        kind: "off_path",
        severity: if grave {
            Severity::High
        } else {
            Severity::Medium
        },
        title: text!("{name}偏离进度", "{en} is off its path"),
        detail: text!(
            "{at}（{zh_covers}）为 {value} {unit}，按进度应为 {expected} {unit}。",
            "{value} {unit} {en_covers} at {at}; the path expects {expected} {unit}."
        ),
        link: format!("/indicators/{}", facts.id),
        since: Some(latest.at),
        warning_id: None,
    })
}

/// By what share of the expected value the latest one is worse; negative when it is better.
#[must_use]
pub fn worse_by(facts: &IndicatorFacts<'_>) -> Option<f64> {
    let latest = facts.latest?;
    let expected = facts
        .standing
        .expected
        .or(facts.standing.target.map(|t| t.value))?;
    let worse = match facts.direction {
        Direction::Up => expected - latest.value,
        Direction::Down => latest.value - expected,
    };
    Some(worse / expected.abs().max(f64::MIN_POSITIVE))
}

/// The date of the last value and the days since; none before the edition's period.
#[must_use]
pub fn age(facts: &IndicatorFacts<'_>, period: (Date, Date), today: Date) -> Option<(Date, i32)> {
    let (from, to) = period;
    if today < from {
        return None;
    }
    let last = facts.latest.map_or(year_end(facts.baseline_year), |v| v.at);
    let until = today.min(to);
    // Reporting begins with the period: before it nothing was owed.
    let age = (until - last.max(from.yesterday().unwrap_or(from))).get_days();
    Some((last, age))
}

/// The last value, when it is older than so many days.
#[must_use]
pub fn stale(
    facts: &IndicatorFacts<'_>,
    period: (Date, Date),
    today: Date,
    days: i32,
) -> Option<Attention> {
    let (last, age) = age(facts, period, today)?;
    if age <= days {
        return None;
    }
    let (name, en) = (facts.name, english(facts.name_en, facts.name));
    let nothing = i64::from(last.year()) <= facts.baseline_year;
    let days = (today - last).get_days();
    let target_passed = facts
        .standing
        .target
        .is_some_and(|t| year_end(t.year) < today && last < year_end(t.year));
    let detail = if nothing {
        text!(
            "基期（{last}）之后还没有数值，请责任单位填报。",
            "Nothing has been recorded since the baseline ({last}); ask the responsible unit."
        )
    } else {
        text!(
            "最近一次数值为 {last}，距今 {days} 天，请责任单位填报。",
            "The last value is of {last}, {days} days ago; ask the responsible unit."
        )
    };
    Some(Attention {
        kind: if target_passed {
            "target_missed_report"
        } else {
            "stale"
        },
        severity: if target_passed {
            Severity::High
        } else {
            Severity::Medium
        },
        title: text!("{name}需要更新", "{en} needs a new value"),
        detail,
        link: format!("/indicators/{}", facts.id),
        since: Some(last),
        warning_id: None,
    })
}

fn below_baseline(facts: &IndicatorFacts<'_>) -> Option<Attention> {
    if facts.standing.status != Status::TargetBelowBaseline {
        return None;
    }
    let (name, en) = (facts.name, english(facts.name_en, facts.name));
    let year = facts.baseline_year;
    Some(Attention {
        kind: "target_below_baseline",
        severity: Severity::Low,
        title: text!(
            "{name}的目标低于基期",
            "{en}: the target lies below the baseline"
        ),
        detail: text!(
            "方案原文如此：目标不及 {year} 年的实际值。达到目标并不等于改善。",
            "The plan says so: the target is worse than the actual value of {year}. Meeting it is no improvement."
        ),
        link: format!("/indicators/{}", facts.id),
        since: None,
        warning_id: None,
    })
}

/// The attention measures ask for: each delayed one; those not started, together, once half of
/// the period has passed.
#[must_use]
pub fn measures(all: &[MeasureFacts<'_>], period: (Date, Date), today: Date) -> Vec<Attention> {
    let mut found = Vec::new();
    for measure in all.iter().filter(|m| m.state == MeasureState::Delayed) {
        let (number, title) = (measure.number, measure.title);
        let en = english(measure.title_en, title);
        let old = measure
            .state_at
            .is_some_and(|d| (today - d).get_days() > STALE_DAYS);
        found.push(Attention {
            kind: "delayed",
            severity: if old {
                Severity::High
            } else {
                Severity::Medium
            },
            title: text!("举措 {number} 滞后", "Measure {number} is delayed"),
            detail: text!("{title}", "{en}"),
            link: format!("/measures/{}", measure.id),
            since: measure.state_at,
            warning_id: None,
        });
    }
    let (from, to) = period;
    let length = f64::from((to - from).get_days()).max(1.0);
    let passed = (f64::from((today - from).get_days()) / length).clamp(0.0, 1.0);
    let waiting = all
        .iter()
        .filter(|m| m.state == MeasureState::NotStarted)
        .count();
    if passed >= 0.5 && waiting > 0 {
        let share = (passed * 100.0).round();
        let plural = if waiting == 1 {
            "measure has"
        } else {
            "measures have"
        };
        found.push(Attention {
            kind: "not_started",
            severity: if passed >= 0.75 {
                Severity::Medium
            } else {
                Severity::Low
            },
            title: text!(
                "{waiting} 项举措尚未启动",
                "{waiting} {plural} not been started"
            ),
            detail: text!(
                "方案期限已过 {share}%，请责任单位更新举措状态。",
                "{share}% of the plan's period has passed; ask the units to state how far they are."
            ),
            link: "/measures?state=not_started".to_owned(),
            since: None,
            warning_id: None,
        });
    }
    found
}

/// One item for all responsible units that nobody reports for.
#[must_use]
pub fn reporters(without: &[&str]) -> Option<Attention> {
    let count = without.len();
    if count == 0 {
        return None;
    }
    let mut names = without
        .iter()
        .take(5)
        .copied()
        .collect::<Vec<_>>()
        .join("、");
    if count > 5 {
        names.push('…');
    }
    let plural = if count == 1 { "unit has" } else { "units have" };
    Some(Attention {
        kind: "unit_without_reporter",
        severity: Severity::Medium,
        title: text!(
            "{count} 个责任单位没有填报人",
            "{count} responsible {plural} no reporter"
        ),
        detail: text!(
            "{names}：请为其开通填报账号。",
            "{names}: give each a reporter's account."
        ),
        link: "/units?reporter=none".to_owned(),
        since: None,
        warning_id: None,
    })
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
