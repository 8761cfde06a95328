//! A provider that says what a test wants it to say.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::testkit::START;

pub(super) const CLIENT: &str = "trunk";
pub(super) const SECRET: &str = "a secret with a colon: and spaces";
pub(super) const CODE: &str = "the-code";
/// Seconds at which tests begin.
pub(super) const NOW: i64 = START.0 / 1_000_000;

#[derive(Default)]
struct Wanted {
    nonce: String,
    challenge: String,
    claims: Value,
    user_info: Option<Value>,
    forges: bool,
    unsigned: bool,
    shares: bool,
    away: bool,
    readings: u32,
    redeemed: u32,
    key: u8,
}

#[derive(Clone)]
pub(super) struct Idp {
    pub(super) issuer: String,
    wanted: Arc<Mutex<Wanted>>,
}

impl Idp {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idp = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            wanted: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(idp.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        idp
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.wanted.lock().unwrap());
    }

    pub(super) fn reset(&self) {
        self.change(|w| *w = Wanted::default());
    }

    /// Signs in whoever has these claims, for the request with this nonce and challenge.
    pub(super) fn sign_in(&self, nonce: &str, challenge: &str, claims: Value) {
        self.change(|w| {
            w.nonce = nonce.to_owned();
            w.challenge = challenge.to_owned();
            w.claims = claims;
        });
    }

    pub(super) fn tell_in_user_info(&self, claims: Value) {
        self.change(|w| w.user_info = Some(claims));
    }

    /// Signs with a key it does not publish, under the name of the one it does.
    pub(super) fn forge(&self, forges: bool) {
        self.change(|w| w.forges = forges);
    }

    /// Signs not at all (`alg` is `none`).
    pub(super) fn leave_unsigned(&self, unsigned: bool) {
        self.change(|w| w.unsigned = unsigned);
    }

    /// Signs with the secret that both know (HS256).
    pub(super) fn sign_with_secret(&self, shares: bool) {
        self.change(|w| w.shares = shares);
    }

    /// How many codes it was sent.
    pub(super) fn redeemed(&self) -> u32 {
        self.wanted.lock().unwrap().redeemed
    }

    /// How often the keys were read.
    pub(super) fn readings(&self) -> u32 {
        self.wanted.lock().unwrap().readings
    }

    /// Signs with another key, and publishes that.
    pub(super) fn rotate(&self) {
        self.change(|w| w.key += 1);
    }

    pub(super) fn away(&self, away: bool) {
        self.change(|w| w.away = away);
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

async fn discovery(State(idp): State<Idp>) -> Response {
    if idp.wanted.lock().unwrap().away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let issuer = &idp.issuer;
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA", "something-new"],
    });
    Json(document).into_response()
}

async fn jwks(State(idp): State<Idp>) -> Json<Value> {
    let number = {
        let mut wanted = idp.wanted.lock().unwrap();
        wanted.readings += 1;
        wanted.key
    };
    let x = URL_SAFE_NO_PAD.encode(key(number).verifying_key().as_bytes());
    Json(json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": format!("key-{number}"), "x": x },
    ]}))
}

async fn token(
    State(idp): State<Idp>,
    headers: HeaderMap,
    Form(form): Form<std::collections::BTreeMap<String, String>>,
) -> Response {
    let mut wanted = idp.wanted.lock().unwrap();
    wanted.redeemed += 1;
    let encoded =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    let verifier = form.get("code_verifier").map_or("", String::as_str);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let right = form
        .get("grant_type")
        .is_some_and(|g| g == "authorization_code")
        && form.get("code").is_some_and(|c| c == CODE)
        && headers
            .get("authorization")
            .is_some_and(|a| a == &format!("Basic {basic}"))
        && challenge == wanted.challenge;
    if !right {
        let problem = json!({ "error": "invalid_grant", "error_description": "wrong" });
        return (StatusCode::BAD_REQUEST, Json(problem)).into_response();
    }
    let access = "the-access-token";
    let mut claims = json!({
        "iss": idp.issuer, "aud": CLIENT, "exp": NOW + 36_000, "iat": NOW, "nonce": wanted.nonce,
    });
    for (name, value) in wanted.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let alg = match (wanted.unsigned, wanted.shares) {
        (true, _) => "none",
        (_, true) => "HS256",
        _ => "EdDSA",
    };
    let header = json!({ "alg": alg, "typ": "JWT", "kid": format!("key-{}", wanted.key) });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(&claims));
    let signature = match alg {
        "none" => String::new(),
        "HS256" => URL_SAFE_NO_PAD.encode(hmac_sha256(SECRET.as_bytes(), input.as_bytes())),
        _ => {
            let signer = key(if wanted.forges { 200 } else { wanted.key });
            URL_SAFE_NO_PAD.encode(signer.sign(input.as_bytes()).to_bytes())
        }
    };
    Json(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": 60,
        "id_token": format!("{input}.{signature}"),
    }))
    .into_response()
}

async fn user_info(State(idp): State<Idp>, headers: HeaderMap) -> Response {
    if headers
        .get("authorization")
        .is_none_or(|a| a != "Bearer the-access-token")
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let wanted = idp.wanted.lock().unwrap();
    let same = || json!({ "sub": wanted.claims["sub"] });
    Json(wanted.user_info.clone().unwrap_or_else(same)).into_response()
}

/// RFC 2104, for keys of at most a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |byte: u8| -> Vec<u8> {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block.to_vec()
    };
    let inner = Sha256::digest([pad(0x36).as_slice(), message].concat());
    Sha256::digest([pad(0x5c).as_slice(), inner.as_slice()].concat()).into()
}
