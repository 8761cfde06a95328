//! The scheduled job that reads platform metrics for goals and keeps what changed.

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::jobs::{JobCtx, JobKind, Schedule};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::text;

use super::{Counted, MEASURED, complete, store};

/// Reads the metrics that goals are counted from.
pub const READ_METRICS: JobKind = JobKind {
    name: "plan.read_goal_metrics",
    title: Text2 {
        zh: "读取目标的平台指标",
        en: "Read platform metrics of goals",
    },
    attempts_max: 3,
    run: run_job,
};

/// How often they are read.
pub const SCHEDULE: Schedule = Schedule {
    kind: READ_METRICS.name,
    every_s: 600,
};

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let goals = {
            let mut sql = ctx.app.db().read().await?;
            let rows = store::measured(&mut sql).await?;
            let mut goals = Vec::new();
            // Editions have few goals; each edition has its own units.
            for row in rows {
                goals.extend(complete(&mut sql, vec![row]).await?);
            }
            goals
        };
        let total = i64::try_from(goals.len()).unwrap_or(i64::MAX);
        let (mut kept, mut failed) = (0_i64, Vec::new());
        for (done, goal) in (0_i64..).zip(&goals) {
            let name = &goal.goal.name;
            ctx.progress(done, total, text!("读取 {name}", "Reading {name}"))
                .await?;
            // One unreadable metric must not keep the others from being read.
            match read(&ctx.app, goal).await {
                Ok(changed) => kept += i64::from(changed),
                Err(error) => {
                    tracing::warn!(goal = %goal.goal.id, %error, "goal's metric not kept");
                    failed.push(json!({ "goal": goal.goal.id, "code": error.code() }));
                }
            }
        }
        Ok(json!({ "read": total, "recorded": kept, "failed": failed }))
    })
}

/// Reads one goal's metric; keeps it, dated today, when it differs from the last reading.
pub(crate) async fn read(app: &App, goal: &Counted) -> Result<bool> {
    let Some(metric) = &goal.metric else {
        return Ok(false);
    };
    let unit = app.metrics().source(metric).map_or("", |s| s.unit);
    let value =
        app.metrics().measure(app, metric).await? * super::api::factor_to(unit, &goal.goal.unit);
    let today = app.now().date();
    let mut tx = Tx::begin(app, None).await?;
    let mut readings = store::readings(&mut tx, &goal.plan_id).await?;
    let last = readings.remove(&goal.key).and_then(|r| r.last().copied());
    if last.is_some_and(|l| l.value == value) {
        return Ok(false);
    }
    let now = tx.now();
    store::keep_reading(&mut tx, goal, (today, value), now).await?;
    let fact = json!({
        "plan": goal.plan_id, "goal": goal.key, "at": today, "value": value, "metric": metric,
    });
    tx.record(&MEASURED, goal.goal.id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(true)
}
