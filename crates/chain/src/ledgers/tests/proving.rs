//! From a fact to a receipt that a stranger checks.

use serde_json::json;
use tianyuan_kernel::journal::Log;
use tianyuan_kernel::testkit::each_backend;

use super::support::*;
use crate::ledgers::receipt::check;

#[tokio::test]
async fn every_fact_is_in_its_ledger_once() {
    each_backend(rooms, async |node| {
        for (kind, count) in [
            (&MADE, 700),
            (&LISTED, 3),
            (&MET, 20),
            (&SIGNED, 1),
            (&SEEN, 260),
        ] {
            record_many(&node, kind, count).await;
        }
        let (one, two) = tokio::join!(
            crate::ledgers::integrate(&node.app),
            crate::ledgers::integrate(&node.app)
        );
        let made: u64 = one.into_iter().chain(two).sum();
        assert_eq!(made + integrate(&node).await, 984);
        assert_eq!(integrate(&node).await, 0, "nothing twice");
        for log in Log::ALL {
            let (report, leaves) = verified(&node, log.name()).await;
            assert_eq!(leaves.len(), expected(&node, log).await, "{}", log.name());
            let info = ledger(&node, log.name()).await;
            assert_eq!(info["size"], report.entries);
            assert_eq!(info["root"], report.head.unwrap().root.to_string());
            assert_eq!(info["origin"], report.origin);
            assert!(info["problem"].is_null());
        }
    })
    .await;
}

#[tokio::test]
async fn a_leaf_says_what_may_be_said_and_no_more() {
    each_backend(rooms, async |node| {
        let body = json!({ "word": "开放", "secret": "私下" });
        let id = record(&node, &MADE, "thing_1", body.clone()).await;
        record(&node, &MET, "person_7", body).await;
        integrate(&node).await;
        let (_, material) = verified(&node, "material").await;
        let leaf = &material[0];
        assert_eq!(leaf["open"], json!({ "word": "开放" }));
        assert_eq!(
            (&leaf["id"], &leaf["subject"]),
            (&json!(id), &json!("thing_1"))
        );
        assert!(!leaf.to_string().contains("person_1") && !leaf.to_string().contains("私下"));
        let (_, identity) = verified(&node, "identity").await;
        let fields: Vec<&String> = identity[0].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["actor", "fact", "v"], "commitments only");
    })
    .await;
}

#[tokio::test]
async fn a_receipt_is_checked_offline_and_a_changed_one_is_refused() {
    each_backend(rooms, async |node| {
        let id = record(&node, &MADE, "thing_1", json!({ "word": "一", "n": 1.5 })).await;
        let met = record(&node, &MET, "person_7", json!({})).await;
        record_many(&node, &MADE, 300).await;
        integrate(&node).await;
        let keys = keys(&node.stranger()).await;
        for id in [&id, &met] {
            let receipt = receipt(&node, id).await;
            let shown = check(&receipt, &keys, &[]).unwrap();
            assert!(shown.size > receipt.index && !receipt.erased);
        }
        let good = receipt(&node, &id).await;
        let mut wrong = Vec::new();
        let mut with = |change: fn(&mut crate::ledgers::receipt::Receipt)| {
            let mut receipt = good.clone();
            change(&mut receipt);
            wrong.push(receipt);
        };
        with(|r| r.fact = r.fact.as_ref().map(|f| f.replace("一", "二")));
        with(|r| r.actor = r.actor.as_ref().map(|a| a.replace("person_1", "person_2")));
        with(|r| r.body_salt = r.actor_salt.clone());
        with(|r| r.fact_id = "fact_other".to_owned());
        with(|r| r.index += 1);
        with(|r| r.origin += "x");
        with(|r| r.proof = r.proof.replace("index 0", "index 1"));
        with(|r| r.leaf = r.leaf.to_lowercase());
        with(|r| (r.fact, r.body_salt) = (None, None));
        for receipt in wrong {
            assert!(check(&receipt, &keys, &[]).is_err(), "{receipt:?}");
        }
        assert!(check(&good, &[], &[]).is_err(), "no key, no trust");
    })
    .await;
}

#[tokio::test]
async fn receipts_are_for_those_who_may_see_the_fact() {
    each_backend(rooms, async |node| {
        let open = record(&node, &MADE, "thing_1", json!({})).await;
        let closed = record(&node, &SEEN, "thing_1", json!({})).await;
        let path = |id: &str| format!("/api/v1/facts/{id}/receipt");
        let early = node.client("auditor").get(&path(&open)).await.expect(409);
        assert_eq!(early.code(), "not_yet_integrated");
        assert!(early.header("retry-after").is_some());
        integrate(&node).await;
        node.stranger().get(&path(&open)).await.expect(401);
        let lead = node.client("unit_lead:unit_1");
        lead.get(&path(&open)).await.expect(200);
        lead.get(&path(&closed)).await.expect(404);
        node.client("auditor").get(&path(&closed)).await.expect(200);
        node.client("auditor")
            .get(&path("fact_none"))
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn an_open_field_too_large_for_an_entry_is_left_to_the_commitment() {
    each_backend(rooms, async |node| {
        let id = record(
            &node,
            &MADE,
            "thing_1",
            json!({ "word": "长".repeat(30_000) }),
        )
        .await;
        integrate(&node).await;
        let (_, leaves) = verified(&node, "material").await;
        assert_eq!(leaves[0]["open"], json!({}));
        let receipt = receipt(&node, &id).await;
        check(&receipt, &keys(&node.stranger()).await, &[]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn only_tiles_are_served() {
    each_backend(rooms, async |node| {
        record_many(&node, &MADE, 300).await;
        integrate(&node).await;
        let client = node.stranger();
        let full = client.get("/ledger/material/tile/0/000").await.expect(200);
        assert_eq!(full.bytes.len(), 256 * 32);
        assert!(full.header("cache-control").unwrap().contains("immutable"));
        client
            .get("/ledger/material/tile/entries/001.p/44")
            .await
            .expect(200);
        let note = client.get("/ledger/material/checkpoint").await.expect(200);
        assert!(note.text().contains("\n300\n"));
        for path in [
            "material/tile/0/001",
            "material/tile/0/../../state",
            "material/tile/%2e%2e/%2e%2e/keys/material.key",
            "material/tile/0/0",
            "nothing/checkpoint",
        ] {
            client.get(&format!("/ledger/{path}")).await.expect(404);
        }
        assert_eq!(keys(&client).await.len(), 5);
    })
    .await;
}
