//! Measures rows as they stream by, in bounded memory.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::{Check, Dimension, EXAMPLES};
use crate::datasets::Field;
use crate::uploads::Value;

/// Different values of a field, or keys, that are remembered; beyond, doubles are not looked for.
const REMEMBERED_MAX: usize = 3_000_000;

#[derive(Default)]
struct Tally {
    checked: i64,
    failed: i64,
    lines: Vec<i64>,
}

impl Tally {
    fn count(&mut self, line: u64, holds: bool) {
        self.checked += 1;
        if !holds {
            self.failed += 1;
            if self.lines.len() < EXAMPLES {
                self.lines.push(i64::try_from(line).unwrap_or(i64::MAX));
            }
        }
    }

    fn check(self, dimension: Dimension, rule: &str, field: Option<&Field>) -> Option<Check> {
        (self.checked > 0).then(|| Check {
            dimension,
            rule: rule.to_owned(),
            field: field.map(|f| f.name.clone()),
            checked: self.checked,
            failed: self.failed,
            lines: self.lines,
        })
    }
}

#[derive(Default)]
struct OfField {
    filled: Tally,
    kind: Tally,
    length: Tally,
    shape: Tally,
    values: Tally,
    range: Tally,
    unique: Tally,
    order: Tally,
    seen: HashSet<u64>,
}

/// Measures rows by their fields' rules.
pub(crate) struct Meter<'a> {
    fields: &'a [Field],
    of: Vec<OfField>,
    others: Vec<Option<usize>>,
    key: Vec<usize>,
    keys: HashSet<u64>,
    doubles: Tally,
    hasher: RandomState,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(fields: &'a [Field]) -> Self {
        let place = |name: &String| fields.iter().position(|f| f.name == *name);
        Self {
            of: fields.iter().map(|_| OfField::default()).collect(),
            others: fields
                .iter()
                .map(|f| f.not_before.as_ref().and_then(place))
                .collect(),
            key: (0..fields.len()).filter(|i| fields[*i].key).collect(),
            keys: HashSet::new(),
            doubles: Tally::default(),
            hasher: RandomState::new(),
            fields,
        }
    }

    /// Counts a cell that has not its field's type.
    pub(crate) fn misfit(&mut self, field: usize, line: u64) {
        self.of[field].kind.count(line, false);
    }

    /// Measures a row that can be taken.
    pub(crate) fn row(&mut self, line: u64, values: &[Value]) {
        for (i, (field, value)) in self.fields.iter().zip(values).enumerate() {
            let of = &mut self.of[i];
            of.filled.count(line, *value != Value::Missing);
            if *value == Value::Missing {
                continue;
            }
            of.kind.count(line, true);
            if let Value::Text(text) = value {
                if let Some(most) = field.length {
                    let fits = text.len() as i64 <= most || text.chars().count() as i64 <= most;
                    of.length.count(line, fits);
                }
                if !field.shape.is_empty() {
                    of.shape.count(line, has_shape(text, &field.shape));
                }
            }
            if !field.values.is_empty() {
                let shown = value.shown();
                of.values.count(line, field.values.contains(&shown));
            }
            if let Some(number) = value
                .number()
                .filter(|_| field.min.is_some() || field.max.is_some())
            {
                let within =
                    field.min.is_none_or(|m| number >= m) && field.max.is_none_or(|m| number <= m);
                of.range.count(line, within);
            }
            if field.unique && of.seen.len() < REMEMBERED_MAX {
                let new = of.seen.insert(self.hasher.hash_one(value.shown()));
                of.unique.count(line, new);
            }
            if let Some(other) = self.others[i]
                .and_then(|at| values.get(at))
                .filter(|v| **v != Value::Missing)
            {
                of.order.count(line, value.not_less(other));
            }
        }
        if !self.key.is_empty() && self.keys.len() < REMEMBERED_MAX {
            let key: Vec<String> = self.key.iter().map(|i| values[*i].shown()).collect();
            let new = self.keys.insert(self.hasher.hash_one(key));
            self.doubles.count(line, new);
        }
    }

    /// What was found.
    pub(crate) fn checks(self) -> Vec<Check> {
        use Dimension::{Accuracy, Completeness, Conformity, Consistency};
        let mut checks = Vec::new();
        let some_required = self.fields.iter().any(|f| f.required || f.key);
        for (field, of) in self.fields.iter().zip(self.of) {
            // Where nobody said which must be filled, all count.
            let counts = field.required || field.key || !some_required;
            checks.extend(
                of.filled
                    .check(Completeness, "filled", Some(field))
                    .filter(|_| counts),
            );
            checks.extend(of.kind.check(Conformity, "type", Some(field)));
            checks.extend(of.length.check(Conformity, "length", Some(field)));
            checks.extend(of.shape.check(Conformity, "shape", Some(field)));
            checks.extend(of.values.check(Accuracy, "values", Some(field)));
            checks.extend(of.range.check(Accuracy, "range", Some(field)));
            checks.extend(of.unique.check(Accuracy, "unique", Some(field)));
            checks.extend(of.order.check(Consistency, "not_before", Some(field)));
        }
        checks.extend(self.doubles.check(Consistency, "key", None));
        checks
    }
}

/// `9` is a digit, `A` a letter, `*` anything after; everything else stands for itself.
pub(crate) fn has_shape(text: &str, shape: &str) -> bool {
    let mut chars = text.chars();
    for s in shape.chars() {
        if s == '*' {
            return true;
        }
        let Some(c) = chars.next() else { return false };
        let fits = match s {
            '9' => c.is_ascii_digit(),
            'A' => c.is_ascii_alphabetic(),
            other => c == other,
        };
        if !fits {
            return false;
        }
    }
    chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Quality;
    use crate::words::FieldType;

    #[test]
    fn shapes() {
        assert!(has_shape("310118", "999999") && has_shape("沪A12345", "沪A*"));
        assert!(!has_shape("31011", "999999") && !has_shape("3101188", "999999"));
    }

    #[test]
    fn a_score_is_the_mean_of_its_parts() {
        let mut a = Field::new("a", "甲", FieldType::Integer);
        a.required = true;
        a.max = Some(10.0);
        let fields = [a];
        let mut meter = Meter::new(&fields);
        meter.row(2, &[Value::Integer(5)]);
        meter.row(3, &[Value::Missing]);
        meter.row(4, &[Value::Integer(50)]);
        meter.row(5, &[Value::Integer(6)]);
        let quality = Quality::of(meter.checks());
        let score = |d: Dimension| {
            quality
                .parts
                .iter()
                .find(|p| p.dimension == d)
                .unwrap()
                .score
        };
        assert_eq!(score(Dimension::Completeness), Some(75.0));
        assert_eq!(score(Dimension::Conformity), Some(100.0));
        assert_eq!(score(Dimension::Accuracy), Some(66.7));
        assert_eq!(score(Dimension::Timeliness), None);
        assert_eq!(quality.score, 80.6);
        let range = quality.checks.iter().find(|c| c.rule == "range").unwrap();
        assert_eq!(range.lines, [4]);
    }
}
