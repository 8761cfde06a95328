use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Node, each_backend};

use crate::bundle::tests::sample;
use crate::testing::{Bench, import, rooms, with_sample};

#[tokio::test]
async fn the_demo_edition_loads_once_and_whole() {
    each_backend(rooms, async |node: Node| {
        let plan = crate::demo::load(&node.app).await.unwrap().unwrap();
        let counts = plan.counts;
        assert_eq!(
            (
                counts.layers,
                counts.programmes,
                counts.measures,
                counts.indicators
            ),
            (3, 13, 48, 10)
        );
        assert!(crate::demo::load(&node.app).await.unwrap().is_none());
        let stranger = node.stranger();
        let path = format!("/api/v1/plans/{}", plan.id);
        let measures = stranger
            .get(&format!("{path}/measures?limit=200"))
            .await
            .expect(200)
            .json();
        assert_eq!(measures["items"].as_array().unwrap().len(), 48);
        let overview = stranger
            .get(&format!("{path}/overview"))
            .await
            .expect(200)
            .json();
        let seventh = &overview["indicators"][6];
        assert_eq!(seventh["status"], "target_below_baseline");
        assert_eq!(
            overview["layers"][1]["programmes"][0]["title"],
            "灯塔100计划"
        );
        // 各镇 expands to its members, 重固镇 among them.
        let ninth = stranger
            .get(&format!("{path}/measures?q=园区大脑"))
            .await
            .expect(200)
            .json();
        let names: Vec<&str> = ninth["items"][0]["responsible"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| u["name"].as_str().unwrap())
            .collect();
        assert!(
            names.contains(&"重固镇") && !names.contains(&"各镇"),
            "{names:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn an_edition_is_imported_once_whole_and_leaves_facts() {
    with_sample(async |b: Bench| {
        let plan = b.plan_get("").await;
        assert_eq!(plan["state"], "in_force");
        assert_eq!(plan["programmes"][0]["measure_count"], 2);
        assert_eq!(plan["programmes"][0]["state_counts"]["not_started"], 2);
        assert_eq!(plan["goals"][0]["scope"], "programme");
        assert_eq!(plan["pattern"]["bases"][0]["measures"], json!([1, 2]));
        let kinds: Vec<String> = b.node.facts().await.into_iter().map(|f| f.0).collect();
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        assert_eq!((count("plan.imported"), count("unit.created")), (1, 5));
        assert_eq!(count("indicator.value_recorded"), 3);
        // The same again changes nothing and records nothing.
        import(&b.office, &sample()).await;
        assert_eq!(b.node.facts().await.len(), kinds.len());
        assert_eq!(b.plan_get("").await["version"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_correction_keeps_ids_states_and_values() {
    with_sample(async |b: Bench| {
        let before = b.measure(1).await;
        let id = before["id"].as_str().unwrap();
        let path = format!("/api/v1/measures/{id}");
        let patch = json!({ "state": "under_way", "state_note": "已启动" });
        let answer = b.office.patch(&path, "\"1\"", patch).await.expect(200);
        assert_eq!(answer.header("etag").unwrap(), "\"2\"");
        b.record(1, "2024-03-31", 500.0).await;

        let mut corrected = sample();
        corrected.measures[0].title = "打造集成电路产业硬核实力".into();
        corrected.measures.remove(1);
        corrected.pattern.bases[0].measures = vec![1];
        corrected.indicators[0].baseline.value = 2048.2;
        let check = json!(corrected);
        let check = b
            .office
            .post("/api/v1/plans/import?mode=check", check)
            .await
            .expect(200)
            .json();
        assert_eq!(check["ok"], true);
        assert_eq!(check["corrects"]["id"], b.plan.as_str());
        assert_eq!(check["changes"]["measures"]["dropped"][0]["number"], 2);
        assert_eq!(
            check["changes"]["measures"]["changed"][0]["fields"][0]["field"],
            "title"
        );
        assert_eq!(b.measure(1).await["title"], "打造集成电路发展硬核实力");

        let plan = import(&b.office, &corrected).await;
        assert_eq!((&plan["id"], &plan["version"]), (&json!(b.plan), &json!(2)));
        let after = b.measure(1).await;
        assert_eq!(after["id"], before["id"]);
        assert_eq!(
            (&after["state"], &after["version"]),
            (&json!("under_way"), &json!(3))
        );
        assert_eq!(b.measure(2).await, Value::Null);
        let indicator = b.indicator(1).await;
        assert_eq!(indicator["latest"]["value"], 500.0);
        let path = format!(
            "/api/v1/indicators/{}/values",
            indicator["id"].as_str().unwrap()
        );
        let values = b.office.get(&path).await.expect(200).json();
        let values: Vec<(f64, bool)> = values["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| {
                (
                    v["value"].as_f64().unwrap(),
                    v["superseded"].as_bool().unwrap(),
                )
            })
            .collect();
        assert_eq!(values, [(2048.1, true), (2048.2, false), (500.0, false)]);

        // What was dropped comes back with its id.
        import(&b.office, &sample()).await;
        assert_eq!(b.measure(2).await["state"], "not_started");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_bundle_changes_nothing_and_is_told_in_full() {
    with_sample(async |b: Bench| {
        let facts = b.node.facts().await.len();
        let mut wrong = sample();
        wrong.measures[0].units = vec!["数劇局".into()];
        wrong.measures[1].number = 1;
        wrong.indicators[0].unit = "%".into();
        let body = json!(wrong);
        let answer = b
            .office
            .post("/api/v1/plans/import?mode=apply", body.clone())
            .await
            .expect(422);
        let fields: Vec<String> = answer.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| {
                format!(
                    "{} {}",
                    e["field"].as_str().unwrap(),
                    e["code"].as_str().unwrap()
                )
            })
            .collect();
        for expected in [
            "measures[0].units unit_unknown",
            "measures[1].number number_duplicate",
            "indicators[0].targets.2025 percent_out_of_range",
        ] {
            assert!(
                fields.iter().any(|f| f == expected),
                "{expected} not in {fields:?}"
            );
        }
        let check = b
            .office
            .post("/api/v1/plans/import?mode=check", body)
            .await
            .expect(200)
            .json();
        assert_eq!(check["ok"], false);
        assert_eq!(check["errors"].as_array().unwrap().len(), fields.len());
        assert_eq!(b.node.facts().await.len(), facts);
        assert_eq!(b.plan_get("").await["version"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_next_edition_loads_beside_and_compares() {
    with_sample(async |b: Bench| {
        let mut next = sample();
        let head = next.plan.as_mut().unwrap();
        head.code = "plan-2026-2027".into();
        head.title = "下一轮".into();
        next.measures[1].title = "推进算力招商".into();
        next.indicators[1].targets[1].value = 40.0;
        b.node.advance(1);
        let other = import(&b.office, &next).await;
        let other = other["id"].as_str().unwrap();
        let found = b.plan_get(&format!("/compare?with={other}")).await;
        assert_eq!(found["measures"]["added"][0]["title"], "推进算力招商");
        assert_eq!(
            found["measures"]["dropped"][0]["title"],
            "深化公共数据共享开放"
        );
        assert_eq!(found["measures"]["unchanged"], 1);
        assert_eq!(
            found["indicators"]["changed"][0]["fields"][0]["after"],
            "40"
        );
        assert_eq!(found["units"]["unchanged"], 5);
        let list = b
            .office
            .get("/api/v1/plans?limit=1")
            .await
            .expect(200)
            .json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let cursor = list["next_cursor"].as_str().unwrap();
        let rest = b
            .office
            .get(&format!("/api/v1/plans?cursor={cursor}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&rest["items"][0]["id"], &rest["next_cursor"]),
            (&json!(other), &Value::Null)
        );
    })
    .await;
}

#[tokio::test]
async fn drafts_are_for_staff_and_imports_for_the_office() {
    with_sample(async |b: Bench| {
        let mut draft = sample();
        let head = draft.plan.as_mut().unwrap();
        head.code = "draft-2026".into();
        head.state = crate::words::PlanState::Draft;
        let draft = import(&b.office, &draft).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let stranger = b.node.stranger();
        let list = stranger.get("/api/v1/plans").await.expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        for rest in ["", "/measures", "/indicators", "/overview"] {
            let path = format!("/api/v1/plans/{draft}{rest}");
            assert_eq!(stranger.get(&path).await.expect(404).code(), "not_found");
            b.node.client("unit_reporter").get(&path).await.expect(200);
        }
        let measures = b
            .office
            .get(&format!("/api/v1/plans/{draft}/measures"))
            .await
            .json();
        let hidden = measures["items"][0]["id"].as_str().unwrap();
        stranger
            .get(&format!("/api/v1/measures/{hidden}"))
            .await
            .expect(404);
        stranger
            .get(&format!("/api/v1/plans/{}/compare?with={draft}", b.plan))
            .await
            .expect(404);
        let body = json!(sample());
        let path = "/api/v1/plans/import?mode=apply";
        stranger.post(path, body.clone()).await.expect(401);
        b.node
            .client("unit_reporter")
            .post(path, body)
            .await
            .expect(403);
        stranger
            .get(&format!("/api/v1/plans/{}/workbook.xlsx", b.plan))
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test]
async fn unreadable_imports_are_refused() {
    with_sample(async |b: Bench| {
        let path = "/api/v1/plans/import?mode=apply";
        let send = async |media: &str, body: &[u8]| {
            b.office.send("POST", path, media, body.to_vec()).await
        };
        assert_eq!(
            send("text/plain", b"x").await.expect(415).code(),
            "media_type_unsupported"
        );
        assert_eq!(
            send("application/json", b"{").await.expect(422).code(),
            "import_refused"
        );
        let answer = send("application/json", br#"{"measures":[{"number":"x"}]}"#)
            .await
            .expect(422);
        assert_eq!(answer.json()["field"], "measures[0].number");
        let nul = json!(sample())
            .to_string()
            .replace("打造集成", "打造\\u0000集成");
        let answer = send("application/json", nul.as_bytes()).await.expect(422);
        assert_eq!(answer.json()["errors"][0]["code"], "control_character");
        let answer = send(crate::plans::export::XLSX, b"not a zip").await;
        assert_eq!(answer.status.as_u16() / 100, 4, "{}", answer.text());
        b.office
            .post("/api/v1/plans/import?mode=maybe", json!({}))
            .await
            .expect(400);
        b.office.get("/api/v1/plans/plan_x").await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn the_document_describes_every_operation() {
    with_sample(async |b: Bench| {
        let document = serde_json::to_value(&b.node.document).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let import = &paths["/api/v1/plans/import"]["post"];
        let media = import["requestBody"]["content"].as_object().unwrap();
        assert!(media.contains_key("application/json"), "{media:?}");
        assert!(media.contains_key(crate::plans::export::XLSX), "{media:?}");
        assert_eq!(
            import["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/Plan"
        );
        assert_eq!(paths["/api/v1/plans"]["get"]["security"], json!([]));
        assert_eq!(import["security"], Value::Null);
        if let Ok(path) = std::env::var("DUMP") {
            std::fs::write(path, document.to_string()).unwrap();
        }
    })
    .await;
}
