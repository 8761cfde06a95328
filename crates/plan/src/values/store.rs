//! SQL of recorded values.

use jiff::civil::Date;
use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::ValueId;
use crate::indicators::IndicatorId;
use crate::stored::{date, word};
use crate::words::{Period, Source};

/// A recorded value as stored.
#[derive(Clone)]
pub(crate) struct ValueRow {
    pub(crate) id: ValueId,
    pub(crate) at: Date,
    pub(crate) value: f64,
    pub(crate) period: Period,
    pub(crate) note: String,
    pub(crate) source: Source,
    pub(crate) revision: i64,
    pub(crate) superseded: bool,
    pub(crate) recorded_at: Micros,
    pub(crate) recorded_by: Option<String>,
    pub(crate) fact_id: String,
}

const VALUE: &str = "SELECT id, at, value, period, note, source, revision, superseded_at, \
    recorded_at, recorded_by, fact_id FROM plan_values";

fn value(row: &Row) -> Result<ValueRow> {
    Ok(ValueRow {
        id: ValueId::from_stored(row.text("id")?),
        at: date(row, "at")?,
        value: row.real("value")?,
        period: word(row, "period", Period::read)?,
        note: row.text("note")?,
        source: word(row, "source", Source::read)?,
        revision: row.int("revision")?,
        superseded: row.int_opt("superseded_at")?.is_some(),
        recorded_at: row.time("recorded_at")?,
        recorded_by: row.text_opt("recorded_by")?,
        fact_id: row.text("fact_id")?,
    })
}

/// One page of every revision of an indicator's values, oldest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    indicator: &IndicatorId,
    page: &Page,
) -> Result<Vec<ValueRow>> {
    let select = Select::new(VALUE).and("indicator_id = ?", indicator).page(
        page,
        &["at", "revision", "period"],
        false,
        "at, revision, period",
    );
    sql.select(select).await?.iter().map(value).collect()
}

/// Most values shown at once outside of a paged list.
const SHOWN_MAX: i64 = 2_000;

/// The values of an indicator that are in force, oldest first.
pub(crate) async fn in_force(sql: &mut dyn Sql, indicator: &IndicatorId) -> Result<Vec<ValueRow>> {
    let rows = sql
        .all(
            "SELECT id, at, value, period, note, source, revision, superseded_at, recorded_at, \
             recorded_by, fact_id FROM plan_values \
             WHERE indicator_id = $1 AND superseded_at IS NULL ORDER BY at, period LIMIT $2",
            args![indicator, SHOWN_MAX],
        )
        .await?;
    rows.iter().map(value).collect()
}

/// The last value of one source, by the time it was recorded.
pub(crate) async fn last_of_source(
    sql: &mut dyn Sql,
    indicator: &IndicatorId,
    source: Source,
) -> Result<Option<ValueRow>> {
    let select = Select::new(VALUE)
        .and("indicator_id = ?", indicator)
        .and("source = ?", source.as_str())
        .order_by("at DESC, revision DESC")
        .limit(1);
    sql.select(select).await?.first().map(value).transpose()
}

/// Takes the indicator's turn (a second writer waits here until the first has committed) and
/// answers the next revision for a date and period.
pub(crate) async fn next_revision(
    sql: &mut dyn Sql,
    indicator: &IndicatorId,
    at: Date,
    period: Period,
) -> Result<i64> {
    let turn = "UPDATE plan_indicators SET value_count = value_count + 1 WHERE id = $1";
    if sql.execute(turn, args![indicator]).await? == 0 {
        return Err(Error::not_found());
    }
    let row = sql
        .one(
            "SELECT CAST(COALESCE(MAX(revision), 0) AS BIGINT) AS last FROM plan_values \
             WHERE indicator_id = $1 AND at = $2 AND period = $3",
            args![indicator, at.to_string(), period.as_str()],
        )
        .await?;
    Ok(row.int("last")? + 1)
}

/// Supersedes baselines in force at another date or of another period than the new one's: the
/// plan's text was corrected, and they never were actual values.
pub(crate) async fn retire_baselines(
    sql: &mut dyn Sql,
    indicator: &IndicatorId,
    at: Date,
    period: Period,
    now: Micros,
) -> Result<()> {
    sql.execute(
        "UPDATE plan_values SET superseded_at = $1 WHERE indicator_id = $2 \
         AND source = 'plan' AND superseded_at IS NULL AND (at <> $3 OR period <> $4)",
        args![now, indicator, at.to_string(), period.as_str()],
    )
    .await?;
    Ok(())
}

/// True when anything but the plan's own baselines was recorded for an indicator.
pub(crate) async fn any_reported(sql: &mut dyn Sql, indicator: &IndicatorId) -> Result<bool> {
    let row = sql
        .one(
            "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_values \
             WHERE indicator_id = $1 AND source <> 'plan'",
            args![indicator],
        )
        .await?;
    Ok(row.int("n")? > 0)
}

/// Adds a revision and supersedes the one before it.
pub(crate) async fn insert(
    sql: &mut dyn Sql,
    indicator: &IndicatorId,
    row: &ValueRow,
) -> Result<()> {
    let at = row.at.to_string();
    sql.execute(
        "UPDATE plan_values SET superseded_at = $1 \
         WHERE indicator_id = $2 AND at = $3 AND period = $4 AND superseded_at IS NULL",
        args![row.recorded_at, indicator, &at, row.period.as_str()],
    )
    .await?;
    sql.execute(
        "INSERT INTO plan_values (id, indicator_id, at, period, value, note, source, revision, \
         recorded_at, recorded_by, fact_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            &row.id,
            indicator,
            &at,
            row.period.as_str(),
            row.value,
            &row.note,
            row.source.as_str(),
            row.revision,
            row.recorded_at,
            row.recorded_by.clone(),
            &row.fact_id,
        ],
    )
    .await?;
    Ok(())
}
