//! Actions that read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tianyuan_kernel::prelude::*;
use tianyuan_lake::query::answer::{column_views, json_rows};
use tianyuan_lake::query::prepare;
use tianyuan_lake::rows::{Comparison, Filter, RowsQuery, page};
use tianyuan_lake::supervision::Exit;

use super::Given;
use super::view::{Units, group, organization, package, resources, tag};
use crate::datasets::store::Visible;
use crate::datasets::{Dataset, api::visible, store};
use crate::rows::api::{asker, open};
use crate::search::{Card, Search};
use crate::words::{DatasetState, Theme};

/// Most packages of an answer.
const PACKAGES_MAX: usize = 1_000;
/// Most rows of an answer.
const ROWS_MAX: usize = 32_000;

/// Published entries that a question finds, as far as the caller may see them.
async fn cards(ctx: &Ctx, question: &str) -> Result<Vec<std::sync::Arc<Card>>> {
    let shelf = ctx.app.get::<Search>()?.current(&ctx.app).await?;
    let visible = Visible::to(ctx);
    let question = if matches!(question.trim(), "*:*" | "*") {
        ""
    } else {
        question
    };
    let mut found = shelf.find(&question.chars().take(200).collect::<String>());
    found.retain(|c| c.state == DatasetState::Published && c.is_visible(&visible));
    Ok(found)
}

pub(super) async fn package_list(ctx: &Ctx, given: &Given) -> Result<Value> {
    let limit = given.number("limit", usize::MAX, usize::MAX)?;
    let offset = given.number("offset", 0, usize::MAX)?;
    let mut names: Vec<String> = cards(ctx, "")
        .await?
        .iter()
        .map(|c| c.code.clone())
        .collect();
    names.sort();
    Ok(json!(
        names
            .into_iter()
            .skip(offset)
            .take(limit)
            .collect::<Vec<_>>()
    ))
}

async fn load(ctx: &Ctx, cards: impl Iterator<Item = std::sync::Arc<Card>>) -> Result<Vec<Value>> {
    let base = crate::dcat::base(&ctx.app);
    let mut sql = ctx.read().await?;
    let units = Units::load(&mut sql).await?;
    let mut out = Vec::new();
    for card in cards {
        if let Some(dataset) = store::find(&mut sql, &card.id).await? {
            out.push(package(&base, &units, &dataset));
        }
    }
    Ok(out)
}

pub(super) async fn packages(ctx: &Ctx, given: &Given) -> Result<Value> {
    let limit = given.number("limit", 100, PACKAGES_MAX)?;
    let offset = given.number("offset", 0, usize::MAX)?;
    let found = cards(ctx, "").await?.into_iter().skip(offset).take(limit);
    Ok(json!(load(ctx, found).await?))
}

pub(super) async fn package_show(ctx: &Ctx, given: &Given) -> Result<Value> {
    let key = match given.text("name_or_id") {
        Some(key) => key,
        None => given.needed("id")?,
    };
    let dataset = visible(ctx, &key).await?;
    let units = Units::load(&mut ctx.read().await?).await?;
    Ok(package(&crate::dcat::base(&ctx.app), &units, &dataset))
}

/// `organization:x`, `groups:x`, `tags:x` of a filter query, quoted or not.
fn narrowed(filter: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for part in filter.replace(" AND ", " ").split_whitespace() {
        if let Some((key, value)) = part.trim_start_matches('+').split_once(':') {
            let plain = value.trim_matches(['"', '(', ')']);
            out.push((key.to_owned(), plain.to_owned()));
        }
    }
    out
}

fn fits(card: &Card, key: &str, value: &str) -> bool {
    match key {
        "organization" | "owner_org" => card.unit_id == value,
        "groups" => card.themes.contains(&value),
        "tags" => card.tags.iter().any(|t| t == value),
        "name" => card.code == value,
        "id" => card.id == value,
        // What we do not know narrows nothing, as with unknown extras.
        _ => true,
    }
}

