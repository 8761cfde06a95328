//! What a series says of the days to come: bands, chances, and what is needed to get there.

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::choose::{Candidate, choose};
use super::methods::{Fit, Method, Spread, fit};
use super::say;
use super::series::{Observation, Series, Step, increments, regular};
use crate::values::range;
use crate::words::{Comparison, Direction, Period};

/// Most steps ahead that are forecast.
pub const HORIZON_MAX: usize = 60;
/// Below this many periods an interval is said to be for orientation only.
pub const FEW: usize = 8;

/// One point of a track as it was recorded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ForecastPoint {
    /// The date it stands for.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The value.
    pub value: f64,
}

/// One coming step with its intervals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ForecastAhead {
    /// The end of the period.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The middle of what is expected.
    pub value: f64,
    /// Lower end of the interval that holds the value with 80 %.
    pub low_80: f64,
    /// Its upper end.
    pub high_80: f64,
    /// Lower end of the interval that holds the value with 95 %.
    pub low_95: f64,
    /// Its upper end.
    pub high_95: f64,
}

/// Something to know before relying on a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ForecastWarning {
    /// Stable.
    pub code: &'static str,
    /// In words.
    pub detail: Text,
}

/// How a series goes on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Outlook {
    /// The method.
    pub method: Method,
    /// What it does, in words.
    pub method_name: Text,
    /// Every method and how it did in the backtest.
    pub candidates: Vec<Candidate>,
    /// The coming steps.
    pub ahead: Vec<ForecastAhead>,
    /// How the intervals were made.
    pub interval: Text,
    /// What to know before relying on it.
    pub warnings: Vec<ForecastWarning>,
}

/// The values of one kind, and how they go on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastTrack)]
pub struct Track {
    /// What its values cover.
    pub period: Period,
    /// The distance of its points; null when there is no regular one.
    pub step: Option<Step>,
    /// The values it rests on, oldest first.
    pub points: Vec<ForecastPoint>,
    /// How it goes on; null when that cannot be said.
    pub outlook: Option<Outlook>,
    /// Why nothing can be said.
    pub no_forecast: Option<ForecastWarning>,
    #[serde(skip)]
    model: Option<Model>,
}

#[derive(Clone, Debug)]
struct Model {
    fit: Fit,
    step: Step,
    last: i64,
    last_value: f64,
    /// Sums to date: what the last year had reached.
    reached: Option<f64>,
    bounds: (f64, f64),
}

/// What can be said of one date to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The number is known.
    Known(f64),
    /// It is to come.
    Coming {
        /// What is known of it.
        spread: Spread,
        /// Whole steps that remain.
        steps: i64,
        /// Where it stands now: the last value, or the sum reached this year.
        now: f64,
    },
    /// Nothing can be said.
    Nothing,
}

/// What is asked of a track.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The unit of the values, which bounds them.
    pub unit: &'a str,
    /// Decimals they are shown with.
    pub decimals: i64,
    /// The last day that is of interest.
    pub until: Date,
    /// The day it is asked on.
    pub as_of: Date,
    /// A count that only grows.
    pub grows: bool,
}

/// What values in a unit can be at all.
#[must_use]
pub fn bounds(unit: &str) -> (f64, f64) {
    if matches!(unit, "%" | "％") {
        (0.0, 100.0)
    } else if range::check(unit, -1.0).is_err() {
        (0.0, f64::INFINITY)
    } else {
        (f64::NEG_INFINITY, f64::INFINITY)
    }
}

/// Looks at the values of one kind, in order of date.
#[must_use]
pub fn track(period: Period, values: &[Observation], asked: &Asked<'_>) -> Track {
    let mut track = Track {
        period,
        step: None,
        points: values
            .iter()
            .map(|v| ForecastPoint {
                at: v.at,
                value: v.value,
            })
            .collect(),
        outlook: None,
        no_forecast: None,
        model: None,
    };
    let series = match period {
        Period::Ytd => increments(values).map(|(s, sum)| (s, Some(sum))),
        Period::Annual => regular(values, &[Step::Year]).map(|s| (s, None)),
        Period::Point => regular(values, &Step::ALL).map(|s| (s, None)),
    };
    let Some((series, reached)) = series else {
        track.no_forecast = Some(if values.is_empty() {
            say::no_values(period)
        } else {
            say::gaps(values.len())
        });
        return track;
    };
    track.step = Some(series.step);
    let known = series.values.len() - series.gaps();
    if known < 2 {
        track.no_forecast = Some(say::one_point(period));
        return track;
    }
    let season = series.step.a_year();
    let horizon = horizon_of(&series, asked.until);
    let (method, candidates) = choose(&series.values, &series.filled, season, horizon);
    let resolution = 10_f64.powi(-i32::try_from(asked.decimals.clamp(0, 6)).unwrap_or(0));
    let gaps = (season, series.gaps());
    let fitted = fit(method, &series.values, gaps, horizon, resolution)
        .or_else(|| fit(Method::Naive, &series.values, gaps, horizon, resolution));
    let Some(fit) = fitted else {
        track.no_forecast = Some(say::one_point(period));
        return track;
    };
    let last_value = series.values.last().copied().unwrap_or_default();
    let (mut low, high) = bounds(asked.unit);
    if asked.grows {
        low = low.max(last_value);
    }
    let warnings = say::warnings(&series, &fit, season, asked.as_of);
    let model = Model {
        step: series.step,
        last: series.last(),
        last_value,
        reached,
        bounds: (low, high),
        fit,
    };
    track.outlook = Some(Outlook {
        method: model.fit.method,
        method_name: model.fit.method.words(),
        candidates,
        ahead: (1..=horizon).map(|h| model.ahead(h)).collect(),
        interval: say::interval(&model.fit),
        warnings,
    });
    track.model = Some(model);
    track
}

