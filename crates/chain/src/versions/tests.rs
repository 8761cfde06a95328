//! Versions against each other, through public doors.

use serde_json::{Value, json};

use crate::testing::{Bench, bench};

/// Loads a file whose first column is the key, if it is to have one.
async fn load(b: &Bench, dataset: &str, text: &str, keyed: bool) {
    let upload = b.upload(dataset, "a.csv", text.as_bytes()).await;
    let columns = upload["found"]["columns"].as_array().unwrap();
    let fields = columns.iter().enumerate().map(|(i, column)| {
        let mut field = column["field"].clone();
        field["key"] = json!(keyed && i == 0);
        json!({ "column": column["column"], "field": field })
    });
    let fields: Vec<Value> = fields.collect();
    let loaded = b.load(&upload, json!({ "fields": fields })).await;
    assert_eq!(loaded["state"], "loaded", "{loaded}");
}

#[tokio::test]
async fn what_changed_between_two_versions_is_listed_by_key() {
    bench(async |b: Bench| {
        let id = b.dataset("prices", "菜价").await;
        for text in [
            "品种,价格,产地\n青菜,3,甲\n萝卜,2,乙\n土豆,4,丙\n",
            "品种,价格,产地\n青菜,3,甲\n萝卜,5,乙\n南瓜,6,丙\n",
        ] {
            load(&b, &id, text, true).await;
        }
        let path = "/api/v1/datasets/prices/versions";
        b.stranger
            .get(&format!("{path}/2/changes"))
            .await
            .expect(404);
        let publish = "/api/v1/datasets/prices/publish";
        b.officer.post(publish, json!({})).await.expect(200);
        let told = b.stranger.get(&format!("{path}/2/changes")).await;
        let told = told.expect(200).json();
        let counts = [&told["added"], &told["removed"], &told["changed"]];
        assert_eq!(counts, [1, 1, 1], "{told}");
        assert_eq!((&told["before"], &told["after"]), (&json!(1), &json!(2)));
        let items = told["items"].as_array().unwrap();
        let changed = items.iter().find(|one| one["change"] == "changed");
        assert_eq!(changed.unwrap()["pinzhong"], "萝卜");
        let back = format!("{path}/1/changes?since=2&limit=0");
        let back = b.stranger.get(&back).await.expect(200).json();
        assert_eq!((&back["added"], &back["items"]), (&json!(1), &json!([])));
        // There is nothing before the first, and no ninth.
        b.stranger
            .get(&format!("{path}/1/changes"))
            .await
            .expect(404);
        b.stranger
            .get(&format!("{path}/9/changes"))
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn versions_without_a_key_are_not_compared_and_closed_rows_not_at_all() {
    bench(async |b: Bench| {
        let id = b.dataset("marks", "记录").await;
        for text in ["甲,乙\na,1\n", "甲,乙\na,2\n"] {
            load(&b, &id, text, false).await;
        }
        let publish = "/api/v1/datasets/marks/publish";
        b.officer.post(publish, json!({})).await.expect(200);
        let path = "/api/v1/datasets/marks/versions/2/changes";
        let refused = b.stranger.get(path).await.expect(409);
        assert_eq!(refused.code(), "no_key");

        let mut profile = b.profile("内部记录");
        profile["opening"] = json!("conditional");
        profile["sharing"] = json!("none");
        let new = json!({ "code": "inner", "profile": profile });
        let made = b
            .officer
            .post("/api/v1/datasets", new)
            .await
            .expect(201)
            .json();
        for text in ["甲,乙\na,1\n", "甲,乙\na,2\n"] {
            load(&b, made["id"].as_str().unwrap(), text, true).await;
        }
        let publish = "/api/v1/datasets/inner/publish";
        b.officer.post(publish, json!({})).await.expect(200);
        let path = "/api/v1/datasets/inner/versions/2/changes";
        b.stranger.get(path).await.expect(403);
    })
    .await;
}
