//! Datasets over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::party::{self, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::fields::{is_name, lowered};
use super::store::{self, Filter, Visible};
use super::{
    CHANGED, CREATED, Dataset, DatasetId, PUBLISHED, Profile, WITHDRAWN, check, check_opening,
    table,
};
use crate::disclosure::{self, Passed};
use crate::search::pinyin;
use crate::words::{DatasetState, Opening, Sharing};

/// Longest code, characters.
const CODE_CHARS_MAX: usize = 60;
/// Datasets a node may hold.
const DATASETS_MAX: i64 = 100_000;

/// The routes of datasets.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(list_datasets))
        .signed_in(routes!(create_dataset))
        .public(routes!(get_dataset))
        .signed_in(routes!(change_dataset))
        .signed_in(routes!(publish_dataset))
        .signed_in(routes!(withdraw_dataset))
}

/// What a list of datasets is narrowed to.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DatasetFilter {
    /// Words of title or code.
    q: Option<String>,
    /// Only those that stand so.
    #[param(inline)]
    state: Option<DatasetState>,
    /// Only those of this unit (id).
    unit: Option<String>,
    /// Only those opened so.
    #[param(inline)]
    opening: Option<Opening>,
    /// Only those shared so.
    #[param(inline)]
    sharing: Option<Sharing>,
}

/// The datasets the caller may see, the newest first. `/api/v1/search/datasets` finds them by
/// words and ranks them.
#[utoipa::path(get, path = "/api/v1/datasets", tag = "chain", params(DatasetFilter, PageParams),
    responses((status = 200, body = List<Dataset>), Problems))]
async fn list_datasets(
    ctx: Ctx,
    Query(filter): Query<DatasetFilter>,
    page: Page,
) -> Result<Json<List<Dataset>>> {
    let filter = Filter {
        words: filter.q,
        state: filter.state,
        unit: filter.unit,
        opening: filter.opening,
        sharing: filter.sharing,
    };
    let rows = store::list(&mut ctx.read().await?, &Visible::to(&ctx), &filter, &page).await?;
    let key = |d: &Dataset| vec![Value::from(d.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |d| d)))
}

/// A dataset to enter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDataset {
    /// Short name in addresses, SQL and clients: lower-case letters, digits, `_`, beginning with
    /// a letter, at most 60; made from the title's pinyin when absent. It never changes.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub code: Option<String>,
    /// Everything else.
    pub profile: Profile,
}

/// Enters a dataset as a draft.
#[utoipa::path(post, path = "/api/v1/datasets", tag = "chain", request_body = NewDataset,
    responses((status = 201, body = Dataset), Problems))]
async fn create_dataset(ctx: Ctx, Json(input): Json<NewDataset>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let dataset = create(&ctx, &mut tx, input).await?;
    let location = format!("/api/v1/datasets/{}", dataset.id);
    let etag = etag(dataset.version);
    tx.answer_with(StatusCode::CREATED, &dataset, Some(etag), Some(location))
        .await
}

/// Enters a dataset; also for those who bring one by another protocol.
pub(crate) async fn create(ctx: &Ctx, tx: &mut Tx, input: NewDataset) -> Result<Dataset> {
    let unit = unit(tx, &input.profile).await;
    // Who may not enter anything does not learn which units there are.
    let units = unit.as_ref().ok().map(|u| u.id.to_string());
    ctx.allow(Action::Create, &Entity::all("Dataset").of_units(units))?;
    let unit = unit?;
    check(&input.profile)?;
    if store::count(tx).await? >= DATASETS_MAX {
        let words = text!(
            "目录最多 {DATASETS_MAX} 条。",
            "The catalogue holds at most {DATASETS_MAX} datasets."
        );
        return Err(Error::conflict("datasets_too_many", words));
    }
    enter(tx, unit, input).await
}

