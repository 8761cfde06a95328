//! Orders and facets of a search, through public doors.

use serde_json::{Value, json};

use crate::testing::{Bench, bench};

/// Three datasets: a small one with places, a larger one, and one that is not open.
async fn shelf(b: &Bench) {
    let places = "名称,经度,纬度\n甲亭,121.01,31.15\n乙亭,121.02,31.16\n";
    let numbers: String = (0..9).map(|n| format!("{n:02},{n}\n")).collect();
    let numbers = format!("编号,数值\n{numbers}");
    for (code, title, text, opening) in [
        ("pavilions", "凉亭位置", places, "unconditional"),
        ("figures", "按月数值", &numbers, "unconditional"),
        ("inner", "内部台账", &numbers, "conditional"),
    ] {
        let mut profile = b.profile(title);
        profile["opening"] = json!(opening);
        profile["title_en"] = json!(format!("The {code}"));
        let new = json!({ "code": code, "profile": profile });
        let made = b
            .officer
            .post("/api/v1/datasets", new)
            .await
            .expect(201)
            .json();
        let upload = b.upload(made["id"].as_str().unwrap(), "a.csv", text.as_bytes());
        let upload = upload.await;
        assert_eq!(b.load(&upload, json!({})).await["state"], "loaded");
        let publish = format!("/api/v1/datasets/{code}/publish");
        b.officer.post(&publish, json!({})).await.expect(200);
    }
}

async fn search(b: &Bench, query: &str) -> Value {
    let path = format!("/api/v1/search/datasets?{query}");
    b.stranger.get(&path).await.expect(200).json()
}

fn codes(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().unwrap();
    items
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_found_comes_in_the_order_asked_for() {
    bench(async |b: Bench| {
        shelf(&b).await;
        // anyue, liangting, neibu.
        assert_eq!(
            codes(&search(&b, "sort=title").await),
            ["figures", "pavilions", "inner"]
        );
        let rows = search(&b, "sort=rows").await;
        assert_eq!(codes(&rows).last(), Some(&"pavilions"), "{rows}");
        let updated = search(&b, "sort=updated").await;
        assert_eq!(codes(&updated).len(), 3);
        let measured = search(&b, "sort=quality").await;
        let scores = measured["items"].as_array().unwrap().iter();
        let scores: Vec<f64> = scores.map(|one| one["quality"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        let refused = b.stranger.get("/api/v1/search/datasets?sort=colour").await;
        refused.expect(400);
    })
    .await;
}

#[tokio::test]
async fn formats_narrow_a_search_to_what_anybody_can_have() {
    bench(async |b: Bench| {
        shelf(&b).await;
        let all = search(&b, "").await;
        let formats = all["facets"]["format"].as_array().unwrap().iter();
        let formats: Vec<(&str, i64)> = formats
            .map(|one| {
                (
                    one["value"].as_str().unwrap(),
                    one["count"].as_i64().unwrap(),
                )
            })
            .collect();
        for wanted in [("csv", 2), ("xlsx", 2), ("parquet", 2), ("geojson", 1)] {
            assert!(formats.contains(&wanted), "{wanted:?} in {formats:?}");
        }
        assert_eq!(codes(&search(&b, "format=geojson").await), ["pavilions"]);
        assert_eq!(search(&b, "format=csv&q=neibu").await["total"], 0);
        b.stranger
            .get("/api/v1/search/datasets?format=docx")
            .await
            .expect(400);
    })
    .await;
}

#[tokio::test]
async fn english_words_are_suggested_and_marked_too() {
    bench(async |b: Bench| {
        shelf(&b).await;
        let suggested = b.stranger.get("/api/v1/search/suggestions?q=pav").await;
        let suggested = suggested.expect(200).json();
        assert_eq!(suggested["items"][0]["text"], "The pavilions");
        assert_eq!(suggested["items"][0]["code"], "pavilions");
        let found = search(&b, "q=pavilions").await;
        let title = found["items"][0]["title_en"].clone();
        let (rest, hit) = (
            json!({ "text": "The ", "hit": false }),
            json!({ "text": "pavilions", "hit": true }),
        );
        assert_eq!(title, json!([rest, hit]));
        assert_eq!(
            found["items"][0]["formats"],
            json!(["csv", "xlsx", "json", "geojson", "parquet"])
        );
    })
    .await;
}
