//! What can go wrong, in words that say where.

use std::fmt;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
#[derive(Debug)]
pub enum Error {
    /// Bytes that are not what they should be: what was read, and what is wrong with it.
    Malformed(&'static str, String),
    /// A signature or a proof does not hold.
    Invalid(String),
    /// An entry is larger than the 65,535 bytes an entry bundle can carry.
    TooLarge(usize),
    /// The log refuses to sign.
    Refused(Refusal),
    /// Something that should be stored is not there, or differs from what was signed.
    Damaged(String),
    /// Storage did not do what was asked.
    Storage(String),
}

/// Why a log refuses to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no key to sign with.
    NoKey,
    /// There is no memory of what was signed before, although there are entries.
    NoMemory,
    /// The memory belongs to another origin.
    OtherOrigin(String),
    /// The node was restored or failed over, and nobody has yet confirmed the latest checkpoint.
    Unconfirmed,
    /// A larger checkpoint was signed or witnessed than the tree that is held.
    Behind {
        /// Entries held.
        have: u64,
        /// Entries of the largest checkpoint known.
        need: u64,
    },
    /// At this size the tree held has another root than the one signed before.
    Forked(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("there is no key to sign with"),
            Self::NoMemory => {
                f.write_str("no memory of the last signed checkpoint lies beside the key")
            }
            Self::OtherOrigin(origin) => {
                write!(
                    f,
                    "the memory beside the key is of another origin, {origin:?}"
                )
            }
            Self::Unconfirmed => f.write_str(
                "restored or failed over: confirm the latest witnessed checkpoint before signing",
            ),
            Self::Behind { have, need } => write!(
                f,
                "holds {have} entries, but a checkpoint of {need} was signed or witnessed; \
                 find the lost tail or start a new origin that names this one"
            ),
            Self::Forked(size) => {
                write!(
                    f,
                    "at size {size} the tree has another root than the one signed before"
                )
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what, why) => write!(f, "malformed {what}: {why}"),
            Self::Invalid(why) => f.write_str(why),
            Self::TooLarge(size) => {
                write!(
                    f,
                    "an entry of {size} bytes; an entry bundle carries at most 65535"
                )
            }
            Self::Refused(why) => write!(f, "refuses to sign: {why}"),
            Self::Damaged(what) => write!(f, "damaged log: {what}"),
            Self::Storage(why) => write!(f, "storage: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Storage(error.to_string())
    }
}
