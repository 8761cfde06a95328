//! Writing the measures and indicators of a checked bundle, touching only what changed.

use std::collections::BTreeMap;

use tianyuan_kernel::App;
use tianyuan_kernel::args;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::party::UnitId;

use super::PlanId;
use super::save::position;
use crate::bundle::{IndicatorEntry, MeasureEntry, PlanBundle, YearValue};
use crate::indicators::{self, IndicatorId};
use crate::measures::MeasureId;
use crate::values::{self, NewValue, Recordable};
use crate::words::Source;

/// The entries of a table after and before.
pub(crate) type Both<'a, T> = (&'a [T], &'a [T]);

/// Writes measures by number; what is no longer there keeps its row, dropped.
pub(crate) async fn save_measures(
    app: &App,
    tx: &mut Tx,
    plan: &PlanId,
    (after, before): Both<'_, MeasureEntry>,
    programmes: &BTreeMap<i64, String>,
    units: &BTreeMap<String, UnitId>,
) -> Result<()> {
    let kept: BTreeMap<i64, &MeasureEntry> = before.iter().map(|m| (m.number, m)).collect();
    for measure in after {
        if kept.get(&measure.number) == Some(&measure) {
            continue;
        }
        let programme = programmes
            .get(&measure.programme)
            .ok_or_else(|| Error::internal("programme"))?;
        let row = tx
            .one(
                "INSERT INTO plan_measures (id, plan_id, number, title, title_en, programme_id, \
                 summary_zh, summary_en, state, state_note, version) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'not_started', '', 1) \
                 ON CONFLICT (plan_id, number) DO UPDATE SET title = excluded.title, \
                 title_en = excluded.title_en, programme_id = excluded.programme_id, \
                 summary_zh = excluded.summary_zh, summary_en = excluded.summary_en, \
                 dropped_at = NULL, version = plan_measures.version + 1 RETURNING id",
                args![
                    MeasureId::new(app),
                    plan,
                    measure.number,
                    &measure.title,
                    &measure.title_en,
                    programme,
                    &measure.summary.zh,
                    &measure.summary.en,
                ],
            )
            .await?;
        let id = row.text("id")?;
        tx.execute(
            "DELETE FROM plan_measure_units WHERE measure_id = $1",
            args![&id],
        )
        .await?;
        for (i, name) in measure.units.iter().enumerate() {
            let unit = units.get(name).ok_or_else(|| Error::internal("unit"))?;
            tx.execute(
                "INSERT INTO plan_measure_units (measure_id, unit_id, position) \
                 VALUES ($1, $2, $3)",
                args![&id, unit, position(i)],
            )
            .await?;
        }
    }
    for measure in before
        .iter()
        .filter(|m| !after.iter().any(|a| a.number == m.number))
    {
        tx.execute(
            "UPDATE plan_measures SET dropped_at = $1, version = version + 1 \
             WHERE plan_id = $2 AND number = $3",
            args![app.now(), plan, measure.number],
        )
        .await?;
    }
    Ok(())
}

