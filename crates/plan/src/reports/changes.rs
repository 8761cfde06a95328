//! What changed since the last period: states of measures, figures, milestones.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use super::MeasureRef;
use super::figures::{Asking, FigureOf, of_period};
use super::standing::combined;
use super::store::{self, ReportRow};
use crate::periods::{self, ReportingPeriod};
use crate::schedule::{self, Milestone};
use crate::words::{MeasureState, Stage};

/// A measure whose accepted state differs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StateMove {
    /// The measure.
    pub measure: MeasureRef,
    /// As of the period before; null when nothing was accepted then.
    pub before: Option<MeasureState>,
    /// As of this period; null when nothing is accepted yet.
    pub after: Option<MeasureState>,
}

/// An accepted figure beside the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FigureMove {
    /// The indicator's or goal's id.
    pub subject: String,
    /// Which of the two it is.
    pub of: FigureOf,
    /// Official name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// Unit of the values.
    pub unit: String,
    /// In the period before.
    pub before: Option<f64>,
    /// In this period.
    pub after: f64,
}

/// What changed in a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodChanges {
    /// The period.
    pub period: ReportingPeriod,
    /// The one before it, of the same span; null for the first.
    pub previous: Option<ReportingPeriod>,
    /// Measures whose state moved, by number.
    pub states: Vec<StateMove>,
    /// Accepted figures of this period.
    pub figures: Vec<FigureMove>,
    /// Milestones done in the period's days.
    pub done: Vec<Milestone>,
    /// Milestones that were due by the period's last day and are not done.
    pub overdue: Vec<Milestone>,
}

/// Draws up what changed in a period.
pub(crate) async fn changes(
    sql: &mut dyn Sql,
    period: ReportingPeriod,
    today: Date,
) -> Result<PeriodChanges> {
    let previous = periods::previous(sql, &period).await?;
    let after = states(store::all(sql, &period.id).await?);
    let before = match &previous {
        Some(previous) => states(store::all(sql, &previous.id).await?),
        None => BTreeMap::new(),
    };
    let figures = figures(sql, &period, previous.as_ref(), today).await?;
    let milestones = schedule::milestones(sql, &period.plan_id, today).await?;
    let within =
        |day: Option<Date>| day.is_some_and(|d| (period.starts..=period.ends).contains(&d));
    let (done, open): (Vec<_>, Vec<_>) = milestones.into_iter().partition(|m| m.done_at.is_some());
    Ok(PeriodChanges {
        states: moves(&before, &after),
        figures,
        done: done.into_iter().filter(|m| within(m.done_at)).collect(),
        overdue: open
            .into_iter()
            .filter(|m| m.due <= period.ends && m.due < today)
            .collect(),
        period,
        previous,
    })
}

type States = BTreeMap<i64, (MeasureRef, Option<MeasureState>)>;

fn states(rows: Vec<ReportRow>) -> States {
    let mut by_measure: BTreeMap<i64, Vec<ReportRow>> = BTreeMap::new();
    for row in rows {
        by_measure.entry(row.measure.number).or_default().push(row);
    }
    by_measure
        .into_iter()
        .map(|(number, rows)| (number, (rows[0].measure.clone(), combined(rows.iter()))))
        .collect()
}

fn moves(before: &States, after: &States) -> Vec<StateMove> {
    after
        .iter()
        .filter_map(|(number, (measure, now))| {
            let then = before.get(number).and_then(|(_, state)| *state);
            // What is not accepted yet has not moved.
            (now.is_some() && then != *now).then(|| StateMove {
                measure: measure.clone(),
                before: then,
                after: *now,
            })
        })
        .collect()
}

async fn figures(
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
    previous: Option<&ReportingPeriod>,
    today: Date,
) -> Result<Vec<FigureMove>> {
    let asking = Asking::load(sql, &period.plan_id, today).await?;
    let mut before: BTreeMap<String, f64> = BTreeMap::new();
    if let Some(previous) = previous {
        for figure in of_period(sql, &previous.id).await? {
            if figure.stage == Stage::Accepted {
                before.insert(figure.subject, figure.value);
            }
        }
    }
    let accepted = of_period(sql, &period.id).await?;
    let accepted = accepted.into_iter().filter(|f| f.stage == Stage::Accepted);
    let named = accepted.filter_map(|f| {
        let (of, name, name_en, unit) = asking.named(&f.subject)?;
        Some(FigureMove {
            of,
            name,
            name_en,
            unit,
            before: before.get(&f.subject).copied(),
            after: f.value,
            subject: f.subject,
        })
    });
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::MeasureId;

    fn one(state: Option<MeasureState>) -> States {
        let measure = MeasureRef {
            id: MeasureId::from_stored("measure_x".to_owned()),
            number: 1,
            title: "举措".to_owned(),
            title_en: String::new(),
        };
        [(1, (measure, state))].into()
    }

    #[test]
    fn only_what_was_accepted_has_moved() {
        use MeasureState::{Delayed, UnderWay};
        assert_eq!(moves(&one(Some(UnderWay)), &one(Some(UnderWay))), []);
        assert_eq!(moves(&one(Some(UnderWay)), &one(None)), []);
        let moved = moves(&one(Some(UnderWay)), &one(Some(Delayed)));
        assert_eq!(
            (moved[0].before, moved[0].after),
            (Some(UnderWay), Some(Delayed))
        );
        assert_eq!(moves(&States::new(), &one(Some(Delayed)))[0].before, None);
    }
}
