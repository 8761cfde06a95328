//! Verifiable append-only logs after the C2SP specifications: tlog-tiles, tlog-checkpoint,
//! signed-note, tlog-proof, tlog-cosignature and tlog-witness. Knows nothing of the platform.
//!
//! Start reading at [`log`]: three stages, each safe to repeat and safe to lose power between.
//! *Sequencing* gives entries their indices durably ([`log::Records::append`], by
//! compare-and-swap on the size), *integration* writes tiles and entry bundles and then swaps the
//! root ([`log::Log::integrate`]), *publishing* signs what was swapped ([`log::Log::publish`]).
//! Then [`verify`]: what a stranger does with the result.
//!
//! Invariant: a log never signs two checkpoints that are inconsistent. It signs only a root that
//! the records hold, and only when that tree contains the largest checkpoint it remembers having
//! signed, a memory kept beside the key and not in the database ([`log::Guard`]).

pub mod checkpoint;
pub mod cosignature;
pub mod error;
pub mod hash;
pub mod keys;
pub mod local;
pub mod log;
pub mod note;
pub mod proof;
pub mod store;
pub mod tiles;
pub mod tree;
pub mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, TreeHead};
pub use error::{Error, Refusal, Result};
pub use hash::Hash;
pub use log::Log;
pub use note::{Note, Signature, Signer, VerifierKey};
pub use proof::LogProof;

#[cfg(test)]
mod tests;
