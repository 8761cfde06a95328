//! What changed between two versions of a table, by key, in the form the asker may have both.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::Serialize;
use tianyuan_kernel::prelude::*;

use crate::Lake;
use crate::engine::Caller;
use crate::failure::{of_query, of_store, too_long};
use crate::gate::Gated;
use crate::query::Asker;
use crate::supervision::{self, Release};

/// Rows shown of a difference.
pub const SHOWN_MAX: usize = 1_000;

/// How many rows differ, and some of them.
#[derive(Debug, Default, Serialize)]
pub struct Difference {
    /// Rows only the later version has.
    pub added: i64,
    /// Rows only the earlier version has.
    pub removed: i64,
    /// Rows both have, with other values.
    pub changed: i64,
    /// Keys of some of them, with a column `change`: `added`, `removed` or `changed`.
    #[serde(skip)]
    pub shown: Vec<RecordBatch>,
}

/// Compares two versions by key. Columns that only one version has are not compared. The keys
/// should be unique: a key that occurs twice is counted once for each pair.
///
/// # Errors
/// 422 when a key is not there in both versions (for this caller).
pub async fn diff(
    app: &App,
    asker: &Asker,
    before: &Gated,
    after: &Gated,
    keys: &[String],
    shown: usize,
) -> Result<Difference> {
    let tables = [before.clone(), after.clone()].map(Gated::without_row_ids);
    let join = joined(&tables, keys)?;
    let lake = app.get::<Lake>()?;
    let caller = Caller {
        who: &asker.who,
        address: asker.address,
    };
    let _place = lake.place(app, &caller)?;
    let release = Release {
        tables: vec![before, after],
        sql: None,
    };
    supervision::note(app, asker, &release).await?;
    let [before, after] = tables;
    let context = lake.session(app, [before.named("before"), after.named("after")])?;
    let counted = format!("SELECT change, count(*) AS n FROM ({join}) GROUP BY change");
    let listed = format!("{join} LIMIT {}", shown.min(SHOWN_MAX));
    let work = async move {
        let counted = context.sql(&counted).await?.collect().await?;
        let listed = context.sql(&listed).await?.collect().await?;
        Ok::<_, datafusion::common::DataFusionError>((counted, listed))
    };
    let seconds = lake.limits(app)?.query_seconds_max;
    let running = lake.spawn(app, work)?;
    let (counted, shown) =
        tokio::time::timeout(std::time::Duration::from_secs(seconds), running.join())
            .await
            .map_err(|_| too_long(seconds))??
            .map_err(of_query)?;
    let mut difference = Difference {
        shown,
        ..Difference::default()
    };
    for batch in counted {
        let changes = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8);
        let changes = changes.map_err(of_store)?;
        let changes = changes.as_string::<i32>();
        let counts = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..changes.len() {
            match changes.value(row) {
                "added" => difference.added = counts.value(row),
                "removed" => difference.removed = counts.value(row),
                _ => difference.changed = counts.value(row),
            }
        }
    }
    Ok(difference)
}

/// The statement; every name in it is a quoted name of a schema.
fn joined(tables: &[Gated; 2], keys: &[String]) -> Result<String> {
    let [before, after] = tables.each_ref().map(Gated::schema);
    let both = |name: &str| before.index_of(name).is_ok() && after.index_of(name).is_ok();
    if keys.is_empty() {
        let words = Text::new("请至少给出一个键字段。", "Name at least one key field.");
        return Err(Error::invalid("keys_missing", "keys", words));
    }
    if let Some(missing) = keys.iter().find(|key| !both(key)) {
        let words = text!(
            "两个版本中没有都包含字段 {missing}。",
            "The field {missing} is not in both versions."
        );
        return Err(Error::invalid("field_unknown", "keys", words));
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let select = keys.iter().map(|key| {
        let key = quoted(key);
        format!("coalesce(a.{key}, b.{key}) AS {key}")
    });
    let on = keys.iter().map(|key| {
        let key = quoted(key);
        // In brackets: the parser takes all that follows FROM for the other side.
        format!("(a.{key} IS NOT DISTINCT FROM b.{key})")
    });
    let compared = before.fields().iter().map(|field| field.name().as_str());
    let compared = compared.filter(|name| both(name) && !keys.iter().any(|key| key == name));
    let differs = compared.map(|name| {
        let name = quoted(name);
        format!(" OR (a.{name} IS DISTINCT FROM b.{name})")
    });
    Ok(format!(
        "SELECT {}, CASE WHEN b.is_there IS NULL THEN 'added' WHEN a.is_there IS NULL \
         THEN 'removed' ELSE 'changed' END AS change \
         FROM (SELECT *, 1 AS is_there FROM before) b \
         FULL JOIN (SELECT *, 1 AS is_there FROM after) a ON {} \
         WHERE a.is_there IS NULL OR b.is_there IS NULL{}",
        select.collect::<Vec<_>>().join(", "),
        on.collect::<Vec<_>>().join(" AND "),
        differs.collect::<String>(),
    ))
}
