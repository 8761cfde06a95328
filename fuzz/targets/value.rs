//! Cells as people write them in the files of datasets: numbers, days, moments, yes and no.
#![no_main]

use tianyuan_chain::reading::value::{
    fold, parse_boolean, parse_date, parse_datetime, parse_integer, parse_number,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let number = parse_number(text);
    assert!(number.is_none_or(f64::is_finite));
    if let Some(whole) = parse_integer(text) {
        assert_eq!(parse_integer(&whole.to_string()), Some(whole));
    }
    if let Some(day) = parse_date(text) {
        assert_eq!(parse_date(&day.to_string()), Some(day));
        assert!(parse_datetime(text).is_some());
    }
    if let Some(moment) = parse_datetime(text) {
        assert_eq!(parse_datetime(&moment.to_string()), Some(moment));
    }
    let folded = fold(text);
    assert_eq!(fold(&folded), folded);
    assert_eq!(parse_boolean(text), parse_boolean(&folded));
});
