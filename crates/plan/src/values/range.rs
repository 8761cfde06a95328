//! What a value may be, by its unit, and how values of related units convert.
//!
//! - `%` takes 0 to 100.
//! - Counts (`个`, `家`, `人`, `条`, `单` …, also with `万` or `亿`) and rates (`Mbps`) are not
//!   negative; unscaled counts are whole numbers.
//! - Anything else (money, for one, may be a net amount) takes any finite number.
//! - Nothing is rounded: what was sent is what is kept; `decimals` only says how to show it.

use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

/// No value of the plan is larger than this, whatever its unit.
pub const MAGNITUDE_MAX: f64 = 1e15;

const COUNTS: &[&str] = &[
    "个", "家", "人", "人次", "条", "单", "件", "项", "次", "座", "台", "套", "辆", "户", "只",
    "场", "所", "处", "名", "篇", "张",
];
const RATES: &[&str] = &[
    "Mbps",
    "Gbps",
    "Kbps",
    "ms",
    "km",
    "公里",
    "米",
    "平方米",
    "千瓦",
    "千瓦时",
];
const SCALES: &[(&str, f64)] = &[
    ("万亿", 1e12),
    ("亿", 1e8),
    ("百万", 1e6),
    ("万", 1e4),
    ("千", 1e3),
];

/// Splits `万条` into `条` and ten thousand. A bare scale, and `千瓦`, stay whole.
fn split(unit: &str) -> (&str, f64) {
    if RATES.contains(&unit) {
        return (unit, 1.0);
    }
    for (prefix, factor) in SCALES {
        if let Some(rest) = unit.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
            return (rest, *factor);
        }
    }
    (unit, 1.0)
}

/// What to multiply a number in `from` by to have it in `to`; none when they measure different
/// things. Metrics count `rows`, which is `条`.
#[must_use]
pub fn factor(from: &str, to: &str) -> Option<f64> {
    let english = |unit: &str| match unit {
        "rows" | "records" => "条".to_owned(),
        "items" | "count" => "个".to_owned(),
        "people" => "人".to_owned(),
        "percent" => "%".to_owned(),
        "mbps" | "Mbit/s" => "Mbps".to_owned(),
        other => other.to_owned(),
    };
    let (from, to) = (english(from.trim()), english(to.trim()));
    let ((a, x), (b, y)) = (split(&from), split(&to));
    (a == b).then_some(x / y)
}

/// Checks a value against what its unit allows.
///
/// # Errors
/// A stable code and words that say what would be right.
pub fn check(unit: &str, value: f64) -> Result<(), (&'static str, Text)> {
    if !value.is_finite() || value.abs() > MAGNITUDE_MAX {
        return Err((
            "value_out_of_range",
            Text::new(
                "数值必须是绝对值不超过 1,000 万亿的有限数。",
                "The value must be a finite number of at most 1,000,000,000,000,000.",
            ),
        ));
    }
    let (base, scale) = split(unit);
    if matches!(unit, "%" | "％") && !(0.0..=100.0).contains(&value) {
        return Err((
            "percent_out_of_range",
            text!(
                "百分数应在 0 到 100 之间，收到 {value}。",
                "A percentage is 0 to 100; got {value}."
            ),
        ));
    }
    let count = COUNTS.contains(&base);
    if (count || RATES.contains(&base)) && value < 0.0 {
        return Err((
            "value_negative",
            text!(
                "以“{unit}”计的数值不能为负，收到 {value}。",
                "A value in {unit} cannot be negative; got {value}."
            ),
        ));
    }
    if count && scale == 1.0 && value.fract() != 0.0 {
        return Err((
            "value_not_whole",
            text!(
                "以“{unit}”计的数值应为整数，收到 {value}。",
                "A value in {unit} is a whole number; got {value}."
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_decide() {
        assert!(check("%", 100.0).is_ok());
        assert_eq!(check("%", 100.1).unwrap_err().0, "percent_out_of_range");
        assert_eq!(check("个", -1.0).unwrap_err().0, "value_negative");
        assert_eq!(check("个", 1.5).unwrap_err().0, "value_not_whole");
        assert!(check("万条", 12.7).is_ok());
        assert_eq!(check("万条", -12.7).unwrap_err().0, "value_negative");
        assert_eq!(check("Mbps", -1.0).unwrap_err().0, "value_negative");
        assert!(check("亿元", -3.5).is_ok());
        assert_eq!(check("亿元", f64::NAN).unwrap_err().0, "value_out_of_range");
        assert_eq!(check("亿元", 1e16).unwrap_err().0, "value_out_of_range");
    }

    #[test]
    fn related_units_convert() {
        assert_eq!(factor("rows", "万条"), Some(1e-4));
        assert_eq!(factor("亿元", "万元"), Some(1e4));
        assert_eq!(factor("Mbps", "Mbps"), Some(1.0));
        assert_eq!(factor("千瓦", "瓦"), None);
        assert_eq!(factor("个", "亿元"), None);
    }

    proptest! {
        #[test]
        fn factors_invert(a in 0..6_usize, b in 0..6_usize) {
            let units = ["元", "千元", "万元", "百万元", "亿元", "万亿元"];
            let there = factor(units[a], units[b]).unwrap();
            let back = factor(units[b], units[a]).unwrap();
            prop_assert!((there * back - 1.0).abs() < 1e-12);
        }

        #[test]
        fn no_number_panics(value in prop::num::f64::ANY, unit in "\\PC{0,6}") {
            let _ = check(&unit, value);
        }
    }
}
