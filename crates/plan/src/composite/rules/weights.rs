//! Weights from the data: equal, entropy, CRITIC. All of them add up to one.
//!
//! Entropy and CRITIC look at the values from worst 0 to best 1, whatever normalisation the index
//! uses, so that changing that step does not change this one.

use super::choices::{Choices, Weighting};
use super::{Table, ahp, deviation, mean};

/// Scales weights to one; without any weight all count alike.
#[must_use]
pub fn to_one(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        weights.iter().map(|w| w / sum).collect()
    } else {
        equal(weights.len())
    }
}

/// All alike.
#[must_use]
pub fn equal(variables: usize) -> Vec<f64> {
    vec![1.0 / variables.max(1) as f64; variables]
}

/// Entropy weights (熵权法): one less the entropy of a variable's shares, divided by the greatest
/// possible; shares of nothing add nothing.
#[must_use]
pub fn entropy(table: &Table) -> Vec<f64> {
    let difference = |v: usize| {
        let values = table.values(v);
        let sum: f64 = values.iter().sum();
        if values.len() < 2 || sum <= 0.0 {
            return 0.0;
        }
        let shares = values.iter().map(|x| x / sum).filter(|p| *p > 0.0);
        let entropy: f64 = shares.map(|p| -p * p.ln()).sum();
        (1.0 - entropy / (values.len() as f64).ln()).max(0.0)
    };
    to_one(&(0..table.columns).map(difference).collect::<Vec<_>>())
}

/// CRITIC weights (Diakoulaki 1995): the deviation of a variable times its conflict with the
/// others, the sum of one less each correlation.
#[must_use]
pub fn critic(table: &Table) -> Vec<f64> {
    let of = |v: usize| {
        let conflict: f64 = (0..table.columns)
            .map(|other| 1.0 - correlation(table, v, other))
            .sum();
        deviation(&table.values(v)) * conflict
    };
    to_one(&(0..table.columns).map(of).collect::<Vec<_>>())
}

/// Pearson's correlation over the entities that have both; 0 without spread, 1 with itself.
#[must_use]
pub fn correlation(table: &Table, a: usize, b: usize) -> f64 {
    if a == b {
        return 1.0;
    }
    let (x, y) = (table.column(a), table.column(b));
    let both: Vec<usize> = table.held_rows(a).filter(|e| table.holds(*e, b)).collect();
    let pick = |c: &[f64]| both.iter().map(|e| c[*e]).collect::<Vec<f64>>();
    let (x, y) = (pick(x), pick(y));
    let (mx, my) = (mean(&x), mean(&y));
    let (mut sxy, mut sxx, mut syy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(&y) {
        sxy += (a - mx) * (b - my);
        sxx += (a - mx).powi(2);
        syy += (b - my).powi(2);
    }
    let spread = (sxx * syy).sqrt();
    if spread > 0.0 { sxy / spread } else { 0.0 }
}

/// The weights a method gives; `table` from worst 0 to best 1.
#[must_use]
pub fn weights(table: &Table, by: Weighting, choices: &Choices) -> Vec<f64> {
    match by {
        Weighting::Equal => equal(table.columns),
        Weighting::Entropy => entropy(table),
        Weighting::Critic => critic(table),
        Weighting::Manual => to_one(&choices.manual),
        Weighting::Ahp => ahp::judge(&choices.pairs, table.columns).weights,
    }
}
