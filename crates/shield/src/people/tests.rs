//! Journeys of people through the router, with the real authority.

use serde_json::json;
use tianyuan_kernel::prelude::*;

use crate::journey::{PASSWORD, join, journey, open, sign_in, unit};
use crate::people::{NewPerson, PersonId, ensure_admin, keep_an_operator, keep_erased};

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
async fn nobody_gives_what_they_may_not_give_and_the_last_operator_stays() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let office = json!([{ "role": "plan_office" }]);
            let (_, office_client) = join(&node, &admin, "office", office).await;
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
                .post("/api/v1/authorizations/explain", ask.clone())
                .await
                .expect(422);
            assert_eq!(wrong.json()["field"], "resource.kind");
            ask["resource"]["units"] = json!(["x".repeat(201)]);
            let wrong = admin.post("/api/v1/authorizations/explain", ask).await;
            assert_eq!(wrong.expect(422).json()["field"], "resource.units");
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

#[tokio::test]
async fn a_lead_of_two_units_sees_the_people_of_both_and_changes_nobody() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let (one, two) = (unit(&node, "one").await, unit(&node, "two").await);
            let three = unit(&node, "three").await;
            let reporter = |unit: &str| json!([{ "role": "unit_reporter", "unit_id": unit }]);
            for (name, unit) in [("r1", &one), ("r2", &two), ("r3", &three)] {
                open(&admin, name, reporter(unit)).await;
            }
            let leads = json!([
                { "role": "unit_lead", "unit_id": one }, { "role": "unit_lead", "unit_id": two },
            ]);
            let (_, lead) = join(&node, &admin, "lead", leads).await;
            let seen = async |path: &str| -> Vec<String> {
                let list = lead.get(path).await.expect(200).json();
                let items = list["items"].as_array().unwrap().iter();
                items
                    .map(|p| p["username"].as_str().unwrap().to_owned())
                    .collect()
            };
            assert_eq!(seen("/api/v1/people").await, ["r1", "r2", "lead"]);
            let narrowed = format!("/api/v1/people?unit={two}");
            assert_eq!(seen(&narrowed).await, ["r2", "lead"]);
            let foreign = format!("/api/v1/people?unit={three}");
            assert!(seen(&foreign).await.is_empty());
            let mine = json!({ "username": "r4", "name": "x", "roles": reporter(&one) });
            lead.post("/api/v1/people", mine).await.expect(403);
            let r1 = admin.get("/api/v1/people?q=r1").await.expect(200).json();
            let r1 = format!("/api/v1/people/{}", r1["items"][0]["id"].as_str().unwrap());
            let etag = lead.get(&r1).await.expect(200).header("etag").unwrap();
            let promoted = json!({ "roles": [{ "role": "unit_lead", "unit_id": one }] });
            lead.patch(&r1, &etag, promoted).await.expect(403);
            let reset = format!("{r1}/password-reset");
            lead.post(&reset, json!({})).await.expect(403);
        },
    )
    .await;
}

#[tokio::test]
async fn a_password_is_looked_at_and_hashed_before_the_writer_is_taken() {
    journey(
        |c| c.database.acquire_timeout_s = 1,
        async |node| {
            let _writing = Tx::begin(&node.app, None).await.unwrap();
            let new = NewPerson {
                username: Some("lisi".to_owned()),
                name: "某某".to_owned(),
                grants: Vec::new(),
                password: Some("lisi".to_owned()),
                must_change: true,
            };
            let refused = crate::people::open(&node.app, None, new).await;
            assert_eq!(refused.err().unwrap().code(), "password_length");
            assert_eq!(ensure_admin(&node.app, None).await.unwrap(), None);
        },
    )
    .await;
}

#[tokio::test]
async fn two_operators_who_leave_at_once_do_not_both_leave() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let operator = json!([{ "role": "operator" }]);
            let (second, _) = join(&node, &admin, "second", operator).await;
            let me = admin.get("/api/v1/me").await.expect(200).json();
            let first = me["person"]["id"].as_str().unwrap().to_owned();
            let leave = async |tx: &mut Tx, id: &str| -> Result<()> {
                keep_an_operator(tx, &PersonId::from_stored(id.to_owned())).await?;
                let sql = "UPDATE people SET state = 'suspended' WHERE id = $1";
                tx.execute(sql, args![id]).await.map(|_| ())
            };
            let mut one = Tx::begin(&node.app, None).await.unwrap();
            leave(&mut one, &first).await.unwrap();
            let app = node.app.clone();
            let other = tokio::spawn(async move {
                let mut two = Tx::begin(&app, None).await?;
                let id = PersonId::from_stored(second);
                keep_an_operator(&mut two, &id).await
            });
            // Time for the other to count, if nothing held it up.
            for _ in 0..2_000 {
                one.one("SELECT 1 AS n", args![]).await.unwrap();
            }
            one.commit().await.unwrap();
            let refused = other.await.unwrap().unwrap_err();
            assert_eq!(refused.code(), "last_operator");
        },
    )
    .await;
}

#[tokio::test]
async fn whoever_was_erased_stays_erased_after_an_older_backup() {
    journey(
        |_| {},
        async |node| {
            let admin = sign_in(&node, "admin", PASSWORD).await;
            let opened = open(&admin, "zhangsan", json!([])).await;
            let id = opened["person"]["id"].as_str().unwrap();
            let list = node.folder().join("erasures");
            let listed = || std::fs::read_to_string(&list).unwrap_or_default();
            assert_eq!(keep_erased(&node.app).await.unwrap(), 0);
            assert_eq!(listed(), "");
            let erasure = format!("/api/v1/people/{id}/erasure");
            // The list cannot be written: not acknowledged, and made good for later.
            std::fs::create_dir(&list).unwrap();
            let keyed = admin.clone().header("idempotency-key", "k-1");
            keyed.post(&erasure, json!({})).await.expect(500);
            std::fs::remove_dir(&list).unwrap();
            // A torn line, and one that is no id.
            std::fs::write(&list, "nonsense\nperson_0").unwrap();
            keyed.post(&erasure, json!({})).await.expect(200);
            let expected = format!("nonsense\nperson_0\n{id}\n");
            assert_eq!(listed(), expected);
            admin.post(&erasure, json!({})).await.expect(409);
            assert_eq!(listed(), expected);
            // A backup from before is restored: the person and their words are back.
            let mut tx = Tx::begin(&node.app, None).await.unwrap();
            let back = "UPDATE people SET username = 'zhangsan', name = '某某', state = 'active' \
                        WHERE id = $1";
            tx.execute(back, args![id]).await.unwrap();
            tx.execute("DELETE FROM erasures", args![]).await.unwrap();
            tx.commit().await.unwrap();
            let path = format!("/api/v1/people/{id}");
            assert_eq!(admin.get(&path).await.json()["name"], "某某");
            assert_eq!(keep_erased(&node.app).await.unwrap(), 1);
            assert_eq!(keep_erased(&node.app).await.unwrap(), 0);
            let person = admin.get(&path).await.expect(200).json();
            assert_eq!(person["state"], "erased");
            assert_eq!(
                (&person["name"], &person["username"]),
                (&json!(""), &json!(null))
            );
            assert_eq!(listed(), expected);
            // A node with an empty list, or one that erased nobody itself, learns the list.
            std::fs::remove_file(&list).unwrap();
            assert_eq!(keep_erased(&node.app).await.unwrap(), 0);
            assert_eq!(listed(), format!("{id}\n"));
        },
    )
    .await;
}
