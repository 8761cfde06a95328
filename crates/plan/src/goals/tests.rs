use proptest::prelude::*;
use serde_json::{Value, json};

use super::entries::{code_is_right, name_key};
use crate::bundle::GoalEntry;
use crate::bundle::tests::sample;
use crate::testing::{Bench, import, with_sample};
use crate::words::{Comparison, GoalKind};

/// Adds goals to the sample edition: one counted from entries, one level.
async fn with_goals(b: &Bench) -> (Value, Value) {
    let mut bundle = sample();
    let goal = |name: &str, value: f64, unit: &str, comparison, kind| GoalEntry {
        name: name.to_owned(),
        name_en: String::new(),
        programme: Some(1),
        measure: None,
        value,
        unit: unit.to_owned(),
        due: "2025-12-31".parse().unwrap(),
        comparison,
        kind,
        indicator: None,
    };
    bundle.goals.push(goal(
        "企业上市",
        6.0,
        "家",
        Comparison::Reach,
        GoalKind::Cumulative,
    ));
    bundle.goals.push(goal(
        "配送时间",
        15.0,
        "分钟",
        Comparison::AtMost,
        GoalKind::Level,
    ));
    import(&b.office, &bundle).await;
    let all = b.plan_get("/goals").await;
    let find = |name: &str| {
        let items = all["items"].as_array().unwrap();
        items.iter().find(|g| g["goal"]["name"] == name).unwrap()["goal"]["id"].clone()
    };
    (find("企业上市"), find("配送时间"))
}

fn path(id: &Value, rest: &str) -> String {
    format!("/api/v1/goals/{}{rest}", id.as_str().unwrap())
}

