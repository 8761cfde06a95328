use proptest::prelude::*;

use super::minutes::write;
use super::*;
use crate::journal::facts_after;
use crate::room::Room;
use crate::testkit::{Node, each_backend};

fn rooms() -> Vec<Room> {
    let source = MetricSource {
        name: "test.rows",
        title: Text2 {
            zh: "行数",
            en: "Rows",
        },
        unit: "条",
        measure: |_| Box::pin(async { Ok(300_000.0) }),
    };
    vec![Room::new("test").metrics(vec![source])]
}

async fn scrape(node: &Node, accept: &str) -> (String, String) {
    let operator = node.client("operator").header("accept", accept);
    let answer = operator.get("/metrics").await.expect(200);
    (answer.header("content-type").unwrap(), answer.text())
}

/// Each family: HELP, TYPE, then its samples, each a name, labels and a number.
fn check_plain(text: &str) {
    let mut family = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(kind != "counter" || name.ends_with("_total"), "{line}");
            family = name;
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(family), "{line} under {family}");
            value.parse::<f64>().unwrap();
        }
    }
}

#[tokio::test]
async fn scrapers_get_the_text_they_read_and_strangers_nothing() {
    each_backend(rooms, async |node| {
        node.stranger().get("/metrics").await.expect(401);
        node.client("citizen").get("/api/v1/jobs").await;
        let (media, text) = scrape(&node, "text/plain").await;
        assert_eq!(media, "text/plain; version=0.0.4; charset=utf-8");
        check_plain(&text);
        for line in [
            "tianyuan_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"401\",class=\"stranger\"} 1",
            "tianyuan_refusals_total{exit=\"other\",class=\"stranger\"} 1",
            "tianyuan_http_request_seconds_count{route=\"/api/v1/jobs\",class=\"signed_in\"} 1",
            "tianyuan_journal_waiting 0",
            "# TYPE tianyuan_http_request_seconds histogram",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("tianyuan_resident_memory_bytes 0\n"));
        let (media, text) = scrape(&node, "application/openmetrics-text;version=1.0.0").await;
        assert!(media.starts_with("application/openmetrics-text"));
        assert!(text.ends_with("# EOF\n"));
    })
    .await;
}

#[tokio::test]
async fn open_access_is_counted_a_minute_and_each_minute_is_a_fact() {
    each_backend(rooms, async |node| {
        let metrics = node.app.metrics();
        let open = |status| Answered {
            method: "GET",
            route: Some("/api/v1/plans"),
            status,
            class: Class::Stranger,
            seconds: 0.1,
        };
        for status in [200, 200, 401, 404, 500] {
            metrics.observe(node.app.now(), open(status));
        }
        let health = Answered { route: Some("/healthz"), ..open(200) };
        metrics.observe(node.app.now(), health);
        let signed_in = Answered { class: Class::SignedIn, ..open(200) };
        metrics.observe(node.app.now(), signed_in);
        write(&node.app, node.app.now()).await.unwrap();
        assert!(node.facts().await.is_empty(), "the minute has not ended");
        node.advance(60);
        metrics.observe(node.app.now(), open(200));
        write(&node.app, node.app.now()).await.unwrap();
        write(&node.app, node.app.now()).await.unwrap();
        assert_eq!(node.facts().await, [("access.counted".to_owned(), "node".to_owned())]);
        let mut reader = node.app.db().read().await.unwrap();
        let fact = facts_after(&mut reader, 0, 1).await.unwrap().remove(0);
        let body = fact.body.unwrap();
        assert_eq!(body["minute"], "2024-06-30T08:00:00Z");
        let row = |what: &str, n: i64| {
            serde_json::json!({ "what": what, "exit": "rest", "class": "stranger", "count": n })
        };
        assert_eq!(body["counts"], serde_json::json!([row("open_read", 2), row("refusal", 1)]));
    })
    .await;
}

#[tokio::test]
async fn rooms_offer_numbers_by_name() {
    each_backend(rooms, async |node| {
        let metrics = node.app.metrics();
        assert_eq!(
            metrics.measure(&node.app, "test.rows").await.unwrap(),
            300_000.0
        );
        let unknown = metrics.measure(&node.app, "test.none").await.unwrap_err();
        assert_eq!(unknown.code(), "metric_unknown");
        let office = node.client("plan_office");
        let list = office
            .get("/api/v1/metrics/platform")
            .await
            .expect(200)
            .json();
        assert_eq!(list["items"][0]["title"]["zh"], "行数");
    })
    .await;
}

proptest! {
    /// What callers invent does not become a label.
    #[test]
    fn labels_do_not_grow(method in "[A-Z]{1,8}", status in 100_u16..600) {
        let metrics = Metrics::new(Vec::new());
        let answered = Answered {
            method: &method, route: None, status, class: Class::Stranger, seconds: 0.0,
        };
        metrics.observe(Micros(0), answered);
        let (_, text) = super::exposition::expose(&metrics.registry, "").unwrap();
        check_plain(&text);
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let said = text.contains(&format!("method=\"{method}\""));
        prop_assert_eq!(said, known.contains(&method.as_str()));
        prop_assert!(text.contains("route=\"other\""));
    }
}
