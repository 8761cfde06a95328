//! Gathers what the records say into the matrix of an index.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::party::UnitRef;

use super::Scope;
use super::rules::{Entity, Matrix};
use super::store;
use super::variables::{GoalSays, IndicatorSays, MeasureSays, ReportSays, Says, matrix};
use crate::directory::{Directory, by_owner};
use crate::goals::{self, GoalSource};
use crate::indicators::{self, Indicator};
use crate::measures;
use crate::overview::attention;
use crate::plans::{self, GoalView, Plan};
use crate::words::{Comparison, Direction, GoalKind, Period};

/// The inputs of a result.
pub(crate) struct Gathered {
    /// Entities by variables.
    pub(crate) matrix: Matrix,
    /// The values of the whole; none for a sheet's own matrix.
    pub(crate) whole: Option<Vec<Option<f64>>>,
}

/// What the records of an edition say by unit or by plan: a dozen queries, whatever its size.
pub(crate) async fn gather(
    sql: &mut dyn Sql,
    plan: &Plan,
    scope: Scope,
    today: Date,
) -> Result<Gathered> {
    let directory = Directory::load(sql).await?;
    let rows = measures::store::all(sql, &plan.id).await?;
    let units = by_owner(measures::store::units_of_plan(sql, &plan.id).await?);
    let found = indicators::store::all(sql, &plan.id).await?;
    let indicators = indicators::complete(sql, &directory, found, today).await?;
    let goals = plans::store::goals(sql, &plan.id).await?;
    let counted = counted(sql, &plan.id, today).await?;
    let programmes = plans::store::programmes(sql, &plan.id).await?;
    let due = store::reports_due(sql, &plan.id, today).await?;

    let ids = |refs: Vec<UnitRef>| -> Vec<String> {
        refs.into_iter().map(|u| u.id.as_str().to_owned()).collect()
    };
    let by_unit = scope != Scope::Programme;
    let programme_ids: BTreeMap<i64, &str> = programmes
        .iter()
        .map(|p| (p.number, p.id.as_str()))
        .collect();
    let measure_of = |m: &measures::store::MeasureRow| {
        if by_unit {
            let named = units.get(m.id.as_str()).cloned().unwrap_or_default();
            ids(directory.expanded(&named))
        } else {
            vec![m.programme.0.clone()]
        }
    };
    let of_measure: BTreeMap<i64, Vec<String>> =
        rows.iter().map(|m| (m.number, measure_of(m))).collect();
    let of_goal = |goal: &GoalView| -> Vec<String> {
        let by_measure = goal
            .measure_number
            .and_then(|n| of_measure.get(&n))
            .cloned();
        let by_programme = goal.programme_number.filter(|_| !by_unit);
        let by_programme = by_programme.and_then(|n| programme_ids.get(&n));
        let by_indicator = goal.indicator_number.filter(|_| by_unit).and_then(|n| {
            let indicator = indicators.iter().find(|i| i.number == n)?;
            Some(units_of(&directory, indicator))
        });
        by_measure
            .or_else(|| by_programme.map(|id| vec![(*id).to_owned()]))
            .or(by_indicator)
            .unwrap_or_default()
    };
    let of_indicator = |indicator: &Indicator| -> Vec<String> {
        if by_unit {
            return units_of(&directory, indicator);
        }
        // A plan answers for the indicators its goals are measured by.
        let mut of: Vec<String> = goals
            .iter()
            .filter(|g| g.indicator_number == Some(indicator.number))
            .flat_map(&of_goal)
            .collect();
        of.sort();
        of.dedup();
        of
    };
    let period = (plan.period.from, plan.period.to);
    let says = Says {
        measures: rows
            .iter()
            .map(|m| MeasureSays {
                of: of_measure.get(&m.number).cloned().unwrap_or_default(),
                state: m.state,
            })
            .collect(),
        indicators: indicators
            .iter()
            .map(|i| indicator_says(i, of_indicator(i), period, today))
            .collect(),
        goals: goals
            .iter()
            .map(|g| GoalSays {
                of: of_goal(g),
                reached: reached(g, &indicators)
                    .or_else(|| share(g, counted.get(g.id.as_str()).copied()?)),
            })
            .collect(),
        reports: due
            .into_iter()
            .map(|r| ReportSays {
                of: vec![if by_unit { r.unit } else { r.programme }],
                on_time: r.sent.is_some_and(|at| at.date() <= r.due),
            })
            .collect(),
    };
    let entities = if by_unit {
        unit_entities(&directory, &says)
    } else {
        let all = programmes.iter().map(|p| Entity {
            id: p.id.clone(),
            name: p.title.clone(),
            name_en: p.title_en.clone(),
        });
        all.collect()
    };
    let (matrix, whole) = matrix(entities, &says);
    Ok(Gathered {
        matrix,
        whole: Some(whole),
    })
}

