use serde_json::{Value, json};

use crate::testing::{Bench, with_sample};

#[tokio::test]
async fn measures_filter_and_page() {
    with_sample(async |b: Bench| {
        let numbers = async |query: &str| -> Vec<i64> {
            let list = b.plan_get(&format!("/measures{query}")).await;
            let items = list["items"].as_array().unwrap().clone();
            items
                .iter()
                .map(|m| m["number"].as_i64().unwrap())
                .collect()
        };
        assert_eq!(numbers("").await, [1, 2]);
        assert_eq!(numbers("?programme=1&state=not_started").await, [1, 2]);
        assert_eq!(numbers("?programme=2").await, [0_i64; 0]);
        assert_eq!(numbers("?q=公共数据").await, [2]);
        assert_eq!(numbers("?q=OPEN%20PUBLIC").await, [2]);
        assert_eq!(numbers("?q=100%25").await, [0_i64; 0]);
        // 重固镇 is responsible through 各镇.
        let first = b.measure(1).await;
        let town = first["responsible"].as_array().unwrap();
        let town = town.iter().find(|u| u["name"] == "重固镇").unwrap();
        assert_eq!(
            numbers(&format!("?unit={}", town["id"].as_str().unwrap())).await,
            [1]
        );
        assert_eq!(first["units"][1]["kind"], "group");
        let page = b.plan_get("/measures?limit=1").await;
        let cursor = page["next_cursor"].as_str().unwrap();
        assert_eq!(numbers(&format!("?limit=1&cursor={cursor}")).await, [2]);
        let path = format!("/api/v1/plans/{}/measures", b.plan);
        b.office
            .get(&format!("{path}?state=asleep"))
            .await
            .expect(400);
        b.office.get(&format!("{path}?unit=x")).await.expect(400);
        b.office.get(&format!("{path}?limit=0")).await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn a_state_changes_under_if_match_and_leaves_a_fact() {
    with_sample(async |b: Bench| {
        let id = b.measure(2).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/measures/{id}");
        let body = json!({ "state": "delayed", "state_note": "等待数据目录" });
        let unconditional = b
            .office
            .send("PATCH", &path, "application/json", body.to_string().into())
            .await;
        unconditional.expect(428);
        b.office
            .patch(&path, "\"9\"", body.clone())
            .await
            .expect(412);
        let done = b
            .office
            .patch(&path, "\"1\"", body.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&done["state"], &done["version"]),
            (&json!("delayed"), &json!(2))
        );
        assert!(done["state_at"].is_string());
        assert_eq!(
            b.node.stranger().get(&path).await.expect(200).json()["state_note"],
            ""
        );
        // The same again records nothing.
        b.office.patch(&path, "\"2\"", body).await.expect(200);
        let facts = b.node.facts().await;
        let changed = ("measure.state_changed".to_owned(), id);
        assert_eq!(facts.iter().filter(|f| **f == changed).count(), 1);
        let long = json!({ "state": "done", "state_note": "长".repeat(2001) });
        let answer = b.office.patch(&path, "\"2\"", long).await.expect(422);
        assert_eq!(answer.json()["field"], "state_note");
        b.office
            .patch(&path, "\"2\"", json!({ "state": "asleep" }))
            .await
            .expect(422);
        b.office
            .patch(&path, "\"2\"", json!({ "state": "done", "x": 1 }))
            .await
            .expect(422);
        assert_eq!(
            b.plan_get("/overview").await["attention"][0]["kind"],
            "stale"
        );
    })
    .await;
}

#[tokio::test]
async fn only_the_responsible_unit_reports() {
    with_sample(async |b: Bench| {
        let measure = b.measure(1).await;
        let path = format!("/api/v1/measures/{}", measure["id"].as_str().unwrap());
        let of = |name: &str| -> Value {
            let units = measure["responsible"].as_array().unwrap();
            units.iter().find(|u| u["name"] == name).unwrap()["id"].clone()
        };
        let body = json!({ "state": "under_way" });
        let mine = format!("unit_reporter:{}", of("重固镇").as_str().unwrap());
        b.node
            .client(&mine)
            .patch(&path, "\"1\"", body.clone())
            .await
            .expect(200);
        let other = "unit_reporter:unit_0000000000000000000000000z";
        b.node
            .client(other)
            .patch(&path, "\"2\"", body.clone())
            .await
            .expect(403);
        b.node
            .stranger()
            .patch(&path, "\"2\"", body)
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test]
async fn others_find_the_resource_with_its_units() {
    with_sample(async |b: Bench| {
        let measure = b.measure(1).await;
        let found = b
            .node
            .app
            .find_entity("Measure", measure["id"].as_str().unwrap())
            .await;
        let found = found.unwrap().unwrap();
        // 数据局, the group 各镇 and its two members.
        assert_eq!((found.units.len(), found.public), (4, true));
        let indicator = b.indicator(1).await;
        let id = indicator["id"].as_str().unwrap();
        assert_eq!(
            b.node
                .app
                .find_entity("Indicator", id)
                .await
                .unwrap()
                .unwrap()
                .units
                .len(),
            1
        );
        assert!(
            b.node
                .app
                .find_entity("Plan", &b.plan)
                .await
                .unwrap()
                .is_some()
        );
        for id in ["x", "plan_00000000000000000000000000"] {
            assert!(b.node.app.find_entity("Plan", id).await.unwrap().is_none());
        }
    })
    .await;
}
