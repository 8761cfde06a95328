//! SQL of reports.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::prelude::*;

use super::lists::Filter;
use super::{Access, MeasureRef, ReportId};
use crate::measures::MeasureId;
use crate::periods::roster::Owed;
use crate::periods::{PeriodId, ReportingPeriod};
use crate::plans::PlanId;
use crate::stored::{date, word};
use crate::words::{MeasureState, Stage};

/// A report as stored, with its measure.
#[derive(Clone, Debug)]
pub(crate) struct ReportRow {
    pub(crate) id: ReportId,
    pub(crate) period: PeriodId,
    pub(crate) plan: PlanId,
    pub(crate) measure: MeasureRef,
    pub(crate) unit: UnitId,
    pub(crate) group: Option<UnitId>,
    pub(crate) stage: Stage,
    pub(crate) state: Option<MeasureState>,
    pub(crate) body: String,
    pub(crate) comment: String,
    pub(crate) delegate_unit: Option<UnitId>,
    pub(crate) delegate_person: Option<String>,
    pub(crate) submitted: (Option<Micros>, Option<String>),
    pub(crate) endorsed: (Option<Micros>, Option<String>),
    pub(crate) reviewed: (Option<Micros>, Option<String>),
    pub(crate) reminded_at: Option<Micros>,
    pub(crate) reminders: i64,
    pub(crate) version: i64,
}

impl ReportRow {
    pub(crate) fn access(&self) -> Access {
        Access {
            id: self.id.clone(),
            unit: self.unit.clone(),
            delegate_unit: self.delegate_unit.clone(),
            delegate_person: self.delegate_person.clone(),
        }
    }
}

const REPORT: &str = "SELECT r.id AS id, r.period_id AS period_id, r.plan_id AS plan_id, \
    r.measure_id AS measure_id, m.number AS number, m.title AS title, m.title_en AS title_en, \
    r.unit_id AS unit_id, r.group_id AS group_id, r.stage AS stage, r.state AS state, \
    r.body AS body, r.comment AS comment, r.delegate_unit AS delegate_unit, \
    r.delegate_person AS delegate_person, r.submitted_at AS submitted_at, \
    r.submitted_by AS submitted_by, r.endorsed_at AS endorsed_at, r.endorsed_by AS endorsed_by, \
    r.reviewed_at AS reviewed_at, r.reviewed_by AS reviewed_by, r.reminded_at AS reminded_at, \
    r.reminders AS reminders, r.version AS version \
    FROM plan_reports r JOIN plan_measures m ON m.id = r.measure_id";

fn state_opt(row: &Row) -> Result<Option<MeasureState>> {
    match row.text_opt("state")? {
        None => Ok(None),
        Some(_) => word(row, "state", MeasureState::read).map(Some),
    }
}

fn report(row: &Row) -> Result<ReportRow> {
    let unit =
        |column| -> Result<Option<UnitId>> { Ok(row.text_opt(column)?.map(UnitId::from_stored)) };
    let step = |at, by| -> Result<(Option<Micros>, Option<String>)> {
        Ok((row.time_opt(at)?, row.text_opt(by)?))
    };
    Ok(ReportRow {
        id: ReportId::from_stored(row.text("id")?),
        period: PeriodId::from_stored(row.text("period_id")?),
        plan: PlanId::from_stored(row.text("plan_id")?),
        measure: MeasureRef {
            id: MeasureId::from_stored(row.text("measure_id")?),
            number: row.int("number")?,
            title: row.text("title")?,
            title_en: row.text("title_en")?,
        },
        unit: UnitId::from_stored(row.text("unit_id")?),
        group: unit("group_id")?,
        stage: word(row, "stage", Stage::read)?,
        state: state_opt(row)?,
        body: row.text("body")?,
        comment: row.text("comment")?,
        delegate_unit: unit("delegate_unit")?,
        delegate_person: row.text_opt("delegate_person")?,
        submitted: step("submitted_at", "submitted_by")?,
        endorsed: step("endorsed_at", "endorsed_by")?,
        reviewed: step("reviewed_at", "reviewed_by")?,
        reminded_at: row.time_opt("reminded_at")?,
        reminders: row.int("reminders")?,
        version: row.int("version")?,
    })
}

