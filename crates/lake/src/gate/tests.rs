//! The same protected columns asked through every exit of this crate, in every way SQL offers.
//! Nothing the policy withholds may come out: not in rows, not in plans, not in errors.

use http::StatusCode;
use serde_json::json;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::testkit::{Client, Node, each_backend};

use crate::query::{Asker, prepare};
use crate::rows::{Comparison, Filter, RowsQuery, page};
use crate::supervision::Exit;
use crate::tables::store;
use crate::testing::{SECRETS, people, publish, register, rooms};

/// Ways to a protected value. Each must be refused, or answer with what may leave.
const ATTEMPTS: &[&str] = &[
    "SELECT * FROM people",
    "SELECT identity, mobile, age, born FROM people",
    "SELECT diagnosis FROM people",
    "SELECT p.diagnosis FROM people p",
    "SELECT \"diagnosis\" FROM public.people",
    "SELECT count(diagnosis) FROM people",
    "SELECT min(mobile), max(identity), min(born), sum(age) FROM people",
    "SELECT town FROM people WHERE mobile = '13800001111'",
    "SELECT town FROM people WHERE identity = '310118199001011234'",
    "SELECT town FROM people WHERE identity LIKE '310118%'",
    "SELECT town FROM people WHERE substr(mobile, 4, 6) = '000011'",
    "SELECT substr(identity, 1, 6), length(identity) FROM people",
    "SELECT concat('x', mobile), mobile || identity FROM people",
    "SELECT reverse(mobile), upper(identity), regexp_replace(mobile, '\\*', '', 'g') FROM people",
    "SELECT CAST(mobile AS BIGINT) FROM people",
    "SELECT CAST(identity AS BIGINT) FROM people",
    "SELECT CAST(identity AS DATE) FROM people",
    "SELECT arrow_cast(identity, 'Int64') FROM people",
    "SELECT 1 / (age - 37) FROM people",
    "SELECT town FROM people WHERE CAST(mobile AS BIGINT) > 0",
    "SELECT town FROM people WHERE 1 / (CASE WHEN mobile LIKE '138%1111' THEN 0 ELSE 1 END) = 1",
    "SELECT a.town, b.mobile FROM people a JOIN people b ON a.identity = b.identity",
    "SELECT * FROM people a CROSS JOIN people b",
    "SELECT * FROM people NATURAL JOIN people_b",
    "SELECT b.* FROM people_b b WHERE b.mobile IN (SELECT mobile FROM people)",
    "SELECT v.x FROM (VALUES ('13800001111'), ('310118199001011234')) v(x) JOIN people ON v.x = mobile OR v.x = identity",
    "SELECT (SELECT max(identity) FROM people), (SELECT min(mobile) FROM people)",
    "SELECT town FROM people WHERE EXISTS (SELECT 1 FROM people q WHERE q.diagnosis IS NOT NULL)",
    "SELECT mobile FROM people UNION SELECT identity FROM people",
    "SELECT mobile FROM people INTERSECT SELECT '13800001111'",
    "SELECT '13800001111' EXCEPT SELECT mobile FROM people",
    "WITH t AS (SELECT * FROM people) SELECT * FROM t ORDER BY identity",
    "WITH RECURSIVE t AS (SELECT mobile FROM people UNION ALL SELECT mobile || 'x' FROM t WHERE length(mobile) < 14) SELECT * FROM t",
    "SELECT mobile, row_number() OVER (ORDER BY identity) FROM people",
    "SELECT first_value(identity) OVER (PARTITION BY town ORDER BY mobile) FROM people",
    "SELECT array_agg(mobile), string_agg(identity, ',') FROM people",
    "SELECT mobile, count(*) FROM people GROUP BY mobile HAVING mobile > '1'",
    "SELECT approx_percentile_cont(age, 0.5), stddev(age), avg(age) FROM people",
    "SELECT * FROM people ORDER BY diagnosis",
    "SELECT * EXCLUDE (town) FROM people",
    "SELECT people FROM people",
    "SELECT named_struct('m', mobile, 'i', identity) FROM people",
    "SELECT digest(identity, 'sha256') FROM people",
    "SELECT encode(mobile, 'hex') FROM people",
    "SELECT _id FROM people",
    "EXPLAIN SELECT * FROM people WHERE mobile = 'x'",
    "EXPLAIN VERBOSE SELECT * FROM people WHERE identity > 'a' AND town = 'b'",
    "EXPLAIN FORMAT TREE SELECT * FROM people",
    "EXPLAIN ANALYZE SELECT * FROM people WHERE mobile = '13800001111'",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM information_schema.df_settings",
    "SELECT * FROM information_schema.views",
    "SELECT * FROM pg_catalog.pg_stats",
    "SELECT * FROM lake_tables",
    "SHOW COLUMNS FROM people",
    "DESCRIBE people",
    "TABLE people",
    "COPY people TO '/tmp/people.csv'",
    "CREATE VIEW v AS SELECT * FROM people",
    "SELECT * FROM people WHERE mobile = (SELECT CAST(max(identity) AS BIGINT) FROM people)",
    "SELECT nonexistent(identity) FROM people",
    "SELECT identity + 1 FROM people",
    "SELECT to_timestamp(mobile) FROM people",
    "SELECT to_date(identity) FROM people",
    "SELECT CAST(mobile AS INT) FROM people WHERE town = '重固镇'",
    "SELECT parquet_metadata('lake') FROM people",
    "SELECT * FROM people TABLESAMPLE BERNOULLI (50)",
];

