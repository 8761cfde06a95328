use super::*;
use crate::bundle::tests::sample;
use proptest::prelude::*;

#[test]
fn the_same_does_not_differ() {
    for matching in [Matching::ByNumber, Matching::ByTitle] {
        assert!(compare(&sample(), &sample(), matching).is_empty());
    }
}

#[test]
fn one_correction_shows_alone() {
    let mut other = sample();
    other.indicators[0].targets[1].value = 2900.0;
    let found = compare(&sample(), &other, Matching::ByNumber);
    let change = &found.indicators.changed[0];
    assert_eq!(change.number, Some(1));
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].field, "targets.2025");
    assert_eq!(
        (&*change.fields[0].before, &*change.fields[0].after),
        ("2800", "2900")
    );
    assert!(found.measures.is_empty() && found.plan.is_empty() && found.goals.is_empty());
}

#[test]
fn a_next_edition_renumbers() {
    let mut other = sample();
    other.measures.swap(0, 1);
    other.measures[0].number = 1;
    other.measures[1].number = 2;
    let found = compare(&sample(), &other, Matching::ByTitle).measures;
    assert_eq!(
        (found.added.len(), found.dropped.len(), found.changed.len()),
        (0, 0, 2)
    );
    assert!(
        found
            .changed
            .iter()
            .all(|c| c.fields.iter().all(|f| f.field == "number"))
    );
    other.measures[0].title = "全然不同".into();
    let found = compare(&sample(), &other, Matching::ByTitle).measures;
    assert_eq!(
        (found.added.len(), found.dropped.len(), found.changed.len()),
        (1, 1, 1)
    );
}

proptest! {
    /// Every record of either side is told exactly once.
    #[test]
    fn nothing_is_lost(keep in prop::collection::vec(any::<bool>(), 2),
                       titles in prop::collection::vec("[甲乙丙]{1,3}", 0..6)) {
        let mut base = sample();
        let mut i = 0;
        base.measures.retain(|_| { i += 1; keep[i - 1] });
        let mut other = sample();
        for (i, title) in titles.iter().enumerate() {
            let mut extra = sample().measures[0].clone();
            extra.title = title.clone();
            extra.number = i as i64;
            other.measures.push(extra);
        }
        for matching in [Matching::ByNumber, Matching::ByTitle] {
            let c = compare(&base, &other, matching).measures;
            let both = c.changed.len() + usize::try_from(c.unchanged).unwrap();
            prop_assert_eq!(c.added.len() + both, other.measures.len());
            prop_assert_eq!(c.dropped.len() + both, base.measures.len());
        }
    }
}