/// Stores a new entry that was checked.
pub(crate) async fn enter(tx: &mut Tx, unit: UnitRef, input: NewDataset) -> Result<Dataset> {
    let code = code(tx, input.code, &input.profile.title).await?;
    let dataset = Dataset {
        id: DatasetId::new(tx.app()),
        code,
        state: DatasetState::Draft,
        unit,
        profile: input.profile,
        current: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        published_at: None,
        version: 1,
        revision: store::next_revision(tx).await?,
    };
    let by = tx.actor().map(str::to_owned);
    store::insert(tx, &dataset, by.as_deref()).await?;
    table::put(tx, &dataset).await?;
    tx.record(&CREATED, dataset.id.as_str(), &fact(&dataset))
        .await?;
    Ok(dataset)
}

fn fact(d: &Dataset) -> Value {
    json!({
        "code": d.code, "title": d.profile.title, "unit": d.unit.id, "state": d.state,
        "sharing": d.profile.sharing, "opening": d.profile.opening,
        "fields": d.profile.fields.len(), "version": d.version,
    })
}

async fn unit(sql: &mut dyn Sql, profile: &Profile) -> Result<UnitRef> {
    match party::get(sql, &profile.unit_id).await {
        Ok(unit) => Ok(UnitRef::from(&unit)),
        Err(error) if error.status() == StatusCode::NOT_FOUND => {
            let words = Text::new("没有这个单位。", "There is no such unit.");
            Err(Error::invalid("unit_unknown", "unit_id", words))
        }
        Err(error) => Err(error),
    }
}

/// The code asked for, or the first free one made from the title.
async fn code(sql: &mut dyn Sql, asked: Option<String>, title: &str) -> Result<String> {
    if let Some(code) = asked {
        if !is_name(&code, CODE_CHARS_MAX) || code.starts_with("dataset_") {
            let words = Text::new(
                "代码由小写字母、数字和下划线组成，以字母开头，最多 60 个字符。",
                "A code is lower-case letters, digits and underscores, begins with a letter, at most 60.",
            );
            return Err(Error::invalid("code_malformed", "code", words));
        }
        if store::has_code(sql, &code).await? {
            let words = Text::new("代码已被使用。", "The code is taken.");
            return Err(Error::conflict("code_taken", words).field("code"));
        }
        return Ok(code);
    }
    let base = pinyin::name(title, CODE_CHARS_MAX - 8);
    for n in 1.. {
        let code = if n == 1 {
            base.clone()
        } else {
            format!("{base}_{n}")
        };
        if !store::has_code(sql, &code).await? {
            return Ok(code);
        }
    }
    Err(Error::internal("no free code"))
}

/// One dataset, by id or code.
#[utoipa::path(get, path = "/api/v1/datasets/{id}", tag = "chain",
    params(("id" = String, Path, description = "Id or code")),
    responses((status = 200, body = Dataset), Problems))]
async fn get_dataset(ctx: Ctx, PathId(id): PathId<String>) -> Result<Response> {
    let dataset = visible(&ctx, &id).await?;
    let mut response = axum::response::IntoResponse::into_response(Json(&dataset));
    if let Ok(value) = http::HeaderValue::from_str(&etag(dataset.version)) {
        response.headers_mut().insert(http::header::ETAG, value);
    }
    Ok(response)
}

/// A dataset the caller may see, by id or code.
pub(crate) async fn visible(ctx: &Ctx, key: &str) -> Result<Dataset> {
    let dataset = store::get(&mut ctx.read().await?, key).await?;
    ctx.allow(Action::View, &dataset)?;
    Ok(dataset)
}

/// Changes an entry: the whole profile, with `If-Match`.
#[utoipa::path(put, path = "/api/v1/datasets/{id}", tag = "chain",
    params(("id" = String, Path, description = "Id or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    request_body = Profile,
    responses((status = 200, body = Dataset), Problems))]
async fn change_dataset(
    ctx: Ctx,
    PathId(id): PathId<String>,
    Json(profile): Json<Profile>,
) -> Result<Response> {
    let passed = disclosure::before_opening(&ctx, &id, Some(&profile), false).await?;
    let mut tx = ctx.begin().await?;
    let mut dataset = store::get(&mut tx, &id).await?;
    ctx.allow(Action::Edit, &dataset)?;
    ctx.if_match(dataset.version)?;
    change(&ctx, &mut tx, &mut dataset, profile, &passed).await?;
    tx.answer_versioned(StatusCode::OK, dataset.version, &dataset)
        .await
}

