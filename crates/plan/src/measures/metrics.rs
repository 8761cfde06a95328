//! Numbers this room offers to others: how far the measures of the editions in force have come.

use futures::future::BoxFuture;
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::metrics::MetricSource;
use tianyuan_kernel::prelude::*;

/// Measures that are done, in editions in force.
pub const DONE: MetricSource = MetricSource {
    name: "plan.measures_done",
    title: Text2 {
        zh: "已完成的举措",
        en: "Measures done",
    },
    unit: "个",
    measure: done,
};

/// Measures that are under way, in editions in force.
pub const UNDER_WAY: MetricSource = MetricSource {
    name: "plan.measures_under_way",
    title: Text2 {
        zh: "推进中的举措",
        en: "Measures under way",
    },
    unit: "个",
    measure: under_way,
};

fn done(app: &App) -> BoxFuture<'_, Result<f64>> {
    Box::pin(count(app, "done"))
}

fn under_way(app: &App) -> BoxFuture<'_, Result<f64>> {
    Box::pin(count(app, "under_way"))
}

async fn count(app: &App, state: &'static str) -> Result<f64> {
    let select = "SELECT COUNT(*) AS n FROM plan_measures m \
                  JOIN plan_editions p ON p.id = m.plan_id \
                  WHERE p.state = 'in_force' AND m.dropped_at IS NULL AND m.state = $1";
    Ok(app
        .db()
        .read()
        .await?
        .one(select, args![state])
        .await?
        .int("n")? as f64)
}
