//! The route table, walked: strangers are refused everywhere it does not say "public", before
//! anything is parsed; and every mutation leaves a fact.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tianyuan_kernel::http::Access;
use tianyuan_kernel::testkit::{Client, Node};

use crate::support::{PASSWORD, all, on_the_sample_district, person, sign_in};

fn filled(path: &str) -> String {
    // Whatever stands for a parameter: a stranger must not get as far as its meaning.
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push('x');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[tokio::test]
async fn strangers_are_refused_before_their_words_are_read() {
    on_the_sample_district(async |node| {
        let mut looked_at = 0;
        for mount in &node.mounts {
            if mount.access == Access::Public || mount.method == "*" {
                continue;
            }
            let garbage = b"\x00{not json".to_vec();
            let path = filled(&mount.path);
            let answer = node
                .stranger()
                .send(mount.method, &path, "text/x-garbage", garbage)
                .await;
            assert_eq!(
                answer.status,
                401,
                "{} {path}: {}",
                mount.method,
                answer.text()
            );
            assert_eq!(answer.code(), "sign_in_required");
            looked_at += 1;
        }
        assert!(looked_at > 40, "{looked_at} mounts were walked");
    })
    .await;
}

#[tokio::test]
async fn the_document_tells_which_operations_need_no_sign_in() {
    on_the_sample_district(async |node| {
        let document = serde_json::to_value(&node.document).unwrap();
        for mount in &node.mounts {
            let operation = &document["paths"][&mount.path][mount.method.to_lowercase()];
            if operation.is_null() {
                continue;
            }
            let open = operation["security"] == json!([]);
            assert_eq!(
                open,
                mount.access == Access::Public,
                "{} {}",
                mount.method,
                mount.path
            );
        }
    })
    .await;
}

/// One request for every mutation of the API, by somebody who may.
struct Walk<'a> {
    node: &'a Node,
    admin: Client,
    done: BTreeSet<String>,
}

