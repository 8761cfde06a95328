//! Reading workbooks.

use std::collections::HashSet;
use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetVisible, Style, Xlsx, XlsxCellReader};
use jiff::civil::Date;

use super::cell::percent;
use super::guard::{check, malformed, too_large};
use super::{CELL_CHARS_MAX, CELLS_MAX, COLUMNS_MAX, Cell, ROWS_MAX, SHEETS_MAX, Sheet};
use crate::error::Result;

/// Most bytes of text in all cells: one shared text may stand in each of them.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// Most cells looked at, blank ones and each merged area's included.
const VISITS_MAX: usize = 4 * CELLS_MAX;

/// What reading one workbook has used up.
#[derive(Default)]
struct Budget {
    cells: usize,
    visits: usize,
    text_bytes: usize,
}

impl Budget {
    fn visit(&mut self, cells: usize) -> Result<()> {
        self.visits = self.visits.saturating_add(cells);
        within(self.visits, VISITS_MAX)
    }

    fn place(&mut self, cells: usize) -> Result<()> {
        self.cells += cells;
        within(self.cells, CELLS_MAX)
    }

    fn keep(&mut self, cell: &Cell) -> Result<()> {
        let (Cell::Text(text) | Cell::Error(text)) = cell else {
            return Ok(());
        };
        self.text_bytes += text.len();
        within(self.text_bytes, TEXT_BYTES_MAX)?;
        // A character is at least a byte.
        let long = text.len() > CELL_CHARS_MAX && text.chars().count() > CELL_CHARS_MAX;
        if long { Err(too_large()) } else { Ok(()) }
    }
}

fn within(used: usize, max: usize) -> Result<()> {
    if used > max { Err(too_large()) } else { Ok(()) }
}

/// Reads all sheets. Blocks for as long as unpacking takes; call it from a blocking thread.
///
/// # Errors
/// 422 when it is no workbook or exceeds a limit.
pub fn read_xlsx(bytes: &[u8]) -> Result<Vec<Sheet>> {
    check(bytes)?;
    // The parser underneath panics on some damaged files (a merged area that ends before it
    // begins); such a file is the caller's fault, not ours.
    std::panic::catch_unwind(|| read_checked(bytes))
        .unwrap_or_else(|_| Err(malformed("the parser panicked")))
}

fn read_checked(bytes: &[u8]) -> Result<Vec<Sheet>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(malformed)?;
    let metadata = book.sheets_metadata().to_vec();
    if metadata.len() > SHEETS_MAX {
        return Err(too_large());
    }
    let (mut sheets, mut budget) = (Vec::new(), Budget::default());
    for sheet in metadata {
        // No person sees such a sheet; our own writer keeps the words of choices in one.
        if sheet.visible == SheetVisible::VeryHidden {
            continue;
        }
        let name = sheet.name;
        let Some(mut rows) = read_rows(&mut book, &name, &mut budget)? else {
            continue;
        };
        // A chart sheet has no merged cells to ask for.
        if let Ok(areas) = book.merge_cells_by_sheet_name(&name) {
            let blank: Vec<bool> = rows.iter().map(|r| r.iter().all(Cell::is_blank)).collect();
            for area in areas {
                fill(&mut rows, &blank, (area.start, area.end), &mut budget)?;
            }
        }
        sheets.push(Sheet { name, rows });
    }
    Ok(sheets)
}

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

type CellReader<'a, 'b> = XlsxCellReader<'a, Cursor<&'b [u8]>>;

/// `None` for a chart sheet.
fn cells_of<'a, 'b>(book: &'a mut Book<'b>, name: &str) -> Result<Option<CellReader<'a, 'b>>> {
    match book.worksheet_cells_reader(name) {
        Ok(reader) => Ok(Some(reader)),
        Err(calamine::XlsxError::WorksheetNotFound(_) | calamine::XlsxError::NotAWorksheet(_)) => {
            Ok(None)
        }
        Err(error) => Err(malformed(error)),
    }
}

type Rows = Vec<Vec<Cell>>;

