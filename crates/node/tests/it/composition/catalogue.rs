//! Datasets, files and SQL.

use serde_json::json;

use super::{Walk, id};
use crate::support::{all, person};

/// Rows that are not open: whoever may have them leaves a fact.
pub(super) async fn walk_lake(walk: &mut Walk<'_>) {
    use tianyuan_lake::arrow::array::{ArrayRef, Int64Array, RecordBatch};
    let numbers: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1, 2, 3]));
    let rows = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let table = tianyuan_lake::Table {
        id: "dataset_walked".to_owned(),
        name: "walked".to_owned(),
        comment: "示例".to_owned(),
        units: Vec::new(),
        owner: None,
        public: false,
        sharing: tianyuan_lake::Sharing::None,
        unit_field: None,
        fields: vec![tianyuan_lake::Field {
            name: "n".to_owned(),
            comment: String::new(),
            grade: tianyuan_kernel::release::Grade::CORE,
            otherwise: None,
        }],
        current: None,
    };
    let app = &walk.node.app;
    let batches = futures::stream::iter([Ok(rows.clone())]);
    let options = tianyuan_lake::Options::default();
    let staged = tianyuan_lake::stage(app, rows.schema(), batches, options).await;
    let mut tx = tianyuan_kernel::http::Tx::begin(app, None).await.unwrap();
    tianyuan_lake::tables::store::put(&mut tx, &table)
        .await
        .unwrap();
    tianyuan_lake::tables::publish(&mut tx, &table.id, staged.unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let ask = json!({ "sql": "SELECT sum(n) AS s FROM walked" });
    let role = json!([{ "role": "operator" }]);
    let operator = person(walk.node, &walk.admin, "keeper", role).await;
    let refused = operator.post("/api/v1/sql", ask.clone()).await.expect(422);
    assert_eq!(
        refused.code(),
        "table_unknown",
        "an operator keeps the node, not the data"
    );
    let role = json!([{ "role": "data_officer" }]);
    let officer = person(walk.node, &walk.admin, "officer", role).await;
    let admin = std::mem::replace(&mut walk.admin, officer);
    let told = walk
        .step("POST /api/v1/sql", "/api/v1/sql", None, ask)
        .await;
    assert_eq!(told["rows"][0]["s"], 6);
    let link = "POST /api/v1/datasets/{id}/file-links";
    let path = "/api/v1/datasets/dataset_walked/file-links";
    let link = walk.step(link, path, None, json!({})).await;
    let file = walk
        .node
        .stranger()
        .get(link["path"].as_str().unwrap())
        .await;
    assert_eq!(&file.expect(200).bytes[..4], b"PAR1");
    walk.admin = admin;
}

/// A dataset from its entry to its second version and back, and the same by CKAN's actions.
pub(super) async fn walk_catalogue(walk: &mut Walk<'_>) {
    let role = json!([{ "role": "data_officer" }]);
    let officer = person(walk.node, &walk.admin, "cataloguer", role).await;
    let admin = std::mem::replace(&mut walk.admin, officer);
    let unit = all(&walk.admin, "/api/v1/units").await.remove(0);
    let profile = json!({ "title": "步道长度", "unit_id": unit["id"], "update_cycle": "yearly",
        "sharing": "unconditional", "opening": "unconditional", "summary": "示例。" });
    let new = json!({ "code": "footpaths", "profile": profile });
    let datasets = "/api/v1/datasets";
    let made = walk
        .step("POST /api/v1/datasets", datasets, None, new)
        .await;
    let path = format!("{datasets}/{}", id(&made));
    for rows in ["甲路,1\n", "甲路,1\n乙路,2\n"] {
        let upload = upload(walk, &path, &format!("名称,长度\n{rows}")).await;
        load(walk, &upload).await;
    }
    let etag = walk.etag(&path).await;
    let whole = walk.admin.get(&path).await.expect(200).json();
    let mut renamed = profile.clone();
    renamed["fields"] = whole["fields"].clone();
    renamed["title"] = "步道长度（米）".into();
    walk.step("PUT /api/v1/datasets/{id}", &path, Some(&etag), renamed)
        .await;
    for (operation, verb) in [
        ("POST /api/v1/datasets/{id}/publish", "publish"),
        (
            "POST /api/v1/datasets/{id}/versions/{number}/restore",
            "versions/1/restore",
        ),
        ("POST /api/v1/datasets/{id}/withdraw", "withdraw"),
    ] {
        walk.step(operation, &format!("{path}/{verb}"), None, json!({}))
            .await;
    }
    let erase =
        json!({ "field": whole["fields"][0]["name"], "values": ["乙路"], "reason": "核对。" });
    let erasures = format!("{path}/erasures");
    walk.step(
        "POST /api/v1/datasets/{id}/erasures",
        &erasures,
        None,
        erase,
    )
    .await;
    walk.node.settle().await;
    let unwanted = upload(walk, &path, "名称,长度\n丙路,3\n").await;
    walk.step("DELETE /api/v1/uploads/{id}", &unwanted, None, json!({}))
        .await;
    let owner = unit["id"].as_str().unwrap();
    for (operation, path, name) in [
        (
            "POST /api/3/action/{name}",
            "/api/3/action/package_create",
            "ckan-a",
        ),
        (
            "POST /api/action/{name}",
            "/api/action/package_create",
            "ckan-b",
        ),
    ] {
        let package = json!({ "name": name, "title": "经由 CKAN", "owner_org": owner });
        walk.step(operation, path, None, package).await;
    }
    walk.admin = admin;
}

/// Sends a small file and has it read; answers the upload's path.
async fn upload(walk: &mut Walk<'_>, dataset: &str, text: &str) -> String {
    let new = json!({ "name": "a.csv", "size_bytes": text.len() });
    let uploads = format!("{dataset}/uploads");
    let operation = "POST /api/v1/datasets/{id}/uploads";
    let begun = walk.step(operation, &uploads, None, new).await;
    let path = format!("/api/v1/uploads/{}", id(&begun));
    let media = "application/octet-stream";
    let operation = "PUT /api/v1/uploads/{id}/content";
    let content = format!("{path}/content?offset=0");
    walk.raw(operation, &content, media, text.as_bytes().to_vec())
        .await;
    walk.node.settle().await;
    let again = format!("{path}/read");
    let found = walk.admin.get(&path).await.expect(200).json();
    let layout = found["found"]["layout"].clone();
    walk.step("POST /api/v1/uploads/{id}/read", &again, None, layout)
        .await;
    walk.node.settle().await;
    path
}

async fn load(walk: &mut Walk<'_>, upload: &str) {
    let read = walk.admin.get(upload).await.expect(200).json();
    let fields: Vec<_> = read["found"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| json!({ "column": c["column"], "field": c["field"] }))
        .collect();
    let body = json!({ "fields": fields, "publish": true });
    let operation = "POST /api/v1/uploads/{id}/load";
    walk.step(operation, &format!("{upload}/load"), None, body)
        .await;
    walk.node.settle().await;
    let loaded = walk.admin.get(upload).await.expect(200).json();
    assert_eq!(loaded["state"], "loaded", "{loaded}");
}