impl Walk<'_> {
    /// Sends it, expects success, and a fact more than before (unless `quiet`).
    async fn step(
        &mut self,
        operation: &str,
        path: &str,
        etag: Option<&str>,
        body: Value,
    ) -> Value {
        let before = self.node.facts().await.len();
        let (method, _) = operation.split_once(' ').unwrap();
        let client = match etag {
            Some(etag) => self.admin.clone().header("if-match", etag),
            None => self.admin.clone(),
        };
        let answer = client
            .send(
                method,
                path,
                "application/json",
                body.to_string().into_bytes(),
            )
            .await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.text());
        let after = self.node.facts().await.len();
        assert!(after > before, "{operation} left no fact");
        self.done.insert(operation.to_owned());
        answer.json()
    }

    async fn raw(&mut self, operation: &str, path: &str, media: &str, bytes: Vec<u8>) -> Value {
        let before = self.node.facts().await.len();
        let (method, _) = operation.split_once(' ').unwrap();
        let answer = self.admin.send(method, path, media, bytes).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.text());
        assert!(
            self.node.facts().await.len() > before,
            "{operation} left no fact"
        );
        self.done.insert(operation.to_owned());
        answer.json()
    }

    async fn etag(&self, path: &str) -> String {
        self.admin
            .get(path)
            .await
            .expect(200)
            .header("etag")
            .unwrap()
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

async fn walk_people(walk: &mut Walk<'_>) {
    let unit = json!({ "code": "new-unit", "name": "新单位", "kind": "department" });
    let unit = walk
        .step("POST /api/v1/units", "/api/v1/units", None, unit)
        .await;
    let path = format!("/api/v1/units/{}", id(&unit));
    let etag = walk.etag(&path).await;
    walk.step(
        "PATCH /api/v1/units/{id}",
        &path,
        Some(&etag),
        json!({ "name": "更名单位" }),
    )
    .await;
    let new = json!({ "username": "walker", "name": "行者" });
    let opened = walk
        .step("POST /api/v1/people", "/api/v1/people", None, new)
        .await;
    let path = format!("/api/v1/people/{}", id(&opened["person"]));
    let etag = walk.etag(&path).await;
    walk.step(
        "PATCH /api/v1/people/{id}",
        &path,
        Some(&etag),
        json!({ "name": "行人" }),
    )
    .await;
    let reset = format!("{path}/password-reset");
    walk.step(
        "POST /api/v1/people/{id}/password-reset",
        &reset,
        None,
        json!({}),
    )
    .await;
    let erase = format!("{path}/erasure");
    walk.step("POST /api/v1/people/{id}/erasure", &erase, None, json!({}))
        .await;
    let ends = walk.node.app.now().plus_seconds(86_400);
    let token = json!({ "name": "t", "scopes": ["read"], "expires_at": ends });
    let token = walk
        .step("POST /api/v1/tokens", "/api/v1/tokens", None, token)
        .await;
    let path = format!("/api/v1/tokens/{}", id(&token));
    walk.step("DELETE /api/v1/tokens/{id}", &path, None, json!({}))
        .await;
    let ask =
        json!({ "role": "citizen", "action": "View", "resource": { "kind": "Plan", "id": "*" } });
    let path = "/api/v1/authorizations/explain";
    walk.step("POST /api/v1/authorizations/explain", path, None, ask)
        .await;
}

async fn walk_sessions(walk: &mut Walk<'_>) {
    let credentials = json!({ "username": "admin", "password": PASSWORD });
    let path = "/api/v1/sessions";
    let signed_in = walk
        .step("POST /api/v1/sessions", path, None, credentials)
        .await;
    let sessions = all(&walk.admin, path).await;
    let other = sessions.iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/api/v1/sessions/{}", id(other));
    walk.step("DELETE /api/v1/sessions/{id}", &path, None, json!({}))
        .await;
    assert!(signed_in["token"].is_string());
    let change = json!({ "current": PASSWORD, "new": "another-bridge" });
    let changed = walk
        .step(
            "POST /api/v1/me/password",
            "/api/v1/me/password",
            None,
            change,
        )
        .await;
    walk.admin = walk
        .node
        .stranger()
        .bearer(changed["token"].as_str().unwrap());
}

async fn walk_plan(walk: &mut Walk<'_>) {
    let plan = all(&walk.admin, "/api/v1/plans").await.remove(0);
    let plan = id(&plan).to_owned();
    let indicator = all(&walk.admin, &format!("/api/v1/plans/{plan}/indicators"))
        .await
        .remove(3);
    let path = format!("/api/v1/indicators/{}", id(&indicator));
    let value = json!({ "at": "2024-06-30", "value": 45, "note": "半年" });
    let values = format!("{path}/values");
    walk.step("POST /api/v1/indicators/{id}/values", &values, None, value)
        .await;
    let etag = walk.etag(&path).await;
    walk.step(
        "PATCH /api/v1/indicators/{id}",
        &path,
        Some(&etag),
        json!({ "metric": "plan.measures_done" }),
    )
    .await;
    let csv = "指标序号,指标,日期,数值,说明\n1,数字经济规模,2024-03-31,600,一季度\n";
    let import = format!("/api/v1/plans/{plan}/values/import");
    walk.raw(
        "POST /api/v1/plans/{id}/values/import",
        &import,
        "text/csv",
        csv.into(),
    )
    .await;
    let measure = all(&walk.admin, &format!("/api/v1/plans/{plan}/measures"))
        .await
        .remove(0);
    let path = format!("/api/v1/measures/{}", id(&measure));
    let etag = walk.etag(&path).await;
    let state = json!({ "state": "under_way", "state_note": "已启动" });
    walk.step("PATCH /api/v1/measures/{id}", &path, Some(&etag), state)
        .await;
    for kind in ["measures", "indicators"] {
        let record = if kind == "measures" {
            id(&measure)
        } else {
            id(&indicator)
        };
        let files = format!("/api/v1/{kind}/{record}/files");
        let operation = format!("POST /api/v1/{kind}/{{id}}/files");
        let upload = format!("{files}?name=a.pdf");
        let file = walk
            .raw(&operation, &upload, "application/pdf", b"%PDF-1.7".to_vec())
            .await;
        let operation = format!("DELETE /api/v1/{kind}/{{id}}/files/{{file_id}}");
        walk.step(
            &operation,
            &format!("{files}/{}", id(&file)),
            None,
            json!({}),
        )
        .await;
    }
    let shares = format!("/api/v1/plans/{plan}/shares");
    let share = json!({ "page": "wall", "expires_at": walk.node.app.now().plus_seconds(3_600) });
    let made = walk
        .step("POST /api/v1/plans/{id}/shares", &shares, None, share)
        .await;
    let path = format!("/api/v1/shares/{}", id(&made["share"]));
    walk.step("DELETE /api/v1/shares/{id}", &path, None, json!({}))
        .await;
    let text = |zh: &str| json!({ "zh": zh, "en": "words" });
    let next = json!({
        "plan": { "code": "next", "title": "下一版", "title_en": "Next", "edition": "2026", "state": "draft",
            "period_from": "2026-01-01", "period_to": "2027-12-31", "summary": text("概要") },
        "units": [{ "code": "shujuju", "name": "数据局", "name_en": "Data Bureau", "kind": "department" }],
        "layers": [{ "code": "platform", "title": "平台层", "title_en": "Platform", "summary": text("层") }],
        "programmes": [{ "number": 1, "title": "计划", "title_en": "Programme", "layer": "platform",
            "focus": text("重点"), "objective": text("目标") }],
        "measures": [{ "number": 1, "title": "举措", "title_en": "Measure", "programme": 1,
            "units": ["数据局"], "summary": text("内容") }],
    });
    let path = "/api/v1/plans/import?mode=apply";
    walk.step("POST /api/v1/plans/import", path, None, next)
        .await;
}

/// Rows that are not open: whoever may have them leaves a fact.
async fn walk_lake(walk: &mut Walk<'_>) {
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
    let refused = walk
        .admin
        .post("/api/v1/sql", ask.clone())
        .await
        .expect(422);
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

#[tokio::test]
async fn every_mutation_leaves_a_fact() {
    on_the_sample_district(async |node| {
        let admin = sign_in(&node, "admin", PASSWORD).await;
        let mut walk = Walk {
            node: &node,
            admin,
            done: BTreeSet::new(),
        };
        walk_people(&mut walk).await;
        walk_plan(&mut walk).await;
        walk_lake(&mut walk).await;
        walk_sessions(&mut walk).await;
        let auditor = person(
            &node,
            &walk.admin,
            "auditor",
            json!([{ "role": "auditor" }]),
        )
        .await;
        let admin = std::mem::replace(&mut walk.admin, auditor);
        let path = "/api/v1/audit/export";
        walk.step("POST /api/v1/audit/export", path, None, json!({}))
            .await;
        walk.admin = admin;
        let jobs = all(&walk.admin, "/api/v1/jobs").await;
        let job = format!("/api/v1/jobs/{}", id(&jobs[0]));
        // Finished jobs can neither be cancelled nor retried; put this one back by hand.
        let mut tx = node.app.db().begin_raw().await.unwrap();
        use tianyuan_kernel::db::Sql as _;
        let args = tianyuan_kernel::args!["queued", node.app.now().plus_seconds(9_999)];
        tx.execute("UPDATE jobs SET state = $1, run_after = $2", args)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let cancel = format!("{job}/cancel");
        walk.step("POST /api/v1/jobs/{id}/cancel", &cancel, None, json!({}))
            .await;
        let retry = format!("{job}/retry");
        walk.step("POST /api/v1/jobs/{id}/retry", &retry, None, json!({}))
            .await;
        let path = "/api/v1/sessions/current";
        walk.step_out("DELETE /api/v1/sessions/current", path).await;
        let mutations: BTreeSet<String> = node
            .mounts
            .iter()
            .filter(|m| m.method != "GET" && m.path.starts_with("/api/"))
            .map(|m| format!("{} {}", m.method, m.path))
            .collect();
        let missing: Vec<_> = mutations.difference(&walk.done).collect();
        assert!(missing.is_empty(), "not walked: {missing:#?}");
    })
    .await;
}

impl Walk<'_> {
    async fn step_out(&mut self, operation: &str, path: &str) {
        let before = self.node.facts().await.len();
        self.admin.delete(path).await.expect(204);
        assert!(
            self.node.facts().await.len() > before,
            "{operation} left no fact"
        );
        self.done.insert(operation.to_owned());
    }
}
