//! Counters for operators (`/metrics`), the counts of open reads and of refused strangers, and
//! the `Metric` question: numbers that rooms offer to others by name, such as `chain.open_rows`.

mod api;
mod exposition;
mod minutes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;

use futures::future::BoxFuture;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub(crate) use api::router;
pub(crate) use minutes::{KINDS, run};

use self::minutes::Minutes;
use crate::App;
use crate::args;
use crate::clock::Micros;
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::journal::Text2;

/// A number that a room offers, for indicators to be bound to.
#[derive(Clone, Copy)]
pub struct MetricSource {
    /// `room.what_unit`, such as `chain.open_rows`.
    pub name: &'static str,
    /// Words for people.
    pub title: Text2,
    /// Unit as people write it, such as 条.
    pub unit: &'static str,
    /// Measures it now.
    pub measure: for<'a> fn(&'a App) -> BoxFuture<'a, Result<f64>>,
}

/// Who calls, as far as counters care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Not signed in.
    Stranger,
    /// Signed in.
    SignedIn,
}

impl Class {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::SignedIn => "signed_in",
        }
    }
}

/// An answered request.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its route as registered, such as `/api/v1/plans/{id}`; `None` when none matched.
    pub route: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// Who asked.
    pub class: Class,
    /// Seconds until the answer's headers.
    pub seconds: f64,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
    class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TimeLabels {
    route: String,
    class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct NameLabels {
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ExitLabels {
    exit: String,
    class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

type IntGauge = Gauge<i64, AtomicI64>;
type TimeFamily = Family<TimeLabels, Histogram, fn() -> Histogram>;

/// The counters of this process and the numbers of the rooms.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: TimeFamily,
    refusals: Family<ExitLabels, Counter>,
    open_reads: Family<ExitLabels, Counter>,
    journal_head: IntGauge,
    journal_waiting: IntGauge,
    journal_waiting_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    journal_behind: Family<NameLabels, IntGauge>,
    jobs: Family<StateLabels, IntGauge>,
    db_connections: Family<StateLabels, IntGauge>,
    db_clock_ahead_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    resident_bytes: IntGauge,
    minutes: Minutes,
    sources: BTreeMap<&'static str, MetricSource>,
}

fn time_histogram() -> Histogram {
    Histogram::new([
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0,
    ])
}

impl Metrics {
    pub(crate) fn new(sources: Vec<MetricSource>) -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("tianyuan"),
            requests: Family::default(),
            seconds: TimeFamily::new_with_constructor(time_histogram),
            refusals: Family::default(),
            open_reads: Family::default(),
            journal_head: IntGauge::default(),
            journal_waiting: IntGauge::default(),
            journal_waiting_seconds: Gauge::default(),
            journal_behind: Family::default(),
            jobs: Family::default(),
            db_connections: Family::default(),
            db_clock_ahead_seconds: Gauge::default(),
            resident_bytes: IntGauge::default(),
            minutes: Minutes::default(),
            sources: sources.into_iter().map(|s| (s.name, s)).collect(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let build = Family::<BuildLabels, IntGauge>::default();
        let version = env!("CARGO_PKG_VERSION");
        build.get_or_create(&BuildLabels { version }).set(1);
        registry.register("build_info", "Version of the program", build);
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Time until the headers of the answer";
        registry.register("http_request_seconds", help, self.seconds.clone());
        let help = "Refusals of callers by exit and class";
        registry.register("refusals", help, self.refusals.clone());
        let help = "Reads of open data by exit and class of caller";
        registry.register("open_reads", help, self.open_reads.clone());
        let help = "Number of the last fact in the journal";
        registry.register("journal_head", help, self.journal_head.clone());
        let help = "Facts that have no number yet";
        registry.register("journal_waiting", help, self.journal_waiting.clone());
        let help = "Age of the oldest fact that has no number yet";
        let gauge = self.journal_waiting_seconds.clone();
        registry.register("journal_waiting_seconds", help, gauge);
        let help = "Facts a reader of the journal has not seen yet";
        registry.register("journal_behind", help, self.journal_behind.clone());
        registry.register("jobs", "Jobs by state", self.jobs.clone());
        let help = "Connections of the pool by state";
        registry.register("db_connections", help, self.db_connections.clone());
        let help = "Seconds by which the database's clock is ahead of ours";
        let gauge = self.db_clock_ahead_seconds.clone();
        registry.register("db_clock_ahead_seconds", help, gauge);
        let help = "Memory of the process that is resident";
        registry.register("resident_memory_bytes", help, self.resident_bytes.clone());
        self
    }

    /// Counts an answered request, and among them strangers' refusals and open reads.
    pub fn observe(&self, now: Micros, answered: Answered<'_>) {
        // A caller may invent methods and paths; labels must not grow with them.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let method = known.iter().find(|m| **m == answered.method);
        let route = answered.route.unwrap_or("other").to_owned();
        let class = answered.class.name().to_owned();
        let labels = RequestLabels {
            method: method.map_or("other", |m| m).to_owned(),
            route: route.clone(),
            status: answered.status,
            class: class.clone(),
        };
        self.requests.get_or_create(&labels).inc();
        let labels = TimeLabels { route, class };
        self.seconds
            .get_or_create(&labels)
            .observe(answered.seconds);
        let Some(route) = answered.route else {
            return;
        };
        let stranger = answered.class == Class::Stranger;
        match answered.status {
            401 | 403 if stranger => self.count_refusal(now, exit_of(route), answered.class),
            200..=299 if stranger && answered.method == "GET" && is_data(route) => {
                self.count_open_read(now, exit_of(route), answered.class);
            }
            _ => {}
        }
    }

    /// Counts a read of open data through an exit (`rest`, `csv`, `xlsx`, …); exits that are no
    /// requests of their own (Flight, MQTT) call this.
    pub fn count_open_read(&self, now: Micros, exit: &'static str, class: Class) {
        self.open_reads.get_or_create(&labels(exit, class)).inc();
        self.minutes.add(now, "open_read", exit, class);
    }

    /// Counts a refusal at an exit.
    pub fn count_refusal(&self, now: Micros, exit: &'static str, class: Class) {
        self.refusals.get_or_create(&labels(exit, class)).inc();
        self.minutes.add(now, "refusal", exit, class);
    }

    /// The numbers rooms offer, by name.
    pub fn sources(&self) -> impl Iterator<Item = &MetricSource> {
        self.sources.values()
    }

    /// One of them.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&MetricSource> {
        self.sources.get(name)
    }

    /// Measures one of them now.
    ///
    /// # Errors
    /// 422 when no room offers that number.
    pub async fn measure(&self, app: &App, name: &str) -> Result<f64> {
        let source = self.source(name).ok_or_else(|| {
            let words = crate::text!("没有名为 {name} 的指标源。", "No metric is named {name}.");
            Error::invalid("metric_unknown", "metric", words)
        })?;
        (source.measure)(app).await
    }

    async fn refresh(&self, app: &App) -> Result<()> {
        self.db_clock_ahead_seconds
            .set(app.db().clock_skew(app.now()).await? as f64 / 1e6);
        let (size, idle) = app.db().pool_state();
        for (state, n) in [("busy", size - idle), ("idle", idle)] {
            let state = state.to_owned();
            self.db_connections
                .get_or_create(&StateLabels { state })
                .set(n);
        }
        self.resident_bytes.set(resident_bytes());
        let mut reader = app.db().read().await?;
        let head = crate::journal::head(&mut reader).await?;
        self.journal_head.set(head);
        let sql = "SELECT COUNT(*) AS n, MIN(at) AS oldest FROM facts WHERE seq IS NULL";
        let waiting = reader.one(sql, args![]).await?;
        self.journal_waiting.set(waiting.int("n")?);
        let oldest = waiting.int_opt("oldest")?.map(Micros);
        let age = oldest.map_or(0.0, |at| app.now().seconds_since(at).max(0.0));
        self.journal_waiting_seconds.set(age);
        let sql = "SELECT name, seq FROM journal_cursors";
        for row in reader.all(sql, args![]).await? {
            let name = row.text("name")?;
            let behind = head - row.int("seq")?;
            self.journal_behind
                .get_or_create(&NameLabels { name })
                .set(behind);
        }
        for state in ["queued", "running", "failed"] {
            let sql = "SELECT COUNT(*) AS n FROM jobs WHERE state = $1";
            let n = reader.one(sql, args![state]).await?.int("n")?;
            let state = state.to_owned();
            self.jobs.get_or_create(&StateLabels { state }).set(n);
        }
        Ok(())
    }
}

fn labels(exit: &str, class: Class) -> ExitLabels {
    ExitLabels {
        exit: exit.to_owned(),
        class: class.name().to_owned(),
    }
}

/// The exit a route belongs to.
fn exit_of(route: &str) -> &'static str {
    let ends = |end: &str| route.ends_with(end);
    match route {
        _ if ends(".xlsx") => "xlsx",
        _ if ends(".csv") => "csv",
        _ if ends("/files/{file_id}") => "file",
        // Whole datasets and CKAN's actions are counted by what they hand out.
        _ if ends("/export/{format}") => "export",
        _ if route.contains("/action/{name}") => "ckan",
        _ if route.starts_with("/api/") => "rest",
        _ if route.starts_with("/ledger/") => "ledger",
        _ => "other",
    }
}

/// True for routes that hand out records; the node's own pages and health do not count.
fn is_data(route: &str) -> bool {
    let own = ["/api/v1/node", "/api/v1/sign-in", "/api/v1/events"];
    matches!(exit_of(route), "rest" | "xlsx" | "csv" | "file") && !own.contains(&route)
}

/// From the kernel; 0 where it does not say.
fn resident_bytes() -> i64 {
    const PAGE_BYTES: i64 = 4_096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    pages.unwrap_or(0_i64) * PAGE_BYTES
}
