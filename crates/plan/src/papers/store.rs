//! SQL of papers.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;
use tianyuan_kernel::text::Text;

use super::period::{Cadence, PaperPeriod};
use super::{PaperError, PaperFile, PaperId, PaperKind, PaperLang, PaperState};
use crate::participation::RoundId;
use crate::plans::PlanId;
use crate::stored::{date, word};

/// A paper as stored.
#[derive(Clone)]
pub(crate) struct PaperRow {
    pub(crate) id: PaperId,
    pub(crate) plan_id: PlanId,
    pub(crate) kind: PaperKind,
    pub(crate) lang: PaperLang,
    pub(crate) period: PaperPeriod,
    /// The round of a participation report, and what it is called.
    pub(crate) round: Option<(RoundId, String)>,
    pub(crate) issue: i64,
    pub(crate) draft: i64,
    pub(crate) state: PaperState,
    pub(crate) scheduled: bool,
    pub(crate) issuer: String,
    pub(crate) file_id: Option<String>,
    pub(crate) file: Option<PaperFile>,
    pub(crate) template_sha256: Option<String>,
    pub(crate) error: Option<PaperError>,
    pub(crate) created_at: Micros,
    pub(crate) created_by: Option<String>,
    pub(crate) made_at: Option<Micros>,
}

const PAPER: &str = "SELECT p.id AS id, p.plan_id AS plan_id, p.kind AS kind, p.lang AS lang, \
    p.cadence AS cadence, p.period_from AS period_from, p.period_to AS period_to, \
    p.issue AS issue, p.draft AS draft, p.state AS state, p.schedule_key AS schedule_key, \
    p.issuer AS issuer, p.file_id AS file_id, p.template_sha256 AS template_sha256, \
    p.error_code AS error_code, p.error_zh AS error_zh, p.error_en AS error_en, \
    p.created_at AS created_at, p.created_by AS created_by, p.made_at AS made_at, \
    f.name AS file_name, f.media_type AS media_type, f.size_bytes AS size_bytes, \
    f.sha256 AS sha256, p.round_id AS round_id, r.title AS round_title FROM plan_papers p \
    LEFT JOIN files f ON f.id = p.file_id LEFT JOIN plan_rounds r ON r.id = p.round_id";

fn paper(row: &Row) -> Result<PaperRow> {
    let file = match row.text_opt("file_name")? {
        None => None,
        Some(name) => Some(PaperFile {
            name,
            media_type: row.text("media_type")?,
            size_bytes: row.int("size_bytes")?,
            sha256: row.text("sha256")?,
        }),
    };
    let error = match row.text_opt("error_code")? {
        None => None,
        Some(code) => Some(PaperError {
            code,
            detail: Text::of(
                row.text_opt("error_zh")?.unwrap_or_default(),
                row.text_opt("error_en")?.unwrap_or_default(),
            ),
        }),
    };
    let round = match row.text_opt("round_id")? {
        None => None,
        Some(id) => Some((RoundId::from_stored(id), row.text("round_title")?)),
    };
    let cadence = match row.text_opt("cadence")? {
        None => None,
        Some(_) => Some(word(row, "cadence", Cadence::read)?),
    };
    Ok(PaperRow {
        round,
        id: PaperId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        kind: word(row, "kind", PaperKind::read)?,
        lang: word(row, "lang", PaperLang::read)?,
        period: PaperPeriod {
            cadence,
            from: date(row, "period_from")?,
            to: date(row, "period_to")?,
        },
        issue: row.int("issue")?,
        draft: row.int("draft")?,
        state: word(row, "state", PaperState::read)?,
        scheduled: row.text_opt("schedule_key")?.is_some(),
        issuer: row.text("issuer")?,
        file_id: row.text_opt("file_id")?,
        file,
        template_sha256: row.text_opt("template_sha256")?,
        error,
        created_at: row.time("created_at")?,
        created_by: row.text_opt("created_by")?,
        made_at: row.time_opt("made_at")?,
    })
}

/// One page of an edition's papers, the newest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    plan: &PlanId,
    (kind, round): (Option<PaperKind>, Option<&RoundId>),
    page: &Page,
) -> Result<Vec<PaperRow>> {
    let select = Select::new(PAPER)
        .and("p.plan_id = ?", plan)
        .and_opt("p.kind = ?", kind.map(PaperKind::as_str))
        .and_opt("p.round_id = ?", round)
        .page(page, &["p.id"], true, "p.id DESC");
    sql.select(select).await?.iter().map(paper).collect()
}

/// One paper.
pub(crate) async fn get(sql: &mut dyn Sql, id: &PaperId) -> Result<PaperRow> {
    let select = Select::new(PAPER).and("p.id = ?", id);
    let rows = sql.select(select).await?;
    rows.first().map_or_else(|| Err(Error::not_found()), paper)
}

