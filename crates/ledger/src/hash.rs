//! SHA-256 hashes of entries and tree nodes (RFC 6962, section 2.1).

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::{Error, Result};

/// Bytes of a hash.
pub const HASH_SIZE: usize = 32;

/// A SHA-256 hash. Shown in standard base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; HASH_SIZE]);

impl Hash {
    /// The root of a tree without entries: SHA-256 of nothing.
    #[must_use]
    pub fn empty_root() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The hash of an entry: SHA-256(0x00 || entry).
    #[must_use]
    pub fn leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The hash of two nodes: SHA-256(0x01 || left || right).
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut message = [1; 1 + 2 * HASH_SIZE];
        message[1..=HASH_SIZE].copy_from_slice(&left.0);
        message[1 + HASH_SIZE..].copy_from_slice(&right.0);
        Self(Sha256::digest(message).into())
    }

    /// Reads standard base64 of exactly 32 bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything else, padding that is not canonical included.
    pub fn from_base64(text: &str) -> Result<Self> {
        let malformed =
            || Error::Malformed("hash", format!("{text:.60?} is not base64 of 32 bytes"));
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| malformed())?;
        Ok(Self(bytes.try_into().map_err(|_| malformed())?))
    }

    pub(crate) fn list(bytes: &[u8]) -> Option<Vec<Self>> {
        let (chunks, rest) = bytes.as_chunks::<HASH_SIZE>();
        rest.is_empty()
            .then(|| chunks.iter().map(|c| Self(*c)).collect())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
