//! How fast the crate is on this disk: durable entries per second, the lag until they are
//! integrated and signed, and what proofs and verification cost.
//!
//! `cargo run --release -p tianyuan-ledger --example throughput -- [SECONDS] [ENTRY_BYTES]`
#![expect(clippy::print_stdout, reason = "a command that reports figures")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
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

    for rate in [Some(100_000), Some(200_000), None] {
        write(&log, Duration::from_secs(seconds), size, rate).await?;
    }
    let head = log.records().state().await?.tree;
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

/// When a sampled entry was durable, by its index.
type Sampled = Arc<Mutex<VecDeque<(u64, Instant)>>>;

/// Callers add single entries and wait for each to be durable, many at once and at most `rate` a
/// second; meanwhile the log is integrated and signed.
async fn write(log: &Arc<Log>, how_long: Duration, size: usize, rate: Option<u64>) -> Outcome<()> {
    let appender = local::appender(log);
    let stop = Arc::new(AtomicBool::new(false));
    let sampled = Sampled::default();
    let from = log.records().state().await?.sequenced;
    let start = Instant::now();
    let stages = tokio::spawn(stages(log.clone(), stop.clone(), sampled.clone()));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (appender, sampled) = (appender.clone(), sampled.clone());
        callers.spawn(async move {
            let between = rate.map(|rate| Duration::from_secs(CALLERS * IN_FLIGHT) / rate as u32);
            for turn in 0u64.. {
                if let Some(between) = between {
                    let due = between * turn as u32 + between * caller as u32 / CALLERS as u32;
                    tokio::time::sleep_until((start + due).into()).await;
                }
                if start.elapsed() >= how_long {
                    break;
                }
                let first = (turn * CALLERS + caller) * IN_FLIGHT;
                let adds = (first..first + IN_FLIGHT).map(|n| appender.add(entry(n, size)));
                let indices = futures::future::try_join_all(adds).await?;
                let last = indices.into_iter().max().unwrap_or_default();
                let mut sampled = sampled.lock().map_err(|e| e.to_string())?;
                sampled.push_back((last, Instant::now()));
            }
            Outcome::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let took = start.elapsed().as_secs_f64();
    let durable = log.records().state().await?.sequenced - from;
    let offered = rate.map_or("as many as go".to_owned(), |rate| {
        format!("{rate}/s offered")
    });
    println!(
        "{offered}: {durable} durable entries of {size} bytes in {took:.2} s, {:.0}/s",
        durable as f64 / took
    );
    stop.store(true, Ordering::Relaxed);
    let lags = stages.await??;
    let took = start.elapsed().as_secs_f64();
    println!(
        "  all of them integrated and signed after {took:.2} s, {:.0}/s",
        durable as f64 / took
    );
    report_lags(lags);
    Ok(())
}

/// Integrates and signs until told to stop and nothing is left; answers how long sampled entries
/// waited from durable until a signed checkpoint had them.
async fn stages(log: Arc<Log>, stop: Arc<AtomicBool>, sampled: Sampled) -> Outcome<Vec<Duration>> {
    let mut lags = Vec::new();
    loop {
        let stopping = stop.load(Ordering::Relaxed);
        let upto = log.records().state().await?.sequenced;
        let mut reached = log.records().state().await?.tree.size;
        while reached < upto {
            reached = log.integrate_step().await?.1.size;
            log.publish().await?;
            let mut sampled = sampled.lock().map_err(|e| e.to_string())?;
            sampled.retain(|(index, durable)| {
                let there = *index < reached;
                if there {
                    lags.push(durable.elapsed());
                }
                !there
            });
        }
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
    println!("  durable to signed: median {half:.0} ms, p99 {most:.0} ms, worst {worst:.0} ms");
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
