//! Records: SQLite or PostgreSQL behind one door, with one SQL text for both (house.md,
//! "Portable SQL"). Nothing outside this module sees sqlx.
//!
//! SQLite has one writer connection. Each [`Tx`] is a savepoint in a shared outer transaction;
//! a flusher commits the outer one when it gets its turn, so that writers waiting at the same
//! time share one disk sync. A `Tx` is acknowledged only after that commit.

mod args;
mod migrate;
mod row;
mod select;
mod sqlite;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor as _, Transaction};

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
pub struct Db {
    engine: Engine,
    readers: AnyPool,
    writer: Option<Arc<sqlite::Writer>>,
}

impl Db {
    /// Opens the database; creates the SQLite file when there is none.
    ///
    /// # Errors
    /// When the database cannot be reached, or a PostgreSQL database is not collated "C"
    /// (order by text would differ between engines).
    pub async fn open(config: &Config) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let url = config.database_url().map_err(Error::internal)?;
        let pool = AnyPoolOptions::new()
            .max_connections(config.database.connections_max)
            .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_s));
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.trim_start_matches("//");
            if let Some(folder) = std::path::Path::new(path).parent() {
                std::fs::create_dir_all(folder)?;
            }
            let url = format!("sqlite://{path}?mode=rwc");
            let writer = sqlite::Writer::open(&url).await?;
            let readers = pool
                .after_connect(|connection, _| {
                    Box::pin(
                        async move { connection.execute(sqlite::READER_PRAGMAS).await.map(|_| ()) },
                    )
                })
                .connect(&url)
                .await?;
            return Ok(Self {
                engine: Engine::Sqlite,
                readers,
                writer: Some(writer),
            });
        }
        let readers = pool.connect(&url).await?;
        let db = Self {
            engine: Engine::Postgres,
            readers,
            writer: None,
        };
        db.refuse_other_collations().await?;
        Ok(db)
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
        self.engine
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// 503 when none is free in time.
    pub async fn read(&self) -> Result<Reader> {
        Ok(Reader(self.readers.acquire().await?))
    }

    /// A transaction without actor or journal; features use `Ctx::begin` or `App::begin`.
    ///
    /// # Errors
    /// 503 when the database is busy.
    pub async fn begin_raw(&self) -> Result<RawTx> {
        match &self.writer {
            Some(writer) => Ok(RawTx::Sqlite(writer.begin().await?)),
            None => Ok(RawTx::Postgres(self.readers.begin().await?)),
        }
    }

    /// Microseconds by which the database's clock is ahead of `now` (PostgreSQL; 0 on SQLite).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clock_skew(&self, now: crate::clock::Micros) -> Result<i64> {
        if self.engine == Engine::Sqlite {
            return Ok(0);
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
        Ok(self.read().await?.one(sql, Args::new()).await?.int("now")? - now.0)
    }

    /// Connections of the pool: all of them, and the idle ones.
    pub(crate) fn pool_state(&self) -> (i64, i64) {
        let idle = i64::try_from(self.readers.num_idle()).unwrap_or(i64::MAX);
        (i64::from(self.readers.size()), idle)
    }

    /// Writes a consistent copy of a SQLite database while it is served.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub async fn copy_sqlite_to(&self, target: &std::path::Path) -> Result<()> {
        let mut connection = self.readers.acquire().await?;
        connection.execute("PRAGMA query_only = OFF").await?;
        let target = target.display().to_string().replace('\'', "''");
        let done = connection
            .execute(AssertSqlSafe(format!("VACUUM INTO '{target}'")))
            .await;
        connection.execute("PRAGMA query_only = ON").await?;
        done?;
        Ok(())
    }

    /// Finishes what was acknowledged and closes.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.flush_now().await;
        }
        self.readers.close().await;
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
            let query = args.bind(sqlx::query::<Any>(sql))?;
            Ok(query.execute(self.connection().0).await?.rows_affected())
        })
    }

    /// All rows.
    fn all<'a>(&'a mut self, sql: &'static str, args: Args) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let query = args.bind(sqlx::query::<Any>(sql))?;
            let rows = query.fetch_all(self.connection().0).await?;
            Ok(rows.into_iter().map(Row::new).collect())
        })
    }

    /// At most one row.
    fn optional<'a>(
        &'a mut self,
        sql: &'static str,
        args: Args,
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        Box::pin(async move {
            let query = args.bind(sqlx::query::<Any>(sql))?;
            Ok(query
                .fetch_optional(self.connection().0)
                .await?
                .map(Row::new))
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
            let query = args.bind(sqlx::query::<Any>(AssertSqlSafe(sql)))?;
            match query.fetch_all(self.connection().0).await {
                Ok(rows) => Ok(rows.into_iter().map(Row::new).collect()),
                // A cursor of another list carries values of other types.
                Err(sqlx::Error::Database(e))
                    if has_cursor && matches!(e.code().as_deref(), Some("42883" | "22P02")) =>
                {
                    Err(crate::http::list::malformed("cursor"))
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Runs several statements without arguments (migrations).
    #[doc(hidden)]
    fn script<'a>(&'a mut self, sql: &'static str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            sqlx::raw_sql(sql).execute(self.connection().0).await?;
            Ok(())
        })
    }
}

/// A borrowed connection (opaque outside this module).
pub struct Connection<'a>(&'a mut AnyConnection);

/// A connection for reading.
pub struct Reader(sqlx::pool::PoolConnection<Any>);

impl Sql for Reader {
    fn connection(&mut self) -> Connection<'_> {
        Connection(&mut self.0)
    }
}

/// A transaction on either engine. Dropped without commit, it leaves nothing.
pub enum RawTx {
    /// A savepoint of the shared outer transaction.
    Sqlite(sqlite::Savepoint),
    /// A transaction of its own.
    Postgres(Transaction<'static, Any>),
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
            Self::Sqlite(savepoint) => Connection(savepoint.connection()),
            Self::Postgres(transaction) => Connection(transaction),
        }
    }
}

impl Db {
    /// As [`Db::open`] without the check of the collation; tests create databases through it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(crate) async fn open_unchecked(config: &Config) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let url = config.database_url().map_err(Error::internal)?;
        let readers = AnyPoolOptions::new()
            .max_connections(config.database.connections_max)
            .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_s))
            .connect(&url)
            .await?;
        Ok(Self {
            engine: Engine::Postgres,
            readers,
            writer: None,
        })
    }

    pub(crate) async fn script_for_tests(&self, sql: String) -> Result<()> {
        let mut connection = self.readers.acquire().await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }
}
