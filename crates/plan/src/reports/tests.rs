use serde_json::{Value, json};

use crate::testing::{Bench, with_sample};

/// The second quarter of 2024, opened on its last day.
async fn open(b: &Bench) -> Value {
    let body = json!({ "span": "quarter", "year": 2024, "number": 2 });
    let path = format!("/api/v1/plans/{}/periods", b.plan);
    b.office.post(&path, body).await.expect(201).json()
}

async fn lines(b: &Bench, period: &Value, query: &str) -> Vec<Value> {
    let path = format!(
        "/api/v1/periods/{}/reports{query}",
        period["id"].as_str().unwrap()
    );
    let list = b.office.get(&path).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

/// The line of a unit's report on a measure.
async fn line(b: &Bench, period: &Value, measure: i64, unit: &str) -> Value {
    let all = lines(b, period, &format!("?measure={measure}")).await;
    let found = all.into_iter().find(|l| l["unit"]["name"] == unit);
    found.unwrap_or_else(|| panic!("{unit} owes no report on {measure}"))
}

fn path(line: &Value) -> String {
    format!("/api/v1/reports/{}", line["id"].as_str().unwrap())
}

fn reporter(b: &Bench, line: &Value) -> tianyuan_kernel::testkit::Client {
    let unit = line["unit"]["id"].as_str().unwrap();
    b.node.client(&format!("unit_reporter:{unit}"))
}

fn tag(report: &Value) -> String {
    format!("\"{}\"", report["version"])
}

/// The figure of a report on an indicator.
fn figure(report: &Value, name: &str) -> Value {
    let all = report["figures"].as_array().unwrap();
    all.iter()
        .find(|f| f["name"] == name)
        .cloned()
        .unwrap_or_default()
}

async fn step(
    client: &tianyuan_kernel::testkit::Client,
    report: &Value,
    verb: &str,
    body: Value,
) -> tianyuan_kernel::testkit::Answer {
    let client = client.clone().header("if-match", &tag(report));
    client.post(&format!("{}/{verb}", path(report)), body).await
}

#[tokio::test]
async fn a_report_goes_from_draft_to_the_measure_and_the_indicator() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let line = line(&b, &period, 1, "数据局").await;
        assert_eq!(line["stage"], "owed");
        let unit = reporter(&b, &line);
        let read = unit.get(&path(&line)).await.expect(200);
        let (etag, report) = (read.header("etag").unwrap(), read.json());
        assert_eq!(report["may_record"], true);
        let asked = figure(&report, "公共数据开放规模");
        assert_eq!(
            (&asked["last"], &asked["covers"]),
            (&json!(12.7), &json!("point"))
        );
        let body = json!({ "state": "under_way", "body": "目录已编制",
            "figures": [{ "subject": asked["subject"], "value": 15.5 }] });
        let saved = unit
            .patch(&path(&line), &etag, body.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&saved["stage"], &saved["version"]),
            (&json!("draft"), &json!(2))
        );
        // The same again changes and records nothing.
        let again = unit
            .patch(&path(&line), "\"2\"", body)
            .await
            .expect(200)
            .json();
        assert_eq!(again["version"], 2);
        // Others read nothing of it before it is sent.
        let other = b
            .node
            .client("unit_reporter:unit_0000000000000000000000000z");
        let seen = other.get(&path(&line)).await.expect(200).json();
        assert_eq!((&seen["body"], &seen["state"]), (&json!(""), &Value::Null));
        assert_eq!(figure(&seen, "公共数据开放规模")["value"], Value::Null);
        let sent = step(&unit, &saved, "submit", json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(sent["stage"], "submitted");
        let late = json!({ "state": "done", "body": "补充" });
        let refused = unit
            .patch(&path(&line), &tag(&sent), late.clone())
            .await
            .expect(409);
        assert_eq!(refused.code(), "stage_mismatch");
        let nothing = step(&b.office, &sent, "return", json!({ "comment": "  " }))
            .await
            .expect(422);
        assert_eq!(nothing.json()["field"], "comment");
        let comment = json!({ "comment": "请写明目录条数" });
        let back = step(&b.office, &sent, "return", comment)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&back["stage"], &back["comment"]),
            (&json!("returned"), &json!("请写明目录条数"))
        );
        let better = json!({ "state": "under_way", "body": "目录已编制 320 条" });
        let saved = unit
            .patch(&path(&line), &tag(&back), better)
            .await
            .expect(200)
            .json();
        assert_eq!(
            figure(&saved, "公共数据开放规模")["value"],
            15.5,
            "figures left out stay"
        );
        let sent = step(&unit, &saved, "submit", json!({}))
            .await
            .expect(200)
            .json();
        let own = step(&unit, &sent, "accept", json!({})).await;
        own.expect(403);
        let done = step(&b.office, &sent, "accept", json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(done["stage"], "accepted");
        let twice = step(&b.office, &done, "accept", json!({}))
            .await
            .expect(409);
        assert_eq!(twice.code(), "stage_mismatch");
        let measure = b.measure(1).await;
        assert_eq!(measure["state"], "under_way");
        assert!(
            measure["state_note"]
                .as_str()
                .unwrap()
                .contains("数据局（推进中）：目录已编制 320 条")
        );
        let latest = &b.indicator(2).await["latest"];
        assert_eq!(
            (&latest["value"], &latest["source"]),
            (&json!(15.5), &json!("report"))
        );
        assert_eq!(latest["at"], "2024-06-30");
        let facts = b.node.facts().await;
        let of = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        // Three baselines came with the edition.
        assert_eq!((of("report.saved"), of("report.submitted")), (2, 2));
        assert_eq!((of("report.returned"), of("report.accepted")), (1, 1));
        assert_eq!(
            (of("measure.state_changed"), of("indicator.value_recorded")),
            (1, 4)
        );
    })
    .await;
}

