//! The figures of a report: which indicators and goals a unit is asked for in which report, what
//! they are held against, and what is wrong with those given.
//!
//! Each figure is asked for once: an indicator of each unit that answers for it, in the unit's
//! first report of the programme the indicator measures (or its first report at all); a goal of
//! the first unit of its measure, or of the first measure of its programme. A goal that an
//! indicator measures is not asked for twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use super::store::{self, FigureRow, ReportRow};
use crate::directory::{Directory, by_owner};
use crate::indicators::rules::default_period;
use crate::indicators::{self, Indicator};
use crate::measures;
use crate::periods::roster::owed_units;
use crate::periods::{PeriodId, ReportingPeriod};
use crate::plans::{GoalView, PlanId};
use crate::values;
use crate::values::doubt::{self, doubt};
use crate::words::{Comparison, GoalScope, Period, Stage};

/// Most figures of one report.
pub const FIGURES_MAX: usize = 100;

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureOf {
    /// An indicator; accepted, it becomes a recorded value.
    Indicator,
    /// A goal of a measure or programme; accepted, it stays with the report.
    Goal,
}

/// A figure asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReportFigure)]
pub struct Figure {
    /// The indicator's or goal's id.
    pub subject: String,
    /// Which of the two it is.
    pub of: FigureOf,
    /// The indicator's number.
    pub number: Option<i64>,
    /// Official name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// Unit of the value.
    pub unit: String,
    /// What the value covers; null for a goal.
    pub covers: Option<Period>,
    /// The value given; null until there is one.
    pub value: Option<f64>,
    /// Its unit was doubted and confirmed.
    pub confirmed: bool,
    /// The last value before the period's end.
    pub last: Option<f64>,
    /// The day of the last value.
    #[schema(value_type = Option<String>, format = Date)]
    pub last_at: Option<Date>,
    /// What the path to the target expects at the period's end.
    pub expected: Option<f64>,
    /// The target due next, or the goal's value.
    pub target: Option<f64>,
    /// The last value over what this one covers, to hold it against.
    #[serde(skip)]
    pub(crate) comparable: Option<f64>,
}

/// A figure given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureGiven {
    /// The id of the indicator or goal asked for.
    #[schema(max_length = 64)]
    pub subject: String,
    /// The value in the unit asked for; null takes it away.
    pub value: Option<f64>,
    /// The value stands although its unit was doubted.
    #[serde(default)]
    pub confirmed: bool,
}

/// Where a figure is asked for: in which unit's report on which measure.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    measure: i64,
    unit: String,
    of: FigureOf,
    /// Among the indicators or the goals.
    index: usize,
}

/// A measure as the rules of asking see it.
struct Asked {
    number: i64,
    programme: i64,
    /// The single units that report on it, the group named where one brought it in.
    units: Vec<(String, Option<String>)>,
}

/// What the question "which figures" needs to know of an edition.
pub(crate) struct Asking {
    directory: Directory,
    indicators: Vec<Indicator>,
    goals: Vec<GoalView>,
    places: Vec<Place>,
    goal_values: BTreeMap<String, Vec<(Date, f64)>>,
}

impl Asking {
    pub(crate) async fn load(sql: &mut dyn Sql, plan: &PlanId, today: Date) -> Result<Self> {
        let directory = Directory::load(sql).await?;
        let rows = indicators::store::all(sql, plan).await?;
        let indicators = indicators::complete(sql, &directory, rows, today).await?;
        let goals = crate::plans::store::goals(sql, plan).await?;
        let named = by_owner(measures::store::units_of_plan(sql, plan).await?);
        let measures: Vec<Asked> = measures::store::all(sql, plan)
            .await?
            .iter()
            .map(|m| Asked {
                number: m.number,
                programme: m.programme.1,
                units: named
                    .get(m.id.as_str())
                    .map(|ids| owed_units(&directory, ids))
                    .unwrap_or_default(),
            })
            .collect();
        let places = places(&directory, &measures, &indicators, &goals);
        let goal_values = store::accepted_figures(sql, plan).await?;
        Ok(Self {
            directory,
            indicators,
            goals,
            places,
            goal_values,
        })
    }

    /// The figures a unit is asked for in its report on a measure, with the given ones filled in.
    pub(crate) fn figures(
        &self,
        (measure, unit): (i64, &str),
        ends: Date,
        given: &[FigureRow],
    ) -> Vec<Figure> {
        let here = self
            .places
            .iter()
            .filter(|p| p.measure == measure && p.unit == unit);
        let mut all: Vec<Figure> = here
            .map(|p| match p.of {
                FigureOf::Indicator => self.of_indicator(&self.indicators[p.index], ends),
                FigureOf::Goal => self.of_goal(&self.goals[p.index], ends),
            })
            .collect();
        for figure in &mut all {
            if let Some(row) = given.iter().find(|row| row.subject == figure.subject) {
                figure.value = Some(row.value);
                figure.confirmed = row.confirmed;
            }
        }
        all
    }

