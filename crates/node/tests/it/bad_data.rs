//! Bad files and bad statements at the doors for data: each gets a clear answer, the node stays
//! up, and nothing is half written.

use std::io::Write as _;
use std::sync::Arc;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::testkit::{Client, Node, each_backend_with};
use tianyuan_lake::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::support::{PASSWORD, person, sign_in};

/// A data officer at a node with an open dataset `sound` of three rows.
struct Desk {
    node: Node,
    officer: Client,
    unit: String,
}

async fn at_a_desk<F: AsyncFn(Desk)>(test: F) {
    at_a_desk_with(|_| {}, test).await;
}

async fn at_a_desk_with<F: AsyncFn(Desk)>(settings: fn(&mut Config), test: F) {
    let configure = |config: &mut Config| {
        config.limits.sign_ins_per_minute_address = 1_000;
        settings(config);
    };
    let compose = |c: &Config| tianyuan::compose::rooms(c).unwrap();
    each_backend_with(compose, configure, async |node| {
        tianyuan_shield::people::ensure_admin(&node.app, Some(PASSWORD.to_owned()))
            .await
            .unwrap();
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let role = json!([{ "role": "data_officer" }]);
        let officer = person(&node, &admin, "officer", role).await;
        let unit = json!({ "code": "unit-desk", "name": "示例单位", "kind": "department" });
        let unit = admin.post("/api/v1/units", unit).await.expect(201).json();
        let desk = Desk {
            unit: unit["id"].as_str().unwrap().to_owned(),
            officer,
            node,
        };
        desk.dataset("sound").await;
        let upload = desk
            .bring("sound", "a.csv", b"word,n\nx,1\ny,2\nz,3\n")
            .await;
        assert_eq!(desk.load(&upload, false).await["state"], "loaded");
        let publish = "/api/v1/datasets/sound/publish";
        desk.officer.post(publish, json!({})).await.expect(200);
        test(desk).await;
    })
    .await;
}

impl Desk {
    async fn dataset(&self, code: &str) {
        let profile = json!({ "title": code, "unit_id": self.unit, "update_cycle": "irregular",
            "sharing": "unconditional", "opening": "unconditional" });
        let new = json!({ "code": code, "profile": profile });
        self.officer.post("/api/v1/datasets", new).await.expect(201);
    }

    /// Sends a file and has it read; answers the upload.
    async fn bring(&self, dataset: &str, name: &str, bytes: &[u8]) -> Value {
        let path = format!("/api/v1/datasets/{dataset}/uploads");
        let new = json!({ "name": name, "size_bytes": bytes.len() });
        let begun = self.officer.post(&path, new).await.expect(201).json();
        let upload = format!("/api/v1/uploads/{}", begun["id"].as_str().unwrap());
        let media = "application/octet-stream";
        for (n, piece) in bytes.chunks(8 << 20).enumerate() {
            let path = format!("{upload}/content?offset={}", n * (8 << 20));
            self.officer
                .send("PUT", &path, media, piece.to_vec())
                .await
                .expect(200);
        }
        self.node.settle().await;
        self.officer.get(&upload).await.expect(200).json()
    }

