//! What the columns of a file hold, judged from every row: types, lengths, examples, and whether
//! a number is really a code whose zeros count.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{
    fold, is_missing, parse_boolean, parse_date, parse_datetime, parse_integer, parse_number,
};
use crate::datasets::Field;
use crate::search::pinyin;
use crate::words::{FieldRole, FieldType};

/// Different values remembered of a column.
const DISTINCT_MAX: usize = 1_000;
/// Examples shown of a column.
const EXAMPLES: usize = 5;
/// Longest example, characters.
const EXAMPLE_CHARS: usize = 60;
/// Digits from which a number is an identifier rather than a quantity.
const ID_DIGITS: usize = 12;

/// What was seen in a column.
#[derive(Debug, Default)]
pub struct Column {
    seen: u64,
    missing: u64,
    integers: u64,
    numbers: u64,
    booleans: u64,
    dates: u64,
    datetimes: u64,
    leading_zeros: u64,
    digits: BTreeSet<usize>,
    chars_max: usize,
    distinct: HashSet<String>,
    overflowed: bool,
    examples: Vec<String>,
    negative_or_fraction: bool,
    within: Option<(f64, f64)>,
    /// The file itself says that these are texts.
    text: bool,
}

impl Column {
    /// Looks at one cell.
    pub fn look(&mut self, cell: &str) {
        self.seen += 1;
        if is_missing(cell) {
            self.missing += 1;
            return;
        }
        let folded = fold(cell);
        self.chars_max = self.chars_max.max(cell.chars().count());
        if !self.overflowed && !self.distinct.contains(cell) {
            self.distinct.insert(cell.to_owned());
            if self.examples.len() < EXAMPLES {
                self.examples
                    .push(cell.chars().take(EXAMPLE_CHARS).collect());
            }
            self.overflowed = self.distinct.len() >= DISTINCT_MAX;
        }
        if let Some(number) = parse_number(&folded) {
            self.numbers += 1;
            let plain = folded.bytes().all(|b| b.is_ascii_digit());
            if plain {
                self.digits.insert(folded.len());
                self.leading_zeros += u64::from(folded.len() > 1 && folded.starts_with('0'));
            }
            self.negative_or_fraction |= !plain;
            let (low, high) = self.within.unwrap_or((number, number));
            self.within = Some((low.min(number), high.max(number)));
            self.integers += u64::from(parse_integer(&folded).is_some());
        }
        self.booleans += u64::from(parse_boolean(&folded).is_some());
        if parse_date(&folded).is_some() {
            self.dates += 1;
            self.datetimes += 1;
        } else {
            self.datetimes += u64::from(parse_datetime(&folded).is_some());
        }
    }

    fn present(&self) -> u64 {
        self.seen - self.missing
    }

    /// The type that every value, but for a few that look like slips, has.
    fn kind(&self, title: &str) -> FieldType {
        let present = self.present();
        if present == 0 {
            return FieldType::Text;
        }
        // One in fifty may be a slip; those rows are shown as rejected rather than made text.
        let nearly_all = |n: u64| n * 50 >= present * 49 && n > 0;
        if nearly_all(self.booleans) && self.distinct.len() <= 2 && !self.text {
            return FieldType::Boolean;
        }
        if nearly_all(self.dates) && !self.is_code(title) {
            return FieldType::Date;
        }
        if nearly_all(self.datetimes) && self.numbers * 2 < present {
            return FieldType::Datetime;
        }
        if nearly_all(self.numbers) {
            if self.text || self.is_code(title) {
                return FieldType::Text;
            }
            if self.integers == self.numbers {
                return FieldType::Integer;
            }
            return FieldType::Number;
        }
        FieldType::Text
    }

    /// A code rather than a quantity: zeros in front, digits as many as identifiers have, an
    /// administrative division, or a title that says so.
    fn is_code(&self, title: &str) -> bool {
        if self.leading_zeros > 0 {
            return true;
        }
        if self.negative_or_fraction {
            return false;
        }
        let one_length =
            (self.digits.len() == 1).then(|| self.digits.first().copied().unwrap_or(0));
        let long = self.digits.last().is_some_and(|d| *d >= ID_DIGITS);
        long || says_code(title) || one_length.is_some_and(|n| self.is_division(n))
    }

