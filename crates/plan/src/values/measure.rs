//! The scheduled job that reads bound platform metrics and records what changed.

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::jobs::{JobCtx, JobKind, Schedule};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::text;

use super::{NewValue, Recordable, range, record, store, validate};
use crate::indicators::{self, store::IndicatorRow};
use crate::words::{Nature, Source};

/// Reads the metrics that indicators are bound to.
pub const READ_METRICS: JobKind = JobKind {
    name: "plan.read_metrics",
    title: Text2 {
        zh: "读取平台指标",
        en: "Read platform metrics",
    },
    attempts_max: 3,
    run: run_job,
};

/// How often metrics are read.
pub const SCHEDULE: Schedule = Schedule {
    kind: READ_METRICS.name,
    every_s: 600,
};

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let indicators = {
            let mut sql = ctx.app.db().read().await?;
            indicators::store::bound(&mut sql).await?
        };
        let total = i64::try_from(indicators.len()).unwrap_or(i64::MAX);
        let (mut recorded, mut failed) = (0_i64, Vec::new());
        for (done, indicator) in (0_i64..).zip(&indicators) {
            let name = &indicator.name;
            ctx.progress(done, total, text!("读取 {name}", "Reading {name}"))
                .await?;
            // One unreadable metric must not keep the others from being read.
            match read(&ctx.app, indicator).await {
                Ok(changed) => recorded += i64::from(changed),
                Err(error) => {
                    tracing::warn!(indicator = %indicator.id, %error, "metric not recorded");
                    failed.push(json!({ "indicator": indicator.id, "code": error.code() }));
                }
            }
        }
        Ok(json!({ "read": total, "recorded": recorded, "failed": failed }))
    })
}

/// Reads one bound metric; records it, dated today, when it differs from the last reading. A
/// flow's reading is recorded anew each year even if the number is the same.
async fn read(app: &App, indicator: &IndicatorRow) -> Result<bool> {
    let Some(metric) = &indicator.metric else {
        return Ok(false);
    };
    let source = app.metrics().source(metric);
    let factor = source
        .and_then(|s| range::factor(s.unit, &indicator.unit))
        .unwrap_or(1.0);
    let value = tidy(app.metrics().measure(app, metric).await? * factor);
    let today = app.now().date();
    let to = Recordable {
        id: indicator.id.clone(),
        plan: indicator.plan_id.clone(),
        unit: indicator.unit.clone(),
        nature: indicator.nature,
    };
    let mut tx = Tx::begin(app, None).await?;
    let last = store::last_of_source(&mut tx, &indicator.id, Source::Metric).await?;
    let same = last.is_some_and(|last| {
        let same_year = last.at.year() == today.year() || indicator.nature != Nature::Flow;
        last.value == value && same_year
    });
    if same {
        return Ok(false);
    }
    let period = validate(&to, (today, value, None), "", today).map_err(|faults| {
        let (field, code, words) = faults.into_iter().next().unwrap_or((
            "value",
            "value_refused",
            text!("数值 {value} 不符合要求。", "The value {value} is refused."),
        ));
        tianyuan_kernel::error::Error::invalid(code, field, words)
    })?;
    let note = String::new();
    let new = NewValue {
        at: today,
        value,
        period,
        note,
        source: Source::Metric,
    };
    record(app, &mut tx, &to, new, None).await?;
    tx.commit().await?;
    Ok(true)
}

/// Drops the noise of converting units (0.30000000000000004) beyond twelve significant digits.
fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn conversion_leaves_no_noise() {
        assert_eq!(tidy(127_000.0 * 1e-4), 12.7);
        assert_eq!(tidy(0.1 + 0.2), 0.3);
        assert_eq!(tidy(0.0), 0.0);
    }
}
