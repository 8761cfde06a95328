//! Where a period stands: who is late, who is missing, what waits for review, unit by unit and
//! measure by measure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use super::store::{self, ReportRow};
use super::{MeasureRef, rules};
use crate::directory::Directory;
use crate::periods::ReportingPeriod;
use crate::plans::PlanId;
use crate::words::{MeasureState, Stage};

/// Reports by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReportCounts)]
pub struct Counts {
    /// Not begun.
    pub owed: i64,
    /// Begun, not sent.
    pub draft: i64,
    /// Waits for review.
    pub submitted: i64,
    /// Sent back.
    pub returned: i64,
    /// Taken over.
    pub accepted: i64,
    /// All of them.
    pub total: i64,
    /// Not sent although the deadline has passed.
    pub late: i64,
    /// Of those that wait for review: endorsed by the unit's lead.
    pub endorsed: i64,
}

impl Counts {
    fn add(&mut self, stage: Stage, endorsed: bool, n: i64) {
        *match stage {
            Stage::Owed => &mut self.owed,
            Stage::Draft => &mut self.draft,
            Stage::Submitted => &mut self.submitted,
            Stage::Returned => &mut self.returned,
            Stage::Accepted => &mut self.accepted,
        } += n;
        self.total += n;
        if endorsed && stage == Stage::Submitted {
            self.endorsed += n;
        }
    }

    /// Reports that were not sent.
    #[must_use]
    pub fn missing(&self) -> i64 {
        self.owed + self.draft + self.returned
    }

    /// Counts what was not sent as late once the deadline has passed.
    pub(crate) fn count_late(&mut self, overdue: bool) {
        self.late = if overdue { self.missing() } else { 0 };
    }
}

/// A unit in a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitStanding {
    /// The unit.
    pub unit: UnitRef,
    /// Its reports.
    pub counts: Counts,
    /// When it was last reminded.
    pub reminded_at: Option<Micros>,
    /// Somebody has an account to report for it.
    pub has_reporter: bool,
}

/// A measure in a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MeasureStanding {
    /// The measure.
    pub measure: MeasureRef,
    /// Its reports.
    pub counts: Counts,
    /// The units that have not sent theirs.
    pub missing: Vec<UnitRef>,
    /// What its accepted reports make of its state.
    pub state: Option<MeasureState>,
}

/// Where a period stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodStanding {
    /// The period.
    pub period: ReportingPeriod,
    /// All its reports.
    pub counts: Counts,
    /// Unit by unit: the latest first, then those with most missing.
    pub units: Vec<UnitStanding>,
    /// Measure by measure.
    pub measures: Vec<MeasureStanding>,
}

/// Draws up where a period stands. `reporters` are units that have somebody to report for them.
pub(crate) async fn standing(
    sql: &mut dyn Sql,
    period: ReportingPeriod,
    reporters: &[String],
    today: Date,
) -> Result<PeriodStanding> {
    let rows = store::all(sql, &period.id).await?;
    let directory = Directory::load(sql).await?;
    Ok(drawn(period, &rows, &directory, reporters, today))
}

fn drawn(
    period: ReportingPeriod,
    rows: &[ReportRow],
    directory: &Directory,
    reporters: &[String],
    today: Date,
) -> PeriodStanding {
    let overdue = period.is_overdue(today);
    let mut counts = Counts::default();
    let mut units: BTreeMap<&str, (Counts, Option<Micros>)> = BTreeMap::new();
    let mut measures: BTreeMap<i64, Vec<&ReportRow>> = BTreeMap::new();
    for row in rows {
        let endorsed = row.endorsed.0.is_some();
        counts.add(row.stage, endorsed, 1);
        let unit = units.entry(row.unit.as_str()).or_default();
        unit.0.add(row.stage, endorsed, 1);
        unit.1 = unit.1.max(row.reminded_at);
        measures.entry(row.measure.number).or_default().push(row);
    }
    counts.count_late(overdue);
    let mut units: Vec<UnitStanding> = units
        .into_iter()
        .filter_map(|(id, (mut counts, reminded_at))| {
            counts.count_late(overdue);
            Some(UnitStanding {
                unit: UnitRef::from(directory.get(id)?),
                counts,
                reminded_at,
                has_reporter: reporters.iter().any(|r| r == id),
            })
        })
        .collect();
    let load = |u: &UnitStanding| (-u.counts.late, -u.counts.missing(), -u.counts.submitted);
    units.sort_by(|a, b| (load(a), &a.unit.name).cmp(&(load(b), &b.unit.name)));
    let measures = measures
        .into_values()
        .map(|rows| of_measure(&rows, directory, overdue))
        .collect();
    PeriodStanding {
        period,
        counts,
        units,
        measures,
    }
}

fn of_measure(rows: &[&ReportRow], directory: &Directory, overdue: bool) -> MeasureStanding {
    let mut counts = Counts::default();
    for row in rows {
        counts.add(row.stage, row.endorsed.0.is_some(), 1);
    }
    counts.count_late(overdue);
    let unsent = |row: &&&ReportRow| !matches!(row.stage, Stage::Submitted | Stage::Accepted);
    let missing = rows
        .iter()
        .filter(unsent)
        .filter_map(|row| directory.get(row.unit.as_str()).map(UnitRef::from))
        .collect();
    MeasureStanding {
        measure: rows[0].measure.clone(),
        counts,
        missing,
        state: combined(rows.iter().copied()),
    }
}

/// What the accepted of some reports on one measure make of its state.
pub(crate) fn combined<'a>(rows: impl Iterator<Item = &'a ReportRow>) -> Option<MeasureState> {
    let rows: Vec<&ReportRow> = rows.collect();
    let accepted: Vec<MeasureState> = rows
        .iter()
        .filter(|r| r.stage == Stage::Accepted)
        .filter_map(|r| r.state)
        .collect();
    rules::combined(&accepted, rows.len())
}

/// The counts of every period of an edition, by period id. Lateness is not counted: it needs the
/// period's deadline.
pub(crate) async fn counts_of_plan(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<BTreeMap<String, Counts>> {
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for (period, stage, endorsed, n) in store::stage_counts(sql, plan).await? {
        all.entry(period).or_default().add(stage, endorsed, n);
    }
    Ok(all)
}
