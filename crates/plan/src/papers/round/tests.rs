use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Node, each_backend};

use crate::participation::testing::{text, with_round};
use crate::testing::rooms;

/// The words of a table, row by row.
fn tables(detail: &Value) -> Vec<Vec<Vec<String>>> {
    let blocks = detail["blocks"].as_array().unwrap().iter();
    let cell = |cell: &Value| -> String {
        let paragraphs = cell["paragraphs"].as_array().unwrap().iter();
        let runs = paragraphs.flat_map(|p| p["runs"].as_array().unwrap());
        runs.map(|run| run["text"].as_str().unwrap()).collect()
    };
    let row = |row: &Value| row.as_array().unwrap().iter().map(cell).collect();
    let tables = blocks.filter(|b| b["kind"] == "table");
    tables
        .map(|t| t["rows"].as_array().unwrap().iter().map(row).collect())
        .collect()
}

fn words(detail: &Value) -> String {
    let blocks = detail["blocks"].as_array().unwrap().iter();
    let paragraphs = blocks.filter(|b| b["kind"] == "paragraph");
    let runs = paragraphs.flat_map(|p| p["runs"].as_array().unwrap());
    runs.map(|run| run["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_sample_rounds_report_on_paper_has_the_counts_of_its_source() {
    each_backend(rooms, async |node: Node| {
        let plan = crate::demo::load(&node.app).await.unwrap().unwrap();
        let office = node.client("plan_office");
        let rounds = format!("/api/v1/plans/{}/rounds", plan.id);
        let rounds = office.get(&rounds).await.expect(200).json();
        let rounds = rounds["items"].as_array().unwrap();
        let finished = rounds.iter().find(|r| r["state"] == "reported").unwrap();
        let path = format!("/api/v1/rounds/{}/papers", text(finished, "id"));
        let make = async |lang: &str| {
            let body = json!({ "lang": lang, "issuer": "规划办公室" });
            let paper = office.post(&path, body).await.expect(202).json();
            node.settle().await;
            let path = format!("/api/v1/papers/{}", text(&paper, "id"));
            office.get(&path).await.expect(200).json()
        };
        let detail = make("zh").await;
        let paper = &detail["paper"];
        assert_eq!(paper["state"], "ready", "{paper}");
        assert_eq!(
            (&paper["kind"], &paper["round_id"]),
            (&json!("participation"), &finished["id"])
        );
        assert_eq!(
            paper["period"],
            json!({ "cadence": null, "from": "2024-04-01", "to": "2024-05-31" })
        );
        assert_eq!(
            paper["title"]["zh"],
            "公众参与情况报告：行动方案（草案）公众参与"
        );
        assert!(text(&paper["file"], "name").ends_with(".docx"));
        let tables = tables(&detail);
        let channels = |name: &str| -> Vec<String> {
            let row = tables[0].iter().find(|row| row[0] == name).unwrap();
            row[3..].to_vec()
        };
        assert_eq!(channels("实地走访"), ["15", "12", "3", "0", "0"]);
        assert_eq!(channels("书面征求意见"), ["41", "30", "7", "4", "0"]);
        assert_eq!(channels("人大代表专项听取"), ["12", "9", "3", "0", "0"]);
        assert_eq!(
            channels("听证会"),
            ["", "", "", "", ""],
            "held and not counted"
        );
        assert_eq!(channels("合计"), ["68", "51", "13", "4", "0"]);
        let declined = tables
            .iter()
            .find(|t| t[0].last().unwrap() == "未采纳的理由");
        let declined = &declined.unwrap()[1..];
        let sum: i64 = declined
            .iter()
            .map(|row| row[3].parse::<i64>().unwrap())
            .sum();
        assert_eq!(sum, 4);
        assert!(
            declined.iter().all(|row| row[4].chars().count() > 10),
            "each says why"
        );
        let said = words(&detail);
        for expected in [
            "共收到意见 68 条",
            "听证会已举行，未统计条数",
            "规划办公室",
            "提得较多的有：",
            "（二）书面征求意见",
        ] {
            assert!(said.contains(expected), "{expected} in {said}");
        }
        assert!(
            !said.contains("{{") && !said.contains("不是最终数"),
            "{said}"
        );
        assert!(
            detail["blocks"]
                .as_array()
                .unwrap()
                .iter()
                .any(|b| b["kind"] == "chart")
        );
        let english = make("en").await;
        let said = words(&english);
        assert!(said.contains("68 opinions were received"), "{said}");
        assert_eq!(
            english["paper"]["draft"], 1,
            "a language counts its own drafts"
        );
        let again = make("zh").await;
        assert_eq!(again["paper"]["draft"], 2);
        let list = format!(
            "/api/v1/plans/{}/papers?round={}",
            plan.id,
            text(finished, "id")
        );
        let listed = office.get(&list).await.expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
        let office_list = format!("/api/v1/plans/{}/papers?kind=bulletin", plan.id);
        let none = office.get(&office_list).await.expect(200).json();
        assert_eq!(none["items"], json!([]));
        // Who may not publish may not have one made.
        let stranger = node.client("unit_reporter:unit_x");
        stranger
            .post(&path, json!({ "lang": "zh" }))
            .await
            .expect(403);
        node.stranger()
            .post(&path, json!({ "lang": "zh" }))
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test]
async fn an_unfinished_round_says_so_and_words_stay_words() {
    with_round(true, async |v| {
        let text = "<b>=1+1</b> {{plan}} 🙏 多建充电桩";
        let one = v.add(text).await;
        let decide = format!("/api/v1/opinions/{}/decision", crate::participation::testing::text(&one, "id"));
        let decision = json!({ "outcome": "declined", "reason": "=HYPERLINK(\"http://x\") {{issuer}} <已有规划>" });
        v.b.office.post(&decide, decision).await.expect(201);
        v.add("河道垃圾要清理").await;
        let path = format!("/api/v1/rounds/{}/papers", v.round);
        let paper = v.b.office.post(&path, json!({ "lang": "zh" })).await.expect(202).json();
        v.b.node.settle().await;
        let id = paper["id"].as_str().unwrap();
        let detail = v.b.office.get(&format!("/api/v1/papers/{id}")).await.expect(200).json();
        assert!(words(&detail).contains("本轮还有 1 条意见没有处理"), "{}", words(&detail));
        let cells: Vec<String> = tables(&detail).into_iter().flatten().flatten().collect();
        assert!(cells.iter().any(|c| c == "=HYPERLINK(\"http://x\") {{issuer}} <已有规划>"), "{cells:?}");
        // A participation paper is of a round: a period's is refused, and so is a schedule.
        let period = json!({ "kind": "participation", "lang": "zh", "cadence": "quarter", "day": "2024-06-30" });
        let refused = v.b.office.post(&format!("/api/v1/plans/{}/papers", v.b.plan), period).await.expect(422);
        assert_eq!(refused.code(), "paper_of_a_round");
        let schedule = json!({ "kind": "participation", "lang": "zh", "cadence": "year", "days_after": 1 });
        let refused = v.b.office.post(&format!("/api/v1/plans/{}/paper-schedules", v.b.plan), schedule).await.expect(422);
        assert_eq!(refused.code(), "paper_of_a_round");
        v.b.office.post("/api/v1/rounds/round_nothing/papers", json!({ "lang": "zh" })).await.expect(404);
    })
    .await;
}
