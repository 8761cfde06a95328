//! SQL of people.

use std::collections::BTreeMap;

use tianyuan_kernel::prelude::*;

use super::{Person, PersonId, State};

macro_rules! columns {
    ($after:literal) => {
        concat!(
            "SELECT id, username, name, state, password_hash, must_change, created_at, \
             last_sign_in_at, version FROM people ",
            $after
        )
    };
}

fn from_row(row: &Row) -> Result<Person> {
    Ok(Person {
        id: PersonId::from_stored(row.text("id")?),
        username: row.text_opt("username")?,
        name: row.text("name")?,
        state: State::from_name(&row.text("state")?),
        grants: Vec::new(),
        must_change: row.int("must_change")? == 1,
        password_hash: row.text_opt("password_hash")?,
        created_at: row.time("created_at")?,
        last_sign_in_at: row.time_opt("last_sign_in_at")?,
        version: row.int("version")?,
    })
}

async fn with_grants(sql: &mut dyn Sql, mut people: Vec<Person>) -> Result<Vec<Person>> {
    let ids = people.iter().map(|p| Arg::from(&p.id)).collect();
    let select = Select::new("SELECT person_id, role, unit_id FROM grants")
        .and_in("person_id", ids)
        .order_by("person_id, role, unit_id");
    let mut grants: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for row in sql.select(select).await? {
        if let Some(role) = Role::from_name(&row.text("role")?) {
            let unit = Some(row.text("unit_id")?).filter(|u| !u.is_empty());
            grants
                .entry(row.text("person_id")?)
                .or_default()
                .push(Grant { role, unit });
        }
    }
    for person in &mut people {
        person.grants = grants.remove(person.id.as_str()).unwrap_or_default();
    }
    Ok(people)
}

async fn one(sql: &mut dyn Sql, row: Option<Row>) -> Result<Option<Person>> {
    let Some(row) = row else { return Ok(None) };
    Ok(with_grants(sql, vec![from_row(&row)?]).await?.pop())
}

pub(crate) async fn get(sql: &mut dyn Sql, id: &PersonId) -> Result<Person> {
    let row = sql.optional(columns!("WHERE id = $1"), args![id]).await?;
    one(sql, row).await?.ok_or_else(Error::not_found)
}

pub(crate) async fn by_username(sql: &mut dyn Sql, username: &str) -> Result<Option<Person>> {
    let row = sql
        .optional(columns!("WHERE username = $1"), args![username])
        .await?;
    one(sql, row).await
}

/// Which people a list shows.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) words: Option<String>,
    pub(crate) unit: Option<String>,
    /// Only people of these units.
    pub(crate) units: Option<Vec<String>>,
    pub(crate) role: Option<Role>,
    pub(crate) state: Option<State>,
}

pub(crate) async fn list(sql: &mut dyn Sql, page: &Page, filter: Filter) -> Result<Vec<Person>> {
    let has_unit =
        "EXISTS (SELECT 1 FROM grants g WHERE g.person_id = people.id AND g.unit_id = ?)";
    let has_role = "EXISTS (SELECT 1 FROM grants g WHERE g.person_id = people.id AND g.role = ?)";
    let mut select = Select::new(columns!(""))
        .and_contains(&["name", "username"], filter.words.as_deref())
        .and_opt(has_unit, filter.unit)
        .and_opt(has_role, filter.role.map(Role::name))
        .and_opt("state = ?", filter.state.map(State::name));
    if let Some(units) = filter.units {
        let ids = people_of(sql, units).await?;
        select = select.and_in("id", ids.iter().map(Arg::from).collect());
    }
    let select = select.page(page, &["created_at", "id"], false, "created_at, id");
    let rows = sql.select(select).await?;
    let people = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_grants(sql, people).await
}

/// Ids of people with a role for one of these units.
async fn people_of(sql: &mut dyn Sql, units: Vec<String>) -> Result<Vec<String>> {
    let units = units.into_iter().map(Arg::from).collect();
    let select = Select::new("SELECT DISTINCT person_id FROM grants").and_in("unit_id", units);
    let rows = sql.select(select).await?;
    rows.iter().map(|row| row.text("person_id")).collect()
}

pub(crate) async fn anybody(sql: &mut dyn Sql) -> Result<bool> {
    Ok(sql
        .optional("SELECT id FROM people LIMIT 1", args![])
        .await?
        .is_some())
}

/// Holds up everybody else who is about to change an operator's account.
pub(crate) async fn lock_operators(tx: &mut Tx) -> Result<()> {
    let sql = "UPDATE people SET version = version \
               WHERE id IN (SELECT person_id FROM grants WHERE role = 'operator')";
    tx.execute(sql, args![]).await.map(|_| ())
}

pub(crate) async fn active_operators(sql: &mut dyn Sql, except: &PersonId) -> Result<i64> {
    let select = "SELECT COUNT(*) AS n FROM people p JOIN grants g ON g.person_id = p.id \
                  WHERE g.role = 'operator' AND p.state = 'active' AND p.id <> $1";
    sql.one(select, args![except]).await?.int("n")
}

pub(crate) async fn insert(tx: &mut Tx, person: &Person) -> Result<()> {
    let sql = "INSERT INTO people (id, username, name, state, password_hash, must_change, \
               created_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let args = args![
        &person.id,
        person.username.as_deref(),
        &person.name,
        person.state.name(),
        person.password_hash.as_deref(),
        person.must_change,
        person.created_at,
        person.version,
    ];
    tx.execute(sql, args).await.map_err(|error| {
        if error.code() != "duplicate" {
            return error;
        }
        let words = Text::new("该用户名已被使用。", "This user name is taken.");
        Error::conflict("username_taken", words).field("username")
    })?;
    set_grants(tx, &person.id, &person.grants).await
}

