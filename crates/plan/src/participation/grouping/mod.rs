//! Grouping (意见归并): which opinions say the same, decided as each arrives.
//!
//! Words are segmented ([`words`]), nearly equal texts are found by MinHash and checked exactly,
//! and texts on one topic by the cosine of their TF-IDF weights ([`index`]). Pure: no database,
//! no clock. What it answers is a proposal with a number and the words in common; people merge,
//! split and move, and nothing here ever moves what was placed before.

pub mod index;
pub mod words;

pub use index::{Index, Match};

/// An opinion at least this similar to a group joins it. Of the values tried on the generated
/// opinions of `examples/grouping.rs` the best in F: at 0.34 groups swallow others, at 0.55 they
/// fall to pieces (ADR 13).
pub const JOINS_MIN: f64 = 0.45;
/// Below this two opinions are not worth showing to each other's authors.
pub const SHOWN_MIN: f64 = 0.2;
/// Equal share of two-character pairs from which two texts count as nearly the same.
pub const NEAR_MIN: f64 = 0.7;
