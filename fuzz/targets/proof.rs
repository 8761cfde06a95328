//! Inclusion and consistency proofs: of a small tree only the true proof is accepted, of any
//! tree no proof panics.
//!
//! The input is sizes and indices, then edits of the true proof (place, bits to turn), then
//! hashes that stand for a proof of their own.
#![no_main]

use tianyuan_ledger::Hash;
use tianyuan_ledger::tree::{Node, decompose, fold, inclusion_plan};
use tianyuan_ledger::tree::{check_consistency, check_inclusion, complete_root, consistency_plan};

const LEAVES: u64 = 40;

fn leaf(index: u64) -> Hash {
    Hash::leaf(&index.to_be_bytes())
}

fn node(node: &Node) -> Hash {
    let first = node.index << node.level;
    let leaves: Vec<Hash> = (first..first + (1 << node.level)).map(leaf).collect();
    complete_root(&leaves)
}

fn folded(plan: &[Vec<Node>]) -> Vec<Hash> {
    plan.iter()
        .map(|nodes| fold(&nodes.iter().map(node).collect::<Vec<_>>()))
        .collect()
}

fn root(size: u64) -> Hash {
    let nodes: Vec<Hash> = decompose(0, size).iter().map(node).collect();
    if nodes.is_empty() {
        Hash::empty_root()
    } else {
        fold(&nodes)
    }
}

/// The true proof with some bits turned, some hashes dropped or doubled.
fn edited(truth: &[Hash], edits: &[u8]) -> Vec<Hash> {
    let mut proof = truth.to_vec();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(edit[0]) % (proof.len() + 1);
        match edit[1] {
            0 if at < proof.len() => drop(proof.remove(at)),
            1 => proof.insert(at, leaf(u64::from(edit[2]))),
            byte if at < proof.len() => proof[at].0[usize::from(byte) % 32] ^= edit[2],
            _ => {}
        }
    }
    proof
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [size, index, claimed, old, count, rest @ ..] = bytes else {
        return;
    };
    let (edits, rest) = rest.split_at(rest.len().min(usize::from(*count) % 8 * 3));
    let raw: Vec<Hash> = rest
        .chunks_exact(32)
        .map(|c| Hash(c.try_into().unwrap()))
        .collect();
    let size = u64::from(*size) % LEAVES + 1;
    let (index, claimed) = (u64::from(*index) % size, u64::from(*claimed) % LEAVES);
    let truth = folded(&inclusion_plan(index, size).unwrap());
    for proof in [edited(&truth, edits), raw.clone()] {
        let accepted = check_inclusion(&proof, claimed, &leaf(index), size, &root(size)).is_ok();
        assert_eq!(accepted, proof == truth && claimed == index);
    }
    let old = u64::from(*old) % (size + 1);
    let truth = folded(&consistency_plan(old, size).unwrap());
    for proof in [edited(&truth, edits), raw.clone()] {
        let accepted = check_consistency(&proof, old, &root(old), size, &root(size)).is_ok();
        assert_eq!(accepted, proof == truth, "{old} of {size}");
        if old != size && old != 0 {
            let other = root(claimed.min(old - 1));
            assert!(check_consistency(&proof, old, &other, size, &root(size)).is_err());
        }
    }
    // Sizes no tree has: the roots are anything, so only the absence of panics is asked for.
    let wide = |at: usize| {
        rest.get(at..at + 8)
            .map(|b| u64::from_be_bytes(b.try_into().unwrap()))
    };
    if let (Some(a), Some(b)) = (wide(0), wide(8)) {
        let _ = check_inclusion(&raw, a, &leaf(index), b, &root(size));
        let _ = check_consistency(&raw, a, &root(old), b, &root(size));
        let _ = (inclusion_plan(a, b), consistency_plan(a, b));
    }
});
