use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{JobKind, JobState, Schedule, enqueue, run_due, store};
use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::http::Tx;
use crate::journal::Text2;
use crate::room::Room;
use crate::testkit::{Node, each_backend};
use crate::text::Text;

static RUNS: AtomicU32 = AtomicU32::new(0);

const COUNT: JobKind = JobKind {
    name: "test.count",
    title: Text2 {
        zh: "计数",
        en: "Count",
    },
    attempts_max: 1,
    run: |ctx| {
        Box::pin(async move {
            RUNS.fetch_add(1, Ordering::SeqCst);
            ctx.progress(1, 2, Text::new("一半", "half")).await?;
            Ok(json!({}))
        })
    },
};

const FAIL: JobKind = JobKind {
    name: "test.fail",
    title: Text2 {
        zh: "失败",
        en: "Fail",
    },
    attempts_max: 2,
    run: |_| Box::pin(async { Err(Error::internal("on purpose")) }),
};

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Dropped;
impl Drop for Dropped {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

const WAIT: JobKind = JobKind {
    name: "test.wait",
    title: Text2 {
        zh: "等待",
        en: "Wait",
    },
    attempts_max: 3,
    run: |_| {
        Box::pin(async {
            let _told = Dropped;
            std::future::pending().await
        })
    },
};

const PANIC: JobKind = JobKind {
    name: "test.panic",
    title: Text2 {
        zh: "恐慌",
        en: "Panic",
    },
    attempts_max: 1,
    run: |_| Box::pin(async { panic!("on purpose") }),
};

fn rooms() -> Vec<Room> {
    vec![Room::new("test").jobs(&[COUNT, FAIL, WAIT, PANIC])]
}

async fn state(node: &Node, id: &super::JobId) -> JobState {
    let mut reader = node.app.db().read().await.unwrap();
    store::get(&mut reader, id).await.unwrap().state
}

async fn until(what: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen");
}

async fn ask(node: &Node, kind: &JobKind) -> super::JobId {
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    let id = enqueue(&mut tx, kind, &json!({})).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn a_job_runs_once_and_shows_its_progress() {
    each_backend(rooms, async |node| {
        RUNS.store(0, Ordering::SeqCst);
        let id = ask(&node, &COUNT).await;
        let (a, b) = tokio::join!(run_due(&node.app), run_due(&node.app));
        a.unwrap();
        b.unwrap();
        assert_eq!(RUNS.load(Ordering::SeqCst), 1);
        let office = node.client("operator");
        let job = office
            .get(&format!("/api/v1/jobs/{id}"))
            .await
            .expect(200)
            .json();
        assert_eq!(job["state"], "done");
        assert_eq!(job["progress"]["text"]["en"], "half");
        node.stranger()
            .get(&format!("/api/v1/jobs/{id}"))
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_failing_job_is_tried_again_later_and_then_given_up() {
    each_backend(rooms, async |node| {
        let id = ask(&node, &FAIL).await;
        run_due(&node.app).await.unwrap();
        let mut reader = node.app.db().read().await.unwrap();
        let job = store::get(&mut reader, &id).await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Queued, 1));
        assert!(job.run_after > node.app.now());
        node.advance(10);
        run_due(&node.app).await.unwrap();
        let job = store::get(&mut reader, &id).await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Failed, 2));
        drop(reader);
        let operator = node.client("operator");
        operator
            .post(&format!("/api/v1/jobs/{id}/cancel"), json!({}))
            .await
            .expect(409);
        let again = operator
            .post(&format!("/api/v1/jobs/{id}/retry"), json!({}))
            .await
            .expect(200);
        assert_eq!(again.json()["state"], "queued");
        node.client("citizen")
            .post(&format!("/api/v1/jobs/{id}/retry"), json!({}))
            .await
            .expect(404);
        let facts = node.facts().await;
        assert!(
            facts.contains(&("job.retried".to_owned(), id.to_string())),
            "{facts:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_node_died_is_taken_over_and_the_dead_node_cannot_finish_it() {
    each_backend(rooms, async |node| {
        let id = ask(&node, &COUNT).await;
        // Finish the scheduled ones first, so that ours is the one claimed.
        let mut first = store::claim(&node.app).await.unwrap().unwrap();
        while first.id != id {
            store::finish(&node.app, &first.id, first.fence, &json!({}))
                .await
                .unwrap();
            first = store::claim(&node.app).await.unwrap().unwrap();
        }
        assert!(store::claim(&node.app).await.unwrap().is_none(), "held");
        node.advance(61);
        let second = store::claim(&node.app).await.unwrap().unwrap();
        assert_eq!(second.id, id);
        assert!(second.fence > first.fence);
        store::finish(&node.app, &id, first.fence, &json!({}))
            .await
            .unwrap();
        let mut reader = node.app.db().read().await.unwrap();
        assert_eq!(
            store::get(&mut reader, &id).await.unwrap().state,
            JobState::Running
        );
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_run_is_dropped_and_a_stopping_node_gives_its_runs_back() {
    each_backend(rooms, async |node| {
        DROPPED.store(0, Ordering::SeqCst);
        run_due(&node.app).await.unwrap();
        let runner = tokio::spawn(super::run(node.app.clone()));
        let (one, other) = (ask(&node, &WAIT).await, ask(&node, &WAIT).await);
        until(async || state(&node, &other).await == JobState::Running).await;
        until(async || state(&node, &one).await == JobState::Running).await;
        let operator = node.client("operator");
        let path = format!("/api/v1/jobs/{one}/cancel");
        operator.post(&path, json!({})).await.expect(200);
        until(async || DROPPED.load(Ordering::SeqCst) == 1).await;
        assert_eq!(state(&node, &one).await, JobState::Cancelled);
        assert_eq!(state(&node, &other).await, JobState::Running);
        node.app.stop();
        runner.await.unwrap();
        assert_eq!(DROPPED.load(Ordering::SeqCst), 2);
        let mut reader = node.app.db().read().await.unwrap();
        let job = store::get(&mut reader, &other).await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Queued, 0));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_node_each_time_is_given_up() {
    each_backend(rooms, async |node| {
        run_due(&node.app).await.unwrap();
        let id = ask(&node, &COUNT).await;
        // Taken, and never heard of again.
        store::claim(&node.app).await.unwrap().unwrap();
        node.advance(61);
        run_due(&node.app).await.unwrap();
        let english = node.client("operator").header("accept-language", "en");
        let path = format!("/api/v1/jobs/{id}");
        let job = english.get(&path).await.expect(200).json();
        assert_eq!(
            (&job["state"], &job["error"]["code"]),
            (&json!("failed"), &json!("job_lost"))
        );
        assert!(
            job["error"]["detail"]
                .as_str()
                .unwrap()
                .starts_with("The node")
        );

        let id = ask(&node, &PANIC).await;
        run_due(&node.app).await.unwrap();
        assert_eq!(state(&node, &id).await, JobState::Failed);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_writes_counts_only_while_it_holds_its_job() {
    each_backend(rooms, async |node| {
        run_due(&node.app).await.unwrap();
        ask(&node, &COUNT).await;
        let job = store::claim(&node.app).await.unwrap().unwrap();
        let ctx = super::JobCtx {
            app: node.app.clone(),
            id: job.id.clone(),
            payload: job.payload,
            owner: None,
            last: false,
            fence: job.fence,
        };
        ctx.begin().await.unwrap().commit().await.unwrap();
        node.advance(61);
        store::claim(&node.app).await.unwrap().unwrap();
        let late = ctx.begin().await.err().unwrap();
        assert_eq!(late.code(), "job_stopped");
        let late = ctx
            .progress(1, 1, Text::new("晚", "late"))
            .await
            .unwrap_err();
        assert_eq!(late.code(), "job_stopped");
    })
    .await;
}

#[tokio::test]
async fn schedules_do_not_pile_up_and_jobs_of_newer_nodes_wait_for_them() {
    const OFTEN: Schedule = Schedule {
        kind: COUNT.name,
        every_s: 10,
    };
    const NEWER: JobKind = JobKind {
        name: "newer.unknown",
        ..COUNT
    };
    let rooms = || vec![Room::new("test").jobs(&[COUNT]).schedules(&[OFTEN])];
    each_backend(rooms, async |node| {
        let count = async || {
            let sql = "SELECT COUNT(*) AS n FROM jobs WHERE kind = $1";
            let mut reader = node.app.db().read().await.unwrap();
            let row = reader.one(sql, args![COUNT.name]).await.unwrap();
            row.int("n").unwrap()
        };
        for _ in 0..3 {
            store::enqueue_scheduled(&node.app).await.unwrap();
            node.advance(11);
        }
        assert_eq!(count().await, 1, "it still waits");
        run_due(&node.app).await.unwrap();
        node.advance(11);
        run_due(&node.app).await.unwrap();
        assert_eq!(count().await, 2);

        let id = ask(&node, &NEWER).await;
        run_due(&node.app).await.unwrap();
        let mut reader = node.app.db().read().await.unwrap();
        let job = store::get(&mut reader, &id).await.unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Queued, 0));
        assert!(job.run_after > node.app.now());
    })
    .await;
}
