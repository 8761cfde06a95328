//! Journeys through a small provider on loopback, on both databases, with the real authority.

mod idp;

use serde_json::{Value, json};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind};
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::testkit::{Answer, Client, Node, each_backend_with};
use url::Url;

use self::idp::{CLIENT, Idp, SECRET};

/// Runs a journey on both databases, each with a provider of its own.
async fn journey(roles_from_claims: bool, test: impl AsyncFn(Node, Idp)) {
    let idp = Idp::start().await;
    let issuer = idp.issuer.clone();
    let configure = |config: &mut Config| {
        config.server.public_url = Some("http://trunk.example".parse().unwrap());
        config.fetch.allow_private_hosts = vec!["127.0.0.1".to_owned()];
        let mut provider = json!({
            "id": "city", "title": "City", "issuer": issuer, "client_id": CLIENT,
            "client_secret": SECRET, "scopes": ["profile"],
        });
        if roles_from_claims {
            provider["role_claim"] = json!("roles");
            provider["unit_claim"] = json!("units");
            provider["role_map"] = json!({ "clerk": "unit_reporter", "audit": "auditor" });
        }
        config.identity.oidc = vec![serde_json::from_value(provider).unwrap()];
    };
    let compose = |config: &Config| {
        let (room, authority) = crate::room(config).unwrap();
        (vec![room], authority)
    };
    each_backend_with(compose, configure, async |node| {
        idp.reset();
        test(node, idp.clone()).await;
    })
    .await;
}

/// A browser that left for the provider: what it was sent with, and what binds it.
struct Away {
    sent: Url,
    browser: Client,
}

impl Away {
    fn parameter(&self, name: &str) -> String {
        let found = self.sent.query_pairs().find(|(n, _)| n == name);
        found.map_or_else(String::new, |(_, value)| value.into_owned())
    }
}

async fn leave(node: &Node) -> Away {
    let start = "/auth/oidc/city/start?return_to=%2Fplans%3Fa%3Db";
    let answer = node.stranger().get(start).await.expect(302);
    let bound = answer.header("set-cookie").unwrap();
    assert!(
        bound.contains("HttpOnly") && bound.contains("SameSite=Lax"),
        "{bound}"
    );
    let pair = bound.split(';').next().unwrap().to_owned();
    Away {
        sent: answer.header("location").unwrap().parse().unwrap(),
        browser: node.stranger().header("cookie", &pair),
    }
}

/// The provider signs somebody in and sends the browser back.
async fn come_back(away: &Away, idp: &Idp, claims: Value) -> Answer {
    idp.sign_in(
        &away.parameter("nonce"),
        &away.parameter("code_challenge"),
        claims,
    );
    let state = away.parameter("state");
    let path = format!("/auth/oidc/city/callback?code={}&state={state}", idp::CODE);
    away.browser.get(&path).await
}

fn signed_in(node: &Node, answer: &Answer) -> Client {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    node.stranger()
        .header("cookie", cookie.split(';').next().unwrap())
}

async fn who(node: &Node, idp: &Idp, claims: Value) -> Value {
    let answer = come_back(&leave(node).await, idp, claims).await;
    signed_in(node, &answer)
        .get("/api/v1/me")
        .await
        .expect(200)
        .json()
}

async fn kinds(node: &Node) -> Vec<String> {
    node.facts()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect()
}

