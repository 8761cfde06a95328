//! What a round, a channel and a clause must be like.

use jiff::civil::Date;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, FieldError, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::{ASKED_MAX, Clause, Party, store};
use crate::plans::PlanId;

/// Characters of a title.
pub(crate) const TITLE_CHARS_MAX: usize = 120;
/// Characters of what people are asked.
pub(crate) const QUESTION_CHARS_MAX: usize = 4_000;
/// Characters of a name.
pub(crate) const NAME_CHARS_MAX: usize = 80;
/// Characters of a remark.
pub(crate) const NOTE_CHARS_MAX: usize = 1_000;
/// Longest round, days.
const DAYS_MAX: i32 = 366;

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a wrong field.
    pub(crate) fn add(&mut self, field: &str, code: &'static str, detail: Text) {
        self.0.push(FieldError {
            field: field.to_owned(),
            code,
            detail,
        });
    }

    /// A text of at most so many characters, blank only when it may be.
    pub(crate) fn text(&mut self, field: &str, value: &str, chars_max: usize, needed: bool) {
        let size = value.chars().count();
        if needed && value.trim().is_empty() {
            self.add(
                field,
                "required",
                Text::new("此项必填。", "This is required."),
            );
        } else if size > chars_max {
            let words = text!(
                "最多 {chars_max} 个字符，收到 {size} 个。",
                "At most {chars_max} characters; got {size}."
            );
            self.add(field, "too_long", words);
        }
    }

    /// Ends here when anything was wrong.
    pub(crate) fn result(self) -> Result<()> {
        match self.0.as_slice() {
            [] => Ok(()),
            [only] => Err(Error::invalid(
                only.code,
                only.field.clone(),
                only.detail.clone(),
            )),
            [first, ..] => {
                let words = Text::new("有多处不符合要求。", "Several things are wrong.");
                let first = first.field.clone();
                Err(Error::invalid("invalid", first, words).with_fields(self.0))
            }
        }
    }
}

/// The days of a round.
pub(crate) fn days(faults: &mut Faults, opens_on: Date, closes_on: Date) {
    if closes_on < opens_on {
        faults.add(
            "closes_on",
            "ends_before_it_begins",
            Text::new(
                "结束日期早于开始日期。",
                "The last day is before the first.",
            ),
        );
    } else if (closes_on - opens_on).get_days() >= DAYS_MAX {
        let words = text!(
            "一轮最长 {DAYS_MAX} 天。",
            "A round lasts {DAYS_MAX} days at most."
        );
        faults.add("closes_on", "too_long", words);
    }
}

/// A channel's kind: lower snake case.
pub(crate) fn kind(faults: &mut Faults, kind: &str) {
    let plain = (1..=40).contains(&kind.len())
        && kind
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        faults.add(
            "kind",
            "kind_malformed",
            Text::new(
                "类别为 1 到 40 个小写字母、数字或下划线。",
                "A kind is 1 to 40 lower-case letters, digits or underscores.",
            ),
        );
    }
}

/// Who was asked: each name once.
pub(crate) fn asked(faults: &mut Faults, asked: &[Party]) {
    if asked.len() > ASKED_MAX {
        let words = text!(
            "一个渠道最多列 {ASKED_MAX} 个听取对象。",
            "A channel lists at most {ASKED_MAX} parties."
        );
        faults.add("asked", "too_many", words);
        return;
    }
    let mut names = std::collections::BTreeSet::new();
    for (i, party) in asked.iter().enumerate() {
        faults.text(
            &format!("asked[{i}].name"),
            &party.name,
            NAME_CHARS_MAX,
            true,
        );
        if !names.insert(party.name.trim()) {
            let name = &party.name;
            let words = text!("“{name}”出现了两次。", "\"{name}\" appears twice.");
            faults.add(&format!("asked[{i}].name"), "duplicate", words);
        }
    }
}

/// A clause that exists in the edition.
///
/// # Errors
/// 422 naming the field.
pub(crate) async fn clause(
    sql: &mut dyn Sql,
    plan: &PlanId,
    field: &str,
    clause: &Clause,
) -> Result<Clause> {
    let section = clause.section.trim().to_owned();
    let mut faults = Faults::default();
    faults.text(&format!("{field}.section"), &section, NAME_CHARS_MAX, false);
    if let Some(number) = clause.measure {
        if !section.is_empty() {
            let words = Text::new(
                "举措和章节只填一个。",
                "Give a measure or a section, not both.",
            );
            faults.add(&format!("{field}.section"), "clause_twice", words);
        }
        if !store::has_measure(sql, plan, number).await? {
            let words = text!(
                "方案没有第 {number} 条举措。",
                "The edition has no measure {number}."
            );
            faults.add(&format!("{field}.measure"), "measure_unknown", words);
        }
    }
    faults.result()?;
    Ok(Clause {
        measure: clause.measure,
        section,
    })
}

/// Characters of the words a list is searched for.
pub(crate) const SEARCH_CHARS_MAX: usize = 200;

/// Refuses words to search for that are too many.
///
/// # Errors
/// 422 naming `q`.
pub(crate) fn search(words: Option<&str>) -> Result<()> {
    let size = words.map_or(0, |w| w.chars().count());
    if size <= SEARCH_CHARS_MAX {
        return Ok(());
    }
    let words = text!(
        "搜索词最多 {SEARCH_CHARS_MAX} 个字符，收到 {size} 个。",
        "Words to search for have at most {SEARCH_CHARS_MAX} characters; got {size}."
    );
    Err(Error::invalid("too_long", "q", words))
}
