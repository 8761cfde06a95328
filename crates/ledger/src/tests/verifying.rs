//! A stranger verifies; any changed byte is named.

use bytes::Bytes;

use super::support::{World, entries, key, verifier};
use crate::Checkpoint;
use crate::store::Tiles as _;
use crate::tiles::{Row, TilePath};
use crate::verify::{Report, Trust, read_keys, verify};

const SIZE: u64 = 70_000;

fn trust() -> Trust {
    Trust {
        log_keys: vec![verifier(1)],
        ..Trust::default()
    }
}

async fn check(world: &World, trust: &Trust) -> Report {
    verify(world, trust, &mut |_, _| ()).await.unwrap()
}

async fn changed(world: &World, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Report {
    let before = world.disk().objects[path].clone();
    let mut bytes = before.to_vec();
    change(&mut bytes);
    world
        .disk()
        .objects
        .insert(path.to_owned(), Bytes::from(bytes));
    let report = check(world, &trust()).await;
    world.disk().objects.insert(path.to_owned(), before);
    report
}

fn blames(report: &Report, path: &str, index: Option<u64>) {
    let named = report
        .faults
        .iter()
        .any(|f| f.file == path && f.index == index);
    assert!(named, "{path} {index:?} not named in {:#?}", report.faults);
}

#[tokio::test]
async fn every_file_is_covered() {
    let (world, _log) = World::filled(SIZE).await;
    let report = check(&world, &trust()).await;
    assert!(report.holds(), "{:#?}", report.faults);
    assert_eq!((report.entries, report.tiles), (SIZE, 277));
    let paths: Vec<String> = world.disk().objects.keys().cloned().collect();
    for path in paths
        .into_iter()
        .step_by(37)
        .chain(["tile/2/000.p/1".into(), "tile/1/000".into()])
    {
        if path == "checkpoint" {
            continue;
        }
        let tile: TilePath = path.parse().unwrap();
        let item = tile.index * 256;
        let report = changed(&world, &path, |bytes| bytes[3] ^= 1).await;
        blames(&report, &path, Some(item));
        assert_eq!(report.faults.len(), 1, "{:#?}", report.faults);
        let report = changed(&world, &path, |bytes| bytes.truncate(bytes.len() - 1)).await;
        assert!(
            report.faults.iter().any(|f| f.file == path),
            "{:#?}",
            report.faults
        );
        if tile.row == Row::Entries && !tile.is_partial() {
            let last = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
            blames(&changed(&world, &path, last).await, &path, Some(item + 255));
        }
    }
}

#[tokio::test]
async fn missing_files_are_named() {
    let (world, _log) = World::filled(1000).await;
    let paths: Vec<String> = world.disk().objects.keys().cloned().collect();
    for path in paths {
        let taken = world.disk().objects.remove(&path).unwrap();
        let report = check(&world, &trust()).await;
        assert!(
            report.faults.iter().any(|f| f.file == path),
            "{path}: {:#?}",
            report.faults
        );
        world.disk().objects.insert(path, taken);
    }
}

#[tokio::test]
async fn a_consistent_forgery_still_misses_the_signature_and_the_past() {
    let (world, _log) = World::filled(500).await;
    let honest = Checkpoint::parse(
        &crate::Note::parse(check(&world, &trust()).await.note.unwrap().as_bytes())
            .unwrap()
            .text,
    );
    let honest = honest.unwrap();
    // Somebody with the log's key rewrites entry 5 and signs the whole anew.
    let forged = World::default();
    let log = forged.log();
    let mut other = entries(0..600);
    other[5] = "rewritten".into();
    log.records().append(0, &other).await.unwrap();
    log.integrate().await.unwrap();
    log.publish().await.unwrap();
    assert!(check(&forged, &trust()).await.holds());
    let kept = Trust {
        earlier: Some(honest),
        ..trust()
    };
    blames(&check(&forged, &kept).await, "checkpoint", None);
    let report = check(&world, &kept).await;
    assert!(report.holds() && report.extends == Some(500));
    let stranger = Trust {
        log_keys: vec![verifier(2)],
        ..Trust::default()
    };
    blames(&check(&world, &stranger).await, "checkpoint", None);
    assert!(
        !check(&world, &Trust::default()).await.holds(),
        "no key, no trust"
    );
}

#[tokio::test]
async fn an_earlier_checkpoint_of_any_size_is_checked() {
    let (world, log) = World::filled(600).await;
    for size in [0, 1, 255, 256, 257, 511, 512, 599, 600] {
        let root = log.root(size).await.unwrap();
        let head = crate::TreeHead { size, root };
        let earlier = Some(Checkpoint::new(log.origin(), head));
        let report = check(&world, &Trust { earlier, ..trust() }).await;
        assert!(
            report.holds() && report.extends == Some(size),
            "{size}: {:?}",
            report.faults
        );
        let root = crate::Hash([1; 32]);
        let wrong = Checkpoint::new(log.origin(), crate::TreeHead { size, root });
        let report = check(
            &world,
            &Trust {
                earlier: Some(wrong),
                ..trust()
            },
        )
        .await;
        assert!(!report.holds(), "{size}");
    }
    let later = crate::TreeHead {
        size: 601,
        root: log.root(600).await.unwrap(),
    };
    let earlier = Some(Checkpoint::new(log.origin(), later));
    assert!(!check(&world, &Trust { earlier, ..trust() }).await.holds());
}

#[tokio::test]
async fn older_partial_tiles_and_strays_are_checked_too() {
    let (world, log) = World::filled(100).await;
    log.records().append(100, &entries(100..150)).await.unwrap();
    log.integrate().await.unwrap();
    log.publish().await.unwrap();
    assert!(check(&world, &trust()).await.holds());
    for path in ["tile/0/000.p/100", "tile/entries/000.p/100"] {
        blames(&changed(&world, path, |b| b[0] ^= 1).await, path, Some(0));
    }
    world
        .disk()
        .objects
        .insert("tile/0/zzz".to_owned(), Bytes::new());
    blames(&check(&world, &trust()).await, "tile/0/zzz", None);
    world.disk().objects.remove("tile/0/zzz");
    log.records().append(150, &entries(150..151)).await.unwrap();
    log.integrate().await.unwrap();
    let report = check(&world, &trust()).await;
    assert!(report.holds() && report.unsigned.len() == 2, "{report:?}");
}

#[tokio::test]
async fn a_changed_signature_is_named() {
    let (world, _log) = World::filled(10).await;
    let text = String::from_utf8(world.get("checkpoint").await.unwrap().unwrap().to_vec()).unwrap();
    let mut note = crate::Note::parse(text.as_bytes()).unwrap();
    note.signatures[0].bytes[10] ^= 1;
    world
        .disk()
        .objects
        .insert("checkpoint".to_owned(), note.to_string().into());
    blames(&check(&world, &trust()).await, "checkpoint", None);
}

#[test]
fn a_keys_file_names_its_wrong_line() {
    let key = key(1).verifier().to_string();
    assert_eq!(read_keys(&format!("# pinned\n\n{key}\n")).unwrap().len(), 1);
    let error = read_keys(&format!("{key}\nnonsense\n"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 2"), "{error}");
}
