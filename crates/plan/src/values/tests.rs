use serde_json::{Value, json};
use tianyuan_kernel::testkit::Answer;

use crate::testing::{Bench, with_sample};
use crate::workbook::out::{Out, OutSheet, xlsx};

async fn post(b: &Bench, number: i64, body: Value) -> Answer {
    let id = b.indicator(number).await["id"].as_str().unwrap().to_owned();
    b.office
        .post(&format!("/api/v1/indicators/{id}/values"), body)
        .await
}

async fn values(b: &Bench, number: i64) -> Vec<Value> {
    let id = b.indicator(number).await["id"].as_str().unwrap().to_owned();
    let list = b
        .office
        .get(&format!("/api/v1/indicators/{id}/values"))
        .await
        .expect(200)
        .json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_value_is_a_revision_and_stays() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 1200.0).await;
        b.record(1, "2024-03-31", 600.0).await;
        let second = b.record(1, "2024-06-30", 1234.5).await;
        assert_eq!(
            (&second["revision"], &second["superseded"]),
            (&json!(2), &json!(false))
        );
        let all: Vec<(Value, Value, Value, Value)> = values(&b, 1)
            .await
            .into_iter()
            .map(|v| {
                (
                    v["at"].clone(),
                    v["value"].clone(),
                    v["revision"].clone(),
                    v["superseded"].clone(),
                )
            })
            .collect();
        assert_eq!(
            json!(all),
            json!([
                ["2023-12-31", 2048.1, 1, false],
                ["2024-03-31", 600.0, 1, false],
                ["2024-06-30", 1200.0, 1, true],
                ["2024-06-30", 1234.5, 2, false],
            ])
        );
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let page = b
            .office
            .get(&format!("/api/v1/indicators/{id}/values?limit=3"))
            .await
            .json();
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = b
            .office
            .get(&format!("/api/v1/indicators/{id}/values?cursor={cursor}"))
            .await;
        assert_eq!(rest.json()["items"][0]["value"], 1234.5);
        assert!(second["fact_id"].as_str().unwrap().starts_with("fact_"));
    })
    .await;
}

