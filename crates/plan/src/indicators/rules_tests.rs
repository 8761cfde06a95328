use super::*;
use proptest::prelude::*;

const TARGETS: [YearValue; 2] = [
    YearValue {
        year: 2024,
        value: 2380.0,
    },
    YearValue {
        year: 2025,
        value: 2800.0,
    },
];

fn subject(nature: Nature, targets: &[YearValue]) -> Subject<'_> {
    let baseline = YearValue {
        year: 2023,
        value: 2048.1,
    };
    Subject {
        nature,
        direction: Direction::Up,
        baseline,
        targets,
    }
}

fn value(at: Date, value: f64, period: Period) -> Latest {
    Latest {
        at,
        value,
        period,
        source: Source::Manual,
    }
}

#[test]
fn a_flow_is_annual_on_new_years_eve_only() {
    assert_eq!(
        default_period(Nature::Flow, date(2024, 12, 31)),
        Period::Annual
    );
    assert_eq!(default_period(Nature::Flow, date(2024, 6, 30)), Period::Ytd);
    assert_eq!(
        default_period(Nature::Stock, date(2024, 12, 31)),
        Period::Point
    );
    assert!(!period_fits(
        Nature::Flow,
        Period::Annual,
        date(2024, 6, 30)
    ));
    assert!(!period_fits(Nature::Flow, Period::Point, date(2024, 6, 30)));
    assert!(!period_fits(Nature::Level, Period::Ytd, date(2024, 6, 30)));
}

#[test]
fn the_latest_is_by_date_and_prefers_the_whole_year() {
    let all = [
        value(date(2024, 12, 31), 1.0, Period::Annual),
        value(date(2024, 12, 31), 2.0, Period::Ytd),
        value(date(2024, 6, 30), 3.0, Period::Ytd),
    ];
    assert_eq!(latest(&all), Some(all[0]));
    assert_eq!(latest(&[]), None);
}

#[test]
fn nothing_since_the_baseline_is_no_data() {
    let s = subject(Nature::Flow, &TARGETS);
    let base = value(date(2023, 12, 31), 2048.1, Period::Annual);
    assert_eq!(s.standing(None).status, Status::NoData);
    assert_eq!(s.standing(Some(&base)).status, Status::NoData);
}

#[test]
fn a_year_to_date_is_held_against_its_year() {
    let s = subject(Nature::Flow, &TARGETS);
    let half = value(date(2024, 6, 30), 1_250.0, Period::Ytd);
    let standing = s.standing(Some(&half));
    assert_eq!(standing.status, Status::OnPath);
    assert!((standing.expected.unwrap() - 2380.0 * 182.0 / 366.0).abs() < 1e-9);
    // 1,250 as a year's sum would be far off; the two are told apart.
    let year = value(date(2024, 12, 31), 1_250.0, Period::Annual);
    assert_eq!(s.standing(Some(&year)).status, Status::OffPath);
    let year = value(date(2024, 12, 31), 2_380.0, Period::Annual);
    assert_eq!(s.standing(Some(&year)).status, Status::Met);
    let early = value(date(2025, 9, 30), 2_801.0, Period::Ytd);
    assert_eq!(s.standing(Some(&early)).status, Status::Met);
}

#[test]
fn a_stock_follows_the_straight_line() {
    let targets = [
        YearValue {
            year: 2024,
            value: 20.0,
        },
        YearValue {
            year: 2025,
            value: 30.0,
        },
    ];
    let s = Subject {
        nature: Nature::Stock,
        direction: Direction::Up,
        baseline: YearValue {
            year: 2023,
            value: 10.0,
        },
        targets: &targets,
    };
    let mid = |v| value(date(2024, 7, 1), v, Period::Point);
    assert_eq!(s.standing(Some(&mid(15.0))).status, Status::OnPath);
    assert_eq!(s.standing(Some(&mid(12.0))).status, Status::OffPath);
    assert_eq!(s.standing(Some(&mid(20.0))).status, Status::Met);
    let late = value(date(2026, 3, 1), 29.0, Period::Point);
    assert_eq!(s.standing(Some(&late)).expected, Some(30.0));
    assert_eq!(s.standing(Some(&late)).status, Status::OffPath);
}

#[test]
fn a_target_below_the_baseline_is_said_and_still_judged() {
    let targets = [
        YearValue {
            year: 2024,
            value: 2500.0,
        },
        YearValue {
            year: 2025,
            value: 3000.0,
        },
    ];
    let s = Subject {
        nature: Nature::Flow,
        direction: Direction::Up,
        baseline: YearValue {
            year: 2023,
            value: 4537.0,
        },
        targets: &targets,
    };
    assert!(s.target_is_worse());
    assert_eq!(s.standing(None).status, Status::TargetBelowBaseline);
    let good = value(date(2024, 12, 31), 2600.0, Period::Annual);
    assert_eq!(s.standing(Some(&good)).status, Status::TargetBelowBaseline);
    let bad = value(date(2024, 12, 31), 2000.0, Period::Annual);
    assert_eq!(s.standing(Some(&bad)).status, Status::OffPath);
    assert_eq!(s.path_of_year(2024), Some(2500.0));
    assert_eq!(s.path_of_year(2025), Some(3000.0));
}

#[test]
fn less_is_better_turns_everything_round() {
    let targets = [YearValue {
        year: 2025,
        value: 50.0,
    }];
    let s = Subject {
        nature: Nature::Level,
        direction: Direction::Down,
        baseline: YearValue {
            year: 2023,
            value: 100.0,
        },
        targets: &targets,
    };
    let mid = |v| value(date(2024, 12, 31), v, Period::Point);
    assert_eq!(s.standing(Some(&mid(75.0))).status, Status::OnPath);
    assert_eq!(s.standing(Some(&mid(90.0))).status, Status::OffPath);
    assert_eq!(s.standing(Some(&mid(50.0))).status, Status::Met);
}

proptest! {
    /// The path stays between its neighbours and never runs towards the worse.
    #[test]
    fn the_path_never_worsens(step1 in 0.0..100.0_f64, step2 in 0.0..100.0_f64, day in 0..1400_i32) {
        let targets = [
            YearValue { year: 2024, value: 10.0 + step1 },
            YearValue { year: 2026, value: 10.0 + step1 + step2 },
        ];
        let s = Subject {
            nature: Nature::Stock,
            direction: Direction::Up,
            baseline: YearValue { year: 2023, value: 10.0 },
            targets: &targets,
        };
        let at = date(2023, 12, 31) + jiff::Span::new().days(day);
        let (a, b) = (s.path_at(at).unwrap(), s.path_at(at.tomorrow().unwrap()).unwrap());
        prop_assert!(b >= a - 1e-9);
        prop_assert!((10.0..=10.0 + step1 + step2 + 1e-9).contains(&a));
    }

    /// A better value never stands worse.
    #[test]
    fn better_is_never_worse(v in 0.0..5000.0_f64, more in 0.0..500.0_f64, month in 1..=12_i8) {
        let s = subject(Nature::Flow, &TARGETS);
        let at = date(2024, month, 28);
        let rank = |status| match status { Status::OffPath => 0, Status::OnPath => 1, _ => 2 };
        let low = s.standing(Some(&value(at, v, Period::Ytd))).status;
        let high = s.standing(Some(&value(at, v + more, Period::Ytd))).status;
        prop_assert!(rank(high) >= rank(low));
    }
}
