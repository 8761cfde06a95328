//! The outcome of the first release, as one story: the plan office records values, gives a
//! unit's reporter an account, imports a corrected workbook, and an auditor sees it all.

use serde_json::json;

use crate::support::{PASSWORD, all, on_the_sample_district, person, sign_in};

#[tokio::test]
async fn a_reporter_reports_for_their_unit_and_nothing_else() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let unit = all(&admin, "/api/v1/units?q=数据局").await.remove(0);
        let roles = json!([{ "role": "unit_reporter", "unit_id": unit["id"] }]);
        let reporter = person(&node, &admin, "shujuju", roles).await;
        let plan = all(&reporter, "/api/v1/plans").await.remove(0);
        let plan = plan["id"].as_str().unwrap();
        let indicators = all(&reporter, &format!("/api/v1/plans/{plan}/indicators")).await;
        let of = |name: &str| {
            let mine = |i: &&serde_json::Value| i["units"][0]["name"] == name;
            indicators.iter().find(mine).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let value = json!({ "at": "2024-06-30", "value": 15 });
        let mine = format!("/api/v1/indicators/{}/values", of("数据局"));
        reporter.post(&mine, value.clone()).await.expect(201);
        let other = format!("/api/v1/indicators/{}/values", of("科委"));
        assert_eq!(
            reporter.post(&other, value).await.expect(403).code(),
            "not_allowed"
        );
        reporter.get("/api/v1/people").await.expect(403);
        let facts = node.facts().await;
        assert!(facts.iter().any(|f| f.0 == "access.refused"));
    })
    .await;
}

#[tokio::test]
async fn a_reporter_of_a_town_answers_for_what_all_towns_answer_for() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let unit = all(&admin, "/api/v1/units?q=重固镇").await.remove(0);
        let roles = json!([{ "role": "unit_reporter", "unit_id": unit["id"] }]);
        let reporter = person(&node, &admin, "zhonggu", roles).await;
        let plan = all(&reporter, "/api/v1/plans").await.remove(0);
        let measures = all(
            &reporter,
            &format!("/api/v1/plans/{}/measures", plan["id"].as_str().unwrap()),
        )
        .await;
        let number = |n: i64| measures.iter().find(|m| m["number"] == n).unwrap();
        let ninth = number(9);
        assert!(
            ninth["units"]
                .as_array()
                .unwrap()
                .iter()
                .any(|u| u["name"] == "各镇")
        );
        let path = format!("/api/v1/measures/{}", ninth["id"].as_str().unwrap());
        let etag = reporter
            .get(&path)
            .await
            .expect(200)
            .header("etag")
            .unwrap();
        let state = json!({ "state": "under_way", "state_note": "重固镇已启动" });
        reporter
            .patch(&path, &etag, state.clone())
            .await
            .expect(200);
        assert_eq!(
            reporter
                .patch(&path, &etag, state.clone())
                .await
                .expect(412)
                .code(),
            "changed_meanwhile"
        );
        let first = format!("/api/v1/measures/{}", number(1)["id"].as_str().unwrap());
        let etag = reporter
            .get(&first)
            .await
            .expect(200)
            .header("etag")
            .unwrap();
        reporter.patch(&first, &etag, state).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn a_corrected_workbook_goes_in_whole_or_not_at_all() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let plan = all(&admin, "/api/v1/plans").await.remove(0);
        let plan = plan["id"].as_str().unwrap();
        let workbook = admin
            .get(&format!("/api/v1/plans/{plan}/workbook.xlsx"))
            .await
            .expect(200);
        let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        let check = "/api/v1/plans/import?mode=check";
        let checked = admin
            .send("POST", check, xlsx, workbook.bytes.clone())
            .await
            .expect(200);
        assert_eq!(checked.json()["ok"], true, "{}", checked.text());
        let before = node.facts().await.len();
        let broken = b"PK\x03\x04 but no workbook".to_vec();
        let apply = "/api/v1/plans/import?mode=apply";
        let refused = admin.send("POST", apply, xlsx, broken).await;
        assert!(refused.status.is_client_error(), "{}", refused.text());
        assert_eq!(node.facts().await.len(), before);
        admin
            .send("POST", apply, xlsx, workbook.bytes)
            .await
            .expect(201);
        assert_eq!(
            all(&admin, "/api/v1/plans").await.len(),
            1,
            "the same edition, corrected"
        );
    })
    .await;
}
