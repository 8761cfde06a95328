//! The one SQLite writer and its group commit.

use std::sync::Arc;

use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

use crate::error::{Error, Result};

const WRITER_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY; \
     PRAGMA cache_size = -16000";
pub(super) const READER_PRAGMAS: &str = "PRAGMA query_only = ON; PRAGMA busy_timeout = 10000; \
     PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000";

/// The writer connection, behind a fair lock.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    flush: Arc<Notify>,
}

struct State {
    connection: AnyConnection,
    /// An outer transaction is open.
    open: bool,
    /// A savepoint was begun and neither released nor rolled back: its owner went away.
    dirty: bool,
    /// Who waits for the outer commit.
    pending: Vec<oneshot::Sender<bool>>,
}

impl Writer {
    pub(super) async fn open(url: &str) -> Result<Arc<Self>> {
        let mut connection = AnyConnection::connect(url).await?;
        connection.execute(WRITER_PRAGMAS).await?;
        let state = State {
            connection,
            open: false,
            dirty: false,
            pending: Vec::new(),
        };
        let writer = Arc::new(Self {
            state: Arc::new(Mutex::new(state)),
            flush: Arc::new(Notify::new()),
        });
        // The lock is first come, first served, so the flusher's turn comes after every writer
        // that was already waiting: they all share the one commit.
        let (state, flush) = (Arc::downgrade(&writer.state), writer.flush.clone());
        tokio::spawn(async move {
            loop {
                flush.notified().await;
                let Some(state) = state.upgrade() else { return };
                state.lock().await.commit().await;
            }
        });
        Ok(writer)
    }

    pub(super) async fn begin(&self) -> Result<Savepoint> {
        let mut state = self.state.clone().lock_owned().await;
        state.clean().await;
        if !state.open {
            state.connection.execute("BEGIN IMMEDIATE").await?;
            state.open = true;
        }
        state.dirty = true;
        state.connection.execute("SAVEPOINT t").await?;
        Ok(Savepoint {
            state: Some(state),
            flush: self.flush.clone(),
        })
    }

    pub(super) async fn flush_now(&self) {
        self.state.lock().await.commit().await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.flush.notify_one();
    }
}

impl State {
    /// Undoes a savepoint whose owner went away. SQLite may have rolled back everything by
    /// itself (disk full, I/O error); then the savepoint is unknown and the whole group failed.
    async fn clean(&mut self) {
        if !self.dirty {
            return;
        }
        self.dirty = false;
        let undone = match self.connection.execute("ROLLBACK TO t").await {
            Ok(_) => self.connection.execute("RELEASE t").await.is_ok(),
            Err(_) => false,
        };
        if !undone {
            self.fail().await;
        }
    }

    async fn fail(&mut self) {
        let _already_gone = self.connection.execute("ROLLBACK").await;
        self.open = false;
        self.dirty = false;
        for waiter in self.pending.drain(..) {
            let _went_away = waiter.send(false);
        }
    }

    async fn commit(&mut self) {
        self.clean().await;
        if !self.open {
            return;
        }
        if let Err(error) = self.connection.execute("COMMIT").await {
            tracing::error!(%error, "commit failed");
            self.fail().await;
            return;
        }
        self.open = false;
        for waiter in self.pending.drain(..) {
            let _went_away = waiter.send(true);
        }
    }
}

/// One writer's part of the outer transaction.
pub struct Savepoint {
    state: Option<OwnedMutexGuard<State>>,
    flush: Arc<Notify>,
}

impl Savepoint {
    #[expect(
        clippy::expect_used,
        reason = "the state leaves only in commit, which takes self"
    )]
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.state.as_mut().expect("held until commit").connection
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        let failed = || Error::internal("the database could not commit");
        let mut state = self.state.take().ok_or_else(failed)?;
        if let Err(error) = state.connection.execute("RELEASE t").await {
            state.fail().await;
            return Err(error.into());
        }
        state.dirty = false;
        let (sender, receiver) = oneshot::channel();
        state.pending.push(sender);
        drop(state);
        self.flush.notify_one();
        match receiver.await {
            Ok(true) => Ok(()),
            _ => Err(failed()),
        }
    }
}

impl Drop for Savepoint {
    fn drop(&mut self) {
        // Given up: let the flusher undo it even when no other writer comes.
        if self.state.take().is_some() {
            self.flush.notify_one();
        }
    }
}
