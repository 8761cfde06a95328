//! The answer to the `Authorize` question: who calls (rate limits, session or token, CSRF), and
//! may they do this to that.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use subtle::ConstantTimeEq as _;
use tianyuan_kernel::config::Config;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{self, Release, ReleaseQuestion, Ruling};

use crate::lockout::{Buckets, Lockout, network};
use crate::people::{PersonId, State, store as people};
use crate::policy::Engine;
use crate::sessions::{self, COOKIE, digest, store};
use crate::tokens;

/// Seconds for which a caller is believed without asking the database again. Within one process
/// a revocation counts at once; another node notices after this long.
const BELIEVED_S: i64 = 2;
/// Callers remembered.
const CALLERS_MAX: usize = 10_000;
/// Seconds between two notes of when a session was last seen.
const SEEN_EVERY_S: f64 = 60.0;

/// Callers who are believed for a moment.
#[derive(Default)]
struct Callers {
    known: HashMap<[u8; 32], (Principal, Micros)>,
    /// How often everybody was forgotten.
    forgotten: u64,
}

impl Callers {
    /// Remembers who was read from the database, unless somebody's rights changed while it was
    /// read: then what was read may be older than the change.
    fn remember(&mut self, hash: [u8; 32], who: &Principal, until: Micros, since: u64) {
        if self.forgotten != since {
            return;
        }
        if self.known.len() >= CALLERS_MAX {
            self.known.clear();
        }
        self.known.insert(hash, (who.clone(), until));
    }

    fn forget(&mut self) {
        self.known.clear();
        self.forgotten += 1;
    }
}

/// Decides.
pub struct Authority {
    engine: Engine,
    lockout: Lockout,
    callers: Mutex<Callers>,
    per_address: Buckets<IpAddr>,
    per_caller: Buckets<String>,
    sign_ins: Buckets<IpAddr>,
}

impl Authority {
    /// With the policies and limits of the configuration.
    ///
    /// # Errors
    /// When a policy file cannot be read or does not fit the schema.
    pub fn new(config: &Config) -> Result<Self> {
        let engine = match &config.identity.policies {
            Some(folder) => Engine::from_folder(folder),
            None => Engine::builtin(),
        };
        Ok(Self {
            engine: engine.map_err(Error::internal)?,
            lockout: Lockout::default(),
            callers: Mutex::default(),
            per_address: Buckets::new(config.limits.requests_per_minute_address),
            per_caller: Buckets::new(config.limits.requests_per_minute_caller),
            sign_ins: Buckets::new(config.limits.sign_ins_per_minute_address),
        })
    }

    /// The policies.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn lockout(&self) -> &Lockout {
        &self.lockout
    }

    pub(crate) fn sign_ins(&self) -> &Buckets<IpAddr> {
        &self.sign_ins
    }

    /// Asks the database again about everybody, because somebody's rights changed.
    pub(crate) fn forget_callers(&self) {
        self.callers().forget();
    }

    fn callers(&self) -> MutexGuard<'_, Callers> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn caller(&self, app: &App, token: &str) -> Result<Option<Principal>> {
        let hash = digest(token);
        let now = app.now();
        let since = {
            let callers = self.callers();
            if let Some((who, until)) = callers.known.get(&hash)
                && *until > now
            {
                return Ok(Some(who.clone()));
            }
            callers.forgotten
        };
        let who = if token.starts_with(tokens::PREFIX) {
            by_token(app, &hash).await?
        } else {
            by_session(app, &hash).await?
        };
        if let Some(who) = &who {
            let until = now.plus_seconds(BELIEVED_S);
            self.callers().remember(hash, who, until, since);
        }
        Ok(who)
    }

    async fn admit(&self, app: &App, parts: &Parts, peer: IpAddr) -> Result<Principal> {
        let bearer = bearer(&parts.headers);
        let cookie = cookie(&parts.headers);
        let token = bearer.or(cookie);
        let who = match token {
            None => None,
            Some(token) => self.caller(app, token).await?,
        };
        let Some(who) = who else {
            self.per_address
                .take(network(peer), app.now())
                .map_err(too_often)?;
            // A browser's cookie may have run out; a script's token must be right.
            if bearer.is_some() {
                let words = Text::new("令牌无效或已过期。", "The token is invalid or has run out.");
                let status = http::StatusCode::UNAUTHORIZED;
                return Err(Error::new(status, "token_invalid", words));
            }
            return Ok(Principal::anonymous());
        };
        let id = who.id.clone().unwrap_or_default();
        self.per_caller.take(id, app.now()).map_err(too_often)?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if bearer.is_none() && !reads {
            check_csrf(&who, &parts.headers)?;
        }
        if who.must_change_password && !may_without_password(parts.uri.path()) {
            let words = Text::new("请先修改初始密码。", "Choose a password of your own first.");
            return Err(Error::new(
                http::StatusCode::FORBIDDEN,
                "password_change_required",
                words,
            )
            .hint(Text::new(
                "POST /api/v1/me/password",
                "POST /api/v1/me/password",
            )));
        }
        // A caller by bearer needs no CSRF token and must not be given one as if it were a cookie.
        Ok(if bearer.is_some() {
            Principal { csrf: None, ..who }
        } else {
            who
        })
    }
}

