//! Rows, read by column name.

use std::sync::Arc;

use crate::clock::Micros;
use crate::error::{Error, Result};

/// One value, as both engines give it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The names of an answer's columns, shared by its rows.
pub(super) type Columns = Arc<[Box<str>]>;

/// One row of an answer.
#[derive(Debug)]
pub struct Row {
    columns: Columns,
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(columns: Columns, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column if `read` takes it; NULL is `None`.
    fn get<T>(&self, column: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>> {
        let at = self.columns.iter().position(|name| **name == *column);
        let value = at.and_then(|at| self.values.get(at));
        let value = value.ok_or_else(|| Error::internal(format!("there is no column {column}")))?;
        if *value == Value::Null {
            return Ok(None);
        }
        let other = || Error::internal(format!("column {column} is of another type: {value:?}"));
        read(value).map(Some).ok_or_else(other)
    }

    /// TEXT.
    ///
    /// # Errors
    /// 500 when the column is absent, NULL or of another type (also below).
    pub fn text(&self, column: &str) -> Result<String> {
        self.text_opt(column)?.ok_or_else(|| null(column))
    }

    /// TEXT or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn text_opt(&self, column: &str) -> Result<Option<String>> {
        self.get(column, |value| match value {
            Value::Text(v) => Some(v.clone()),
            _ => None,
        })
    }

    /// BIGINT.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int(&self, column: &str) -> Result<i64> {
        self.int_opt(column)?.ok_or_else(|| null(column))
    }

    /// BIGINT or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int_opt(&self, column: &str) -> Result<Option<i64>> {
        self.get(column, |value| match value {
            Value::Int(v) => Some(*v),
            _ => None,
        })
    }

    /// DOUBLE PRECISION.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn real(&self, column: &str) -> Result<f64> {
        self.real_opt(column)?.ok_or_else(|| null(column))
    }

    /// DOUBLE PRECISION or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn real_opt(&self, column: &str) -> Result<Option<f64>> {
        self.get(column, |value| match value {
            Value::Real(v) => Some(*v),
            // SQLite's expressions forget what type their column had.
            Value::Int(v) => Some(*v as f64),
            _ => None,
        })
    }

    /// BYTEA.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.bytes_opt(column)?.ok_or_else(|| null(column))
    }

    /// BYTEA or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.get(column, |value| match value {
            Value::Bytes(v) => Some(v.clone()),
            _ => None,
        })
    }

    /// A time kept as BIGINT microseconds.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn time(&self, column: &str) -> Result<Micros> {
        self.int(column).map(Micros)
    }

    /// A time or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn time_opt(&self, column: &str) -> Result<Option<Micros>> {
        Ok(self.int_opt(column)?.map(Micros))
    }
}

fn null(column: &str) -> Error {
    Error::internal(format!("column {column} is NULL"))
}
