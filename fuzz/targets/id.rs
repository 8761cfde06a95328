//! Identifiers as callers write them.
#![no_main]

use tianyuan_kernel::journal::FactId;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let parsed = text.parse::<FactId>();
    if let Ok(id) = &parsed {
        assert_eq!(id.as_str(), text);
        assert!(text.len() == "fact_".len() + 26 && text.is_ascii());
    }
    let json = serde_json::to_vec(text).unwrap();
    let read = tianyuan_kernel::http::extract::parse::<String>(&json).unwrap();
    assert_eq!(read, text);
});
