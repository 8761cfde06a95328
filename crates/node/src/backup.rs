//! Backup while serving, and restore into an empty folder.
//!
//! A backup is a folder: the records, the files, the ledgers' tiles, and a manifest with the
//! SHA-256 of each. Records are copied first; files and tiles never change once written, so what
//! the records mention is there. Keys are in it only when encrypted to a recovery key
//! ([`crate::recovery`]); otherwise keep them apart. Files and tiles in an
//! S3-compatible store are not in it either: such a store has versions and copies of its own.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::db::{Db, Engine};
use tianyuan_kernel::{Error, Result};

use crate::recovery;

const MANIFEST: &str = "manifest.json";
/// Records of SQLite within a backup, and where a node keeps them.
const SQLITE: &str = "tianyuan.db";
/// Records of PostgreSQL within a backup.
const PGDUMP: &str = "records.pgdump";
/// Folders of the data folder that belong in a backup. The list of `erasures` does not: it must
/// outlive every restore, so that nobody erased comes back with an older backup.
const FOLDERS: [&str; 2] = ["files", "ledger"];

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    version: String,
    /// Relative path → SHA-256 in hexadecimal.
    files: BTreeMap<String, String>,
}

fn wrong(words: String) -> Error {
    Error::internal(words)
}

/// Writes a backup into `target`, which must not exist yet, with the keys if they are to be
/// encrypted to a recovery key; answers how many files it holds.
///
/// # Errors
/// Says what could not be read or written.
pub async fn backup(config: &Config, target: &Path, recovery_key: Option<&str>) -> Result<usize> {
    if target.exists() {
        return Err(wrong(format!(
            "{} exists already; name a new folder",
            target.display()
        )));
    }
    let partial = target.with_extension("partial");
    private_folder(&partial)?;
    let filled = fill(config, &partial, recovery_key).await;
    if filled.is_err() {
        // What is half a backup must not be taken for one, nor stand in the way of the next.
        std::fs::remove_dir_all(&partial)?;
    }
    let count = filled?;
    std::fs::rename(&partial, target)?;
    Ok(count)
}

/// Makes a folder for this account alone: password hashes and personal data go into it.
fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    made.map_err(|e| wrong(format!("{} cannot be made: {e}", path.display())))
}

