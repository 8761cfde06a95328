//! Erasure breaks no proof.

use serde_json::json;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::journal;
use tianyuan_kernel::testkit::{Node, each_backend};

use super::support::*;
use crate::ledgers::receipt::check;

async fn erase(node: &Node) {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    journal::erase(&mut tx, "person_1").await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn after_erasure_the_receipt_holds_and_opens_for_nobody() {
    each_backend(rooms, async |node| {
        let did = record(&node, &MADE, "thing_1", json!({ "word": "一" })).await;
        let about = record(&node, &MET, "person_1", json!({ "name": "某人" })).await;
        integrate(&node).await;
        let before = receipt(&node, &about).await;
        erase(&node).await;
        integrate(&node).await;
        let keys = keys(&node.stranger()).await;
        let after = receipt(&node, &about).await;
        assert_eq!(after.leaf, before.leaf);
        assert!(after.erased && after.fact.is_none() && after.body_salt.is_none());
        assert!(after.actor.is_none() && after.actor_salt.is_none());
        check(&after, &keys, &[]).unwrap();
        check(&before, &keys, &[]).unwrap();
        let did = receipt(&node, &did).await;
        assert!(did.erased && did.actor.is_none() && did.fact.is_some());
        check(&did, &keys, &[]).unwrap();
        verified(&node, "identity").await;
    })
    .await;
}

#[tokio::test]
async fn what_was_erased_before_it_had_a_leaf_still_gets_it() {
    each_backend(rooms, async |node| {
        let about = record(&node, &MET, "person_1", json!({ "name": "某人" })).await;
        erase(&node).await;
        integrate(&node).await;
        let receipt = receipt(&node, &about).await;
        assert!(receipt.erased && receipt.fact.is_none());
        check(&receipt, &keys(&node.stranger()).await, &[]).unwrap();
        verified(&node, "identity").await;
    })
    .await;
}
