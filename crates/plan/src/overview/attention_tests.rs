use super::*;
use crate::words::{Period, Source};
use jiff::civil::date;

const PERIOD: (Date, Date) = (date(2024, 1, 1), date(2025, 12, 31));

fn facts(latest: Option<(Date, f64)>, status: Status) -> IndicatorFacts<'static> {
    IndicatorFacts {
        id: "indicator_x",
        name: "数字经济规模",
        name_en: "",
        unit: "亿元",
        decimals: 1,
        direction: Direction::Up,
        baseline_year: 2023,
        latest: latest.map(|(at, value)| Latest {
            at,
            value,
            period: Period::Ytd,
            source: Source::Manual,
        }),
        standing: Standing {
            status,
            expected: Some(1200.0),
            target: Some(crate::bundle::YearValue {
                year: 2024,
                value: 2380.0,
            }),
        },
    }
}

#[test]
fn far_off_is_grave() {
    let f = facts(Some((date(2024, 6, 30), 1000.0)), Status::OffPath);
    let a = indicator(&f, PERIOD, date(2024, 7, 15)).unwrap();
    assert_eq!((a.kind, a.severity), ("off_path", Severity::High));
    assert!(a.detail.zh.contains("1000.0 亿元") && a.detail.zh.contains("1200.0 亿元"));
    let f = facts(Some((date(2024, 6, 30), 1150.0)), Status::OffPath);
    assert_eq!(
        indicator(&f, PERIOD, date(2024, 7, 15)).unwrap().severity,
        Severity::Medium
    );
}

#[test]
fn silence_is_stale_and_grave_once_a_target_has_passed() {
    let f = facts(None, Status::NoData);
    assert_eq!(indicator(&f, PERIOD, date(2024, 3, 1)), None);
    let a = indicator(&f, PERIOD, date(2024, 6, 1)).unwrap();
    assert_eq!((a.kind, a.severity), ("stale", Severity::Medium));
    let a = indicator(&f, PERIOD, date(2025, 2, 1)).unwrap();
    assert_eq!(
        (a.kind, a.severity),
        ("target_missed_report", Severity::High)
    );
    assert_eq!(indicator(&f, PERIOD, date(2023, 12, 1)), None);
}

#[test]
fn a_finished_plan_with_its_last_value_rests() {
    let f = facts(Some((date(2025, 12, 31), 2800.0)), Status::Met);
    assert_eq!(indicator(&f, PERIOD, date(2027, 1, 1)), None);
}

#[test]
fn measures_and_units() {
    let measure = |state| MeasureFacts {
        id: "measure_x",
        number: 7,
        title: "打造数字文旅影视融合发展场景",
        title_en: "",
        state,
        state_at: Some(date(2025, 2, 1)),
    };
    let all = [
        measure(MeasureState::Delayed),
        measure(MeasureState::NotStarted),
    ];
    let found = measures(&all, PERIOD, date(2025, 3, 1));
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].kind, found[0].severity),
        ("delayed", Severity::Medium)
    );
    assert_eq!(found[1].title.en, "1 measure has not been started");
    assert!(measures(&all[1..], PERIOD, date(2024, 3, 1)).is_empty());
    assert_eq!(reporters(&[]), None);
    assert_eq!(
        reporters(&["经委"]).unwrap().title.en,
        "1 responsible unit has no reporter"
    );
}
