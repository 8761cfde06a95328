//! What a node remembers beside its key, and when it refuses to sign.

use super::support::{ORIGIN, World, entries, key, verifier};
use crate::log::{FileGuard, Guard as _, Log, successor_entry};
use crate::{Checkpoint, Error, Refusal};

fn refusal<T: std::fmt::Debug>(result: crate::Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(why)) => why,
        other => panic!("signed: {other:?}"),
    }
}

async fn grow(log: &Log, from: u64, to: u64) {
    log.records()
        .append(from, &entries(from..to))
        .await
        .unwrap();
    log.integrate().await.unwrap();
}

/// A database restored from a backup: entries and tree of before, the memory of now.
fn restore(world: &World, size: u64, head: crate::TreeHead) {
    let mut disk = world.disk();
    disk.entries.truncate(size as usize);
    disk.tree = Some(head);
    disk.published = None;
}

#[tokio::test]
async fn a_restored_database_may_not_sign_a_shorter_tree() {
    let (world, log) = World::filled(300).await;
    let old = log.records().state().await.unwrap().tree;
    grow(&log, 300, 400).await;
    let latest = log.publish().await.unwrap().unwrap();
    restore(&world, 300, old);
    let log = world.log();
    assert_eq!(
        refusal(log.publish().await),
        Refusal::Behind {
            have: 300,
            need: 400
        }
    );
    // Growing past the lost tail with other entries would be a fork.
    log.records().append(300, &entries(7..300)).await.unwrap();
    log.integrate().await.unwrap();
    assert_eq!(refusal(log.publish().await), Refusal::Forked(400));
    let latest = Checkpoint::parse(&latest.text).unwrap();
    assert_eq!(
        refusal(log.confirm(Some(&latest)).await),
        Refusal::Forked(400)
    );
}

#[tokio::test]
async fn the_tail_found_again_lets_it_sign() {
    let (world, log) = World::filled(300).await;
    let old = log.records().state().await.unwrap().tree;
    grow(&log, 300, 400).await;
    let latest = log.publish().await.unwrap().unwrap();
    let latest = Checkpoint::parse(&latest.text).unwrap();
    restore(&world, 300, old);
    world.disk().memory.as_mut().unwrap().confirmed = false;
    world.disk().memory.as_mut().unwrap().head = old;
    let log = world.log();
    assert_eq!(refusal(log.publish().await), Refusal::Unconfirmed);
    let behind = Refusal::Behind {
        have: 300,
        need: 400,
    };
    assert_eq!(refusal(log.confirm(Some(&latest)).await), behind);
    grow(&log, 300, 450).await;
    log.confirm(Some(&latest)).await.unwrap();
    log.publish().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_witness_ahead_stops_signing() {
    let (world, log) = World::filled(10).await;
    log.seen_elsewhere(10).await.unwrap();
    log.seen_elsewhere(20).await.unwrap();
    grow(&log, 10, 15).await;
    assert_eq!(
        refusal(log.publish().await),
        Refusal::Behind { have: 15, need: 20 }
    );
    grow(&log, 15, 30).await;
    assert_eq!(refusal(log.publish().await), Refusal::Unconfirmed);
    assert!(world.disk().memory.as_ref().unwrap().floor == 20);
    log.confirm(None).await.unwrap();
    log.publish().await.unwrap().unwrap();
}

#[tokio::test]
async fn without_its_memory_a_used_log_does_not_sign() {
    let (world, _log) = World::filled(10).await;
    world.disk().memory = None;
    assert_eq!(refusal(world.log().publish().await), Refusal::NoMemory);
    world.disk().memory = Some(crate::log::Memory {
        origin: "other.example/log".to_owned(),
        head: crate::TreeHead::empty(),
        floor: 0,
        confirmed: true,
    });
    let other = Refusal::OtherOrigin("other.example/log".to_owned());
    assert_eq!(refusal(world.log().publish().await), other);
}

#[tokio::test]
async fn the_file_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let guard = FileGuard::new(&folder.path().join("material.signed"));
    assert_eq!(guard.load().await.unwrap(), None);
    guard.create(ORIGIN).unwrap();
    let mut memory = guard.load().await.unwrap().unwrap();
    memory.head.size = 7;
    guard.store(&memory).await.unwrap();
    guard.create(ORIGIN).unwrap();
    assert_eq!(guard.load().await.unwrap(), Some(memory.clone()));
    guard.mark_restored(ORIGIN).unwrap();
    memory.confirmed = false;
    assert_eq!(guard.load().await.unwrap(), Some(memory));
}

#[tokio::test]
async fn rotation_signs_one_checkpoint_with_both_keys() {
    let (world, log) = World::filled(10).await;
    let old = log.published().await.unwrap().unwrap();
    let note = log.rotate(vec![std::sync::Arc::new(key(2))]).await.unwrap();
    assert_eq!(note.text, old.text);
    assert_eq!(note.verified(&[verifier(1), verifier(2)]).unwrap().len(), 2);
    grow(&log, 10, 11).await;
    let next = log.publish().await.unwrap().unwrap();
    assert!(next.verified(&[verifier(1)]).unwrap().is_empty());
    assert_eq!(next.verified(&[verifier(2)]).unwrap().len(), 1);
    assert_eq!(log.verifiers(), [verifier(2)]);
    let elsewhere = crate::keys::PrivateKey::generate(
        crate::keys::KeyKind::Ed25519,
        "other.example/log",
        [3; 32],
    );
    assert!(
        log.rotate(vec![std::sync::Arc::new(elsewhere.unwrap())])
            .await
            .is_err()
    );
    assert_eq!(world.disk().memory.as_ref().unwrap().head.size, 11);
}

#[test]
fn a_successor_names_the_old_origin() {
    let old = Checkpoint::new(ORIGIN, crate::TreeHead::empty());
    let entry = successor_entry(&old, 12).unwrap();
    let root = crate::Hash::empty_root();
    let expected =
        format!("{{\"root\":\"{root}\",\"seen\":12,\"size\":0,\"succeeds\":\"{ORIGIN}\",\"v\":1}}");
    assert_eq!(entry, expected);
}
