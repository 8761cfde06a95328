//! The rules of the house that a machine can hold.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

const ROOMS: [&str; 6] = ["plan", "chain", "net", "hub", "brain", "shield"];

#[test]
fn rooms_do_not_know_each_other_and_the_ledger_knows_nobody() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() >= 6, "the workspace was read");
    for package in packages {
        let name = package["name"]
            .as_str()
            .unwrap()
            .trim_start_matches("tianyuan-");
        let known = package["dependencies"].as_array().unwrap().iter();
        let known: Vec<&str> = known
            .filter_map(|d| d["name"].as_str().unwrap().strip_prefix("tianyuan-"))
            .collect();
        let allowed: &[&str] = match name {
            "tianyuan" => continue,
            "kernel" | "ledger" => &[],
            "lake" => &["kernel"],
            _ if ROOMS.contains(&name) => &["kernel", "ledger", "lake"],
            other => panic!("{other} is neither a room nor one of the shared crates"),
        };
        let wrong: Vec<_> = known.iter().filter(|k| !allowed.contains(k)).collect();
        assert!(wrong.is_empty(), "{name} may not depend on {wrong:?}");
    }
}

#[test]
fn the_openapi_snapshot_is_what_the_routes_say() {
    let document = tianyuan::compose::document().unwrap();
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let path = root().join("openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let snapshot = std::fs::read_to_string(&path).unwrap_or_default();
    let first = snapshot.lines().zip(now.lines()).position(|(a, b)| a != b);
    assert!(
        snapshot == now,
        "openapi.json differs from the routes from line {first:?} on; `make openapi` writes it anew"
    );
}

#[test]
fn every_shipped_text_file_is_free_of_one_machines_paths() {
    let output = Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .unwrap();
    let mut wrong = Vec::new();
    for name in String::from_utf8(output.stdout).unwrap().lines() {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else {
            continue;
        };
        for home in ["/home/", "/root/", "/Users/"] {
            let named = text.match_indices(home).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                let after = text[at + home.len()..].chars().next();
                before.is_none_or(|c| !c.is_alphanumeric() && c != '.')
                    && after.is_some_and(char::is_alphanumeric)
            });
            if named && !name.ends_with("house.rs") {
                wrong.push(format!("{name}: {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
