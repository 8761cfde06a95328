//! The steps of a report as operations: each checks the rule, changes the row at its version and
//! writes its fact, in the caller's transaction.

use jiff::civil::Date;
use serde_json::json;
use tianyuan_kernel::party::{UnitId, UnitKind};
use tianyuan_kernel::prelude::*;

use super::figures::{self, Asking, FigureFault, FigureGiven};
use super::store::{self, ReportRow};
use super::{
    REPORT_ACCEPTED, REPORT_DELEGATED, REPORT_ENDORSED, REPORT_RETURNED, REPORT_SAVED,
    REPORT_SUBMITTED, accept, rules,
};
use crate::periods::ReportingPeriod;
use crate::words::MeasureState;
use rules::Step;

/// What a report says, as written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) state: Option<MeasureState>,
    pub(crate) body: String,
    pub(crate) figures: Vec<FigureGiven>,
}

/// Everything wrong with the figures of a report, as one answer; `at` names a figure's place.
pub(crate) fn refused(faults: Vec<FigureFault>) -> Result<()> {
    let fields: Vec<FieldError> = faults
        .into_iter()
        .map(|(i, field, code, detail)| FieldError {
            field: format!("figures[{i}].{field}"),
            code,
            detail,
        })
        .collect();
    let error = match fields.as_slice() {
        [] => return Ok(()),
        [only] => Error::invalid(only.code, only.field.clone(), only.detail.clone()),
        [first, ..] => {
            let words = Text::new("有多处数值不符合要求。", "Several figures are wrong.");
            Error::invalid(first.code, first.field.clone(), words).with_fields(fields.clone())
        }
    };
    let doubted = fields.iter().any(|f| f.code == crate::values::doubt::CODE);
    Err(if doubted {
        error.hint(Text::new(
            "数值属实时，以 confirmed: true 再次提交。",
            "If the value is right, send it again with confirmed: true.",
        ))
    } else {
        error
    })
}

/// Keeps what was written. Saying the same again changes and records nothing.
pub(crate) async fn save(
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
    asking: &Asking,
    written: Written,
) -> Result<ReportRow> {
    let stage = rules::take(Step::Save, row.stage, period.state)?;
    let body = written.body.trim().to_owned();
    rules::check_body(&body)?;
    let have = store::figures(tx, &row.id).await?;
    let asked = asking.figures((row.measure.number, row.unit.as_str()), period.ends, &have);
    refused(figures::faults(&asked, &written.figures))?;
    let changed: Vec<&FigureGiven> = written
        .figures
        .iter()
        .filter(|given| {
            let figure = asked.iter().find(|f| f.subject == given.subject);
            figure.is_some_and(|f| f.value != given.value || f.confirmed != given.confirmed)
        })
        .collect();
    if (row.state, &row.body, row.stage) == (written.state, &body, stage) && changed.is_empty() {
        return Ok(row);
    }
    for given in changed {
        let value = given.value.map(|v| (v, given.confirmed));
        store::set_figure(tx, &row.id, &given.subject, value).await?;
    }
    row.stage = stage;
    row.state = written.state;
    row.body = body;
    let row = kept(tx, row).await?;
    let fact = fact(
        &row,
        json!({ "state": row.state, "chars": row.body.chars().count() }),
    );
    tx.record(&REPORT_SAVED, row.id.as_str(), &fact).await?;
    Ok(row)
}

/// Sends a report for review.
pub(crate) async fn submit(
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
    today: Date,
) -> Result<ReportRow> {
    row.stage = rules::take(Step::Submit, row.stage, period.state)?;
    rules::check_complete(row.state, &row.body)?;
    let figures = store::figures(tx, &row.id).await?;
    figures::check_time(period, !figures.is_empty(), today)?;
    row.submitted = (Some(tx.now()), tx.actor().map(str::to_owned));
    row.endorsed = (None, None);
    let row = kept(tx, row).await?;
    let figures: Vec<_> = figures
        .iter()
        .map(|f| json!({ "subject": f.subject, "value": f.value, "confirmed": f.confirmed }))
        .collect();
    let said = json!({ "state": row.state, "body": row.body, "figures": figures });
    let fact = fact(&row, said);
    tx.record(&REPORT_SUBMITTED, row.id.as_str(), &fact).await?;
    Ok(row)
}

