//! Units on the wire: single ones, and groups such as 各镇 that expand to their members.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_units, create_unit))
        .signed_in(routes!(get_unit, change_unit))
}

/// A unit on the wire.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Unit)]
pub(crate) struct UnitView {
    id: UnitId,
    code: String,
    name: String,
    name_en: String,
    kind: UnitKind,
    /// Its members, when it is a group.
    members: Vec<UnitRef>,
    /// The groups it belongs to.
    groups: Vec<UnitRef>,
    version: i64,
}

fn entity(unit: &Unit) -> Entity {
    Entity::new("Unit", unit.id.as_str()).of_units([unit.id.as_str()])
}

fn view(unit: &Unit, all: &[Unit]) -> UnitView {
    let by_id: BTreeMap<&UnitId, &Unit> = all.iter().map(|u| (&u.id, u)).collect();
    let name = |id: &UnitId| by_id.get(id).map(|u| UnitRef::from(*u));
    UnitView {
        id: unit.id.clone(),
        code: unit.code.clone(),
        name: unit.name.clone(),
        name_en: unit.name_en.clone(),
        kind: unit.kind,
        members: unit.members.iter().filter_map(name).collect(),
        groups: all
            .iter()
            .filter(|g| g.members.contains(&unit.id))
            .map(UnitRef::from)
            .collect(),
        version: unit.version,
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct UnitFilter {
    /// Words of the name.
    q: Option<String>,
    /// Only units of this kind.
    #[param(inline)]
    kind: Option<UnitKind>,
}

/// Lists units in order of their code.
#[utoipa::path(get, path = "/api/v1/units", tag = "shield", params(UnitFilter, PageParams),
    responses((status = 200, body = List<UnitView>), Problems))]
async fn list_units(
    ctx: Ctx,
    Query(filter): Query<UnitFilter>,
    page: Page,
) -> Result<List<UnitView>> {
    ctx.allow(Action::View, &Entity::all("Unit"))?;
    let all = party::all(&mut ctx.read().await?).await?;
    let words = filter.q.unwrap_or_default().to_lowercase();
    let fits = |u: &&Unit| {
        filter.kind.is_none_or(|k| k == u.kind)
            && [&u.name, &u.name_en, &u.code]
                .iter()
                .any(|n| n.to_lowercase().contains(&words))
    };
    Ok(List::of_all(
        all.iter().filter(fits).map(|u| view(u, &all)).collect(),
        &page,
    ))
}

/// A unit to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUnit {
    /// 2 to 40 lower-case letters, digits or hyphens.
    code: String,
    /// Official Chinese name, 1 to 60 characters.
    name: String,
    #[serde(default)]
    name_en: String,
    kind: UnitKind,
    /// Ids of its members, when it is a group.
    #[serde(default)]
    #[schema(max_items = 500)]
    members: Vec<UnitId>,
}

/// Adds a unit.
#[utoipa::path(post, path = "/api/v1/units", tag = "shield", request_body = NewUnit,
    responses((status = 201, body = UnitView), Problems))]
async fn create_unit(
    ctx: Ctx,
    State(app): State<App>,
    Json(input): Json<NewUnit>,
) -> Result<Response> {
    ctx.allow(Action::Create, &Entity::all("Unit"))?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(2..=40).contains(&input.code.len()) || !input.code.chars().all(plain) {
        let words = Text::new(
            "代码为 2 到 40 个小写字母、数字或横线。",
            "A code has 2 to 40 lower-case letters, digits or hyphens.",
        );
        return Err(Error::invalid("unit_code", "code", words));
    }
    let unit = Unit {
        id: UnitId::new(&app),
        code: input.code,
        name: input.name.trim().to_owned(),
        name_en: input.name_en.trim().to_owned(),
        kind: input.kind,
        members: input.members,
        version: 1,
    };
    let mut tx = ctx.begin().await?;
    check(&mut tx, &unit).await?;
    party::insert(&mut tx, &unit).await?;
    let all = party::all(&mut tx).await?;
    tx.answer_versioned(StatusCode::CREATED, 1, &view(&unit, &all))
        .await
}

async fn check(sql: &mut dyn Sql, unit: &Unit) -> Result<()> {
    crate::people::check_name(&unit.name)?;
    if unit.name_en.chars().count() > 120 {
        let words = Text::new(
            "英文名不超过 120 个字符。",
            "An English name has 120 characters at most.",
        );
        return Err(Error::invalid("name_en", "name_en", words));
    }
    if unit.kind != UnitKind::Group && !unit.members.is_empty() {
        let words = Text::new("只有“组”才有成员。", "Only a group has members.");
        return Err(Error::invalid("members", "members", words));
    }
    let all = party::all(sql).await?;
    for (i, member) in unit.members.iter().enumerate() {
        let single = all
            .iter()
            .any(|u| u.id == *member && u.kind != UnitKind::Group);
        if !single || *member == unit.id {
            let words = Text::new(
                "成员应为已有的单个单位。",
                "A member is a known single unit.",
            );
            return Err(Error::invalid("members", format!("members[{i}]"), words));
        }
    }
    Ok(())
}

/// One unit.
#[utoipa::path(get, path = "/api/v1/units/{id}", tag = "shield", params(("id" = UnitId, Path)),
    responses((status = 200, body = UnitView), Problems))]
async fn get_unit(ctx: Ctx, PathId(id): PathId<UnitId>) -> Result<Response> {
    let mut reader = ctx.read().await?;
    let unit = party::get(&mut reader, &id).await?;
    ctx.allow(Action::View, &entity(&unit))?;
    let all = party::all(&mut reader).await?;
    tianyuan_kernel::http::versioned(unit.version, &view(&unit, &all))
}

/// What may change of a unit.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitChange {
    name: Option<String>,
    name_en: Option<String>,
    kind: Option<UnitKind>,
    #[schema(max_items = 500)]
    members: Option<Vec<UnitId>>,
}

/// Changes a unit.
#[utoipa::path(patch, path = "/api/v1/units/{id}", tag = "shield",
    params(("id" = UnitId, Path), ("If-Match" = String, Header)), request_body = UnitChange,
    responses((status = 200, body = UnitView), Problems))]
async fn change_unit(
    ctx: Ctx,
    PathId(id): PathId<UnitId>,
    Json(input): Json<UnitChange>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut unit = party::get(&mut tx, &id).await?;
    ctx.allow(Action::Edit, &entity(&unit))?;
    ctx.if_match(unit.version)?;
    unit.name = input.name.map_or(unit.name, |n| n.trim().to_owned());
    unit.name_en = input.name_en.map_or(unit.name_en, |n| n.trim().to_owned());
    unit.kind = input.kind.unwrap_or(unit.kind);
    unit.members = input.members.unwrap_or(unit.members);
    check(&mut tx, &unit).await?;
    let unit = party::update(&mut tx, unit).await?;
    let all = party::all(&mut tx).await?;
    tx.answer_versioned(StatusCode::OK, unit.version, &view(&unit, &all))
        .await
}
