//! Before a table opens to everybody: how many people share each combination of what may be known
//! of them elsewhere (k-anonymity), how many sensitive values each such group holds (l-diversity),
//! and which generalisations would make the groups large enough.
//!
//! Sources: Samarati and Sweeney 1998 (k-anonymity), Machanavajjhala et al. 2007 (l-diversity,
//! distinct and entropy), and for the loss the normalised average of steps up each ladder
//! (Samarati's height, weighted). The rules here take codes, not values: equal values have equal
//! codes. A missing value is a value like any other.

pub mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

/// Groups told as the worst.
pub const WORST_MAX: usize = 20;
/// Quasi-identifiers that may be looked at together; each one more multiplies the search.
pub const COLUMNS_MAX: usize = 8;
/// Combinations of steps that are tried for a proposal.
pub const TRIES_MAX: usize = 4_096;

/// A group of rows that look alike in every quasi-identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// One of its rows, from 0: the first.
    pub row: usize,
    /// Its rows.
    pub size: u64,
    /// Distinct values of each sensitive column within it.
    pub distinct: Vec<u64>,
}

/// How well people are hidden among each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Rows of the smallest group; 0 for a table without rows.
    pub k: u64,
    /// Groups in all.
    pub groups: u64,
    /// Rows in groups smaller than what was asked for.
    pub rows_below: u64,
    /// For each sensitive column the fewest distinct values of any group.
    pub l: Vec<u64>,
    /// For each sensitive column e to the power of the smallest entropy of any group.
    pub l_entropy: Vec<f64>,
    /// The smallest groups, then those with the fewest sensitive values.
    pub worst: Vec<Group>,
}

impl Assessment {
    /// True when each group has at least `k` rows and `l` values of every sensitive column.
    #[must_use]
    pub fn holds(&self, k: u64, l: u64) -> bool {
        (self.k >= k || self.groups == 0) && self.l.iter().all(|&one| one >= l || self.groups == 0)
    }
}

/// Looks at a table: `quasi` and `sensitive` are its columns as codes, all of one length.
#[must_use]
pub fn assess(quasi: &[&[u32]], sensitive: &[&[u32]], k_wanted: u64) -> Assessment {
    let rows = quasi.first().or(sensitive.first()).map_or(0, |c| c.len());
    let group_of = group(quasi, rows);
    let count = group_of.iter().max().map_or(0, |&g| g as usize + 1);
    let mut groups: Vec<Group> = (0..count)
        .map(|_| Group {
            row: usize::MAX,
            size: 0,
            distinct: Vec::with_capacity(sensitive.len()),
        })
        .collect();
    for (row, &g) in group_of.iter().enumerate() {
        let one = &mut groups[g as usize];
        one.row = one.row.min(row);
        one.size += 1;
    }
    let l_entropy = sensitive
        .iter()
        .map(|column| diversity(&group_of, column, &mut groups))
        .collect();
    let small = groups.iter().filter(|g| g.size < k_wanted);
    Assessment {
        k: groups.iter().map(|g| g.size).min().unwrap_or(0),
        groups: count as u64,
        rows_below: small.map(|g| g.size).sum(),
        l: (0..sensitive.len())
            .map(|at| groups.iter().map(|g| g.distinct[at]).min().unwrap_or(0))
            .collect(),
        l_entropy,
        worst: worst(groups),
    }
}

/// The number of each row's group, counted from 0 in the order of first appearance.
fn group(quasi: &[&[u32]], rows: usize) -> Vec<u32> {
    let mut group_of = vec![0_u32; rows];
    for column in quasi {
        // Pairs of (group so far, code of this column) are the new groups.
        let mut seen: HashMap<(u32, u32), u32> = HashMap::new();
        for (of, &code) in group_of.iter_mut().zip(*column) {
            let next = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            *of = *seen.entry((*of, code)).or_insert(next);
        }
    }
    group_of
}

