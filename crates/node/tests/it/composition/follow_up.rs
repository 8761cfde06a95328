//! Periods and reports.

use serde_json::json;

use super::{Walk, id};
use crate::support::all;

pub(super) async fn walk_follow_up(walk: &mut Walk<'_>) {
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
