//! Shares over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{SHARE_CREATED, SHARE_REVOKED, STANDING_MAX, Share, ShareId, SharedPage};
use super::{check, digest, store};
use crate::indicators::{self, Indicator, IndicatorId};
use crate::overview::{Overview, overview};
use crate::plans::{self, PlanId};
use crate::values;
// Under this name: a type called `Value` is any JSON to the OpenAPI generator.
use crate::values::api::Value as IndicatorValue;

/// What a token begins with.
const PREFIX: &str = "ts_";

/// The routes of shares.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_shares, create_share))
        .signed_in(routes!(revoke_share))
        .public(routes!(shared_page))
}

/// The links of an edition, the newest first; for those who may publish it.
#[utoipa::path(get, path = "/api/v1/plans/{id}/shares", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<Share>), Problems))]
async fn list_shares(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<Share>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::Publish, &plan)?;
    let shares = store::list(&mut sql, &plan.id, &page).await?;
    Ok(Json(List::build(
        shares,
        &page,
        |s: &Share| vec![Json_::from(s.id.as_str())],
        |s| s,
    )))
}

/// A link to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShare {
    /// The page it shows.
    pub page: SharedPage,
    /// The indicator, when that is the page.
    #[serde(default)]
    pub indicator_id: Option<IndicatorId>,
    /// What its readers see above it, at most 80 characters.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub title: String,
    /// When it ends, at most 366 days from now.
    pub expires_at: Micros,
}

/// A link just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareCreated {
    /// The link's record.
    pub share: Share,
    /// Its token, this once: the page stands at `/s/{token}`, to be framed at `/embed/{token}`.
    pub token: String,
}

/// Makes a link to one page of an edition. Its token is shown this once. An `Idempotency-Key` is
/// ignored: what is kept under one would hold the token.
#[utoipa::path(post, path = "/api/v1/plans/{id}/shares", tag = "plan",
    params(("id" = PlanId, Path)), request_body = NewShare,
    responses((status = 201, body = ShareCreated), Problems))]
async fn create_share(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(input): Json<NewShare>,
) -> Result<Response> {
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::Publish, &plan)?;
    let now = tx.now();
    let title = input.title.trim();
    check(title, input.expires_at, now)?;
    let number = match (&input.page, &input.indicator_id) {
        (SharedPage::Wall, None) => None,
        (SharedPage::Indicator, Some(id)) => {
            Some(indicator_of(&mut tx, id, &plan.id).await?.number)
        }
        (page, _) => return Err(indicator_fits(*page)),
    };
    if store::standing(&mut tx, &plan.id, now).await? >= STANDING_MAX {
        let words = text!(
            "一个方案最多同时有 {STANDING_MAX} 个有效链接，请先收回不用的。",
            "An edition has at most {STANDING_MAX} standing links; revoke those no longer needed."
        );
        return Err(Error::conflict("shares_too_many", words));
    }
    let token = format!("{PREFIX}{}", hex::encode(ctx.app.random::<24>()));
    let share = Share {
        id: ShareId::new(&ctx.app),
        plan_id: plan.id,
        page: input.page,
        indicator_id: input.indicator_id,
        title: title.to_owned(),
        created_at: now,
        expires_at: input.expires_at,
        revoked_at: None,
    };
    let by = ctx.who.id.as_deref();
    store::insert(&mut tx, &share, &digest(&token), by).await?;
    let fact = json!({
        "plan": share.plan_id, "page": share.page, "indicator": number, "title": share.title,
        "expires_at": share.expires_at,
    });
    tx.record(&SHARE_CREATED, share.id.as_str(), &fact).await?;
    tx.answer(StatusCode::CREATED, &ShareCreated { share, token })
        .await
}

async fn indicator_of(
    sql: &mut dyn tianyuan_kernel::db::Sql,
    id: &IndicatorId,
    plan: &PlanId,
) -> Result<indicators::Access> {
    let found = indicators::access(sql, id).await;
    match found {
        Ok(found) if found.recordable().plan == *plan => Ok(found),
        Ok(_) => Err(unknown_indicator()),
        Err(error) if error.status() == StatusCode::NOT_FOUND => Err(unknown_indicator()),
        Err(error) => Err(error),
    }
}

fn unknown_indicator() -> Error {
    let words = Text::new("此方案没有这个指标。", "The edition has no such indicator.");
    Error::invalid("indicator_unknown", "indicator_id", words)
}

fn indicator_fits(page: SharedPage) -> Error {
    let words = match page {
        SharedPage::Wall => Text::new(
            "分享总览时不填指标。",
            "The page “wall” takes no indicator.",
        ),
        SharedPage::Indicator => {
            Text::new("请说明分享哪个指标。", "Say which indicator is shared.")
        }
    };
    Error::invalid("indicator_id", "indicator_id", words)
}

/// Revokes a link at once. Doing it again changes and records nothing.
#[utoipa::path(delete, path = "/api/v1/shares/{id}", tag = "plan",
    params(("id" = ShareId, Path)), responses((status = 204), Problems))]
async fn revoke_share(ctx: Ctx, PathId(id): PathId<ShareId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let share = store::get(&mut tx, &id).await?;
    let plan = plans::store::get(&mut tx, &share.plan_id).await?;
    if !ctx.can(Action::Publish, &plan) {
        return Err(Error::hidden("Publish", "Plan", plan.id.as_str()));
    }
    let now = tx.now();
    if store::revoke(&mut tx, &id, now).await? {
        let fact = json!({ "plan": share.plan_id, "title": share.title });
        tx.record(&SHARE_REVOKED, id.as_str(), &fact).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a link shows. Exactly one of `overview` and `indicator` is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shared {
    /// The page.
    pub page: SharedPage,
    /// What stands above it; may be empty.
    pub title: String,
    /// When the link ends.
    pub expires_at: Micros,
    /// The edition at a glance, for the page `wall`.
    pub overview: Option<Overview>,
    /// The indicator, for the page `indicator`.
    pub indicator: Option<Indicator>,
    /// Its values in force, oldest first.
    pub values: Vec<IndicatorValue>,
}

/// The page of a link, for whoever has it.
#[utoipa::path(get, path = "/api/v1/shared/{token}", tag = "plan",
    params(("token" = String, Path, description = "The token at the end of the link")),
    responses((status = 200, body = Shared), Problems))]
async fn shared_page(ctx: Ctx, PathId(token): PathId<String>) -> Result<Json<Shared>> {
    let mut sql = ctx.read().await?;
    let share = store::by_token(&mut sql, &digest(&token)).await?;
    let share = share.ok_or_else(Error::not_found)?;
    if !share.stands(ctx.app.now()) {
        let words = Text::new(
            "此链接已到期或已被收回，请向分享者索取新的链接。",
            "This link has ended or was revoked; ask who sent it for another.",
        );
        return Err(Error::new(StatusCode::GONE, "share_ended", words));
    }
    let mut shared = Shared {
        page: share.page,
        title: share.title,
        expires_at: share.expires_at,
        overview: None,
        indicator: None,
        values: Vec::new(),
    };
    if let Some(id) = share.indicator_id {
        let today = ctx.app.now().date();
        shared.indicator = Some(indicators::get(&mut sql, &id, today).await?);
        shared.values = values::api::for_strangers(&mut sql, &id).await?;
    } else {
        let plan = plans::store::get(&mut sql, &share.plan_id).await?;
        shared.overview = Some(overview(&ctx.app, &mut sql, plan, false).await?);
    }
    Ok(Json(shared))
}
