//! Keys in a backup, encrypted to a recovery key that is kept elsewhere.
//!
//! The file `keys.age` follows the age format (age-encryption.org/v1) with an X25519 recipient, so
//! `age` itself can open it; inside is a JSON object of file names and base64. What a ledger
//! remembers of having signed is left out: a restored node must be told that anew.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tianyuan_kernel::{Error, Result};

/// The encrypted keys within a backup.
pub const FILE: &str = "keys.age";
/// Ending of what a ledger remembers beside its key.
const MEMORY: &str = ".signed.json";

fn wrong(words: String) -> Error {
    Error::internal(words)
}

/// Makes a recovery key: the secret part into a new file of this account alone; answers the public
/// part, which backups are encrypted to.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn make(file: &Path) -> Result<String> {
    let identity = Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = format!("# public key: {public}\n{}\n", secret.expose_secret());
    write_new(file, text.as_bytes())?;
    Ok(public)
}

/// Reads the public part: `age1…` itself, or a file that holds it or the secret part.
fn recipient(given: &str) -> Result<Recipient> {
    if let Ok(found) = given.parse() {
        return Ok(found);
    }
    let unknown = |why: String| {
        wrong(format!(
            "--recovery-key: {given} is neither a public key (age1…) nor a file with one{why}"
        ))
    };
    let text = std::fs::read_to_string(given).map_err(|e| unknown(format!(": {e}")))?;
    let words = text.split_whitespace();
    words
        .clone()
        .find_map(|word| word.parse::<Recipient>().ok())
        .or_else(|| {
            Some(
                words
                    .into_iter()
                    .find_map(|w| w.parse::<Identity>().ok())?
                    .to_public(),
            )
        })
        .ok_or_else(|| unknown(String::new()))
}

/// Writes the keys of a folder, encrypted, as a new file; answers how many there were.
///
/// # Errors
/// Says what could not be read, or that the recovery key is none.
pub fn seal(keys: &Path, target: &Path, recovery_key: &str) -> Result<usize> {
    let recipient = recipient(recovery_key)?;
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(keys)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.ends_with(MEMORY) {
            files.insert(name, STANDARD.encode(std::fs::read(entry.path())?));
        }
    }
    let plain = serde_json::to_vec(&files)?;
    let sealed = age::encrypt(&recipient, &plain).map_err(Error::internal)?;
    write_new(target, &sealed)?;
    Ok(files.len())
}

/// Keys by file name.
pub type Keys = BTreeMap<String, Vec<u8>>;

/// Puts keys into a folder that has none.
///
/// # Errors
/// When one cannot be written.
pub fn put(files: &Keys, keys: &Path) -> Result<()> {
    std::fs::create_dir_all(keys)?;
    for (name, bytes) in files {
        write_new(&keys.join(name), bytes)?;
    }
    Ok(())
}

/// The keys of a backup, for a folder that has none; nothing is written yet.
///
/// # Errors
/// When the backup holds no keys, the recovery key does not open them, or keys are there already.
pub fn read(backup: &Path, keys: &Path, recovery_key: &Path) -> Result<Keys> {
    if keys.is_dir() && std::fs::read_dir(keys)?.next().is_some() {
        return Err(wrong(format!(
            "{} holds keys already; nothing was overwritten",
            keys.display()
        )));
    }
    let path = recovery_key.display();
    let text = std::fs::read_to_string(recovery_key).map_err(|e| wrong(format!("{path}: {e}")))?;
    let identity = text
        .split_whitespace()
        .find_map(|word| word.parse::<Identity>().ok())
        .ok_or_else(|| wrong(format!("{path} holds no secret key (AGE-SECRET-KEY-1…)")))?;
    let sealed = std::fs::read(backup.join(FILE)).map_err(|e| {
        wrong(format!(
            "{FILE}: {e}; this backup was made without --recovery-key"
        ))
    })?;
    let plain = age::decrypt(&identity, &sealed)
        .map_err(|e| wrong(format!("{FILE} does not open with {path}: {e}")))?;
    let files: BTreeMap<String, String> = serde_json::from_slice(&plain)?;
    files
        .into_iter()
        .map(|(name, text)| {
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(wrong(format!("{FILE}: {name} is not a name of a key")));
            }
            let bytes = STANDARD.decode(text).map_err(Error::internal)?;
            Ok((name, bytes))
        })
        .collect()
}

/// A new file that only this account may read.
fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = opened.map_err(|e| wrong(format!("{}: {e}", path.display())))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}
