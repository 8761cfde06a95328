//! People, units, tokens and sessions.

use serde_json::json;

use super::{Walk, id};
use crate::support::{PASSWORD, all};

pub(super) async fn walk_people(walk: &mut Walk<'_>) {
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

pub(super) async fn walk_sessions(walk: &mut Walk<'_>) {
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
