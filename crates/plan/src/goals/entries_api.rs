//! Entries of goals over HTTP: added, imported, struck with a reason, with evidence.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::error::{Error, FieldError, Problems, Result};
use tianyuan_kernel::files::{self, File, FileId};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::entries::{
    EntryId, Fault, GoalEntryView, NOTE_CHARS_MAX, NewEntry, Standing, name_key, validate,
};
use super::{Counted, ENTRY_ADDED, ENTRY_STRUCK, GoalSource, get, sheet, store};
use crate::effects::check_text;
use crate::plans::GoalId;
use crate::values::doubt;
use crate::workbook::Binary;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_goal_entries, add_goal_entry))
        .signed_in(routes!(import_goal_entries))
        .signed_in(routes!(strike_goal_entry))
        .signed_in(routes!(list_goal_entry_files, attach_to_goal_entry))
        .signed_in(routes!(download_goal_entry_file))
}

/// The entries of a goal, struck ones included, the newest first. For staff.
#[utoipa::path(get, path = "/api/v1/goals/{id}/entries", tag = "plan",
    params(("id" = GoalId, Path), PageParams),
    responses((status = 200, body = List<GoalEntryView>), Problems))]
async fn list_goal_entries(
    ctx: Ctx,
    PathId(id): PathId<GoalId>,
    page: Page,
) -> Result<Json<List<GoalEntryView>>> {
    let mut sql = ctx.read().await?;
    let goal = get(&mut sql, &id).await?;
    ctx.allow(Action::View, &goal)?;
    let rows = store::entries(&mut sql, &goal, &page).await?;
    let key = |e: &GoalEntryView| vec![Value::from(e.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |e| e)))
}

/// An entry to count towards a goal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoalEntry {
    /// The firm, or what names a batch; at most 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    /// The firm's unified social credit code (GB 32100).
    #[serde(default)]
    #[schema(max_length = 40)]
    pub code: Option<String>,
    /// The day it counts from, within the plan and not after today.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// How many it counts, 1 when absent; for a level, what was measured.
    #[serde(default)]
    pub amount: Option<f64>,
    /// A remark, at most 2,000 characters; sealed in the ledger.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: String,
    /// The amount stands although its unit was doubted (`unit_doubtful`).
    #[serde(default)]
    pub confirmed: bool,
}

fn by_entries(goal: &Counted) -> Result<()> {
    if goal.source == GoalSource::Entries {
        return Ok(());
    }
    let words = Text::new(
        "此目标不按条目计数，请先由规划办公室改为按条目。",
        "This goal is not counted from entries; the plan office can change that.",
    );
    Err(Error::conflict("goal_not_by_entries", words))
}

fn refused((field, code, words): Fault) -> Error {
    if code == "goal_entry_duplicate" || code == "goal_entries_too_many" {
        return Error::conflict(code, words).field(field);
    }
    let error = Error::invalid(code, field, words);
    if code == doubt::CODE {
        return error.hint(Text::new(
            "数量属实时，加上 confirmed=true 再次提交。",
            "If the amount is right, send it again with confirmed=true.",
        ));
    }
    error
}

fn all_refused(faults: Vec<Fault>) -> Error {
    let mut faults = faults.into_iter();
    let Some(first) = faults.next() else {
        return Error::internal("refused without a fault");
    };
    let error = refused(first.clone());
    let rest: Vec<FieldError> = std::iter::once(first)
        .chain(faults)
        .map(|(field, code, detail)| FieldError {
            field: field.to_owned(),
            code,
            detail,
        })
        .collect();
    if rest.len() > 1 {
        error.with_fields(rest)
    } else {
        error
    }
}

/// Counts a firm or a batch towards a goal; for the units that answer for it. An amount that alone
/// is many times the whole goal is refused (`unit_doubtful`) until it comes with `confirmed`.
#[utoipa::path(post, path = "/api/v1/goals/{id}/entries", tag = "plan",
    params(("id" = GoalId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewGoalEntry,
    responses((status = 201, body = GoalEntryView), Problems))]