/// One report.
pub(crate) async fn get(sql: &mut dyn Sql, id: &ReportId) -> Result<ReportRow> {
    let select = Select::new(REPORT).and("r.id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), report)
}

/// One page of a period's reports, by measure, then in the order they became owed.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
    filter: &Filter,
    mine: Option<(&[String], Option<&str>)>,
    (page, today): (&Page, Date),
) -> Result<Vec<ReportRow>> {
    let mut select = Select::new(REPORT)
        .and("r.period_id = ?", &period.id)
        .and_opt("m.number = ?", filter.measure)
        .and_opt("r.stage = ?", filter.stage.map(Stage::as_str));
    if let Some(unit) = &filter.unit {
        let both = vec![Arg::from(unit), Arg::from(unit)];
        select = select.and_all("(r.unit_id = ? OR r.delegate_unit = ?)", both);
    }
    if let Some((units, person)) = mine {
        let mut ids = ids_of_units(sql, period, units).await?;
        if let Some(person) = person {
            ids.extend(ids_of_person(sql, period, person).await?);
        }
        select = select.and_in("r.id", ids);
    }
    if filter.late == Some(true) {
        select = if period.is_overdue(today) {
            select.and_all("r.stage IN ('owed', 'draft', 'returned')", vec![])
        } else {
            select.and_all("1 = 0", vec![])
        };
    }
    let select = select.page(page, &["m.number", "r.id"], false, "m.number, r.id");
    sql.select(select).await?.iter().map(report).collect()
}

async fn ids_of_units(
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
    units: &[String],
) -> Result<Vec<Arg>> {
    let args = || units.iter().map(Arg::from).collect::<Vec<Arg>>();
    let own = Select::new("SELECT id FROM plan_reports")
        .and("period_id = ?", &period.id)
        .and_in("unit_id", args());
    let handed = Select::new("SELECT id FROM plan_reports")
        .and("period_id = ?", &period.id)
        .and_in("delegate_unit", args());
    let mut ids = Vec::new();
    for select in [own, handed] {
        for row in sql.select(select).await? {
            ids.push(Arg::from(row.text("id")?));
        }
    }
    Ok(ids)
}

async fn ids_of_person(
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
    person: &str,
) -> Result<Vec<Arg>> {
    let select = Select::new("SELECT id FROM plan_reports")
        .and("period_id = ?", &period.id)
        .and("delegate_person = ?", person);
    let rows = sql.select(select).await?;
    rows.iter()
        .map(|row| row.text("id").map(Arg::from))
        .collect()
}

/// Every report of a period, by measure.
pub(crate) async fn all(sql: &mut dyn Sql, period: &PeriodId) -> Result<Vec<ReportRow>> {
    let select = Select::new(REPORT)
        .and("r.period_id = ?", period)
        .order_by("m.number, r.id");
    sql.select(select).await?.iter().map(report).collect()
}

/// The reports on one measure in a period.
pub(crate) async fn of_measure(
    sql: &mut dyn Sql,
    period: &PeriodId,
    measure: &MeasureId,
) -> Result<Vec<ReportRow>> {
    let select = Select::new(REPORT)
        .and("r.period_id = ?", period)
        .and("r.measure_id = ?", measure)
        .order_by("r.id");
    sql.select(select).await?.iter().map(report).collect()
}

/// A unit's report on a measure in a period.
pub(crate) async fn of_unit(
    sql: &mut dyn Sql,
    period: &PeriodId,
    measure: &MeasureId,
    unit: &UnitId,
) -> Result<Option<ReportRow>> {
    let select = Select::new(REPORT)
        .and("r.period_id = ?", period)
        .and("r.measure_id = ?", measure)
        .and("r.unit_id = ?", unit);
    sql.select(select).await?.first().map(report).transpose()
}

/// Id, measure, unit and whether nobody began it, of every report of a period.
pub(crate) async fn untouched_and_all(
    sql: &mut dyn Sql,
    period: &PeriodId,
) -> Result<Vec<(ReportId, String, String, bool)>> {
    let rows = sql
        .all(
            "SELECT id, measure_id, unit_id, stage FROM plan_reports WHERE period_id = $1",
            args![period],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                ReportId::from_stored(row.text("id")?),
                row.text("measure_id")?,
                row.text("unit_id")?,
                row.text("stage")? == Stage::Owed.as_str(),
            ))
        })
        .collect()
}

/// Adds a report that is owed from now on.
pub(crate) async fn insert_owed(
    sql: &mut dyn Sql,
    id: &ReportId,
    period: &ReportingPeriod,
    owed: &Owed,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_reports (id, period_id, plan_id, measure_id, unit_id, group_id, stage, \
         body, comment, reminders, version) \
         VALUES ($1, $2, $3, $4, $5, $6, 'owed', '', '', 0, 1) \
         ON CONFLICT (period_id, measure_id, unit_id) DO NOTHING",
        args![
            id,
            &period.id,
            &period.plan_id,
            &owed.measure,
            &owed.unit,
            owed.group.as_deref(),
        ],
    )
    .await
    .map(|_| ())
}

