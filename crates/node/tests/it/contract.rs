//! What scripts may rely on from the first day.

use serde_json::json;

use crate::support::{PASSWORD, all, on_the_sample_district, sign_in};

#[tokio::test]
async fn the_sample_district_is_the_whole_plan() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let plans = admin.get("/api/v1/plans").await.expect(200).json();
        assert_eq!(plans["items"].as_array().unwrap().len(), 1);
        assert!(plans["next_cursor"].is_null());
        let plan = plans["items"][0]["id"].as_str().unwrap();
        let detail = admin
            .get(&format!("/api/v1/plans/{plan}"))
            .await
            .expect(200)
            .json();
        assert_eq!(detail["layers"].as_array().unwrap().len(), 3);
        assert_eq!(detail["programmes"].as_array().unwrap().len(), 13);
        let measures = admin
            .get(&format!("/api/v1/plans/{plan}/measures"))
            .await
            .expect(200)
            .json();
        let measures = measures["items"].as_array().unwrap();
        assert_eq!(measures.len(), 48, "one page holds them all");
        assert!(
            measures
                .iter()
                .all(|m| !m["units"].as_array().unwrap().is_empty())
        );
        let indicators = all(&admin, &format!("/api/v1/plans/{plan}/indicators")).await;
        assert_eq!(indicators.len(), 10);
        let seventh = indicators.iter().find(|i| i["number"] == 7).unwrap();
        assert_eq!(seventh["baseline"]["value"], 4537.0);
        assert_eq!(
            seventh["targets"][0]["value"], 2500.0,
            "below the last actual, as in the plan"
        );
        let towns = all(&admin, "/api/v1/units?q=各镇").await;
        let members = towns[0]["members"].as_array().unwrap();
        assert!(members.iter().any(|m| m["name"] == "重固镇"));
    })
    .await;
}

#[tokio::test]
async fn each_value_is_a_revision_and_a_repeated_request_is_carried_out_once() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let plan = all(&admin, "/api/v1/plans").await.remove(0);
        let plan = plan["id"].as_str().unwrap();
        let indicator = all(&admin, &format!("/api/v1/plans/{plan}/indicators"))
            .await
            .remove(0);
        let path = format!(
            "/api/v1/indicators/{}/values",
            indicator["id"].as_str().unwrap()
        );
        let before = all(&admin, &path).await.len();
        let value = json!({ "at": "2024-06-30", "value": 1234.5, "note": "半年" });
        let keyed = admin.clone().header("idempotency-key", "k-1");
        let first = keyed.post(&path, value.clone()).await.expect(201);
        let again = keyed.post(&path, value.clone()).await.expect(201);
        assert_eq!(first.json(), again.json());
        assert_eq!(
            again.header("idempotency-replayed").as_deref(),
            Some("true")
        );
        let other = json!({ "at": "2024-06-30", "value": 1.0 });
        let reused = keyed.post(&path, other.clone()).await.expect(422);
        assert_eq!(reused.code(), "idempotency_key_reused");
        admin.post(&path, other).await.expect(201);
        let values = all(&admin, &path).await;
        assert_eq!(values.len(), before + 2, "every revision is in the list");
        node.advance(49 * 3_600);
        node.settle().await;
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let keyed = admin.header("idempotency-key", "k-1");
        let later = keyed.post(&path, value).await.expect(201);
        assert!(
            later.header("idempotency-replayed").is_none(),
            "kept for 48 hours"
        );
    })
    .await;
}

#[tokio::test]
async fn wrong_words_get_a_problem_in_the_callers_language_and_change_nothing() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let plan = all(&admin, "/api/v1/plans").await.remove(0);
        let plan = plan["id"].as_str().unwrap();
        let indicator = all(&admin, &format!("/api/v1/plans/{plan}/indicators"))
            .await
            .remove(3);
        let path = format!(
            "/api/v1/indicators/{}/values",
            indicator["id"].as_str().unwrap()
        );
        let before = (all(&admin, &path).await, node.facts().await.len());
        let english = admin.clone().header("accept-language", "en");
        for (body, status, field) in [
            (json!({ "at": "2024-13-40", "value": 1 }), 422, "at"),
            (json!({ "at": "2024-06-30", "value": "many" }), 422, "value"),
            (
                json!({ "at": "2024-06-30", "value": 1, "note": "x".repeat(9_000) }),
                422,
                "note",
            ),
            (json!({ "at": "2024-06-30", "value": -1 }), 422, "value"),
            (json!({ "at": "2999-06-30", "value": 1 }), 422, "at"),
            (
                json!({ "at": "2024-06-30", "value": 1, "extra": 1 }),
                422,
                "extra",
            ),
        ] {
            let answer = english.post(&path, body.clone()).await.expect(status);
            assert_eq!(
                answer.header("content-type").unwrap(),
                "application/problem+json"
            );
            assert_eq!(answer.json()["field"], field, "{body}: {}", answer.text());
            assert!(
                !answer.json()["detail"].as_str().unwrap().contains('。'),
                "{}",
                answer.text()
            );
        }
        let chinese = admin.post(&path, json!({ "at": "x" })).await.expect(422);
        assert!(
            chinese.json()["detail"]
                .as_str()
                .unwrap()
                .contains(['。', '：']),
            "{}",
            chinese.text()
        );
        admin
            .send("POST", &path, "application/json", b"{".to_vec())
            .await
            .expect(400);
        admin
            .send("POST", &path, "text/plain", b"{}".to_vec())
            .await
            .expect(415);
        let large = format!("{{\"note\":\"{}\"}}", "x".repeat(2 << 20)).into_bytes();
        admin
            .send("POST", &path, "application/json", large)
            .await
            .expect(413);
        admin.get("/api/v1/plans?limit=0").await.expect(400);
        admin.get("/api/v1/plans?cursor=nonsense").await.expect(400);
        // base64 of ["x"], where a number is due.
        let forged = admin.get("/api/v1/jobs?cursor=WyJ4IiwieCJd").await;
        assert!(!forged.status.is_server_error(), "{}", forged.text());
        assert_eq!((all(&admin, &path).await, node.facts().await.len()), before);
    })
    .await;
}
