use serde_json::{Value, json};

use crate::testing::{Bench, with_sample};

#[tokio::test]
async fn milestones_and_sub_tasks_of_a_measure() {
    with_sample(async |b: Bench| {
        let measure = b.measure(1).await;
        let list = format!("/api/v1/measures/{}/milestones", measure["id"].as_str().unwrap());
        let town = measure["responsible"][1]["id"].clone();
        let new = json!({ "title": " 园区开工 ", "starts": "2024-05-01", "due": "2024-06-01", "unit_id": town });
        let made = b.office.post(&list, new).await.expect(201).json();
        assert_eq!((&made["title"], &made["late"]), (&json!("园区开工"), &json!(true)));
        let id = made["id"].clone();
        let sub = json!({ "title": "土方", "due": "2024-05-20", "parent_id": id });
        let child = b.office.post(&list, sub).await.expect(201).json();
        for (body, field) in [
            (json!({ "title": "", "due": "2024-06-01" }), "title"),
            (json!({ "title": "x", "due": "2024-06-01", "starts": "2024-07-01" }), "starts"),
            (json!({ "title": "x", "due": "2024-06-01", "done_at": "2030-01-01" }), "done_at"),
            (json!({ "title": "x", "due": "1700-06-01" }), "due"),
            (json!({ "title": "x", "due": "2024-06-01", "unit_id": "unit_0000000000000000000000000z" }), "unit_id"),
            (json!({ "title": "x", "due": "2024-06-01", "parent_id": child["id"] }), "parent_id"),
            (json!({ "title": "x", "due": "2024-13-01" }), "due"),
        ] {
            let answer = b.office.post(&list, body.clone()).await.expect(422);
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let path = format!("/api/v1/milestones/{}", id.as_str().unwrap());
        let done = json!({ "done_at": "2024-06-20" });
        b.office.patch(&path, "\"9\"", done.clone()).await.expect(412);
        let kept = b.office.patch(&path, "\"1\"", done.clone()).await.expect(200).json();
        assert_eq!((&kept["late"], &kept["version"]), (&json!(false), &json!(2)));
        b.office.patch(&path, "\"2\"", done).await.expect(200);
        let undone = b.office.patch(&path, "\"2\"", json!({ "done_at": null })).await.expect(200).json();
        assert_eq!((&undone["done_at"], &undone["starts"]), (&Value::Null, &json!("2024-05-01")));
        let other = b.node.client("unit_reporter:unit_0000000000000000000000000z");
        other.patch(&path, "\"3\"", json!({ "title": "x" })).await.expect(403);
        other.delete(&path).await.expect(403);
        other.get(&list).await.expect(200);
        b.node.stranger().get(&list).await.expect(401);
        b.office.delete(&path).await.expect(204);
        let left = b.office.get(&list).await.expect(200).json();
        assert_eq!(left["items"], json!([]), "its sub-task went with it");
        b.office.delete(&path).await.expect(404);
        let facts = b.node.facts().await;
        let of = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        assert_eq!((of("milestone.added"), of("milestone.changed"), of("milestone.removed")), (2, 2, 1));
    })
    .await;
}

#[tokio::test]
async fn dependencies_close_no_ring() {
    with_sample(async |b: Bench| {
        let id = async |n: i64| b.measure(n).await["id"].as_str().unwrap().to_owned();
        let (one, two) = (id(1).await, id(2).await);
        let path = |id: &str| format!("/api/v1/measures/{id}/dependencies");
        let needs = |id: &str| json!({ "needs_id": id });
        b.office.post(&path(&two), needs(&one)).await.expect(201);
        b.office.post(&path(&two), needs(&one)).await.expect(201);
        let ring = b.office.post(&path(&one), needs(&two)).await.expect(409);
        assert_eq!(ring.code(), "dependency_cycle");
        assert!(
            ring.json()["detail"].as_str().unwrap().contains("2 → 1"),
            "{}",
            ring.text()
        );
        b.office.post(&path(&one), needs(&one)).await.expect(409);
        let gone = "measure_0000000000000000000000000z";
        assert_eq!(
            b.office
                .post(&path(&one), needs(gone))
                .await
                .expect(422)
                .code(),
            "measure_unknown"
        );
        let schedule = b.plan_get("/schedule").await;
        assert_eq!(schedule["measures"][1]["needs"], json!([1]));
        let remove = format!("{}/{one}", path(&two));
        b.office.delete(&remove).await.expect(204);
        b.office.delete(&remove).await.expect(204);
        b.office.post(&path(&one), needs(&two)).await.expect(201);
        let facts = b.node.facts().await;
        let of = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        assert_eq!((of("dependency.added"), of("dependency.removed")), (2, 1));
    })
    .await;
}
