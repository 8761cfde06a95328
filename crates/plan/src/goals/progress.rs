//! How far a goal has come: what counts, how it goes on, what is still needed. Pure rules over
//! what was read.

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::text;
use utoipa::ToSchema;

use super::store::Dated;
use super::{Counted, GoalSource};
use crate::forecast::outlook::{Asked, Track, meets, track};
use crate::forecast::say::number;
use crate::forecast::series::{Observation, carried};
use crate::forecast::targets::{Risk, Target, TargetOutlook, judge};
use crate::plans::GoalView;
use crate::words::{Comparison, GoalKind, Period};

/// A goal and how far it has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoalProgress {
    /// The goal.
    pub goal: GoalView,
    /// The units that answer for it.
    pub units: Vec<UnitRef>,
    /// What it is counted from.
    pub source: GoalSource,
    /// The platform metric, when that is the source.
    pub metric: Option<String>,
    /// The indicator's id, when the plan binds it to one.
    pub indicator_id: Option<crate::indicators::IndicatorId>,
    /// What counts today; null when nothing was recorded.
    pub counted: Option<f64>,
    /// The day it stands for.
    #[schema(value_type = Option<String>, format = Date)]
    pub counted_at: Option<Date>,
    /// How many entries stand.
    pub entries: i64,
    /// What counts over the goal's value, for a goal to be reached; not more than the number says.
    pub share: Option<f64>,
    /// How it looks at its due date.
    pub outlook: TargetOutlook,
    /// Decimals to show.
    pub decimals: i64,
    /// Grows when its source is changed.
    pub version: i64,
}

/// A goal with its way so far and ahead.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoalDetail {
    /// How far it has come.
    #[serde(flatten)]
    pub progress: GoalProgress,
    /// Its way so far and ahead; several for a flow.
    pub tracks: Vec<Track>,
}

/// What was read of a goal.
pub(crate) enum Read {
    /// Entries by date.
    Entries(Vec<Dated>),
    /// A metric's changes, converted to the goal's unit.
    Readings(Vec<Observation>),
    /// The bound indicator: its id, its latest value, its tracks, all in the goal's unit.
    Indicator(
        crate::indicators::IndicatorId,
        Option<Observation>,
        Vec<Track>,
    ),
    /// Bound to an indicator that is not there.
    Missing,
}

/// Decimals that show a goal's numbers: whole for a whole goal, else as many as it has.
fn decimals_of(value: f64) -> i64 {
    (0..=4)
        .find(|d| {
            let scale = 10_f64.powi(i32::try_from(*d).unwrap_or(0));
            ((value * scale).round() - value * scale).abs() < 1e-9 * scale
        })
        .unwrap_or(4)
}

/// Judges a goal by what was read of it.
#[must_use]
pub(crate) fn progress(counted: Counted, read: Read, today: Date) -> GoalDetail {
    let goal = &counted.goal;
    let cumulative = goal.kind == GoalKind::Cumulative;
    let by_entries = counted.source == GoalSource::Entries;
    let decimals = decimals_of(goal.value).max(match &read {
        Read::Indicator(..) | Read::Readings(_) if goal.unit.starts_with('万') => 2,
        // What was measured is told as it was measured.
        Read::Entries(dated) if !cumulative => {
            let finest = dated.iter().map(|d| decimals_of(d.mean)).max();
            finest.unwrap_or(0).min(2)
        }
        _ => 0,
    });
    let asked = Asked {
        unit: &goal.unit,
        decimals,
        until: goal.due.max(today),
        as_of: today,
        grows: cumulative && by_entries,
    };
    let until = today.min(goal.due);
    let mut indicator_id = None;
    let (now, entries, tracks) = match read {
        Read::Entries(dated) => {
            let entries = dated.iter().map(|d| d.count).sum();
            let path = path(&dated, cumulative, counted.plan_period.from);
            let last = path
                .iter()
                .rev()
                .find(|p| p.at <= today && entries > 0)
                .copied();
            let points = match (entries, cumulative) {
                (0, _) => Vec::new(),
                (_, true) => carried(&path, until),
                (_, false) => path,
            };
            (last, entries, vec![track(Period::Point, &points, &asked)])
        }
        Read::Readings(changes) => {
            let points = carried(&changes, until);
            (
                changes.last().copied(),
                0,
                vec![track(Period::Point, &points, &asked)],
            )
        }
        Read::Indicator(id, latest, tracks) => {
            indicator_id = Some(id);
            (latest, 0, tracks)
        }
        Read::Missing => (None, 0, vec![track(Period::Point, &[], &asked)]),
    };
    let target = Target {
        due: goal.due,
        value: goal.value,
        comparison: goal.comparison,
        unit: &goal.unit,
        decimals,
        grows: cumulative && by_entries,
    };
    let mut outlook = judge(&target, &tracks);
    let reached = now.filter(|n| meets(n.value, goal.comparison, goal.value) && n.at <= goal.due);
    if let (Some(now), true) = (reached, cumulative && by_entries) {
        // This month's entries are not in the path yet, but they do count.
        let value = number(now.value, decimals);
        let unit = &goal.unit;
        outlook.risk = Risk::Met;
        (outlook.chance, outlook.need) = (None, None);
        outlook.words = text!(
            "已计入 {value} {unit}，目标已达到。",
            "{value} {unit} counted: the goal is reached."
        );
    }
    let share = now
        .filter(|_| goal.comparison != Comparison::AtMost && goal.value > 0.0)
        .map(|n| n.value / goal.value);
    let progress = GoalProgress {
        units: counted.units,
        source: counted.source,
        metric: counted.metric,
        indicator_id,
        counted: now.map(|n| n.value),
        counted_at: now.map(|n| n.at),
        entries,
        share,
        outlook,
        decimals,
        version: counted.version,
        goal: counted.goal,
    };
    GoalDetail { progress, tracks }
}

/// Entries as a path: running sums from nothing the day before the plan begins, or measurements.
fn path(dated: &[Dated], cumulative: bool, from: Date) -> Vec<Observation> {
    if !cumulative {
        let one = |d: &Dated| Observation {
            at: d.at,
            value: d.mean,
        };
        return dated.iter().map(one).collect();
    }
    let start = from.yesterday().unwrap_or(from);
    let mut sum = 0.0;
    let mut out = vec![Observation {
        at: start,
        value: 0.0,
    }];
    for d in dated {
        sum += d.sum;
        out.push(Observation {
            at: d.at,
            value: sum,
        });
    }
    out
}
