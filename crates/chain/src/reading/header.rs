//! Where the header stands: below titles and notes, in one line or in two (groups above names).

use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text::Text;

use super::value::{is_missing, parse_date, parse_datetime, parse_number};

/// Rows among which the header is looked for.
const LOOKED_AT: usize = 20;

/// A header.
pub struct Found {
    /// Its first row, counted from 1; 0 when there is none.
    pub row: u32,
    /// Its lines.
    pub lines: u32,
    /// Names of the columns, each once.
    pub columns: Vec<String>,
}

/// The commonest value and how often it stands.
#[must_use]
pub fn mode(values: &[usize]) -> (usize, usize) {
    let mut counts = std::collections::BTreeMap::new();
    for value in values {
        *counts.entry(*value).or_insert(0_usize) += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|(value, count)| (*count, *value));
    best.unwrap_or((0, 0))
}

fn filled(cells: &[String]) -> usize {
    cells.iter().filter(|c| !c.is_empty()).count()
}

fn distinct(cells: &[String]) -> usize {
    let set: std::collections::BTreeSet<&String> = cells.iter().filter(|c| !c.is_empty()).collect();
    set.len()
}

fn is_value(cell: &str) -> bool {
    !cell.is_empty()
        && (parse_number(cell).is_some()
            || parse_date(cell).is_some()
            || parse_datetime(cell).is_some()
            || is_missing(cell))
}

/// A year may well head a column; nothing else that is a number does.
fn is_year(cell: &str) -> bool {
    cell.len() == 4 && matches!(cell.parse::<u32>(), Ok(1900..=2100))
}

fn looks_like_names(cells: &[String]) -> bool {
    cells.iter().all(|c| !is_value(c) || is_year(c))
        && !cells.iter().all(|c| c.is_empty() || is_year(c))
}

/// Finds the header among the first rows, given with their numbers.
#[must_use]
pub fn find(rows: &[(u64, &[String])]) -> Found {
    let widths: Vec<usize> = rows.iter().map(|(_, cells)| filled(cells)).collect();
    let (usual, _) = mode(&widths);
    let needed = usual.min(2).max(usual * 7 / 10);
    // A title merged over all columns reads as the same words in each of them: no full row.
    let full =
        |cells: &[String]| filled(cells) >= needed.max(1) && (usual < 2 || distinct(cells) > 1);
    let looked = || rows.iter().take(LOOKED_AT);
    let head = looked().position(|(_, cells)| full(cells) && looks_like_names(cells));
    let first_full = rows.iter().position(|(_, cells)| full(cells));
    match head {
        Some(i) if first_full.is_none_or(|full| i <= full + 1) => {
            let lines = if two_lines(rows, i) { 2 } else { 1 };
            let row = u32::try_from(rows[i].0).unwrap_or(1);
            Found {
                row,
                lines,
                columns: names(rows, i, lines as usize),
            }
        }
        _ => {
            let width = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
            Found {
                row: 0,
                lines: 1,
                columns: (1..=width).map(|n| format!("列{n}")).collect(),
            }
        }
    }
}

/// True when the line below is a header too: the first repeats or leaves out what groups share,
/// and the second tells its columns apart.
fn two_lines(rows: &[(u64, &[String])], i: usize) -> bool {
    let (Some((a, first)), Some((b, second))) = (rows.get(i), rows.get(i + 1)) else {
        return false;
    };
    let next = |n: usize| rows.get(i + n).map(|(_, cells)| *cells);
    // A table of words alone has no second line that could be told from its first row.
    let data_differs = next(2).is_some_and(|cells| !looks_like_names(cells));
    let grouped = distinct(first) < first.len().min(second.len());
    *b == a + 1
        && grouped
        && data_differs
        && looks_like_names(second)
        && filled(second) > 0
        && names(rows, i, 2).len() > distinct(first)
}

/// The header at given lines, as somebody corrected it.
///
/// # Errors
/// 422 when nothing stands there.
pub fn at(rows: &[(u64, &[String])], row: u32, lines: u32) -> Result<Found> {
    if row == 0 {
        let width = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
        return Ok(Found {
            row: 0,
            lines: 1,
            columns: (1..=width).map(|n| format!("列{n}")).collect(),
        });
    }
    let at = rows.iter().position(|(line, _)| *line == u64::from(row));
    let lines = lines.clamp(1, 4);
    let Some(i) = at else {
        let words = Text::new(
            "这一行没有内容，请填表头所在的行号；没有表头填 0。",
            "Nothing stands in that row; give the row of the header, or 0 when there is none.",
        );
        return Err(Error::invalid("header_row", "header_row", words));
    };
    Ok(Found {
        row,
        lines,
        columns: names(rows, i, lines as usize),
    })
}

/// Names of the columns: the lines joined where they differ, empty ones numbered, each once.
fn names(rows: &[(u64, &[String])], i: usize, lines: usize) -> Vec<String> {
    let lines: Vec<&[String]> = rows[i..]
        .iter()
        .take(lines)
        .map(|(_, cells)| *cells)
        .collect();
    let width = lines.iter().map(|l| l.len()).max().unwrap_or(0);
    let body = rows.iter().skip(i + lines.len());
    let used = body.map(|(_, cells)| used_of(cells)).max().unwrap_or(0);
    let width = width.min(
        lines
            .iter()
            .map(|l| used_of(l))
            .max()
            .unwrap_or(0)
            .max(used.min(width)),
    );
    let mut names: Vec<String> = Vec::with_capacity(width);
    let mut groups: Vec<String> = vec![String::new(); lines.len()];
    for column in 0..width {
        let mut parts: Vec<String> = Vec::new();
        for (depth, line) in lines.iter().enumerate() {
            let cell = line.get(column).map_or("", |c| c.as_str());
            let cell: String = cell.split_whitespace().collect::<Vec<_>>().join(" ");
            let last = depth + 1 == lines.len();
            if cell.is_empty() && !last && column > 0 {
                // A group stands once, above the first of its columns.
                parts.push(groups[depth].clone());
                continue;
            }
            groups[depth].clone_from(&cell);
            parts.push(cell);
        }
        parts.retain(|p| !p.is_empty());
        parts.dedup();
        // A group whose name no column below it continues belongs to this column alone.
        let mut name = parts.join(" ");
        if name.is_empty() {
            name = format!("列{}", column + 1);
        }
        let name: String = name.chars().take(110).collect();
        let mut unique = name.clone();
        let mut n = 2;
        while names.contains(&unique) {
            unique = format!("{name} {n}");
            n += 1;
        }
        names.push(unique);
    }
    names
}

fn used_of(cells: &[String]) -> usize {
    cells
        .iter()
        .rposition(|c| !c.is_empty())
        .map_or(0, |i| i + 1)
}
