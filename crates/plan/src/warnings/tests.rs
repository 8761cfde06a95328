//! Early warning through the API, on both databases.

use serde_json::{Value, json};
use tianyuan_kernel::args;
use tianyuan_kernel::db::Sql as _;

use crate::testing::{Bench, with_sample};

async fn look(b: &Bench) -> Value {
    let path = format!("/api/v1/plans/{}/warnings/look", b.plan);
    b.office.post(&path, json!({})).await.expect(200).json()
}

async fn warnings(b: &Bench, query: &str) -> Vec<Value> {
    let list = b
        .office
        .get(&format!("/api/v1/warnings{query}"))
        .await
        .expect(200)
        .json();
    list["items"].as_array().unwrap().clone()
}

/// Waits for the day on which the sample's values are stale and looks; the first indicator's.
async fn stale(b: &Bench) -> Value {
    b.node.advance(200 * 86_400);
    look(b).await;
    let found = warnings(b, "?kind=stale").await;
    assert!(!found.is_empty());
    found[0].clone()
}

fn path(warning: &Value, rest: &str) -> String {
    format!("/api/v1/warnings/{}{rest}", warning["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_is_off_its_path_opens_once_is_told_answered_and_clears_by_itself() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 1.0).await;
        let round = look(&b).await;
        assert_eq!(round["opened"], round["found"]);
        assert!(round["told"].as_i64().unwrap() > 0);
        let again = look(&b).await;
        assert_eq!(
            (&again["opened"], &again["reopened"]),
            (&json!(0), &json!(0))
        );
        let off = warnings(&b, "?kind=off_path").await.remove(0);
        assert_eq!((&off["state"], &off["times"]), (&json!("open"), &json!(1)));
        let detail = b.office.get(&path(&off, "")).await.expect(200).json();
        assert!(!detail["told"].as_array().unwrap().is_empty());
        let said = json!({ "words": " 已核对，下月补齐。 " });
        let answered = b
            .office
            .post(&path(&off, "/answer"), said)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&answered["state"], &answered["history"][1]["words"]),
            (&json!("answered"), &json!("已核对，下月补齐。"))
        );
        b.record(1, "2024-06-30", 1_500.0).await;
        assert_eq!(look(&b).await["cleared"], 1);
        let cleared = b.office.get(&path(&off, "")).await.expect(200).json();
        assert_eq!(cleared["state"], "closed");
        assert!(cleared["cleared_at"].is_string());
        b.record(1, "2024-06-30", 2.0).await;
        assert_eq!(look(&b).await["reopened"], 1);
        let back = b.office.get(&path(&off, "")).await.expect(200).json();
        assert_eq!(
            (&back["state"], &back["times"]),
            (&json!("open"), &json!(2))
        );
        let facts = b.node.facts().await;
        let count = |kind: &str| {
            facts
                .iter()
                .filter(|(k, s)| k == kind && *s == off["id"])
                .count()
        };
        for kind in [
            "warning.opened",
            "warning.answered",
            "warning.cleared",
            "warning.reopened",
        ] {
            assert_eq!(count(kind), 1, "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_running_total_that_falls_is_a_contradiction() {
    with_sample(async |b: Bench| {
        let kind = b.indicator(1).await["nature"].clone();
        b.record(1, "2024-03-31", 900.0).await;
        b.record(1, "2024-06-30", 800.0).await;
        look(&b).await;
        let found = warnings(&b, "?kind=contradiction").await;
        let expected = if kind == "level" { 0 } else { 1 };
        assert_eq!(found.len(), expected, "{found:?}");
        if let Some(one) = found.first() {
            assert!(one["detail"]["zh"].as_str().unwrap().contains("900"));
            assert_eq!(one["severity"], "high");
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_warning_stays_closed_until_it_is_found_by_other_figures() {
    with_sample(async |b: Bench| {
        let found = stale(&b).await;
        b.office
            .post(&path(&found, "/reopen"), json!({ "words": "再看" }))
            .await
            .expect(409);
        let reason = json!({ "words": "统计口径调整中" });
        b.office
            .post(&path(&found, "/close"), reason.clone())
            .await
            .expect(200);
        b.office
            .post(&path(&found, "/answer"), reason.clone())
            .await
            .expect(409);
        b.node.advance(86_400);
        assert_eq!(look(&b).await["reopened"], 0);
        b.office
            .post(&path(&found, "/reopen"), reason)
            .await
            .expect(200);
        let now = b.office.get(&path(&found, "")).await.expect(200).json();
        assert_eq!((&now["state"], &now["times"]), (&json!("open"), &json!(2)));
        assert!(warnings(&b, "?state=closed").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_job_looks_by_itself_and_the_inbox_counts() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 1.0).await;
        b.node.settle().await;
        b.node.advance(1_000);
        b.node.settle().await;
        let open = warnings(&b, "?mine=true").await;
        assert!(!open.is_empty());
        let inbox = b.office.get("/api/v1/me/warnings").await.expect(200).json();
        assert_eq!(inbox["open"], open.len());
        assert_eq!(inbox["unseen"], inbox["open"]);
        let first = b
            .office
            .post(&path(&open[0], "/acknowledge"), json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(first["state"], "acknowledged");
        let twice = b
            .office
            .post(&path(&open[0], "/acknowledge"), json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(twice["version"], first["version"]);
        let inbox = b.office.get("/api/v1/me/warnings").await.expect(200).json();
        assert_eq!(inbox["unseen"], open.len() - 1);
    })
    .await;
}

#[tokio::test]
async fn rules_are_data_kept_by_the_plan_office() {
    with_sample(async |b: Bench| {
        let rules = b.office.get("/api/v1/warning-rules").await.expect(200).json();
        let rules = rules["items"].as_array().unwrap().clone();
        assert_eq!(rules.len(), 6);
        b.record(1, "2024-06-30", 1.0).await;
        let off = rules.iter().find(|r| r["kind"] == "off_path").unwrap();
        let one = format!("/api/v1/warning-rules/{}", off["id"].as_str().unwrap());
        look(&b).await;
        let before = warnings(&b, "?kind=off_path").await.len();
        assert!(before > 0);
        b.office.patch(&one, "\"9\"", json!({ "enabled": false })).await.expect(412);
        let off = b.office.patch(&one, "\"1\"", json!({ "enabled": false })).await.expect(200).json();
        assert_eq!(off["version"], 2);
        assert_eq!(look(&b).await["cleared"], before);
        for (field, body) in [
            ("threshold", json!({ "threshold": 101 })),
            ("threshold", json!({ "threshold": -1 })),
            ("name", json!({ "name": "长".repeat(61) })),
            ("tell_office", json!({ "tell_office": false, "tell_leads": false, "tell_reporters": false })),
        ] {
            let answer = b.office.patch(&one, "\"2\"", body).await.expect(422);
            assert_eq!(answer.json()["field"], field);
        }
        let new = json!({ "kind": "off_path", "name": "严重偏离", "threshold": 20, "severity": "high",
            "tell_office": true, "tell_leads": true, "tell_reporters": false });
        let made = b.office.post("/api/v1/warning-rules", new).await.expect(201).json();
        look(&b).await;
        assert_eq!(warnings(&b, "?kind=off_path&severity=high").await.len(), before);
        let made = format!("/api/v1/warning-rules/{}", made["id"].as_str().unwrap());
        b.office.delete(&made).await.expect(204);
        b.office.delete(&made).await.expect(404);
        for role in ["unit_reporter", "unit_lead", "auditor"] {
            b.node.client(role).get("/api/v1/warning-rules").await.expect(200);
            let patch = json!({ "enabled": true });
            b.node.client(role).patch(&one, "\"2\"", patch).await.expect(403);
        }
    })
    .await;
}

#[tokio::test]
async fn a_unit_answers_its_own_and_strangers_see_nothing() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 1.0).await;
        look(&b).await;
        let off = warnings(&b, "?kind=off_path").await.remove(0);
        let unit = off["units"][0]["id"].as_str().unwrap();
        let reporter = b.node.client(&format!("unit_reporter:{unit}"));
        let said = json!({ "words": "已核对。" });
        reporter
            .post(&path(&off, "/acknowledge"), json!({}))
            .await
            .expect(200);
        reporter
            .post(&path(&off, "/answer"), said.clone())
            .await
            .expect(200);
        let other = b
            .node
            .client("unit_reporter:unit_00000000000000000000000000");
        other.get(&path(&off, "")).await.expect(200);
        other
            .post(&path(&off, "/answer"), said.clone())
            .await
            .expect(403);
        b.node
            .client("citizen")
            .get(&path(&off, ""))
            .await
            .expect(404);
        b.node
            .client("citizen")
            .get("/api/v1/warnings")
            .await
            .expect(403);
        b.node.stranger().get("/api/v1/warnings").await.expect(401);
        for words in ["", "  ", &"长".repeat(2_001)] {
            let body = json!({ "words": words });
            b.office
                .post(&path(&off, "/answer"), body)
                .await
                .expect(422);
        }
        b.office.get("/api/v1/warnings/warning_0").await.expect(404);
        b.office
            .get("/api/v1/warnings?kind=nothing")
            .await
            .expect(400);
    })
    .await;
}

#[tokio::test]
async fn what_people_record_is_looked_at_by_itself_and_once() {
    with_sample(async |b: Bench| {
        // The import's own look comes first.
        b.node.settle().await;
        b.node.advance(60);
        b.node.settle().await;
        assert!(warnings(&b, "?kind=off_path").await.is_empty());
        let jobs = async || {
            let select = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM jobs WHERE kind = $1";
            let mut sql = b.node.app.db().read().await.unwrap();
            let row = sql
                .one(select, args![super::evaluate::LOOK.name])
                .await
                .unwrap();
            row.int("n").unwrap()
        };
        let before = jobs().await;
        b.record(1, "2024-06-30", 1.0).await;
        b.record(2, "2024-06-30", 16.5).await;
        b.node.settle().await;
        assert_eq!(jobs().await, before + 1, "two facts, one look");
        assert!(
            warnings(&b, "?kind=off_path").await.is_empty(),
            "not at once"
        );
        b.node.advance(super::evaluate::SOON_S);
        b.node.settle().await;
        assert_eq!(warnings(&b, "?kind=off_path").await.len(), 1);
        // What a look itself writes is nothing to look at.
        b.node.advance(60);
        b.node.settle().await;
        assert_eq!(jobs().await, before + 1);
        b.record(1, "2024-06-30", 1_500.0).await;
        b.node.settle().await;
        b.node.advance(super::evaluate::SOON_S);
        b.node.settle().await;
        assert!(
            warnings(&b, "?kind=off_path").await.is_empty(),
            "cleared as well"
        );
    })
    .await;
}

#[tokio::test]
async fn the_inbox_counts_what_waits_for_whom() {
    with_sample(async |b: Bench| {
        let inbox = async || b.office.get("/api/v1/me/warnings").await.expect(200).json();
        b.record(1, "2024-06-30", 1.0).await;
        look(&b).await;
        let off = warnings(&b, "?kind=off_path").await.remove(0);
        let first = inbox().await;
        let all = first["open"].as_i64().unwrap();
        assert!(all > 0);
        assert_eq!(
            (&first["unseen"], &first["waiting"]),
            (&json!(all), &json!(all))
        );
        b.office
            .post(&path(&off, "/acknowledge"), json!({}))
            .await
            .expect(200);
        let seen = inbox().await;
        assert_eq!(
            seen["waiting"],
            all - 1,
            "seen, and now the unit's turn: {seen}"
        );
        let said = json!({ "words": "下月补齐" });
        b.office
            .post(&path(&off, "/answer"), said.clone())
            .await
            .expect(200);
        assert_eq!(
            inbox().await["waiting"],
            all,
            "answered: the office closes it"
        );
        b.office.post(&path(&off, "/close"), said).await.expect(200);
        let closed = inbox().await;
        assert_eq!(
            (&closed["open"], &closed["waiting"]),
            (&json!(all - 1), &json!(all - 1))
        );
    })
    .await;
}
