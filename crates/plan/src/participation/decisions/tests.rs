use serde_json::json;

use crate::participation::testing::{Voice, text, with_round};

#[tokio::test]
async fn a_group_is_decided_at_once_and_what_arrives_later_is_not() {
    with_round(true, async |v: Voice| {
        let one = v.add("练塘镇手机信号差，请补建基站").await;
        v.add("练塘镇手机信号很差，请补建5G基站").await;
        let path = format!("/api/v1/topics/{}/decision", text(&one["topic"], "id"));
        let blank = json!({ "outcome": "declined", "reason": " " });
        let answer = v.b.office.post(&path, blank).await.expect(422).json();
        assert_eq!(
            (&answer["field"], &answer["code"]),
            (&json!("reason"), &json!("required"))
        );
        let odd = json!({ "outcome": "declined", "reason": "另有安排", "wording": "改成这样" });
        let answer = v.b.office.post(&path, odd).await.expect(422);
        assert_eq!(answer.code(), "declined_changes_nothing");
        let good = json!({
            "outcome": "partly", "reason": "分批建设", "clause": { "measure": 1 },
            "wording": "分批补建基站。", "publish": true,
        });
        let reporter = v.b.node.client("unit_reporter:unit_x");
        reporter.post(&path, good.clone()).await.expect(403);
        let decision =
            v.b.office
                .post(&path, good.clone())
                .await
                .expect(201)
                .json();
        assert_eq!(decision["opinions"], 2);
        assert_eq!(
            v.b.office.post(&path, good).await.expect(409).code(),
            "nothing_undecided"
        );
        v.add("练塘镇的手机信号差，补建基站吧").await;
        assert_eq!(v.get("").await["undecided"], 1);
        let again = json!({ "outcome": "adopted", "reason": "全部建设", "again": true });
        let again = v.b.office.post(&path, again).await.expect(201).json();
        assert_eq!(again["opinions"], 3);
        let old = format!("/api/v1/decisions/{}", text(&decision, "id"));
        let old = v.b.office.get(&old).await.expect(200).json();
        assert_eq!(old["opinions"], 0, "replaced, and kept");
        let listed = v.get("/decisions").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    })
    .await;
}
