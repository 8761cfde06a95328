//! Jobs: long or repeated work, kept in the database, leased so that each runs once among
//! several nodes, retried with backoff, visible with its progress.

mod api;
mod runner;
mod store;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use api::router;
pub use runner::{run, run_due};
pub use store::{enqueue, enqueue_soon};

use crate::App;
use crate::clock::Micros;
use crate::error::Result;
use crate::http::Tx;
use crate::http::tx::forget_old_answers;
use crate::journal::{Kind, Log, Text2};
use crate::text::Text;

crate::id!(JobId, "job", "A job.");

pub(crate) const CANCELLED: Kind = Kind::new(
    "job.cancelled",
    Log::Supervision,
    "取消任务",
    "Job cancelled",
)
.staff();
pub(crate) const RETRIED: Kind =
    Kind::new("job.retried", Log::Supervision, "重试任务", "Job retried").staff();
pub(crate) const KINDS: [Kind; 2] = [CANCELLED, RETRIED];

/// Days for which jobs that are done or cancelled are kept.
const ENDED_DAYS: i64 = 7;
/// Days for which failed jobs are kept.
const FAILED_DAYS: i64 = 90;

/// A kind of job.
#[derive(Clone, Copy)]
pub struct JobKind {
    /// `room.verb`.
    pub name: &'static str,
    /// Words for the jobs page.
    pub title: Text2,
    /// Runs before it counts as failed.
    pub attempts_max: i64,
    /// The work. It may run again after a crash, so it must be idempotent.
    pub run: fn(JobCtx) -> BoxFuture<'static, Result<Value>>,
}

/// A job that comes again and again.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// Which job.
    pub kind: &'static str,
    /// Seconds between two runs.
    pub every_s: i64,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for its time or its turn.
    Queued,
    /// Runs on some node.
    Running,
    /// Finished.
    Done,
    /// Gave up after its attempts.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl JobState {
    const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == name)
            .unwrap_or(Self::Failed)
    }
}

/// How far a job has come.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Steps done.
    pub done: i64,
    /// Steps in all; 0 while unknown.
    pub total: i64,
    /// What is being done.
    pub text: Text,
}

/// A job as it is kept.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its kind's name.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// What it was given.
    pub payload: Value,
    /// Who asked for it; `None`: the node.
    pub owner: Option<String>,
    /// How far it has come.
    pub progress: Option<Progress>,
    /// Runs begun.
    pub attempts: i64,
    /// Not before this moment.
    pub run_after: Micros,
    /// When it was asked for.
    pub created_at: Micros,
    /// When its last run began.
    pub started_at: Option<Micros>,
    /// When it ended.
    pub finished_at: Option<Micros>,
    /// Why the last run failed: code and words.
    pub error: Option<(String, Text)>,
    pub(crate) fence: i64,
}

/// What a running job knows.
pub struct JobCtx {
    /// The application.
    pub app: App,
    /// Its id.
    pub id: JobId,
    /// What it was given.
    pub payload: Value,
    /// Who asked for it; `None`: the node.
    pub owner: Option<String>,
    /// It is not tried again if this run fails: what waits for it should be told.
    pub last: bool,
    pub(crate) fence: i64,
}

impl JobCtx {
    /// Begins a transaction, for whoever asked for the job, that commits only while this run
    /// holds it: a run that was cancelled or taken over changes nothing any more.
    ///
    /// # Errors
    /// 409 `job_stopped` as [`JobCtx::progress`]; 503 when the database is busy.
    pub async fn begin(&self) -> Result<Tx> {
        let mut tx = Tx::begin(&self.app, self.owner.clone()).await?;
        store::hold(&mut tx, &self.id, self.fence).await?;
        Ok(tx)
    }

    /// Tells how far it has come, and keeps its lease.
    ///
    /// # Errors
    /// 409 `job_stopped` when it was cancelled or another node took it over: stop then.
    pub async fn progress(&self, done: i64, total: i64, text: Text) -> Result<()> {
        store::progress(&self.app, &self.id, self.fence, done, total, &text).await
    }
}

const FORGET_ANSWERS: JobKind = JobKind {
    name: "kernel.forget_answers",
    title: Text2 {
        zh: "清理过期的幂等应答",
        en: "Forget old idempotent answers",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move {
            let rows = forget_old_answers(&ctx.app).await?;
            Ok(serde_json::json!({ "removed": rows }))
        })
    },
};

const PRUNE: JobKind = JobKind {
    name: "kernel.prune_jobs",
    title: Text2 {
        zh: "清理结束已久的任务",
        en: "Remove jobs that ended long ago",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move {
            let ago = |days: i64| ctx.app.now().plus_seconds(-days * 86_400);
            let rows = store::prune(&ctx.app, ago(ENDED_DAYS), ago(FAILED_DAYS)).await?;
            Ok(serde_json::json!({ "removed": rows }))
        })
    },
};

pub(crate) fn own_jobs() -> [JobKind; 2] {
    [FORGET_ANSWERS, PRUNE]
}

pub(crate) fn schedules() -> Vec<Schedule> {
    vec![
        Schedule {
            kind: FORGET_ANSWERS.name,
            every_s: 3_600,
        },
        Schedule {
            kind: PRUNE.name,
            every_s: 86_400,
        },
    ]
}
