//! Two editions side by side: what was added, dropped, changed.
//!
//! A correction of one edition matches records by number (or code, or a goal's place and name).
//! Two different editions match by title first, since a next edition renumbers, and then by
//! number when the titles are still alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlanBundle;
use super::flat::{
    Row, goal_row, head_fields, indicator_row, layer_row, measure_row, place_row, programme_row,
    unit_row,
};
use crate::nearest::likeness;

/// Titles less alike than this are different things, even under one number.
const LIKENESS_MIN: f64 = 0.34;

/// How records of two bundles find each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// By number: two states of one edition.
    ByNumber,
    /// By title, then by number: two editions.
    ByTitle,
}

/// Everything that differs between two editions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanDifferences)]
pub struct Differences {
    /// Fields of the edition itself.
    pub plan: Vec<FieldChange>,
    /// Responsible units.
    pub units: Changes,
    /// Layers.
    pub layers: Changes,
    /// Programmes.
    pub programmes: Changes,
    /// Measures.
    pub measures: Changes,
    /// Goals.
    pub goals: Changes,
    /// Indicators.
    pub indicators: Changes,
    /// Elements of the spatial pattern.
    pub pattern: Changes,
}

/// What differs within one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TableChanges)]
pub struct Changes {
    /// Only in the other edition.
    pub added: Vec<Item>,
    /// Only in the base edition.
    pub dropped: Vec<Item>,
    /// In both, and not the same.
    pub changed: Vec<ItemChange>,
    /// How many are the same in both.
    pub unchanged: u64,
}

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ComparedItem)]
pub struct Item {
    /// What tells it from the others of its table.
    pub key: String,
    /// Its number, if its table is numbered.
    pub number: Option<i64>,
    /// Its title or name.
    pub title: String,
}

/// One record that differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ComparedItemChange)]
pub struct ItemChange {
    /// What tells it from the others of its table, in the other edition.
    pub key: String,
    /// Its number in the other edition.
    pub number: Option<i64>,
    /// Its title or name in the other edition.
    pub title: String,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

/// One field that differs, as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChange {
    /// The field, such as `title`, `units`, `targets.2025`, `summary.zh`.
    pub field: String,
    /// In the base edition; empty when absent.
    pub before: String,
    /// In the other edition; empty when absent.
    pub after: String,
}

impl Changes {
    /// True when the table is the same in both.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.dropped.is_empty() && self.changed.is_empty()
    }
}

impl Differences {
    /// True when both are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.tables().iter().all(|(_, t)| t.is_empty())
    }

    /// The tables by name.
    #[must_use]
    pub fn tables(&self) -> [(&'static str, &Changes); 7] {
        [
            ("units", &self.units),
            ("layers", &self.layers),
            ("programmes", &self.programmes),
            ("measures", &self.measures),
            ("goals", &self.goals),
            ("indicators", &self.indicators),
            ("pattern", &self.pattern),
        ]
    }
}

/// Compares two bundles. A unit missing from `other` is not dropped when a correction is
/// compared, since units belong to the directory.
#[must_use]
pub fn compare(base: &PlanBundle, other: &PlanBundle, matching: Matching) -> Differences {
    let pattern = |b: &PlanBundle| -> Vec<Row> {
        let groups = b.pattern.groups();
        groups
            .iter()
            .flat_map(|(g, _, e)| e.iter().map(|e| place_row(g, e)))
            .collect()
    };
    let mut units = differ(
        rows(&base.units, unit_row),
        rows(&other.units, unit_row),
        matching,
    );
    if matching == Matching::ByNumber {
        units.unchanged += units.dropped.len() as u64;
        units.dropped.clear();
    }
    Differences {
        plan: fields(
            &base.plan.as_ref().map(head_fields).unwrap_or_default(),
            &other.plan.as_ref().map(head_fields).unwrap_or_default(),
        ),
        units,
        layers: differ(
            rows(&base.layers, layer_row),
            rows(&other.layers, layer_row),
            matching,
        ),
        programmes: differ(
            rows(&base.programmes, programme_row),
            rows(&other.programmes, programme_row),
            matching,
        ),
        measures: differ(
            rows(&base.measures, measure_row),
            rows(&other.measures, measure_row),
            matching,
        ),
        goals: differ(
            rows(&base.goals, goal_row),
            rows(&other.goals, goal_row),
            matching,
        ),
        indicators: differ(
            rows(&base.indicators, indicator_row),
            rows(&other.indicators, indicator_row),
            matching,
        ),
        pattern: differ(pattern(base), pattern(other), matching),
    }
}

fn rows<T>(entries: &[T], row: fn(&T) -> Row) -> Vec<Row> {
    entries.iter().map(row).collect()
}

fn differ(base: Vec<Row>, other: Vec<Row>, matching: Matching) -> Changes {
    let mut partner: Vec<Option<usize>> = vec![None; other.len()];
    let mut taken = vec![false; base.len()];
    let mut pair = |by: &dyn Fn(&Row) -> String, alike: bool| {
        let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, row) in base.iter().enumerate().rev() {
            if !taken[i] {
                index.entry(by(row)).or_default().push(i);
            }
        }
        for (j, row) in other.iter().enumerate() {
            let Some(found) = index.get_mut(&by(row)).filter(|_| partner[j].is_none()) else {
                continue;
            };
            let Some(&i) = found.last() else { continue };
            if !alike || likeness(&base[i].item.title, &row.item.title) >= LIKENESS_MIN {
                found.pop();
                taken[i] = true;
                partner[j] = Some(i);
            }
        }
    };
    match matching {
        Matching::ByNumber => pair(&|r| r.item.key.clone(), false),
        Matching::ByTitle => {
            pair(&|r| r.item.title.clone(), false);
            pair(&|r| r.item.key.clone(), true);
        }
    }
    let mut changes = Changes::default();
    for (row, partner) in other.into_iter().zip(partner) {
        let Some(i) = partner else {
            changes.added.push(row.item);
            continue;
        };
        let fields = fields(&base[i].fields, &row.fields);
        if fields.is_empty() {
            changes.unchanged += 1;
        } else {
            let Item { key, number, title } = row.item;
            changes.changed.push(ItemChange {
                key,
                number,
                title,
                fields,
            });
        }
    }
    let dropped = base.into_iter().zip(taken).filter(|(_, taken)| !taken);
    changes.dropped = dropped.map(|(row, _)| row.item).collect();
    changes
}

fn fields(before: &[(String, String)], after: &[(String, String)]) -> Vec<FieldChange> {
    let find = |list: &[(String, String)], name: &str| {
        list.iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    };
    let mut names: Vec<&String> = before.iter().map(|(n, _)| n).collect();
    for (name, _) in after {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| FieldChange {
            field: name.clone(),
            before: find(before, name),
            after: find(after, name),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
