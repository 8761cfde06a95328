use serde_json::{Value, json};
use tianyuan_kernel::clock::Micros;

use crate::bundle::tests::sample;
use crate::testing::{Bench, import, with_sample};
use crate::words::PlanState;

const DAY_S: i64 = 86_400;

fn in_days(b: &Bench, days: i64) -> Micros {
    b.node.app.now().plus_seconds(days * DAY_S)
}

async fn share(b: &Bench, plan: &str, body: Value) -> Value {
    b.office
        .post(&format!("/api/v1/plans/{plan}/shares"), body)
        .await
        .expect(201)
        .json()
}

/// A draft, which strangers may not see.
async fn draft(b: &Bench) -> String {
    let mut bundle = sample();
    let head = bundle.plan.as_mut().unwrap();
    head.code = "next".to_owned();
    head.state = PlanState::Draft;
    let plan = import(&b.office, &bundle).await;
    plan["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_shows_a_draft_to_who_has_it_until_it_ends() {
    with_sample(async |b: Bench| {
        let plan = draft(&b).await;
        let stranger = b.node.stranger();
        let overview = format!("/api/v1/plans/{plan}/overview");
        stranger.get(&overview).await.expect(404);
        let body = json!({ "page": "wall", "title": " 征求意见前 ", "expires_at": in_days(&b, 7) });
        let made = share(&b, &plan, body).await;
        assert_eq!(made["share"]["title"], "征求意见前");
        let link = format!("/api/v1/shared/{}", made["token"].as_str().unwrap());
        let shown = stranger.get(&link).await.expect(200).json();
        assert_eq!(shown["page"], "wall");
        assert_eq!(shown["overview"]["plan"]["id"], json!(plan));
        assert_eq!(shown["indicator"], Value::Null);
        let staff = b.office.get(&overview).await.expect(200).json();
        let kinds = |o: &Value| -> Vec<String> {
            let items = o["attention"].as_array().unwrap();
            items.iter().map(|i| i["kind"].to_string()).collect()
        };
        let inside = kinds(&staff).len() - kinds(&shown["overview"]).len();
        assert!(inside > 0, "what is meant for staff stays inside");
        // The link opens nothing else.
        stranger.get(&overview).await.expect(404);
        b.node.advance(7 * DAY_S);
        let ended = stranger.get(&link).await.expect(410);
        assert_eq!(ended.code(), "share_ended");
    })
    .await;
}

#[tokio::test]
async fn an_indicator_is_shared_without_remarks_and_names() {
    with_sample(async |b: Bench| {
        let id = b.indicator(1).await["id"].clone();
        let path = format!("/api/v1/indicators/{}/values", id.as_str().unwrap());
        for value in [900.0, 910.0] {
            let body = json!({ "at": "2024-06-30", "value": value, "note": "内部说明" });
            b.office.post(&path, body).await.expect(201);
        }
        let body = json!({ "page": "indicator", "indicator_id": id, "expires_at": in_days(&b, 1) });
        let made = share(&b, &b.plan, body).await;
        let link = format!("/api/v1/shared/{}", made["token"].as_str().unwrap());
        let shown = b.node.stranger().get(&link).await.expect(200);
        assert!(!shown.text().contains("内部说明"));
        let shown = shown.json();
        assert_eq!(shown["indicator"]["id"], id);
        let half: Vec<&Value> = shown["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| v["at"] == "2024-06-30")
            .collect();
        assert_eq!(half.len(), 1, "only what is in force");
        assert_eq!(
            (&half[0]["value"], &half[0]["recorded_by"]),
            (&json!(910.0), &Value::Null)
        );
    })
    .await;
}

#[tokio::test]
async fn a_revoked_link_shows_nothing_and_both_acts_are_facts() {
    with_sample(async |b: Bench| {
        let body = json!({ "page": "wall", "expires_at": in_days(&b, 30) });
        let made = share(&b, &b.plan, body).await;
        let path = format!("/api/v1/shares/{}", made["share"]["id"].as_str().unwrap());
        for other in ["unit_reporter", "auditor", "citizen"] {
            let other = b.node.client(other);
            let answer = other.delete(&path).await;
            assert_eq!(answer.status, 404, "{}", answer.text());
        }
        b.node.stranger().delete(&path).await.expect(401);
        b.office.delete(&path).await.expect(204);
        b.office.delete(&path).await.expect(204);
        let link = format!("/api/v1/shared/{}", made["token"].as_str().unwrap());
        b.node.stranger().get(&link).await.expect(410);
        let listed = b.plan_get("/shares").await;
        assert!(listed["items"][0]["revoked_at"].is_string());
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|(k, _)| k == kind).count();
        assert_eq!((count("share.created"), count("share.revoked")), (1, 1));
        let text = format!("{listed}{facts:?}");
        assert!(!text.contains(made["token"].as_str().unwrap()));
    })
    .await;
}

#[tokio::test]
async fn who_may_not_publish_makes_and_sees_no_links() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/shares", b.plan);
        let body = json!({ "page": "wall", "expires_at": in_days(&b, 1) });
        for role in ["unit_reporter", "unit_lead", "auditor", "citizen"] {
            let client = b.node.client(role);
            client.post(&path, body.clone()).await.expect(403);
            client.get(&path).await.expect(403);
        }
        b.node.stranger().post(&path, body).await.expect(401);
        assert!(
            b.plan_get("/shares").await["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_field() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/shares", b.plan);
        let other = draft(&b).await;
        let theirs = b
            .office
            .get(&format!("/api/v1/plans/{other}/indicators"))
            .await;
        let theirs = theirs.expect(200).json()["items"][0]["id"].clone();
        let ours = b.indicator(1).await["id"].clone();
        let soon = in_days(&b, 1);
        let cases = [
            (
                json!({ "page": "wall", "expires_at": b.node.app.now() }),
                "expires_at",
            ),
            (
                json!({ "page": "wall", "expires_at": in_days(&b, 400) }),
                "expires_at",
            ),
            (
                json!({ "page": "wall", "title": "长".repeat(81), "expires_at": soon }),
                "title",
            ),
            (
                json!({ "page": "wall", "indicator_id": ours, "expires_at": soon }),
                "indicator_id",
            ),
            (
                json!({ "page": "indicator", "expires_at": soon }),
                "indicator_id",
            ),
            (
                json!({ "page": "indicator", "indicator_id": theirs, "expires_at": soon }),
                "indicator_id",
            ),
            (
                json!({ "page": "indicator", "indicator_id": "indicator_0", "expires_at": soon }),
                "indicator_id",
            ),
        ];
        for (body, field) in cases {
            let answer = b.office.post(&path, body.clone()).await;
            assert_eq!(answer.status, 422, "{body} {}", answer.text());
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let odd = json!({ "page": "audit", "expires_at": soon });
        b.office.post(&path, odd).await.expect(422);
        for token in ["ts_0", "%E4%B8%AD", "..", "ts_%00"] {
            let answer = b
                .node
                .stranger()
                .get(&format!("/api/v1/shared/{token}"))
                .await;
            assert_eq!(answer.status, 404, "{token}");
        }
        assert!(
            b.plan_get("/shares").await["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    })
    .await;
}
