//! SQL through its public door.

use std::sync::Arc;

use serde_json::json;
use tianyuan_kernel::Room;
use tianyuan_kernel::authority::Authorize;
use tianyuan_kernel::testkit::{Answer, Client, Roles, each_backend, each_backend_with};

use crate::testing::{people, publish, register, rooms};

async fn ask(client: &Client, sql: &str) -> Answer {
    client.post("/api/v1/sql", json!({ "sql": sql })).await
}

#[tokio::test]
async fn a_stranger_asks_an_open_table_and_gets_what_is_open() {
    each_backend(rooms, async |node| {
        publish(&node, &register("people"), vec![people()]).await;
        let answer = ask(&node.stranger(), "SELECT * FROM people ORDER BY lon").await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["row_count"], 3);
        assert_eq!(answer["truncated"], false);
        assert_eq!(answer["rows"][0]["town"], "重固镇");
        assert_eq!(answer["rows"][0]["age"], 30);
        assert_eq!(answer["rows"][0]["mobile"], "138******11");
        assert_eq!(answer["rows"][0]["born"], "1990-01-01");
        assert!(answer["rows"][0].get("diagnosis").is_none());
        let officer = node.client("data_officer");
        let plain = ask(
            &officer,
            "SELECT diagnosis, mobile FROM people ORDER BY lon",
        )
        .await;
        let plain = plain.expect(200).json();
        assert_eq!(plain["rows"][0]["diagnosis"], "慢性病示例甲");
        let facts = node.facts().await;
        let released = facts.iter().filter(|f| f.0 == "data.released");
        assert_eq!(released.count(), 1, "the officer's, not the stranger's");
    })
    .await;
}

#[tokio::test]
async fn a_statement_has_so_much_memory_time_and_company() {
    let small = |config: &mut tianyuan_kernel::config::Config| {
        config.lake.query_memory_bytes_max = 16 << 20;
        config.lake.query_seconds_max = 2;
        config.lake.queries_max_caller = 1;
        config.lake.json_rows_max = 5;
        config.lake.spill_bytes_max = 64 << 20;
    };
    let compose = |_: &tianyuan_kernel::config::Config| -> (Vec<Room>, Arc<dyn Authorize>) {
        (rooms(), Arc::new(Roles))
    };
    each_backend_with(compose, small, async |node| {
        let client = node.client("citizen");
        let told = ask(&client, "SELECT * FROM generate_series(1, 10) AS t(n)").await;
        let told = told.expect(200).json();
        assert_eq!(
            (told["row_count"].clone(), told["truncated"].clone()),
            (json!(5), json!(true))
        );
        let endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) \
                       SELECT count(*) FROM t";
        let cross = "SELECT count(*) FROM generate_series(1, 1000000) a, \
                     generate_series(1, 1000000) b, generate_series(1, 1000000) c";
        for sql in [endless, cross] {
            let answer = ask(&client, sql).await.expect(422);
            assert_eq!(answer.code(), "sql_too_long", "{sql}: {}", answer.text());
        }
        let greedy =
            "SELECT array_agg(n || repeat('x', 1000)) FROM generate_series(1, 1000000) t(n)";
        let answer = ask(&client, greedy).await;
        assert!(
            matches!(answer.code().as_str(), "sql_too_large" | "sql_too_long"),
            "{}",
            answer.text()
        );
        // One at a time: while a slow one runs, another is refused, and none is left behind.
        let slow = ask(&client, cross);
        let soon = async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            ask(&client, "SELECT 1").await
        };
        let (slow, soon) = futures::join!(slow, soon);
        assert_eq!(
            (slow.code().as_str(), soon.code().as_str()),
            ("sql_too_long", "sql_too_many")
        );
        ask(&client, "SELECT 1").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn bad_statements_are_told_what_is_wrong_and_change_nothing() {
    each_backend(rooms, async |node| {
        publish(&node, &register("people"), vec![people()]).await;
        let before = node.facts().await.len();
        let client = node.stranger();
        for (body, code) in [
            (json!({ "sql": "" }), "sql_one_statement"),
            (json!({ "sql": "SELECT nope FROM people" }), "sql_wrong"),
            (json!({ "sql": "SELECT * FROM nope" }), "table_unknown"),
            (json!({ "sql": "DROP TABLE people" }), "sql_select_only"),
            (
                json!({ "sql": "SELECT 1", "limit": 0 }),
                "limit_out_of_range",
            ),
            (
                json!({ "sql": "SELECT 1", "purpose": "x".repeat(300) }),
                "purpose_too_long",
            ),
            (json!({ "sql": "SELECT $1" }), "sql_failed"),
            (json!({ "query": "SELECT 1" }), "field_unknown"),
        ] {
            let answer = client.post("/api/v1/sql", body.clone()).await.expect(422);
            if code != "field_unknown" {
                assert_eq!(answer.code(), code, "{body}: {}", answer.text());
            }
        }
        let picky = client.clone().header("accept", "image/png");
        picky
            .post("/api/v1/sql", json!({ "sql": "SELECT 1" }))
            .await
            .expect(406);
        let csv = client.clone().header("accept", "text/csv");
        let sql = "SELECT town, mobile, [lon, lon] AS pair FROM people ORDER BY lon LIMIT 1";
        let answer = csv
            .post("/api/v1/sql", json!({ "sql": sql }))
            .await
            .expect(200);
        assert_eq!(
            answer.text(),
            "town,mobile,pair\n重固镇,138******11,\"[121.1, 121.1]\"\n"
        );
        let empty = csv
            .post("/api/v1/sql", json!({ "sql": "SELECT 1 AS a WHERE false" }))
            .await;
        assert_eq!(empty.expect(200).text(), "a\n");
        assert_eq!(node.facts().await.len(), before);
    })
    .await;
}

#[tokio::test]
async fn first_questions_that_come_together_are_all_answered() {
    each_backend(rooms, async |node| {
        let lake = node.app.get::<crate::Lake>().unwrap();
        let together = std::sync::Barrier::new(8);
        let ask = || {
            together.wait();
            lake.keys(&node.app).map(|_| ())
        };
        std::thread::scope(|threads| {
            let asked: Vec<_> = (0..8).map(|_| threads.spawn(ask)).collect();
            for one in asked {
                one.join().unwrap().unwrap();
            }
        });
    })
    .await;
}
