//! Fields (信息项) of a dataset: what a column is called, holds and means, how sensitive it is, and
//! the rules its values are measured by.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::error::FieldError;
use tianyuan_kernel::release::Treatment;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::words::{FieldExposure, FieldRole, FieldType};

/// Most fields of a dataset.
pub const FIELDS_MAX: usize = 400;
/// Longest machine name, characters.
const NAME_CHARS_MAX: usize = 60;
/// Longest title, characters.
const TITLE_CHARS_MAX: usize = 120;
/// Longest meaning or pattern, characters.
const MEANING_CHARS_MAX: usize = 500;
/// Most permitted values of a field.
const VALUES_MAX: usize = 500;

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Machine name: lower-case letters, digits, `_`; begins with a letter.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// Name for people, as in the file's header.
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Longest value, characters; of text only.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100_000)]
    pub length: Option<i64>,
    /// What it means; may be empty.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub meaning: String,
    /// How sensitive (分级), 1 to 4.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 4, default = 1)]
    pub grade: i64,
    /// Class of sensitive content found in it, such as `mobile`; null when none.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub class: Option<String>,
    /// Why it is graded lower than before, or than what was found in it suggests; may be empty.
    #[serde(default)]
    #[schema(max_length = 300)]
    pub grade_reason: String,
    /// What it could tell about a person; asked before the dataset opens to everybody.
    #[serde(default = "nothing")]
    pub exposure: FieldExposure,
    /// How it leaves for those who may not see it as it is; null: not at all.
    #[serde(default)]
    pub otherwise: Option<Treatment>,
    /// What it means to those who draw it.
    #[serde(default = "plain")]
    pub role: FieldRole,
    /// Unit of measurement; may be empty.
    #[serde(default)]
    #[schema(max_length = 30)]
    pub unit: String,
    /// Part of the key by which versions are compared.
    #[serde(default)]
    pub key: bool,
    /// Rule: a value must be there.
    #[serde(default)]
    pub required: bool,
    /// Rule: no value stands twice.
    #[serde(default)]
    pub unique: bool,
    /// Rule: least value.
    #[serde(default)]
    pub min: Option<f64>,
    /// Rule: greatest value.
    #[serde(default)]
    pub max: Option<f64>,
    /// Rule: permitted values; none means any.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub values: Vec<String>,
    /// Rule: a shape, `9` for a digit, `A` for a letter, `*` for anything after; other characters
    /// stand for themselves. Empty means any.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub shape: String,
    /// Rule: not less than (not before) the value of this other field of the same row.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub not_before: Option<String>,
}

const fn one() -> i64 {
    1
}

const fn plain() -> FieldRole {
    FieldRole::Plain
}

const fn nothing() -> FieldExposure {
    FieldExposure::None
}

impl Field {
    /// A field without rules.
    #[must_use]
    pub fn new(name: impl Into<String>, title: impl Into<String>, kind: FieldType) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            kind,
            length: None,
            meaning: String::new(),
            grade: 1,
            class: None,
            grade_reason: String::new(),
            exposure: FieldExposure::None,
            otherwise: None,
            role: FieldRole::Plain,
            unit: String::new(),
            key: false,
            required: false,
            unique: false,
            min: None,
            max: None,
            values: Vec::new(),
            shape: String::new(),
            not_before: None,
        }
    }
}

/// The fields that hold longitude and latitude, where a dataset has places.
#[must_use]
pub fn places(fields: &[Field]) -> Option<(&Field, &Field)> {
    let find = |role| fields.iter().find(|f| f.role == role);
    find(FieldRole::Longitude).zip(find(FieldRole::Latitude))
}

