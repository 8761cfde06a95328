//! What CKAN's clients see of units, and how they name them.

use serde_json::{Value, json};

use crate::testing::{Bench, bench};

async fn asked(b: &Bench, action: &str, body: Value) -> Value {
    let path = format!("/api/3/action/{action}");
    let answer = b.stranger.post(&path, body).await.expect(200).json();
    answer["result"].clone()
}

async fn published(b: &Bench) {
    b.dataset("companies", "企业名录").await;
    let publish = "/api/v1/datasets/companies/publish";
    b.officer.post(publish, json!({})).await.expect(200);
}

#[tokio::test]
async fn an_organisation_goes_by_its_code_and_is_found_by_id_too() {
    bench(async |b: Bench| {
        published(&b).await;
        let names = asked(&b, "organization_list", json!({})).await;
        assert_eq!(names, json!(["shujuju"]));
        for key in ["shujuju", "数据局", b.unit.as_str()] {
            let shown = asked(&b, "organization_show", json!({ "id": key })).await;
            assert_eq!(
                (&shown["name"], &shown["id"]),
                (&json!("shujuju"), &json!(b.unit))
            );
            assert_eq!(shown["package_count"], 1, "{shown}");
            let question =
                json!({ "fq": format!("organization:{key}"), "facet.field": ["organization"] });
            let found = asked(&b, "package_search", question).await;
            assert_eq!(found["count"], 1, "{key}: {found}");
            assert_eq!(found["facets"]["organization"]["shujuju"], 1);
        }
        let other = json!({ "fq": "organization:nowhere" });
        assert_eq!(asked(&b, "package_search", other).await["count"], 0);
        let package = asked(&b, "package_show", json!({ "id": "companies" })).await;
        assert_eq!(package["owner_org"], b.unit.as_str());
        assert_eq!(package["organization"]["name"], "shujuju");
    })
    .await;
}

#[tokio::test]
async fn a_package_is_given_to_a_unit_by_name_or_by_id() {
    bench(async |b: Bench| {
        let create = "/api/3/action/package_create";
        for (name, owner) in [("by-name", "shujuju"), ("by-id", b.unit.as_str())] {
            let body = json!({ "name": name, "owner_org": owner, "title": "经由 CKAN" });
            let made = b.officer.post(create, body).await.expect(200).json();
            assert_eq!(made["result"]["organization"]["name"], "shujuju", "{made}");
        }
        let body = json!({ "name": "by_nobody", "owner_org": "nowhere" });
        let refused = b
            .officer
            .post(create, body.clone())
            .await
            .expect(409)
            .json();
        assert_eq!(refused["error"]["__type"], "Validation Error");
        assert!(refused["error"]["owner_org"][0].is_string(), "{refused}");
        let update = "/api/3/action/package_patch";
        let body = json!({ "id": "by_name", "owner_org": "nowhere" });
        b.officer.post(update, body).await.expect(409);
        let stranger = json!({ "name": "by_stranger", "owner_org": "nowhere" });
        let refused = b.stranger.post(create, stranger).await.expect(403).json();
        assert_eq!(refused["error"]["__type"], "Authorization Error");
    })
    .await;
}
