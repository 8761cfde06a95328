//! The rules of reports: which step leads where, what a report may say, how the states of several
//! units make the state of a measure. Values in, values out.

use http::StatusCode;
use tianyuan_kernel::prelude::*;

use super::{BODY_CHARS_MAX, COMMENT_CHARS_MAX};
use crate::words::{MeasureState, PeriodState, Stage};

/// What can be done to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Keep what was written.
    Save,
    /// Send it for review.
    Submit,
    /// Stand behind it as the unit's lead.
    Endorse,
    /// Send it back with a comment.
    Return,
    /// Take it over.
    Accept,
    /// Hand it to somebody else.
    Delegate,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 6] = [
        Self::Save,
        Self::Submit,
        Self::Endorse,
        Self::Return,
        Self::Accept,
        Self::Delegate,
    ];
}

/// Where a step leads from a stage; none where it does not fit.
#[must_use]
pub fn after(step: Step, stage: Stage) -> Option<Stage> {
    match (step, stage) {
        (Step::Save, Stage::Owed | Stage::Draft) => Some(Stage::Draft),
        (Step::Save, Stage::Returned) => Some(Stage::Returned),
        (Step::Submit, Stage::Draft | Stage::Returned) => Some(Stage::Submitted),
        (Step::Endorse, Stage::Submitted) => Some(Stage::Submitted),
        (Step::Return, Stage::Submitted) => Some(Stage::Returned),
        (Step::Accept, Stage::Submitted) => Some(Stage::Accepted),
        (Step::Delegate, Stage::Owed | Stage::Draft | Stage::Returned) => Some(stage),
        _ => None,
    }
}

/// As [`after`], in an open period.
///
/// # Errors
/// 409 that says why, and what to do.
pub fn take(step: Step, stage: Stage, period: PeriodState) -> Result<Stage> {
    if period != PeriodState::Open {
        return Err(not_open(period));
    }
    after(step, stage).ok_or_else(|| misplaced(step, stage))
}

/// The period takes nothing.
#[must_use]
pub fn not_open(period: PeriodState) -> Error {
    let words = match period {
        PeriodState::Planned => Text::new("填报期尚未开启。", "The period is not open yet."),
        _ => Text::new(
            "填报期已结束，内容不再变动。",
            "The period is closed; nothing changes any more.",
        ),
    };
    Error::conflict("period_not_open", words).hint(Text::new(
        "如需补报，请方案办公室重新开启。",
        "The plan office can open it again.",
    ))
}

fn misplaced(step: Step, stage: Stage) -> Error {
    let zh = stage.zh();
    let en = stage.as_str();
    let words = match step {
        Step::Save | Step::Delegate => text!(
            "报告{zh}，不能再改；需要修改时请审核人退回。",
            "The report is {en} and cannot be changed; ask a reviewer to return it."
        ),
        Step::Submit => text!(
            "报告{zh}，不能报送；请先填写并保存。",
            "The report is {en} and cannot be submitted; write and save it first."
        ),
        Step::Endorse | Step::Return | Step::Accept => text!(
            "报告{zh}，不在待审核之列；请刷新后再看。",
            "The report is {en} and does not wait for review; reload it."
        ),
    };
    Error::new(StatusCode::CONFLICT, "stage_mismatch", words)
}

/// Checks the text of a report.
///
/// # Errors
/// 422 naming the field.
pub fn check_body(body: &str) -> Result<()> {
    short("body", body, BODY_CHARS_MAX)
}

/// Checks a reviewer's comment, which must not be empty.
///
/// # Errors
/// As [`check_body`].
pub fn check_comment(comment: &str) -> Result<()> {
    if comment.is_empty() {
        let words = Text::new(
            "请写明退回的原因和要改什么。",
            "Say why it is returned and what to change.",
        );
        return Err(Error::invalid("required", "comment", words));
    }
    short("comment", comment, COMMENT_CHARS_MAX)
}

