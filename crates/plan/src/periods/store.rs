//! SQL of reporting periods.

use jiff::civil::Date;
use tianyuan_kernel::prelude::*;

use super::{PeriodId, ReportingPeriod, title};
use crate::plans::PlanId;
use crate::stored::{date, word};
use crate::words::{PeriodState, Span};

const PERIOD: &str = "SELECT id, plan_id, span, starts, ends, due, remind_days, state, note, \
    version FROM plan_periods";

fn period(row: &Row) -> Result<ReportingPeriod> {
    let (span, starts) = (word(row, "span", Span::read)?, date(row, "starts")?);
    Ok(ReportingPeriod {
        id: PeriodId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        span,
        title: title(span, starts),
        starts,
        ends: date(row, "ends")?,
        due: date(row, "due")?,
        remind_days: row.int("remind_days")?,
        state: word(row, "state", PeriodState::read)?,
        note: row.text("note")?,
        version: row.int("version")?,
    })
}

/// The periods of an edition, the latest first; there are at most `PERIODS_MAX`.
pub(crate) async fn list(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<ReportingPeriod>> {
    let select = Select::new(PERIOD)
        .and("plan_id = ?", plan)
        .order_by("ends DESC, starts DESC, id");
    sql.select(select).await?.iter().map(period).collect()
}

/// One period.
pub(crate) async fn get(sql: &mut dyn Sql, id: &PeriodId) -> Result<ReportingPeriod> {
    let select = Select::new(PERIOD).and("id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), period)
}

/// The period of the same span before this one, if reports were ever owed in it.
pub(crate) async fn previous(
    sql: &mut dyn Sql,
    of: &ReportingPeriod,
) -> Result<Option<ReportingPeriod>> {
    let select = Select::new(PERIOD)
        .and("plan_id = ?", &of.plan_id)
        .and("span = ?", of.span.as_str())
        .and("starts < ?", of.starts.to_string())
        .and_all("state <> 'planned'", vec![])
        .order_by("starts DESC")
        .limit(1);
    sql.select(select).await?.first().map(period).transpose()
}

/// Periods in a state, of every edition, oldest first.
pub(crate) async fn in_state(
    sql: &mut dyn Sql,
    state: PeriodState,
) -> Result<Vec<ReportingPeriod>> {
    let select = Select::new(PERIOD)
        .and("state = ?", state.as_str())
        .order_by("ends, id");
    sql.select(select).await?.iter().map(period).collect()
}

/// The id of the period that begins on a day.
pub(crate) async fn at(
    sql: &mut dyn Sql,
    plan: &PlanId,
    span: Span,
    starts: Date,
) -> Result<Option<PeriodId>> {
    let row = sql
        .optional(
            "SELECT id FROM plan_periods WHERE plan_id = $1 AND span = $2 AND starts = $3",
            args![plan, span.as_str(), starts.to_string()],
        )
        .await?;
    row.map(|row| Ok(PeriodId::from_stored(row.text("id")?)))
        .transpose()
}

/// Stores a new period; false when the edition has it already.
pub(crate) async fn insert(sql: &mut dyn Sql, one: &ReportingPeriod) -> Result<bool> {
    let rows = sql
        .execute(
            "INSERT INTO plan_periods (id, plan_id, span, starts, ends, due, remind_days, state, \
             note, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (plan_id, span, starts) DO NOTHING",
            args![
                &one.id,
                &one.plan_id,
                one.span.as_str(),
                one.starts.to_string(),
                one.ends.to_string(),
                one.due.to_string(),
                one.remind_days,
                one.state.as_str(),
                &one.note,
                one.version,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Changes a period whose version is still `one.version`; false when it is not.
pub(crate) async fn update(sql: &mut dyn Sql, one: &ReportingPeriod) -> Result<bool> {
    let rows = sql
        .execute(
            "UPDATE plan_periods SET due = $1, remind_days = $2, state = $3, note = $4, \
             version = version + 1 WHERE id = $5 AND version = $6",
            args![
                one.due.to_string(),
                one.remind_days,
                one.state.as_str(),
                &one.note,
                &one.id,
                one.version,
            ],
        )
        .await?;
    Ok(rows == 1)
}
