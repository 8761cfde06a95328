//! Composite indices over HTTP.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::authority::{Action, Entity as Protected};
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::kept::{Kept, KeptBody};
use super::params::{ChoiceParams, numbers};
use super::rules::ahp::{self, Consistency};
use super::rules::choices::Choices;
use super::rules::result::IndexResult;
use super::rules::{Matrix, choices};
use super::source::{Gathered, gather};
use super::{
    CompositeIndex, INDEX_CHANGED, INDEX_CREATED, INDEX_REMOVED, INDICES_MAX, IndexId,
    IndexResultId, RESULT_KEPT, RESULTS_MAX, Scope, calculate, check_choices, check_consistent,
    check_name, seed, sheet, store,
};
use crate::directory::Directory;
use crate::plans::import::refused;
use crate::plans::{self, Plan, PlanId};
use crate::workbook::{Binary, download, media_type, open_table};

/// The routes of composite indices.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(compare))
        .signed_in(routes!(judge_pairs))
        .signed_in(routes!(index_template))
        .signed_in(routes!(list_indices, create_index))
        .signed_in(routes!(import_index))
        .signed_in(routes!(get_index, change_index, remove_index))
        .signed_in(routes!(index_result))
        .signed_in(routes!(list_results, keep_result))
}

/// A comparison of units is for those who work here, also in an edition anybody may see.
fn inside(plan: &Plan) -> Protected {
    Protected::new("Plan", plan.id.as_str())
}

/// The edition of an index, for a caller who may see it.
async fn seen(ctx: &Ctx, sql: &mut dyn Sql, id: &IndexId) -> Result<(CompositeIndex, Plan)> {
    let index = store::get(sql, id).await?;
    let plan = plans::store::get(sql, &index.plan_id).await?;
    ctx.allow(Action::View, &inside(&plan))?;
    Ok((index, plan))
}

async fn inputs(
    ctx: &Ctx,
    sql: &mut dyn Sql,
    plan: &Plan,
    (scope, own): (Scope, Option<&IndexId>),
) -> Result<Gathered> {
    match own.filter(|_| scope == Scope::Upload) {
        Some(id) => Ok(Gathered {
            matrix: store::matrix(sql, id).await?,
            whole: None,
        }),
        None => gather(sql, plan, scope, ctx.app.now().date()).await,
    }
}

/// What to compare.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScopeParam {
    /// `unit` or `programme`.
    pub scope: Option<Scope>,
}

/// Compares units or plans from the records, by the choices in the query, and says how far the
/// ranking can be trusted. Nothing is stored.
#[utoipa::path(get, path = "/api/v1/plans/{id}/composite", tag = "plan",
    params(("id" = PlanId, Path), ScopeParam, ChoiceParams),
    responses((status = 200, body = IndexResult), Problems))]
async fn compare(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    Query(scope): Query<ScopeParam>,
    Query(params): Query<ChoiceParams>,
) -> Result<Json<IndexResult>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &inside(&plan))?;
    let scope = from_records(scope.scope.unwrap_or(Scope::Unit))?;
    let gathered = inputs(&ctx, &mut sql, &plan, (scope, None)).await?;
    drop(sql);
    let choices = params.over(Choices::default())?;
    let seed = params.seed_or(seed(&ctx.app))?;
    Ok(Json(calculate(gathered, choices, seed).await?))
}

fn from_records(scope: Scope) -> Result<Scope> {
    if scope != Scope::Upload {
        return Ok(scope);
    }
    let words = Text::new(
        "此处可选 unit 或 programme；表格请用 indices/import 上传。",
        "Here it is unit or programme; upload a sheet with indices/import.",
    );
    Err(Error::invalid("scope", "scope", words))
}

/// Pairwise judgements to look at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PairsParam {
    /// Judgements above the diagonal, row by row: `3,1/2,5`.
    #[param(max_length = 4000)]
    pub pairs: String,
}

/// Weights from pairwise judgements, and how far these agree with each other.
#[utoipa::path(get, path = "/api/v1/composite/judgement", tag = "plan", params(PairsParam),
    responses((status = 200, body = Consistency), Problems))]
