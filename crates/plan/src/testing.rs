//! What the tests of this room share: a node with the small sample edition loaded.

use serde_json::Value;
use tianyuan_kernel::Room;
use tianyuan_kernel::testkit::{Client, Node, each_backend};

use crate::bundle::PlanBundle;
use crate::bundle::tests::sample;
use crate::plans::export::XLSX;

/// The rooms under test.
pub(crate) fn rooms() -> Vec<Room> {
    vec![crate::room()]
}

/// A node with an edition, on one backend.
pub(crate) struct Bench {
    pub(crate) node: Node,
    pub(crate) office: Client,
    pub(crate) plan: String,
}

/// Runs a test on each backend with the small sample edition loaded.
pub(crate) async fn with_sample<F: AsyncFn(Bench)>(test: F) {
    each_backend(rooms, async |node: Node| {
        let office = node.client("plan_office");
        let plan = import(&office, &sample()).await;
        let plan = plan["id"].as_str().unwrap().to_owned();
        test(Bench { node, office, plan }).await;
    })
    .await;
}

/// Imports a bundle; answers the edition.
pub(crate) async fn import(client: &Client, bundle: &PlanBundle) -> Value {
    let body = serde_json::to_value(bundle).unwrap();
    client
        .post("/api/v1/plans/import?mode=apply", body)
        .await
        .expect(201)
        .json()
}

impl Bench {
    /// GET of an address below the edition.
    pub(crate) async fn plan_get(&self, rest: &str) -> Value {
        self.office
            .get(&format!("/api/v1/plans/{}{rest}", self.plan))
            .await
            .expect(200)
            .json()
    }

    /// The indicator of a number.
    pub(crate) async fn indicator(&self, number: i64) -> Value {
        find(&self.plan_get("/indicators").await, number)
    }

    /// The measure of a number.
    pub(crate) async fn measure(&self, number: i64) -> Value {
        find(&self.plan_get("/measures").await, number)
    }

    /// Records a value; answers it.
    pub(crate) async fn record(&self, number: i64, at: &str, value: f64) -> Value {
        let id = self.indicator(number).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = serde_json::json!({ "at": at, "value": value });
        self.office
            .post(&format!("/api/v1/indicators/{id}/values"), body)
            .await
            .expect(201)
            .json()
    }

    /// Sends a workbook.
    pub(crate) async fn send_xlsx(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> tianyuan_kernel::testkit::Answer {
        self.office.send("POST", path, XLSX, bytes).await
    }
}

fn find(list: &Value, number: i64) -> Value {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .find(|i| i["number"] == number)
        .cloned()
        .unwrap_or_default()
}
