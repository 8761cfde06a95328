//! SQL of editions.

use tianyuan_kernel::args;
use tianyuan_kernel::db::{Arg, Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::{GoalView, Plan, PlanCounts, PlanId, PlanPeriod};
use crate::bundle::{Pattern, Words};
use crate::stored::{date, word};
use crate::words::{Comparison, GoalKind, GoalScope, MeasureState, PlanState};

const PLAN: &str = "SELECT p.id AS id, p.code AS code, p.title AS title, p.title_en AS title_en, \
    p.edition AS edition, p.state AS state, p.period_from AS period_from, \
    p.period_to AS period_to, p.version AS version, \
    (SELECT CAST(COUNT(1) AS BIGINT) FROM plan_layers l WHERE l.plan_id = p.id) AS layers, \
    (SELECT CAST(COUNT(1) AS BIGINT) FROM plan_programmes g WHERE g.plan_id = p.id) AS programmes, \
    (SELECT CAST(COUNT(1) AS BIGINT) FROM plan_measures m \
     WHERE m.plan_id = p.id AND m.dropped_at IS NULL) AS measures, \
    (SELECT CAST(COUNT(1) AS BIGINT) FROM plan_indicators i \
     WHERE i.plan_id = p.id AND i.dropped_at IS NULL) AS indicators \
    FROM plan_editions p";

fn plan(row: &Row) -> Result<Plan> {
    Ok(Plan {
        id: PlanId::from_stored(row.text("id")?),
        code: row.text("code")?,
        title: row.text("title")?,
        title_en: row.text("title_en")?,
        edition: row.text("edition")?,
        state: word(row, "state", PlanState::read)?,
        period: PlanPeriod {
            from: date(row, "period_from")?,
            to: date(row, "period_to")?,
        },
        counts: PlanCounts {
            layers: row.int("layers")?,
            programmes: row.int("programmes")?,
            measures: row.int("measures")?,
            indicators: row.int("indicators")?,
        },
        version: row.int("version")?,
    })
}

/// One page of editions, the youngest period first is left to the reader: order is by id, which
/// is the order they were loaded in.
pub(crate) async fn list(sql: &mut dyn Sql, drafts: bool, page: &Page) -> Result<Vec<Plan>> {
    let hidden = if drafts {
        None
    } else {
        Some(PlanState::Draft.as_str())
    };
    let select =
        Select::new(PLAN)
            .and_opt("p.state <> ?", hidden)
            .page(page, &["p.id"], false, "p.id");
    sql.select(select).await?.iter().map(plan).collect()
}

/// One edition.
pub(crate) async fn get(sql: &mut dyn Sql, id: &PlanId) -> Result<Plan> {
    let select = Select::new(PLAN).and("p.id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), plan)
}

/// The edition of a code, and its summary and pattern never.
pub(crate) async fn by_code(sql: &mut dyn Sql, code: &str) -> Result<Option<Plan>> {
    let select = Select::new(PLAN).and("p.code = ?", code);
    sql.select(select).await?.first().map(plan).transpose()
}

/// Summary and spatial pattern of an edition.
pub(crate) async fn texts(sql: &mut dyn Sql, id: &PlanId) -> Result<(Words, Pattern)> {
    let row = sql
        .one(
            "SELECT summary_zh, summary_en, pattern FROM plan_editions WHERE id = $1",
            args![id],
        )
        .await?;
    let words = Words {
        zh: row.text("summary_zh")?,
        en: row.text("summary_en")?,
    };
    Ok((words, serde_json::from_str(&row.text("pattern")?)?))
}

/// A layer as stored.
pub(crate) struct LayerRow {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) title_en: String,
    pub(crate) summary: Words,
    pub(crate) position: i64,
}

/// The layers of an edition, in order.
pub(crate) async fn layers(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<LayerRow>> {
    let rows = sql
        .all(
            "SELECT id, code, title, title_en, summary_zh, summary_en, position \
             FROM plan_layers WHERE plan_id = $1 ORDER BY position, id",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LayerRow {
                id: row.text("id")?,
                code: row.text("code")?,
                title: row.text("title")?,
                title_en: row.text("title_en")?,
                summary: Words {
                    zh: row.text("summary_zh")?,
                    en: row.text("summary_en")?,
                },
                position: row.int("position")?,
            })
        })
        .collect()
}

/// A programme as stored.
pub(crate) struct ProgrammeRow {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) title_en: String,
    pub(crate) layer_id: String,
    pub(crate) focus: Words,
    pub(crate) objective: Words,
}

/// The programmes of an edition, in order.
pub(crate) async fn programmes(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<ProgrammeRow>> {
    let rows = sql
        .all(
            "SELECT id, number, title, title_en, layer_id, focus_zh, focus_en, objective_zh, \
             objective_en FROM plan_programmes WHERE plan_id = $1 ORDER BY position, number",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ProgrammeRow {
                id: row.text("id")?,
                number: row.int("number")?,
                title: row.text("title")?,
                title_en: row.text("title_en")?,
                layer_id: row.text("layer_id")?,
                focus: Words {
                    zh: row.text("focus_zh")?,
                    en: row.text("focus_en")?,
                },
                objective: Words {
                    zh: row.text("objective_zh")?,
                    en: row.text("objective_en")?,
                },
            })
        })
        .collect()
}

/// How many measures of an edition stand in which state, by programme id.
pub(crate) async fn state_counts(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<Vec<(String, MeasureState, i64)>> {
    let rows = sql
        .all(
            "SELECT programme_id, state, CAST(COUNT(1) AS BIGINT) AS n FROM plan_measures \
             WHERE plan_id = $1 AND dropped_at IS NULL GROUP BY programme_id, state",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let state = word(row, "state", MeasureState::read)?;
            Ok((row.text("programme_id")?, state, row.int("n")?))
        })
        .collect()
}

const GOAL: &str = "SELECT id, programme_number, measure_number, indicator_number, name, name_en, \
    value, unit, due, comparison, kind FROM plan_goals";

fn goal(row: &Row) -> Result<GoalView> {
    let (programme, measure) = (
        row.int_opt("programme_number")?,
        row.int_opt("measure_number")?,
    );
    Ok(GoalView {
        id: super::GoalId::from_stored(row.text("id")?),
        scope: match (programme, measure) {
            (_, Some(_)) => GoalScope::Measure,
            (Some(_), None) => GoalScope::Programme,
            (None, None) => GoalScope::Plan,
        },
        programme_number: programme,
        measure_number: measure,
        indicator_number: row.int_opt("indicator_number")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        value: row.real("value")?,
        unit: row.text("unit")?,
        due: date(row, "due")?,
        comparison: word(row, "comparison", Comparison::read)?,
        kind: word(row, "kind", GoalKind::read)?,
    })
}

/// The goals of an edition, in order.
pub(crate) async fn goals(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<GoalView>> {
    let select = Select::new(GOAL)
        .and("plan_id = ?", plan)
        .order_by("position, id");
    sql.select(select).await?.iter().map(goal).collect()
}

/// The goals of some measures of an edition, in order.
pub(crate) async fn goals_of_measures(
    sql: &mut dyn Sql,
    plan: &PlanId,
    numbers: &[i64],
) -> Result<Vec<GoalView>> {
    let numbers = numbers.iter().map(|n| Arg::from(*n)).collect();
    let select = Select::new(GOAL)
        .and("plan_id = ?", plan)
        .and_in("measure_number", numbers)
        .order_by("position, id");
    sql.select(select).await?.iter().map(goal).collect()
}
