//! What theory says of the rules, over many matrices.

use proptest::prelude::*;
use tianyuan_kernel::text::Text;

use super::choices::{Aggregation, Choices, Factor, Missing, Normalisation, Outliers, Weighting};
use super::result::compute;
use super::trust::Level;
use super::{Entity, Matrix, Variable, ahp, outliers};
use crate::words::Direction;

/// A matrix from rows with gaps.
pub(super) fn matrix(rows: &[&[Option<f64>]]) -> Matrix {
    let columns = rows.first().map_or(0, |r| r.len());
    Matrix {
        entities: (0..rows.len())
            .map(|e| Entity {
                id: format!("e{e:03}"),
                name: format!("单位{e}"),
                name_en: String::new(),
            })
            .collect(),
        variables: (0..columns)
            .map(|v| Variable {
                key: format!("v{v:02}"),
                name: Text::of(format!("变量{v}"), format!("Variable {v}")),
                unit: String::new(),
                direction: Direction::Up,
                reference: None,
                formula: Text::default(),
            })
            .collect(),
        cells: (0..columns)
            .flat_map(|v| rows.iter().map(move |row| row[v]))
            .collect(),
    }
}

/// A matrix from whole rows.
pub(super) fn matrix_of(rows: &[Vec<f64>]) -> Matrix {
    let rows: Vec<Vec<Option<f64>>> = rows
        .iter()
        .map(|row| row.iter().copied().map(Some).collect())
        .collect();
    let rows: Vec<&[Option<f64>]> = rows.iter().map(Vec::as_slice).collect();
    matrix(&rows)
}

fn quiet(choices: Choices) -> Choices {
    Choices {
        draws: 0,
        ..choices
    }
}

/// Ranks by entity id, and scores.
fn ranking(matrix: &Matrix, choices: &Choices) -> Vec<(String, u32, f64)> {
    let mut found: Vec<(String, u32, f64)> = compute(matrix, None, choices, 1)
        .unwrap()
        .entities
        .into_iter()
        .map(|r| (r.entity.id, r.rank, r.score))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn cell() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        1 => Just(None),
        6 => (-1000_i32..1000).prop_map(|x| Some(f64::from(x) / 8.0)),
    ]
}

/// 3 to 12 rows of 2 to 6 columns.
fn rows() -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
    (2_usize..6)
        .prop_flat_map(|m| prop::collection::vec(prop::collection::vec(cell(), m..=m), 3..12))
}

fn built(rows: &[Vec<Option<f64>>]) -> Matrix {
    let rows: Vec<&[Option<f64>]> = rows.iter().map(Vec::as_slice).collect();
    matrix(&rows)
}

