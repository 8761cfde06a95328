//! What DataFusion, Arrow and Parquet say, as problem answers. Their words reach the caller only
//! where they speak of the caller's own statement and of values that were released to them.

use datafusion::common::DataFusionError;
use tianyuan_kernel::text::Text;
use tianyuan_kernel::{Error, text};

/// Characters of a foreign message that are passed on.
const WORDS_MAX: usize = 400;

/// A failure while a statement is planned or run.
#[must_use]
pub fn of_query(error: DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::SQL(..) => of_words("sql_not_understood", &error),
        DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Diagnostic(..) => of_words("sql_wrong", &error),
        DataFusionError::Configuration(_) | DataFusionError::NotImplemented(_) => {
            of_words("sql_unsupported", &error)
        }
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => {
            of_words("sql_failed", &error)
        }
        DataFusionError::ResourcesExhausted(_) => too_much_memory(),
        _ => Error::internal(error),
    }
}

fn of_words(code: &'static str, error: &DataFusionError) -> Error {
    let words = error.find_root().strip_backtrace();
    let words = words.trim();
    // Names of objects in the store are ours; they say nothing to a caller. What the parser says
    // is about the caller's own words.
    let parsed = code != "sql_not_understood";
    if parsed && (words.contains(".parquet") || words.contains("lake/") || words.contains("lake:"))
    {
        return Error::internal(words);
    }
    let mut words: String = words
        .chars()
        .filter(|c| *c != '\0')
        .take(WORDS_MAX)
        .collect();
    if let Some((first, _)) = words.split_once("\n\nbacktrace:") {
        words = first.to_owned();
    }
    let detail = text!(
        "无法执行该语句：{words}",
        "The statement cannot be run: {words}"
    );
    Error::invalid(code, "sql", detail)
}

/// 413: it needs more memory than one caller gets.
#[must_use]
pub fn too_much_memory() -> Error {
    let words = Text::new(
        "该语句需要的内存超过单次查询的上限。",
        "The statement needs more memory than one query may use.",
    );
    Error::too_large("sql_too_large", words).hint(Text::new(
        "请缩小范围，或先汇总再连接。",
        "Narrow it down, or aggregate before joining.",
    ))
}

/// 503: it ran longer than one query may.
#[must_use]
pub fn too_long(seconds: u64) -> Error {
    let words = text!(
        "该语句在 {seconds} 秒内未能完成，已停止。",
        "The statement did not finish within {seconds} seconds and was stopped."
    );
    Error::new(
        http::StatusCode::UNPROCESSABLE_ENTITY,
        "sql_too_long",
        words,
    )
    .field("sql")
    .hint(Text::new(
        "请加上筛选条件或 LIMIT。",
        "Add a filter or a LIMIT.",
    ))
}

/// Our own store or files failed.
pub(crate) fn of_store(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("lake: {error}"))
}
