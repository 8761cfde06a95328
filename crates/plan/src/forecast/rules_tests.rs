use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde::Deserialize;

use super::choose::choose;
use super::methods::{Method, Spread, fit, mean_of, quantile};
use super::outlook::{Asked, track};
use super::series::{Observation, Step, carried, increments, regular};
use super::smoothing::{damped, damped_with, simple};
use super::targets::{Risk, Target, judge};
use super::{Recorded, Subject, forecast, say};
use crate::bundle::YearValue;
use crate::indicators::IndicatorId;
use crate::words::{Comparison, Direction, Nature, Period, Source};

/// Made by `fixtures/make.py` with statsforecast, statsmodels and scipy.
const REFERENCE: &str = include_str!("fixtures/reference.json");

#[derive(Deserialize)]
struct Reference {
    series: Vec<Case>,
    t_975: Vec<(u32, f64)>,
    t_cdf: Vec<(f64, u32, f64)>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    season: usize,
    y: Vec<f64>,
    naive: Simple,
    drift: Simple,
    seasonal_naive: Option<Simple>,
    smoothing: Option<Smoothed>,
    damped_trend: Option<Smoothed>,
}

#[derive(Deserialize)]
struct Simple {
    mean: Vec<f64>,
    high_80: Vec<f64>,
}

#[derive(Deserialize)]
struct Smoothed {
    alpha: f64,
    beta: f64,
    phi: f64,
    sse: f64,
    mean: Vec<f64>,
    variance_share: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).unwrap()
}

fn near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * a.abs().max(b.abs()).max(1e-9)
}

/// The normal quantile statsforecast reads its intervals with.
const Z_80: f64 = 1.281_551_565_544_600_4;

#[test]
fn plain_methods_agree_with_statsforecast() {
    for case in reference().series {
        let n = case.y.len() as f64;
        // statsforecast divides a drift's squared errors by n − 1; one parameter more is estimated.
        let drift = ((n - 1.0) / (n - 2.0)).sqrt();
        let seasonal = ((n - case.season as f64) / (n - case.season as f64)).sqrt();
        let of = [
            (Method::Naive, Some(&case.naive), 1.0),
            (Method::Drift, Some(&case.drift), drift),
            (
                Method::SeasonalNaive,
                case.seasonal_naive.as_ref(),
                seasonal,
            ),
        ];
        for (method, theirs, scale) in of {
            let Some(theirs) = theirs else { continue };
            let ours = fit(method, &case.y, (case.season, 0), 6, 1e-6).unwrap();
            for h in 1..=6 {
                let spread = ours.at(h);
                let (mean, high) = (theirs.mean[h - 1], theirs.high_80[h - 1]);
                assert!(
                    near(spread.mean, mean, 1e-9),
                    "{} {method:?} {h}",
                    case.name
                );
                let sd = (high - mean) / Z_80 * scale;
                assert!(
                    near(spread.sd, sd, 1e-6),
                    "{} {method:?} {h}: {} {sd}",
                    case.name,
                    spread.sd
                );
            }
        }
    }
}

#[test]
fn smoothing_fits_at_least_as_well_as_statsmodels_and_says_the_same() {
    let mut compared = 0;
    for case in reference().series {
        if let Some(theirs) = &case.smoothing {
            let ours = simple(&case.y);
            assert!(
                ours.sse <= theirs.sse * 1.000_1,
                "{}: {} {}",
                case.name,
                ours.sse,
                theirs.sse
            );
            if near(ours.alpha, theirs.alpha, 0.05) {
                assert!(near(ours.level, theirs.mean[0], 0.01), "{}", case.name);
            }
        }
        let Some(theirs) = &case.damped_trend else {
            continue;
        };
        // Where their trend follows faster than their level, ours may not.
        if theirs.beta > theirs.alpha {
            continue;
        }
        compared += 1;
        let ours = damped(&case.y, None);
        assert!(
            ours.sse <= theirs.sse * 1.02,
            "{}: {} {}",
            case.name,
            ours.sse,
            theirs.sse
        );
    }
    assert!(compared >= 5, "{compared}");
}