/// Gives an entry another profile; the same profile changes and records nothing.
pub(crate) async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    dataset: &mut Dataset,
    profile: Profile,
    passed: &Passed,
) -> Result<()> {
    if profile == dataset.profile {
        return Ok(());
    }
    check(&profile)?;
    let faults = lowered(&dataset.profile.fields, &profile.fields, "fields");
    if let Some(first) = faults.first().cloned() {
        return Err(Error::invalid(first.code, first.field, first.detail).with_fields(faults));
    }
    let unit = unit(tx, &profile).await?;
    // Giving it to another unit is a change of that unit's catalogue too.
    if unit.id != dataset.unit.id {
        let of = Entity::all("Dataset").of_units([unit.id.as_str()]);
        ctx.allow(Action::Create, &of)?;
    }
    if dataset.state == DatasetState::Published {
        // What is open already stays a decision of those who may open it.
        ctx.allow(Action::Publish, dataset)?;
        check_opening(&profile)?;
        passed.still(dataset)?;
    }
    dataset.unit = unit;
    dataset.profile = profile;
    store::update(tx, dataset).await?;
    table::put(tx, dataset).await?;
    tx.record(&CHANGED, dataset.id.as_str(), &fact(dataset))
        .await?;
    Ok(())
}

/// Brings a dataset into the catalogue. Doing it again changes and records nothing.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/publish", tag = "chain",
    params(("id" = String, Path, description = "Id or code")),
    responses((status = 200, body = Dataset), Problems))]
async fn publish_dataset(ctx: Ctx, PathId(id): PathId<String>) -> Result<Response> {
    let passed = disclosure::before_opening(&ctx, &id, None, true).await?;
    let mut tx = ctx.begin().await?;
    let mut dataset = store::get(&mut tx, &id).await?;
    publish(&ctx, &mut tx, &mut dataset, &passed).await?;
    tx.answer_versioned(StatusCode::OK, dataset.version, &dataset)
        .await
}

/// Brings a dataset into the catalogue.
pub(crate) async fn publish(
    ctx: &Ctx,
    tx: &mut Tx,
    dataset: &mut Dataset,
    passed: &Passed,
) -> Result<()> {
    ctx.allow(Action::Publish, dataset)?;
    if dataset.state != DatasetState::Published {
        passed.still(dataset)?;
    }
    publish_now(tx, dataset).await
}

/// The same for the node itself, which loads its samples.
pub(crate) async fn publish_now(tx: &mut Tx, dataset: &mut Dataset) -> Result<()> {
    if dataset.state == DatasetState::Published {
        return Ok(());
    }
    check_opening(&dataset.profile)?;
    dataset.state = DatasetState::Published;
    dataset.published_at = dataset.published_at.or(Some(tx.now()));
    store::update(tx, dataset).await?;
    table::put(tx, dataset).await?;
    tx.record(&PUBLISHED, dataset.id.as_str(), &fact(dataset))
        .await?;
    Ok(())
}

/// Takes a dataset out of the catalogue; its rows leave by no exit from then on. Doing it again
/// changes and records nothing.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/withdraw", tag = "chain",
    params(("id" = String, Path, description = "Id or code")),
    responses((status = 200, body = Dataset), Problems))]
async fn withdraw_dataset(ctx: Ctx, PathId(id): PathId<String>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut dataset = store::get(&mut tx, &id).await?;
    withdraw(&ctx, &mut tx, &mut dataset).await?;
    tx.answer_versioned(StatusCode::OK, dataset.version, &dataset)
        .await
}

/// Takes a dataset out of the catalogue.
pub(crate) async fn withdraw(ctx: &Ctx, tx: &mut Tx, dataset: &mut Dataset) -> Result<()> {
    ctx.allow(Action::Publish, dataset)?;
    if dataset.state == DatasetState::Withdrawn {
        return Ok(());
    }
    dataset.state = DatasetState::Withdrawn;
    store::update(tx, dataset).await?;
    table::put(tx, dataset).await?;
    tx.record(&WITHDRAWN, dataset.id.as_str(), &fact(dataset))
        .await?;
    Ok(())
}
