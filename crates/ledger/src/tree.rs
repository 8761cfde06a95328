//! The Merkle tree's arithmetic: which nodes a root or a proof is made of, and whether a proof
//! holds. Pure; where the nodes come from is [`crate::log`]'s business.
//!
//! What we prove is checked with another team's code (`tlog_tiles`), so that a mistake of ours in
//! proving shows as a proof that fails.

use crate::{Error, Hash, Result};

/// A complete subtree: 2^`level` entries beginning at entry `index` × 2^`level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Its height.
    pub level: u8,
    /// Its place among those of the same height.
    pub index: u64,
}

/// The complete subtrees that make up entries `from..to`, left to right; their [`fold`] is the
/// range's hash. `from` must be where a left part of the tree ends, as in every proof.
#[must_use]
pub fn decompose(mut from: u64, to: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while from < to {
        let level = (to - from).ilog2() as u8;
        nodes.push(Node {
            level,
            index: from >> level,
        });
        from += 1 << level;
    }
    nodes
}

/// Folds complete subtrees, left to right, into the hash of what they cover.
#[must_use]
pub fn fold(hashes: &[Hash]) -> Hash {
    let mut from_right = hashes.iter().rev();
    let Some(last) = from_right.next() else {
        return Hash::empty_root();
    };
    from_right.fold(*last, |right, left| Hash::node(left, &right))
}

/// The root of 1, 2, 4, … hashes of equal height.
///
/// # Panics
/// When `hashes` is empty.
#[must_use]
pub fn complete_root(hashes: &[Hash]) -> Hash {
    debug_assert!(hashes.len().is_power_of_two());
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[l, r]| Hash::node(l, r))
            .collect();
    }
    row[0]
}

/// The largest power of two below `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// What an inclusion proof of entry `index` in a tree of `size` entries consists of: for each
/// hash, from the leaf's sibling upwards, the nodes it is folded from.
///
/// # Errors
/// When the tree has no such entry.
pub fn inclusion_plan(index: u64, size: u64) -> Result<Vec<Vec<Node>>> {
    if index >= size {
        return Err(Error::Invalid(format!(
            "no entry {index} in a tree of {size}"
        )));
    }
    let (mut from, mut to) = (0, size);
    let mut plan = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            plan.push(decompose(middle, to));
            to = middle;
        } else {
            plan.push(decompose(from, middle));
            from = middle;
        }
    }
    plan.reverse();
    Ok(plan)
}

/// What a consistency proof from `old` to `new` entries consists of (RFC 6962, section 2.1.2);
/// empty when `old` is 0 or equals `new`.
///
/// # Errors
/// When `old` is larger than `new`.
pub fn consistency_plan(old: u64, new: u64) -> Result<Vec<Vec<Node>>> {
    if old > new {
        return Err(Error::Invalid(format!(
            "a tree of {new} is older than one of {old}"
        )));
    }
    let (mut from, mut to) = (0, new);
    let mut plan = Vec::new();
    while old != 0 && old != to {
        let middle = from + split(to - from);
        if old <= middle {
            plan.push(decompose(middle, to));
            to = middle;
        } else {
            plan.push(decompose(from, middle));
            from = middle;
        }
    }
    if old != 0 && from != 0 {
        plan.push(decompose(from, to));
    }
    plan.reverse();
    Ok(plan)
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

/// Checks that the entry with hash `leaf` is entry `index` of the tree of `size` entries with
/// this root.
///
/// # Errors
/// [`Error::Invalid`] when it is not shown.
pub fn check_inclusion(
    proof: &[Hash],
    index: u64,
    leaf: &Hash,
    size: u64,
    root: &Hash,
) -> Result<()> {
    let proof = proof.iter().map(theirs).collect();
    tlog_tiles::check_record(&proof, size, theirs(root), index, theirs(leaf)).map_err(|_| {
        Error::Invalid(format!(
            "the proof does not show entry {index} in the tree of {size}"
        ))
    })
}

/// Checks that the tree of `old_size` entries is the beginning of the tree of `new_size`. Every
/// tree begins with the empty one; that proof has no hashes.
///
/// # Errors
/// [`Error::Invalid`] when it is not shown.
pub fn check_consistency(
    proof: &[Hash],
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
) -> Result<()> {
    let holds = if old_size == 0 {
        proof.is_empty() && *old_root == Hash::empty_root()
    } else {
        let proof = proof.iter().map(theirs).collect();
        let (new_root, old_root) = (theirs(new_root), theirs(old_root));
        tlog_tiles::check_tree(&proof, new_size, new_root, old_size, old_root).is_ok()
    };
    holds.then_some(()).ok_or_else(|| {
        Error::Invalid(format!(
            "the proof does not show the tree of {old_size} to be the beginning of that of {new_size}"
        ))
    })
}
