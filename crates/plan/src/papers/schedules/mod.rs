//! When papers are made by themselves: so many days after each period's deadline, once a period.

pub mod api;
pub(crate) mod store;

use futures::future::BoxFuture;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};
use tianyuan_kernel::App;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::jobs::{JobCtx, JobKind, Schedule};
use tianyuan_kernel::journal::{Kind, Log, Text2};
use utoipa::ToSchema;

use super::making::{Order, order, schedule_key};
use super::period::{Cadence, PaperPeriod};
use super::{PaperKind, PaperLang};
use crate::plans::{self, PlanId};

tianyuan_kernel::id!(
    ScheduleId,
    "paperschedule",
    "When a paper is made by itself."
);

/// A schedule was set.
pub const SCHEDULE_SET: Kind = Kind::new(
    "paper_schedule.set",
    Log::Directory,
    "设定定期编制",
    "Paper schedule set",
)
.open(&["plan", "kind", "lang", "cadence", "days_after"])
.staff();
/// A schedule was removed.
pub const SCHEDULE_REMOVED: Kind = Kind::new(
    "paper_schedule.removed",
    Log::Directory,
    "取消定期编制",
    "Paper schedule removed",
)
.open(&["plan", "kind", "lang", "cadence"])
.staff();

/// Latest day after a deadline.
pub const DAYS_AFTER_MAX: i64 = 120;

/// When a paper is made by itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperSchedule {
    /// Its id.
    pub id: ScheduleId,
    /// The edition.
    pub plan_id: PlanId,
    /// What is made.
    pub kind: PaperKind,
    /// In which language.
    pub lang: PaperLang,
    /// For each period of this length.
    pub cadence: Cadence,
    /// So many days after the period's deadline, or after its end where none is set.
    pub days_after: i64,
    /// Who issues it; may be empty.
    pub issuer: String,
    /// The period it makes a paper of next, if the edition's days hold one.
    pub next: Option<NextPaper>,
    /// When it was set.
    pub created_at: Micros,
}

/// What a schedule does next.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextPaper {
    /// The period.
    pub period: PaperPeriod,
    /// The day it is made on.
    #[schema(value_type = String, format = Date)]
    pub on: Date,
}

/// Looks which schedules are due.
pub const ISSUE: JobKind = JobKind {
    name: "plan.issue_papers",
    title: Text2 {
        zh: "按期编制简报和报告",
        en: "Make the papers that are due",
    },
    attempts_max: 3,
    run: run_job,
};

/// How often that is.
pub const SCHEDULE: Schedule = Schedule {
    kind: ISSUE.name,
    every_s: 3_600,
};

/// The day a period's paper is made on.
#[must_use]
pub(crate) fn due(deadline: Date, days_after: i64) -> Date {
    deadline.saturating_add(days_after.clamp(0, DAYS_AFTER_MAX).days())
}

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let schedules = {
            let mut sql = ctx.app.db().read().await?;
            store::all(&mut sql).await?
        };
        let mut ordered = Vec::new();
        for schedule in &schedules {
            if let Some(id) = run_one(&ctx.app, schedule).await? {
                ordered.push(id);
            }
        }
        Ok(json!({ "schedules": schedules.len(), "ordered": ordered }))
    })
}

/// Orders the paper of the last period that is over, once its day has come. Periods before that
/// are not made up for: a schedule begins when it is set.
async fn run_one(app: &App, schedule: &PaperSchedule) -> Result<Option<super::PaperId>> {
    let today = app.now().date();
    let mut tx = Tx::begin(app, None).await?;
    let plan = plans::store::get(&mut tx, &schedule.plan_id).await?;
    let period = PaperPeriod::last_before(schedule.cadence, today);
    if !period.touches((plan.period.from, plan.period.to)) {
        return Ok(None);
    }
    let deadline = super::deadline(&mut tx, &plan.id, &period).await?;
    let key = schedule_key(&plan.id, schedule.kind, schedule.lang, &period);
    if today < due(deadline, schedule.days_after) || super::store::has_key(&mut tx, &key).await? {
        return Ok(None);
    }
    let asked = Order {
        kind: schedule.kind,
        lang: schedule.lang,
        period,
        round: None,
        issuer: schedule.issuer.clone(),
        schedule_key: Some(key),
    };
    let id = order(&mut tx, &plan, asked).await?;
    tx.commit().await?;
    Ok(id)
}