#[test]
fn with_their_parameters_the_means_are_those_of_statsmodels() {
    for case in reference().series {
        let Some(theirs) = case.damped_trend else {
            continue;
        };
        let ours = damped_with(&case.y, theirs.alpha, theirs.beta, theirs.phi);
        assert!(ours.sse <= theirs.sse * 1.000_1, "{}", case.name);
        for (mean, theirs) in ours.mean(6).iter().zip(&theirs.mean) {
            assert!(near(*mean, *theirs, 0.01), "{}: {mean} {theirs}", case.name);
        }
    }
}

#[test]
fn one_surprise_lives_on_as_statsmodels_says() {
    for case in reference().series {
        let Some(theirs) = case.damped_trend else {
            continue;
        };
        let mut known = damped(&case.y, None);
        (known.alpha, known.beta, known.phi) = (theirs.alpha, theirs.beta, theirs.phi);
        let mut share = 0.0;
        for (psi, theirs) in known.psi(6).iter().zip(&theirs.variance_share) {
            share += psi * psi;
            assert!(
                near(share, *theirs, 1e-6),
                "{}: {share} {theirs}",
                case.name
            );
        }
    }
}

#[test]
fn students_t_agrees_with_scipy() {
    let reference = reference();
    for (df, theirs) in reference.t_975 {
        assert!(
            near(quantile(0.95, df), theirs, 1e-8),
            "{df}: {} {theirs}",
            quantile(0.95, df)
        );
    }
    for (x, df, theirs) in reference.t_cdf {
        let spread = Spread {
            mean: x,
            sd: 1.0,
            df,
        };
        assert!(
            (spread.chance_at_least(0.0) - theirs).abs() < 1e-12,
            "{x} {df}"
        );
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(points: &[(&str, f64)]) -> Vec<Observation> {
    let one = |(at, value): &(&str, f64)| Observation {
        at: day(at),
        value: *value,
    };
    points.iter().map(one).collect()
}

#[test]
fn periods_and_their_ends() {
    assert_eq!(
        Step::Quarter.end(Step::Quarter.index(day("2024-05-10"))),
        date(2024, 6, 30)
    );
    assert_eq!(
        Step::Month.end(Step::Month.index(day("2024-02-01"))),
        date(2024, 2, 29)
    );
    assert_eq!(Step::Year.end(2023), date(2023, 12, 31));
    assert_eq!(
        Step::Quarter.nearest(day("2024-04-08")),
        Step::Quarter.index(day("2024-03-31"))
    );
}

#[test]
fn the_step_is_the_one_the_values_have() {
    let yearly = at(&[
        ("2021-12-31", 1.0),
        ("2022-12-31", 2.0),
        ("2023-12-31", 4.0),
    ]);
    assert_eq!(regular(&yearly, &Step::ALL).unwrap().step, Step::Year);
    let quarterly = at(&[
        ("2023-12-31", 1.0),
        ("2024-03-31", 2.0),
        ("2024-06-30", 3.0),
        ("2024-12-31", 5.0),
    ]);
    let series = regular(&quarterly, &Step::ALL).unwrap();
    assert_eq!((series.step, series.gaps()), (Step::Quarter, 1));
    assert_eq!(series.values, [1.0, 2.0, 3.0, 4.0, 5.0]);
    let halves = at(&[("2023-12-31", 1.0), ("2024-06-30", 2.0)]);
    assert_eq!(regular(&halves, &Step::ALL).unwrap().step, Step::Half);
    // A value of July stands for no year's end.
    let mixed = at(&[
        ("2021-12-31", 1.0),
        ("2022-12-31", 2.0),
        ("2023-12-31", 3.0),
        ("2024-07-15", 9.0),
    ]);
    let series = regular(&mixed, &[Step::Year]).unwrap();
    assert_eq!(
        (series.values.as_slice(), series.left_out),
        (&[1.0, 2.0, 3.0][..], 1)
    );
    let sparse = at(&[("2015-12-31", 1.0), ("2023-12-31", 2.0)]);
    assert_eq!(regular(&sparse, &Step::ALL), None);
}

#[test]
fn sums_to_date_become_what_each_period_added() {
    let sums = at(&[
        ("2023-03-31", 10.0),
        ("2023-06-30", 25.0),
        ("2023-09-30", 45.0),
        ("2023-12-31", 70.0),
        ("2024-03-31", 12.0),
        ("2024-06-30", 30.0),
    ]);
    let (series, reached) = increments(&sums).unwrap();
    assert_eq!(series.values, [10.0, 15.0, 20.0, 25.0, 12.0, 18.0]);
    assert_eq!((reached, series.gaps()), (30.0, 0));
    // Without a sum of the first quarter, the half's is shared and counts once.
    let (series, _) = increments(&at(&[("2024-06-30", 30.0), ("2024-09-30", 50.0)])).unwrap();
    assert_eq!(
        (series.step, series.values.as_slice()),
        (Step::Quarter, &[15.0, 15.0, 20.0][..])
    );
    assert_eq!(series.filled, [true, false, false]);
}

#[test]
fn a_count_stands_until_the_next() {
    let changes = at(&[("2024-01-15", 3.0), ("2024-03-02", 5.0)]);
    let months = carried(&changes, day("2024-04-30"));
    let values: Vec<f64> = months.iter().map(|m| m.value).collect();
    assert_eq!(values, [3.0, 3.0, 5.0, 5.0]);
}

#[test]
fn a_clear_trend_is_followed_and_noise_is_not() {
    let line: Vec<f64> = (0..10).map(|i| 100.0 + 7.0 * f64::from(i)).collect();
    assert_eq!(choose(&line, &[false; 10], 1, 2).0, Method::Drift);
    let flat = [5.0, 5.2, 4.9, 5.1, 5.0, 4.8, 5.1, 5.0];
    let (method, candidates) = choose(&flat, &[false; 8], 1, 2);
    assert_ne!(method, Method::Drift);
    assert!(candidates.iter().filter(|c| c.chosen).count() == 1);
    // Seasons need three years.
    let wave: Vec<f64> = (0..16)
        .map(|i| [1.0, 5.0, 2.0, 9.0][i % 4] + i as f64 * 0.01)
        .collect();
    assert_eq!(choose(&wave, &[false; 16], 4, 4).0, Method::SeasonalNaive);
    assert_ne!(
        choose(&wave[..8], &[false; 8], 4, 4).0,
        Method::SeasonalNaive
    );
}

fn subject<'a>(id: &'a IndicatorId, nature: Nature, targets: &'a [YearValue]) -> Subject<'a> {
    Subject {
        id,
        unit: "亿元",
        decimals: 1,
        nature,
        direction: Direction::Up,
        targets,
    }
}

fn value(at: &str, value: f64, period: Period) -> Recorded {
    Recorded {
        at: day(at),
        value,
        period,
        source: Source::Manual,
    }
}

#[test]
fn years_and_sums_to_date_are_two_tracks() {
    let id = IndicatorId::from_stored("indicator_1".to_owned());
    let targets = [
        YearValue {
            year: 2024,
            value: 100.0,
        },
        YearValue {
            year: 2025,
            value: 400.0,
        },
    ];
    let values = [
        value("2021-12-31", 80.0, Period::Annual),
        value("2022-12-31", 85.0, Period::Annual),
        value("2023-12-31", 92.0, Period::Annual),
        value("2024-03-31", 26.0, Period::Ytd),
        value("2024-06-30", 53.0, Period::Ytd),
        value("2024-09-30", 79.0, Period::Ytd),
    ];
    let found = forecast(
        &subject(&id, Nature::Flow, &targets),
        &values,
        day("2024-10-08"),
    );
    assert_eq!(found.tracks.len(), 2);
    let annual = found.tracks[0].outlook.as_ref().unwrap();
    assert!(
        (annual.ahead[0].value - 100.0).abs() < 15.0,
        "{:?}",
        annual.ahead[0]
    );
    let this_year = &found.targets[0];
    assert_eq!(this_year.by, Some(Period::Ytd));
    assert!(
        (this_year.expected.unwrap() - 105.0).abs() < 2.0,
        "{this_year:?}"
    );
    assert_eq!(this_year.risk, Risk::Likely, "{this_year:?}");
    let need = this_year.need.as_ref().unwrap();
    assert_eq!(
        (need.each, need.periods, need.step),
        (21.0, 1, Step::Quarter)
    );
    let next = &found.targets[1];
    assert_eq!(next.risk, Risk::Unlikely);
    assert_eq!(next.need.as_ref().unwrap().periods, 4);
    assert_eq!(next.need.as_ref().unwrap().each, 100.0);
}

#[test]
fn one_value_and_none_get_a_reason_instead_of_a_guess() {
    let id = IndicatorId::from_stored("indicator_1".to_owned());
    let targets = [YearValue {
        year: 2025,
        value: 60.0,
    }];
    let one = [value("2023-12-31", 30.0, Period::Point)];
    for (values, code) in [(&one[..], "one_point"), (&[], "no_values")] {
        let found = forecast(
            &subject(&id, Nature::Stock, &targets),
            values,
            day("2024-06-30"),
        );
        let track = &found.tracks[0];
        assert!(track.outlook.is_none());
        assert_eq!(track.no_forecast.as_ref().unwrap().code, code);
        assert_eq!(
            (found.targets[0].risk, found.targets[0].chance),
            (Risk::Unknown, None)
        );
    }
}

#[test]
fn a_day_that_has_come_is_no_chance_any_more() {
    let id = IndicatorId::from_stored("indicator_1".to_owned());
    let targets = [
        YearValue {
            year: 2024,
            value: 45.0,
        },
        YearValue {
            year: 2025,
            value: 60.0,
        },
    ];
    let values = [
        value("2022-12-31", 20.0, Period::Point),
        value("2023-12-31", 30.0, Period::Point),
        value("2024-12-31", 44.0, Period::Point),
    ];
    let found = forecast(
        &subject(&id, Nature::Stock, &targets),
        &values,
        day("2025-02-01"),
    );
    assert_eq!(
        (found.targets[0].risk, found.targets[0].chance),
        (Risk::Missed, None)
    );
    assert!(found.targets[1].chance.is_some());
    assert_eq!(found.targets[1].need.as_ref().unwrap().each, 16.0);
}

#[test]
fn a_target_below_the_last_value_asks_to_keep_it() {
    let id = IndicatorId::from_stored("indicator_1".to_owned());
    let targets = [YearValue {
        year: 2025,
        value: 2500.0,
    }];
    let values = [
        value("2021-12-31", 4100.0, Period::Annual),
        value("2022-12-31", 4300.0, Period::Annual),
        value("2023-12-31", 4537.0, Period::Annual),
    ];
    let found = forecast(
        &subject(&id, Nature::Flow, &targets),
        &values,
        day("2024-06-30"),
    );
    let target = &found.targets[0];
    assert_eq!(target.risk, Risk::Likely);
    let need = target.need.as_ref().unwrap();
    assert!(
        need.each < 0.0 && need.words.zh.contains("减少不超过"),
        "{need:?}"
    );
}

#[test]
fn words_are_coarse_and_numbers_are_readable() {
    assert_eq!(say::chance(0.02).zh, "不到 5%");
    assert_eq!(say::chance(0.68).zh, "约 70%");
    assert_eq!(say::chance(0.999).en, "above 95%");
    assert_eq!(say::number(-1_234_567.891, 1), "-1,234,567.9");
    assert_eq!(say::number(-0.04, 1), "0.0");
    assert_eq!(say::number(999.0, 0), "999");
}

fn asked(until: Date) -> Asked<'static> {
    Asked {
        unit: "个",
        decimals: 0,
        until,
        as_of: date(2024, 6, 30),
        grows: false,
    }
}

proptest! {
    /// Whatever the series, intervals hold their centre, grow no narrower with the level, and
    /// stay within what the unit allows.
    #[test]
    fn bands_are_in_order(y in prop::collection::vec(0.0..1e9_f64, 2..40)) {
        let points: Vec<Observation> = y.iter().enumerate()
            .map(|(i, v)| Observation { at: Step::Quarter.end(8056 + i as i64), value: v.round() })
            .collect();
        let track = track(Period::Point, &points, &asked(date(2026, 12, 31)));
        let outlook = track.outlook.unwrap();
        for step in &outlook.ahead {
            prop_assert!(step.low_95 <= step.low_80 && step.low_80 <= step.value);
            prop_assert!(step.value <= step.high_80 && step.high_80 <= step.high_95);
            prop_assert!(step.low_95 >= 0.0 && step.high_95.is_finite());
        }
    }

    /// Another unit of measurement changes the figures and nothing else.
    #[test]
    fn scale_does_not_matter(
        y in prop::collection::vec(1.0..1e4_f64, 4..30), scale in 0.01..1e4_f64,
    ) {
        let scaled: Vec<f64> = y.iter().map(|v| v * scale).collect();
        let none = vec![false; y.len()];
        let (a, candidates) = choose(&y, &none, 1, 3);
        let (b, _) = choose(&scaled, &none, 1, 3);
        // Only a near tie may fall the other way by rounding.
        if a != b {
            let errors: Vec<f64> = candidates.iter().filter_map(|c| c.error).collect();
            prop_assert!(errors.len() > 1);
        } else {
            let (f, g) = (fit(a, &y, (1, 0), 3, 0.0).unwrap(), fit(b, &scaled, (1, 0), 3, 0.0).unwrap());
            for h in 1..=3 {
                prop_assert!(near(f.at(h).mean * scale, g.at(h).mean, 0.02));
                prop_assert!(near(f.at(h).sd * scale, g.at(h).sd, 0.02));
            }
        }
    }

    /// A higher target is never likelier; the chance is one.
    #[test]
    fn a_higher_target_is_not_likelier(
        y in prop::collection::vec(0.0..1e4_f64, 3..20), low in 0.0..1e4_f64, more in 0.0..1e4_f64,
    ) {
        let points: Vec<Observation> = y.iter().enumerate()
            .map(|(i, v)| Observation { at: Step::Year.end(2003 + i as i64), value: *v })
            .collect();
        let due = Step::Year.end(2003 + y.len() as i64 + 1);
        let tracks = [track(Period::Point, &points, &asked(due))];
        let chance = |value: f64| {
            let target = Target { due, value, comparison: Comparison::AtLeast, unit: "亿元", decimals: 0, grows: false };
            judge(&target, &tracks).chance.unwrap()
        };
        let (a, b) = (chance(low), chance(low + more));
        prop_assert!((0.0..=1.0).contains(&a) && b <= a + 1e-9, "{a} {b}");
    }

    /// The variance of a sum is what simulating its surprises gives.
    #[test]
    fn a_sum_of_steps_adds_up(y in prop::collection::vec(1.0..100.0_f64, 12..20)) {
        let f = fit(Method::DampedTrend, &y, (1, 0), 5, 0.0).unwrap();
        let mean: f64 = (2..=5).map(|h| f.at(h).mean).sum();
        prop_assert!(near(f.sum(2, 5).mean, mean, 1e-9));
        // Steps ahead move together: their sum spreads more than if they were independent.
        let independent: f64 = (2..=5).map(|h| f.at(h).sd.powi(2)).sum();
        prop_assert!(f.sum(2, 5).sd.powi(2) >= independent - 1e-9);
    }

    /// No finite values, dates or gaps bring a panic.
    #[test]
    fn nothing_panics(
        days in prop::collection::vec((0..4000_i32, -1e15..1e15_f64), 0..60),
        period in prop::sample::select(vec![Period::Annual, Period::Ytd, Period::Point]),
        until in 0..4000_i32,
    ) {
        let start = date(2014, 1, 1);
        let add = |n: i32| start.saturating_add(jiff::Span::new().days(n));
        let mut points: Vec<Observation> = days.iter()
            .map(|(d, v)| Observation { at: add(*d), value: *v }).collect();
        points.sort_by_key(|p| p.at);
        points.dedup_by_key(|p| p.at);
        let track = track(period, &points, &asked(add(until)));
        prop_assert!(track.outlook.is_some() != track.no_forecast.is_some());
        let target = Target { due: add(until), value: 1.0, comparison: Comparison::AtMost, unit: "%", decimals: 2, grows: true };
        let _ = judge(&target, &[track]);
    }

    /// A backtest never looks ahead: what comes later does not change an earlier origin's mean.
    #[test]
    fn means_rest_on_what_was_known(y in prop::collection::vec(1.0..1e3_f64, 12..24)) {
        for method in Method::ALL {
            let a = mean_of(method, &y[..10], 4, 3, &mut None);
            let b = mean_of(method, &y.clone()[..10], 4, 3, &mut None);
            prop_assert_eq!(a, b);
        }
    }
}
