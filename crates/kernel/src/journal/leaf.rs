//! What of a fact goes into a ledger: one canonical JSON object (RFC 8785).
//!
//! Directory and material leaves: `{"actor":C1,"at":…,"fact":C2,"id":…,"kind":…,"open":{…},
//! "subject":…,"v":1}`, where `open` holds the body fields that the kind lets stand in clear.
//! Identity, signing and supervision leaves carry nothing but commitments:
//! `{"actor":C1,"fact":C2,"v":1}`.
//!
//! A commitment is standard base64 of SHA-256 over `"tianyuan/commitment/v1\n"`, a random
//! 256-bit salt, and canonical JSON: C1 over `{"actor":…}`, C2 over
//! `{"at":…,"body":…,"id":…,"kind":…,"subject":…}`. Who holds salt and text can open it; without
//! the salt it says nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Fact, Kind};
use crate::error::{Error, Result};

fn canonical(value: &Value) -> Result<String> {
    serde_json_canonicalizer::to_string(value).map_err(Error::internal)
}

/// The text that C1 commits to.
///
/// # Errors
/// Never for a fact that was stored.
pub fn actor_text(fact: &Fact) -> Result<String> {
    canonical(&json!({ "actor": fact.actor }))
}

/// The text that C2 commits to.
///
/// # Errors
/// As [`actor_text`].
pub fn fact_text(fact: &Fact) -> Result<String> {
    canonical(&json!({
        "at": fact.at, "body": fact.body, "id": fact.id, "kind": fact.kind, "subject": fact.subject,
    }))
}

fn commitment(salt: Option<&[u8]>, text: &str) -> Result<String> {
    let salt = salt.ok_or_else(|| Error::internal("a fact without salt has no leaf of its own"))?;
    let mut hash = Sha256::new();
    hash.update(b"tianyuan/commitment/v1\n");
    hash.update(salt);
    hash.update(text.as_bytes());
    Ok(STANDARD.encode(hash.finalize()))
}

/// The leaf of a fact that has its number; a kept leaf is answered as it is. A kind that no room
/// claims any more is sealed.
///
/// # Errors
/// When the fact was erased and its leaf was not kept.
pub fn leaf(kind: Option<&Kind>, fact: &Fact) -> Result<Vec<u8>> {
    if let Some(leaf) = &fact.leaf {
        return Ok(leaf.clone());
    }
    let actor = commitment(fact.actor_salt.as_deref(), &actor_text(fact)?)?;
    let sealed = commitment(fact.body_salt.as_deref(), &fact_text(fact)?)?;
    let mut leaf = json!({ "v": 1, "actor": actor, "fact": sealed });
    if let Some(kind) = kind.filter(|k| k.log.is_open()) {
        let body = fact.body.as_ref().and_then(Value::as_object);
        let open: Map<String, Value> = kind
            .open
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), body?.get(*name)?.clone())))
            .collect();
        leaf["id"] = json!(fact.id);
        leaf["kind"] = json!(fact.kind);
        leaf["at"] = json!(fact.at);
        leaf["subject"] = json!(fact.subject);
        leaf["open"] = Value::Object(open);
    }
    Ok(canonical(&leaf)?.into_bytes())
}
