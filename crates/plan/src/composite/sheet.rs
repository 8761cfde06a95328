//! A matrix of one's own from a sheet: names in the first column, a variable in each further one.
//! Rows named 方向, 单位 and 参照值 may stand above the data.

use std::collections::BTreeSet;

use tianyuan_kernel::office::{Cell, OutSheet, Sheet, column_letters};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::rules::{ENTITIES_MAX, Entity, Matrix, VARIABLES_MAX, Variable};
use crate::bundle::Spot;
use crate::bundle::read::Located;
use crate::words::Direction;
use crate::workbook::out::Out;

/// Longest name of an entity or variable, characters.
const NAME_CHARS_MAX: usize = 100;
/// The row that says which way is better.
const DIRECTION: &str = "方向";
/// The row that names units of measurement.
const UNIT: &str = "单位";
/// The row of reference values.
const REFERENCE: &str = "参照值";
/// Faults told at once.
const FAULTS_MAX: usize = 100;

struct Reader<'a> {
    sheet: &'a Sheet,
    faults: Vec<Located>,
}

impl Reader<'_> {
    fn cell(&self, row: usize, column: usize) -> &Cell {
        let cell = self.sheet.rows.get(row).and_then(|r| r.get(column));
        cell.unwrap_or(&Cell::Blank)
    }

    fn text(&self, row: usize, column: usize) -> String {
        self.cell(row, column).text().trim().to_owned()
    }

    fn fault(&mut self, row: usize, column: usize, code: &'static str, detail: Text) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Located {
                spot: Spot {
                    sheet: self.sheet.name.clone(),
                    row: u32::try_from(row + 1).ok(),
                    column: Some(column_letters(column)),
                },
                code,
                detail,
            });
        }
    }

    fn number(&mut self, row: usize, column: usize) -> Option<f64> {
        if self.cell(row, column).is_blank() {
            return None;
        }
        match self.cell(row, column).number() {
            Ok(number) if number.abs() < 1e15 => Some(number),
            Ok(number) => {
                let words = text!("数值过大：{number}。", "Too large: {number}.");
                self.fault(row, column, "out_of_range", words);
                None
            }
            Err(words) => {
                self.fault(row, column, "not_a_number", words);
                None
            }
        }
    }

    /// Names in a row or column: each there, not too long, none twice.
    fn name(&mut self, (row, column): (usize, usize), seen: &mut BTreeSet<String>) -> String {
        let name = self.text(row, column);
        if name.is_empty() {
            let words = Text::new("缺少名称。", "The name is missing.");
            self.fault(row, column, "required", words);
        } else if name.chars().count() > NAME_CHARS_MAX {
            let words = text!(
                "名称最多 {NAME_CHARS_MAX} 个字符。",
                "A name has at most {NAME_CHARS_MAX} characters."
            );
            self.fault(row, column, "too_long", words);
        } else if !seen.insert(name.clone()) {
            let words = text!("“{name}”出现了两次。", "“{name}” stands there twice.");
            self.fault(row, column, "twice", words);
        }
        name
    }
}

/// Reads a sheet.
pub(crate) fn read(sheets: &[Sheet]) -> Result<Matrix, Vec<Located>> {
    let filled = |s: &&Sheet| s.rows.iter().any(|r| r.iter().any(|c| !c.is_blank()));
    let Some(sheet) = sheets.iter().find(filled) else {
        return Err(vec![nothing()]);
    };
    let mut reader = Reader {
        sheet,
        faults: Vec::new(),
    };
    let blank = |row: &Vec<Cell>| row.iter().all(Cell::is_blank);
    let head = sheet.rows.iter().position(|r| !blank(r)).unwrap_or(0);
    let width = sheet.rows[head]
        .iter()
        .rposition(|c| !c.is_blank())
        .map_or(0, |c| c + 1);
    let rows: Vec<usize> = (head + 1..sheet.rows.len())
        .filter(|r| !blank(&sheet.rows[*r]))
        .collect();
    let (special, data): (Vec<usize>, Vec<usize>) = rows
        .into_iter()
        .partition(|r| [DIRECTION, UNIT, REFERENCE].contains(&reader.text(*r, 0).as_str()));
    if width < 2 || data.is_empty() {
        return Err(vec![nothing()]);
    }
    for (got, most, zh, en) in [
        (width - 1, VARIABLES_MAX, "变量", "variables"),
        (data.len(), ENTITIES_MAX, "对象", "rows"),
    ] {
        if got > most {
            let words = text!(
                "最多 {most} 个{zh}，收到 {got} 个。",
                "At most {most} {en}; got {got}."
            );
            reader.fault(head, 0, "too_many", words);
            return Err(reader.faults);
        }
    }
    let mut seen = BTreeSet::new();
    let variables = (1..width)
        .map(|c| variable(&mut reader, (head, c), &special, &mut seen))
        .collect();
    let mut seen = BTreeSet::new();
    let entities: Vec<Entity> = data
        .iter()
        .map(|r| {
            let name = reader.name((*r, 0), &mut seen);
            Entity {
                id: name.clone(),
                name,
                name_en: String::new(),
            }
        })
        .collect();
    let mut cells = Vec::with_capacity(data.len() * (width - 1));
    for column in 1..width {
        for row in &data {
            cells.push(reader.number(*row, column));
        }
    }
    if reader.faults.is_empty() {
        Ok(Matrix {
            entities,
            variables,
            cells,
        })
    } else {
        Err(reader.faults)
    }
}

fn variable(
    reader: &mut Reader<'_>,
    (head, column): (usize, usize),
    special: &[usize],
    seen: &mut BTreeSet<String>,
) -> Variable {
    let name = reader.name((head, column), seen);
    let (mut direction, mut unit, mut reference) = (Direction::Up, String::new(), None);
    for row in special {
        let words = reader.text(*row, column);
        match reader.text(*row, 0).as_str() {
            DIRECTION if !words.is_empty() => match Direction::read(&words) {
                Some(read) => direction = read,
                None => {
                    let choices = Direction::choices();
                    let detail = text!(
                        "“{words}”不在可选项中：{choices}。",
                        "“{words}” is not one of: {choices}."
                    );
                    reader.fault(*row, column, "not_a_choice", detail);
                }
            },
            UNIT => unit = words.chars().take(20).collect(),
            REFERENCE => reference = reader.number(*row, column),
            _ => {}
        }
    }
    Variable {
        key: format!("v{column:02}"),
        name: Text::of(name.clone(), name),
        unit,
        direction,
        reference,
        formula: Text::new("上传的表格。", "From the sheet."),
    }
}

fn nothing() -> Located {
    Located {
        spot: Spot::default(),
        code: "nothing_to_import",
        detail: Text::new(
            "表格应在首行写变量名，首列写对象名，其余为数值。",
            "The first row names variables, the first column names what is ranked; the rest are numbers.",
        ),
    }
}

/// An empty sheet with these names.
pub(crate) fn template(names: &[String]) -> OutSheet {
    let text = |words: &str| Out::Text(words.to_owned());
    let up = text(Direction::Up.zh());
    let mut rows = vec![
        vec![text(DIRECTION), up.clone(), up],
        vec![text(UNIT), text("%"), text("件")],
        vec![text(REFERENCE), Out::Number(100.0), Out::Blank],
    ];
    rows.extend(names.iter().map(|n| vec![text(n), Out::Blank, Out::Blank]));
    OutSheet {
        name: "评价数据".to_owned(),
        heads: ["对象", "变量一", "变量二"].map(str::to_owned).to_vec(),
        rows,
        choices: Vec::new(),
    }
}