    /// Loads it with what was found.
    async fn load(&self, upload: &Value, accept_rejects: bool) -> Value {
        let path = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap());
        let columns = upload["found"]["columns"].as_array().unwrap();
        let fields: Vec<Value> = columns
            .iter()
            .map(|c| json!({ "column": c["column"], "field": c["field"] }))
            .collect();
        let body = json!({ "fields": fields, "publish": true, "accept_rejects": accept_rejects });
        self.officer
            .post(&format!("{path}/load"), body)
            .await
            .expect(202);
        self.node.settle().await;
        self.officer.get(&path).await.expect(200).json()
    }

    /// What is kept of rows: objects, and the versions of a dataset.
    async fn kept(&self, dataset: &str) -> (usize, Value) {
        let store = self.node.app.files().store();
        let lake = store.list(Some(&"lake".into())).count().await;
        let path = format!("/api/v1/datasets/{dataset}/versions");
        (lake, self.officer.get(&path).await.expect(200).json())
    }

    async fn still_up(&self) {
        self.officer.get("/healthz").await.expect(200);
        let rows = "/api/v1/datasets/sound/rows?count=true";
        let rows = self.node.stranger().get(rows).await.expect(200).json();
        assert_eq!(rows["total"], 3);
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_are_kept_with_reasons_and_hold_the_file_up() {
    at_a_desk(async |desk| {
        let mut file = b"word,n\na,1\nb\nc,3,4\nd,5,6,7,8\n\0e,9\ng,10\n".to_vec();
        // A line of ten megabytes, and after it the table goes on.
        file.extend(std::iter::repeat_n(b'x', 10 << 20));
        file.extend(b",11\nh,12\n");
        desk.dataset("uneven").await;
        let before = desk.kept("uneven").await;
        let upload = desk.bring("uneven", "a.csv", &file).await;
        assert_eq!(upload["state"], "read", "{}", upload["problem"]);
        assert_eq!(
            (&upload["found"]["rows"], &upload["found"]["faulty"]),
            (&json!(8), &json!(5))
        );
        let checked = desk.load(&upload, false).await;
        assert_eq!(checked["state"], "checked", "rows are left over");
        assert_eq!(checked["checked"]["rejected"], 5);
        assert_eq!(desk.kept("uneven").await, before, "nothing is written");
        let path = format!("/api/v1/uploads/{}/rejects", upload["id"].as_str().unwrap());
        let rejects = desk.officer.get(&path).await.expect(200).text();
        for line in ["\n3,", "\n4,", "\n5,", "\n6,", "\n8,"] {
            assert!(rejects.contains(line), "{line:?}");
        }
        assert!(rejects.len() < 1 << 20, "the long line is not kept whole");
        assert_eq!(desk.load(&upload, true).await["state"], "loaded");
        let rows = desk
            .officer
            .get("/api/v1/datasets/uneven/rows?count=true")
            .await;
        assert_eq!(rows.expect(200).json()["total"], 3);
        desk.still_up().await;
    })
    .await;
}

/// A workbook whose sheet unpacks to seventy megabytes.
fn bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, size) in [("[Content_Types].xml", 10), ("xl/workbook.xml", 10)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(&vec![b' '; size]).unwrap();
    }
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let block = vec![b' '; 1 << 20];
    for _ in 0..70 {
        zip.write_all(&block).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Parquet files that break off, or lie about themselves.
fn parquet_lies() -> Vec<Vec<u8>> {
    let words: ArrayRef = Arc::new(StringArray::from(vec!["示例"; 2_000]));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2_000));
    let rows = RecordBatch::try_from_iter([("word", words), ("n", numbers)]).unwrap();
    let mut whole = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut whole, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let cut = whole[..whole.len() / 2].to_vec();
    let n = whole.len();
    let mut footer_too_long = whole.clone();
    footer_too_long[n - 8..n - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut footer_broken = whole.clone();
    footer_broken[n - 100..n - 8].fill(0xff);
    let mut pages_broken = whole.clone();
    pages_broken[4..200].fill(0xee);
    let only_marks = [b"PAR1".as_slice(), &[0xff; 8], b"PAR1"].concat();
    vec![
        cut,
        footer_too_long,
        footer_broken,
        pages_broken,
        only_marks,
    ]
}

#[tokio::test]
async fn files_that_lie_about_themselves_are_refused_and_leave_nothing() {
    at_a_desk(async |desk| {
        let columns: Vec<String> = (0..100_000).map(|n| format!("c{n}")).collect();
        let wide = format!("{}\n{}\n", columns.join(","), vec!["1"; 100_000].join(","));
        let members = columns
            .iter()
            .map(|c| format!("\"{c}\":1"))
            .collect::<Vec<_>>();
        let object = format!("{{{}}}\n", members.join(","));
        let mut cases = vec![
            ("a.csv", wide.into_bytes()),
            ("a.ndjson", object.clone().into_bytes()),
            ("a.json", format!("[{object}]").into_bytes()),
            ("a.json", "[".repeat(100_000).into_bytes()),
            ("a.csv", vec![0; 100_000]),
            ("a.xlsx", bomb()),
            ("a.xlsx", b"PK\x03\x04 cut off".to_vec()),
        ];
        cases.extend(parquet_lies().into_iter().map(|bytes| ("a.parquet", bytes)));
        desk.dataset("lies").await;
        let before = desk.kept("lies").await;
        for (place, (name, bytes)) in cases.into_iter().enumerate() {
            let upload = desk.bring("lies", name, &bytes).await;
            let said = upload["problem"].to_string();
            let upload = match upload["state"].as_str() {
                // What reads well at first may break off later.
                Some("read") => desk.load(&upload, true).await,
                _ => upload,
            };
            let state = upload["state"].as_str().unwrap();
            assert!(
                matches!(state, "failed" | "read"),
                "{place} {name}: {state} {said}"
            );
            let problem = &upload["problem"];
            assert!(
                problem["zh"].as_str().is_some_and(|p| p.ends_with('。')),
                "{place}: {problem}"
            );
            assert!(
                problem["en"].as_str().is_some_and(|p| p.ends_with('.')),
                "{place}: {problem}"
            );
            assert_eq!(desk.kept("lies").await, before, "{place} {name}");
            let path = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap());
            desk.officer.delete(&path).await.expect(204);
        }
        let jobs = desk
            .officer
            .get("/api/v1/jobs?limit=200")
            .await
            .expect(200)
            .json();
        let failed = jobs["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|j| j["state"] == "failed");
        assert!(
            failed.is_none(),
            "what is wrong with a file is no fault of a job: {failed:?}"
        );
        desk.still_up().await;
    })
    .await;
}

