//! The ledgers of this process, opened once: keys loaded, stores at hand.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tianyuan_kernel::journal::Log;
use tianyuan_kernel::{App, Error, Result, Text};
use tianyuan_ledger::log::FileGuard;
use tianyuan_ledger::{Log as Tlog, Refusal};
use tokio::sync::RwLock;

use super::keys::{self, KeyFiles};
use super::records::{DbRecords, from_ledger, tiles};
use super::store;

/// All ledgers of this process. Found again with `App::get`.
#[derive(Default)]
pub struct Ledgers {
    opened: RwLock<BTreeMap<Log, Arc<Ledger>>>,
}

/// One ledger, open.
pub(super) struct Ledger {
    pub(super) name: Log,
    pub(super) generation: i64,
    pub(super) files: KeyFiles,
    pub(super) tlog: Tlog,
    problem: Mutex<Option<Text>>,
}

impl Ledger {
    /// Why it is not being signed at present.
    pub(super) fn problem(&self) -> Option<Text> {
        let problem = self.problem.lock();
        problem.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how signing went, and says it once when that changed.
    pub(super) fn set_problem(&self, problem: Option<Text>) {
        let mut kept = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let en = |text: &Option<Text>| text.as_ref().map(|t| t.en.to_string());
        if en(&kept) != en(&problem) {
            let ledger = self.name.name();
            match &problem {
                Some(text) => tracing::error!(ledger, problem = %text.en, "checkpoints stopped"),
                None => tracing::info!(ledger, "checkpoints are signed again"),
            }
        }
        *kept = problem;
    }
}

/// What is wrong with the beginning of origins, if anything is.
pub(super) fn wrong_origin(origin: &str) -> Option<String> {
    let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (origin.is_empty() || origin.chars().any(wrong))
        .then(|| format!("{origin:?} must not be empty nor hold spaces or +"))
}

/// The beginning of the node's origins: configured, or made at random once.
///
/// # Errors
/// When the configuration names another than the ledgers were begun with.
pub(super) async fn prefix(app: &App) -> Result<String> {
    let random: String = app
        .random::<8>()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let configured = app.config().ledger.origin.clone();
    let fresh = configured
        .clone()
        .unwrap_or_else(|| format!("tianyuan-{random}"));
    if let Some(wrong) = wrong_origin(&fresh) {
        return Err(Error::internal(format!("ledger.origin: {wrong}")));
    }
    let mut tx = app.db().begin_raw().await?;
    let kept = store::setting(&mut tx, "ledger.origin", fresh).await?;
    tx.commit().await?;
    match configured {
        Some(other) if other != kept => Err(Error::internal(format!(
            "ledger.origin is {other:?}, but the ledgers were begun as {kept:?} and cannot change \
             their name; set it back or remove it"
        ))),
        _ => Ok(kept),
    }
}

impl Ledgers {
    /// The open ledgers in the plan's order; the first call opens them, makes keys at first start.
    ///
    /// # Errors
    /// When a key file cannot be used or a store does not answer.
    pub(super) async fn all(&self, app: &App) -> Result<Vec<Arc<Ledger>>> {
        let opened = self.opened.read().await;
        if opened.len() == Log::ALL.len() {
            return Ok(opened.values().cloned().collect());
        }
        drop(opened);
        let mut opened = self.opened.write().await;
        let prefix = prefix(app).await?;
        for log in Log::ALL {
            if let Entry::Vacant(place) = opened.entry(log) {
                place.insert(Arc::new(open(app, log, &prefix).await?));
            }
        }
        Ok(opened.values().cloned().collect())
    }

    /// One ledger.
    pub(super) async fn one(&self, app: &App, log: Log) -> Result<Arc<Ledger>> {
        if let Some(ledger) = self.opened.read().await.get(&log) {
            return Ok(ledger.clone());
        }
        let all = self.all(app).await?;
        let found = all.into_iter().find(|ledger| ledger.name == log);
        found.ok_or_else(|| Error::internal("a ledger is missing"))
    }

