//! What the papers take from the room's other features: the units' reports, forecasts, the
//! composite index. Where a feature has nothing to say, the paper says that.

use std::collections::BTreeMap;

use tianyuan_kernel::App;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;

use super::bulletin::facts::{AheadFact, Facts, MissingFact, ReportingFact, RiskFact};
use super::making::Brief;
use super::period::PaperPeriod;
use crate::forecast::api::forecasts;
use crate::periods::{self, ReportingPeriod};
use crate::plans::PlanId;
use crate::reports;
use crate::reports::store::ReportRow;
use crate::words::{MeasureState, Nature, Period, PeriodState, Stage};

/// Characters of a unit's words that stand in a table.
const WORDS_MAX: usize = 60;

/// Adds what there is.
pub(crate) async fn add(
    app: &App,
    sql: &mut dyn Sql,
    brief: &Brief,
    facts: &mut Facts,
) -> Result<()> {
    add_forecasts(app, sql, facts).await?;
    if let Some(period) = reporting_period(sql, &brief.plan.id, &facts.period).await? {
        add_reports(sql, brief, period, facts).await?;
    }
    Ok(())
}

/// Forecasts from what stood for days up to the cut, and the targets still to come.
async fn add_forecasts(app: &App, sql: &mut dyn Sql, facts: &mut Facts) -> Result<()> {
    let all = facts
        .indicators
        .iter()
        .map(|f| f.indicator.clone())
        .collect();
    // Revisions made since count too: the paper says what is in force.
    let moment = app.now().plus_seconds(1);
    let found = forecasts(sql, all, facts.cut, moment).await?;
    for (one, forecast) in found {
        let kind = if one.nature == Nature::Flow {
            Period::Annual
        } else {
            Period::Point
        };
        let track = forecast.tracks.iter().find(|t| t.period == kind);
        let ahead = track
            .and_then(|t| t.outlook.as_ref())
            .map_or(&[][..], |o| &o.ahead);
        let fact = facts
            .indicators
            .iter_mut()
            .find(|f| f.indicator.id == one.id);
        if let Some(fact) = fact {
            fact.ahead = ahead
                .iter()
                .map(|a| AheadFact {
                    at: a.at,
                    value: a.value,
                    low: a.low_80,
                    high: a.high_80,
                })
                .collect();
        }
        let coming = forecast.targets.into_iter().filter(|t| t.due > facts.cut);
        facts.risks.extend(coming.map(|t| RiskFact {
            number: one.number,
            name: (one.name.clone(), one.name_en.clone()),
            unit: one.unit.clone(),
            decimals: one.decimals,
            year: i64::from(t.due.year()),
            target: t.target,
            expected: t.expected,
            interval: t.low_80.zip(t.high_80),
            chance: t.chance,
            needed: t.need.map(|n| n.words),
            text: t.words,
        }));
    }
    // The least likely first, then what cannot be said.
    facts.risks.sort_by(|a, b| {
        let place = |r: &RiskFact| r.chance.unwrap_or(2.0);
        place(a).total_cmp(&place(b)).then(a.number.cmp(&b.number))
    });
    Ok(())
}

/// The reporting period with the same days, once units owed reports in it.
pub(crate) async fn reporting_period(
    sql: &mut dyn Sql,
    plan: &PlanId,
    period: &PaperPeriod,
) -> Result<Option<ReportingPeriod>> {
    let all = periods::list(sql, plan).await?;
    Ok(all.into_iter().find(|p| {
        (p.starts, p.ends) == (period.from, period.to) && p.state != PeriodState::Planned
    }))
}

async fn add_reports(
    sql: &mut dyn Sql,
    brief: &Brief,
    period: ReportingPeriod,
    facts: &mut Facts,
) -> Result<()> {
    let rows = reports::store::all(sql, &period.id).await?;
    let due = period.due;
    let standing = reports::standing::standing(sql, period, &[], brief.today).await?;
    for measure in &mut facts.measures {
        let of = standing
            .measures
            .iter()
            .find(|m| m.measure.number == measure.number);
        // What the period's reports made of it, not what it became since.
        if let Some(state) = of.and_then(|m| m.state) {
            measure.state = state;
        }
        if let Some(words) = words(&rows, measure.number, measure.state) {
            measure.note = words;
        }
    }
    for programme in &mut facts.programmes {
        programme.counts = Default::default();
        for measure in facts
            .measures
            .iter()
            .filter(|m| m.programme == programme.number)
        {
            programme.counts.add(measure.state, 1);
        }
    }
    let mut measures: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in rows.iter().filter(|r| is_missing(r.stage)) {
        measures
            .entry(row.unit.as_str())
            .or_default()
            .push(row.measure.number);
    }
    let mut missing: Vec<MissingFact> = standing
        .units
        .iter()
        .filter_map(|u| {
            Some(MissingFact {
                measures: measures.remove(u.unit.id.as_str())?,
                unit: u.unit.name.clone(),
                owed: u.counts.total,
            })
        })
        .collect();
    missing.sort_by(|a, b| {
        b.measures
            .len()
            .cmp(&a.measures.len())
            .then(a.unit.cmp(&b.unit))
    });
    facts.reporting = Some(ReportingFact {
        due,
        total: standing.counts.total,
        accepted: standing.counts.accepted,
        waiting: standing.counts.submitted,
        returned: standing.counts.returned,
        unsent: standing.counts.owed + standing.counts.draft,
        missing,
    });
    Ok(())
}

const fn is_missing(stage: Stage) -> bool {
    matches!(stage, Stage::Owed | Stage::Draft | Stage::Returned)
}

/// What a unit said of a measure in an accepted report of this state.
fn words(rows: &[ReportRow], number: i64, state: MeasureState) -> Option<String> {
    let said = rows.iter().find(|r| {
        let accepted = r.stage == Stage::Accepted && !r.body.is_empty();
        r.measure.number == number && accepted && r.state == Some(state)
    })?;
    let body = said.body.trim();
    if body.chars().count() <= WORDS_MAX {
        return Some(body.to_owned());
    }
    Some(body.chars().take(WORDS_MAX).chain(['…']).collect())
}
