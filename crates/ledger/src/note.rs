//! Signed notes (c2sp.org/signed-note) and the keys that verify them.
//!
//! Three kinds of signature are known: Ed25519 (0x01), timestamped cosignatures of witnesses
//! (0x04), and our own SM2 with SM3 for deployments that must use national algorithms: type 0xff
//! followed by [`SM2_TYPE`], key data the uncompressed point (65 bytes), signature r || s (64
//! bytes) over the note's text, with the distinguishing identifier `1234567812345678`.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::VerifyingKey as Ed25519Key;
use sha2::{Digest as _, Sha256};
use sm2::dsa::VerifyingKey as Sm2Key;
use sm2::dsa::signature::Verifier as _;

use crate::{Error, Result, cosignature};

/// The signature type of Ed25519.
pub const ED25519_TYPE: u8 = 0x01;
/// The signature type of timestamped witness cosignatures.
pub const COSIGNATURE_TYPE: u8 = 0x04;
/// What follows 0xff in keys of our SM2 signatures.
pub const SM2_TYPE: &[u8] = b"tianyuan/sm2-sm3/v1";
/// The distinguishing identifier GM/T 0009 gives for general use.
pub const SM2_DISTID: &str = "1234567812345678";
/// Bytes of the largest note that is read.
pub const NOTE_SIZE_MAX: usize = 1 << 20;
const SIGNATURES_MAX: usize = 100;

/// A signature line: `— name base64(key id || signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: u32,
    /// The signature proper.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes(), self.bytes.as_slice()].concat();
        write!(f, "— {} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

impl FromStr for Signature {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let malformed = || Error::Malformed("signature line", format!("{line:.80?}"));
        let rest = line.strip_prefix("— ").ok_or_else(malformed)?;
        let (name, encoded) = rest.split_once(' ').ok_or_else(malformed)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| malformed())?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
        if !is_key_name(name) || bytes.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }
}

/// A text and its signatures. Shown in the format of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, its last newline included.
    pub text: String,
    /// The signatures, in order.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a signed note.
    ///
    /// # Errors
    /// [`Error::Malformed`]; signatures are not checked here.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let malformed = |why: &str| Error::Malformed("note", why.to_owned());
        if bytes.len() > NOTE_SIZE_MAX {
            return Err(malformed("larger than 1 MiB"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        if note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(malformed("has a control character"));
        }
        let end = note
            .rfind("\n\n")
            .ok_or_else(|| malformed("has no blank line"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| malformed("ends without a newline"))?;
        let signatures: Vec<Signature> =
            lines.split('\n').map(str::parse).collect::<Result<_>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(malformed("has more than 100 signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The keys among `known` whose signature this note carries, in the order of `known`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a signature of a known key is wrong. Unknown keys are passed over.
    pub fn verified<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>> {
        let mut verified = Vec::new();
        for key in known {
            let mine = |s: &&Signature| s.id == key.id && s.name == key.name;
            let Some(signature) = self.signatures.iter().find(mine) else {
                continue;
            };
            let at = key
                .verify(self.text.as_bytes(), &signature.bytes)
                .ok_or_else(|| {
                    Error::Invalid(format!(
                        "the signature of {}+{:08x} is wrong",
                        key.name, key.id
                    ))
                })?;
            verified.push(Verified {
                key,
                cosigned_at: at.cosigned_at,
            });
        }
        Ok(verified)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A signature that holds.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'k> {
    /// The key it was checked with.
    pub key: &'k VerifierKey,
    /// Seconds since 1970 at which a witness cosigned; `None` for other kinds of signature.
    pub cosigned_at: Option<u64>,
}

/// What a valid signature says besides "signed".
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// Seconds since 1970, for cosignatures.
    pub cosigned_at: Option<u64>,
}

#[derive(Clone)]
enum Material {
    Ed25519(Box<Ed25519Key>),
    Cosigner(Box<Ed25519Key>),
    Sm2(Box<Sm2Key>),
}

/// A public key with its name, written `name+id+base64(type || key)`.
#[derive(Clone)]
pub struct VerifierKey {
    name: String,
    id: u32,
    material: Material,
}

impl VerifierKey {
    /// The key's name; for a log's key the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// True for a witness's key.
    #[must_use]
    pub fn is_cosigner(&self) -> bool {
        matches!(self.material, Material::Cosigner(_))
    }

    /// True for a key of the national algorithms.
    #[must_use]
    pub fn is_sm2(&self) -> bool {
        matches!(self.material, Material::Sm2(_))
    }

    /// An Ed25519 key.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a name with spaces or `+`.
    pub fn ed25519(name: &str, key: Ed25519Key) -> Result<Self> {
        Self::new(name, Material::Ed25519(Box::new(key)))
    }

    /// A witness's key.
    ///
    /// # Errors
    /// As [`Self::ed25519`].
    pub fn cosigner(name: &str, key: Ed25519Key) -> Result<Self> {
        Self::new(name, Material::Cosigner(Box::new(key)))
    }

    /// An SM2 key.
    ///
    /// # Errors
    /// As [`Self::ed25519`].
    pub fn sm2(name: &str, key: Sm2Key) -> Result<Self> {
        Self::new(name, Material::Sm2(Box::new(key)))
    }

    fn new(name: &str, material: Material) -> Result<Self> {
        if !is_key_name(name) {
            return Err(Error::Malformed("key name", format!("{name:.80?}")));
        }
        let id = key_id(name, &material.encode());
        Ok(Self {
            name: name.to_owned(),
            id,
            material,
        })
    }

    /// Checks a signature over `text`; `None` when it is wrong.
    #[must_use]
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> Option<Signed> {
        let cosigned_at = match &self.material {
            Material::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
                key.verify_strict(text, &signature).ok()?;
                None
            }
            Material::Cosigner(key) => Some(cosignature::verify(key, text, signature)?),
            Material::Sm2(key) => {
                let signature = sm2::dsa::Signature::from_slice(signature).ok()?;
                key.verify(text, &signature).ok()?;
                None
            }
        };
        Some(Signed { cosigned_at })
    }
}

impl Material {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => [&[ED25519_TYPE], key.as_bytes().as_slice()].concat(),
            Self::Cosigner(key) => [&[COSIGNATURE_TYPE], key.as_bytes().as_slice()].concat(),
            Self::Sm2(key) => [&[0xff], SM2_TYPE, &key.to_sec1_bytes()].concat(),
        }
    }

    fn decode(data: &[u8]) -> Option<Self> {
        let (kind, key) = data.split_first()?;
        let ed25519 = || {
            Ed25519Key::from_bytes(key.try_into().ok()?)
                .ok()
                .map(Box::new)
        };
        match *kind {
            ED25519_TYPE => ed25519().map(Self::Ed25519),
            COSIGNATURE_TYPE => ed25519().map(Self::Cosigner),
            0xff => {
                let point = key.strip_prefix(SM2_TYPE).filter(|p| p.len() == 65)?;
                Sm2Key::from_sec1_bytes(SM2_DISTID, point)
                    .ok()
                    .map(|k| Self::Sm2(Box::new(k)))
            }
            _ => None,
        }
    }
}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.material.encode() == other.material.encode()
    }
}

