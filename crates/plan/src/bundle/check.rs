//! What makes a bundle right. Every fault is collected; one pass tells the person everything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use tianyuan_kernel::party::UnitKind;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::{Fault, PlanBundle, Table, Words};
use crate::nearest::nearest;
use crate::values::range;

/// Years the plan may speak of.
pub const YEARS: std::ops::RangeInclusive<i64> = 1990..=2100;
/// Longest title or name, characters.
pub const TITLE_CHARS_MAX: usize = 300;
/// Longest description, characters.
pub const TEXT_CHARS_MAX: usize = 8_000;
/// Most entries a table may have.
pub const ENTRIES_MAX: usize = 5_000;
/// Faults told at once; a file with more is not worth listing further.
pub const FAULTS_MAX: usize = 500;

/// Finds everything wrong with a bundle. `known_units` are names already in the directory, which
/// measures may use without the bundle defining them.
#[must_use]
pub fn check(bundle: &PlanBundle, known_units: &BTreeSet<String>) -> Vec<Fault> {
    let mut checker = Checker {
        bundle,
        faults: Vec::new(),
    };
    checker.sizes();
    if !checker.faults.is_empty() {
        return checker.faults;
    }
    checker.plan();
    checker.units(known_units);
    let mut names: BTreeSet<&str> = known_units.iter().map(String::as_str).collect();
    names.extend(bundle.units.iter().map(|u| u.name.as_str()));
    checker.layers();
    checker.programmes();
    checker.measures(&names);
    checker.indicators(&names);
    checker.goals();
    checker.pattern();
    checker.faults.truncate(FAULTS_MAX);
    checker.faults
}

