//! The log on a local disk: opened again, torn, killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tianyuan_ledger::keys::{KeyKind, PrivateKey};
use tianyuan_ledger::local;
use tianyuan_ledger::verify::{FolderSource, Report, Trust, verify};
use tianyuan_ledger::{Checkpoint, Log, Signer};

const ORIGIN: &str = "qingpu.example/local";

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::Ed25519, ORIGIN, [5; 32]).unwrap()
}

fn open(folder: &Path) -> tianyuan_ledger::Result<Log> {
    let signers: Vec<Arc<dyn Signer>> = vec![Arc::new(key())];
    local::open(
        &folder.join("log"),
        ORIGIN,
        &folder.join("signed.json"),
        signers,
    )
}

fn entry(n: u64) -> Bytes {
    format!("entry {n} {}", "x".repeat((n % 200) as usize)).into()
}

async fn check(folder: &Path, earlier: Option<Checkpoint>) -> Report {
    let trust = Trust {
        log_keys: vec![key().verifier().clone()],
        earlier,
        ..Trust::default()
    };
    let source = FolderSource::new(&folder.join("log/public"));
    verify(&source, &trust, &mut |n, found| {
        assert_eq!(*found, entry(n))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn opened_again_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut earlier = None;
    for round in 0..6 {
        let log = open(folder).unwrap();
        assert!(open(folder).is_err(), "one process at a time");
        let next = log.records().state().await.unwrap().sequenced;
        assert_eq!(next, round * 300);
        let entries: Vec<Bytes> = (next..next + 300).map(entry).collect();
        assert!(log.records().append(next, &entries).await.unwrap());
        assert!(!log.records().append(next, &entries).await.unwrap());
        if round % 2 == 1 {
            log.integrate().await.unwrap();
            let note = log.publish().await.unwrap().unwrap();
            let report = check(folder, earlier.take()).await;
            assert!(report.holds(), "{:?}", report.faults);
            earlier = Some(Checkpoint::parse(&note.text).unwrap());
        }
    }
}

#[tokio::test]
async fn a_torn_write_is_cut_off_and_damage_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = open(folder).unwrap();
    for n in 0..3 {
        log.records().append(n, &[entry(n)]).await.unwrap();
    }
    drop(log);
    let segment = folder.join("log/journal/00000000000000000000.seg");
    let whole = std::fs::read(&segment).unwrap();
    for cut in 1..30 {
        std::fs::write(&segment, &whole[..whole.len() - cut]).unwrap();
        let log = open(folder).unwrap();
        assert_eq!(log.records().state().await.unwrap().sequenced, 2);
        log.records().append(2, &[entry(2)]).await.unwrap();
        drop(log);
        assert_eq!(std::fs::read(&segment).unwrap(), whole);
    }
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    std::fs::write(&segment, damaged).unwrap();
    assert!(
        open(folder).is_err(),
        "acknowledged entries are not given up silently"
    );
}

/// Not a test of its own: the child that the next test kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_killed() {
    let Ok(folder) = std::env::var("TIANYUAN_LEDGER_CHILD") else {
        return;
    };
    let log = Arc::new(open(Path::new(&folder)).unwrap());
    log.integrate().await.unwrap();
    log.publish().await.unwrap();
    let stages = log.clone();
    tokio::spawn(async move {
        loop {
            stages.integrate().await.unwrap();
            stages.publish().await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    });
    let mut next = log.records().state().await.unwrap().sequenced;
    loop {
        let entries: Vec<Bytes> = (next..next + 1 + next % 90).map(entry).collect();
        assert!(log.records().append(next, &entries).await.unwrap());
        next += entries.len() as u64;
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacknowledged {next}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing_and_never_forks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut earlier = None;
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_writes_until_killed", "--nocapture"])
            .env("TIANYUAN_LEDGER_CHILD", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let numbers = output.lines().map_while(Result::ok);
            let numbers =
                numbers.filter_map(|l| l.strip_prefix("acknowledged ")?.parse::<u64>().ok());
            numbers.last()
        });
        tokio::time::sleep(Duration::from_millis(150 + round * 37 % 200)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = reader.join().unwrap().unwrap_or_default();
        if Path::exists(&folder.join("log/public/checkpoint")) {
            let report = check(folder, earlier.clone()).await;
            assert!(
                report.holds(),
                "as found after the kill: {:?}",
                report.faults
            );
        }
        let log = open(folder).unwrap();
        assert!(log.records().state().await.unwrap().sequenced >= acknowledged);
        log.integrate().await.unwrap();
        log.publish().await.unwrap();
        let note = log.published().await.unwrap().unwrap();
        let report = check(folder, earlier).await;
        assert!(report.holds(), "{:?}", report.faults);
        let checkpoint = Checkpoint::parse(&note.text).unwrap();
        assert!(checkpoint.head.size >= acknowledged);
        earlier = Some(checkpoint);
    }
    assert!(
        earlier.unwrap().head.size > 100,
        "the children wrote something"
    );
}
