//! Groups among voters (观点群体): who votes alike, what each group stands for, and what all agree
//! on. After Polis (Small et al. 2021): principal components of the votes, k-means with the
//! number of groups by silhouette, and statements told apart by how much likelier a group is to
//! agree than everybody else.
//!
//! Nothing is shown of few: below [`VOTERS_MIN`] voters there are no groups, and a group below
//! [`CAMP_MIN`] is joined to its nearest neighbour.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::super::topics::{Topic, TopicId};
use super::matrix::{Point, distance, k_means, project, silhouette};

/// Fewest voters among whom groups are looked for.
pub const VOTERS_MIN: usize = 20;
/// Fewest voters of a group that is shown.
pub const CAMP_MIN: usize = 5;
/// Fewest statements a voter must have voted on, or all there are.
const VOTES_OF_VOTER_MIN: usize = 3;
/// Fewest statements among which groups are looked for.
const STATEMENTS_MIN: usize = 3;
/// Most groups looked for.
const CAMPS_MAX: usize = 5;
/// Mean silhouette below which the voters are one group.
const SILHOUETTE_MIN: f64 = 0.25;
/// Points on which a silhouette is measured.
const SILHOUETTE_SAMPLE: usize = 800;
/// Statements named for each group, and in common.
const STATEMENTS_NAMED: usize = 5;
/// One-sided 90 % confidence, as Polis asks for.
const Z_MIN: f64 = 1.2816;
/// Share of every group that agrees on common ground, at least.
const COMMON_MIN: f64 = 0.6;

/// Groups among voters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Camps {
    /// Devices that voted.
    pub voters: usize,
    /// Votes they cast.
    pub votes: usize,
    /// Devices with votes enough to be compared; groups show from 20.
    pub compared: usize,
    /// How many devices it takes before anything is shown.
    pub voters_min: usize,
    /// The groups, the largest first; empty while there are too few voters, and one when they
    /// do not fall apart.
    pub camps: Vec<Camp>,
    /// Statements that every group agrees on, the most agreed first.
    pub common: Vec<Stand>,
    /// How clearly the groups fall apart, -1 to 1 (mean silhouette); null with fewer than two.
    pub silhouette: Option<f64>,
}

/// A group of voters.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Camp {
    /// `A`, `B`, …
    pub name: String,
    /// Devices in it, 5 or more.
    pub voters: usize,
    /// What it stands for more than the others, the most telling first.
    pub stands: Vec<Stand>,
    /// The middle of its voters in the plane of the two main differences.
    pub at: [f64; 2],
}

/// A statement, and how a group votes on it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Stand {
    /// The statement's group of opinions.
    pub topic: TopicId,
    /// The statement.
    pub statement: String,
    /// True when they agree, false when they disagree.
    pub agrees: bool,
    /// Percent of those in the group who voted on it and vote so.
    pub percent: i64,
    /// Percent of everybody else; null for common ground.
    pub others_percent: Option<i64>,
}

struct Voters {
    rows: Vec<Vec<Option<f64>>>,
}

/// Finds the groups. `votes` are `(voter, statement, number)` by voter; statements that are not
/// among `topics` (no longer shown) count for nothing.
#[must_use]
pub fn camps(votes: &[(Vec<u8>, String, i64)], topics: &[Topic]) -> Camps {
    let column: BTreeMap<&str, usize> = topics
        .iter()
        .enumerate()
        .map(|(i, t)| (t.id.as_str(), i))
        .collect();
    let mut by_voter: BTreeMap<&[u8], Vec<Option<f64>>> = BTreeMap::new();
    let mut counted = 0;
    for (voter, topic, vote) in votes {
        if let Some(c) = column.get(topic.as_str()) {
            let row = by_voter
                .entry(voter)
                .or_insert_with(|| vec![None; topics.len()]);
            row[*c] = Some(*vote as f64);
            counted += 1;
        }
    }
    let voters = by_voter.len();
    let needed = VOTES_OF_VOTER_MIN.min(topics.len().max(1));
    let enough = |row: &Vec<Option<f64>>| row.iter().flatten().count() >= needed;
    let rows: Vec<_> = by_voter.into_values().filter(enough).collect();
    let mut found = Camps {
        voters,
        votes: counted,
        compared: rows.len(),
        voters_min: VOTERS_MIN,
        ..Camps::default()
    };
    if rows.len() < VOTERS_MIN || topics.len() < STATEMENTS_MIN {
        return found;
    }
    let points = project(&rows);
    let (labels, k, clear) = clusters(&points);
    let voters = Voters { rows };
    found.silhouette = (k > 1).then_some(clear);
    found.camps = (0..k)
        .map(|c| camp(&voters, &points, &labels, c, topics))
        .collect();
    found.camps.sort_by_key(|c| std::cmp::Reverse(c.voters));
    for (i, camp) in found.camps.iter_mut().enumerate() {
        camp.name = char::from(b'A' + u8::try_from(i).unwrap_or(25)).to_string();
    }
    found.common = common(&voters, &labels, k, topics);
    found
}

/// The clusters that fall apart most clearly, small ones joined to their neighbours.
fn clusters(points: &[Point]) -> (Vec<usize>, usize, f64) {
    let mut best = (vec![0; points.len()], 1, SILHOUETTE_MIN);
    for k in 2..=CAMPS_MAX.min(points.len() / CAMP_MIN) {
        let (labels, left) = without_small(points, k_means(points, k), k);
        if left < 2 {
            continue;
        }
        let clear = silhouette(points, &labels, left, SILHOUETTE_SAMPLE);
        if clear > best.2 {
            best = (labels, left, clear);
        }
    }
    best
}

