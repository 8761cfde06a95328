//! Two datasets that differ in nothing but what is withheld, and people who may have more or less
//! of them.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Client, Node};

use crate::support::{PASSWORD, person, sign_in};

/// Values no stranger may see, in the first of the twins. They stand nowhere else.
pub(super) static PLANTS: [(&str, &str); 6] = [
    // Shown masked, banded, by its year.
    ("mobile", "13970316858"),
    ("income", "918273645"),
    ("born", "1987-11-23"),
    // Not at all, and as a digest.
    ("diagnosis", "栽种诊断甲"),
    ("name", "栽种某甲"),
    ("identity", "310118198711236457"),
];
/// What of the mobile number must not be told, whatever is done with the rest.
pub(super) const MIDDLE: &str = "9703168";

const HEAD: &str = "code,town,lon,lat,income,mobile,born,diagnosis,name,identity\n";
const FIRST: &str = "A1,east-town,121.1,31.1,918273645,13970316858,1987-11-23,栽种诊断甲,栽种某甲,310118198711236457\n\
    A2,west-town,121.2,31.2,918400000,13970320000,1987-02-01,栽种诊断乙,栽种某乙,310118198711236457\n\
    A3,east-town,121.3,31.3,1000000,13800001111,1990-01-01,无,路人,310118199001011234\n";
/// The same to everybody from whom the fields are withheld.
const SECOND: &str = "A1,east-town,121.1,31.1,918000001,13912346858,1987-03-03,别的诊断,他人,310118198711236457\n\
    A2,west-town,121.2,31.2,918999999,13999990000,1987-12-31,又一诊断,他人二,310118198711236457\n\
    A3,east-town,121.3,31.3,1000007,13811111111,1990-06-30,,人,310118199001011234\n";

/// Somebody who asks.
pub(super) struct Asker {
    pub(super) name: &'static str,
    pub(super) client: Client,
    pub(super) token: Option<String>,
    /// The planted values withheld from them.
    pub(super) withheld: &'static [(&'static str, &'static str)],
}

/// A node with what was planted.
pub(super) struct Planted {
    pub(super) officer: Asker,
    /// Everybody who may have less, strangers first.
    pub(super) others: Vec<Asker>,
    pub(super) operator: Client,
    pub(super) unit: String,
    /// Ids of the twins.
    pub(super) ids: [String; 2],
    /// An upload of the first twin, with rows that could not be taken.
    pub(super) upload: String,
}

pub(super) const CODES: [&str; 2] = ["twin_a", "twin_b"];

