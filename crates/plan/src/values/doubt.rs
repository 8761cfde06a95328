//! Units confused (万元 written where 亿元 is asked for): a value thousands of times off every
//! number it can be held against is asked about, and recorded only when confirmed.

use jiff::civil::Date;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use crate::words::Period;

/// Off by this factor or more is doubtful: halfway, in powers of ten, between what no honest
/// figure of a district does in a period (a thousandfold) and the smallest confusion of units
/// (万 against none: ten thousandfold).
pub const FACTOR: f64 = 3_162.277_660_168_379_5;
/// The stable code of the refusal.
pub const CODE: &str = "unit_doubtful";

/// Ratios that a confusion of units makes, and what it reads like.
const CONFUSIONS: &[(f64, &str, &str)] = &[
    (1e4, "10,000 倍", "10,000 times"),
    (1e8, "1 亿倍", "100 million times"),
];

/// What is doubtful of a value, held against the last value and the path; none when it is near
/// enough to either, or there is nothing to hold it against.
#[must_use]
pub fn doubt(unit: &str, value: f64, against: &[Option<f64>]) -> Option<Text> {
    let known: Vec<f64> = against
        .iter()
        .flatten()
        .copied()
        .filter(|n| n.is_finite() && *n != 0.0)
        .collect();
    if value == 0.0 || !value.is_finite() || known.is_empty() {
        return None;
    }
    // Per cent as a fraction: 0.45 where 45 % is meant.
    if matches!(unit, "%" | "％") {
        let fraction = value.abs() <= 1.0 && known.iter().all(|n| ratio(value, *n) >= 50.0);
        return fraction.then(|| {
            let meant = value * 100.0;
            text!(
                "收到 {value}%，与以往相差约百倍；若应为 {meant}%，请改正，属实请确认。",
                "{value}% is about a hundredfold off; correct it if {meant}% is meant, or confirm it."
            )
        });
    }
    let nearest = known
        .iter()
        .copied()
        .min_by(|a, b| ratio(value, *a).total_cmp(&ratio(value, *b)))?;
    let off = ratio(value, nearest);
    if off < FACTOR {
        return None;
    }
    let (zh, en) = CONFUSIONS
        .iter()
        .find(|(factor, ..)| ratio(off, *factor) < FACTOR.sqrt())
        .map_or(("数千倍以上", "thousands of times"), |(_, zh, en)| {
            (*zh, *en)
        });
    Some(text!(
        "收到 {value} {unit}，与可比数值 {nearest} {unit} 相差约 {zh}，计量单位可能弄错了（如万元与亿元）；请核对，属实请确认。",
        "{value} {unit} is about {en} off the comparable {nearest} {unit}; the unit may be mistaken (万元 for 亿元, say). Check it, or confirm it."
    ))
}

/// A known value as it would be over what another covers: sums of a year and since January are
/// brought to the same stretch of the year, so that a quarter's sum in 万元 is not hidden behind a
/// whole year's in 亿元. A point in time stays as it is.
#[must_use]
pub fn comparable(known: (Date, Period, f64), to: (Date, Period)) -> f64 {
    let share = |at: Date, period: Period| match period {
        Period::Annual => Some(1.0),
        Period::Ytd => Some(f64::from(at.day_of_year()) / f64::from(at.days_in_year())),
        Period::Point => None,
    };
    match (share(known.0, known.1), share(to.0, to.1)) {
        (Some(there), Some(here)) => known.2 / there * here,
        _ => known.2,
    }
}

/// What is doubtful of one entry counted towards a whole: it alone is scores of times as much as
/// all of them are to be. An entry may be as small as it likes.
#[must_use]
pub fn beyond(unit: &str, amount: f64, whole: f64) -> Option<Text> {
    let times = amount / whole;
    if !times.is_finite() || times < FACTOR.sqrt() {
        return None;
    }
    let times = times.round();
    Some(text!(
        "收到 {amount} {unit}，是目标总数 {whole} {unit} 的约 {times} 倍，计量单位可能弄错了；请核对，属实请确认。",
        "{amount} {unit} is about {times} times the whole goal of {whole} {unit}; the unit may be mistaken. Check it, or confirm it."
    ))
}

/// How many times apart two numbers are, at least 1.
fn ratio(a: f64, b: f64) -> f64 {
    let r = (a / b).abs();
    if r < 1.0 { 1.0 / r } else { r }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn ten_thousandfold_is_asked_about() {
        // 2,380 亿元 written in 万元.
        let found = doubt("亿元", 23_800_000.0, &[Some(2048.1), None]).unwrap();
        assert!(found.zh.contains("10,000 倍"), "{}", found.zh);
        assert!(doubt("亿元", 0.238, &[Some(2048.1)]).is_some());
        assert!(
            doubt("亿元", 2_380e8, &[Some(2048.1)])
                .unwrap()
                .zh
                .contains("1 亿倍")
        );
        // Near the path is near enough, whatever the last value was.
        assert_eq!(
            doubt("万条", 127_000.0, &[Some(12.7), Some(120_000.0)]),
            None
        );
    }

    #[test]
    fn honest_growth_is_not() {
        assert_eq!(doubt("亿元", 600.0, &[Some(2048.1)]), None);
        assert_eq!(doubt("个", 40.0, &[Some(1.0)]), None);
        assert_eq!(doubt("个", 40.0, &[]), None);
        assert_eq!(doubt("个", 40.0, &[Some(0.0)]), None);
        assert_eq!(doubt("个", 0.0, &[Some(40.0)]), None);
    }

    #[test]
    fn sums_are_held_against_the_same_stretch_of_a_year() {
        let year = (date(2023, 12, 31), Period::Annual, 2048.1);
        let quarter = (date(2024, 3, 31), Period::Ytd);
        let expected = comparable(year, quarter);
        assert!((expected - 2048.1 * 91.0 / 366.0).abs() < 1e-9);
        // 500 亿元 in 万元: 2,441 times the year, 9,800 times a quarter of it.
        assert_eq!(doubt("亿元", 5_000_000.0, &[Some(2048.1)]), None);
        assert!(doubt("亿元", 5_000_000.0, &[Some(expected)]).is_some());
        let point = (date(2023, 12, 31), Period::Point, 12.7);
        assert_eq!(comparable(point, (date(2024, 3, 31), Period::Point)), 12.7);
    }

    #[test]
    fn one_entry_is_not_many_times_the_whole() {
        assert!(
            beyond("万条", 20_000.0, 30.0)
                .unwrap()
                .zh
                .contains("667 倍")
        );
        assert_eq!(beyond("人", 1.0, 35_000.0), None);
        assert_eq!(beyond("家", 60.0, 60.0), None);
        assert_eq!(beyond("家", 60.0, 0.0), None);
    }

    #[test]
    fn a_percentage_is_not_a_fraction() {
        assert!(doubt("%", 0.45, &[Some(45.0)]).is_some());
        assert_eq!(doubt("%", 0.45, &[Some(0.5)]), None);
        assert_eq!(doubt("%", 46.0, &[Some(45.0)]), None);
    }

    proptest! {
        #[test]
        fn it_looks_both_ways(value in 1e-3..1e9_f64, last in 1e-3..1e9_f64) {
            let there = doubt("亿元", value, &[Some(last)]).is_some();
            let back = doubt("亿元", last, &[Some(value)]).is_some();
            prop_assert_eq!(there, back);
        }

        #[test]
        fn no_number_panics(value in prop::num::f64::ANY, last in prop::num::f64::ANY, unit in "\\PC{0,4}") {
            let _ = doubt(&unit, value, &[Some(last)]);
        }
    }
}
