//! Entries from a sheet: 名称 | 日期, optionally 统一社会信用代码, 数量, 说明.

use jiff::civil::Date;
use tianyuan_kernel::office::Sheet;
use tianyuan_kernel::text::Text;

use super::Counted;
use super::entries::{NewEntry, Standing, validate};
use crate::bundle::Spot;
use crate::bundle::read::Located;
use crate::workbook::table::{Column, RowReader, Table};

/// Most rows of one sheet.
const ROWS_MAX: usize = 5_000;
/// Most faults told at once.
const FAULTS_MAX: usize = 200;

const fn column(field: &'static str, title: &'static str, required: bool) -> Column {
    Column {
        field,
        title,
        required,
    }
}

const COLUMNS: &[Column] = &[
    column("name", "名称", true),
    column("at", "日期", true),
    column("code", "统一社会信用代码", false),
    column("amount", "数量", false),
    column("note", "说明", false),
];

fn fault(code: &'static str, detail: Text) -> Vec<Located> {
    vec![Located {
        spot: Spot::default(),
        code,
        detail,
    }]
}

/// Reads the first sheet whose header fits; what is counted twice, in the sheet or before, is a
/// fault.
pub(crate) fn read(
    sheets: &[Sheet],
    goal: &Counted,
    mut standing: Standing,
    (today, confirmed): (Date, bool),
) -> Result<Vec<NewEntry>, Vec<Located>> {
    let nothing = || {
        let words = Text::new("没有可导入的条目。", "There are no entries to import.");
        fault("nothing_to_import", words)
    };
    let mut first = None;
    let table = sheets.iter().find_map(|sheet| {
        Table::find(sheet, COLUMNS, |_| None)
            .map_err(|faults| first.get_or_insert(faults).len())
            .ok()
    });
    let Some(table) = table else {
        return Err(first.unwrap_or_else(nothing));
    };
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for (i, mut row) in table.rows().enumerate() {
        if i >= ROWS_MAX {
            let words = tianyuan_kernel::text!(
                "一次最多导入 {ROWS_MAX} 行。",
                "At most {ROWS_MAX} rows at once."
            );
            faults.extend(fault("rows_too_many", words));
            break;
        }
        if let Some(new) = entry(&mut row, goal, (today, confirmed)) {
            match standing.take(&new) {
                Ok(()) => entries.push(new),
                Err((field, code, words)) => row.fault(field, code, words),
            }
        }
        faults.append(&mut row.faults);
    }
    faults.truncate(FAULTS_MAX);
    if !faults.is_empty() {
        return Err(faults);
    }
    if entries.is_empty() {
        Err(nothing())
    } else {
        Ok(entries)
    }
}

fn entry(
    row: &mut RowReader<'_, '_>,
    goal: &Counted,
    (today, confirmed): (Date, bool),
) -> Option<NewEntry> {
    let at = row.date("at");
    let at = row.need("at", at);
    let amount = row.number("amount");
    let written = !row.text("amount").is_empty();
    let at = at?;
    if !row.faults.is_empty() || (written && amount.is_none()) {
        return None;
    }
    let code = row.text("code");
    let new = NewEntry {
        name: row.text("name"),
        code: (!code.is_empty()).then_some(code),
        at,
        amount: amount.unwrap_or(1.0),
        note: row.text("note"),
        confirmed,
    };
    match validate(goal, new, today) {
        Ok(new) => Some(new),
        Err(found) => {
            for (field, code, words) in found {
                row.fault(field, code, words);
            }
            None
        }
    }
}
