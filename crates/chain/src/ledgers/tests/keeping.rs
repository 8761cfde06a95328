//! Keys, rotation, restores and lost tails.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::json;
use tianyuan_kernel::App;
use tianyuan_kernel::testkit::{Node, Roles, each_backend, each_backend_with};
use tianyuan_ledger::Note;
use tianyuan_ledger::keys::{KeyKind, PrivateKey};

use super::support::*;
use crate::ledgers::open::Ledgers;
use crate::ledgers::receipt::check;
use crate::ledgers::{KEY_ROTATED, SUCCEEDED, cli};

fn file(node: &Node, name: &str) -> std::path::PathBuf {
    node.folder().join("keys").join(name)
}

/// As after a new start: everything is read again.
async fn reopen(app: &App) {
    for log in tianyuan_kernel::journal::Log::ALL {
        app.get::<Ledgers>()
            .unwrap()
            .reopen(app, log)
            .await
            .unwrap();
    }
}

async fn checkpoint(node: &Node) -> Note {
    let text = node.stranger().get("/ledger/material/checkpoint").await;
    Note::parse(&text.expect(200).bytes).unwrap()
}

#[tokio::test]
async fn keys_are_made_once_and_only_for_the_owner() {
    each_backend(rooms, async |node| {
        let first = keys(&node.stranger()).await;
        let path = file(&node, "material.key");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        reopen(&node.app).await;
        assert_eq!(keys(&node.stranger()).await, first);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let ledgers = node.app.get::<Ledgers>().unwrap();
        let log = tianyuan_kernel::journal::Log::Material;
        let refused = ledgers.reopen(&node.app, log).await.unwrap_err();
        assert!(refused.cause().unwrap().contains("chmod 600"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_rotation_signs_one_checkpoint_with_both_keys_and_leaves_a_fact() {
    each_backend(rooms, async |node| {
        let fact = record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        let (old, receipt_before) = (keys(&node.stranger()).await, receipt(&node, &fact).await);
        let new = cli::keys_rotate(&node.app, "material").await.unwrap();
        let both = checkpoint(&node).await;
        assert_eq!(both.verified(&old).unwrap().len(), 1, "the old key");
        let now = keys(&node.stranger()).await;
        assert!(now.iter().any(|key| key.to_string() == new) && now.len() == 5);
        assert_eq!(both.verified(&now).unwrap().len(), 1, "and the new one");
        assert_eq!(
            node.facts()
                .await
                .iter()
                .filter(|f| f.0 == KEY_ROTATED.name)
                .count(),
            1
        );
        reopen(&node.app).await;
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        assert_eq!(checkpoint(&node).await.signatures.len(), 1);
        verified(&node, "material").await;
        check(&receipt_before, &old, &[]).unwrap();
        assert!(cli::keys_rotate(&node.app, "nothing").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_rotation_that_broke_off_is_gone_on_with() {
    each_backend(rooms, async |node| {
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        let origin = ledger(&node, "material").await["origin"].clone();
        let next = PrivateKey::generate(KeyKind::Ed25519, origin.as_str().unwrap(), [9; 32]);
        let next = next.unwrap();
        next.save(&file(&node, "material.key.next")).unwrap();
        reopen(&node.app).await;
        integrate(&node).await;
        assert!(!file(&node, "material.key.next").exists());
        let now = keys(&node.stranger()).await;
        assert!(now.contains(next.verifier()));
        // Ended between the records and the files: the next start finishes.
        std::fs::rename(
            file(&node, "material.key"),
            file(&node, "material.key.next"),
        )
        .unwrap();
        reopen(&node.app).await;
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        verified(&node, "material").await;
        let rotations = node.facts().await;
        assert_eq!(
            rotations.iter().filter(|f| f.0 == KEY_ROTATED.name).count(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn after_a_restore_nothing_is_signed_until_it_is_confirmed() {
    each_backend(rooms, async |node| {
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        assert_eq!(cli::mark_restored(&node.app).await.unwrap(), 5);
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        let info = ledger(&node, "material").await;
        assert_eq!(
            (&info["size"], &info["checkpoint_size"]),
            (&json!(2), &json!(1))
        );
        assert!(info["problem"]["zh"].as_str().unwrap().contains("恢复"));
        let latest = node.folder().join("latest");
        std::fs::write(&latest, checkpoint(&node).await.to_string()).unwrap();
        let other = node.folder().join("other");
        std::fs::write(&other, "nonsense").unwrap();
        assert!(
            cli::confirm(&node.app, "material", Some(&other))
                .await
                .is_err()
        );
        cli::confirm(&node.app, "material", Some(&latest))
            .await
            .unwrap();
        for log in ["directory", "identity", "signing", "supervision"] {
            cli::confirm(&node.app, log, None).await.unwrap();
        }
        integrate(&node).await;
        assert!(cli::problems(&node.app).await.unwrap().is_empty());
        assert_eq!(ledger(&node, "material").await["checkpoint_size"], 2);
        verified(&node, "material").await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_tail_means_a_new_origin_that_names_the_old() {
    each_backend(rooms, async |node| {
        let fact = record(&node, &MADE, "thing_1", json!({ "word": "一" })).await;
        integrate(&node).await;
        assert!(
            cli::succeed(&node.app, "material").await.is_err(),
            "no reason to"
        );
        let old = ledger(&node, "material").await["origin"].clone();
        // What the memory says was signed is more than the restored database holds.
        let memory = file(&node, "material.signed.json");
        let text = std::fs::read_to_string(&memory).unwrap();
        std::fs::write(&memory, text.replace("\"size\":1", "\"size\":7")).unwrap();
        let later = record(&node, &MADE, "thing_1", json!({ "word": "二" })).await;
        integrate(&node).await;
        let path = format!("/api/v1/facts/{later}/receipt");
        node.client("auditor").get(&path).await.expect(409);
        assert_eq!(cli::problems(&node.app).await.unwrap().len(), 1);
        let origin = cli::succeed(&node.app, "material").await.unwrap();
        integrate(&node).await;
        assert!(cli::problems(&node.app).await.unwrap().is_empty());
        let (report, leaves) = verified(&node, "material").await;
        assert_eq!((report.origin, leaves.len()), (origin, 3));
        assert_eq!(
            (&leaves[0]["succeeds"], &leaves[0]["seen"]),
            (&old, &json!(7))
        );
        let keys = keys(&node.stranger()).await;
        for fact in [&fact, &later] {
            check(&receipt(&node, fact).await, &keys, &[]).unwrap();
        }
        assert!(node.facts().await.iter().any(|f| f.0 == SUCCEEDED.name));
    })
    .await;
}

#[tokio::test]
async fn without_its_key_a_ledger_grows_but_is_not_signed() {
    each_backend(rooms, async |node| {
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        let kept = node.folder().join("kept");
        std::fs::rename(file(&node, "material.key"), &kept).unwrap();
        // Another node's own key must not do either.
        let origin = ledger(&node, "material").await["origin"].clone();
        let other = PrivateKey::generate(KeyKind::Ed25519, origin.as_str().unwrap(), [9; 32]);
        other.unwrap().save(&file(&node, "material.key")).unwrap();
        reopen(&node.app).await;
        record(&node, &MADE, "thing_1", json!({})).await;
        integrate(&node).await;
        let info = ledger(&node, "material").await;
        assert_eq!(
            (&info["size"], &info["checkpoint_size"]),
            (&json!(2), &json!(1))
        );
        std::fs::rename(&kept, file(&node, "material.key")).unwrap();
        reopen(&node.app).await;
        integrate(&node).await;
        verified(&node, "material").await;
    })
    .await;
}

#[tokio::test]
async fn a_second_signature_of_the_national_algorithms() {
    let compose = |_: &_| (rooms(), Arc::new(Roles) as Arc<_>);
    each_backend_with(
        compose,
        |config| config.ledger.sm2 = true,
        async |node| {
            record(&node, &MADE, "thing_1", json!({})).await;
            integrate(&node).await;
            let keys = keys(&node.stranger()).await;
            assert_eq!(keys.iter().filter(|key| key.is_sm2()).count(), 5);
            let note = checkpoint(&node).await;
            assert_eq!(note.verified(&keys).unwrap().len(), 2);
            cli::keys_rotate(&node.app, "material").await.unwrap();
            assert_eq!(checkpoint(&node).await.signatures.len(), 4);
        },
    )
    .await;
}

#[tokio::test]
async fn the_origin_cannot_change_its_name() {
    let compose = |_: &_| (rooms(), Arc::new(Roles) as Arc<_>);
    each_backend_with(
        compose,
        |config| config.ledger.origin = Some("qingpu.example/trunk".to_owned()),
        async |node| {
            let origin = ledger(&node, "identity").await["origin"].clone();
            assert_eq!(origin, "qingpu.example/trunk/identity");
        },
    )
    .await;
}
