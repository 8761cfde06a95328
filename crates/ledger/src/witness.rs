//! Witnessing (c2sp.org/tlog-witness): what a witness answers, and what a log asks.
//!
//! Invariant: a witness cosigns only what extends the last it cosigned, and what it cosigned is
//! durable before the cosignature leaves.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::checkpoint::decimal;
use crate::cosignature::Cosigner;
use crate::note::{Signature, VerifierKey};
use crate::{Checkpoint, Error, Hash, Note, Result, TreeHead, tree};

/// Bytes of the largest request: 63 hashes and a checkpoint with its signatures.
pub const REQUEST_SIZE_MAX: usize = 64 << 10;
/// The media type of a 409's body.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
const HASHES_MAX: usize = 63;

/// A request to `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size the client believes the witness cosigned last.
    pub old_size: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The new signed checkpoint.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads a request's body.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self> {
        let malformed = |why: &str| Error::Malformed("add-checkpoint", why.to_owned());
        if body.len() > REQUEST_SIZE_MAX {
            return Err(malformed("larger than 64 KiB"));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("no empty line"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|l| l.strip_prefix("old "))
            .and_then(decimal);
        let old_size = old_size.ok_or_else(|| malformed("line 1 is not: old <size>"))?;
        let proof: Vec<Hash> = lines
            .take(HASHES_MAX + 1)
            .map(Hash::from_base64)
            .collect::<Result<_>>()?;
        if proof.len() > HASHES_MAX {
            return Err(malformed("more than 63 hashes"));
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint: Note::parse(note.as_bytes())?,
        })
    }

    /// The body to send.
    #[must_use]
    pub fn body(&self) -> String {
        let proof: String = self.proof.iter().map(|hash| format!("{hash}\n")).collect();
        format!("old {}\n{proof}\n{}", self.old_size, self.checkpoint)
    }
}

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, 400, 403, 404, 409 or 422.
    pub status: u16,
    /// The body's media type.
    pub content_type: &'static str,
    /// Cosignature lines, the size, or an explanation.
    pub body: String,
}

impl Answer {
    fn plain(status: u16, body: String) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body,
        }
    }

    fn conflict(size: u64) -> Self {
        Self {
            status: 409,
            content_type: SIZE_TYPE,
            body: format!("{size}\n"),
        }
    }
}

/// What a witness remembers.
#[async_trait]
pub trait WitnessStore: Send + Sync {
    /// The last tree cosigned for an origin; the empty one when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn latest(&self, origin: &str) -> Result<TreeHead>;

    /// Replaces it if it still is `from`; false otherwise. Durable when this returns.
    ///
    /// # Errors
    /// As [`Self::latest`].
    async fn advance(&self, origin: &str, from: &TreeHead, to: &TreeHead) -> Result<bool>;
}

/// A witness.
pub struct Witness {
    logs: HashMap<String, Vec<VerifierKey>>,
    cosigner: Arc<dyn Cosigner>,
    store: Arc<dyn WitnessStore>,
}

impl Witness {
    /// A witness of the logs whose keys are given; a key's name is its log's origin.
    #[must_use]
    pub fn new(
        keys: Vec<VerifierKey>,
        cosigner: Arc<dyn Cosigner>,
        store: Arc<dyn WitnessStore>,
    ) -> Self {
        let mut logs: HashMap<String, Vec<VerifierKey>> = HashMap::new();
        for key in keys {
            logs.entry(key.name().to_owned()).or_default().push(key);
        }
        Self {
            logs,
            cosigner,
            store,
        }
    }

    /// The key its cosignatures verify with.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.cosigner.verifier()
    }

    /// Answers `add-checkpoint` at a time in seconds since 1970.
    ///
    /// # Errors
    /// When the store or the key does not answer: the caller's 503.
    pub async fn add_checkpoint(&self, body: &[u8], now: u64) -> Result<Answer> {
        let (request, checkpoint) = match read(body) {
            Ok(read) => read,
            Err(error) => return Ok(Answer::plain(400, format!("{error}\n"))),
        };
        let origin = &checkpoint.origin;
        let Some(keys) = self.logs.get(origin) else {
            return Ok(Answer::plain(
                404,
                format!("this witness knows no log {origin}\n"),
            ));
        };
        // A known key's wrong signature and no known key are the same refusal.
        if !request
            .checkpoint
            .verified(keys)
            .is_ok_and(|signed| !signed.is_empty())
        {
            return Ok(Answer::plain(
                403,
                format!("no trusted key of {origin} signed this\n"),
            ));
        }
        let new = checkpoint.head;
        if request.old_size > new.size {
            return Ok(Answer::plain(
                400,
                "the old size is above the checkpoint's\n".to_owned(),
            ));
        }
        let known = self.store.latest(origin).await?;
        if request.old_size != known.size {
            return Ok(Answer::conflict(known.size));
        }
        if known.size == new.size && known.root != new.root {
            return Ok(Answer::conflict(known.size));
        }
        let (size, root) = (known.size, &known.root);
        let shown = tree::check_consistency(&request.proof, size, root, new.size, &new.root);
        if let Err(error) = shown {
            return Ok(Answer::plain(422, format!("{error}\n")));
        }
        if !self.store.advance(origin, &known, &new).await? {
            return Ok(Answer::conflict(self.store.latest(origin).await?.size));
        }
        let line = self.cosigner.cosign(&request.checkpoint.text, now).await?;
        Ok(Answer::plain(200, format!("{line}\n")))
    }
}

fn read(body: &[u8]) -> Result<(AddCheckpoint, Checkpoint)> {
    let request = AddCheckpoint::parse(body)?;
    let checkpoint = Checkpoint::parse(&request.checkpoint.text)?;
    if checkpoint.head.size == 0 && checkpoint.head.root != Hash::empty_root() {
        return Err(Error::Malformed(
            "checkpoint",
            "size 0 with another root".to_owned(),
        ));
    }
    Ok((request, checkpoint))
}

/// What a log makes of a witness's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witnessed {
    /// Cosigned: the lines of this witness, checked.
    Cosigned(Vec<Signature>),
    /// The witness stands at this size: ask again from there, or, if it is above ours, stop
    /// signing ([`crate::Log::seen_elsewhere`]).
    At(u64),
}

/// Reads a witness's answer to a checkpoint with this text.
///
/// # Errors
/// [`Error::Invalid`] when no line is a right cosignature of `witness`, or for other statuses.
pub fn read_answer(
    status: u16,
    body: &str,
    text: &str,
    witness: &VerifierKey,
) -> Result<Witnessed> {
    if status == 409 {
        let size = body.strip_suffix('\n').and_then(decimal);
        let size = size.ok_or_else(|| Error::Invalid("409 without a size".to_owned()))?;
        return Ok(Witnessed::At(size));
    }
    if status != 200 {
        return Err(Error::Invalid(format!(
            "the witness answered {status}: {:.200}",
            body.trim()
        )));
    }
    let lines: Vec<Signature> = body.lines().filter_map(|line| line.parse().ok()).collect();
    let mine = |s: &Signature| s.name == witness.name() && s.id == witness.id();
    let lines: Vec<_> = lines.into_iter().filter(mine).collect();
    let right = |s: &Signature| witness.verify(text.as_bytes(), &s.bytes).is_some();
    if lines.is_empty() || !lines.iter().all(right) {
        let name = witness.name();
        return Err(Error::Invalid(format!(
            "the answer has no right cosignature of {name}"
        )));
    }
    Ok(Witnessed::Cosigned(lines))
}
