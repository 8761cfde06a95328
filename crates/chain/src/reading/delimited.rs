//! Delimited text, record by record in bounded memory (RFC 4180, as loosely as people write it).

use std::io::Read;

use csv_core::ReadRecordResult;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::bytes::{Utf8, encoding, fill};
use super::header::{self, Found};
use super::{
    COLUMNS_MAX, Each, Encoding, Format, Layout, Open, ROW_BYTES_MAX, Row, SAMPLE_BYTES, cell_fault,
};

/// What may separate columns.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Records that tell the separator and the header.
const SAMPLE_RECORDS: usize = 60;

/// Bytes shown of a record that is too long.
const SHOWN_BYTES: usize = 200;

/// A record as it was cut.
pub(crate) struct Record {
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
    /// Longer, or of more columns, than a row may be; the cells are then incomplete.
    pub(crate) over: bool,
}

/// Cuts text into records.
pub(crate) struct Records<R> {
    reader: R,
    core: csv_core::Reader,
    input: Vec<u8>,
    pending: std::ops::Range<usize>,
    output: Vec<u8>,
    ends: Vec<usize>,
    columns_max: usize,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(reader: R, delimiter: u8, columns_max: usize) -> Self {
        Self {
            reader,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            input: vec![0; 64 << 10],
            pending: 0..0,
            output: vec![0; 4 << 10],
            ends: vec![0; 64],
            columns_max,
        }
    }

