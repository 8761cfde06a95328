//! SQLite, by rusqlite: statements run where they are called, since a cached statement takes
//! microseconds and a walk to another thread takes more. What waits for the disk or copies the
//! database goes to a thread for blocking work. One writer with group commit, a pool of readers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

use super::args::{Arg, Args};
use super::row::{Columns, Row, Value};
use crate::error::{Error, Result};

const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY; ";
const WRITER_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA busy_timeout = 0";
const READER_PRAGMAS: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -4000";
/// Statements kept prepared for each connection.
const STATEMENTS: usize = 256;
/// How long another process may hold the write lock (a command beside a running node), and how
/// often it is asked for meanwhile.
const LOCKED_MAX: Duration = Duration::from_secs(10);
const LOCKED_AGAIN: Duration = Duration::from_millis(5);

fn connect(path: &Path, pragmas: &str) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(PRAGMAS)?;
    connection.execute_batch(pragmas)?;
    Ok(connection)
}

impl ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(int)) => ValueRef::Integer(*int),
            Self::Real(Some(real)) => ValueRef::Real(*real),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Text(None) | Self::Int(None) | Self::Real(None) | Self::Bytes(None) => {
                ValueRef::Null
            }
        }))
    }
}

/// Runs a statement to its end; answers its rows and how many it changed.
pub(super) fn run(connection: &Connection, sql: &str, args: Args) -> Result<(Vec<Row>, u64)> {
    let args = args.checked()?;
    let mut statement = connection.prepare_cached(sql)?;
    for place in 1..=statement.parameter_count() {
        // `$3` is a name to SQLite, numbered in order of appearance.
        let name = statement.parameter_name(place).unwrap_or_default();
        let number: Option<usize> = name.get(1..).and_then(|number| number.parse().ok());
        let arg = number.and_then(|number| args.get(number.checked_sub(1)?));
        let arg = arg.ok_or_else(|| Error::internal(format!("no argument {name:?}: {sql}")))?;
        statement.raw_bind_parameter(place, arg)?;
    }
    let names = statement.column_names().map(Box::from);
    let columns: Columns = names.collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let values = (0..columns.len()).map(|at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(int) => Value::Int(int),
                ValueRef::Real(real) => Value::Real(real),
                ValueRef::Text(text) => Value::Text(
                    std::str::from_utf8(text)
                        .map_err(Error::internal)?
                        .to_owned(),
                ),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            })
        });
        found.push(Row::new(columns.clone(), values.collect::<Result<_>>()?));
    }
    drop(rows);
    Ok((found, connection.changes()))
}

/// Connections for reading, opened as they are needed.
pub(super) struct Readers {
    path: PathBuf,
    idle: SyncMutex<Vec<Connection>>,
    open: AtomicU32,
    permits: Arc<Semaphore>,
    patience: Duration,
}

/// A connection for reading, on loan.
pub(super) struct OnLoan {
    connection: Option<Connection>,
    home: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(path: &Path, most: u32, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            idle: SyncMutex::default(),
            open: AtomicU32::new(0),
            permits: Arc::new(Semaphore::new(most as usize)),
            patience,
        })
    }

    pub(super) async fn acquire(self: &Arc<Self>) -> Result<OnLoan> {
        let permit = tokio::time::timeout(self.patience, self.permits.clone().acquire_owned());
        let permit = permit.await.map_err(|_| Error::busy())?;
        let permit = permit.map_err(|_| Error::busy())?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = connect(&self.path, READER_PRAGMAS)?;
                self.open.fetch_add(1, Ordering::Relaxed);
                connection
            }
        };
        Ok(OnLoan {
            connection: Some(connection),
            home: self.clone(),
            _permit: permit,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections that are open, and the idle ones among them.
    pub(super) fn state(&self) -> (u32, usize) {
        (self.open.load(Ordering::Relaxed), self.idle().len())
    }

    /// Lends no more, and closes what is idle.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    /// Writes a copy of the database as it is now.
    pub(super) async fn copy_to(self: &Arc<Self>, target: &Path) -> Result<()> {
        let mut loan = self.acquire().await?;
        let target = target.display().to_string();
        let copy = tokio::task::spawn_blocking(move || {
            let connection = loan.connection();
            connection.execute_batch("PRAGMA query_only = OFF")?;
            let done = connection.execute("VACUUM INTO ?1", [target]);
            connection.execute_batch("PRAGMA query_only = ON")?;
            done.map(|_| ())
        });
        Ok(copy.await.map_err(Error::internal)??)
    }
}

impl OnLoan {
    #[expect(clippy::expect_used, reason = "it leaves only in drop")]
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("on loan until dropped")
    }
}

