//! What the tests of this room share.

use serde_json::{Value, json};
use tianyuan_kernel::Room;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind};
use tianyuan_kernel::testkit::{Client, Node, each_backend};

pub(crate) fn rooms() -> Vec<Room> {
    vec![tianyuan_lake::room(), crate::room()]
}

/// A node with one unit, and somebody of each kind.
pub(crate) struct Bench {
    pub(crate) node: Node,
    pub(crate) unit: String,
    pub(crate) officer: Client,
    pub(crate) stranger: Client,
}

pub(crate) async fn bench<F: AsyncFn(Bench)>(test: F) {
    each_backend(rooms, async |node: Node| {
        let unit = UnitId::new(&node.app);
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        let row = Unit {
            id: unit.clone(),
            code: "shujuju".to_owned(),
            name: "数据局".to_owned(),
            name_en: "Data Bureau".to_owned(),
            kind: UnitKind::Department,
            members: Vec::new(),
            version: 1,
        };
        party::insert(&mut tx, &row).await.unwrap();
        tx.commit().await.unwrap();
        let bench = Bench {
            officer: node.client("data_officer"),
            stranger: node.stranger(),
            unit: unit.to_string(),
            node,
        };
        test(bench).await;
    })
    .await;
}

impl Bench {
    pub(crate) fn profile(&self, title: &str) -> Value {
        json!({
            "title": title, "unit_id": self.unit, "update_cycle": "monthly",
            "sharing": "unconditional", "opening": "unconditional",
            "summary": "示例数据，用于测试。", "tags": ["示例"],
        })
    }

    /// Enters a dataset; answers its id.
    pub(crate) async fn dataset(&self, code: &str, title: &str) -> String {
        let body = json!({ "code": code, "profile": self.profile(title) });
        let made = self
            .officer
            .post("/api/v1/datasets", body)
            .await
            .expect(201);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Sends a file in pieces and lets it be read; answers the upload.
    pub(crate) async fn upload(&self, dataset: &str, name: &str, bytes: &[u8]) -> Value {
        let path = format!("/api/v1/datasets/{dataset}/uploads");
        let new = json!({ "name": name, "size_bytes": bytes.len() });
        let begun = self.officer.post(&path, new).await.expect(201).json();
        let upload = format!("/api/v1/uploads/{}", begun["id"].as_str().unwrap());
        let mut offset = 0;
        for piece in bytes.chunks(bytes.len() / 2 + 1) {
            let path = format!("{upload}/content?offset={offset}");
            self.officer
                .send("PUT", &path, "application/octet-stream", piece.to_vec())
                .await
                .expect(200);
            offset += piece.len();
        }
        self.node.settle().await;
        self.officer.get(&upload).await.expect(200).json()
    }

    /// Loads an upload with the fields that were found; answers it.
    pub(crate) async fn load(&self, upload: &Value, more: Value) -> Value {
        let path = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap());
        let columns = upload["found"]["columns"].as_array().unwrap();
        let fields: Vec<Value> = columns
            .iter()
            .map(|c| json!({ "column": c["column"], "field": c["field"] }))
            .collect();
        let mut body = json!({ "fields": fields, "publish": true });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.officer
            .post(&format!("{path}/load"), body)
            .await
            .expect(202);
        self.node.settle().await;
        self.officer.get(&path).await.expect(200).json()
    }
}
