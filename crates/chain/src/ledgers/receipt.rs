//! A fact's receipt: everything a stranger needs to check, offline and with keys of their own,
//! that the fact stands in its ledger as it was written.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tianyuan_kernel::journal::{Fact, FactId, Log};
use tianyuan_kernel::{App, Error, Result, Text};
use tianyuan_ledger::{LogProof, VerifierKey};

use super::open::Ledgers;
use super::records::from_ledger;
use super::{leaf, store};

/// A receipt. How leaf and commitments are made is told in the kernel's `journal::leaf`: C2 is
/// `fact` under `body_salt`, C1 is `actor` under `actor_salt`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Receipt {
    /// The fact.
    pub fact_id: String,
    /// Its ledger.
    pub log: Log,
    /// The ledger's origin, which the pinned key must name.
    pub origin: String,
    /// The leaf's index.
    pub index: u64,
    /// The leaf's bytes, base64.
    pub leaf: String,
    /// Canonical JSON of `{at, body, id, kind, subject}`; null after erasure.
    pub fact: Option<String>,
    /// The salt of its commitment, base64; null after erasure.
    pub body_salt: Option<String>,
    /// Canonical JSON of `{actor}`; null after erasure.
    pub actor: Option<String>,
    /// The salt of its commitment, base64; null after erasure.
    pub actor_salt: Option<String>,
    /// Inclusion proof and signed checkpoint (c2sp.org/tlog-proof).
    pub proof: String,
    /// True when salt and words of the fact or its actor were erased; the leaf stands all the same.
    pub erased: bool,
}

/// What a receipt was found to show.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Entries under the checkpoint.
    pub size: u64,
    /// The keys that signed, `name+id`.
    pub signed_by: Vec<String>,
    /// The witnesses that cosigned.
    pub witnessed_by: Vec<String>,
}

fn not_yet(hint: Option<Text>) -> Error {
    let words = Text::new(
        "该记录尚未并入所属的链，请稍候再取。",
        "This fact is not in its ledger yet; ask again in a moment.",
    );
    let error = Error::conflict("not_yet_integrated", words).retry_after(1);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Makes the receipt of a fact.
///
/// # Errors
/// 409 `not_yet_integrated` while no published checkpoint covers it.
pub(super) async fn make(app: &App, fact: &Fact) -> Result<Receipt> {
    let log = leaf::log_of(app.kind(&fact.kind));
    let ledger = app.get::<Ledgers>()?.one(app, log).await?;
    let origin = ledger.tlog.origin();
    let mut reader = app.db().read().await?;
    let found = store::find_leaf(&mut reader, origin, fact.id.as_str()).await?;
    drop(reader);
    let (index, bytes) = found.ok_or_else(|| not_yet(None))?;
    let proof = ledger.tlog.prove(index).await.map_err(from_ledger)?;
    let proof = proof.ok_or_else(|| not_yet(ledger.problem()))?;
    let salt = |salt: &Option<Vec<u8>>| salt.as_ref().map(|s| BASE64_STANDARD.encode(s));
    Ok(Receipt {
        fact_id: fact.id.to_string(),
        log,
        origin: origin.to_owned(),
        index,
        leaf: BASE64_STANDARD.encode(bytes),
        fact: leaf::fact_text(fact)?,
        body_salt: salt(&fact.body_salt),
        actor: leaf::actor_text(fact)?,
        actor_salt: salt(&fact.actor_salt),
        proof: proof.to_string(),
        erased: fact.erased_at.is_some(),
    })
}

/// The fact with this id.
pub(super) async fn fact_of(app: &App, id: &FactId) -> Result<Fact> {
    let fact = tianyuan_kernel::journal::fact(&mut app.db().read().await?, id).await?;
    fact.ok_or_else(Error::not_found)
}

fn wrong(zh: &str, en: &str) -> Text {
    Text::of(zh.to_owned(), en.to_owned())
}

/// Checks a receipt offline: the words against the leaf, the leaf against the tree, the tree
/// against the log's pinned keys, and every witness given.
///
/// # Errors
/// Says what does not hold.
pub fn check(
    receipt: &Receipt,
    keys: &[VerifierKey],
    witnesses: &[VerifierKey],
) -> Result<Shown, Text> {
    let bytes = BASE64_STANDARD.decode(&receipt.leaf);
    let bytes = bytes.map_err(|_| wrong("leaf 不是 base64", "leaf is not base64"))?;
    fits(receipt, &bytes)?;
    let held = |e: tianyuan_ledger::Error| Text::of(format!("证明不成立：{e}"), e.to_string());
    let proof: LogProof = receipt.proof.parse().map_err(held)?;
    let proven = proof.verify(&bytes, keys, witnesses).map_err(held)?;
    let origin = &proven.checkpoint.origin;
    if *origin != receipt.origin || proof.index != receipt.index {
        return Err(wrong(
            "回执所写的来源或序号与证明不符",
            "the receipt names another origin or index than its proof",
        ));
    }
    if let Some(absent) = witnesses
        .iter()
        .find(|w| !proven.witnessed_by.iter().any(|v| v.key == *w))
    {
        let name = absent.name();
        return Err(Text::of(
            format!("见证方 {name} 未联署"),
            format!("witness {name} has not cosigned"),
        ));
    }
    let named =
        |v: &tianyuan_ledger::note::Verified<'_>| format!("{}+{:08x}", v.key.name(), v.key.id());
    Ok(Shown {
        size: proven.checkpoint.head.size,
        signed_by: proven.signed_by.iter().map(named).collect(),
        witnessed_by: proven.witnessed_by.iter().map(named).collect(),
    })
}

/// The words the receipt carries are those the leaf commits to.
fn fits(receipt: &Receipt, bytes: &[u8]) -> Result<(), Text> {
    let other = || wrong("条目与记录不符", "the leaf is not the leaf of this fact");
    let entry: Value = serde_json::from_slice(bytes).map_err(|_| other())?;
    let opened = |text: &Option<String>, salt: &Option<String>, field: &str| match (text, salt) {
        (Some(text), Some(salt)) => {
            let salt = BASE64_STANDARD.decode(salt).map_err(|_| other())?;
            let same = entry[field] == leaf::commitment(&salt, text);
            same.then_some(()).ok_or_else(other)
        }
        _ if receipt.erased && entry[field].is_string() => Ok(()),
        _ => Err(other()),
    };
    opened(&receipt.fact, &receipt.body_salt, "fact")?;
    opened(&receipt.actor, &receipt.actor_salt, "actor")?;
    let Some(text) = &receipt.fact else {
        let same = entry.get("id").is_none_or(|id| *id == receipt.fact_id);
        return same.then_some(()).ok_or_else(other);
    };
    let fact: Value = serde_json::from_str(text).map_err(|_| other())?;
    let clear = ["id", "kind", "at", "subject"];
    let open = entry.get("open").and_then(Value::as_object);
    let same = fact["id"] == receipt.fact_id
        && clear
            .iter()
            .all(|field| entry.get(field).is_none_or(|value| *value == fact[*field]))
        && open.is_none_or(|open| open.iter().all(|(k, v)| fact["body"].get(k) == Some(v)));
    same.then_some(()).ok_or_else(other)
}
