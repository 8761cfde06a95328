//! Checkpoints: what is read is written back byte by byte.
#![no_main]

use tianyuan_ledger::Checkpoint;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
});
