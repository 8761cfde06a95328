//! Configuration: one TOML file, overridden by `TIANYUAN__SECTION__KEY` in the environment.
//! Unknown keys are refused, and every error names the key and what would be right.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fetch::FetchConfig;

/// Everything that can be configured. Every section has a working default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What this node is called.
    pub node: NodeConfig,
    /// Listening, TLS, proxies.
    pub server: ServerConfig,
    /// Records.
    pub database: DatabaseConfig,
    /// Files and ledger tiles.
    pub storage: StorageConfig,
    /// Tables of rows and SQL over them.
    pub lake: LakeConfig,
    /// The outgoing client.
    pub fetch: FetchConfig,
    /// Limits on what callers can grow.
    pub limits: LimitsConfig,
    /// Accounts, sessions, outside identity providers, policies.
    pub identity: IdentityConfig,
    /// The five ledgers.
    pub ledger: LedgerConfig,
    /// Logs.
    pub log: LogConfig,
}

/// What this node is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// Chinese name, shown in the console.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Where everything is kept; `--data` overrides it.
    pub data: PathBuf,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            name_zh: "天元 · 数字干线".to_owned(),
            name_en: "Tianyuan digital trunk line".to_owned(),
            data: PathBuf::from("data"),
        }
    }
}

/// Listening, TLS, proxies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address to listen on; `--listen` overrides it.
    pub listen: SocketAddr,
    /// Address of Arrow Flight SQL, such as `127.0.0.1:8362`; not served when absent.
    pub flight_listen: Option<SocketAddr>,
    /// The address browsers use, such as `https://trunk.example.gov.cn`; needed for OIDC.
    pub public_url: Option<url::Url>,
    /// Certificate chain and key in PEM.
    pub tls: Option<TlsConfig>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Seconds a request may take.
    pub request_timeout_s: u64,
    /// Seconds that running requests get at shutdown.
    pub shutdown_grace_s: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8361)),
            flight_listen: None,
            public_url: None,
            tls: None,
            trusted_proxies: Vec::new(),
            request_timeout_s: 60,
            shutdown_grace_s: 20,
        }
    }
}

/// Files of the TLS identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// Records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`; by default SQLite in the data folder.
    pub url: Option<Secret>,
    /// Connections for reading (SQLite) or for everything (PostgreSQL).
    pub connections_max: u32,
    /// Seconds to wait for a connection.
    pub acquire_timeout_s: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            connections_max: 16,
            acquire_timeout_s: 10,
        }
    }
}

/// Where files and tiles are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// An S3-compatible store; the data folder when absent.
    pub s3: Option<S3Config>,
}

/// An S3-compatible object store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Endpoint such as `https://s3.example.cn`.
    pub endpoint: url::Url,
    /// Bucket.
    pub bucket: String,
    /// Region.
    #[serde(default = "default_region")]
    pub region: String,
    /// Access key id.
    pub access_key_id: Secret,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Permit plain HTTP (loopback test stores).
    #[serde(default)]
    pub allow_http: bool,
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

/// Tables of rows and SQL over them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LakeConfig {
    /// Bytes of memory one statement may hold before it spills to disk or is refused.
    pub query_memory_bytes_max: usize,
    /// Bytes all statements together may spill under `--data`/spill.
    pub spill_bytes_max: u64,
    /// Seconds a statement may run.
    pub query_seconds_max: u64,
    /// Rows of a JSON answer; more are cut off, and the answer says so.
    pub json_rows_max: usize,
    /// Rows of a streamed answer (CSV, Arrow).
    pub stream_rows_max: usize,
    /// Statements of one caller at once.
    pub queries_max_caller: usize,
    /// Statements of all callers at once.
    pub queries_max: usize,
    /// Minutes for which a signed address of a file is good.
    pub file_minutes: u32,
}

impl Default for LakeConfig {
    fn default() -> Self {
        Self {
            query_memory_bytes_max: 512 << 20,
            spill_bytes_max: 16 << 30,
            query_seconds_max: 60,
            json_rows_max: 100_000,
            stream_rows_max: 100_000_000,
            queries_max_caller: 4,
            queries_max: 32,
            file_minutes: 60,
        }
    }
}

/// Limits on what callers can grow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Bytes of a JSON body.
    pub json_bytes_max: usize,
    /// Bytes of an uploaded workbook.
    pub workbook_bytes_max: usize,
    /// Bytes of an attached file.
    pub file_bytes_max: u64,
    /// Requests a minute of one signed-in caller.
    pub requests_per_minute_caller: u32,
    /// Requests a minute of one address without sign-in.
    pub requests_per_minute_address: u32,
    /// Sign-in attempts a minute of one address.
    pub sign_ins_per_minute_address: u32,
    /// Live event streams at once.
    pub event_streams_max: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            json_bytes_max: 1 << 20,
            workbook_bytes_max: 16 << 20,
            file_bytes_max: 64 << 20,
            requests_per_minute_caller: 6_000,
            requests_per_minute_address: 1_200,
            sign_ins_per_minute_address: 30,
            event_streams_max: 1_000,
        }
    }
}

