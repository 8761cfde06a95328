//! The schedule (进度安排): milestones and sub-tasks of measures, and which measure needs which
//! other first.
//!
//! Invariant: no measure waits for itself, however long the chain.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use crate::bundle::check::YEARS;
use crate::directory::Directory;
use crate::plans::PlanId;
use crate::reports::MeasureRef;

tianyuan_kernel::id!(
    MilestoneId,
    "milestone",
    "A milestone or sub-task of a measure."
);

const OPEN_FIELDS: &[&str] = &["plan", "measure", "title", "starts", "due", "done_at"];

/// A milestone was added.
pub const MILESTONE_ADDED: Kind = Kind::new(
    "milestone.added",
    Log::Directory,
    "新增节点",
    "Milestone added",
)
.open(OPEN_FIELDS)
.staff();
/// A milestone changed, or was done.
pub const MILESTONE_CHANGED: Kind = Kind::new(
    "milestone.changed",
    Log::Directory,
    "修改节点",
    "Milestone changed",
)
.open(OPEN_FIELDS)
.staff();
/// A milestone was removed.
pub const MILESTONE_REMOVED: Kind = Kind::new(
    "milestone.removed",
    Log::Directory,
    "删除节点",
    "Milestone removed",
)
.open(OPEN_FIELDS)
.staff();
/// A measure waits for another.
pub const DEPENDENCY_ADDED: Kind = Kind::new(
    "dependency.added",
    Log::Directory,
    "新增依赖",
    "Dependency added",
)
.open(&["plan", "measure", "needs"])
.staff();
/// A measure no longer waits for another.
pub const DEPENDENCY_REMOVED: Kind = Kind::new(
    "dependency.removed",
    Log::Directory,
    "删除依赖",
    "Dependency removed",
)
.open(&["plan", "measure", "needs"])
.staff();

/// Longest title of a milestone, characters.
pub const TITLE_CHARS_MAX: usize = 120;
/// Longest remark, characters.
pub const NOTE_CHARS_MAX: usize = 1_000;
/// Milestones and sub-tasks of one measure.
pub const PER_MEASURE_MAX: usize = 100;
/// Dependencies of one edition.
pub const DEPENDENCIES_MAX: usize = 1_000;

/// A milestone, or a sub-task of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Milestone {
    /// Its id.
    pub id: MilestoneId,
    /// Its measure.
    pub measure: MeasureRef,
    /// The milestone whose sub-task it is.
    pub parent_id: Option<MilestoneId>,
    /// What is to be there.
    pub title: String,
    /// When work on it begins.
    #[schema(value_type = Option<String>, format = Date)]
    pub starts: Option<Date>,
    /// When it is due.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// When it was done.
    #[schema(value_type = Option<String>, format = Date)]
    pub done_at: Option<Date>,
    /// Not done although the day has passed.
    pub late: bool,
    /// Who sees to it.
    pub unit: Option<UnitRef>,
    /// A remark; may be empty.
    pub note: String,
    /// Grows with every change.
    pub version: i64,
}

impl Milestone {
    /// What its facts say.
    pub(crate) fn fact(&self, plan: &PlanId) -> serde_json::Value {
        serde_json::json!({
            "plan": plan, "measure": self.measure.number, "title": self.title,
            "starts": self.starts, "due": self.due, "done_at": self.done_at,
            "unit": self.unit.as_ref().map(|u| &u.id), "parent": self.parent_id,
            "note": self.note,
        })
    }
}

/// A measure waits for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dependency {
    /// The measure that waits.
    pub measure: i64,
    /// The measure it needs.
    pub needs: i64,
}

