//! Papers over HTTP.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::files::{self, FileId};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes, Tx};
use tianyuan_kernel::office::docx::Block;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::making::{Order, order};
use super::period::{Cadence, PaperPeriod};
use super::store::PaperRow;
use super::{ISSUER_CHARS_MAX, Paper, PaperId, PaperKind, PaperLang, entity, store, title};
use crate::participation::RoundId;
use crate::participation::rounds::api::allowed;
use crate::plans::{self, Plan, PlanId};
use crate::values::api::PersonRef;
use crate::workbook::Binary;

/// The routes of papers.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_papers, make_paper))
        .signed_in(routes!(make_round_paper))
        .signed_in(routes!(get_paper))
        .signed_in(routes!(download_paper))
        .merge(super::templates::api::routes())
        .merge(super::schedules::api::routes())
}

fn view(row: PaperRow, names: &BTreeMap<String, String>) -> Paper {
    let title = title(&row);
    let created_by = row.created_by.and_then(|id| {
        let name = names.get(&id)?.clone();
        Some(PersonRef { id, name })
    });
    Paper {
        title,
        id: row.id,
        plan_id: row.plan_id,
        kind: row.kind,
        lang: row.lang,
        period: row.period,
        round_id: row.round.map(|(id, _)| id),
        issue: row.issue,
        draft: row.draft,
        state: row.state,
        scheduled: row.scheduled,
        issuer: row.issuer,
        file: row.file,
        template_sha256: row.template_sha256,
        error: row.error,
        created_at: row.created_at,
        created_by,
        made_at: row.made_at,
    }
}

async fn names(ctx: &Ctx, rows: &[PaperRow]) -> Result<BTreeMap<String, String>> {
    let mut ids: Vec<String> = rows.iter().filter_map(|r| r.created_by.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    ctx.app.authority().names(&ctx.app, &ids).await
}

/// Which papers to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaperFilter {
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<PaperKind>,
    /// Only reports on this round.
    pub round: Option<RoundId>,
}

/// The papers of an edition, the newest first; for staff.
#[utoipa::path(get, path = "/api/v1/plans/{id}/papers", tag = "plan",
    params(("id" = PlanId, Path), PaperFilter, PageParams),
    responses((status = 200, body = List<Paper>), Problems))]
async fn list_papers(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Query(filter): Query<PaperFilter>,
    page: Page,
) -> Result<Json<List<Paper>>> {
    let rows = {
        let mut sql = ctx.read().await?;
        let plan = plans::store::get(&mut sql, &plan).await?;
        ctx.allow(Action::Export, &plan)?;
        store::list(
            &mut sql,
            &plan.id,
            (filter.kind, filter.round.as_ref()),
            &page,
        )
        .await?
    };
    let names = names(&ctx, &rows).await?;
    Ok(Json(List::build(
        rows,
        &page,
        |r: &PaperRow| vec![Json_::from(r.id.as_str())],
        |r| view(r, &names),
    )))
}

/// A paper to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaper {
    /// What it is.
    pub kind: PaperKind,
    /// Its language.
    pub lang: PaperLang,
    /// How long its period is.
    pub cadence: Cadence,
    /// A day inside its period.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// Who issues it, as its head says; at most 40 characters.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub issuer: String,
}

/// The name of who issues a paper, tidied.
pub(crate) fn issuer(text: &str) -> Result<String> {
    let text = text.trim();
    let size = text.chars().count();
    if size > ISSUER_CHARS_MAX {
        let words = text!(
            "编发单位最多 {ISSUER_CHARS_MAX} 个字符，收到 {size} 个。",
            "The issuer's name has at most {ISSUER_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "issuer", words));
    }
    if text.chars().any(char::is_control) {
        let words = Text::new(
            "编发单位中含有控制字符，请删除。",
            "The issuer's name holds control characters; remove them.",
        );
        return Err(Error::invalid("control_character", "issuer", words));
    }
    Ok(text.to_owned())
}

/// Has a paper made by a job. A period that has one already gets the next draft of it.
#[utoipa::path(post, path = "/api/v1/plans/{id}/papers", tag = "plan",
    params(("id" = PlanId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewPaper,
    responses((status = 202, body = Paper, description = "Asked for; a job makes it"), Problems))]
async fn make_paper(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(input): Json<NewPaper>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::Publish, &plan)?;
    by_period(input.kind)?;
    let issuer = issuer(&input.issuer)?;
    let days = (plan.period.from, plan.period.to);
    let period = PaperPeriod::asked(input.cadence, input.day, tx.now().date(), days)?;
    let asked = Order {
        kind: input.kind,
        lang: input.lang,
        period,
        round: None,
        issuer,
        schedule_key: None,
    };
    ordered(tx, &plan, asked).await
}