async fn set_grants(tx: &mut Tx, id: &PersonId, grants: &[Grant]) -> Result<()> {
    tx.execute("DELETE FROM grants WHERE person_id = $1", args![id])
        .await?;
    for grant in grants {
        let sql = "INSERT INTO grants (person_id, role, unit_id) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";
        let unit = grant.unit.as_deref().unwrap_or_default();
        tx.execute(sql, args![id, grant.role.name(), unit]).await?;
    }
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, person: &Person) -> Result<()> {
    let sql = "UPDATE people SET name = $3, state = $4, version = version + 1 \
               WHERE id = $1 AND version = $2";
    let args = args![
        &person.id,
        person.version,
        &person.name,
        person.state.name()
    ];
    if tx.execute(sql, args).await? != 1 {
        return Err(Error::precondition_failed());
    }
    set_grants(tx, &person.id, &person.grants).await
}

/// What was decided about an account no longer holds, because it was changed meanwhile.
fn changed_meanwhile() -> Error {
    let words = Text::new(
        "该账号刚刚发生变化，请重试。",
        "This account was changed just now; try again.",
    );
    Error::conflict("account_changed", words)
}

pub(crate) async fn set_password(
    tx: &mut Tx,
    person: &mut Person,
    hash: &str,
    must_change: bool,
) -> Result<()> {
    let sql = "UPDATE people SET password_hash = $3, must_change = $4, version = version + 1 \
               WHERE id = $1 AND version = $2 AND state <> 'erased'";
    let args = args![&person.id, person.version, hash, must_change];
    if tx.execute(sql, args).await? != 1 {
        return Err(changed_meanwhile());
    }
    person.version += 1;
    person.must_change = must_change;
    Ok(())
}

/// Notes a sign-in of somebody who is still as they were when they were recognised.
pub(crate) async fn signed_in(tx: &mut Tx, person: &Person) -> Result<()> {
    let sql = "UPDATE people SET last_sign_in_at = $3 \
               WHERE id = $1 AND version = $2 AND state = 'active'";
    let now = tx.now();
    if tx
        .execute(sql, args![&person.id, person.version, now])
        .await?
        != 1
    {
        return Err(changed_meanwhile());
    }
    Ok(())
}

pub(crate) async fn erase(tx: &mut Tx, id: &PersonId, now: Micros) -> Result<()> {
    tx.execute("DELETE FROM grants WHERE person_id = $1", args![id])
        .await?;
    tx.execute("DELETE FROM sessions WHERE person_id = $1", args![id])
        .await?;
    tx.execute("DELETE FROM tokens WHERE person_id = $1", args![id])
        .await?;
    tx.execute("DELETE FROM oidc_links WHERE person_id = $1", args![id])
        .await?;
    let sql = "UPDATE people SET username = NULL, name = '', state = 'erased', \
               password_hash = NULL, last_sign_in_at = NULL, version = version + 1 WHERE id = $1";
    tx.execute(sql, args![id]).await?;
    let sql = "INSERT INTO erasures (person_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute(sql, args![id, now]).await.map(|_| ())
}

/// Ids of everybody who was erased.
pub(crate) async fn erased(sql: &mut dyn Sql) -> Result<Vec<String>> {
    let select = "SELECT person_id FROM erasures ORDER BY erased_at, person_id";
    let rows = sql.all(select, args![]).await?;
    rows.iter().map(|row| row.text("person_id")).collect()
}

/// Names of people by id.
pub(crate) async fn names(sql: &mut dyn Sql, ids: &[String]) -> Result<BTreeMap<String, String>> {
    let ids = ids.iter().map(Arg::from).collect();
    let select = Select::new("SELECT id, name FROM people").and_in("id", ids);
    let mut names = BTreeMap::new();
    for row in sql.select(select).await? {
        let name = row.text("name")?;
        if !name.is_empty() {
            names.insert(row.text("id")?, name);
        }
    }
    Ok(names)
}

/// Active people who hold a role: for this unit, or anyhow.
pub(crate) async fn people_with_role(
    sql: &mut dyn Sql,
    role: Role,
    unit: Option<&str>,
) -> Result<Vec<String>> {
    let select = Select::new(
        "SELECT DISTINCT g.person_id AS person_id FROM grants g \
         JOIN people p ON p.id = g.person_id",
    )
    .and("g.role = ?", role.name())
    .and_all("p.state = 'active'", vec![])
    .and_opt("g.unit_id = ?", unit)
    .order_by("person_id");
    let rows = sql.select(select).await?;
    rows.iter().map(|row| row.text("person_id")).collect()
}

/// Units that have an active person of the role.
pub(crate) async fn units_with_role(sql: &mut dyn Sql, role: Role) -> Result<Vec<String>> {
    let select = "SELECT DISTINCT g.unit_id AS unit_id FROM grants g \
                  JOIN people p ON p.id = g.person_id \
                  WHERE g.role = $1 AND p.state = 'active' AND g.unit_id <> ''";
    let rows = sql.all(select, args![role.name()]).await?;
    rows.iter().map(|row| row.text("unit_id")).collect()
}