/// True for a machine name: also a column in SQL without quotes.
#[must_use]
pub fn is_name(name: &str, chars_max: usize) -> bool {
    name.len() <= chars_max
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What is wrong with the fields, each fault with its path.
#[must_use]
pub fn faults(fields: &[Field], at: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    if fields.len() > FIELDS_MAX {
        let n = fields.len();
        let words = text!(
            "最多 {FIELDS_MAX} 个字段，收到 {n} 个。",
            "There are at most {FIELDS_MAX} fields; got {n}."
        );
        return vec![fault(at.to_owned(), "too_many_fields", words)];
    }
    let mut names = BTreeSet::new();
    for (i, field) in fields.iter().enumerate() {
        let path = |part: &str| format!("{at}[{i}].{part}");
        if !is_name(&field.name, NAME_CHARS_MAX) {
            let words = Text::new(
                "字段名由小写字母、数字和下划线组成，以字母开头，最多 60 个字符。",
                "A field's name is lower-case letters, digits and underscores, begins with a letter, at most 60.",
            );
            faults.push(fault(path("name"), "field_name", words));
        } else if !names.insert(field.name.as_str()) {
            let words = Text::new("字段名重复。", "Two fields have this name.");
            faults.push(fault(path("name"), "field_name_twice", words));
        }
        let limits = [
            ("title", field.title.chars().count(), 1, TITLE_CHARS_MAX),
            (
                "meaning",
                field.meaning.chars().count(),
                0,
                MEANING_CHARS_MAX,
            ),
            ("grade_reason", field.grade_reason.chars().count(), 0, 300),
            ("unit", field.unit.chars().count(), 0, 30),
            ("shape", field.shape.chars().count(), 0, 200),
            ("values", field.values.len(), 0, VALUES_MAX),
            ("class", field.class.as_deref().map_or(0, str::len), 0, 60),
        ];
        for (part, size, least, most) in limits {
            if size < least || size > most {
                let words = text!(
                    "长度应为 {least} 到 {most}，收到 {size}。",
                    "Its length is {least} to {most}; got {size}."
                );
                faults.push(fault(path(part), "too_long", words));
            }
        }
        if !(1..=4).contains(&field.grade) {
            let words = Text::new("分级为 1 到 4。", "A grade is 1 to 4.");
            faults.push(fault(path("grade"), "grade", words));
        }
        let before = field.not_before.as_ref();
        if before
            .is_some_and(|other| *other == field.name || !fields.iter().any(|f| f.name == *other))
        {
            let words = Text::new(
                "这里填本表另一个字段的字段名。",
                "Name another field of this dataset.",
            );
            faults.push(fault(path("not_before"), "field_unknown", words));
        }
        if field.length.is_some_and(|n| !(1..=100_000).contains(&n)) {
            let words = Text::new("长度为 1 到 100000。", "A length is 1 to 100000.");
            faults.push(fault(path("length"), "length", words));
        }
    }
    for role in [FieldRole::Longitude, FieldRole::Latitude] {
        if fields.iter().filter(|f| f.role == role).count() > 1 {
            let words = Text::new(
                "经度、纬度各只能有一个字段。",
                "One field at most is a longitude, one a latitude.",
            );
            faults.push(fault(at.to_owned(), "role_twice", words));
        }
    }
    faults
}

/// What was graded lower without a reason, each fault with its path: a field with sensitive content
/// in it, or one that was graded higher before.
#[must_use]
pub fn lowered(before: &[Field], after: &[Field], at: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (i, field) in after.iter().enumerate() {
        let known = before.iter().find(|b| b.name == field.name);
        let lower = known.filter(|b| b.grade > field.grade);
        if let Some(known) = lower.filter(|_| field.grade_reason.trim().is_empty()) {
            let grade = known.grade;
            let words = text!(
                "原定 {grade} 级；要降低分级，请写明理由。",
                "It was graded {grade}; to grade it lower, give a reason."
            );
            faults.push(fault(
                format!("{at}[{i}].grade_reason"),
                "grade_needs_reason",
                words,
            ));
        }
    }
    faults
}

pub(crate) fn fault(field: String, code: &'static str, detail: Text) -> FieldError {
    FieldError {
        field,
        code,
        detail,
    }
}