    fn of_indicator(&self, i: &Indicator, ends: Date) -> Figure {
        let covers = default_period(i.nature, ends);
        let year = i64::from(ends.year());
        let next = i
            .targets
            .iter()
            .find(|t| t.year >= year)
            .or(i.targets.last());
        let last = i.latest.filter(|v| v.at < ends).map_or_else(
            || {
                let at = crate::indicators::rules::year_end(i.baseline.year);
                (at, default_period(i.nature, at), i.baseline.value)
            },
            |v| (v.at, v.period, v.value),
        );
        Figure {
            subject: i.id.to_string(),
            of: FigureOf::Indicator,
            number: Some(i.number),
            name: i.name.clone(),
            name_en: i.name_en.clone(),
            unit: i.unit.clone(),
            covers: Some(covers),
            value: None,
            confirmed: false,
            last: Some(last.2),
            last_at: Some(last.0),
            expected: i.expected_at(ends, covers),
            target: next.map(|t| t.value),
            comparable: Some(doubt::comparable(last, (ends, covers))),
        }
    }

    fn of_goal(&self, g: &GoalView, ends: Date) -> Figure {
        let values = self.goal_values.get(g.id.as_str());
        let last = values.and_then(|all| all.iter().rfind(|(at, _)| *at < ends));
        Figure {
            subject: g.id.to_string(),
            of: FigureOf::Goal,
            number: None,
            name: g.name.clone(),
            name_en: g.name_en.clone(),
            unit: g.unit.clone(),
            covers: None,
            value: None,
            confirmed: false,
            last: last.map(|(_, value)| *value),
            last_at: last.map(|(at, _)| *at),
            expected: None,
            // "At most" is a bound, not a size to be near to.
            target: (g.comparison != Comparison::AtMost || g.value > 0.0).then_some(g.value),
            comparable: last.map(|(_, value)| *value),
        }
    }

    /// The indicator of an id.
    pub(crate) fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|i| i.id.as_str() == id)
    }

    /// Kind, names and unit of a subject.
    pub(crate) fn named(&self, id: &str) -> Option<(FigureOf, String, String, String)> {
        if let Some(i) = self.indicator(id) {
            let (name, name_en, unit) = (i.name.clone(), i.name_en.clone(), i.unit.clone());
            return Some((FigureOf::Indicator, name, name_en, unit));
        }
        let g = self.goals.iter().find(|g| g.id.as_str() == id)?;
        Some((
            FigureOf::Goal,
            g.name.clone(),
            g.name_en.clone(),
            g.unit.clone(),
        ))
    }

    /// Where a subject is asked for: measure and unit.
    pub(crate) fn places_of(&self, subject: &str) -> Vec<(i64, &str)> {
        let id = |p: &Place| match p.of {
            FigureOf::Indicator => self.indicators[p.index].id.as_str(),
            FigureOf::Goal => self.goals[p.index].id.as_str(),
        };
        let here = self.places.iter().filter(|p| id(p) == subject);
        here.map(|p| (p.measure, p.unit.as_str())).collect()
    }

    /// Indicators and goals, for those who load a sample.
    pub(crate) fn subjects(&self) -> (&[Indicator], &[GoalView]) {
        (&self.indicators, &self.goals)
    }

    /// The units, for names.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// Where each figure is asked for.
fn places(
    directory: &Directory,
    measures: &[Asked],
    indicators: &[Indicator],
    goals: &[GoalView],
) -> Vec<Place> {
    let mut all = Vec::new();
    for (index, indicator) in indicators.iter().enumerate() {
        let named: Vec<String> = indicator.units.iter().map(|u| u.id.to_string()).collect();
        for (unit, _) in owed_units(directory, &named) {
            let programmes: BTreeSet<i64> = goals
                .iter()
                .filter(|g| g.indicator_number == Some(indicator.number))
                .filter_map(|g| g.programme_number)
                .collect();
            let own = || {
                measures
                    .iter()
                    .filter(|m| m.units.iter().any(|u| u.0 == unit))
            };
            let fits = own().find(|m| programmes.contains(&m.programme));
            if let Some(measure) = fits.or_else(|| own().next()) {
                all.push(Place {
                    measure: measure.number,
                    unit,
                    of: FigureOf::Indicator,
                    index,
                });
            }
        }
    }
    for (index, goal) in goals.iter().enumerate() {
        if let Some((measure, unit)) = keeper(measures, goal) {
            all.push(Place {
                measure,
                unit,
                of: FigureOf::Goal,
                index,
            });
        }
    }
    all
}

