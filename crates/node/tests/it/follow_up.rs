//! Follow-up with the real authority: who may do what to a report, and the sample's two finished
//! quarters.

use serde_json::{Value, json};

use crate::support::{PASSWORD, all, on_the_sample_district, person, sign_in};

#[tokio::test]
async fn a_lead_reviews_and_delegates_and_the_office_alone_accepts() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let unit = all(&admin, "/api/v1/units?q=商务委").await.remove(0);
        let role = |role: &str| json!([{ "role": role, "unit_id": unit["id"] }]);
        let reporter = person(&node, &admin, "writer", role("unit_reporter")).await;
        let lead = person(&node, &admin, "lead", role("unit_lead")).await;
        let helper = json!([{ "role": "data_officer" }]);
        let helper = person(&node, &admin, "helper", helper).await;
        let plan = all(&admin, "/api/v1/plans").await.remove(0);
        let periods = format!("/api/v1/plans/{}/periods", plan["id"].as_str().unwrap());
        let new = json!({ "span": "quarter", "year": 2024, "number": 2 });
        reporter.post(&periods, new.clone()).await.expect(403);
        let period = admin.post(&periods, new).await.expect(201).json();
        assert_eq!(period["counts"]["owed"], 275);
        let reports = format!(
            "/api/v1/periods/{}/reports?mine=true",
            period["id"].as_str().unwrap()
        );
        let mine = all(&reporter, &reports).await;
        assert_eq!(mine.len(), 12, "measures 22 to 27, 30, 38 and 39, 41 to 43");
        let first = mine.iter().find(|r| r["measure"]["number"] == 41).unwrap();
        let path = format!("/api/v1/reports/{}", first["id"].as_str().unwrap());
        let step = async |who: &tianyuan_kernel::testkit::Client, verb: &str, body: Value| {
            let etag = who.get(&path).await.header("etag").unwrap();
            let who = who.clone().header("if-match", &etag);
            who.post(&format!("{path}/{verb}"), body).await
        };
        let body = json!({ "state": "under_way", "body": "会展平台试运行" });
        // Handed to a person of no unit at all.
        let me = helper.get("/api/v1/me").await.expect(200).json();
        helper.patch(&path, "\"1\"", body.clone()).await.expect(403);
        let to = json!({ "person_id": me["person"]["id"] });
        step(&reporter, "delegation", to.clone()).await.expect(403);
        let handed = step(&lead, "delegation", to).await.expect(200).json();
        assert_eq!(handed["delegate_person"]["name"], "某某");
        assert_eq!(all(&helper, &reports).await.len(), 1);
        helper.patch(&path, "\"2\"", body).await.expect(200);
        step(&helper, "submit", json!({})).await.expect(200);
        step(&reporter, "endorse", json!({})).await.expect(403);
        step(&helper, "return", json!({ "comment": "x" }))
            .await
            .expect(403);
        let signed = step(&lead, "endorse", json!({})).await.expect(200).json();
        assert_eq!(signed["endorsed_by"]["name"], "某某");
        step(&lead, "accept", json!({})).await.expect(403);
        step(&admin, "accept", json!({})).await.expect(200);
        let facts = node.facts().await;
        for kind in ["report.delegated", "report.endorsed", "report.accepted"] {
            assert!(facts.iter().any(|f| f.0 == kind), "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_sample_has_two_finished_quarters_once_they_are_over() {
    crate::support::on_the_sample_district_at(600, async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let plan = all(&admin, "/api/v1/plans").await.remove(0);
        let plan = format!("/api/v1/plans/{}", plan["id"].as_str().unwrap());
        let periods = all(&admin, &format!("{plan}/periods")).await;
        let states: Vec<&str> = periods
            .iter()
            .map(|p| p["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["open", "closed", "closed"]);
        assert!(
            periods
                .iter()
                .all(|p| p["note"].as_str().unwrap().contains("示例"))
        );
        for (period, accepted) in [(&periods[1], 265), (&periods[2], 264)] {
            let counts = &period["counts"];
            assert_eq!(counts["total"], 275);
            assert_eq!(counts["accepted"], accepted, "{counts}");
        }
        let indicators = all(&admin, &format!("{plan}/indicators")).await;
        for indicator in &indicators {
            let latest = &indicator["latest"];
            assert_eq!(
                (&latest["at"], &latest["source"]),
                (&json!("2024-12-31"), &json!("report"))
            );
        }
        let measures = all(&admin, &format!("{plan}/measures")).await;
        let in_state = |s: &str| measures.iter().filter(|m| m["state"] == s).count();
        assert_eq!(in_state("not_started"), 0);
        assert_eq!(in_state("delayed"), 3);
        assert!(in_state("done") >= 1);
        let path = format!(
            "/api/v1/periods/{}/changes",
            periods[1]["id"].as_str().unwrap()
        );
        let changes = admin.get(&path).await.expect(200).json();
        assert!(
            changes["states"].as_array().unwrap().len() >= 4,
            "{changes}"
        );
        assert_eq!(changes["figures"].as_array().unwrap().len(), 20);
        assert!(!changes["done"].as_array().unwrap().is_empty());
        let schedule = admin
            .get(&format!("{plan}/schedule"))
            .await
            .expect(200)
            .json();
        assert_eq!(schedule["measures"].as_array().unwrap().len(), 48);
    })
    .await;
}
