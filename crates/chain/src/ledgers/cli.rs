//! What the command line does with ledgers: verify them from outside, and care for their keys.

mod source;
mod verify;

use std::path::Path;
use std::time::Duration;

use tianyuan_kernel::journal::Log;
use tianyuan_kernel::{App, Error, Result, Text, lease};
use tianyuan_ledger::log::FileGuard;
use tianyuan_ledger::{Checkpoint, Note};

pub use verify::{VerifyReport, VerifyRequest, verify};

use super::open::{Ledger, Ledgers, words};
use super::records::from_ledger;
use super::worker::{CURSOR, LEASE_S};
use super::{keys, no_such_ledger, store};

/// How often a running node is looked after before the command line gives up: 20 s.
const TRIES: usize = 100;

/// Verifier keys of the five ledgers in the plan's order; a ledger with an SM2 key has two.
///
/// # Errors
/// When a key file cannot be used or the database does not answer.
pub async fn keys_list(app: &App) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for ledger in app.get::<Ledgers>()?.all(app).await? {
        let row = store::by_origin(&mut app.db().read().await?, ledger.tlog.origin()).await?;
        lines.extend(row.verifiers.lines().map(str::to_owned));
    }
    Ok(lines)
}

/// The same as one text, for a file to be handed to verifiers.
///
/// # Errors
/// As [`keys_list`].
pub async fn keys_export(app: &App) -> Result<String> {
    Ok(keys_list(app).await?.join("\n") + "\n")
}

/// Gives a ledger a new key; answers its verifier key. One checkpoint is signed with both, and
/// the change leaves a fact. A node that is running does it; otherwise it is done here.
///
/// # Errors
/// 422 for an unknown ledger; 409 while the ledger refuses to sign, or when its key is held by
/// an external signer.
pub async fn keys_rotate(app: &App, log: &str) -> Result<String> {
    let ledger = one(app, log).await?;
    if let Some(problem) = unsigned(&ledger).await? {
        return Err(Error::conflict("ledger_not_signed", problem));
    }
    ledger.files.prepare(app, ledger.tlog.origin())?;
    for _ in 0..TRIES {
        if lease::acquire(app, CURSOR, LEASE_S).await?.is_some() {
            let rotated = ledger.rotate(app).await;
            lease::release(app, CURSOR).await?;
            rotated?;
        }
        if !ledger.files.is_rotating() {
            let origin = ledger.tlog.origin();
            let row = store::by_origin(&mut app.db().read().await?, origin).await?;
            return Ok(keys::first_line(&row.verifiers).to_owned());
        }
        // A running node holds the lease: it sees the wish and carries it out.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let words = Text::new(
        "正在运行的节点尚未完成轮换；它会继续，请稍后用 keys list 查看。",
        "The running node has not finished the rotation; it goes on: see keys list in a while.",
    );
    Err(Error::unavailable("rotation_under_way", words))
}

/// Why each ledger is not being signed; empty when all are well.
///
/// # Errors
/// When a store does not answer.
pub async fn problems(app: &App) -> Result<Vec<(Log, Text)>> {
    let mut problems = Vec::new();
    for ledger in app.get::<Ledgers>()?.all(app).await? {
        problems.extend(unsigned(&ledger).await?.map(|why| (ledger.name, why)));
    }
    Ok(problems)
}

async fn unsigned(ledger: &Ledger) -> Result<Option<Text>> {
    match ledger.tlog.may_sign().await {
        Ok(()) => Ok(None),
        Err(tianyuan_ledger::Error::Refused(refusal)) => Ok(Some(words(&refusal))),
        Err(error) => Err(from_ledger(error)),
    }
}

async fn one(app: &App, name: &str) -> Result<std::sync::Arc<Ledger>> {
    let log = super::named(name).ok_or_else(|| no_such_ledger(name))?;
    app.get::<Ledgers>()?.one(app, log).await
}

/// After a restore or failover: `latest` is a file with the largest checkpoint that anybody
/// outside holds (a witness, an auditor, a mirror), signed; `None` when all were asked and none is larger than
/// what is held here. The ledger is then signed again, if it contains that checkpoint.
///
/// # Errors
/// 409 with the reason why it may not be signed.
pub async fn confirm(app: &App, log: &str, latest: Option<&Path>) -> Result<()> {
    let ledger = one(app, log).await?;
    let latest = match latest {
        None => None,
        Some(file) => Some(signed_by_us(&ledger, &std::fs::read_to_string(file)?)?),
    };
    match ledger.tlog.confirm(latest.as_ref()).await {
        Ok(()) => Ok(()),
        Err(tianyuan_ledger::Error::Refused(refusal)) => {
            Err(Error::conflict("ledger_not_signed", words(&refusal)))
        }
        Err(error) => Err(from_ledger(error)),
    }
}

fn signed_by_us(ledger: &Ledger, text: &str) -> Result<Checkpoint> {
    let read = || {
        let note = Note::parse(text.as_bytes())?;
        let keys = ledger.tlog.verifiers();
        if note.verified(&keys)?.is_empty() {
            let why = "no key of this ledger signed it".to_owned();
            return Err(tianyuan_ledger::Error::Invalid(why));
        }
        Checkpoint::parse(&note.text)
    };
    read().map_err(|e| {
        let words = Text::of(
            format!("检查点不可用：{e}"),
            format!("The checkpoint cannot be used: {e}"),
        );
        Error::invalid("checkpoint_malformed", "latest", words)
    })
}

/// Goes on with a ledger whose tail was lost, under a new origin and key that name the old.
/// Answers the new origin; pin its new key.
///
/// # Errors
/// 409 when the ledger can be signed as it is.
pub async fn succeed(app: &App, log: &str) -> Result<String> {
    let log = super::named(log).ok_or_else(|| no_such_ledger(log))?;
    super::rotation::succeed(app, log).await
}

/// To be called after a restore: until [`confirm`] no ledger is signed, because the memory beside
/// the keys may be as old as the backup. Answers how many ledgers that concerns.
///
/// # Errors
/// When a memory cannot be read or written.
pub async fn mark_restored(app: &App) -> Result<usize> {
    let mut marked = 0;
    for log in Log::ALL {
        let row = store::current(&mut app.db().read().await?, log).await?;
        let Some(row) = row else { continue };
        let memory = keys::KeyFiles::of(app, log.name(), row.generation).memory();
        FileGuard::new(&memory)
            .mark_restored(&row.origin)
            .map_err(from_ledger)?;
        marked += 1;
    }
    Ok(marked)
}
