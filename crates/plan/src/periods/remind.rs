//! Reminders (催报): the job that opens what is due to open, keeps the list of reports owed up to
//! date, and reminds units of what they have not sent. A reminder stands in the unit's list and in
//! the journal; no e-mail is sent.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};
use tianyuan_kernel::jobs::{JobCtx, JobKind, Schedule};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use super::{PERIOD_OPENED, REMINDED, ReportingPeriod, roster, store};
use crate::reports;
use crate::words::PeriodState;

/// Days between two reminders once a report is late.
pub const EVERY_DAYS_LATE: i32 = 7;

/// Opens periods, follows the roster, reminds.
pub const FOLLOW_UP: JobKind = JobKind {
    name: "plan.follow_up",
    title: Text2 {
        zh: "开启填报期、催报",
        en: "Open reporting periods, remind units",
    },
    attempts_max: 3,
    run: run_job,
};

/// How often.
pub const SCHEDULE: Schedule = Schedule {
    kind: FOLLOW_UP.name,
    every_s: 3_600,
};

/// What a round of reminders did.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Reminded {
    /// Units reminded.
    pub units: i64,
    /// Reports they were reminded of.
    pub reports: i64,
}

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let today = ctx.app.now().date();
        let (planned, open) = {
            let mut sql = ctx.app.db().read().await?;
            (
                store::in_state(&mut sql, PeriodState::Planned).await?,
                store::in_state(&mut sql, PeriodState::Open).await?,
            )
        };
        let mut opened = 0;
        for mut period in planned.into_iter().filter(|p| p.ends <= today) {
            let mut tx = ctx.begin().await?;
            if open_planned(&mut tx, &mut period).await? {
                tx.commit().await?;
                opened += 1;
            }
        }
        let mut told = Reminded::default();
        for period in &open {
            let mut tx = ctx.begin().await?;
            roster::follow(&mut tx, period).await?;
            let more = remind(&mut tx, period, false).await?;
            tx.commit().await?;
            told.units += more.units;
            told.reports += more.reports;
        }
        Ok(json!({ "opened": opened, "units": told.units, "reports": told.reports }))
    })
}

/// Opens a planned period; false when somebody changed it meanwhile.
pub(crate) async fn open_planned(tx: &mut Tx, period: &mut ReportingPeriod) -> Result<bool> {
    period.state = PeriodState::Open;
    if !store::update(tx, period).await? {
        return Ok(false);
    }
    period.version += 1;
    roster::bring_up_to_date(tx, period).await?;
    tx.record(&PERIOD_OPENED, period.id.as_str(), &period.fact())
        .await?;
    Ok(true)
}

/// True when a unit is to be reminded today by the calendar: at the beginning of the reminding
/// days, on the deadline, and every week after it.
#[must_use]
pub fn is_time(period: &ReportingPeriod, last: Option<Date>, today: Date) -> bool {
    let from = period
        .due
        .checked_sub(period.remind_days.days())
        .unwrap_or(period.due);
    if today < from {
        return false;
    }
    let Some(last) = last.filter(|last| *last >= from) else {
        return true;
    };
    if today <= period.due {
        return today == period.due && last < period.due;
    }
    last <= period.due || (today - last).get_days() >= EVERY_DAYS_LATE
}

/// Reminds every unit of what it has not sent. `now` is for the plan office, who need not wait for
/// the calendar; but nobody is reminded twice on one day.
pub(crate) async fn remind(tx: &mut Tx, period: &ReportingPeriod, now: bool) -> Result<Reminded> {
    let at = tx.now();
    let today = at.date();
    let mut units: BTreeMap<String, i64> = BTreeMap::new();
    for owed in reports::store::unsent(tx, &period.id).await? {
        let last = owed.reminded_at.map(Micros::date);
        let due = if now {
            last != Some(today)
        } else {
            is_time(period, last, today)
        };
        if due {
            reports::store::reminded(tx, &owed.id, at).await?;
            *units.entry(owed.unit).or_default() += 1;
        }
    }
    let mut told = Reminded::default();
    for (unit, count) in units {
        let fact = json!({
            "plan": period.plan_id, "period": period.id, "unit": unit, "reports": count,
            "due": period.due, "late": period.is_overdue(today),
        });
        tx.record(&REMINDED, period.id.as_str(), &fact).await?;
        told.units += 1;
        told.reports += count;
    }
    Ok(told)
}
