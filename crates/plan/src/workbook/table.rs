//! A sheet as a table: a header row found by its words, columns by name, rows read cell by cell
//! with every fault placed at sheet, row and column.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::office::{Cell, Sheet, column_letters};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use crate::bundle::Spot;
use crate::bundle::read::Located;
use crate::nearest::nearest;

/// The header is looked for in this many rows; titles may stand above it.
const HEADER_ROWS_MAX: usize = 10;

/// A column: its field in the bundle, and the words that head it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The field, such as `summary.zh`.
    pub(crate) field: &'static str,
    /// The words a workbook shows.
    pub(crate) title: &'static str,
    /// True when a sheet without it cannot be read.
    pub(crate) required: bool,
}

/// A sheet whose header was found.
pub(crate) struct Table<'a> {
    sheet: &'a Sheet,
    header: usize,
    /// Field to column index, from 0.
    pub(crate) columns: BTreeMap<String, usize>,
}

/// Heading words as compared: no blanks, full-width brackets as ASCII, no star of a required one.
fn plain(words: &str) -> String {
    let folded = words.chars().map(|c| match c {
        '（' => '(',
        '）' => ')',
        '：' => ':',
        c => c,
    });
    folded
        .filter(|c| !c.is_whitespace() && *c != '*' && *c != '＊')
        .collect()
}

impl<'a> Table<'a> {
    /// Finds the header. `extra` reads further columns (years of targets) from their words.
    pub(crate) fn find(
        sheet: &'a Sheet,
        known: &[Column],
        extra: fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Located>> {
        let mut best: (usize, BTreeMap<String, usize>) = (0, BTreeMap::new());
        for (i, row) in sheet.rows.iter().enumerate().take(HEADER_ROWS_MAX) {
            let mut columns = BTreeMap::new();
            for (c, cell) in row.iter().enumerate() {
                let words = plain(&cell.text());
                let field = known
                    .iter()
                    .find(|k| plain(k.title) == words || k.field == words)
                    .map(|k| k.field.to_owned())
                    .or_else(|| extra(&words));
                if let Some(field) = field {
                    columns.entry(field).or_insert(c);
                }
            }
            if columns.len() > best.1.len() {
                best = (i, columns);
            }
        }
        let (header, columns) = best;
        let missing: Vec<&Column> = known
            .iter()
            .filter(|k| k.required && !columns.contains_key(k.field))
            .collect();
        if missing.is_empty() {
            return Ok(Self {
                sheet,
                header,
                columns,
            });
        }
        let heads: Vec<String> = sheet
            .rows
            .get(header)
            .map(|row| row.iter().map(|c| c.text().trim().to_owned()).collect())
            .unwrap_or_default();
        let row = u32::try_from(header + 1).ok();
        Err(missing
            .into_iter()
            .map(|column| {
                let title = column.title;
                let near = nearest(title, heads.iter().map(String::as_str));
                let (zh, en) = near.map_or_else(Default::default, |near| {
                    (
                        format!("，“{near}”是否应为它？"),
                        format!("; is \"{near}\" meant to be it?"),
                    )
                });
                let spot = Spot {
                    sheet: sheet.name.clone(),
                    row,
                    column: None,
                };
                let detail = text!(
                    "表头缺少“{title}”一列{zh}",
                    "The header lacks the column {title}{en}"
                );
                Located {
                    spot,
                    code: "column_missing",
                    detail,
                }
            })
            .collect())
    }

    /// The letters of a field's column.
    pub(crate) fn letters(&self, field: &str) -> Option<String> {
        self.columns.get(field).map(|c| column_letters(*c))
    }

    /// The rows below the header that hold anything in a known column.
    pub(crate) fn rows<'t>(&'t self) -> impl Iterator<Item = RowReader<'t, 'a>> {
        let all = self.sheet.rows.iter().enumerate().skip(self.header + 1);
        all.filter(|(_, cells)| {
            self.columns
                .values()
                .any(|c| cells.get(*c).is_some_and(|cell| !cell.is_blank()))
        })
        .map(|(i, cells)| RowReader {
            table: self,
            number: u32::try_from(i + 1).unwrap_or(u32::MAX),
            cells,
            faults: Vec::new(),
        })
    }
}

