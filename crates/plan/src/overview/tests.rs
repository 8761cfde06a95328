use serde_json::json;

use crate::testing::{Bench, with_sample};

#[tokio::test]
async fn the_overview_shows_the_whole_trunk() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 500.0).await;
        let found = b.plan_get("/overview").await;
        assert_eq!(found["plan"]["id"], b.plan.as_str());
        assert_eq!(found["layers"][0]["programmes"][0]["goal_count"], 1);
        assert_eq!(
            found["layers"][0]["programmes"][0]["state_counts"]["not_started"],
            2
        );
        assert_eq!(found["indicators"].as_array().unwrap().len(), 3);
        let attention = found["attention"].as_array().unwrap();
        assert_eq!(
            (&attention[0]["kind"], &attention[0]["severity"]),
            (&json!("off_path"), &json!("high"))
        );
        assert!(
            attention
                .iter()
                .any(|a| a["kind"] == "unit_without_reporter")
        );
        let units = found["units"].as_array().unwrap();
        assert_eq!(
            (&units[0]["name"], &units[0]["measure_count"]),
            (&json!("数据局"), &json!(2))
        );
        assert!(units.iter().all(|u| u["name"] != "各镇"));
        let stranger = b.node.stranger();
        let path = format!("/api/v1/plans/{}/overview", b.plan);
        let found = stranger.get(&path).await.expect(200).json();
        let attention = found["attention"].as_array().unwrap();
        assert!(
            attention
                .iter()
                .all(|a| a["kind"] != "unit_without_reporter")
        );
    })
    .await;
}
