//! People: local accounts, their roles, and what becomes of them.
//!
//! Invariant: nobody gives a role, or takes over an account with a role, that they may not give.

pub(crate) mod api;
pub(crate) mod erasure;
pub(crate) mod reset;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use erasure::{erase, keep_erased};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::prelude::*;

use crate::kinds;
use crate::password;

tianyuan_kernel::id!(PersonId, "person", "A person with an account.");

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// May sign in.
    Active,
    /// May not sign in.
    Suspended,
    /// Personal data was erased; nothing can be done with it any more.
    Erased,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erased => "erased",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            _ => Self::Erased,
        }
    }
}

/// A person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Id.
    pub id: PersonId,
    /// Sign-in name; `None` for people who come from outside providers, or were erased.
    pub username: Option<String>,
    /// Name to show.
    pub name: String,
    /// Where the account stands.
    pub state: State,
    /// Roles held.
    pub grants: Vec<Grant>,
    /// Must choose a password at the next sign-in.
    pub must_change: bool,
    pub(crate) password_hash: Option<String>,
    /// When the account was opened.
    pub created_at: Micros,
    /// Last sign-in.
    pub last_sign_in_at: Option<Micros>,
    /// Grows with every change.
    pub version: i64,
}

impl Resource for Person {
    fn entity(&self) -> Entity {
        Entity::new("Person", self.id.as_str())
            .of_units(self.grants.iter().filter_map(|g| g.unit.clone()))
            .owned_by(Some(self.id.as_str()))
    }
}

/// The caller as policies see a person (not through a session).
pub(crate) async fn principal(sql: &mut dyn Sql, id: &str) -> Result<Principal> {
    let person = store::get(sql, &PersonId::from_stored(id.to_owned())).await?;
    let grants = if person.state == State::Active {
        person.grants
    } else {
        Vec::new()
    };
    Ok(Principal {
        id: Some(id.to_owned()),
        name: person.name,
        grants,
        via: Via::Session,
        session: None,
        read_only: false,
        must_change_password: false,
        csrf: None,
    })
}

/// True when `who` may give and take this role. Operators may give every role; the plan office
/// the roles of people it works with. The operator's role is given by somebody signed in: an API
/// token that leaked must not make a lasting way in.
#[must_use]
pub fn may_give(who: &Principal, role: Role) -> bool {
    let by_office = matches!(
        role,
        Role::UnitReporter | Role::UnitLead | Role::DataOfficer | Role::Enterprise | Role::Citizen
    );
    match role {
        Role::Anonymous => false,
        Role::Operator => who.has(Role::Operator) && who.via != Via::Token,
        _ => who.has(Role::Operator) || (who.has(Role::PlanOffice) && by_office),
    }
}

fn may_not_give(role: Role) -> Error {
    let role = role.name();
    Error::invalid(
        "role_not_yours_to_give",
        "roles",
        text!(
            "您不能授予或收回角色 {role}。",
            "You may not give or take the role {role}."
        ),
    )
}

/// Refuses changes to an account that holds a role the caller may not give: otherwise resetting
/// its password would be a way to that role.
pub(crate) fn may_administer(who: &Principal, person: &Person) -> Result<()> {
    match person.grants.iter().find(|g| !may_give(who, g.role)) {
        Some(grant) => Err(may_not_give(grant.role)),
        None => Ok(()),
    }
}

/// Checks roles that are to be given: sensible, for known units, and the caller's to give.
pub(crate) async fn check_grants(
    sql: &mut dyn Sql,
    who: &Principal,
    before: &[Grant],
    after: &[Grant],
) -> Result<()> {
    let units = tianyuan_kernel::party::all(sql).await?;
    for (i, grant) in after.iter().enumerate() {
        let scoped = matches!(grant.role, Role::UnitReporter | Role::UnitLead);
        let unit = grant.unit.as_deref();
        let known = unit.is_none_or(|id| units.iter().any(|u| u.id.as_str() == id));
        if scoped != unit.is_some() || !known {
            let words = Text::new(
                "填报员和负责人须指定一个已有单位，其他角色不指定单位。",
                "A reporter or lead is so for one known unit; other roles have none.",
            );
            return Err(Error::invalid(
                "role_unit",
                format!("roles[{i}].unit_id"),
                words,
            ));
        }
    }
    let changed = after.iter().filter(|g| !before.contains(g));
    let changed = changed.chain(before.iter().filter(|g| !after.contains(g)));
    for grant in changed {
        if !may_give(who, grant.role) {
            return Err(may_not_give(grant.role));
        }
    }
    Ok(())
}

/// True when this account may run the node.
pub(crate) fn operates(person: &Person) -> bool {
    person.state == State::Active && person.grants.iter().any(|g| g.role == Role::Operator)
}

