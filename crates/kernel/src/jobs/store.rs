//! SQL of jobs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Job, JobId, JobKind, JobState, Progress};
use crate::App;
use crate::args;
use crate::clock::Micros;
use crate::db::{Row, Select, Sql};
use crate::error::{Error, Result};
use crate::http::{Page, Tx};
use crate::text::Text;

/// Seconds for which a run holds its job; the runner renews it at a third of that.
pub(super) const LEASE_S: i64 = 60;
/// Jobs tried in a row when other nodes take them first.
const CLAIM_TRIES: usize = 4;

fn from_row(row: &Row) -> Result<Job> {
    let progress = match row.int_opt("progress_done")? {
        None => None,
        Some(done) => Some(Progress {
            done,
            total: row.int_opt("progress_total")?.unwrap_or(0),
            text: Text::of(
                row.text_opt("progress_zh")?.unwrap_or_default(),
                row.text_opt("progress_en")?.unwrap_or_default(),
            ),
        }),
    };
    let error = match (row.text_opt("error_code")?, row.text_opt("error_detail")?) {
        (Some(code), Some(detail)) => Some((code, serde_json::from_str(&detail)?)),
        _ => None,
    };
    Ok(Job {
        id: JobId::from_stored(row.text("id")?),
        kind: row.text("kind")?,
        state: JobState::from_name(&row.text("state")?),
        payload: serde_json::from_str(&row.text("payload")?)?,
        owner: row.text_opt("owner")?,
        progress,
        attempts: row.int("attempts")?,
        run_after: row.time("run_after")?,
        created_at: row.time("created_at")?,
        started_at: row.time_opt("started_at")?,
        finished_at: row.time_opt("finished_at")?,
        error,
        fence: row.int("fence")?,
    })
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, kind, state, payload, owner, progress_done, progress_total, progress_zh, \
              progress_en, attempts, run_after, created_at, started_at, finished_at, error_code, \
              error_detail, fence ",
            $after
        )
    };
}

/// Asks for a job in the caller's transaction.
///
/// # Errors
/// When the database refuses (also below).
pub async fn enqueue(tx: &mut Tx, kind: &JobKind, payload: &impl Serialize) -> Result<JobId> {
    let id = JobId::new(tx.app());
    let owner = tx.actor().map(str::to_owned);
    let payload = serde_json::to_string(payload)?;
    insert(tx, &id, kind.name, &payload, owner).await?;
    Ok(id)
}

/// Asks for a job that is to start after a while, unless one of its kind waits already: however
/// often it is asked for meanwhile, it runs once. Answers whether it was asked for now.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_soon(
    tx: &mut Tx,
    kind: &JobKind,
    payload: &impl Serialize,
    after_s: i64,
) -> Result<bool> {
    let sql = "SELECT id FROM jobs WHERE kind = $1 AND state = 'queued' LIMIT 1";
    if tx.optional(sql, args![kind.name]).await?.is_some() {
        return Ok(false);
    }
    let id = enqueue(tx, kind, payload).await?;
    let at = tx.now().plus_seconds(after_s);
    let sql = "UPDATE jobs SET run_after = $2 WHERE id = $1";
    tx.execute(sql, args![&id, at]).await?;
    Ok(true)
}

async fn insert(
    tx: &mut Tx,
    id: &JobId,
    kind: &str,
    payload: &str,
    owner: Option<String>,
) -> Result<()> {
    let sql = "INSERT INTO jobs (id, kind, state, payload, owner, attempts, run_after, \
               created_at, fence) VALUES ($1, $2, 'queued', $3, $4, 0, $5, $5, 0)";
    let now = tx.now();
    tx.execute(sql, args![id, kind, payload, owner, now])
        .await
        .map(|_| ())
}

