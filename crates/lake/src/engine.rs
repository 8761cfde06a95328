//! The engine: DataFusion with limits. Statements run on threads of their own, so that a heavy
//! one slows no other request down; each has a memory of its own and spills to disk; a caller has
//! so many at once; nothing runs on after its caller left.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::common::Result as DfResult;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::execution::SessionState;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;
use object_store_lake::ObjectStore;
use tianyuan_kernel::config::LakeConfig;
use tianyuan_kernel::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::of_store;
use crate::gate::Gated;
use crate::keys::Keys;
use crate::objects::Objects;
use crate::tables::{Version, VersionId, store};

/// Versions remembered; they never change, except that one may be retired.
const VERSIONS_MAX: usize = 2_000;
/// Bytes of file footers kept.
const FOOTER_BYTES_MAX: usize = 128 << 20;
/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 8_192;

/// The lake of this process.
#[derive(Default)]
pub struct Lake {
    engine: OnceLock<Engine>,
    /// Held while the engine starts: two first requests at once make one.
    starting: Mutex<()>,
    versions: Mutex<HashMap<String, Arc<Version>>>,
    /// One file is materialised at a time.
    pub(crate) materialising: tokio::sync::Mutex<()>,
}

struct Engine {
    keys: Arc<Keys>,
    /// What sessions are made of: settings, functions, and the store.
    state: SessionState,
    all: Arc<Semaphore>,
    callers: Mutex<BTreeMap<String, usize>>,
    threads: Threads,
    limits: LakeConfig,
    _spill: std::fs::File,
}

