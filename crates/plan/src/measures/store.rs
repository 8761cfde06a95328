//! SQL of measures.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Arg, Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::{Filter, MeasureId};
use crate::bundle::Words;
use crate::plans::PlanId;
use crate::stored::word;
use crate::words::{MeasureState, PlanState};

/// A measure as stored, with its programme and layer.
pub(crate) struct MeasureRow {
    pub(crate) id: MeasureId,
    pub(crate) plan_id: PlanId,
    pub(crate) plan_state: PlanState,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) title_en: String,
    pub(crate) summary: Words,
    /// Id, number, title, English title.
    pub(crate) programme: (String, i64, String, String),
    /// Id, code, title, English title.
    pub(crate) layer: (String, String, String, String),
    pub(crate) state: MeasureState,
    pub(crate) state_note: String,
    pub(crate) state_at: Option<Micros>,
    pub(crate) version: i64,
}

const MEASURE: &str = "SELECT m.id AS id, m.plan_id AS plan_id, e.state AS plan_state, \
    m.number AS number, m.title AS title, m.title_en AS title_en, m.summary_zh AS summary_zh, \
    m.summary_en AS summary_en, m.state AS state, m.state_note AS state_note, \
    m.state_at AS state_at, m.version AS version, g.id AS programme_id, \
    g.number AS programme_number, g.title AS programme_title, g.title_en AS programme_title_en, l.id AS layer_id, \
    l.code AS layer_code, l.title AS layer_title, l.title_en AS layer_title_en \
    FROM plan_measures m JOIN plan_editions e ON e.id = m.plan_id \
    JOIN plan_programmes g ON g.id = m.programme_id JOIN plan_layers l ON l.id = g.layer_id";

fn measure(row: &Row) -> Result<MeasureRow> {
    Ok(MeasureRow {
        id: MeasureId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        plan_state: word(row, "plan_state", PlanState::read)?,
        number: row.int("number")?,
        title: row.text("title")?,
        title_en: row.text("title_en")?,
        summary: Words {
            zh: row.text("summary_zh")?,
            en: row.text("summary_en")?,
        },
        programme: (
            row.text("programme_id")?,
            row.int("programme_number")?,
            row.text("programme_title")?,
            row.text("programme_title_en")?,
        ),
        layer: (
            row.text("layer_id")?,
            row.text("layer_code")?,
            row.text("layer_title")?,
            row.text("layer_title_en")?,
        ),
        state: word(row, "state", MeasureState::read)?,
        state_note: row.text("state_note")?,
        state_at: row.time_opt("state_at")?,
        version: row.int("version")?,
    })
}

/// One page of an edition's measures, by number. `units` are the filter's unit and every group
/// it belongs to.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    plan: &PlanId,
    filter: &Filter,
    units: Option<Vec<String>>,
    page: &Page,
) -> Result<Vec<MeasureRow>> {
    let mut select = Select::new(MEASURE)
        .and("m.plan_id = ?", plan)
        .and_all("m.dropped_at IS NULL", vec![])
        .and_opt("g.number = ?", filter.programme)
        .and_opt("m.state = ?", filter.state.map(MeasureState::as_str))
        .and_contains(
            &["m.title", "m.title_en", "m.summary_zh", "m.summary_en"],
            filter.q.as_deref(),
        );
    if let Some(units) = units {
        let ids = ids_with_units(sql, plan, units).await?;
        select = select.and_in("m.id", ids);
    }
    let select = select.page(page, &["m.number"], false, "m.number");
    sql.select(select).await?.iter().map(measure).collect()
}

async fn ids_with_units(sql: &mut dyn Sql, plan: &PlanId, units: Vec<String>) -> Result<Vec<Arg>> {
    let select = Select::new(
        "SELECT DISTINCT u.measure_id AS id FROM plan_measure_units u \
         JOIN plan_measures m ON m.id = u.measure_id",
    )
    .and("m.plan_id = ?", plan)
    .and_in("u.unit_id", units.into_iter().map(Arg::from).collect());
    sql.select(select)
        .await?
        .iter()
        .map(|row| row.text("id").map(Arg::from))
        .collect()
}

/// Every measure of an edition, by number.
pub(crate) async fn all(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<MeasureRow>> {
    let select = Select::new(MEASURE)
        .and("m.plan_id = ?", plan)
        .and_all("m.dropped_at IS NULL", vec![])
        .order_by("m.number");
    sql.select(select).await?.iter().map(measure).collect()
}

/// One measure.
pub(crate) async fn get(sql: &mut dyn Sql, id: &MeasureId) -> Result<MeasureRow> {
    let select = Select::new(MEASURE)
        .and("m.id = ?", id)
        .and_all("m.dropped_at IS NULL", vec![]);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), measure)
}

/// Unit ids of some measures, as (measure, unit) in the plan's order.
pub(crate) async fn units_of(
    sql: &mut dyn Sql,
    measures: &[&MeasureId],
) -> Result<Vec<(String, String)>> {
    let select = Select::new("SELECT measure_id, unit_id FROM plan_measure_units")
        .and_in(
            "measure_id",
            measures.iter().map(|id| Arg::from(*id)).collect(),
        )
        .order_by("measure_id, position");
    let rows = sql.select(select).await?;
    rows.iter()
        .map(|row| Ok((row.text("measure_id")?, row.text("unit_id")?)))
        .collect()
}

/// Unit ids of every measure of an edition, as (measure, unit) in the plan's order.
pub(crate) async fn units_of_plan(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<Vec<(String, String)>> {
    let rows = sql
        .all(
            "SELECT u.measure_id AS measure_id, u.unit_id AS unit_id FROM plan_measure_units u \
             JOIN plan_measures m ON m.id = u.measure_id \
             WHERE m.plan_id = $1 AND m.dropped_at IS NULL ORDER BY u.measure_id, u.position",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.text("measure_id")?, row.text("unit_id")?)))
        .collect()
}

/// Takes the measure's turn: a second writer waits here until the first has committed.
pub(crate) async fn take_turn(sql: &mut dyn Sql, id: &MeasureId) -> Result<()> {
    sql.execute(
        "UPDATE plan_measures SET version = version WHERE id = $1",
        args![id],
    )
    .await
    .map(|_| ())
}

/// Sets the state; false when the version is no longer `version`.
pub(crate) async fn set_state(
    sql: &mut dyn Sql,
    id: &MeasureId,
    version: i64,
    (state, note, at): (MeasureState, &str, Micros),
) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_measures SET state = $1, state_note = $2, state_at = $3, \
             version = version + 1 WHERE id = $4 AND version = $5",
            args![state.as_str(), note, at, id, version],
        )
        .await?;
    Ok(changed == 1)
}
