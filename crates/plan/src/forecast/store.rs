//! SQL of forecasts: the values that were in force at a moment.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Arg, Select, Sql};
use tianyuan_kernel::error::Result;

use super::Recorded;
use crate::indicators::IndicatorId;
use crate::stored::{date, word};
use crate::words::{Period, Source};

/// Most values read for one answer.
const VALUES_MAX: i64 = 100_000;

/// The values of some indicators that were in force at a moment and stand for no later day, in
/// order of date.
pub(crate) async fn in_force_at(
    sql: &mut dyn Sql,
    indicators: &[&IndicatorId],
    moment: Micros,
    day: Date,
) -> Result<BTreeMap<String, Vec<Recorded>>> {
    let ids = indicators.iter().map(|id| Arg::from(*id)).collect();
    let select = Select::new("SELECT indicator_id, at, value, period, source FROM plan_values")
        .and_in("indicator_id", ids)
        .and("recorded_at < ?", moment)
        .and("(superseded_at IS NULL OR superseded_at >= ?)", moment)
        .and("at <= ?", day.to_string())
        .order_by("indicator_id, at, period")
        .limit(VALUES_MAX);
    let mut values: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
    for row in sql.select(select).await? {
        let value = Recorded {
            at: date(&row, "at")?,
            value: row.real("value")?,
            period: word(&row, "period", Period::read)?,
            source: word(&row, "source", Source::read)?,
        };
        values
            .entry(row.text("indicator_id")?)
            .or_default()
            .push(value);
    }
    Ok(values)
}
