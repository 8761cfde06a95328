//! The check before opening, through the router, on both databases.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::Answer;

use crate::testing::{Bench, bench};

/// Sixty people, every age once, in two towns, with three illnesses.
fn people(more: &str) -> String {
    let mut text = "年龄,街道,病种\n".to_owned();
    for n in 0..60 {
        let (age, town, ill) = (20 + n, ["东街", "西街"][n % 2], ["甲", "乙", "丙"][n % 3]);
        text.push_str(&format!("{age},{town},{ill}\n"));
    }
    text.push_str(more);
    text
}

/// The profile of an answer, as it is sent back.
fn profile(dataset: &Value) -> Value {
    let mut profile = dataset.clone();
    for key in [
        "id",
        "code",
        "state",
        "unit",
        "current",
        "created_at",
        "updated_at",
        "published_at",
        "version",
    ] {
        profile.as_object_mut().unwrap().remove(key);
    }
    profile
}

async fn put(b: &Bench, path: &str, change: impl Fn(&mut Value)) -> Value {
    let now = b.officer.get(path).await.expect(200);
    let etag = now.header("etag").unwrap();
    let mut body = profile(&now.json());
    change(&mut body);
    send(b, path, &etag, &body).await.expect(200).json()
}

async fn send(b: &Bench, path: &str, etag: &str, body: &Value) -> Answer {
    let officer = b.officer.clone().header("if-match", etag);
    let bytes = body.to_string().into_bytes();
    officer.send("PUT", path, "application/json", bytes).await
}

fn field<'a>(profile: &'a mut Value, title: &str) -> &'a mut Value {
    let fields = profile["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|f| f["title"] == title).unwrap()
}

#[tokio::test]
async fn a_dataset_opens_only_when_the_people_in_it_are_hidden_among_each_other() {
    bench(async |b: Bench| {
        let id = b.dataset("patients", "就诊人次").await;
        let path = format!("/api/v1/datasets/{id}");
        let upload = b.upload(&id, "a.csv", people("").as_bytes()).await;
        assert_eq!(b.load(&upload, json!({})).await["state"], "loaded");
        put(&b, &path, |p| {
            field(p, "年龄")["exposure"] = "identifying".into();
            field(p, "街道")["exposure"] = "identifying".into();
            field(p, "病种")["exposure"] = "sensitive".into();
        })
        .await;

        let publish = format!("{path}/publish");
        let refused = b.officer.post(&publish, json!({})).await.expect(409);
        assert_eq!(refused.code(), "groups_too_small");
        let ask = format!("{path}/disclosure?propose=true");
        let found = b.officer.get(&ask).await.expect(200).json();
        assert_eq!((&found["holds"], &found["k"]), (&json!(false), &json!(1)));
        assert_eq!(found["rows_below"], 60);
        assert_eq!(found["worst"][0]["size"], 1);
        let age = found["identifying"][0].as_str().unwrap().to_owned();
        let treatment = found["proposal"]["treatments"][&age].clone();
        assert_eq!(treatment["kind"], "band", "{found}");
        assert!(found["proposal"]["k"].as_i64().unwrap() >= 5);

        let proposed = found["proposal"]["treatments"].clone();
        put(&b, &path, |p| {
            p["opening_terms"] = "按检查建议概括后开放".into();
            for field in p["fields"].as_array_mut().unwrap() {
                let treatment = &proposed[field["name"].as_str().unwrap()];
                if treatment.is_object() && treatment["kind"] != "show" {
                    field["grade"] = 2.into();
                    field["otherwise"] = treatment.clone();
                }
            }
        })
        .await;
        b.officer.post(&publish, json!({})).await.expect(200);
        let rows = b
            .stranger
            .get(&format!("{path}/rows"))
            .await
            .expect(200)
            .json();
        let width = treatment["width"].as_i64().unwrap();
        assert_eq!(rows["items"][1][&age].as_i64().unwrap() % width, 0);

        // An open dataset does not get rows by which somebody is told apart.
        let odd = b
            .upload(&id, "b.csv", people("97,东街,丁\n").as_bytes())
            .await;
        let held = b.load(&odd, json!({})).await;
        assert_eq!(held["state"], "read", "{held}");
        assert!(held["problem"]["zh"].as_str().unwrap().contains("1 行"));
        // Nor does it show its fields as they are again.
        let now = b.officer.get(&path).await.expect(200);
        let etag = now.header("etag").unwrap();
        let mut bare = profile(&now.json());
        field(&mut bare, "年龄")["grade"] = 1.into();
        field(&mut bare, "年龄")["grade_reason"] = "试试".into();
        let refused = send(&b, &path, &etag, &bare).await.expect(409);
        assert_eq!(refused.code(), "groups_too_small");
        // Who does not keep it learns nothing about its groups.
        b.stranger.get(&ask).await.expect(401);
        let reporter = b.node.client("unit_reporter:unit_other");
        reporter.get(&ask).await.expect(403);
        let wrong = format!("{path}/disclosure?identifying=nothing");
        assert_eq!(
            b.officer.get(&wrong).await.expect(422).code(),
            "field_unknown"
        );
        let wrong = format!("{path}/disclosure?k=0");
        assert_eq!(
            b.officer.get(&wrong).await.expect(422).code(),
            "out_of_range"
        );
    })
    .await;
}

#[tokio::test]
async fn a_lower_grade_needs_a_reason() {
    bench(async |b: Bench| {
        let id = b.dataset("callers", "来电登记").await;
        let mut text = "编号,手机号\n".to_owned();
        for n in 0..30 {
            text.push_str(&format!("{n:03},1380000{n:04}\n"));
        }
        let path = format!("/api/v1/datasets/{id}");
        let upload = b.upload(&id, "a.csv", text.as_bytes()).await;
        assert_eq!(b.load(&upload, json!({})).await["state"], "loaded");
        put(&b, &path, |p| field(p, "手机号")["grade"] = 3.into()).await;

        // The next file finds what was settled on; going below it is a decision.
        let upload = b.upload(&id, "b.csv", text.as_bytes()).await;
        let columns = upload["found"]["columns"].as_array().unwrap();
        let mut fields: Vec<Value> = columns
            .iter()
            .map(|c| json!({ "column": c["column"], "field": c["field"] }))
            .collect();
        assert_eq!(fields[1]["field"]["grade"], 3);
        fields[1]["field"]["grade"] = 1.into();
        let load = format!("/api/v1/uploads/{}/load", upload["id"].as_str().unwrap());
        let wanted = json!({ "fields": fields });
        let refused = b.officer.post(&load, wanted).await.expect(422);
        assert_eq!(refused.code(), "grade_needs_reason");
        assert_eq!(refused.json()["field"], "fields[1].field.grade_reason");
        fields[1]["field"]["grade_reason"] = "单位总机号码，已公开".into();
        let wanted = json!({ "fields": fields, "publish": true });
        b.officer.post(&load, wanted).await.expect(202);
        b.node.settle().await;

        put(&b, &path, |p| field(p, "编号")["grade"] = 2.into()).await;
        let now = b.officer.get(&path).await.expect(200);
        let etag = now.header("etag").unwrap();
        let mut lower = profile(&now.json());
        field(&mut lower, "编号")["grade"] = 1.into();
        let refused = send(&b, &path, &etag, &lower).await.expect(422);
        assert_eq!(refused.code(), "grade_needs_reason");
    })
    .await;
}
