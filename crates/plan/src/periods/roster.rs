//! Who owes a report in a period: each single unit behind each measure, groups expanded.

use std::collections::{BTreeMap, BTreeSet};

use tianyuan_kernel::party::UnitKind;
use tianyuan_kernel::prelude::*;

use super::{ROSTER_CHANGED, ReportingPeriod};
use crate::directory::{Directory, by_owner};
use crate::measures;
use crate::reports::{self, ReportId};

/// A report owed: measure, unit, and the group through which the unit answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) measure: String,
    pub(crate) unit: String,
    pub(crate) group: Option<String>,
}

/// The single units behind the named ones, each once, with the group that brought it in; a unit
/// named by itself too answers by itself.
pub(crate) fn owed_units(directory: &Directory, named: &[String]) -> Vec<(String, Option<String>)> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    let own: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    for unit in named.iter().filter_map(|id| directory.get(id)) {
        if unit.kind != UnitKind::Group {
            if seen.insert(unit.id.to_string()) {
                out.push((unit.id.to_string(), None));
            }
            continue;
        }
        for member in &unit.members {
            if !own.contains(member.as_str()) && seen.insert(member.to_string()) {
                out.push((member.to_string(), Some(unit.id.to_string())));
            }
        }
    }
    out
}

/// What an edition's units owe now, measure by measure in the order of the plan.
pub(crate) async fn owed(sql: &mut dyn Sql, period: &ReportingPeriod) -> Result<Vec<Owed>> {
    let directory = Directory::load(sql).await?;
    let units = by_owner(measures::store::units_of_plan(sql, &period.plan_id).await?);
    let mut all = Vec::new();
    for measure in measures::store::all(sql, &period.plan_id).await? {
        let named = units
            .get(measure.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        for (unit, group) in owed_units(&directory, named) {
            all.push(Owed {
                measure: measure.id.to_string(),
                unit,
                group,
            });
        }
    }
    Ok(all)
}

/// Makes the period's reports fit what is owed now: adds the missing, and drops those that nobody
/// began and nobody owes any more. Answers how many came and went.
pub(crate) async fn bring_up_to_date(tx: &mut Tx, period: &ReportingPeriod) -> Result<(i64, i64)> {
    let owed = owed(tx, period).await?;
    let have: BTreeMap<(String, String), ReportId> =
        reports::store::untouched_and_all(tx, &period.id)
            .await?
            .into_iter()
            .map(|(id, measure, unit, _)| ((measure, unit), id))
            .collect();
    let wanted: BTreeSet<(String, String)> = owed
        .iter()
        .map(|o| (o.measure.clone(), o.unit.clone()))
        .collect();
    let mut added = 0;
    for one in &owed {
        if !have.contains_key(&(one.measure.clone(), one.unit.clone())) {
            let id = ReportId::new(tx.app());
            reports::store::insert_owed(tx, &id, period, one).await?;
            added += 1;
        }
    }
    let mut dropped = 0;
    for (key, id) in &have {
        if !wanted.contains(key) && reports::store::drop_untouched(tx, id).await? {
            dropped += 1;
        }
    }
    Ok((added, dropped))
}

/// As [`bring_up_to_date`], with its fact when anything changed.
pub(crate) async fn follow(tx: &mut Tx, period: &ReportingPeriod) -> Result<()> {
    let (added, dropped) = bring_up_to_date(tx, period).await?;
    if added + dropped > 0 {
        let fact =
            serde_json::json!({ "plan": period.plan_id, "added": added, "dropped": dropped });
        tx.record(&ROSTER_CHANGED, period.id.as_str(), &fact)
            .await?;
    }
    Ok(())
}
