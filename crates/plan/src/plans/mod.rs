//! Editions of the action plan (行动方案): what they hold, loading and correcting them,
//! comparing two, and their workbook.
//!
//! Invariant: an import changes an edition as a whole or not at all, in one transaction with its
//! fact; ids, states, recorded values and bound metrics of what stays are kept.

pub mod api;
pub mod export;
pub mod import;
pub(crate) mod load;
pub(crate) mod save;
pub(crate) mod save_items;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::bundle::{Pattern, Place, Words};
use crate::words::{Comparison, GoalKind, GoalScope, MeasureState, PlanState};

tianyuan_kernel::id!(PlanId, "plan", "An edition of the action plan.");
tianyuan_kernel::id!(LayerId, "layer", "A layer of an edition.");
tianyuan_kernel::id!(ProgrammeId, "programme", "A programme of an edition.");
tianyuan_kernel::id!(GoalId, "goal", "A quantified goal.");

/// An edition was loaded.
pub const PLAN_IMPORTED: Kind = Kind::new(
    "plan.imported",
    Log::Directory,
    "载入方案",
    "Edition loaded",
)
.open(&["code", "title", "edition", "state", "sha256", "counts"])
.staff();
/// An edition was corrected.
pub const PLAN_UPDATED: Kind = Kind::new(
    "plan.updated",
    Log::Directory,
    "更正方案",
    "Edition corrected",
)
.open(&["code", "title", "edition", "state", "sha256", "counts"])
.staff();
/// An edition left as a workbook.
pub const PLAN_EXPORTED: Kind = Kind::new(
    "plan.exported",
    Log::Supervision,
    "导出方案",
    "Edition exported",
);

/// An edition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Names the edition for people and files.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// The edition in words.
    pub edition: String,
    /// Where it stands.
    pub state: PlanState,
    /// The days it covers.
    pub period: PlanPeriod,
    /// How much it holds.
    pub counts: PlanCounts,
    /// Grows with every correction.
    pub version: i64,
}

/// The days an edition covers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PlanPeriod {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

/// How much an edition holds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PlanCounts {
    /// Layers.
    pub layers: i64,
    /// Programmes.
    pub programmes: i64,
    /// Measures.
    pub measures: i64,
    /// Indicators.
    pub indicators: i64,
}

impl Plan {
    /// True when anybody may see it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.state != PlanState::Draft
    }
}

impl Resource for Plan {
    fn entity(&self) -> Entity {
        Entity::new("Plan", self.id.as_str()).public_if(self.is_public())
    }
}

/// An edition with its tree.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanDetail {
    /// The edition.
    #[serde(flatten)]
    pub plan: Plan,
    /// What it is about.
    pub summary: Text,
    /// Its layers, in order.
    pub layers: Vec<LayerView>,
    /// Its programmes, in order.
    pub programmes: Vec<ProgrammeView>,
    /// Its goals, in order.
    pub goals: Vec<GoalView>,
    /// Its spatial pattern.
    pub pattern: PatternView,
}

/// A layer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Layer)]
pub struct LayerView {
    /// Its id.
    pub id: LayerId,
    /// Its code within the edition.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// From 1.
    pub position: i64,
    /// What it is about.
    pub summary: Text,
}

/// A programme.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Programme)]
pub struct ProgrammeView {
    /// Its id.
    pub id: ProgrammeId,
    /// Its number.
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
    /// Its layer.
    pub layer_id: LayerId,
    /// What it focuses on.
    pub focus: Text,
    /// What it is to have reached.
    pub objective: Text,
    /// How many measures it has.
    pub measure_count: i64,
    /// How many of them stand in which state.
    pub state_counts: StateCounts,
}

/// How many measures stand in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StateCounts {
    /// Nothing reported yet.
    pub not_started: i64,
    /// Being carried out.
    pub under_way: i64,
    /// Behind schedule.
    pub delayed: i64,
    /// Carried out.
    pub done: i64,
}

impl StateCounts {
    /// Counts `n` more measures in a state.
    pub fn add(&mut self, state: MeasureState, n: i64) {
        *match state {
            MeasureState::NotStarted => &mut self.not_started,
            MeasureState::UnderWay => &mut self.under_way,
            MeasureState::Delayed => &mut self.delayed,
            MeasureState::Done => &mut self.done,
        } += n;
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.not_started + self.under_way + self.delayed + self.done
    }
}

/// A quantified goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Goal)]
pub struct GoalView {
    /// Its id.
    pub id: GoalId,
    /// Whose goal it is.
    pub scope: GoalScope,
    /// The programme whose goal it is.
    pub programme_number: Option<i64>,
    /// The measure whose goal it is.
    pub measure_number: Option<i64>,
    /// What is counted.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// The value to meet.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// When it is due.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// How it is to be met.
    pub comparison: Comparison,
    /// How it is counted.
    pub kind: GoalKind,
    /// The indicator that measures it.
    pub indicator_number: Option<i64>,
}

/// The spatial pattern, for readers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PatternView {
    /// The trunk line.
    pub trunk: Vec<PatternPart>,
    /// Pillars.
    pub pillars: Vec<PatternPart>,
    /// Bases.
    pub bases: Vec<PatternPart>,
    /// Belts.
    pub belts: Vec<PatternPart>,
    /// Areas.
    pub areas: Vec<PatternPart>,
}

/// One element of the spatial pattern, for readers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PatternPart {
    /// Its name as the plan writes it.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// What it is.
    pub note: Text,
    /// Where it stands on the schematic picture.
    pub place: Option<Place>,
    /// Numbers of the measures that build it.
    pub measures: Vec<i64>,
}

impl From<Pattern> for PatternView {
    fn from(pattern: Pattern) -> Self {
        let parts = |entries: Vec<crate::bundle::PatternEntry>| {
            entries
                .into_iter()
                .map(|e| PatternPart {
                    name: e.name,
                    name_en: e.name_en,
                    note: e.note.text(),
                    place: e.place,
                    measures: e.measures,
                })
                .collect()
        };
        Self {
            trunk: parts(pattern.trunk),
            pillars: parts(pattern.pillars),
            bases: parts(pattern.bases),
            belts: parts(pattern.belts),
            areas: parts(pattern.areas),
        }
    }
}

/// The tree of an edition as readers see it, from its rows.
pub(crate) fn tree(
    layers: Vec<store::LayerRow>,
    programmes: Vec<store::ProgrammeRow>,
    counts: &[(String, MeasureState, i64)],
) -> (Vec<LayerView>, Vec<ProgrammeView>) {
    let text = |w: &Words| w.text();
    let layers = layers
        .into_iter()
        .map(|l| LayerView {
            id: LayerId::from_stored(l.id),
            code: l.code,
            title: l.title,
            title_en: l.title_en,
            position: l.position,
            summary: text(&l.summary),
        })
        .collect();
    let programmes = programmes
        .into_iter()
        .map(|p| {
            let mut state_counts = StateCounts::default();
            for (_, state, n) in counts.iter().filter(|(id, _, _)| *id == p.id) {
                state_counts.add(*state, *n);
            }
            ProgrammeView {
                id: ProgrammeId::from_stored(p.id),
                number: p.number,
                title: p.title,
                title_en: p.title_en,
                layer_id: LayerId::from_stored(p.layer_id),
                focus: text(&p.focus),
                objective: text(&p.objective),
                measure_count: state_counts.total(),
                state_counts,
            }
        })
        .collect();
    (layers, programmes)
}
