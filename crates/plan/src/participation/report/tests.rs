use serde_json::{Value, json};

use crate::participation::testing::{Voice, text, with_round};
use tianyuan_kernel::testkit::{Node, each_backend};

#[tokio::test]
async fn each_channel_is_counted_and_the_uncounted_is_left_blank() {
    with_round(true, async |v: Voice| {
        let body = json!({ "channel_id": v.written, "text": "多建充电桩", "party": "经委" });
        let one = v.try_add(&v.b.office, body.clone()).await.expect(201).json();
        v.try_add(&v.b.office, body).await.expect(201);
        let two = v.add("数据资产入表没有案例可学").await;
        v.add("河道垃圾要清理").await;
        let decide = async |opinion: &Value, decision: Value| {
            let path = format!("/api/v1/opinions/{}/decision", text(opinion, "id"));
            v.b.office.post(&path, decision).await.expect(201);
        };
        decide(&one, json!({ "outcome": "declined", "reason": "已有规划" })).await;
        let adopt = json!({
            "outcome": "adopted", "reason": "可行", "clause": { "measure": 2 }, "wording": "增加案例。",
        });
        decide(&two, adopt).await;
        let report = v.get("/report").await;
        let channels = report["channels"].as_array().unwrap();
        let of = |name: &str| channels.iter().find(|c| c["name"] == name).unwrap();
        let counts = json!({
            "received": 4, "adopted": 1, "partly": 0, "declined": 2, "undecided": 1,
        });
        assert_eq!(of("书面征求意见")["counts"], counts);
        assert_eq!(of("听证会")["counts"], Value::Null);
        assert_eq!(report["total"], counts);
        assert_eq!(of("书面征求意见")["answered"], 1);
        assert_eq!(report["declined"][0]["decision"]["reason"], "已有规划");
        assert_eq!(report["declined"][0]["quotes"][0]["text"], "多建充电桩");
        assert_eq!(report["raised"][0]["voices"], 2);
        let changes = format!("/api/v1/plans/{}/opinion-changes", v.b.plan);
        let changes = v.b.office.get(&changes).await.expect(200).json();
        assert_eq!(changes["items"][0]["decision"]["wording"], "增加案例。");
        assert_eq!(changes["items"][0]["channels"], json!(["书面征求意见"]));
        v.b.node.client("citizen").get(&format!("/api/v1/rounds/{}/report", v.round)).await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn the_sample_round_has_the_counts_of_the_sources_report() {
    each_backend(crate::testing::rooms, async |node: Node| {
        let plan = crate::demo::load(&node.app).await.unwrap().unwrap();
        let office = node.client("plan_office");
        let rounds = office
            .get(&format!("/api/v1/plans/{}/rounds", plan.id))
            .await
            .expect(200);
        let rounds = rounds.json();
        let rounds = rounds["items"].as_array().unwrap();
        let finished = rounds.iter().find(|r| r["state"] == "reported").unwrap();
        let path = format!("/api/v1/rounds/{}/report", text(finished, "id"));
        let report = office.get(&path).await.expect(200).json();
        let channels = report["channels"].as_array().unwrap();
        let count = |kind: &str, field: &str| {
            channels.iter().find(|c| c["kind"] == kind).unwrap()["counts"][field].clone()
        };
        assert_eq!(count("site_visit", "received"), 15);
        assert_eq!(count("written", "received"), 41);
        assert_eq!(count("written", "declined"), 4);
        assert_eq!(count("deputies", "received"), 12);
        assert_eq!(
            count("hearing", "received"),
            Value::Null,
            "held and not counted"
        );
        assert_eq!(report["total"]["undecided"], 0);
        assert_eq!(report["total"]["declined"], 4);
        let written = channels.iter().find(|c| c["kind"] == "written").unwrap();
        assert_eq!(
            written["asked"].as_array().unwrap().len(),
            18,
            "17 units and all towns"
        );
        for channel in channels.iter().filter(|c| c["kind"] != "hearing") {
            assert_eq!(channel["raised"].as_array().unwrap().len(), 5);
        }
        assert_eq!(
            written["raised"][0]["topic"]["title"],
            "6G、低空经济的提法按实际调整"
        );
        let declined = report["declined"].as_array().unwrap();
        let reasons: Vec<&str> = declined
            .iter()
            .map(|d| text(&d["decision"], "reason"))
            .collect();
        assert!(
            reasons.iter().all(|r| r.chars().count() > 10),
            "{reasons:?}"
        );
        // The open one takes an opinion, grouped with what the file holds.
        let open = rounds.iter().find(|r| r["state"] == "open").unwrap();
        let path = format!(
            "/api/v1/open/rounds/{}/similar?text=停车场空位接入停车平台",
            text(open, "id")
        );
        let found = node.stranger().get(&path).await.expect(200).json();
        assert_eq!(
            found["items"][0]["topic"]["title"],
            "停车场的空位应当能在手机上看到"
        );
    })
    .await;
}