/// Refuses to leave the node without an operator who can sign in.
pub(crate) async fn keep_an_operator(tx: &mut Tx, except: &PersonId) -> Result<()> {
    // Two who leave at once must not each count on the other.
    store::lock_operators(tx).await?;
    if store::active_operators(tx, except).await? > 0 {
        return Ok(());
    }
    let words = Text::new(
        "这是最后一位系统管理员，不能停用、删除或收回其角色。",
        "This is the last operator; they cannot be suspended, erased or lose the role.",
    );
    Err(Error::conflict("last_operator", words))
}

/// What a new account is made from.
pub struct NewPerson {
    /// Sign-in name.
    pub username: Option<String>,
    /// Name to show.
    pub name: String,
    /// Roles.
    pub grants: Vec<Grant>,
    /// Password; a random one when absent.
    pub password: Option<String>,
    /// Must choose another at the first sign-in.
    pub must_change: bool,
}

/// A new account that was looked over, its password hashed.
pub(crate) struct Ready {
    new: NewPerson,
    password_hash: Option<String>,
    /// The password, when it was made here.
    made: Option<String>,
}

/// Looks a new account over and hashes its password. Hashing takes its time, so it is done
/// before the writer is taken.
pub(crate) async fn ready(app: &App, new: NewPerson) -> Result<Ready> {
    check_name(&new.name)?;
    let Some(username) = &new.username else {
        return Ok(Ready {
            new,
            password_hash: None,
            made: None,
        });
    };
    check_username(username)?;
    let made = new.password.is_none().then(|| password::random(app));
    let mut password_hash = None;
    if let Some(password) = new.password.as_ref().or(made.as_ref()) {
        password::check("password", password, username)?;
        password_hash = Some(password::hash(app, password).await?);
    }
    Ok(Ready {
        new,
        password_hash,
        made,
    })
}

/// Opens an account for an actor (`None`: the node itself); answers it, and the password when it
/// was made here.
///
/// # Errors
/// 409 when the user name is taken; 422 when name or password are not acceptable.
pub async fn open(
    app: &App,
    actor: Option<String>,
    new: NewPerson,
) -> Result<(Person, Option<String>)> {
    let ready = ready(app, new).await?;
    let mut tx = Tx::begin(app, actor).await?;
    let opened = add_ready(&mut tx, ready).await?;
    tx.commit().await?;
    Ok(opened)
}

pub(crate) async fn add_ready(tx: &mut Tx, ready: Ready) -> Result<(Person, Option<String>)> {
    let new = ready.new;
    let person = Person {
        id: PersonId::new(tx.app()),
        username: new.username,
        name: new.name,
        state: State::Active,
        grants: new.grants,
        must_change: new.must_change,
        password_hash: ready.password_hash,
        created_at: tx.now(),
        last_sign_in_at: None,
        version: 1,
    };
    store::insert(tx, &person).await?;
    let body = json!({
        "username": person.username, "name": person.name, "roles": grants_json(&person.grants),
    });
    tx.record(&kinds::PERSON_CREATED, person.id.as_str(), &body)
        .await?;
    Ok((person, ready.made))
}

pub(crate) fn grants_json(grants: &[Grant]) -> serde_json::Value {
    grants
        .iter()
        .map(|g| json!({ "role": g.role, "unit": g.unit }))
        .collect()
}

pub(crate) fn check_username(username: &str) -> Result<()> {
    let plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if (2..=40).contains(&username.len()) && username.chars().all(plain) {
        return Ok(());
    }
    let words = Text::new(
        "用户名为 2 到 40 个小写字母、数字、点、横线或下划线。",
        "A user name has 2 to 40 lower-case letters, digits, dots, hyphens or underscores.",
    );
    Err(Error::invalid("username", "username", words))
}

pub(crate) fn check_name(name: &str) -> Result<()> {
    let length = name.trim().chars().count();
    if (1..=60).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let words = Text::new("姓名为 1 到 60 个字。", "A name has 1 to 60 characters.");
    Err(Error::invalid("name", "name", words))
}

/// Opens the first account, `admin`, when there is nobody yet: it runs the node, keeps the plan
/// and keeps the data, so that one person can begin; the roles are taken off it as others come.
/// Answers the password when it was made here; that one must be changed at the first sign-in.
///
/// # Errors
/// When the given password is not acceptable, or the database refuses.
pub async fn ensure_admin(app: &App, password: Option<String>) -> Result<Option<String>> {
    if store::anybody(&mut app.db().read().await?).await? {
        return Ok(None);
    }
    let role = |role| Grant { role, unit: None };
    let new = NewPerson {
        username: Some("admin".to_owned()),
        name: "系统管理员".to_owned(),
        grants: vec![
            role(Role::Operator),
            role(Role::PlanOffice),
            role(Role::DataOfficer),
        ],
        must_change: password.is_none(),
        password,
    };
    match open(app, None, new).await {
        Ok((_, made)) => Ok(made),
        // Another node that starts at the same time was quicker.
        Err(error) if error.code() == "username_taken" => Ok(None),
        Err(error) => Err(error),
    }
}
