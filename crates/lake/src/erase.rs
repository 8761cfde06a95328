//! Taking somebody's rows out of a version (删除个人信息): it is written anew without them, and
//! what belonged to the old one is deleted at once, not after a grace.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{cast, ident, lit};
use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tianyuan_kernel::jobs::{self, JobCtx, JobKind};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::prelude::*;

use crate::failure::{of_query, of_store};
use crate::gate::Gated;
use crate::tables::{ROW_ID, Version, store};
use crate::{Lake, Options, Staged, stage};

/// A version without somebody's rows, staged and not yet in its place.
pub struct Without {
    /// What is left.
    pub staged: Staged,
    /// Rows that are gone.
    pub rows: i64,
}

/// Writes a version anew without the rows in which `field` has one of `values` (upper and lower
/// case alike); `None` when it has no such row, or no such field. Nothing leaves: what was
/// staged becomes a version by [`crate::tables::rewrite`], or is collected.
///
/// # Errors
/// What the engine and the store say; 404 when the version is gone.
pub async fn without(
    app: &App,
    version: &Version,
    field: &str,
    values: &[String],
) -> Result<Option<Without>> {
    if version.schema.index_of(field).is_err() || field == ROW_ID {
        return Ok(None);
    }
    let lake = app.get::<Lake>()?;
    let version = lake.version(app, &version.id).await?;
    let table = store::table(&mut app.db().read().await?, &version.table_id).await?;
    let whole = Gated::whole(table, version.clone(), lake.keys(app)?);
    let context = lake.session(app, [whole.named("whole")])?;
    let text = cast(ident(field), DataType::Utf8);
    let values = values.iter().map(|v| lit(v.to_lowercase())).collect();
    let theirs = datafusion::functions::string::expr_fn::lower(text).in_list(values, false);
    // As they were written: texts stay what they are in the other versions.
    let columns = version
        .schema
        .fields()
        .iter()
        .filter(|f| f.name() != ROW_ID);
    let columns: Vec<Expr> = columns
        .map(|f| cast(ident(f.name()), f.data_type().clone()).alias(f.name()))
        .collect();
    let own = app.clone();
    let work = async move {
        let table = context.table("whole").await.map_err(of_query)?;
        let rows = table.clone().filter(theirs.clone()).map_err(of_query)?;
        let rows = rows.count().await.map_err(of_query)?;
        if rows == 0 {
            return Ok(None);
        }
        let rest = table
            .filter(theirs.is_not_true())
            .and_then(|rest| rest.sort(vec![ident(ROW_ID).sort(true, false)]))
            .and_then(|rest| rest.select(columns))
            .map_err(of_query)?;
        let task = context.task_ctx();
        let plan = rest.create_physical_plan().await.map_err(of_query)?;
        let batches = execute_stream(plan, task).map_err(of_query)?;
        let (schema, batches) = (batches.schema(), batches.map_err(of_query));
        let staged = stage(&own, schema, batches, Options::default()).await?;
        let rows = i64::try_from(rows).map_err(of_store)?;
        Ok(Some(Without { staged, rows }))
    };
    lake.spawn(app, work)?.join().await?
}

#[derive(Serialize, Deserialize)]
struct Keys {
    keys: Vec<String>,
}

/// Deletes objects of the store that nothing points to any more, now rather than after a grace;
/// as sure as the transaction that says so.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, keys: Vec<String>) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    jobs::enqueue(tx, &DELETE, &Keys { keys }).await.map(|_| ())
}

/// The job that does it.
pub(crate) const DELETE: JobKind = JobKind {
    name: "lake.delete_objects",
    title: Text2 {
        zh: "删除已擦除的数据文件",
        en: "Delete the files of erased rows",
    },
    attempts_max: 20,
    run: |ctx| Box::pin(delete_now(ctx)),
};

async fn delete_now(ctx: JobCtx) -> Result<Value> {
    let keys: Keys = serde_json::from_value(ctx.payload.clone())?;
    let objects = ctx.app.files().store();
    let mut deleted = 0;
    for key in keys.keys {
        if store::is_used(&mut ctx.app.db().read().await?, &key).await? {
            continue;
        }
        match objects.delete(&Path::from(key.as_str())).await {
            Ok(()) => deleted += 1,
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(of_store(error)),
        }
    }
    Ok(json!({ "deleted": deleted }))
}
