//! Uncertainty: how far ranks move when the choices that could have been made otherwise are made
//! otherwise, by Monte-Carlo draws over all of them at once (Saisana, Saltelli, Tarantola 2005).

use super::aggregate::{Ready, ranks};
use super::choices::{Aggregation, Choices, Factor, Missing, Normalisation, Outliers, Weighting};
use super::normalise::{normalise, scales};
use super::random::Random;
use super::weights::weights;
use super::{Matrix, missing, outliers};

/// How many steps have choices.
pub const FACTORS: usize = Factor::ALL.len();

/// Every alternative the draws choose from, made ready. The first of each step is the choice made.
pub struct Space {
    /// How many entities.
    pub rows: usize,
    missing: Vec<Missing>,
    outliers: Vec<Outliers>,
    normalisations: Vec<Normalisation>,
    schemes: Vec<Weighting>,
    aggregations: Vec<Aggregation>,
    /// By missing, outliers, normalisation.
    ready: Vec<Ready>,
    /// By missing, outliers, scheme.
    weights: Vec<Vec<f64>>,
    noise: f64,
}

/// One draw: which alternative of each step, and a factor on each weight.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Alternatives, in the order of [`Factor::ALL`].
    pub picks: [usize; FACTORS],
    /// Factors on the weights.
    pub noise: Vec<f64>,
}

/// Working space of one evaluation.
#[derive(Default)]
pub struct Spare {
    weights: Vec<f64>,
    scores: Vec<f64>,
    other: Vec<f64>,
}

fn with_first<T: Copy + PartialEq>(first: T, all: &[T], varied: bool) -> Vec<T> {
    let rest = all.iter().copied().filter(|x| varied && *x != first);
    std::iter::once(first).chain(rest).collect()
}

impl Space {
    /// Makes every alternative ready.
    #[must_use]
    pub fn new(matrix: &Matrix, choices: &Choices) -> Self {
        let varies = |factor| choices.varies(factor);
        let gaps = matrix.cells.iter().any(Option::is_none);
        let fillings = [
            Missing::Available,
            Missing::Mean,
            Missing::Median,
            Missing::Nearest,
        ];
        let missing = with_first(
            choices.missing,
            &fillings,
            gaps && choices.missing != Missing::Drop && varies(Factor::Missing),
        );
        let outliers = with_first(choices.outliers, Outliers::ALL, varies(Factor::Outliers));
        let referenced = matrix.variables.iter().any(|v| v.reference.is_some());
        let comparable: Vec<Normalisation> = Normalisation::ALL
            .iter()
            .copied()
            .filter(|n| *n != Normalisation::Reference || referenced)
            .collect();
        let normalisations = with_first(
            choices.normalisation,
            &comparable,
            varies(Factor::Normalisation),
        );
        let from_data = [Weighting::Equal, Weighting::Entropy, Weighting::Critic];
        let schemes = with_first(choices.weighting, &from_data, varies(Factor::Weights));
        let aggregations = with_first(
            choices.aggregation,
            Aggregation::ALL,
            varies(Factor::Aggregation),
        );
        let mut space = Self {
            rows: matrix.rows(),
            missing,
            outliers,
            normalisations,
            schemes,
            aggregations,
            ready: Vec::new(),
            weights: Vec::new(),
            noise: if varies(Factor::Weights) {
                choices.noise
            } else {
                0.0
            },
        };
        space.prepare(matrix, choices);
        space
    }

    fn prepare(&mut self, matrix: &Matrix, choices: &Choices) {
        for filling in &self.missing {
            let (filled, _) = missing::treat(matrix, *filling);
            for outlier in &self.outliers {
                let (table, _) = outliers::treat(&filled, *outlier);
                for by in &self.normalisations {
                    let scales = scales(&table, &matrix.variables, *by);
                    let normal = normalise(&table, &scales);
                    self.ready.push(Ready::new(&normal, *by));
                }
                let scales = scales(&table, &matrix.variables, Normalisation::MinMax);
                let range = normalise(&table, &scales);
                let schemes = self.schemes.iter();
                self.weights
                    .extend(schemes.map(|scheme| weights(&range, *scheme, choices)));
            }
        }
    }

    /// How many alternatives each step has.
    #[must_use]
    pub fn sizes(&self) -> [usize; FACTORS] {
        [
            self.missing.len(),
            self.outliers.len(),
            self.normalisations.len(),
            self.schemes.len(),
            self.aggregations.len(),
        ]
    }

