//! The sample district's follow-up: two finished quarters with what its units reported, an open
//! one, milestones and dependencies. All of it is made up and says so.
//!
//! It is loaded only when the clock has passed the finished quarters, in one transaction, with one
//! fact a report: of samples only the end is told.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;

use crate::directory::Directory;
use crate::measures;
use crate::periods::{self, PeriodId, ReportingPeriod, roster};
use crate::plans::Plan;
use crate::reports::figures::Asking;
use crate::reports::store::ReportRow;
use crate::reports::{
    self, MeasureRef, REPORT_ACCEPTED, REPORT_RETURNED, REPORT_SUBMITTED, ReportId,
};
use crate::schedule::{self, Milestone, MilestoneId};
use crate::values::{self, NewValue};
use crate::words::{MeasureState, PeriodState, Source, Span, Stage};

const PERIODS: &str = include_str!("../../../../demo/followup/periods.toml");
const REPORTS: &str = include_str!("../../../../demo/followup/reports.toml");
const FIGURES: &str = include_str!("../../../../demo/followup/figures.toml");
const MILESTONES: &str = include_str!("../../../../demo/followup/milestones.toml");

/// The finished quarters are over, and reviewed, from this day on.
const FROM: Date = date(2025, 1, 31);
/// Days before the deadline at which the sample's units are reminded.
const REMIND_DAYS: i64 = 5;

#[derive(Deserialize)]
struct Periods {
    periods: Vec<PeriodEntry>,
}

#[derive(Deserialize)]
struct PeriodEntry {
    key: String,
    year: i64,
    quarter: i64,
    due: Option<String>,
    due_in_days: Option<i64>,
    state: PeriodState,
    note: String,
}

#[derive(Deserialize)]
struct Reports {
    others: Vec<String>,
    missing: Vec<Missing>,
    returned: Vec<Returned>,
    waiting: Vec<Waiting>,
    begun: Vec<Begun>,
    measures: Vec<Told>,
}

#[derive(Deserialize)]
struct Missing {
    period: String,
    measure: i64,
    units: Vec<String>,
}

#[derive(Deserialize)]
struct Returned {
    period: String,
    measure: i64,
    unit: String,
    comment: String,
}

#[derive(Deserialize)]
struct Waiting {
    period: String,
    measure: i64,
    unit: String,
}

#[derive(Deserialize)]
struct Begun {
    measure: i64,
    unit: String,
    stage: Stage,
    endorsed: bool,
    state: MeasureState,
    body: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
struct Told {
    number: i64,
    q3: String,
    q4: String,
    q3_state: Option<MeasureState>,
    q4_state: Option<MeasureState>,
}

#[derive(Deserialize)]
struct Figures {
    indicators: Vec<IndicatorFigure>,
    goals: Vec<GoalFigure>,
}

#[derive(Deserialize)]
struct IndicatorFigure {
    number: i64,
    q3: f64,
    q4: f64,
}

#[derive(Deserialize)]
struct GoalFigure {
    name: String,
    q3: f64,
    q4: f64,
}

#[derive(Deserialize)]
struct Schedule {
    milestones: Vec<MilestoneEntry>,
    dependencies: Vec<(i64, i64)>,
}

#[derive(Deserialize)]
struct MilestoneEntry {
    measure: i64,
    title: String,
    of: Option<String>,
    starts: String,
    due: String,
    done: Option<String>,
    unit: String,
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(Error::internal)
}

fn day(text: &str) -> Result<Date> {
    text.parse().map_err(Error::internal)
}

/// A moment of a day's working hours.
fn at(day: Date, hour: i64) -> Micros {
    let days = (day - date(1970, 1, 1)).get_days();
    Micros(0).plus_seconds(i64::from(days) * 86_400 + (hour - 8) * 3_600)
}

/// What the loading needs to know of the edition.
struct Sample<'a> {
    app: &'a App,
    plan: &'a Plan,
    directory: Directory,
    asking: Asking,
    measures: BTreeMap<i64, MeasureRef>,
    reports: Reports,
}

impl Sample<'_> {
    fn unit(&self, name: &str) -> Result<UnitRef> {
        let found = self.directory.all().find(|u| u.name == name);
        found
            .map(UnitRef::from)
            .ok_or_else(|| Error::internal(format!("the sample names no unit {name}")))
    }

    fn name(&self, unit: &UnitId) -> &str {
        self.directory
            .get(unit.as_str())
            .map_or("", |u| u.name.as_str())
    }

    fn measure(&self, number: i64) -> Result<MeasureRef> {
        let found = self.measures.get(&number).cloned();
        found.ok_or_else(|| Error::internal(format!("the sample names no measure {number}")))
    }
}