fn centre(points: &[Point], labels: &[usize], c: usize) -> (Point, usize) {
    let own = points.iter().zip(labels).filter(|(_, l)| **l == c);
    let (sum, n) = own.fold(([0.0, 0.0], 0), |(s, n), (p, _)| {
        ([s[0] + p[0], s[1] + p[1]], n + 1)
    });
    let d = f64::from(u32::try_from(n.max(1)).unwrap_or(u32::MAX));
    ([sum[0] / d, sum[1] / d], n)
}

fn without_small(points: &[Point], mut labels: Vec<usize>, k: usize) -> (Vec<usize>, usize) {
    let centres: Vec<(Point, usize)> = (0..k).map(|c| centre(points, &labels, c)).collect();
    let large: Vec<usize> = (0..k).filter(|c| centres[*c].1 >= CAMP_MIN).collect();
    if large.is_empty() {
        return (vec![0; points.len()], 1);
    }
    for label in &mut labels {
        let at = centres[*label].0;
        let by = |i: &usize| distance(&at, &centres[large[*i]].0);
        *label = large.iter().position(|c| c == label).unwrap_or_else(|| {
            (0..large.len())
                .min_by(|a, b| by(a).total_cmp(&by(b)))
                .unwrap_or(0)
        });
    }
    (labels, large.len())
}

/// How a part of the voters votes on a statement: those who vote so, and all who voted on it.
fn share(voters: &Voters, inside: impl Fn(usize) -> bool, c: usize, vote: f64) -> (f64, f64) {
    let cells = voters.rows.iter().enumerate().filter(|(i, _)| inside(*i));
    let votes = cells.filter_map(|(_, row)| row[c]);
    votes.fold((0.0, 0.0), |(yes, all), v| {
        (yes + f64::from(u8::from(v == vote)), all + 1.0)
    })
}

fn percent(part: f64, all: f64) -> i64 {
    if all > 0.0 {
        (100.0 * part / all).round() as i64
    } else {
        0
    }
}

/// Two-proportion z with one vote added on either side, as Polis does for small numbers.
fn z_of((yes, all): (f64, f64), (others_yes, others): (f64, f64)) -> f64 {
    let (yes, all, others_yes, others) = (yes + 1.0, all + 1.0, others_yes + 1.0, others + 1.0);
    let pooled = (yes + others_yes) / (all + others);
    let spread = (pooled * (1.0 - pooled) * (1.0 / all + 1.0 / others)).sqrt();
    if spread > 0.0 {
        (yes / all - others_yes / others) / spread
    } else {
        0.0
    }
}

fn camp(v: &Voters, points: &[Point], labels: &[usize], c: usize, topics: &[Topic]) -> Camp {
    let (at, voters) = centre(points, labels, c);
    let mut stands = Vec::new();
    for (t, topic) in topics.iter().enumerate() {
        for (vote, agrees) in [(1.0, true), (-1.0, false)] {
            let own = share(v, |i| labels[i] == c, t, vote);
            let others = share(v, |i| labels[i] != c, t, vote);
            // Statements few of the group voted on say nothing about it, and might tell on them.
            if own.1 < CAMP_MIN as f64 || own.0 / own.1 < 0.5 {
                continue;
            }
            let z = z_of(own, others);
            let likelier = ((own.0 + 1.0) / (own.1 + 2.0)) / ((others.0 + 1.0) / (others.1 + 2.0));
            if z >= Z_MIN {
                let stand = Stand {
                    topic: topic.id.clone(),
                    statement: topic.statement.clone(),
                    agrees,
                    percent: percent(own.0, own.1),
                    others_percent: Some(percent(others.0, others.1)),
                };
                stands.push((z * likelier, stand));
            }
        }
    }
    stands.sort_by(|a, b| b.0.total_cmp(&a.0));
    Camp {
        name: String::new(),
        voters,
        stands: stands
            .into_iter()
            .take(STATEMENTS_NAMED)
            .map(|(_, s)| s)
            .collect(),
        at,
    }
}

/// Statements that most of every group agree on.
fn common(v: &Voters, labels: &[usize], k: usize, topics: &[Topic]) -> Vec<Stand> {
    let mut found = Vec::new();
    for (t, topic) in topics.iter().enumerate() {
        let shares: Vec<(f64, f64)> = (0..k)
            .map(|c| share(v, |i| labels[i] == c, t, 1.0))
            .collect();
        let agreed = shares
            .iter()
            .all(|(yes, all)| *all >= CAMP_MIN as f64 && yes / all >= COMMON_MIN);
        if agreed {
            let together: f64 = shares
                .iter()
                .map(|(yes, all)| (yes + 1.0) / (all + 2.0))
                .product();
            let (yes, all) = share(v, |_| true, t, 1.0);
            let stand = Stand {
                topic: topic.id.clone(),
                statement: topic.statement.clone(),
                agrees: true,
                percent: percent(yes, all),
                others_percent: None,
            };
            found.push((together, stand));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
        .into_iter()
        .take(STATEMENTS_NAMED)
        .map(|(_, s)| s)
        .collect()
}
