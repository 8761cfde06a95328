//! PostgreSQL, by sqlx: arguments in, values out.

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Column as _, Postgres, Row as _, TypeInfo as _, ValueRef as _};
use sqlx::{SqlSafeStr, SqlStr};

use super::args::{Arg, Args};
use super::row::{Columns, Row, Value};
use crate::error::{Error, Result};

fn bound(sql: SqlStr, args: Args) -> Result<Query<'static, Postgres, PgArguments>> {
    let query = sqlx::query::<Postgres>(sql);
    Ok(args
        .checked()?
        .into_iter()
        .fold(query, |query, arg| match arg {
            Arg::Text(text) => query.bind(text),
            Arg::Int(int) => query.bind(int),
            Arg::Real(real) => query.bind(real),
            Arg::Bytes(bytes) => query.bind(bytes),
        }))
}

pub(super) async fn execute(
    connection: &mut PgConnection,
    sql: impl SqlSafeStr,
    args: Args,
) -> Result<u64> {
    let query = bound(sql.into_sql_str(), args)?;
    Ok(query.execute(connection).await?.rows_affected())
}

pub(super) async fn rows(
    connection: &mut PgConnection,
    sql: impl SqlSafeStr,
    args: Args,
) -> Result<Vec<Row>, Failure> {
    let query = bound(sql.into_sql_str(), args).map_err(Failure::Ours)?;
    let rows = query.fetch_all(connection).await.map_err(Failure::Theirs)?;
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let columns: Columns = first.columns().iter().map(|c| c.name().into()).collect();
    let rows = rows.iter().map(|row| read(row, &columns));
    rows.collect::<Result<_>>().map_err(Failure::Ours)
}

/// Why there are no rows.
pub(super) enum Failure {
    Ours(Error),
    Theirs(sqlx::Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Ours(error) => error,
            Failure::Theirs(error) => error.into(),
        }
    }
}

fn read(row: &PgRow, columns: &Columns) -> Result<Row> {
    let values = (0..columns.len()).map(|at| value(row, at));
    Ok(Row::new(columns.clone(), values.collect::<Result<_>>()?))
}

fn value(row: &PgRow, at: usize) -> Result<Value> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match &*kind {
        "TEXT" | "VARCHAR" | "NAME" => Value::Text(row.try_get(at)?),
        "INT8" => Value::Int(row.try_get(at)?),
        "INT4" => Value::Int(row.try_get::<i32, _>(at)?.into()),
        "BOOL" => Value::Int(row.try_get::<bool, _>(at)?.into()),
        "FLOAT8" => Value::Real(row.try_get(at)?),
        "BYTEA" => Value::Bytes(row.try_get(at)?),
        other => {
            return Err(Error::internal(format!(
                "a column of type {other}: CAST it to TEXT, BIGINT, DOUBLE PRECISION or BYTEA"
            )));
        }
    })
}
