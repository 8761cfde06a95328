//! Configuration: one TOML file, overridden by `TIANYUAN__SECTION__KEY` in the environment.
//! Unknown keys are refused, and every error names the key and what would be right.

mod check;
mod read;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

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
    /// What must hold before a dataset opens to everybody.
    pub opening: OpeningConfig,
    /// The outgoing client.
    pub fetch: FetchConfig,
    /// Limits on what callers can grow.
    pub limits: LimitsConfig,
    /// The public page where opinions are given.
    pub participation: ParticipationConfig,
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

/// What must hold before a dataset opens to everybody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpeningConfig {
    /// Rows that must look alike in all identifying fields (k-anonymity).
    pub k_min: u64,
    /// Values of each sensitive field that each such group must hold (l-diversity).
    pub l_min: u64,
}

impl Default for OpeningConfig {
    fn default() -> Self {
        Self { k_min: 5, l_min: 2 }
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

/// The public page where opinions are given: how much it takes, and from whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParticipationConfig {
    /// Opinions a minute from one address; a whole office may share one.
    pub opinions_per_minute_address: u32,
    /// Opinions a minute from everybody.
    pub opinions_per_minute: u32,
    /// Votes a minute from one address.
    pub votes_per_minute_address: u32,
    /// Votes a minute from everybody.
    pub votes_per_minute: u32,
    /// Leading zero bits of the small sum a browser works out before it sends (0: none). Each
    /// bit doubles the work; 14 take a phone well under a second.
    pub challenge_bits: u32,
    /// Bytes of a file attached to an opinion.
    pub attachment_bytes_max: usize,
    /// Files attached to one opinion.
    pub attachments_max: u32,
}

impl Default for ParticipationConfig {
    fn default() -> Self {
        Self {
            opinions_per_minute_address: 20,
            opinions_per_minute: 12_000,
            votes_per_minute_address: 240,
            votes_per_minute: 60_000,
            challenge_bits: 14,
            attachment_bytes_max: 5 << 20,
            attachments_max: 3,
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
    /// Makes the data folder when there is none, for this account alone: records and keys are
    /// in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_data_folder(&self) -> std::io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.node.data)
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
