//! What the records of an edition say of each unit and each plan: the variables of its composite
//! index, each with its formula. Pure: the records come in as values.

use std::collections::BTreeMap;

use tianyuan_kernel::text::Text;

use super::rules::{Entity, Matrix, Variable, mean};
use crate::words::{Direction, MeasureState};

/// Most that an indicator's attainment counts, in per cent: one that is far ahead does not make up
/// for all the others.
pub const ATTAINMENT_MAX: f64 = 120.0;

/// A measure, as the variables need it.
#[derive(Clone, Debug)]
pub struct MeasureSays {
    /// Entities it counts for: the ids of its responsible units, or its plan's.
    pub of: Vec<String>,
    /// How far it has come.
    pub state: MeasureState,
}

/// An indicator, as the variables need it.
#[derive(Clone, Debug)]
pub struct IndicatorSays {
    /// Entities it counts for.
    pub of: Vec<String>,
    /// Its latest value since the baseline against what the path expects, better above one.
    pub attainment: Option<f64>,
    /// True when its latest value is no older than the attention rules ask for; none before
    /// anything is owed.
    pub fresh: Option<bool>,
}

/// A goal, as the variables need it.
#[derive(Clone, Debug)]
pub struct GoalSays {
    /// Entities it counts for.
    pub of: Vec<String>,
    /// How much of it is reached; none when nobody has counted yet.
    pub reached: Option<f64>,
}

/// Reports that fell due, as the variables need them.
#[derive(Clone, Debug)]
pub struct ReportSays {
    /// The entity that owed it.
    pub of: Vec<String>,
    /// Handed in by its deadline.
    pub on_time: bool,
}

/// Everything the records say.
#[derive(Clone, Debug, Default)]
pub struct Says {
    /// Measures.
    pub measures: Vec<MeasureSays>,
    /// Indicators.
    pub indicators: Vec<IndicatorSays>,
    /// Goals.
    pub goals: Vec<GoalSays>,
    /// Reports of finished periods.
    pub reports: Vec<ReportSays>,
}

/// What a measure's state counts, in per cent. A convention, stated beside the result: nothing
/// but started and finished is recorded in between.
#[must_use]
pub const fn credit(state: MeasureState) -> f64 {
    match state {
        MeasureState::NotStarted => 0.0,
        MeasureState::Delayed => 25.0,
        MeasureState::UnderWay => 50.0,
        MeasureState::Done => 100.0,
    }
}

fn variable(key: &str, name: Text, formula: Text) -> Variable {
    Variable {
        key: key.to_owned(),
        name,
        unit: "%".to_owned(),
        direction: Direction::Up,
        reference: Some(100.0),
        formula,
    }
}

/// The variables, in order.
#[must_use]
pub fn variables() -> Vec<Variable> {
    vec![
        variable(
            "measure_progress",
            Text::new("举措推进", "Measures' progress"),
            Text::new(
                "所承担举措的平均进展：已完成计 100，推进中 50，滞后 25，未启动 0。",
                "Mean over its measures: done counts 100, under way 50, delayed 25, not started 0.",
            ),
        ),
        variable(
            "not_delayed",
            Text::new("举措不滞后", "Measures not delayed"),
            Text::new(
                "已启动的举措中没有滞后的比例。",
                "Share of started measures that are not delayed.",
            ),
        ),
        variable(
            "indicator_attainment",
            Text::new("指标进度", "Indicators' attainment"),
            Text::new(
                "所承担指标的最新值与应有进度之比的平均，单项最多计 120。越低越好的指标取倒数。",
                "Mean ratio of its indicators' latest values to what their paths expect, 120 at most each; inverted where less is better.",
            ),
        ),
        variable(
            "goal_attainment",
            Text::new("目标完成", "Goals' attainment"),
            Text::new(
                "量化目标的完成比例的平均，单项最多计 100。只计已有数值的目标。",
                "Mean share reached of its quantified goals, 100 at most each; only those counted so far.",
            ),
        ),
        variable(
            "data_fresh",
            Text::new("数据及时", "Data up to date"),
            Text::new(
                "所承担指标中，最新值不超过 122 天的比例。",
                "Share of its indicators whose latest value is no older than 122 days.",
            ),
        ),
        variable(
            "reports_on_time",
            Text::new("按期报送", "Reports on time"),
            Text::new(
                "已到期的填报任务中，在截止日前提交的比例。",
                "Share of reports due so far that were handed in by their deadline.",
            ),
        ),
    ]
}