#[tokio::test]
async fn a_joint_measure_collects_a_report_from_each_unit_and_member() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let all = lines(&b, &period, "?measure=1").await;
        let units: Vec<&str> = all
            .iter()
            .map(|l| l["unit"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(units.len(), 3, "{units:?}");
        let town = all.iter().find(|l| l["unit"]["name"] == "重固镇").unwrap();
        assert_eq!(town["through"]["name"], "各镇");
        let standing = format!(
            "/api/v1/periods/{}/standing",
            period["id"].as_str().unwrap()
        );
        let report = async |unit: &str, state: &str| {
            let line = line(&b, &period, 1, unit).await;
            let client = reporter(&b, &line);
            let body = json!({ "state": state, "body": "本期进展" });
            let saved = client
                .patch(&path(&line), &tag(&line), body)
                .await
                .expect(200)
                .json();
            let sent = step(&client, &saved, "submit", json!({}))
                .await
                .expect(200)
                .json();
            step(&b.office, &sent, "accept", json!({}))
                .await
                .expect(200);
        };
        report("数据局", "done").await;
        assert_eq!(
            b.measure(1).await["state"],
            "under_way",
            "two units are missing"
        );
        let seen = b.office.get(&standing).await.expect(200).json();
        assert_eq!(seen["measures"][0]["missing"].as_array().unwrap().len(), 2);
        assert_eq!(seen["counts"]["accepted"], 1);
        report("赵巷镇", "done").await;
        report("重固镇", "done").await;
        assert_eq!(b.measure(1).await["state"], "done");
        let seen = b.office.get(&standing).await.expect(200).json();
        assert_eq!(seen["measures"][0]["state"], "done");
        assert_eq!(seen["measures"][0]["missing"], json!([]));
        let changes = standing.replace("standing", "changes");
        let changed = b.office.get(&changes).await.expect(200).json();
        assert_eq!(changed["states"][0]["after"], "done");
        assert_eq!(changed["previous"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn two_who_report_at_once_do_not_overwrite_each_other() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let line = line(&b, &period, 2, "数据局").await;
        let unit = reporter(&b, &line);
        let mine = json!({ "state": "under_way", "body": "我写的" });
        let theirs = json!({ "state": "delayed", "body": "别人写的" });
        let at = path(&line);
        let (one, two) = tokio::join!(
            unit.patch(&at, "\"1\"", mine),
            unit.patch(&at, "\"1\"", theirs),
        );
        let mut codes = [one.status.as_u16(), two.status.as_u16()];
        codes.sort_unstable();
        assert_eq!(codes, [200, 412], "{} {}", one.text(), two.text());
        let kept = unit.get(&path(&line)).await.expect(200).json();
        assert_eq!(kept["version"], 2);
        let unconditional = json!({ "state": "done", "body": "x" });
        let bytes = unconditional.to_string().into_bytes();
        unit.send("PATCH", &path(&line), "application/json", bytes)
            .await
            .expect(428);
    })
    .await;
}

#[tokio::test]
async fn wrong_figures_are_told_and_confused_units_asked_about() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let line = line(&b, &period, 1, "数据局").await;
        let unit = reporter(&b, &line);
        let report = unit.get(&path(&line)).await.expect(200).json();
        let stock = figure(&report, "公共数据开放规模")["subject"].clone();
        let flow = figure(&report, "跨境电商交易量")["subject"].clone();
        let send = async |figures: Value, version: &str| {
            let body = json!({ "state": "under_way", "body": "进展", "figures": figures });
            unit.patch(&path(&line), version, body).await
        };
        let negative = send(json!([{ "subject": stock, "value": -3 }]), "\"1\"")
            .await
            .expect(422);
        assert_eq!(
            (negative.code(), &negative.json()["field"]),
            ("value_negative".to_owned(), &json!("figures[0].value"))
        );
        // 12.7 万条 are 127,000: sent without 万.
        let confused =
            json!([{ "subject": flow, "value": 2300 }, { "subject": stock, "value": 155_000 }]);
        let asked = send(confused, "\"1\"").await.expect(422);
        assert_eq!(asked.code(), "unit_doubtful");
        assert_eq!(asked.json()["field"], "figures[1].value");
        assert!(asked.json()["hint"].as_str().unwrap().contains("confirmed"));
        assert_eq!(
            unit.get(&path(&line)).await.json()["version"],
            1,
            "nothing was kept"
        );
        let sure = json!([{ "subject": stock, "value": 155_000, "confirmed": true }]);
        let kept = send(sure, "\"1\"").await.expect(200).json();
        assert_eq!(figure(&kept, "公共数据开放规模")["confirmed"], true);
        let stranger = json!([{ "subject": "indicator_x", "value": 1 }]);
        assert_eq!(
            send(stranger, "\"2\"").await.expect(422).code(),
            "figure_not_asked"
        );
        let twice = json!([{ "subject": stock, "value": 1 }, { "subject": stock, "value": 2 }]);
        assert_eq!(send(twice, "\"2\"").await.expect(422).code(), "duplicate");
        let words = json!([{ "subject": stock, "value": "十五" }]);
        assert_eq!(
            send(words, "\"2\"").await.expect(422).json()["field"],
            "figures[0].value"
        );
        let gone = send(json!([{ "subject": stock, "value": null }]), "\"2\"")
            .await
            .expect(200);
        assert_eq!(
            figure(&gone.json(), "公共数据开放规模")["value"],
            Value::Null
        );
        let long = json!({ "state": "done", "body": "长".repeat(5_001) });
        let refused = unit.patch(&path(&line), "\"3\"", long).await.expect(422);
        assert_eq!(refused.json()["field"], "body");
        let nul = json!({ "state": "done", "body": "a\u{0}b" });
        unit.patch(&path(&line), "\"3\"", nul).await.expect(422);
    })
    .await;
}