impl Eq for VerifierKey {}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = BASE64_STANDARD.encode(self.material.encode());
        write!(f, "{}+{:08x}+{data}", self.name, self.id)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed =
            |why: &str| Error::Malformed("verifier key", format!("{why}: {text:.120?}"));
        let parts = || {
            let (name, rest) = text.split_once('+')?;
            let (id, data) = rest.split_once('+')?;
            let number = u32::from_str_radix(id, 16).ok()?;
            (format!("{number:08x}") == id).then_some((name, number, data))
        };
        let (name, id, data) = parts().ok_or_else(|| malformed("not name+id+key"))?;
        let data = BASE64_STANDARD
            .decode(data)
            .map_err(|_| malformed("key is not base64"))?;
        let material = Material::decode(&data);
        let key = Self::new(
            name,
            material.ok_or_else(|| malformed("unknown kind of key"))?,
        )?;
        if key.id != id {
            return Err(malformed("the id does not belong to this name and key"));
        }
        Ok(key)
    }
}

/// Signs notes with one key. The key may live elsewhere: see [`crate::keys::CommandSigner`].
#[async_trait]
pub trait Signer: Send + Sync {
    /// The public half.
    fn verifier(&self) -> &VerifierKey;

    /// Signs a note's text.
    ///
    /// # Errors
    /// When the key cannot be reached.
    async fn sign(&self, text: &[u8]) -> Result<Vec<u8>>;

    /// The signature line for a text.
    ///
    /// # Errors
    /// As [`Self::sign`], and when the signature does not verify: a faulty signer must not be
    /// published.
    async fn line(&self, text: &str) -> Result<Signature> {
        let key = self.verifier();
        let bytes = self.sign(text.as_bytes()).await?;
        if key.verify(text.as_bytes(), &bytes).is_none() {
            return Err(Error::Invalid(format!(
                "the signer of {} signs wrongly",
                key.name
            )));
        }
        Ok(Signature {
            name: key.name.clone(),
            id: key.id,
            bytes,
        })
    }
}

/// The id of a key: the first four bytes of SHA-256(name || newline || type || key).
fn key_id(name: &str, data: &[u8]) -> u32 {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(data)
        .finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// A key's name is not empty and has neither spaces nor `+` nor control characters.
fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
