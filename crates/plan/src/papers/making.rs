//! Ordering a paper and making it: the job gathers the records, fills the template, and keeps the
//! file with its paper.

use futures::future::BoxFuture;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::App;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::files;
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::jobs::{self, JobCtx, JobKind};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::office::docx::{Data, Filled, Template};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::period::{Cadence, PaperPeriod};
use super::store::PaperRow;
use super::{PAPER_MADE, PAPER_ORDERED, PAPERS_MAX, PaperId, PaperKind, PaperLang, PaperState};
use super::{bulletin, entity, figures, round, store, templates, title};
use crate::participation::RoundId;
use crate::plans::{self, Plan, PlanId};

/// Most bytes of what a paper says, kept for the print page.
const CONTENT_BYTES_MAX: usize = 4 << 20;

/// Longest title in a file's name, characters: a round may be called anything.
const NAME_CHARS_MAX: usize = 60;

/// Makes one paper.
pub const MAKE: JobKind = JobKind {
    name: "plan.make_paper",
    title: Text2 {
        zh: "编制简报或报告",
        en: "Make a paper",
    },
    attempts_max: 3,
    run: run_job,
};

#[derive(Serialize, Deserialize)]
struct Payload {
    paper: String,
}

/// What to make.
pub(crate) struct Order {
    pub(crate) kind: PaperKind,
    pub(crate) lang: PaperLang,
    pub(crate) period: PaperPeriod,
    /// The round of a participation report, and what it is called.
    pub(crate) round: Option<(RoundId, String)>,
    pub(crate) issuer: String,
    pub(crate) schedule_key: Option<String>,
}

/// Puts a paper on record and asks for the job that makes it, in the caller's transaction; none
/// when its schedule asked before.
pub(crate) async fn order(tx: &mut Tx, plan: &Plan, order: Order) -> Result<Option<PaperId>> {
    if store::count(tx, &plan.id).await? >= PAPERS_MAX {
        let words = text!(
            "一个方案最多保存 {PAPERS_MAX} 份简报和报告。",
            "An edition keeps at most {PAPERS_MAX} papers."
        );
        return Err(Error::conflict("papers_too_many", words));
    }
    let (issue, draft) = match &order.round {
        Some((round, _)) => (1, store::next_of_round(tx, round, order.lang).await?),
        None => store::next(tx, &plan.id, (order.kind, order.lang), &order.period).await?,
    };
    let row = PaperRow {
        id: PaperId::new(tx.app()),
        plan_id: plan.id.clone(),
        kind: order.kind,
        lang: order.lang,
        period: order.period,
        round: order.round,
        issue,
        draft,
        state: PaperState::Making,
        scheduled: order.schedule_key.is_some(),
        issuer: order.issuer,
        file_id: None,
        file: None,
        template_sha256: None,
        error: None,
        created_at: tx.now(),
        created_by: tx.actor().map(str::to_owned),
        made_at: None,
    };
    if !store::insert(tx, &row, order.schedule_key.as_deref()).await? {
        if order.schedule_key.is_some() {
            return Ok(None);
        }
        let words = Text::new(
            "同一期的简报或报告正由他人编制，请稍后刷新列表。",
            "Somebody else is having the same paper made; look at the list again in a moment.",
        );
        return Err(Error::conflict("paper_at_once", words));
    }
    let id = row.id.as_str().to_owned();
    tx.record(&PAPER_ORDERED, &id, &fact(&row)).await?;
    jobs::enqueue(tx, &MAKE, &Payload { paper: id }).await?;
    Ok(Some(row.id))
}

fn fact(row: &PaperRow) -> Value {
    json!({
        "plan": row.plan_id, "kind": row.kind, "lang": row.lang, "from": row.period.from,
        "to": row.period.to, "issue": row.issue, "draft": row.draft, "issuer": row.issuer,
        "scheduled": row.scheduled, "round": row.round.as_ref().map(|(id, _)| id),
    })
}

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let payload: Payload = serde_json::from_value(ctx.payload.clone())?;
        let id = PaperId::from_stored(payload.paper);
        match make(&ctx, &id).await {
            Ok(made) => Ok(json!({ "paper": id, "made": made })),
            Err(error) if error.code() == "job_stopped" => Err(error),
            Err(error) => {
                // Tried again, it may still become ready; until then its reader knows why not.
                let mut tx = ctx.begin().await?;
                store::failed(&mut tx, &id, &error).await?;
                tx.commit().await?;
                Err(error)
            }
        }
    })
}

