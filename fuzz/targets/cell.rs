//! What a person typed, read as a number and as a date.
#![no_main]

use tianyuan_kernel::office::Cell;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let cell = Cell::Text(text.to_owned());
    if let Ok(number) = cell.number() {
        assert!(number.is_finite());
        assert_eq!(Cell::Text(number.to_string()).number(), Ok(number));
    }
    if let Ok(date) = cell.date() {
        assert_eq!(Cell::Text(date.to_string()).date(), Ok(date));
    }
});
