//! Checkpoints (c2sp.org/tlog-checkpoint): the tree head that gets signed.

use std::fmt;

use crate::{Error, Hash, Result};

/// How many entries a tree has, and their root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Entries.
    pub size: u64,
    /// Merkle root.
    pub root: Hash,
}

impl TreeHead {
    /// The tree without entries.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: Hash::empty_root(),
        }
    }
}

/// A checkpoint's text, before any signature. Shown as that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, for ever: one line.
    pub origin: String,
    /// Size and root.
    pub head: TreeHead,
    /// Lines after the third, of no meaning here; we write none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: &str, head: TreeHead) -> Self {
        Self {
            origin: origin.to_owned(),
            head,
            extensions: Vec::new(),
        }
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// [`Error::Malformed`], naming the line.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = |why: &str| Error::Malformed("checkpoint", why.to_owned());
        let body = text
            .strip_suffix('\n')
            .ok_or_else(|| malformed("does not end in a newline"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|o| !o.is_empty());
        let origin = origin.ok_or_else(|| malformed("line 1, the origin, is empty"))?;
        let size = lines.next().and_then(decimal);
        let size = size.ok_or_else(|| malformed("line 2 is not the size in decimal"))?;
        let root = lines
            .next()
            .ok_or_else(|| malformed("line 3, the root, is missing"))?;
        let root = Hash::from_base64(root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(malformed("an extension line is empty"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            head: TreeHead { size, root },
            extensions,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, self.head.root)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Reads a decimal number as the specifications write it: no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number.to_string() == text).then_some(number)
}
