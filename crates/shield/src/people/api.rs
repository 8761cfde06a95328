//! People on the wire.

use std::collections::BTreeMap;

use axum::extract::State as AppState;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::party::{self, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::store::Filter;
use super::{
    NewPerson, Person, PersonId, State, add_ready, check_grants, check_name, grants_json,
    keep_an_operator, may_administer, operates, ready, store,
};
use crate::authority::Authority;
use crate::{kinds, sessions};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_people, create_person))
        .signed_in(routes!(get_person, change_person))
}

/// A role held, with its unit's name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GrantView {
    role: Role,
    unit: Option<UnitRef>,
}

/// A person on the wire.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonView {
    id: PersonId,
    username: Option<String>,
    name: String,
    state: State,
    roles: Vec<GrantView>,
    must_change_password: bool,
    created_at: Micros,
    last_sign_in_at: Option<Micros>,
    version: i64,
}

pub(crate) type UnitNames = BTreeMap<String, UnitRef>;

pub(crate) async fn unit_names(sql: &mut dyn Sql) -> Result<UnitNames> {
    let units = party::all(sql).await?;
    Ok(units
        .iter()
        .map(|u| (u.id.to_string(), UnitRef::from(u)))
        .collect())
}

pub(crate) fn grant_views(grants: &[Grant], units: &UnitNames) -> Vec<GrantView> {
    grants
        .iter()
        .map(|g| GrantView {
            role: g.role,
            unit: g.unit.as_ref().and_then(|id| units.get(id).cloned()),
        })
        .collect()
}

pub(super) fn view(person: Person, units: &UnitNames) -> PersonView {
    PersonView {
        roles: grant_views(&person.grants, units),
        id: person.id,
        username: person.username,
        name: person.name,
        state: person.state,
        must_change_password: person.must_change,
        created_at: person.created_at,
        last_sign_in_at: person.last_sign_in_at,
        version: person.version,
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PeopleFilter {
    /// Words of the name or user name.
    q: Option<String>,
    /// Only people with a role for this unit.
    unit: Option<String>,
    /// Only people with this role.
    #[param(inline)]
    role: Option<Role>,
    /// Only accounts in this state.
    #[param(inline)]
    state: Option<State>,
}

/// Lists people: all for the plan office, operators and auditors; a lead sees their unit's.
#[utoipa::path(get, path = "/api/v1/people", tag = "shield", params(PeopleFilter, PageParams),
    responses((status = 200, body = List<PersonView>), Problems))]
async fn list_people(
    ctx: Ctx,
    Query(filter): Query<PeopleFilter>,
    page: Page,
) -> Result<List<PersonView>> {
    let led = ctx.who.grants.iter().filter(|g| g.role == Role::UnitLead);
    let led: Vec<String> = led.filter_map(|g| g.unit.clone()).collect();
    let all = ctx.can(Action::View, &Entity::all("Person"));
    if !all && led.is_empty() {
        ctx.allow(Action::View, &Entity::all("Person"))?;
    }
    let mut reader = ctx.read().await?;
    let filter = Filter {
        words: filter.q,
        unit: filter.unit,
        units: (!all).then_some(led),
        role: filter.role,
        state: filter.state,
    };
    let people = store::list(&mut reader, &page, filter).await?;
    let units = unit_names(&mut reader).await?;
    let key = |p: &Person| vec![json!(p.created_at.0), json!(p.id)];
    Ok(List::build(people, &page, key, |p| view(p, &units)))
}

/// A role to give.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantInput {
    role: Role,
    /// The unit, for a reporter or lead.
    unit_id: Option<String>,
}

fn grants(input: Vec<GrantInput>) -> Vec<Grant> {
    let mut grants: Vec<Grant> = input
        .into_iter()
        .map(|g| Grant {
            role: g.role,
            unit: g.unit_id,
        })
        .collect();
    grants.sort();
    grants.dedup();
    grants
}

/// A new account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// 2 to 40 lower-case letters, digits, dots, hyphens or underscores.
    username: String,
    /// Name to show, 1 to 60 characters.
    name: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    roles: Vec<GrantInput>,
    /// A first password; one is made when absent. It must be changed at the first sign-in.
    password: Option<String>,
}

/// A new account and, once, its first password.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AccountOpened {
    person: PersonView,
    /// Shown this once only, also when the request is repeated with its `Idempotency-Key`;
    /// absent when the caller chose the password.
    initial_password: Option<String>,
}

/// Opens an account.
#[utoipa::path(post, path = "/api/v1/people", tag = "shield", request_body = NewAccount,
    responses((status = 201, body = AccountOpened), Problems))]
