//! The sample datasets: brought in once, each as it is foretold, and none counted as opened.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Client, Node};

use crate::support::{PASSWORD, all, on_the_sample_district, person, sign_in};

async fn with_datasets<F: AsyncFn(Node)>(test: F) {
    on_the_sample_district(async |node| {
        assert!(tianyuan::demo::bring_datasets(&node.app).await.unwrap());
        node.settle().await;
        test(node).await;
    })
    .await;
}

async fn officer(node: &Node) -> Client {
    let admin = sign_in(node, "admin", PASSWORD).await;
    person(node, &admin, "officer", json!([{ "role": "data_officer" }])).await
}

fn of<'a>(list: &'a [Value], code: &str) -> &'a Value {
    list.iter().find(|d| d["code"] == code).unwrap()
}

#[tokio::test]
async fn the_sample_datasets_come_in_once_and_count_for_nothing() {
    with_datasets(async |node| {
        let officer = officer(&node).await;
        let list = all(&officer, "/api/v1/datasets").await;
        assert_eq!(list.len(), 14);
        for dataset in &list {
            assert_eq!(dataset["sample"], true, "{dataset}");
            assert!(dataset["title"].as_str().unwrap().contains("示例"));
        }
        assert_eq!(
            of(&list, "air_quality_daily")["current"]["rows"],
            4 * 366 - 15
        );
        let published = list.iter().filter(|d| d["state"] == "published").count();
        assert_eq!(published, 13);
        // What somebody takes away stays away.
        officer
            .post("/api/v1/datasets/bus_stops/withdraw", json!({}))
            .await
            .expect(200);
        assert!(!tianyuan::demo::bring_datasets(&node.app).await.unwrap());
        node.settle().await;
        let again = all(&officer, "/api/v1/datasets").await;
        assert_eq!(again.len(), 14);
        assert_eq!(of(&again, "bus_stops")["state"], "withdrawn");
        let open = node.stranger().get("/api/v1/open-rows").await.expect(200);
        assert_eq!(open.json()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn strangers_find_and_read_the_open_samples_and_nothing_of_a_persons() {
    with_datasets(async |node| {
        let stranger = node.stranger();
        let list = all(&stranger, "/api/v1/datasets").await;
        assert_eq!(list.len(), 12, "neither the draft nor what is not open");
        let found = stranger
            .get("/api/v1/search/datasets?q=kongqizhiliang")
            .await
            .expect(200)
            .json();
        assert_eq!(found["items"][0]["code"], "air_quality_daily", "{found}");
        let get = async |path: &str| {
            let path = format!("/api/v1/datasets/{path}");
            stranger.get(&path).await.expect(200).json()
        };
        let companies = get("new_companies/rows?limit=1").await;
        assert_eq!(
            companies["items"][0]["representative"], "王**",
            "{companies}"
        );
        let tickets = get("hotline_tickets/rows?limit=1").await;
        assert_eq!(tickets["items"][0]["caller"], "140******03", "{tickets}");
        assert_eq!(tickets["items"][0]["received_at"], "2024-01-01T11:49:00");
        let stops = get("bus_stops/export/geojson").await;
        assert_eq!(stops["features"].as_array().unwrap().len(), 416);
        let venues = get("culture_venues/rows?filter=number:eq:7").await;
        assert_eq!(venues["items"][0]["kind"], "文化活动中心", "{venues}");
        for hidden in ["talent_allowances", "charging_points", "home_care"] {
            let path = format!("/api/v1/datasets/{hidden}/rows");
            let status = stranger.get(&path).await.status.as_u16();
            assert!(matches!(status, 401 | 403 | 404), "{hidden}: {status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sample_draft_waits_with_its_rejected_rows() {
    with_datasets(async |node| {
        let officer = officer(&node).await;
        let uploads = all(&officer, "/api/v1/datasets/charging_points/uploads").await;
        assert_eq!(uploads.len(), 1);
        assert_eq!(uploads[0]["state"], "checked", "{}", uploads[0]);
        assert_eq!(uploads[0]["checked"]["rejected"], 8);
        let id = uploads[0]["id"].as_str().unwrap();
        let rejects = officer
            .get(&format!("/api/v1/uploads/{id}/rejects"))
            .await
            .expect(200);
        assert_eq!(rejects.text().lines().count(), 9);
        let rows = "/api/v1/datasets/talent_allowances/rows?limit=1";
        let whole = officer.get(rows).await.expect(200).json();
        assert_eq!(whole["items"][0]["mobile"], "14000000000", "{whole}");
    })
    .await;
}
