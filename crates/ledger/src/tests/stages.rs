//! Failing at every step, once before and once after it took effect, loses nothing and never
//! forks.

use super::support::{Faults, ORIGIN, World, entries, verifier};
use crate::log::{Appender, Log};
use crate::tree::check_consistency;
use crate::verify::{Trust, verify};
use crate::{Checkpoint, Result, TreeHead};

/// Two rounds of all three stages, the second across a tile's border.
async fn run(log: &Log, upto: &[u64]) -> Result<()> {
    for size in upto {
        let next = log.records().state().await?.sequenced;
        if next < *size {
            assert!(log.records().append(next, &entries(next..*size)).await?);
        }
        log.integrate().await?;
        log.publish().await?;
    }
    Ok(())
}

/// Every checkpoint that was ever signed is a beginning of the final tree.
async fn no_fork(world: &World, log: &Log) {
    let last = log.records().state().await.unwrap().tree;
    let signed = world.disk().signed.clone();
    for text in signed {
        let head = Checkpoint::parse(&text).unwrap().head;
        let proof = log.prove_consistency(head.size, last.size).await.unwrap();
        check_consistency(&proof, head.size, &head.root, last.size, &last.root).unwrap();
    }
}

async fn holds(world: &World, size: u64) {
    let trust = Trust {
        log_keys: vec![verifier(1)],
        ..Trust::default()
    };
    let mut seen = 0;
    let mut each = |index: u64, entry: &bytes::Bytes| {
        assert_eq!(*entry, entries(index..index + 1)[0]);
        seen += 1;
    };
    let report = verify(world, &trust, &mut each).await.unwrap();
    assert!(report.holds(), "{:#?}", report.faults);
    assert_eq!((seen, report.entries), (size, size));
}

#[tokio::test]
async fn a_fault_at_any_step_loses_nothing_and_never_forks() {
    let sizes = [100, 300, 700];
    for after in [false, true] {
        let mut step = 1;
        loop {
            let world = World::default();
            let faults = Faults::at(step, after);
            let failing = world.with(faults.clone());
            let failed = run(&failing.log(), &sizes).await;
            if !faults.was_hit() {
                assert!(failed.is_ok() && step > 20, "only {step} steps");
                break;
            }
            assert!(failed.is_err());
            // What was sequenced may be more than was acknowledged, never less.
            let world = world.with(Faults::at(0, false));
            let log = world.log();
            run(&log, &sizes).await.unwrap();
            no_fork(&world, &log).await;
            holds(&world, 700).await;
            step += 1;
        }
    }
}

#[tokio::test]
async fn the_same_process_goes_on_after_a_fault() {
    for step in 1..40 {
        let world = World::default();
        let failing = world.with(Faults::at(step, true));
        let log = failing.log();
        let _once = run(&log, &[100, 300, 700]).await;
        run(&log, &[100, 300, 700]).await.unwrap();
        no_fork(&world, &log).await;
        holds(&world, 700).await;
    }
}

#[tokio::test]
async fn two_nodes_over_the_same_records_do_not_fork() {
    let world = World::default();
    let (one, two) = (world.log(), world.log());
    for round in 0..30 {
        let size = round * 50;
        let appended = async |log: &Log| {
            let (from, to) = (size, size + 50);
            log.records()
                .append(from, &entries(from..to))
                .await
                .unwrap()
        };
        let (a, b) = tokio::join!(appended(&one), appended(&two));
        assert!(a != b, "exactly one of them gives the indices");
        let (a, b) = tokio::join!(one.integrate(), two.integrate());
        assert_eq!(a.unwrap().1, b.unwrap().1);
        let (a, b) = tokio::join!(one.publish(), two.publish());
        a.unwrap();
        b.unwrap();
    }
    no_fork(&world, &one).await;
    holds(&world, 1500).await;
}

#[tokio::test]
async fn tiles_lost_with_a_disk_are_written_anew() {
    let (world, _log) = World::filled(70_000).await;
    let before = world.disk().objects.clone();
    world.disk().objects.clear();
    let log = world.log();
    log.records()
        .append(70_000, &entries(70_000..70_001))
        .await
        .unwrap();
    log.integrate().await.unwrap();
    log.publish().await.unwrap();
    holds(&world, 70_001).await;
    world
        .disk()
        .objects
        .retain(|path, _| !path.contains("entries"));
    log.repair().await.unwrap();
    for (path, bytes) in before.iter().filter(|(path, _)| !path.contains(".p/")) {
        assert!(
            path == "checkpoint" || world.disk().objects.get(path) == Some(bytes),
            "{path}"
        );
    }
}

#[tokio::test]
async fn records_that_do_not_make_up_the_root_are_damaged() {
    let (world, _log) = World::filled(1000).await;
    world.disk().objects.clear();
    world.disk().entries[500] = "another".into();
    let log = world.log();
    log.records()
        .append(1000, &entries(1000..1001))
        .await
        .unwrap();
    assert!(matches!(
        log.integrate().await,
        Err(crate::Error::Damaged(_))
    ));
}

#[tokio::test]
async fn an_empty_log_has_a_checkpoint() {
    let (world, log) = World::filled(0).await;
    let note = log.published().await.unwrap().unwrap();
    let checkpoint = Checkpoint::parse(&note.text).unwrap();
    assert_eq!(checkpoint, Checkpoint::new(ORIGIN, TreeHead::empty()));
    assert_eq!(log.publish().await.unwrap(), None);
    holds(&world, 0).await;
}

#[tokio::test]
async fn single_entries_are_batched_and_keep_their_indices() {
    let world = World::default();
    let log = world.log();
    let appender = Appender::start(log.records().clone());
    let adds = entries(0..500).into_iter().map(|entry| {
        let appender = appender.clone();
        async move { (appender.add(entry.clone()).await.unwrap(), entry) }
    });
    for (index, entry) in futures::future::join_all(adds).await {
        assert_eq!(world.disk().entries[index as usize], entry);
    }
    assert!(appender.add(vec![0; 65_536].into()).await.is_err());
}