/// The measure and unit that are asked for a goal that no indicator measures.
fn keeper(measures: &[Asked], goal: &GoalView) -> Option<(i64, String)> {
    let measure = match goal.scope {
        _ if goal.indicator_number.is_some() => None,
        GoalScope::Plan => None,
        GoalScope::Programme => {
            let number = goal.programme_number?;
            measures.iter().find(|m| m.programme == number)
        }
        GoalScope::Measure => {
            let number = goal.measure_number?;
            measures.iter().find(|m| m.number == number)
        }
    }?;
    let own = measure.units.iter().find(|(_, group)| group.is_none());
    let (unit, _) = own.or(measure.units.first())?;
    Some((measure.number, unit.clone()))
}

/// Something wrong with a figure: its place among those given, the field, a code and words.
pub(crate) type FigureFault = (usize, &'static str, &'static str, Text);

/// Checks figures against those asked for.
pub(crate) fn faults(asked: &[Figure], given: &[FigureGiven]) -> Vec<FigureFault> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (i, one) in given.iter().enumerate().take(FIGURES_MAX) {
        let Some(figure) = asked.iter().find(|f| f.subject == one.subject) else {
            let words = Text::new(
                "本报告不填报这个数值；请以读取报告时列出的为准。",
                "This report is not asked for this figure; see the list in the report.",
            );
            found.push((i, "subject", "figure_not_asked", words));
            continue;
        };
        if !seen.insert(one.subject.as_str()) {
            let words = Text::new("同一数值出现两次。", "The same figure appears twice.");
            found.push((i, "subject", "duplicate", words));
            continue;
        }
        let Some(value) = one.value else { continue };
        if let Some((code, words)) = wrong(figure, value, one.confirmed) {
            found.push((i, "value", code, words));
        }
    }
    if given.len() > FIGURES_MAX {
        let words = text!(
            "一份报告最多 {FIGURES_MAX} 个数值。",
            "A report has at most {FIGURES_MAX} figures."
        );
        found.push((FIGURES_MAX, "subject", "too_many", words));
    }
    found
}

/// What is wrong with one value: out of range, negative, not whole, or thousands of times off and
/// not confirmed.
pub(crate) fn wrong(figure: &Figure, value: f64, confirmed: bool) -> Option<(&'static str, Text)> {
    if let Err(fault) = values::range::check(&figure.unit, value) {
        return Some(fault);
    }
    if confirmed {
        return None;
    }
    let expected = figure.expected.or(figure.target);
    doubt(&figure.unit, value, &[figure.comparable, expected]).map(|words| (doubt::CODE, words))
}

/// What the units reported of one indicator or goal in a period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReportedFigure {
    /// The indicator's or goal's id.
    pub subject: String,
    /// The report.
    pub report_id: String,
    /// The unit that reported it.
    pub unit_id: String,
    /// Where the report stands.
    pub stage: Stage,
    /// The value.
    pub value: f64,
}

/// Every figure that was sent in a period (submitted or accepted), by subject: where two units say
/// different things of one indicator, they stand side by side.
pub(crate) async fn of_period(sql: &mut dyn Sql, period: &PeriodId) -> Result<Vec<ReportedFigure>> {
    let reports: BTreeMap<String, ReportRow> = store::all(sql, period)
        .await?
        .into_iter()
        .filter(|r| matches!(r.stage, Stage::Submitted | Stage::Accepted))
        .map(|r| (r.id.to_string(), r))
        .collect();
    let rows = store::figures_of_period(sql, period).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let report = reports.get(&row.report)?;
            Some(ReportedFigure {
                subject: row.subject,
                report_id: row.report,
                unit_id: report.unit.to_string(),
                stage: report.stage,
                value: row.value,
            })
        })
        .collect())
}

/// A period's figures cannot be sent before the period has ended.
///
/// # Errors
/// 422 naming the field.
pub(crate) fn check_time(period: &ReportingPeriod, any: bool, today: Date) -> Result<()> {
    if any && today < period.ends {
        let ends = period.ends;
        let words = text!(
            "本期数值以 {ends} 为准，从这一天起才能报送。",
            "The figures stand for {ends} and can be submitted from that day on."
        );
        return Err(Error::invalid("date_in_future", "figures", words));
    }
    Ok(())
}