pub(super) async fn package_search(ctx: &Ctx, given: &Given) -> Result<Value> {
    let rows = given.number("rows", 10, PACKAGES_MAX)?;
    let start = given.number("start", 0, usize::MAX)?;
    let units = Units::load(&mut ctx.read().await?).await?;
    let mut filters = narrowed(&given.text("fq").unwrap_or_default());
    for (key, value) in &mut filters {
        if matches!(key.as_str(), "organization" | "owner_org")
            && let Some(unit) = units.find(value)
        {
            *value = unit.id.to_string();
        }
    }
    let mut found = cards(ctx, &given.text("q").unwrap_or_default()).await?;
    found.retain(|c| filters.iter().all(|(k, v)| fits(c, k, v)));
    let wanted = given.list("facet.field");
    let mut facets: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for card in &found {
        for field in &wanted {
            let (name, values): (&str, Vec<String>) = match field.as_str() {
                "organization" => {
                    let code = units.code(&card.unit_id).to_owned();
                    ("organization", vec![code])
                }
                "groups" => (
                    "groups",
                    card.themes.iter().map(|t| (*t).to_owned()).collect(),
                ),
                "tags" => ("tags", card.tags.clone()),
                _ => continue,
            };
            for value in values {
                *facets.entry(name).or_default().entry(value).or_default() += 1;
            }
        }
    }
    let search_facets: BTreeMap<&str, Value> = facets
        .iter()
        .map(|(name, values)| {
            let items: Vec<Value> = values
                .iter()
                .map(|(v, n)| json!({ "name": v, "display_name": shown_as(&units, v), "count": n }))
                .collect();
            (*name, json!({ "title": name, "items": items }))
        })
        .collect();
    let count = found.len();
    let results = load(ctx, found.into_iter().skip(start).take(rows)).await?;
    Ok(json!({
        "count": count, "results": results, "sort": "score desc, metadata_modified desc",
        "facets": facets, "search_facets": search_facets,
    }))
}

/// What a facet's value is called.
fn shown_as(units: &Units, value: &str) -> String {
    let theme = Theme::read(value).map(|t| t.title().zh.into_owned());
    let unit = || units.find(value).map(|u| u.name.clone());
    theme.or_else(unit).unwrap_or_else(|| value.to_owned())
}

pub(super) async fn organization_list(ctx: &Ctx, given: &Given) -> Result<Value> {
    let units = Units::load(&mut ctx.read().await?).await?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for card in cards(ctx, "").await? {
        let code = units.code(&card.unit_id).to_owned();
        *counts.entry(code).or_default() += 1;
    }
    if !given.flag("all_fields") {
        return Ok(json!(counts.keys().collect::<Vec<_>>()));
    }
    let view = |(code, n): (&String, &usize)| {
        let mut view = organization(units.find(code)?);
        view["package_count"] = json!(n);
        Some(view)
    };
    Ok(json!(counts.iter().filter_map(view).collect::<Vec<_>>()))
}

pub(super) async fn organization_show(ctx: &Ctx, given: &Given) -> Result<Value> {
    let key = given.needed("id")?;
    let units = Units::load(&mut ctx.read().await?).await?;
    let unit = units.find(&key).ok_or_else(Error::not_found)?;
    let all = cards(ctx, "").await?;
    let of: Vec<_> = all
        .into_iter()
        .filter(|c| c.unit_id == unit.id.as_str())
        .collect();
    // A unit without anything to show is absent for those who may not see units.
    if of.is_empty() && !ctx.who.is_signed_in() {
        return Err(Error::not_found());
    }
    let mut view = organization(unit);
    view["package_count"] = json!(of.len());
    let packages = if given.flag("include_datasets") {
        load(ctx, of.into_iter().take(PACKAGES_MAX)).await?
    } else {
        Vec::new()
    };
    view["packages"] = json!(packages);
    Ok(view)
}

pub(super) async fn group_list(ctx: &Ctx, given: &Given) -> Result<Value> {
    let all = cards(ctx, "").await?;
    let used = |t: &&Theme| all.iter().any(|c| c.themes.contains(&t.as_str()));
    let themes: Vec<Theme> = Theme::ALL.iter().filter(used).copied().collect();
    if given.flag("all_fields") {
        return Ok(json!(themes.into_iter().map(group).collect::<Vec<_>>()));
    }
    Ok(json!(themes.iter().map(|t| t.as_str()).collect::<Vec<_>>()))
}

pub(super) async fn group_show(ctx: &Ctx, given: &Given) -> Result<Value> {
    let key = given.needed("id")?;
    let theme = Theme::read(&key).ok_or_else(Error::not_found)?;
    let all = cards(ctx, "").await?;
    let of = all
        .into_iter()
        .filter(|c| c.themes.contains(&theme.as_str()));
    let packages = load(ctx, of.take(PACKAGES_MAX)).await?;
    let mut view = group(theme);
    view["package_count"] = json!(packages.len());
    view["packages"] = json!(packages);
    Ok(view)
}

pub(super) async fn tag_list(ctx: &Ctx, given: &Given) -> Result<Value> {
    let all = cards(ctx, "").await?;
    let mut tags: BTreeSet<&String> = all.iter().flat_map(|c| &c.tags).collect();
    if let Some(part) = given.text("query") {
        tags.retain(|t| t.contains(&part));
    }
    if given.flag("all_fields") {
        return Ok(json!(tags.into_iter().map(|t| tag(t)).collect::<Vec<_>>()));
    }
    Ok(json!(tags))
}

