//! A node with all its rooms, and people signed in to it.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Client, Node, each_backend_with};

pub(crate) const PASSWORD: &str = "river-and-bridge";

/// Runs a journey on both databases, with the sample district loaded and its facts settled.
pub(crate) async fn on_the_sample_district<F: AsyncFn(Node)>(test: F) {
    on_the_sample_district_at(0, test).await;
}

/// As [`on_the_sample_district`], loaded some days after the tests' clock begins: the sample's
/// follow-up is there once its quarters are over.
pub(crate) async fn on_the_sample_district_at<F: AsyncFn(Node)>(days: i64, test: F) {
    each_backend_with(
        |config| tianyuan::compose::rooms(config).unwrap(),
        |config| config.limits.sign_ins_per_minute_address = 1_000,
        async |node| {
            node.advance(days * 86_400);
            tianyuan_shield::people::ensure_admin(&node.app, Some(PASSWORD.to_owned()))
                .await
                .unwrap();
            assert!(tianyuan::demo::load(&node.app).await.unwrap());
            node.settle().await;
            test(node).await;
        },
    )
    .await;
}

pub(crate) async fn sign_in(node: &Node, username: &str, password: &str) -> Client {
    let body = json!({ "username": username, "password": password });
    let answer = node
        .stranger()
        .post("/api/v1/sessions", body)
        .await
        .expect(201);
    node.stranger()
        .bearer(answer.json()["token"].as_str().unwrap())
}

/// Opens an account and signs in to it with a password of its own.
pub(crate) async fn person(node: &Node, admin: &Client, username: &str, roles: Value) -> Client {
    let body = json!({ "username": username, "name": "某某", "roles": roles });
    let opened = admin.post("/api/v1/people", body).await.expect(201).json();
    let first = opened["initial_password"].as_str().unwrap();
    let client = sign_in(node, username, first).await;
    let change = json!({ "current": first, "new": PASSWORD });
    let changed = client
        .post("/api/v1/me/password", change)
        .await
        .expect(200)
        .json();
    node.stranger().bearer(changed["token"].as_str().unwrap())
}

/// All items of a list, page by page.
pub(crate) async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = client
            .get(&format!("{path}{sign}limit=200{cursor}"))
            .await
            .expect(200)
            .json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}
