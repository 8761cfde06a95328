//! SQL of units. Every write records its fact.

use std::collections::{BTreeMap, BTreeSet};

use super::{UNIT_CHANGED, UNIT_CREATED, Unit, UnitFact, UnitId, UnitKind};
use crate::args;
use crate::db::{Arg, Row, Select, Sql};
use crate::error::{Error, Result};
use crate::http::tx::Tx;

fn from_row(row: &Row) -> Result<Unit> {
    Ok(Unit {
        id: UnitId::from_stored(row.text("id")?),
        code: row.text("code")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        kind: UnitKind::from_name(&row.text("kind")?),
        members: Vec::new(),
        version: row.int("version")?,
    })
}

/// Every unit with its members, in order of code. There are some dozens, so no page.
///
/// # Errors
/// When the database does not answer (also below).
pub async fn all(sql: &mut dyn Sql) -> Result<Vec<Unit>> {
    let select = "SELECT id, code, name, name_en, kind, version FROM units ORDER BY code";
    let mut units = Vec::new();
    for row in sql.all(select, args![]).await? {
        units.push(from_row(&row)?);
    }
    let members = members(sql).await?;
    for unit in &mut units {
        unit.members = members.get(unit.id.as_str()).cloned().unwrap_or_default();
    }
    Ok(units)
}

async fn members(sql: &mut dyn Sql) -> Result<BTreeMap<String, Vec<UnitId>>> {
    let select = "SELECT group_id, member_id FROM unit_members ORDER BY group_id, member_id";
    let mut members: BTreeMap<String, Vec<UnitId>> = BTreeMap::new();
    for row in sql.all(select, args![]).await? {
        let member = UnitId::from_stored(row.text("member_id")?);
        members
            .entry(row.text("group_id")?)
            .or_default()
            .push(member);
    }
    Ok(members)
}

/// Units by id with their members, and the members of the groups among them; unknown ids give
/// nothing.
///
/// # Errors
/// As [`all`].
pub async fn with_members(sql: &mut dyn Sql, ids: Vec<&str>) -> Result<Vec<Unit>> {
    const UNIT: &str = "SELECT id, code, name, name_en, kind, version FROM units";
    let args = |ids: &[&str]| ids.iter().map(|id| Arg::from(*id)).collect::<Vec<_>>();
    let rows = sql
        .select(Select::new(UNIT).and_in("id", args(&ids)))
        .await?;
    let mut units = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    let groups = units.iter_mut().filter(|u| u.kind == UnitKind::Group);
    let mut groups: BTreeMap<String, &mut Unit> = groups.map(|u| (u.id.to_string(), u)).collect();
    if groups.is_empty() {
        return Ok(units);
    }
    let of: Vec<&str> = groups.keys().map(String::as_str).collect();
    let select = Select::new("SELECT group_id, member_id FROM unit_members")
        .and_in("group_id", args(&of))
        .order_by("group_id, member_id");
    let mut missing = BTreeSet::new();
    for row in sql.select(select).await? {
        let member = row.text("member_id")?;
        if let Some(group) = groups.get_mut(&row.text("group_id")?) {
            group.members.push(UnitId::from_stored(member.clone()));
        }
        missing.insert(member);
    }
    missing.retain(|id| units.iter().all(|u| u.id.as_str() != id));
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    if !missing.is_empty() {
        let select = Select::new(UNIT).and_in("id", args(&missing));
        for row in sql.select(select).await? {
            units.push(from_row(&row)?);
        }
    }
    Ok(units)
}

/// One unit.
///
/// # Errors
/// 404 when there is none.
pub async fn get(sql: &mut dyn Sql, id: &UnitId) -> Result<Unit> {
    let select = "SELECT id, code, name, name_en, kind, version FROM units WHERE id = $1";
    let row = sql
        .optional(select, args![id])
        .await?
        .ok_or_else(Error::not_found)?;
    let mut unit = from_row(&row)?;
    let select = "SELECT member_id FROM unit_members WHERE group_id = $1 ORDER BY member_id";
    for row in sql.all(select, args![id]).await? {
        unit.members
            .push(UnitId::from_stored(row.text("member_id")?));
    }
    Ok(unit)
}

/// Units by their official names.
///
/// # Errors
/// As [`all`].
pub async fn find_by_names(sql: &mut dyn Sql) -> Result<BTreeMap<String, Unit>> {
    Ok(all(sql)
        .await?
        .into_iter()
        .map(|u| (u.name.clone(), u))
        .collect())
}

/// The groups a unit belongs to.
///
/// # Errors
/// As [`all`].
pub async fn groups_of(sql: &mut dyn Sql, id: &UnitId) -> Result<Vec<UnitId>> {
    let select = "SELECT group_id FROM unit_members WHERE member_id = $1 ORDER BY group_id";
    let rows = sql.all(select, args![id]).await?;
    rows.iter()
        .map(|row| Ok(UnitId::from_stored(row.text("group_id")?)))
        .collect()
}

/// The given units, and for groups among them their members too; sorted, each once. Groups hold
/// units, never groups.
///
/// # Errors
/// As [`all`].
pub async fn expand(sql: &mut dyn Sql, ids: &[UnitId]) -> Result<Vec<UnitId>> {
    let members = members(sql).await?;
    let mut out = BTreeSet::new();
    for id in ids {
        out.insert(id.clone());
        out.extend(members.get(id.as_str()).into_iter().flatten().cloned());
    }
    Ok(out.into_iter().collect())
}

/// Adds a unit.
///
/// # Errors
/// 409 when its code or name is taken.
pub async fn insert(tx: &mut Tx, unit: &Unit) -> Result<()> {
    let sql = "INSERT INTO units (id, code, name, name_en, kind, version) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let args = args![
        &unit.id,
        &unit.code,
        &unit.name,
        &unit.name_en,
        unit.kind.name(),
        unit.version
    ];
    tx.execute(sql, args).await?;
    replace_members(tx, unit).await?;
    tx.record(&UNIT_CREATED, unit.id.as_str(), &UnitFact::from(unit))
        .await?;
    Ok(())
}

/// Changes a unit whose version is still `unit.version`; answers it with the next version.
///
/// # Errors
/// 412 when it changed meanwhile; 409 when the name is taken.
pub async fn update(tx: &mut Tx, mut unit: Unit) -> Result<Unit> {
    let sql = "UPDATE units SET name = $3, name_en = $4, kind = $5, version = version + 1 \
               WHERE id = $1 AND version = $2";
    let args = args![
        &unit.id,
        unit.version,
        &unit.name,
        &unit.name_en,
        unit.kind.name()
    ];
    if tx.execute(sql, args).await? != 1 {
        return Err(Error::precondition_failed());
    }
    unit.version += 1;
    replace_members(tx, &unit).await?;
    tx.record(&UNIT_CHANGED, unit.id.as_str(), &UnitFact::from(&unit))
        .await?;
    Ok(unit)
}

/// Gives a group its members.
///
/// # Errors
/// As [`update`].
pub async fn set_members(tx: &mut Tx, id: &UnitId, members: Vec<UnitId>) -> Result<Unit> {
    let mut unit = get(tx, id).await?;
    unit.members = members;
    update(tx, unit).await
}

async fn replace_members(tx: &mut Tx, unit: &Unit) -> Result<()> {
    tx.execute(
        "DELETE FROM unit_members WHERE group_id = $1",
        args![&unit.id],
    )
    .await?;
    for member in &unit.members {
        let sql = "INSERT INTO unit_members (group_id, member_id) VALUES ($1, $2) \
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, args![&unit.id, member]).await?;
    }
    Ok(())
}