    /// The next record; `None` at the end. Blank lines are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Record>> {
        let (mut written, mut ended, mut over, mut begun) = (0, 0, false, false);
        // The reader counts a line once it has read its end.
        let mut line = self.core.line();
        loop {
            if self.pending.is_empty() {
                let n = self.reader.read(&mut self.input)?;
                self.pending = 0..n;
            }
            if !begun {
                self.skip_blank_lines(&mut line);
            }
            let (result, read, out, ends) = self.core.read_record(
                &self.input[self.pending.clone()],
                &mut self.output[written..],
                &mut self.ends[ended..],
            );
            begun |= out > 0 || ends > 0 || !self.pending.is_empty();
            self.pending.start += read;
            written += out;
            ended += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() < ROW_BYTES_MAX => {
                    self.output.resize(self.output.len() * 4, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() <= self.columns_max => {
                    self.ends.resize(self.ends.len() * 4, 0);
                }
                // What does not fit is read on without being kept.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    over = true;
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::Record => {
                    over |= ended > self.columns_max;
                    return Ok(Some(self.record(line, ended, over)));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn skip_blank_lines(&mut self, line: &mut u64) {
        // The parser passes over them by itself; this only keeps the line right.
        let block = &self.input[self.pending.clone()];
        let blank = block.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
        *line = self.core.line() + blank.filter(|b| **b == b'\n').count() as u64;
    }

    fn record(&self, line: u64, ended: usize, over: bool) -> Record {
        if over {
            // The ends no longer fit what was kept.
            let begin = &self.output[..SHOWN_BYTES.min(self.output.len())];
            return Record {
                line,
                cells: vec![String::from_utf8_lossy(begin).into_owned()],
                over,
            };
        }
        let mut cells = Vec::with_capacity(ended);
        let mut from = 0;
        for end in &self.ends[..ended] {
            let to = (*end).max(from);
            let cell = String::from_utf8_lossy(&self.output[from..to]);
            cells.push(
                cell.trim_matches([' ', '\t', '\u{3000}', '\u{feff}', '\r'])
                    .to_owned(),
            );
            from = to;
        }
        Record { line, cells, over }
    }
}

fn sample(open: Open<'_>, encoding: Encoding) -> Result<Vec<u8>> {
    let mut text = vec![0; SAMPLE_BYTES];
    let n = fill(&mut Utf8::new(open()?, encoding), &mut text)?;
    text.truncate(n);
    Ok(text)
}

fn first_records(text: &[u8], delimiter: u8) -> Result<Vec<Record>> {
    let mut records = Records::new(text, delimiter, 200_000);
    let mut out = Vec::new();
    while out.len() < SAMPLE_RECORDS {
        match records.next()? {
            Some(record) => out.push(record),
            None => break,
        }
    }
    // The last one may be cut off by the end of the sample.
    if text.len() == SAMPLE_BYTES && out.len() > 1 {
        out.pop();
    }
    Ok(out)
}

/// The separator that cuts the most rows into the same number of columns, more than one.
fn separator(text: &[u8]) -> Result<u8> {
    let mut best = (0.0, b',');
    for delimiter in DELIMITERS {
        let records = first_records(text, delimiter)?;
        let widths: Vec<usize> = records.iter().map(|r| r.cells.len()).collect();
        let (width, rows) = header::mode(&widths);
        if width < 2 || records.is_empty() {
            continue;
        }
        let score = rows as f64 / records.len() as f64 + (width.min(20) as f64) * 0.01;
        if score > best.0 + 1e-9 {
            best = (score, delimiter);
        }
    }
    Ok(best.1)
}

pub(super) fn detect(open: Open<'_>, wanted: Option<&Layout>) -> Result<Layout> {
    let encoding = match wanted {
        Some(layout) => layout.encoding,
        None => encoding(open)?,
    };
    let text = sample(open, encoding)?;
    let delimiter = match wanted.and_then(|l| l.delimiter.bytes().next()) {
        Some(wanted) if DELIMITERS.contains(&wanted) => wanted,
        Some(_) => return Err(unknown_delimiter()),
        None => separator(&text)?,
    };
    let records = first_records(&text, delimiter)?;
    if records.first().is_some_and(|r| r.over) {
        return Err(first_line_too_long());
    }
    let widest = records.iter().map(|r| r.cells.len()).max().unwrap_or(0);
    if widest > COLUMNS_MAX {
        return Err(super::too_many_columns(widest));
    }
    let rows: Vec<(u64, &[String])> = records
        .iter()
        .map(|r| (r.line, r.cells.as_slice()))
        .collect();
    let Found {
        row,
        lines,
        columns,
    } = match wanted {
        Some(layout) => header::at(&rows, layout.header_row, layout.header_lines)?,
        None => header::find(&rows),
    };
    Ok(Layout {
        format: Format::Delimited,
        encoding,
        delimiter: char::from(delimiter).to_string(),
        sheet: None,
        header_row: row,
        header_lines: lines,
        columns,
    })
}

fn unknown_delimiter() -> Error {
    let words = Text::new(
        "分隔符为逗号、分号、竖线或制表符。",
        "A separator is a comma, a semicolon, a bar or a tab.",
    );
    Error::invalid("delimiter_unknown", "delimiter", words)
}

fn first_line_too_long() -> Error {
    let limit = ROW_BYTES_MAX >> 20;
    let words = text!(
        "第一行超过 {limit} MiB，不像表格。请确认分隔符和换行，引号是否成对。",
        "The first line is longer than {limit} MiB; that is no table. Check separators, line ends, and that quotes are closed."
    );
    Error::invalid("line_too_long", "", words)
}

pub(super) fn rows(open: Open<'_>, layout: &Layout, each: Each<'_>) -> Result<()> {
    let delimiter = layout.delimiter.bytes().next().unwrap_or(b',');
    let reader = Utf8::new(open()?, layout.encoding);
    let mut records = Records::new(reader, delimiter, COLUMNS_MAX);
    let width = layout.columns.len();
    let last_header = u64::from(layout.header_row + layout.header_lines).saturating_sub(1);
    let last_header = if layout.header_row == 0 {
        0
    } else {
        last_header
    };
    while let Some(mut record) = records.next()? {
        if record.line <= last_header {
            continue;
        }
        if record.cells.iter().all(String::is_empty) && !record.over {
            continue;
        }
        let fault = fault(&mut record, width);
        each(Row {
            line: record.line,
            cells: &record.cells,
            fault,
        })?;
    }
    Ok(())
}

/// What is wrong with a record; afterwards it has as many cells as there are columns.
fn fault(record: &mut Record, width: usize) -> Option<Text> {
    let n = record.cells.len();
    let fault = if record.over {
        let limit = ROW_BYTES_MAX >> 20;
        Some(text!(
            "这一行超过 {limit} MiB 或列数过多，可能有引号没有成对。",
            "The row is longer than {limit} MiB or of too many columns; a quote may not be closed."
        ))
    } else if n < width || record.cells[width..].iter().any(|c| !c.is_empty()) {
        Some(text!(
            "应有 {width} 列，这一行有 {n} 列。",
            "There are {width} columns; this row has {n}."
        ))
    } else {
        cell_fault(&record.cells)
    };
    // Rejected rows keep what they had; the others are as wide as the table.
    if fault.is_none() {
        record.cells.truncate(width);
    }
    fault
}
