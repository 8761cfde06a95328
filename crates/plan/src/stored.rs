//! Reading our own columns back: vocabulary words and dates.

use jiff::civil::Date;
use tianyuan_kernel::db::Row;
use tianyuan_kernel::error::{Error, Result};

/// A word of a closed vocabulary.
pub(crate) fn word<T>(row: &Row, column: &str, read: fn(&str) -> Option<T>) -> Result<T> {
    let text = row.text(column)?;
    read(&text).ok_or_else(|| Error::internal(format!("column {column} holds {text:?}")))
}

/// A date kept as `YYYY-MM-DD`.
pub(crate) fn date(row: &Row, column: &str) -> Result<Date> {
    let text = row.text(column)?;
    text.parse()
        .map_err(|e| Error::internal(format!("column {column} holds {text:?}: {e}")))
}
