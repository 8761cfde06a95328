//! Leaves as the logs take them. What a leaf says and how its commitments are made is told in
//! the kernel's `journal::leaf`, because erasure must keep leaves before it deletes salts.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::journal::{self, Fact, Kind, Log};
use tianyuan_kernel::{Error, Result};
use tianyuan_ledger::tiles::ENTRY_SIZE_MAX;

/// The commitment to a text under a salt, as a stranger computes it.
pub(super) fn commitment(salt: &[u8], text: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"tianyuan/commitment/v1\n")
        .chain_update(salt)
        .chain_update(text)
        .finalize();
    BASE64_STANDARD.encode(digest)
}

/// The leaf of a fact that has its number.
pub(super) fn leaf(fact: &Fact, kind: Option<&Kind>) -> Result<Vec<u8>> {
    let leaf = journal::leaf(kind, fact)?;
    if leaf.len() <= ENTRY_SIZE_MAX {
        return Ok(leaf);
    }
    // An entry bundle carries 65,535 bytes an entry; the commitment still binds what is left out.
    let mut short: Value = serde_json::from_slice(&leaf)?;
    short["open"] = json!({});
    let short = serde_json_canonicalizer::to_vec(&short).map_err(Error::internal)?;
    Ok(short)
}

/// The ledger a fact goes to. A kind that no room declares any more is kept from view.
pub(super) fn log_of(kind: Option<&Kind>) -> Log {
    kind.map_or(Log::Supervision, |kind| kind.log)
}

/// The text C2 commits to; `None` after erasure.
pub(super) fn fact_text(fact: &Fact) -> Result<Option<String>> {
    let opens = fact.body.is_some() && fact.body_salt.is_some();
    opens.then(|| journal::fact_text(fact)).transpose()
}

/// The text C1 commits to; `None` after erasure.
pub(super) fn actor_text(fact: &Fact) -> Result<Option<String>> {
    let opens = fact.actor_salt.is_some();
    opens.then(|| journal::actor_text(fact)).transpose()
}
