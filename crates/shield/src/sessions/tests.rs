//! Journeys of signing in, out, and of tokens.

use serde_json::{Value, json};
use tianyuan_kernel::prelude::*;

use crate::journey::{PASSWORD, join, journey, sign_in, token};

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
async fn a_token_makes_no_token_changes_no_password_and_no_operator() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let (id, _) = join(&node, &admin, "lisi", json!([{ "role": "auditor" }])).await;
            let change = json!({ "current": PASSWORD, "new": "another-password" });
            let ends = node.app.now().plus_seconds(86_400);
            let new = json!({ "name": "脚本", "scopes": ["read"], "expires_at": ends });
            for scopes in [json!(["read"]), json!(["read", "write"])] {
                let script = token(&node, &admin, scopes.clone()).await;
                for (path, body) in [
                    ("/api/v1/tokens".to_owned(), new.clone()),
                    ("/api/v1/me/password".to_owned(), change.clone()),
                    (format!("/api/v1/people/{id}/password-reset"), json!({})),
                ] {
                    let answer = script.post(&path, body).await.expect(403);
                    let told = ["session_required", "not_allowed"];
                    assert!(told.contains(&answer.code().as_str()), "{path} {scopes}");
                }
            }
            let script = token(&node, &admin, json!(["read", "write"])).await;
            let operator =
                json!({ "username": "evil", "name": "x", "roles": [{ "role": "operator" }] });
            let refused = script.post("/api/v1/people", operator).await.expect(422);
            assert_eq!(refused.code(), "role_not_yours_to_give");
            let me = admin.get("/api/v1/me").await.expect(200).json();
            let own = me["person"]["id"].as_str().unwrap();
            let own = format!("/api/v1/people/{own}/password-reset");
            let refused = admin.post(&own, json!({})).await.expect(409);
            assert_eq!(refused.code(), "own_password");
        },
    )
    .await;
}

#[tokio::test]
async fn guessing_the_present_password_is_slowed_like_signing_in() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let wrong = json!({ "current": "wrong-wrong-wrong", "new": "another-password" });
            for _ in 0..5 {
                let refused = admin.post("/api/v1/me/password", wrong.clone()).await;
                assert_eq!(refused.expect(422).code(), "password_wrong");
            }
            // Also the right one has to wait, and so has signing in.
            let right = json!({ "current": PASSWORD, "new": "another-password" });
            let slowed = admin.post("/api/v1/me/password", right.clone()).await;
            let slowed = slowed.expect(429);
            assert_eq!(slowed.code(), "sign_in_slowed");
            assert_eq!(slowed.header("retry-after").as_deref(), Some("2"));
            let credentials = json!({ "username": "admin", "password": PASSWORD });
            node.stranger()
                .post("/api/v1/sessions", credentials)
                .await
                .expect(429);
            let noted = node.facts().await;
            let noted = noted.iter().filter(|f| f.0 == "session.failed");
            assert_eq!(noted.count(), 5);
            node.advance(3);
            admin.post("/api/v1/me/password", right).await.expect(200);
        },
    )
    .await;
}

#[tokio::test]
async fn sessions_and_tokens_follow_what_becomes_of_their_person() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let change = async |id: &str, to: Value| {
                let path = format!("/api/v1/people/{id}");
                let etag = admin.get(&path).await.expect(200).header("etag").unwrap();
                admin.patch(&path, &etag, to).await.expect(200);
            };
            let auditor = json!([{ "role": "auditor" }]);
            let (id, session) = join(&node, &admin, "lisi", auditor.clone()).await;
            let script = token(&node, &session, json!(["read"])).await;
            script.get("/api/v1/people").await.expect(200);
            // Other roles: the session ends, the token has the new ones at once.
            change(&id, json!({ "roles": [{ "role": "data_officer" }] })).await;
            session.get("/api/v1/units").await.expect(401);
            script.get("/api/v1/people").await.expect(403);
            script.get("/api/v1/units").await.expect(200);
            // Suspended: neither lets anybody in, and nobody signs in.
            let session = sign_in(&node, "lisi", PASSWORD).await;
            change(&id, json!({ "state": "suspended" })).await;
            session.get("/api/v1/units").await.expect(401);
            script.get("/api/v1/units").await.expect(401);
            let credentials = json!({ "username": "lisi", "password": PASSWORD });
            let refused = node.stranger().post("/api/v1/sessions", credentials).await;
            refused.expect(401);
            change(&id, json!({ "state": "active" })).await;
            session.get("/api/v1/units").await.expect(401);
            // A reset ends both for good.
            let session = sign_in(&node, "lisi", PASSWORD).await;
            script.get("/api/v1/units").await.expect(200);
            let reset = format!("/api/v1/people/{id}/password-reset");
            let first = admin.post(&reset, json!({})).await.expect(200).json();
            session.get("/api/v1/units").await.expect(401);
            let first = first["initial_password"].as_str().unwrap();
            let session = sign_in(&node, "lisi", first).await;
            let chosen = json!({ "current": first, "new": "another-password" });
            session
                .post("/api/v1/me/password", chosen)
                .await
                .expect(200);
            let gone = script.get("/api/v1/units").await.expect(401);
            assert_eq!(gone.code(), "token_invalid");
        },
    )
    .await;
}