/// Loads the sample's follow-up; does nothing while its quarters are not over.
pub(super) async fn load(app: &App, tx: &mut Tx, plan: &Plan) -> Result<()> {
    let today = app.now().date();
    if today < FROM {
        return Ok(());
    }
    let measures = measures::store::all(tx, &plan.id).await?;
    let measures = measures.into_iter().map(|m| {
        let one = MeasureRef {
            id: m.id,
            number: m.number,
            title: m.title,
            title_en: m.title_en,
        };
        (one.number, one)
    });
    let sample = Sample {
        app,
        plan,
        directory: Directory::load(tx).await?,
        asking: Asking::load(tx, &plan.id, today).await?,
        measures: measures.collect(),
        reports: read(REPORTS)?,
    };
    let figures: Figures = read(FIGURES)?;
    let mut owed = Vec::new();
    for entry in read::<Periods>(PERIODS)?.periods {
        let period = period(&sample, &entry, today)?;
        periods::store::insert(tx, &period).await?;
        tx.record(&periods::PERIOD_OPENED, period.id.as_str(), &period.fact())
            .await?;
        if owed.is_empty() {
            owed = roster::owed(tx, &period).await?;
        }
        let rows = rows(&sample, &entry.key, &period, &owed)?;
        for row in &rows {
            reports::store::insert_whole(tx, row).await?;
            tell(tx, row).await?;
        }
        give_figures(&sample, tx, (&entry.key, &period), &rows, &figures).await?;
        if entry.key == "q4" {
            move_measures(tx, &sample, &rows).await?;
        }
    }
    lay_out(&sample, tx, today).await
}

fn period(sample: &Sample<'_>, entry: &PeriodEntry, today: Date) -> Result<ReportingPeriod> {
    let (starts, ends) = periods::bounds(Span::Quarter, entry.year, entry.quarter)
        .ok_or_else(|| Error::internal("the sample's period"))?;
    let due = match (&entry.due, entry.due_in_days) {
        (Some(due), _) => day(due)?,
        (None, days) => today
            .checked_add(days.unwrap_or(0).days())
            .map_err(Error::internal)?,
    };
    Ok(ReportingPeriod {
        id: PeriodId::new(sample.app),
        plan_id: sample.plan.id.clone(),
        span: Span::Quarter,
        title: periods::title(Span::Quarter, starts),
        starts,
        ends,
        due,
        remind_days: REMIND_DAYS,
        state: entry.state,
        note: entry.note.clone(),
        version: 1,
    })
}

