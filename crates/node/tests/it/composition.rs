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
    effects(walk, &plan).await;
    goals(walk, &plan).await;
    let shares = format!("/api/v1/plans/{plan}/shares");
    let share = json!({ "page": "wall", "expires_at": walk.node.app.now().plus_seconds(3_600) });
    let made = walk
        .step("POST /api/v1/plans/{id}/shares", &shares, None, share)
        .await;
    let path = format!("/api/v1/shares/{}", id(&made["share"]));
    walk.step("DELETE /api/v1/shares/{id}", &path, None, json!({}))
        .await;
    walk_papers(walk, &plan).await;
    walk_indices(walk, &plan).await;
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

async fn walk_follow_up(walk: &mut Walk<'_>) {
    let plan = all(&walk.admin, "/api/v1/plans").await.remove(0);
    let base = format!("/api/v1/plans/{}/periods", id(&plan));
    let new = json!({ "span": "quarter", "year": 2024, "number": 2 });
    let operation = "POST /api/v1/plans/{id}/periods";
    let period = walk.step(operation, &base, None, new).await;
    let operation = "POST /api/v1/plans/{id}/periods/calendar";
    let span = json!({ "span": "month" });
    walk.step(operation, &format!("{base}/calendar"), None, span)
        .await;
    let path = format!("/api/v1/periods/{}", id(&period));
    let etag = walk.etag(&path).await;
    let due = json!({ "due": "2024-07-20" });
    walk.step("PATCH /api/v1/periods/{id}", &path, Some(&etag), due)
        .await;
    let remind = format!("{path}/reminders");
    let operation = "POST /api/v1/periods/{id}/reminders";
    walk.step(operation, &remind, None, json!({})).await;
    walk_workbook(walk, &path).await;
    let report = all(&walk.admin, &format!("{path}/reports?measure=10")).await;
    let (report, other) = (&report[0], &report[1]["unit"]["id"]);
    let path = format!("/api/v1/reports/{}", id(report));
    let upload = format!("{path}/files?name=a.pdf");
    let pdf = b"%PDF-1.7".to_vec();
    let operation = "POST /api/v1/reports/{id}/files";
    let file = walk.raw(operation, &upload, "application/pdf", pdf).await;
    let operation = "DELETE /api/v1/reports/{id}/files/{file_id}";
    let file = format!("{path}/files/{}", id(&file));
    walk.step(operation, &file, None, json!({})).await;
    let written = json!({ "state": "under_way", "body": "已启动" });
    let comment = json!({ "comment": "请补充" });
    for (verb, body) in [
        ("delegation", json!({ "unit_id": other })),
        ("", written.clone()),
        ("submit", json!({})),
        ("return", comment),
        ("submit", json!({})),
        ("endorse", json!({})),
        ("accept", json!({})),
    ] {
        let etag = walk.etag(&path).await;
        if verb.is_empty() {
            walk.step("PATCH /api/v1/reports/{id}", &path, Some(&etag), body)
                .await;
        } else {
            let operation = format!("POST /api/v1/reports/{{id}}/{verb}");
            walk.step(&operation, &format!("{path}/{verb}"), Some(&etag), body)
                .await;
        }
    }
    walk_schedule(walk, id(&plan)).await;
}

/// One row of the period's workbook, filled in.
async fn walk_workbook(walk: &mut Walk<'_>, period: &str) {
    use tianyuan_kernel::office::{Out, OutSheet, write_xlsx};
    let report = all(&walk.admin, &format!("{period}/reports?measure=8")).await;
    let text = |words: &str| Out::Text(words.to_owned());
    let sheet = |name: &str, heads: &[&str], rows| OutSheet {
        name: name.to_owned(),
        heads: heads.iter().map(|h| (*h).to_owned()).collect(),
        rows,
        choices: Vec::new(),
    };
    let row = vec![
        text(id(&report[0])),
        Out::Number(1.0),
        text("推进中"),
        text("已启动"),
    ];
    let book = [
        sheet(
            "举措进展",
            &["报告编号", "版本", "本期状态", "本期进展"],
            vec![row],
        ),
        sheet("数值", &["报告编号", "数值编号", "本期数值"], Vec::new()),
    ];
    let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let operation = "POST /api/v1/periods/{id}/workbook";
    let path = format!("{period}/workbook");
    walk.raw(operation, &path, xlsx, write_xlsx(&book).unwrap())
        .await;
}

