//! `tianyuan verify`: a node's ledgers, a folder of ledgers, or one receipt, checked with the
//! keys the caller pinned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tianyuan_kernel::journal::Log;
use tianyuan_kernel::{Error, Result};
use tianyuan_ledger::verify::{FolderSource, Report, Source, Trust, read_keys};
use tianyuan_ledger::{Checkpoint, Note, VerifierKey};
use url::Url;

use super::source::{HttpSource, client};
use crate::ledgers::receipt::{self, Receipt};

/// What to verify, and what is believed beforehand.
#[derive(Clone, Debug)]
pub struct VerifyRequest {
    /// A node's address (`https://…`), a folder with ledgers (a backup, a mirror, a data
    /// folder), or a receipt's JSON file.
    pub source: String,
    /// File with the pinned verifier keys, one a line. A key that was just fetched proves nothing.
    pub keys: PathBuf,
    /// Folder that keeps the checkpoints seen, so that the next run proves consistency.
    pub seen: Option<PathBuf>,
    /// Verifier keys of witnesses that must have cosigned.
    pub witnesses: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Findings in words, Chinese and English, one a line.
    pub lines: Vec<String>,
    /// True when nothing is wrong.
    pub sound: bool,
}

impl VerifyReport {
    fn fault(&mut self, line: String) {
        self.sound = false;
        self.lines.push(line);
    }
}

/// Verifies. A changed byte is named by ledger, file and entry.
///
/// # Errors
/// Only when the keys, the source or the folder of seen checkpoints cannot be read; everything
/// that is wrong with the ledgers is in the report.
pub async fn verify(request: VerifyRequest) -> Result<VerifyReport> {
    let words = |e: tianyuan_ledger::Error| Error::internal(e);
    let text = std::fs::read_to_string(&request.keys)
        .map_err(|e| Error::internal(format!("{}: {e}", request.keys.display())))?;
    let log_keys = read_keys(&text).map_err(words)?;
    let witnesses = request.witnesses.iter().map(|key| key.parse());
    let witness_keys = witnesses.collect::<Result<Vec<VerifierKey>, _>>();
    let trust = Trust {
        log_keys,
        witness_keys: witness_keys.map_err(words)?,
        earlier: None,
    };
    let path = Path::new(&request.source);
    if path.is_file() {
        return one_receipt(path, &trust);
    }
    let mut report = VerifyReport {
        sound: true,
        ..VerifyReport::default()
    };
    for (name, source) in sources(&request.source, &trust, &mut report)? {
        whole(
            &name,
            &*source,
            &trust,
            request.seen.as_deref(),
            &mut report,
        )
        .await?;
    }
    Ok(report)
}

type Named = (String, Box<dyn Source>);

fn sources(source: &str, trust: &Trust, report: &mut VerifyReport) -> Result<Vec<Named>> {
    if let Ok(node) = source.parse::<Url>()
        && matches!(node.scheme(), "http" | "https")
    {
        let fetch = client(&node)?;
        return Log::ALL
            .into_iter()
            .map(|log| {
                let source = HttpSource::new(fetch.clone(), &node, log.name())?;
                Ok((log.name().to_owned(), Box::new(source) as Box<dyn Source>))
            })
            .collect();
    }
    let root = PathBuf::from(source);
    let nested = root.join("ledger");
    let root = if nested.is_dir() { nested } else { root };
    if !root.is_dir() {
        return Err(Error::internal(format!(
            "{source} is no address, folder or receipt"
        )));
    }
    let names = folders(&root, trust)?;
    for log in Log::ALL {
        if !names.iter().any(|name| ledger_of(name) == log.name()) {
            let name = log.name();
            report.fault(format!("{name}: 缺少 missing"));
        }
    }
    let open = |name: String| {
        let source: Box<dyn Source> = Box::new(FolderSource::new(&root.join(&name)));
        (name, source)
    };
    Ok(names.into_iter().map(open).collect())
}

/// `material.2` is a later generation of `material`.
fn ledger_of(folder: &str) -> &str {
    folder.split('.').next().unwrap_or(folder)
}

