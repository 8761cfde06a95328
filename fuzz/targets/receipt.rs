//! Receipts: under pinned keys none is accepted but what the node made (seeds/receipt), or the
//! same with words left out, as erasure leaves them.
#![no_main]

use std::sync::LazyLock;

use tianyuan_chain::ledgers::receipt::{Receipt, check};
use tianyuan_ledger::VerifierKey;
use tianyuan_ledger::verify::read_keys;

static KEYS: LazyLock<Vec<VerifierKey>> =
    LazyLock::new(|| read_keys(include_str!("../keys.txt")).unwrap());

static GENUINE: LazyLock<Vec<Receipt>> = LazyLock::new(|| {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/receipt");
    let files = std::fs::read_dir(seeds).unwrap().map(|f| f.unwrap().path());
    let genuine: Vec<Receipt> = files
        .map(|f| serde_json::from_slice(&std::fs::read(f).unwrap()).unwrap())
        .collect();
    assert!(!genuine.is_empty() && genuine.iter().all(|r| check(r, &KEYS, &[]).is_ok()));
    genuine
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let genuine = &*GENUINE;
    let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) else {
        return;
    };
    if check(&receipt, &KEYS, &[]).is_err() {
        return;
    }
    let kept = |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
    assert!(genuine.iter().any(|g| {
        g.leaf == receipt.leaf
            && g.origin == receipt.origin
            && g.index == receipt.index
            && g.log == receipt.log
            && kept(&receipt.fact, &g.fact)
            && kept(&receipt.actor, &g.actor)
            && (receipt.fact.is_none() || receipt.fact_id == g.fact_id)
    }));
});