/// Counts a sensitive column's distinct values into each group; answers the smallest e^entropy.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows stay far below 2^53"
)]
fn diversity(group_of: &[u32], column: &[u32], groups: &mut [Group]) -> f64 {
    let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
    for (&g, &value) in group_of.iter().zip(column) {
        *counts.entry((g, value)).or_default() += 1;
    }
    let mut entropy = vec![0.0_f64; groups.len()];
    for group in groups.iter_mut() {
        group.distinct.push(0);
    }
    for ((g, _), count) in counts {
        let group = &mut groups[g as usize];
        if let Some(last) = group.distinct.last_mut() {
            *last += 1;
        }
        let share = count as f64 / group.size as f64;
        entropy[g as usize] -= share * share.ln();
    }
    let least = entropy.into_iter().fold(f64::INFINITY, f64::min);
    if least.is_finite() { least.exp() } else { 0.0 }
}

fn worst(mut groups: Vec<Group>) -> Vec<Group> {
    let rank = |g: &Group| (g.size, g.distinct.iter().min().copied().unwrap_or(0), g.row);
    if groups.len() > WORST_MAX {
        groups.select_nth_unstable_by_key(WORST_MAX, rank);
        groups.truncate(WORST_MAX);
    }
    groups.sort_by_key(rank);
    groups
}

/// One column with the steps it may be generalised by: the values as they are first, then ever
/// coarser, as codes. The last step is usually one code for all rows.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// Codes of each row, for each step.
    pub steps: Vec<Vec<u32>>,
    /// How much it hurts to climb this ladder to its top, against the others; 1 is usual.
    pub weight: f64,
}

/// What would make the groups large enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The step of each ladder.
    pub steps: Vec<usize>,
    /// Weighted average share of the ladders climbed, 0 to 1.
    pub loss: f64,
    /// How it would stand then.
    pub assessment: Assessment,
}

/// The generalisation of least loss under which every group has `k` rows and `l` values of each
/// sensitive column; `None` when not even the tops of all ladders do.
///
/// Groups only ever merge on the way up, so a combination that fails rules out all that are at
/// most as coarse on every ladder, and one that holds rules out all that lose as much.
#[must_use]
pub fn propose(ladders: &[Ladder], sensitive: &[&[u32]], k: u64, l: u64) -> Option<Proposal> {
    let mut open = combinations(ladders);
    open.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    let mut best: Option<Proposal> = None;
    while !open.is_empty() {
        // The middle halves what is left when it holds; the last one fails only if all do.
        let at = if best.is_none() {
            open.len() - 1
        } else {
            open.len() / 2
        };
        let (steps, loss) = open[at].clone();
        let columns: Vec<&[u32]> = ladders
            .iter()
            .zip(&steps)
            .map(|(ladder, &step)| ladder.steps[step].as_slice())
            .collect();
        let assessment = assess(&columns, sensitive, k);
        if assessment.holds(k, l) {
            open.truncate(at);
            best = Some(Proposal {
                steps,
                loss,
                assessment,
            });
        } else {
            open.retain(|(other, _)| !other.iter().zip(&steps).all(|(a, b)| a <= b));
        }
    }
    best
}

/// Every combination of steps with its loss; of too many, the ladders' middle steps are left out
/// until they are few enough.
fn combinations(ladders: &[Ladder]) -> Vec<(Vec<usize>, f64)> {
    let mut choices: Vec<Vec<usize>> = ladders
        .iter()
        .map(|l| (0..l.steps.len()).collect())
        .collect();
    while choices.iter().map(Vec::len).product::<usize>() > TRIES_MAX {
        let Some(longest) = choices.iter_mut().max_by_key(|c| c.len()) else {
            break;
        };
        longest.remove(longest.len() / 2);
    }
    let total: f64 = ladders.iter().map(|l| l.weight).sum();
    let mut found = vec![(Vec::new(), 0.0)];
    for (ladder, steps) in ladders.iter().zip(&choices) {
        let top = ladder.steps.len().saturating_sub(1).max(1);
        found = found
            .into_iter()
            .flat_map(|(so_far, loss): (Vec<usize>, f64)| {
                steps.iter().map(move |&step| {
                    let mut longer = so_far.clone();
                    longer.push(step);
                    (longer, loss + climbed(step, top) * ladder.weight / total)
                })
            })
            .collect();
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "a ladder has few steps")]
fn climbed(step: usize, top: usize) -> f64 {
    step as f64 / top as f64
}