/// Asks for the jobs whose schedule is due; each once among several nodes, and not while the
/// last one has not ended.
pub(super) async fn enqueue_scheduled(app: &App) -> Result<()> {
    let mut reader = app.db().read().await?;
    let sql = "SELECT kind, next_at FROM job_schedules";
    let mut next_at = BTreeMap::new();
    for row in reader.all(sql, args![]).await? {
        next_at.insert(row.text("kind")?, row.time("next_at")?);
    }
    drop(reader);
    for schedule in app.schedules() {
        if next_at
            .get(schedule.kind)
            .is_some_and(|next| *next > app.now())
        {
            continue;
        }
        let mut tx = Tx::begin(app, None).await?;
        let sql = "INSERT INTO job_schedules (kind, next_at) VALUES ($1, $2) \
                   ON CONFLICT (kind) DO UPDATE SET next_at = excluded.next_at \
                   WHERE job_schedules.next_at <= $3";
        let now = tx.now();
        let again = now.plus_seconds(schedule.every_s);
        if tx.execute(sql, args![schedule.kind, again, now]).await? != 1 {
            continue;
        }
        let sql = "SELECT id FROM jobs WHERE kind = $1 AND state IN ('queued', 'running') LIMIT 1";
        if tx.optional(sql, args![schedule.kind]).await?.is_none() {
            let id = JobId::new(app);
            insert(&mut tx, &id, schedule.kind, "{}", None).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Takes the next due job for this node.
pub(super) async fn claim(app: &App) -> Result<Option<Job>> {
    let due = "SELECT id FROM jobs WHERE (state = 'queued' AND run_after <= $1) \
               OR (state = 'running' AND held_until < $1) ORDER BY run_after, id LIMIT 1";
    let take = columns!(
        "UPDATE jobs SET state = 'running', holder = $3, held_until = $4, started_at = $2, \
         attempts = attempts + 1, fence = fence + 1, error_code = NULL, error_detail = NULL, \
         progress_done = NULL, progress_total = NULL, progress_zh = NULL, progress_en = NULL \
         WHERE id = $1 AND ((state = 'queued' AND run_after <= $2) \
         OR (state = 'running' AND held_until < $2)) RETURNING",
        ""
    );
    for _ in 0..CLAIM_TRIES {
        let now = app.now();
        let Some(row) = app.db().read().await?.optional(due, args![now]).await? else {
            return Ok(None);
        };
        let mut tx = app.db().begin_raw().await?;
        let until = now.plus_seconds(LEASE_S);
        let args = args![row.text("id")?, now, app.node_id(), until];
        let taken = tx.optional(take, args).await?;
        let taken = taken.as_ref().map(from_row).transpose()?;
        tx.commit().await?;
        // Otherwise another node was faster; there may be more.
        if taken.is_some() {
            return Ok(taken);
        }
    }
    Ok(None)
}

fn stopped() -> Error {
    let words = Text::new("任务已被停止。", "The job was stopped.");
    Error::conflict("job_stopped", words)
}

/// Goes on only while this run still holds its job.
pub(super) async fn check_held(app: &App, id: &JobId, fence: i64) -> Result<()> {
    let sql = "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";
    let row = app
        .db()
        .read()
        .await?
        .optional(sql, args![id, fence])
        .await?;
    row.map(|_| ()).ok_or_else(stopped)
}

/// The same inside a transaction: until it ends, nobody else takes or cancels the job.
pub(super) async fn hold(tx: &mut Tx, id: &JobId, fence: i64) -> Result<()> {
    let sql = "UPDATE jobs SET held_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";
    let until = tx.now().plus_seconds(LEASE_S);
    let rows = tx.execute(sql, args![id, fence, until]).await?;
    if rows == 1 { Ok(()) } else { Err(stopped()) }
}

pub(super) async fn renew(app: &App, id: &JobId, fence: i64) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE jobs SET held_until = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";
    let until = app.now().plus_seconds(LEASE_S);
    let rows = tx.execute(sql, args![id, fence, until]).await?;
    tx.commit().await?;
    if rows == 1 { Ok(()) } else { Err(stopped()) }
}

pub(super) async fn progress(
    app: &App,
    id: &JobId,
    fence: i64,
    done: i64,
    total: i64,
    text: &Text,
) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE jobs SET progress_done = $3, progress_total = $4, progress_zh = $5, \
               progress_en = $6, held_until = $7 \
               WHERE id = $1 AND fence = $2 AND state = 'running'";
    let until = app.now().plus_seconds(LEASE_S);
    let args = args![id, fence, done, total, &*text.zh, &*text.en, until];
    let rows = tx.execute(sql, args).await?;
    tx.commit().await?;
    if rows == 1 { Ok(()) } else { Err(stopped()) }
}

pub(super) async fn finish(app: &App, id: &JobId, fence: i64, result: &Value) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE jobs SET state = 'done', finished_at = $3, result = $4, held_until = NULL \
               WHERE id = $1 AND fence = $2 AND state = 'running'";
    tx.execute(sql, args![id, fence, app.now(), result.to_string()])
        .await?;
    tx.commit().await
}

