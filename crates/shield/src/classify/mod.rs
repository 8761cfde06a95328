//! 数盾·分类分级: finds what is sensitive in a column, by its content and by its name, and the
//! grade that asks for.
//!
//! A finder has a *shape* (what may be one) and a *check* (what is one: a check digit, an existing
//! day of birth, a surname). Of the cells with the shape, random ones pass the check at a known
//! rate; only what passes beyond that rate counts. So one identity number in a thousand remarks is
//! found, and a column of order numbers, one tenth of which satisfy the Luhn check, is not a column
//! of bank cards.

mod numbers;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use tianyuan_kernel::classify::{Classify, ColumnSample, Finding, Sensitive};
use tianyuan_kernel::release::Grade;

/// Below this confidence nothing is told.
const CONFIDENCE_MIN: f64 = 0.3;
/// How far a field's name alone is believed.
const BY_NAME: f64 = 0.6;
/// Places kept for each finding.
const PLACES_MAX: usize = 3;
/// Characters of a cell that are read; longer texts are looked at as far as that.
const CELL_CHARS_MAX: usize = 2_000;

/// What is known of a kind beside its shape and check.
struct Finder {
    kind: Sensitive,
    grade: Grade,
    /// How sure a cell that passes is one.
    strength: f64,
    /// Rate at which random cells of the shape pass the check.
    chance: f64,
    /// Share of the filled cells that must have the shape; 0 where one in a long text counts.
    shape_share_min: f64,
}

const FINDERS: [Finder; 9] = [
    finder(Sensitive::ResidentId, Grade::CORE, 0.99, 0.01, 0.0),
    finder(Sensitive::BankCard, Grade::CORE, 0.95, 0.1, 0.0),
    finder(Sensitive::Passport, Grade::CORE, 0.75, 0.0, 0.0),
    finder(Sensitive::Mobile, Grade::SENSITIVE, 0.9, 0.07, 0.0),
    finder(Sensitive::Email, Grade::SENSITIVE, 0.97, 0.0, 0.0),
    finder(Sensitive::Plate, Grade::SENSITIVE, 0.9, 0.0, 0.0),
    finder(Sensitive::Address, Grade::SENSITIVE, 0.85, 0.0, 0.0),
    finder(Sensitive::PersonName, Grade::SENSITIVE, 0.75, 0.35, 0.6),
    finder(Sensitive::CreditCode, Grade::OPEN, 0.97, 0.032, 0.0),
];

const fn finder(
    kind: Sensitive,
    grade: Grade,
    strength: f64,
    chance: f64,
    shape_share_min: f64,
) -> Finder {
    Finder {
        kind,
        grade,
        strength,
        chance,
        shape_share_min,
    }
}

/// The finders as the answer to the kernel's question.
pub struct Finders;

impl Classify for Finders {
    fn classify(&self, column: ColumnSample<'_>) -> Vec<Finding> {
        classify(column)
    }
}

/// The grade a kind asks for where nobody decided otherwise.
#[must_use]
pub fn grade_of(kind: Sensitive) -> Grade {
    let found = FINDERS.iter().find(|f| f.kind == kind);
    found.map_or(Grade::CORE, |f| f.grade)
}

/// What is sensitive in a column, the surest first.
#[must_use]
pub fn classify(column: ColumnSample<'_>) -> Vec<Finding> {
    let named = words::of_name(column.name).or_else(|| words::of_name(column.title));
    let cells: Vec<Cow<'_, str>> = column.cells.iter().map(|c| fold(c)).collect();
    let filled = cells.iter().filter(|c| !c.trim().is_empty()).count();
    let mut seen = FINDERS.map(|_| Seen::default());
    for (place, cell) in cells.iter().enumerate() {
        look(cell.trim(), place, &mut seen);
    }
    let mut found: Vec<Finding> = FINDERS
        .iter()
        .zip(seen)
        .filter_map(|(finder, seen)| judge(finder, seen, filled, named == Some(finder.kind)))
        .collect();
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    found
}

/// What was seen of a kind: cells with its shape, and cells that passed its check.
#[derive(Default)]
struct Seen {
    shapes: usize,
    hits: usize,
    places: Vec<usize>,
}

