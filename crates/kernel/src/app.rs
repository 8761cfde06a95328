//! The application: everything an operation may need, cheap to clone.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::authority::{Authorize, Entity, FindEntity};
use crate::classify::{Classify, NothingFound};
use crate::clock::{Chance, Clock, Micros, SystemClock};
use crate::config::Config;
use crate::db::{Db, Migration, migrate};
use crate::error::{Error, Result};
use crate::fetch::Fetch;
use crate::files::Files;
use crate::http::routes::{Mount, Routes};
use crate::jobs::{self, JobKind, Schedule};
use crate::journal::{self, Journal, Kind, Reaction};
use crate::metrics::Metrics;
use crate::release::{NothingLeaves, Release};
use crate::room::Room;

/// The application.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Arc<dyn Clock>,
    chance: Chance,
    db: Db,
    journal: Journal,
    files: Files,
    fetch: Fetch,
    metrics: Metrics,
    authority: Arc<dyn Authorize>,
    release: Arc<dyn Release>,
    classify: Arc<dyn Classify>,
    kinds: BTreeMap<&'static str, Kind>,
    jobs: BTreeMap<&'static str, JobKind>,
    schedules: Vec<Schedule>,
    reactions: Vec<Reaction>,
    finders: HashMap<&'static str, FindEntity>,
    state: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    node_id: String,
    last_id: Mutex<u128>,
    streams: Arc<Semaphore>,
    stopping: AtomicBool,
    stopped: Notify,
}

/// What an application is made of.
pub struct Builder {
    config: Config,
    clock: Arc<dyn Clock>,
    chance: Chance,
    rooms: Vec<Room>,
    authority: Option<Arc<dyn Authorize>>,
    release: Arc<dyn Release>,
    classify: Arc<dyn Classify>,
}

/// Migrations of the kernel itself.
const MIGRATIONS: [Migration; 3] = [
    ("kernel/0001", include_str!("migrations/0001_kernel.sql")),
    ("kernel/0002_jobs", include_str!("migrations/0002_jobs.sql")),
    (
        "kernel/0003_files",
        include_str!("migrations/0003_files.sql"),
    ),
];

impl Builder {
    /// With this clock instead of the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With this randomness instead of the machine's.
    #[must_use]
    pub fn chance(mut self, chance: Chance) -> Self {
        self.chance = chance;
        self
    }

    /// With these rooms.
    #[must_use]
    pub fn rooms(mut self, rooms: Vec<Room>) -> Self {
        self.rooms.extend(rooms);
        self
    }

    /// With this answer to the `Authorize` question.
    #[must_use]
    pub fn authority(mut self, authority: Arc<dyn Authorize>) -> Self {
        self.authority = Some(authority);
        self
    }

    /// With this answer to the `Release` question; without one, nothing leaves.
    #[must_use]
    pub fn release(mut self, release: Arc<dyn Release>) -> Self {
        self.release = release;
        self
    }

    /// All migrations, the kernel's first.
    #[must_use]
    pub fn migrations(&self) -> Vec<Migration> {
        MIGRATIONS
            .into_iter()
            .chain(self.rooms.iter().flat_map(|r| r.migrations.clone()))
            .collect()
    }

