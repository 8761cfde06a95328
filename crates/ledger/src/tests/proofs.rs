//! Proofs for all small trees, against RFC 6962's recursive definitions.

use proptest::prelude::*;

use super::support::{World, entries, verifier};
use crate::log::Records as _;
use crate::tree::{check_consistency, check_inclusion};
use crate::{Hash, LogProof};

const SIZE: u64 = 300;

/// The Merkle tree hash as section 2.1 of RFC 6962 defines it.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let k = 1 << (leaves.len() - 1).ilog2();
            Hash::node(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}

/// PATH(m, D[n]) of section 2.1.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let k = 1 << (leaves.len() - 1).ilog2();
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) = if m < k {
        (path(m, left), mth(right))
    } else {
        (path(m - k, right), mth(left))
    };
    proof.push(other);
    proof
}

fn leaves(size: u64) -> Vec<Hash> {
    entries(0..size)
        .iter()
        .map(|entry| Hash::leaf(entry))
        .collect()
}

#[tokio::test]
async fn every_inclusion_proof_to_300() {
    let (_world, log) = World::filled(SIZE).await;
    let leaves = leaves(SIZE);
    for size in 1..=SIZE {
        let root = mth(&leaves[..size as usize]);
        assert_eq!(log.root(size).await.unwrap(), root);
        for index in (0..size).step_by(if size < 40 { 1 } else { 7 }) {
            let proof = log.prove_inclusion(index, size).await.unwrap();
            assert_eq!(proof, path(index as usize, &leaves[..size as usize]));
            let leaf = &leaves[index as usize];
            check_inclusion(&proof, index, leaf, size, &root).unwrap();
            assert!(check_inclusion(&proof, index, &Hash([7; 32]), size, &root).is_err());
            assert!(check_inclusion(&proof, (index + 1) % size.max(2), leaf, size, &root).is_err());
        }
        assert!(log.prove_inclusion(size, size).await.is_err());
    }
}

#[tokio::test]
async fn every_consistency_proof_to_300() {
    let (_world, log) = World::filled(SIZE).await;
    let leaves = leaves(SIZE);
    let root = |size: u64| mth(&leaves[..size as usize]);
    for new in 0..=SIZE {
        let new_root = root(new);
        for old in (0..=new).step_by(if new < 40 { 1 } else { 11 }) {
            let proof = log.prove_consistency(old, new).await.unwrap();
            check_consistency(&proof, old, &root(old), new, &new_root).unwrap();
            let wrong = Hash([7; 32]);
            assert!(check_consistency(&proof, old, &wrong, new, &new_root).is_err());
            let longer = [proof.as_slice(), &[wrong]].concat();
            assert!(check_consistency(&longer, old, &root(old), new, &new_root).is_err());
            if old != new && old != 0 {
                assert!(check_consistency(&proof, old, &root(old), new, &wrong).is_err());
            }
        }
    }
    assert!(log.prove_consistency(5, 4).await.is_err());
}

#[tokio::test]
async fn a_proof_bundle_is_checked_offline() {
    let (world, log) = World::filled(70_000).await;
    let bundle = log.prove(69_999).await.unwrap().unwrap();
    let text = LogProof {
        extra: Some(b"salt".to_vec()),
        ..bundle
    }
    .to_string();
    let read: LogProof = text.parse().unwrap();
    let keys = [verifier(1)];
    let entry = entries(69_999..70_000).remove(0);
    let proven = read.verify(&entry, &keys, &[]).unwrap();
    assert_eq!(proven.checkpoint.head.size, 70_000);
    assert!(read.verify(b"another entry", &keys, &[]).is_err());
    assert!(read.verify(&entry, &[verifier(2)], &[]).is_err());
    assert!(
        LogProof {
            index: 3,
            ..read.clone()
        }
        .verify(&entry, &keys, &[])
        .is_err()
    );
    assert_eq!(log.prove(70_000).await.unwrap(), None);
    assert_eq!(log.entry(69_999).await.unwrap(), entry);
    assert_eq!(world.state().await.unwrap().sequenced, 70_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn however_entries_arrive_the_tiles_are_the_same(cuts in prop::collection::vec(1_u64..400, 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let log = world.log();
            let mut size = 0;
            for cut in cuts {
                log.records().append(size, &entries(size..size + cut)).await.unwrap();
                size += cut;
                log.integrate().await.unwrap();
                log.publish().await.unwrap();
            }
            let (at_once, _log) = World::filled(size).await;
            let grown = world.disk();
            for (path, bytes) in &at_once.disk().objects {
                assert_eq!(grown.objects.get(path), Some(bytes), "{path}");
            }
        });
    }
}
