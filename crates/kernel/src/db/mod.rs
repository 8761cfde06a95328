//! Records: SQLite or PostgreSQL behind one door, with one SQL text for both (house.md,
//! "Portable SQL"). Nothing outside this module sees rusqlite or sqlx.
//!
//! SQLite has one writer connection. Each [`Tx`] is a savepoint in a shared outer transaction;
//! a flusher commits the outer one when it gets its turn, so that writers waiting at the same
//! time share one disk sync. A `Tx` is acknowledged only after that commit.

mod args;
mod migrate;
mod postgres;
mod row;
mod select;
mod sqlite;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgPool, Postgres, SqlSafeStr, Transaction,
};

pub use args::{Arg, Args};
pub use migrate::{Migration, migrate, pending_migrations};
pub use row::Row;
pub use select::Select;

use crate::config::Config;
use crate::error::{Error, Result};

/// Which engine keeps the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// The grown one.
    Postgres,
}

/// The records.
#[derive(Clone)]
pub struct Db(Engines);

#[derive(Clone)]
enum Engines {
    Sqlite {
        readers: Arc<sqlite::Readers>,
        writer: Arc<sqlite::Writer>,
    },
    Postgres(PgPool),
}

impl Db {
    /// Opens the database; creates the SQLite file when there is none.
    ///
    /// # Errors
    /// When the database cannot be reached, or a PostgreSQL database is not collated "C"
    /// (order by text would differ between engines).
    pub async fn open(config: &Config) -> Result<Self> {
        let url = config.database_url().map_err(Error::internal)?;
        let Some(path) = url.strip_prefix("sqlite:") else {
            let db = Self::open_unchecked(config).await?;
            db.refuse_other_collations().await?;
            return Ok(db);
        };
        let path = std::path::Path::new(path.trim_start_matches("//"));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let writer = sqlite::Writer::open(path)?;
        let patience = Duration::from_secs(config.database.acquire_timeout_s);
        let readers = sqlite::Readers::new(path, config.database.connections_max, patience);
        Ok(Self(Engines::Sqlite { readers, writer }))
    }

    async fn refuse_other_collations(&self) -> Result<()> {
        let sql = "SELECT CAST(datcollate AS TEXT) AS collation FROM pg_database \
                   WHERE datname = current_database()";
        let collation = self
            .read()
            .await?
            .one(sql, Args::new())
            .await?
            .text("collation")?;
        if matches!(collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8") {
            return Ok(());
        }
        Err(Error::internal(format!(
            "the PostgreSQL database is collated {collation:?}; create it with \
             CREATE DATABASE … TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )))
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.0 {
            Engines::Sqlite { .. } => Engine::Sqlite,
            Engines::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// 503 when none is free in time.
    pub async fn read(&self) -> Result<Reader> {
        Ok(match &self.0 {
            Engines::Sqlite { readers, .. } => Reader(Lent::Sqlite(readers.acquire().await?)),
            Engines::Postgres(pool) => Reader(Lent::Postgres(pool.acquire().await?)),
        })
    }

    /// A transaction without actor or journal; features use `Ctx::begin` or `App::begin`.
    ///
    /// # Errors
    /// 503 when the database is busy.
    pub async fn begin_raw(&self) -> Result<RawTx> {
        Ok(match &self.0 {
            Engines::Sqlite { writer, .. } => RawTx::Sqlite(writer.begin().await?),
            Engines::Postgres(pool) => RawTx::Postgres(pool.begin().await?),
        })
    }

    /// Microseconds by which the database's clock is ahead of `now` (PostgreSQL; 0 on SQLite).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clock_skew(&self, now: crate::clock::Micros) -> Result<i64> {
        if self.engine() == Engine::Sqlite {
            return Ok(0);
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
        Ok(self.read().await?.one(sql, Args::new()).await?.int("now")? - now.0)
    }

    /// Waits until no other node prepares this database, and keeps others waiting until it is
    /// dropped: what must be there once is then looked for and made by one node at a time. A
    /// connection of its own holds it, so a node that is killed holds nothing. On SQLite, where
    /// nodes do not start side by side, it holds nothing either.
    ///
    /// # Errors
    /// When the database cannot be reached, or another node holds it for a minute.
    pub async fn prepare_alone(&self) -> Result<Preparing> {
        let Engines::Postgres(pool) = &self.0 else {
            return Ok(Preparing(None));
        };
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
        let sql = "SET lock_timeout = '60s'; SELECT pg_advisory_lock(836101)";
        sqlx::raw_sql(sql).execute(&mut connection).await?;
        Ok(Preparing(Some(connection)))
    }

    /// Connections for reading: all that are open, and the idle ones.
    pub(crate) fn pool_state(&self) -> (i64, i64) {
        let (open, idle) = match &self.0 {
            Engines::Sqlite { readers, .. } => readers.state(),
            Engines::Postgres(pool) => (pool.size(), pool.num_idle()),
        };
        (i64::from(open), i64::try_from(idle).unwrap_or(i64::MAX))
    }

    /// Writes a consistent copy of a SQLite database while it is served.
    ///
    /// # Errors
    /// When the copy cannot be written, or this is PostgreSQL.
    pub async fn copy_sqlite_to(&self, target: &std::path::Path) -> Result<()> {
        match &self.0 {
            Engines::Sqlite { readers, .. } => readers.copy_to(target).await,
            Engines::Postgres(_) => Err(Error::internal("pg_dump copies a PostgreSQL database")),
        }
    }

    /// Finishes what was acknowledged and closes.
    pub async fn close(&self) {
        match &self.0 {
            Engines::Sqlite { readers, writer } => {
                writer.flush_now().await;
                readers.close();
            }
            Engines::Postgres(pool) => pool.close().await,
        }
    }
}

/// Statements on a connection; [`Reader`] and `Tx` both are one.
///
/// SQL is static text with `$1…` placeholders; only [`Select`] puts text together.
pub trait Sql: Send {
    /// The connection underneath; of use to this module only.
    #[doc(hidden)]
    fn connection(&mut self) -> Connection<'_>;

    /// Runs a statement; answers how many rows it changed.
    fn execute<'a>(&'a mut self, sql: &'static str, args: Args) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            match self.connection().0 {
                Borrowed::Sqlite(connection) => Ok(sqlite::run(connection, sql, args)?.1),
                Borrowed::Postgres(connection) => postgres::execute(connection, sql, args).await,
            }
        })
    }

    /// All rows.
    fn all<'a>(&'a mut self, sql: &'static str, args: Args) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move { Ok(rows(self.connection(), sql, args).await?) })
    }