    /// Opens the database and applies missing migrations without building the application.
    ///
    /// # Errors
    /// When the database cannot be opened or refuses a migration.
    pub async fn migrate(&self) -> Result<Vec<&'static str>> {
        self.config.make_data_folder()?;
        let db = Db::open(&self.config).await?;
        let applied = migrate(&db, &self.migrations(), self.clock.now()).await?;
        db.close().await;
        Ok(applied)
    }

    /// Opens the database, migrates it, and puts everything together.
    ///
    /// # Errors
    /// When the database cannot be opened, or two rooms claim one name.
    pub async fn build(mut self) -> Result<(App, Routes)> {
        self.config.make_data_folder()?;
        let db = Db::open(&self.config).await?;
        migrate(&db, &self.migrations(), self.clock.now()).await?;
        let mut kinds = BTreeMap::new();
        let mut known_jobs = BTreeMap::new();
        let mut routes = own_routes();
        let (mut schedules, mut reactions, mut sources) = (jobs::schedules(), vec![], vec![]);
        let (mut state, mut finders) = (HashMap::new(), HashMap::new());
        self.rooms.insert(0, kernel_room());
        for room in std::mem::take(&mut self.rooms) {
            for kind in room.kinds {
                if kinds.insert(kind.name, kind).is_some() {
                    let (name, room) = (kind.name, room.name);
                    return Err(Error::internal(format!(
                        "{room} claims the kind {name} again"
                    )));
                }
            }
            known_jobs.extend(room.jobs.into_iter().map(|job| (job.name, job)));
            schedules.extend(room.schedules);
            reactions.extend(room.reactions);
            sources.extend(room.metrics);
            state.extend(room.state);
            finders.extend(room.finders);
            self.release = room.release.unwrap_or(self.release);
            self.classify = room.classify.unwrap_or(self.classify);
            routes = routes.merge(room.routes);
        }
        let mut id = [0_u8; 8];
        self.chance.fill(&mut id);
        let streams = self.config.limits.event_streams_max;
        let app = App(Arc::new(Inner {
            files: Files::open(&self.config)?,
            fetch: Fetch::new(self.config.fetch.clone())?,
            metrics: Metrics::new(sources),
            authority: self
                .authority
                .ok_or_else(|| Error::internal("nobody answers the Authorize question"))?,
            release: self.release,
            classify: self.classify,
            config: self.config,
            clock: self.clock,
            chance: self.chance,
            db,
            journal: Journal::default(),
            kinds,
            jobs: known_jobs,
            schedules,
            reactions,
            finders,
            state,
            node_id: hex::encode(id),
            last_id: Mutex::new(0),
            streams: Arc::new(Semaphore::new(streams)),
            stopping: AtomicBool::new(false),
            stopped: Notify::new(),
        }));
        journal::sequence(&app).await?;
        Ok((app, routes))
    }
}

fn kernel_room() -> Room {
    Room::new("kernel")
        .kinds(&[
            crate::http::layers::REFUSED,
            crate::party::UNIT_CREATED,
            crate::party::UNIT_CHANGED,
        ])
        .kinds(&jobs::KINDS)
        .kinds(&crate::metrics::KINDS)
        .kinds(&crate::files::KINDS)
        .jobs(&jobs::own_jobs())
        .jobs(&crate::files::jobs())
        .schedules(&crate::files::schedules())
}

impl App {
    /// Begins to put an application together.
    #[must_use]
    pub fn builder(config: Config) -> Builder {
        Builder {
            config,
            clock: Arc::new(SystemClock::default()),
            chance: Chance::from_system(),
            rooms: Vec::new(),
            authority: None,
            release: Arc::new(NothingLeaves),
            classify: Arc::new(NothingFound),
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.0.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.chance.fill(&mut bytes);
        bytes
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The records.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Signals of the journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// The object store of files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    /// The one outgoing client.
    #[must_use]
    pub fn fetch(&self) -> &Fetch {
        &self.0.fetch
    }

    /// Counters, and the numbers rooms offer.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Who answers the `Authorize` question.
    #[must_use]
    pub fn authority(&self) -> &dyn Authorize {
        &*self.0.authority
    }

    /// Who answers the `Release` question.
    #[must_use]
    pub fn release(&self) -> &dyn Release {
        &*self.0.release
    }

    /// Who answers the `Classify` question.
    #[must_use]
    pub fn classify(&self) -> &dyn Classify {
        &*self.0.classify
    }

    /// A kind of fact by name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.0.kinds.get(name)
    }

    /// All kinds of facts, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.0.kinds.values()
    }

    /// A kind of job by name.
    #[must_use]
    pub fn job_kind(&self, name: &str) -> Option<&JobKind> {
        self.0.jobs.get(name)
    }