/// What a paper says, as JSON of its blocks; none for a workbook.
pub(crate) async fn content(sql: &mut dyn Sql, id: &PaperId) -> Result<Option<String>> {
    let row = sql
        .one("SELECT content FROM plan_papers WHERE id = $1", args![id])
        .await?;
    row.text_opt("content")
}

/// How many papers an edition has.
pub(crate) async fn count(sql: &mut dyn Sql, plan: &PlanId) -> Result<i64> {
    let select = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_papers WHERE plan_id = $1";
    sql.one(select, args![plan]).await?.int("n")
}

/// The issue and draft that a paper of this kind, language and period gets next.
pub(crate) async fn next(
    sql: &mut dyn Sql,
    plan: &PlanId,
    (kind, lang): (PaperKind, PaperLang),
    period: &PaperPeriod,
) -> Result<(i64, i64)> {
    let row = sql
        .one(
            "SELECT CAST(COALESCE(MAX(issue), 0) AS BIGINT) AS last, \
             CAST(COALESCE(MAX(CASE WHEN period_from = $4 AND period_to = $5 THEN issue END), 0) \
                AS BIGINT) AS present, \
             CAST(COALESCE(MAX(CASE WHEN period_from = $4 AND period_to = $5 THEN draft END), 0) \
                AS BIGINT) AS drafts \
             FROM plan_papers WHERE plan_id = $1 AND kind = $2 AND lang = $3",
            args![
                plan,
                kind.as_str(),
                lang.as_str(),
                period.from.to_string(),
                period.to.to_string()
            ],
        )
        .await?;
    let (last, present) = (row.int("last")?, row.int("present")?);
    let issue = if present > 0 { present } else { last + 1 };
    Ok((issue, row.int("drafts")? + 1))
}

/// The draft that a round's report in this language gets next.
pub(crate) async fn next_of_round(
    sql: &mut dyn Sql,
    round: &RoundId,
    lang: PaperLang,
) -> Result<i64> {
    let select = "SELECT CAST(COALESCE(MAX(draft), 0) AS BIGINT) AS n FROM plan_papers \
                  WHERE round_id = $1 AND lang = $2";
    let row = sql.one(select, args![round, lang.as_str()]).await?;
    Ok(row.int("n")? + 1)
}

/// Stores a paper that is to be made; false when its schedule already asked for it, or somebody
/// else took its draft's number.
pub(crate) async fn insert(
    sql: &mut dyn Sql,
    row: &PaperRow,
    schedule_key: Option<&str>,
) -> Result<bool> {
    let inserted = sql
        .execute(
            "INSERT INTO plan_papers (id, plan_id, kind, lang, cadence, period_from, period_to, \
             issue, draft, state, schedule_key, issuer, created_at, created_by, round_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'making', $10, $11, $12, $13, $14) \
             ON CONFLICT DO NOTHING",
            args![
                &row.id,
                &row.plan_id,
                row.kind.as_str(),
                row.lang.as_str(),
                row.period.cadence.map(Cadence::as_str),
                row.period.from.to_string(),
                row.period.to.to_string(),
                row.issue,
                row.draft,
                schedule_key,
                &row.issuer,
                row.created_at,
                row.created_by.as_deref(),
                row.round.as_ref().map(|(id, _)| id.as_str()),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// True when a schedule asked for this paper before.
pub(crate) async fn has_key(sql: &mut dyn Sql, key: &str) -> Result<bool> {
    let select = "SELECT id FROM plan_papers WHERE schedule_key = $1";
    Ok(sql.optional(select, args![key]).await?.is_some())
}

/// Marks a paper as ready; false when it was before.
pub(crate) async fn ready(
    sql: &mut dyn Sql,
    id: &PaperId,
    (file, template, content): (&str, Option<&str>, Option<&str>),
    at: Micros,
) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_papers SET state = 'ready', file_id = $2, template_sha256 = $3, \
             content = $4, made_at = $5, error_code = NULL, error_zh = NULL, error_en = NULL \
             WHERE id = $1 AND state <> 'ready'",
            args![id, file, template, content, at],
        )
        .await?;
    Ok(changed == 1)
}

/// Marks a paper as failed, for now.
pub(crate) async fn failed(sql: &mut dyn Sql, id: &PaperId, error: &Error) -> Result<()> {
    let detail = error.detail();
    sql.execute(
        "UPDATE plan_papers SET state = 'failed', error_code = $2, error_zh = $3, error_en = $4 \
         WHERE id = $1 AND state <> 'ready'",
        args![id, error.code(), detail.zh.as_ref(), detail.en.as_ref()],
    )
    .await
    .map(|_| ())
}
