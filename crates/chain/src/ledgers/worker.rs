//! The stages, driven: facts become leaves, leaves become tiles, trees become checkpoints.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tianyuan_kernel::db::RawTx;
use tianyuan_kernel::journal::{self, Fact, Log};
use tianyuan_kernel::{App, Error, Result, lease};
use tianyuan_ledger::{Checkpoint, Refusal};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::open::{Ledger, Ledgers, words};
use super::records::from_ledger;
use super::{leaf, store, witness};

/// The cursor over the journal, and the lease of whoever works.
pub(super) const CURSOR: &str = "ledgers";
/// Short, for whoever follows a node that was killed waits for its end.
pub(super) const LEASE_S: i64 = 3;
/// How often what other nodes wrote is looked for.
const IDLE: Duration = Duration::from_secs(1);
/// How long a node without keys leaves the work to those that can sign what comes of it.
const STANDS_BACK: Duration = Duration::from_secs(5);
/// How many facts become leaves in one transaction; bounds how long writers wait for it.
const BATCH: i64 = 500;

/// Loads or makes the keys, looks at what is published, and begins to work.
///
/// # Errors
/// When a key file cannot be used (its mode, for instance) or a store does not answer.
pub async fn start(app: &App) -> Result<Vec<JoinHandle<()>>> {
    let ledgers = app.get::<Ledgers>()?;
    for ledger in ledgers.all(app).await? {
        look(&ledger).await?;
    }
    let mut tasks = vec![tokio::spawn(run(app.clone()))];
    if !app.config().ledger.witnesses.is_empty() {
        tasks.push(tokio::spawn(witness::collect(app.clone())));
    }
    Ok(tasks)
}

/// What is published must be ours.
async fn look(ledger: &Ledger) -> Result<()> {
    let keys = ledger.tlog.verifiers();
    let published = ledger.tlog.published().await.map_err(from_ledger)?;
    if let (Some(note), false) = (published, keys.is_empty())
        && !note.verified(&keys).is_ok_and(|signed| !signed.is_empty())
    {
        let ledger = ledger.name.name();
        tracing::warn!(ledger, "the published checkpoint was signed by another key");
    }
    Ok(())
}

/// What a node remembers between its turns.
#[derive(Default)]
struct Standing {
    /// When the lease was taken or renewed last.
    held: Option<Instant>,
    /// When a node without keys worked last.
    stood_back: Option<Instant>,
}

async fn run(app: App) {
    let mut head = app.journal().watch();
    let pause = Duration::from_millis(app.config().ledger.interval_ms);
    let mut standing = Standing::default();
    while !app.is_stopping() {
        if let Err(error) = turn(&app, &mut standing).await {
            tracing::warn!(%error, "ledgers: a turn failed; will try again");
        }
        // Facts that come meanwhile share the next turn.
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.stopped() => break,
        }
        tokio::select! {
            _ = head.changed() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = app.stopped() => break,
        }
    }
    if standing.held.is_some() {
        let last = async {
            turn(&app, &mut standing).await?;
            lease::release(&app, CURSOR).await
        };
        if let Err(error) = last.await {
            tracing::warn!(%error, "ledgers: the last turn failed; the next start goes on");
        }
    }
}

/// One turn, if this node holds the lease and anything waits. The lease only saves other nodes
/// the work: what must not happen twice is guarded by compare-and-swap.
async fn turn(app: &App, standing: &mut Standing) -> Result<()> {
    let open = app.get::<Ledgers>()?.all(app).await?;
    let rotating = open.iter().any(|ledger| ledger.files.is_rotating());
    let waits = store::anything_waits(&mut app.db().read().await?, CURSOR).await?;
    let signs = open.iter().all(|ledger| ledger.signs());
    if !rotating && !waits {
        // Another node may have signed what this one had no key for.
        for ledger in open.iter().filter(|ledger| !ledger.signs()) {
            ledger.set_problem(None);
        }
        return Ok(());
    }
    let stood_back = standing.stood_back;
    if !signs && stood_back.is_some_and(|at| at.elapsed() < STANDS_BACK) {
        return Ok(());
    }
    let fresh = standing
        .held
        .is_some_and(|at| at.elapsed() < Duration::from_secs(LEASE_S as u64 / 3));
    if !fresh {
        standing.held = lease::acquire(app, CURSOR, LEASE_S)
            .await?
            .map(|_| Instant::now());
        if standing.held.is_none() {
            return Ok(());
        }
        reload(app, &open).await?;
    }
    work(app).await?;
    if !signs {
        // What was integrated waits for a signature: the next turn is that of a node with keys.
        *standing = Standing {
            held: None,
            stood_back: Some(Instant::now()),
        };
        lease::release(app, CURSOR).await?;
    }
    Ok(())
}

