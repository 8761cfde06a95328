//! SQL through its public door.

use serde_json::json;
use tianyuan_kernel::testkit::{Answer, Client, each_backend};

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
