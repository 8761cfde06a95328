//! Rows, read by column name.

use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row as _, Type};

use crate::clock::Micros;
use crate::error::{Error, Result};

/// One row of an answer.
pub struct Row(AnyRow);

impl Row {
    pub(super) fn new(row: AnyRow) -> Self {
        Self(row)
    }

    fn get<'r, T: Decode<'r, Any> + Type<Any>>(&'r self, column: &str) -> Result<T> {
        self.0
            .try_get(column)
            .map_err(|e| Error::internal(format!("column {column}: {e}")))
    }

    /// TEXT.
    ///
    /// # Errors
    /// 500 when the column is absent, NULL or of another type (also below).
    pub fn text(&self, column: &str) -> Result<String> {
        self.get(column)
    }

    /// TEXT or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn text_opt(&self, column: &str) -> Result<Option<String>> {
        self.get(column)
    }

    /// BIGINT.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int(&self, column: &str) -> Result<i64> {
        self.get(column)
    }

    /// BIGINT or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int_opt(&self, column: &str) -> Result<Option<i64>> {
        self.get(column)
    }

    /// DOUBLE PRECISION.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn real(&self, column: &str) -> Result<f64> {
        self.get(column)
    }

    /// DOUBLE PRECISION or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn real_opt(&self, column: &str) -> Result<Option<f64>> {
        self.get(column)
    }

    /// BYTEA.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.get(column)
    }

    /// BYTEA or NULL.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.get(column)
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