/// After a while another node may have rotated a key or gone on under another origin.
async fn reload(app: &App, open: &[Arc<Ledger>]) -> Result<()> {
    for ledger in open {
        let now = store::current(&mut app.db().read().await?, ledger.name).await?;
        match now {
            Some(row) if row.generation != ledger.generation => {
                app.get::<Ledgers>()?.reopen(app, ledger.name).await?;
            }
            Some(row) => ledger.load_keys(app, &row.verifiers).await?,
            None => {}
        }
    }
    Ok(())
}

/// Numbers what was committed, and brings every ledger up to it; answers how many leaves were
/// made. For tests, imports and the command line; a running node does this by itself.
///
/// # Errors
/// When a store does not answer. A refusal to sign is no error here: see [`super::cli::problems`].
pub async fn integrate(app: &App) -> Result<u64> {
    journal::sequence(app).await?;
    work(app).await
}

async fn work(app: &App) -> Result<u64> {
    let open = app.get::<Ledgers>()?.all(app).await?;
    let mut made = 0;
    loop {
        let count = take_facts(app).await?;
        made += count;
        let turns = open.iter().map(|ledger| ledger.advance(app));
        let outcomes: Vec<Result<()>> = futures::future::join_all(turns).await;
        outcomes.into_iter().collect::<Result<Vec<()>>>()?;
        if count == 0 {
            return Ok(made);
        }
    }
}

/// Makes leaves of the next facts; answers how many. The journal's cursor and the leaves share
/// one transaction: each fact has its leaf exactly once, whoever works at the same time.
async fn take_facts(app: &App) -> Result<u64> {
    let mut reader = app.db().read().await?;
    let from = journal::cursor(&mut reader, CURSOR).await?;
    let facts = journal::facts_after(&mut reader, from, BATCH).await?;
    drop(reader);
    let Some(to) = facts.last().and_then(|fact| fact.seq) else {
        return Ok(0);
    };
    let mut leaves: BTreeMap<Log, Vec<(&Fact, Vec<u8>)>> = BTreeMap::new();
    for fact in &facts {
        let kind = app.kind(&fact.kind);
        let leaf = leaf::leaf(fact, kind)?;
        leaves
            .entry(leaf::log_of(kind))
            .or_default()
            .push((fact, leaf));
    }
    let mut tx = app.db().begin_raw().await?;
    if !journal::advance_cursor(&mut tx, CURSOR, from, to).await? {
        return Ok(0);
    }
    for (log, leaves) in &leaves {
        append(&mut tx, *log, leaves).await?;
    }
    tx.commit().await?;
    Ok(facts.len() as u64)
}

async fn append(tx: &mut RawTx, log: Log, leaves: &[(&Fact, Vec<u8>)]) -> Result<()> {
    let row = store::current(tx, log).await?;
    let row = row.ok_or_else(|| Error::internal(format!("{} was not begun", log.name())))?;
    let first = row.sequenced;
    if !store::claim(tx, &row.origin, first, leaves.len() as u64).await? {
        return Err(Error::internal(format!("{} grew meanwhile", row.origin)));
    }
    store::insert_leaves(tx, &row.origin, first, leaves).await
}

impl Ledger {
    /// Integrates and publishes; a refusal to sign is kept for operators to see.
    async fn advance(&self, app: &App) -> Result<()> {
        let (from, to) = self.tlog.integrate().await.map_err(from_ledger)?;
        if from != to {
            let mut tx = app.db().begin_raw().await?;
            store::touch(&mut tx, self.tlog.origin(), app.now()).await?;
            tx.commit().await?;
        }
        match self.tlog.publish().await {
            Ok(_) => self.set_problem(None),
            Err(tianyuan_ledger::Error::Refused(refusal)) => {
                // A node without keys gives those that have them the time to sign.
                if refusal != Refusal::NoKey || self.waits_since(from.size).await? {
                    self.set_problem(Some(words(&refusal)));
                }
                return Ok(());
            }
            Err(error) => return Err(from_ledger(error)),
        }
        self.rotate(app).await.map(|_| ())
    }

    /// True when this node holds the keys.
    fn signs(&self) -> bool {
        !self.tlog.verifiers().is_empty()
    }

    /// True when the tree of this size has no checkpoint yet.
    async fn waits_since(&self, size: u64) -> Result<bool> {
        let note = self.tlog.published().await.map_err(from_ledger)?;
        let signed = note.map(|note| Checkpoint::parse(&note.text)).transpose();
        let signed = signed.map_err(from_ledger)?;
        Ok(signed.is_none_or(|signed| signed.head.size < size))
    }
}
