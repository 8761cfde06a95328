//! The whole trunk at a glance: one edition's pattern, layers, indicators, units, and what needs
//! attention today. A dozen queries, whatever the edition's size.

pub mod api;
pub mod attention;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use tianyuan_kernel::App;
use tianyuan_kernel::authority::Role;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::directory::{Directory, by_owner};
use crate::indicators::{self, Indicator};
use crate::measures;
use crate::plans::{self, LayerId, PatternView, Plan, StateCounts};
use crate::words::GoalScope;
use attention::{Attention, MeasureFacts};

/// One edition at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    /// The edition.
    pub plan: Plan,
    /// Its spatial pattern.
    pub pattern: PatternView,
    /// Its layers with their programmes, in order.
    pub layers: Vec<OverviewLayer>,
    /// Its indicators, by number.
    pub indicators: Vec<Indicator>,
    /// What needs attention, the most pressing first.
    pub attention: Vec<Attention>,
    /// Its responsible units, groups replaced by their members.
    pub units: Vec<OverviewUnit>,
}

/// A layer at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverviewLayer {
    /// Its id.
    pub id: LayerId,
    /// Its code.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// From 1.
    pub position: i64,
    /// What it is about.
    pub summary: Text,
    /// Its programmes, in order.
    pub programmes: Vec<OverviewProgramme>,
}

/// A programme at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverviewProgramme {
    /// Its number.
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// How many measures it has.
    pub measure_count: i64,
    /// How many of them stand in which state.
    pub state_counts: StateCounts,
    /// How many goals it and its measures have.
    pub goal_count: i64,
}

/// A responsible unit at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OverviewUnit {
    /// Its id.
    pub id: UnitId,
    /// Official name.
    pub name: String,
    /// How many measures it is responsible for, through groups too.
    pub measure_count: i64,
    /// How many indicators it is responsible for.
    pub indicator_count: i64,
    /// True when somebody reports for it.
    pub has_reporter: bool,
}

/// Draws up the overview. `reporters` says whether to look up who reports; strangers are not
/// told.
pub(crate) async fn overview(
    app: &App,
    sql: &mut dyn Sql,
    plan: Plan,
    staff: bool,
) -> Result<Overview> {
    let today = app.now().date();
    let period = (plan.period.from, plan.period.to);
    let directory = Directory::load(sql).await?;
    let (_, pattern) = plans::store::texts(sql, &plan.id).await?;
    let measures = measures::store::all(sql, &plan.id).await?;
    let measure_units = by_owner(measures::store::units_of_plan(sql, &plan.id).await?);
    let rows = indicators::store::all(sql, &plan.id).await?;
    let indicators = indicators::complete(sql, &directory, rows, today).await?;
    let layers = layers(sql, &plan, &measures).await?;
    let reporters = if staff {
        app.authority()
            .units_with_role(app, Role::UnitReporter)
            .await?
    } else {
        Vec::new()
    };
    let units = units(&directory, &measure_units, &indicators, &reporters);
    let mut attention: Vec<Attention> = indicators
        .iter()
        .filter_map(|i| attention::indicator(&i.facts(), period, today))
        .collect();
    let facts: Vec<MeasureFacts<'_>> = measures
        .iter()
        .map(|m| MeasureFacts {
            id: m.id.as_str(),
            number: m.number,
            title: &m.title,
            title_en: &m.title_en,
            state: m.state,
            state_at: m.state_at.map(|at| at.date()),
        })
        .collect();
    attention.extend(attention::measures(&facts, period, today));
    if staff {
        let without: Vec<&str> = units
            .iter()
            .filter(|u| !u.has_reporter)
            .map(|u| u.name.as_str())
            .collect();
        attention.extend(attention::reporters(&without));
        let warnings = crate::warnings::store::unclosed(sql, &plan.id).await?;
        crate::warnings::beside::put(&mut attention, &warnings);
    }
    attention.sort_by_key(|a| a.severity);
    Ok(Overview {
        plan,
        pattern: pattern.into(),
        layers,
        indicators,
        attention,
        units,
    })
}

async fn layers(
    sql: &mut dyn Sql,
    plan: &Plan,
    measures: &[measures::store::MeasureRow],
) -> Result<Vec<OverviewLayer>> {
    let rows = plans::store::layers(sql, &plan.id).await?;
    let programmes = plans::store::programmes(sql, &plan.id).await?;
    let goals = plans::store::goals(sql, &plan.id).await?;
    let programme_of: BTreeMap<i64, i64> =
        measures.iter().map(|m| (m.number, m.programme.1)).collect();
    let mut goal_counts: BTreeMap<i64, i64> = BTreeMap::new();
    for goal in &goals {
        let number = match goal.scope {
            GoalScope::Plan => None,
            GoalScope::Programme => goal.programme_number,
            GoalScope::Measure => goal
                .measure_number
                .and_then(|m| programme_of.get(&m).copied()),
        };
        if let Some(number) = number {
            *goal_counts.entry(number).or_default() += 1;
        }
    }
    let mut counts: BTreeMap<i64, StateCounts> = BTreeMap::new();
    for measure in measures {
        counts
            .entry(measure.programme.1)
            .or_default()
            .add(measure.state, 1);
    }
    Ok(rows
        .into_iter()
        .map(|layer| OverviewLayer {
            programmes: programmes
                .iter()
                .filter(|p| p.layer_id == layer.id)
                .map(|p| {
                    let state_counts = counts.get(&p.number).copied().unwrap_or_default();
                    OverviewProgramme {
                        number: p.number,
                        title: p.title.clone(),
                        title_en: p.title_en.clone(),
                        measure_count: state_counts.total(),
                        state_counts,
                        goal_count: goal_counts.get(&p.number).copied().unwrap_or_default(),
                    }
                })
                .collect(),
            id: LayerId::from_stored(layer.id),
            code: layer.code,
            title: layer.title,
            title_en: layer.title_en,
            position: layer.position,
            summary: layer.summary.text(),
        })
        .collect())
}

fn units(
    directory: &Directory,
    measure_units: &BTreeMap<String, Vec<String>>,
    indicators: &[Indicator],
    reporters: &[String],
) -> Vec<OverviewUnit> {
    let mut units: BTreeMap<UnitId, OverviewUnit> = BTreeMap::new();
    let mut count = |ids: &[String], measures: i64, indicators: i64| {
        for unit in directory.expanded(ids) {
            let entry = units
                .entry(unit.id.clone())
                .or_insert_with(|| OverviewUnit {
                    has_reporter: reporters.iter().any(|id| id == unit.id.as_str()),
                    id: unit.id,
                    name: unit.name,
                    measure_count: 0,
                    indicator_count: 0,
                });
            entry.measure_count += measures;
            entry.indicator_count += indicators;
        }
    };
    for ids in measure_units.values() {
        count(ids, 1, 0);
    }
    for indicator in indicators {
        let ids: Vec<String> = indicator
            .units
            .iter()
            .map(|u| u.id.as_str().to_owned())
            .collect();
        count(&ids, 0, 1);
    }
    let mut units: Vec<OverviewUnit> = units.into_values().collect();
    units.sort_by(|a, b| {
        let load = |u: &OverviewUnit| (-(u.measure_count + u.indicator_count), u.name.clone());
        load(a).cmp(&load(b))
    });
    units
}