/// Accounts, sessions, outside identity providers, policies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// Hours after which a session ends whatever happens.
    pub session_hours_max: u32,
    /// Minutes of silence after which a session ends.
    pub session_idle_minutes: u32,
    /// Folder of `*.cedar` files that replace the built-in policies.
    pub policies: Option<PathBuf>,
    /// OpenID Connect providers.
    pub oidc: Vec<OidcConfig>,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            session_hours_max: 12,
            session_idle_minutes: 120,
            policies: None,
            oidc: Vec::new(),
        }
    }
}

/// One OpenID Connect provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Short name used in addresses.
    pub id: String,
    /// Words on the sign-in button.
    pub title: String,
    /// Issuer address; discovery is read from it.
    pub issuer: url::Url,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Option<Secret>,
    /// Scopes besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Claim that names the units.
    #[serde(default)]
    pub unit_claim: Option<String>,
    /// Claim that names the roles.
    #[serde(default)]
    pub role_claim: Option<String>,
    /// From a value of the role claim to our role.
    #[serde(default)]
    pub role_map: std::collections::BTreeMap<String, String>,
}

/// The five ledgers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerConfig {
    /// Prefix of the logs' origins, such as `trunk.example.gov.cn`; by default the node's own
    /// random name, made at first start.
    pub origin: Option<String>,
    /// Milliseconds between integrations.
    pub interval_ms: u64,
    /// Adds an SM2-with-SM3 signature line to checkpoints.
    pub sm2: bool,
    /// Witnesses that cosign our checkpoints.
    pub witnesses: Vec<WitnessConfig>,
    /// Logs of others that this node witnesses: their verifier keys.
    pub witnessed: Vec<String>,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            origin: None,
            interval_ms: 200,
            sm2: false,
            witnesses: Vec::new(),
            witnessed: Vec::new(),
        }
    }
}

/// A witness.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Address of its `add-checkpoint`.
    pub url: url::Url,
    /// Its verifier key (signed-note form).
    pub key: String,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Filter in the form of `tracing_subscriber`'s `EnvFilter`.
    pub filter: String,
    /// JSON lines; otherwise plain text.
    pub json: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info,sqlx=warn".to_owned(),
            json: true,
        }
    }
}

/// A secret: given in place, or `{ file = "…" }`. It is never printed.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Secret {
    /// The value itself.
    Value(String),
    /// A file that holds it; surrounding white space is dropped.
    File {
        /// The file.
        file: PathBuf,
    },
}

impl Secret {
    /// Reads the secret.
    ///
    /// # Errors
    /// Says which file could not be read.
    pub fn reveal(&self) -> Result<String, String> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::File { file } => std::fs::read_to_string(file)
                .map(|text| text.trim().to_owned())
                .map_err(|e| format!("cannot read the secret file {}: {e}", file.display())),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("<secret>"),
            Self::File { file } => write!(f, "<secret in {}>", file.display()),
        }
    }
}

impl Config {
    /// Reads a file (none: the defaults) and lays the environment over it.
    ///
    /// # Errors
    /// Every problem found, one line each, naming the key and what would be right.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<String>> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|e| vec![format!("cannot read {}: {e}", path.display())])?
                .parse::<toml::Table>()
                .map_err(|e| vec![format!("{} is not TOML: {e}", path.display())])?,
        };
        let mut errors = Vec::new();
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("TIANYUAN__")
                && let Err(error) = overlay(&mut table, path, &value)
            {
                errors.push(format!("{name}: {error}"));
            }
        }
        let config = read(table, &mut errors);
        errors.extend(config.iter().flat_map(Self::check));
        match config {
            Some(config) if errors.is_empty() => Ok(config),
            _ => Err(errors),
        }
    }

    /// What is well-formed and yet cannot work.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut errors = self.fetch.check();
        if !self.server.listen.ip().is_loopback()
            && self.server.tls.is_none()
            && self.server.trusted_proxies.is_empty()
        {
            errors.push(format!(
                "server.listen: {} is reachable from outside; set server.tls (certificate, key), \
                 or name the TLS-terminating proxy in server.trusted_proxies, or listen on 127.0.0.1",
                self.server.listen
            ));
        }
        if let Some(flight) = self.server.flight_listen
            && !flight.ip().is_loopback()
            && self.server.tls.is_none()
        {
            errors.push(format!(
                "server.flight_listen: {flight} is reachable from outside; set server.tls \
                 (certificate, key), or listen on 127.0.0.1"
            ));
        }
        if let Some(tls) = &self.server.tls {
            for (key, path) in [("certificate", &tls.certificate), ("key", &tls.key)] {
                if !path.is_file() {
                    errors.push(format!("server.tls.{key}: no file at {}", path.display()));
                }
            }
        }
        let secrets = [("database.url", self.database.url.as_ref())]
            .into_iter()
            .chain(self.storage.s3.iter().flat_map(|s3| {
                [
                    ("storage.s3.access_key_id", Some(&s3.access_key_id)),
                    ("storage.s3.secret_access_key", Some(&s3.secret_access_key)),
                ]
            }))
            .chain(
                self.identity
                    .oidc
                    .iter()
                    .map(|o| ("identity.oidc.client_secret", o.client_secret.as_ref())),
            );
        for (key, secret) in secrets {
            if let Some(Err(error)) = secret.map(Secret::reveal) {
                errors.push(format!("{key}: {error}"));
            }
        }
        if let Some(Ok(url)) = self.database.url.as_ref().map(Secret::reveal)
            && !["sqlite:", "postgres:", "postgresql:"]
                .iter()
                .any(|p| url.starts_with(p))
        {
            errors.push("database.url: must begin with sqlite: or postgres://".to_owned());
        }
        if !self.identity.oidc.is_empty() && self.server.public_url.is_none() {
            errors.push(
                "server.public_url: needed with identity.oidc, because providers send browsers back to it"
                    .to_owned(),
            );
        }
        if let Some(folder) = self.identity.policies.as_ref().filter(|f| !f.is_dir()) {
            errors.push(format!(
                "identity.policies: no folder at {}",
                folder.display()
            ));
        }
        if !(10..=10_000).contains(&self.ledger.interval_ms) {
            errors.push("ledger.interval_ms: between 10 and 10000".to_owned());
        }
        if self.database.connections_max == 0 {
            errors.push("database.connections_max: at least 1".to_owned());
        }
        errors
    }

    /// The database's address.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub fn database_url(&self) -> Result<String, String> {
        match &self.database.url {
            Some(secret) => secret.reveal(),
            None => Ok(format!(
                "sqlite:{}",
                self.node.data.join("tianyuan.db").display()
            )),
        }
    }
}

