//! Journeys of people through the router, with the real authority.

use serde_json::{Value, json};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind};
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::testkit::{Client, Node, each_backend_with};

use crate::people::ensure_admin;

const PASSWORD: &str = "river-and-bridge";

/// Runs a journey on both databases.
async fn journey<F: AsyncFn(Node)>(configure: impl Fn(&mut Config), test: F) {
    let compose = |config: &Config| {
        let (room, authority) = crate::room(config).unwrap();
        (vec![room], authority)
    };
    each_backend_with(compose, configure, async |node| {
        ensure_admin(&node.app, Some(PASSWORD.to_owned()))
            .await
            .unwrap();
        test(node).await;
    })
    .await;
}

async fn sign_in(node: &Node, username: &str, password: &str) -> Client {
    let body = json!({ "username": username, "password": password });
    let answer = node
        .stranger()
        .post("/api/v1/sessions", body)
        .await
        .expect(201);
    node.stranger()
        .bearer(answer.json()["token"].as_str().unwrap())
}

async fn unit(node: &Node, code: &str) -> String {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    let unit = Unit {
        id: UnitId::new(&node.app),
        code: code.to_owned(),
        name: format!("{code}局"),
        name_en: String::new(),
        kind: UnitKind::Department,
        members: Vec::new(),
        version: 1,
    };
    party::insert(&mut tx, &unit).await.unwrap();
    tx.commit().await.unwrap();
    unit.id.to_string()
}

async fn open(client: &Client, username: &str, roles: Value) -> Value {
    let body = json!({ "username": username, "name": "某某", "roles": roles });
    client.post("/api/v1/people", body).await.expect(201).json()
}

#[tokio::test]
async fn the_first_account_signs_in_and_opens_one_that_must_choose_its_password() {
    journey(
        |_| {},
        async |node| {
            assert_eq!(
                ensure_admin(&node.app, None).await.unwrap(),
                None,
                "only once"
            );
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let unit = unit(&node, "jingwei").await;
            let opened = open(
                &admin,
                "reporter",
                json!([{ "role": "unit_reporter", "unit_id": unit }]),
            )
            .await;
            let first = opened["initial_password"].as_str().unwrap();
            let reporter = sign_in(&node, "reporter", first).await;
            let refused = reporter.get("/api/v1/units").await.expect(403);
            assert_eq!(refused.code(), "password_change_required");
            assert_eq!(
                reporter.get("/api/v1/me").await.expect(200).json()["must_change_password"],
                true
            );
            let wrong = json!({ "current": "nonsense-nonsense", "new": "bridge-and-river" });
            assert_eq!(
                reporter
                    .post("/api/v1/me/password", wrong)
                    .await
                    .expect(422)
                    .code(),
                "password_wrong"
            );
            let weak = json!({ "current": first, "new": "aaaaaaaaaaaaaa" });
            assert_eq!(
                reporter
                    .post("/api/v1/me/password", weak)
                    .await
                    .expect(422)
                    .code(),
                "password_weak"
            );
            let right = json!({ "current": first, "new": "bridge-and-river" });
            let changed = reporter
                .post("/api/v1/me/password", right)
                .await
                .expect(200)
                .json();
            reporter.get("/api/v1/me").await.expect(401);
            let reporter = node.stranger().bearer(changed["token"].as_str().unwrap());
            reporter.get("/api/v1/units").await.expect(200);
            reporter.get("/api/v1/people").await.expect(403);
            assert_eq!(
                reporter
                    .post("/api/v1/people", json!({ "username": "x1", "name": "x" }))
                    .await
                    .code(),
                "not_allowed"
            );
            let facts = node.facts().await;
            assert!(
                facts.iter().any(|(kind, _)| kind == "access.refused"),
                "{facts:?}"
            );
        },
    )
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_for_the_account_and_address_together() {
    journey(
        |_| {},
        async |node| {
            let wrong = json!({ "username": "admin", "password": "wrong-wrong-wrong" });
            for _ in 0..5 {
                node.stranger()
                    .post("/api/v1/sessions", wrong.clone())
                    .await
                    .expect(401);
            }
            let slowed = node
                .stranger()
                .post("/api/v1/sessions", wrong)
                .await
                .expect(429);
            assert_eq!(slowed.code(), "sign_in_slowed");
            assert_eq!(slowed.header("retry-after").as_deref(), Some("2"));
            let ghost = json!({ "username": "nobody", "password": "wrong-wrong-wrong" });
            node.stranger()
                .post("/api/v1/sessions", ghost)
                .await
                .expect(401);
            node.advance(3);
            sign_in(&node, "admin", PASSWORD).await;
            let failures = node
                .facts()
                .await
                .into_iter()
                .filter(|f| f.0 == "session.failed")
                .count();
            assert_eq!(failures, 5, "a stranger's guess at nobody leaves no fact");
        },
    )
    .await;
}

#[tokio::test]
async fn a_browser_gets_a_cookie_it_cannot_read_and_must_send_its_token_back() {
    journey(
        |_| {},
        async |node| {
            let browser = node.stranger().header("x-tianyuan-browser", "1");
            let body = json!({ "username": "admin", "password": PASSWORD });
            let answer = browser.post("/api/v1/sessions", body).await.expect(201);
            assert!(answer.json().get("token").is_none());
            let cookie = answer.header("set-cookie").unwrap();
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
                "{cookie}"
            );
            let pair = cookie.split(';').next().unwrap().to_owned();
            let browser = node.stranger().header("cookie", &pair);
            let me = browser.get("/api/v1/me").await.expect(200).json();
            let change = json!({ "code": "new-unit", "name": "新单位", "kind": "department" });
            assert_eq!(
                browser
                    .post("/api/v1/units", change.clone())
                    .await
                    .expect(403)
                    .code(),
                "csrf"
            );
            let forged = browser
                .clone()
                .header("x-csrf-token", "0".repeat(32).as_str());
            assert_eq!(
                forged
                    .post("/api/v1/units", change.clone())
                    .await
                    .expect(403)
                    .code(),
                "csrf"
            );
            let right = browser
                .clone()
                .header("x-csrf-token", me["csrf_token"].as_str().unwrap());
            right.post("/api/v1/units", change).await.expect(201);
            let out = right.delete("/api/v1/sessions/current").await.expect(204);
            assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
            browser.get("/api/v1/me").await.expect(401);
        },
    )
    .await;
}

