//! Reporting periods (填报期) of an edition: months, quarters or years in which the responsible
//! units report on their measures, with a deadline and reminders.
//!
//! Invariants: opening a period fixes who owes what (a report for each measure and each single unit
//! behind it, groups such as 各镇 expanded), a closed period takes nothing more, and each change
//! of a period is a fact.
//!
//! Others read [`list`] and [`get`], and `crate::reports::standing`.

pub mod api;
pub mod remind;
pub(crate) mod roster;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Serialize;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use crate::plans::PlanId;
use crate::words::{PeriodState, Span};

pub(crate) use store::{get, list, previous};

tianyuan_kernel::id!(PeriodId, "period", "A reporting period of an edition.");

const OPEN: &[&str] = &["plan", "span", "starts", "ends", "due", "state"];

/// A period was laid out for later.
pub const PERIOD_PLANNED: Kind = Kind::new(
    "period.planned",
    Log::Directory,
    "安排填报期",
    "Reporting period laid out",
)
.open(OPEN)
.staff();
/// A period was opened: the units owe their reports.
pub const PERIOD_OPENED: Kind = Kind::new(
    "period.opened",
    Log::Directory,
    "开启填报期",
    "Reporting period opened",
)
.open(OPEN)
.staff();
/// Deadline, reminders or state of a period changed.
pub const PERIOD_CHANGED: Kind = Kind::new(
    "period.changed",
    Log::Directory,
    "调整填报期",
    "Reporting period changed",
)
.open(OPEN)
.staff();
/// Who owes a report followed a change of measures or units.
pub const ROSTER_CHANGED: Kind = Kind::new(
    "period.roster_changed",
    Log::Directory,
    "更新应填清单",
    "List of reports owed brought up to date",
)
.open(&["plan", "added", "dropped"])
.staff();
/// A unit was reminded of what it still owes.
pub const REMINDED: Kind =
    Kind::new("period.reminded", Log::Supervision, "催报", "Unit reminded").staff();

/// Days after its end at which a period is due, unless said otherwise.
pub const DUE_DAYS_DEFAULT: i64 = 10;
/// Latest deadline, days after a period's end.
pub const DUE_DAYS_MAX: i32 = 1_500;
/// Days before the deadline at which units are reminded, unless said otherwise.
pub const REMIND_DAYS_DEFAULT: i64 = 5;
/// Earliest reminder, days before the deadline.
pub const REMIND_DAYS_MAX: i64 = 60;
/// Periods of one edition.
pub const PERIODS_MAX: usize = 200;
/// Longest remark on a period, characters.
pub const NOTE_CHARS_MAX: usize = 200;

/// A reporting period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportingPeriod {
    /// Its id.
    pub id: PeriodId,
    /// Its edition.
    pub plan_id: PlanId,
    /// How long it is.
    pub span: Span,
    /// Its name, such as 2024 年第三季度.
    pub title: Text,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub starts: Date,
    /// Last day; its figures stand for this day.
    #[schema(value_type = String, format = Date)]
    pub ends: Date,
    /// Reports are due on this day.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// Units are reminded from this many days before the deadline.
    pub remind_days: i64,
    /// Where it stands.
    pub state: PeriodState,
    /// A remark of the plan office; may be empty.
    pub note: String,
    /// Grows with every change.
    pub version: i64,
}

impl ReportingPeriod {
    /// True once reports that were not sent are late.
    #[must_use]
    pub fn is_overdue(&self, today: Date) -> bool {
        self.state != PeriodState::Planned && today > self.due
    }

    /// What its facts say.
    #[must_use]
    pub(crate) fn fact(&self) -> serde_json::Value {
        serde_json::json!({
            "plan": self.plan_id, "span": self.span, "starts": self.starts, "ends": self.ends,
            "due": self.due, "remind_days": self.remind_days, "state": self.state,
            "note": self.note,
        })
    }
}

/// First and last day of a month (1 to 12), quarter (1 to 4) or year (1).
#[must_use]
pub fn bounds(span: Span, year: i64, number: i64) -> Option<(Date, Date)> {
    let months = match span {
        Span::Month => 1,
        Span::Quarter => 3,
        Span::Year => 12,
    };
    if !(1..=12 / months).contains(&number) || !crate::bundle::check::YEARS.contains(&year) {
        return None;
    }
    let month = i8::try_from((number - 1) * months + 1).ok()?;
    let starts = Date::new(i16::try_from(year).ok()?, month, 1).ok()?;
    let next = starts.checked_add(months.months()).ok()?;
    Some((starts, next.yesterday().ok()?))
}

/// Every period of a span that ends within an edition's days, in order.
#[must_use]
pub fn all_within(span: Span, from: Date, to: Date) -> Vec<(Date, Date)> {
    let per_year = match span {
        Span::Month => 12,
        Span::Quarter => 4,
        Span::Year => 1,
    };
    (i64::from(from.year())..=i64::from(to.year()))
        .flat_map(|year| (1..=per_year).filter_map(move |n| bounds(span, year, n)))
        .filter(|(starts, ends)| *ends >= from && *starts <= to)
        .collect()
}

/// The name of a period by its first day.
#[must_use]
pub fn title(span: Span, starts: Date) -> Text {
    const ORDINALS: [&str; 4] = ["一", "二", "三", "四"];
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month) = (starts.year(), starts.month());
    let index = usize::try_from(month - 1).unwrap_or(0);
    match span {
        Span::Month => {
            let name = MONTHS[index.min(11)];
            text!("{year} 年 {month} 月", "{name} {year}")
        }
        Span::Quarter => {
            let quarter = (index / 3).min(3);
            let (ordinal, n) = (ORDINALS[quarter], quarter + 1);
            text!("{year} 年第{ordinal}季度", "Q{n} {year}")
        }
        Span::Year => text!("{year} 年", "{year}"),
    }
}

/// Checks deadline and reminders.
///
/// # Errors
/// 422 naming the field.
pub fn check(ends: Date, due: Date, remind_days: i64, note: &str) -> Result<()> {
    let latest = ends
        .checked_add(DUE_DAYS_MAX.days())
        .unwrap_or(date(2100, 12, 31));
    if due < ends || due > latest {
        let words = text!(
            "截止日应不早于期末 {ends}，且不晚于 {latest}，收到 {due}。",
            "The deadline lies between the period's end, {ends}, and {latest}; got {due}."
        );
        return Err(Error::invalid("due_out_of_range", "due", words));
    }
    if !(0..=REMIND_DAYS_MAX).contains(&remind_days) {
        let words = text!(
            "提前催报天数应为 0 到 {REMIND_DAYS_MAX}，收到 {remind_days}。",
            "Reminders begin 0 to {REMIND_DAYS_MAX} days before the deadline; got {remind_days}."
        );
        return Err(Error::invalid(
            "remind_days_out_of_range",
            "remind_days",
            words,
        ));
    }
    let size = note.chars().count();
    if size > NOTE_CHARS_MAX {
        let words = text!(
            "备注最多 {NOTE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A remark has at most {NOTE_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "note", words));
    }
    Ok(())
}