/// Every report owed in a period, as the sample tells it.
fn rows(
    sample: &Sample<'_>,
    key: &str,
    period: &ReportingPeriod,
    owed: &[roster::Owed],
) -> Result<Vec<ReportRow>> {
    let by_id: BTreeMap<&str, &MeasureRef> = sample
        .measures
        .values()
        .map(|m| (m.id.as_str(), m))
        .collect();
    let (mut rows, mut last) = (Vec::new(), 0);
    for (i, one) in owed.iter().enumerate() {
        let measure = *by_id
            .get(one.measure.as_str())
            .ok_or_else(|| Error::internal("the sample's measures"))?;
        let first = measure.number != last;
        last = measure.number;
        let mut row = ReportRow {
            id: ReportId::new(sample.app),
            period: period.id.clone(),
            plan: sample.plan.id.clone(),
            measure: measure.clone(),
            unit: UnitId::from_stored(one.unit.clone()),
            group: one.group.clone().map(UnitId::from_stored),
            stage: Stage::Owed,
            state: None,
            body: String::new(),
            comment: String::new(),
            delegate_unit: None,
            delegate_person: None,
            submitted: (None, None),
            endorsed: (None, None),
            reviewed: (None, None),
            reminded_at: None,
            reminders: 0,
            version: 1,
        };
        if key == "now" {
            begin(sample, &mut row);
        } else {
            finish(sample, key, (period, i, first), &mut row)?;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// A report of a finished quarter: accepted, unless the sample says otherwise.
fn finish(
    sample: &Sample<'_>,
    key: &str,
    (period, i, first): (&ReportingPeriod, usize, bool),
    row: &mut ReportRow,
) -> Result<()> {
    let told = &sample.reports;
    let number = row.measure.number;
    let name = sample.name(&row.unit).to_owned();
    let spread = i64::try_from(i % 9).unwrap_or(0);
    let late = |m: &&Missing| m.period == key && m.measure == number && m.units.contains(&name);
    if told.missing.iter().find(late).is_some() {
        row.reminded_at = Some(at(period.due, 9));
        row.reminders = 2;
        return Ok(());
    }
    let own = told.measures.iter().find(|m| m.number == number);
    let own =
        own.ok_or_else(|| Error::internal(format!("the sample tells no measure {number}")))?;
    let (text, state) = match key {
        "q3" => (&own.q3, own.q3_state),
        _ => (&own.q4, own.q4_state),
    };
    let text = if first {
        text
    } else {
        &told.others[i % told.others.len()]
    };
    row.body = format!("{text}（示例）");
    // Others of a joint measure are on their way, unless the measure is done.
    row.state = Some(match state {
        Some(MeasureState::Delayed) if !first => MeasureState::UnderWay,
        Some(state) => state,
        None => MeasureState::UnderWay,
    });
    let sent = period
        .due
        .checked_sub((9 - spread).days())
        .unwrap_or(period.due);
    let reviewed = sent.checked_add(2.days()).unwrap_or(sent);
    let hour = 9 + spread;
    row.submitted.0 = Some(at(sent, hour));
    let is = |m: i64, unit: &str, p: &str| p == key && m == number && unit == name;
    if let Some(back) = told
        .returned
        .iter()
        .find(|r| is(r.measure, &r.unit, &r.period))
    {
        row.stage = Stage::Returned;
        row.comment = back.comment.clone();
        row.reviewed.0 = Some(at(reviewed, hour));
    } else if told
        .waiting
        .iter()
        .any(|w| is(w.measure, &w.unit, &w.period))
    {
        row.stage = Stage::Submitted;
    } else {
        row.stage = Stage::Accepted;
        row.endorsed.0 = Some(at(sent, hour + 1));
        row.reviewed.0 = Some(at(reviewed, hour));
    }
    Ok(())
}

/// A report of the open quarter, when its unit has begun.
fn begin(sample: &Sample<'_>, row: &mut ReportRow) {
    let name = sample.name(&row.unit);
    let number = row.measure.number;
    let told = sample.reports.begun.iter();
    let Some(begun) = told
        .into_iter()
        .find(|b| b.measure == number && b.unit == name)
    else {
        return;
    };
    let now = sample.app.now();
    row.stage = begun.stage;
    row.state = Some(begun.state);
    row.body = format!("{}（示例）", begun.body);
    row.comment = begun.comment.clone();
    if begun.stage != Stage::Draft {
        row.submitted.0 = Some(now);
    }
    if begun.stage == Stage::Returned {
        row.reviewed.0 = Some(now);
    }
    if begun.endorsed {
        row.endorsed.0 = Some(now);
    }
}

/// The fact of where a report came to.
async fn tell(tx: &mut Tx, row: &ReportRow) -> Result<()> {
    let kind = match row.stage {
        Stage::Accepted => &REPORT_ACCEPTED,
        Stage::Returned => &REPORT_RETURNED,
        Stage::Submitted => &REPORT_SUBMITTED,
        Stage::Owed | Stage::Draft => return Ok(()),
    };
    let fact = json!({
        "plan": row.plan, "period": row.period, "measure": row.measure.number, "unit": row.unit,
        "stage": row.stage, "state": row.state, "body": row.body, "sample": true,
    });
    tx.record(kind, row.id.as_str(), &fact).await.map(|_| ())
}

/// Gives the finished quarters their figures, where they are asked for.
async fn give_figures(
    sample: &Sample<'_>,
    tx: &mut Tx,
    (key, period): (&str, &ReportingPeriod),
    rows: &[ReportRow],
    figures: &Figures,
) -> Result<()> {
    let pick = |q3: f64, q4: f64| match key {
        "q3" => Some(q3),
        "q4" => Some(q4),
        _ => None,
    };
    let (indicators, goals) = sample.asking.subjects();
    for figure in &figures.indicators {
        let Some(value) = pick(figure.q3, figure.q4) else {
            continue;
        };
        let indicator = indicators.iter().find(|i| i.number == figure.number);
        let indicator = indicator.ok_or_else(|| Error::internal("the sample's indicators"))?;
        let row = placed(sample, indicator.id.as_str(), rows)?;
        let subject = indicator.id.as_str();
        reports::store::set_figure(tx, &row.id, subject, Some((value, false))).await?;
        let to = indicator.recordable();
        let covers = crate::indicators::rules::default_period(to.nature, period.ends);
        let unit = sample.name(&row.unit);
        let new = NewValue {
            at: period.ends,
            value,
            period: covers,
            note: format!("{} · {unit}（示例数据）", period.title.zh),
            source: Source::Report,
        };
        let recorded = values::record(sample.app, tx, &to, new, None).await?;
        reports::store::figure_recorded(tx, &row.id, subject, recorded.id.as_str()).await?;
    }
    for figure in &figures.goals {
        let Some(value) = pick(figure.q3, figure.q4) else {
            continue;
        };
        let goal = goals.iter().find(|g| g.name == figure.name);
        let goal = goal.ok_or_else(|| Error::internal(format!("no goal {}", figure.name)))?;
        let row = placed(sample, goal.id.as_str(), rows)?;
        reports::store::set_figure(tx, &row.id, goal.id.as_str(), Some((value, false))).await?;
    }
    Ok(())
}

/// The report in which a subject is asked for.
fn placed<'a>(sample: &Sample<'_>, subject: &str, rows: &'a [ReportRow]) -> Result<&'a ReportRow> {
    let places = sample.asking.places_of(subject);
    let place = places.first();
    place
        .and_then(|(measure, unit)| {
            let here = |r: &&ReportRow| r.measure.number == *measure && r.unit.as_str() == *unit;
            rows.iter().find(here)
        })
        .ok_or_else(|| Error::internal(format!("nobody is asked for {subject}")))
}

/// Gives each measure the state that its last finished reports make.
async fn move_measures(tx: &mut Tx, sample: &Sample<'_>, rows: &[ReportRow]) -> Result<()> {
    let mut by_measure: BTreeMap<i64, Vec<ReportRow>> = BTreeMap::new();
    for row in rows {
        by_measure
            .entry(row.measure.number)
            .or_default()
            .push(row.clone());
    }
    for (number, rows) in by_measure {
        let Some(state) = reports::standing::combined(rows.iter()) else {
            continue;
        };
        let note = reports::accept::note(&rows, &sample.directory);
        let id = &rows[0].measure.id;
        let last = rows.iter().filter_map(|r| r.reviewed.0).max();
        let at = last.unwrap_or_else(|| sample.app.now());
        let before = measures::store::get(tx, id).await?;
        measures::store::set_state(tx, id, before.version, (state, &note, at)).await?;
        let fact = json!({
            "plan": sample.plan.id, "number": number, "before": before.state, "state": state,
            "note": note, "period": rows[0].period, "sample": true,
        });
        tx.record(&measures::STATE_CHANGED, id.as_str(), &fact)
            .await?;
    }
    Ok(())
}

/// Milestones, sub-tasks and dependencies.
async fn lay_out(sample: &Sample<'_>, tx: &mut Tx, today: Date) -> Result<()> {
    let told: Schedule = read(MILESTONES)?;
    let mut ids: BTreeMap<(i64, String), MilestoneId> = BTreeMap::new();
    for entry in told.milestones {
        let due = day(&entry.due)?;
        let parent_id = match &entry.of {
            None => None,
            Some(of) => Some(
                ids.get(&(entry.measure, of.clone()))
                    .cloned()
                    .ok_or_else(|| Error::internal(format!("no milestone {of}")))?,
            ),
        };
        let one = Milestone {
            id: MilestoneId::new(sample.app),
            measure: sample.measure(entry.measure)?,
            parent_id,
            title: entry.title.clone(),
            starts: Some(day(&entry.starts)?),
            due,
            done_at: entry.done.as_deref().map(day).transpose()?,
            late: false,
            unit: Some(sample.unit(&entry.unit)?),
            note: "示例".to_owned(),
            version: 1,
        };
        schedule::check(&one, today)?;
        schedule::store::insert(tx, &sample.plan.id, &one).await?;
        let fact = one.fact(&sample.plan.id);
        tx.record(&schedule::MILESTONE_ADDED, one.id.as_str(), &fact)
            .await?;
        ids.insert((entry.measure, entry.title), one.id);
    }
    for (waits, needs) in told.dependencies {
        let (waits, needs) = (sample.measure(waits)?, sample.measure(needs)?);
        let plan = &sample.plan.id;
        schedule::store::insert_dependency(tx, plan, &waits.id, &needs.id).await?;
        let fact = json!({ "plan": plan, "measure": waits.number, "needs": needs.number });
        tx.record(&schedule::DEPENDENCY_ADDED, waits.id.as_str(), &fact)
            .await?;
    }
    Ok(())
}