/// Reads a table; each wrong key is said and then left out, so that the next can be said too.
fn read(mut table: toml::Table, errors: &mut Vec<String>) -> Option<Config> {
    for _ in 0..100 {
        match serde_path_to_error::deserialize(toml::Value::Table(table.clone())) {
            Ok(config) => return Some(config),
            Err(error) => {
                let path = error.path().to_string();
                let said = error.inner().to_string();
                errors.push(format!("{path}: {}", said.lines().next().unwrap_or(&said)));
                if !leave_out(&mut table, &path) {
                    return None;
                }
            }
        }
    }
    None
}

/// Takes `a.b.c` out of the table, as far as tables go; false when nothing is there.
fn leave_out(table: &mut toml::Table, path: &str) -> bool {
    match path.split_once('.') {
        Some((first, rest)) => match table.get_mut(first) {
            Some(toml::Value::Table(inner)) => {
                leave_out(inner, rest) || table.remove(first).is_some()
            }
            _ => table.remove(first).is_some(),
        },
        None => table
            .remove(path.split('[').next().unwrap_or(path))
            .is_some(),
    }
}

/// Sets `a.b.c` of the table from `A__B__C`; the value is TOML when it parses as such, else text.
fn overlay(table: &mut toml::Table, path: &str, value: &str) -> Result<(), String> {
    let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
    let Some((last, parents)) = keys.split_last() else {
        return Ok(());
    };
    let mut here = table;
    for key in parents {
        here = here
            .entry(key.clone())
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{key} is not a section"))?;
    }
    let parsed = format!("v = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    here.insert(last.clone(), parsed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::load(
            None,
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        )
    }

    #[test]
    fn the_environment_overrides_and_unknown_keys_are_refused_by_name() {
        let config = load(&[
            ("TIANYUAN__SERVER__LISTEN", "127.0.0.1:9000"),
            ("TIANYUAN__LEDGER__SM2", "true"),
            ("TIANYUAN__DATABASE__CONNECTIONS_MAX", "3"),
            ("UNRELATED", "x"),
        ])
        .unwrap();
        assert_eq!(config.server.listen.port(), 9000);
        assert!(config.ledger.sm2);
        assert_eq!(config.database.connections_max, 3);
        let errors = load(&[("TIANYUAN__SERVER__LISTNE", "x")]).unwrap_err();
        assert!(
            errors[0].contains("listne") && errors[0].contains("listen"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_public_address_needs_tls_or_a_named_proxy() {
        let errors = load(&[("TIANYUAN__SERVER__LISTEN", "0.0.0.0:80")]).unwrap_err();
        assert!(errors[0].starts_with("server.listen"), "{errors:?}");
        load(&[
            ("TIANYUAN__SERVER__LISTEN", "0.0.0.0:80"),
            ("TIANYUAN__SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]"),
        ])
        .unwrap();
    }

    #[test]
    fn secrets_come_from_files_and_are_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://u:hunter2@h/d\n").unwrap();
        let toml = format!("{{ file = '{}' }}", file.display());
        let config = load(&[("TIANYUAN__DATABASE__URL", &toml)]).unwrap();
        assert_eq!(config.database_url().unwrap(), "postgres://u:hunter2@h/d");
        let config = load(&[("TIANYUAN__DATABASE__URL", "postgres://u:hunter2@h/d")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let errors = load(&[("TIANYUAN__DATABASE__URL", "{ file = '/nowhere/x' }")]).unwrap_err();
        assert!(errors[0].starts_with("database.url"), "{errors:?}");
    }
}
