//! A whole edition of the plan as one value: what a folder of TOML files, a JSON body and a
//! workbook all become, what is checked, compared, stored and exported again.
//!
//! Records in it refer to each other as the plan's text does: units by name, layers by code,
//! programmes, measures and indicators by number. It never holds what was reported later
//! (states, recorded values, bound metrics).

pub mod check;
pub mod compare;
mod flat;
mod place;
pub mod read;
pub mod tidy;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::party::UnitKind;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

pub use place::{Fault, Origin, Spot, Table};

use crate::words::{Comparison, Direction, GoalKind, GoalScope, Nature, PlanState};

/// One edition of the plan with everything in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBundle {
    /// The edition itself. Required in the whole; a single file of a folder may lack it.
    #[serde(default)]
    pub plan: Option<PlanHead>,
    /// Responsible units, and groups of them.
    #[serde(default)]
    pub units: Vec<UnitEntry>,
    /// Layers, in order.
    #[serde(default)]
    pub layers: Vec<LayerEntry>,
    /// Programmes.
    #[serde(default)]
    pub programmes: Vec<ProgrammeEntry>,
    /// Measures.
    #[serde(default)]
    pub measures: Vec<MeasureEntry>,
    /// Quantified goals.
    #[serde(default)]
    pub goals: Vec<GoalEntry>,
    /// Indicators with their baseline and targets.
    #[serde(default)]
    pub indicators: Vec<IndicatorEntry>,
    /// The spatial pattern.
    #[serde(default)]
    pub pattern: Pattern,
}

/// The edition itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanHead {
    /// Names the edition: lower-case ASCII letters, digits and hyphens, for example `plan-2024-2025`.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    #[serde(default)]
    pub title_en: String,
    /// The edition in words, such as `草案` or `β`.
    #[serde(default)]
    pub edition: String,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub period_from: jiff::civil::Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub period_to: jiff::civil::Date,
    /// Where the edition stands.
    pub state: PlanState,
    /// What it is about.
    #[serde(default)]
    pub summary: Words,
}

/// A text in Chinese and, if there is one, in English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanWords)]
pub struct Words {
    /// Chinese.
    #[serde(default)]
    pub zh: String,
    /// English; may be empty.
    #[serde(default)]
    pub en: String,
}

impl Words {
    /// As a text for readers: English falls back to Chinese when there is none.
    #[must_use]
    pub fn text(&self) -> Text {
        let en = if self.en.is_empty() {
            &self.zh
        } else {
            &self.en
        };
        Text::of(self.zh.clone(), en.clone())
    }
}

/// A responsible unit, or a group of units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitEntry {
    /// Lower-case ASCII letters, digits and hyphens.
    pub code: String,
    /// The name as the plan writes it.
    pub name: String,
    /// English name; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// What kind of body it is.
    pub kind: UnitKind,
    /// For a group: its members' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// A layer (平台层, 应用层, 基础层).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerEntry {
    /// Lower-case ASCII letters, digits and hyphens.
    pub code: String,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    #[serde(default)]
    pub title_en: String,
    /// What it is about.
    #[serde(default)]
    pub summary: Words,
}

/// A programme (行动计划) within a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeEntry {
    /// Its number in the plan.
    #[schema(minimum = 1, maximum = 9999)]
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    #[serde(default)]
    pub title_en: String,
    /// The layer's code.
    pub layer: String,
    /// What it focuses on.
    #[serde(default)]
    pub focus: Words,
    /// What it is to have reached at the end.
    #[serde(default)]
    pub objective: Words,
}

/// A measure (任务和举措) within a programme.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureEntry {
    /// Its number in the plan.
    #[schema(minimum = 1, maximum = 9999)]
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    #[serde(default)]
    pub title_en: String,
    /// The programme's number.
    pub programme: i64,
    /// Names of the responsible units, in the plan's order.
    pub units: Vec<String>,
    /// What is to be done.
    #[serde(default)]
    pub summary: Words,
}

/// A quantified goal of the plan, a programme or a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalEntry {
    /// What is counted.
    pub name: String,
    /// English name; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// The programme whose goal it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<i64>,
    /// The measure whose goal it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<i64>,
    /// The value to meet.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// When it is due.
    #[schema(value_type = String, format = Date)]
    pub due: jiff::civil::Date,
    /// How it is to be met.
    pub comparison: Comparison,
    /// How it is counted.
    pub kind: GoalKind,
    /// The indicator that measures it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<i64>,
}