async fn walk_schedule(walk: &mut Walk<'_>, plan: &str) {
    let measures = all(&walk.admin, &format!("/api/v1/plans/{plan}/measures")).await;
    let path = format!("/api/v1/measures/{}", id(&measures[0]));
    let operation = "POST /api/v1/measures/{id}/milestones";
    let new = json!({ "title": "开工", "due": "2024-12-31" });
    let milestones = format!("{path}/milestones");
    let milestone = walk.step(operation, &milestones, None, new).await;
    let one = format!("/api/v1/milestones/{}", id(&milestone));
    let done = json!({ "done_at": "2024-06-01" });
    let operation = "PATCH /api/v1/milestones/{id}";
    walk.step(operation, &one, Some("\"1\""), done).await;
    walk.step("DELETE /api/v1/milestones/{id}", &one, None, json!({}))
        .await;
    let needs = json!({ "needs_id": measures[1]["id"] });
    let operation = "POST /api/v1/measures/{id}/dependencies";
    let dependencies = format!("{path}/dependencies");
    walk.step(operation, &dependencies, None, needs).await;
    let operation = "DELETE /api/v1/measures/{id}/dependencies/{needs_id}";
    let one = format!("{dependencies}/{}", id(&measures[1]));
    walk.step(operation, &one, None, json!({})).await;
}

async fn walk_papers(walk: &mut Walk<'_>, plan: &str) {
    let paper =
        json!({ "kind": "bulletin", "lang": "zh", "cadence": "quarter", "day": "2024-06-30" });
    let path = format!("/api/v1/plans/{plan}/papers");
    walk.step("POST /api/v1/plans/{id}/papers", &path, None, paper)
        .await;
    let schedule = json!({ "kind": "bulletin", "lang": "zh", "cadence": "year", "days_after": 10 });
    let path = format!("/api/v1/plans/{plan}/paper-schedules");
    let made = walk
        .step(
            "POST /api/v1/plans/{id}/paper-schedules",
            &path,
            None,
            schedule,
        )
        .await;
    let path = format!("/api/v1/paper-schedules/{}", id(&made));
    walk.step(
        "DELETE /api/v1/paper-schedules/{id}",
        &path,
        None,
        json!({}),
    )
    .await;
    let path = "/api/v1/paper-templates/bulletin/zh";
    let template = walk.admin.get(path).await.expect(200).bytes;
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let operation = "PUT /api/v1/paper-templates/{kind}/{lang}";
    walk.raw(operation, path, docx, template).await;
    let operation = "DELETE /api/v1/paper-templates/{kind}/{lang}";
    walk.step(operation, path, None, json!({})).await;
}

/// Two years of quarters, and an event between them.
async fn effects(walk: &mut Walk<'_>, plan: &str) {
    let listed = walk
        .admin
        .get(&format!("/api/v1/plans/{plan}/indicators"))
        .await;
    let listed = listed.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    let point = items.iter().find(|i| i["nature"] != "flow").unwrap();
    let indicator = format!("/api/v1/indicators/{}", id(point));
    for (i, day) in ["03-31", "06-30", "09-30", "12-31"]
        .into_iter()
        .cycle()
        .take(8)
        .enumerate()
    {
        let body = json!({ "at": format!("{}-{day}", 2021 + i / 4), "value": 10 + i });
        let values = format!("{indicator}/values");
        walk.admin.post(&values, body).await.expect(201);
    }
    let event = json!({ "at": "2022-01-01", "event": "示例" });
    let path = format!("{indicator}/effects");
    let kept = walk
        .step("POST /api/v1/indicators/{id}/effects", &path, None, event)
        .await;
    walk.step_out(
        "DELETE /api/v1/effects/{id}",
        &format!("/api/v1/effects/{}", id(&kept)),
    )
    .await;
}

