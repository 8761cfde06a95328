//! Composite indices through the API, on both databases.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::Answer;

use crate::testing::{Bench, with_sample};
use crate::workbook::out::{Out, OutSheet, xlsx};

const CSV: &str = "对象,服务件数,差错率,满意度\n方向,越高越好,越低越好,越高越好\n\
    甲单位,120,２.5,90\n乙单位,80,1.0,\n丙单位,\"1,200\",4,70\n丁单位,60,0.5,95\n";

async fn create(b: &Bench, body: Value) -> Answer {
    let path = format!("/api/v1/plans/{}/indices", b.plan);
    b.office.post(&path, body).await
}

async fn upload(b: &Bench, csv: &str) -> Answer {
    let path = format!("/api/v1/plans/{}/indices/import?name=sheet", b.plan);
    b.office
        .send("POST", &path, "text/csv", csv.as_bytes().to_vec())
        .await
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn units_and_plans_compare_from_the_records_and_the_same_seed_gives_the_same() {
    with_sample(async |b: Bench| {
        let measure = b.measure(1).await;
        let path = format!("/api/v1/measures/{}", id(&measure));
        let body = json!({ "state": "done", "state_note": "" });
        let version = format!("\"{}\"", measure["version"]);
        b.office.patch(&path, &version, body).await.expect(200);
        b.record(1, "2024-06-30", 1234.5).await;
        let first = b.plan_get("/composite?scope=unit&draws=200&seed=5").await;
        let again = b.plan_get("/composite?scope=unit&draws=200&seed=5").await;
        assert_eq!(first, again);
        let entities = first["entities"].as_array().unwrap();
        assert!(entities.len() >= 2, "{first}");
        assert_eq!(entities[0]["rank"], 1);
        assert!(entities[0]["rank_low"].is_i64() && first["whole"]["score"].is_f64());
        assert!(
            first["trust"]["words"]["zh"]
                .as_str()
                .unwrap()
                .contains("200 次")
        );
        assert_eq!(first["digest"].as_str().unwrap().len(), 64);
        let held: Vec<&str> = first["variables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v["key"].as_str().unwrap())
            .collect();
        assert!(held.contains(&"measure_progress") && held.contains(&"indicator_attainment"));
        let plans = b.plan_get("/composite?draws=0&aggregation=topsis").await;
        assert_eq!(plans["trust"]["level"], "unknown");
        assert_eq!(plans["choices"]["aggregation"], "topsis");
    })
    .await;
}

#[tokio::test]
async fn an_index_is_defined_changed_kept_and_removed_each_a_fact() {
    with_sample(async |b: Bench| {
        let made = create(&b, json!({ "name": " 半年评价 ", "scope": "unit" }))
            .await
            .expect(201);
        assert_eq!(made.header("etag").as_deref(), Some("\"1\""));
        let made = made.json();
        assert_eq!(made["name"], "半年评价");
        let path = format!("/api/v1/indices/{}", id(&made));
        let mut choices = made["choices"].clone();
        choices["aggregation"] = json!("geometric");
        choices["draws"] = json!(100);
        let body = json!({ "choices": choices });
        b.office
            .patch(&path, "\"7\"", body.clone())
            .await
            .expect(412);
        let plain = b
            .office
            .send("PATCH", &path, "application/json", b"{}".to_vec())
            .await;
        plain.expect(428);
        let changed = b
            .office
            .patch(&path, "\"1\"", body)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&changed["version"], &changed["seed"]),
            (&json!(2), &made["seed"])
        );
        let result = b
            .office
            .get(&format!("{path}/result"))
            .await
            .expect(200)
            .json();
        assert_eq!(result["seed"], made["seed"]);
        let kept = b
            .office
            .post(&format!("{path}/results"), json!({}))
            .await
            .expect(201)
            .json();
        assert_eq!(kept["digest"], result["digest"]);
        assert_eq!(kept["body"]["places"][0]["rank"], 1);
        let listed = b
            .office
            .get(&format!("{path}/results"))
            .await
            .expect(200)
            .json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        b.office.delete(&path).await.expect(204);
        b.office.delete(&path).await.expect(404);
        b.office.get(&path).await.expect(404);
        let facts = b.node.facts().await;
        for kind in [
            "index.created",
            "index.changed",
            "index.result_kept",
            "index.removed",
        ] {
            assert_eq!(facts.iter().filter(|(k, _)| k == kind).count(), 1, "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sheet_becomes_an_index_with_its_directions_and_gaps() {
    with_sample(async |b: Bench| {
        let made = upload(&b, CSV).await.expect(201).json();
        assert_eq!(made["scope"], "upload");
        let path = format!("/api/v1/indices/{}/result?draws=100", id(&made));
        let result = b.office.get(&path).await.expect(200).json();
        assert_eq!(result["whole"], Value::Null);
        assert_eq!(result["variables"][1]["direction"], "down");
        let entities = result["entities"].as_array().unwrap();
        let of = |name: &str| entities.iter().find(|e| e["name"] == name).unwrap();
        assert_eq!(of("丙单位")["cells"][0]["value"], 1200.0);
        assert_eq!(of("甲单位")["cells"][1]["value"], 2.5);
        assert_eq!(of("乙单位")["cells"][2]["value"], Value::Null);
        let filled = b
            .office
            .get(&format!("{path}&missing=nearest"))
            .await
            .expect(200)
            .json();
        let entities = filled["entities"].as_array().unwrap();
        let second = entities.iter().find(|e| e["name"] == "乙单位").unwrap();
        assert!(second["cells"][2]["used"].is_f64() && second["cells"][2]["from"].is_string());
        let out = OutSheet {
            name: "评价".to_owned(),
            heads: vec!["对象".to_owned(), "件数".to_owned()],
            rows: vec![
                vec![Out::Text("甲".to_owned()), Out::Number(1.0)],
                vec![Out::Text("乙".to_owned()), Out::Number(2.0)],
            ],
            choices: Vec::new(),
        };
        let path = format!("/api/v1/plans/{}/indices/import?name=book", b.plan);
        b.send_xlsx(&path, xlsx(&[out]).unwrap()).await.expect(201);
        let path = format!("/api/v1/plans/{}/indices/template.xlsx", b.plan);
        let template = b.office.get(&path).await.expect(200).bytes;
        let path = format!("/api/v1/plans/{}/indices/import?name=empty", b.plan);
        // The template as it came: names, no numbers yet.
        b.send_xlsx(&path, template).await.expect(201);
    })
    .await;
}

#[tokio::test]
async fn a_sheet_with_faults_is_refused_whole_with_every_place_named() {
    with_sample(async |b: Bench| {
        let csv = "对象,甲,甲\n方向,越高越好,向上\nA,很多,1\nA,5,\n,6,7\n";
        let answer = upload(&b, csv).await.expect(422);
        let fields = answer.json()["errors"].clone();
        let found: Vec<(&str, &str)> = fields
            .as_array()
            .unwrap()
            .iter()
            .map(|f| (f["field"].as_str().unwrap(), f["code"].as_str().unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ("CSV!C1", "twice"),
                ("CSV!C2", "not_a_choice"),
                ("CSV!A4", "twice"),
                ("CSV!A5", "required"),
                ("CSV!B3", "not_a_number"),
            ]
        );
        for csv in ["", "对象\n甲\n", "对象,甲\n"] {
            assert_eq!(upload(&b, csv).await.status, 422, "{csv}");
        }
        let wide: Vec<String> = (0..61).map(|i| format!("v{i}")).collect();
        upload(
            &b,
            &format!("对象,{}\n甲{}\n", wide.join(","), ",1".repeat(61)),
        )
        .await
        .expect(422);
        assert!(
            b.plan_get("/indices").await["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        let one = upload(&b, "对象,甲\nA,1\n").await.expect(201).json();
        let path = format!("/api/v1/indices/{}/result", id(&one));
        assert_eq!(
            b.office.get(&path).await.expect(409).code(),
            "index_too_small"
        );
    })
    .await;
}

#[tokio::test]
async fn judgements_that_contradict_each_other_are_refused_until_confirmed() {
    with_sample(async |b: Bench| {
        let judged = b.office.get("/api/v1/composite/judgement?pairs=3,1/3,3").await;
        let judged = judged.expect(200).json();
        assert_eq!(judged["consistent"], false);
        assert!(judged["ratio"].as_f64().unwrap() > 0.1 && judged["worst"].is_object());
        // Six variables from the records take fifteen judgements.
        let mut pairs = vec![1.0; 15];
        (pairs[0], pairs[1], pairs[5]) = (9.0, 1.0 / 9.0, 9.0);
        let choices = json!({ "missing": "available", "outliers": "keep", "normalisation": "min_max",
            "weighting": "ahp", "pairs": pairs, "aggregation": "arithmetic", "draws": 0, "noise": 0.1,
            "vary": [] });
        let mut body = json!({ "name": "专家", "scope": "unit", "choices": choices });
        let refused = create(&b, body.clone()).await.expect(422);
        assert_eq!((refused.code().as_str(), refused.json()["field"].as_str()), ("ahp_inconsistent", Some("choices.pairs")));
        body["accept_inconsistent"] = json!(true);
        create(&b, body).await.expect(201);
        for (query, code) in [
            ("pairs=1,2", "pairs_count"),
            ("pairs=", "pairs_count"),
            ("pairs=10", "pair_out_of_range"),
            ("pairs=1/0", "not_a_number"),
            ("pairs=x", "not_a_number"),
        ] {
            let answer = b.office.get(&format!("/api/v1/composite/judgement?{query}")).await;
            assert_eq!(answer.expect(422).code(), code, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn choices_that_do_not_fit_are_refused_by_field() {
    with_sample(async |b: Bench| {
        for (query, status, field) in [
            ("draws=10001", 422, "draws"),
            ("noise=0.6", 422, "noise"),
            ("noise=NaN", 422, "noise"),
            ("weighting=manual&manual=1,2", 422, "manual"),
            ("weighting=manual&manual=1,1,1,1,1,-1", 422, "manual"),
            ("weighting=manual&manual=0,0,0,0,0,0", 422, "manual"),
            ("weighting=ahp&pairs=1,2,3", 422, "pairs"),
            ("vary=everything", 422, "vary"),
            ("seed=-1", 422, "seed"),
            ("scope=upload", 422, "scope"),
        ] {
            let path = format!("/api/v1/plans/{}/composite?{query}", b.plan);
            let answer = b.office.get(&path).await;
            assert_eq!(answer.status, status, "{query} {}", answer.text());
            assert_eq!(answer.json()["field"], field, "{query}");
        }
        let path = format!("/api/v1/plans/{}/composite?missing=perhaps", b.plan);
        b.office.get(&path).await.expect(400);
        for name in ["", "  ", &"长".repeat(61)] {
            create(&b, json!({ "name": name, "scope": "unit" }))
                .await
                .expect(422);
        }
        create(&b, json!({ "name": "x", "scope": "upload" }))
            .await
            .expect(422);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_sees_and_changes_nothing() {
    with_sample(async |b: Bench| {
        let made = create(&b, json!({ "name": "评价", "scope": "unit" }))
            .await
            .expect(201)
            .json();
        let path = format!("/api/v1/indices/{}", id(&made));
        let plan = format!("/api/v1/plans/{}", b.plan);
        let reads = [
            path.clone(),
            format!("{path}/result?draws=0"),
            format!("{path}/results"),
            format!("{plan}/indices"),
            format!("{plan}/composite?draws=0"),
        ];
        for read in &reads {
            b.node.stranger().get(read).await.expect(401);
            b.node.client("citizen").get(read).await.expect(404);
            b.node.client("auditor").get(read).await.expect(200);
        }
        for role in ["unit_reporter", "unit_lead", "auditor"] {
            let client = b.node.client(role);
            let body = json!({ "name": "我的", "scope": "unit" });
            client
                .post(&format!("{plan}/indices"), body)
                .await
                .expect(403);
            client
                .patch(&path, "\"1\"", json!({ "name": "改" }))
                .await
                .expect(403);
            client
                .post(&format!("{path}/results"), json!({}))
                .await
                .expect(403);
            client.delete(&path).await.expect(403);
        }
        b.office.get("/api/v1/indices/index_0").await.expect(404);
    })
    .await;
}
