//! Timestamped Ed25519 cosignatures of witnesses (c2sp.org/tlog-cosignature, `cosignature/v1`).

use async_trait::async_trait;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::note::{Signature, VerifierKey};
use crate::{Error, Result};

fn message(at: u64, text: &[u8]) -> Vec<u8> {
    [format!("cosignature/v1\ntime {at}\n").as_bytes(), text].concat()
}

/// Checks a cosignature; answers its time in seconds since 1970.
pub(crate) fn verify(key: &VerifyingKey, text: &[u8], signature: &[u8]) -> Option<u64> {
    let (at, signature) = signature.split_first_chunk::<8>()?;
    let at = u64::from_be_bytes(*at);
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    i64::try_from(at).ok()?;
    key.verify_strict(&message(at, text), &signature)
        .ok()
        .map(|()| at)
}

/// Cosigns checkpoints with one witness's key.
#[async_trait]
pub trait Cosigner: Send + Sync {
    /// The public half; its kind is a cosigner's.
    fn verifier(&self) -> &VerifierKey;

    /// The signature line for a checkpoint's text at a time in seconds since 1970.
    ///
    /// # Errors
    /// When the key cannot be reached.
    async fn cosign(&self, text: &str, at: u64) -> Result<Signature>;
}

/// A witness's key held in memory.
pub struct LocalCosigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl LocalCosigner {
    /// A witness of this name, from 32 random bytes. The seed must belong to this witness alone:
    /// cosignatures do not say the witness's name.
    ///
    /// # Errors
    /// For a name with spaces or `+`.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self {
            verifier: VerifierKey::cosigner(name, key.verifying_key())?,
            key,
        })
    }
}

#[async_trait]
impl Cosigner for LocalCosigner {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn cosign(&self, text: &str, at: u64) -> Result<Signature> {
        i64::try_from(at).map_err(|_| Error::Invalid(format!("{at} is no time to cosign")))?;
        let signature = self.key.sign(&message(at, text.as_bytes()));
        let bytes = [at.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        Ok(Signature {
            name: self.verifier.name().to_owned(),
            id: self.verifier.id(),
            bytes,
        })
    }
}
