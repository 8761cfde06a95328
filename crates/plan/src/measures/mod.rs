//! Measures (任务和举措): what the plan has its units do, and how far each has come.
//!
//! Invariant: a state never changes without `measure.state_changed` in the same transaction.

pub mod api;
pub mod metrics;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::directory::{Directory, ResponsibleUnit, by_owner};
use crate::plans::{GoalView, LayerId, PlanId, ProgrammeId};
use crate::words::{MeasureState, PlanState};

tianyuan_kernel::id!(MeasureId, "measure", "A measure of an edition.");

/// A measure's state changed.
pub const STATE_CHANGED: Kind = Kind::new(
    "measure.state_changed",
    Log::Material,
    "更新举措状态",
    "Measure's state changed",
)
.open(&["plan", "number", "before", "state"])
.staff();

/// A measure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Measure {
    /// Its id.
    pub id: MeasureId,
    /// Its edition.
    pub plan_id: PlanId,
    /// Its number.
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// What is to be done.
    pub summary: Text,
    /// Its programme.
    pub programme: ProgrammeRef,
    /// Its layer.
    pub layer: LayerRef,
    /// The responsible units as the plan names them.
    pub units: Vec<ResponsibleUnit>,
    /// The single units behind them: groups replaced by their members.
    pub responsible: Vec<UnitRef>,
    /// How far it has come.
    pub state: MeasureState,
    /// A remark on the state; empty for strangers.
    pub state_note: String,
    /// When the state was last set.
    pub state_at: Option<Micros>,
    /// Its own goals.
    pub goals: Vec<GoalView>,
    /// Grows with every change.
    pub version: i64,
    /// Anybody may see it.
    #[serde(skip)]
    pub public: bool,
    /// Units for authorisation: named ones, groups and members.
    #[serde(skip)]
    pub authority: Vec<String>,
}

/// A programme, as its measures mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProgrammeRef {
    /// Its id.
    pub id: ProgrammeId,
    /// Its number.
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
}

/// A layer, as its measures mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LayerRef {
    /// Its id.
    pub id: LayerId,
    /// Its code.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
}

impl Resource for Measure {
    fn entity(&self) -> Entity {
        Entity::new("Measure", self.id.as_str())
            .of_units(self.authority.iter().cloned())
            .public_if(self.public)
    }
}

/// Which measures of an edition to list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of the programme with this number.
    pub programme: Option<i64>,
    /// Only with this unit responsible, by itself or through a group.
    pub unit: Option<UnitId>,
    /// Only in this state.
    pub state: Option<MeasureState>,
    /// Only with these words in title or summary.
    #[param(max_length = 200)]
    pub q: Option<String>,
}

/// Completes stored measures of one edition with units and goals: two queries, however many.
pub(crate) async fn complete(
    sql: &mut dyn Sql,
    directory: &Directory,
    rows: Vec<store::MeasureRow>,
) -> Result<Vec<Measure>> {
    let ids: Vec<&MeasureId> = rows.iter().map(|r| &r.id).collect();
    let units = store::units_of(sql, &ids).await?;
    completed(sql, directory, units, rows).await
}

async fn completed(
    sql: &mut dyn Sql,
    directory: &Directory,
    units: Vec<(String, String)>,
    rows: Vec<store::MeasureRow>,
) -> Result<Vec<Measure>> {
    let Some(plan) = rows.first().map(|r| r.plan_id.clone()) else {
        return Ok(Vec::new());
    };
    let units = by_owner(units);
    let numbers: Vec<i64> = rows.iter().map(|r| r.number).collect();
    let mut goals: BTreeMap<i64, Vec<GoalView>> = BTreeMap::new();
    for goal in crate::plans::store::goals_of_measures(sql, &plan, &numbers).await? {
        if let Some(number) = goal.measure_number {
            goals.entry(number).or_default().push(goal);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let units = units.get(row.id.as_str()).cloned().unwrap_or_default();
            let goals = goals.remove(&row.number).unwrap_or_default();
            assemble(row, &units, goals, directory)
        })
        .collect())
}

fn assemble(
    row: store::MeasureRow,
    units: &[String],
    goals: Vec<GoalView>,
    directory: &Directory,
) -> Measure {
    Measure {
        id: row.id,
        plan_id: row.plan_id,
        number: row.number,
        title: row.title,
        title_en: row.title_en,
        summary: row.summary.text(),
        programme: ProgrammeRef {
            id: ProgrammeId::from_stored(row.programme.0),
            number: row.programme.1,
            title: row.programme.2,
            title_en: row.programme.3,
        },
        layer: LayerRef {
            id: LayerId::from_stored(row.layer.0),
            code: row.layer.1,
            title: row.layer.2,
            title_en: row.layer.3,
        },
        units: directory.responsible(units),
        responsible: directory.expanded(units),
        state: row.state,
        state_note: row.state_note,
        state_at: row.state_at,
        goals,
        version: row.version,
        public: row.plan_state != PlanState::Draft,
        authority: directory.authority(units),
    }
}

/// One measure, complete.
pub(crate) async fn get(sql: &mut dyn Sql, id: &MeasureId) -> Result<Measure> {
    let row = store::get(sql, id).await?;
    let units = store::units_of(sql, &[id]).await?;
    let directory = Directory::of(sql, units.iter().map(|(_, unit)| unit)).await?;
    let mut measures = completed(sql, &directory, units, vec![row]).await?;
    measures
        .pop()
        .ok_or_else(tianyuan_kernel::error::Error::not_found)
}