fn some_choices() -> impl Strategy<Value = Choices> {
    let pick = |n: usize| 0..n;
    (pick(5), pick(2), pick(4), pick(3), pick(3)).prop_map(|(a, b, c, d, e)| Choices {
        missing: Missing::ALL[a],
        outliers: Outliers::ALL[b],
        normalisation: Normalisation::ALL[c],
        weighting: [Weighting::Equal, Weighting::Entropy, Weighting::Critic][d],
        aggregation: Aggregation::ALL[e],
        draws: 40,
        ..Choices::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_is_chosen_the_result_is_whole(rows in rows(), choices in some_choices()) {
        let matrix = built(&rows);
        let Ok(result) = compute(&matrix, None, &choices, 7) else { return Ok(()) };
        let weights: f64 = result.variables.iter().map(|v| v.weight).sum();
        prop_assert!((weights - 1.0).abs() < 1e-9);
        let n = u32::try_from(result.entities.len()).unwrap();
        for one in &result.entities {
            prop_assert!(one.score.is_finite());
            prop_assert!((1..=n).contains(&one.rank));
            let (low, high) = (one.rank_low.unwrap(), one.rank_high.unwrap());
            let median = one.rank_median.unwrap();
            prop_assert!(1 <= low && low <= median && median <= high && high <= n);
            if choices.aggregation == Aggregation::Arithmetic {
                let sum: f64 = one.cells.iter().filter_map(|c| c.contribution).sum();
                prop_assert!((sum - one.score).abs() < 1e-9, "{sum} {}", one.score);
            }
        }
        for split in &result.sensitivity {
            prop_assert!((0.0..=1.0).contains(&split.first) && (0.0..=1.0).contains(&split.total));
        }
        prop_assert_eq!(compute(&matrix, None, &choices, 7).unwrap(), result);
    }

    #[test]
    fn units_of_measurement_do_not_move_ranks(
        rows in rows(), choices in some_choices(), factor in 1_u32..50, shift in -20_i32..20,
    ) {
        prop_assume!(choices.normalisation != Normalisation::Reference);
        // Powers of two keep the numbers exact.
        let factor = f64::from(factor.next_power_of_two());
        let matrix = built(&rows);
        let mut other = matrix.clone();
        let n = other.rows();
        for cell in &mut other.cells[..n] {
            *cell = cell.map(|x| x * factor + f64::from(shift) * 1024.0);
        }
        prop_assume!(matrix.column(0).iter().flatten().count() > 0);
        let choices = quiet(choices);
        let (Ok(a), Ok(b)) = (compute(&matrix, None, &choices, 1), compute(&other, None, &choices, 1))
        else { return Ok(()) };
        for (a, b) in a.entities.iter().zip(&b.entities) {
            prop_assert!((a.score - b.score).abs() < 1e-6, "{} {}", a.score, b.score);
        }
    }

    #[test]
    fn who_gets_better_never_falls(rows in rows(), choices in some_choices(), who in 0_usize..3) {
        // Of these alone theory says so: entropy and CRITIC answer a change with other weights.
        let choices = quiet(Choices { weighting: Weighting::Equal, missing: Missing::Available,
            outliers: Outliers::Keep, normalisation: Normalisation::Rank, ..choices });
        prop_assume!(choices.aggregation != Aggregation::Topsis);
        let matrix = built(&rows);
        let Some(value) = matrix.at(who, 0) else { return Ok(()) };
        let mut better = matrix.clone();
        better.cells[who] = Some(value + 50.0);
        let id = format!("e{who:03}");
        let rank = |m: &Matrix| ranking(m, &choices).into_iter().find(|r| r.0 == id).unwrap().1;
        prop_assert!(rank(&better) <= rank(&matrix));
    }

    #[test]
    fn consistent_judgements_give_back_their_weights(w in prop::collection::vec(1.0_f64..5.0, 2..10)) {
        let n = w.len();
        let pairs: Vec<f64> = (0..n)
            .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
            .map(|(i, j)| w[i] / w[j])
            .collect();
        let found = ahp::judge(&pairs, n);
        let sum: f64 = w.iter().sum();
        for (ours, given) in found.weights.iter().zip(&w) {
            prop_assert!((ours - given / sum).abs() < 1e-9);
        }
        prop_assert!(found.ratio < 1e-6 && found.consistent);
    }
}

#[test]
fn one_value_far_out_is_moved_to_its_neighbour() {
    let mut values: Vec<f64> = (1..=30).map(f64::from).collect();
    values[7] = 5_000.0;
    let matrix = matrix_of(&values.iter().map(|x| vec![*x]).collect::<Vec<_>>());
    let (table, _) = super::missing::treat(&matrix, Missing::Mean);
    let (kept, none) = outliers::treat(&table, Outliers::Keep);
    assert!(none.is_empty() && kept == table);
    let (treated, moved) = outliers::treat(&table, Outliers::Winsorise);
    assert_eq!(moved.len(), 1);
    assert_eq!(
        (moved[0].entity, moved[0].from, moved[0].to),
        (7, 5_000.0, 30.0)
    );
    assert_eq!(treated.column(0)[7], 30.0);
}

#[test]
fn a_ranking_that_all_choices_agree_on_is_steady_and_one_of_noise_is_not() {
    let clear: Vec<Vec<f64>> = (0..20)
        .map(|e| (0..6).map(|v| f64::from(e * 10 + v)).collect())
        .collect();
    let result = compute(&matrix_of(&clear), None, &Choices::default(), 3).unwrap();
    assert_eq!(result.trust.level, Level::Steady);
    assert_eq!(result.entities[0].entity.id, "e019");
    assert_eq!(result.entities[0].rank_high, Some(1));
    let mut random = super::random::Random::new(5);
    let noise: Vec<Vec<f64>> = (0..20)
        .map(|_| (0..6).map(|_| random.unit()).collect())
        .collect();
    let result = compute(&matrix_of(&noise), None, &Choices::default(), 3).unwrap();
    assert_ne!(result.trust.level, Level::Steady);
    assert!(result.trust.words.zh.contains("名次"));
    let total: f64 = result.sensitivity.iter().map(|s| s.first).sum();
    assert!(total > 0.2, "the steps explain some of it: {total}");
    assert!(result.alternatives.iter().any(|a| a.max_shift > 0));
}

#[test]
fn nothing_varied_says_so_and_choices_narrow_the_draws() {
    let rows: Vec<Vec<f64>> = (0..6)
        .map(|e| vec![f64::from(e), f64::from(e * e)])
        .collect();
    let none = Choices {
        vary: Vec::new(),
        ..Choices::default()
    };
    let result = compute(&matrix_of(&rows), None, &none, 3).unwrap();
    assert_eq!(result.trust.level, Level::Unknown);
    assert!(result.sensitivity.is_empty() && result.alternatives.is_empty());
    let one = Choices {
        vary: vec![Factor::Aggregation],
        ..Choices::default()
    };
    let result = compute(&matrix_of(&rows), None, &one, 3).unwrap();
    assert_eq!(result.sensitivity.len(), 1);
    assert_eq!(result.alternatives.len(), 2);
}

#[test]
fn variables_nobody_has_and_entities_without_any_are_left_out_with_a_note() {
    let gaps = matrix(&[
        &[Some(1.0), None, Some(3.0)],
        &[None, None, None],
        &[Some(2.0), None, None],
    ]);
    let choices = Choices {
        weighting: Weighting::Ahp,
        pairs: vec![2.0, 3.0, 4.0],
        ..Choices::default()
    };
    let result = compute(&gaps, None, &choices, 1).unwrap();
    assert_eq!((result.entities.len(), result.variables.len()), (2, 2));
    // The first against the third was judged 3 to 1.
    assert!((result.variables[0].weight - 0.75).abs() < 1e-9);
    assert_eq!(result.notes.len(), 3, "{:?}", result.notes);
    let drop = Choices {
        missing: Missing::Drop,
        ..Choices::default()
    };
    assert!(compute(&gaps, None, &drop, 1).is_err());
}

#[test]
fn judgements_that_contradict_each_other_are_named() {
    // First over second, second over third, yet third over first.
    let found = ahp::judge(&[3.0, 1.0 / 3.0, 3.0], 3);
    assert!(!found.consistent && found.ratio > 0.1);
    let names = ["甲", "乙", "丙"].map(|n| Text::of(n, n));
    let words = ahp::inconsistent(&found, &names);
    assert!(words.zh.contains("一致性比率"), "{}", words.zh);
    assert!(ahp::fault(&[3.0], 3).is_some() && ahp::fault(&[3.0, 10.0, 1.0], 3).is_some());
}

#[test]
fn the_whole_is_scored_beside_the_entities() {
    let rows: Vec<Vec<f64>> = (0..5)
        .map(|e| vec![f64::from(e), f64::from(10 - e)])
        .collect();
    let whole = [Some(2.0), Some(8.0)];
    for aggregation in Aggregation::ALL {
        let choices = Choices {
            aggregation: *aggregation,
            ..quiet(Choices::default())
        };
        let result = compute(&matrix_of(&rows), Some(&whole), &choices, 1).unwrap();
        // The third entity has the very same values.
        let same = result
            .entities
            .iter()
            .find(|r| r.entity.id == "e002")
            .unwrap();
        let score = result.whole.unwrap().score.unwrap();
        assert!((score - same.score).abs() < 1e-12);
    }
}