    /// Opens a ledger anew, after it went on under another origin.
    pub(super) async fn reopen(&self, app: &App, log: Log) -> Result<()> {
        let ledger = Arc::new(open(app, log, &prefix(app).await?).await?);
        self.opened.write().await.insert(log, ledger);
        Ok(())
    }
}

async fn open(app: &App, log: Log, prefix: &str) -> Result<Ledger> {
    let known = store::current(&mut app.db().read().await?, log).await?;
    let row = match known {
        Some(row) => row,
        None => begin(app, log, 1, &format!("{prefix}/{}", log.name())).await?,
    };
    let files = KeyFiles::of(app, log.name(), row.generation);
    let origin = row.origin.clone();
    let guard = FileGuard::new(&files.memory());
    // A node without the keys remembers nothing, or they could later be used with a memory that
    // has not seen what they signed.
    if row.sequenced == 0 && !files.load()?.is_empty() {
        guard.create(&origin).map_err(from_ledger)?;
    }
    let records = Arc::new(DbRecords {
        db: app.db().clone(),
        origin: origin.clone(),
    });
    let tiles = tiles(app, log.name(), row.generation)?;
    let tlog = Tlog::new(&origin, records, tiles, Arc::new(guard), Vec::new());
    let ledger = Ledger {
        name: log,
        generation: row.generation,
        files,
        tlog: tlog.map_err(from_ledger)?,
        problem: Mutex::default(),
    };
    ledger.load_keys(app, &row.verifiers).await?;
    Ok(ledger)
}

/// Begins a generation: keys and memory first, so that a record without its key means a lost key.
pub(super) async fn begin(
    app: &App,
    log: Log,
    generation: i64,
    origin: &str,
) -> Result<store::Ledger> {
    let files = KeyFiles::of(app, log.name(), generation);
    files.create(app, origin)?;
    FileGuard::new(&files.memory())
        .create(origin)
        .map_err(from_ledger)?;
    let lines = keys::verifiers(&files.load()?);
    let mut tx = app.db().begin_raw().await?;
    store::begin(&mut tx, log, generation, origin, &lines).await?;
    tx.commit().await?;
    store::by_origin(&mut app.db().read().await?, origin).await
}

impl Ledger {
    /// Loads the signers, if they are the ledger's: a node that comes to a shared database with
    /// keys of its own must not sign with them.
    pub(super) async fn load_keys(&self, app: &App, known: &str) -> Result<()> {
        if let Some(next) = self.files.next()?
            && keys::first_line(&keys::verifiers(&next)) == keys::first_line(known)
        {
            self.files.finish()?;
        }
        let mut signers = self.files.load()?;
        if keys::first_line(&keys::verifiers(&signers)) != keys::first_line(known) {
            signers.clear();
        } else {
            self.files.create_sm2(app, self.tlog.origin())?;
            signers = self.files.load()?;
        }
        let lines = keys::verifiers(&signers);
        if !signers.is_empty() && lines != known {
            let mut tx = app.db().begin_raw().await?;
            store::set_verifiers(&mut tx, self.tlog.origin(), &lines).await?;
            tx.commit().await?;
        }
        self.tlog.sign_with(signers).await.map_err(from_ledger)
    }
}

/// A refusal to sign, in words for operators.
pub(super) fn words(refusal: &Refusal) -> Text {
    let en = refusal.to_string();
    let zh = match refusal {
        Refusal::NoKey => "本节点 keys 目录中没有该链的密钥，请放回密钥文件".to_owned(),
        Refusal::NoMemory => {
            "密钥旁没有签名记录文件（signed.json），请放回或确认最新检查点".to_owned()
        }
        Refusal::OtherOrigin(origin) => format!("密钥旁的签名记录属于另一来源 {origin}"),
        Refusal::Unconfirmed => "从备份恢复后尚未确认最新检查点，暂停签名".to_owned(),
        Refusal::Behind { have, need } => {
            format!("现有 {have} 条，而已签出过 {need} 条的检查点：请找回丢失部分，或以新来源接续")
        }
        Refusal::Forked(size) => format!("{size} 条处的树根与已签出的不同，停止签名"),
    };
    Text::of(zh, en)
}
