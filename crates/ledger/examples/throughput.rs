//! How fast the crate is on this disk: durable entries per second, the lag until they are
//! integrated and signed, and what proofs and verification cost.
//!
//! `cargo run --release -p tianyuan-ledger --example throughput -- [SECONDS] [ENTRY_BYTES]`
#![expect(clippy::print_stdout, reason = "a command that reports figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tianyuan_ledger::keys::{KeyKind, PrivateKey};
use tianyuan_ledger::verify::{FolderSource, Trust, verify};
use tianyuan_ledger::{Checkpoint, Log, Signer, local};

const ORIGIN: &str = "bench.example/log";
const CALLERS: u64 = 64;
const IN_FLIGHT: u64 = 128;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn entry(n: u64, size: usize) -> Bytes {
    let mut bytes = format!("{n:020}").into_bytes();
    bytes.resize(size.max(20), b'.');
    bytes.into()
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(10), |a| a.parse())?;
    let size: usize = arguments.next().map_or(Ok(200), |a| a.parse())?;
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let key = PrivateKey::generate(KeyKind::Ed25519, ORIGIN, [1; 32])?;
    let trust = Trust {
        log_keys: vec![key.verifier().clone()],
        ..Trust::default()
    };
    let signers: Vec<Arc<dyn Signer>> = vec![Arc::new(key)];
    let memory = folder.path().join("signed.json");
    let log = Arc::new(local::open(
        &folder.path().join("log"),
        ORIGIN,
        &memory,
        signers,
    )?);

    let lags = write(&log, Duration::from_secs(seconds), size).await?;
    let head = log.records().state().await?.tree;
    report_lags(lags);
    proofs(&log, head.size, &trust).await?;

    let start = Instant::now();
    let source = FolderSource::new(&folder.path().join("log/public"));
    let report = verify(&source, &trust, &mut |_, _| ()).await?;
    let took = start.elapsed().as_secs_f64();
    let rate = head.size as f64 / took;
    println!(
        "whole log verified: {} entries in {took:.2} s, {rate:.0}/s",
        report.entries
    );
    if !report.holds() {
        return Err(format!("does not verify: {:?}", report.faults).into());
    }
    Ok(())
}

/// Callers add single entries and wait for each to be durable, many at once; meanwhile the log
/// is integrated and signed. Answers how long entries waited until a signed checkpoint had them.
async fn write(log: &Arc<Log>, how_long: Duration, size: usize) -> Outcome<Vec<Duration>> {
    let appender = local::appender(log);
    let (stop, added) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let start = Instant::now();
    let stages = tokio::spawn(stages(log.clone(), stop.clone()));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (appender, added) = (appender.clone(), added.clone());
        callers.spawn(async move {
            while start.elapsed() < how_long {
                let first = added.fetch_add(IN_FLIGHT, Ordering::Relaxed);
                let adds = (first..first + IN_FLIGHT).map(|n| appender.add(entry(n, size)));
                futures::future::try_join_all(adds).await?;
            }
            Ok::<_, tianyuan_ledger::Error>(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let took = start.elapsed().as_secs_f64();
    let durable = log.records().state().await?.sequenced;
    let rate = durable as f64 / took;
    println!("durable entries: {durable} of {size} bytes in {took:.2} s, {rate:.0}/s");
    stop.store(true, Ordering::Relaxed);
    let lags = stages.await??;
    let took = start.elapsed().as_secs_f64();
    println!(
        "all of them integrated and signed after {took:.2} s, {:.0}/s",
        durable as f64 / took
    );
    Ok(lags)
}

async fn stages(log: Arc<Log>, stop: Arc<AtomicBool>) -> Outcome<Vec<Duration>> {
    let mut lags = Vec::new();
    loop {
        let stopping = stop.load(Ordering::Relaxed);
        let start = Instant::now();
        let upto = log.records().state().await?.sequenced;
        let mut reached = 0;
        while reached < upto {
            reached = log.integrate_step().await?.1.size;
            log.publish().await?;
        }
        // The longest wait: an entry that came just after the round before began.
        lags.push(start.elapsed());
        if stopping {
            return Ok(lags);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn report_lags(mut lags: Vec<Duration>) {
    lags.sort();
    let at = |part: f64| lags[((lags.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let (half, most, worst) = (at(0.5), at(0.99), at(1.0));
    println!("durable to signed: median {half:.0} ms, p99 {most:.0} ms, worst {worst:.0} ms");
}

async fn proofs(log: &Log, size: u64, trust: &Trust) -> Outcome<()> {
    const COUNT: u64 = 2_000;
    let mut bundles = Vec::new();
    let start = Instant::now();
    for n in 0..COUNT {
        let index = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
        bundles.push(log.prove(index).await?.ok_or("not published")?);
    }
    let made = start.elapsed().as_secs_f64() / COUNT as f64 * 1e6;
    let entries = futures::future::try_join_all(bundles.iter().map(|b| log.entry(b.index))).await?;
    let start = Instant::now();
    for (bundle, entry) in bundles.iter().zip(&entries) {
        bundle.verify(entry, &trust.log_keys, &[])?;
    }
    let checked = start.elapsed().as_secs_f64() / COUNT as f64 * 1e6;
    let start = Instant::now();
    let mut old = 1;
    while old < size {
        log.prove_consistency(old, size).await?;
        old = old * 2 + 1;
    }
    let consistency = start.elapsed().as_secs_f64() / f64::from(size.ilog2() + 1) * 1e6;
    let head = Checkpoint::parse(&bundles[0].checkpoint.text)?.head.size;
    println!("tree of {head}: tlog-proof made in {made:.0} µs, checked in {checked:.0} µs");
    println!("consistency proof made in {consistency:.0} µs");
    Ok(())
}
