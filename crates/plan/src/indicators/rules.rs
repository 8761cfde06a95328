//! How an indicator stands: pure rules over its baseline, targets and recorded values.
//!
//! - A **stock** or **level** runs in a straight line from the baseline at the end of its year
//!   through each target at the end of its year; a value is held against the line at its date.
//! - An annual value of a **flow** is held against the same line at whole years only. A
//!   year-to-date value is held against the year's own sum, taken to accrue evenly from
//!   1 January. The two are never put on one line.
//! - A value is on its path when it is not worse than the path by more than [`TOLERANCE`].
//! - A target worse than the baseline (the plan may say so) asks to keep at least the target;
//!   no line is drawn down to it.

use jiff::civil::{Date, date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bundle::YearValue;
use crate::words::{Direction, Nature, Period, Source, Status};

/// How much worse than the path a value may be and still be on it, as a share of the path.
pub const TOLERANCE: f64 = 0.02;

/// What the rules need to know of an indicator.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What kind of quantity it is.
    pub nature: Nature,
    /// Which way is better.
    pub direction: Direction,
    /// The last actual value before the plan.
    pub baseline: YearValue,
    /// The targets, by year.
    pub targets: &'a [YearValue],
}

/// The value in force for a date and period (the last revision of it).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = LatestValue)]
pub struct Latest {
    /// The date it stands for.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The value, in the indicator's unit.
    pub value: f64,
    /// What it covers.
    pub period: Period,
    /// Where it came from.
    pub source: Source,
}

/// Where an indicator stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// In a word.
    pub status: Status,
    /// What the path expects at the latest value's date, in the period it covers.
    pub expected: Option<f64>,
    /// The target due next, or the last one.
    pub target: Option<YearValue>,
}

/// The default period of a value: a flow's covers the year when dated 31 December.
#[must_use]
pub fn default_period(nature: Nature, at: Date) -> Period {
    match nature {
        Nature::Flow if (at.month(), at.day()) == (12, 31) => Period::Annual,
        Nature::Flow => Period::Ytd,
        Nature::Stock | Nature::Level => Period::Point,
    }
}

/// True when a value of this period can be recorded for this nature and date.
#[must_use]
pub fn period_fits(nature: Nature, period: Period, at: Date) -> bool {
    match (nature, period) {
        (Nature::Flow, Period::Annual) => (at.month(), at.day()) == (12, 31),
        (Nature::Flow, Period::Ytd) => true,
        (Nature::Stock | Nature::Level, Period::Point) => true,
        _ => false,
    }
}

/// The last day of a year.
#[must_use]
pub fn year_end(year: i64) -> Date {
    date(i16::try_from(year.clamp(1, 9999)).unwrap_or(9999), 12, 31)
}

/// The latest of the values in force: by date; on one date a whole year before a year-to-date.
#[must_use]
pub fn latest(values: &[Latest]) -> Option<Latest> {
    let rank = |v: &Latest| (v.at, v.period != Period::Ytd);
    values.iter().copied().max_by_key(rank)
}

impl Subject<'_> {
    /// True when `a` is at least as good as `b`.
    #[must_use]
    pub fn as_good(&self, a: f64, b: f64) -> bool {
        match self.direction {
            Direction::Up => a >= b,
            Direction::Down => a <= b,
        }
    }

    /// The target due at or next after a date, or the last one.
    #[must_use]
    pub fn target_for(&self, at: Date) -> Option<YearValue> {
        let year = i64::from(at.year());
        let next = self
            .targets
            .iter()
            .filter(|t| t.year >= year)
            .min_by_key(|t| t.year);
        next.or_else(|| self.targets.iter().max_by_key(|t| t.year))
            .copied()
    }

    /// True when the final target is worse than the baseline.
    #[must_use]
    pub fn target_is_worse(&self) -> bool {
        let last = self.targets.iter().max_by_key(|t| t.year);
        last.is_some_and(|t| !self.as_good(t.value, self.baseline.value))
    }

    /// The path for the whole of a year: straight between baseline and targets, flat after the
    /// last; none before the baseline.
    #[must_use]
    pub fn path_of_year(&self, year: i64) -> Option<f64> {
        self.path_at(year_end(year))
    }

    /// The path at a date, as [`Subject::path_of_year`].
    #[must_use]
    pub fn path_at(&self, at: Date) -> Option<f64> {
        let mut before = self.baseline;
        if at < year_end(before.year) {
            return None;
        }
        let mut targets: Vec<YearValue> = self.targets.to_vec();
        targets.sort_by_key(|t| t.year);
        if targets.is_empty() {
            return None;
        }
        for target in targets {
            // A target worse than where the path stands asks to keep it, at once.
            let from = if self.as_good(target.value, before.value) {
                before.value
            } else {
                target.value
            };
            if at <= year_end(target.year) {
                let (start, end) = (year_end(before.year), year_end(target.year));
                let part = days(start, at) / days(start, end).max(1.0);
                return Some(from + (target.value - from) * part);
            }
            before = target;
        }
        Some(before.value)
    }

    /// What the path expects of a value at its date and of its period.
    #[must_use]
    pub fn expected(&self, at: Date, period: Period) -> Option<f64> {
        match period {
            Period::Point => self.path_at(at),
            Period::Annual => self.path_of_year(i64::from(at.year())),
            Period::Ytd => {
                let year = i64::from(at.year());
                if year <= self.baseline.year {
                    return None;
                }
                let passed = f64::from(at.day_of_year()) / f64::from(at.days_in_year());
                self.path_of_year(year).map(|sum| sum * passed)
            }
        }
    }

    /// True when `value` already fulfils `target`.
    fn meets(&self, value: &Latest, target: YearValue) -> bool {
        let year = i64::from(value.at.year());
        let last = self
            .targets
            .iter()
            .map(|t| t.year)
            .max()
            .unwrap_or(target.year);
        let due = year == target.year || year > last;
        match value.period {
            Period::Point => self.as_good(value.value, target.value),
            Period::Annual => due && self.as_good(value.value, target.value),
            // A sum still growing can only be said to have met a target it is to exceed.
            Period::Ytd => due && self.direction == Direction::Up && value.value >= target.value,
        }
    }

    /// Where the indicator stands, by its latest value.
    #[must_use]
    pub fn standing(&self, latest: Option<&Latest>) -> Standing {
        let kept = if self.target_is_worse() {
            Status::TargetBelowBaseline
        } else {
            Status::NoData
        };
        let after = latest.filter(|v| i64::from(v.at.year()) > self.baseline.year);
        let Some(value) = after else {
            let target = self.targets.iter().min_by_key(|t| t.year).copied();
            return Standing {
                status: kept,
                expected: None,
                target,
            };
        };
        let target = self.target_for(value.at);
        let expected = self.expected(value.at, value.period);
        let met = target.is_some_and(|t| self.meets(value, t));
        let on_path = expected.is_some_and(|e| {
            let slack = e.abs() * TOLERANCE;
            match self.direction {
                Direction::Up => value.value >= e - slack,
                Direction::Down => value.value <= e + slack,
            }
        });
        let status = match (met, on_path) {
            (false, false) => Status::OffPath,
            _ if self.target_is_worse() => kept,
            (true, _) => Status::Met,
            (false, true) => Status::OnPath,
        };
        Standing {
            status,
            expected,
            target,
        }
    }
}

fn days(from: Date, to: Date) -> f64 {
    f64::from((to - from).get_days())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