#[tokio::test]
async fn an_idempotent_post_records_once() {
    with_sample(async |b: Bench| {
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{id}/values");
        let client = b.office.clone().header("idempotency-key", "k-1");
        let body = json!({ "at": "2024-06-30", "value": 1234.5, "note": "季报" });
        let first = client.post(&path, body.clone()).await.expect(201).json();
        let again = client.post(&path, body).await.expect(201).json();
        assert_eq!(first, again);
        let other = json!({ "at": "2024-06-30", "value": 1 });
        assert_eq!(
            client.post(&path, other).await.expect(422).code(),
            "idempotency_key_reused"
        );
        assert_eq!(values(&b, 1).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn bad_values_are_refused_with_the_field() {
    with_sample(async |b: Bench| {
        for (number, body, field, code) in [
            (
                1,
                json!({ "at": "2024-08-01", "value": 1 }),
                "at",
                "date_in_future",
            ),
            (
                1,
                json!({ "at": "1889-01-01", "value": 1 }),
                "at",
                "date_out_of_range",
            ),
            (
                1,
                json!({ "at": "2024-06-30", "value": 1e300 }),
                "value",
                "value_out_of_range",
            ),
            (
                2,
                json!({ "at": "2024-06-30", "value": -1 }),
                "value",
                "value_negative",
            ),
            (
                1,
                json!({ "at": "2024-06-30", "value": 1, "period": "annual" }),
                "period",
                "period_mismatch",
            ),
            (
                2,
                json!({ "at": "2024-06-30", "value": 1, "period": "ytd" }),
                "period",
                "period_mismatch",
            ),
            (
                1,
                json!({ "at": "2024-06-30", "value": 1, "note": "a\u{0}b" }),
                "note",
                "nul_character",
            ),
            (
                1,
                json!({ "at": "2024-06-30", "value": 1, "note": "长".repeat(2001) }),
                "note",
                "too_long",
            ),
            (
                1,
                json!({ "at": "2024-06-30", "value": "12" }),
                "value",
                "field_malformed",
            ),
            (
                1,
                json!({ "at": "30.6.2024", "value": 12 }),
                "at",
                "field_malformed",
            ),
            (1, json!(["2024-06-30", 12]), "", "field_malformed"),
            (
                1,
                json!({ "at": "2024-06-30", "value": null }),
                "value",
                "field_malformed",
            ),
        ] {
            let answer = post(&b, number, body.clone()).await.expect(422);
            assert_eq!(
                (&*answer.code(), answer.json()["field"].as_str()),
                (code, Some(field)),
                "{body}"
            );
        }
        let two = post(&b, 2, json!({ "at": "2024-08-01", "value": -1 }))
            .await
            .expect(422)
            .json();
        assert_eq!(two["errors"].as_array().unwrap().len(), 2);
        assert_eq!(values(&b, 1).await.len(), 1);
        // Tomorrow is still accepted: clocks and time zones differ.
        post(&b, 1, json!({ "at": "2024-07-01", "value": 1200 }))
            .await
            .expect(201);
    })
    .await;
}

#[tokio::test]
async fn annual_and_year_to_date_stay_apart() {
    with_sample(async |b: Bench| {
        let annual = post(&b, 1, json!({ "at": "2022-12-31", "value": 1900 }))
            .await
            .expect(201)
            .json();
        let ytd = json!({ "at": "2022-12-31", "value": 1890, "period": "ytd" });
        let ytd = post(&b, 1, ytd).await.expect(201).json();
        assert_eq!(
            (&annual["period"], &annual["revision"]),
            (&json!("annual"), &json!(1))
        );
        assert_eq!(
            (&ytd["period"], &ytd["revision"]),
            (&json!("ytd"), &json!(1))
        );
        assert!(values(&b, 1).await.iter().all(|v| v["superseded"] == false));
    })
    .await;
}

#[tokio::test]
async fn strangers_read_values_but_not_notes() {
    with_sample(async |b: Bench| {
        let body = json!({ "at": "2024-06-30", "value": 1200, "note": "内部说明" });
        post(&b, 1, body.clone()).await.expect(201);
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{id}/values");
        let list = b.node.stranger().get(&path).await.expect(200).json();
        assert_eq!(list["items"][1]["value"], 1200.0);
        assert_eq!(
            (&list["items"][1]["note"], &list["items"][1]["recorded_by"]),
            (&json!(""), &Value::Null)
        );
        b.node
            .stranger()
            .post(&path, body.clone())
            .await
            .expect(401);
        b.node
            .client("unit_reporter")
            .post(&path, body)
            .await
            .expect(403);
    })
    .await;
}

fn text(value: &str) -> Out {
    Out::Text(value.to_owned())
}

fn sheet(rows: Vec<Vec<Out>>) -> Vec<u8> {
    let heads = ["指标序号", "指标", "日期", "数值", "说明"]
        .map(str::to_owned)
        .to_vec();
    xlsx(&[OutSheet {
        name: "数值".into(),
        heads,
        rows,
        choices: Vec::new(),
    }])
    .unwrap()
}

#[tokio::test]
async fn a_sheet_of_values_is_imported_whole_or_not_at_all() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/values/import", b.plan);
        let bad = sheet(vec![
            vec![Out::Number(1.0), text("数字经济规模"), text("2024-03-31"), Out::Number(500.0), text("一季度")],
            vec![Out::Number(9.0), Out::Blank, text("2024-03-31"), Out::Number(1.0), Out::Blank],
            vec![Out::Number(2.0), text("数字经济规模"), text("2024-03-31"), Out::Number(1.0), Out::Blank],
            vec![Out::Blank, text("公共数据开放规摸"), text("2024-03-31"), Out::Number(1.0), Out::Blank],
            vec![Out::Number(2.0), Out::Blank, text("三月底"), text("很多"), Out::Blank],
            vec![Out::Number(1.0), Out::Blank, text("2024/3/31"), Out::Number(501.0), Out::Blank],
        ]);
        let answer = b.send_xlsx(&path, bad).await.expect(422).json();
        let errors: Vec<String> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{} {}", e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
            .collect();
        assert_eq!(
            errors,
            [
                "数值!A3 number_unknown",
                "数值!B4 name_mismatch",
                "数值!B5 name_unknown",
                "数值!C6 not_a_date",
                "数值!D6 not_a_number",
                "数值!C7 duplicate",
            ]
        );
        assert_eq!(values(&b, 1).await.len(), 1);
        let good = sheet(vec![
            vec![text("１"), Out::Blank, text("２０２４年３月３１日"), text("５００.５"), text("一季度")],
            vec![Out::Blank, text("公共数据开放规模"), text("2024/3/31"), text("1,3"), Out::Blank],
        ]);
        let answer = b.send_xlsx(&path, good).await;
        // "1,3" is no number people agree on: refused rather than guessed.
        assert_eq!(answer.expect(422).json()["field"], "数值!D3");
        let csv = "指标序号,指标,日期,数值,说明\r\n1,数字经济规模,2024-03-31,\"1,500.5\",一季度\r\n2,,2024-03-31,13,\r\n";
        let (gbk, _, _) = encoding_rs::GBK.encode(csv);
        let answer = b.office.send("POST", &path, "text/csv", gbk.into_owned()).await.expect(201);
        assert_eq!(answer.json(), json!({ "accepted": 2, "errors": [] }));
        let recorded = values(&b, 1).await;
        assert_eq!((&recorded[1]["value"], &recorded[1]["source"]), (&json!(1500.5), &json!("excel")));
        assert_eq!(recorded[1]["note"], "一季度");
        let answer = b.office.send("POST", &path, "text/csv", b"a,b\n1,2\n".to_vec()).await;
        assert_eq!(answer.expect(422).json()["errors"][0]["code"], "column_missing");
        b.office.send("POST", &path, "text/html", b"x".to_vec()).await.expect(415);
    })
    .await;
}

#[tokio::test]
async fn a_reporter_imports_only_their_own_rows() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/values/import", b.plan);
        let unit = b.indicator(1).await["units"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let client = b.node.client(&format!("unit_reporter:{unit}"));
        let csv = "指标序号,日期,数值\n1,2024-03-31,500\n2,2024-03-31,13\n";
        let answer = client
            .send("POST", &path, "text/csv", csv.into())
            .await
            .expect(422)
            .json();
        assert_eq!(
            (&answer["field"], &answer["code"]),
            (&json!("CSV!A3"), &json!("not_allowed"))
        );
        let csv = "指标序号,日期,数值\n1,2024-03-31,500\n";
        client
            .send("POST", &path, "text/csv", csv.into())
            .await
            .expect(201);
    })
    .await;
}

