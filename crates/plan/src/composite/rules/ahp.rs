//! Analytic hierarchy process (层次分析法): weights from pairwise judgements, and how consistent
//! these are (Saaty 1980).

use serde::Serialize;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::choices::ChoiceFault;

/// Most variables that are judged in pairs: people lose the thread beyond.
pub const VARIABLES_MAX: usize = 15;
/// Judgements are consistent enough up to this ratio.
pub const RATIO_MAX: f64 = 0.1;
/// The strongest judgement: nine times as important.
pub const JUDGEMENT_MAX: f64 = 9.0;

/// Saaty's random index by the number of variables (2005, p. 31): the consistency index of random
/// judgements.
const RANDOM_INDEX: [f64; VARIABLES_MAX + 1] = [
    0.0, 0.0, 0.0, 0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59,
];

/// Weights from judgements, and how far these agree with each other.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AhpConsistency)]
pub struct Consistency {
    /// One weight for each variable; their sum is one.
    pub weights: Vec<f64>,
    /// The principal eigenvalue.
    pub lambda_max: f64,
    /// Consistency index: (λ − n) / (n − 1).
    pub index: f64,
    /// Consistency ratio: the index by that of random judgements.
    pub ratio: f64,
    /// True up to a ratio of 0.1.
    pub consistent: bool,
    /// The judgement that fits the others least; null when they all agree.
    pub worst: Option<WorstJudgement>,
}

/// The judgement that fits the others least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AhpWorstJudgement)]
pub struct WorstJudgement {
    /// The variable judged, from 0.
    pub row: usize,
    /// The variable it was held against, from 0.
    pub column: usize,
    /// The judgement.
    pub given: f64,
    /// What would follow from all of them together.
    pub fitting: f64,
}

/// How many variables so many judgements are about.
#[must_use]
pub fn size_of(pairs: usize) -> Option<usize> {
    (2..=VARIABLES_MAX).find(|n| n * (n - 1) / 2 == pairs)
}

/// What is wrong with judgements about so many variables.
#[must_use]
pub fn fault(pairs: &[f64], variables: usize) -> Option<ChoiceFault> {
    if !(2..=VARIABLES_MAX).contains(&variables) {
        let words = text!(
            "层次分析法适用于 2 到 {VARIABLES_MAX} 个变量，现有 {variables} 个，请改用其他赋权方法。",
            "Pairwise judgement is for 2 to {VARIABLES_MAX} variables; there are {variables}. Use another way to weigh."
        );
        return Some(("weighting", "ahp_size", words));
    }
    let (needed, count) = (variables * (variables - 1) / 2, pairs.len());
    if count != needed {
        let words = text!(
            "{variables} 个变量需要 {needed} 个两两比较，收到 {count} 个。",
            "{variables} variables take {needed} pairwise judgements; got {count}."
        );
        return Some(("pairs", "pairs_count", words));
    }
    // A ninth, typed with a few decimals, is still a ninth.
    let range = (1.0 / JUDGEMENT_MAX - 1e-3)..=JUDGEMENT_MAX;
    let wrong = pairs.iter().find(|p| !range.contains(p))?;
    let words = text!(
        "两两比较的值应在 1/9 到 9 之间，收到 {wrong}。",
        "A judgement lies between 1/9 and 9; got {wrong}."
    );
    Some(("pairs", "pair_out_of_range", words))
}

/// The whole matrix of judgements, row by row.
fn square(pairs: &[f64], n: usize) -> Vec<f64> {
    let mut all = vec![1.0; n * n];
    let mut given = pairs.iter();
    for row in 0..n {
        for column in row + 1..n {
            let judgement = given.next().copied().unwrap_or(1.0);
            all[row * n + column] = judgement;
            all[column * n + row] = 1.0 / judgement;
        }
    }
    all
}

/// Weights as the principal eigenvector, by power iteration, with the consistency ratio.
#[must_use]
pub fn judge(pairs: &[f64], n: usize) -> Consistency {
    let all = square(pairs, n);
    let size = n as f64;
    let mut weights = vec![1.0 / size; n];
    let mut lambda = size;
    for _ in 0..1_000 {
        let next: Vec<f64> = all
            .chunks_exact(n)
            .map(|row| row.iter().zip(&weights).map(|(a, w)| a * w).sum())
            .collect();
        lambda = next.iter().sum();
        let next: Vec<f64> = next.into_iter().map(|w| w / lambda).collect();
        let change: f64 = next.iter().zip(&weights).map(|(a, b)| (a - b).abs()).sum();
        weights = next;
        if change < 1e-14 {
            break;
        }
    }
    // Rounding may take a consistent matrix a hair below n.
    let index = if n > 2 {
        ((lambda - size) / (size - 1.0)).max(0.0)
    } else {
        0.0
    };
    let random = RANDOM_INDEX[n.min(VARIABLES_MAX)];
    let ratio = if random > 0.0 { index / random } else { 0.0 };
    let worst = worst(&all, &weights, n);
    Consistency {
        weights,
        lambda_max: lambda,
        index,
        ratio,
        consistent: ratio <= RATIO_MAX,
        worst,
    }
}

fn worst(all: &[f64], weights: &[f64], n: usize) -> Option<WorstJudgement> {
    let pairs = (0..n).flat_map(|row| (row + 1..n).map(move |column| (row, column)));
    let off = |row: usize, column: usize| {
        let fitting = weights[row] / weights[column];
        (all[row * n + column] / fitting).ln().abs()
    };
    let (row, column) = pairs.max_by(|a, b| off(a.0, a.1).total_cmp(&off(b.0, b.1)))?;
    (off(row, column) > 1e-6).then(|| WorstJudgement {
        row,
        column,
        given: all[row * n + column],
        fitting: weights[row] / weights[column],
    })
}

/// Why inconsistent judgements are not saved, and what to do.
#[must_use]
pub fn inconsistent(found: &Consistency, names: &[Text]) -> Text {
    let ratio = format!("{:.3}", found.ratio);
    let Some(worst) = found.worst else {
        return text!(
            "一致性比率 {ratio} 超过 0.1。",
            "The consistency ratio {ratio} is above 0.1."
        );
    };
    let name = |i: usize| names.get(i).cloned().unwrap_or_default();
    let (a, b) = (name(worst.row), name(worst.column));
    let (a_zh, b_zh, a_en, b_en) = (a.zh, b.zh, a.en, b.en);
    let (given, fitting) = (shown(worst.given), shown(worst.fitting));
    text!(
        "一致性比率 {ratio} 超过 0.1，两两比较互相矛盾。最不一致的是“{a_zh}”比“{b_zh}”：填了 {given}，由其余比较推得约 {fitting}。",
        "The consistency ratio {ratio} is above 0.1: the judgements contradict each other. Furthest off is “{a_en}” against “{b_en}”: {given} was given, about {fitting} follows from the others."
    )
}

/// A judgement as people write it: 3, 1/3.
fn shown(judgement: f64) -> String {
    if judgement >= 1.0 {
        format!("{judgement:.1}")
    } else {
        format!("1/{:.1}", 1.0 / judgement)
    }
}
