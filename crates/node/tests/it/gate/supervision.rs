//! Supervision: a protected release is a fact before its first byte, an open one is counted, and
//! what cannot be recorded does not leave.

use serde_json::{Value, json};
use tianyuan_kernel::db::Sql as _;
use tianyuan_kernel::testkit::{Client, Node};

use super::exits::Ask;
use super::planted::{PLANTS, Planted, enter, open, plant, send};
use super::{ask, driven, flight, on_a_node};
use crate::gate::reading::words;

fn get(path: &str) -> Ask {
    Ask {
        method: "GET",
        path: path.to_owned(),
        accept: "*/*",
        body: None,
    }
}

fn post(path: &str, accept: &'static str, body: Value) -> Ask {
    Ask {
        method: "POST",
        path: path.to_owned(),
        accept,
        body: Some(body),
    }
}

/// One request for each exit of rows, and the exit's name in facts and counts.
fn exits(code: &str, id: &str) -> Vec<(&'static str, Ask)> {
    let sql = json!({ "sql": format!("SELECT * FROM {code}"), "purpose": "核查" });
    let resource = format!("resource_id={code}.csv");
    let path = |rest: &str| format!("/api/v1/datasets/{code}/{rest}");
    vec![
        ("rest", get(&path("rows?purpose=%E6%A0%B8%E6%9F%A5"))),
        ("csv", get(&path("export/csv?purpose=%E6%A0%B8%E6%9F%A5"))),
        ("json", get(&path("export/json"))),
        ("ndjson", get(&path("export/ndjson"))),
        ("geojson", get(&path("export/geojson"))),
        ("xlsx", get(&path("export/xlsx"))),
        ("sql", post("/api/v1/sql", "application/json", sql.clone())),
        ("sql", post("/api/v1/sql", "text/csv", sql.clone())),
        (
            "sql",
            post(
                "/api/v1/sql",
                "application/vnd.apache.arrow.stream",
                sql.clone(),
            ),
        ),
        (
            "ckan",
            get(&format!("/api/3/action/datastore_search?{resource}")),
        ),
        (
            "ckan",
            post(
                "/api/3/action/datastore_search_sql",
                "*/*",
                json!({ "sql": sql["sql"] }),
            ),
        ),
        (
            "file",
            post(
                &format!("/api/v1/datasets/{id}/file-links"),
                "*/*",
                json!({}),
            ),
        ),
    ]
}

/// Releases so far: kind `data.released`, bodies.
async fn released(node: &Node) -> Vec<(Option<String>, Value)> {
    node.settle().await;
    let mut reader = node.app.db().read().await.unwrap();
    let facts = tianyuan_kernel::journal::facts_after(&mut reader, 0, 100_000)
        .await
        .unwrap();
    let of = facts.into_iter().filter(|f| f.kind == "data.released");
    of.map(|f| (f.actor, f.body.unwrap())).collect()
}

#[tokio::test]
async fn each_protected_release_is_a_fact_that_says_who_what_and_through_which_exit() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        let me = planted
            .officer
            .client
            .get("/api/v1/me")
            .await
            .expect(200)
            .json();
        let me = me["id"]
            .as_str()
            .or(me["person"]["id"].as_str())
            .unwrap()
            .to_owned();
        for (exit, request) in exits("twin_a", &planted.ids[0]) {
            let before = released(&node).await.len();
            let answer = ask(&planted.officer.client, &request).await;
            assert_eq!(answer.status, 200, "{exit}: {}", answer.text());
            let facts = released(&node).await;
            // A link and what is taken with it are one each.
            let expected = if exit == "file" { 2 } else { 1 };
            assert_eq!(facts.len(), before + expected, "{exit} {}", request.path);
            for (actor, body) in &facts[before..] {
                assert_eq!(actor.as_deref(), Some(me.as_str()));
                assert_eq!(body["exit"], exit);
                assert_eq!(body["tables"][0]["dataset"], planted.ids[0].as_str());
                assert_eq!(
                    body["tables"][0]["number"], 2,
                    "the version is named: {body}"
                );
                let told = body.to_string();
                for (_, value) in PLANTS.iter() {
                    assert!(!told.contains(value), "no value stands in a fact: {told}");
                }
            }
            if request.path.contains("purpose")
                || request
                    .body
                    .as_ref()
                    .is_some_and(|b| b["purpose"] == "核查")
            {
                assert_eq!(facts[before].1["purpose"], "核查", "{exit}");
            }
        }
        // A signed file may be read by ranges and looked at by HEAD.
        let path = format!("/api/v1/datasets/{}/file-links", planted.ids[0]);
        let link = planted
            .officer
            .client
            .post(&path, json!({}))
            .await
            .expect(201)
            .json();
        let link = link["path"].as_str().unwrap();
        let before = released(&node).await.len();
        node.stranger()
            .send("HEAD", link, "", Vec::new())
            .await
            .expect(200);
        assert_eq!(
            released(&node).await.len(),
            before,
            "a look at the size is none"
        );
        node.stranger()
            .header("range", "bytes=0-3")
            .get(link)
            .await
            .expect(206);
        assert_eq!(released(&node).await.len(), before + 1, "a part is one");
        // What everybody gets is none.
        for (exit, request) in exits("twin_a", &planted.ids[0]) {
            ask(&node.stranger(), &request).await;
            assert_eq!(released(&node).await.len(), before + 1, "{exit}");
        }
        let (address, server) = tianyuan_lake::flight::start(&node.app)
            .await
            .unwrap()
            .unwrap();
        let mut driver = flight(address, &planted.officer).await;
        driven(&mut driver, "SELECT * FROM twin_a").await.unwrap();
        let facts = released(&node).await;
        assert_eq!(
            (facts.len(), &facts[before + 1].1["exit"]),
            (before + 2, &json!("flight"))
        );
        node.app.stop();
        server.await.unwrap();
    })
    .await;
}