/// Writes indicators by number, and their baselines as values; what is no longer there keeps its
/// row, dropped.
pub(crate) async fn save_indicators(
    app: &App,
    tx: &mut Tx,
    plan: &PlanId,
    (after, before): Both<'_, IndicatorEntry>,
    units: &BTreeMap<String, UnitId>,
    by: Option<String>,
) -> Result<()> {
    let kept: BTreeMap<i64, &IndicatorEntry> = before.iter().map(|n| (n.number, n)).collect();
    for indicator in after {
        if kept.get(&indicator.number) == Some(&indicator) {
            continue;
        }
        let id = upsert_indicator(app, tx, plan, indicator).await?;
        tx.execute(
            "DELETE FROM plan_indicator_units WHERE indicator_id = $1",
            args![&id],
        )
        .await?;
        for (i, name) in indicator.units.iter().enumerate() {
            let unit = units.get(name).ok_or_else(|| Error::internal("unit"))?;
            tx.execute(
                "INSERT INTO plan_indicator_units (indicator_id, unit_id, position) \
                 VALUES ($1, $2, $3)",
                args![&id, unit, position(i)],
            )
            .await?;
        }
        tx.execute(
            "DELETE FROM plan_targets WHERE indicator_id = $1",
            args![&id],
        )
        .await?;
        for target in &indicator.targets {
            tx.execute(
                "INSERT INTO plan_targets (indicator_id, year, value) VALUES ($1, $2, $3)",
                args![&id, target.year, target.value],
            )
            .await?;
        }
        let to = Recordable {
            id,
            plan: plan.clone(),
            unit: indicator.unit.clone(),
            nature: indicator.nature,
        };
        record_baseline(app, tx, &to, indicator.baseline, by.clone()).await?;
    }
    for indicator in before
        .iter()
        .filter(|n| !after.iter().any(|a| a.number == n.number))
    {
        tx.execute(
            "UPDATE plan_indicators SET dropped_at = $1, version = version + 1 \
             WHERE plan_id = $2 AND number = $3",
            args![app.now(), plan, indicator.number],
        )
        .await?;
    }
    Ok(())
}

async fn upsert_indicator(
    app: &App,
    tx: &mut Tx,
    plan: &PlanId,
    indicator: &IndicatorEntry,
) -> Result<IndicatorId> {
    let row = tx
        .one(
            "INSERT INTO plan_indicators (id, plan_id, number, name, name_en, unit, nature, \
             direction, decimals, baseline_year, baseline_value, value_count, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 1) \
             ON CONFLICT (plan_id, number) DO UPDATE SET name = excluded.name, \
             name_en = excluded.name_en, unit = excluded.unit, nature = excluded.nature, \
             direction = excluded.direction, decimals = excluded.decimals, \
             baseline_year = excluded.baseline_year, baseline_value = excluded.baseline_value, \
             dropped_at = NULL, version = plan_indicators.version + 1 RETURNING id",
            args![
                IndicatorId::new(app),
                plan,
                indicator.number,
                &indicator.name,
                &indicator.name_en,
                &indicator.unit,
                indicator.nature.as_str(),
                indicator.direction.as_str(),
                indicator.decimals,
                indicator.baseline.year,
                indicator.baseline.value,
            ],
        )
        .await?;
    Ok(IndicatorId::from_stored(row.text("id")?))
}

/// The baseline is a value like any other, with source "plan", at the end of its year; a
/// corrected baseline is its next revision.
async fn record_baseline(
    app: &App,
    tx: &mut Tx,
    to: &Recordable,
    baseline: YearValue,
    by: Option<String>,
) -> Result<()> {
    let at = indicators::rules::year_end(baseline.year);
    let period = indicators::rules::default_period(to.nature, at);
    let last = values::store::last_of_source(tx, &to.id, Source::Plan).await?;
    if last.is_some_and(|v| v.at == at && v.value == baseline.value && v.period == period) {
        return Ok(());
    }
    values::store::retire_baselines(tx, &to.id, at, period, app.now()).await?;
    let note = String::new();
    let new = NewValue {
        at,
        value: baseline.value,
        period,
        note,
        source: Source::Plan,
    };
    values::record(app, tx, to, new, by).await?;
    Ok(())
}

/// Indicators of `after` whose nature differs from the same number's in `before`.
pub(crate) fn nature_changes(before: &PlanBundle, after: &PlanBundle) -> Vec<(usize, i64)> {
    let changed = |new: &IndicatorEntry| {
        before
            .indicators
            .iter()
            .any(|o| o.number == new.number && o.nature != new.nature)
    };
    let all = after.indicators.iter().enumerate();
    all.filter(|(_, new)| changed(new))
        .map(|(i, new)| (i, new.number))
        .collect()
}