/// Ends a failed run: again at `again`, or never when that is `None`.
pub(super) async fn fail(app: &App, job: &Job, error: &Error, again: Option<Micros>) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE jobs SET state = $3, run_after = $4, finished_at = $5, error_code = $6, \
               error_detail = $7, held_until = NULL \
               WHERE id = $1 AND fence = $2 AND state = 'running'";
    let state = if again.is_some() {
        JobState::Queued
    } else {
        JobState::Failed
    };
    let finished = again.is_none().then(|| app.now());
    let args = args![
        &job.id,
        job.fence,
        state.name(),
        again.unwrap_or(job.run_after),
        finished,
        error.code(),
        serde_json::to_string(error.detail())?,
    ];
    tx.execute(sql, args).await?;
    tx.commit().await
}

/// Gives a run back, not to be taken before `after`; it does not count as an attempt.
pub(super) async fn give_back(app: &App, job: &Job, after: Micros) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE jobs SET state = 'queued', attempts = attempts - 1, held_until = NULL, \
               run_after = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";
    tx.execute(sql, args![&job.id, job.fence, after]).await?;
    tx.commit().await
}

pub(super) async fn get(sql: &mut dyn Sql, id: &JobId) -> Result<Job> {
    let select = columns!("SELECT", "FROM jobs WHERE id = $1");
    from_row(
        &sql.optional(select, args![id])
            .await?
            .ok_or_else(Error::not_found)?,
    )
}

pub(super) async fn list(
    sql: &mut dyn Sql,
    page: &Page,
    state: Option<JobState>,
    owner: Option<String>,
) -> Result<Vec<Job>> {
    let select = Select::new(columns!("SELECT", "FROM jobs"))
        .and_opt("state = ?", state.map(JobState::name))
        .and_opt("owner = ?", owner)
        .page(
            page,
            &["created_at", "id"],
            true,
            "created_at DESC, id DESC",
        );
    sql.select(select).await?.iter().map(from_row).collect()
}

/// Moves a job by hand; false when it was no longer in one of the states it may leave.
pub(super) async fn change(
    tx: &mut Tx,
    id: &JobId,
    to: JobState,
    from: [JobState; 2],
) -> Result<bool> {
    let sql = "UPDATE jobs SET state = $2, run_after = $3, finished_at = $4, fence = fence + 1, \
               attempts = CASE WHEN $2 = 'queued' THEN 0 ELSE attempts END \
               WHERE id = $1 AND (state = $5 OR state = $6)";
    let now = tx.now();
    let finished = (to == JobState::Cancelled).then_some(now);
    let args = args![id, to.name(), now, finished, from[0].name(), from[1].name()];
    Ok(tx.execute(sql, args).await? == 1)
}

/// Removes jobs that ended before `ended`, failed ones only when they did before `failed`.
pub(super) async fn prune(app: &App, ended: Micros, failed: Micros) -> Result<u64> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "DELETE FROM jobs WHERE (state IN ('done', 'cancelled') AND finished_at < $1) \
               OR (state = 'failed' AND finished_at < $2)";
    let rows = tx.execute(sql, args![ended, failed]).await?;
    tx.commit().await?;
    Ok(rows)
}
