//! Quality (数据质量) after the dimensions of GB/T 36344: completeness, accuracy, consistency,
//! timeliness, conformity, accessibility. What is measured follows from the rules written on the
//! fields; the score is the mean of the dimensions that could be measured, and shows its parts.

mod meter;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use meter::Meter;

use crate::datasets::Profile;
use crate::words::{Licence, vocabulary};

/// Places shown of what failed a check.
pub const EXAMPLES: usize = 5;

vocabulary! {
    /// A dimension of quality.
    Dimension {
        /// Values are there.
        Completeness = "completeness", "完整性", "Completeness";
        /// Values are right: within bounds, of the permitted ones, none twice.
        Accuracy = "accuracy", "准确性", "Accuracy";
        /// Values do not contradict each other.
        Consistency = "consistency", "一致性", "Consistency";
        /// Data are renewed as promised.
        Timeliness = "timeliness", "时效性", "Timeliness";
        /// Values have their types, shapes and lengths.
        Conformity = "conformity", "规范性", "Conformity";
        /// Data can be found, understood and used.
        Accessibility = "accessibility", "可访问性", "Accessibility";
    }
}

/// One check of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = QualityCheck)]
pub struct Check {
    /// The dimension it counts for.
    pub dimension: Dimension,
    /// The rule: `filled`, `type`, `length`, `shape`, `values`, `range`, `unique`, `key`,
    /// `not_before`, `cycle`, `described`, `contact`, `licence`, `summary`.
    pub rule: String,
    /// The field; null for what concerns the dataset.
    pub field: Option<String>,
    /// What was looked at.
    pub checked: i64,
    /// What failed.
    pub failed: i64,
    /// Where, in the file: the first lines.
    pub lines: Vec<i64>,
}

/// A dimension's part of the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = QualityPart)]
pub struct Part {
    /// The dimension.
    pub dimension: Dimension,
    /// 0 to 100; null when nothing could be measured.
    pub score: Option<f64>,
}

/// Quality as measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quality {
    /// 0 to 100.
    pub score: f64,
    /// Its parts.
    pub parts: Vec<Part>,
    /// What was checked.
    pub checks: Vec<Check>,
}

impl Quality {
    /// The score of checks: each dimension is the share of what passed, rules alike.
    #[must_use]
    pub fn of(checks: Vec<Check>) -> Self {
        let part = |dimension: &Dimension| {
            let shares: Vec<f64> = checks
                .iter()
                .filter(|c| c.dimension == *dimension && c.checked > 0)
                .map(|c| 1.0 - c.failed.min(c.checked) as f64 / c.checked as f64)
                .collect();
            let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
            Part {
                dimension: *dimension,
                score: (!shares.is_empty()).then(|| rounded(mean * 100.0)),
            }
        };
        let parts: Vec<Part> = Dimension::ALL.iter().map(part).collect();
        let scores: Vec<f64> = parts.iter().filter_map(|p| p.score).collect();
        Self {
            score: rounded(scores.iter().sum::<f64>() / scores.len().max(1) as f64),
            parts,
            checks,
        }
    }
}

fn rounded(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}

/// What can be said of the entry itself: is it described, can somebody be asked, may it be used.
#[must_use]
pub fn of_entry(profile: &Profile) -> Vec<Check> {
    let check = |rule: &str, holds: bool| Check {
        dimension: Dimension::Accessibility,
        rule: rule.to_owned(),
        field: None,
        checked: 1,
        failed: i64::from(!holds),
        lines: Vec::new(),
    };
    let described = profile
        .fields
        .iter()
        .filter(|f| !f.meaning.is_empty())
        .count();
    let stated = profile.licence != Licence::Stated || !profile.opening_terms.is_empty();
    let mut checks = vec![
        check("summary", !profile.summary.is_empty()),
        check("contact", !profile.contact.name.is_empty()),
        check("licence", stated),
    ];
    if !profile.fields.is_empty() {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        checks.push(Check {
            checked: count(profile.fields.len()),
            failed: count(profile.fields.len() - described),
            ..check("described", true)
        });
    }
    checks
}

/// Renewed as promised? `days` since the version before; the first version is in time.
#[must_use]
pub fn of_cycle(profile: &Profile, days: Option<f64>) -> Option<Check> {
    let most = profile.update_cycle.days()?;
    let late = days.is_some_and(|d| d > most as f64);
    Some(Check {
        dimension: Dimension::Timeliness,
        rule: "cycle".to_owned(),
        field: None,
        checked: 1,
        failed: i64::from(late),
        lines: Vec::new(),
    })
}