/// Merged numbers, a formula, a date as text, a title above the header, as offices send them.
fn office_workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet().set_name("季报").unwrap();
    let format = rust_xlsxwriter::Format::new();
    page.merge_range(0, 0, 0, 4, "2024 年上半年数据", &format)
        .unwrap();
    for (column, head) in (0_u16..).zip(["指标 序号", "指标", "日期", "数值", "说明"]) {
        page.write_string(1, column, head).unwrap();
    }
    page.merge_range(2, 0, 3, 0, "", &format).unwrap();
    page.write_number(2, 0, 1).unwrap();
    page.write_string(2, 2, "2024.3.31").unwrap();
    page.write_formula(
        2,
        3,
        rust_xlsxwriter::Formula::new("=500+0.5").set_result("500.5"),
    )
    .unwrap();
    page.write_string(3, 2, "２０２４－０６－３０").unwrap();
    page.write_string(3, 3, "１，２００").unwrap();
    page.write_string(3, 4, "=HYPERLINK(\"http://x\")").unwrap();
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_workbook_as_offices_send_them_is_read() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/values/import", b.plan);
        let answer = b.send_xlsx(&path, office_workbook()).await.expect(201);
        assert_eq!(answer.json()["accepted"], 2);
        let all = values(&b, 1).await;
        let last = &all[2];
        assert_eq!(
            (&all[1]["value"], &all[1]["at"]),
            (&json!(500.5), &json!("2024-03-31"))
        );
        assert_eq!(
            (&last["value"], &last["at"]),
            (&json!(1200.0), &json!("2024-06-30"))
        );
        assert_eq!(last["note"], "=HYPERLINK(\"http://x\")");
    })
    .await;
}