#[tokio::test]
async fn statements_without_end_are_stopped_while_others_are_answered() {
    let small = |config: &mut Config| {
        config.lake.query_seconds_max = 5;
        config.lake.query_memory_bytes_max = 16 << 20;
        config.lake.spill_bytes_max = 64 << 20;
    };
    at_a_desk_with(small, async |desk| {
        let endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) \
            SELECT count(*) FROM t";
        let greedy =
            "SELECT array_agg(n || repeat('x', 1000)) FROM generate_series(1, 1000000) t(n)";
        let wide: Vec<String> = (0..20_000).map(|n| format!("{n} AS c{n}")).collect();
        let wide = format!("SELECT {}", wide.join(", "));
        let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
        for (sql, codes) in [
            (endless, &["sql_too_long", "sql_too_large"][..]),
            (greedy, &["sql_too_large", "sql_too_long"][..]),
            (wide.as_str(), &["sql_too_long_text"][..]),
            (deep.as_str(), &["sql_not_understood"][..]),
        ] {
            let body = json!({ "sql": sql });
            let asked = desk.officer.post("/api/v1/sql", body.clone());
            let (answer, ()) = futures::join!(asked, desk.still_up());
            assert!(answer.status.is_client_error(), "{}", answer.text());
            assert!(codes.contains(&answer.code().as_str()), "{}", answer.text());
            let ckan = "/api/3/action/datastore_search_sql";
            let answer = desk.node.stranger().post(ckan, body).await;
            assert!(answer.status.is_client_error(), "{}", answer.text());
            let code = answer.json()["error"]["code"].clone();
            assert!(codes.contains(&code.as_str().unwrap()), "{}", answer.text());
        }
        desk.still_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_not_there_is_told_at_every_door() {
    at_a_desk(async |desk| {
        let stranger = desk.node.stranger();
        for query in [
            "filter=never:eq:1",
            "sort=never",
            "fields=never",
            "filter=n:eq:many",
        ] {
            let answer = stranger
                .get(&format!("/api/v1/datasets/sound/rows?{query}"))
                .await;
            let answer = answer.expect(422);
            assert!(["field_unknown", "value_does_not_fit"].contains(&answer.code().as_str()));
            if query.contains("never") {
                let hint = answer.json()["hint"].as_str().unwrap().to_owned();
                assert!(hint.contains("word"), "it names what there is: {hint}");
            }
        }
        for query in [
            "filter=n",
            "filter=n:like:1",
            "limit=0",
            "cursor=x",
            "version=-1",
        ] {
            let answer = stranger
                .get(&format!("/api/v1/datasets/sound/rows?{query}"))
                .await;
            assert_eq!(answer.expect(400).code(), "query_malformed", "{query}");
        }
        let many = "filter=n:eq:1&".repeat(40);
        let many = stranger
            .get(&format!("/api/v1/datasets/sound/rows?{many}"))
            .await;
        assert_eq!(many.expect(422).code(), "too_many_filters");
        let sql = json!({ "sql": "SELECT never FROM sound" });
        assert_eq!(
            stranger.post("/api/v1/sql", sql).await.expect(422).code(),
            "sql_wrong"
        );
        let ckan =
            "/api/3/action/datastore_search?resource_id=sound.csv&filters=%7B%22never%22%3A1%7D";
        let answer = stranger.get(ckan).await.expect(409).json();
        assert_eq!(answer["error"]["code"], "field_unknown", "{answer}");
        desk.still_up().await;
    })
    .await;
}