fn units_of(directory: &Directory, indicator: &Indicator) -> Vec<String> {
    let named: Vec<String> = indicator
        .units
        .iter()
        .map(|u| u.id.as_str().to_owned())
        .collect();
    let single = directory.expanded(&named).into_iter();
    single.map(|u| u.id.as_str().to_owned()).collect()
}

fn indicator_says(
    indicator: &Indicator,
    of: Vec<String>,
    period: (Date, Date),
    today: Date,
) -> IndicatorSays {
    let facts = indicator.facts();
    let since = indicator
        .latest
        .filter(|v| i64::from(v.at.year()) > indicator.baseline.year);
    let attainment = since.and_then(|latest| {
        let expected = indicator.expected?;
        let (over, under) = match indicator.direction {
            Direction::Up => (latest.value, expected),
            Direction::Down => (expected, latest.value),
        };
        (under > 0.0 && over >= 0.0).then(|| over / under)
    });
    let fresh = attention::age(&facts, period, today).map(|(_, age)| age <= attention::STALE_DAYS);
    IndicatorSays {
        of,
        attainment,
        fresh,
    }
}

/// What entries and metrics count towards the goals of an edition by a day, by goal id; those that
/// an indicator measures are not among them.
async fn counted(
    sql: &mut dyn Sql,
    plan: &plans::PlanId,
    today: Date,
) -> Result<BTreeMap<String, f64>> {
    let mut entries = goals::store::amounts(sql, plan).await?;
    let mut readings = goals::store::readings(sql, plan).await?;
    let rows = goals::store::all(sql, plan).await?;
    let counted = rows.into_iter().filter_map(|row| {
        let dated = entries.remove(&row.key).unwrap_or_default();
        let dated: Vec<_> = dated.into_iter().filter(|d| d.at <= today).collect();
        let value = match row.source {
            Some(GoalSource::Indicator) => None,
            Some(GoalSource::Metric) => {
                let all = readings.remove(&row.key).unwrap_or_default();
                all.into_iter().rfind(|r| r.at <= today).map(|r| r.value)
            }
            None | Some(GoalSource::Entries) => {
                let last = dated.last().map(|d| d.mean);
                last.map(|mean| match row.goal.kind {
                    GoalKind::Cumulative => dated.iter().map(|d| d.sum).sum(),
                    GoalKind::Level => mean,
                })
            }
        };
        Some((row.goal.id.to_string(), value?))
    });
    Ok(counted.collect())
}

/// How much of a goal a count reaches.
fn share(goal: &GoalView, counted: f64) -> Option<f64> {
    let (over, under) = match goal.comparison {
        Comparison::AtMost => (goal.value, counted),
        _ => (counted, goal.value),
    };
    (under > 0.0 && over >= 0.0).then(|| over / under)
}

/// How much of a goal its indicator's latest value reaches. A sum of a year that still grows says
/// nothing yet.
fn reached(goal: &GoalView, indicators: &[Indicator]) -> Option<f64> {
    let indicator = indicators
        .iter()
        .find(|i| Some(i.number) == goal.indicator_number)?;
    let latest = indicator.latest.filter(|v| v.period != Period::Ytd)?;
    let same_unit = goal.value > 0.0 && latest.value >= 0.0;
    same_unit.then(|| latest.value / goal.value)
}

/// The units that anything counts for, in order of their ids.
fn unit_entities(directory: &Directory, says: &Says) -> Vec<Entity> {
    let measures = says.measures.iter().flat_map(|m| &m.of);
    let indicators = says.indicators.iter().flat_map(|i| &i.of);
    let all = measures.chain(indicators);
    let mut ids: Vec<&String> = all.collect();
    ids.sort();
    ids.dedup();
    ids.into_iter()
        .filter_map(|id| directory.get(id))
        .map(|unit| Entity {
            id: unit.id.as_str().to_owned(),
            name: unit.name.clone(),
            name_en: unit.name_en.clone(),
        })
        .collect()
}