    /// At most one row.
    fn optional<'a>(
        &'a mut self,
        sql: &'static str,
        args: Args,
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        Box::pin(async move {
            let rows = rows(self.connection(), sql, args).await?;
            Ok(rows.into_iter().next())
        })
    }

    /// Exactly one row; its absence is our fault (500).
    fn one<'a>(&'a mut self, sql: &'static str, args: Args) -> BoxFuture<'a, Result<Row>> {
        Box::pin(async move {
            self.optional(sql, args)
                .await?
                .ok_or_else(|| Error::internal(format!("no row: {sql}")))
        })
    }

    /// The rows of a [`Select`].
    fn select<'a>(&'a mut self, select: Select) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let has_cursor = select.has_cursor();
            let (sql, args) = select.render();
            match rows(self.connection(), AssertSqlSafe(sql), args).await {
                // A cursor of another list carries values of other types.
                Err(postgres::Failure::Theirs(sqlx::Error::Database(e)))
                    if has_cursor && matches!(e.code().as_deref(), Some("42883" | "22P02")) =>
                {
                    Err(crate::http::list::malformed("cursor"))
                }
                rows => Ok(rows?),
            }
        })
    }

    /// Runs several statements without arguments (migrations).
    #[doc(hidden)]
    fn script<'a>(&'a mut self, sql: &'static str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.connection().0 {
                Borrowed::Sqlite(connection) => connection.execute_batch(sql)?,
                Borrowed::Postgres(connection) => {
                    sqlx::raw_sql(sql).execute(connection).await?;
                }
            }
            Ok(())
        })
    }
}

async fn rows(
    connection: Connection<'_>,
    sql: impl SqlSafeStr,
    args: Args,
) -> Result<Vec<Row>, postgres::Failure> {
    let sql = sql.into_sql_str();
    match connection.0 {
        Borrowed::Sqlite(connection) => {
            let rows = sqlite::run(connection, sql.as_str(), args);
            Ok(rows.map_err(postgres::Failure::Ours)?.0)
        }
        Borrowed::Postgres(connection) => postgres::rows(connection, sql, args).await,
    }
}

/// A borrowed connection (opaque outside this module).
pub struct Connection<'a>(Borrowed<'a>);

enum Borrowed<'a> {
    Sqlite(&'a mut rusqlite::Connection),
    Postgres(&'a mut PgConnection),
}

/// The right to prepare a database alone; see [`Db::prepare_alone`].
#[must_use = "dropped, it keeps nobody waiting"]
pub struct Preparing(Option<PgConnection>);

impl Preparing {
    /// Lets the next node in.
    pub async fn done(self) {
        if let Some(connection) = self.0
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "closing the connection that held the start");
        }
    }
}

/// A connection for reading.
pub struct Reader(Lent);

enum Lent {
    Sqlite(sqlite::OnLoan),
    Postgres(PoolConnection<Postgres>),
}

impl Sql for Reader {
    fn connection(&mut self) -> Connection<'_> {
        Connection(match &mut self.0 {
            Lent::Sqlite(loan) => Borrowed::Sqlite(loan.connection()),
            Lent::Postgres(connection) => Borrowed::Postgres(connection),
        })
    }
}

/// A transaction on either engine. Dropped without commit, it leaves nothing.
pub enum RawTx {
    /// A savepoint of the shared outer transaction.
    Sqlite(sqlite::Savepoint),
    /// A transaction of its own.
    Postgres(Transaction<'static, Postgres>),
}

impl RawTx {
    /// Makes it durable; returns only when it is.
    ///
    /// # Errors
    /// When the database refused; then nothing of it is there.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(savepoint) => savepoint.commit().await,
            Self::Postgres(transaction) => Ok(transaction.commit().await?),
        }
    }
}

impl Sql for RawTx {
    fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(savepoint) => Connection(Borrowed::Sqlite(savepoint.connection())),
            Self::Postgres(transaction) => Connection(Borrowed::Postgres(transaction)),
        }
    }
}

impl Db {
    /// PostgreSQL without the check of the collation; tests create databases through it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(crate) async fn open_unchecked(config: &Config) -> Result<Self> {
        let url = config.database_url().map_err(Error::internal)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.database.connections_max)
            .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_s))
            .connect(&url)
            .await?;
        Ok(Self(Engines::Postgres(pool)))
    }

    pub(crate) async fn script_for_tests(&self, sql: String) -> Result<()> {
        match &self.0 {
            Engines::Sqlite { .. } => Err(Error::internal("for PostgreSQL")),
            Engines::Postgres(pool) => {
                pool.execute(AssertSqlSafe(sql)).await?;
                Ok(())
            }
        }
    }
}