impl Drop for OnLoan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            if self.home.permits.is_closed() {
                return;
            }
            self.home.idle().push(connection);
        }
    }
}

/// The writer connection, behind a fair lock.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    flush: Arc<Notify>,
}

struct State {
    connection: Connection,
    /// An outer transaction is open, and in it an empty savepoint for the next writer.
    open: bool,
    /// A writer has the savepoint, or went away without releasing it.
    dirty: bool,
    /// Who waits for the outer commit.
    pending: Vec<oneshot::Sender<bool>>,
}

impl Writer {
    pub(super) fn open(path: &Path) -> Result<Arc<Self>> {
        let state = State {
            connection: connect(path, WRITER_PRAGMAS)?,
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
                commit(state.lock_owned().await).await;
            }
        });
        Ok(writer)
    }

    pub(super) async fn begin(&self) -> Result<Savepoint> {
        let mut state = self.state.clone().lock_owned().await;
        state.clean();
        if !state.open {
            let mut waited = Duration::ZERO;
            loop {
                let begun = state
                    .connection
                    .execute_batch("BEGIN IMMEDIATE; SAVEPOINT t");
                match begun.map_err(|error| (error.sqlite_error_code(), error)) {
                    Ok(()) => break,
                    Err((Some(ErrorCode::DatabaseBusy), _)) if waited < LOCKED_MAX => {}
                    Err((_, error)) => {
                        state.fail();
                        return Err(error.into());
                    }
                }
                // Not in SQLite's own wait, which would hold this thread.
                tokio::time::sleep(LOCKED_AGAIN).await;
                waited += LOCKED_AGAIN;
            }
            state.open = true;
        }
        state.dirty = true;
        Ok(Savepoint {
            state: Some(state),
            flush: self.flush.clone(),
        })
    }

    pub(super) async fn flush_now(&self) {
        commit(self.state.clone().lock_owned().await).await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.flush.notify_one();
    }
}

/// Commits the outer transaction where waiting for the disk holds nobody up.
async fn commit(mut state: OwnedMutexGuard<State>) {
    let done = tokio::task::spawn_blocking(move || state.commit());
    if let Err(error) = done.await {
        tracing::error!(%error, "commit did not end");
    }
}

impl State {
    /// Undoes what a writer that went away left in the savepoint. SQLite may have rolled back
    /// everything by itself (disk full, I/O error); then the savepoint is unknown and the whole
    /// group failed.
    fn clean(&mut self) {
        if !self.dirty {
            return;
        }
        self.dirty = false;
        if self.connection.execute_batch("ROLLBACK TO t").is_err() {
            self.fail();
        }
    }

    fn fail(&mut self) {
        let _already_gone = self.connection.execute_batch("ROLLBACK");
        self.open = false;
        self.dirty = false;
        for waiter in self.pending.drain(..) {
            let _went_away = waiter.send(false);
        }
    }

    fn commit(&mut self) {
        self.clean();
        if !self.open {
            return;
        }
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            tracing::error!(%error, "commit failed");
            self.fail();
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
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.state.as_mut().expect("held until commit").connection
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        let failed = || Error::internal("the database could not commit");
        let mut state = self.state.take().ok_or_else(failed)?;
        let next = "RELEASE t; SAVEPOINT t";
        if let Err(error) = state.connection.execute_batch(next) {
            state.fail();
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