pub(super) async fn tag_show(ctx: &Ctx, given: &Given) -> Result<Value> {
    let name = given.needed("id")?;
    let all = cards(ctx, "").await?.into_iter();
    let of: Vec<_> = all.filter(|c| c.tags.contains(&name)).collect();
    if of.is_empty() {
        return Err(Error::not_found());
    }
    let mut view = tag(&name);
    if given.flag("include_datasets") {
        view["packages"] = json!(load(ctx, of.into_iter().take(PACKAGES_MAX)).await?);
    }
    Ok(view)
}

/// The dataset of a resource: `code.csv`, or the dataset's own id or code.
pub(super) async fn of_resource(ctx: &Ctx, id: &str) -> Result<Dataset> {
    visible(ctx, id.split('.').next().unwrap_or_default()).await
}

pub(super) async fn resource_show(ctx: &Ctx, given: &Given) -> Result<Value> {
    let id = given.needed("id")?;
    let dataset = of_resource(ctx, &id).await?;
    let all = resources(&crate::dcat::base(&ctx.app), &dataset);
    let found = all.into_iter().find(|r| r["id"] == id.as_str());
    found.ok_or_else(Error::not_found)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn query(given: &Given) -> Result<RowsQuery> {
    let mut query = RowsQuery {
        fields: given.list("fields"),
        limit: given
            .number("limit", 100, ROWS_MAX)?
            .clamp(1, tianyuan_lake::rows::PAGE_ROWS_MAX),
        after: Some(given.number("offset", 0, usize::MAX)? as u64).filter(|n| *n > 0),
        text: given.text("q").filter(|q| !q.trim().is_empty()),
        count: true,
        ..RowsQuery::default()
    };
    if let Some(Value::Object(filters)) = given.value("filters") {
        for (field, value) in filters {
            let (comparison, value) = match &value {
                Value::Array(all) => (
                    Comparison::In,
                    all.iter().map(shown).collect::<Vec<_>>().join(","),
                ),
                one => (Comparison::Eq, shown(one)),
            };
            query.filters.push(Filter {
                field,
                comparison,
                value,
            });
        }
    }
    for part in given.list("sort") {
        let mut words = part.split_whitespace();
        if let Some(field) = words.next() {
            let down = words.next().is_some_and(|w| w.eq_ignore_ascii_case("desc"));
            query.sort.push((field.trim_matches('"').to_owned(), down));
        }
    }
    Ok(query)
}

pub(super) async fn datastore_search(ctx: &Ctx, given: &Given) -> Result<Value> {
    let id = match given.text("resource_id") {
        Some(id) => id,
        None => given.needed("id")?,
    };
    let dataset = of_resource(ctx, &id).await?;
    let mut query = query(given)?;
    let gated = open(ctx, &dataset, None, "").await?;
    let offset = query.after.unwrap_or(0);
    // Rows are counted, not numbered, in this protocol.
    let gated = gated.without_row_ids();
    query.after = Some(offset).filter(|n| *n > 0);
    let asker = asker(ctx, String::new(), Exit::uncounted("ckan"));
    let rows = page(&ctx.app, &asker, &gated, &query).await?;
    let records = json_rows(&rows.batches)?;
    let records: Value = serde_json::from_str(records.get())?;
    let fields = fields(&rows.schema);
    Ok(json!({
        "resource_id": id, "fields": fields, "records": records, "total": rows.total,
        "limit": query.limit, "offset": offset, "total_was_estimated": false,
        "include_total": true, "records_format": "objects",
    }))
}

fn fields(schema: &tianyuan_lake::arrow::datatypes::Schema) -> Vec<Value> {
    let view = |c: tianyuan_lake::query::answer::ColumnView| {
        let kind = match c.data_type.as_str() {
            "integer" => "int",
            "number" => "numeric",
            "boolean" => "bool",
            other => other,
        };
        json!({ "id": c.name, "type": kind })
    };
    column_views(schema).into_iter().map(view).collect()
}

pub(super) async fn datastore_search_sql(ctx: &Ctx, given: &Given) -> Result<Value> {
    let sql = given.needed("sql")?;
    // A resource's id in quotes stands for its table.
    let sql = sql
        .replace(".csv\"", "\"")
        .replace(".json\"", "\"")
        .replace(".xlsx\"", "\"");
    let asker = asker(ctx, String::new(), Exit::uncounted("ckan"));
    let prepared = prepare(&ctx.app, &asker, &sql).await?;
    let mut running = prepared.run(&ctx.app, &asker, ROWS_MAX + 1).await?;
    let fields = fields(&running.schema());
    let mut batches = Vec::new();
    while let Some(batch) = running.next().await {
        batches.push(batch?);
    }
    let records = json_rows(&batches)?;
    let mut records: Vec<Value> = serde_json::from_str(records.get())?;
    let truncated = records.len() > ROWS_MAX;
    records.truncate(ROWS_MAX);
    Ok(json!({ "sql": sql, "fields": fields, "records": records, "records_truncated": truncated }))
}