fn holds_a_secret(text: &str) -> Option<&'static str> {
    let plain = text.replace("\\u", "");
    SECRETS.into_iter().find(|secret| plain.contains(secret))
}

async fn open_register(node: &Node) {
    publish(node, &register("people"), vec![people()]).await;
    publish(node, &register("people_b"), vec![people()]).await;
    let mut hidden = register("hidden_register");
    hidden.public = false;
    hidden.sharing = crate::Sharing::None;
    publish(node, &hidden, vec![people()]).await;
}

/// What the attempt itself says comes back in errors and literals and is no leak.
fn unsaid(answer: &str, attempt: &str) -> String {
    let mut answer = answer.to_owned();
    for secret in SECRETS {
        if attempt.contains(secret) {
            answer = answer.replace(secret, "");
        }
    }
    answer
}

async fn try_all(client: &Client, accept: &str) {
    let client = client.clone().header("accept", accept);
    for attempt in ATTEMPTS {
        let body = json!({ "sql": attempt });
        let answer = client.post("/api/v1/sql", body).await;
        assert!(
            answer.status == StatusCode::OK || answer.status == StatusCode::UNPROCESSABLE_ENTITY,
            "{attempt}: {} {}",
            answer.status,
            answer.text()
        );
        let text = unsaid(&answer.text(), attempt);
        assert_eq!(holds_a_secret(&text), None, "{attempt}: {text}");
        for internal in ["hidden_register", ".parquet", "lake/", "dataset_"] {
            assert!(
                !text.contains(internal),
                "{attempt} tells {internal}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn no_statement_gets_what_is_withheld_in_any_form_of_answer() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let stranger = node.stranger();
        for accept in ["application/json", "text/csv", crate::query::answer::ARROW] {
            try_all(&stranger, accept).await;
        }
        try_all(&node.client("unit_lead:unit_tax"), "application/json").await;
    })
    .await;
}

#[tokio::test]
async fn predicates_act_on_what_leaves_and_not_on_what_is_kept() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let rows = async |sql: &str| {
            let answer = node
                .stranger()
                .post("/api/v1/sql", json!({ "sql": sql }))
                .await;
            answer.expect(200).json()["row_count"].as_u64().unwrap()
        };
        assert_eq!(
            rows("SELECT 1 FROM people WHERE mobile = '13800001111'").await,
            0
        );
        assert_eq!(
            rows("SELECT 1 FROM people WHERE mobile = '138******11'").await,
            1
        );
        assert_eq!(rows("SELECT 1 FROM people WHERE age = 37").await, 0);
        assert_eq!(rows("SELECT 1 FROM people WHERE age = 30").await, 1);
        assert_eq!(
            rows("SELECT 1 FROM people WHERE born > DATE '1990-01-01'").await,
            0
        );
        assert_eq!(
            rows("SELECT 1 FROM people WHERE born = DATE '1990-01-01'").await,
            1
        );
        assert_eq!(rows("SELECT 1 FROM people WHERE town = '重固镇'").await, 2);
        // Equal values stay equal under a digest, and nothing else is told.
        assert_eq!(rows("SELECT DISTINCT identity FROM people").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_table_that_is_not_for_the_caller_is_as_absent() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let ask = async |client: &Client, name: &str| {
            let sql = format!("SELECT * FROM {name}");
            let answer = client.post("/api/v1/sql", json!({ "sql": sql })).await;
            (answer.status, answer.text().replace(name, "x"))
        };
        for client in [node.stranger(), node.client("unit_lead:unit_tax")] {
            let strip = |(status, text): (StatusCode, String)| {
                let mut told: serde_json::Value = serde_json::from_str(&text).unwrap();
                told["request_id"] = json!(null);
                (status, told)
            };
            let hidden = strip(ask(&client, "hidden_register").await);
            let absent = strip(ask(&client, "never_was").await);
            assert_eq!(hidden, absent);
            let listed = client.get("/api/v1/sql/tables").await.expect(200).text();
            assert!(!listed.contains("hidden_register") && listed.contains("people_b"));
        }
        let own = node.client("unit_lead:unit_health");
        assert_eq!(ask(&own, "hidden_register").await.0, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn rows_of_other_units_do_not_leave_nor_count_nor_fail() {
    each_backend(rooms, async |node| {
        let mut table = register("people");
        table.unit_field = Some("town".to_owned());
        table.units = vec!["unit_health".to_owned()];
        publish(&node, &table, vec![people()]).await;
        let lead = node.client("unit_lead:重固镇");
        let rows = async |client: &Client, sql: &str| {
            let answer = client.post("/api/v1/sql", json!({ "sql": sql })).await;
            answer.expect(200).json()["rows"].clone()
        };
        // A header cannot hold the unit's Chinese name; the caller without units sees no row.
        let _ = lead;
        let citizen = node.client("citizen");
        assert_eq!(
            rows(&citizen, "SELECT count(*) AS n FROM people").await[0]["n"],
            0
        );
        assert_eq!(rows(&citizen, "SELECT * FROM people").await, json!([]));
        let failing = "SELECT 1 / (lon - 121.2) AS x, CAST(town AS INT) AS y FROM people";
        assert_eq!(
            rows(&citizen, failing).await,
            json!([]),
            "no hidden row can fail"
        );
        let officer = node.client("data_officer");
        assert_eq!(
            rows(&officer, "SELECT count(*) AS n FROM people").await[0]["n"],
            3
        );
    })
    .await;
}

#[tokio::test]
async fn no_buffer_carries_texts_of_rows_that_stay() {
    use arrow::array::{RecordBatch, StringArray};
    let units = ["unit_a", "unit_b"].map(|unit| vec![unit; 400]).concat();
    let notes = (0..800).map(|n| format!("a note of {}, the {n}th of many", units[n]));
    let units: arrow::array::ArrayRef = std::sync::Arc::new(StringArray::from(units.clone()));
    let notes: StringArray = notes.map(Some).collect();
    let notes: arrow::array::ArrayRef = std::sync::Arc::new(notes);
    let rows = RecordBatch::try_from_iter([("unit", units), ("note", notes)]).unwrap();
    let mut table = register("notes");
    table.unit_field = Some("unit".to_owned());
    table.fields = ["unit", "note"]
        .map(|name| crate::Field {
            name: name.to_owned(),
            comment: String::new(),
            grade: tianyuan_kernel::release::Grade::OPEN,
            otherwise: None,
        })
        .into();
    each_backend(rooms, async |node| {
        publish(&node, &table, vec![rows.clone()]).await;
        let lead = node
            .client("unit_lead:unit_a")
            .header("accept", crate::query::answer::ARROW);
        for sql in [
            "SELECT * FROM notes",
            "SELECT named_struct('n', note) AS s, [note, unit] AS l FROM notes",
            "SELECT array_agg(note) AS all_of_them FROM notes",
        ] {
            let answer = lead
                .post("/api/v1/sql", json!({ "sql": sql }))
                .await
                .expect(200);
            let told = String::from_utf8_lossy(&answer.bytes).into_owned();
            assert!(told.contains("a note of unit_a"), "{sql}");
            assert!(!told.contains("of unit_b"), "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_rows_api_treats_filters_and_sorts_as_the_gate_does() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let asker = Asker {
            who: Principal::anonymous(),
            address: None,
            purpose: String::new(),
            exit: Exit::REST,
        };
        let gated = crate::open(&node.app, &asker.who, "", "dataset_people", None).await;
        let gated = gated.unwrap().unwrap();
        let filter = |field: &str, value: &str| Filter {
            field: field.to_owned(),
            comparison: Comparison::Eq,
            value: value.to_owned(),
        };
        let ask = async |query: RowsQuery| {
            let page = page(&node.app, &asker, &gated, &query).await?;
            let rows = crate::query::answer::json_rows(&page.batches)?;
            let rows: serde_json::Value = serde_json::from_str(rows.get())?;
            Ok::<_, Error>((rows, page.next, page.total))
        };
        let first = RowsQuery {
            limit: 2,
            count: true,
            ..RowsQuery::default()
        };
        let (rows, next, total) = ask(first.clone()).await.unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 2);
        assert_eq!((rows[0]["_id"].clone(), total), (json!(1), Some(3)));
        assert!(rows[0].get("diagnosis").is_none());
        let (rest, end, _) = ask(RowsQuery {
            after: next,
            ..first
        })
        .await
        .unwrap();
        assert_eq!((rest[0]["_id"].clone(), end), (json!(3), None));
        let masked = RowsQuery {
            limit: 10,
            filters: vec![filter("mobile", "13800001111")],
            ..RowsQuery::default()
        };
        assert_eq!(ask(masked).await.unwrap().0, json!([]));
        let sorted = RowsQuery {
            limit: 1,
            sort: vec![("lon".to_owned(), true)],
            fields: vec!["town".to_owned(), "lon".to_owned()],
            ..RowsQuery::default()
        };
        let (rows, next, _) = ask(sorted.clone()).await.unwrap();
        assert_eq!((rows[0]["lon"].clone(), next), (json!(121.3), Some(1)));
        let (rows, _, _) = ask(RowsQuery {
            after: next,
            ..sorted
        })
        .await
        .unwrap();
        assert_eq!(rows[0]["lon"], 121.2);
        for (field, value, code) in [
            ("diagnosis", "x", "field_unknown"),
            ("never_was", "x", "field_unknown"),
            ("age", "many", "value_does_not_fit"),
        ] {
            let filters = vec![filter(field, value)];
            let asked = RowsQuery {
                limit: 10,
                filters,
                ..RowsQuery::default()
            };
            assert_eq!(ask(asked).await.unwrap_err().code(), code, "{field}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_holds_what_leaves_in_its_footer_too_and_dies_with_the_grant() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let link = "/api/v1/datasets/dataset_people/file-links";
        let lead = node.client("unit_lead:unit_tax");
        let made = lead
            .post(link, json!({ "purpose": "核查" }))
            .await
            .expect(201)
            .json();
        let path = made["path"].as_str().unwrap();
        let head = node
            .stranger()
            .send("HEAD", path, "", Vec::new())
            .await
            .expect(200);
        assert_eq!(
            head.header("content-length").unwrap(),
            made["size_bytes"].to_string()
        );
        assert!(head.bytes.is_empty());
        let whole = node.stranger().get(path).await.expect(200);
        assert_eq!(
            whole.bytes.len() as u64,
            made["size_bytes"].as_u64().unwrap()
        );
        assert_eq!(&whole.bytes[..4], b"PAR1");
        for secret in SECRETS {
            let found = whole
                .bytes
                .windows(secret.len())
                .any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in the file");
        }
        for name in ["diagnosis", "_id"] {
            let found = whole
                .bytes
                .windows(name.len())
                .any(|w| w == name.as_bytes());
            assert!(!found, "{name} is in the footer");
        }
        let part = node
            .stranger()
            .header("range", "bytes=0-3")
            .get(path)
            .await
            .expect(206);
        assert_eq!(part.bytes, b"PAR1");
        node.stranger()
            .header("range", "bytes=99999999-")
            .get(path)
            .await
            .expect(416);
        let forged = path.replacen("/files/", "/files/e30.", 1);
        node.stranger().get(&forged).await.expect(404);
        // The table is no longer open or shared: the address is dead though its time is not up.
        let mut closed = register("people");
        closed.public = false;
        closed.sharing = crate::Sharing::None;
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        store::put(&mut tx, &closed).await.unwrap();
        tx.commit().await.unwrap();
        node.stranger().get(path).await.expect(404);
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        store::put(&mut tx, &register("people")).await.unwrap();
        tx.commit().await.unwrap();
        node.stranger().get(path).await.expect(200);
        node.advance(3_700);
        node.stranger().get(path).await.expect(404);
        node.stranger()
            .post(
                "/api/v1/datasets/dataset_hidden_register/file-links",
                json!({}),
            )
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn a_protected_release_is_a_fact_before_its_first_byte_and_an_open_one_is_counted() {
    each_backend(rooms, async |node| {
        open_register(&node).await;
        let released = async || {
            let facts = node.facts().await;
            facts.iter().filter(|f| f.0 == "data.released").count()
        };
        let asker = |who: Principal| Asker {
            who,
            address: None,
            purpose: "试验".to_owned(),
            exit: Exit::SQL,
        };
        let officer = node
            .app
            .authority()
            .person(&node.app, "person_data_officer")
            .await;
        let officer = asker(officer.unwrap().unwrap());
        let prepared = prepare(&node.app, &officer, "SELECT mobile FROM people")
            .await
            .unwrap();
        assert_eq!(released().await, 0, "nothing has been read");
        let mut running = prepared.run(&node.app, &officer, 10).await.unwrap();
        assert_eq!(released().await, 1, "durable before the first row is taken");
        assert!(running.next().await.unwrap().unwrap().num_rows() > 0);
        let stranger = asker(Principal::anonymous());
        let prepared = prepare(&node.app, &stranger, "SELECT mobile FROM people")
            .await
            .unwrap();
        prepared.run(&node.app, &stranger, 10).await.unwrap();
        assert_eq!(released().await, 1, "what anybody gets is counted instead");
    })
    .await;
}
