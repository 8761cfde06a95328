//! Runs what is due.

use std::time::Duration;

use futures::FutureExt as _;

use super::store::LEASE_S;
use super::{Job, JobCtx, store};
use crate::App;
use crate::clock::Micros;
use crate::error::{Error, Result};
use crate::text::Text;

/// Jobs of one node at once.
const AT_ONCE: usize = 4;
/// How often a run looks whether it was cancelled.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Seconds after which a job of a kind this node does not know is offered again.
const UNKNOWN_S: i64 = 60;

/// Runs due jobs until the application stops; what still runs then is given back.
pub async fn run(app: App) {
    let mut running = tokio::task::JoinSet::new();
    while !app.is_stopping() {
        while running.try_join_next().is_some() {}
        let claimed = match claim_next(&app, running.len()).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be claimed; trying again");
                None
            }
        };
        match claimed {
            Some(job) => drop(running.spawn(run_one(app.clone(), job))),
            None => tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
                () = app.stopped() => {}
            },
        }
    }
    while running.join_next().await.is_some() {}
}

async fn claim_next(app: &App, running: usize) -> Result<Option<Job>> {
    store::enqueue_scheduled(app).await?;
    if running >= AT_ONCE {
        Ok(None)
    } else {
        store::claim(app).await
    }
}

/// Runs everything that is due now and returns how many runs that were; for tests.
///
/// # Errors
/// When the database does not answer.
pub async fn run_due(app: &App) -> Result<u64> {
    let mut runs = 0;
    store::enqueue_scheduled(app).await?;
    while let Some(job) = store::claim(app).await? {
        run_one(app.clone(), job).await;
        runs += 1;
    }
    Ok(runs)
}

async fn run_one(app: App, job: Job) {
    let Some(kind) = app.job_kind(&job.kind).copied() else {
        // A newer node asked for it; it may run there.
        let after = app.now().plus_seconds(UNKNOWN_S);
        return log(store::give_back(&app, &job, after).await);
    };
    if job.attempts > kind.attempts_max {
        // Its node died in every run: it may be what kills nodes.
        return log(store::fail(&app, &job, &lost(), None).await);
    }
    let ctx = JobCtx {
        app: app.clone(),
        id: job.id.clone(),
        payload: job.payload.clone(),
        owner: job.owner.clone(),
        last: job.attempts >= kind.attempts_max,
        fence: job.fence,
    };
    let work = std::panic::AssertUnwindSafe(async { (kind.run)(ctx).await }).catch_unwind();
    let ended = tokio::select! {
        ended = work => ended.unwrap_or_else(|_| Err(Error::internal("the job panicked"))),
        () = keep_lease(&app, &job) => return,
        () = app.stopped() => return log(store::give_back(&app, &job, app.now()).await),
    };
    match ended {
        Ok(result) => log(store::finish(&app, &job.id, job.fence, &result).await),
        Err(error) if error.code() == "job_stopped" => {}
        Err(error) => {
            tracing::warn!(job = %job.id, kind = job.kind, %error, "job failed");
            let again = job.attempts < kind.attempts_max;
            let again = again.then(|| retry_at(&app, job.attempts));
            log(store::fail(&app, &job, &error, again).await);
        }
    }
}

fn lost() -> Error {
    let words = Text::new(
        "运行该任务的节点每次都中途停止，已不再重试。",
        "The node that ran the job stopped in every run; it is not tried again.",
    );
    Error::unavailable("job_lost", words)
}

fn log(done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the state of a job could not be written; its lease will run out");
    }
}

/// Renews the lease, and looks now and then whether the job was cancelled; returns when it is
/// lost, so that the run is dropped.
async fn keep_lease(app: &App, job: &Job) {
    let mut renewed = app.now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let age = app.now().seconds_since(renewed);
        let looked = if age < LEASE_S as f64 / 3.0 {
            store::check_held(app, &job.id, job.fence).await
        } else {
            let done = store::renew(app, &job.id, job.fence).await;
            if done.is_ok() {
                renewed = app.now();
            }
            done
        };
        match looked {
            Err(error) if error.code() == "job_stopped" => return,
            // Without an answer for the whole lease another node may have taken it over.
            Err(_) if age > LEASE_S as f64 => return,
            other => log(other),
        }
    }
}

/// 2, 4, 8 … seconds up to an hour, and up to half as much again by chance.
fn retry_at(app: &App, attempts: i64) -> Micros {
    let seconds = 1_i64 << attempts.clamp(1, 12);
    let seconds = seconds.min(3_600);
    let chance = i64::from(app.random::<1>()[0]) * seconds / 512;
    app.now().plus_seconds(seconds + chance)
}
