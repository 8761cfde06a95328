//! Backup while serving, restore, and signing again afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{Serving, places};

const LEDGERS: [&str; 5] = [
    "directory",
    "identity",
    "material",
    "signing",
    "supervision",
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_serving_has_all_that_was_acknowledged_before_it() {
    for place in places().await {
        let node = Serving::start(&place).await;
        let before = node.keep_writing("before", |n| n == 5).await;
        let copy = place.data.with_file_name("backup");
        let taken = AtomicBool::new(false);
        let (during, ()) = tokio::join!(
            node.keep_writing("during", |_| taken.load(Ordering::Relaxed)),
            async {
                tokio::task::block_in_place(|| place.done(&["backup", text(&copy)]));
                taken.store(true, Ordering::Relaxed);
            }
        );
        assert!(fs::read_dir(place.data.join("keys")).unwrap().count() > 0);
        assert!(!copy.join("keys").exists(), "keys never go into a backup");
        for private in [&copy, &place.data] {
            let mode = fs::metadata(private).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", private.display());
        }
        let next = place.data.with_file_name("next");
        fs::create_dir(next.with_extension("partial")).unwrap();
        let said = place.refused(&["backup", text(&next)]);
        assert!(said.contains("next.partial"), "{said}");

        let other = place.another().await;
        other.done(&["restore", text(&copy)]);
        let restored = Serving::start(&other).await;
        let notes = restored.notes().await;
        assert!(before.iter().all(|note| notes.contains(note)), "{notes:?}");
        let kept = during
            .iter()
            .take_while(|note| notes.contains(note))
            .count();
        let beyond = during.iter().skip(kept).filter(|note| notes.contains(note));
        assert_eq!(beyond.count(), 0, "it is the state of one moment");
        drop((node, restored));
        other.close().await;
        place.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_node_goes_on_signing_where_it_stopped_once_that_is_confirmed() {
    for place in places().await {
        let mut node = Serving::start(&place).await;
        node.keep_writing("kept", |n| n == 3).await;
        node.signal("-TERM");
        node.ended();
        let keys = place.data.with_file_name("keys.txt");
        place.done(&["keys", "export", text(&keys)]);
        let copy = place.data.with_file_name("backup");
        place.done(&["backup", text(&copy)]);

        let other = place.another().await;
        other.done(&["restore", text(&copy)]);
        copy_folder(&place.data.join("keys"), &other.data.join("keys"));
        let checkpoint = |log: &str| place.data.join("ledger").join(log).join("checkpoint");
        for log in LEDGERS {
            let seen = checkpoint(log);
            other.done(&["keys", "confirm", log, "--checkpoint", text(&seen)]);
        }
        let node = Serving::start(&other).await;
        let held = node.signed("material").await;
        node.keep_writing("after", |n| n == 3).await;
        node.signed_beyond("material", held + 2).await;
        let said = other.done(&["verify", &node.base, "--keys", text(&keys)]);
        assert_eq!(said.matches('✓').count(), LEDGERS.len(), "{said}");
        drop(node);
        other.close().await;
        place.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_back_by_the_recovery_key_alone() {
    for place in places().await {
        let node = Serving::start(&place).await;
        node.keep_writing("kept", |n| n == 2).await;
        let (secret, other) = (
            place.data.with_file_name("key"),
            place.data.with_file_name("no"),
        );
        place.done(&["recovery-key", text(&secret)]);
        place.done(&["recovery-key", text(&other)]);
        let mode = fs::metadata(&secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        place.refused(&["recovery-key", text(&secret)]);
        let copy = place.data.with_file_name("sealed");
        let said = place.refused(&["backup", text(&copy), "--recovery-key", "age1x"]);
        assert!(said.contains("age1x") && !copy.exists(), "{said}");
        place.done(&["backup", text(&copy), "--recovery-key", text(&secret)]);
        let key = fs::read(place.data.join("keys/identity.key")).unwrap();
        let sealed = fs::read(copy.join("keys.age")).unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1"));
        assert!(!sealed.windows(key.len()).any(|part| part == key));

        let next = place.another().await;
        let said = next.refused(&["restore", text(&copy), "--recovery-key", text(&other)]);
        assert!(said.contains("keys.age"), "{said}");
        assert!(!next.data.join("keys").exists(), "nothing was restored");
        next.done(&["restore", text(&copy), "--recovery-key", text(&secret)]);
        let back = next.data.join("keys/identity.key");
        assert_eq!(fs::read(&back).unwrap(), key);
        assert_eq!(
            fs::metadata(&back).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(!next.data.join("keys.age").exists());
        drop(node);
        next.close().await;
        place.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_overwrites_nothing_and_believes_no_changed_backup() {
    for place in places().await {
        let node = Serving::start(&place).await;
        node.signed_beyond("material", 0).await;
        drop(node);
        let copy = place.data.with_file_name("backup");
        place.done(&["backup", text(&copy)]);
        assert!(
            place
                .refused(&["backup", text(&copy)])
                .contains("exists already")
        );
        assert!(place.refused(&["restore", text(&copy)]).contains("already"));

        let other = place.another().await;
        let tile = files(&copy.join("ledger")).pop().unwrap();
        let bytes = fs::read(&tile).unwrap();
        let mut changed = bytes.clone();
        changed[0] ^= 1;
        fs::write(&tile, changed).unwrap();
        assert!(
            other
                .refused(&["restore", text(&copy)])
                .contains("was changed")
        );
        assert!(!other.data.join("ledger").exists(), "nothing was restored");
        fs::write(&tile, bytes).unwrap();
        other.done(&["restore", text(&copy)]);
        other.close().await;
        place.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_does_not_come_back_with_an_older_backup() {
    for place in places().await {
        let node = Serving::start(&place).await;
        let account = json!({ "username": "wang", "name": "王某某", "roles": [] });
        let open = || {
            node.send(
                "POST",
                "/api/v1/people",
                Some(account.clone()),
                Some("open"),
            )
        };
        let (_, opened) = open().await.unwrap();
        let path = format!(
            "/api/v1/people/{}",
            opened["person"]["id"].as_str().unwrap()
        );
        let opinion = opinion_with_contact(&node).await;
        let copy = place.data.with_file_name("backup");
        place.done(&["backup", text(&copy)]);
        let words = Some(json!({ "words": true }));
        let erasure = format!("{opinion}/erasure");
        let erased = node.send("POST", &erasure, words, None).await;
        assert_eq!(erased.unwrap().0, 200);
        let erased = node
            .send("POST", &format!("{path}/erasure"), Some(json!({})), None)
            .await;
        assert_eq!(erased.unwrap().0, 200);
        let again = open().await.unwrap();
        assert_eq!(again, (201, json!({})), "the kept answer forgets them too");
        drop(node);

        let other = place.another().await;
        other.done(&["restore", text(&copy)]);
        fs::copy(place.data.join("erasures"), other.data.join("erasures")).unwrap();
        let node = Serving::start(&other).await;
        let person = node.get(&path).await;
        assert!(!person.to_string().contains("王某某"), "{person}");
        let contacts = node.get(&format!("{opinion}/contacts")).await;
        assert_eq!(contacts["items"], json!([]), "{contacts}");
        assert_eq!(node.get(&opinion).await["text"], "");
        drop(node);
        other.close().await;
        place.close().await;
    }
}

/// Has an opinion on record with who gave it; answers its address.
async fn opinion_with_contact(node: &Serving) -> String {
    let plans = node.get("/api/v1/plans").await;
    let plan = plans["items"][0]["id"].as_str().unwrap();
    let rounds = node.get(&format!("/api/v1/plans/{plan}/rounds")).await;
    let rounds = rounds["items"].as_array().unwrap();
    let open = rounds.iter().find(|r| r["state"] == "open").unwrap();
    let opinion = json!({
        "channel_id": open["channels"][0]["id"], "text": "请给李某回电话",
        "contact": { "name": "李某", "phone": "000-0000" },
    });
    let path = format!("/api/v1/rounds/{}/opinions", open["id"].as_str().unwrap());
    let (status, opinion) = node.send("POST", &path, Some(opinion), None).await.unwrap();
    assert_eq!(status, 201, "{opinion}");
    let path = format!("/api/v1/opinions/{}", opinion["id"].as_str().unwrap());
    let contacts = node.get(&format!("{path}/contacts")).await;
    assert_eq!(contacts["items"][0]["name"], "李某");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_nothing_that_is_no_part_of_one() {
    for place in places().await {
        drop(Serving::start(&place).await);
        let copy = place.data.with_file_name("backup");
        place.done(&["backup", text(&copy)]);
        let path = copy.join("manifest.json");
        let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let with = |name: &str| {
            let mut changed = manifest.clone();
            // The digest of an empty file.
            changed["files"][name] =
                json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
            fs::write(&path, serde_json::to_vec(&changed).unwrap()).unwrap();
        };
        let other = place.another().await;
        for name in [
            "erasures",
            "keys/material",
            "files/../erasures",
            "files/./a",
            "files//a",
            "/tmp/a",
            "ledger",
        ] {
            with(name);
            let said = other.refused(&["restore", text(&copy)]);
            assert!(said.contains("is not a path of a backup"), "{name}: {said}");
        }
        // Records that the manifest does not list were never checked, so they are none.
        let mut without = manifest.clone();
        let files = without["files"].as_object_mut().unwrap();
        files.remove("tianyuan.db");
        files.remove("records.pgdump");
        fs::write(&path, serde_json::to_vec(&without).unwrap()).unwrap();
        let said = other.refused(&["restore", text(&copy)]);
        assert!(said.contains("this one holds neither"), "{said}");
        fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
        // What an old write-ahead log would do to them.
        fs::create_dir_all(&other.data).unwrap();
        let log = other.data.join("tianyuan.db-wal");
        fs::write(&log, b"old").unwrap();
        assert!(other.refused(&["restore", text(&copy)]).contains("already"));
        fs::remove_file(&log).unwrap();
        other.done(&["restore", text(&copy)]);
        other.close().await;
        place.close().await;
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    entries.flat_map(below).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}