/// Adds a report as it stands: for samples.
pub(crate) async fn insert_whole(sql: &mut dyn Sql, row: &ReportRow) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_reports (id, period_id, plan_id, measure_id, unit_id, group_id, stage, \
         state, body, comment, submitted_at, endorsed_at, reviewed_at, reminded_at, reminders, \
         version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        args![
            &row.id,
            &row.period,
            &row.plan,
            &row.measure.id,
            &row.unit,
            row.group.as_ref().map(UnitId::as_str),
            row.stage.as_str(),
            row.state.map(MeasureState::as_str),
            &row.body,
            &row.comment,
            row.submitted.0,
            row.endorsed.0,
            row.reviewed.0,
            row.reminded_at,
            row.reminders,
            row.version,
        ],
    )
    .await
    .map(|_| ())
}

/// Drops a report nobody began; false when somebody did.
pub(crate) async fn drop_untouched(sql: &mut dyn Sql, id: &ReportId) -> Result<bool> {
    let rows = sql
        .execute(
            "DELETE FROM plan_reports WHERE id = $1 AND stage = 'owed' \
             AND delegate_unit IS NULL AND delegate_person IS NULL",
            args![id],
        )
        .await?;
    Ok(rows == 1)
}

/// Writes everything that changes of a report whose version is still `row.version`; false when it
/// is not.
pub(crate) async fn update(sql: &mut dyn Sql, row: &ReportRow) -> Result<bool> {
    let rows = sql
        .execute(
            "UPDATE plan_reports SET stage = $1, state = $2, body = $3, comment = $4, \
             delegate_unit = $5, delegate_person = $6, submitted_at = $7, submitted_by = $8, \
             endorsed_at = $9, endorsed_by = $10, reviewed_at = $11, reviewed_by = $12, \
             version = version + 1 WHERE id = $13 AND version = $14",
            args![
                row.stage.as_str(),
                row.state.map(MeasureState::as_str),
                &row.body,
                &row.comment,
                row.delegate_unit.as_ref().map(UnitId::as_str),
                row.delegate_person.as_deref(),
                row.submitted.0,
                row.submitted.1.as_deref(),
                row.endorsed.0,
                row.endorsed.1.as_deref(),
                row.reviewed.0,
                row.reviewed.1.as_deref(),
                &row.id,
                row.version,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// A report that was not sent.
pub(crate) struct Unsent {
    pub(crate) id: ReportId,
    /// Who is reminded: the unit it was handed to, or the one that owes it.
    pub(crate) unit: String,
    pub(crate) reminded_at: Option<Micros>,
}

/// The reports of a period that were not sent.
pub(crate) async fn unsent(sql: &mut dyn Sql, period: &PeriodId) -> Result<Vec<Unsent>> {
    let rows = sql
        .all(
            "SELECT id, unit_id, delegate_unit, reminded_at FROM plan_reports \
             WHERE period_id = $1 AND stage IN ('owed', 'draft', 'returned') ORDER BY id",
            args![period],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let unit = row.text_opt("delegate_unit")?;
            Ok(Unsent {
                id: ReportId::from_stored(row.text("id")?),
                unit: match unit {
                    Some(unit) => unit,
                    None => row.text("unit_id")?,
                },
                reminded_at: row.time_opt("reminded_at")?,
            })
        })
        .collect()
}

/// Notes a reminder. The version stays: what people write is not touched.
pub(crate) async fn reminded(sql: &mut dyn Sql, id: &ReportId, at: Micros) -> Result<()> {
    sql.execute(
        "UPDATE plan_reports SET reminded_at = $1, reminders = reminders + 1 WHERE id = $2",
        args![at, id],
    )
    .await
    .map(|_| ())
}

/// How many reports of an edition's periods stand at which stage: period, stage, endorsed, count.
pub(crate) async fn stage_counts(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<Vec<(String, Stage, bool, i64)>> {
    let rows = sql
        .all(
            "SELECT period_id, stage, CASE WHEN endorsed_at IS NULL THEN 0 ELSE 1 END AS endorsed, \
             CAST(COUNT(1) AS BIGINT) AS n FROM plan_reports WHERE plan_id = $1 \
             GROUP BY period_id, stage, CASE WHEN endorsed_at IS NULL THEN 0 ELSE 1 END",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.text("period_id")?,
                word(row, "stage", Stage::read)?,
                row.int("endorsed")? == 1,
                row.int("n")?,
            ))
        })
        .collect()
}

