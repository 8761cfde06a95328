//! Values from a sheet: 指标序号 | 指标 | 日期 | 数值 | 说明, optionally 口径.

use std::collections::BTreeSet;

use jiff::civil::Date;
use tianyuan_kernel::office::Sheet;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::{NewValue, validate};
use crate::bundle::Spot;
use crate::bundle::read::Located;
use crate::indicators::Access;
use crate::nearest::nearest;
use crate::words::{Period, Source};
use crate::workbook::table::{Column, RowReader, Table};

/// Most rows of one sheet of values.
pub const ROWS_MAX: usize = 20_000;

const COLUMNS: &[Column] = &[
    Column {
        field: "number",
        title: "指标序号",
        required: false,
    },
    Column {
        field: "name",
        title: "指标",
        required: false,
    },
    Column {
        field: "at",
        title: "日期",
        required: true,
    },
    Column {
        field: "value",
        title: "数值",
        required: true,
    },
    Column {
        field: "note",
        title: "说明",
        required: false,
    },
    Column {
        field: "period",
        title: "口径",
        required: false,
    },
];

/// A row that can be recorded.
pub(crate) struct SheetValue {
    /// Its indicator among those known.
    pub(crate) indicator: usize,
    /// What it records.
    pub(crate) new: NewValue,
    spot: Spot,
    value_spot: Spot,
}

impl SheetValue {
    /// The fault of a row whose indicator the caller may not report for.
    pub(crate) fn not_allowed(&self) -> Located {
        let detail = Text::new(
            "您没有填报该指标的权限。",
            "You may not report for this indicator.",
        );
        Located {
            spot: self.spot.clone(),
            code: "not_allowed",
            detail,
        }
    }
}

impl SheetValue {
    /// The fault of a value whose unit is doubted.
    pub(crate) fn doubtful(&self, detail: Text) -> Located {
        Located {
            spot: self.value_spot.clone(),
            code: super::doubt::CODE,
            detail,
        }
    }
}

/// The fault of a sheet without rows.
pub(crate) fn nothing() -> Located {
    let detail = Text::new("没有可导入的数值。", "There are no values to import.");
    Located {
        spot: Spot::default(),
        code: "nothing_to_import",
        detail,
    }
}

/// Reads the first sheet whose header fits. Two rows for one indicator, date and period are a
/// fault: it would not be clear which is meant.
pub(crate) fn read(
    sheets: &[Sheet],
    known: &[Access],
    today: Date,
) -> (Vec<SheetValue>, Vec<Located>) {
    let none = |_: &str| None;
    let mut first = None;
    let table = sheets
        .iter()
        .find_map(|sheet| match Table::find(sheet, COLUMNS, none) {
            Ok(table) => Some(table),
            Err(faults) => {
                first.get_or_insert(faults);
                None
            }
        });
    let Some(table) = table else {
        return (Vec::new(), first.unwrap_or_else(|| vec![nothing()]));
    };
    let (mut values, mut faults) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (i, mut row) in table.rows().enumerate() {
        if i >= ROWS_MAX {
            row.fault(
                "at",
                "too_many_rows",
                text!(
                    "一次最多导入 {ROWS_MAX} 行。",
                    "At most {ROWS_MAX} rows at once."
                ),
            );
            faults.append(&mut row.faults);
            break;
        }
        if let Some(value) = row_value(&mut row, known, today) {
            let key = (value.indicator, value.new.at, value.new.period);
            if seen.insert(key) {
                values.push(value);
            } else {
                let words = Text::new(
                    "同一指标、日期和口径出现两次。",
                    "The same indicator, date and period appear twice.",
                );
                row.fault("at", "duplicate", words);
            }
        }
        faults.append(&mut row.faults);
    }
    (values, faults)
}

fn row_value(row: &mut RowReader<'_, '_>, known: &[Access], today: Date) -> Option<SheetValue> {
    let at = row.date("at");
    let at = row.need("at", at);
    let value = row.number("value");
    let value = row.need("value", value);
    let period = row.word("period", Period::read, Period::choices());
    let note = row.text("note");
    let indicator = indicator(row, known)?;
    let (at, value) = (at?, value?);
    if !row.faults.is_empty() {
        return None;
    }
    let to = known[indicator].recordable();
    match validate(&to, (at, value, period), &note, today) {
        Ok(period) => {
            let new = NewValue {
                at,
                value,
                period,
                note,
                source: Source::Excel,
            };
            Some(SheetValue {
                indicator,
                new,
                spot: row.spot("number"),
                value_spot: row.spot("value"),
            })
        }
        Err(found) => {
            for (field, code, words) in found {
                row.fault(field, code, words);
            }
            None
        }
    }
}

/// Finds the indicator by number, by name, or by both when they agree.
fn indicator(row: &mut RowReader<'_, '_>, known: &[Access]) -> Option<usize> {
    let name = row.text("name");
    let number = row.whole("number");
    if number.is_none() && row.holds("number") {
        return None;
    }
    let by_number = number.map(|n| known.iter().position(|a| a.number == n));
    let by_name = (!name.is_empty()).then(|| known.iter().position(|a| a.name == name));
    match (by_number, by_name) {
        (Some(None), _) => {
            let number = number.unwrap_or_default();
            let words = text!(
                "没有序号为 {number} 的指标。",
                "There is no indicator {number}."
            );
            row.fault("number", "number_unknown", words);
            None
        }
        (Some(Some(i)), Some(other)) if other != Some(i) => {
            let expected = &known[i].name;
            let words = text!(
                "序号与名称不符：该序号的指标是“{expected}”。",
                "Number and name disagree: the indicator of this number is \"{expected}\"."
            );
            row.fault("name", "name_mismatch", words);
            None
        }
        (Some(Some(i)), _) | (None, Some(Some(i))) => Some(i),
        (None, Some(None)) => {
            let near = nearest(&name, known.iter().map(|a| a.name.as_str()));
            let words = match near {
                Some(near) => text!(
                    "没有名为“{name}”的指标，是否应为“{near}”？",
                    "There is no indicator \"{name}\"; did you mean \"{near}\"?"
                ),
                None => text!(
                    "没有名为“{name}”的指标。",
                    "There is no indicator \"{name}\"."
                ),
            };
            row.fault("name", "name_unknown", words);
            None
        }
        (None, None) => {
            let words = Text::new(
                "请填写指标序号或指标名称。",
                "Give the indicator's number or its name.",
            );
            row.fault("number", "required", words);
            None
        }
    }
}