/// Threads for statements, which outlive no request that waits for them.
struct Threads(Option<tokio::runtime::Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A place among the running statements.
pub(crate) struct Place {
    lake: Arc<Lake>,
    caller: String,
    _all: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(engine) = self.lake.engine.get() {
            let mut callers = lock(&engine.callers);
            if let Some(n) = callers.get_mut(&self.caller) {
                *n -= 1;
                if *n == 0 {
                    callers.remove(&self.caller);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where plans find the store.
pub(crate) fn lake_url() -> ObjectStoreUrl {
    ObjectStoreUrl::parse("lake://store").expect("it is an address")
}

/// The store of an environment.
pub(crate) fn store_of(runtime: &RuntimeEnv) -> DfResult<Arc<dyn ObjectStore>> {
    runtime.object_store(lake_url())
}

impl Lake {
    fn engine(&self, app: &App) -> Result<&Engine> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let _alone = lock(&self.starting);
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let engine = Engine::start(app)?;
        Ok(self.engine.get_or_init(|| engine))
    }

    pub(crate) fn keys(&self, app: &App) -> Result<Arc<Keys>> {
        Ok(self.engine(app)?.keys.clone())
    }

    /// A version that can be read, with its files.
    pub(crate) async fn version(&self, app: &App, id: &VersionId) -> Result<Arc<Version>> {
        let known = lock(&self.versions).get(id.as_str()).cloned();
        let mut reader = app.db().read().await?;
        if let Some(known) = known {
            if store::is_readable(&mut reader, id).await? {
                return Ok(known);
            }
            lock(&self.versions).remove(id.as_str());
            return Err(Error::not_found());
        }
        let version = store::version(&mut reader, id).await?;
        drop(reader);
        if version.retired_at.is_some() {
            return Err(Error::not_found());
        }
        let version = Arc::new(version);
        let mut versions = lock(&self.versions);
        if versions.len() >= VERSIONS_MAX {
            versions.clear();
        }
        versions.insert(id.to_string(), version.clone());
        Ok(version)
    }

    /// A session that knows these tables and nothing else, with a memory of its own.
    pub(crate) fn session(
        &self,
        app: &App,
        tables: impl IntoIterator<Item = Gated>,
    ) -> Result<datafusion::prelude::SessionContext> {
        let engine = self.engine(app)?;
        let template = engine.state.runtime_env();
        let pool = FairSpillPool::new(engine.limits.query_memory_bytes_max);
        let consumers = std::num::NonZeroUsize::MIN;
        let runtime = RuntimeEnv {
            memory_pool: Arc::new(TrackConsumersPool::new(pool, consumers)),
            ..template.as_ref().clone()
        };
        let state = SessionStateBuilder::new_from_existing(engine.state.clone())
            .with_runtime_env(Arc::new(runtime))
            .with_catalog_list(Arc::new(
                datafusion::catalog::MemoryCatalogProviderList::new(),
            ))
            .build();
        let context = datafusion::prelude::SessionContext::new_with_state(state);
        crate::query::catalog::fill(&context, tables)?;
        Ok(context)
    }

    /// Takes a place among the running statements, or says why not.
    ///
    /// # Errors
    /// 429 when the caller has as many as one may; 503 when the node has as many as it can.
    pub(crate) fn place(self: &Arc<Self>, app: &App, who: &Caller<'_>) -> Result<Place> {
        let engine = self.engine(app)?;
        let caller = who.key();
        let most = engine.limits.queries_max_caller;
        let all = engine.all.clone().try_acquire_owned().map_err(|_| {
            let words = Text::new(
                "正在运行的查询过多，请稍后再试。",
                "Too many statements are running; try again.",
            );
            Error::unavailable("sql_busy", words)
        })?;
        let mut callers = lock(&engine.callers);
        let running = callers.entry(caller.clone()).or_default();
        if *running >= most {
            let words = text!(
                "您已有 {most} 个查询在运行，请等其中一个完成。",
                "You have {most} statements running; wait for one of them."
            );
            return Err(Error::too_many("sql_too_many", words, 1));
        }
        *running += 1;
        drop(callers);
        Ok(Place {
            lake: self.clone(),
            caller,
            _all: all,
        })
    }

    /// Runs work on the statements' threads; it ends when the handle is dropped.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        app: &App,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Task<T>> {
        let runtime = self.engine(app)?.threads.0.as_ref();
        let runtime = runtime.ok_or_else(|| Error::internal("the lake is stopping"))?;
        Ok(Task(runtime.spawn(work)))
    }

    /// The limits of one statement.
    pub(crate) fn limits(&self, app: &App) -> Result<&LakeConfig> {
        Ok(&self.engine(app)?.limits)
    }
}

/// Work that ends with whoever waits for it.
pub(crate) struct Task<T>(tokio::task::JoinHandle<T>);

impl<T> Task<T> {
    pub(crate) async fn join(mut self) -> Result<T> {
        (&mut self.0).await.map_err(of_store)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Who counts against the limit of running statements.
pub struct Caller<'a> {
    /// The person, or a stranger.
    pub who: &'a Principal,
    /// Where a stranger comes from.
    pub address: Option<std::net::IpAddr>,
}

impl Caller<'_> {
    fn key(&self) -> String {
        match (&self.who.id, self.address) {
            (Some(id), _) => id.clone(),
            (None, Some(address)) => address.to_string(),
            (None, None) => "stranger".to_owned(),
        }
    }
}

impl Engine {
    fn start(app: &App) -> Result<Self> {
        let limits = app.config().lake.clone();
        let store: Arc<dyn ObjectStore> = Arc::new(Objects(app.files().store()));
        let (folder, spill) = spill_folder(app)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![folder]))
            .with_max_temp_directory_size(limits.spill_bytes_max);
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(disk)
            .with_metadata_cache_limit(FOOTER_BYTES_MAX)
            .build_arc()
            .map_err(of_store)?;
        runtime.register_object_store(lake_url().as_ref(), store);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let mut config = SessionConfig::new()
            .with_target_partitions(cores)
            .with_batch_size(BATCH_ROWS)
            .with_information_schema(false)
            .with_default_catalog_and_schema("tianyuan", "public")
            .with_create_default_catalog_and_schema(false);
        let options = config.options_mut();
        options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
        options.optimizer.expand_views_at_output = true;
        options.execution.parquet.pushdown_filters = false;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_file_formats(Vec::new())
            .with_table_factories(HashMap::new())
            .build();
        let keys = Arc::new(Keys::open(app)?);
        // Last: a runtime may not be dropped where requests are answered.
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores)
            .thread_name("lake")
            .enable_all()
            .build()?;
        Ok(Self {
            keys,
            state,
            all: Arc::new(Semaphore::new(limits.queries_max)),
            callers: Mutex::default(),
            threads: Threads(Some(threads)),
            limits,
            _spill: spill,
        })
    }
}

/// A folder of this process for what statements spill, and the lock that tells it is in use.
/// Folders whose process is gone are removed: a node that was killed leaves gigabytes there.
fn spill_folder(app: &App) -> Result<(std::path::PathBuf, std::fs::File)> {
    let root = app.config().node.data.join("spill");
    std::fs::create_dir_all(&root)?;
    for entry in std::fs::read_dir(&root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "lock") {
            continue;
        }
        let lock = path.with_extension("lock");
        let in_use = match std::fs::File::open(&lock) {
            Ok(file) => file.try_lock().is_err(),
            Err(_) => false,
        };
        if !in_use {
            // Somebody else may be at the same.
            let _gone_already = std::fs::remove_dir_all(&path);
            let _gone_already = std::fs::remove_file(&lock);
        }
    }
    let folder = root.join(hex::encode(app.random::<8>()));
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    std::fs::create_dir_all(&folder)?;
    Ok((folder, lock))
}
