//! The choices an index is made by. Each is visible beside the result and can be changed.

use serde::{Deserialize, Serialize};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::ahp;
use crate::words::vocabulary;

/// Most draws of a Monte-Carlo run.
pub const DRAWS_MAX: u32 = 10_000;
/// Widest noise on weights.
pub const NOISE_MAX: f64 = 0.5;

vocabulary! {
    /// What is done where an entity has no value.
    #[schema(as = IndexMissing)]
    Missing {
        /// The entity is scored by the values it has; their weights are scaled to one.
        Available = "available", "按现有值计算";
        /// Entities with a gap are left out.
        Drop = "drop", "剔除有缺失的对象";
        /// The variable's mean.
        Mean = "mean", "均值填补";
        /// The variable's median.
        Median = "median", "中位数填补";
        /// Hot deck: the value of the entity that is most alike on what both have.
        Nearest = "nearest", "最近邻填补";
    }
}

vocabulary! {
    /// What is done with values far from the others.
    #[schema(as = IndexOutliers)]
    Outliers {
        /// They stay.
        Keep = "keep", "保留";
        /// While a variable's skewness is above 2 and its kurtosis above 3.5, its most extreme
        /// value is moved to the next one (JRC), at most five and a tenth of the values.
        Winsorise = "winsorise", "缩尾";
    }
}

vocabulary! {
    /// How variables are made comparable.
    #[schema(as = IndexNormalisation)]
    Normalisation {
        /// From worst 0 to best 1.
        MinMax = "min_max", "极差标准化";
        /// In standard deviations from the mean.
        ZScore = "z_score", "Z 分数";
        /// By rank, from 0 to 1; ties share the middle.
        Rank = "rank", "按名次";
        /// As a share of the reference, at most [`super::normalise::REFERENCE_MAX`].
        Reference = "reference", "与参照值之比";
    }
}

vocabulary! {
    /// How much each variable counts.
    #[schema(as = IndexWeighting)]
    Weighting {
        /// All alike.
        Equal = "equal", "等权";
        /// By pairwise judgement (analytic hierarchy process, 层次分析法).
        Ahp = "ahp", "层次分析法（AHP）";
        /// The more a variable tells entities apart, the more it counts.
        Entropy = "entropy", "熵权法";
        /// By contrast and conflict with the others.
        Critic = "critic", "CRITIC 法";
        /// As given.
        Manual = "manual", "人工设定";
    }
}

vocabulary! {
    /// How normalised values become one score.
    #[schema(as = IndexAggregation)]
    Aggregation {
        /// Weighted mean: a strength makes up for a weakness in full.
        Arithmetic = "arithmetic", "算术加权";
        /// Weighted geometric mean: a weakness is made up for in part only.
        Geometric = "geometric", "几何加权";
        /// Closeness to the best found and distance from the worst found.
        Topsis = "topsis", "TOPSIS";
    }
}

vocabulary! {
    /// A step whose choice can be varied.
    #[schema(as = IndexFactor)]
    Factor {
        /// Missing values.
        Missing = "missing", "缺失值";
        /// Outliers.
        Outliers = "outliers", "异常值";
        /// Normalisation.
        Normalisation = "normalisation", "标准化";
        /// Weights: the method, and noise on its weights.
        Weights = "weights", "权重";
        /// Aggregation.
        Aggregation = "aggregation", "合成方式";
    }
}

/// Every choice of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IndexChoices)]
pub struct Choices {
    /// Missing values.
    pub missing: Missing,
    /// Outliers.
    pub outliers: Outliers,
    /// Normalisation.
    pub normalisation: Normalisation,
    /// Weights.
    pub weighting: Weighting,
    /// Weights as given, one for each variable; for `manual` only. They are scaled to one.
    #[serde(default)]
    #[schema(max_items = 60)]
    pub manual: Vec<f64>,
    /// Pairwise judgements above the diagonal, row by row, each from 1/9 to 9; for `ahp` only.
    #[serde(default)]
    #[schema(max_items = 105)]
    pub pairs: Vec<f64>,
    /// Aggregation.
    pub aggregation: Aggregation,
    /// Monte-Carlo draws; 0 for none.
    #[schema(minimum = 0, maximum = 10_000)]
    pub draws: u32,
    /// Each weight is varied by up to this share either way, 0 to 0.5.
    #[schema(minimum = 0.0, maximum = 0.5)]
    pub noise: f64,
    /// Which choices the draws vary.
    #[schema(max_items = 5)]
    pub vary: Vec<Factor>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            missing: Missing::Available,
            outliers: Outliers::Keep,
            normalisation: Normalisation::MinMax,
            weighting: Weighting::Equal,
            manual: Vec::new(),
            pairs: Vec::new(),
            aggregation: Aggregation::Arithmetic,
            draws: 2_000,
            noise: 0.25,
            vary: Factor::ALL.to_vec(),
        }
    }
}

/// One thing wrong with choices: the field, a stable code, words.
pub type ChoiceFault = (&'static str, &'static str, Text);

impl Choices {
    /// True when the draws vary this step.
    #[must_use]
    pub fn varies(&self, factor: Factor) -> bool {
        self.draws > 0 && self.vary.contains(&factor)
    }

    /// What is wrong with them for so many variables.
    #[must_use]
    pub fn faults(&self, variables: usize) -> Vec<ChoiceFault> {
        let mut faults = Vec::new();
        if self.draws > DRAWS_MAX {
            let draws = self.draws;
            let words = text!(
                "模拟次数最多 {DRAWS_MAX}，收到 {draws}。",
                "At most {DRAWS_MAX} draws; got {draws}."
            );
            faults.push(("draws", "draws_too_many", words));
        }
        if !(0.0..=NOISE_MAX).contains(&self.noise) {
            let noise = self.noise;
            let words = text!(
                "权重扰动应在 0 到 {NOISE_MAX} 之间，收到 {noise}。",
                "Noise on weights lies between 0 and {NOISE_MAX}; got {noise}."
            );
            faults.push(("noise", "noise_out_of_range", words));
        }
        match self.weighting {
            Weighting::Manual => faults.extend(self.manual_fault(variables)),
            Weighting::Ahp => faults.extend(ahp::fault(&self.pairs, variables)),
            _ => {}
        }
        faults
    }

    fn manual_fault(&self, variables: usize) -> Option<ChoiceFault> {
        let count = self.manual.len();
        if count != variables {
            let words = text!(
                "应为每个变量各给一个权重：共 {variables} 个变量，收到 {count} 个权重。",
                "One weight for each variable is needed: {variables} variables, {count} weights."
            );
            return Some(("manual", "weights_count", words));
        }
        let fine = |w: &f64| w.is_finite() && (0.0..=1e6).contains(w);
        if !self.manual.iter().all(fine) || self.manual.iter().sum::<f64>() <= 0.0 {
            let words = Text::new(
                "权重应为 0 到 1,000,000 之间的数，且至少一个大于 0。",
                "Weights lie between 0 and 1,000,000, at least one above 0.",
            );
            return Some(("manual", "weights_out_of_range", words));
        }
        None
    }
}
