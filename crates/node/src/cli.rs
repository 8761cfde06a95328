//! The command line.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks on them"
)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tianyuan_kernel::authority::{Grant, Role};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::{App, Error, Result};

use crate::serve::Started;
use crate::{backup, compose, recovery, serve};

/// 天元: runs a region's digital trunk line (数字干线).
#[derive(Parser)]
#[command(name = "tianyuan", version)]
struct Cli {
    /// Configuration file (TOML); TIANYUAN__SECTION__KEY in the environment overrides it.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Folder in which everything is kept.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a node.
    Serve(ServeArgs),
    /// Applies missing migrations and ends.
    Migrate,
    /// Looks at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Checks ledgers from outside: signatures, trees, consistency, witnesses.
    Verify(VerifyArgs),
    /// Writes a backup into a new folder, while the node may be serving.
    Backup {
        /// The new folder.
        target: PathBuf,
        /// Puts the keys in as well, encrypted to this recovery key (age1…, or a file with one).
        #[arg(long)]
        recovery_key: Option<String>,
    },
    /// Restores a backup into an empty data folder.
    Restore {
        /// The backup's folder.
        source: PathBuf,
        /// The file of the recovery key that opens the keys within the backup.
        #[arg(long)]
        recovery_key: Option<PathBuf>,
    },
    /// Makes a recovery key for backups and prints its public part; keep the file elsewhere.
    RecoveryKey {
        /// The new file.
        file: PathBuf,
    },
    /// Works with action plans.
    Plan {
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// Works with accounts.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Works with the ledgers' keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Prints the OpenAPI document.
    Openapi,
}

#[derive(Args)]
struct ServeArgs {
    /// Address to listen on.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Loads the sample district into an empty node.
    #[arg(long)]
    demo: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Explains every error in the configuration.
    Check,
}

#[derive(Args)]
struct VerifyArgs {
    /// A node's address (`https://…`) or a folder that holds ledgers.
    source: String,
    /// File with the pinned verifier keys, one a line. A key that was just fetched proves nothing.
    #[arg(long)]
    keys: PathBuf,
    /// Folder that keeps the checkpoints seen, so that the next run proves consistency.
    #[arg(long)]
    seen: Option<PathBuf>,
    /// Verifier keys of witnesses that must have cosigned.
    #[arg(long)]
    witness: Vec<String>,
}

#[derive(Subcommand)]
enum PlanCommand {
    /// Imports an edition from a folder of TOML files, a TOML or JSON file, or a workbook.
    Import {
        /// The file or folder.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Opens an account and prints its first password once.
    Add {
        /// Sign-in name.
        username: String,
        /// Name to show.
        #[arg(long)]
        name: Option<String>,
        /// Roles, such as plan_office or auditor; unit_reporter:CODE for the unit of that code.
        #[arg(long = "role")]
        roles: Vec<String>,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Lists the verifier keys.
    List,
    /// Gives a log a new key; one checkpoint is signed with both.
    Rotate {
        /// The log.
        log: String,
    },
    /// Lets a restored node sign again, once the largest checkpoint seen outside is known.
    Confirm {
        /// The log.
        log: String,
        /// The largest checkpoint that a witness or auditor holds; without it you state that
        /// nobody holds a larger one than this node.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
    /// Begins a new origin that names the old one, when the tail of a log is lost for good.
    Succeed {
        /// The log.
        log: String,
    },
    /// Writes the verifier keys into a file, for `tianyuan verify --keys`.
    Export {
        /// The file.
        file: PathBuf,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    serve::install_tls();
    let (config, mut errors) = Config::examine(cli.config.as_deref(), std::env::vars());
    errors.extend(config.iter().flat_map(compose::problems));
    let mut config = match config {
        Some(config) if errors.is_empty() => config,
        _ => {
            for error in errors {
                eprintln!("config: {error}");
            }
            return ExitCode::from(2);
        }
    };
    if let Some(data) = cli.data {
        config.node.data = data;
    }
    // More than cores: SQLite's statements run on these threads, and a slow one must not hold up
    // whoever asks for something else.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(4) * 2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command, config)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error as people at a terminal read it: what was wrong and where, or the cause itself, which
/// is theirs to know here.
fn in_words(error: &Error) -> String {
    let detail = error.detail();
    let mut words = match error.cause() {
        Some(cause) => cause.to_owned(),
        None => format!("{} · {}", detail.zh, detail.en),
    };
    for field in error.fields() {
        let (zh, en) = (&field.detail.zh, &field.detail.en);
        words.push_str(&format!("\n  {}: {zh} · {en}", field.field));
    }
    words
}

async fn run(command: Command, config: Config) -> Result<ExitCode> {
    match command {
        Command::Serve(args) => serve_node(args, config).await?,
        Command::Migrate => {
            for name in compose::builder(config)?.migrate().await? {
                println!("applied {name}");
            }
        }
        Command::Config {
            command: ConfigCommand::Check,
        } => println!("config: no errors"),
        Command::Verify(args) => return verify(args).await,
        Command::Backup {
            target,
            recovery_key,
        } => {
            let files = backup::backup(&config, &target, recovery_key.as_deref()).await?;
            println!("{files} files in {}", target.display());
            if recovery_key.is_some() {
                println!("the keys are in it, encrypted; keep the recovery key elsewhere");
            } else {
                println!(
                    "keys are not in this backup; keep {} apart, or name a --recovery-key",
                    config.node.data.join("keys").display()
                );
            }
            if let Some(s3) = &config.storage.s3 {
                println!(
                    "files and tiles are in the bucket {}; copy it too",
                    s3.bucket
                );
            }
        }
        Command::Restore {
            source,
            recovery_key,
        } => restore(config, &source, recovery_key.as_deref()).await?,
        Command::RecoveryKey { file } => println!("{}", recovery::make(&file)?),
        Command::Plan {
            command: PlanCommand::Import { file },
        } => {
            let (app, _) = compose::builder(config)?.build().await?;
            let outcome = tianyuan_plan::cli::import(&app, &file, None).await?;
            let done = match (outcome.new, outcome.differences.is_empty()) {
                (true, _) => "loaded",
                (false, false) => "corrected",
                (false, true) => "unchanged:",
            };
            println!("{done} {} {}", outcome.plan.code, outcome.plan.title);
            app.db().close().await;
        }
        Command::User {
            command:
                UserCommand::Add {
                    username,
                    name,
                    roles,
                },
        } => {
            let (app, _) = compose::builder(config)?.build().await?;
            add_user(&app, username, name, &roles).await?;
            app.db().close().await;
        }
        Command::Keys { command } => keys(command, config).await?,
        Command::Openapi => {
            println!("{}", serde_json::to_string_pretty(&compose::document()?)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn restore(
    config: Config,
    source: &std::path::Path,
    recovery_key: Option<&std::path::Path>,
) -> Result<()> {
    let data = config.node.data.clone();
    // Before the node is put together, which would make new keys where there are none.
    let folder = data.join("keys");
    let keys = recovery_key.map(|key| recovery::read(source, &folder, key));
    let keys = keys.transpose()?;
    let files = backup::restore(&config, source).await?;
    if let Some(keys) = &keys {
        recovery::put(keys, &folder)?;
    }
    let (app, _) = compose::builder(config)?.build().await?;
    tianyuan_chain::ledgers::cli::mark_restored(&app).await?;
    app.db().close().await;
    println!("{files} files restored into {}", data.display());
    match keys {
        Some(keys) => println!("{} keys restored; now run", keys.len()),
        None => println!(
            "put the keys back into {}, then run",
            data.join("keys").display()
        ),
    }
    println!("`tianyuan keys confirm LOG` for each log: nothing is signed before that");
    println!("put the old data folder's file `erasures` beside them: who is in it is erased again");
    Ok(())
}

async fn serve_node(args: ServeArgs, mut config: Config) -> Result<()> {
    if let Some(listen) = args.listen {
        config.server.listen = listen;
        if let Some(error) = config
            .check()
            .into_iter()
            .find(|e| e.starts_with("server.listen"))
        {
            return Err(Error::internal(error));
        }
    }
    log_to_stderr(&config);
    let password = std::env::var("TIANYUAN_ADMIN_PASSWORD")
        .ok()
        .filter(|p| !p.is_empty());
    let scheme = if config.server.tls.is_some() {
        "https"
    } else {
        "http"
    };
    serve::run(config, password, args.demo, |started| {
        announce(started, scheme)
    })
    .await
}

fn announce(started: &Started, scheme: &str) {
    println!("天元 Tianyuan  {scheme}://{}", started.address);
    if started.demo {
        println!("样例数据已载入 · the sample district is loaded");
    }
    match &started.first_password {
        Some(password) => println!(
            "登录 sign in:  admin / {password}\n(仅显示一次，首次登录须修改 · shown once, to be changed at first sign-in)"
        ),
        None => println!("登录 sign in:  admin"),
    }
}

fn log_to_stderr(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::new(&config.log.filter);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log.json {
        logs.json().flatten_event(true).init();
    } else {
        logs.init();
    }
}

async fn add_user(
    app: &App,
    username: String,
    name: Option<String>,
    roles: &[String],
) -> Result<()> {
    let units = tianyuan_kernel::party::all(&mut app.db().read().await?).await?;
    let mut grants = Vec::new();
    for role in roles {
        let (name, code) = role.split_once(':').unwrap_or((role, ""));
        let role = Role::from_name(name)
            .filter(|r| *r != Role::Anonymous)
            .ok_or_else(|| Error::internal(format!("there is no role {name}")))?;
        let unit = units.iter().find(|u| u.code == code || u.name == code);
        let scoped = matches!(role, Role::UnitReporter | Role::UnitLead);
        if scoped != unit.is_some() {
            let words =
                format!("{name}: a reporter or lead is named as {name}:UNIT, others without");
            return Err(Error::internal(words));
        }
        grants.push(Grant {
            role,
            unit: unit.map(|u| u.id.to_string()),
        });
    }
    let new = tianyuan_shield::people::NewPerson {
        name: name.unwrap_or_else(|| username.clone()),
        username: Some(username.clone()),
        grants,
        password: None,
        must_change: true,
    };
    let (_, password) = tianyuan_shield::people::open(app, None, new).await?;
    println!("{username} / {}", password.unwrap_or_default());
    Ok(())
}

async fn verify(args: VerifyArgs) -> Result<ExitCode> {
    let request = tianyuan_chain::ledgers::cli::VerifyRequest {
        source: args.source,
        keys: args.keys,
        seen: args.seen,
        witnesses: args.witness,
    };
    let report = tianyuan_chain::ledgers::cli::verify(request).await?;
    for line in &report.lines {
        println!("{line}");
    }
    Ok(if report.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn keys(command: KeysCommand, config: Config) -> Result<()> {
    let (app, _) = compose::builder(config)?.build().await?;
    match command {
        KeysCommand::List => {
            for key in tianyuan_chain::ledgers::cli::keys_list(&app).await? {
                println!("{key}");
            }
        }
        KeysCommand::Rotate { log } => {
            let key = tianyuan_chain::ledgers::cli::keys_rotate(&app, &log).await?;
            println!("{key}");
        }
        KeysCommand::Confirm { log, checkpoint } => {
            tianyuan_chain::ledgers::cli::confirm(&app, &log, checkpoint.as_deref()).await?;
            println!("{log} may sign again");
        }
        KeysCommand::Succeed { log } => {
            let key = tianyuan_chain::ledgers::cli::succeed(&app, &log).await?;
            println!("{key}");
        }
        KeysCommand::Export { file } => {
            let keys = tianyuan_chain::ledgers::cli::keys_list(&app).await?;
            std::fs::write(&file, keys.join("\n") + "\n")?;
            println!("{} keys in {}", keys.len(), file.display());
        }
    }
    app.db().close().await;
    Ok(())
}
