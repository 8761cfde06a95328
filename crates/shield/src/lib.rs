//! 数盾 `shield`: who is calling, what they may do, and the proof of what they did.
//!
//! Start reading at [`Authority`] (the answer to the kernel's `Authorize` question), then
//! [`policy`] (Cedar), [`people`] and `sessions`.

mod audit;
pub mod authority;
pub mod classify;
#[cfg(test)]
mod journey;
mod kinds;
pub mod lockout;
mod oidc;
pub mod password;
pub mod people;
pub mod policy;
mod sessions;
mod tokens;
mod units;

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::json;
use tianyuan_kernel::config::Config;
use tianyuan_kernel::jobs::{JobKind, Schedule};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::prelude::*;

pub use authority::Authority;

/// The routes of this room.
#[must_use]
pub fn router() -> Routes {
    Routes::new()
        .merge(sessions::api::routes())
        .merge(sessions::me::routes())
        .merge(tokens::routes())
        .merge(people::api::routes())
        .merge(people::reset::routes())
        .merge(people::erasure::routes())
        .merge(units::routes())
        .merge(policy::api::routes())
        .merge(audit::routes())
        .merge(oidc::api::routes())
}

const SWEEP: JobKind = JobKind {
    name: "shield.sweep_sessions",
    title: Text2 {
        zh: "清理过期会话",
        en: "Remove sessions that ran out",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move { Ok(json!({ "removed": sessions::store::sweep(&ctx.app).await? })) })
    },
};

/// The jobs of this room.
#[must_use]
pub fn jobs() -> [JobKind; 1] {
    [SWEEP]
}

fn find_person<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let id = people::PersonId::from_stored(id.to_owned());
        match people::store::get(&mut app.db().read().await?, &id).await {
            Ok(person) => Ok(Some(person.entity())),
            Err(error) if error.code() == "not_found" => Ok(None),
            Err(error) => Err(error),
        }
    })
}

/// What is well-formed in the configuration and yet cannot work: identity providers, and policies
/// that cannot be read, do not fit the schema, lock everybody out or give everything away.
#[must_use]
pub fn problems(config: &Config) -> Vec<String> {
    let mut problems = oidc::problems(config);
    if let Some(folder) = &config.identity.policies
        && let Err(problem) = policy::Engine::from_folder(folder)
    {
        problems.push(format!("identity.policies: {problem}"));
    }
    problems
}

/// This room and its answer to the `Authorize` question.
///
/// # Errors
/// As [`problems`] tells.
pub fn room(config: &Config) -> Result<(Room, Arc<dyn Authorize>)> {
    let problems = oidc::problems(config);
    if !problems.is_empty() {
        return Err(Error::internal(problems.join("; ")));
    }
    let authority = Arc::new(Authority::new(config)?);
    let room = Room::new("shield")
        .migrations(&[("shield/0001", include_str!("migrations/0001_shield.sql"))])
        .kinds(kinds::ALL)
        .routes(router())
        .jobs(&jobs())
        .schedules(&[Schedule {
            kind: SWEEP.name,
            every_s: 3_600,
        }])
        .find("Person", find_person)
        .state(Arc::<oidc::Providers>::default())
        .release(authority.clone())
        .classify(Arc::new(classify::Finders))
        .state(authority.clone());
    Ok((room, authority))
}
