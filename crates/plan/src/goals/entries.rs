//! Entries: firms and batches counted towards a goal, and the rules they follow.

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::Counted;
use crate::values::{doubt, range};
use crate::words::GoalKind;

tianyuan_kernel::id!(EntryId, "entry", "An entry counted towards a goal.");

/// Longest name of an entry, characters.
pub const NAME_CHARS_MAX: usize = 120;
/// Longest note or reason, characters.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Most entries of one goal.
pub const ENTRIES_MAX: usize = 20_000;

/// An entry counted towards a goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CountedEntry)]
pub struct GoalEntryView {
    /// Its id.
    pub id: EntryId,
    /// The firm, or what names a batch.
    pub name: String,
    /// The firm's unified social credit code (GB 32100), where it was given.
    pub code: Option<String>,
    /// The day it counts from.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// How many it counts; for a level, what was measured.
    pub amount: f64,
    /// A remark; may be empty.
    pub note: String,
    /// When it was added.
    pub recorded_at: Micros,
    /// The fact in the journal, for its receipt.
    pub fact_id: String,
    /// When it was struck.
    pub struck_at: Option<Micros>,
    /// Why it was struck.
    pub struck_reason: Option<String>,
}

/// An entry about to be added.
#[derive(Clone, Debug)]
pub(crate) struct NewEntry {
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) at: Date,
    pub(crate) amount: f64,
    pub(crate) note: String,
    /// The amount stands although its unit was doubted.
    pub(crate) confirmed: bool,
}

/// One thing wrong with an entry.
pub(crate) type Fault = (&'static str, &'static str, Text);

/// A name as it is compared: case, blanks, full-width forms and brackets do not tell two firms
/// apart.
#[must_use]
pub fn name_key(name: &str) -> String {
    let fold = |c: char| match c {
        '（' | '【' | '〔' => '(',
        '）' | '】' | '〕' => ')',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    name.chars()
        .filter(|c| !c.is_whitespace() && *c != '·' && *c != '\u{200b}')
        .map(fold)
        .flat_map(char::to_lowercase)
        .collect()
}

/// True for a unified social credit code with a right check character (GB 32100-2015).
#[must_use]
pub fn code_is_right(code: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = code.chars().map(|c| ALPHABET.find(c)).collect();
    let Some(values) = values.filter(|v| v.len() == 18) else {
        return false;
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == values[17]
}

/// Checks an entry before it is added; tidies its name and code.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn validate(
    goal: &Counted,
    mut new: NewEntry,
    today: Date,
) -> Result<NewEntry, Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    new.name = new.name.trim().to_owned();
    text_fault(&mut faults, &new.name, "name", (1, NAME_CHARS_MAX));
    text_fault(&mut faults, &new.note, "note", (0, NOTE_CHARS_MAX));
    if name_key(&new.name).is_empty() && faults.is_empty() {
        let words = Text::new("请填写企业或批次的名称。", "Name the firm or batch.");
        faults.push(("name", "required", words));
    }
    let code = new.code.as_deref().map(name_key).map(|c| c.to_uppercase());
    new.code = code.filter(|c| !c.is_empty());
    if let Some(code) = new.code.as_ref().filter(|c| !code_is_right(c)) {
        let shown: String = code.chars().take(24).filter(|c| !c.is_control()).collect();
        let words = text!(
            "“{shown}”不是正确的统一社会信用代码（18 位，末位为校验码），请核对，或留空。",
            "\"{shown}\" is no unified social credit code (18 characters, the last a check); correct it or leave it out."
        );
        faults.push(("code", "code_wrong", words));
    }
    let from = goal.plan_period.from;
    if new.at > today {
        let at = new.at;
        let words = text!(
            "日期不能晚于今天 {today}，收到 {at}。",
            "The date is not after today, {today}; got {at}."
        );
        faults.push(("at", "date_in_future", words));
    } else if new.at < from {
        let at = new.at;
        let words = text!(
            "方案自 {from} 起计，收到 {at}。",
            "The plan counts from {from}; got {at}."
        );
        faults.push(("at", "date_before_plan", words));
    }
    if let Err((code, words)) = range::check(&goal.goal.unit, new.amount) {
        faults.push(("amount", code, words));
    } else if goal.goal.kind == GoalKind::Cumulative && new.amount <= 0.0 {
        let amount = new.amount;
        let words = text!(
            "计入的数量应大于 0，收到 {amount}；多计的请剔除原条目。",
            "An amount is more than 0; got {amount}. Strike an entry that counted too much."
        );
        faults.push(("amount", "amount_not_positive", words));
    } else if let Some(words) = doubtful(goal, &new) {
        faults.push(("amount", doubt::CODE, words));
    }
    if faults.is_empty() {
        Ok(new)
    } else {
        Err(faults)
    }
}