#[tokio::test]
async fn two_who_record_at_once_both_count() {
    with_sample(async |b: Bench| {
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{id}/values");
        let post = async |value: f64| {
            b.office
                .post(&path, json!({ "at": "2024-06-30", "value": value }))
                .await
                .expect(201)
                .json()
        };
        let (one, two, three) = tokio::join!(post(1.0), post(2.0), post(3.0));
        let mut revisions = [one, two, three].map(|v| v["revision"].as_i64().unwrap());
        revisions.sort_unstable();
        assert_eq!(revisions, [1, 2, 3]);
        let in_force = values(&b, 1)
            .await
            .into_iter()
            .filter(|v| v["superseded"] == false)
            .count();
        assert_eq!(in_force, 2);
    })
    .await;
}

#[tokio::test]
async fn a_value_thousands_of_times_off_is_asked_about() {
    with_sample(async |b: Bench| {
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{id}/values");
        // 1,100 亿元, written in 万元.
        let body =
            |sure: bool| json!({ "at": "2024-06-30", "value": 11_000_000, "confirmed": sure });
        let asked = b.office.post(&path, body(false)).await.expect(422);
        assert_eq!(asked.code(), "unit_doubtful");
        assert_eq!(asked.json()["field"], "value");
        assert!(asked.json()["hint"].as_str().unwrap().contains("confirmed"));
        b.office.post(&path, body(true)).await.expect(201);
        let import = format!("/api/v1/plans/{}/values/import", b.plan);
        let csv = "指标序号,日期,数值\n2,2024-06-30,155000\n"
            .as_bytes()
            .to_vec();
        let asked = b
            .office
            .send("POST", &import, "text/csv", csv.clone())
            .await
            .expect(422);
        assert_eq!(
            (asked.code(), &asked.json()["field"]),
            ("unit_doubtful".to_owned(), &json!("CSV!C2"))
        );
        let sure = format!("{import}?confirmed=true");
        b.office
            .send("POST", &sure, "text/csv", csv)
            .await
            .expect(201);
    })
    .await;
}

#[tokio::test]
async fn a_flows_sum_is_held_against_the_same_stretch_of_a_year() {
    with_sample(async |b: Bench| {
        let id = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{id}/values");
        let import = format!("/api/v1/plans/{}/values/import", b.plan);
        // 500 亿元 of a quarter in 万元: 2,441 times last year's sum, 9,800 times a quarter of it.
        let quarter = json!({ "at": "2024-03-31", "value": 5_000_000 });
        let asked = b.office.post(&path, quarter).await.expect(422);
        assert_eq!(asked.code(), "unit_doubtful");
        let csv = "指标序号,日期,数值\n1,2024-03-31,5000000\n"
            .as_bytes()
            .to_vec();
        let asked = b.office.send("POST", &import, "text/csv", csv).await;
        assert_eq!(asked.expect(422).code(), "unit_doubtful");
        // And the other way: 0.05 亿元 in January is too little, 170 is not.
        let little = json!({ "at": "2024-01-31", "value": 0.05 });
        assert_eq!(
            b.office.post(&path, little).await.expect(422).code(),
            "unit_doubtful"
        );
        let january = json!({ "at": "2024-01-31", "value": 170 });
        b.office.post(&path, january).await.expect(201);
        // Orders in 单 where 万单 is meant, and less than none of them.
        let orders = b.indicator(3).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators/{orders}/values");
        let plain = json!({ "at": "2024-03-31", "value": 11_000_000 });
        assert_eq!(
            b.office.post(&path, plain).await.expect(422).code(),
            "unit_doubtful"
        );
        let negative = json!({ "at": "2024-03-31", "value": -1 });
        assert_eq!(
            b.office.post(&path, negative).await.expect(422).code(),
            "value_negative"
        );
        let csv = "指标序号,日期,数值\n3,2024-03-31,-1\n".as_bytes().to_vec();
        let refused = b
            .office
            .send("POST", &import, "text/csv", csv)
            .await
            .expect(422);
        assert_eq!(
            (refused.code(), &refused.json()["field"]),
            ("value_negative".to_owned(), &json!("CSV!C2"))
        );
    })
    .await;
}
