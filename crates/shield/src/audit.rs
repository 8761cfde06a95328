//! Supervision: the journal as auditors read it, each row with the way to its receipt.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::journal::{Audience, Log};
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use crate::kinds;
use crate::people::store as people;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_audit))
        .signed_in(routes!(export_audit))
}

/// Somebody who did something.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Actor {
    id: String,
    /// Absent after erasure.
    name: Option<String>,
}

/// A fact as auditors read it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AuditRow {
    id: FactId,
    seq: i64,
    kind: String,
    kind_title: Text,
    log: Log,
    subject: String,
    actor: Option<Actor>,
    at: Micros,
    /// What happened; null after erasure.
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
    erased: bool,
    /// Where its receipt is.
    receipt_url: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilter {
    /// Only this kind of fact, such as `session.opened`.
    kind: Option<String>,
    /// Only what this person did.
    actor: Option<String>,
    /// Only what is about this record.
    subject: Option<String>,
    /// Only facts of this ledger.
    #[param(inline)]
    log: Option<Log>,
    /// Not before this moment (RFC 3339).
    #[param(value_type = Option<String>)]
    from: Option<Micros>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>)]
    to: Option<Micros>,
    /// Words in the fact's body.
    q: Option<String>,
}

async fn rows(ctx: &Ctx, filter: AuditFilter, page: &Page) -> Result<Vec<AuditRow>> {
    let app = &ctx.app;
    // Who may not see everything sees what is meant for staff, and what they did themselves.
    let all = ctx.can(
        Action::View,
        &Entity::all("Fact").for_audience(Audience::Auditors),
    );
    if !all {
        ctx.allow(
            Action::View,
            &Entity::all("Fact").for_audience(Audience::Staff),
        )?;
    }
    let kinds: Vec<Arg> = app
        .kinds()
        .filter(|k| all || k.audience == Audience::Staff)
        .filter(|k| filter.log.is_none_or(|log| log == k.log))
        .filter(|k| filter.kind.as_ref().is_none_or(|kind| kind == k.name))
        .map(|k| Arg::from(k.name))
        .collect();
    let mut select =
        Select::new("SELECT id, seq, kind, subject, actor, at, body, erased_at FROM facts")
            .and("seq > ?", 0_i64)
            .and_in("kind", kinds)
            .and_opt("actor = ?", filter.actor)
            .and_opt("subject = ?", filter.subject)
            .and_opt("at >= ?", filter.from)
            .and_opt("at < ?", filter.to);
    if all {
        select = select.and_contains(&["body"], filter.q.as_deref());
    }
    let select = select.page(page, &["seq"], true, "seq DESC");
    let mut reader = ctx.read().await?;
    let found = reader.select(select).await?;
    let mut ids = Vec::new();
    for row in &found {
        ids.extend(row.text_opt("actor")?);
    }
    let names = people::names(&mut reader, &ids).await?;
    found
        .iter()
        .map(|row| {
            let kind = row.text("kind")?;
            let known = app.kind(&kind);
            let id = FactId::from_stored(row.text("id")?);
            let body = row.text_opt("body")?;
            Ok(AuditRow {
                receipt_url: format!("/api/v1/facts/{id}/receipt"),
                seq: row.int("seq")?,
                kind_title: known.map_or_else(Text::default, |k| k.title.into()),
                log: known.map_or(Log::Supervision, |k| k.log),
                kind,
                subject: row.text("subject")?,
                actor: row.text_opt("actor")?.map(|id| Actor {
                    name: names.get(&id).cloned(),
                    id,
                }),
                at: row.time("at")?,
                body: body.map(|b| serde_json::from_str(&b)).transpose()?,
                erased: row.time_opt("erased_at")?.is_some(),
                id,
            })
        })
        .collect()
}

/// Lists facts, newest first: everything for auditors and operators, otherwise what is meant for
/// staff.
#[utoipa::path(get, path = "/api/v1/audit", tag = "shield", params(AuditFilter, PageParams),
    responses((status = 200, body = List<AuditRow>), Problems))]
async fn list_audit(
    ctx: Ctx,
    Query(filter): Query<AuditFilter>,
    page: Page,
) -> Result<List<AuditRow>> {
    let rows = rows(&ctx, filter, &page).await?;
    Ok(List::build(
        rows,
        &page,
        |r: &AuditRow| vec![json!(r.seq)],
        |r| r,
    ))
}

/// Most rows of one export.
const EXPORT_ROWS: i64 = 50_000;

/// Takes facts out as CSV for Excel, newest first, at most 50,000. The export is a fact itself,
/// durable before the first byte.
#[utoipa::path(post, path = "/api/v1/audit/export", tag = "shield", params(AuditFilter),
    responses((status = 200, body = String, content_type = "text/csv"), Problems))]
async fn export_audit(
    ctx: Ctx,
    State(app): State<App>,
    Query(filter): Query<AuditFilter>,
) -> Result<Response> {
    ctx.allow(
        Action::Export,
        &Entity::all("Fact").for_audience(Audience::Auditors),
    )?;
    let mut page = Page::default();
    page.limit = EXPORT_ROWS;
    let mut rows = rows(&ctx, filter, &page).await?;
    rows.truncate(EXPORT_ROWS as usize);
    let mut tx = Tx::begin(&app, ctx.who.id.clone()).await?;
    tx.record(
        &kinds::AUDIT_EXPORTED,
        "audit",
        &json!({ "rows": rows.len() }),
    )
    .await?;
    tx.commit().await?;
    let header = ["seq", "at", "kind", "log", "subject", "actor", "body", "id"];
    let mut table = vec![header.map(str::to_owned).to_vec()];
    for row in rows {
        table.push(vec![
            row.seq.to_string(),
            row.at.to_string(),
            row.kind,
            row.log.name().to_owned(),
            row.subject,
            row.actor
                .map_or_else(String::new, |a| a.name.unwrap_or(a.id)),
            row.body.map_or_else(String::new, |b| b.to_string()),
            row.id.to_string(),
        ]);
    }
    let csv = tianyuan_kernel::office::csv_for_excel(&table);
    let mut response = (StatusCode::OK, csv).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let disposition = HeaderValue::from_static("attachment; filename=\"audit.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