fn too_often(seconds: u64) -> Error {
    let words = text!(
        "请求过于频繁，请 {seconds} 秒后再试。",
        "Too many requests; try again in {seconds} seconds."
    );
    Error::too_many("too_many_requests", words, seconds)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers
        .get(header::AUTHORIZATION)
        .or_else(|| headers.get("x-ckan-api-key"))?;
    let value = value.to_str().ok()?;
    // Clients of CKAN send an API token without a scheme.
    if value.starts_with(tokens::PREFIX) {
        return Some(value);
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

pub(crate) fn named_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

fn check_csrf(who: &Principal, headers: &HeaderMap) -> Result<()> {
    let given = headers
        .get("x-csrf-token")
        .map_or(&b""[..], |v| v.as_bytes());
    let right = who.csrf.as_deref().unwrap_or_default().as_bytes();
    if !right.is_empty() && bool::from(given.ct_eq(right)) {
        return Ok(());
    }
    let words = Text::new(
        "请求缺少防伪标记，请刷新页面后重试。",
        "The request lacks its CSRF token; reload the page.",
    );
    Err(Error::new(http::StatusCode::FORBIDDEN, "csrf", words).field("X-CSRF-Token"))
}

/// What somebody with a first password may reach.
fn may_without_password(path: &str) -> bool {
    !path.starts_with("/api/")
        || path == "/api/v1/me"
        || path == "/api/v1/me/password"
        || path == "/api/v1/node"
        || path.starts_with("/api/v1/sessions")
        || path.starts_with("/api/v1/sign-in")
}

async fn by_session(app: &App, hash: &[u8; 32]) -> Result<Option<Principal>> {
    let mut reader = app.db().read().await?;
    let Some(session) = store::by_token(&mut reader, hash).await? else {
        return Ok(None);
    };
    let now = app.now();
    let idle_s = f64::from(app.config().identity.session_idle_minutes) * 60.0;
    let silent_s = now.seconds_since(session.last_seen_at);
    if session.expires_at <= now || silent_s > idle_s {
        return Ok(None);
    }
    let person = people::get(&mut reader, &session.person).await?;
    drop(reader);
    if person.state != State::Active {
        return Ok(None);
    }
    if silent_s > SEEN_EVERY_S {
        sessions::store::seen(app, &session.id).await?;
    }
    Ok(Some(Principal {
        id: Some(person.id.to_string()),
        name: person.name,
        grants: person.grants,
        via: Via::Session,
        session: Some(session.id.to_string()),
        read_only: false,
        must_change_password: person.must_change,
        csrf: Some(session.csrf),
    }))
}

async fn by_token(app: &App, hash: &[u8; 32]) -> Result<Option<Principal>> {
    let mut reader = app.db().read().await?;
    let Some(token) = tokens::by_token(&mut reader, hash).await? else {
        return Ok(None);
    };
    if token.expires_at <= app.now() {
        return Ok(None);
    }
    let person = people::get(&mut reader, &token.person).await?;
    drop(reader);
    if person.state != State::Active {
        return Ok(None);
    }
    if token
        .last_used_at
        .is_none_or(|at| app.now().seconds_since(at) > SEEN_EVERY_S)
    {
        tokens::used(app, &token.id).await?;
    }
    Ok(Some(Principal {
        id: Some(person.id.to_string()),
        name: person.name,
        grants: person.grants,
        via: Via::Token,
        session: None,
        read_only: !token.can_write,
        must_change_password: person.must_change,
        csrf: None,
    }))
}

/// Somebody as they are now, though they are not here: never more than reading.
async fn by_id(app: &App, id: &str) -> Result<Option<Principal>> {
    let id = PersonId::from_stored(id.to_owned());
    let person = match people::get(&mut app.db().read().await?, &id).await {
        Ok(person) => person,
        Err(error) if error.code() == "not_found" => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok((person.state == State::Active).then(|| Principal {
        id: Some(person.id.to_string()),
        name: person.name,
        grants: person.grants,
        via: Via::Token,
        session: None,
        read_only: true,
        must_change_password: person.must_change,
        csrf: None,
    }))
}

impl Release for Authority {
    fn rule<'a>(
        &'a self,
        _app: &'a App,
        question: ReleaseQuestion<'a>,
    ) -> BoxFuture<'a, Result<Ruling>> {
        let entity = question.table.entity.clone();
        let ruling = release::by_grade(&question, |who, grade| {
            let entity = entity.clone().of_grade(grade);
            self.engine.decide(who, Action::Release, &entity).allowed
        });
        Box::pin(async { Ok(ruling) })
    }
}

impl Authorize for Authority {
    fn admit<'a>(
        &'a self,
        app: &'a App,
        parts: &'a Parts,
        peer: IpAddr,
    ) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(self.admit(app, parts, peer))
    }

    fn decide(&self, who: &Principal, action: Action, entity: &Entity) -> Decision {
        self.engine.decide(who, action, entity)
    }

    fn units_with_role<'a>(
        &'a self,
        app: &'a App,
        role: Role,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { people::units_with_role(&mut app.db().read().await?, role).await })
    }

    fn people_with_role<'a>(
        &'a self,
        app: &'a App,
        role: Role,
        unit: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(
            async move { people::people_with_role(&mut app.db().read().await?, role, unit).await },
        )
    }

    fn person<'a>(&'a self, app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(by_id(app, id))
    }

    fn names<'a>(
        &'a self,
        app: &'a App,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>>> {
        Box::pin(async move { people::names(&mut app.db().read().await?, ids).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_read_before_rights_changed_is_not_believed_after() {
        let mut callers = Callers::default();
        let who = Principal::anonymous();
        let since = callers.forgotten;
        callers.forget();
        callers.remember([1; 32], &who, Micros(1), since);
        assert!(callers.known.is_empty());
        let since = callers.forgotten;
        callers.remember([1; 32], &who, Micros(1), since);
        assert_eq!(callers.known.len(), 1);
    }
}