fn read_rows(book: &mut Book<'_>, name: &str, budget: &mut Budget) -> Result<Option<Rows>> {
    let percents = percents(book, name, budget)?;
    let Some(mut reader) = cells_of(book, name)? else {
        return Ok(None);
    };
    let mut rows = Rows::new();
    while let Some(cell) = reader.next_cell().map_err(malformed)? {
        budget.visit(1)?;
        let at = cell.get_position();
        let value = match value(cell.get_value()) {
            Cell::Number(number) if percents.contains(&at) => percent(number),
            value => value,
        };
        if value != Cell::Blank {
            budget.keep(&value)?;
            *place(&mut rows, at, budget)? = value;
        }
    }
    Ok(Some(rows))
}

/// Where cells show per cent: the sheet stores 0.45 for what the person typed as 45%.
fn percents(book: &mut Book<'_>, name: &str, budget: &mut Budget) -> Result<HashSet<(u32, u32)>> {
    let mut found = HashSet::new();
    let Some(mut reader) = cells_of(book, name)? else {
        return Ok(found);
    };
    let styles: Vec<bool> = reader.styles().iter().map(shows_percent).collect();
    if !styles.contains(&true) {
        return Ok(found);
    }
    while let Some((row, column, style)) = reader.next_style_id().map_err(malformed)? {
        budget.visit(1)?;
        if styles.get(style) == Some(&true) {
            found.insert((row, column));
        }
    }
    Ok(found)
}

/// True for a format with a bare `%`; one in quotes is only shown and multiplies nothing.
fn shows_percent(style: &Style) -> bool {
    let Some(format) = &style.number_format else {
        return false;
    };
    let (mut quoted, mut escaped) = (false, false);
    for c in format.format_code.chars() {
        match c {
            _ if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' if !quoted => escaped = true,
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

/// Makes room for a cell, within the limits.
fn place<'a>(
    rows: &'a mut Rows,
    (row, column): (u32, u32),
    budget: &mut Budget,
) -> Result<&'a mut Cell> {
    let (row, column) = (row as usize, column as usize);
    if row >= ROWS_MAX || column >= COLUMNS_MAX {
        return Err(too_large());
    }
    if rows.len() <= row {
        rows.resize(row + 1, Vec::new());
    }
    let cells_of_row = &mut rows[row];
    if cells_of_row.len() <= column {
        budget.place(column + 1 - cells_of_row.len())?;
        cells_of_row.resize(column + 1, Cell::Blank);
    }
    Ok(&mut cells_of_row[column])
}

/// Gives every cell of a merged area the value of its first, as far down as the sheet goes.
fn fill(
    rows: &mut Rows,
    blank: &[bool],
    ((top, left), (bottom, right)): ((u32, u32), (u32, u32)),
    budget: &mut Budget,
) -> Result<()> {
    let first = rows
        .get(top as usize)
        .and_then(|r| r.get(left as usize))
        .cloned();
    let Some(first) = first.filter(|c| *c != Cell::Blank) else {
        return Ok(());
    };
    let bottom = bottom.min(u32::try_from(rows.len().saturating_sub(1)).unwrap_or(u32::MAX));
    let right = right.min(COLUMNS_MAX as u32 - 1);
    for row in top..=bottom {
        budget.visit(1)?;
        // Rows that hold nothing of their own stay blank.
        if row > top && blank[row as usize] {
            continue;
        }
        for column in left..=right {
            budget.visit(1)?;
            let cell = place(rows, (row, column), budget)?;
            if *cell == Cell::Blank {
                budget.keep(&first)?;
                *cell = first.clone();
            }
        }
    }
    Ok(())
}

fn value(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::Int(int) => Cell::Number(*int as f64),
        DataRef::Float(float) => Cell::Number(*float),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(bool) => Cell::Bool(*bool),
        DataRef::DateTime(at) => date(at).map_or(Cell::Number(at.as_f64()), Cell::Date),
        DataRef::DateTimeIso(text) => {
            let day = text.get(..10).and_then(|d| d.parse().ok());
            day.map_or_else(|| Cell::Text(text.clone()), Cell::Date)
        }
        DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::Error(error) => Cell::Error(error.to_string()),
        DataRef::Empty => Cell::Blank,
    }
}

fn date(at: &ExcelDateTime) -> Option<Date> {
    if !at.is_datetime() || at.as_f64() < 1.0 {
        return None;
    }
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    let (year, month, day) = (
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    );
    Date::new(year, month, day).ok()
}