    /// Codes of divisions (GB/T 2260): 6, 9 or 12 digits that begin with a province's.
    fn is_division(&self, digits: usize) -> bool {
        let province = |code: &String| {
            let code = fold(code);
            matches!(
                code.get(..2).and_then(|p| p.parse::<u32>().ok()),
                Some(11..=71 | 81 | 82)
            )
        };
        let all = self.distinct.iter().all(province);
        // Ten different amounts of one length that all begin so would be chance.
        matches!(digits, 6 | 9 | 12) && all && (self.distinct.len() >= 3 || digits > 6)
    }
}

fn says_code(title: &str) -> bool {
    let lower = title.to_lowercase();
    let ends = [
        "代码",
        "编码",
        "编号",
        "证号",
        "电话",
        "手机",
        "手机号",
        "邮编",
        "账号",
        "号码",
        "文号",
        "批号",
        "区划",
    ];
    let words = ["code", "zip", "phone", "mobile", "postcode"];
    let word = |w: &str| {
        lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| part == w)
    };
    ends.iter().any(|e| lower.ends_with(e))
        || words.iter().any(|w| word(w))
        || lower.ends_with("_id")
}

/// A column as it is shown before loading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ColumnProfile)]
pub struct Profile {
    /// Its name in the file.
    pub column: String,
    /// The field it could become.
    pub field: Field,
    /// Rows that have a value.
    pub present: i64,
    /// Rows that have none.
    pub missing: i64,
    /// Different values; null when there are more than are counted.
    pub distinct: Option<i64>,
    /// Some values.
    pub examples: Vec<String>,
    /// Values that do not fit the field's type.
    pub misfits: i64,
}

/// Looks at the columns of a file, all rows of it.
#[derive(Default)]
pub struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// For so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        let columns = std::iter::repeat_with(Column::default)
            .take(columns)
            .collect();
        Self { columns }
    }

    /// Columns that the file itself says hold texts: what looks like a number there is a code.
    pub fn texts(&mut self, declared: &[bool]) {
        for (column, text) in self.columns.iter_mut().zip(declared) {
            column.text = *text;
        }
    }

    /// Looks at a row.
    pub fn look(&mut self, cells: &[String]) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.look(cell);
        }
    }

    /// What they hold. A dataset's own fields are taken for columns of the same title or name.
    #[must_use]
    pub fn profiles(&self, titles: &[String], known: &[Field]) -> Vec<Profile> {
        let mut out: Vec<Profile> = Vec::new();
        for (column, title) in self.columns.iter().zip(titles) {
            let known = known.iter().find(|f| f.title == *title || f.name == *title);
            let taken = |name: &str| out.iter().any(|p: &Profile| p.field.name == name);
            let mut field = known.cloned().unwrap_or_else(|| column.field(title));
            if taken(&field.name) {
                let base = field.name.clone();
                for n in 2.. {
                    field.name = format!("{base}_{n}");
                    if !taken(&field.name) {
                        break;
                    }
                }
            }
            let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let fits = match field.kind {
                FieldType::Text => column.present(),
                FieldType::Integer => column.integers,
                FieldType::Number => column.numbers,
                FieldType::Boolean => column.booleans,
                FieldType::Date => column.dates,
                FieldType::Datetime => column.datetimes,
            };
            out.push(Profile {
                column: title.clone(),
                present: count(column.present()),
                missing: count(column.missing),
                distinct: (!column.overflowed).then(|| count(column.distinct.len() as u64)),
                examples: column.examples.clone(),
                misfits: count(column.present().saturating_sub(fits)),
                field,
            });
        }
        out
    }
}

impl Column {
    fn field(&self, title: &str) -> Field {
        let kind = self.kind(title);
        let mut field = Field::new(pinyin::name(title, 56), title, kind);
        if kind == FieldType::Text && self.chars_max > 0 {
            field.length = i64::try_from(self.chars_max).ok().map(|n| n.min(100_000));
        }
        field.role = self.role(title, kind);
        field
    }

    fn role(&self, title: &str, kind: FieldType) -> FieldRole {
        let lower = title.to_lowercase();
        let named = |words: &[&str]| {
            words
                .iter()
                .any(|w| lower == *w || (w.len() > 3 && lower.contains(w)))
        };
        let within = |most: f64| {
            self.within
                .is_some_and(|(low, high)| low >= -most && high <= most)
        };
        if !matches!(kind, FieldType::Number | FieldType::Integer) {
            FieldRole::Plain
        } else if named(&["经度", "longitude", "lon", "lng"]) && within(180.0) {
            FieldRole::Longitude
        } else if named(&["纬度", "latitude", "lat"]) && within(90.0) {
            FieldRole::Latitude
        } else {
            FieldRole::Plain
        }
    }
}