fn horizon_of(series: &Series, until: Date) -> usize {
    let steps = series.step.index(until) - series.last();
    // At least a step, so that a series past its targets still says where it goes.
    usize::try_from(steps).unwrap_or(0).clamp(1, HORIZON_MAX)
}

impl Model {
    /// What is known of the number at the end of a period `h` steps on.
    fn spread(&self, h: usize) -> Spread {
        let Some(reached) = self.reached else {
            return self.fit.at(h);
        };
        let a_year = self.step.a_year() as i64;
        let index = self.last + i64::try_from(h).unwrap_or(0);
        let start = index.div_euclid(a_year) * a_year;
        if self.last < start {
            let from = usize::try_from(start - self.last).unwrap_or(1);
            return self.fit.sum(from, h);
        }
        // The last sum may have been a whole year's; then a new year has begun above.
        let spread = self.fit.sum(1, h);
        Spread {
            mean: reached + spread.mean,
            ..spread
        }
    }

    fn ahead(&self, h: usize) -> ForecastAhead {
        let spread = self.spread(h);
        let clip = |v: f64| v.clamp(self.bounds.0, self.bounds.1);
        let ((low_80, high_80), (low_95, high_95)) = (spread.interval(0.8), spread.interval(0.95));
        ForecastAhead {
            at: self.step.end(self.last + i64::try_from(h).unwrap_or(0)),
            value: clip(spread.mean),
            low_80: clip(low_80),
            high_80: clip(high_80),
            low_95: clip(low_95),
            high_95: clip(high_95),
        }
    }
}

impl Track {
    /// What it says of a date at the end of a period.
    pub(crate) fn at(&self, at: Date) -> Answer {
        let Some(model) = &self.model else {
            return self.known(at).map_or(Answer::Nothing, Answer::Known);
        };
        let steps = model.step.index(at) - model.last;
        if steps <= 0 {
            return self.known(at).map_or(Answer::Nothing, Answer::Known);
        }
        let h = usize::try_from(steps).unwrap_or(usize::MAX);
        if h > model.fit.mean.len() {
            return Answer::Nothing;
        }
        let now = match model.reached {
            Some(_) if model.new_year(at) => 0.0,
            Some(sum) => sum,
            None => model.last_value,
        };
        let (low, high) = model.bounds;
        let spread = model.spread(h);
        let mean = spread.mean.clamp(low, high);
        Answer::Coming {
            spread: Spread { mean, ..spread },
            steps: if now == 0.0 && model.reached.is_some() {
                model.step.a_year() as i64
            } else {
                steps
            },
            now,
        }
    }

    /// The value of the period that ends on a date.
    fn known(&self, at: Date) -> Option<f64> {
        let step = self.step.unwrap_or(Step::Month);
        let index = step.index(at);
        let days = step.days() / 4;
        let stands_for = |p: &&ForecastPoint| {
            step.nearest(p.at) == index && (p.at - at).get_days().abs() <= days
        };
        self.points.iter().rev().find(stands_for).map(|p| p.value)
    }

    /// The last date it knows.
    pub(crate) fn last_at(&self) -> Option<Date> {
        self.points.last().map(|p| p.at)
    }

    /// The lowest and highest value that can be at all.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        self.model
            .as_ref()
            .map_or((f64::NEG_INFINITY, f64::INFINITY), |m| m.bounds)
    }

    /// Degrees of freedom behind what it says.
    pub(crate) fn degrees(&self) -> usize {
        self.model.as_ref().map_or(0, |m| m.fit.df as usize)
    }
}

impl Model {
    fn new_year(&self, at: Date) -> bool {
        self.step.end(self.last).year() != at.year()
    }
}

/// How a value is to be met.
#[must_use]
pub(crate) fn comparison(direction: Direction) -> Comparison {
    match direction {
        Direction::Up => Comparison::AtLeast,
        Direction::Down => Comparison::AtMost,
    }
}

/// True when a value fulfils a target.
#[must_use]
pub(crate) fn meets(value: f64, comparison: Comparison, target: f64) -> bool {
    match comparison {
        Comparison::AtLeast | Comparison::Reach => value >= target,
        Comparison::AtMost => value <= target,
    }
}

/// The chance that a coming number fulfils a target, within what its unit allows.
#[must_use]
pub(crate) fn chance(
    spread: &Spread,
    comparison: Comparison,
    target: f64,
    (low, high): (f64, f64),
) -> f64 {
    match comparison {
        Comparison::AtLeast | Comparison::Reach if target <= low => 1.0,
        Comparison::AtLeast | Comparison::Reach if target > high => 0.0,
        Comparison::AtLeast | Comparison::Reach => spread.chance_at_least(target),
        Comparison::AtMost if target >= high => 1.0,
        Comparison::AtMost if target < low => 0.0,
        Comparison::AtMost => 1.0 - spread.chance_at_least(target),
    }
}