#[tokio::test]
async fn who_was_changed_while_they_proved_themselves_gets_no_session() {
    journey(
        |_| {},
        async |node| {
            let mut reader = node.app.db().read().await.unwrap();
            let admin = crate::people::store::by_username(&mut reader, "admin").await;
            let mut admin = admin.unwrap().unwrap();
            drop(reader);
            admin.version -= 1;
            let mut tx = Tx::begin(&node.app, None).await.unwrap();
            let refused = super::open(&mut tx, &admin, None, None, "password").await;
            assert_eq!(refused.err().unwrap().code(), "account_changed");
            let set = crate::people::store::set_password(&mut tx, &mut admin, "x", false).await;
            assert_eq!(set.unwrap_err().code(), "account_changed");
        },
    )
    .await;
}

/// Everything that is kept for idempotent requests, as one text.
async fn kept(node: &tianyuan_kernel::testkit::Node) -> (usize, String) {
    let mut reader = node.app.db().read().await.unwrap();
    let all = "SELECT operation, body FROM idempotency";
    let rows = reader.all(all, args![]).await.unwrap();
    let of = |row: &Row| {
        let body = row.text_opt("body").unwrap().unwrap_or_default();
        format!("{} {body}\n", row.text("operation").unwrap())
    };
    (rows.len(), rows.iter().map(of).collect())
}

#[tokio::test]
async fn no_secret_is_kept_under_an_idempotency_key() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let keyed = |client: &tianyuan_kernel::testkit::Client| {
                client.clone().header("idempotency-key", "k-1")
            };
            // Signing in, making a token, choosing and resetting a password ignore the key: each
            // time is another time.
            let credentials = json!({ "username": "admin", "password": PASSWORD });
            let again = keyed(&node.stranger());
            for _ in 0..2 {
                let answer = again.post("/api/v1/sessions", credentials.clone()).await;
                let answer = answer.expect(201);
                assert!(answer.header("idempotency-replayed").is_none());
                let first = token(&node, &keyed(&admin), json!(["read"])).await;
                first.get("/api/v1/units").await.expect(200);
            }
            // An account is opened once; its password is told once.
            let new = json!({ "username": "lisi", "name": "某某", "roles": [] });
            let opened = keyed(&admin).post("/api/v1/people", new.clone()).await;
            let opened = opened.expect(201).json();
            let first = opened["initial_password"].as_str().unwrap();
            let again = keyed(&admin).post("/api/v1/people", new).await.expect(201);
            assert_eq!(
                again.header("idempotency-replayed").as_deref(),
                Some("true")
            );
            assert_eq!(again.json()["initial_password"], Value::Null);
            assert_eq!(again.json()["person"], opened["person"]);
            let lisi = sign_in(&node, "lisi", first).await;
            let change = json!({ "current": first, "new": "another-password" });
            let changed = keyed(&lisi).post("/api/v1/me/password", change).await;
            assert!(changed.expect(200).json()["token"].is_string());
            let id = opened["person"]["id"].as_str().unwrap();
            let reset = format!("/api/v1/people/{id}/password-reset");
            keyed(&admin).post(&reset, json!({})).await.expect(200);
            let (rows, text) = kept(&node).await;
            assert_eq!(rows, 1, "{text}");
            for secret in [first, "ts_", "tt_"] {
                assert!(!text.contains(secret), "{text}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn where_browsers_come_by_https_the_cookie_goes_by_https_only() {
    journey(
        |c| c.server.public_url = Some("https://trunk.example".parse().unwrap()),
        async |node| {
            let browser = node.stranger().header("x-tianyuan-browser", "1");
            let body = json!({ "username": "admin", "password": PASSWORD });
            let answer = browser.post("/api/v1/sessions", body).await.expect(201);
            let cookie = answer.header("set-cookie").unwrap();
            assert!(cookie.ends_with("; Secure"), "{cookie}");
        },
    )
    .await;
}
