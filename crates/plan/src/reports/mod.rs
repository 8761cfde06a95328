//! Progress reports (进展报告): what a unit says of a measure in a reporting period: how far it has
//! come, figures, words and evidence. It is drafted, sent, endorsed by the unit's lead, returned
//! with a comment or accepted by the plan office; accepted, its state and figures flow into the
//! measure and the indicators.
//!
//! Invariants: a report changes only at the version its author read ([`rules`] say by which steps),
//! each step is a fact, and a figure is recorded as an indicator's value only by acceptance, with
//! the report as its source.
//!
//! Others in this room read [`standing::standing`] (who is late, who is missing, what waits),
//! [`figures::of_period`] (what units reported of the same indicator or goal) and
//! [`changes::changes`] (what changed since the period before).

pub mod accept;
pub mod api;
pub mod changes;
pub mod figures;
pub mod files;
pub mod lists;
pub mod rules;
pub mod standing;
pub mod steps;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub mod workbook;
#[cfg(test)]
mod workbook_tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use crate::measures::MeasureId;
use crate::periods::PeriodId;
use crate::values::api::PersonRef;
use crate::words::{MeasureState, PeriodState, Stage};
use figures::Figure;

tianyuan_kernel::id!(
    ReportId,
    "report",
    "A unit's report on a measure in a period."
);

const OPEN_FIELDS: &[&str] = &["plan", "period", "measure", "unit", "stage"];

/// A draft was kept.
pub const REPORT_SAVED: Kind = Kind::new(
    "report.saved",
    Log::Material,
    "保存进展报告",
    "Report saved",
)
.open(OPEN_FIELDS)
.staff();
/// A report was sent for review.
pub const REPORT_SUBMITTED: Kind = Kind::new(
    "report.submitted",
    Log::Material,
    "报送进展报告",
    "Report submitted",
)
.open(OPEN_FIELDS)
.staff();
/// The unit's lead stands behind a report.
pub const REPORT_ENDORSED: Kind = Kind::new(
    "report.endorsed",
    Log::Signing,
    "负责人审核进展报告",
    "Report endorsed by the unit's lead",
)
.staff();
/// A report was sent back.
pub const REPORT_RETURNED: Kind = Kind::new(
    "report.returned",
    Log::Material,
    "退回进展报告",
    "Report returned",
)
.open(OPEN_FIELDS)
.staff();
/// A report was taken over into its measure and indicators.
pub const REPORT_ACCEPTED: Kind = Kind::new(
    "report.accepted",
    Log::Material,
    "采纳进展报告",
    "Report accepted",
)
.open(OPEN_FIELDS)
.staff();
/// A report was handed to another unit or person, or taken back.
pub const REPORT_DELEGATED: Kind = Kind::new(
    "report.delegated",
    Log::Supervision,
    "委托填报",
    "Report delegated",
)
.staff();

/// Longest text of a report, characters.
pub const BODY_CHARS_MAX: usize = 5_000;
/// Longest comment of a reviewer, characters.
pub const COMMENT_CHARS_MAX: usize = 1_000;

/// The period of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodRef {
    /// Its id.
    pub id: PeriodId,
    /// Its name.
    pub title: Text,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub starts: Date,
    /// Last day; figures stand for it.
    #[schema(value_type = String, format = Date)]
    pub ends: Date,
    /// Reports are due on this day.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// Where it stands.
    pub state: PeriodState,
}

/// The measure of a report.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MeasureRef {
    /// Its id.
    pub id: MeasureId,
    /// Its number.
    pub number: i64,
    /// Official title.
    pub title: String,
    /// English title; may be empty.
    pub title_en: String,
}

/// A report in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportLine {
    /// Its id.
    pub id: ReportId,
    /// Its period.
    pub period_id: PeriodId,
    /// Its measure.
    pub measure: MeasureRef,
    /// The unit that owes it.
    pub unit: UnitRef,
    /// The group through which the unit answers, such as 各镇.
    pub through: Option<UnitRef>,
    /// Where it stands.
    pub stage: Stage,
    /// True when it was due before today and was not sent.
    pub late: bool,
    /// The reported state; null until one is chosen.
    pub state: Option<MeasureState>,
    /// Another unit it was handed to.
    pub delegate_unit: Option<UnitRef>,
    /// The person it was handed to.
    pub delegate_person: Option<PersonRef>,
    /// When it was sent.
    pub submitted_at: Option<Micros>,
    /// When the unit's lead endorsed it.
    pub endorsed_at: Option<Micros>,
    /// When it was returned or accepted.
    pub reviewed_at: Option<Micros>,
    /// When the unit was last reminded of it.
    pub reminded_at: Option<Micros>,
    /// How often.
    pub reminders: i64,
    /// Grows with every change.
    pub version: i64,
}

/// A report, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProgressReport)]
pub struct Report {
    /// As in a list.
    #[serde(flatten)]
    pub line: ReportLine,
    /// Its period.
    pub period: PeriodRef,
    /// What was done; empty for those who may not read it before it is sent.
    pub body: String,
    /// The figures asked for, with those given so far.
    pub figures: Vec<Figure>,
    /// The last reviewer's comment; may be empty.
    pub comment: String,
    /// Who sent it.
    pub submitted_by: Option<PersonRef>,
    /// Who endorsed it.
    pub endorsed_by: Option<PersonRef>,
    /// Who returned or accepted it.
    pub reviewed_by: Option<PersonRef>,
    /// The reports of the other units on the same measure.
    pub others: Vec<OtherReport>,
    /// What the unit reported in the period before.
    pub previous: Option<PreviousReport>,
    /// The caller may write it.
    pub may_record: bool,
    /// The caller may endorse, return and delegate it.
    pub may_review: bool,
    /// The caller may accept it.
    pub may_accept: bool,
}

/// Another unit's report on the same measure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OtherReport {
    /// Its id.
    pub id: ReportId,
    /// The unit.
    pub unit: UnitRef,
    /// Where it stands.
    pub stage: Stage,
    /// The reported state, once it was sent.
    pub state: Option<MeasureState>,
    /// True when it was due before today and was not sent.
    pub late: bool,
}

/// What a unit reported of the measure in the period before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviousReport {
    /// Its id.
    pub id: ReportId,
    /// The name of its period.
    pub period: Text,
    /// Where it stands.
    pub stage: Stage,
    /// The reported state.
    pub state: Option<MeasureState>,
    /// What was done.
    pub body: String,
}

/// The units a report belongs to, for authorisation.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    id: ReportId,
    unit: UnitId,
    delegate_unit: Option<UnitId>,
    delegate_person: Option<String>,
}

impl Access {
    /// The report as those who write it see it: the unit's own, and its delegate's.
    pub(crate) fn written(&self) -> Entity {
        let units = [Some(&self.unit), self.delegate_unit.as_ref()];
        Entity::new("Report", self.id.as_str())
            .of_units(units.into_iter().flatten().map(UnitId::as_str))
            .owned_by(self.delegate_person.clone())
    }

    /// The report as those who answer for it see it: the unit's own alone.
    pub(crate) fn answered(&self) -> Entity {
        Entity::new("Report", self.id.as_str()).of_units([self.unit.as_str()])
    }
}

impl Resource for Access {
    fn entity(&self) -> Entity {
        self.written()
    }
}

/// The access of one report.
pub(crate) async fn access(sql: &mut dyn Sql, id: &ReportId) -> Result<Access> {
    Ok(store::get(sql, id).await?.access())
}