    /// Jobs that come again and again.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.0.schedules
    }

    /// The reactions of all rooms.
    #[must_use]
    pub fn reactions(&self) -> &[Reaction] {
        &self.0.reactions
    }

    /// A room's own state.
    ///
    /// # Errors
    /// 500 when the room did not register it.
    pub fn get<T: Any + Send + Sync>(&self) -> Result<Arc<T>> {
        let state = self.0.state.get(&TypeId::of::<T>()).cloned();
        state
            .and_then(|s| s.downcast().ok())
            .ok_or_else(|| Error::internal(format!("no state {}", std::any::type_name::<T>())))
    }

    /// A resource by kind and id, as its room sees it; `None` when there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_entity(&self, kind: &str, id: &str) -> Result<Option<Entity>> {
        match self.0.finders.get(kind) {
            Some(find) => find(self, id).await,
            None => Ok(None),
        }
    }

    /// This process among several nodes on one database.
    #[must_use]
    pub fn node_id(&self) -> &str {
        &self.0.node_id
    }

    /// `bits`, or one more than the last when that is later: ids made within one millisecond
    /// keep their order.
    pub(crate) fn later_id(&self, bits: u128) -> u128 {
        let mut last = self
            .0
            .last_id
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = if bits > *last || *last >> 80 != bits >> 80 {
            bits
        } else {
            *last + 1
        };
        *last
    }

    /// A place among the live streams, when there is one.
    #[must_use]
    pub fn event_stream(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    /// Tells everything that runs to finish.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        self.0.stopped.notify_waiters();
        self.0.journal.recorded();
    }

    /// True once [`App::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    /// Returns when [`App::stop`] is called.
    pub async fn stopped(&self) {
        let notified = self.0.stopped.notified();
        if !self.is_stopping() {
            notified.await;
        }
    }

    /// Starts what runs beside requests: the sequencer, the reactions, the jobs.
    #[must_use]
    pub fn spawn_background(&self) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = Vec::new();
        let app = self.clone();
        tasks.push(tokio::spawn(async move {
            let journal = app.clone();
            tokio::select! {
                () = journal.journal().run(app.clone()) => {}
                () = app.stopped() => {}
            }
        }));
        if !self.reactions().is_empty() {
            tasks.push(tokio::spawn(react(self.clone())));
        }
        tasks.push(tokio::spawn(jobs::run(self.clone())));
        tasks.push(tokio::spawn(crate::metrics::run(self.clone())));
        tasks
    }

    /// Brings order, reactions and due jobs to rest; for tests and for the end of imports.
    ///
    /// # Errors
    /// What a reaction or the database answered.
    pub async fn settle(&self) -> Result<()> {
        loop {
            let mut moved = journal::sequence(self).await?;
            for reaction in self.reactions() {
                moved += journal::run_reaction(self, reaction).await?;
            }
            moved += jobs::run_due(self).await?;
            if moved == 0 {
                return Ok(());
            }
        }
    }
}

async fn react(app: App) {
    let mut head = app.journal().watch();
    loop {
        for reaction in app.reactions() {
            if let Err(error) = journal::run_reaction(&app, reaction).await {
                tracing::warn!(reaction = reaction.name, %error, "reaction failed; will try again");
            }
        }
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(std::time::Duration::from_secs(5)) => {}
            () = app.stopped() => return,
        }
    }
}

/// The routes of an application without opening its database; for the OpenAPI document.
#[must_use]
pub fn routes_of(builder: Builder) -> Routes {
    builder
        .rooms
        .into_iter()
        .fold(own_routes(), |routes, room| routes.merge(room.routes))
}

fn own_routes() -> Routes {
    Routes::new()
        .merge(crate::http::events::router())
        .merge(jobs::router())
        .merge(crate::metrics::router())
}

/// A router with everything a request passes, and the document of its operations. `extend` adds
/// what is served besides operations and may complete the document.
pub fn serve(
    app: &App,
    routes: Routes,
    extend: impl FnOnce(axum::Router<App>, &mut utoipa::openapi::OpenApi) -> axum::Router<App>,
) -> (axum::Router, utoipa::openapi::OpenApi, Vec<Mount>) {
    let (router, mut document, mounts) = routes.into_parts();
    let router = extend(router, &mut document);
    (
        crate::http::layers::wrap(router, app).with_state(app.clone()),
        document,
        mounts,
    )
}
