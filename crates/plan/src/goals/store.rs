//! SQL of goals, their sources, entries and readings.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::entries::{EntryId, GoalEntryView};
use super::{Counted, GoalSource};
use crate::forecast::series::Observation;
use crate::plans::{GoalId, GoalView, PlanId, PlanPeriod};
use crate::stored::{date, word};
use crate::words::{Comparison, GoalKind, GoalScope};

/// A goal as stored, with its source where one was set.
pub(crate) struct GoalRow {
    pub(crate) goal: GoalView,
    pub(crate) plan_id: PlanId,
    pub(crate) plan_period: PlanPeriod,
    pub(crate) key: String,
    pub(crate) source: Option<GoalSource>,
    pub(crate) metric: Option<String>,
    pub(crate) version: Option<i64>,
}

const GOAL: &str = "SELECT g.id AS id, g.plan_id AS plan_id, g.goal_key AS goal_key, \
    e.period_from AS period_from, e.period_to AS period_to, \
    g.programme_number AS programme_number, g.measure_number AS measure_number, \
    g.indicator_number AS indicator_number, g.name AS name, g.name_en AS name_en, \
    g.value AS value, g.unit AS unit, g.due AS due, g.comparison AS comparison, g.kind AS kind, \
    s.source AS source, s.metric AS metric, s.version AS version FROM plan_goals g \
    JOIN plan_editions e ON e.id = g.plan_id \
    LEFT JOIN plan_goal_sources s ON s.plan_id = g.plan_id AND s.goal_key = g.goal_key";

fn goal(row: &Row) -> Result<GoalRow> {
    let (programme_number, measure_number) = (
        row.int_opt("programme_number")?,
        row.int_opt("measure_number")?,
    );
    let source = row.text_opt("source")?;
    Ok(GoalRow {
        goal: GoalView {
            id: GoalId::from_stored(row.text("id")?),
            scope: match (programme_number, measure_number) {
                (_, Some(_)) => GoalScope::Measure,
                (Some(_), None) => GoalScope::Programme,
                (None, None) => GoalScope::Plan,
            },
            programme_number,
            measure_number,
            indicator_number: row.int_opt("indicator_number")?,
            name: row.text("name")?,
            name_en: row.text("name_en")?,
            value: row.real("value")?,
            unit: row.text("unit")?,
            due: date(row, "due")?,
            comparison: word(row, "comparison", Comparison::read)?,
            kind: word(row, "kind", GoalKind::read)?,
        },
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        plan_period: PlanPeriod {
            from: date(row, "period_from")?,
            to: date(row, "period_to")?,
        },
        key: row.text("goal_key")?,
        source: source.as_deref().and_then(GoalSource::read),
        metric: row.text_opt("metric")?,
        version: row.int_opt("version")?,
    })
}