async fn add_goal_entry(
    ctx: Ctx,
    PathId(id): PathId<GoalId>,
    Json(body): Json<NewGoalEntry>,
) -> Result<Response> {
    let goal = get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Record, &goal)?;
    by_entries(&goal)?;
    let new = NewEntry {
        name: body.name,
        code: body.code,
        at: body.at,
        amount: body.amount.unwrap_or(1.0),
        note: body.note,
        confirmed: body.confirmed,
    };
    let new = validate(&goal, new, ctx.app.now().date()).map_err(all_refused)?;
    let mut tx = ctx.begin().await?;
    store::take_turn(&mut tx, &goal).await?;
    let mut standing = Standing::new(&goal, store::standing(&mut tx, &goal).await?);
    standing.take(&new).map_err(refused)?;
    let entry = add(&mut tx, &goal, new).await?;
    tx.answer(StatusCode::CREATED, &entry).await
}

pub(super) async fn add(tx: &mut Tx, goal: &Counted, new: NewEntry) -> Result<GoalEntryView> {
    let id = EntryId::new(tx.app());
    let fact = json!({
        "plan": goal.plan_id, "goal": goal.key, "entry": id, "name": new.name, "code": new.code,
        "at": new.at, "amount": new.amount, "note": new.note,
    });
    let fact = tx.record(&ENTRY_ADDED, id.as_str(), &fact).await?;
    let key = name_key(&new.name);
    let entry = GoalEntryView {
        id,
        name: new.name,
        code: new.code,
        at: new.at,
        amount: new.amount,
        note: new.note,
        recorded_at: tx.now(),
        fact_id: fact.as_str().to_owned(),
        struck_at: None,
        struck_reason: None,
    };
    let by = tx.actor().map(str::to_owned);
    store::insert_entry(tx, goal, &entry, &key, by.as_deref()).await?;
    Ok(entry)
}

/// What an import of entries did.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoalEntriesImported {
    /// How many entries were added.
    pub accepted: u64,
}

/// How entries are imported.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GoalEntriesImport {
    /// The amounts stand although their units were doubted.
    pub confirmed: Option<bool>,
}

/// Adds entries from a sheet headed 名称, 日期, optionally 统一社会信用代码, 数量, 说明: a workbook
/// (.xlsx), or CSV in UTF-8 or GBK. All rows or none. Amounts many times the whole goal are refused
/// (`unit_doubtful`) unless `confirmed`.
#[utoipa::path(post, path = "/api/v1/goals/{id}/entries/import", tag = "plan",
    params(("id" = GoalId, Path), GoalEntriesImport),
    request_body(content(
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Binary = "text/csv"))),
    responses((status = 201, body = GoalEntriesImported), Problems))]
async fn import_goal_entries(
    ctx: Ctx,
    PathId(id): PathId<GoalId>,
    Query(how): Query<GoalEntriesImport>,
    request: Request<Body>,
) -> Result<Response> {
    let goal = get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::Record, &goal)?;
    by_entries(&goal)?;
    let media = crate::workbook::media_type(request.headers());
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    let sheets = crate::workbook::open_table(&media, bytes).await?;
    let mut tx = ctx.begin().await?;
    store::take_turn(&mut tx, &goal).await?;
    let standing = Standing::new(&goal, store::standing(&mut tx, &goal).await?);
    let today = ctx.app.now().date();
    let entries = sheet::read(
        &sheets,
        &goal,
        standing,
        (today, how.confirmed == Some(true)),
    )
    .map_err(|faults| {
        let fields: Vec<FieldError> = faults
            .into_iter()
            .map(|fault| FieldError {
                field: fault.spot.path(true),
                code: fault.code,
                detail: fault.detail,
            })
            .collect();
        match fields.as_slice() {
            [only] => Error::invalid(only.code, only.field.clone(), only.detail.clone()),
            _ => {
                let words = Text::new("有多处不符合要求。", "Several things are wrong.");
                let first = fields.first().map(|f| f.field.clone()).unwrap_or_default();
                Error::invalid("invalid", first, words).with_fields(fields)
            }
        }
    })?;
    let accepted = entries.len() as u64;
    for new in entries {
        add(&mut tx, &goal, new).await?;
    }
    tx.answer(StatusCode::CREATED, &GoalEntriesImported { accepted })
        .await
}

