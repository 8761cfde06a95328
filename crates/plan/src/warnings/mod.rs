//! Early warning (预警): what asks for attention, with memory: who was told and when, who answered
//! what, and whether it came back.
//!
//! There is one set of judgements, not two. What needs attention today is computed by
//! [`crate::overview::attention`]; the rules here ask the same functions with thresholds of their
//! own, add what needs more than one value (contradictions, forecasts, deadlines), and remember
//! the answer. The overview shows its items live and names the open warning of each (ADR 12).
//!
//! Invariants: a warning opens once for a rule and subject, however often it is found; it opens
//! again only when it had gone away, or when it was closed and is found by other evidence. Every
//! step is a fact, and so is every round of telling.

pub mod api;
pub(crate) mod beside;
pub mod evaluate;
pub mod rule_api;
pub mod rules;
pub(crate) mod source;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use crate::overview::attention::Severity;
use crate::plans::PlanId;
use crate::words::vocabulary;

tianyuan_kernel::id!(RuleId, "rule", "A rule of early warning.");
tianyuan_kernel::id!(WarningId, "warning", "A warning.");
tianyuan_kernel::id!(StepId, "step", "A step of a warning.");

macro_rules! kinds {
    ($($name:ident = $kind:literal, $zh:literal, $en:literal;)+) => {
        $(#[doc = $en]
        pub const $name: Kind = Kind::new($kind, Log::Supervision, $zh, $en).staff();)+
        /// Every kind of fact here.
        pub const KINDS: &[Kind] = &[$($name),+];
    };
}
kinds! {
    RULE_CREATED = "warning_rule.created", "新建预警规则", "Warning rule made";
    RULE_CHANGED = "warning_rule.changed", "修改预警规则", "Warning rule changed";
    RULE_REMOVED = "warning_rule.removed", "删除预警规则", "Warning rule removed";
    EVALUATED = "warning.evaluated", "检查预警", "Warnings looked for";
    OPENED = "warning.opened", "发出预警", "Warning opened";
    REOPENED = "warning.reopened", "再次预警", "Warning opened again";
    CLEARED = "warning.cleared", "预警消除", "Warning no longer found";
    ACKNOWLEDGED = "warning.acknowledged", "确认收到预警", "Warning acknowledged";
    ANSWERED = "warning.answered", "答复预警", "Warning answered";
    CLOSED = "warning.closed", "关闭预警", "Warning closed";
}

/// Longest answer or reason, characters.
pub const WORDS_CHARS_MAX: usize = 2_000;
/// Longest name of a rule, characters.
pub const NAME_CHARS_MAX: usize = 60;
/// Rules at most.
pub const RULES_MAX: i64 = 50;

vocabulary! {
    /// What a rule looks for.
    #[schema(as = WarningKind)]
    RuleKind {
        /// A report is not in so many days after its deadline.
        LateReport = "late_report", "逾期未报";
        /// An indicator is worse than its path by so many per cent.
        OffPath = "off_path", "偏离进度";
        /// An indicator's last value is older than so many days.
        Stale = "stale", "长期未更新";
        /// A measure has been delayed for so many days.
        Delayed = "delayed", "举措滞后";
        /// The chance of meeting the next target is below so many per cent.
        TargetAtRisk = "target_at_risk", "目标有风险";
        /// Figures contradict each other by more than so many per cent: a count that only grows
        /// falls, a sum since January falls, a measure is reported done while its indicator is off
        /// its path.
        Contradiction = "contradiction", "数据矛盾";
    }
}

impl RuleKind {
    /// The unit of its threshold: `d` or `%`.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::LateReport | Self::Stale | Self::Delayed => "d",
            Self::OffPath | Self::TargetAtRisk | Self::Contradiction => "%",
        }
    }

    /// The least and the greatest threshold.
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::LateReport | Self::Delayed => (0.0, 1000.0),
            Self::Stale => (1.0, 1000.0),
            Self::OffPath | Self::Contradiction => (0.0, 100.0),
            Self::TargetAtRisk => (1.0, 99.0),
        }
    }
}

