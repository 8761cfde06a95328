//! Goals of the plan's programmes (计划目标): how far each has come, from what it is counted, how
//! it goes on and what is still needed.
//!
//! A goal is counted from the indicator the plan binds it to, from a platform metric, or from
//! entries (firms and batches with date, amount and evidence). Start reading at [`progress`].
//!
//! Invariants: an entry is added and struck with a fact and never deleted; one firm counts once
//! towards a goal, however two people write it at once. For staff.

pub mod api;
pub(crate) mod demo;
pub mod entries;
pub mod entries_api;
pub mod measure;
pub mod progress;
pub(crate) mod sheet;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::party::UnitRef;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::plans::{GoalId, GoalView, PlanId, PlanPeriod};

/// What a goal is counted from was decided.
pub const SOURCE_SET: Kind = Kind::new(
    "goal.source_set",
    Log::Directory,
    "设定目标来源",
    "Goal's source set",
)
.open(&["plan", "goal", "source", "metric"])
.staff();
/// An entry was counted towards a goal.
pub const ENTRY_ADDED: Kind = Kind::new(
    "goal.entry_added",
    Log::Material,
    "计入目标",
    "Entry counted towards a goal",
)
.open(&["plan", "goal", "at", "amount"])
.staff();
/// An entry was struck.
pub const ENTRY_STRUCK: Kind = Kind::new(
    "goal.entry_struck",
    Log::Material,
    "剔除条目",
    "Entry struck from a goal",
)
.open(&["plan", "goal", "at", "amount"])
.staff();
/// A platform metric was read for a goal.
pub const MEASURED: Kind = Kind::new(
    "goal.measured",
    Log::Material,
    "读取目标数值",
    "Goal measured",
)
.open(&["plan", "goal", "at", "value"])
.staff();

/// What a goal is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoalSource {
    /// The indicator the plan binds it to.
    Indicator,
    /// A number the platform measures itself.
    Metric,
    /// Firms and batches, one by one.
    Entries,
}

impl GoalSource {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::Metric => "metric",
            Self::Entries => "entries",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Indicator, Self::Metric, Self::Entries]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// A goal with what its access and counting need.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) goal: GoalView,
    pub(crate) plan_id: PlanId,
    pub(crate) plan_period: PlanPeriod,
    pub(crate) key: String,
    pub(crate) source: GoalSource,
    pub(crate) metric: Option<String>,
    pub(crate) version: i64,
    pub(crate) units: Vec<UnitRef>,
    authority: Vec<String>,
}

impl Resource for Counted {
    fn entity(&self) -> Entity {
        Entity::new("Goal", self.goal.id.as_str()).of_units(self.authority.iter().cloned())
    }
}

/// Completes goals with their sources and the units that answer for them: those of the measure,
/// of the programme's measures, or of the indicator.
pub(crate) async fn complete(sql: &mut dyn Sql, rows: Vec<store::GoalRow>) -> Result<Vec<Counted>> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let responsible = store::responsible(sql, &first.plan_id).await?;
    let directory = Directory::load(sql).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let ids = responsible.of(&row.goal);
            Counted {
                source: row
                    .source
                    .unwrap_or(if row.goal.indicator_number.is_some() {
                        GoalSource::Indicator
                    } else {
                        GoalSource::Entries
                    }),
                metric: row.metric,
                version: row.version.unwrap_or(1),
                units: directory.refs(&ids),
                authority: directory.authority(&ids),
                goal: row.goal,
                plan_id: row.plan_id,
                plan_period: row.plan_period,
                key: row.key,
            }
        })
        .collect())
}

/// One goal.
pub(crate) async fn get(sql: &mut dyn Sql, id: &GoalId) -> Result<Counted> {
    let row = store::get(sql, id).await?;
    let mut found = complete(sql, vec![row]).await?;
    found
        .pop()
        .ok_or_else(tianyuan_kernel::error::Error::not_found)
}
