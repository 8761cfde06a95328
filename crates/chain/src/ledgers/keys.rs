//! A ledger's key files, under `<data>/keys/`, all of mode 0600:
//!
//! - `<ledger>.key`: the Ed25519 key; `<ledger>.sm2.key`: the second one, where configured.
//! - `<ledger>.signer.json` instead of the first: a program that holds the key elsewhere,
//!   `{"program","arguments","key"}`.
//! - `<ledger>.key.next` (and `.sm2.key.next`): the keys a rotation goes to.
//! - `<ledger>.signed.json`: what was signed last, which no restored database may make forget.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tianyuan_kernel::{App, Error, Result};
use tianyuan_ledger::Signer;
use tianyuan_ledger::keys::{CommandSigner, KeyKind, PrivateKey, read_secret};

use super::records::{from_ledger, place};

/// The signers of a ledger, the Ed25519 one first.
pub(super) type Signers = Vec<Arc<dyn Signer>>;

/// Where a ledger's keys lie.
pub(super) struct KeyFiles {
    folder: PathBuf,
    stem: String,
    sm2: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct External {
    program: String,
    #[serde(default)]
    arguments: Vec<String>,
    key: String,
}

/// The folder of all keys.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("keys")
}

impl KeyFiles {
    pub(super) fn of(app: &App, name: &str, generation: i64) -> Self {
        Self {
            folder: folder(&app.config().node.data),
            stem: place(name, generation),
            sm2: app.config().ledger.sm2,
        }
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.stem))
    }

    /// The memory of what was signed.
    pub(super) fn memory(&self) -> PathBuf {
        self.path("signed.json")
    }

    /// Makes the keys that are missing.
    pub(super) fn create(&self, app: &App, origin: &str) -> Result<()> {
        if !self.path("signer.json").exists() {
            make(app, KeyKind::Ed25519, origin, &self.path("key"))?;
        }
        self.create_sm2(app, origin)
    }

    /// Makes the second key when it is wanted and missing.
    pub(super) fn create_sm2(&self, app: &App, origin: &str) -> Result<()> {
        if self.sm2 {
            make(app, KeyKind::Sm2, origin, &self.path("sm2.key"))?;
        }
        Ok(())
    }

    /// The signers; none when the first key is missing.
    pub(super) fn load(&self) -> Result<Signers> {
        let external = self.path("signer.json");
        let mut signers: Signers = Vec::new();
        if external.exists() {
            signers.push(Arc::new(outside(&external)?));
        } else if self.path("key").exists() {
            signers.push(Arc::new(load(&self.path("key"))?));
        } else {
            return Ok(signers);
        }
        if self.sm2 && self.path("sm2.key").exists() {
            signers.push(Arc::new(load(&self.path("sm2.key"))?));
        }
        Ok(signers)
    }

    /// The signers of a rotation that was asked for and is not finished.
    pub(super) fn next(&self) -> Result<Option<Signers>> {
        if !self.is_rotating() {
            return Ok(None);
        }
        let mut signers: Signers = vec![Arc::new(load(&self.path("key.next"))?)];
        if self.sm2 && self.path("sm2.key.next").exists() {
            signers.push(Arc::new(load(&self.path("sm2.key.next"))?));
        }
        Ok(Some(signers))
    }

    /// True while a rotation was asked for and is not finished.
    pub(super) fn is_rotating(&self) -> bool {
        self.path("key.next").exists()
    }

    /// Asks for a rotation. One that is under way is gone on with.
    pub(super) fn prepare(&self, app: &App, origin: &str) -> Result<()> {
        if self.path("signer.json").exists() {
            let words = tianyuan_kernel::Text::new(
                "该链的密钥由外部签名程序保管，请在那里轮换，再改 signer.json。",
                "This ledger's key is held by an external signer: rotate there, then change \
                 signer.json.",
            );
            return Err(Error::conflict("key_is_external", words));
        }
        // The second key first: the first one's presence is the signal.
        if self.sm2 {
            make(app, KeyKind::Sm2, origin, &self.path("sm2.key.next"))?;
        }
        make(app, KeyKind::Ed25519, origin, &self.path("key.next"))
    }

    /// Puts the next keys in the place of the present ones, which are kept under their ids.
    pub(super) fn finish(&self) -> Result<()> {
        for ending in ["sm2.key", "key"] {
            let (now, next) = (self.path(ending), self.path(&format!("{ending}.next")));
            if !next.exists() {
                continue;
            }
            if now.exists() {
                let id = load(&now)?.verifier().id();
                fs::rename(&now, self.path(&format!("{ending}.{id:08x}")))?;
            }
            fs::rename(&next, &now)?;
        }
        fs::File::open(&self.folder)?.sync_all()?;
        Ok(())
    }
}

/// Loads a key, or makes it from the application's randomness when the file is missing.
pub(super) fn load_or_make(app: &App, kind: KeyKind, name: &str, file: &str) -> Result<PrivateKey> {
    let path = folder(&app.config().node.data).join(file);
    make(app, kind, name, &path)?;
    load(&path)
}

fn make(app: &App, kind: KeyKind, name: &str, path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let key = PrivateKey::generate(kind, name, app.random::<32>()).map_err(from_ledger)?;
    key.save(path).map_err(from_ledger)
}

fn load(path: &Path) -> Result<PrivateKey> {
    PrivateKey::load(path).map_err(from_ledger)
}

fn outside(path: &Path) -> Result<CommandSigner> {
    let text = read_secret(path).map_err(from_ledger)?;
    let wrong = |e: String| Error::internal(format!("{}: {e}", path.display()));
    let external: External = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let key = external.key.parse().map_err(|e| wrong(format!("{e}")))?;
    Ok(CommandSigner::new(
        &external.program,
        &external.arguments,
        key,
    ))
}

/// Verifier keys, one a line.
pub(super) fn verifiers(signers: &Signers) -> String {
    let lines = signers.iter().map(|s| s.verifier().to_string());
    lines.collect::<Vec<_>>().join("\n")
}

/// The first of several lines.
pub(super) fn first_line(verifiers: &str) -> &str {
    verifiers.lines().next().unwrap_or_default()
}
