//! A room that writes facts into every ledger, and ways to read what came of them.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::testkit::{Client, Node};
use tianyuan_kernel::{Room, journal};
use tianyuan_ledger::VerifierKey;
use tianyuan_ledger::verify::{Report, Source, Trust, read_keys, verify};

use crate::ledgers::receipt::Receipt;

pub(super) const MADE: Kind = Kind::new("test.made", Log::Material, "做", "Made")
    .open(&["word"])
    .staff();
pub(super) const LISTED: Kind = Kind::new("test.listed", Log::Directory, "列", "Listed").staff();
pub(super) const MET: Kind = Kind::new("test.met", Log::Identity, "见", "Met");
pub(super) const SIGNED: Kind = Kind::new("test.signed", Log::Signing, "签", "Signed");
pub(super) const SEEN: Kind = Kind::new("test.seen", Log::Supervision, "看", "Seen");

pub(super) fn rooms() -> Vec<Room> {
    let kinds = [MADE, LISTED, MET, SIGNED, SEEN];
    vec![Room::new("test").kinds(&kinds), crate::room()]
}

/// Records a fact about `subject` by person_1; answers its id.
pub(super) async fn record(node: &Node, kind: &Kind, subject: &str, body: Value) -> String {
    let mut tx = Tx::begin(&node.app, Some("person_1".to_owned()))
        .await
        .unwrap();
    let id = tx.record(kind, subject, &body).await.unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

/// Records `count` facts in one transaction.
pub(super) async fn record_many(node: &Node, kind: &Kind, count: u64) {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    for n in 0..count {
        tx.record(kind, "thing_1", &json!({ "word": n }))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

pub(super) async fn integrate(node: &Node) -> u64 {
    crate::ledgers::integrate(&node.app).await.unwrap()
}

pub(super) async fn keys(client: &Client) -> Vec<VerifierKey> {
    read_keys(&client.get("/ledger/keys").await.expect(200).text()).unwrap()
}

pub(super) async fn receipt(node: &Node, fact: &str) -> Receipt {
    let path = format!("/api/v1/facts/{fact}/receipt");
    let answer = node.client("auditor").get(&path).await.expect(200);
    serde_json::from_slice(&answer.bytes).unwrap()
}

pub(super) async fn ledger(node: &Node, name: &str) -> Value {
    let list = node.stranger().get("/api/v1/ledgers").await.expect(200);
    let items = list.json()["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["name"] == name).unwrap()
}

/// A ledger as a stranger reads it over HTTP.
pub(super) struct Served {
    client: Client,
    ledger: String,
}

#[async_trait]
impl Source for Served {
    async fn fetch(&self, path: &str) -> tianyuan_ledger::Result<Option<Bytes>> {
        let answer = self
            .client
            .get(&format!("/ledger/{}/{path}", self.ledger))
            .await;
        Ok(match answer.status.as_u16() {
            404 => None,
            _ => Some(answer.expect(200).bytes.into()),
        })
    }
}

/// Verifies a ledger over HTTP and answers its entries.
pub(super) async fn verified(node: &Node, ledger: &str) -> (Report, Vec<Value>) {
    let source = Served {
        client: node.stranger(),
        ledger: ledger.to_owned(),
    };
    let trust = Trust {
        log_keys: keys(&node.stranger()).await,
        ..Trust::default()
    };
    let mut leaves = Vec::new();
    let mut each = |_: u64, leaf: &Bytes| leaves.push(serde_json::from_slice(leaf).unwrap());
    let report = verify(&source, &trust, &mut each).await.unwrap();
    assert!(report.holds(), "{ledger}: {:?}", report.faults);
    (report, leaves)
}

/// How many facts of each ledger the journal holds.
pub(super) async fn expected(node: &Node, log: Log) -> usize {
    let mut reader = node.app.db().read().await.unwrap();
    let facts = journal::facts_after(&mut reader, 0, 1_000_000)
        .await
        .unwrap();
    let mine = |kind: &str| node.app.kind(kind).unwrap().log == log;
    facts.iter().filter(|fact| mine(&fact.kind)).count()
}
