//! Choices as query parameters, so that a result can be looked at under other choices without
//! changing anything, and its address shared.

use serde::Deserialize;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;

use super::rules::choices::{
    Aggregation, Choices, Factor, Missing, Normalisation, Outliers, Weighting,
};
use super::rules::random::SEED_MAX;

/// Most characters of a list of numbers.
const LIST_CHARS_MAX: usize = 4_000;

/// Choices that differ from those of the index (or from the usual ones); what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChoiceParams {
    /// Missing values.
    pub missing: Option<Missing>,
    /// Outliers.
    pub outliers: Option<Outliers>,
    /// Normalisation.
    pub normalisation: Option<Normalisation>,
    /// Weights.
    pub weighting: Option<Weighting>,
    /// Weights as given, with commas between: `2,1,1`.
    #[param(max_length = 4000)]
    pub manual: Option<String>,
    /// Pairwise judgements above the diagonal, row by row: `3,1/2,5`.
    #[param(max_length = 4000)]
    pub pairs: Option<String>,
    /// Aggregation.
    pub aggregation: Option<Aggregation>,
    /// Monte-Carlo draws; 0 for none.
    #[param(minimum = 0, maximum = 10000)]
    pub draws: Option<u32>,
    /// Each weight is varied by up to this share either way.
    #[param(minimum = 0.0, maximum = 0.5)]
    pub noise: Option<f64>,
    /// Which choices the draws vary, with commas between; empty for none.
    #[param(max_length = 200)]
    pub vary: Option<String>,
    /// Seed of the draws.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    pub seed: Option<i64>,
}

/// Reads numbers with commas between; fractions may be written as such.
///
/// # Errors
/// 422 naming the field and what could not be read.
pub fn numbers(field: &'static str, list: &str) -> Result<Vec<f64>> {
    if list.len() > LIST_CHARS_MAX {
        let words = text!(
            "最多 {LIST_CHARS_MAX} 个字符。",
            "At most {LIST_CHARS_MAX} characters."
        );
        return Err(Error::invalid("too_long", field, words));
    }
    let parts = list.split(',').map(str::trim).filter(|p| !p.is_empty());
    parts
        .map(|part| {
            let (over, under) = part.split_once('/').unwrap_or((part, "1"));
            let value = over
                .trim()
                .parse::<f64>()
                .ok()
                .zip(under.trim().parse().ok());
            let value = value.map(|(a, b): (f64, f64)| a / b);
            value.filter(|v| v.is_finite()).ok_or_else(|| {
                let shown: String = part.chars().take(20).collect();
                let words = text!(
                    "应为以逗号分隔的数字，如 3,1/2,5；收到“{shown}”。",
                    "Numbers with commas between are needed, such as 3,1/2,5; got “{shown}”."
                );
                Error::invalid("not_a_number", field, words)
            })
        })
        .collect()
}

fn factors(list: &str) -> Result<Vec<Factor>> {
    let parts = list.split(',').map(str::trim).filter(|p| !p.is_empty());
    let mut read = Vec::new();
    for part in parts {
        let factor = Factor::ALL.iter().find(|f| f.as_str() == part);
        let Some(factor) = factor else {
            let shown: String = part.chars().take(20).collect();
            let choices: Vec<&str> = Factor::ALL.iter().map(|f| f.as_str()).collect();
            let choices = choices.join(", ");
            let words = text!(
                "“{shown}”不在可选项中：{choices}。",
                "“{shown}” is not one of: {choices}."
            );
            return Err(Error::invalid("not_a_choice", "vary", words));
        };
        if !read.contains(factor) {
            read.push(*factor);
        }
    }
    Ok(read)
}

impl ChoiceParams {
    /// Puts these choices over others.
    ///
    /// # Errors
    /// 422 when a list cannot be read.
    pub fn over(&self, mut base: Choices) -> Result<Choices> {
        base.missing = self.missing.unwrap_or(base.missing);
        base.outliers = self.outliers.unwrap_or(base.outliers);
        base.normalisation = self.normalisation.unwrap_or(base.normalisation);
        base.weighting = self.weighting.unwrap_or(base.weighting);
        base.aggregation = self.aggregation.unwrap_or(base.aggregation);
        base.draws = self.draws.unwrap_or(base.draws);
        base.noise = self.noise.unwrap_or(base.noise);
        if let Some(list) = &self.manual {
            base.manual = numbers("manual", list)?;
        }
        if let Some(list) = &self.pairs {
            base.pairs = numbers("pairs", list)?;
        }
        if let Some(list) = &self.vary {
            base.vary = factors(list)?;
        }
        Ok(base)
    }

    /// The seed asked for, or another.
    ///
    /// # Errors
    /// 422 when it is out of range.
    pub fn seed_or(&self, other: i64) -> Result<i64> {
        let seed = self.seed.unwrap_or(other);
        if (0..=SEED_MAX).contains(&seed) {
            return Ok(seed);
        }
        let words = text!(
            "种子应在 0 到 {SEED_MAX} 之间。",
            "A seed lies between 0 and {SEED_MAX}."
        );
        Err(Error::invalid("seed_out_of_range", "seed", words))
    }
}
