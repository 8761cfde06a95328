//! Masking keys: files of mode 0600 under `<data>/keys`, `masking-1.key`, `masking-2.key`, …;
//! the highest number is in force. They never leave the process: no plan, log or backup holds
//! them. Nodes that serve one database share them, or their digests would differ.

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sm3::Sm3;
use tianyuan_kernel::{App, Error, Result};
use zeroize::Zeroizing;

const PREFIX: &str = "masking-";
const SUFFIX: &str = ".key";

/// The key in force, split by use.
pub(crate) struct Keys {
    /// Its number.
    pub(crate) number: u32,
    digest: Zeroizing<[u8; 32]>,
    encrypt: Zeroizing<[u8; 16]>,
    links: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.number)
    }
}

impl Keys {
    /// Reads the key in force; makes the first one.
    pub(crate) fn open(app: &App) -> Result<Self> {
        let folder = app.config().node.data.join("keys");
        std::fs::create_dir_all(&folder)?;
        let (number, path) = match newest(&folder)? {
            Some(found) => found,
            None => {
                let path = path_of(&folder, 1);
                make(&path, &app.random::<32>())?;
                (1, path)
            }
        };
        let text = Zeroizing::new(std::fs::read_to_string(&path)?);
        let mut secret = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim(), secret.as_mut_slice())
            .map_err(|_| Error::internal(format!("{}: not a masking key", path.display())))?;
        Ok(Self::from_secret(number, &secret))
    }

    pub(crate) fn from_secret(number: u32, secret: &[u8; 32]) -> Self {
        let mut encrypt = Zeroizing::new([0_u8; 16]);
        encrypt.copy_from_slice(&mac(secret, b"tianyuan masking: encrypt")[..16]);
        Self {
            number,
            digest: Zeroizing::new(mac(secret, b"tianyuan masking: digest")),
            encrypt,
            links: Zeroizing::new(mac(secret, b"tianyuan masking: links")),
        }
    }

    /// HMAC-SM3 of a value.
    pub(crate) fn digest(&self, value: &[u8]) -> [u8; 32] {
        mac(&self.digest, value)
    }

    /// Signs addresses of files; with another masking key they die.
    pub(crate) fn sign(&self, address: &[u8]) -> [u8; 32] {
        mac(&self.links, address)
    }

    /// The SM4 key of format-preserving encryption.
    pub(crate) fn encrypt(&self) -> &[u8; 16] {
        &self.encrypt
    }
}

/// HMAC-SM3.
pub(crate) fn mac(key: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sm3>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(value);
    mac.finalize().into_bytes().into()
}

fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{PREFIX}{number}{SUFFIX}"))
}

fn newest(folder: &Path) -> Result<Option<(u32, PathBuf)>> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name
            .strip_prefix(PREFIX)
            .and_then(|n| n.strip_suffix(SUFFIX))
            .and_then(|n| n.parse::<u32>().ok());
        newest = newest.max(number);
    }
    Ok(newest.map(|number| (number, path_of(folder, number))))
}

/// Written whole or not at all; whoever else made it first has made it.
fn make(path: &Path, secret: &[u8; 32]) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let staged = path.with_extension("key.new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)?;
    file.write_all(hex::encode(secret).as_bytes())?;
    file.sync_all()?;
    match std::fs::hard_link(&staged, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    std::fs::remove_file(&staged)?;
    Ok(())
}
