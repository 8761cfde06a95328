//! Witnesses: those who cosign our checkpoints, and this node as a witness of others
//! (c2sp.org/tlog-witness).
//!
//! A cosignature leaves no fact: two nodes that witness each other would then never rest, each
//! cosignature making the next checkpoint. What was cosigned is a row of `ledger_witnessed`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tianyuan_kernel::config::{Config, WitnessConfig};
use tianyuan_kernel::db::Db;
use tianyuan_kernel::fetch::Request;
use tianyuan_kernel::{App, Error, Result};
use tianyuan_ledger::keys::KeyKind;
use tianyuan_ledger::witness::{
    AddCheckpoint, Answer, Witness, WitnessStore, Witnessed, read_answer,
};
use tianyuan_ledger::{Checkpoint, TreeHead, VerifierKey};

use super::open::{Ledger, Ledgers, prefix};
use super::records::{from_ledger, to_ledger};
use super::{keys, store};

/// How often witnesses are asked, and how long one that failed is left alone.
const PAUSE: Duration = Duration::from_millis(500);
const AFTER_FAILURE: u32 = 20;
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What is well-formed in `ledger` and yet cannot work, one line each.
#[must_use]
pub fn problems(config: &Config) -> Vec<String> {
    let ledger = &config.ledger;
    let mut problems = Vec::new();
    if let Some(wrong) = ledger.origin.as_deref().and_then(super::open::wrong_origin) {
        problems.push(format!("ledger.origin: {wrong}"));
    }
    for (at, key) in ledger.witnessed.iter().enumerate() {
        if let Err(error) = key.parse::<VerifierKey>() {
            problems.push(format!("ledger.witnessed[{at}]: {error}"));
        }
    }
    for (at, witness) in ledger.witnesses.iter().enumerate() {
        if let Err(error) = witness.key.parse::<VerifierKey>() {
            problems.push(format!("ledger.witnesses[{at}].key: {error}"));
        }
        if !config.fetch.lists(&witness.url) {
            problems.push(format!(
                "ledger.witnesses[{at}].url: its host is not in fetch.allow_hosts (or \
                 fetch.allow_private_hosts)"
            ));
        }
    }
    problems
}

struct Seen(Db);

#[async_trait]
impl WitnessStore for Seen {
    async fn latest(&self, origin: &str) -> tianyuan_ledger::Result<TreeHead> {
        let read = async { store::witnessed(&mut self.0.read().await?, origin).await };
        read.await.map_err(to_ledger)
    }

    async fn advance(
        &self,
        origin: &str,
        from: &TreeHead,
        to: &TreeHead,
    ) -> tianyuan_ledger::Result<bool> {
        let write = async {
            let mut tx = self.0.begin_raw().await?;
            let done = store::witness(&mut tx, origin, from, to).await?;
            tx.commit().await?;
            Ok(done)
        };
        write.await.map_err(to_ledger)
    }
}

/// This node as a witness; `None` when it witnesses nobody.
pub(super) async fn ours(app: &App) -> Result<Option<Witness>> {
    let witnessed = &app.config().ledger.witnessed;
    if witnessed.is_empty() {
        return Ok(None);
    }
    let known = witnessed
        .iter()
        .map(|key| key.parse::<VerifierKey>().map_err(from_ledger));
    let known = known.collect::<Result<Vec<_>>>()?;
    let name = format!("{}/witness", prefix(app).await?);
    let key = keys::load_or_make(app, KeyKind::Cosigner, &name, "witness.key")?;
    let cosigner = Arc::new(key.cosigner().map_err(from_ledger)?);
    let store = Arc::new(Seen(app.db().clone()));
    Ok(Some(Witness::new(known, cosigner, store)))
}

/// Answers `add-checkpoint`.
pub(super) async fn answer(app: &App, body: &[u8]) -> Result<Option<Answer>> {
    let Some(witness) = ours(app).await? else {
        return Ok(None);
    };
    let now = u64::try_from(app.now().0 / 1_000_000).map_err(Error::internal)?;
    witness
        .add_checkpoint(body, now)
        .await
        .map(Some)
        .map_err(from_ledger)
}

/// What is known of one witness for one ledger.
#[derive(Default)]
struct Standing {
    size: u64,
    rest: u32,
}

/// Asks the configured witnesses for cosignatures until the node stops.
pub(super) async fn collect(app: App) {
    let mut known: HashMap<(String, String), Standing> = HashMap::new();
    while !app.is_stopping() {
        for witness in &app.config().ledger.witnesses {
            if let Err(error) = ask_all(&app, witness, &mut known).await {
                tracing::warn!(%error, url = %witness.url, "witness");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = app.stopped() => return,
        }
    }
}

async fn ask_all(
    app: &App,
    witness: &WitnessConfig,
    known: &mut HashMap<(String, String), Standing>,
) -> Result<()> {
    let key: VerifierKey = witness.key.parse().map_err(from_ledger)?;
    for ledger in app.get::<Ledgers>()?.all(app).await? {
        let place = (ledger.tlog.origin().to_owned(), key.to_string());
        let standing = known.entry(place).or_default();
        if standing.rest > 0 {
            standing.rest -= 1;
            continue;
        }
        if let Err(error) = ask(app, witness, &key, &ledger, standing).await {
            standing.rest = AFTER_FAILURE;
            let ledger = ledger.name.name();
            tracing::warn!(ledger, %error, url = %witness.url, "no cosignature");
        }
    }
    Ok(())
}

/// Has one witness cosign the published checkpoint, unless it already did.
async fn ask(
    app: &App,
    witness: &WitnessConfig,
    key: &VerifierKey,
    ledger: &Ledger,
    standing: &mut Standing,
) -> Result<()> {
    // A witness that stands elsewhere says so at the first try.
    for _ in 0..2 {
        let Some(note) = ledger.tlog.published().await.map_err(from_ledger)? else {
            return Ok(());
        };
        let signed = |s: &tianyuan_ledger::Signature| s.name == key.name() && s.id == key.id();
        if note.signatures.iter().any(signed) {
            return Ok(());
        }
        let size = Checkpoint::parse(&note.text)
            .map_err(from_ledger)?
            .head
            .size;
        let old_size = standing.size.min(size);
        let proof = ledger.tlog.prove_consistency(old_size, size).await;
        let text = note.text.clone();
        let request = AddCheckpoint {
            old_size,
            proof: proof.map_err(from_ledger)?,
            checkpoint: note,
        };
        let mut post = Request::post(witness.url.clone(), "text/plain", request.body());
        post.bytes_max = Some(ANSWER_BYTES_MAX);
        let answer = app.fetch().send(post).await?;
        let body = String::from_utf8_lossy(&answer.body);
        let answer = read_answer(answer.status.as_u16(), &body, &text, key);
        match answer.map_err(from_ledger)? {
            Witnessed::Cosigned(lines) => {
                standing.size = size;
                let added = ledger.tlog.add_cosignatures(&text, &lines).await;
                return added.map(|_| ()).map_err(from_ledger);
            }
            Witnessed::At(at) => {
                standing.size = at;
                // Above what we hold: somebody signed more than we know of.
                let seen = ledger.tlog.seen_elsewhere(at).await;
                seen.map_err(from_ledger)?;
            }
        }
    }
    Ok(())
}