#[tokio::test]
async fn sessions_run_out_by_silence_and_by_age_and_can_be_revoked() {
    journey(
        |c| c.identity.session_idle_minutes = 10,
        async |node| {
            let one = sign_in(&node, "admin", PASSWORD).await;
            let two = sign_in(&node, "admin", PASSWORD).await;
            let list = one.get("/api/v1/sessions").await.expect(200).json();
            let other = list["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|s| s["current"] == false);
            let id = other.unwrap()["id"].as_str().unwrap();
            one.delete(&format!("/api/v1/sessions/{id}"))
                .await
                .expect(204);
            assert_eq!(
                two.get("/api/v1/me").await.expect(401).code(),
                "token_invalid"
            );
            for _ in 0..3 {
                node.advance(8 * 60);
                one.get("/api/v1/me").await.expect(200);
            }
            node.advance(11 * 60);
            one.get("/api/v1/me").await.expect(401);
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_does_what_its_scopes_allow_until_it_ends() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let new = |scopes: Value, days: i64| {
                let ends = node.app.now().plus_seconds(days * 86_400);
                json!({ "name": "脚本", "scopes": scopes, "expires_at": ends })
            };
            let too_long = admin
                .post("/api/v1/tokens", new(json!(["read"]), 500))
                .await
                .expect(422);
            assert_eq!(too_long.json()["field"], "expires_at");
            let made = admin
                .post("/api/v1/tokens", new(json!(["read"]), 1))
                .await
                .expect(201)
                .json();
            let reader = node.stranger().bearer(made["token"].as_str().unwrap());
            reader.get("/api/v1/units").await.expect(200);
            let unit = json!({ "code": "new-unit", "name": "新单位", "kind": "department" });
            reader.post("/api/v1/units", unit.clone()).await.expect(403);
            let made = admin
                .post("/api/v1/tokens", new(json!(["read", "write"]), 1))
                .await
                .expect(201);
            let made = made.json();
            let writer = node.stranger().bearer(made["token"].as_str().unwrap());
            writer.post("/api/v1/units", unit).await.expect(201);
            let list = admin.get("/api/v1/tokens").await.expect(200).json();
            assert!(
                list["items"][0].get("token").is_none(),
                "a token is shown once"
            );
            let id = made["id"].as_str().unwrap();
            admin
                .delete(&format!("/api/v1/tokens/{id}"))
                .await
                .expect(204);
            writer.get("/api/v1/units").await.expect(401);
            node.advance(2 * 86_400);
            reader.get("/api/v1/units").await.expect(401);
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_gives_what_they_may_not_give_and_the_last_operator_stays() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let office = open(&admin, "office", json!([{ "role": "plan_office" }])).await;
            let first = office["initial_password"].as_str().unwrap();
            let office_client = sign_in(&node, "office", first).await;
            let change = json!({ "current": first, "new": "bridge-and-river" });
            let token = office_client
                .post("/api/v1/me/password", change)
                .await
                .expect(200)
                .json();
            let office_client = node.stranger().bearer(token["token"].as_str().unwrap());
            let operator =
                json!({ "username": "evil", "name": "x", "roles": [{ "role": "operator" }] });
            let refused = office_client
                .post("/api/v1/people", operator)
                .await
                .expect(422);
            assert_eq!(refused.code(), "role_not_yours_to_give");
            let people = admin.get("/api/v1/people?q=admin").await.expect(200).json();
            let admin_id = people["items"][0]["id"].as_str().unwrap().to_owned();
            let reset = format!("/api/v1/people/{admin_id}/password-reset");
            assert_eq!(
                office_client
                    .post(&reset, json!({}))
                    .await
                    .expect(422)
                    .code(),
                "role_not_yours_to_give"
            );
            let path = format!("/api/v1/people/{admin_id}");
            let etag = admin.get(&path).await.expect(200).header("etag").unwrap();
            let strip = json!({ "roles": [{ "role": "plan_office" }] });
            assert_eq!(
                admin
                    .patch(&path, &etag, strip.clone())
                    .await
                    .expect(409)
                    .code(),
                "last_operator"
            );
            let suspend = json!({ "state": "suspended" });
            assert_eq!(
                admin.patch(&path, &etag, suspend).await.expect(409).code(),
                "not_yourself"
            );
            assert_eq!(
                admin.patch(&path, "\"99\"", strip).await.expect(412).code(),
                "changed_meanwhile"
            );
            let unscoped =
                json!({ "username": "r2", "name": "x", "roles": [{ "role": "unit_reporter" }] });
            let refused = admin.post("/api/v1/people", unscoped).await.expect(422);
            assert_eq!(refused.json()["field"], "roles[0].unit_id");
        },
    )
    .await;
}

#[tokio::test]
async fn erasing_a_person_takes_their_name_and_words_and_leaves_the_order_of_facts() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let opened = open(&admin, "zhangsan", json!([{ "role": "auditor" }])).await;
            let id = opened["person"]["id"].as_str().unwrap().to_owned();
            sign_in(
                &node,
                "zhangsan",
                opened["initial_password"].as_str().unwrap(),
            )
            .await;
            let erased = admin
                .post(&format!("/api/v1/people/{id}/erasure"), json!({}))
                .await
                .expect(200);
            assert_eq!(erased.json()["state"], "erased");
            assert_eq!(erased.json()["name"], "");
            node.settle().await;
            let facts = admin.get("/api/v1/audit?limit=200").await.expect(200);
            assert!(!facts.text().contains("zhangsan") && !facts.text().contains("某某"));
            let rows = facts.json()["items"].as_array().unwrap().clone();
            assert!(
                rows.iter()
                    .any(|r| r["kind"] == "person.created" && r["erased"] == true)
            );
            assert!(
                rows.iter()
                    .any(|r| r["kind"] == "person.erased" && r["erased"] == false)
            );
            let seqs: Vec<i64> = rows.iter().map(|r| r["seq"].as_i64().unwrap()).collect();
            assert!(seqs.windows(2).all(|w| w[0] == w[1] + 1), "{seqs:?}");
            let again = admin
                .post(&format!("/api/v1/people/{id}/erasure"), json!({}))
                .await
                .expect(409);
            assert_eq!(again.code(), "erased");
        },
    )
    .await;
}

