//! Speaking with a provider: discovery, the way there, and the code's exchange for a checked
//! identity. Everything goes through the node's one outgoing client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use http::StatusCode;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken,
    CoreJwsSigningAlgorithm as Alg, CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AsyncHttpClient, AuthType, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse as _,
};
use tianyuan_kernel::config::{OidcConfig, Secret};
use tianyuan_kernel::fetch::{Fetch, Request};
use tianyuan_kernel::prelude::*;
use url::Url;

use super::claims::Claims;

/// Seconds for which a provider's metadata and keys are believed.
const KNOWN_S: f64 = 600.0;
/// Seconds between two readings because a key was missing.
const AGAIN_S: f64 = 30.0;
/// Seconds by which a provider's clock may differ from ours.
const SKEW_S: i64 = 60;
/// Bytes of any answer.
const BYTES_MAX: u64 = 1 << 20;
/// Signatures that need no shared secret.
const ALGS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who somebody is, as a provider says and as was checked.
pub(crate) struct Identity {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) claims: Claims,
}

/// What must come back unchanged.
pub(super) struct Secrets<'a> {
    pub(super) state: &'a str,
    pub(super) nonce: &'a str,
    pub(super) verifier: &'a str,
}

type Known = (Arc<CoreProviderMetadata>, Micros);

/// Providers' metadata and keys, remembered for a while.
#[derive(Default)]
pub(crate) struct Providers(Mutex<HashMap<String, Known>>);

/// The outgoing client as the library wants it.
struct Outgoing(Fetch);

impl<'c> AsyncHttpClient<'c> for Outgoing {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let url = parts.uri.to_string().parse().map_err(Error::internal)?;
            let mut request = Request::new(parts.method, url);
            request.headers = parts.headers;
            request.body = body.into();
            request.bytes_max = Some(BYTES_MAX);
            let fetched = self.0.send(request).await?;
            if fetched.status.is_server_error() {
                let status = fetched.status.as_u16();
                let words = text!("服务答复 {status}。", "It answered {status}.");
                return Err(Error::unavailable("oidc_unreachable", words));
            }
            let mut response = HttpResponse::new(fetched.body.to_vec());
            *response.status_mut() = fetched.status;
            *response.headers_mut() = fetched.headers;
            Ok(response)
        })
    }
}

/// The provider's answer is not to be believed. What exactly was wrong is for the log.
fn failed(provider: &OidcConfig, why: impl std::fmt::Display) -> Error {
    tracing::warn!(provider = provider.id, why = %why, "an identity provider's answer was refused");
    let words = Text::new(
        "身份提供方的答复未能通过核验，请重试或联系系统管理员。",
        "The identity provider's answer could not be verified; try again or ask an operator.",
    );
    Error::new(StatusCode::BAD_GATEWAY, "oidc_failed", words)
}

fn unreachable(provider: &OidcConfig, why: &Error) -> Error {
    tracing::warn!(provider = provider.id, why = %why, "an identity provider does not answer");
    let words = Text::new(
        "身份提供方暂时无法访问，请稍后重试。",
        "The identity provider cannot be reached; try again later.",
    );
    Error::unavailable("oidc_unreachable", words)
}

impl Providers {
    async fn metadata(
        &self,
        app: &App,
        provider: &OidcConfig,
        younger_s: f64,
    ) -> Result<Arc<CoreProviderMetadata>> {
        let now = app.now();
        let known = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&provider.id).cloned()
        };
        if let Some((metadata, at)) = known
            && now.seconds_since(at) < younger_s
        {
            return Ok(metadata);
        }
        let metadata = Arc::new(discover(app, provider).await?);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(provider.id.clone(), (metadata.clone(), now));
        Ok(metadata)
    }

    /// The provider's name for itself.
    pub(super) async fn issuer(&self, app: &App, provider: &OidcConfig) -> Result<String> {
        let metadata = self.metadata(app, provider, KNOWN_S).await?;
        Ok(metadata.issuer().to_string())
    }

    /// Where the browser goes to sign in.
    pub(super) async fn way_there(
        &self,
        app: &App,
        provider: &OidcConfig,
        secrets: &Secrets<'_>,
    ) -> Result<Url> {
        let metadata = self.metadata(app, provider, KNOWN_S).await?;
        let client = client(app, provider, &metadata)?;
        let state = CsrfToken::new(secrets.state.to_owned());
        let nonce = Nonce::new(secrets.nonce.to_owned());
        let verifier = PkceCodeVerifier::new(secrets.verifier.to_owned());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || state,
                move || nonce,
            )
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Exchanges the code, and checks who it speaks of.
    pub(super) async fn redeem(
        &self,
        app: &App,
        provider: &OidcConfig,
        code: String,
        secrets: &Secrets<'_>,
    ) -> Result<Identity> {
        let metadata = self.metadata(app, provider, KNOWN_S).await?;
        let client = client(app, provider, &metadata)?;
        let outgoing = Outgoing(app.fetch().clone());
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| failed(provider, e))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.to_owned()));
        let tokens = request
            .request_async(&outgoing)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => unreachable(provider, &error),
                // A parse error holds the body, and the body may hold tokens.
                RequestTokenError::Parse(error, _) => failed(provider, error),
                error => failed(provider, error),
            })?;
        let token = tokens.id_token();
        let token = token.ok_or_else(|| failed(provider, "there is no ID token"))?;
        let nonce = Nonce::new(secrets.nonce.to_owned());
        let mut checked = check(app, provider, &client, token, &nonce, tokens.access_token());
        if matches!(&checked, Err(Refused::UnknownKey)) {
            let metadata = self.metadata(app, provider, AGAIN_S).await?;
            let client = self::client(app, provider, &metadata)?;
            checked = check(app, provider, &client, token, &nonce, tokens.access_token());
        }
        let mut claims = checked.map_err(|refused| failed(provider, refused))?;
        if let Some(url) = client.user_info_url() {
            let more = user_info(app, provider, url.url(), tokens.access_token()).await?;
            if more.get("sub") != claims.get("sub") {
                return Err(failed(provider, "the user info speaks of somebody else"));
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        let subject = claims.get("sub").and_then(|v| v.as_str());
        Ok(Identity {
            issuer: metadata.issuer().to_string(),
            subject: subject.unwrap_or_default().to_owned(),
            claims,
        })
    }
}

