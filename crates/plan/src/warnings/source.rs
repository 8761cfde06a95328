//! Gathers what the rules look at.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::prelude::*;

use super::rules::{Dated, IndicatorSays, MeasureSays, Outlook, ReportSays, Says};
use super::store;
use crate::directory::{Directory, by_owner};
use crate::forecast::IndicatorForecast;
use crate::forecast::api::forecasts;
use crate::plans::{self, Plan};
use crate::{indicators, measures, periods};

/// Everything the rules look at, of one edition: a dozen queries, whatever its size. It fits
/// forecasts, so it is not for inside a transaction.
pub(crate) async fn gather(sql: &mut dyn Sql, plan: &Plan, now: Micros) -> Result<Says> {
    let today = now.date();
    let directory = Directory::load(sql).await?;
    let single = |named: &[String]| -> Vec<String> {
        let units = directory.expanded(named).into_iter();
        units.map(|u| u.id.as_str().to_owned()).collect()
    };
    let goals = plans::store::goals(sql, &plan.id).await?;
    let rows = measures::store::all(sql, &plan.id).await?;
    let units = by_owner(measures::store::units_of_plan(sql, &plan.id).await?);
    let measures = rows
        .into_iter()
        .map(|m| MeasureSays {
            units: units
                .get(m.id.as_str())
                .map(|u| single(u))
                .unwrap_or_default(),
            indicators: goals
                .iter()
                .filter(|g| g.measure_number == Some(m.number))
                .filter_map(|g| g.indicator_number)
                .collect(),
            id: m.id.as_str().to_owned(),
            number: m.number,
            title: m.title,
            title_en: m.title_en,
            state: m.state,
            since: m.state_at.map(|at| at.date()),
        })
        .collect();
    let rows = indicators::store::all(sql, &plan.id).await?;
    let indicators = indicators::complete(sql, &directory, rows, today).await?;
    let mut values: BTreeMap<String, Vec<Dated>> = store::values(sql, &plan.id).await?;
    let reports = reports(sql, plan, &directory).await?;
    // What was recorded at this very moment counts.
    let moment = now.plus_seconds(1);
    let indicators = forecasts(sql, indicators, today, moment).await?;
    let indicators = indicators
        .into_iter()
        .map(|(indicator, forecast)| {
            let named: Vec<String> = indicator
                .units
                .iter()
                .map(|u| u.id.as_str().to_owned())
                .collect();
            IndicatorSays {
                units: single(&named),
                values: values.remove(indicator.id.as_str()).unwrap_or_default(),
                outlook: outlook(&forecast, today),
                indicator,
            }
        })
        .collect();
    Ok(Says {
        period: (plan.period.from, plan.period.to),
        today,
        measures,
        indicators,
        reports,
    })
}

/// The next target of which something can be said.
fn outlook(forecast: &IndicatorForecast, today: Date) -> Option<Outlook> {
    let coming = forecast.targets.iter().filter(|t| t.due >= today);
    let next = coming.min_by_key(|t| t.due)?;
    Some(Outlook {
        year: i64::from(next.due.year()),
        chance: next.chance?,
    })
}

/// Reports of open periods that were not sent.
async fn reports(sql: &mut dyn Sql, plan: &Plan, directory: &Directory) -> Result<Vec<ReportSays>> {
    let rows = store::unsent(sql, &plan.id).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let unit = directory.get(&row.unit);
            ReportSays {
                id: row.id,
                measure: row.measure,
                number: row.number,
                unit_name: unit.map(|u| u.name.clone()).unwrap_or_default(),
                unit_name_en: unit.map(|u| u.name_en.clone()).unwrap_or_default(),
                unit: row.unit,
                period: periods::title(row.span, row.starts),
                due: row.due,
            }
        })
        .collect())
}
