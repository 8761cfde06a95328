//! Actions that write, with a token.

use serde_json::{Value, json};
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::prelude::*;

use super::Given;
use super::read::of_resource;
use super::view::{Units, package};
use crate::datasets::api::{NewDataset, change, create, publish, withdraw};
use crate::datasets::{Profile, store};
use crate::disclosure::{self, Passed};
use crate::uploads::api::NewUpload;
use crate::words::{Licence, Theme, UpdateCycle};

fn signed_in(ctx: &Ctx) -> Result<()> {
    if ctx.who.is_signed_in() {
        Ok(())
    } else {
        Err(Error::unauthenticated())
    }
}

/// Puts what was given over a profile; what CKAN does not know stays.
fn over(given: &Given, profile: &mut Profile) {
    let text = |name: &str, to: &mut String| {
        if let Some(text) = given.text(name) {
            *to = text;
        }
    };
    text("title", &mut profile.title);
    text("notes", &mut profile.summary);
    text("maintainer", &mut profile.contact.name);
    text("maintainer_email", &mut profile.contact.email);
    if let Some(id) = given.text("license_id") {
        profile.licence = match id.as_str() {
            "cc-by" | "cc_by_4_0" | "CC-BY-4.0" => Licence::CcBy,
            "cc-zero" | "cc0_1_0" | "CC0-1.0" => Licence::Cc0,
            _ => Licence::Stated,
        };
    }
    if let Some(Value::Array(tags)) = given.value("tags") {
        let name = |t: &Value| t["name"].as_str().or(t.as_str()).map(str::to_owned);
        profile.tags = tags.iter().filter_map(name).collect();
    }
    if let Some(Value::Array(groups)) = given.value("groups") {
        let theme = |g: &Value| g["name"].as_str().or(g.as_str()).and_then(Theme::read);
        profile.themes = groups.iter().filter_map(theme).collect();
    }
    if let Some(Value::Array(extras)) = given.value("extras") {
        for extra in extras {
            let value = extra["value"].as_str().unwrap_or_default();
            match extra["key"].as_str().unwrap_or_default() {
                "update_cycle" => {
                    profile.update_cycle = UpdateCycle::read(value).unwrap_or(profile.update_cycle);
                }
                "item_code" => profile.item_code = value.to_owned(),
                _ => {}
            }
        }
    }
}

/// The unit that `owner_org` names, by id or name.
fn owner(ctx: &Ctx, units: &Units, key: &str) -> Result<UnitId> {
    if let Some(unit) = units.find(key) {
        return Ok(unit.id.clone());
    }
    // Who may not enter anything does not learn which units there are.
    ctx.allow(Action::Create, &Entity::all("Dataset"))?;
    let words = Text::new(
        "owner_org 应为单位的 id 或 name，见 organization_list。",
        "owner_org is the id or the name of an organisation; see organization_list.",
    );
    Err(Error::invalid("unit_unknown", "owner_org", words))
}

/// A package; private unless `private` says false and the caller may publish.
pub(super) async fn package_create(ctx: &Ctx, given: &Given) -> Result<Value> {
    signed_in(ctx)?;
    let code = given.needed("name")?.replace('-', "_");
    let key = given.needed("owner_org")?;
    let mut tx = ctx.begin().await?;
    let units = Units::load(&mut tx).await?;
    let owner = owner(ctx, &units, &key)?;
    let mut profile = Profile::of(given.text("title").unwrap_or_else(|| code.clone()), owner);
    over(given, &mut profile);
    let new = NewDataset {
        code: Some(code),
        profile,
    };
    let mut dataset = create(ctx, &mut tx, new).await?;
    if given.value("private") == Some(Value::Bool(false)) {
        // It was entered just now, and has no rows.
        let passed = Passed::empty(&dataset);
        publish(ctx, &mut tx, &mut dataset, &passed).await?;
    }
    tx.commit().await?;
    Ok(package(&crate::dcat::base(&ctx.app), &units, &dataset))
}

pub(super) async fn package_patch(ctx: &Ctx, given: &Given) -> Result<Value> {
    signed_in(ctx)?;
    let key = match given.text("id") {
        Some(id) => id,
        None => given.needed("name")?,
    };
    let publishes = given.value("private") == Some(Value::Bool(false));
    let (units, present) = {
        let mut sql = ctx.read().await?;
        let present = store::get(&mut sql, &key).await?;
        ctx.allow(Action::Edit, &present)?;
        (Units::load(&mut sql).await?, present)
    };
    let mut profile = present.profile.clone();
    over(given, &mut profile);
    if let Some(key) = given.text("owner_org") {
        profile.unit_id = owner(ctx, &units, &key)?;
    }
    let passed = disclosure::before_opening(ctx, &key, Some(&profile), publishes).await?;
    let mut tx = ctx.begin().await?;
    let mut dataset = store::get(&mut tx, &key).await?;
    ctx.allow(Action::Edit, &dataset)?;
    passed.still(&dataset)?;
    change(ctx, &mut tx, &mut dataset, profile, &passed).await?;
    match given.value("private") {
        Some(Value::Bool(false)) => {
            let passed = passed.after(&dataset);
            publish(ctx, &mut tx, &mut dataset, &passed).await?;
        }
        Some(Value::Bool(true)) => withdraw(ctx, &mut tx, &mut dataset).await?,
        _ => {}
    }
    tx.commit().await?;
    Ok(package(&crate::dcat::base(&ctx.app), &units, &dataset))
}

pub(super) async fn package_delete(ctx: &Ctx, given: &Given) -> Result<Value> {
    signed_in(ctx)?;
    let mut tx = ctx.begin().await?;
    let mut dataset = store::get(&mut tx, &given.needed("id")?).await?;
    withdraw(ctx, &mut tx, &mut dataset).await?;
    tx.commit().await?;
    Ok(Value::Null)
}

/// A file as the package's next version. It is read and checked as every other file; when rows
/// cannot be taken it waits for an officer's decision in the console.
pub(super) async fn resource_create(ctx: &Ctx, given: Given) -> Result<Value> {
    signed_in(ctx)?;
    let dataset = match given.text("package_id") {
        Some(id) => {
            let dataset = store::get(&mut ctx.read().await?, &id).await?;
            ctx.allow(Action::Import, &dataset)?;
            dataset
        }
        None => of_resource(ctx, &given.needed("id")?).await?,
    };
    let Some(file) = given.file else {
        let words = Text::new(
            "请用 upload 上传文件；只给链接的资源请走采集。",
            "Send a file as upload; links alone are harvested.",
        );
        return Err(Error::invalid("upload_missing", "upload", words));
    };
    let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
    let new = NewUpload {
        name: file.name.clone(),
        size_bytes: size,
    };
    let id = crate::uploads::api::take_whole(ctx, &dataset, new, file.bytes).await?;
    Ok(json!({
        "id": format!("{}.csv", dataset.code), "package_id": dataset.id, "name": file.name,
        "state": "active", "upload_id": id,
        "url": format!("{}/api/v1/uploads/{id}", crate::dcat::base(&ctx.app)),
    }))
}