/// The goals of an edition, in the plan's order.
pub(crate) async fn all(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<GoalRow>> {
    let select = Select::new(GOAL)
        .and("g.plan_id = ?", plan)
        .order_by("g.position, g.id");
    sql.select(select).await?.iter().map(goal).collect()
}

/// Goals counted from metrics, in editions in force.
pub(crate) async fn measured(sql: &mut dyn Sql) -> Result<Vec<GoalRow>> {
    let select = Select::new(GOAL)
        .and("s.source = ?", GoalSource::Metric.as_str())
        .and_all("e.state = 'in_force'", vec![])
        .order_by("g.id");
    sql.select(select).await?.iter().map(goal).collect()
}

/// One goal.
pub(crate) async fn get(sql: &mut dyn Sql, id: &GoalId) -> Result<GoalRow> {
    let select = Select::new(GOAL).and("g.id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), goal)
}

/// Which units answer for what in an edition.
pub(crate) struct Responsible {
    measures: Vec<(i64, i64, String)>,
    indicators: Vec<(i64, String)>,
}

impl Responsible {
    /// The units of a goal, each once, in the plan's order.
    pub(crate) fn of(&self, goal: &GoalView) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let mut add = |id: &String| {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        };
        for (measure, programme, unit) in &self.measures {
            let own = match goal.measure_number {
                Some(number) => *measure == number,
                None => Some(*programme) == goal.programme_number,
            };
            if own {
                add(unit);
            }
        }
        for (number, unit) in &self.indicators {
            if Some(*number) == goal.indicator_number {
                add(unit);
            }
        }
        ids
    }
}

/// Reads which units answer for what (two queries).
pub(crate) async fn responsible(sql: &mut dyn Sql, plan: &PlanId) -> Result<Responsible> {
    let measures = sql
        .all(
            "SELECT m.number AS measure, g.number AS programme, u.unit_id AS unit_id \
             FROM plan_measure_units u JOIN plan_measures m ON m.id = u.measure_id \
             JOIN plan_programmes g ON g.id = m.programme_id \
             WHERE m.plan_id = $1 AND m.dropped_at IS NULL ORDER BY m.number, u.position",
            args![plan],
        )
        .await?;
    let indicators = sql
        .all(
            "SELECT i.number AS number, u.unit_id AS unit_id FROM plan_indicator_units u \
             JOIN plan_indicators i ON i.id = u.indicator_id \
             WHERE i.plan_id = $1 AND i.dropped_at IS NULL ORDER BY i.number, u.position",
            args![plan],
        )
        .await?;
    let measure = |r: &Row| Ok((r.int("measure")?, r.int("programme")?, r.text("unit_id")?));
    let indicator = |r: &Row| Ok((r.int("number")?, r.text("unit_id")?));
    Ok(Responsible {
        measures: measures.iter().map(measure).collect::<Result<_>>()?,
        indicators: indicators.iter().map(indicator).collect::<Result<_>>()?,
    })
}

/// Sets a goal's source; false when its version is no longer the one given.
pub(crate) async fn set_source(
    sql: &mut dyn Sql,
    goal: &Counted,
    source: GoalSource,
    metric: Option<&str>,
) -> Result<bool> {
    let changed = sql
        .execute(
            "INSERT INTO plan_goal_sources (plan_id, goal_key, source, metric, turns, version) \
             VALUES ($1, $2, $3, $4, 0, 2) ON CONFLICT (plan_id, goal_key) DO UPDATE SET \
             source = excluded.source, metric = excluded.metric, \
             version = plan_goal_sources.version + 1 WHERE plan_goal_sources.version = $5",
            args![
                &goal.plan_id,
                &goal.key,
                source.as_str(),
                metric,
                goal.version
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Takes the goal's turn: a second writer waits here until the first has committed.
pub(crate) async fn take_turn(sql: &mut dyn Sql, goal: &Counted) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_goal_sources (plan_id, goal_key, source, metric, turns, version) \
         VALUES ($1, $2, $3, $4, 1, 1) ON CONFLICT (plan_id, goal_key) DO UPDATE SET \
         turns = plan_goal_sources.turns + 1",
        args![
            &goal.plan_id,
            &goal.key,
            goal.source.as_str(),
            goal.metric.clone()
        ],
    )
    .await
    .map(|_| ())
}

const ENTRY: &str = "SELECT id, name, code, at, amount, note, recorded_at, fact_id, struck_at, \
    struck_reason FROM plan_goal_entries";

fn entry(row: &Row) -> Result<GoalEntryView> {
    Ok(GoalEntryView {
        id: EntryId::from_stored(row.text("id")?),
        name: row.text("name")?,
        code: row.text_opt("code")?,
        at: date(row, "at")?,
        amount: row.real("amount")?,
        note: row.text("note")?,
        recorded_at: row.time("recorded_at")?,
        fact_id: row.text("fact_id")?,
        struck_at: row.time_opt("struck_at")?,
        struck_reason: row.text_opt("struck_reason")?,
    })
}

/// One page of a goal's entries, struck ones included, the newest first.
pub(crate) async fn entries(
    sql: &mut dyn Sql,
    goal: &Counted,
    page: &Page,
) -> Result<Vec<GoalEntryView>> {
    let select = Select::new(ENTRY)
        .and("plan_id = ?", &goal.plan_id)
        .and("goal_key = ?", goal.key.as_str())
        .page(page, &["id"], true, "id DESC");
    sql.select(select).await?.iter().map(entry).collect()
}

/// One entry and the goal it counts towards.
pub(crate) async fn get_entry(sql: &mut dyn Sql, id: &EntryId) -> Result<(GoalEntryView, GoalId)> {
    let select = Select::new(
        "SELECT n.id AS id, n.name AS name, n.code AS code, n.at AS at, n.amount AS amount, \
         n.note AS note, n.recorded_at AS recorded_at, n.fact_id AS fact_id, \
         n.struck_at AS struck_at, n.struck_reason AS struck_reason, g.id AS goal_id \
         FROM plan_goal_entries n \
         JOIN plan_goals g ON g.plan_id = n.plan_id AND g.goal_key = n.goal_key",
    )
    .and("n.id = ?", id);
    let rows = sql.select(select).await?;
    let row = rows.first().ok_or_else(Error::not_found)?;
    Ok((entry(row)?, GoalId::from_stored(row.text("goal_id")?)))
}

/// Names and codes that stand for a goal: name key, code and date of each entry.
pub(crate) async fn standing(
    sql: &mut dyn Sql,
    goal: &Counted,
) -> Result<Vec<(String, Option<String>, Date)>> {
    let rows = sql
        .all(
            "SELECT name_key, code, at FROM plan_goal_entries \
             WHERE plan_id = $1 AND goal_key = $2 AND struck_at IS NULL",
            args![&goal.plan_id, &goal.key],
        )
        .await?;
    rows.iter()
        .map(|r| Ok((r.text("name_key")?, r.text_opt("code")?, date(r, "at")?)))
        .collect()
}

/// What entries of one date come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dated {
    pub(crate) at: Date,
    pub(crate) sum: f64,
    pub(crate) mean: f64,
    pub(crate) count: i64,
}

/// What stands at which date for the goals of an edition, by goal key, in order of date.
pub(crate) async fn amounts(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<BTreeMap<String, Vec<Dated>>> {
    let rows = sql
        .all(
            "SELECT goal_key, at, SUM(amount) AS total, AVG(amount) AS mean, \
             CAST(COUNT(1) AS BIGINT) AS n FROM plan_goal_entries \
             WHERE plan_id = $1 AND struck_at IS NULL GROUP BY goal_key, at ORDER BY goal_key, at",
            args![plan],
        )
        .await?;
    let mut all: BTreeMap<String, Vec<Dated>> = BTreeMap::new();
    for row in rows {
        let one = Dated {
            at: date(&row, "at")?,
            sum: row.real("total")?,
            mean: row.real("mean")?,
            count: row.int("n")?,
        };
        all.entry(row.text("goal_key")?).or_default().push(one);
    }
    Ok(all)
}

/// What metrics said for the goals of an edition, by goal key, in order of date.
pub(crate) async fn readings(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<BTreeMap<String, Vec<Observation>>> {
    let rows = sql
        .all(
            "SELECT goal_key, at, value FROM plan_goal_readings WHERE plan_id = $1 \
             ORDER BY goal_key, at",
            args![plan],
        )
        .await?;
    let mut all: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
    for row in rows {
        let one = Observation {
            at: date(&row, "at")?,
            value: row.real("value")?,
        };
        all.entry(row.text("goal_key")?).or_default().push(one);
    }
    Ok(all)
}

/// Adds an entry.
pub(crate) async fn insert_entry(
    sql: &mut dyn Sql,
    goal: &Counted,
    entry: &GoalEntryView,
    name_key: &str,
    by: Option<&str>,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_goal_entries (id, plan_id, goal_key, name, name_key, code, at, amount, \
         note, recorded_at, recorded_by, fact_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            &entry.id,
            &goal.plan_id,
            &goal.key,
            &entry.name,
            name_key,
            entry.code.clone(),
            entry.at.to_string(),
            entry.amount,
            &entry.note,
            entry.recorded_at,
            by,
            &entry.fact_id,
        ],
    )
    .await
    .map(|_| ())
}

/// Strikes an entry; false when it was struck before.
pub(crate) async fn strike(
    sql: &mut dyn Sql,
    id: &EntryId,
    reason: &str,
    (at, by): (Micros, Option<&str>),
) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_goal_entries SET struck_at = $2, struck_by = $3, struck_reason = $4 \
             WHERE id = $1 AND struck_at IS NULL",
            args![id, at, by, reason],
        )
        .await?;
    Ok(changed == 1)
}

/// Keeps a reading of today.
pub(crate) async fn keep_reading(
    sql: &mut dyn Sql,
    goal: &Counted,
    (at, value): (Date, f64),
    now: Micros,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_goal_readings (plan_id, goal_key, at, value, recorded_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (plan_id, goal_key, at) DO UPDATE SET \
         value = excluded.value, recorded_at = excluded.recorded_at",
        args![&goal.plan_id, &goal.key, at.to_string(), value, now],
    )
    .await
    .map(|_| ())
}
