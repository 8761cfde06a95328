//! The rules against independent implementations: pymcdm, ahpy, scipy, numpy. How the reference
//! was made stands in `fixtures/make.py`.

use serde::Deserialize;

use super::aggregate::{FLOOR, Ready};
use super::choices::{Aggregation, Missing, Normalisation};
use super::property_tests::matrix_of;
use super::{Matrix, Table, ahp, missing, normalise, outliers, weights};
use crate::words::Direction;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
    ahp: Vec<Judgement>,
}

/// Everything by rows, as Python has it.
#[derive(Deserialize)]
struct Case {
    matrix: Vec<Vec<f64>>,
    types: Vec<i64>,
    weights: Vec<f64>,
    entropy: Vec<f64>,
    critic: Vec<f64>,
    min_max: Vec<Vec<f64>>,
    z_score: Vec<Vec<f64>>,
    rank: Vec<Vec<f64>>,
    arithmetic: Vec<f64>,
    geometric: Vec<f64>,
    topsis: Vec<f64>,
    skewness: Vec<f64>,
    kurtosis: Vec<f64>,
}

#[derive(Deserialize)]
struct Judgement {
    n: usize,
    pairs: Vec<f64>,
    lambda_max: f64,
    weights: Vec<f64>,
    ahpy_weights: Vec<f64>,
    ahpy_ratio: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/reference.json")).unwrap()
}

#[track_caller]
fn close(ours: &[f64], theirs: &[f64], within: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= within, "{i}: {a} is not {b}");
    }
}

fn by_columns(rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len())
        .flat_map(|v| rows.iter().map(move |row| row[v]))
        .collect()
}

fn table(case: &Case) -> (Matrix, Table) {
    let mut matrix = matrix_of(&case.matrix);
    for (variable, kind) in matrix.variables.iter_mut().zip(&case.types) {
        if *kind < 0 {
            variable.direction = Direction::Down;
        }
    }
    let (table, fills) = missing::treat(&matrix, Missing::Mean);
    assert!(fills.is_empty());
    (matrix, table)
}

fn normal(matrix: &Matrix, table: &Table, by: Normalisation) -> Table {
    normalise::normalise(table, &normalise::scales(table, &matrix.variables, by))
}

#[test]
fn normalisation_agrees_with_pymcdm_and_scipy() {
    for case in reference().cases {
        let (matrix, table) = table(&case);
        for (by, theirs) in [
            (Normalisation::MinMax, &case.min_max),
            (Normalisation::ZScore, &case.z_score),
            (Normalisation::Rank, &case.rank),
        ] {
            let ours = normal(&matrix, &table, by);
            close(&ours.cells, &by_columns(theirs), 1e-10);
        }
    }
}

#[test]
fn entropy_and_critic_agree_with_pymcdm() {
    for case in reference().cases {
        let (matrix, table) = table(&case);
        close(&weights::entropy(&table), &case.entropy, 1e-10);
        let range = normal(&matrix, &table, Normalisation::MinMax);
        close(&weights::critic(&range), &case.critic, 1e-10);
    }
}

#[test]
fn topsis_agrees_with_pymcdm_and_the_means_with_numpy() {
    assert_eq!(FLOOR, 0.01, "the fixture floors at this");
    for case in reference().cases {
        let (matrix, table) = table(&case);
        let by = Normalisation::MinMax;
        let ready = Ready::new(&normal(&matrix, &table, by), by);
        for (how, theirs) in [
            (Aggregation::Arithmetic, &case.arithmetic),
            (Aggregation::Geometric, &case.geometric),
            (Aggregation::Topsis, &case.topsis),
        ] {
            let (mut scores, mut spare) = (Vec::new(), Vec::new());
            ready.scores(&case.weights, how, &mut scores, &mut spare);
            close(&scores, theirs, 1e-10);
        }
    }
}

#[test]
fn skewness_and_kurtosis_agree_with_scipy() {
    for case in reference().cases {
        let (_, table) = table(&case);
        let ours: Vec<(f64, f64)> = (0..table.columns)
            .map(|v| outliers::shape(&table.values(v)).unwrap())
            .collect();
        let (skewness, kurtosis): (Vec<f64>, Vec<f64>) = ours.into_iter().unzip();
        close(&skewness, &case.skewness, 1e-9);
        close(&kurtosis, &case.kurtosis, 1e-9);
    }
}

#[test]
fn pairwise_judgement_agrees_with_numpy_and_ahpy() {
    for judged in reference().ahp {
        let ours = ahp::judge(&judged.pairs, judged.n);
        close(&ours.weights, &judged.weights, 1e-9);
        close(&[ours.lambda_max], &[judged.lambda_max], 1e-9);
        // ahpy rounds to eight decimals.
        close(&ours.weights, &judged.ahpy_weights, 2e-7);
        close(&[ours.ratio], &[judged.ahpy_ratio], 1e-6);
    }
}