/// Rounds, channels, opinions by every way in, groups, decisions, votes.
async fn walk_participation(walk: &mut Walk<'_>) {
    let plan = all(&walk.admin, "/api/v1/plans").await.remove(0);
    let path = format!("/api/v1/plans/{}/rounds", id(&plan));
    let today = walk.node.app.now().date();
    let new = json!({
        "title": "示例轮次", "question": "请提意见", "opens_on": today, "closes_on": today,
        "review": false, "channels": ["written", "web"],
    });
    let round = walk
        .step("POST /api/v1/plans/{id}/rounds", &path, None, new)
        .await;
    let path = format!("/api/v1/rounds/{}", id(&round));
    let channels = format!("{path}/channels");
    let hearing = json!({ "kind": "hearing", "name": "听证会", "counted": false });
    let hearing = walk
        .step(
            "POST /api/v1/rounds/{id}/channels",
            &channels,
            None,
            hearing,
        )
        .await;
    let channel = format!("/api/v1/channels/{}", id(&hearing));
    let form = json!({ "name": "听证会", "counted": false, "held": "六月" });
    walk.step("PATCH /api/v1/channels/{id}", &channel, Some("\"1\""), form)
        .await;
    walk.step("DELETE /api/v1/channels/{id}", &channel, None, json!({}))
        .await;
    let etag = walk.etag(&path).await;
    let open = json!({ "state": "open" });
    walk.step("PATCH /api/v1/rounds/{id}", &path, Some(&etag), open)
        .await;
    let written = id(&round["channels"][0]).to_owned();
    let opinions = format!("{path}/opinions");
    let one = json!({ "channel_id": written, "text": "多建充电桩" });
    let opinion = walk
        .step("POST /api/v1/rounds/{id}/opinions", &opinions, None, one)
        .await;
    let many = json!({ "channel_id": written, "text": "老小区停车难\n医院挂号排队久" });
    let paste = format!("{opinions}/paste?mode=apply");
    walk.step(
        "POST /api/v1/rounds/{id}/opinions/paste",
        &paste,
        None,
        many,
    )
    .await;
    let import = format!("{opinions}/import?mode=apply&channel_id={written}");
    let csv = "意见,举措序号\n公交班次太少,1\n".to_owned().into_bytes();
    walk.raw(
        "POST /api/v1/rounds/{id}/opinions/import",
        &import,
        "text/csv",
        csv,
    )
    .await;
    let own = format!("/api/v1/opinions/{}", id(&opinion));
    let apart = json!({ "own_topic": true });
    walk.step("PATCH /api/v1/opinions/{id}", &own, None, apart)
        .await;
    let files = format!("{own}/files?name=a.pdf");
    let pdf = b"%PDF-1.7".to_vec();
    walk.raw(
        "POST /api/v1/opinions/{id}/files",
        &files,
        "application/pdf",
        pdf,
    )
    .await;
    let decision = json!({ "outcome": "adopted", "reason": "确有需要" });
    let path = format!("{own}/decision");
    walk.step(
        "POST /api/v1/opinions/{id}/decision",
        &path,
        None,
        decision.clone(),
    )
    .await;
    let path = format!("{own}/erasure");
    walk.step(
        "POST /api/v1/opinions/{id}/erasure",
        &path,
        None,
        json!({ "words": true }),
    )
    .await;
    walk_topics(walk, id(&round), &decision).await;
}

async fn walk_topics(walk: &mut Walk<'_>, round: &str, decision: &Value) {
    let send = format!("/api/v1/open/rounds/{round}/opinions");
    let mut sent = Value::Null;
    for text in [
        "请增加夜间公交班次",
        "请增加夜间公交班次频率",
        "河道要常清理",
    ] {
        let body = answered(walk, round, json!({ "text": text })).await;
        sent = walk
            .step("POST /api/v1/open/rounds/{id}/opinions", &send, None, body)
            .await;
    }
    let files = format!(
        "/api/v1/open/submissions/{}/files?name=a.pdf",
        sent["token"].as_str().unwrap()
    );
    let pdf = b"%PDF-1.7".to_vec();
    let operation = "POST /api/v1/open/submissions/{token}/files";
    walk.raw(operation, &files, "application/pdf", pdf).await;
    let voted = format!("/api/v1/open/topics/{}/votes", id(&sent["topic"]));
    let vote = answered(
        walk,
        round,
        json!({ "device": "ab".repeat(16), "vote": "agree" }),
    )
    .await;
    walk.step("POST /api/v1/open/topics/{id}/votes", &voted, None, vote)
        .await;
    let topics = all(&walk.admin, &format!("/api/v1/rounds/{round}/topics")).await;
    let (first, second) = (id(&topics[0]).to_owned(), id(&topics[1]).to_owned());
    let path = format!("/api/v1/topics/{second}");
    let etag = walk.etag(&path).await;
    let name = json!({ "title": "另一个名字" });
    walk.step("PATCH /api/v1/topics/{id}", &path, Some(&etag), name)
        .await;
    let merge = format!("{path}/merge");
    walk.step(
        "POST /api/v1/topics/{id}/merge",
        &merge,
        None,
        json!({ "into": first }),
    )
    .await;
    let path = format!("/api/v1/topics/{first}");
    let opinions = all(&walk.admin, &format!("{path}/opinions")).await;
    let split = json!({ "opinions": [id(&opinions[0])], "title": "拆出来的" });
    walk.step(
        "POST /api/v1/topics/{id}/split",
        &format!("{path}/split"),
        None,
        split,
    )
    .await;
    let operation = "POST /api/v1/topics/{id}/decision";
    walk.step(
        operation,
        &format!("{path}/decision"),
        None,
        decision.clone(),
    )
    .await;
}

/// A body with the challenge of the public page answered.
async fn answered(walk: &Walk<'_>, round: &str, mut body: Value) -> Value {
    let path = format!("/api/v1/open/rounds/{round}/challenge");
    let asked = walk.node.stranger().get(&path).await.expect(200).json();
    let challenge = asked["challenge"].as_str().unwrap();
    let bits = u32::try_from(asked["bits"].as_u64().unwrap()).unwrap();
    body["solution"] = tianyuan_plan::participation::open::guard::solve(challenge, bits).into();
    body["challenge"] = challenge.into();
    body
}

