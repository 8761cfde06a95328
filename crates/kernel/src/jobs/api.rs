//! Jobs on the wire.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_axum::routes;

use super::{CANCELLED, Job, JobId, JobState, Progress, RETRIED, store};
use crate::App;
use crate::authority::{Action, Entity, Resource};
use crate::clock::Micros;
use crate::error::{Error, Problems, Result};
use crate::http::list::PageParams;
use crate::http::{Ctx, Json, List, Page, PathId, Query, Routes};
use crate::text::{Lang, Text};

pub(crate) fn router() -> Routes {
    Routes::new()
        .signed_in(routes!(list_jobs))
        .signed_in(routes!(get_job))
        .signed_in(routes!(cancel_job))
        .signed_in(routes!(retry_job))
}

impl Resource for Job {
    fn entity(&self) -> Entity {
        Entity::new("Job", self.id.as_str()).owned_by(self.owner.clone())
    }
}

/// A job on the wire.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    id: JobId,
    kind: String,
    /// Words for people.
    title: Text,
    state: JobState,
    progress: Option<Progress>,
    attempts: i64,
    attempts_max: i64,
    run_after: Micros,
    created_at: Micros,
    started_at: Option<Micros>,
    finished_at: Option<Micros>,
    error: Option<JobError>,
}

/// Why the last run failed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct JobError {
    code: String,
    /// In the caller's language.
    detail: String,
}

fn view(app: &App, lang: Lang, job: Job) -> JobView {
    let kind = app.job_kind(&job.kind);
    let unknown = || Text::of(job.kind.clone(), job.kind.clone());
    JobView {
        title: kind.map_or_else(unknown, |k| k.title.into()),
        attempts_max: kind.map_or(1, |k| k.attempts_max),
        id: job.id,
        kind: job.kind,
        state: job.state,
        progress: job.progress,
        attempts: job.attempts,
        run_after: job.run_after,
        created_at: job.created_at,
        started_at: job.started_at,
        finished_at: job.finished_at,
        error: job.error.map(|(code, detail)| JobError {
            code,
            detail: detail.in_lang(lang).to_owned(),
        }),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only jobs in this state.
    #[param(inline)]
    state: Option<JobState>,
}

/// Lists jobs, newest first: all of them for operators and auditors, otherwise one's own.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "node", params(Filter, PageParams),
    responses((status = 200, body = List<JobView>), Problems))]
async fn list_jobs(
    ctx: Ctx,
    Query(filter): Query<Filter>,
    page: Page,
    State(app): State<App>,
) -> Result<List<JobView>> {
    let all = ctx.can(Action::View, &Entity::all("Job"));
    let owner = if all { None } else { ctx.who.id.clone() };
    let jobs = store::list(&mut ctx.read().await?, &page, filter.state, owner).await?;
    let key = |j: &Job| vec![json!(j.created_at.0), json!(j.id)];
    Ok(List::build(jobs, &page, key, |job| {
        view(&app, ctx.lang, job)
    }))
}

/// One job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "node", params(("id" = JobId, Path)),
    responses((status = 200, body = JobView), Problems))]
async fn get_job(ctx: Ctx, PathId(id): PathId<JobId>, State(app): State<App>) -> Result<Response> {
    let job = store::get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::View, &job)?;
    Ok(Json(view(&app, ctx.lang, job)).into_response())
}

/// Stops a job that waits or runs.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/cancel", tag = "node",
    params(("id" = JobId, Path)), responses((status = 200, body = JobView), Problems))]
async fn cancel_job(ctx: Ctx, PathId(id): PathId<JobId>) -> Result<Response> {
    change(&ctx, &id, JobState::Cancelled).await
}

/// Lets a failed or cancelled job run again.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "node",
    params(("id" = JobId, Path)), responses((status = 200, body = JobView), Problems))]
async fn retry_job(ctx: Ctx, PathId(id): PathId<JobId>) -> Result<Response> {
    change(&ctx, &id, JobState::Queued).await
}

async fn change(ctx: &Ctx, id: &JobId, to: JobState) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let job = store::get(&mut tx, id).await?;
    ctx.allow(Action::Operate, &job)?;
    let (kind, from) = if to == JobState::Cancelled {
        (CANCELLED, [JobState::Queued, JobState::Running])
    } else {
        (RETRIED, [JobState::Failed, JobState::Cancelled])
    };
    if !store::change(&mut tx, id, to, from).await? {
        let state = job.state.name();
        let words = crate::text!(
            "任务当前状态为 {state}，不能这样操作。",
            "The job is {state}; this cannot be done now."
        );
        return Err(Error::conflict("job_state", words));
    }
    tx.record(&kind, id.as_str(), &json!({ "kind": job.kind }))
        .await?;
    let job = store::get(&mut tx, id).await?;
    let app = ctx.app.clone();
    tx.answer(StatusCode::OK, &view(&app, ctx.lang, job)).await
}
