//! `fixtures/pycanon.json` was made by pycanon 1.3.6, an independent implementation, with
//! `fixtures/make.py`.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    quasi: Vec<Vec<u32>>,
    sensitive: Vec<Vec<u32>>,
    k: u64,
    l: Vec<u64>,
    l_entropy_floor: Vec<u64>,
}

fn slices(columns: &[Vec<u32>]) -> Vec<&[u32]> {
    columns.iter().map(Vec::as_slice).collect()
}

#[test]
fn an_independent_implementation_finds_the_same() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/pycanon.json")).unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let found = assess(&slices(&case.quasi), &slices(&case.sensitive), 5);
        assert_eq!(found.k, case.k);
        assert_eq!(found.l, case.l);
        // It cuts e^entropy down to a whole number, a hair below 2 to 1.
        for (ours, theirs) in found.l_entropy.iter().zip(&case.l_entropy_floor) {
            let near = [(ours - 1e-9).floor() as u64, (ours + 1e-9).floor() as u64];
            assert!(near.contains(theirs), "{ours} {theirs}");
        }
    }
}

#[test]
fn the_smallest_groups_come_first_and_name_a_row() {
    let town = [1, 1, 1, 2, 2, 3];
    let illness = [7, 8, 7, 9, 9, 7];
    let found = assess(&[&town], &[&illness], 3);
    assert_eq!((found.k, found.groups, found.rows_below), (1, 3, 3));
    assert_eq!(found.l, [1]);
    let worst: Vec<(usize, u64, &[u64])> = found
        .worst
        .iter()
        .map(|g| (g.row, g.size, g.distinct.as_slice()))
        .collect();
    assert_eq!(
        worst,
        [(5, 1, &[1][..]), (3, 2, &[1][..]), (0, 3, &[2][..])]
    );
    assert!(found.holds(1, 1) && !found.holds(2, 1) && !found.holds(1, 2));
}

#[test]
fn an_empty_table_hides_everybody() {
    let found = assess(&[&[]], &[&[]], 5);
    assert_eq!((found.k, found.groups), (0, 0));
    assert!(found.holds(5, 3));
}

fn ladder(values: &[u32]) -> Ladder {
    let coarser = |by: u32| values.iter().map(|v| v / by).collect::<Vec<_>>();
    Ladder {
        steps: vec![values.to_vec(), coarser(5), coarser(10), coarser(u32::MAX)],
        weight: 1.0,
    }
}

#[test]
fn the_proposal_is_the_least_that_holds() {
    let ages: Vec<u32> = (0..100).map(|n| n % 50).collect();
    let towns: Vec<u32> = (0..100).map(|n| n / 50).collect();
    let town = Ladder {
        steps: vec![towns.clone(), vec![0; 100]],
        weight: 1.0,
    };
    // One age a town: two rows each of a hundred; by five years ten rows, by town five.
    let found = propose(&[ladder(&ages), town], &[], 5, 1).unwrap();
    assert_eq!(found.steps, [1, 0]);
    assert_eq!(found.assessment.k, 5);
    assert!((found.loss - 1.0 / 6.0).abs() < 1e-9);
    assert_eq!(propose(&[ladder(&ages)], &[], 101, 1), None);
}

proptest! {
    #[test]
    fn climbing_never_makes_groups_smaller(
        rows in proptest::collection::vec((0_u32..60, 0_u32..60, 0_u32..4), 1..200), k in 1_u64..12,
    ) {
        let a: Vec<u32> = rows.iter().map(|r| r.0).collect();
        let b: Vec<u32> = rows.iter().map(|r| r.1).collect();
        let s: Vec<u32> = rows.iter().map(|r| r.2).collect();
        let fine = assess(&[&a, &b], &[&s], k);
        let coarse = assess(&[&ladder(&a).steps[1], &b], &[&s], k);
        prop_assert!(coarse.k >= fine.k && coarse.l[0] >= fine.l[0]);
        prop_assert!(coarse.rows_below <= fine.rows_below);

        // The proposal is the best of all, tried one by one.
        let ladders = [ladder(&a), ladder(&b)];
        let all = combinations(&ladders).into_iter().filter(|(steps, _)| {
            let columns = [&ladders[0].steps[steps[0]][..], &ladders[1].steps[steps[1]][..]];
            assess(&columns, &[&s], k).holds(k, 2)
        });
        let least = all.map(|(_, loss)| loss).min_by(f64::total_cmp);
        let found = propose(&ladders, &[&s], k, 2);
        prop_assert_eq!(found.map(|p| p.loss), least);
    }
}
