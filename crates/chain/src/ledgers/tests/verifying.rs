//! `verify` from a folder, and of a single receipt.

use std::path::{Path, PathBuf};

use serde_json::json;
use tianyuan_kernel::testkit::{Node, each_backend};

use super::support::*;
use crate::ledgers::cli::{self, VerifyReport, VerifyRequest};

async fn pinned(node: &Node) -> PathBuf {
    let path = node.folder().join("pinned");
    let keys = cli::keys_export(&node.app).await.unwrap();
    std::fs::write(&path, keys).unwrap();
    path
}

async fn verify(source: &Path, keys: &Path, seen: &Path) -> VerifyReport {
    let request = VerifyRequest {
        source: source.display().to_string(),
        keys: keys.to_owned(),
        seen: Some(seen.to_owned()),
        witnesses: Vec::new(),
    };
    cli::verify(request).await.unwrap()
}

#[tokio::test]
async fn a_folder_verifies_until_a_byte_is_changed() {
    each_backend(rooms, async |node| {
        record_many(&node, &MADE, 300).await;
        integrate(&node).await;
        let (keys, seen) = (pinned(&node).await, node.folder().join("seen"));
        let first = verify(node.folder(), &keys, &seen).await;
        assert!(first.sound && first.lines.len() == 5, "{:#?}", first.lines);
        record_many(&node, &MADE, 30).await;
        integrate(&node).await;
        let second = verify(&node.folder().join("ledger"), &keys, &seen).await;
        assert!(second.sound, "{:#?}", second.lines);
        assert!(
            second
                .lines
                .iter()
                .any(|line| line.contains("extends the 300"))
        );
        let bundle = node.folder().join("ledger/material/tile/entries/000");
        let whole = std::fs::read(&bundle).unwrap();
        let mut changed = whole.clone();
        changed[5000] ^= 1;
        std::fs::write(&bundle, changed).unwrap();
        let third = verify(node.folder(), &keys, &seen).await;
        assert!(!third.sound);
        assert!(
            third
                .lines
                .iter()
                .any(|l| l.contains("material: ✗ tile/entries/000 #")),
            "{:#?}",
            third.lines
        );
        std::fs::write(&bundle, whole).unwrap();
        std::fs::remove_dir_all(node.folder().join("ledger/signing")).unwrap();
        let fourth = verify(node.folder(), &keys, &seen).await;
        assert!(!fourth.sound && fourth.lines[0].contains("signing"));
    })
    .await;
}

#[tokio::test]
async fn one_ledger_does_not_pass_for_another() {
    each_backend(rooms, async |node| {
        record_many(&node, &MADE, 3).await;
        integrate(&node).await;
        let (keys, seen) = (pinned(&node).await, node.folder().join("seen"));
        let ledgers = node.folder().join("ledger");
        std::fs::remove_dir_all(ledgers.join("signing")).unwrap();
        std::fs::rename(ledgers.join("identity"), ledgers.join("signing")).unwrap();
        let report = verify(&ledgers, &keys, &seen).await;
        assert!(
            report
                .lines
                .iter()
                .any(|l| l.contains("not this ledger's origin"))
        );
        assert!(!report.sound);
    })
    .await;
}

#[tokio::test]
async fn a_receipt_in_a_file() {
    each_backend(rooms, async |node| {
        let id = record(&node, &MADE, "thing_1", json!({ "word": "一" })).await;
        integrate(&node).await;
        let (keys, seen) = (pinned(&node).await, node.folder().join("seen"));
        let file = node.folder().join("receipt.json");
        let text = serde_json::to_string(&receipt(&node, &id).await).unwrap();
        std::fs::write(&file, &text).unwrap();
        assert!(verify(&file, &keys, &seen).await.sound);
        std::fs::write(&file, text.replace('一', "二")).unwrap();
        let report = verify(&file, &keys, &seen).await;
        assert!(!report.sound && report.lines[0].contains("✗"));
    })
    .await;
}