vocabulary! {
    /// Where a warning stands.
    WarningState {
        /// Nobody has reacted.
        Open = "open", "未处理";
        /// Somebody of the unit has seen it.
        Acknowledged = "acknowledged", "已确认";
        /// The unit has said what it does about it.
        Answered = "answered", "已答复";
        /// Done with.
        Closed = "closed", "已关闭";
    }
}

vocabulary! {
    /// What happened to a warning.
    WarningStep {
        /// It was found.
        Opened = "opened", "发出";
        /// Somebody has seen it.
        Acknowledged = "acknowledged", "确认";
        /// Somebody answered.
        Answered = "answered", "答复";
        /// The plan office closed it.
        Closed = "closed", "关闭";
        /// It came back, or was opened again.
        Reopened = "reopened", "再次发出";
        /// The rule no longer finds it.
        Cleared = "cleared", "消除";
    }
}

/// A rule of early warning.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WarningRule)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What it looks for.
    pub kind: RuleKind,
    /// Its name; empty: that of its kind.
    pub name: String,
    /// Only enabled rules are asked.
    pub enabled: bool,
    /// From where on, in `unit`.
    pub threshold: f64,
    /// Unit of the threshold: `d` or `%`.
    pub unit: &'static str,
    /// How pressing what it finds is.
    pub severity: Severity,
    /// Tell the plan office.
    pub tell_office: bool,
    /// Tell the leads of the responsible units.
    pub tell_leads: bool,
    /// Tell the reporters of the responsible units.
    pub tell_reporters: bool,
    /// Grows with every change.
    pub version: i64,
}

/// A warning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Warning {
    /// Its id.
    pub id: WarningId,
    /// The edition.
    pub plan_id: PlanId,
    /// The rule that found it.
    pub rule_id: RuleId,
    /// What kind of rule.
    pub kind: RuleKind,
    /// How pressing it is.
    pub severity: Severity,
    /// In a line.
    pub title: Text,
    /// What was found.
    pub detail: Text,
    /// The console's page about it.
    pub link: String,
    /// Where it stands.
    pub state: WarningState,
    /// How often it was opened.
    pub times: i64,
    /// When it was first found.
    pub opened_at: Micros,
    /// When it last changed.
    pub changed_at: Micros,
    /// When the rule no longer found it; null while it does.
    pub cleared_at: Option<Micros>,
    /// Grows with every change.
    pub version: i64,
    /// What policies decide about.
    #[serde(skip)]
    pub(crate) about: About,
    /// What it was found by.
    #[serde(skip)]
    pub(crate) evidence: String,
}

/// The record a warning is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) subject: String,
    pub(crate) resource: &'static str,
    pub(crate) id: String,
}

/// The kinds of records warnings are about.
pub(crate) fn resource(word: &str) -> &'static str {
    if word == "Measure" {
        "Measure"
    } else {
        "Indicator"
    }
}

/// A warning as policies see it: its record, answered for by its units; never public.
pub(crate) fn guarded(warning: &Warning, units: &[String]) -> Entity {
    Entity::new(warning.about.resource, warning.about.id.as_str()).of_units(units.iter().cloned())
}

/// Checks an answer or a reason.
///
/// # Errors
/// 422 when it is empty or too long.
pub fn check_words(words: &str) -> Result<String> {
    let trimmed = words.trim();
    let size = trimmed.chars().count();
    if (1..=WORDS_CHARS_MAX).contains(&size) {
        return Ok(trimmed.to_owned());
    }
    let told = text!(
        "应为 1 到 {WORDS_CHARS_MAX} 个字符，收到 {size} 个。",
        "1 to {WORDS_CHARS_MAX} characters are needed; got {size}."
    );
    Err(Error::invalid("words_length", "words", told))
}
