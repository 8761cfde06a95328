//! Tests through public doors: a node on each database, with a fixed clock and seed, and a
//! client for each role.
//!
//! Kernel, plan and chain test with [`Roles`], a small stand-in for `shield`; the journeys in
//! `crates/node/tests` use the real one.

mod client;
mod roles;

use std::sync::Arc;

pub use client::{Answer, Client};
pub use roles::Roles;

use crate::App;
use crate::authority::Authorize;
use crate::clock::{Chance, FixedClock, Micros};
use crate::config::{Config, Secret};
use crate::db::Db;
use crate::room::Room;

/// Where tests begin: 2024-06-30T08:00:00Z.
pub const START: Micros = Micros(1_719_734_400_000_000);

/// A running application under test.
pub struct Node {
    /// The application.
    pub app: App,
    /// Its router, with all layers.
    pub router: axum::Router,
    /// Its OpenAPI document.
    pub document: utoipa::openapi::OpenApi,
    /// Its route table.
    pub mounts: Vec<crate::http::Mount>,
    folder: tempfile::TempDir,
}

impl Node {
    /// Lets the clock move on.
    pub fn advance(&self, seconds: i64) {
        self.app.clock().advance(seconds);
    }

    /// Brings the journal, reactions and due jobs to rest.
    pub async fn settle(&self) {
        self.app.settle().await.unwrap();
    }

    /// A client that holds a role (of [`Roles`]), for a unit where the role wants one.
    #[must_use]
    pub fn client(&self, role: &str) -> Client {
        Client::new(self.router.clone()).header("x-test-role", role)
    }

    /// A client nobody knows.
    #[must_use]
    pub fn stranger(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The facts recorded so far, as `(kind, subject)`.
    pub async fn facts(&self) -> Vec<(String, String)> {
        self.settle().await;
        let mut reader = self.app.db().read().await.unwrap();
        let facts = crate::journal::facts_after(&mut reader, 0, 100_000)
            .await
            .unwrap();
        facts.into_iter().map(|f| (f.kind, f.subject)).collect()
    }
}

/// Runs a test on SQLite and on PostgreSQL, each with a fresh database, with [`Roles`] deciding.
///
/// PostgreSQL is found at `TIANYUAN_TEST_POSTGRES` (default: loopback, user postgres). Where it
/// is missing the test says so loudly; with `CI` set it fails.
pub async fn each_backend<F: AsyncFn(Node)>(rooms: fn() -> Vec<Room>, test: F) {
    each_backend_with(|_| (rooms(), Arc::new(Roles)), |_| {}, test).await;
}

/// As [`each_backend`] with another composition and a change to the configuration.
pub async fn each_backend_with<F: AsyncFn(Node)>(
    compose: impl Fn(&Config) -> (Vec<Room>, Arc<dyn Authorize>),
    configure: impl Fn(&mut Config),
    test: F,
) {
    test(node(&compose, &configure, None).await).await;
    let Some(database) = TestDatabase::create().await else {
        return;
    };
    let node = node(&compose, &configure, Some(database.url.clone())).await;
    let db = node.app.db().clone();
    test(node).await;
    db.close().await;
    database.drop().await;
}

async fn node(
    compose: &impl Fn(&Config) -> (Vec<Room>, Arc<dyn Authorize>),
    configure: &impl Fn(&mut Config),
    url: Option<String>,
) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.node.data = folder.path().to_owned();
    config.database.url = url.map(Secret::Value);
    config.database.connections_max = 4;
    configure(&mut config);
    let (rooms, authority) = compose(&config);
    let (app, routes) = App::builder(config)
        .clock(Arc::new(FixedClock::at(START)))
        .chance(Chance::from_seed(1))
        .rooms(rooms)
        .authority(authority)
        .release(Arc::new(Roles))
        .build()
        .await
        .unwrap();
    let (router, document, mounts) = crate::app::serve(&app, routes, |router, _| router);
    Node {
        app,
        router,
        document,
        mounts,
        folder,
    }
}

/// A PostgreSQL database of one test.
pub struct TestDatabase {
    /// Its address.
    pub url: String,
    name: String,
    admin: Db,
}

impl TestDatabase {
    /// Makes one; `None`, loudly, where PostgreSQL is missing outside CI.
    ///
    /// # Panics
    /// In CI when PostgreSQL cannot be reached.
    #[expect(
        clippy::disallowed_methods,
        reason = "names must differ between test processes"
    )]
    #[expect(
        clippy::print_stderr,
        reason = "a test that cannot run must say so loudly"
    )]
    pub async fn create() -> Option<Self> {
        let admin_url = std::env::var("TIANYUAN_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let mut config = Config::default();
        config.database.url = Some(Secret::Value(admin_url.clone()));
        config.database.connections_max = 1;
        config.database.acquire_timeout_s = 5;
        let admin = match Db::open_unchecked(&config).await {
            Ok(admin) => admin,
            Err(error) if std::env::var_os("CI").is_none() => {
                eprintln!("SKIPPED ON POSTGRESQL: {admin_url} cannot be reached: {error}");
                return None;
            }
            Err(error) => panic!("PostgreSQL is needed in CI at {admin_url}: {error}"),
        };
        let name = format!("tianyuan_test_{:016x}", rand::random::<u64>());
        let sql =
            format!("CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
        // PostgreSQL refuses to copy the template while another test copies it.
        for attempt in 0.. {
            match admin.script_for_tests(sql.clone()).await {
                Ok(()) => break,
                Err(error) => assert!(attempt < 200, "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let mut url: url::Url = admin_url.parse().unwrap();
        url.set_path(&name);
        Some(Self {
            url: url.into(),
            name,
            admin,
        })
    }

    /// Removes it.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn drop(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.script_for_tests(sql).await.unwrap();
        self.admin.close().await;
    }
}