/// Collects numbers by entity, and for the whole.
#[derive(Default)]
struct Means {
    by_entity: BTreeMap<String, Vec<f64>>,
    whole: Vec<f64>,
}

impl Means {
    fn add(&mut self, of: &[String], value: Option<f64>) {
        let Some(value) = value else { return };
        self.whole.push(value);
        for id in of {
            self.by_entity.entry(id.clone()).or_default().push(value);
        }
    }

    fn of(&self, id: &str) -> Option<f64> {
        self.by_entity.get(id).map(|values| mean(values))
    }

    fn whole(&self) -> Option<f64> {
        (!self.whole.is_empty()).then(|| mean(&self.whole))
    }
}

fn percent(yes: bool) -> f64 {
    if yes { 100.0 } else { 0.0 }
}

/// The matrix of entities by variables, and the values of the whole.
#[must_use]
pub fn matrix(entities: Vec<Entity>, says: &Says) -> (Matrix, Vec<Option<f64>>) {
    let mut means: [Means; 6] = Default::default();
    for one in &says.measures {
        means[0].add(&one.of, Some(credit(one.state)));
        let started = one.state != MeasureState::NotStarted;
        let fine = percent(one.state != MeasureState::Delayed);
        means[1].add(&one.of, started.then_some(fine));
    }
    for one in &says.indicators {
        let attained = one
            .attainment
            .map(|a| (a * 100.0).clamp(0.0, ATTAINMENT_MAX));
        means[2].add(&one.of, attained);
        means[4].add(&one.of, one.fresh.map(percent));
    }
    for one in &says.goals {
        let reached = one.reached.map(|r| (r * 100.0).clamp(0.0, 100.0));
        means[3].add(&one.of, reached);
    }
    for one in &says.reports {
        means[5].add(&one.of, Some(percent(one.on_time)));
    }
    let cells = means
        .iter()
        .flat_map(|m| entities.iter().map(|e| m.of(&e.id)))
        .collect();
    let whole = means.iter().map(Means::whole).collect();
    let matrix = Matrix {
        entities,
        variables: variables(),
        cells,
    };
    (matrix, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_told_by_its_own_records_and_gaps_stay_gaps() {
        let of = |ids: &[&str]| ids.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        let says = Says {
            measures: vec![
                MeasureSays {
                    of: of(&["a", "b"]),
                    state: MeasureState::Done,
                },
                MeasureSays {
                    of: of(&["a"]),
                    state: MeasureState::Delayed,
                },
                MeasureSays {
                    of: of(&["b"]),
                    state: MeasureState::NotStarted,
                },
            ],
            indicators: vec![IndicatorSays {
                of: of(&["a"]),
                attainment: Some(3.0),
                fresh: Some(false),
            }],
            goals: vec![
                GoalSays {
                    of: of(&["a"]),
                    reached: Some(0.5),
                },
                GoalSays {
                    of: of(&["b"]),
                    reached: None,
                },
            ],
            reports: vec![ReportSays {
                of: of(&["b"]),
                on_time: true,
            }],
        };
        let entity = |id: &str| Entity {
            id: id.to_owned(),
            name: id.to_owned(),
            name_en: String::new(),
        };
        let (matrix, whole) = matrix(vec![entity("a"), entity("b")], &says);
        let row = |e: usize| (0..6).map(|v| matrix.at(e, v)).collect::<Vec<_>>();
        assert_eq!(
            row(0),
            [
                Some(62.5),
                Some(50.0),
                Some(120.0),
                Some(50.0),
                Some(0.0),
                None
            ]
        );
        assert_eq!(
            row(1),
            [Some(50.0), Some(100.0), None, None, None, Some(100.0)]
        );
        assert_eq!(whole[0], Some(125.0 / 3.0));
    }
}
