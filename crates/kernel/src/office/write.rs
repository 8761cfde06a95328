//! Writing workbooks: text is written as text, whatever it begins with.

use std::borrow::Cow;

use jiff::civil::Date;
use rust_xlsxwriter::{
    Chart, ChartLine, ChartLineDashType, ChartMarker, ChartMarkerType, ChartType, DataValidation,
    DocProperties, ExcelDateTime, Format, FormatAlign, Formula, Workbook, Worksheet, XlsxError,
};

use super::{CELL_CHARS_MAX, column_letters};
use crate::error::{Error, Result};

/// A cell about to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// Nothing.
    Blank,
    /// Text, never a formula.
    Text(String),
    /// A number.
    Number(f64),
    /// A date.
    Date(Date),
}

/// A sheet about to be written.
#[derive(Clone, Debug, Default)]
pub struct OutSheet {
    /// Its name, 31 characters at most.
    pub name: String,
    /// The header row.
    pub heads: Vec<String>,
    /// The rows below it.
    pub rows: Vec<Vec<Out>>,
    /// Columns (from 0) whose cells offer a choice.
    pub choices: Vec<(usize, Vec<String>)>,
}

/// A chart of a sheet's own columns.
#[derive(Clone, Debug, Default)]
pub struct OutChart {
    /// The sheet, from 0, that holds its cells and shows it.
    pub sheet: usize,
    /// What it shows.
    pub title: String,
    /// Unit of its values.
    pub unit: String,
    /// Horizontal bars instead of lines.
    pub bars: bool,
    /// The column (from 0) of the names along the axis.
    pub names: usize,
    /// Rows drawn, counted from the first below the heads.
    pub rows: std::ops::Range<usize>,
    /// What is drawn.
    pub series: Vec<OutSeries>,
    /// Row and column (from 0) of its upper left corner.
    pub at: (usize, usize),
}

/// A column that is drawn.
#[derive(Clone, Debug)]
pub struct OutSeries {
    /// The column, from 0; its head is the name.
    pub column: usize,
    /// `0xRRGGBB`.
    pub color: u32,
    /// Dashed, for what was not measured.
    pub dashed: bool,
    /// Only marks, for what has no line, such as targets.
    pub marks_only: bool,
}

/// Rows below the written ones that still offer choices.
const CHOICE_ROWS_MORE: usize = 200;
/// Characters of a list of choices that stands in the cell's rule itself.
const LIST_CHARS_MAX: usize = 255;
/// Where longer lists stand.
const LISTS_SHEET: &str = "_choices";
/// Widest column, characters.
const WIDTH_MAX: usize = 60;

/// The bytes of a workbook.
///
/// # Errors
/// 500 when a sheet's name, text or size is more than a workbook holds.
pub fn write_xlsx(sheets: &[OutSheet]) -> Result<Vec<u8>> {
    bytes(sheets, &[]).map_err(Error::internal)
}

/// As [`write_xlsx`], with native charts beside the rows.
///
/// # Errors
/// As [`write_xlsx`].
pub fn write_xlsx_with_charts(sheets: &[OutSheet], charts: &[OutChart]) -> Result<Vec<u8>> {
    bytes(sheets, charts).map_err(Error::internal)
}

fn bytes(sheets: &[OutSheet], charts: &[OutChart]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The same records give the same bytes: no time of writing inside.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let mut lists = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let page = book.add_worksheet();
        write(page, sheet, &mut lists)?;
        if !charts.is_empty() {
            // Printed as it is read: A4 across, one page wide.
            page.set_paper_size(9)
                .set_landscape()
                .set_print_fit_to_pages(1, 0);
        }
        for chart in charts.iter().filter(|c| c.sheet == index) {
            let (row, column) = (small(chart.at.0), small(chart.at.1));
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            page.insert_chart(row, column, &drawn(sheet, chart)?)?;
        }
    }
    if !lists.is_empty() {
        let page = book.add_worksheet().set_name(LISTS_SHEET)?;
        page.set_very_hidden(true);
        for (column, words) in (0_u16..).zip(lists) {
            for (row, word) in (0_u32..).zip(words) {
                page.write_string(row, column, fitting(word))?;
            }
        }
    }
    book.save_to_buffer()
}

/// A rule that offers the words; a list too long for the rule goes to a sheet of its own.
fn choice<'a>(
    words: &'a [String],
    lists: &mut Vec<&'a [String]>,
) -> Result<DataValidation, XlsxError> {
    let chars: usize = words.iter().map(|w| w.encode_utf16().count() + 1).sum();
    if chars <= LIST_CHARS_MAX && !words.iter().any(|w| w.contains([',', '"'])) {
        return DataValidation::new().allow_list_strings(words);
    }
    let (column, last) = (column_letters(lists.len()), words.len());
    lists.push(words);
    let range = format!("={LISTS_SHEET}!${column}$1:${column}${last}");
    Ok(DataValidation::new().allow_list_formula(Formula::new(range)))
}