/// A goal that is counted from entries.
async fn goals(walk: &mut Walk<'_>, plan: &str) {
    let listed = walk.admin.get(&format!("/api/v1/plans/{plan}/goals")).await;
    let listed = listed.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    let by_entries = |g: &&Value| g["source"] == "entries" && g["goal"]["kind"] == "cumulative";
    let goal = items.iter().find(by_entries).unwrap();
    let path = format!("/api/v1/goals/{}", id(&goal["goal"]));
    let at = walk.node.app.now().date().to_string();
    let entry = json!({ "name": "示例企业", "at": at });
    let entries = format!("{path}/entries");
    let made = walk
        .step("POST /api/v1/goals/{id}/entries", &entries, None, entry)
        .await;
    let sheet = format!("名称,日期\n示例企业二,{at}\n").into_bytes();
    let import = format!("{entries}/import");
    walk.raw(
        "POST /api/v1/goals/{id}/entries/import",
        &import,
        "text/csv",
        sheet,
    )
    .await;
    let files = format!("/api/v1/goal-entries/{}/files?name=a.pdf", id(&made));
    let pdf = b"%PDF-1.4\n%%EOF\n".to_vec();
    walk.raw(
        "POST /api/v1/goal-entries/{id}/files",
        &files,
        "application/pdf",
        pdf,
    )
    .await;
    let strike = format!("/api/v1/goal-entries/{}/strike", id(&made));
    let reason = json!({ "reason": "示例" });
    walk.step(
        "POST /api/v1/goal-entries/{id}/strike",
        &strike,
        None,
        reason,
    )
    .await;
    let patch = json!({ "source": "metric", "metric": "plan.measures_done" });
    walk.step("PATCH /api/v1/goals/{id}", &path, Some("\"1\""), patch)
        .await;
}

async fn walk_indices(walk: &mut Walk<'_>, plan: &str) {
    let indices = format!("/api/v1/plans/{plan}/indices");
    let body = json!({ "name": "评价", "scope": "unit" });
    let made = walk
        .step("POST /api/v1/plans/{id}/indices", &indices, None, body)
        .await;
    let path = format!("/api/v1/indices/{}", id(&made));
    let name = json!({ "name": "评价二" });
    walk.step("PATCH /api/v1/indices/{id}", &path, Some("\"1\""), name)
        .await;
    let results = format!("{path}/results");
    walk.step(
        "POST /api/v1/indices/{id}/results",
        &results,
        None,
        json!({}),
    )
    .await;
    walk.step("DELETE /api/v1/indices/{id}", &path, None, json!({}))
        .await;
    let sheet = "对象,件数\n甲,1\n乙,2\n".as_bytes().to_vec();
    let import = format!("{indices}/import?name=sheet");
    walk.raw(
        "POST /api/v1/plans/{id}/indices/import",
        &import,
        "text/csv",
        sheet,
    )
    .await;

    walk_warnings(walk, plan).await;
}

async fn walk_warnings(walk: &mut Walk<'_>, plan: &str) {
    // Whatever the sample's figures: nothing is newer than yesterday's.
    let rule = json!({ "kind": "stale", "threshold": 1, "severity": "low", "tell_office": true,
        "tell_leads": false, "tell_reporters": false });
    let rules = "/api/v1/warning-rules";
    let made = walk
        .step("POST /api/v1/warning-rules", rules, None, rule)
        .await;
    let rule = format!("{rules}/{}", id(&made));
    let look = format!("/api/v1/plans/{plan}/warnings/look");
    walk.step(
        "POST /api/v1/plans/{id}/warnings/look",
        &look,
        None,
        json!({}),
    )
    .await;
    let warnings = all(&walk.admin, "/api/v1/warnings").await;
    let path = format!("/api/v1/warnings/{}", id(&warnings[0]));
    for (verb, body) in [
        ("acknowledge", json!({})),
        ("answer", json!({ "words": "已核对" })),
        ("close", json!({ "words": "已处理" })),
        ("reopen", json!({ "words": "再看" })),
    ] {
        let operation = format!("POST /api/v1/warnings/{{id}}/{verb}");
        walk.step(&operation, &format!("{path}/{verb}"), None, body)
            .await;
    }
    let off = json!({ "enabled": false });
    walk.step(
        "PATCH /api/v1/warning-rules/{id}",
        &rule,
        Some("\"1\""),
        off,
    )
    .await;
    walk.step("DELETE /api/v1/warning-rules/{id}", &rule, None, json!({}))
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
        walk_follow_up(&mut walk).await;
        walk_participation(&mut walk).await;
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