/// What is doubtful of an amount: a level thousands of times off the goal's, an entry that alone is
/// many times the whole goal.
fn doubtful(goal: &Counted, new: &NewEntry) -> Option<Text> {
    let (goal, amount) = (&goal.goal, new.amount);
    match goal.kind {
        _ if new.confirmed => None,
        GoalKind::Cumulative => doubt::beyond(&goal.unit, amount, goal.value),
        GoalKind::Level => doubt::doubt(&goal.unit, amount, &[Some(goal.value)]),
    }
}

fn text_fault(
    faults: &mut Vec<Fault>,
    text: &str,
    field: &'static str,
    (least, most): (usize, usize),
) {
    let size = text.chars().count();
    if size < least {
        let words = Text::new("此项必填。", "This is required.");
        faults.push((field, "required", words));
    } else if size > most {
        let words = text!(
            "最多 {most} 个字符，收到 {size} 个。",
            "At most {most} characters; got {size}."
        );
        faults.push((field, "too_long", words));
    } else if text.contains('\0') {
        let words = Text::new(
            "含有空字符（U+0000），请删除。",
            "It holds a NUL character (U+0000); remove it.",
        );
        faults.push((field, "nul_character", words));
    }
}

/// What already stands for a goal, to find what is counted twice.
#[derive(Default)]
pub(crate) struct Standing {
    names: std::collections::BTreeSet<String>,
    codes: std::collections::BTreeSet<String>,
    count: usize,
    level: bool,
}

impl Standing {
    pub(crate) fn new(goal: &Counted, rows: Vec<(String, Option<String>, Date)>) -> Self {
        let mut standing = Self {
            level: goal.goal.kind == GoalKind::Level,
            ..Self::default()
        };
        for (name, code, at) in rows {
            standing.put(name, code, at);
        }
        standing
    }

    fn put(&mut self, name: String, code: Option<String>, at: Date) {
        self.count += 1;
        // A level is measured again and again; only one day's same measurement is a duplicate.
        let (name, code) = if self.level {
            (format!("{name}@{at}"), None)
        } else {
            (name, code)
        };
        self.names.insert(name);
        self.codes.extend(code);
    }

    /// Adds an entry, unless it stands already.
    pub(crate) fn take(&mut self, new: &NewEntry) -> Result<(), Fault> {
        if self.count >= ENTRIES_MAX {
            let words = text!(
                "一个目标最多 {ENTRIES_MAX} 个条目，请合并成批次填报。",
                "A goal has at most {ENTRIES_MAX} entries; put them together in batches."
            );
            return Err(("name", "goal_entries_too_many", words));
        }
        let key = name_key(&new.name);
        let compared = if self.level {
            format!("{key}@{}", new.at)
        } else {
            key.clone()
        };
        let name = &new.name;
        if self.names.contains(&compared) {
            let words = text!(
                "“{name}”已经计入，不能重复计。",
                "\"{name}\" is counted already and does not count twice."
            );
            return Err(("name", "goal_entry_duplicate", words));
        }
        if let Some(code) = new.code.as_ref().filter(|c| self.codes.contains(*c)) {
            let words = text!(
                "统一社会信用代码 {code} 已经计入（名称可能不同），不能重复计。",
                "The code {code} is counted already, perhaps under another name, and does not count twice."
            );
            return Err(("code", "goal_entry_duplicate", words));
        }
        self.put(key, new.code.clone(), new.at);
        Ok(())
    }
}