/// The unit's lead stands behind a report. Doing it twice does it once.
pub(crate) async fn endorse(
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
) -> Result<ReportRow> {
    row.stage = rules::take(Step::Endorse, row.stage, period.state)?;
    if row.endorsed.0.is_some() {
        return Ok(row);
    }
    row.endorsed = (Some(tx.now()), tx.actor().map(str::to_owned));
    let row = kept(tx, row).await?;
    let fact = fact(&row, json!({}));
    tx.record(&REPORT_ENDORSED, row.id.as_str(), &fact).await?;
    Ok(row)
}

/// Sends a report back with a comment.
pub(crate) async fn send_back(
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
    comment: &str,
) -> Result<ReportRow> {
    let comment = comment.trim();
    rules::check_comment(comment)?;
    row.stage = rules::take(Step::Return, row.stage, period.state)?;
    row.comment = comment.to_owned();
    row.reviewed = (Some(tx.now()), tx.actor().map(str::to_owned));
    row.endorsed = (None, None);
    let row = kept(tx, row).await?;
    let fact = fact(&row, json!({ "comment": row.comment }));
    tx.record(&REPORT_RETURNED, row.id.as_str(), &fact).await?;
    Ok(row)
}

/// Accepts a report: its state and figures flow into the measure and the indicators.
pub(crate) async fn accept(
    app: &App,
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
    asking: &Asking,
) -> Result<ReportRow> {
    row.stage = rules::take(Step::Accept, row.stage, period.state)?;
    row.reviewed = (Some(tx.now()), tx.actor().map(str::to_owned));
    let row = kept(tx, row).await?;
    let fact = fact(&row, json!({ "state": row.state }));
    tx.record(&REPORT_ACCEPTED, row.id.as_str(), &fact).await?;
    accept::take_over(app, tx, &row, period, asking).await?;
    Ok(row)
}

/// Hands a report to another unit or a person who is known, or takes it back (neither).
pub(crate) async fn delegate(
    tx: &mut Tx,
    mut row: ReportRow,
    period: &ReportingPeriod,
    (unit, person): (Option<UnitId>, Option<String>),
) -> Result<ReportRow> {
    row.stage = rules::take(Step::Delegate, row.stage, period.state)?;
    if let Some(unit) = &unit {
        let found = tianyuan_kernel::party::get(tx, unit).await;
        let single = found.is_ok_and(|u| u.kind != UnitKind::Group) && *unit != row.unit;
        if !single {
            let words = Text::new(
                "请选择另一个单位，不能是统称，也不能是本单位。",
                "Choose another single unit: no group, and not the unit itself.",
            );
            return Err(Error::invalid("unit_unknown", "unit_id", words));
        }
    }
    if (&row.delegate_unit, &row.delegate_person) == (&unit, &person) {
        return Ok(row);
    }
    row.delegate_unit = unit;
    row.delegate_person = person;
    let row = kept(tx, row).await?;
    let to = json!({ "to_unit": row.delegate_unit, "to_person": row.delegate_person });
    let fact = fact(&row, to);
    tx.record(&REPORT_DELEGATED, row.id.as_str(), &fact).await?;
    Ok(row)
}

/// Writes the row at its version; answers it at the next.
async fn kept(tx: &mut Tx, mut row: ReportRow) -> Result<ReportRow> {
    if !store::update(tx, &row).await? {
        return Err(Error::precondition_failed());
    }
    row.version += 1;
    Ok(row)
}

/// What every fact of a report says, and more.
fn fact(row: &ReportRow, more: serde_json::Value) -> serde_json::Value {
    let mut fact = json!({
        "plan": row.plan, "period": row.period, "measure": row.measure.number, "unit": row.unit,
        "stage": row.stage,
    });
    if let (Some(fact), serde_json::Value::Object(more)) = (fact.as_object_mut(), more) {
        fact.extend(more);
    }
    fact
}
