//! Recorded values of indicators (指标数值). Every recording is a revision: for one indicator,
//! date and period the revisions count from 1, the last is in force, none is ever changed.
//!
//! Invariant: a value and its fact (`indicator.value_recorded`) are written in one transaction.

pub mod api;
pub mod doubt;
pub mod measure;
pub mod range;
pub mod sheet;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::App;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use crate::bundle::check::YEARS;
use crate::indicators::IndicatorId;
use crate::indicators::rules::{default_period, period_fits};
use crate::plans::PlanId;
use crate::words::{Nature, Period, Source};

tianyuan_kernel::id!(ValueId, "value", "A recorded value of an indicator.");

/// A value was recorded.
pub const VALUE_RECORDED: Kind = Kind::new(
    "indicator.value_recorded",
    Log::Material,
    "填报数值",
    "Value recorded",
)
.open(&["indicator", "at", "period", "value", "revision", "source"])
.staff();

/// Longest note, characters.
pub const NOTE_CHARS_MAX: usize = 2_000;

/// A value about to be recorded.
#[derive(Clone, Debug)]
pub struct NewValue {
    /// The date it stands for.
    pub at: Date,
    /// The value, in the indicator's unit.
    pub value: f64,
    /// What it covers.
    pub period: Period,
    /// A remark; sealed in the ledger.
    pub note: String,
    /// Where it came from.
    pub source: Source,
}

/// What the rules of recording need to know of an indicator.
#[derive(Clone, Debug)]
pub struct Recordable {
    /// The indicator.
    pub id: IndicatorId,
    /// Its edition.
    pub plan: PlanId,
    /// Its unit.
    pub unit: String,
    /// What kind of quantity it is.
    pub nature: Nature,
}

/// One thing wrong with a value: the field, a stable code and words.
pub type ValueFault = (&'static str, &'static str, Text);

/// Checks a value before it is recorded and fills in its default period.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate(
    to: &Recordable,
    (at, value, period): (Date, f64, Option<Period>),
    note: &str,
    today: Date,
) -> Result<Period, Vec<ValueFault>> {
    let mut faults = Vec::new();
    let period = period.unwrap_or_else(|| default_period(to.nature, at));
    if !YEARS.contains(&i64::from(at.year())) {
        let words = text!(
            "日期应在 1990 到 2100 年之间，收到 {at}。",
            "The date lies between 1990 and 2100; got {at}."
        );
        faults.push(("at", "date_out_of_range", words));
    } else if at > today.tomorrow().unwrap_or(today) {
        let words = text!(
            "不能填报未来的数值：{at} 晚于今天 {today}。",
            "A value cannot be recorded ahead of time: {at} is after today, {today}."
        );
        faults.push(("at", "date_in_future", words));
    }
    if !period_fits(to.nature, period, at) {
        faults.push(("period", "period_mismatch", period_words(to.nature)));
    }
    if let Err((code, words)) = range::check(&to.unit, value) {
        faults.push(("value", code, words));
    }
    let size = note.chars().count();
    if size > NOTE_CHARS_MAX {
        let words = text!(
            "说明最多 {NOTE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A note has at most {NOTE_CHARS_MAX} characters; got {size}."
        );
        faults.push(("note", "too_long", words));
    }
    if note.contains('\0') {
        let words = Text::new(
            "说明中含有空字符（U+0000），请删除。",
            "The note holds a NUL character (U+0000); remove it.",
        );
        faults.push(("note", "nul_character", words));
    }
    if faults.is_empty() {
        Ok(period)
    } else {
        Err(faults)
    }
}

/// Asks about a value that is thousands of times off the last comparable one: see [`doubt`].
pub(crate) async fn doubted(
    sql: &mut dyn Sql,
    to: &Recordable,
    (at, period, value): (Date, Period, f64),
) -> Result<Option<Text>> {
    let known = store::in_force(sql, &to.id).await?;
    let last = known.iter().rev().find(|v| v.value != 0.0);
    let last = last.map(|v| doubt::comparable((v.at, v.period, v.value), (at, period)));
    Ok(doubt::doubt(&to.unit, value, &[last]))
}

fn period_words(nature: Nature) -> Text {
    match nature {
        Nature::Flow => Text::new(
            "流量指标的口径为“年初至今”（ytd）；“全年”（annual）只用于 12 月 31 日。",
            "A flow is reported \"ytd\"; \"annual\" is for 31 December only.",
        ),
        Nature::Stock | Nature::Level => Text::new(
            "存量和水平指标的口径只能为“时点”（point）。",
            "A stock or level is reported as \"point\" only.",
        ),
    }
}

#[derive(Serialize)]
struct Recorded<'a> {
    plan: &'a PlanId,
    indicator: &'a IndicatorId,
    at: Date,
    period: Period,
    value: f64,
    revision: i64,
    source: Source,
    note: &'a str,
}

/// Records a checked value as the next revision of its date and period.
pub(crate) async fn record(
    app: &App,
    tx: &mut Tx,
    to: &Recordable,
    new: NewValue,
    by: Option<String>,
) -> Result<store::ValueRow> {
    let revision = store::next_revision(tx, &to.id, new.at, new.period).await?;
    let body = Recorded {
        plan: &to.plan,
        indicator: &to.id,
        at: new.at,
        period: new.period,
        value: new.value,
        revision,
        source: new.source,
        note: &new.note,
    };
    let fact = tx.record(&VALUE_RECORDED, to.id.as_str(), &body).await?;
    let row = store::ValueRow {
        id: ValueId::new(app),
        at: new.at,
        value: new.value,
        period: new.period,
        note: new.note,
        source: new.source,
        revision,
        superseded: false,
        recorded_at: recorded_at(app),
        recorded_by: by,
        fact_id: fact.as_str().to_owned(),
    };
    store::insert(tx, &to.id, &row).await?;
    Ok(row)
}

fn recorded_at(app: &App) -> Micros {
    app.now()
}
