//! What journeys through the router have in common: both databases, the real authority, the first
//! account, and a few steps.

use serde_json::{Value, json};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind};
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::testkit::{Client, Node, each_backend_with};

use crate::people::ensure_admin;

pub(crate) const PASSWORD: &str = "river-and-bridge";

/// Runs a journey on both databases.
pub(crate) async fn journey<F: AsyncFn(Node)>(configure: impl Fn(&mut Config), test: F) {
    let compose = |config: &Config| {
        let (room, authority) = crate::room(config).unwrap();
        (vec![room], authority)
    };
    each_backend_with(compose, configure, async |node| {
        ensure_admin(&node.app, Some(PASSWORD.to_owned()))
            .await
            .unwrap();
        test(node).await;
    })
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

pub(crate) async fn unit(node: &Node, code: &str) -> String {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    let unit = Unit {
        id: UnitId::new(&node.app),
        code: code.to_owned(),
        name: format!("{code}局"),
        name_en: String::new(),
        kind: UnitKind::Department,
        members: Vec::new(),
        version: 1,
    };
    party::insert(&mut tx, &unit).await.unwrap();
    tx.commit().await.unwrap();
    unit.id.to_string()
}

pub(crate) async fn open(client: &Client, username: &str, roles: Value) -> Value {
    let body = json!({ "username": username, "name": "某某", "roles": roles });
    client.post("/api/v1/people", body).await.expect(201).json()
}

/// Opens an account and lets it choose a password; answers its id and its client.
pub(crate) async fn join(
    node: &Node,
    admin: &Client,
    username: &str,
    roles: Value,
) -> (String, Client) {
    let opened = open(admin, username, roles).await;
    let first = opened["initial_password"].as_str().unwrap();
    let client = sign_in(node, username, first).await;
    let change = json!({ "current": first, "new": PASSWORD });
    let changed = client.post("/api/v1/me/password", change).await;
    let changed = changed.expect(200).json();
    let client = node.stranger().bearer(changed["token"].as_str().unwrap());
    (opened["person"]["id"].as_str().unwrap().to_owned(), client)
}

/// Makes an API token for a day.
pub(crate) async fn token(node: &Node, client: &Client, scopes: Value) -> Client {
    let ends = node.app.now().plus_seconds(86_400);
    let new = json!({ "name": "脚本", "scopes": scopes, "expires_at": ends });
    let made = client.post("/api/v1/tokens", new).await.expect(201).json();
    node.stranger().bearer(made["token"].as_str().unwrap())
}