async fn ordered(mut tx: Tx, plan: &Plan, asked: Order) -> Result<Response> {
    let id = order(&mut tx, plan, asked).await?;
    let id = id.ok_or_else(|| Error::internal("an order without a schedule was taken before"))?;
    let row = store::get(&mut tx, &id).await?;
    tx.answer(StatusCode::ACCEPTED, &view(row, &BTreeMap::new()))
        .await
}

/// Goes on only with a kind that is made of a period.
pub(crate) fn by_period(kind: PaperKind) -> Result<()> {
    if kind != PaperKind::Participation {
        return Ok(());
    }
    let words = Text::new(
        "公众参与情况报告按轮次编制，不按期间；请在该轮次的报告页编制（POST /api/v1/rounds/{id}/papers）。",
        "A participation report is made of a round, not of a period; make it from the round's report (POST /api/v1/rounds/{id}/papers).",
    );
    Err(Error::invalid("paper_of_a_round", "kind", words))
}

/// A round's report to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoundPaper {
    /// Its language.
    pub lang: PaperLang,
    /// Who issues it, as its head says; at most 40 characters.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub issuer: String,
}

/// Has the report of a round made as a Word document by a job: counts of each channel, what was
/// most raised, what was declined and why. A round that has one already gets the next draft of it.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/papers", tag = "plan",
    params(("id" = RoundId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewRoundPaper,
    responses((status = 202, body = Paper, description = "Asked for; a job makes it"), Problems))]
async fn make_round_paper(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Json(input): Json<NewRoundPaper>,
) -> Result<Response> {
    let round = allowed(&ctx, &id, Action::View).await?;
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &round.plan_id).await?;
    ctx.allow(Action::Publish, &plan)?;
    let asked = Order {
        kind: PaperKind::Participation,
        lang: input.lang,
        period: PaperPeriod::days(round.opens_on, round.closes_on),
        round: Some((round.id, round.title)),
        issuer: issuer(&input.issuer)?,
        schedule_key: None,
    };
    ordered(tx, &plan, asked).await
}

async fn found(ctx: &Ctx, id: &PaperId) -> Result<PaperRow> {
    let mut sql = ctx.read().await?;
    let row = store::get(&mut sql, id).await?;
    let plan = plans::store::get(&mut sql, &row.plan_id).await?;
    if !ctx.can(Action::Export, &plan) {
        return Err(Error::hidden("Export", "Plan", plan.id.as_str()));
    }
    Ok(row)
}

/// A paper with what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperDetail {
    /// The paper.
    pub paper: Paper,
    /// What it says, block by block; empty for a workbook and while it is not ready.
    pub blocks: Vec<Block>,
}

/// A paper and what it says, to be read or printed.
#[utoipa::path(get, path = "/api/v1/papers/{id}", tag = "plan",
    params(("id" = PaperId, Path)),
    responses((status = 200, body = PaperDetail), Problems))]
async fn get_paper(ctx: Ctx, PathId(id): PathId<PaperId>) -> Result<Json<PaperDetail>> {
    let row = found(&ctx, &id).await?;
    let content = {
        let mut sql = ctx.read().await?;
        store::content(&mut sql, &id).await?
    };
    let blocks = content.map(|c| serde_json::from_str(&c)).transpose()?;
    let names = names(&ctx, std::slice::from_ref(&row)).await?;
    Ok(Json(PaperDetail {
        paper: view(row, &names),
        blocks: blocks.unwrap_or_default(),
    }))
}

/// A paper's file, as an attachment: Word, or Excel for figures.
#[utoipa::path(get, path = "/api/v1/papers/{id}/file", tag = "plan",
    params(("id" = PaperId, Path)),
    responses((status = 200, content(
        (Binary = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn download_paper(ctx: Ctx, PathId(id): PathId<PaperId>) -> Result<Response> {
    let row = found(&ctx, &id).await?;
    let Some(file) = row.file_id else {
        let words = Text::new("这份文件还没有编成。", "This paper has not been made yet.");
        return Err(Error::conflict("paper_not_ready", words));
    };
    let file = {
        let mut sql = ctx.read().await?;
        files::get(&mut sql, &entity(&id), &FileId::from_stored(file)).await?
    };
    files::download(&ctx.app, &file).await
}
