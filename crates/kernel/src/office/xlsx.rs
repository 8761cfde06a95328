//! Reading workbooks.

use std::collections::HashSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

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

/// How often the parser may read the file over: each sheet is gone through three times. More are
/// sheets that share a part, a small file that is large work.
const PASSES_MAX: u64 = 6;
/// What it may read beyond that: headers and the directory.
const READ_BYTES_MORE: u64 = 1 << 20;

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
    let formulas = check(bytes)?.formulas > 0;
    // The parser underneath panics on some damaged files (a merged area that ends before it
    // begins); such a file is the caller's fault, not ours.
    std::panic::catch_unwind(|| read_checked(bytes, formulas))
        .unwrap_or_else(|_| Err(malformed("the parser panicked")))
}

fn read_checked(bytes: &[u8], formulas: bool) -> Result<Vec<Sheet>> {
    let mut book: Book<'_> = Xlsx::new(Rationed::new(bytes)).map_err(malformed)?;
    let metadata = book.sheets_metadata().to_vec();
    if metadata.len() > SHEETS_MAX {
        return Err(too_large());
    }
    let names: HashSet<&str> = metadata.iter().map(|s| s.name.as_str()).collect();
    if names.len() < metadata.len() {
        // The parser finds a sheet by its name: the second would read as the first.
        return Err(malformed("two sheets of one name"));
    }
    let (mut sheets, mut budget) = (Vec::new(), Budget::default());
    for sheet in metadata {
        // No person sees such a sheet; our own writer keeps the words of choices in one.
        if sheet.visible == SheetVisible::VeryHidden {
            continue;
        }
        let name = sheet.name;
        let Some(mut rows) = read_rows(&mut book, &name, formulas, &mut budget)? else {
            continue;
        };
        let blank: Vec<bool> = rows.iter().map(|r| r.iter().all(Cell::is_blank)).collect();
        let areas = book.merge_cells_by_sheet_name(&name).map_err(malformed)?;
        for area in areas {
            fill(&mut rows, &blank, (area.start, area.end), &mut budget)?;
        }
        sheets.push(Sheet { name, rows });
    }
    Ok(sheets)
}

/// A file of which only so much can be read.
struct Rationed<'a> {
    file: Cursor<&'a [u8]>,
    left: u64,
}

impl<'a> Rationed<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            file: Cursor::new(bytes),
            left: PASSES_MAX * bytes.len() as u64 + READ_BYTES_MORE,
        }
    }
}

impl Read for Rationed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        let left = self.left.checked_sub(n as u64);
        self.left = left.ok_or_else(|| io::Error::other("read over too often"))?;
        Ok(n)
    }
}

impl Seek for Rationed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

type Book<'a> = Xlsx<Rationed<'a>>;

type CellReader<'a, 'b> = XlsxCellReader<'a, Rationed<'b>>;

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

fn read_rows(
    book: &mut Book<'_>,
    name: &str,
    formulas: bool,
    budget: &mut Budget,
) -> Result<Option<Rows>> {
    let from_1904 = book.has_1904_epoch();
    let uncalculated = if formulas {
        uncalculated(book, name, budget)?
    } else {
        HashSet::new()
    };
    let Some(mut reader) = cells_of(book, name)? else {
        return Ok(None);
    };
    let percents: Vec<bool> = reader.styles().iter().map(shows_percent).collect();
    let mut rows = Rows::new();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(malformed)? {
        budget.visit(1)?;
        let at = cell.get_position();
        let value = match value(cell.get_value()) {
            // The sheet stores 0.45 for what the person typed as 45%.
            Cell::Number(number) if percents.get(style) == Some(&true) => percent(number),
            Cell::Number(number) if from_1904 => Cell::Number1904(number),
            Cell::Blank if uncalculated.contains(&at) => Cell::Uncalculated,
            value => value,
        };
        if value != Cell::Blank {
            budget.keep(&value)?;
            *place(&mut rows, at, budget)? = value;
        }
    }
    Ok(Some(rows))
}

/// Where formulas stand that no program has calculated.
fn uncalculated(
    book: &mut Book<'_>,
    name: &str,
    budget: &mut Budget,
) -> Result<HashSet<(u32, u32)>> {
    let mut found = HashSet::new();
    let Some(mut reader) = cells_of(book, name)? else {
        return Ok(found);
    };
    while let Some(cell) = reader
        .next_cell_with_formula_metadata()
        .map_err(malformed)?
    {
        budget.visit(1)?;
        if cell.formula.is_some() && cell.value == DataRef::Empty {
            budget.place(1)?;
            found.insert(cell.pos);
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
        budget.visit(row + 1 - rows.len())?;
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
    budget.visit(1)?;
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