#[tokio::test]
async fn who_may_do_what_is_answered_with_the_policy_and_leaves_a_fact() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let ask = json!({
                "role": "unit_reporter", "unit_id": "unit_a", "action": "Record",
                "resource": { "kind": "Indicator", "id": "x", "units": ["unit_a"] },
            });
            let yes = admin
                .post("/api/v1/authorizations/explain", ask.clone())
                .await
                .expect(200)
                .json();
            assert_eq!(yes["allowed"], true);
            assert_eq!(yes["policies"][0]["id"], "unit-record");
            let mut ask = ask;
            ask["resource"]["units"] = json!(["unit_b"]);
            let no = admin
                .post("/api/v1/authorizations/explain", ask.clone())
                .await
                .expect(200)
                .json();
            assert_eq!(
                (no["allowed"].clone(), no["policies"].clone()),
                (json!(false), json!([]))
            );
            ask["resource"]["kind"] = json!("Spaceship");
            let wrong = admin
                .post("/api/v1/authorizations/explain", ask)
                .await
                .expect(422);
            assert_eq!(wrong.json()["field"], "resource.kind");
            let facts = node.facts().await;
            assert_eq!(
                facts
                    .iter()
                    .filter(|f| f.0 == "authorization.explained")
                    .count(),
                2
            );
            let export = admin.post("/api/v1/audit/export", json!({})).await;
            assert_eq!(export.status, 403, "only auditors take the audit out");
        },
    )
    .await;
}