/// The journal cannot be written.
const AWAY: &str = "ALTER TABLE facts RENAME TO facts_away";
/// It can again.
const BACK: &str = "ALTER TABLE facts_away RENAME TO facts";

async fn run(node: &Node, sql: &'static str) {
    let mut tx = node.app.db().begin_raw().await.unwrap();
    tx.execute(sql, tianyuan_kernel::args![]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_leave() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        let officer = &planted.officer;
        // The address of a file, and its file, from before.
        let path = format!("/api/v1/datasets/{}/file-links", planted.ids[0]);
        let link = officer
            .client
            .post(&path, json!({}))
            .await
            .expect(201)
            .json();
        let link = link["path"].as_str().unwrap().to_owned();
        let (address, server) = tianyuan_lake::flight::start(&node.app)
            .await
            .unwrap()
            .unwrap();
        node.settle().await;
        run(&node, AWAY).await;
        for (exit, request) in exits("twin_a", &planted.ids[0]) {
            let answer = ask(&officer.client, &request).await;
            assert!(answer.status.is_server_error(), "{exit}: {}", answer.text());
            nothing(&words(&answer));
            // What is for everybody needs no fact.
            let open = ask(&node.stranger(), &request).await;
            assert_eq!(open.status, 200, "{exit}: {}", open.text());
        }
        let answer = officer.client.get(&link).await;
        assert!(answer.status.is_server_error(), "{}", answer.text());
        let mut driver = flight(address, officer).await;
        nothing(
            &driven(&mut driver, "SELECT * FROM twin_a")
                .await
                .unwrap_err(),
        );
        run(&node, BACK).await;
        for (exit, request) in exits("twin_a", &planted.ids[0]) {
            let answer = ask(&officer.client, &request).await;
            assert_eq!(answer.status, 200, "{exit}: {}", answer.text());
        }
        node.app.stop();
        server.await.unwrap();
    })
    .await;
}

fn nothing(told: &str) {
    for (field, value) in PLANTS.iter() {
        assert!(!told.contains(value), "{field} left: {told}");
    }
}

/// `tianyuan_open_reads_total` by exit and class.
async fn counted(operator: &Client, exit: &str, class: &str) -> u64 {
    let text = operator.get("/metrics").await.expect(200).text();
    let line = text.lines().find(|l| {
        l.contains("open_reads_total{")
            && l.contains(&format!("exit=\"{exit}\""))
            && l.contains(&format!("class=\"{class}\""))
    });
    line.map_or(0, |l| l.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn open_dataset(node: &Node, planted: &Planted) -> String {
    let officer = &planted.officer.client;
    let id = enter(node, officer, "plain", &planted.unit).await;
    let rows = "code,lon,lat\nB1,121.1,31.1\nB2,121.2,31.2\n";
    send(node, officer, &id, "点位.csv", rows.as_bytes(), true, true).await;
    open(officer, &id).await;
    id
}

#[tokio::test]
async fn open_reads_are_counted_once_at_each_exit() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        let id = open_dataset(&node, &planted).await;
        let before = released(&node).await.len();
        let citizen = &planted.others[1].client;
        for (class, client) in [("stranger", &node.stranger()), ("signed_in", citizen)] {
            for (exit, request) in exits("plain", &id) {
                let count = async |exit: &str| counted(&planted.operator, exit, class).await;
                let (was, rest) = (count(exit).await, count("rest").await);
                let answer = ask(client, &request).await;
                assert_eq!(answer.status, 200, "{exit}: {}", answer.text());
                let more = if exit == "file" { 2 } else { 1 };
                assert_eq!(count(exit).await, was + more, "{exit} by {class}");
                if exit != "rest" {
                    assert_eq!(
                        count("rest").await,
                        rest,
                        "{exit} by {class} is counted once"
                    );
                }
            }
        }
        assert_eq!(released(&node).await.len(), before, "and is no fact");
    })
    .await;
}