async fn judge_pairs(ctx: Ctx, Query(query): Query<PairsParam>) -> Result<Json<Consistency>> {
    ctx.allow(Action::View, &Protected::all("Plan"))?;
    let pairs = numbers("pairs", &query.pairs)?;
    let Some(n) = ahp::size_of(pairs.len()) else {
        let count = pairs.len();
        let words = text!(
            "n 个变量需要 n(n−1)/2 个比较，{count} 个不合。",
            "n variables take n(n−1)/2 judgements; {count} fit none."
        );
        return Err(Error::invalid("pairs_count", "pairs", words));
    };
    match ahp::fault(&pairs, n) {
        Some((field, code, words)) => Err(Error::invalid(code, field, words)),
        None => Ok(Json(ahp::judge(&pairs, n))),
    }
}

/// An empty sheet for a matrix of one's own, with the names of the edition's units.
#[utoipa::path(get, path = "/api/v1/plans/{id}/indices/template.xlsx", tag = "plan",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn index_template(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::Export, &plan)?;
    let directory = Directory::load(&mut sql).await?;
    let single = directory
        .all()
        .filter(|u| u.kind != tianyuan_kernel::party::UnitKind::Group);
    let names: Vec<String> = single.map(|u| u.name.clone()).collect();
    let bytes = crate::workbook::out::xlsx(&[sheet::template(&names)])?;
    Ok(download("index-template.xlsx", bytes))
}

/// The indices of an edition, in the order they were defined.
#[utoipa::path(get, path = "/api/v1/plans/{id}/indices", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<CompositeIndex>), Problems))]
async fn list_indices(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<CompositeIndex>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &inside(&plan))?;
    let rows = store::list(&mut sql, &id, &page).await?;
    let key = |i: &CompositeIndex| vec![Json_::from(i.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |i| i)))
}

/// An index to define.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIndex {
    /// Its name, 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// What it ranks: `unit` or `programme`.
    pub scope: Scope,
    /// Its choices; without them the usual ones.
    #[serde(default)]
    pub choices: Option<Choices>,
    /// Keeps judgements that contradict each other all the same.
    #[serde(default)]
    pub accept_inconsistent: bool,
}

/// Defines an index over the records.
#[utoipa::path(post, path = "/api/v1/plans/{id}/indices", tag = "plan",
    params(("id" = PlanId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewIndex,
    responses((status = 201, body = CompositeIndex), Problems))]
async fn create_index(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    Json(input): Json<NewIndex>,
) -> Result<Response> {
    let plan = plans::store::get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    let name = check_name(&input.name)?;
    let scope = from_records(input.scope)?;
    let choices = input.choices.unwrap_or_default();
    let shape = Matrix {
        variables: super::variables::variables(),
        ..Matrix::default()
    };
    check_choices(&choices, &shape)?;
    check_consistent(&choices, &shape, input.accept_inconsistent)?;
    define(&ctx, plan, (name, scope, choices), None).await
}

async fn define(
    ctx: &Ctx,
    plan: Plan,
    (name, scope, choices): (String, Scope, Choices),
    matrix: Option<&Matrix>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    if store::count(&mut tx, &plan.id).await? >= INDICES_MAX {
        let words = text!(
            "一个方案最多 {INDICES_MAX} 个评价指数，请先删除不用的。",
            "An edition has at most {INDICES_MAX} indices; remove those no longer needed."
        );
        return Err(Error::conflict("indices_too_many", words));
    }
    let now = tx.now();
    let index = CompositeIndex {
        id: IndexId::new(&ctx.app),
        plan_id: plan.id,
        name,
        scope,
        choices,
        seed: seed(&ctx.app),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(&mut tx, &index, matrix).await?;
    let sha256 = match matrix {
        Some(matrix) => Some(hex::encode(Sha256::digest(serde_json::to_vec(matrix)?))),
        None => None,
    };
    let fact = json!({
        "plan": index.plan_id, "name": index.name, "scope": index.scope,
        "choices": index.choices, "seed": index.seed, "matrix_sha256": sha256,
    });
    tx.record(&INDEX_CREATED, index.id.as_str(), &fact).await?;
    let location = format!("/api/v1/indices/{}", index.id);
    tx.answer_with(StatusCode::CREATED, &index, Some(etag(1)), Some(location))
        .await
}

/// The name of an index about to be read from a sheet.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportName {
    /// 1 to 60 characters.
    #[param(min_length = 1, max_length = 60)]
    pub name: String,
}

