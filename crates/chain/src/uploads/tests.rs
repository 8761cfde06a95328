//! Files into versions, through public doors.

use serde_json::{Value, json};

use crate::testing::{Bench, bench};

const CSV: &str = "重固镇企业名录（示例）,,,\n序号,企业名称,区划代码,注册资本\n\
    1,示例甲公司,310118,１,０００\n2,示例乙公司,310118,200\n";

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn company_csv(rows: usize) -> Vec<u8> {
    let mut text = "序号,企业名称,区划代码,注册资本,成立日期\n".to_owned();
    for n in 1..=rows {
        text.push_str(&format!(
            "{n},示例{n}号农业公司,310118,{},2024年{}月1日\n",
            n * 100,
            n % 12 + 1
        ));
    }
    gbk(&text)
}

#[tokio::test]
async fn a_gbk_file_becomes_rows_that_anybody_finds_and_reads() {
    bench(async |b: Bench| {
        let id = b.dataset("companies", "农业企业名录").await;
        let upload = b.upload(&id, "名录.csv", &company_csv(3_000)).await;
        assert_eq!(upload["state"], "read", "{upload}");
        assert_eq!(upload["found"]["layout"]["encoding"], "gb18030");
        assert_eq!(upload["found"]["rows"], 3_000);
        let kinds: Vec<&str> = upload["found"]["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["field"]["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["integer", "text", "text", "integer", "date"]);
        let loaded = b.load(&upload, json!({})).await;
        assert_eq!(
            (&loaded["state"], &loaded["version_number"]),
            (&json!("loaded"), &json!(1)),
            "{loaded}"
        );
        assert_eq!(loaded["checked"]["accepted"], 3_000);
        // A draft is nobody's business yet.
        b.stranger
            .get("/api/v1/datasets/companies")
            .await
            .expect(404);
        b.stranger
            .get("/api/v1/datasets/companies/rows")
            .await
            .expect(404);
        let found = b
            .stranger
            .get("/api/v1/search/datasets?q=nongye")
            .await
            .expect(200)
            .json();
        assert_eq!(found["total"], 0);
        b.officer
            .post("/api/v1/datasets/companies/publish", json!({}))
            .await
            .expect(200);
        for question in ["农业", "nyqy", "qiyeminglu", "企业名录", "companies"] {
            let path = format!("/api/v1/search/datasets?q={}", urlencoded(question));
            let found = b.stranger.get(&path).await.expect(200).json();
            assert_eq!(found["total"], 1, "{question}: {found}");
        }
        let path =
            "/api/v1/datasets/companies/rows?filter=zhuceziben:ge:299900&sort=-xuhao&count=true";
        let rows = b.stranger.get(path).await.expect(200).json();
        assert_eq!(rows["total"], 2, "{rows}");
        assert_eq!(rows["items"][0]["quhua_daima"], "310118");
        assert_eq!(rows["items"][0]["chengli_riqi"], "2024-01-01");
        let csv = b
            .stranger
            .get("/api/v1/datasets/companies/export/csv")
            .await
            .expect(200);
        let text = csv.text();
        assert!(text.starts_with("\u{feff}序号,企业名称"), "{}", &text[..60]);
        assert_eq!(text.lines().count(), 3_001);
        let json = b
            .stranger
            .get("/api/v1/datasets/companies/export/json")
            .await
            .expect(200)
            .json();
        assert_eq!(json.as_array().unwrap().len(), 3_000);
        let xlsx = b
            .stranger
            .get("/api/v1/datasets/companies/export/xlsx")
            .await
            .expect(200);
        assert!(xlsx.bytes.starts_with(b"PK"));
        let open = b.stranger.get("/api/v1/open-rows").await.expect(200).json();
        assert_eq!(open["items"][0]["rows"], 3_000);
        let facts = b.node.facts().await;
        let has = |kind: &str| facts.iter().any(|(k, _)| k == kind);
        assert!(
            has("dataset.created") && has("dataset.published") && has("dataset.version_published")
        );
        b.officer
            .post("/api/v1/datasets/companies/withdraw", json!({}))
            .await
            .expect(200);
        b.stranger
            .get("/api/v1/datasets/companies/rows")
            .await
            .expect(404);
    })
    .await;
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn rejected_rows_hold_a_file_up_until_somebody_decides() {
    bench(async |b: Bench| {
        let id = b.dataset("numbers", "数值").await;
        let mut text = "编号,数量\n".to_owned();
        for n in 0..100 {
            text.push_str(&format!("{n:03},{n}\n"));
        }
        text.push_str("100,不详\n101\n");
        let upload = b.upload(&id, "a.csv", text.as_bytes()).await;
        assert_eq!(upload["found"]["faulty"], 1);
        let checked = b.load(&upload, json!({})).await;
        assert_eq!(checked["state"], "checked", "{checked}");
        assert_eq!(
            (
                &checked["checked"]["accepted"],
                &checked["checked"]["rejected"]
            ),
            (&json!(100), &json!(2))
        );
        let rejects = format!("/api/v1/uploads/{}/rejects", upload["id"].as_str().unwrap());
        let csv = b.officer.get(&rejects).await.expect(200).text();
        assert!(
            csv.contains("102,“数量”应为整数") && csv.contains("103,"),
            "{csv}"
        );
        b.stranger.get(&rejects).await.expect(401);
        b.node.client("citizen").get(&rejects).await.expect(404);
        let loaded = b.load(&upload, json!({ "accept_rejects": true })).await;
        assert_eq!(loaded["state"], "loaded", "{loaded}");
        let versions = b
            .officer
            .get("/api/v1/datasets/numbers/versions")
            .await
            .expect(200)
            .json();
        assert_eq!(versions["items"][0]["rejected"], 2);
        let score = versions["items"][0]["quality"]["score"].as_f64().unwrap();
        assert!((50.0..100.0).contains(&score), "{versions}");
    })
    .await;
}

#[tokio::test]
async fn what_left_as_parquet_comes_back_as_parquet() {
    bench(async |b: Bench| {
        let first = b.dataset("companies", "农业企业名录").await;
        let upload = b.upload(&first, "名录.csv", &company_csv(3_000)).await;
        b.load(&upload, json!({})).await;
        let link = format!("/api/v1/datasets/{first}/file-links");
        let link = b.officer.post(&link, json!({})).await.expect(201).json();
        let path = link["path"].as_str().unwrap();
        let left = b.stranger.get(path).await.expect(200).bytes;
        let second = b.dataset("companies_again", "农业企业名录（再次）").await;
        let upload = b.upload(&second, "名录.parquet", &left).await;
        assert_eq!(upload["state"], "read", "{upload}");
        let loaded = b.load(&upload, json!({})).await;
        assert_eq!(loaded["checked"]["accepted"], 3_000, "{loaded}");
        let rows = async |code: &str| {
            let path = format!("/api/v1/datasets/{code}/rows?limit=100&sort=-xuhao");
            b.officer.get(&path).await.expect(200).json()["items"].clone()
        };
        let (before, after) = (rows("companies").await, rows("companies_again").await);
        assert!(before == after, "{} became {}", before[0], after[0]);
        let cut = &left[..left.len() - 9];
        let upload = b.upload(&second, "名录.parquet", cut).await;
        assert_eq!(upload["state"], "failed", "{upload}");
    })
    .await;
}

#[tokio::test]
async fn a_second_version_can_be_taken_back() {
    bench(async |b: Bench| {
        let id = b.dataset("twice", "两个版本").await;
        for rows in [10, 20] {
            let upload = b.upload(&id, "a.csv", &company_csv(rows)).await;
            assert_eq!(b.load(&upload, json!({})).await["state"], "loaded");
        }
        b.officer
            .post("/api/v1/datasets/twice/publish", json!({}))
            .await
            .expect(200);
        let total =
            async |path: &str| b.stranger.get(path).await.expect(200).json()["total"].clone();
        assert_eq!(total("/api/v1/datasets/twice/rows?count=true").await, 20);
        assert_eq!(
            total("/api/v1/datasets/twice/rows?count=true&version=1").await,
            10
        );
        let restore = "/api/v1/datasets/twice/versions/1/restore";
        let back = b.officer.post(restore, json!({})).await.expect(200).json();
        assert_eq!(back["current"]["rows"], 10);
        assert_eq!(total("/api/v1/datasets/twice/rows?count=true").await, 10);
        let facts = b.node.facts().await.len();
        b.officer.post(restore, json!({})).await.expect(200);
        assert_eq!(b.node.facts().await.len(), facts, "again changes nothing");
        b.node
            .client("unit_reporter")
            .post(restore, json!({}))
            .await
            .expect(403);
    })
    .await;
}

#[tokio::test]
async fn an_upload_resumes_where_it_broke_off() {
    bench(async |b: Bench| {
        let id = b.dataset("resumed", "续传").await;
        let bytes = CSV.as_bytes();
        let new = json!({ "name": "a.csv", "size_bytes": bytes.len() });
        let path = format!("/api/v1/datasets/{id}/uploads");
        b.node
            .client("citizen")
            .post(&path, new.clone())
            .await
            .expect(404);
        let begun = b.officer.post(&path, new).await.expect(201).json();
        let upload = format!("/api/v1/uploads/{}", begun["id"].as_str().unwrap());
        let put = async |offset: usize, part: &[u8]| {
            let path = format!("{upload}/content?offset={offset}");
            b.officer
                .send("PUT", &path, "application/octet-stream", part.to_vec())
                .await
        };
        put(0, &bytes[..10]).await.expect(200);
        assert_eq!(
            put(0, &bytes[..10]).await.expect(409).code(),
            "piece_elsewhere"
        );
        assert_eq!(put(10, &[0; 4_000]).await.expect(422).code(), "piece_size");
        let there = b.officer.get(&upload).await.expect(200).json()["received_bytes"].as_u64();
        assert_eq!(there, Some(10));
        put(10, &bytes[10..]).await.expect(200);
        assert_eq!(
            put(bytes.len(), b"x").await.expect(409).code(),
            "upload_moved_on"
        );
        b.node.settle().await;
        let read = b.officer.get(&upload).await.expect(200).json();
        assert_eq!(read["found"]["layout"]["header_row"], 2, "{read}");
        // Somebody knows better: no header at all.
        let mut layout = read["found"]["layout"].clone();
        layout["header_row"] = json!(0);
        b.officer
            .post(&format!("{upload}/read"), layout)
            .await
            .expect(202);
        b.node.settle().await;
        let read = b.officer.get(&upload).await.expect(200).json();
        assert_eq!(read["found"]["columns"][0]["column"], "列1", "{read}");
        b.officer.delete(&upload).await.expect(204);
        b.officer.delete(&upload).await.expect(204);
        assert_eq!(put(0, b"x").await.expect(409).code(), "upload_moved_on");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_changes_nothing() {
    bench(async |b: Bench| {
        let id = b.dataset("broken", "坏文件").await;
        let wide = vec!["c"; 100_000].join(",");
        let many = format!("{wide}\n{wide}\n");
        let cases: [(&str, Vec<u8>); 4] = [
            ("a.csv", many.into_bytes()),
            ("a.xlsx", b"PK\x03\x04 no workbook".to_vec()),
            ("a.csv", vec![0; 5_000]),
            ("a.json", b"{\"a\": [1,".to_vec()),
        ];
        for (name, bytes) in cases {
            let upload: Value = b.upload(&id, name, &bytes).await;
            assert_eq!(upload["state"], "failed", "{upload}");
            assert!(
                upload["problem"]["zh"].as_str().unwrap().ends_with('。'),
                "{upload}"
            );
        }
        let path = format!("/api/v1/datasets/{id}/uploads");
        let exe = json!({ "name": "a.exe", "size_bytes": 1 });
        assert_eq!(
            b.officer.post(&path, exe).await.expect(422).code(),
            "format_unknown"
        );
        let huge = json!({ "name": "a.csv", "size_bytes": 1_i64 << 40 });
        b.officer.post(&path, huge).await.expect(422);
        assert!(b.officer.get("/api/v1/datasets/broken").await.json()["current"].is_null());
        assert_eq!(
            b.officer
                .get("/api/v1/datasets/broken/rows")
                .await
                .expect(409)
                .code(),
            "no_rows_yet"
        );
    })
    .await;
}

#[tokio::test]
async fn masked_fields_leave_masked_by_every_exit_of_this_room() {
    bench(async |b: Bench| {
        let id = b.dataset("people", "登记表").await;
        let csv = "姓名,联系电话\n示例甲,13800001111\n示例乙,13900002222\n";
        let upload = b.upload(&id, "a.csv", csv.as_bytes()).await;
        let columns = upload["found"]["columns"].as_array().unwrap();
        let mut fields: Vec<Value> = columns
            .iter()
            .map(|c| json!({ "column": c["column"], "field": c["field"] }))
            .collect();
        fields[0]["field"]["grade"] = json!(4);
        fields[1]["field"]["grade"] = json!(3);
        fields[1]["field"]["otherwise"] =
            json!({ "kind": "mask", "keep_first": 3, "keep_last": 2 });
        b.load(&upload, json!({ "fields": fields })).await;
        let publish = "/api/v1/datasets/people/publish";
        let refused = b.officer.post(publish, json!({})).await.expect(422);
        assert_eq!(refused.code(), "opening_needs_reason");
        let got = b.officer.get("/api/v1/datasets/people").await.expect(200);
        let mut profile = b.profile("登记表");
        profile["opening_terms"] = json!("只开放脱敏后的号段，便于统计。");
        profile["fields"] = got.json()["fields"].clone();
        let etag = got.header("etag").unwrap();
        let put = b.officer.clone().header("if-match", &etag);
        put.send(
            "PUT",
            "/api/v1/datasets/people",
            "application/json",
            profile.to_string().into_bytes(),
        )
        .await
        .expect(200);
        b.officer.post(publish, json!({})).await.expect(200);
        for path in [
            "rows",
            "rows?q=138",
            "export/csv",
            "export/json",
            "export/ndjson",
        ] {
            let answer = b
                .stranger
                .get(&format!("/api/v1/datasets/people/{path}"))
                .await
                .expect(200);
            let text = answer.text();
            assert!(
                !text.contains("13800001111") && !text.contains("示例甲"),
                "{path}: {text}"
            );
            assert!(
                path.contains("q=") || text.contains("138******11"),
                "{path}: {text}"
            );
        }
        let hidden = "/api/v1/datasets/people/rows?filter=xingming:eq:%E7%A4%BA%E4%BE%8B%E7%94%B2";
        assert_eq!(
            b.stranger.get(hidden).await.expect(422).code(),
            "field_unknown"
        );
        let sure = "/api/v1/datasets/people/rows?filter=lianxidianhua:eq:13800001111&count=true";
        assert_eq!(b.stranger.get(sure).await.expect(200).json()["total"], 0);
        assert_eq!(b.officer.get(sure).await.expect(200).json()["total"], 1);
        let facts = b.node.facts().await;
        assert!(
            facts.iter().any(|(kind, _)| kind == "data.released"),
            "the officer's look is a fact"
        );
    })
    .await;
}
