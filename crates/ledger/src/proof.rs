//! Proofs a stranger can check offline (c2sp.org/tlog-proof).

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::checkpoint::decimal;
use crate::note::Verified;
use crate::{Checkpoint, Error, Hash, Note, Result, VerifierKey, tree};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No tree of 2^64 entries has a longer path.
const HASHES_MAX: usize = 64;

/// An entry's place in a log, its inclusion proof and the checkpoint. Shown as `.tlog-proof`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// Data of the application; nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// A proof that holds.
#[derive(Debug)]
pub struct Proven<'k> {
    /// The checkpoint it leads to.
    pub checkpoint: Checkpoint,
    /// The log's keys that signed it.
    pub signed_by: Vec<Verified<'k>>,
    /// Witnesses that cosigned it.
    pub witnessed_by: Vec<Verified<'k>>,
}

impl LogProof {
    /// Checks the whole chain: the log's signature, the witnesses', and that `entry` stands where
    /// the proof says. A key counts for the log when its name is the checkpoint's origin.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Malformed`], saying what does not hold.
    pub fn verify<'k>(
        &self,
        entry: &[u8],
        log_keys: &'k [VerifierKey],
        witness_keys: &'k [VerifierKey],
    ) -> Result<Proven<'k>> {
        let checkpoint = Checkpoint::parse(&self.checkpoint.text)?;
        let mut signed_by = self.checkpoint.verified(log_keys)?;
        signed_by.retain(|v| v.key.name() == checkpoint.origin && !v.key.is_cosigner());
        if signed_by.is_empty() {
            let origin = &checkpoint.origin;
            return Err(Error::Invalid(format!(
                "no key given for {origin} signed the checkpoint"
            )));
        }
        let head = checkpoint.head;
        let leaf = Hash::leaf(entry);
        tree::check_inclusion(&self.hashes, self.index, &leaf, head.size, &head.root)?;
        let witnessed_by = self.checkpoint.verified(witness_keys)?;
        Ok(Proven {
            checkpoint,
            signed_by,
            witnessed_by,
        })
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for LogProof {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = |why: &str| Error::Malformed("tlog-proof", why.to_owned());
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("has no empty line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed("line 1 is not c2sp.org/tlog-proof@v1"));
        }
        let mut line = lines.next();
        let extra = match line.and_then(|l| l.strip_prefix("extra ")) {
            Some(extra) => {
                line = lines.next();
                let extra = BASE64_STANDARD.decode(extra);
                Some(extra.map_err(|_| malformed("extra is not base64"))?)
            }
            None => None,
        };
        let index = line
            .and_then(|l| l.strip_prefix("index "))
            .and_then(decimal);
        let index = index.ok_or_else(|| malformed("has no index line"))?;
        let hashes: Vec<Hash> = lines
            .take(HASHES_MAX + 1)
            .map(Hash::from_base64)
            .collect::<Result<_>>()?;
        if hashes.len() > HASHES_MAX {
            return Err(malformed("has more than 64 hashes"));
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: Note::parse(note.as_bytes())?,
        })
    }
}