async fn create_person(ctx: Ctx, Json(input): Json<NewAccount>) -> Result<Response> {
    ctx.allow(Action::Create, &Entity::all("Person"))?;
    too_many_roles(input.roles.len())?;
    let grants = grants(input.roles);
    check_grants(&mut ctx.read().await?, &ctx.who, &[], &grants).await?;
    let new = NewPerson {
        username: Some(input.username),
        name: input.name,
        grants,
        password: input.password,
        must_change: true,
    };
    let ready = ready(&ctx.app, new).await?;
    let mut tx = ctx.begin().await?;
    let (person, initial_password) = add_ready(&mut tx, ready).await?;
    let units = unit_names(&mut tx).await?;
    let version = person.version;
    let mut answer = AccountOpened {
        person: view(person, &units),
        initial_password: None,
    };
    // What is kept for an `Idempotency-Key` holds no password.
    let response = tx
        .answer_versioned(StatusCode::CREATED, version, &answer)
        .await?;
    answer.initial_password = initial_password;
    let (parts, _) = response.into_parts();
    Ok(Response::from_parts(
        parts,
        serde_json::to_vec(&answer)?.into(),
    ))
}

fn too_many_roles(count: usize) -> Result<()> {
    if count <= 50 {
        return Ok(());
    }
    let words = Text::new(
        "一个账号最多 50 个角色。",
        "An account has at most 50 roles.",
    );
    Err(Error::invalid("roles_too_many", "roles", words))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "shield",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = PersonView), Problems))]
async fn get_person(ctx: Ctx, PathId(id): PathId<PersonId>) -> Result<Response> {
    let mut reader = ctx.read().await?;
    let person = store::get(&mut reader, &id).await?;
    ctx.allow(Action::View, &person)?;
    let units = unit_names(&mut reader).await?;
    let version = person.version;
    tianyuan_kernel::http::versioned(version, &view(person, &units))
}

/// What may change of an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    name: Option<String>,
    #[schema(max_items = 50)]
    roles: Option<Vec<GrantInput>>,
    /// `active` or `suspended`.
    state: Option<State>,
}

/// Changes an account: its name, its roles, whether it may sign in.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "shield",
    params(("id" = PersonId, Path), ("If-Match" = String, Header)), request_body = PersonChange,
    responses((status = 200, body = PersonView), Problems))]
async fn change_person(
    ctx: Ctx,
    AppState(app): AppState<App>,
    PathId(id): PathId<PersonId>,
    Json(input): Json<PersonChange>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut person = store::get(&mut tx, &id).await?;
    ctx.allow(Action::Administer, &person)?;
    ctx.if_match(person.version)?;
    may_administer(&ctx.who, &person)?;
    if person.state == State::Erased {
        return Err(erased());
    }
    let operated = operates(&person);
    if let Some(name) = input.name {
        check_name(&name)?;
        person.name = name;
    }
    let mut other_roles = false;
    if let Some(roles) = input.roles {
        too_many_roles(roles.len())?;
        let after = grants(roles);
        check_grants(&mut tx, &ctx.who, &person.grants, &after).await?;
        other_roles = after != person.grants;
        person.grants = after;
    }
    match input.state {
        Some(State::Erased) => return Err(erasing_is_apart()),
        Some(State::Suspended) if ctx.who.id.as_deref() == Some(id.as_str()) => {
            return Err(not_yourself());
        }
        Some(state) => person.state = state,
        None => {}
    }
    if operated && !operates(&person) {
        keep_an_operator(&mut tx, &id).await?;
    }
    store::update(&mut tx, &person).await?;
    if person.state != State::Active {
        sessions::store::end_all(&mut tx, &id).await?;
    } else if other_roles {
        // A session does not outlive the rights it was opened with; one's own goes on.
        sessions::store::end_others(&mut tx, &id, ctx.who.session.as_deref()).await?;
    }
    let body = json!({
        "name": person.name, "state": person.state, "roles": grants_json(&person.grants),
    });
    tx.record(&kinds::PERSON_CHANGED, id.as_str(), &body)
        .await?;
    person.version += 1;
    let units = unit_names(&mut tx).await?;
    let answer = tx
        .answer_versioned(StatusCode::OK, person.version, &view(person, &units))
        .await;
    app.get::<Authority>()?.forget_callers();
    answer
}

pub(super) fn erased() -> Error {
    Error::conflict(
        "erased",
        Text::new("该人员信息已删除。", "This person was erased."),
    )
}

fn erasing_is_apart() -> Error {
    let words = Text::new(
        "删除个人信息请使用“删除个人信息”操作。",
        "To erase a person use the erasure operation.",
    );
    Error::invalid("state", "state", words)
}

pub(super) fn not_yourself() -> Error {
    let words = Text::new(
        "不能停用或删除自己的账号。",
        "You cannot suspend or erase yourself.",
    );
    Error::conflict("not_yourself", words)
}
