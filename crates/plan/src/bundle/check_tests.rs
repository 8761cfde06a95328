use super::*;
use crate::bundle::tests::sample;

fn codes(bundle: &PlanBundle) -> Vec<(&'static str, Option<usize>, String)> {
    let faults = check(bundle, &BTreeSet::new());
    faults
        .into_iter()
        .map(|f| (f.code, f.index, f.field))
        .collect()
}

#[test]
fn the_sample_is_right() {
    assert_eq!(codes(&sample()), vec![]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut b = sample();
    b.measures[1].number = 1;
    b.measures[0].units = vec!["数劇局".into()];
    b.programmes[0].layer = "roof".into();
    b.indicators[0].targets[0].value = f64::NAN;
    b.goals[0].indicator = Some(99);
    b.pattern.bases[0].measures = vec![77];
    let found = codes(&b);
    for expected in [
        ("number_duplicate", Some(1), "number"),
        ("unit_unknown", Some(0), "units"),
        ("layer_unknown", Some(0), "layer"),
        ("value_out_of_range", Some(0), "targets.2024"),
        ("number_unknown", Some(0), "indicator"),
        ("number_unknown", Some(1), "measures"),
    ] {
        let expected = (expected.0, expected.1, expected.2.to_owned());
        assert!(found.contains(&expected), "{expected:?} not in {found:?}");
    }
}

#[test]
fn an_unknown_unit_is_answered_with_the_nearest() {
    let mut b = sample();
    b.measures[0].units = vec!["数劇局".into()];
    let faults = check(&b, &BTreeSet::new());
    assert!(
        faults[0].detail.zh.contains("是否应为“数据局”"),
        "{:?}",
        faults[0]
    );
}

#[test]
fn known_units_need_no_entry() {
    let mut b = sample();
    b.measures[0].units = vec!["气象局".into()];
    assert_eq!(check(&b, &BTreeSet::from(["气象局".to_owned()])), vec![]);
}

#[test]
fn groups_do_not_nest_and_nul_is_refused() {
    let mut b = sample();
    b.units[3].members.push("各镇".into());
    b.measures[0].title = "打造\0".into();
    let found = codes(&b);
    assert!(found.iter().any(|f| f.0 == "group_nested"));
    assert!(
        found
            .iter()
            .any(|f| f.0 == "control_character" && f.2 == "title")
    );
}