fn short(field: &'static str, text: &str, chars_max: usize) -> Result<()> {
    let size = text.chars().count();
    if size > chars_max {
        let words = text!(
            "最多 {chars_max} 个字符，收到 {size} 个。",
            "At most {chars_max} characters; got {size}."
        );
        return Err(Error::invalid("too_long", field, words));
    }
    if text.contains('\0') {
        let words = Text::new(
            "文本中含有空字符（U+0000），请删除。",
            "The text holds a NUL character (U+0000); remove it.",
        );
        return Err(Error::invalid("nul_character", field, words));
    }
    Ok(())
}

/// A report that is sent says how far the measure has come, and what was done.
///
/// # Errors
/// 422 naming the first field that is missing.
pub fn check_complete(state: Option<MeasureState>, body: &str) -> Result<()> {
    if state.is_none() {
        let words = Text::new(
            "请选择举措的进展状态。",
            "Say how far the measure has come.",
        );
        return Err(Error::invalid("required", "state", words));
    }
    if body.trim().is_empty() {
        let words = Text::new("请写明本期进展。", "Say what was done in the period.");
        return Err(Error::invalid("required", "body", words));
    }
    Ok(())
}

/// The state of a measure from the accepted reports of its units: behind when any is behind, done
/// when every unit that owes a report says so, not started while all of them say so.
#[must_use]
pub fn combined(accepted: &[MeasureState], owed: usize) -> Option<MeasureState> {
    let all = |state| accepted.iter().all(|s| *s == state);
    if accepted.is_empty() {
        None
    } else if accepted.contains(&MeasureState::Delayed) {
        Some(MeasureState::Delayed)
    } else if all(MeasureState::Done) && accepted.len() >= owed {
        Some(MeasureState::Done)
    } else if all(MeasureState::NotStarted) {
        Some(MeasureState::NotStarted)
    } else {
        Some(MeasureState::UnderWay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_lead_where_they_should() {
        use Stage::{Accepted, Draft, Owed, Returned, Submitted};
        assert_eq!(after(Step::Save, Owed), Some(Draft));
        assert_eq!(after(Step::Save, Returned), Some(Returned));
        assert_eq!(after(Step::Submit, Owed), None);
        assert_eq!(after(Step::Submit, Returned), Some(Submitted));
        assert_eq!(after(Step::Return, Submitted), Some(Returned));
        assert_eq!(after(Step::Accept, Submitted), Some(Accepted));
        for step in Step::ALL {
            assert_eq!(after(step, Accepted), None, "{step:?}: accepted is the end");
        }
        let closed = take(Step::Save, Draft, PeriodState::Closed).unwrap_err();
        assert_eq!(closed.code(), "period_not_open");
        let twice = take(Step::Accept, Accepted, PeriodState::Open).unwrap_err();
        assert_eq!(twice.code(), "stage_mismatch");
    }

    #[test]
    fn states_combine() {
        use MeasureState::{Delayed, Done, NotStarted, UnderWay};
        assert_eq!(combined(&[], 3), None);
        assert_eq!(combined(&[Done], 1), Some(Done));
        assert_eq!(combined(&[Done], 2), Some(UnderWay), "one unit is missing");
        assert_eq!(combined(&[Done, Delayed], 2), Some(Delayed));
        assert_eq!(combined(&[NotStarted, NotStarted], 3), Some(NotStarted));
        assert_eq!(combined(&[NotStarted, Done], 2), Some(UnderWay));
    }

    proptest! {
        #[test]
        fn the_order_of_reports_does_not_matter(picks in prop::collection::vec(0..4_usize, 1..12), owed in 0..14_usize) {
            let states: Vec<MeasureState> = picks.iter().map(|i| MeasureState::ALL[*i]).collect();
            let mut back = states.clone();
            back.reverse();
            prop_assert_eq!(combined(&states, owed), combined(&back, owed));
            let late = states.contains(&MeasureState::Delayed);
            prop_assert_eq!(combined(&states, owed) == Some(MeasureState::Delayed), late);
        }
    }
}
