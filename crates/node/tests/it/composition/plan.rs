//! The plan: figures, goals, papers, indices, warnings.

use serde_json::{Value, json};

use super::{Walk, id};
use crate::support::all;

pub(super) async fn walk_plan(walk: &mut Walk<'_>) {
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
