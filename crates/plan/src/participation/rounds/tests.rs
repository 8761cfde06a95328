use serde_json::json;
use tianyuan_kernel::testkit::Client;

use crate::participation::testing::{Voice, with_round};
use crate::testing::{Bench, with_sample};

#[tokio::test]
async fn a_round_moves_one_step_at_a_time_and_is_reported_when_all_is_decided() {
    with_round(true, async |v: Voice| {
        let path = format!("/api/v1/rounds/{}", v.round);
        let office = &v.b.office;
        let step = async |version: i64, state: &str| {
            office
                .patch(&path, &format!("\"{version}\""), json!({ "state": state }))
                .await
        };
        assert_eq!(step(2, "reported").await.expect(409).code(), "round_step");
        let opinion = v.add("多建充电桩").await;
        assert_eq!(
            step(2, "preparing").await.expect(409).code(),
            "round_has_opinions"
        );
        step(2, "closed").await.expect(200);
        assert_eq!(
            step(3, "reported").await.expect(409).code(),
            "opinions_undecided"
        );
        let decide = format!(
            "/api/v1/opinions/{}/decision",
            opinion["id"].as_str().unwrap()
        );
        let decision = json!({ "outcome": "adopted", "reason": "确有需要" });
        office.post(&decide, decision.clone()).await.expect(201);
        step(3, "reported").await.expect(200);
        // Nothing of it changes any more, until it is taken back.
        let late = json!({ "channel_id": v.written, "text": "太晚了" });
        assert_eq!(
            v.try_add(office, late).await.expect(409).code(),
            "round_reported"
        );
        assert_eq!(
            office.post(&decide, decision).await.expect(409).code(),
            "round_reported"
        );
        let rename = json!({ "title": "改名" });
        assert_eq!(
            office
                .patch(&path, "\"4\"", rename)
                .await
                .expect(409)
                .code(),
            "round_reported"
        );
        step(4, "closed").await.expect(200);
        let same = step(5, "closed").await.expect(200).json();
        assert_eq!(same["version"], 5, "what is so already changes nothing");
    })
    .await;
}

#[tokio::test]
async fn only_the_office_keeps_rounds_and_strangers_see_none_that_is_prepared() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/rounds", b.plan);
        let today = b.node.app.now().date();
        let new = json!({
            "title": "轮次", "question": "问", "opens_on": today, "closes_on": today,
        });
        let reporter: Client = b.node.client("unit_reporter:unit_x");
        reporter.post(&path, new.clone()).await.expect(403);
        b.node
            .client("citizen")
            .post(&path, new.clone())
            .await
            .expect(403);
        let round = b.office.post(&path, new).await.expect(201).json();
        let id = round["id"].as_str().unwrap();
        let own = format!("/api/v1/rounds/{id}");
        reporter.get(&own).await.expect(200);
        reporter
            .patch(&own, "\"1\"", json!({ "title": "x" }))
            .await
            .expect(403);
        b.node.client("citizen").get(&own).await.expect(404);
        b.node.stranger().get(&own).await.expect(401);
        b.node
            .stranger()
            .get(&format!("/api/v1/open/rounds/{id}"))
            .await
            .expect(404);
        b.node
            .stranger()
            .get("/api/v1/open/rounds/nonsense")
            .await
            .expect(404);
        let listed = b
            .node
            .stranger()
            .get("/api/v1/open/rounds")
            .await
            .expect(200)
            .json();
        assert_eq!(listed["items"], json!([]));
        let without = b
            .office
            .patch(&own, "\"1\"", json!({ "state": "open" }))
            .await
            .expect(409);
        assert_eq!(without.code(), "round_without_channels");
        b.office
            .patch(&own, "\"9\"", json!({ "title": "x" }))
            .await
            .expect(412);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_round_or_channel_is_told_at_once() {
    with_round(true, async |v: Voice| {
        let path = format!("/api/v1/plans/{}/rounds", v.b.plan);
        let bad = json!({
            "title": " ", "question": "问".repeat(4_001), "opens_on": "2024-07-02",
            "closes_on": "2024-07-01",
        });
        let answer = v.b.office.post(&path, bad).await.expect(422).json();
        let fields: Vec<&str> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, ["title", "question", "closes_on"]);
        let unknown = json!({
            "title": "a", "question": "b", "opens_on": "2024-07-01", "closes_on": "2024-07-01",
            "channels": ["telepathy"],
        });
        assert_eq!(
            v.b.office.post(&path, unknown).await.expect(422).code(),
            "preset_unknown"
        );
        let channels = format!("/api/v1/rounds/{}/channels", v.round);
        let second = json!({ "name": "另一个网页", "on_page": true });
        assert_eq!(
            v.b.office.post(&channels, second).await.expect(422).code(),
            "page_taken"
        );
        let twice = json!({
            "name": "走访", "kind": "Site Visit",
            "asked": [{ "kind": "unit", "name": "经委" }, { "kind": "unit", "name": "经委 " }],
        });
        let answer = v.b.office.post(&channels, twice).await.expect(422).json();
        assert_eq!(answer["errors"].as_array().unwrap().len(), 2);
        let own = json!({ "name": "线上问卷", "kind": "survey" });
        let made = v.b.office.post(&channels, own).await.expect(201).json();
        assert_eq!(made["kind"], "survey", "channels are data");
    })
    .await;
}

#[tokio::test]
async fn a_channel_with_opinions_stays_and_is_counted() {
    with_round(true, async |v: Voice| {
        v.add("多建充电桩").await;
        let channel = format!("/api/v1/channels/{}", v.written);
        let answer = v.b.office.delete(&channel).await.expect(409);
        assert_eq!(answer.code(), "channel_has_opinions");
        let form = json!({ "name": "书面", "counted": false });
        let answer = v.b.office.patch(&channel, "\"2\"", form).await.expect(409);
        assert_eq!(answer.code(), "channel_has_opinions");
        v.b.office
            .delete(&format!("/api/v1/channels/{}", v.hearing))
            .await
            .expect(204);
        v.b.office.delete("/api/v1/channels/x").await.expect(404);
        v.b.node
            .client("citizen")
            .delete(&channel)
            .await
            .expect(404);
    })
    .await;
}
