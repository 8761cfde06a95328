//! The kernel's JSON door: bodies of requests, into free and into closed shapes.
#![no_main]

use serde::Deserialize;
use tianyuan_kernel::Text;
use tianyuan_kernel::http::extract::parse;
use tianyuan_kernel::journal::{FactId, Log};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read, not used")]
struct Closed {
    id: FactId,
    log: Option<Log>,
    words: Vec<Text>,
    value: Option<f64>,
    inner: Option<Box<Closed>>,
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let free = parse::<serde_json::Value>(bytes);
    let closed = parse::<Closed>(bytes);
    assert!(closed.is_err() || free.is_ok());
    for error in [free.as_ref().err(), closed.as_ref().err()]
        .into_iter()
        .flatten()
    {
        assert!(!error.code().is_empty());
    }
    if let Ok(value) = free {
        let again = serde_json::to_vec(&value).unwrap();
        assert!(parse::<serde_json::Value>(&again).is_ok());
    }
});