/// True when a report on the measure was accepted in a period that ends after this day.
pub(crate) async fn accepted_after(
    sql: &mut dyn Sql,
    measure: &MeasureId,
    ends: Date,
) -> Result<bool> {
    let row = sql
        .one(
            "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_reports r \
             JOIN plan_periods p ON p.id = r.period_id \
             WHERE r.measure_id = $1 AND r.stage = 'accepted' AND p.ends > $2",
            args![measure, ends.to_string()],
        )
        .await?;
    Ok(row.int("n")? > 0)
}

/// A figure as stored.
#[derive(Clone, Debug)]
pub(crate) struct FigureRow {
    pub(crate) report: String,
    pub(crate) subject: String,
    pub(crate) value: f64,
    pub(crate) confirmed: bool,
}

fn figure(row: &Row) -> Result<FigureRow> {
    Ok(FigureRow {
        report: row.text("report_id")?,
        subject: row.text("subject")?,
        value: row.real("value")?,
        confirmed: row.int("confirmed")? == 1,
    })
}

/// The figures of a report.
pub(crate) async fn figures(sql: &mut dyn Sql, report: &ReportId) -> Result<Vec<FigureRow>> {
    let rows = sql
        .all(
            "SELECT report_id, subject, value, confirmed FROM plan_report_figures \
             WHERE report_id = $1 ORDER BY subject",
            args![report],
        )
        .await?;
    rows.iter().map(figure).collect()
}

/// The figures of every report of a period.
pub(crate) async fn figures_of_period(
    sql: &mut dyn Sql,
    period: &PeriodId,
) -> Result<Vec<FigureRow>> {
    let rows = sql
        .all(
            "SELECT f.report_id AS report_id, f.subject AS subject, f.value AS value, \
             f.confirmed AS confirmed FROM plan_report_figures f \
             JOIN plan_reports r ON r.id = f.report_id WHERE r.period_id = $1 \
             ORDER BY f.subject, f.report_id",
            args![period],
        )
        .await?;
    rows.iter().map(figure).collect()
}

/// Gives a report a figure, or takes it away.
pub(crate) async fn set_figure(
    sql: &mut dyn Sql,
    report: &ReportId,
    subject: &str,
    value: Option<(f64, bool)>,
) -> Result<()> {
    let Some((value, confirmed)) = value else {
        return sql
            .execute(
                "DELETE FROM plan_report_figures WHERE report_id = $1 AND subject = $2",
                args![report, subject],
            )
            .await
            .map(|_| ());
    };
    sql.execute(
        "INSERT INTO plan_report_figures (report_id, subject, value, confirmed) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (report_id, subject) DO UPDATE SET \
         value = excluded.value, confirmed = excluded.confirmed",
        args![report, subject, value, confirmed],
    )
    .await
    .map(|_| ())
}

/// Notes which recorded value an accepted figure became.
pub(crate) async fn figure_recorded(
    sql: &mut dyn Sql,
    report: &ReportId,
    subject: &str,
    value: &str,
) -> Result<()> {
    sql.execute(
        "UPDATE plan_report_figures SET value_id = $1 WHERE report_id = $2 AND subject = $3",
        args![value, report, subject],
    )
    .await
    .map(|_| ())
}

/// The accepted figures of an edition's goals, oldest first: subject, day, value. Where several
/// units gave one, the last in the plan's order stands.
pub(crate) async fn accepted_figures(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<BTreeMap<String, Vec<(Date, f64)>>> {
    let rows = sql
        .all(
            "SELECT f.subject AS subject, p.ends AS ends, f.value AS value \
             FROM plan_report_figures f JOIN plan_reports r ON r.id = f.report_id \
             JOIN plan_periods p ON p.id = r.period_id \
             WHERE r.plan_id = $1 AND r.stage = 'accepted' ORDER BY f.subject, p.ends, r.id",
            args![plan],
        )
        .await?;
    let mut all: BTreeMap<String, Vec<(Date, f64)>> = BTreeMap::new();
    for row in &rows {
        let of = all.entry(row.text("subject")?).or_default();
        of.push((date(row, "ends")?, row.real("value")?));
    }
    Ok(all)
}
