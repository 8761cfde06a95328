//! Lists of reports: a period's, and what the caller themself owes.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;

use super::ReportLine;
use super::store::{self, ReportRow};
use crate::directory::Directory;
use crate::periods::ReportingPeriod;
use crate::values::api::PersonRef;
use crate::words::Stage;

/// Which reports of a period to list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those the caller may write: of their units, or handed to them.
    pub mine: Option<bool>,
    /// Only of this unit, or handed to it.
    pub unit: Option<UnitId>,
    /// Only on the measure with this number.
    pub measure: Option<i64>,
    /// Only at this stage.
    pub stage: Option<Stage>,
    /// Only those that are late.
    pub late: Option<bool>,
}

/// The units the caller reports for or leads.
pub(crate) fn units_of(who: &Principal) -> Vec<String> {
    who.grants
        .iter()
        .filter(|g| matches!(g.role, Role::UnitReporter | Role::UnitLead))
        .filter_map(|g| g.unit.clone())
        .collect()
}

/// One page of a period's reports, with one row more than asked for.
pub(crate) async fn rows(
    ctx: &Ctx,
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<ReportRow>> {
    let today = ctx.app.now().date();
    let units = units_of(&ctx.who);
    let mine = (filter.mine == Some(true)).then(|| (&units[..], ctx.who.id.as_deref()));
    store::list(sql, period, filter, mine, (page, today)).await
}

/// Names for lines: units by id, people by id.
pub(crate) struct Names {
    directory: Directory,
    people: BTreeMap<String, String>,
}

impl Names {
    /// The names that some reports mention.
    pub(crate) async fn load(app: &App, sql: &mut dyn Sql, rows: &[ReportRow]) -> Result<Self> {
        let directory = Directory::load(sql).await?;
        let mut ids: Vec<String> = rows
            .iter()
            .flat_map(|r| {
                [
                    &r.delegate_person,
                    &r.submitted.1,
                    &r.endorsed.1,
                    &r.reviewed.1,
                ]
            })
            .flatten()
            .cloned()
            .collect();
        ids.sort();
        ids.dedup();
        let people = if ids.is_empty() {
            BTreeMap::new()
        } else {
            app.authority().names(app, &ids).await?
        };
        Ok(Self { directory, people })
    }

    /// A unit by id; one that is gone keeps its id for a name.
    pub(crate) fn unit(&self, id: &UnitId) -> UnitRef {
        self.directory.get(id.as_str()).map_or_else(
            || UnitRef {
                id: id.clone(),
                name: id.to_string(),
            },
            UnitRef::from,
        )
    }

    /// A person by id; erased people are absent.
    pub(crate) fn person(&self, id: Option<&String>) -> Option<PersonRef> {
        let id = id?;
        let name = self.people.get(id)?.clone();
        Some(PersonRef {
            id: id.clone(),
            name,
        })
    }

    /// A report as a line.
    pub(crate) fn line(
        &self,
        row: &ReportRow,
        period: &ReportingPeriod,
        today: Date,
    ) -> ReportLine {
        ReportLine {
            id: row.id.clone(),
            period_id: row.period.clone(),
            measure: row.measure.clone(),
            unit: self.unit(&row.unit),
            through: row.group.as_ref().map(|g| self.unit(g)),
            stage: row.stage,
            late: is_late(row, period, today),
            state: row.state,
            delegate_unit: row.delegate_unit.as_ref().map(|u| self.unit(u)),
            delegate_person: self.person(row.delegate_person.as_ref()),
            submitted_at: row.submitted.0,
            endorsed_at: row.endorsed.0,
            reviewed_at: row.reviewed.0,
            reminded_at: row.reminded_at,
            reminders: row.reminders,
            version: row.version,
        }
    }
}

/// True when a report was due before today and was not sent.
pub(crate) fn is_late(row: &ReportRow, period: &ReportingPeriod, today: Date) -> bool {
    period.is_overdue(today) && !matches!(row.stage, Stage::Submitted | Stage::Accepted)
}