async fn unit(node: &Node) {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    let unit = Unit {
        id: UnitId::new(&node.app),
        code: "jingwei".to_owned(),
        name: "区经委".to_owned(),
        name_en: String::new(),
        kind: UnitKind::Department,
        members: Vec::new(),
        version: 1,
    };
    party::insert(&mut tx, &unit).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn somebody_signs_in_from_outside_and_is_the_same_account_next_time() {
    journey(false, async |node, idp| {
        let ways = node
            .stranger()
            .get("/api/v1/sign-in")
            .await
            .expect(200)
            .json();
        assert_eq!(
            ways["providers"],
            json!([{ "id": "city", "title": "City" }])
        );
        let away = leave(&node).await;
        assert_eq!(away.parameter("response_type"), "code");
        assert_eq!(away.parameter("code_challenge_method"), "S256");
        assert_eq!(away.parameter("scope"), "openid profile");
        assert_eq!(
            away.parameter("redirect_uri"),
            "http://trunk.example/auth/oidc/city/callback"
        );
        let answer = come_back(&away, &idp, json!({ "sub": "s-1", "name": "某某" })).await;
        assert_eq!(answer.header("location").as_deref(), Some("/plans?a=b"));
        let me = signed_in(&node, &answer)
            .get("/api/v1/me")
            .await
            .expect(200)
            .json();
        assert_eq!(me["person"]["name"], "某某");
        assert_eq!(me["roles"], json!([]));
        // Another name, another e-mail, the same subject: the same account. And the other way.
        let again = json!({ "sub": "s-1", "name": "另名", "email": "b@example.cn" });
        let again = who(&node, &idp, again).await;
        assert_eq!(again["person"], me["person"]);
        let other = json!({ "sub": "s-2", "name": "某某", "email": "b@example.cn" });
        assert_ne!(
            who(&node, &idp, other).await["person"]["id"],
            me["person"]["id"]
        );
        let kinds = kinds(&node).await;
        let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
        assert_eq!(count("person.created"), 2);
        assert_eq!(count("person.linked"), 2);
        assert_eq!(count("session.opened"), 3);
    })
    .await;
}

#[tokio::test]
async fn roles_follow_the_providers_claims_at_every_sign_in() {
    journey(true, async |node, idp| {
        unit(&node).await;
        let both = json!({ "sub": "s", "name": "n", "roles": ["clerk", "audit", "operator"], "units": ["区经委"] });
        let me = who(&node, &idp, both).await;
        let roles = |me: &Value| -> Vec<String> {
            let held = me["roles"].as_array().unwrap();
            held.iter().map(|r| r["role"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(roles(&me), ["auditor", "unit_reporter"]);
        let same = json!({ "sub": "s", "roles": ["audit", "clerk"], "units": "jingwei" });
        who(&node, &idp, same).await;
        assert!(!kinds(&node).await.contains(&"person.changed".to_owned()));
        let fewer = json!({ "sub": "s", "name": "n", "roles": "audit" });
        assert_eq!(roles(&who(&node, &idp, fewer).await), ["auditor"]);
        assert!(kinds(&node).await.contains(&"person.changed".to_owned()));
        // Claims that only the user info tells count too; it must speak of the same person.
        idp.tell_in_user_info(json!({ "sub": "s", "roles": ["clerk"], "units": ["区经委"] }));
        assert_eq!(roles(&who(&node, &idp, json!({ "sub": "s" })).await), ["unit_reporter"]);
        idp.tell_in_user_info(json!({ "sub": "somebody-else", "roles": ["audit"] }));
        let answer = come_back(&leave(&node).await, &idp, json!({ "sub": "s" })).await;
        assert_eq!(answer.expect(502).code(), "oidc_failed");
    })
    .await;
}

#[tokio::test]
async fn state_works_once_in_time_and_in_the_browser_that_began() {
    journey(false, async |node, idp| {
        let claims = || json!({ "sub": "s", "name": "n" });
        let stolen = leave(&node).await;
        let elsewhere = Away {
            sent: stolen.sent.clone(),
            browser: node.stranger(),
        };
        assert_eq!(
            come_back(&elsewhere, &idp, claims())
                .await
                .expect(400)
                .code(),
            "oidc_state"
        );
        let other = leave(&node).await;
        let mixed = Away {
            sent: stolen.sent.clone(),
            browser: other.browser,
        };
        assert_eq!(
            come_back(&mixed, &idp, claims()).await.expect(400).code(),
            "oidc_state"
        );
        come_back(&stolen, &idp, claims()).await.expect(303);
        assert_eq!(
            come_back(&stolen, &idp, claims()).await.expect(400).code(),
            "oidc_state"
        );
        let slow = leave(&node).await;
        node.advance(601);
        assert_eq!(
            come_back(&slow, &idp, claims()).await.expect(400).code(),
            "oidc_state"
        );
        let forged = "/auth/oidc/city/callback?code=x&state=forged";
        node.stranger().get(forged).await.expect(400);
        node.stranger()
            .get("/auth/oidc/nowhere/start")
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn what_a_provider_says_is_not_believed_unless_all_of_it_is_right() {
    journey(false, async |node, idp| {
        let wrongs = [
            json!({ "sub": "s", "nonce": "another" }),
            json!({ "sub": "s", "aud": "another-client" }),
            json!({ "sub": "s", "aud": [CLIENT, "another-client"] }),
            json!({ "sub": "s", "azp": "another-client" }),
            json!({ "sub": "s", "iss": "https://another.example" }),
            json!({ "sub": "s", "exp": idp::NOW - 3_600 }),
            json!({ "sub": "s", "iat": idp::NOW + 3_600 }),
            json!({ "sub": "" }),
        ];
        for wrong in wrongs {
            let answer = come_back(&leave(&node).await, &idp, wrong.clone()).await;
            assert_eq!(answer.status, 502, "{wrong}: {}", answer.text());
            assert_eq!(answer.code(), "oidc_failed");
        }
        let right = || json!({ "sub": "s", "name": "n" });
        idp.forge(true);
        let answer = come_back(&leave(&node).await, &idp, right()).await;
        assert_eq!(answer.expect(502).code(), "oidc_failed");
        idp.forge(false);
        // Not signed, or signed with what is no key of the provider's.
        idp.leave_unsigned(true);
        let answer = come_back(&leave(&node).await, &idp, right()).await;
        assert_eq!(answer.expect(502).code(), "oidc_failed");
        idp.leave_unsigned(false);
        idp.sign_with_secret(true);
        let answer = come_back(&leave(&node).await, &idp, right()).await;
        assert_eq!(answer.expect(502).code(), "oidc_failed");
        idp.sign_with_secret(false);
        let away = leave(&node).await;
        idp.sign_in(&away.parameter("nonce"), "another-challenge", right());
        let state = away.parameter("state");
        let path = format!("/auth/oidc/city/callback?code={}&state={state}", idp::CODE);
        assert_eq!(
            away.browser.get(&path).await.expect(502).code(),
            "oidc_failed"
        );
        assert!(kinds(&node).await.is_empty(), "nobody came in");
        // A key the provider has begun to use since is read again, but not at every attempt.
        idp.rotate();
        let read = idp.readings();
        for _ in 0..3 {
            let answer = come_back(&leave(&node).await, &idp, right()).await;
            assert_eq!(answer.expect(502).code(), "oidc_failed");
        }
        assert_eq!(idp.readings(), read);
        node.advance(31);
        who(&node, &idp, right()).await;
        assert_eq!(idp.readings(), read + 1);
    })
    .await;
}

#[tokio::test]
async fn people_are_told_on_the_sign_in_page_what_went_wrong() {
    journey(false, async |node, idp| {
        let away = leave(&node).await;
        let person = away.browser.clone().header("accept", "text/html,*/*");
        let state = away.parameter("state");
        let refused = format!("/auth/oidc/city/callback?error=access_denied&state={state}");
        let answer = person.get(&refused).await.expect(303);
        let told = answer.header("location").unwrap();
        let return_to = "%2Fplans%3Fa%3Db";
        assert_eq!(
            told,
            format!("/sign-in?failed=oidc_denied&return={return_to}")
        );
        // The same again: the attempt is over, and where it was to lead is not known any more.
        let told = person.get(&refused).await.expect(303).header("location");
        assert_eq!(told.unwrap(), "/sign-in?failed=oidc_state&return=%2F");
        // Suspended: no session, and a fact.
        let me = who(&node, &idp, json!({ "sub": "s", "name": "n" })).await;
        let id = me["person"]["id"].as_str().unwrap();
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        let sql = "UPDATE people SET state = 'suspended' WHERE id = $1";
        tx.execute(sql, args![id]).await.unwrap();
        tx.commit().await.unwrap();
        let away = leave(&node).await;
        let answer = come_back(&away, &idp, json!({ "sub": "s" })).await;
        assert_eq!(answer.expect(403).code(), "account_suspended");
        assert!(kinds(&node).await.contains(&"session.failed".to_owned()));
        // A provider that is away.
        idp.away(true);
        node.advance(601);
        let answer = node.stranger().get("/auth/oidc/city/start").await;
        assert_eq!(answer.expect(503).code(), "oidc_unreachable");
        let person = node.stranger().header("accept", "text/html");
        let answer = person
            .get("/auth/oidc/city/start?return_to=//evil.example")
            .await;
        let told = answer.expect(303).header("location").unwrap();
        assert_eq!(told, "/sign-in?failed=oidc_unreachable&return=%2F");
        idp.away(false);
        // Too many at once.
        let mut told = String::new();
        while !told.starts_with("/sign-in") {
            let answer = person.get("/auth/oidc/city/start?return_to=%2Fplans").await;
            told = answer.header("location").unwrap();
        }
        assert_eq!(told, "/sign-in?failed=sign_in_slowed&return=%2Fplans");
    })
    .await;
}

#[tokio::test]
async fn a_code_of_another_issuer_is_sent_nowhere() {
    journey(false, async |node, idp| {
        let claims = || json!({ "sub": "s", "name": "n" });
        for (issuer, status) in [("https://another.example", 400), (idp.issuer.as_str(), 303)] {
            let away = leave(&node).await;
            let challenge = away.parameter("code_challenge");
            idp.sign_in(&away.parameter("nonce"), &challenge, claims());
            let state = away.parameter("state");
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("code", idp::CODE), ("state", &state), ("iss", issuer)])
                .finish();
            let path = format!("/auth/oidc/city/callback?{query}");
            let answer = away.browser.get(&path).await.expect(status);
            if status == 400 {
                assert_eq!(answer.code(), "oidc_state");
                assert_eq!(idp.redeemed(), 0);
            }
        }
        assert_eq!(idp.redeemed(), 1);
    })
    .await;
}