impl GoalEntry {
    /// Whose goal it is.
    #[must_use]
    pub fn scope(&self) -> GoalScope {
        match (self.programme, self.measure) {
            (_, Some(_)) => GoalScope::Measure,
            (Some(_), None) => GoalScope::Programme,
            (None, None) => GoalScope::Plan,
        }
    }

    /// What tells it from every other goal of the edition.
    #[must_use]
    pub fn key(&self) -> String {
        match (self.programme, self.measure) {
            (_, Some(number)) => format!("m{number}:{}", self.name),
            (Some(number), None) => format!("p{number}:{}", self.name),
            (None, None) => format!("plan:{}", self.name),
        }
    }
}

/// An indicator with its baseline and targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorEntry {
    /// Its number in the plan.
    #[schema(minimum = 1, maximum = 9999)]
    pub number: i64,
    /// Official name.
    pub name: String,
    /// English name; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// Unit of its values, such as `亿元`.
    pub unit: String,
    /// What kind of quantity it is.
    pub nature: Nature,
    /// Which way is better.
    pub direction: Direction,
    /// Decimals to show; values are kept exactly as recorded.
    #[schema(minimum = 0, maximum = 6)]
    pub decimals: i64,
    /// Names of the responsible units.
    pub units: Vec<String>,
    /// The last actual value before the plan.
    pub baseline: YearValue,
    /// The value to meet at the end of each year.
    pub targets: Vec<YearValue>,
}

/// A value of one year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YearValue {
    /// The calendar year.
    #[schema(minimum = 1990, maximum = 2100)]
    pub year: i64,
    /// The value, in the indicator's unit.
    pub value: f64,
}

/// The spatial pattern (发展格局).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The trunk line (一条干线).
    #[serde(default)]
    pub trunk: Vec<PatternEntry>,
    /// Pillars (五大支柱).
    #[serde(default)]
    pub pillars: Vec<PatternEntry>,
    /// Bases (十个基座).
    #[serde(default)]
    pub bases: Vec<PatternEntry>,
    /// Belts (三条拓展带).
    #[serde(default)]
    pub belts: Vec<PatternEntry>,
    /// Areas (片区).
    #[serde(default)]
    pub areas: Vec<PatternEntry>,
}

impl Pattern {
    /// The groups with their ASCII and Chinese names, in order.
    #[must_use]
    pub fn groups(&self) -> [(&'static str, &'static str, &Vec<PatternEntry>); 5] {
        [
            ("trunk", "干线", &self.trunk),
            ("pillars", "支柱", &self.pillars),
            ("bases", "基座", &self.bases),
            ("belts", "拓展带", &self.belts),
            ("areas", "片区", &self.areas),
        ]
    }

    /// One group by its ASCII or Chinese name.
    pub fn group_mut(&mut self, name: &str) -> Option<&mut Vec<PatternEntry>> {
        match name {
            "trunk" | "干线" => Some(&mut self.trunk),
            "pillars" | "支柱" => Some(&mut self.pillars),
            "bases" | "基座" => Some(&mut self.bases),
            "belts" | "拓展带" => Some(&mut self.belts),
            "areas" | "片区" => Some(&mut self.areas),
            _ => None,
        }
    }
}

/// One element of the spatial pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternEntry {
    /// Its name as the plan writes it.
    pub name: String,
    /// English name; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// What it is.
    #[serde(default)]
    pub note: Words,
    /// Where it stands on the schematic picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Numbers of the measures that build it.
    #[serde(default)]
    pub measures: Vec<i64>,
}

/// A place on the schematic picture of the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatternPlace)]
pub struct Place {
    /// From the left edge, 0 to 100.
    pub x: f64,
    /// From the top edge, 0 to 100.
    pub y: f64,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small edition that is right in every respect.
    pub(crate) const SAMPLE: &str = include_str!("sample.toml");

    pub(crate) fn sample() -> PlanBundle {
        toml::from_str(SAMPLE).unwrap()
    }

    #[test]
    fn places_read_as_people_write_them() {
        let spot = Spot {
            sheet: "举措".into(),
            row: Some(12),
            column: Some("C".into()),
        };
        assert_eq!(spot.path(true), "举措!C12");
        let spot = Spot {
            sheet: "measures".into(),
            row: Some(4),
            column: Some("units".into()),
        };
        assert_eq!(spot.path(false), "measures[3].units");
    }
}