    /// The words of an alternative: stable name and Chinese.
    #[must_use]
    pub fn name(&self, factor: Factor, pick: usize) -> (&'static str, &'static str) {
        match factor {
            Factor::Missing => (self.missing[pick].as_str(), self.missing[pick].zh()),
            Factor::Outliers => (self.outliers[pick].as_str(), self.outliers[pick].zh()),
            Factor::Normalisation => {
                let one = self.normalisations[pick];
                (one.as_str(), one.zh())
            }
            Factor::Weights => (self.schemes[pick].as_str(), self.schemes[pick].zh()),
            Factor::Aggregation => {
                let one = self.aggregations[pick];
                (one.as_str(), one.zh())
            }
        }
    }

    /// True when the draws can differ in this step.
    #[must_use]
    pub fn moves(&self, factor: usize) -> bool {
        self.sizes()[factor] > 1 || (Factor::ALL[factor] == Factor::Weights && self.noise > 0.0)
    }

    /// The choice made, as a draw.
    #[must_use]
    pub fn chosen(&self) -> Draw {
        let columns = self.weights.first().map_or(0, Vec::len);
        Draw {
            picks: [0; FACTORS],
            noise: vec![1.0; columns],
        }
    }

    /// Draws alternatives and noise anew.
    pub fn draw(&self, random: &mut Random) -> Draw {
        let mut draw = self.chosen();
        for (pick, size) in draw.picks.iter_mut().zip(self.sizes()) {
            *pick = random.one_of(size);
        }
        for factor in &mut draw.noise {
            *factor = 1.0 + self.noise * (2.0 * random.unit() - 1.0);
        }
        draw
    }

    /// Ranks under a draw, written into `out`.
    pub fn ranks(&self, draw: &Draw, out: &mut Vec<u32>, spare: &mut Spare) {
        let [missing, outliers, normalisation, scheme, aggregation] = draw.picks;
        let table = missing * self.outliers.len() + outliers;
        let ready = &self.ready[table * self.normalisations.len() + normalisation];
        let base = &self.weights[table * self.schemes.len() + scheme];
        spare.weights.clear();
        let noisy = base.iter().zip(&draw.noise).map(|(w, f)| w * f);
        spare.weights.extend(noisy);
        let sum: f64 = spare.weights.iter().sum();
        if sum > 0.0 {
            for weight in &mut spare.weights {
                *weight /= sum;
            }
        }
        ready.scores(
            &spare.weights,
            self.aggregations[aggregation],
            &mut spare.scores,
            &mut spare.other,
        );
        ranks(&spare.scores, out);
    }
}

/// Where an entity's rank lies in the draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// 5th percentile.
    pub low: u32,
    /// Median.
    pub median: u32,
    /// 95th percentile.
    pub high: u32,
    /// Mean.
    pub mean: f64,
}

/// What the draws showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simulation {
    /// By entity.
    pub spreads: Vec<Spread>,
    /// For each two neighbours in the ranking, the share of draws in which the better stays ahead.
    pub kept: Vec<f64>,
}

/// Entities by rank; equals in their own order.
#[must_use]
pub fn in_order(ranks: &[u32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    order.sort_by_key(|e| ranks[*e]);
    order
}

/// Runs the draws.
#[must_use]
pub fn simulate(space: &Space, draws: u32, random: &mut Random) -> Simulation {
    let n = space.rows;
    if draws == 0 || n == 0 {
        return Simulation::default();
    }
    let (mut ranks, mut spare) = (Vec::new(), Spare::default());
    space.ranks(&space.chosen(), &mut ranks, &mut spare);
    let order = in_order(&ranks);
    let mut counts = vec![0_u32; n * n];
    let mut ahead = vec![0.0; n.saturating_sub(1)];
    for _ in 0..draws {
        let draw = space.draw(random);
        space.ranks(&draw, &mut ranks, &mut spare);
        for (e, rank) in ranks.iter().enumerate() {
            counts[e * n + *rank as usize - 1] += 1;
        }
        for (share, pair) in ahead.iter_mut().zip(order.windows(2)) {
            *share += match ranks[pair[0]].cmp(&ranks[pair[1]]) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
        }
    }
    Simulation {
        spreads: counts
            .chunks_exact(n)
            .map(|one| spread(one, draws))
            .collect(),
        kept: ahead.into_iter().map(|a| a / f64::from(draws)).collect(),
    }
}

fn spread(counts: &[u32], draws: u32) -> Spread {
    let at = |share: f64| {
        let wanted = share * f64::from(draws);
        let mut seen = 0.0;
        for (rank, count) in (1_u32..).zip(counts) {
            seen += f64::from(*count);
            if seen >= wanted {
                return rank;
            }
        }
        u32::try_from(counts.len()).unwrap_or(u32::MAX)
    };
    let sum: f64 = (1_u32..)
        .zip(counts)
        .map(|(rank, count)| f64::from(rank) * f64::from(*count))
        .sum();
    Spread {
        low: at(0.05),
        median: at(0.5),
        high: at(0.95),
        mean: sum / f64::from(draws),
    }
}