async fn unit(operator: &Client, code: &str) -> String {
    let new = json!({ "code": code, "name": format!("示例单位 {code}"), "kind": "department" });
    let made = operator.post("/api/v1/units", new).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn asker(
    node: &Node,
    operator: &Client,
    name: &'static str,
    roles: Value,
    withheld: &'static [(&'static str, &'static str)],
) -> Asker {
    person(node, operator, name, roles).await;
    let body = json!({ "username": name, "password": PASSWORD });
    let session = node.stranger().post("/api/v1/sessions", body).await;
    let token = session.expect(201).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    Asker {
        name,
        client: node.stranger().bearer(&token),
        token: Some(token),
        withheld,
    }
}

pub(super) async fn plant(node: &Node) -> Planted {
    tianyuan_shield::people::ensure_admin(&node.app, Some(PASSWORD.to_owned()))
        .await
        .unwrap();
    let operator = sign_in(node, "admin", PASSWORD).await;
    let own = unit(&operator, "unit-own").await;
    let other = unit(&operator, "unit-other").await;
    let officer = json!([{ "role": "data_officer" }]);
    let officer = asker(node, &operator, "officer", officer, &[]).await;
    let mut others = vec![Asker {
        name: "stranger",
        client: node.stranger(),
        token: None,
        withheld: &PLANTS,
    }];
    for (name, roles, withheld) in [
        ("citizen", json!([{ "role": "citizen" }]), &PLANTS[..]),
        ("auditor", json!([{ "role": "auditor" }]), &PLANTS[..]),
        (
            "lead-other",
            json!([{ "role": "unit_lead", "unit_id": other }]),
            &PLANTS[..],
        ),
        (
            "reporter-own",
            json!([{ "role": "unit_reporter", "unit_id": own }]),
            &PLANTS[3..],
        ),
    ] {
        others.push(asker(node, &operator, name, roles, withheld).await);
    }
    let mut ids = Vec::new();
    for (code, rows) in CODES.into_iter().zip([FIRST, SECOND]) {
        let id = enter(node, &officer.client, code, &own).await;
        // Two versions, so that an older one can be asked for.
        for _ in 0..2 {
            bring(node, &officer.client, &id, &format!("{HEAD}{rows}"), true).await;
        }
        open(&officer.client, &id).await;
        ids.push(id);
    }
    // Rows that cannot be taken hold planted values too.
    let faulty = format!(
        "{HEAD}{FIRST}A4,east-town,121.4,31.4,栽种某甲,13970316858,1987-11-23,栽种诊断甲,栽种某甲,310118198711236457\nA5,13970316858\n"
    );
    let upload = bring(node, &officer.client, &ids[0], &faulty, false).await;
    node.settle().await;
    Planted {
        officer,
        others,
        operator,
        unit: own,
        ids: ids.try_into().unwrap(),
        upload,
    }
}

pub(super) fn profile(unit: &str) -> Value {
    json!({ "title": "登记表", "unit_id": unit, "update_cycle": "irregular",
        "sharing": "unconditional", "opening": "unconditional", "summary": "示例。",
        "opening_terms": "只开放脱敏后的内容，便于统计。" })
}

pub(super) async fn enter(_: &Node, officer: &Client, code: &str, unit: &str) -> String {
    let new = json!({ "code": code, "profile": profile(unit) });
    let made = officer
        .post("/api/v1/datasets", new)
        .await
        .expect(201)
        .json();
    made["id"].as_str().unwrap().to_owned()
}

/// Publishes a dataset that has rows.
pub(super) async fn open(officer: &Client, id: &str) {
    let path = format!("/api/v1/datasets/{id}/publish");
    officer.post(&path, json!({})).await.expect(200);
}

/// The field of a column, graded.
fn graded(found: &Value, open: bool) -> Value {
    let mut field = found["field"].clone();
    let (grade, otherwise) = match found["column"].as_str().unwrap() {
        "income" => (3, json!({ "kind": "band", "width": 1_000_000 })),
        "mobile" => (
            3,
            json!({ "kind": "mask", "keep_first": 3, "keep_last": 4 }),
        ),
        "born" => (3, json!({ "kind": "year" })),
        "diagnosis" | "name" => (4, Value::Null),
        "identity" => (4, json!({ "kind": "digest" })),
        "code" => {
            field["key"] = json!(true);
            (1, Value::Null)
        }
        _ => (1, Value::Null),
    };
    field["grade"] = json!(if open { 1 } else { grade });
    field["otherwise"] = if open { Value::Null } else { otherwise };
    let kind = match found["column"].as_str().unwrap() {
        "income" => "integer",
        "lon" | "lat" => "number",
        "born" => "date",
        _ => "text",
    };
    field["type"] = json!(kind);
    field["length"] = Value::Null;
    field
}

/// Brings a file; with `whole` it becomes a version. Answers the upload's path.
pub(super) async fn bring(
    node: &Node,
    officer: &Client,
    dataset: &str,
    text: &str,
    whole: bool,
) -> String {
    send(
        node,
        officer,
        dataset,
        "登记表.csv",
        text.as_bytes(),
        whole,
        false,
    )
    .await
}

/// The same of a file of any kind; `open`: every field is for everybody.
pub(super) async fn send(
    node: &Node,
    officer: &Client,
    dataset: &str,
    name: &str,
    bytes: &[u8],
    whole: bool,
    open: bool,
) -> String {
    let new = json!({ "name": name, "size_bytes": bytes.len() });
    let path = format!("/api/v1/datasets/{dataset}/uploads");
    let begun = officer.post(&path, new).await.expect(201).json();
    let upload = format!("/api/v1/uploads/{}", begun["id"].as_str().unwrap());
    let content = format!("{upload}/content?offset=0");
    let media = "application/octet-stream";
    officer
        .send("PUT", &content, media, bytes.to_vec())
        .await
        .expect(200);
    node.settle().await;
    let read = officer.get(&upload).await.expect(200).json();
    assert_eq!(read["state"], "read", "{read}");
    let columns = read["found"]["columns"].as_array().unwrap();
    let fields: Vec<Value> = columns
        .iter()
        .map(|c| json!({ "column": c["column"], "field": graded(c, open) }))
        .collect();
    let body = json!({ "fields": fields, "publish": whole });
    officer
        .post(&format!("{upload}/load"), body)
        .await
        .expect(202);
    node.settle().await;
    let loaded = officer.get(&upload).await.expect(200).json();
    let state = if whole { "loaded" } else { "checked" };
    assert_eq!(loaded["state"], state, "{loaded}");
    upload
}
