//! Cosignatures and witness answers: of a known witness nothing is accepted but what it signed.
//!
//! The input is a status byte, then the body of the witness's answer; LINE in it stands for the
//! true signature line.
#![no_main]

use std::sync::LazyLock;

use tianyuan_ledger::cosignature::{Cosigner as _, LocalCosigner};
use tianyuan_ledger::note::Signature;
use tianyuan_ledger::witness::{Witnessed, read_answer};

const TEXT: &str = "example.org/log\n4\nOfWBrvneGWLH6uLTElayeOWNzih15Qnj6Z4HYWcgiH0=\n";
const AT: u64 = 1_764_000_000;

static WITNESS: LazyLock<(LocalCosigner, Signature)> = LazyLock::new(|| {
    let witness = LocalCosigner::new("witness.example", &[7; 32]).unwrap();
    let signature = futures::executor::block_on(witness.cosign(TEXT, AT)).unwrap();
    (witness, signature)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (witness, signed) = &*WITNESS;
    let key = witness.verifier();
    let Some((status, body)) = bytes.split_first() else {
        return;
    };
    // The true signature with the input's bits turned into it, and the input alone.
    let mut turned = signed.bytes.clone();
    turned
        .iter_mut()
        .zip(body)
        .for_each(|(byte, bits)| *byte ^= bits);
    for signature in [turned.as_slice(), body] {
        let accepted = key.verify(TEXT.as_bytes(), signature).is_some();
        assert_eq!(accepted, signature == signed.bytes);
        let other = key.verify(body, signature).is_some();
        assert!(!other || body == TEXT.as_bytes());
    }
    let Ok(body) = std::str::from_utf8(body) else {
        return;
    };
    let status = [200, 409, 404, 500][usize::from(status % 4)];
    let answer = body.replace("LINE", &signed.to_string());
    if let Ok(Witnessed::Cosigned(lines)) = read_answer(status, &answer, TEXT, key) {
        assert!(!lines.is_empty() && lines.iter().all(|line| line == signed));
    }
    if let Ok(line) = body.parse::<Signature>() {
        assert_eq!(line.to_string(), body);
    }
});
