//! SQL of milestones and dependencies.

use jiff::civil::Date;
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;

use super::{Dependency, Milestone, MilestoneId};
use crate::directory::Directory;
use crate::measures::MeasureId;
use crate::plans::PlanId;
use crate::reports::MeasureRef;
use crate::stored::date;

/// A milestone as stored, with its measure.
pub(crate) struct MilestoneRow {
    pub(crate) id: MilestoneId,
    pub(crate) measure: MeasureRef,
    pub(crate) parent: Option<MilestoneId>,
    pub(crate) title: String,
    pub(crate) starts: Option<Date>,
    pub(crate) due: Date,
    pub(crate) done_at: Option<Date>,
    pub(crate) unit: Option<UnitId>,
    pub(crate) note: String,
    pub(crate) version: i64,
}

impl MilestoneRow {
    /// As readers see it.
    pub(crate) fn view(self, directory: &Directory, today: Date) -> Milestone {
        let unit = self.unit.as_ref().and_then(|u| directory.get(u.as_str()));
        Milestone {
            id: self.id,
            measure: self.measure,
            parent_id: self.parent,
            title: self.title,
            starts: self.starts,
            due: self.due,
            late: self.done_at.is_none() && self.due < today,
            done_at: self.done_at,
            unit: unit.map(UnitRef::from),
            note: self.note,
            version: self.version,
        }
    }
}

const MILESTONE: &str = "SELECT s.id AS id, s.measure_id AS measure_id, m.number AS number, \
    m.title AS measure_title, m.title_en AS measure_title_en, s.parent_id AS parent_id, \
    s.title AS title, s.starts AS starts, s.due AS due, s.done_at AS done_at, \
    s.unit_id AS unit_id, s.note AS note, s.version AS version \
    FROM plan_milestones s JOIN plan_measures m ON m.id = s.measure_id";

fn milestone(row: &Row) -> Result<MilestoneRow> {
    let day = |column| -> Result<Option<Date>> {
        match row.text_opt(column)? {
            Some(_) => date(row, column).map(Some),
            None => Ok(None),
        }
    };
    Ok(MilestoneRow {
        id: MilestoneId::from_stored(row.text("id")?),
        measure: MeasureRef {
            id: MeasureId::from_stored(row.text("measure_id")?),
            number: row.int("number")?,
            title: row.text("measure_title")?,
            title_en: row.text("measure_title_en")?,
        },
        parent: row.text_opt("parent_id")?.map(MilestoneId::from_stored),
        title: row.text("title")?,
        starts: day("starts")?,
        due: date(row, "due")?,
        done_at: day("done_at")?,
        unit: row.text_opt("unit_id")?.map(UnitId::from_stored),
        note: row.text("note")?,
        version: row.int("version")?,
    })
}

/// Every milestone of an edition's present measures, by day.
pub(crate) async fn of_plan(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<MilestoneRow>> {
    let select = Select::new(MILESTONE)
        .and("s.plan_id = ?", plan)
        .and_all("m.dropped_at IS NULL", vec![])
        .order_by("s.due, s.id");
    sql.select(select).await?.iter().map(milestone).collect()
}

/// One page of an edition's or a measure's milestones, by day.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    plan: &PlanId,
    measure: Option<&MeasureId>,
    page: &Page,
) -> Result<Vec<MilestoneRow>> {
    let select = Select::new(MILESTONE)
        .and("s.plan_id = ?", plan)
        .and_opt("s.measure_id = ?", measure)
        .and_all("m.dropped_at IS NULL", vec![])
        .page(page, &["s.due", "s.id"], false, "s.due, s.id");
    sql.select(select).await?.iter().map(milestone).collect()
}