fn judge(finder: &Finder, seen: Seen, filled: usize, by_name: bool) -> Option<Finding> {
    let share = |n: usize| ratio(n, filled);
    let enough = seen.hits > 0 && share(seen.shapes) >= finder.shape_share_min;
    let passed = ratio(seen.hits, seen.shapes);
    let content = if enough {
        finder.strength * ((passed - finder.chance) / (1.0 - finder.chance)).max(0.0)
    } else {
        0.0
    };
    // A name that says so and cells of which none is one: an empty column, or masked already.
    let name = match (by_name, filled, seen.hits) {
        (false, ..) => 0.0,
        (true, 0, _) => BY_NAME,
        (true, _, 0) => BY_NAME / 2.0,
        (true, ..) => BY_NAME,
    };
    let confidence = 1.0 - (1.0 - content) * (1.0 - name);
    (confidence >= CONFIDENCE_MIN).then(|| Finding {
        kind: finder.kind,
        grade: finder.grade,
        confidence,
        share: share(seen.hits),
        by_name,
        places: seen.places,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

/// Full-width forms as their ASCII ones, no more than [`CELL_CHARS_MAX`] characters.
fn fold(cell: &str) -> Cow<'_, str> {
    let end = cell
        .char_indices()
        .nth(CELL_CHARS_MAX)
        .map_or(cell.len(), |(at, _)| at);
    let cell = &cell[..end];
    if !cell.chars().any(|c| matches!(c, '！'..='～' | '　')) {
        return Cow::Borrowed(cell);
    }
    let narrow = |c: char| match c {
        '　' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    Cow::Owned(cell.chars().map(narrow).collect())
}

fn look(cell: &str, place: usize, seen: &mut [Seen; FINDERS.len()]) {
    if cell.is_empty() {
        return;
    }
    let mut shapes = [false; FINDERS.len()];
    let mut hits = [false; FINDERS.len()];
    let mut note = |kind: Sensitive, hit: bool| {
        if let Some(at) = FINDERS.iter().position(|f| f.kind == kind) {
            shapes[at] = true;
            hits[at] |= hit;
        }
    };
    for run in runs(cell) {
        look_at_run(run.as_bytes(), &mut note);
    }
    if cell.contains('@') {
        note(Sensitive::Email, email(cell));
    }
    if plate(cell) {
        note(Sensitive::Plate, true);
    }
    if words::address(cell) {
        note(Sensitive::Address, true);
    }
    if words::name_shape(cell) {
        note(Sensitive::PersonName, words::person_name(cell));
    }
    for (at, seen) in seen.iter_mut().enumerate() {
        seen.shapes += usize::from(shapes[at]);
        if hits[at] {
            seen.hits += 1;
            if seen.places.len() < PLACES_MAX {
                seen.places.push(place);
            }
        }
    }
}

fn look_at_run(run: &[u8], note: &mut impl FnMut(Sensitive, bool)) {
    let old = numbers::resident_id_old(run);
    if numbers::resident_id_shape(run) || old {
        note(Sensitive::ResidentId, old || numbers::resident_id(run));
    }
    // Eighteen digits may be both; what passes as a person's number is not looked at as a firm's.
    if numbers::credit_code_shape(run) && !numbers::resident_id(run) {
        note(Sensitive::CreditCode, numbers::credit_code(run));
    }
    if numbers::card_shape(run) && !old && run.len() >= 16 && !numbers::resident_id(run) {
        note(Sensitive::BankCard, numbers::bank_card(run));
    }
    if matches!(run.len(), 11 | 13) && run.iter().all(u8::is_ascii_digit) {
        note(Sensitive::Mobile, numbers::mobile(run));
    }
    if numbers::passport(run) {
        note(Sensitive::Passport, true);
    }
}

/// Runs of ASCII letters and digits; groups of digits written apart by one space or hyphen
/// (6222 0212 3456 7890, 138-1234-5678) are one run as well.
fn runs(cell: &str) -> Vec<Cow<'_, str>> {
    let mut found: Vec<Cow<'_, str>> = cell
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|run| run.len() >= 9)
        .map(Cow::Borrowed)
        .collect();
    for group in cell.split(|c: char| !(c.is_ascii_digit() || c == ' ' || c == '-')) {
        let parts: Vec<&str> = group.split([' ', '-']).collect();
        if parts.len() > 1 && parts.iter().all(|p| (2..=6).contains(&p.len())) {
            found.push(Cow::Owned(parts.concat()));
        }
    }
    found
}

/// True when an address of a mailbox stands in the text (the common part of RFC 5321, 4.1.2).
fn email(cell: &str) -> bool {
    cell.match_indices('@').any(|(at, _)| {
        let local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
        let before = cell[..at].chars().next_back().is_some_and(local);
        let domain: &str = cell[at + 1..]
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.').map(|(_, top)| top);
        before && top.is_some_and(|t| t.len() >= 2 && t.bytes().all(|b| b.is_ascii_alphabetic()))
    })
}

/// True when a number plate stands in the text: the province's character, the office's letter, five
/// characters without I and O, or six with D or F for new energy (GA 36-2018).
fn plate(cell: &str) -> bool {
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
    cell.char_indices().any(|(at, c)| {
        if !PROVINCES.contains(c) {
            return false;
        }
        let rest = &cell.as_bytes()[at + c.len_utf8()..];
        let [office, tail @ ..] = rest else {
            return false;
        };
        let tail = tail.strip_prefix("·".as_bytes()).unwrap_or(tail);
        let run = tail
            .iter()
            .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            .count();
        let plain = |part: &[u8]| part.iter().all(|b| *b != b'I' && *b != b'O');
        let digits = |part: &[u8]| part.iter().filter(|b| b.is_ascii_digit()).count();
        let rest = &tail[..run];
        office.is_ascii_uppercase()
            && plain(rest)
            && match run {
                5 => digits(rest) >= 2,
                6 => matches!(rest[0], b'D' | b'F') || matches!(rest[5], b'D' | b'F'),
                _ => false,
            }
    })
}