fn write<'a>(
    page: &mut Worksheet,
    sheet: &'a OutSheet,
    lists: &mut Vec<&'a [String]>,
) -> Result<(), XlsxError> {
    let head = Format::new()
        .set_bold()
        .set_background_color(0xE6_F0_F0)
        .set_text_wrap();
    let cell = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let day = Format::new()
        .set_num_format("yyyy-mm-dd")
        .set_align(FormatAlign::Top);
    page.set_name(&sheet.name)?;
    page.set_freeze_panes(1, 0)?;
    for (column, words) in (0_u16..).zip(&sheet.heads) {
        page.write_string_with_format(0, column, fitting(words), &head)?;
        page.set_column_width(column, width(sheet, usize::from(column)) as f64)?;
    }
    for (row, values) in (1_u32..).zip(&sheet.rows) {
        for (column, value) in (0_u16..).zip(values) {
            match value {
                Out::Blank => {}
                Out::Text(text) => {
                    page.write_string_with_format(row, column, fitting(text), &cell)?;
                }
                Out::Number(number) => {
                    page.write_number_with_format(row, column, *number, &cell)?;
                }
                Out::Date(date) => {
                    let at = ExcelDateTime::from_ymd(
                        u16::try_from(date.year()).unwrap_or(1900),
                        u8::try_from(date.month()).unwrap_or(1),
                        u8::try_from(date.day()).unwrap_or(1),
                    )?;
                    page.write_datetime_with_format(row, column, &at, &day)?;
                }
            }
        }
    }
    let last = u32::try_from(sheet.rows.len() + CHOICE_ROWS_MORE).unwrap_or(u32::MAX);
    for (column, words) in &sheet.choices {
        let column = u16::try_from(*column).unwrap_or(u16::MAX);
        let choice = choice(words, lists)?;
        page.add_data_validation(1, column, last, column, &choice)?;
    }
    Ok(())
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A native chart over the sheet's cells.
fn drawn(sheet: &OutSheet, chart: &OutChart) -> Result<Chart, XlsxError> {
    let kind = if chart.bars {
        ChartType::Bar
    } else {
        ChartType::Line
    };
    let mut out = Chart::new(kind);
    let (first, last) = (
        small(chart.rows.start + 1),
        small(chart.rows.end.max(chart.rows.start + 1)),
    );
    let column = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
    let name = sheet.name.as_str();
    for series in &chart.series {
        let (names, values) = (column(chart.names), column(series.column));
        let drawn = out
            .add_series()
            .set_name((name, 0, values))
            .set_categories((name, first, names, last, names))
            .set_values((name, first, values, last, values));
        if chart.bars {
            drawn.set_format(rust_xlsxwriter::ChartFormat::new().set_solid_fill(
                &mut rust_xlsxwriter::ChartSolidFill::new().set_color(series.color),
            ));
            continue;
        }
        let mut line = ChartLine::new();
        line.set_color(series.color).set_width(1.75);
        if series.dashed {
            line.set_dash_type(ChartLineDashType::Dash);
        }
        if series.marks_only {
            line.set_hidden(true);
        }
        let mut fill = rust_xlsxwriter::ChartSolidFill::new();
        fill.set_color(series.color);
        let mut look = rust_xlsxwriter::ChartFormat::new();
        look.set_solid_fill(&fill);
        let shape = if series.marks_only {
            ChartMarkerType::Diamond
        } else {
            ChartMarkerType::Circle
        };
        let mut marker = ChartMarker::new();
        marker
            .set_type(shape)
            .set_size(if series.marks_only { 9 } else { 5 })
            .set_format(&mut look);
        drawn.set_format(&mut line).set_marker(&marker);
    }
    out.title().set_name(&chart.title);
    out.show_empty_cells_as(rust_xlsxwriter::ChartEmptyCells::Connected);
    if chart.bars {
        // The names run down this axis: the first on top, as in the rows.
        out.y_axis().set_reverse();
        out.legend().set_hidden();
    } else {
        out.legend()
            .set_position(rust_xlsxwriter::ChartLegendPosition::Bottom);
    }
    let mut faint = ChartLine::new();
    faint.set_color(0xE3_E8_E9).set_width(0.5);
    if chart.bars {
        out.x_axis().set_major_gridlines_line(&faint);
    } else {
        let values = chart.series.iter().flat_map(|series| {
            let rows = sheet.rows.get(chart.rows.clone()).unwrap_or_default();
            rows.iter().filter_map(|row| match row.get(series.column) {
                Some(Out::Number(number)) => Some(*number),
                _ => None,
            })
        });
        out.y_axis()
            .set_min(super::axis_floor(values))
            .set_name(&chart.unit);
        out.y_axis().set_major_gridlines_line(&faint);
    }
    out.set_width(760)
        .set_height(if chart.bars { 420 } else { 380 });
    Ok(out)
}

/// As much of a text as a cell holds; what is cut off ends in `…`.
fn fitting(text: &str) -> Cow<'_, str> {
    // Excel counts UTF-16 units.
    if text.len() <= CELL_CHARS_MAX || text.encode_utf16().count() <= CELL_CHARS_MAX {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units < CELL_CHARS_MAX
    });
    Cow::Owned(kept.chain(['…']).collect())
}

/// A column wide enough for its longest line, CJK characters counted twice.
fn width(sheet: &OutSheet, column: usize) -> usize {
    let wide = |text: &str| -> usize {
        text.lines()
            .map(|l| {
                l.chars()
                    .map(|c| if c as u32 > 0x2e80 { 2 } else { 1 })
                    .sum()
            })
            .max()
            .unwrap_or(0)
    };
    let of = |cell: &Out| match cell {
        Out::Text(text) => wide(text),
        Out::Date(_) => 10,
        Out::Number(number) => number.to_string().len(),
        Out::Blank => 0,
    };
    let head = sheet.heads.get(column).map_or(0, |h| wide(h));
    let longest = sheet
        .rows
        .iter()
        .filter_map(|r| r.get(column))
        .map(of)
        .max()
        .unwrap_or(0);
    (longest.max(head) + 2).clamp(8, WIDTH_MAX)
}