/// Checks a milestone about to be kept.
///
/// # Errors
/// 422 naming the first field that is wrong.
pub(crate) fn check(one: &Milestone, today: Date) -> Result<()> {
    let size = one.title.chars().count();
    if one.title.is_empty() || size > TITLE_CHARS_MAX {
        let words = text!(
            "名称为 1 到 {TITLE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A title has 1 to {TITLE_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("title_length", "title", words));
    }
    let size = one.note.chars().count();
    if size > NOTE_CHARS_MAX {
        let words = text!(
            "备注最多 {NOTE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A remark has at most {NOTE_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "note", words));
    }
    let days = [
        ("due", Some(one.due)),
        ("starts", one.starts),
        ("done_at", one.done_at),
    ];
    for (field, day) in days {
        if day.is_some_and(|d| !YEARS.contains(&i64::from(d.year()))) {
            let words = Text::new(
                "日期应在 1990 到 2100 年之间。",
                "The date lies between 1990 and 2100.",
            );
            return Err(Error::invalid("date_out_of_range", field, words));
        }
    }
    let (starts, due) = (one.starts, one.due);
    if let Some(starts) = starts.filter(|s| *s > due) {
        let words = text!(
            "开始日 {starts} 晚于截止日 {due}。",
            "It begins on {starts}, after it is due on {due}."
        );
        return Err(Error::invalid("starts_after_due", "starts", words));
    }
    if let Some(done) = one
        .done_at
        .filter(|d| *d > today.tomorrow().unwrap_or(today))
    {
        let words = text!(
            "完成日 {done} 晚于今天 {today}。",
            "It cannot be done on {done}, after today, {today}."
        );
        return Err(Error::invalid("date_in_future", "done_at", words));
    }
    Ok(())
}

/// The chain by which `needs` already waits for `measure`, from the one to the other; none when
/// the new dependency closes no ring.
#[must_use]
pub fn ring(all: &[Dependency], measure: i64, needs: i64) -> Option<Vec<i64>> {
    let mut waits: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for one in all {
        waits.entry(one.measure).or_default().push(one.needs);
    }
    let mut came_from: BTreeMap<i64, i64> = BTreeMap::new();
    let (mut open, mut seen) = (vec![needs], BTreeSet::from([needs]));
    while let Some(at) = open.pop() {
        if at == measure {
            let mut chain = vec![at];
            let mut back = at;
            while let Some(before) = came_from.get(&back) {
                chain.push(*before);
                back = *before;
            }
            chain.reverse();
            return Some(chain);
        }
        for next in waits.get(&at).into_iter().flatten() {
            if seen.insert(*next) {
                came_from.insert(*next, at);
                open.push(*next);
            }
        }
    }
    None
}

/// Every milestone of an edition, by day.
pub(crate) async fn milestones(
    sql: &mut dyn Sql,
    plan: &PlanId,
    today: Date,
) -> Result<Vec<Milestone>> {
    let directory = Directory::load(sql).await?;
    let rows = store::of_plan(sql, plan).await?;
    Ok(rows
        .into_iter()
        .map(|row| row.view(&directory, today))
        .collect())
}

#[cfg(test)]
mod rule_tests {
    use super::*;
    use proptest::prelude::*;

    fn waits(measure: i64, needs: i64) -> Dependency {
        Dependency { measure, needs }
    }

    #[test]
    fn a_ring_is_told_with_its_chain() {
        let all = [waits(2, 1), waits(3, 2), waits(4, 3)];
        assert_eq!(ring(&all, 1, 1), Some(vec![1]), "itself");
        assert_eq!(ring(&all, 1, 4), Some(vec![4, 3, 2, 1]));
        assert_eq!(ring(&all, 4, 1), None, "the same way round is no ring");
        assert_eq!(ring(&all, 5, 4), None);
    }

    proptest! {
        /// Whatever is asked for, in whatever order: what was let in can always be put in order.
        #[test]
        fn what_is_let_in_can_be_put_in_order(asked in prop::collection::vec((0..12_i64, 0..12_i64), 0..60)) {
            let mut all: Vec<Dependency> = Vec::new();
            for (measure, needs) in asked {
                if ring(&all, measure, needs).is_none() {
                    all.push(waits(measure, needs));
                }
            }
            let mut left: BTreeSet<i64> = (0..12).collect();
            while !left.is_empty() {
                let free = left.iter().copied().find(|m| !all.iter().any(|d| d.measure == *m && left.contains(&d.needs)));
                prop_assert!(free.is_some(), "a ring was let in: {:?}", all);
                left.remove(&free.unwrap());
            }
        }
    }
}