/// One row, read field by field; what is wrong is collected.
pub(crate) struct RowReader<'t, 'a> {
    table: &'t Table<'a>,
    /// The row as the sheet counts it, from 1.
    pub(crate) number: u32,
    cells: &'a [Cell],
    pub(crate) faults: Vec<Located>,
}

impl RowReader<'_, '_> {
    /// The place of a field in this row.
    pub(crate) fn spot(&self, field: &str) -> Spot {
        Spot {
            sheet: self.table.sheet.name.clone(),
            row: Some(self.number),
            column: self.table.letters(field),
        }
    }

    /// Notes that a field is wrong.
    pub(crate) fn fault(&mut self, field: &str, code: &'static str, detail: Text) {
        let spot = self.spot(field);
        self.faults.push(Located { spot, code, detail });
    }

    fn cell(&self, field: &str) -> Option<&Cell> {
        let cell = self.cells.get(*self.table.columns.get(field)?)?;
        (!cell.is_blank()).then_some(cell)
    }

    /// True when the cell holds anything.
    pub(crate) fn holds(&self, field: &str) -> bool {
        self.cell(field).is_some()
    }

    /// Text; empty when the cell is. An error value or a formula without a result is no text.
    pub(crate) fn text(&mut self, field: &str) -> String {
        let Some(cell) = self.cell(field) else {
            return String::new();
        };
        let (text, fault) = (cell.text().trim().to_owned(), cell.fault());
        if let Some(words) = fault {
            self.fault(field, "not_text", words);
        }
        text
    }

    /// Names separated by `、`, commas, semicolons or line breaks.
    pub(crate) fn list(&mut self, field: &str) -> Vec<String> {
        let text = self.text(field);
        let parts = text.split(['、', ',', '，', ';', '；', '\n', '\r']);
        parts
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A number, if the cell holds anything.
    pub(crate) fn number(&mut self, field: &str) -> Option<f64> {
        match self.cell(field)?.number() {
            Ok(number) => Some(number),
            Err(words) => {
                self.fault(field, "not_a_number", words);
                None
            }
        }
    }

    /// A whole number, if the cell holds anything.
    pub(crate) fn whole(&mut self, field: &str) -> Option<i64> {
        let number = self.number(field)?;
        if number.fract() == 0.0 && number.abs() < 1e9 {
            return Some(number as i64);
        }
        let words = text!(
            "应为整数，收到 {number}。",
            "A whole number is needed; got {number}."
        );
        self.fault(field, "not_whole", words);
        None
    }

    /// A date, if the cell holds anything.
    pub(crate) fn date(&mut self, field: &str) -> Option<Date> {
        match self.cell(field)?.date() {
            Ok(date) => Some(date),
            Err(words) => {
                self.fault(field, "not_a_date", words);
                None
            }
        }
    }

    /// A word of a closed vocabulary, if the cell holds anything.
    pub(crate) fn word<T>(
        &mut self,
        field: &str,
        read: fn(&str) -> Option<T>,
        choices: String,
    ) -> Option<T> {
        let told = self.faults.len();
        let text = self.text(field);
        if text.is_empty() || self.faults.len() > told {
            return None;
        }
        let found = read(&text);
        if found.is_none() {
            let words = text!(
                "“{text}”不在可选项中：{choices}。",
                "\"{text}\" is not one of: {choices}."
            );
            self.fault(field, "not_a_choice", words);
        }
        found
    }

    /// Notes that a field is needed when it was left empty; wrong content was told already.
    pub(crate) fn need<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.cell(field).is_none() {
            self.fault(
                field,
                "required",
                Text::new("此项必填。", "This is required."),
            );
        }
        value
    }
}
