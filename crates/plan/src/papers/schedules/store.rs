//! SQL of schedules.

use tianyuan_kernel::args;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};

use super::super::period::Cadence;
use super::super::{PaperKind, PaperLang};
use super::{PaperSchedule, ScheduleId};
use crate::plans::PlanId;
use crate::stored::word;

const SCHEDULE: &str = "SELECT id, plan_id, kind, lang, cadence, days_after, issuer, created_at \
    FROM plan_paper_schedules";

fn schedule(row: &Row) -> Result<PaperSchedule> {
    Ok(PaperSchedule {
        id: ScheduleId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        kind: word(row, "kind", PaperKind::read)?,
        lang: word(row, "lang", PaperLang::read)?,
        cadence: word(row, "cadence", Cadence::read)?,
        days_after: row.int("days_after")?,
        issuer: row.text("issuer")?,
        next: None,
        created_at: row.time("created_at")?,
    })
}

/// Every schedule.
pub(crate) async fn all(sql: &mut dyn Sql) -> Result<Vec<PaperSchedule>> {
    let select = Select::new(SCHEDULE).order_by("id");
    sql.select(select).await?.iter().map(schedule).collect()
}

/// The schedules of an edition: at most one for each kind, language and length.
pub(crate) async fn of_plan(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<PaperSchedule>> {
    let select = Select::new(SCHEDULE)
        .and("plan_id = ?", plan)
        .order_by("id");
    sql.select(select).await?.iter().map(schedule).collect()
}

/// One schedule.
pub(crate) async fn get(sql: &mut dyn Sql, id: &ScheduleId) -> Result<PaperSchedule> {
    let select = Select::new(SCHEDULE).and("id = ?", id);
    let rows = sql.select(select).await?;
    rows.first()
        .map_or_else(|| Err(Error::not_found()), schedule)
}

/// Stores a schedule; false when the edition has one for this kind, language and length.
pub(crate) async fn insert(
    sql: &mut dyn Sql,
    schedule: &PaperSchedule,
    by: Option<&str>,
) -> Result<bool> {
    let inserted = sql
        .execute(
            "INSERT INTO plan_paper_schedules (id, plan_id, kind, lang, cadence, days_after, \
             issuer, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT DO NOTHING",
            args![
                &schedule.id,
                &schedule.plan_id,
                schedule.kind.as_str(),
                schedule.lang.as_str(),
                schedule.cadence.as_str(),
                schedule.days_after,
                &schedule.issuer,
                schedule.created_at,
                by,
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Removes a schedule; false when it is gone.
pub(crate) async fn remove(sql: &mut dyn Sql, id: &ScheduleId) -> Result<bool> {
    let removed = sql
        .execute("DELETE FROM plan_paper_schedules WHERE id = $1", args![id])
        .await?;
    Ok(removed == 1)
}
