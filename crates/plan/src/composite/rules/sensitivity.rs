//! Sensitivity: which choice moves the ranking most.
//!
//! The measured quantity is the mean shift of ranks against the ranking chosen, as Saisana,
//! Saltelli and Tarantola (2005) have it. Its variance over the draws is split among the steps:
//! first-order indices after Saltelli et al. (2010), total ones after Jansen (1999). Beside that,
//! each alternative alone: how far ranks move when only this one choice is made otherwise.

use serde::Serialize;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::choices::Factor;
use super::random::Random;
use super::uncertainty::{Draw, FACTORS, Space, Spare};

/// Base draws of the variance split; each costs two evaluations and one more for each step.
pub const BASE_MAX: u32 = 1_000;

/// How much of the ranking's uncertainty comes from one step.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexSensitivity)]
pub struct Sensitivity {
    /// The step.
    pub factor: Factor,
    /// Share of the variance that this step explains alone, 0 to 1.
    pub first: f64,
    /// Share of the variance that this step takes part in, 0 to 1.
    pub total: f64,
}

/// One choice made otherwise, all others kept.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexAlternative)]
pub struct Alternative {
    /// The step.
    pub factor: Factor,
    /// The other choice, as in the choices.
    pub choice: &'static str,
    /// The other choice, in words.
    pub name: Text,
    /// How many places a rank moves on average.
    pub mean_shift: f64,
    /// How many places the rank that moves most moves.
    pub max_shift: u32,
    /// Id of the entity that moves most; null when none does.
    pub most: Option<String>,
}

/// Mean shift of ranks.
fn shift(ranks: &[u32], chosen: &[u32]) -> f64 {
    let sum: u32 = ranks.iter().zip(chosen).map(|(a, b)| a.abs_diff(*b)).sum();
    f64::from(sum) / ranks.len().max(1) as f64
}

/// Splits the variance of the mean shift among the steps that are varied.
#[must_use]
pub fn split(space: &Space, draws: u32, random: &mut Random) -> Vec<Sensitivity> {
    let base = draws.min(BASE_MAX);
    let factors: Vec<usize> = (0..FACTORS).filter(|f| space.moves(*f)).collect();
    if base < 2 || factors.is_empty() {
        return Vec::new();
    }
    let (mut ranks, mut spare, mut chosen) = (Vec::new(), Spare::default(), Vec::new());
    space.ranks(&space.chosen(), &mut chosen, &mut spare);
    let mut at = |draw: &Draw| {
        space.ranks(draw, &mut ranks, &mut spare);
        shift(&ranks, &chosen)
    };
    let mut all = Vec::with_capacity(2 * base as usize);
    let mut sums = [(0.0, 0.0); FACTORS];
    for _ in 0..base {
        let (a, b) = (space.draw(random), space.draw(random));
        let (at_a, at_b) = (at(&a), at(&b));
        all.extend([at_a, at_b]);
        for factor in &factors {
            let mut mixed = a.clone();
            mixed.picks[*factor] = b.picks[*factor];
            if Factor::ALL[*factor] == Factor::Weights {
                mixed.noise.clone_from(&b.noise);
            }
            let at_mixed = at(&mixed);
            sums[*factor].0 += at_b * (at_mixed - at_a);
            sums[*factor].1 += (at_a - at_mixed).powi(2) / 2.0;
        }
    }
    let variance = super::deviation(&all).powi(2);
    let share = |sum: f64| {
        if variance > 1e-12 {
            (sum / f64::from(base) / variance).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    factors
        .into_iter()
        .map(|factor| Sensitivity {
            factor: Factor::ALL[factor],
            first: share(sums[factor].0),
            total: share(sums[factor].1),
        })
        .collect()
}

/// Each alternative alone.
#[must_use]
pub fn alternatives(space: &Space, ids: &[&str]) -> Vec<Alternative> {
    let (mut chosen, mut ranks, mut spare) = (Vec::new(), Vec::new(), Spare::default());
    space.ranks(&space.chosen(), &mut chosen, &mut spare);
    let mut found = Vec::new();
    for (index, size) in space.sizes().into_iter().enumerate() {
        for pick in 1..size {
            let mut draw = space.chosen();
            draw.picks[index] = pick;
            space.ranks(&draw, &mut ranks, &mut spare);
            let moved = ranks.iter().zip(&chosen).map(|(a, b)| a.abs_diff(*b));
            let (most, max_shift) = moved
                .enumerate()
                .fold((0, 0), |best, one| if one.1 > best.1 { one } else { best });
            let factor = Factor::ALL[index];
            let (choice, zh) = space.name(factor, pick);
            found.push(Alternative {
                factor,
                choice,
                name: Text::new(zh, english(choice)),
                mean_shift: shift(&ranks, &chosen),
                max_shift,
                most: (max_shift > 0).then(|| ids[most].to_owned()),
            });
        }
    }
    found
}

/// The English words of a choice.
#[must_use]
pub fn english(choice: &'static str) -> &'static str {
    match choice {
        "available" => "What is there",
        "drop" => "Entities with gaps left out",
        "mean" => "Filled with the mean",
        "median" => "Filled with the median",
        "nearest" => "Filled from the nearest",
        "keep" => "Outliers kept",
        "winsorise" => "Outliers winsorised",
        "min_max" => "From worst to best",
        "z_score" => "Z-scores",
        "rank" => "By rank",
        "reference" => "Against the reference",
        "equal" => "Equal weights",
        "ahp" => "Pairwise judgement (AHP)",
        "entropy" => "Entropy weights",
        "critic" => "CRITIC weights",
        "manual" => "Weights as given",
        "arithmetic" => "Arithmetic mean",
        "geometric" => "Geometric mean",
        "topsis" => "TOPSIS",
        other => other,
    }
}