/// Defines an index over a matrix of one's own: a workbook (.xlsx), or CSV in UTF-8 or GBK, with
/// variables in the first row and names in the first column. All of it or nothing.
#[utoipa::path(post, path = "/api/v1/plans/{id}/indices/import", tag = "plan",
    params(("id" = PlanId, Path), ImportName),
    request_body(content(
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Binary = "text/csv"))),
    responses((status = 201, body = CompositeIndex), Problems))]
async fn import_index(
    ctx: Ctx,
    PathId(id): PathId<PlanId>,
    Query(query): Query<ImportName>,
    request: Request,
) -> Result<Response> {
    let plan = plans::store::get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    let media = media_type(request.headers());
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    let name = check_name(&query.name)?;
    let sheets = open_table(&media, bytes).await?;
    let matrix = sheet::read(&sheets).map_err(|faults| refused(&faults, true))?;
    let what = (name, Scope::Upload, Choices::default());
    define(&ctx, plan, what, Some(&matrix)).await
}

/// One index.
#[utoipa::path(get, path = "/api/v1/indices/{id}", tag = "plan",
    params(("id" = IndexId, Path)),
    responses((status = 200, body = CompositeIndex), Problems))]
async fn get_index(ctx: Ctx, PathId(id): PathId<IndexId>) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let (index, _) = seen(&ctx, &mut sql, &id).await?;
    let tag = HeaderValue::from_str(&etag(index.version)).map_err(Error::internal)?;
    Ok(([(header::ETAG, tag)], Json(index)).into_response())
}

/// What to change of an index; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexPatch {
    /// Its name, 1 to 60 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 60)]
    pub name: Option<String>,
    /// Its choices, all of them.
    #[serde(default)]
    pub choices: Option<Choices>,
    /// Draws a new seed.
    #[serde(default)]
    pub reseed: bool,
    /// Keeps judgements that contradict each other all the same.
    #[serde(default)]
    pub accept_inconsistent: bool,
}

/// Changes an index's name, choices or seed.
#[utoipa::path(patch, path = "/api/v1/indices/{id}", tag = "plan",
    params(("id" = IndexId, Path), ("If-Match" = String, Header, description = "The ETag read")),
    request_body = IndexPatch,
    responses((status = 200, body = CompositeIndex), Problems))]
async fn change_index(
    ctx: Ctx,
    PathId(id): PathId<IndexId>,
    Json(patch): Json<IndexPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (mut index, plan) = seen(&ctx, &mut tx, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    ctx.if_match(index.version)?;
    if let Some(name) = &patch.name {
        index.name = check_name(name)?;
    }
    if let Some(choices) = patch.choices {
        let matrix = match index.scope {
            Scope::Upload => store::matrix(&mut tx, &id).await?,
            _ => Matrix {
                variables: super::variables::variables(),
                ..Matrix::default()
            },
        };
        check_choices(&choices, &matrix)?;
        check_consistent(&choices, &matrix, patch.accept_inconsistent)?;
        index.choices = choices;
    }
    if patch.reseed {
        index.seed = seed(&ctx.app);
    }
    index.version += 1;
    index.updated_at = tx.now();
    if !store::update(&mut tx, &index).await? {
        return Err(Error::precondition_failed());
    }
    let fact = json!({
        "plan": index.plan_id, "name": index.name, "scope": index.scope,
        "choices": index.choices, "seed": index.seed,
    });
    tx.record(&INDEX_CHANGED, index.id.as_str(), &fact).await?;
    tx.answer_versioned(StatusCode::OK, index.version, &index)
        .await
}

/// Removes an index; its kept results stay in the ledger. Doing it again answers 404.
#[utoipa::path(delete, path = "/api/v1/indices/{id}", tag = "plan",
    params(("id" = IndexId, Path)), responses((status = 204), Problems))]