/// Copies everything into a folder and lists it; answers how many files it holds.
async fn fill(config: &Config, partial: &Path, recovery_key: Option<&str>) -> Result<usize> {
    if let Some(key) = recovery_key {
        recovery::seal(
            &config.node.data.join("keys"),
            &partial.join(recovery::FILE),
            key,
        )?;
    }
    let db = Db::open(config).await?;
    match db.engine() {
        Engine::Sqlite => db.copy_sqlite_to(&partial.join(SQLITE)).await?,
        Engine::Postgres => dump(config, &partial.join(PGDUMP))?,
    }
    db.close().await;
    for folder in FOLDERS {
        copy_folder(&config.node.data.join(folder), &partial.join(folder))?;
    }
    let mut files = BTreeMap::new();
    for path in files_below(partial)? {
        files.insert(relative(partial, &path), digest(&path)?);
    }
    let count = files.len();
    let manifest = Manifest {
        format: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        files,
    };
    std::fs::write(
        partial.join(MANIFEST),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    Ok(count)
}

/// PostgreSQL is dumped by its own tool.
fn dump(config: &Config, target: &Path) -> Result<()> {
    let mut command = postgres_tool("pg_dump", config)?;
    command.args(["--format=custom", "--no-owner", "--file"]);
    succeed(command.arg(target))
}

/// A tool of PostgreSQL with its database; the password goes by the environment, because what is
/// on a command line can be read by every account of the machine.
fn postgres_tool(name: &str, config: &Config) -> Result<Command> {
    let url = config.database_url().map_err(Error::internal)?;
    let mut url = url::Url::parse(&url).map_err(|e| wrong(format!("database.url: {e}")))?;
    let mut command = Command::new(name);
    if let Some(password) = url.password() {
        let password = percent_decode_str(password).decode_utf8_lossy();
        command.env("PGPASSWORD", password.as_ref());
    }
    // Only an address without a host refuses to lose its password, and then it has none.
    let _had_none = url.set_password(None);
    command.args(["--dbname", url.as_str()]);
    Ok(command)
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| {
        wrong(format!(
            "{name} cannot be run: {e}; install the PostgreSQL client"
        ))
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(wrong(format!("{name} failed: {status}")))
    }
}

/// Restores a backup. Refuses a data folder or database that holds anything.
///
/// # Errors
/// Names the file that is missing, changed or in the way.
pub async fn restore(config: &Config, source: &Path) -> Result<usize> {
    let manifest = std::fs::read(source.join(MANIFEST)).map_err(|e| {
        wrong(format!(
            "{} is no backup: {MANIFEST}: {e}",
            source.display()
        ))
    })?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|e| wrong(format!("{MANIFEST} cannot be read: {e}")))?;
    if manifest.format != 1 {
        return Err(wrong(format!(
            "backup format {} is not known here",
            manifest.format
        )));
    }
    for (name, expected) in &manifest.files {
        let path = source.join(name);
        if !belongs(name) {
            return Err(wrong(format!("{name} is not a path of a backup")));
        }
        let found = digest(&path).map_err(|e| wrong(format!("{name}: {e}")))?;
        if found != *expected {
            return Err(wrong(format!(
                "{name} was changed: it is {found}, not {expected}"
            )));
        }
    }
    let data = &config.node.data;
    // What a write-ahead log left behind would be played into the restored records.
    let leftovers = ["tianyuan.db-wal", "tianyuan.db-shm", "tianyuan.db-journal"];
    for name in [SQLITE, FOLDERS[0], FOLDERS[1]]
        .into_iter()
        .chain(leftovers)
    {
        let path = data.join(name);
        let empty = path.is_dir() && std::fs::read_dir(&path)?.next().is_none();
        if path.exists() && !empty {
            return Err(wrong(format!(
                "{} is there already; nothing was overwritten",
                path.display()
            )));
        }
    }
    let of = |name: &str| manifest.files.contains_key(name);
    let url = config.database_url().map_err(Error::internal)?;
    match (of(SQLITE), of(PGDUMP)) {
        (true, false) if !url.starts_with("sqlite:") => {
            return Err(wrong(
                "the backup is of SQLite; leave database.url out to restore it".to_owned(),
            ));
        }
        (true, false) => config.make_data_folder()?,
        // Only what the manifest lists was checked, so only that is restored.
        (false, true) => {
            config.make_data_folder()?;
            undump(config, &source.join(PGDUMP)).await?;
        }
        (true, true) | (false, false) => {
            return Err(wrong(format!(
                "a backup holds either {SQLITE} or {PGDUMP}; this one holds {}",
                if of(SQLITE) { "both" } else { "neither" }
            )));
        }
    }
    let apart = [PGDUMP, recovery::FILE];
    let copied = manifest
        .files
        .keys()
        .filter(|n| !apart.contains(&n.as_str()));
    for name in copied {
        let target = data.join(name);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(source.join(name), &target)?;
        std::fs::File::open(&target)?.sync_all()?;
    }
    Ok(manifest.files.len())
}

/// True for what a backup is made of. Nothing else is ever restored: not keys in the open, and not
/// the list of `erasures`, which no backup may replace.
fn belongs(name: &str) -> bool {
    if [SQLITE, PGDUMP, recovery::FILE].contains(&name) {
        return true;
    }
    let mut parts = name.split('/');
    let inside = parts.next().is_some_and(|first| FOLDERS.contains(&first));
    let rest: Vec<&str> = parts.collect();
    let plain = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains(['\\', '\0']);
    inside && !rest.is_empty() && rest.iter().all(plain)
}

async fn undump(config: &Config, source: &Path) -> Result<()> {
    use tianyuan_kernel::db::{Args, Sql as _};
    let db = Db::open(config).await?;
    if db.engine() != Engine::Postgres {
        return Err(wrong(
            "the backup is of PostgreSQL; set database.url".to_owned(),
        ));
    }
    let tables = "SELECT COUNT(*) AS n FROM information_schema.tables \
                  WHERE table_schema = 'public'";
    let count = db.read().await?.one(tables, Args::new()).await?.int("n")?;
    db.close().await;
    if count > 0 {
        return Err(wrong(
            "the database has tables already; nothing was overwritten".to_owned(),
        ));
    }
    let mut command = postgres_tool("pg_restore", config)?;
    command.args(["--no-owner", "--exit-on-error"]);
    succeed(command.arg(source))
}

fn relative(base: &Path, path: &Path) -> String {
    path.strip_prefix(base)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect());
        }
        hash.update(&buffer[..n]);
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Copies a folder. A file that vanishes meanwhile (a partial tile that was completed) is left out.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    for path in files_below(from)? {
        let target = to.join(relative(from, &path));
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        match std::fs::copy(&path, &target) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(wrong(format!("{}: {e}", path.display()))),
        }
    }
    Ok(())
}