#[tokio::test]
async fn only_those_who_may_write_endorse_and_accept() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let line = line(&b, &period, 2, "数据局").await;
        let body = json!({ "state": "under_way", "body": "进展" });
        let other = b
            .node
            .client("unit_reporter:unit_0000000000000000000000000z");
        other
            .patch(&path(&line), "\"1\"", body.clone())
            .await
            .expect(403);
        b.node.stranger().get(&path(&line)).await.expect(401);
        let citizen = b.node.client("citizen");
        citizen.get(&path(&line)).await.expect(404);
        let reports = format!("/api/v1/periods/{}/reports", period["id"].as_str().unwrap());
        citizen.get(&reports).await.expect(403);
        let towns = line_of_town(&b, &period).await;
        let handed = json!({ "unit_id": towns["unit"]["id"] });
        let line = step(&b.office, &line, "delegation", handed)
            .await
            .expect(200)
            .json();
        assert_eq!(line["delegate_unit"]["name"], "重固镇");
        // The town may write it now, and finds it among its own.
        let town = reporter(&b, &towns);
        let saved = town
            .patch(&path(&line), &tag(&line), body)
            .await
            .expect(200)
            .json();
        let mine = town
            .get(&format!("{reports}?mine=true"))
            .await
            .expect(200)
            .json();
        let mine: Vec<i64> = mine["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l["measure"]["number"].as_i64().unwrap())
            .collect();
        assert_eq!(mine, [1, 2]);
        let group = b.measure(1).await["units"][1]["id"].clone();
        let wrong = step(&b.office, &saved, "delegation", json!({ "unit_id": group }))
            .await
            .expect(422);
        assert_eq!(wrong.code(), "unit_unknown");
        let nobody = json!({ "person_id": "person_nobody" });
        assert_eq!(
            step(&b.office, &saved, "delegation", nobody)
                .await
                .expect(422)
                .code(),
            "person_unknown"
        );
        let back = step(&b.office, &saved, "delegation", json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(back["delegate_unit"], Value::Null);
        town.patch(&path(&back), &tag(&back), json!({ "body": "再写" }))
            .await
            .expect(403);
    })
    .await;
}