async fn remove_index(ctx: Ctx, PathId(id): PathId<IndexId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let (index, plan) = seen(&ctx, &mut tx, &id).await?;
    ctx.allow(Action::Edit, &plan)?;
    let now = tx.now();
    if store::remove(&mut tx, &id, now).await? {
        let fact = json!({ "plan": index.plan_id, "name": index.name });
        tx.record(&INDEX_REMOVED, id.as_str(), &fact).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The result of an index today; choices in the query stand in for its own.
#[utoipa::path(get, path = "/api/v1/indices/{id}/result", tag = "plan",
    params(("id" = IndexId, Path), ChoiceParams),
    responses((status = 200, body = IndexResult), Problems))]
async fn index_result(
    ctx: Ctx,
    PathId(id): PathId<IndexId>,
    Query(params): Query<ChoiceParams>,
) -> Result<Json<IndexResult>> {
    let mut sql = ctx.read().await?;
    let (index, plan) = seen(&ctx, &mut sql, &id).await?;
    let gathered = inputs(&ctx, &mut sql, &plan, (index.scope, Some(&id))).await?;
    drop(sql);
    let choices = params.over(index.choices)?;
    let seed = params.seed_or(index.seed)?;
    Ok(Json(calculate(gathered, choices, seed).await?))
}

/// The kept results of an index, the newest first.
#[utoipa::path(get, path = "/api/v1/indices/{id}/results", tag = "plan",
    params(("id" = IndexId, Path), PageParams),
    responses((status = 200, body = List<Kept>), Problems))]
async fn list_results(
    ctx: Ctx,
    PathId(id): PathId<IndexId>,
    page: Page,
) -> Result<Json<List<Kept>>> {
    let mut sql = ctx.read().await?;
    seen(&ctx, &mut sql, &id).await?;
    let rows = store::results(&mut sql, &id, &page).await?;
    let key = |k: &Kept| vec![Json_::from(k.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |k| k)))
}

#[derive(Serialize)]
struct KeptFact<'a> {
    index: &'a IndexId,
    name: &'a str,
    digest: &'a str,
    ranks: Vec<(&'a str, u32)>,
}

/// Keeps the result of an index as it is today, by its own choices and seed; its ranks and the
/// digest of its inputs stand in the ledger.
#[utoipa::path(post, path = "/api/v1/indices/{id}/results", tag = "plan",
    params(("id" = IndexId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 201, body = Kept), Problems))]
async fn keep_result(ctx: Ctx, PathId(id): PathId<IndexId>) -> Result<Response> {
    // Calculated before the writer's turn: others need not wait for it.
    let (index, gathered) = {
        let mut sql = ctx.read().await?;
        let (index, plan) = seen(&ctx, &mut sql, &id).await?;
        ctx.allow(Action::Edit, &plan)?;
        let own = (index.scope, Some(&id));
        let gathered = inputs(&ctx, &mut sql, &plan, own).await?;
        (index, gathered)
    };
    let result = calculate(gathered, index.choices, index.seed).await?;
    let mut tx = ctx.begin().await?;
    if store::result_count(&mut tx, &id).await? >= RESULTS_MAX {
        let words = text!(
            "一个指数最多留存 {RESULTS_MAX} 次结果。",
            "At most {RESULTS_MAX} results of an index are kept."
        );
        return Err(Error::conflict("results_too_many", words));
    }
    let kept = Kept {
        id: IndexResultId::new(&ctx.app),
        index_id: id,
        name: index.name,
        digest: result.digest.clone(),
        kept_at: tx.now(),
        body: KeptBody::from(&result),
    };
    store::keep(&mut tx, &kept, ctx.who.id.as_deref()).await?;
    let ranks = kept.body.places.iter().map(|p| (p.name.as_str(), p.rank));
    let fact = KeptFact {
        index: &kept.index_id,
        name: &kept.name,
        digest: &kept.digest,
        ranks: ranks.collect(),
    };
    tx.record(&RESULT_KEPT, kept.id.as_str(), &fact).await?;
    tx.answer(StatusCode::CREATED, &kept).await
}

const _: () = assert!(choices::DRAWS_MAX == 10_000, "as the parameters say");
