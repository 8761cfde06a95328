//! Reading an edition back as the bundle it was saved from.

use std::collections::BTreeMap;

use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::party::{Unit, UnitKind};

use super::{Plan, PlanId, store};
use crate::bundle::{
    GoalEntry, IndicatorEntry, LayerEntry, MeasureEntry, PlanBundle, PlanHead, ProgrammeEntry,
    UnitEntry,
};
use crate::directory::{Directory, by_owner};
use crate::indicators::{self, IndicatorId};
use crate::measures;

/// Which units a bundle read back carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    /// The whole directory: for a workbook, and to see what a correction changes.
    All,
    /// Those the edition names, and their members: to compare two editions.
    Named,
}

/// Reads an edition back as the bundle it was saved from.
pub(crate) async fn load(sql: &mut dyn Sql, plan: &Plan, units: Units) -> Result<PlanBundle> {
    let directory = Directory::load(sql).await?;
    let (summary, pattern) = store::texts(sql, &plan.id).await?;
    let layers = store::layers(sql, &plan.id).await?;
    let programmes = store::programmes(sql, &plan.id).await?;
    let measures = load_measures(sql, &plan.id, &directory).await?;
    let indicators = load_indicators(sql, &plan.id, &directory).await?;
    let goals = store::goals(sql, &plan.id).await?;
    let layer_codes: BTreeMap<String, String> = layers
        .iter()
        .map(|l| (l.id.clone(), l.code.clone()))
        .collect();
    let mut bundle = PlanBundle {
        plan: Some(PlanHead {
            code: plan.code.clone(),
            title: plan.title.clone(),
            title_en: plan.title_en.clone(),
            edition: plan.edition.clone(),
            period_from: plan.period.from,
            period_to: plan.period.to,
            state: plan.state,
            summary,
        }),
        units: Vec::new(),
        layers: layers
            .into_iter()
            .map(|l| LayerEntry {
                code: l.code,
                title: l.title,
                title_en: l.title_en,
                summary: l.summary,
            })
            .collect(),
        programmes: programmes
            .into_iter()
            .map(|p| ProgrammeEntry {
                number: p.number,
                title: p.title,
                title_en: p.title_en,
                layer: layer_codes.get(&p.layer_id).cloned().unwrap_or_default(),
                focus: p.focus,
                objective: p.objective,
            })
            .collect(),
        measures,
        goals: goals.into_iter().map(goal_entry).collect(),
        indicators,
        pattern,
    };
    bundle.units = unit_entries(&bundle, &directory, units);
    Ok(bundle)
}

fn goal_entry(goal: super::GoalView) -> GoalEntry {
    GoalEntry {
        name: goal.name,
        name_en: goal.name_en,
        programme: goal.programme_number,
        measure: goal.measure_number,
        value: goal.value,
        unit: goal.unit,
        due: goal.due,
        comparison: goal.comparison,
        kind: goal.kind,
        indicator: goal.indicator_number,
    }
}

fn unit_entries(bundle: &PlanBundle, directory: &Directory, which: Units) -> Vec<UnitEntry> {
    let mut entries = all_units(directory);
    if which == Units::Named {
        let names: Vec<&String> = bundle
            .measures
            .iter()
            .flat_map(|m| &m.units)
            .chain(bundle.indicators.iter().flat_map(|n| &n.units))
            .collect();
        let named: Vec<String> = directory
            .all()
            .filter(|u| names.iter().any(|n| **n == u.name))
            .map(|u| u.id.as_str().to_owned())
            .collect();
        let wanted = directory.authority(&named);
        let wanted: Vec<&str> = wanted
            .iter()
            .filter_map(|id| directory.get(id))
            .map(|u| u.code.as_str())
            .collect();
        entries.retain(|e| wanted.contains(&e.code.as_str()));
    }
    entries
}

/// The whole directory as entries, single units first, then by code.
pub(crate) fn all_units(directory: &Directory) -> Vec<UnitEntry> {
    let members = |unit: &Unit| {
        let found = unit
            .members
            .iter()
            .filter_map(|m| directory.get(m.as_str()));
        found.map(|m| m.name.clone()).collect()
    };
    let mut entries: Vec<UnitEntry> = directory
        .all()
        .map(|u| UnitEntry {
            code: u.code.clone(),
            name: u.name.clone(),
            name_en: u.name_en.clone(),
            kind: u.kind,
            members: members(u),
        })
        .collect();
    entries.sort_by_key(|e| (e.kind == UnitKind::Group, e.code.clone()));
    entries
}

fn unit_names(directory: &Directory, ids: Option<&Vec<String>>) -> Vec<String> {
    let ids = ids.map(Vec::as_slice).unwrap_or_default();
    ids.iter()
        .filter_map(|id| directory.get(id))
        .map(|u| u.name.clone())
        .collect()
}

async fn load_measures(
    sql: &mut dyn Sql,
    plan: &PlanId,
    directory: &Directory,
) -> Result<Vec<MeasureEntry>> {
    let rows = measures::store::all(sql, plan).await?;
    let units = by_owner(measures::store::units_of_plan(sql, plan).await?);
    Ok(rows
        .into_iter()
        .map(|m| MeasureEntry {
            units: unit_names(directory, units.get(m.id.as_str())),
            number: m.number,
            title: m.title,
            title_en: m.title_en,
            programme: m.programme.1,
            summary: m.summary,
        })
        .collect())
}

async fn load_indicators(
    sql: &mut dyn Sql,
    plan: &PlanId,
    directory: &Directory,
) -> Result<Vec<IndicatorEntry>> {
    let rows = indicators::store::all(sql, plan).await?;
    let ids: Vec<&IndicatorId> = rows.iter().map(|n| &n.id).collect();
    let units = by_owner(indicators::store::units_of(sql, &ids).await?);
    let mut targets = indicators::store::targets_of(sql, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|n| IndicatorEntry {
            units: unit_names(directory, units.get(n.id.as_str())),
            targets: targets.remove(n.id.as_str()).unwrap_or_default(),
            number: n.number,
            name: n.name,
            name_en: n.name_en,
            unit: n.unit,
            nature: n.nature,
            direction: n.direction,
            decimals: n.decimals,
            baseline: n.baseline,
        })
        .collect())
}