async fn discover(app: &App, provider: &OidcConfig) -> Result<CoreProviderMetadata> {
    let outgoing = Outgoing(app.fetch().clone());
    // `https://idp.example` and `https://idp.example/` are one address and two issuers.
    let written = provider.issuer.to_string();
    let bare = written.trim_end_matches('/').to_owned();
    let mut last = None;
    for issuer in [bare, written] {
        let issuer = IssuerUrl::new(issuer).map_err(|e| failed(provider, e))?;
        match CoreProviderMetadata::discover_async(issuer, &outgoing).await {
            Ok(metadata) => return Ok(metadata),
            Err(DiscoveryError::Request(error)) => return Err(unreachable(provider, &error)),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(String::new, |e| e.to_string());
    Err(failed(provider, why))
}

fn client(app: &App, provider: &OidcConfig, metadata: &CoreProviderMetadata) -> Result<Client> {
    let public = app.config().server.public_url.as_ref();
    let public = public.ok_or_else(|| Error::internal("server.public_url is not set"))?;
    let back = public
        .join(&format!("/auth/oidc/{}/callback", provider.id))
        .map_err(Error::internal)?;
    let secret = provider.client_secret.as_ref().map(Secret::reveal);
    let secret = secret.transpose().map_err(Error::internal)?;
    let id = ClientId::new(provider.client_id.clone());
    let client =
        CoreClient::from_provider_metadata(metadata.clone(), id, secret.map(ClientSecret::new))
            .set_redirect_uri(RedirectUrl::from_url(back));
    // OpenID Connect Discovery 1.0, section 3: basic when nothing is said.
    let methods = metadata.token_endpoint_auth_methods_supported();
    let basic =
        methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
    Ok(client.set_auth_type(if basic {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    }))
}

enum Refused {
    UnknownKey,
    Because(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownKey => {
                f.write_str("it is signed with a key the provider does not publish")
            }
            Self::Because(why) => f.write_str(why),
        }
    }
}

fn because(error: impl std::fmt::Debug) -> Refused {
    Refused::Because(format!("{error:?}"))
}

/// Checks signature, issuer, audience, times, nonce, authorized party and access token hash
/// (OpenID Connect Core 1.0, section 3.1.3.7); answers all the token's claims.
fn check(
    app: &App,
    provider: &OidcConfig,
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    access: &AccessToken,
) -> Result<Claims, Refused> {
    let now = app.now();
    let moment = move |micros: Micros| {
        let at = std::time::Duration::from_micros(micros.0.unsigned_abs());
        (std::time::UNIX_EPOCH + at).into()
    };
    let latest = now.plus_seconds(SKEW_S);
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGS)
        .set_time_fn(move || moment(now.plus_seconds(-SKEW_S)))
        .set_issue_time_verifier_fn(move |issued| {
            if issued <= moment(latest) {
                return Ok(());
            }
            Err("it was issued in the future".to_owned())
        });
    let claims = token
        .claims(&verifier, nonce)
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            ) => Refused::UnknownKey,
            error => because(error),
        })?;
    if let Some(expected) = claims.access_token_hash() {
        let alg = token.signing_alg().map_err(because)?;
        let key = token.signing_key(&verifier).map_err(because)?;
        if AccessTokenHash::from_token(access, alg, key).map_err(because)? != *expected {
            return Err(because("the access token is not the ID token's"));
        }
    }
    let claims = decode(&token.to_string())?;
    let party = claims.get("azp");
    if party.is_some_and(|party| party.as_str() != Some(&provider.client_id)) {
        return Err(because("it was issued to another client"));
    }
    if claims
        .get("sub")
        .and_then(|v| v.as_str())
        .is_none_or(str::is_empty)
    {
        return Err(because("it names nobody"));
    }
    Ok(claims)
}

/// The payload of a token whose signature was checked: the library types only standard claims.
fn decode(token: &str) -> Result<Claims, Refused> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(because)?;
    serde_json::from_slice(&payload).map_err(because)
}

async fn user_info(
    app: &App,
    provider: &OidcConfig,
    url: &Url,
    access: &AccessToken,
) -> Result<Claims> {
    let mut request = Request::new(http::Method::GET, url.clone()).bearer(access.secret())?;
    request.bytes_max = Some(BYTES_MAX);
    let fetched = app.fetch().send(request).await;
    let fetched = fetched.map_err(|e| unreachable(provider, &e))?;
    let fetched = fetched.success().map_err(|e| failed(provider, e))?;
    fetched.json().map_err(|e| failed(provider, e))
}
