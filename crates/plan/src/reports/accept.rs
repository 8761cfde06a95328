//! Acceptance: a report's state and figures flow into its measure and its indicators, in the
//! transaction that accepts it.

use serde_json::json;
use tianyuan_kernel::prelude::*;

use super::figures::{Asking, FigureOf};
use super::standing::combined;
use super::store::{self, FigureRow, ReportRow};
use crate::directory::Directory;
use crate::measures;
use crate::periods::ReportingPeriod;
use crate::values::{self, NewValue};
use crate::words::{MeasureState, Source, Stage};

/// Longest part of a unit's text that is shown with the measure's state, characters.
const EXCERPT_CHARS: usize = 160;

/// Takes an accepted report over. The row has its new stage already.
pub(crate) async fn take_over(
    app: &App,
    tx: &mut Tx,
    row: &ReportRow,
    period: &ReportingPeriod,
    asking: &Asking,
) -> Result<()> {
    let figures = store::figures(tx, &row.id).await?;
    for figure in &figures {
        record(app, tx, row, period, (asking, figure)).await?;
    }
    move_measure(tx, row, period, asking).await
}

/// Records an indicator's figure as a value, unless the same stands there already.
async fn record(
    app: &App,
    tx: &mut Tx,
    row: &ReportRow,
    period: &ReportingPeriod,
    (asking, figure): (&Asking, &FigureRow),
) -> Result<()> {
    let asked = asking.figures((row.measure.number, row.unit.as_str()), period.ends, &[]);
    let still = asked
        .iter()
        .any(|f| f.subject == figure.subject && f.of == FigureOf::Indicator);
    let Some(indicator) = asking.indicator(&figure.subject).filter(|_| still) else {
        return Ok(());
    };
    let to = indicator.recordable();
    let unit = asking
        .directory()
        .get(row.unit.as_str())
        .map(|u| u.name.as_str());
    let note = format!("{} · {}", period.title.zh, unit.unwrap_or_default());
    let today = app.now().date();
    let covers = values::validate(&to, (period.ends, figure.value, None), &note, today).map_err(
        |faults| {
            let fault = faults.into_iter().next();
            let (_, code, words) = fault.unwrap_or((
                "value",
                "value_refused",
                Text::new("数值不符合要求。", "The value is refused."),
            ));
            Error::invalid(code, "figures", words)
        },
    )?;
    let stands = values::store::in_force(tx, &indicator.id).await?;
    let same = |v: &values::store::ValueRow| {
        (v.at, v.period, v.source) == (period.ends, covers, Source::Report)
            && v.value == figure.value
    };
    if stands.iter().any(same) {
        return Ok(());
    }
    let new = NewValue {
        at: period.ends,
        value: figure.value,
        period: covers,
        note,
        source: Source::Report,
    };
    let value = values::record(app, tx, &to, new, row.submitted.1.clone()).await?;
    store::figure_recorded(tx, &row.id, &figure.subject, value.id.as_str()).await
}

/// Gives the measure the state that the accepted reports of the period make, unless a later period
/// has spoken already.
async fn move_measure(
    tx: &mut Tx,
    row: &ReportRow,
    period: &ReportingPeriod,
    asking: &Asking,
) -> Result<()> {
    if store::accepted_after(tx, &row.measure.id, period.ends).await? {
        return Ok(());
    }
    // Two reviewers who accept at once wait here, so that the second sees the first's report.
    measures::store::take_turn(tx, &row.measure.id).await?;
    let reports = store::of_measure(tx, &period.id, &row.measure.id).await?;
    let Some(state) = combined(reports.iter()) else {
        return Ok(());
    };
    let measure = measures::store::get(tx, &row.measure.id).await?;
    let note = note(&reports, asking.directory());
    if (measure.state, &measure.state_note) == (state, &note) {
        return Ok(());
    }
    let now = tx.now();
    if !measures::store::set_state(tx, &measure.id, measure.version, (state, &note, now)).await? {
        return Err(Error::precondition_failed());
    }
    let fact = json!({
        "plan": measure.plan_id, "number": measure.number, "before": measure.state,
        "state": state, "note": note, "report": row.id, "period": period.id,
    });
    tx.record(&measures::STATE_CHANGED, measure.id.as_str(), &fact)
        .await
        .map(|_| ())
}

/// What the units said, in the plan's order: `经委：……`.
pub(crate) fn note(reports: &[ReportRow], directory: &Directory) -> String {
    let mut lines = Vec::new();
    for report in reports.iter().filter(|r| r.stage == Stage::Accepted) {
        let unit = directory.get(report.unit.as_str());
        let name = unit.map(|u| u.name.as_str()).unwrap_or_default();
        let state = report.state.map(MeasureState::zh).unwrap_or_default();
        let text: String = report.body.chars().take(EXCERPT_CHARS).collect();
        let more = if report.body.chars().count() > EXCERPT_CHARS {
            "…"
        } else {
            ""
        };
        let line = format!("{name}（{state}）：{text}{more}");
        lines.push(line.replace('\n', " "));
    }
    let all = lines.join("\n");
    all.chars().take(measures::api::NOTE_CHARS_MAX).collect()
}