async fn line_of_town(b: &Bench, period: &Value) -> Value {
    line(b, period, 1, "重固镇").await
}

#[tokio::test]
async fn evidence_belongs_to_the_report_until_it_is_sent() {
    with_sample(async |b: Bench| {
        let period = open(&b).await;
        let line = line(&b, &period, 2, "数据局").await;
        let unit = reporter(&b, &line);
        let files = format!("{}/files", path(&line));
        let pdf = b"%PDF-1.7 evidence".to_vec();
        let upload = format!("{files}?name=%E8%AF%81%E6%98%8E.pdf");
        let file = unit
            .send("POST", &upload, "application/pdf", pdf.clone())
            .await
            .expect(201)
            .json();
        let one = format!("{files}/{}", file["id"].as_str().unwrap());
        assert_eq!(unit.get(&one).await.expect(200).bytes, pdf);
        let other = b
            .node
            .client("unit_reporter:unit_0000000000000000000000000z");
        other.get(&files).await.expect(404);
        other
            .send("POST", &upload, "application/pdf", pdf.clone())
            .await
            .expect(403);
        let body = json!({ "state": "under_way", "body": "附证明" });
        let saved = unit
            .patch(&path(&line), "\"1\"", body)
            .await
            .expect(200)
            .json();
        step(&unit, &saved, "submit", json!({})).await.expect(200);
        unit.send("POST", &upload, "application/pdf", pdf)
            .await
            .expect(409);
        unit.delete(&one).await.expect(409);
        assert_eq!(
            other.get(&files).await.expect(200).json()["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn figures_wait_for_the_end_of_their_period_and_a_closed_one_takes_nothing() {
    with_sample(async |b: Bench| {
        let path_of = format!("/api/v1/plans/{}/periods", b.plan);
        let next = json!({ "span": "quarter", "year": 2024, "number": 3 });
        let period = b.office.post(&path_of, next).await.expect(201).json();
        let line = line(&b, &period, 1, "数据局").await;
        let unit = reporter(&b, &line);
        let report = unit.get(&path(&line)).await.expect(200).json();
        let subject = figure(&report, "公共数据开放规模")["subject"].clone();
        let body = json!({ "state": "under_way", "body": "提前写好", "figures": [{ "subject": subject, "value": 16 }] });
        let saved = unit.patch(&path(&line), "\"1\"", body).await.expect(200).json();
        let early = step(&unit, &saved, "submit", json!({})).await.expect(422);
        assert_eq!(early.code(), "date_in_future");
        let period_path = format!("/api/v1/periods/{}", period["id"].as_str().unwrap());
        let closed = b.office.patch(&period_path, "\"1\"", json!({ "state": "closed" })).await.expect(200);
        assert_eq!(closed.json()["state"], "closed");
        let refused = step(&unit, &saved, "submit", json!({})).await.expect(409);
        assert_eq!(refused.code(), "period_not_open");
        b.node.advance(93 * 86_400);
        b.office.patch(&period_path, "\"2\"", json!({ "state": "open" })).await.expect(200);
        step(&unit, &saved, "submit", json!({})).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_older_period_accepted_later_does_not_turn_the_measure_back() {
    with_sample(async |b: Bench| {
        b.node.advance(93 * 86_400);
        let path_of = format!("/api/v1/plans/{}/periods", b.plan);
        let older = open(&b).await;
        let next = json!({ "span": "quarter", "year": 2024, "number": 3 });
        let newer = b.office.post(&path_of, next).await.expect(201).json();
        let accept = async |period: &Value, state: &str| {
            let line = line(&b, period, 2, "数据局").await;
            let body = json!({ "state": state, "body": "进展" });
            let saved = b
                .office
                .patch(&path(&line), "\"1\"", body)
                .await
                .expect(200)
                .json();
            let sent = step(&b.office, &saved, "submit", json!({}))
                .await
                .expect(200)
                .json();
            step(&b.office, &sent, "accept", json!({}))
                .await
                .expect(200);
        };
        accept(&newer, "done").await;
        accept(&older, "delayed").await;
        assert_eq!(b.measure(2).await["state"], "done");
        let changes = format!("/api/v1/periods/{}/changes", newer["id"].as_str().unwrap());
        let changed = b.office.get(&changes).await.expect(200).json();
        assert_eq!(
            (
                &changed["states"][0]["before"],
                &changed["states"][0]["after"]
            ),
            (&json!("delayed"), &json!("done"))
        );
    })
    .await;
}