/// What a paper is made of.
pub(crate) struct Brief {
    pub(crate) plan: Plan,
    pub(crate) row: PaperRow,
    pub(crate) today: Date,
}

async fn make(ctx: &JobCtx, id: &PaperId) -> Result<bool> {
    let app = &ctx.app;
    let (plan, row) = {
        let mut sql = app.db().read().await?;
        let row = store::get(&mut sql, id).await?;
        (plans::store::get(&mut sql, &row.plan_id).await?, row)
    };
    if row.state == PaperState::Ready {
        return Ok(false);
    }
    let brief = Brief {
        plan,
        today: app.now().date(),
        row,
    };
    let steps = 3;
    ctx.progress(0, steps, Text::new("汇集数据", "Gathering the records"))
        .await?;
    let made = match brief.row.kind {
        PaperKind::Figures => {
            let bytes = figures::workbook(app, &brief).await?;
            (bytes, None, None)
        }
        PaperKind::Bulletin | PaperKind::Participation => {
            let data = match &brief.row.round {
                Some((id, _)) => round::data(app, &brief, id).await?,
                None => bulletin::data(app, &brief).await?,
            };
            ctx.progress(1, steps, Text::new("套用模板", "Filling the template"))
                .await?;
            let (filled, template) = fill(app, &brief.row, data).await?;
            let content = serde_json::to_string(&filled.blocks)?;
            let content = (content.len() <= CONTENT_BYTES_MAX).then_some(content);
            (filled.bytes, Some(template), content)
        }
    };
    ctx.progress(2, steps, Text::new("保存文件", "Keeping the file"))
        .await?;
    keep(ctx, &brief, made).await
}

async fn fill(app: &App, row: &PaperRow, data: Data) -> Result<(Filled, String)> {
    let (bytes, sha256) = templates::current(app, row.kind, row.lang).await?;
    let filled = tokio::task::spawn_blocking(move || Template::open(&bytes)?.fill(&data))
        .await
        .map_err(Error::internal)??;
    Ok((filled, sha256))
}

/// The file's name: what it is, in words a folder can be sorted by.
fn file_name(plan: &Plan, row: &PaperRow) -> String {
    let title = title(row);
    let title = title.in_lang(row.lang.lang());
    let title: String = title
        .replace(['/', '\\', ':'], " ")
        .chars()
        .take(NAME_CHARS_MAX)
        .collect();
    format!(
        "{}-{title}.{}",
        plan.code.replace(['/', '\\'], "-"),
        row.kind.media().1
    )
}

async fn keep(
    ctx: &JobCtx,
    brief: &Brief,
    (bytes, template, content): (Vec<u8>, Option<String>, Option<String>),
) -> Result<bool> {
    let row = &brief.row;
    let name = file_name(&brief.plan, row);
    let received = files::keep(&ctx.app, &name, row.kind.media().0, bytes).await?;
    let sha256 = received.sha256().to_owned();
    let mut tx = ctx.begin().await?;
    let file = files::attach(&mut tx, &entity(&row.id), received).await?;
    let now = tx.now();
    let kept = (file.id.as_str(), template.as_deref(), content.as_deref());
    if !store::ready(&mut tx, &row.id, kept, now).await? {
        // Another run was quicker; what this one kept belongs to nothing and is collected.
        return Ok(false);
    }
    let mut fact = fact(row);
    fact["sha256"] = json!(sha256);
    fact["template"] = json!(template);
    tx.record(&PAPER_MADE, row.id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(true)
}

/// The plan of a paper that a schedule is for.
pub(crate) fn schedule_key(
    plan: &PlanId,
    kind: PaperKind,
    lang: PaperLang,
    period: &PaperPeriod,
) -> String {
    let (kind, lang) = (kind.as_str(), lang.as_str());
    format!(
        "{plan}/{kind}/{lang}/{}/{}",
        period.cadence.map_or("round", Cadence::as_str),
        period.from
    )
}
