//! Rounds, opinions, topics.

use serde_json::{Value, json};

use super::{Walk, id};
use crate::support::all;

/// Rounds, channels, opinions by every way in, groups, decisions, votes.
pub(super) async fn walk_participation(walk: &mut Walk<'_>) {
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
    let paper = format!("/api/v1/rounds/{}/papers", id(&round));
    walk.step(
        "POST /api/v1/rounds/{id}/papers",
        &paper,
        None,
        json!({ "lang": "zh" }),
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
