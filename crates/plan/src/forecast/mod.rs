//! Forecasts (预测) of indicators and the risk of missing their targets (目标风险).
//!
//! Start reading at [`series`] (values become regular series), then [`methods`], [`choose`] (the
//! choice by backtest), [`outlook`] and [`targets`] (what is said of a target).
//!
//! Invariants: only values in force on the day asked for count; whole years, sums to date and
//! points at their dates are never put on one path; where nothing can be said, the answer says
//! why instead of guessing. Forecasts are for staff: what strangers see of an indicator is its
//! record and its targets.

pub mod api;
pub mod choose;
pub mod methods;
pub mod outlook;
#[cfg(test)]
mod rules_tests;
pub(crate) mod say;
pub mod series;
pub mod smoothing;
pub(crate) mod store;
pub mod student;
pub mod targets;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bundle::YearValue;
use crate::indicators::rules::year_end;
use crate::indicators::{Indicator, IndicatorId};
use crate::words::{Direction, Nature, Period, Source};
use outlook::{Asked, Track, comparison, track};
use series::{Observation, carried};
use targets::{Target, TargetOutlook, judge};

/// Days after the last target that a forecast goes on: to the end of that year.
const UNTIL_YEARS_MAX: i64 = 5;

/// A value as forecasts use it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) at: Date,
    pub(crate) value: f64,
    pub(crate) period: Period,
    pub(crate) source: Source,
}

/// An indicator's forecast.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorForecast {
    /// The indicator.
    pub indicator_id: IndicatorId,
    /// The day it is asked for: values recorded later do not count.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// Its unit.
    pub unit: String,
    /// Decimals to show.
    pub decimals: i64,
    /// Which way is better.
    pub direction: Direction,
    /// The values of each kind and how they go on.
    pub tracks: Vec<Track>,
    /// Each target and how it looks.
    pub targets: Vec<TargetOutlook>,
}

/// What the rules need to know of an indicator.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a IndicatorId,
    pub(crate) unit: &'a str,
    pub(crate) decimals: i64,
    pub(crate) nature: Nature,
    pub(crate) direction: Direction,
    pub(crate) targets: &'a [YearValue],
}

impl<'a> From<&'a Indicator> for Subject<'a> {
    fn from(one: &'a Indicator) -> Self {
        Self {
            id: &one.id,
            unit: &one.unit,
            decimals: one.decimals,
            nature: one.nature,
            direction: one.direction,
            targets: &one.targets,
        }
    }
}

/// Forecasts an indicator from the values in force on a day, in order of date.
#[must_use]
pub(crate) fn forecast(
    subject: &Subject<'_>,
    values: &[Recorded],
    as_of: Date,
) -> IndicatorForecast {
    let tracks = tracks(subject, values, as_of);
    let targets = subject
        .targets
        .iter()
        .map(|t| {
            let target = Target {
                due: year_end(t.year),
                value: t.value,
                comparison: comparison(subject.direction),
                unit: subject.unit,
                decimals: subject.decimals,
                grows: false,
            };
            judge(&target, &tracks)
        })
        .collect();
    IndicatorForecast {
        indicator_id: subject.id.clone(),
        as_of,
        unit: subject.unit.to_owned(),
        decimals: subject.decimals,
        direction: subject.direction,
        tracks,
        targets,
    }
}

pub(crate) fn tracks(subject: &Subject<'_>, values: &[Recorded], as_of: Date) -> Vec<Track> {
    let year = i64::from(as_of.year());
    let last = subject.targets.iter().map(|t| t.year).max().unwrap_or(year);
    let asked = Asked {
        unit: subject.unit,
        decimals: subject.decimals,
        until: year_end(last.clamp(year, year + UNTIL_YEARS_MAX)),
        as_of,
        grows: false,
    };
    let of = |period: Period| -> Vec<Observation> {
        let found = values.iter().filter(|v| v.period == period);
        found
            .map(|v| Observation {
                at: v.at,
                value: v.value,
            })
            .collect()
    };
    match subject.nature {
        Nature::Flow => {
            let mut both = vec![track(Period::Annual, &of(Period::Annual), &asked)];
            let ytd = of(Period::Ytd);
            if !ytd.is_empty() {
                both.push(track(Period::Ytd, &ytd, &asked));
            }
            both
        }
        Nature::Stock | Nature::Level => {
            vec![track(Period::Point, &points(values, as_of), &asked)]
        }
    }
}

/// Points at their dates. A platform metric is recorded when it changes, so each of its values
/// stands until the next one.
pub(crate) fn points(values: &[Recorded], as_of: Date) -> Vec<Observation> {
    let plain = |v: &Recorded| Observation {
        at: v.at,
        value: v.value,
    };
    let points: Vec<&Recorded> = values
        .iter()
        .filter(|v| v.period == Period::Point)
        .collect();
    let measured = points.iter().position(|v| v.source == Source::Metric);
    let Some(first) = measured else {
        return points.into_iter().map(plain).collect();
    };
    let (before, since) = points.split_at(first);
    let mut all: Vec<Observation> = before.iter().map(|v| plain(v)).collect();
    let since: Vec<Observation> = since.iter().map(|v| plain(v)).collect();
    let mut carried = carried(&since, as_of);
    if let Some(last) = since.last().filter(|_| carried.is_empty()) {
        carried.push(*last);
    }
    all.extend(carried);
    all
}