/// Why an entry is struck.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StrikeEntry {
    /// The reason, at most 2,000 characters.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// Strikes an entry with a reason: it stays to be read and counts no more. Striking it again
/// changes nothing.
#[utoipa::path(post, path = "/api/v1/goal-entries/{id}/strike", tag = "plan",
    params(("id" = EntryId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = StrikeEntry,
    responses((status = 200, body = GoalEntryView), Problems))]
async fn strike_goal_entry(
    ctx: Ctx,
    PathId(id): PathId<EntryId>,
    Json(body): Json<StrikeEntry>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (entry, goal) = store::get_entry(&mut tx, &id).await?;
    let goal = get(&mut tx, &goal).await?;
    ctx.allow(Action::Record, &goal)?;
    let reason = body.reason.trim();
    check_text(reason, "reason", (1, NOTE_CHARS_MAX))?;
    let now = tx.now();
    let by = ctx.who.id.as_deref();
    if store::strike(&mut tx, &id, reason, (now, by)).await? {
        let fact = json!({
            "plan": goal.plan_id, "goal": goal.key, "entry": id, "name": entry.name,
            "at": entry.at, "amount": entry.amount, "reason": reason,
        });
        tx.record(&ENTRY_STRUCK, id.as_str(), &fact).await?;
    }
    let (entry, _) = store::get_entry(&mut tx, &id).await?;
    tx.answer(StatusCode::OK, &entry).await
}

/// The entry as files belong to it, with its goal's units.
async fn entry_entity(ctx: &Ctx, id: &EntryId, action: Action) -> Result<Entity> {
    let mut sql = ctx.read().await?;
    let (entry, goal) = store::get_entry(&mut sql, id).await?;
    let goal = get(&mut sql, &goal).await?;
    ctx.allow(action, &goal)?;
    Ok(Entity::new("Goal", entry.id.as_str()))
}

/// Evidence of an entry. For staff.
#[utoipa::path(get, path = "/api/v1/goal-entries/{id}/files", tag = "plan",
    params(("id" = EntryId, Path), PageParams),
    responses((status = 200, body = List<File>), Problems))]
async fn list_goal_entry_files(
    ctx: Ctx,
    PathId(id): PathId<EntryId>,
    page: Page,
) -> Result<Json<List<File>>> {
    let entity = entry_entity(&ctx, &id, Action::View).await?;
    let mut sql = ctx.read().await?;
    let rows = files::list(&mut sql, &entity, &page).await?;
    let key = |f: &File| vec![Value::from(f.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |f| f)))
}

/// Attaches evidence to an entry: the body is the file, its name a query parameter.
#[utoipa::path(post, path = "/api/v1/goal-entries/{id}/files", tag = "plan",
    params(("id" = EntryId, Path), ("name" = String, Query, description = "File name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content = Binary, content_type = "application/pdf"),
    responses((status = 201, body = File), Problems))]
async fn attach_to_goal_entry(
    ctx: Ctx,
    PathId(id): PathId<EntryId>,
    request: Request<Body>,
) -> Result<Response> {
    let entity = entry_entity(&ctx, &id, Action::Record).await?;
    let received = files::receive(&ctx.app, request).await?;
    let mut tx = ctx.begin().await?;
    let file = files::attach(&mut tx, &entity, received).await?;
    tx.answer(StatusCode::CREATED, &file).await
}

/// An entry's file, as an attachment. For staff.
#[utoipa::path(get, path = "/api/v1/goal-entries/{id}/files/{file_id}", tag = "plan",
    params(("id" = EntryId, Path), ("file_id" = FileId, Path)),
    responses((status = 200, body = Binary, content_type = "application/octet-stream"), Problems))]
async fn download_goal_entry_file(
    ctx: Ctx,
    PathId((id, file)): PathId<(EntryId, FileId)>,
) -> Result<Response> {
    let entity = entry_entity(&ctx, &id, Action::View).await?;
    let file = files::get(&mut ctx.read().await?, &entity, &file).await?;
    files::download(&ctx.app, &file).await
}
