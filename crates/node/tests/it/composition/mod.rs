//! The route table, walked: strangers are refused everywhere it does not say "public", before
//! anything is parsed; and every mutation leaves a fact.

mod catalogue;
mod follow_up;
mod participation;
mod people;
mod plan;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tianyuan_kernel::http::Access;
use tianyuan_kernel::testkit::{Client, Node};

use crate::support::{PASSWORD, all, on_the_sample_district, person, sign_in};

fn filled(path: &str) -> String {
    // Whatever stands for a parameter: a stranger must not get as far as its meaning.
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push('x');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[tokio::test]
async fn strangers_are_refused_before_their_words_are_read() {
    on_the_sample_district(async |node| {
        let mut looked_at = 0;
        for mount in &node.mounts {
            if mount.access == Access::Public || mount.method == "*" {
                continue;
            }
            let garbage = b"\x00{not json".to_vec();
            let path = filled(&mount.path);
            let answer = node
                .stranger()
                .send(mount.method, &path, "text/x-garbage", garbage)
                .await;
            assert_eq!(
                answer.status,
                401,
                "{} {path}: {}",
                mount.method,
                answer.text()
            );
            assert_eq!(answer.code(), "sign_in_required");
            looked_at += 1;
        }
        assert!(looked_at > 40, "{looked_at} mounts were walked");
    })
    .await;
}

#[tokio::test]
async fn the_document_tells_which_operations_need_no_sign_in() {
    on_the_sample_district(async |node| {
        let document = serde_json::to_value(&node.document).unwrap();
        for mount in &node.mounts {
            let operation = &document["paths"][&mount.path][mount.method.to_lowercase()];
            if operation.is_null() {
                continue;
            }
            let open = operation["security"] == json!([]);
            assert_eq!(
                open,
                mount.access == Access::Public,
                "{} {}",
                mount.method,
                mount.path
            );
        }
    })
    .await;
}

/// One request for every mutation of the API, by somebody who may.
struct Walk<'a> {
    node: &'a Node,
    admin: Client,
    done: BTreeSet<String>,
}

impl Walk<'_> {
    /// Sends it, expects success, and a fact more than before (unless `quiet`).
    async fn step(
        &mut self,
        operation: &str,
        path: &str,
        etag: Option<&str>,
        body: Value,
    ) -> Value {
        let before = self.node.facts().await.len();
        let (method, _) = operation.split_once(' ').unwrap();
        let client = match etag {
            Some(etag) => self.admin.clone().header("if-match", etag),
            None => self.admin.clone(),
        };
        let answer = client
            .send(
                method,
                path,
                "application/json",
                body.to_string().into_bytes(),
            )
            .await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.text());
        let after = self.node.facts().await.len();
        assert!(after > before, "{operation} left no fact");
        self.done.insert(operation.to_owned());
        answer.json()
    }

    async fn raw(&mut self, operation: &str, path: &str, media: &str, bytes: Vec<u8>) -> Value {
        let before = self.node.facts().await.len();
        let (method, _) = operation.split_once(' ').unwrap();
        let answer = self.admin.send(method, path, media, bytes).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.text());
        assert!(
            self.node.facts().await.len() > before,
            "{operation} left no fact"
        );
        self.done.insert(operation.to_owned());
        answer.json()
    }

    async fn etag(&self, path: &str) -> String {
        self.admin
            .get(path)
            .await
            .expect(200)
            .header("etag")
            .unwrap()
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[tokio::test]
async fn every_mutation_leaves_a_fact() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let mut walk = Walk {
            node: &node,
            admin,
            done: BTreeSet::new(),
        };
        people::walk_people(&mut walk).await;
        plan::walk_plan(&mut walk).await;
        follow_up::walk_follow_up(&mut walk).await;
        participation::walk_participation(&mut walk).await;
        catalogue::walk_lake(&mut walk).await;
        catalogue::walk_catalogue(&mut walk).await;
        people::walk_sessions(&mut walk).await;
        let auditor = person(
            &node,
            &walk.admin,
            "auditor",
            json!([{ "role": "auditor" }]),
        )
        .await;
        let admin = std::mem::replace(&mut walk.admin, auditor);
        let path = "/api/v1/audit/export";
        walk.step("POST /api/v1/audit/export", path, None, json!({}))
            .await;
        walk.admin = admin;
        let jobs = all(&walk.admin, "/api/v1/jobs").await;
        let job = format!("/api/v1/jobs/{}", id(&jobs[0]));
        // Finished jobs can neither be cancelled nor retried; put this one back by hand.
        let mut tx = node.app.db().begin_raw().await.unwrap();
        use tianyuan_kernel::db::Sql as _;
        let args = tianyuan_kernel::args!["queued", node.app.now().plus_seconds(9_999)];
        tx.execute("UPDATE jobs SET state = $1, run_after = $2", args)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let cancel = format!("{job}/cancel");
        walk.step("POST /api/v1/jobs/{id}/cancel", &cancel, None, json!({}))
            .await;
        let retry = format!("{job}/retry");
        walk.step("POST /api/v1/jobs/{id}/retry", &retry, None, json!({}))
            .await;
        let path = "/api/v1/sessions/current";
        walk.step_out("DELETE /api/v1/sessions/current", path).await;
        let mutations: BTreeSet<String> = node
            .mounts
            .iter()
            .filter(|m| m.method != "GET" && m.path.starts_with("/api/"))
            .map(|m| format!("{} {}", m.method, m.path))
            .collect();
        let missing: Vec<_> = mutations.difference(&walk.done).collect();
        assert!(missing.is_empty(), "not walked: {missing:#?}");
    })
    .await;
}

impl Walk<'_> {
    async fn step_out(&mut self, operation: &str, path: &str) {
        let before = self.node.facts().await.len();
        self.admin.delete(path).await.expect(204);
        assert!(
            self.node.facts().await.len() > before,
            "{operation} left no fact"
        );
        self.done.insert(operation.to_owned());
    }
}
