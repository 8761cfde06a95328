//! SQL of indicators, their targets and the values in force.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::args;
use tianyuan_kernel::db::{Arg, Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::IndicatorId;
use super::rules::Latest;
use crate::bundle::YearValue;
use crate::plans::PlanId;
use crate::stored::{date, word};
use crate::words::{Direction, Nature, Period, PlanState, Source};

/// An indicator as stored.
#[derive(Clone)]
pub(crate) struct IndicatorRow {
    pub(crate) id: IndicatorId,
    pub(crate) plan_id: PlanId,
    pub(crate) plan_state: PlanState,
    pub(crate) plan_period: (Date, Date),
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) unit: String,
    pub(crate) nature: Nature,
    pub(crate) direction: Direction,
    pub(crate) decimals: i64,
    pub(crate) baseline: YearValue,
    pub(crate) metric: Option<String>,
    pub(crate) version: i64,
}

const INDICATOR: &str = "SELECT i.id AS id, i.plan_id AS plan_id, e.state AS plan_state, \
    e.period_from AS period_from, e.period_to AS period_to, i.number AS number, i.name AS name, i.name_en AS name_en, i.unit AS unit, \
    i.nature AS nature, i.direction AS direction, i.decimals AS decimals, \
    i.baseline_year AS baseline_year, i.baseline_value AS baseline_value, i.metric AS metric, \
    i.version AS version FROM plan_indicators i JOIN plan_editions e ON e.id = i.plan_id";

fn indicator(row: &Row) -> Result<IndicatorRow> {
    Ok(IndicatorRow {
        id: IndicatorId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        plan_state: word(row, "plan_state", PlanState::read)?,
        plan_period: (date(row, "period_from")?, date(row, "period_to")?),
        number: row.int("number")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        unit: row.text("unit")?,
        nature: word(row, "nature", Nature::read)?,
        direction: word(row, "direction", Direction::read)?,
        decimals: row.int("decimals")?,
        baseline: YearValue {
            year: row.int("baseline_year")?,
            value: row.real("baseline_value")?,
        },
        metric: row.text_opt("metric")?,
        version: row.int("version")?,
    })
}

/// One page of an edition's indicators, by number.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    plan: &PlanId,
    page: &Page,
) -> Result<Vec<IndicatorRow>> {
    let select = Select::new(INDICATOR)
        .and("i.plan_id = ?", plan)
        .and_all("i.dropped_at IS NULL", vec![])
        .page(page, &["i.number"], false, "i.number");
    sql.select(select).await?.iter().map(indicator).collect()
}

/// Every indicator of an edition, by number.
pub(crate) async fn all(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<IndicatorRow>> {
    let select = Select::new(INDICATOR)
        .and("i.plan_id = ?", plan)
        .and_all("i.dropped_at IS NULL", vec![])
        .order_by("i.number");
    sql.select(select).await?.iter().map(indicator).collect()
}

/// Every indicator that is bound to a metric, in editions that are in force.
pub(crate) async fn bound(sql: &mut dyn Sql) -> Result<Vec<IndicatorRow>> {
    let select = Select::new(INDICATOR)
        .and_all("i.metric IS NOT NULL AND i.dropped_at IS NULL", vec![])
        .and("e.state = ?", PlanState::InForce.as_str())
        .order_by("i.id");
    sql.select(select).await?.iter().map(indicator).collect()
}

/// One indicator.
pub(crate) async fn get(sql: &mut dyn Sql, id: &IndicatorId) -> Result<IndicatorRow> {
    let select = Select::new(INDICATOR)
        .and("i.id = ?", id)
        .and_all("i.dropped_at IS NULL", vec![]);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), indicator)
}

fn ids(indicators: &[&IndicatorId]) -> Vec<Arg> {
    indicators.iter().map(|id| Arg::from(*id)).collect()
}

/// Unit ids of some indicators, as (indicator, unit) in the plan's order.
pub(crate) async fn units_of(
    sql: &mut dyn Sql,
    indicators: &[&IndicatorId],
) -> Result<Vec<(String, String)>> {
    let select = Select::new("SELECT indicator_id, unit_id FROM plan_indicator_units")
        .and_in("indicator_id", ids(indicators))
        .order_by("indicator_id, position");
    let rows = sql.select(select).await?;
    rows.iter()
        .map(|row| Ok((row.text("indicator_id")?, row.text("unit_id")?)))
        .collect()
}

/// Targets of some indicators, by year.
pub(crate) async fn targets_of(
    sql: &mut dyn Sql,
    indicators: &[&IndicatorId],
) -> Result<BTreeMap<String, Vec<YearValue>>> {
    let select = Select::new("SELECT indicator_id, year, value FROM plan_targets")
        .and_in("indicator_id", ids(indicators))
        .order_by("indicator_id, year");
    let mut targets: BTreeMap<String, Vec<YearValue>> = BTreeMap::new();
    for row in sql.select(select).await? {
        let target = YearValue {
            year: row.int("year")?,
            value: row.real("value")?,
        };
        targets
            .entry(row.text("indicator_id")?)
            .or_default()
            .push(target);
    }
    Ok(targets)
}

/// The values in force at the latest date of some indicators (one, or two for a flow's
/// 31 December), by indicator.
pub(crate) async fn latest_of(
    sql: &mut dyn Sql,
    indicators: &[&IndicatorId],
) -> Result<BTreeMap<String, Vec<Latest>>> {
    let select = Select::new(
        "SELECT v.indicator_id AS indicator_id, v.at AS at, v.value AS value, \
         v.period AS period, v.source AS source FROM plan_values v",
    )
    .and_in("v.indicator_id", ids(indicators))
    .and_all(
        "v.superseded_at IS NULL AND v.at = (SELECT MAX(w.at) FROM plan_values w \
         WHERE w.indicator_id = v.indicator_id AND w.superseded_at IS NULL)",
        vec![],
    );
    let mut latest: BTreeMap<String, Vec<Latest>> = BTreeMap::new();
    for row in sql.select(select).await? {
        let value = Latest {
            at: date(&row, "at")?,
            value: row.real("value")?,
            period: word(&row, "period", Period::read)?,
            source: word(&row, "source", Source::read)?,
        };
        latest
            .entry(row.text("indicator_id")?)
            .or_default()
            .push(value);
    }
    Ok(latest)
}

/// Binds to a metric or unbinds; false when the version is no longer `version`.
pub(crate) async fn set_metric(
    sql: &mut dyn Sql,
    id: &IndicatorId,
    version: i64,
    metric: Option<&str>,
) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_indicators SET metric = $1, version = version + 1 \
             WHERE id = $2 AND version = $3",
            args![metric, id, version],
        )
        .await?;
    Ok(changed == 1)
}