/// The folders of ledgers; an earlier generation only when a key for it is pinned.
fn folders(root: &Path, trust: &Trust) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for item in std::fs::read_dir(root)? {
        let name = item?.file_name().to_string_lossy().into_owned();
        let known = Log::ALL.iter().any(|log| log.name() == ledger_of(&name));
        if known && root.join(&name).is_dir() {
            names.insert(name);
        }
    }
    let latest = |name: &String| {
        let number = |n: &String| n.split_once('.').map_or(1, |(_, g)| g.parse().unwrap_or(0));
        let mine: i64 = number(name);
        !names
            .iter()
            .any(|other| ledger_of(other) == ledger_of(name) && number(other) > mine)
    };
    let pinned = |name: &String| {
        let checkpoint = std::fs::read_to_string(root.join(name).join("checkpoint"));
        let origin = checkpoint.unwrap_or_default();
        let origin = origin.lines().next().unwrap_or_default().to_owned();
        trust.log_keys.iter().any(|key| key.name() == origin)
    };
    Ok(names
        .iter()
        .filter(|name| latest(name) || pinned(name))
        .cloned()
        .collect())
}

async fn whole(
    name: &str,
    source: &dyn Source,
    trust: &Trust,
    seen: Option<&Path>,
    report: &mut VerifyReport,
) -> Result<()> {
    let kept = seen.map(|folder| folder.join(format!("{name}.checkpoint")));
    let mut trust = trust.clone();
    if let Some(text) = kept.as_ref().and_then(|p| std::fs::read_to_string(p).ok()) {
        let note = Note::parse(text.as_bytes());
        let earlier = note.and_then(|note| Checkpoint::parse(&note.text));
        trust.earlier = Some(earlier.map_err(Error::internal)?);
    }
    let found = tianyuan_ledger::verify::verify(source, &trust, &mut |_, _| ()).await;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            report.fault(format!("{name}: 无法读取 cannot be read: {error}"));
            return Ok(());
        }
    };
    tell(name, &found, report);
    if found.holds()
        && let (Some(path), Some(note)) = (kept, found.note)
    {
        keep(&path, &note)?;
    }
    Ok(())
}

fn tell(name: &str, found: &Report, report: &mut VerifyReport) {
    for fault in &found.faults {
        let place = fault.index.map_or(String::new(), |n| format!(" #{n}"));
        let (zh, en) = (&fault.zh, &fault.en);
        report.fault(format!("{name}: ✗ {}{place}: {zh} ({en})", fault.file));
    }
    // The right log in the wrong place: one ledger must not pass for another.
    let named = found.origin.split('/').any(|part| part == ledger_of(name));
    if !found.origin.is_empty() && !named {
        let origin = &found.origin;
        report.fault(format!(
            "{name}: ✗ 来源不是该链 not this ledger's origin: {origin}"
        ));
    }
    let Some(head) = found.head else { return };
    let mark = if found.holds() && named { "✓" } else { "✗" };
    let mut line = format!(
        "{name}: {mark} {} {} 条 entries, 根 root {}, 签名 signed by {}",
        found.origin,
        head.size,
        head.root,
        found.signed_by.join(", ")
    );
    if !found.witnessed_by.is_empty() {
        let names = found.witnessed_by.iter().map(|(name, _)| name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        line += &format!(", 见证 witnessed by {names}");
    }
    if let Some(size) = found.extends {
        line += &format!(", 与先前 {size} 条一致 extends the {size} seen before");
    }
    report.lines.push(line);
}

fn keep(path: &Path, note: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, note)?;
    std::fs::File::open(&temporary)?.sync_all()?;
    Ok(std::fs::rename(&temporary, path)?)
}

fn one_receipt(path: &Path, trust: &Trust) -> Result<VerifyReport> {
    let text = std::fs::read_to_string(path)?;
    let receipt: Receipt = serde_json::from_str(&text)
        .map_err(|e| Error::internal(format!("{} is no receipt: {e}", path.display())))?;
    let (id, origin, index) = (&receipt.fact_id, &receipt.origin, receipt.index);
    Ok(
        match receipt::check(&receipt, &trust.log_keys, &trust.witness_keys) {
            Ok(shown) => {
                let erased = if receipt.erased {
                    ", 已删除 erased"
                } else {
                    ""
                };
                let (size, by) = (shown.size, shown.signed_by.join(", "));
                let line =
                    format!("{id}: ✓ {origin} #{index} / {size}, 签名 signed by {by}{erased}");
                VerifyReport {
                    lines: vec![line],
                    sound: true,
                }
            }
            Err(why) => VerifyReport {
                lines: vec![format!("{id}: ✗ {} ({})", why.zh, why.en)],
                sound: false,
            },
        },
    )
}