#[tokio::test]
async fn a_goal_is_counted_forecast_and_reached_by_its_entries() {
    with_sample(async |b: Bench| {
        let (listed, _) = with_goals(&b).await;
        let before = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(
            (&before["counted"], &before["source"]),
            (&Value::Null, &json!("entries"))
        );
        assert_eq!(before["tracks"][0]["no_forecast"]["code"], "no_values");
        let entries = path(&listed, "/entries");
        for (i, at) in ["2024-01-20", "2024-03-05", "2024-05-11"]
            .iter()
            .enumerate()
        {
            let body = json!({ "name": format!("示例企业{i}"), "at": at });
            b.office.post(&entries, body).await.expect(201);
        }
        let now = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(
            (&now["counted"], &now["entries"], &now["share"]),
            (&json!(3.0), &json!(3), &json!(0.5))
        );
        assert!(now["outlook"]["chance"].as_f64().unwrap() > 0.5, "{now}");
        let need = &now["outlook"]["need"];
        assert_eq!(
            (&need["step"], &need["periods"]),
            (&json!("month"), &json!(18))
        );
        let batch = json!({ "name": "示例批次", "at": "2024-06-30", "amount": 3 });
        b.office.post(&entries, batch).await.expect(201);
        let reached = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(
            (&reached["counted"], &reached["outlook"]["risk"]),
            (&json!(6.0), &json!("met"))
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_counts_twice_and_a_struck_entry_counts_no_more() {
    with_sample(async |b: Bench| {
        let (listed, level) = with_goals(&b).await;
        let entries = path(&listed, "/entries");
        let code = "91310118MA1J00000U";
        let body = json!({ "name": "示例（上海）公司", "code": code, "at": "2024-02-01" });
        let made = b.office.post(&entries, body).await.expect(201).json();
        for (again, field) in [
            (
                json!({ "name": "示例(上海) 公司", "at": "2024-03-01" }),
                "name",
            ),
            (
                json!({ "name": "另一个名字", "code": code.to_lowercase(), "at": "2024-03-01" }),
                "code",
            ),
        ] {
            let answer = b.office.post(&entries, again).await.expect(409);
            assert_eq!(
                (answer.code().as_str(), answer.json()["field"].as_str()),
                ("goal_entry_duplicate", Some(field))
            );
        }
        let strike = format!(
            "/api/v1/goal-entries/{}/strike",
            made["id"].as_str().unwrap()
        );
        b.office
            .post(&strike, json!({ "reason": " " }))
            .await
            .expect(422);
        let struck = b
            .office
            .post(&strike, json!({ "reason": "示例：撤回上市" }))
            .await
            .expect(200)
            .json();
        assert!(struck["struck_at"].is_string());
        let twice = b
            .office
            .post(&strike, json!({ "reason": "再来" }))
            .await
            .expect(200)
            .json();
        assert_eq!(twice["struck_reason"], "示例：撤回上市");
        let now = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(now["entries"], 0);
        // Struck, it may be counted anew.
        let body = json!({ "name": "示例（上海）公司", "code": code, "at": "2024-04-01" });
        b.office.post(&entries, body).await.expect(201);
        // Two at once: one wins.
        let same = || {
            b.office
                .post(&entries, json!({ "name": "同一家", "at": "2024-05-01" }))
        };
        let (one, two) = tokio::join!(same(), same());
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        // A level is measured on many days.
        let measured = path(&level, "/entries");
        for (at, amount) in [
            ("2024-01-31", 22.0),
            ("2024-03-31", 19.0),
            ("2024-05-31", 17.5),
        ] {
            let body = json!({ "name": "示例抽测", "at": at, "amount": amount });
            b.office.post(&measured, body).await.expect(201);
        }
        let now = b.office.get(&path(&level, "")).await.expect(200).json();
        assert_eq!(
            (&now["counted"], &now["share"]),
            (&json!(17.5), &Value::Null)
        );
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|(k, _)| k == kind).count();
        assert_eq!(
            (count("goal.entry_added"), count("goal.entry_struck")),
            (6, 1)
        );
    })
    .await;
}

#[tokio::test]
async fn only_those_who_answer_for_a_goal_count_towards_it() {
    with_sample(async |b: Bench| {
        let (listed, _) = with_goals(&b).await;
        let entries = path(&listed, "/entries");
        let body = || json!({ "name": "示例企业", "at": "2024-02-01" });
        b.node.stranger().post(&entries, body()).await.expect(401);
        b.node.client("citizen").get(&entries).await.expect(404);
        b.node.client("auditor").get(&entries).await.expect(200);
        b.node
            .client("auditor")
            .post(&entries, body())
            .await
            .expect(403);
        b.node
            .client("unit_reporter:unit_other")
            .post(&entries, body())
            .await
            .expect(403);
        let shown = b.office.get(&path(&listed, "")).await.expect(200).json();
        let unit = shown["units"][0]["id"].as_str().unwrap();
        let reporter = b.node.client(&format!("unit_reporter:{unit}"));
        let made = reporter.post(&entries, body()).await.expect(201).json();
        let files = format!(
            "/api/v1/goal-entries/{}/files",
            made["id"].as_str().unwrap()
        );
        let pdf = b"%PDF-1.4\n%%EOF\n".to_vec();
        let sent = reporter
            .send(
                "POST",
                &format!("{files}?name=a.pdf"),
                "application/pdf",
                pdf.clone(),
            )
            .await;
        let file = sent.expect(201).json();
        let one = format!("{files}/{}", file["id"].as_str().unwrap());
        assert_eq!(b.office.get(&one).await.expect(200).bytes, pdf);
        b.node.client("citizen").get(&one).await.expect(404);
        assert_eq!(
            b.office.get(&files).await.expect(200).json()["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        for (bad, field) in [
            (json!({ "name": "a", "at": "2030-01-01" }), "at"),
            (json!({ "name": "a", "at": "2020-01-01" }), "at"),
            (
                json!({ "name": "a", "at": "2024-02-01", "amount": -1 }),
                "amount",
            ),
            (
                json!({ "name": "a", "at": "2024-02-01", "amount": 0 }),
                "amount",
            ),
            (
                json!({ "name": "a", "at": "2024-02-01", "amount": 1.5 }),
                "amount",
            ),
            (
                json!({ "name": "a", "at": "2024-02-01", "code": "123" }),
                "code",
            ),
            (json!({ "name": " ", "at": "2024-02-01" }), "name"),
        ] {
            let answer = b.office.post(&entries, bad).await.expect(422);
            assert_eq!(answer.json()["field"], field, "{}", answer.text());
        }
        b.office.get("/api/v1/goals/goal_none").await.expect(404);
        b.office
            .get("/api/v1/goal-entries/entry_none/files")
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn a_goal_counts_from_its_indicator_or_a_metric_when_told() {
    with_sample(async |b: Bench| {
        let (listed, _) = with_goals(&b).await;
        let all = b.plan_get("/goals").await;
        let bound = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|g| g["source"] == "indicator")
            .unwrap();
        let number = bound["goal"]["indicator_number"].as_i64().unwrap();
        b.record(number, "2024-06-30", 12.5).await;
        let id = &bound["goal"]["id"];
        let shown = b.office.get(&path(id, "")).await.expect(200).json();
        assert_eq!(shown["counted"], 12.5, "{shown}");
        let entries = path(id, "/entries");
        let refused = b
            .office
            .post(&entries, json!({ "name": "a", "at": "2024-02-01" }))
            .await;
        assert_eq!(refused.expect(409).code(), "goal_not_by_entries");
        let goal = path(&listed, "");
        for (body, code) in [
            (json!({ "source": "metric" }), "required"),
            (
                json!({ "source": "metric", "metric": "plan.nothing" }),
                "metric_unknown",
            ),
            (json!({ "source": "indicator" }), "goal_without_indicator"),
            (
                json!({ "source": "entries", "metric": "plan.measures_done" }),
                "metric_unexpected",
            ),
        ] {
            assert_eq!(
                b.office
                    .patch(&goal, "\"1\"", body)
                    .await
                    .expect(422)
                    .code(),
                code
            );
        }
        let body = json!({ "source": "metric", "metric": "plan.measures_done" });
        b.node
            .client("unit_reporter")
            .patch(&goal, "\"1\"", body.clone())
            .await
            .expect(403);
        let set = b
            .office
            .patch(&goal, "\"1\"", body.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&set["source"], &set["counted"]),
            (&json!("metric"), &json!(0.0))
        );
        b.office.patch(&goal, "\"1\"", body).await.expect(412);
        let measure = b.measure(1).await;
        let at = format!("/api/v1/measures/{}", measure["id"].as_str().unwrap());
        b.office
            .patch(&at, "\"1\"", json!({ "state": "done" }))
            .await
            .expect(200);
        b.node.advance(86_400);
        b.node.settle().await;
        let shown = b.office.get(&goal).await.expect(200).json();
        assert_eq!(shown["counted"], 1.0, "{shown}");
    })
    .await;
}

#[tokio::test]
async fn a_sheet_of_entries_goes_in_whole_or_not_at_all() {
    with_sample(async |b: Bench| {
        let (listed, _) = with_goals(&b).await;
        let import = path(&listed, "/entries/import");
        let send = async |csv: &str| b.office.send("POST", &import, "text/csv", csv.into()).await;
        let bad = send("名称,日期,数量\n示例甲,2024-02-01,1\n示例甲,2024-03-01,1\n示例乙,2024/2/30,1\n").await;
        let bad = bad.expect(422).json();
        let codes: Vec<&Value> = bad["errors"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
        assert!(codes.contains(&&json!("goal_entry_duplicate")), "{bad}");
        let none = b.office.get(&path(&listed, "/entries")).await.expect(200).json();
        assert_eq!(none["items"], json!([]));
        let good = send("名称,日期,统一社会信用代码,数量\n示例甲,2024.2.1,91310118MA1J00000U,１\n=HYPERLINK(1),2024-03-01,,2\n").await;
        assert_eq!(good.expect(201).json()["accepted"], 2);
        let shown = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(shown["counted"], 3.0);
        assert_eq!(send("姓名,电话\n1,2\n").await.expect(422).code(), "invalid");
    })
    .await;
}

#[test]
fn codes_and_names_are_compared_as_people_mean_them() {
    assert!(code_is_right("91310118MA1J00000U"));
    assert!(!code_is_right("91310118MA1J00000T"));
    assert!(!code_is_right("91310118MI1J00000U"));
    assert_eq!(
        name_key("示例（上海） ＡＢ·公司"),
        name_key("示例(上海)ab公司")
    );
}

proptest! {
    #[test]
    fn no_name_or_code_panics(text in "\\PC{0,40}") {
        let key = name_key(&text);
        prop_assert_eq!(name_key(&key), key.clone());
        let _ = code_is_right(&text);
    }
}

#[tokio::test]
async fn an_entry_many_times_the_whole_goal_is_asked_about_at_every_door() {
    with_sample(async |b: Bench| {
        let (listed, level) = with_goals(&b).await;
        let entries = path(&listed, "/entries");
        let batch = |sure: bool| json!({ "name": "示例批次", "at": "2024-02-01", "amount": 6_000, "confirmed": sure });
        let asked = b.office.post(&entries, batch(false)).await.expect(422);
        assert_eq!((asked.code().as_str(), &asked.json()["field"]), ("unit_doubtful", &json!("amount")));
        assert!(asked.json()["hint"]["zh"].is_string() || asked.json()["hint"].is_string());
        let negative = json!({ "name": "示例", "at": "2024-02-01", "amount": -1 });
        assert_eq!(b.office.post(&entries, negative).await.expect(422).code(), "value_negative");
        let import = path(&listed, "/entries/import");
        let csv = "名称,日期,数量\n示例批次二,2024-02-01,6000\n".as_bytes().to_vec();
        let asked = b.office.send("POST", &import, "text/csv", csv.clone()).await.expect(422);
        assert_eq!((asked.code().as_str(), &asked.json()["field"]), ("unit_doubtful", &json!("CSV!C2")));
        let none = b.office.get(&path(&listed, "")).await.expect(200).json();
        assert_eq!(none["entries"], 0, "nothing was kept");
        b.office.post(&entries, batch(true)).await.expect(201);
        let sure = format!("{import}?confirmed=true");
        b.office.send("POST", &sure, "text/csv", csv).await.expect(201);
        // A level is held against the goal's value, both ways.
        let measured = |amount: f64| json!({ "name": "抽样", "at": "2024-02-01", "amount": amount });
        let entries = path(&level, "/entries");
        let asked = b.office.post(&entries, measured(900_000.0)).await.expect(422);
        assert_eq!(asked.code(), "unit_doubtful");
        b.office.post(&entries, measured(17.0)).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn the_sample_district_counts_its_goals_with_evidence() {
    tianyuan_kernel::testkit::each_backend(crate::testing::rooms, async |node| {
        // Past the plan's last day, so that everything in the file counts.
        node.advance(3 * 365 * 86_400);
        let plan = crate::demo::load(&node.app).await.unwrap().unwrap();
        let office = node.client("plan_office");
        let goals = office
            .get(&format!("/api/v1/plans/{}/goals", plan.id))
            .await
            .expect(200)
            .json();
        let goals = goals["items"].as_array().unwrap();
        let by_entries: Vec<&Value> = goals.iter().filter(|g| g["source"] == "entries").collect();
        assert_eq!(by_entries.len(), 10);
        for goal in &by_entries {
            assert!(goal["counted"].as_f64().unwrap() > 0.0, "{goal}");
            let path = format!(
                "/api/v1/goals/{}/entries",
                goal["goal"]["id"].as_str().unwrap()
            );
            let entries = office.get(&path).await.expect(200).json();
            let entries = entries["items"].as_array().unwrap();
            let marked = |e: &Value| e["name"].as_str().unwrap().contains("示例");
            assert!(
                entries.iter().all(marked),
                "each says that it is a sample: {entries:?}"
            );
            let first = entries.last().unwrap()["id"].as_str().unwrap();
            let files = office
                .get(&format!("/api/v1/goal-entries/{first}/files"))
                .await
                .expect(200)
                .json();
            assert_eq!(files["items"].as_array().unwrap().len(), 1, "{goal}");
        }
        let met = |g: &&&Value| g["outlook"]["risk"] == "met";
        let reached = by_entries.iter().filter(met).count();
        assert!(
            reached > 0 && reached < by_entries.len(),
            "some are reached, some are not: {reached}"
        );
        // What was counted stands in the comparison of units and plans too.
        let path = format!("/api/v1/plans/{}/composite?scope=programme", plan.id);
        let result = office.get(&path).await.expect(200).json();
        let held = result["variables"].as_array().unwrap().iter();
        let held = held
            .clone()
            .find(|v| v["key"] == "goal_attainment")
            .unwrap()["held"]
            .as_u64()
            .unwrap();
        assert!(held >= 6, "{held} plans have a goal that was counted");
    })
    .await;
}
