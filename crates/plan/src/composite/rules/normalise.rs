//! Normalisation: variables made comparable, more always being better afterwards.

use super::choices::Normalisation;
use super::{Table, Variable, deviation, mean};
use crate::words::Direction;

/// Most that a value counts against its reference.
pub const REFERENCE_MAX: f64 = 2.0;

/// How one variable is normalised: fitted to the entities, and applied to the whole too.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// From worst to best.
    Range {
        /// The worst value.
        worst: f64,
        /// The best value.
        best: f64,
    },
    /// From the mean, in deviations; the sign says which way is better.
    Deviations {
        /// The mean.
        mean: f64,
        /// The standard deviation with the direction's sign.
        unit: f64,
    },
    /// Among these values, made such that more is better, ascending.
    Ranks(Vec<f64>),
    /// Against this value, more being better.
    Share(f64),
    /// Against this value, less being better.
    InverseShare(f64),
    /// All entities have the same value, which tells nobody apart.
    Flat(f64),
}

impl Scale {
    /// Fits a scale to a variable's values.
    #[must_use]
    pub fn fit(values: &[f64], variable: &Variable, by: Normalisation) -> Self {
        let up = variable.direction == Direction::Up;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let best = if up { high } else { low };
        let spread = high - low;
        let flat = spread.is_nan() || spread <= high.abs().max(low.abs()) * 1e-12;
        if by == Normalisation::Reference {
            let reference = variable.reference.unwrap_or(best);
            // A share of nothing says nothing; such a variable goes by its range.
            if reference > 0.0 && low >= 0.0 {
                return if up {
                    Self::Share(reference)
                } else {
                    Self::InverseShare(reference)
                };
            }
        }
        if flat {
            return Self::Flat(if by == Normalisation::ZScore {
                0.0
            } else {
                0.5
            });
        }
        match by {
            Normalisation::ZScore => {
                let unit = deviation(values);
                Self::Deviations {
                    mean: mean(values),
                    unit: if up { unit } else { -unit },
                }
            }
            Normalisation::Rank => {
                let mut sorted: Vec<f64> =
                    values.iter().map(|v| if up { *v } else { -v }).collect();
                sorted.sort_by(f64::total_cmp);
                if !up {
                    // The mark by which `apply` knows to turn a value round.
                    return Self::Ranks(std::iter::once(f64::NAN).chain(sorted).collect());
                }
                Self::Ranks(sorted)
            }
            Normalisation::MinMax | Normalisation::Reference => Self::Range {
                worst: if up { low } else { high },
                best,
            },
        }
    }

    /// A value on this scale.
    #[must_use]
    pub fn apply(&self, value: f64) -> f64 {
        match self {
            Self::Range { worst, best } => (value - worst) / (best - worst),
            Self::Deviations { mean, unit } => (value - mean) / unit,
            Self::Ranks(sorted) => {
                let turned = sorted.first().is_some_and(|v| v.is_nan());
                let (sorted, value) = if turned {
                    (&sorted[1..], -value)
                } else {
                    (&sorted[..], value)
                };
                let below = sorted.partition_point(|v| *v < value);
                let within = sorted.partition_point(|v| *v <= value);
                let last = (sorted.len() as f64 - 1.0).max(1.0);
                // Ties share the middle of their places; between two places, the half.
                let place = f64::midpoint(below as f64, within as f64) - 0.5;
                (place / last).clamp(0.0, 1.0)
            }
            Self::Share(reference) => (value / reference).clamp(0.0, REFERENCE_MAX),
            Self::InverseShare(reference) => {
                if value <= 0.0 {
                    REFERENCE_MAX
                } else {
                    (reference / value).clamp(0.0, REFERENCE_MAX)
                }
            }
            Self::Flat(middle) => *middle,
        }
    }
}

/// The scale of each variable.
#[must_use]
pub fn scales(table: &Table, variables: &[Variable], by: Normalisation) -> Vec<Scale> {
    let columns = variables.iter().enumerate();
    columns
        .map(|(v, variable)| Scale::fit(&table.values(v), variable, by))
        .collect()
}

/// A table on its scales.
#[must_use]
pub fn normalise(table: &Table, scales: &[Scale]) -> Table {
    table.map_columns(|v, values| values.iter().map(|x| scales[v].apply(*x)).collect())
}