struct Checker<'a> {
    bundle: &'a PlanBundle,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, at: (Table, Option<usize>), field: &str, code: &'static str, words: Text) {
        let (table, index) = at;
        self.faults.push(Fault {
            table,
            index,
            field: field.to_owned(),
            code,
            detail: words,
        });
    }

    fn sizes(&mut self) {
        let b = self.bundle;
        let pattern = b.pattern.groups().iter().map(|g| g.2.len()).sum();
        for (table, size) in [
            (Table::Units, b.units.len()),
            (Table::Layers, b.layers.len()),
            (Table::Programmes, b.programmes.len()),
            (Table::Measures, b.measures.len()),
            (Table::Goals, b.goals.len()),
            (Table::Indicators, b.indicators.len()),
            (Table::Pattern, pattern),
        ] {
            if size > ENTRIES_MAX {
                let words = text!(
                    "最多 {ENTRIES_MAX} 条，收到 {size} 条。",
                    "At most {ENTRIES_MAX} entries; got {size}."
                );
                self.fault((table, None), "", "too_many_entries", words);
            }
        }
    }

    /// A text that must not hold U+0000 and has a longest length; `required` when it must say something.
    fn words(
        &mut self,
        at: (Table, Option<usize>),
        field: &str,
        text: &str,
        max: usize,
        required: bool,
    ) {
        if required && text.trim().is_empty() {
            let words = Text::new("此项必填。", "This is required.");
            self.fault(at, field, "required", words);
        }
        if text
            .chars()
            .any(|c| c == '\0' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
        {
            let words = Text::new("含有不允许的控制字符。", "Holds a control character.");
            self.fault(at, field, "control_character", words);
        }
        let size = text.chars().count();
        if size > max {
            let words = text!(
                "最多 {max} 个字符，收到 {size} 个。",
                "At most {max} characters; got {size}."
            );
            self.fault(at, field, "too_long", words);
        }
    }

    fn titles(&mut self, at: (Table, Option<usize>), names: [(&str, &str); 2]) {
        self.words(at, names[0].0, names[0].1, TITLE_CHARS_MAX, true);
        self.words(at, names[1].0, names[1].1, TITLE_CHARS_MAX, false);
    }

    fn bilingual(&mut self, at: (Table, Option<usize>), field: &str, words: &Words) {
        self.words(at, &format!("{field}.zh"), &words.zh, TEXT_CHARS_MAX, false);
        self.words(at, &format!("{field}.en"), &words.en, TEXT_CHARS_MAX, false);
    }

    fn code(&mut self, at: (Table, Option<usize>), code: &str) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if code.is_empty() || code.len() > 64 || !code.chars().all(fine) {
            let words = text!(
                "代码由小写英文字母、数字和连字符组成，最长 64 位，收到“{code}”。",
                "A code is lower-case ASCII letters, digits and hyphens, 64 at most; got \"{code}\"."
            );
            self.fault(at, "code", "code_malformed", words);
        }
    }

    fn number(&mut self, at: (Table, Option<usize>), number: i64, seen: &mut BTreeMap<i64, usize>) {
        if !(1..=9999).contains(&number) {
            let words = text!(
                "序号应为 1 到 9999 的整数，收到 {number}。",
                "A number is 1 to 9999; got {number}."
            );
            self.fault(at, "number", "number_out_of_range", words);
        }
        if let Some(first) = seen.insert(number, at.1.unwrap_or_default()) {
            let first = first + 1;
            let words = text!(
                "序号 {number} 重复，第 {first} 条已使用。",
                "Number {number} is used twice; entry {first} has it already."
            );
            self.fault(at, "number", "number_duplicate", words);
        }
    }

    fn duplicate(&mut self, at: (Table, Option<usize>), field: &str, value: &str, fresh: bool) {
        if !fresh {
            let words = text!("“{value}”重复。", "\"{value}\" appears twice.");
            self.fault(at, field, "duplicate", words);
        }
    }

    fn year(&mut self, at: (Table, Option<usize>), field: &str, year: i64) {
        if !YEARS.contains(&year) {
            let words = text!(
                "年份应在 1990 到 2100 之间，收到 {year}。",
                "A year is 1990 to 2100; got {year}."
            );
            self.fault(at, field, "year_out_of_range", words);
        }
    }

    fn date(&mut self, at: (Table, Option<usize>), field: &str, date: Date) {
        self.year(at, field, i64::from(date.year()));
    }

    fn value(&mut self, at: (Table, Option<usize>), field: &str, unit: &str, value: f64) {
        if let Err((code, words)) = range::check(unit, value) {
            self.fault(at, field, code, words);
        }
    }

    fn plan(&mut self) {
        let at = (Table::Plan, None);
        let Some(plan) = &self.bundle.plan else {
            let words = Text::new(
                "缺少方案本身（[plan]）。",
                "The plan itself ([plan]) is missing.",
            );
            return self.fault(at, "", "required", words);
        };
        self.code(at, &plan.code);
        self.titles(at, [("title", &plan.title), ("title_en", &plan.title_en)]);
        self.words(at, "edition", &plan.edition, TITLE_CHARS_MAX, false);
        self.bilingual(at, "summary", &plan.summary);
        self.date(at, "period_from", plan.period_from);
        self.date(at, "period_to", plan.period_to);
        if plan.period_from > plan.period_to {
            let words = Text::new(
                "结束日期不能早于开始日期。",
                "The period ends before it begins.",
            );
            self.fault(at, "period_to", "period_reversed", words);
        }
    }

    fn units(&mut self, known: &BTreeSet<String>) {
        let (mut codes, mut names) = (BTreeSet::new(), BTreeSet::new());
        let all: BTreeSet<&str> = self.bundle.units.iter().map(|u| u.name.as_str()).collect();
        let groups: BTreeSet<&str> = self
            .bundle
            .units
            .iter()
            .filter(|u| u.kind == UnitKind::Group)
            .map(|u| u.name.as_str())
            .collect();
        for (i, unit) in self.bundle.units.iter().enumerate() {
            let at = (Table::Units, Some(i));
            self.code(at, &unit.code);
            self.titles(at, [("name", &unit.name), ("name_en", &unit.name_en)]);
            self.duplicate(at, "code", &unit.code, codes.insert(unit.code.as_str()));
            self.duplicate(at, "name", &unit.name, names.insert(unit.name.as_str()));
            if unit.kind != UnitKind::Group && !unit.members.is_empty() {
                let words = Text::new("只有“组”可以有成员。", "Only a group has members.");
                self.fault(at, "members", "members_without_group", words);
            }
            for member in &unit.members {
                if groups.contains(member.as_str()) {
                    let words = text!(
                        "“{member}”是组，组不能再作为成员。",
                        "\"{member}\" is a group; groups do not nest."
                    );
                    self.fault(at, "members", "group_nested", words);
                } else if !all.contains(member.as_str()) && !known.contains(member) {
                    let known = all.iter().copied().chain(known.iter().map(String::as_str));
                    let words = unknown_unit(member, known);
                    self.fault(at, "members", "unit_unknown", words);
                }
            }
        }
    }

    fn responsible(
        &mut self,
        at: (Table, Option<usize>),
        units: &[String],
        names: &BTreeSet<&str>,
    ) {
        if units.is_empty() {
            let words = Text::new(
                "至少要有一个责任单位。",
                "At least one responsible unit is needed.",
            );
            self.fault(at, "units", "required", words);
        }
        let mut seen = BTreeSet::new();
        for unit in units {
            self.duplicate(at, "units", unit, seen.insert(unit.as_str()));
            if !names.contains(unit.as_str()) {
                let words = unknown_unit(unit, names.iter().copied());
                self.fault(at, "units", "unit_unknown", words);
            }
        }
    }

    fn layers(&mut self) {
        let mut codes = BTreeSet::new();
        for (i, layer) in self.bundle.layers.iter().enumerate() {
            let at = (Table::Layers, Some(i));
            self.code(at, &layer.code);
            self.duplicate(at, "code", &layer.code, codes.insert(layer.code.as_str()));
            self.titles(at, [("title", &layer.title), ("title_en", &layer.title_en)]);
            self.bilingual(at, "summary", &layer.summary);
        }
    }

    fn programmes(&mut self) {
        let codes: Vec<&str> = self.bundle.layers.iter().map(|l| l.code.as_str()).collect();
        let mut seen = BTreeMap::new();
        for (i, programme) in self.bundle.programmes.iter().enumerate() {
            let at = (Table::Programmes, Some(i));
            self.number(at, programme.number, &mut seen);
            self.titles(
                at,
                [
                    ("title", &programme.title),
                    ("title_en", &programme.title_en),
                ],
            );
            self.bilingual(at, "focus", &programme.focus);
            self.bilingual(at, "objective", &programme.objective);
            if !codes.contains(&programme.layer.as_str()) {
                let (layer, choices) = (&programme.layer, codes.join("、"));
                let words = text!(
                    "没有代码为“{layer}”的层面，可用：{choices}。",
                    "There is no layer \"{layer}\"; there are: {choices}."
                );
                self.fault(at, "layer", "layer_unknown", words);
            }
        }
    }

    fn known_number(&mut self, at: (Table, Option<usize>), field: &str, number: i64, of: Table) {
        let there = match of {
            Table::Programmes => self.bundle.programmes.iter().any(|p| p.number == number),
            Table::Measures => self.bundle.measures.iter().any(|m| m.number == number),
            _ => self.bundle.indicators.iter().any(|n| n.number == number),
        };
        if there {
            return;
        }
        let (zh, en) = (of.sheet(), of.key());
        let words = text!(
            "{zh}中没有序号 {number}。",
            "There is no number {number} in {en}."
        );
        self.fault(at, field, "number_unknown", words);
    }

    fn measures(&mut self, names: &BTreeSet<&str>) {
        let mut seen = BTreeMap::new();
        for (i, measure) in self.bundle.measures.iter().enumerate() {
            let at = (Table::Measures, Some(i));
            self.number(at, measure.number, &mut seen);
            self.titles(
                at,
                [("title", &measure.title), ("title_en", &measure.title_en)],
            );
            self.bilingual(at, "summary", &measure.summary);
            self.known_number(at, "programme", measure.programme, Table::Programmes);
            self.responsible(at, &measure.units, names);
        }
    }

    fn indicators(&mut self, names: &BTreeSet<&str>) {
        let mut seen = BTreeMap::new();
        for (i, indicator) in self.bundle.indicators.iter().enumerate() {
            let at = (Table::Indicators, Some(i));
            self.number(at, indicator.number, &mut seen);
            self.titles(
                at,
                [("name", &indicator.name), ("name_en", &indicator.name_en)],
            );
            self.words(at, "unit", &indicator.unit, 20, true);
            self.responsible(at, &indicator.units, names);
            if !(0..=6).contains(&indicator.decimals) {
                let words = Text::new("小数位数应为 0 到 6。", "Decimals are 0 to 6.");
                self.fault(at, "decimals", "decimals_out_of_range", words);
            }
            self.year(at, "baseline.year", indicator.baseline.year);
            self.value(
                at,
                "baseline.value",
                &indicator.unit,
                indicator.baseline.value,
            );
            if indicator.targets.is_empty() {
                let words = Text::new("至少要有一个年度目标。", "At least one target is needed.");
                self.fault(at, "targets", "required", words);
            }
            let mut years = BTreeSet::new();
            for target in &indicator.targets {
                let (field, year) = (format!("targets.{}", target.year), target.year);
                self.year(at, &field, year);
                self.value(at, &field, &indicator.unit, target.value);
                self.duplicate(at, &field, &year.to_string(), years.insert(year));
                if year <= indicator.baseline.year {
                    let base = indicator.baseline.year;
                    let words = text!(
                        "目标年份 {year} 应晚于基期 {base}。",
                        "The target's year {year} must be after the baseline's, {base}."
                    );
                    self.fault(at, &field, "target_before_baseline", words);
                }
            }
        }
    }

    fn goals(&mut self) {
        let mut keys = BTreeSet::new();
        for (i, goal) in self.bundle.goals.iter().enumerate() {
            let at = (Table::Goals, Some(i));
            self.titles(at, [("name", &goal.name), ("name_en", &goal.name_en)]);
            self.words(at, "unit", &goal.unit, 20, true);
            self.value(at, "value", &goal.unit, goal.value);
            self.date(at, "due", goal.due);
            if goal.programme.is_some() && goal.measure.is_some() {
                let words = Text::new(
                    "目标只能属于一个计划或一项举措，不能两者兼有。",
                    "A goal belongs to a programme or to a measure, not to both.",
                );
                self.fault(at, "measure", "goal_scope_ambiguous", words);
            }
            if let Some(number) = goal.programme {
                self.known_number(at, "programme", number, Table::Programmes);
            }
            if let Some(number) = goal.measure {
                self.known_number(at, "measure", number, Table::Measures);
            }
            if let Some(number) = goal.indicator {
                self.known_number(at, "indicator", number, Table::Indicators);
            }
            self.duplicate(at, "name", &goal.name, keys.insert(goal.key()));
        }
    }

    fn pattern(&mut self) {
        let bundle = self.bundle;
        let mut index = 0;
        for (_, _, entries) in bundle.pattern.groups() {
            let mut names = BTreeSet::new();
            for entry in entries {
                let at = (Table::Pattern, Some(index));
                index += 1;
                self.titles(at, [("name", &entry.name), ("name_en", &entry.name_en)]);
                self.duplicate(at, "name", &entry.name, names.insert(entry.name.as_str()));
                self.bilingual(at, "note", &entry.note);
                if let Some(place) = entry.place {
                    for (field, v) in [("place.x", place.x), ("place.y", place.y)] {
                        if !(0.0..=100.0).contains(&v) {
                            let words = text!(
                                "位置应在 0 到 100 之间，收到 {v}。",
                                "A place is 0 to 100; got {v}."
                            );
                            self.fault(at, field, "place_out_of_range", words);
                        }
                    }
                }
                for number in &entry.measures {
                    self.known_number(at, "measures", *number, Table::Measures);
                }
            }
        }
    }
}

/// Words for a unit nobody knows, with the nearest known name.
fn unknown_unit<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Text {
    match nearest(name, known) {
        Some(near) => text!(
            "没有名为“{name}”的单位，是否应为“{near}”？",
            "There is no unit \"{name}\"; did you mean \"{near}\"?"
        ),
        None => text!(
            "没有名为“{name}”的单位，请先在“单位”表中登记。",
            "There is no unit \"{name}\"; add it to the sheet 单位 first."
        ),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
