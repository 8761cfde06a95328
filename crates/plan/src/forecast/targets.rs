//! Targets held against what the series say: the chance of meeting each, in figures and words.

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::methods::Spread;
use super::outlook::{Answer, FEW, Track, chance, meets};
use super::say::Told;
use super::series::Step;
use crate::words::{Comparison, Period};

/// How likely a target is to be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TargetRisk)]
pub enum Risk {
    /// Its day has come and it was met.
    Met,
    /// Its day has come and it was missed.
    Missed,
    /// A chance of 80 % or more.
    Likely,
    /// A chance of 40 to 80 %.
    Uncertain,
    /// A chance below 40 %.
    Unlikely,
    /// It cannot be said.
    Unknown,
}

impl Risk {
    /// By chance.
    #[must_use]
    pub fn of(chance: f64) -> Self {
        if chance >= 0.8 {
            Self::Likely
        } else if chance >= 0.4 {
            Self::Uncertain
        } else {
            Self::Unlikely
        }
    }
}

/// What it takes to meet a target.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetNeed {
    /// The change each remaining period needs on average; its sign says which way.
    pub each: f64,
    /// How many periods remain.
    pub periods: i64,
    /// Their length.
    pub step: Step,
    /// In words.
    pub words: Text,
}

/// A target and how it looks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetOutlook {
    /// When it is due.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// The value to meet.
    pub target: f64,
    /// How it is to be met.
    pub comparison: Comparison,
    /// Which values it was judged by; null when by none.
    pub by: Option<Period>,
    /// Where it stands.
    pub risk: Risk,
    /// The chance of meeting it, 0 to 1; null when it cannot be said or its day has come.
    pub chance: Option<f64>,
    /// The middle of what is expected on its day, or what it was.
    pub expected: Option<f64>,
    /// Lower end of the interval that holds it with 80 %.
    pub low_80: Option<f64>,
    /// Its upper end.
    pub high_80: Option<f64>,
    /// What each remaining period needs.
    pub need: Option<TargetNeed>,
    /// All of it in a sentence or two.
    pub words: Text,
}

/// A target to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// When it is due.
    pub due: Date,
    /// The value to meet.
    pub value: f64,
    /// How it is to be met.
    pub comparison: Comparison,
    /// Its unit.
    pub unit: &'a str,
    /// Decimals to show.
    pub decimals: i64,
    /// A count that only grows: once reached, it stays reached.
    pub grows: bool,
}

/// Judges a target by the tracks: a whole year's value decides once it is there; else the track
/// that knows most lately and can say something.
#[must_use]
pub fn judge(target: &Target<'_>, tracks: &[Track]) -> TargetOutlook {
    let told = Told {
        due: target.due,
        comparison: target.comparison,
        unit: target.unit,
        decimals: target.decimals,
    };
    let mut outlook = TargetOutlook {
        due: target.due,
        target: target.value,
        comparison: target.comparison,
        by: None,
        risk: Risk::Unknown,
        chance: None,
        expected: None,
        low_80: None,
        high_80: None,
        need: None,
        words: told.nothing(),
    };
    let known = tracks
        .iter()
        .filter(|t| t.period != Period::Ytd)
        .find_map(|t| match t.at(target.due) {
            Answer::Known(value) => Some((t.period, value)),
            _ => None,
        });
    if let Some((period, value)) = known {
        let met = meets(value, target.comparison, target.value);
        outlook.by = Some(period);
        outlook.risk = if met { Risk::Met } else { Risk::Missed };
        outlook.expected = Some(value);
        outlook.words = told.known(value, met);
        return outlook;
    }
    let mut by: Vec<&Track> = tracks.iter().collect();
    by.sort_by_key(|t| std::cmp::Reverse((t.last_at(), t.period != Period::Ytd)));
    for track in by {
        match track.at(target.due) {
            Answer::Coming { spread, steps, now } => {
                coming(&mut outlook, target, &told, track, (spread, steps, now));
                return outlook;
            }
            // A sum of the whole year is as good as known, until the year's own value says so.
            Answer::Known(value) => {
                let met = meets(value, target.comparison, target.value);
                outlook.by = Some(track.period);
                outlook.risk = if met { Risk::Met } else { Risk::Missed };
                outlook.expected = Some(value);
                outlook.words = told.known(value, met);
                return outlook;
            }
            Answer::Nothing => {}
        }
    }
    outlook
}

fn coming(
    outlook: &mut TargetOutlook,
    target: &Target<'_>,
    told: &Told<'_>,
    track: &Track,
    (spread, steps, now): (Spread, i64, f64),
) {
    outlook.by = Some(track.period);
    let bounds = track.bounds();
    let (low, high) = spread.interval(0.8);
    outlook.expected = Some(spread.mean);
    outlook.low_80 = Some(low.clamp(bounds.0, bounds.1));
    outlook.high_80 = Some(high.clamp(bounds.0, bounds.1));
    if target.grows && meets(now, target.comparison, target.value) {
        let at_least = target.comparison != Comparison::AtMost;
        if at_least {
            outlook.risk = Risk::Met;
            outlook.words = told.already(now);
            return;
        }
    }
    let chance = chance(&spread, target.comparison, target.value, bounds);
    outlook.chance = Some(chance);
    outlook.risk = Risk::of(chance);
    let few = track.degrees() + 1 < FEW;
    outlook.words = told.coming(chance, spread.mean, few);
    if let Some(step) = track.step {
        let each = (target.value - now) / steps.max(1) as f64;
        outlook.need = Some(TargetNeed {
            each,
            periods: steps,
            step,
            words: told.need(each, steps, step),
        });
    }
}
