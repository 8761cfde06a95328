//! This node as a witness, and this node's checkpoints witnessed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde_json::json;
use tianyuan_kernel::config::{Config, WitnessConfig};
use tianyuan_kernel::testkit::{Client, Roles, each_backend_with};
use tianyuan_ledger::cosignature::LocalCosigner;
use tianyuan_ledger::keys::{KeyKind, PrivateKey};
use tianyuan_ledger::verify::Trust;
use tianyuan_ledger::witness::{AddCheckpoint, Witness, WitnessStore};
use tianyuan_ledger::{Checkpoint, Hash, Note, Signature, Signer as _, TreeHead};

use super::support::*;

const THEIRS: &str = "jiading.example/material";

fn their_key(seed: u8) -> PrivateKey {
    PrivateKey::generate(KeyKind::Ed25519, THEIRS, [seed; 32]).unwrap()
}

async fn ask(client: &Client, key: &PrivateKey, old: u64, leaves: &[Hash]) -> (u16, String) {
    let root = tianyuan_ledger::tree::complete_root(leaves);
    let size = leaves.len() as u64;
    let text = Checkpoint::new(key.verifier().name(), TreeHead { size, root }).to_string();
    let line = key.line(&text).await.unwrap();
    let proof = if old == 1 && size == 2 {
        vec![leaves[1]]
    } else {
        Vec::new()
    };
    let request = AddCheckpoint {
        old_size: old,
        proof,
        checkpoint: Note {
            text,
            signatures: vec![line],
        },
    };
    let body = request.body().into_bytes();
    let answer = client
        .send("POST", "/ledger/witness/add-checkpoint", "text/plain", body)
        .await;
    (answer.status.as_u16(), answer.text())
}

#[tokio::test]
async fn this_node_witnesses_others_by_the_specification() {
    let compose = |_: &_| (rooms(), Arc::new(Roles) as Arc<_>);
    let configure =
        |config: &mut Config| config.ledger.witnessed = vec![their_key(1).verifier().to_string()];
    each_backend_with(compose, configure, async |node| {
        let client = node.stranger();
        let leaves = [Hash::leaf(b"one"), Hash::leaf(b"two")];
        let (status, line) = ask(&client, &their_key(1), 0, &leaves[..1]).await;
        assert_eq!(status, 200, "{line}");
        let key = client.get("/ledger/witness/key").await.expect(200).text();
        let key: tianyuan_ledger::VerifierKey = key.trim_end().parse().unwrap();
        let line: Signature = line.trim_end().parse().unwrap();
        let head = TreeHead {
            size: 1,
            root: leaves[0],
        };
        let text = Checkpoint::new(THEIRS, head).to_string();
        let seen = key.verify(text.as_bytes(), &line.bytes).unwrap();
        assert_eq!(seen.cosigned_at, Some(1_719_734_400));
        assert_eq!(ask(&client, &their_key(2), 1, &leaves).await.0, 403);
        let stale = ask(&client, &their_key(1), 0, &leaves).await;
        assert_eq!(stale, (409, "1\n".to_owned()));
        let forked = [Hash::leaf(b"other"), leaves[1]];
        assert_eq!(ask(&client, &their_key(1), 1, &forked).await.0, 422);
        assert_eq!(ask(&client, &their_key(1), 1, &leaves).await.0, 200);
        let nobody = PrivateKey::generate(KeyKind::Ed25519, "x.example", [3; 32]).unwrap();
        assert_eq!(ask(&client, &nobody, 0, &leaves).await.0, 404);
        let path = "/ledger/witness/add-checkpoint";
        let bad = client
            .send("POST", path, "text/plain", b"old x\n".to_vec())
            .await;
        assert_eq!(bad.status.as_u16(), 400);
    })
    .await;
}

#[derive(Default)]
struct Memory(Mutex<HashMap<String, TreeHead>>);

#[async_trait]
impl WitnessStore for Memory {
    async fn latest(&self, origin: &str) -> tianyuan_ledger::Result<TreeHead> {
        let known = self.0.lock().unwrap();
        Ok(known.get(origin).copied().unwrap_or_else(TreeHead::empty))
    }

    async fn advance(
        &self,
        origin: &str,
        _: &TreeHead,
        to: &TreeHead,
    ) -> tianyuan_ledger::Result<bool> {
        self.0.lock().unwrap().insert(origin.to_owned(), *to);
        Ok(true)
    }
}

async fn serve(listener: std::net::TcpListener, witness: Witness) {
    let add = |State(witness): State<Arc<Witness>>, body: bytes::Bytes| async move {
        let answer = witness.add_checkpoint(&body, 1_719_734_400).await.unwrap();
        let status = http::StatusCode::from_u16(answer.status).unwrap();
        (status, answer.body).into_response()
    };
    let router = axum::Router::new().route("/add-checkpoint", axum::routing::post(add));
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let router = router.with_state(Arc::new(witness));
    axum::serve(listener, router).await.unwrap();
}

#[tokio::test]
async fn witnesses_cosign_our_checkpoints() {
    let cosigner = Arc::new(LocalCosigner::new("auditor.example/w1", &[4; 32]).unwrap());
    let key = tianyuan_ledger::cosignature::Cosigner::verifier(&*cosigner).clone();
    let listeners = Mutex::new(Vec::new());
    let compose = |_: &_| (rooms(), Arc::new(Roles) as Arc<_>);
    let configure = |config: &mut Config| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/add-checkpoint", listener.local_addr().unwrap());
        listeners.lock().unwrap().push(listener);
        let (url, key) = (url.parse().unwrap(), key.to_string());
        config.ledger.witnesses = vec![WitnessConfig { url, key }];
        config.ledger.interval_ms = 10;
        config.fetch.allow_private_hosts = vec!["127.0.0.1".to_owned()];
    };
    each_backend_with(compose, configure, async |node| {
        let logs = keys(&node.stranger()).await;
        let witness = Witness::new(logs.clone(), cosigner.clone(), Arc::new(Memory::default()));
        let listener = listeners.lock().unwrap().pop().unwrap();
        let server = tokio::spawn(serve(listener, witness));
        let tasks = crate::ledgers::start(&node.app).await.unwrap();
        for round in 0..3 {
            let fact = record(&node, &MADE, "thing_1", json!({ "word": round })).await;
            tianyuan_kernel::journal::sequence(&node.app).await.unwrap();
            let trust = Trust {
                log_keys: logs.clone(),
                witness_keys: vec![key.clone()],
                earlier: None,
            };
            let mut tries = 0;
            loop {
                let path = format!("/api/v1/facts/{fact}/receipt");
                let answer = node.client("auditor").get(&path).await;
                if answer.status.as_u16() == 200 {
                    let receipt = serde_json::from_slice(&answer.bytes).unwrap();
                    let shown = crate::ledgers::receipt::check(
                        &receipt,
                        &trust.log_keys,
                        &trust.witness_keys,
                    );
                    if shown.is_ok_and(|shown| shown.witnessed_by.len() == 1) {
                        break;
                    }
                }
                tries += 1;
                assert!(tries < 400, "no cosignature came");
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        let info = ledger(&node, "material").await;
        assert_eq!(info["witnessed_by"], json!(["auditor.example/w1"]));
        node.app.stop();
        for task in tasks {
            task.await.unwrap();
        }
        server.abort();
    })
    .await;
}
