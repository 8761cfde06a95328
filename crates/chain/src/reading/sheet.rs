//! Workbooks: read whole, within the limits of `kernel::office`, since a sheet cannot be streamed
//! without its shared texts.

use std::io::Read as _;

use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::office::{Cell, Sheet, read_xlsx};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::header::{self, Found};
use super::{Each, Encoding, Format, Layout, Open, Row, cell_fault};

/// Most bytes of a workbook.
const WORKBOOK_BYTES_MAX: u64 = 64 << 20;
/// Rows that tell the header.
const SAMPLE_ROWS: usize = 60;

fn sheets(open: Open<'_>) -> Result<Vec<Sheet>> {
    let mut bytes = Vec::new();
    open()?
        .take(WORKBOOK_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WORKBOOK_BYTES_MAX {
        let limit = WORKBOOK_BYTES_MAX >> 20;
        let words = text!(
            "工作簿超过 {limit} MiB，请另存为 CSV 后上传。",
            "The workbook is larger than {limit} MiB; save it as CSV."
        );
        return Err(Error::invalid("workbook_too_large", "", words));
    }
    read_xlsx(&bytes)
}

/// The sheet asked for, or the one with the most rows.
fn sheet(open: Open<'_>, name: Option<&str>) -> Result<Sheet> {
    let mut sheets = sheets(open)?;
    let at = match name {
        Some(name) => sheets.iter().position(|s| s.name == name),
        None => (0..sheets.len())
            .rev()
            .max_by_key(|i| sheets[*i].rows.len()),
    };
    let Some(at) = at else {
        let words = Text::new(
            "工作簿里没有这张工作表。",
            "The workbook has no such sheet.",
        );
        return Err(Error::invalid("sheet_unknown", "sheet", words));
    };
    Ok(sheets.swap_remove(at))
}

fn texts(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(text_of).collect()
}

fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Number1904(number) => number.to_string(),
        Cell::Error(_) | Cell::Uncalculated => String::new(),
        other => other.text().trim().to_owned(),
    }
}

pub(super) fn detect(open: Open<'_>, wanted: Option<&Layout>) -> Result<Layout> {
    let sheet = sheet(open, wanted.and_then(|l| l.sheet.as_deref()))?;
    let rows: Vec<Vec<String>> = sheet
        .rows
        .iter()
        .take(SAMPLE_ROWS)
        .map(|r| texts(r))
        .collect();
    let numbered: Vec<(u64, &[String])> = (1..)
        .zip(&rows)
        .filter(|(_, cells)| cells.iter().any(|c| !c.is_empty()))
        .map(|(line, cells)| (line, cells.as_slice()))
        .collect();
    let Found {
        row,
        lines,
        columns,
    } = match wanted {
        Some(layout) => header::at(&numbered, layout.header_row, layout.header_lines)?,
        None => header::find(&numbered),
    };
    Ok(Layout {
        format: Format::Xlsx,
        encoding: Encoding::Utf8,
        delimiter: ",".to_owned(),
        sheet: Some(sheet.name),
        header_row: row,
        header_lines: lines,
        columns,
    })
}

pub(super) fn rows(open: Open<'_>, layout: &Layout, each: Each<'_>) -> Result<()> {
    let sheet = sheet(open, layout.sheet.as_deref())?;
    let width = layout.columns.len();
    let skip = match layout.header_row {
        0 => 0,
        row => (row + layout.header_lines - 1) as usize,
    };
    for (line, row) in (1_u64..).zip(&sheet.rows).skip(skip) {
        if row.iter().all(Cell::is_blank) {
            continue;
        }
        let broken = row.iter().take(width).find_map(Cell::fault);
        let mut cells = texts(row);
        let beyond = cells.iter().skip(width).any(|c| !c.is_empty());
        cells.resize(width, String::new());
        let fault = broken.or_else(|| {
            beyond.then(|| {
                text!(
                    "应有 {width} 列，这一行右边还有内容。",
                    "There are {width} columns; this row has more to the right."
                )
            })
        });
        let fault = fault.or_else(|| cell_fault(&cells));
        each(Row {
            line,
            cells: &cells,
            fault,
        })?;
    }
    Ok(())
}
