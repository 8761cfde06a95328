use serde_json::{Value, json};

use crate::testing::{Bench, with_sample};

const DAY_S: i64 = 86_400;

async fn id(b: &Bench, number: i64) -> String {
    b.indicator(number).await["id"].as_str().unwrap().to_owned()
}

async fn forecast(b: &Bench, number: i64, query: &str) -> Value {
    let path = format!("/api/v1/indicators/{}/forecast{query}", id(b, number).await);
    b.office.get(&path).await.expect(200).json()
}

#[tokio::test]
async fn a_baseline_alone_is_no_forecast_and_a_second_value_is_one() {
    with_sample(async |b: Bench| {
        let before = forecast(&b, 1, "").await;
        let track = &before["tracks"][0];
        assert_eq!(track["outlook"], Value::Null);
        assert_eq!(track["no_forecast"]["code"], "one_point");
        assert_eq!(before["targets"][0]["risk"], "unknown");
        for (at, value) in [("2024-03-31", 300.0), ("2024-06-30", 620.0)] {
            b.record(1, at, value).await;
        }
        let after = forecast(&b, 1, "").await;
        let periods: Vec<&Value> = after["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| &t["period"])
            .collect();
        assert!(periods.contains(&&json!("ytd")), "{after}");
        assert!(after["targets"][0]["chance"].is_number(), "{after}");
        assert!(
            after["targets"][0]["words"]["zh"]
                .as_str()
                .unwrap()
                .contains("达标的可能")
        );
    })
    .await;
}

#[tokio::test]
async fn a_revision_counts_from_the_day_it_was_made() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-03-31", 300.0).await;
        b.record(1, "2024-06-30", 620.0).await;
        b.node.advance(3 * DAY_S);
        b.record(1, "2024-06-30", 500.0).await;
        let last = |f: &Value| {
            let tracks = f["tracks"].as_array().unwrap();
            let ytd = tracks.iter().find(|t| t["period"] == "ytd").unwrap();
            ytd["points"].as_array().unwrap().last().unwrap()["value"].clone()
        };
        assert_eq!(last(&forecast(&b, 1, "").await), json!(500.0));
        assert_eq!(
            last(&forecast(&b, 1, "?as_of=2024-07-01").await),
            json!(620.0)
        );
        let earlier = forecast(&b, 1, "?as_of=2024-06-01").await;
        assert_eq!(earlier["tracks"][0]["no_forecast"]["code"], "no_values");
        let path = format!("/api/v1/indicators/{}/forecast", id(&b, 1).await);
        for (query, status, code) in [
            ("?as_of=2030-01-01", 422, "date_in_future"),
            ("?as_of=1200-01-01", 422, "date_out_of_range"),
            ("?as_of=yesterday", 400, "query_malformed"),
        ] {
            let answer = b.office.get(&format!("{path}{query}")).await.expect(status);
            assert_eq!(answer.code(), code);
        }
    })
    .await;
}

#[tokio::test]
async fn forecasts_are_for_staff() {
    with_sample(async |b: Bench| {
        let one = format!("/api/v1/indicators/{}/forecast", id(&b, 1).await);
        let all = format!("/api/v1/plans/{}/target-risks", b.plan);
        for path in [&one, &all] {
            b.node.stranger().get(path).await.expect(401);
            b.node.client("citizen").get(path).await.expect(404);
            b.node.client("enterprise").get(path).await.expect(404);
            for staff in ["unit_reporter", "auditor", "plan_office"] {
                b.node.client(staff).get(path).await.expect(200);
            }
        }
        b.office
            .get("/api/v1/indicators/indicator_nothing/forecast")
            .await
            .expect(404);
        b.office
            .get("/api/v1/plans/x/target-risks")
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn the_likeliest_to_be_missed_stand_first() {
    with_sample(async |b: Bench| {
        for (at, value) in [("2024-03-31", 1.0), ("2024-06-30", 2.0)] {
            b.record(1, at, value).await;
        }
        let all = b.plan_get("/target-risks").await;
        let items = all["items"].as_array().unwrap();
        assert!(items.len() >= 2);
        let chances: Vec<f64> = items
            .iter()
            .filter_map(|i| i["target"]["chance"].as_f64())
            .collect();
        assert!(!chances.is_empty() && chances.is_sorted(), "{chances:?}");
        assert_eq!(items[0]["number"], 1);
        assert_eq!(items[0]["target"]["risk"], "unlikely");
        let first = b.plan_get("/target-risks?limit=1").await;
        assert_eq!(first["items"].as_array().unwrap().len(), 1);
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = b
            .plan_get(&format!("/target-risks?limit=1&cursor={cursor}"))
            .await;
        assert_eq!(second["items"][0], items[1]);
    })
    .await;
}
