//! Private keys: in 0600 files, or held by somebody else and reached through a command.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signer as _, SigningKey as Ed25519Secret};
use sha2::{Digest as _, Sha256};
use sm2::dsa::SigningKey as Sm2Secret;
use tokio::io::AsyncWriteExt as _;

use crate::cosignature::LocalCosigner;
use crate::note::{COSIGNATURE_TYPE, ED25519_TYPE, SM2_DISTID, SM2_TYPE};
use crate::{Error, Result, Signer, VerifierKey};

const PRIVATE: &str = "PRIVATE+KEY+";

/// The kinds of private key that are kept in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A log's key, for everybody.
    Ed25519,
    /// A log's second key, for deployments that must use national algorithms.
    Sm2,
    /// A witness's key.
    Cosigner,
}

impl KeyKind {
    fn prefix(self) -> Vec<u8> {
        match self {
            Self::Ed25519 => vec![ED25519_TYPE],
            Self::Cosigner => vec![COSIGNATURE_TYPE],
            Self::Sm2 => [&[0xff], SM2_TYPE].concat(),
        }
    }
}

/// A private key with its name. Its `Debug` shows the public half only.
#[derive(Clone)]
pub struct PrivateKey {
    kind: KeyKind,
    name: String,
    seed: [u8; 32],
    verifier: VerifierKey,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "private half of {}", self.verifier)
    }
}

fn sm2_secret(seed: &[u8; 32]) -> Option<Sm2Secret> {
    Sm2Secret::from_slice(SM2_DISTID, seed).ok()
}

impl PrivateKey {
    /// Makes a key from 32 random bytes.
    ///
    /// # Errors
    /// For a name with spaces or `+`.
    pub fn generate(kind: KeyKind, name: &str, random: [u8; 32]) -> Result<Self> {
        let mut seed = random;
        // One seed in 2^32 is no SM2 scalar; its hash is another try.
        while kind == KeyKind::Sm2 && sm2_secret(&seed).is_none() {
            seed = Sha256::digest(seed).into();
        }
        Self::from_seed(kind, name, seed)
    }

    fn from_seed(kind: KeyKind, name: &str, seed: [u8; 32]) -> Result<Self> {
        let ed25519 = Ed25519Secret::from_bytes(&seed).verifying_key();
        let verifier = match kind {
            KeyKind::Ed25519 => VerifierKey::ed25519(name, ed25519)?,
            KeyKind::Cosigner => VerifierKey::cosigner(name, ed25519)?,
            KeyKind::Sm2 => {
                let secret = sm2_secret(&seed);
                let secret = secret
                    .ok_or_else(|| Error::Malformed("private key", "no SM2 scalar".to_owned()))?;
                VerifierKey::sm2(name, secret.verifying_key().clone())?
            }
        };
        Ok(Self {
            kind,
            name: name.to_owned(),
            seed,
            verifier,
        })
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The witness with this key.
    ///
    /// # Errors
    /// When it is not a witness's key.
    pub fn cosigner(&self) -> Result<LocalCosigner> {
        if self.kind != KeyKind::Cosigner {
            return Err(Error::Invalid(format!(
                "{} is not a witness's key",
                self.name
            )));
        }
        LocalCosigner::new(&self.name, &self.seed)
    }

    /// The private key in words: `PRIVATE+KEY+name+id+base64(type || seed)`.
    #[must_use]
    pub fn secret_text(&self) -> String {
        let data = [self.kind.prefix(), self.seed.to_vec()].concat();
        let data = BASE64_STANDARD.encode(data);
        format!("{PRIVATE}{}+{:08x}+{data}", self.name, self.verifier.id())
    }

    /// Reads what [`Self::secret_text`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`], never showing the text.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed =
            || Error::Malformed("private key", "not PRIVATE+KEY+name+id+base64".to_owned());
        let rest = text
            .trim_end()
            .strip_prefix(PRIVATE)
            .ok_or_else(malformed)?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        let data = BASE64_STANDARD.decode(data).map_err(|_| malformed())?;
        let kinds = [KeyKind::Ed25519, KeyKind::Cosigner, KeyKind::Sm2];
        let found = kinds.into_iter().find_map(|kind| {
            let seed = data.strip_prefix(kind.prefix().as_slice())?;
            Some((kind, seed.try_into().ok()?))
        });
        let (kind, seed) = found.ok_or_else(malformed)?;
        let key = Self::from_seed(kind, name, seed)?;
        if format!("{:08x}", key.verifier.id()) != id {
            return Err(Error::Malformed(
                "private key",
                "its id is not its own".to_owned(),
            ));
        }
        Ok(key)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When the file is missing, readable by others than its owner, or no key.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(&read_secret(path)?)
            .map_err(|error| Error::Malformed("key file", format!("{}: {error}", path.display())))
    }

    /// Writes a new key file, mode 0600, durable when this returns.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_secret(path, &format!("{}\n", self.secret_text()))
    }
}

#[async_trait]
impl Signer for PrivateKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        match self.kind {
            KeyKind::Ed25519 => Ok(Ed25519Secret::from_bytes(&self.seed)
                .sign(text)
                .to_bytes()
                .to_vec()),
            KeyKind::Sm2 => {
                use sm2::dsa::signature::Signer as _;
                let secret = sm2_secret(&self.seed);
                let signature = secret.and_then(|s| s.try_sign(text).ok());
                let signature =
                    signature.ok_or_else(|| Error::Invalid("SM2 signing failed".to_owned()))?;
                Ok(signature.to_vec())
            }
            KeyKind::Cosigner => Err(Error::Invalid(format!(
                "{} is a witness's key: it cosigns",
                self.name
            ))),
        }
    }
}

/// A signer outside of the process: a program that reads a note's text on its standard input and
/// writes the raw signature bytes to its standard output, such as a front end to an HSM.
pub struct CommandSigner {
    program: String,
    arguments: Vec<String>,
    verifier: VerifierKey,
}

impl CommandSigner {
    /// A signer that runs `program` for each signature; what it answers must verify with `key`.
    #[must_use]
    pub fn new(program: &str, arguments: &[String], key: VerifierKey) -> Self {
        Self {
            program: program.to_owned(),
            arguments: arguments.to_vec(),
            verifier: key,
        }
    }
}

#[async_trait]
impl Signer for CommandSigner {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let failed = |why: String| Error::Storage(format!("signer {:?}: {why}", self.program));
        let mut child = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(e.to_string()))?;
        if let Some(mut input) = child.stdin.take() {
            input
                .write_all(text)
                .await
                .map_err(|e| failed(e.to_string()))?;
        }
        let output = child
            .wait_with_output()
            .await
            .map_err(|e| failed(e.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        Ok(output.stdout)
    }
}

/// Reads a secret from a file that only its owner may read.
///
/// # Errors
/// When the file is missing, or its mode lets group or others in.
pub fn read_secret(path: &Path) -> Result<String> {
    let shown = path.display();
    let mut file = fs::File::open(path).map_err(|e| Error::Storage(format!("{shown}: {e}")))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::Storage(format!(
                "{shown} has mode {mode:o}; a secret must be 600: chmod 600 {shown}"
            )));
        }
    }
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|e| Error::Storage(format!("{shown}: {e}")))?;
    Ok(text)
}

/// Writes a secret to a new file of mode 0600, durable when this returns. A half-written secret
/// is never seen under its name.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // A hard link refuses to replace: two processes that make a key at once agree on one.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    linked.map_err(|e| Error::Storage(format!("{}: {e}", path.display())))?;
    Ok(fs::File::open(folder)?.sync_all()?)
}
