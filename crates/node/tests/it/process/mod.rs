//! The binary as an operator runs it: started, stopped, killed, backed up, wrongly configured.

mod backup;
mod lifecycle;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tianyuan_kernel::testkit::TestDatabase;

use crate::support::PASSWORD;

/// Settings as `TIANYUAN__…` variables.
type Settings = Vec<(&'static str, String)>;

/// A command of the binary, deaf to the settings of whoever runs the tests.
fn tianyuan(data: &Path, settings: &Settings, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tianyuan"));
    for (stray, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIANYUAN__")) {
        command.env_remove(stray);
    }
    command.env("TIANYUAN_ADMIN_PASSWORD", PASSWORD);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.args(arguments).arg("--data").arg(data);
    command
}

fn ran(data: &Path, settings: &Settings, arguments: &[&str]) -> Output {
    tianyuan(data, settings, arguments).output().unwrap()
}

/// As [`ran`], where it must succeed; answers what it printed.
fn done(data: &Path, settings: &Settings, arguments: &[&str]) -> String {
    let output = ran(data, settings, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A node in a process of its own; ended when it goes out of scope.
struct Serving {
    child: Child,
    base: String,
    http: reqwest::Client,
    token: String,
}

impl Serving {
    /// Starts it on a free port and waits until it says where it listens.
    async fn start(place: &Place) -> Self {
        tianyuan::serve::install_tls();
        Self::start_trusting(place, reqwest::Client::builder()).await
    }

    async fn start_trusting(place: &Place, http: reqwest::ClientBuilder) -> Self {
        Self::greet(Self::launch(place), place, http).await
    }

    /// Starts the process and waits for nothing.
    fn launch(place: &Place) -> Child {
        let data = &place.data;
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--demo"];
        let mut command = tianyuan(data, &place.settings, &arguments);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))
            .unwrap();
        command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// Waits until it says where it listens, and signs in.
    async fn greet(mut child: Child, place: &Place, http: reqwest::ClientBuilder) -> Self {
        let mut first = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut first).unwrap();
        let base = first.split_whitespace().last().map(str::to_owned);
        let base = base.unwrap_or_else(|| {
            let log = std::fs::read_to_string(place.data.with_extension("log"));
            panic!("it did not start: {}", log.unwrap_or_default())
        });
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let http = http.timeout(Duration::from_secs(20)).build().unwrap();
        let mut node = Self {
            child,
            base,
            http,
            token: String::new(),
        };
        let who = json!({ "username": "admin", "password": PASSWORD });
        let session = node.send("POST", "/api/v1/sessions", Some(who), None).await;
        node.token = session.unwrap().1["token"].as_str().unwrap().to_owned();
        node
    }

    /// Status and JSON of one request; `Err` when no answer came.
    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> reqwest::Result<(u16, Value)> {
        let method = method.parse::<http::Method>().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, None, None).await.unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The path of the values of the indicator that takes any number of them.
    async fn values(&self) -> String {
        let plan = self.get("/api/v1/plans").await["items"][0]["id"].clone();
        let path = format!("/api/v1/plans/{}/indicators", plan.as_str().unwrap());
        let indicators = self.get(&path).await;
        let items = indicators["items"].as_array().unwrap();
        let level = items.iter().find(|one| one["number"] == 8).unwrap();
        format!(
            "/api/v1/indicators/{}/values",
            level["id"].as_str().unwrap()
        )
    }

    /// The notes of all values, as written by [`keep_writing`].
    async fn notes(&self) -> Vec<String> {
        let values = self.values().await;
        let mut notes = Vec::new();
        let mut path = format!("{values}?limit=200");
        loop {
            let page = self.get(&path).await;
            let items = page["items"].as_array().unwrap();
            notes.extend(
                items
                    .iter()
                    .filter_map(|v| Some(v["note"].as_str()?.to_owned())),
            );
            match page["next_cursor"].as_str() {
                Some(next) => path = format!("{values}?limit=200&cursor={next}"),
                None => return notes,
            }
        }
    }

    /// Writes values one after another until no answer comes; answers those acknowledged.
    async fn keep_writing(&self, name: &str, mut enough: impl FnMut(usize) -> bool) -> Vec<String> {
        let values = self.values().await;
        let mut acknowledged = Vec::new();
        while !enough(acknowledged.len()) {
            let note = format!("{name}-{}", acknowledged.len());
            let body = json!({ "at": "2024-06-30", "value": 231, "note": note });
            match self.send("POST", &values, Some(body), Some(&note)).await {
                Ok((201, _)) => acknowledged.push(note),
                // A node that stops says so; what it refused it did not take.
                Ok((503, _)) | Err(_) => break,
                Ok((status, body)) => panic!("{status}: {body}"),
            }
        }
        acknowledged
    }

    /// Entries of a ledger that its newest checkpoint covers.
    async fn signed(&self, ledger: &str) -> u64 {
        let ledgers = self.get("/api/v1/ledgers").await;
        let items = ledgers["items"].as_array().unwrap();
        let one = items.iter().find(|one| one["name"] == ledger).unwrap();
        one["checkpoint_size"].as_u64().unwrap_or_default()
    }

    /// Waits until a ledger's checkpoint covers more than so many entries.
    async fn signed_beyond(&self, ledger: &str, size: u64) {
        while self.signed(ledger).await <= size {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn ended(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

/// A data folder, and the settings that go with it.
struct Place {
    data: PathBuf,
    settings: Settings,
    database: Option<TestDatabase>,
    _folder: tempfile::TempDir,
}

impl Place {
    fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            data: folder.path().join("data"),
            settings: Settings::new(),
            database: None,
            _folder: folder,
        }
    }

    /// `None`, loudly, where there is no PostgreSQL.
    async fn on_postgres() -> Option<Self> {
        let database = TestDatabase::create().await?;
        let mut place = Self::on_sqlite();
        let url = database.url.clone();
        place.settings.push(("TIANYUAN__DATABASE__URL", url));
        place.database = Some(database);
        Some(place)
    }

    /// Another empty one of the same kind.
    async fn another(&self) -> Self {
        match self.database {
            None => Self::on_sqlite(),
            Some(_) => Self::on_postgres().await.unwrap(),
        }
    }

    fn done(&self, arguments: &[&str]) -> String {
        done(&self.data, &self.settings, arguments)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = ran(&self.data, &self.settings, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?} was not refused");
        said
    }

    async fn close(self) {
        if let Some(database) = self.database {
            database.drop().await;
        }
    }
}

/// Both kinds of place, or the first alone where there is no PostgreSQL.
async fn places() -> Vec<Place> {
    let mut places = vec![Place::on_sqlite()];
    places.extend(Place::on_postgres().await);
    places
}
