//! Signed notes, proofs and witness requests: what is read is written back byte by byte.
#![no_main]

use tianyuan_ledger::keys::PrivateKey;
use tianyuan_ledger::witness::AddCheckpoint;
use tianyuan_ledger::{LogProof, Note, VerifierKey, verify};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(
            AddCheckpoint::parse(request.body().as_bytes()).ok(),
            Some(request)
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(proof) = text.parse::<LogProof>() {
        assert_eq!(proof.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    let _ = PrivateKey::parse(text);
    let _ = verify::read_keys(text);
});
