use futures::future::BoxFuture;
use serde_json::{Value, json};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::metrics::MetricSource;
use tianyuan_kernel::testkit::{Node, each_backend};
use tianyuan_kernel::{App, Result, Room};

use crate::bundle::tests::sample;
use crate::testing::{Bench, import, with_sample};

#[tokio::test]
async fn an_indicator_shows_its_latest_value_and_standing() {
    with_sample(async |b: Bench| {
        let first = b.indicator(1).await;
        assert_eq!(first["status"], "no_data");
        assert_eq!(first["latest"]["source"], "plan");
        assert_eq!(first["latest"]["at"], "2023-12-31");
        assert_eq!(first["latest"]["period"], "annual");
        assert_eq!(b.indicator(3).await["status"], "target_below_baseline");
        b.record(1, "2024-06-30", 1250.0).await;
        let first = b.indicator(1).await;
        assert_eq!(
            (&first["status"], &first["latest"]["period"]),
            (&json!("on_path"), &json!("ytd"))
        );
        b.record(1, "2024-06-30", 900.0).await;
        let first = b.indicator(1).await;
        assert_eq!(
            (&first["status"], &first["latest"]["value"]),
            (&json!("off_path"), &json!(900.0))
        );
        assert!(
            first["attention"]["zh"]
                .as_str()
                .unwrap()
                .contains("900.0 亿元")
        );
        b.record(2, "2024-06-30", 21.0).await;
        assert_eq!(b.indicator(2).await["status"], "met");
        let id = first["id"].as_str().unwrap();
        let one = b
            .office
            .get(&format!("/api/v1/indicators/{id}"))
            .await
            .expect(200);
        assert_eq!(one.header("etag").unwrap(), "\"1\"");
        assert_eq!(one.json(), first);
    })
    .await;
}

fn open_rows(app: &App) -> BoxFuture<'_, Result<f64>> {
    // Grows with the test's clock: 130,000 rows, then 10,000 more a day.
    let days = (app.now().0 - tianyuan_kernel::testkit::START.0) / 86_400_000_000;
    Box::pin(async move { Ok(130_000.0 + 10_000.0 * days as f64) })
}

fn rooms() -> Vec<Room> {
    let source = MetricSource {
        name: "chain.open_rows",
        title: Text2 {
            zh: "开放数据条数",
            en: "Open rows",
        },
        unit: "条",
        measure: open_rows,
    };
    vec![crate::room(), Room::new("chain").metrics(vec![source])]
}

#[tokio::test]
async fn a_bound_metric_is_recorded_only_when_it_changes() {
    each_backend(rooms, async |node: Node| {
        let office = node.client("plan_office");
        let plan = import(&office, &sample()).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let list = office
            .get(&format!("/api/v1/plans/{plan}/indicators"))
            .await
            .json();
        let path = |i: usize| {
            format!(
                "/api/v1/indicators/{}",
                list["items"][i]["id"].as_str().unwrap()
            )
        };
        let bind = json!({ "metric": "chain.open_rows" });
        let wrong = office
            .patch(&path(0), "\"1\"", bind.clone())
            .await
            .expect(422);
        assert_eq!(wrong.code(), "metric_unit_mismatch");
        let wrong = office
            .patch(&path(1), "\"1\"", json!({ "metric": "chain.x" }))
            .await;
        assert_eq!(wrong.expect(422).code(), "metric_unknown");
        office.patch(&path(1), "\"1\"", json!({})).await.expect(422);
        let bound = office
            .patch(&path(1), "\"1\"", bind)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&bound["metric"], &bound["version"]),
            (&json!("chain.open_rows"), &json!(2))
        );

        let metric_values = async || -> Vec<Value> {
            node.settle().await;
            let all = office
                .get(&format!("{}/values", path(1)))
                .await
                .expect(200)
                .json();
            let all = all["items"].as_array().unwrap().clone();
            all.into_iter()
                .filter(|v| v["source"] == "metric")
                .collect()
        };
        let first = metric_values().await;
        assert_eq!(first.len(), 1);
        assert_eq!(first[0]["value"], 13.0);
        assert_eq!(first[0]["recorded_by"], Value::Null);
        node.advance(700);
        assert_eq!(metric_values().await.len(), 1);
        node.advance(86_400);
        let next = metric_values().await;
        assert_eq!((next.len(), &next[1]["value"]), (2, &json!(14.0)));
        let facts = node.facts().await;
        assert!(facts.iter().any(|f| f.0 == "indicator.bound"));
        let unbound = office
            .patch(&path(1), "\"2\"", json!({ "metric": null }))
            .await
            .expect(200);
        assert_eq!(unbound.json()["metric"], Value::Null);
    })
    .await;
}