/// One milestone.
pub(crate) async fn get(sql: &mut dyn Sql, id: &MilestoneId) -> Result<MilestoneRow> {
    let select = Select::new(MILESTONE).and("s.id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), milestone)
}

/// How many milestones a measure has.
pub(crate) async fn count(sql: &mut dyn Sql, measure: &MeasureId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_milestones WHERE measure_id = $1";
    sql.one(count, args![measure]).await?.int("n")
}

/// Adds a milestone.
pub(crate) async fn insert(sql: &mut dyn Sql, plan: &PlanId, one: &Milestone) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_milestones (id, plan_id, measure_id, parent_id, title, starts, due, \
         done_at, unit_id, note, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            &one.id,
            plan,
            &one.measure.id,
            one.parent_id.as_ref().map(MilestoneId::as_str),
            &one.title,
            one.starts.map(|d| d.to_string()),
            one.due.to_string(),
            one.done_at.map(|d| d.to_string()),
            one.unit.as_ref().map(|u| u.id.as_str()),
            &one.note,
            one.version,
        ],
    )
    .await
    .map(|_| ())
}

/// Changes a milestone whose version is still `one.version`; false when it is not.
pub(crate) async fn update(sql: &mut dyn Sql, one: &Milestone) -> Result<bool> {
    let rows = sql
        .execute(
            "UPDATE plan_milestones SET title = $1, starts = $2, due = $3, done_at = $4, \
             unit_id = $5, note = $6, version = version + 1 WHERE id = $7 AND version = $8",
            args![
                &one.title,
                one.starts.map(|d| d.to_string()),
                one.due.to_string(),
                one.done_at.map(|d| d.to_string()),
                one.unit.as_ref().map(|u| u.id.as_str()),
                &one.note,
                &one.id,
                one.version,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Removes a milestone and its sub-tasks.
pub(crate) async fn remove(sql: &mut dyn Sql, id: &MilestoneId) -> Result<()> {
    let children = "DELETE FROM plan_milestones WHERE parent_id = $1";
    sql.execute(children, args![id]).await?;
    let itself = "DELETE FROM plan_milestones WHERE id = $1";
    sql.execute(itself, args![id]).await.map(|_| ())
}

/// The dependencies of an edition, by number.
pub(crate) async fn dependencies(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<Dependency>> {
    let rows = sql
        .all(
            "SELECT m.number AS measure, n.number AS needs FROM plan_dependencies d \
             JOIN plan_measures m ON m.id = d.measure_id \
             JOIN plan_measures n ON n.id = d.needs_id \
             WHERE d.plan_id = $1 AND m.dropped_at IS NULL AND n.dropped_at IS NULL \
             ORDER BY m.number, n.number",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Dependency {
                measure: row.int("measure")?,
                needs: row.int("needs")?,
            })
        })
        .collect()
}

/// Takes the edition's turn: who adds a dependency beside another waits, so that two of them
/// cannot close a ring together.
pub(crate) async fn take_turn(sql: &mut dyn Sql, plan: &PlanId) -> Result<()> {
    sql.execute(
        "UPDATE plan_editions SET version = version WHERE id = $1",
        args![plan],
    )
    .await
    .map(|_| ())
}

/// Adds a dependency; false when it was there.
pub(crate) async fn insert_dependency(
    sql: &mut dyn Sql,
    plan: &PlanId,
    measure: &MeasureId,
    needs: &MeasureId,
) -> Result<bool> {
    let rows = sql
        .execute(
            "INSERT INTO plan_dependencies (measure_id, needs_id, plan_id) VALUES ($1, $2, $3) \
             ON CONFLICT (measure_id, needs_id) DO NOTHING",
            args![measure, needs, plan],
        )
        .await?;
    Ok(rows == 1)
}

/// Removes a dependency; false when there was none.
pub(crate) async fn remove_dependency(
    sql: &mut dyn Sql,
    measure: &MeasureId,
    needs: &MeasureId,
) -> Result<bool> {
    let rows = sql
        .execute(
            "DELETE FROM plan_dependencies WHERE measure_id = $1 AND needs_id = $2",
            args![measure, needs],
        )
        .await?;
    Ok(rows == 1)
}
