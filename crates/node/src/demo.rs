//! The sample district, for `--demo`: the real action plan, loaded into an empty node, and sample
//! datasets, which a job brings in beside serving.

use tianyuan_kernel::args;
use tianyuan_kernel::prelude::*;

/// True when this node shows the sample district.
pub async fn is_loaded(sql: &mut dyn Sql) -> Result<bool> {
    let select = "SELECT value FROM node_settings WHERE name = 'demo'";
    Ok(sql.optional(select, args![]).await?.is_some())
}

/// Loads the sample district when there is no plan yet; answers whether it did.
///
/// # Errors
/// When the sample does not fit the database.
pub async fn load(app: &App) -> Result<bool> {
    if tianyuan_plan::demo::load(app).await?.is_none() {
        return Ok(false);
    }
    let mut tx = app.db().begin_raw().await?;
    let insert = "INSERT INTO node_settings (name, value) VALUES ('demo', 'qingpu') \
                  ON CONFLICT (name) DO NOTHING";
    tx.execute(insert, args![]).await?;
    tx.commit().await?;
    Ok(true)
}

/// Asks for the sample's datasets where the sample district is shown; once in a node's life.
/// Answers whether it did.
///
/// # Errors
/// When the database refuses.
pub async fn bring_datasets(app: &App) -> Result<bool> {
    if !is_loaded(&mut app.db().read().await?).await? {
        return Ok(false);
    }
    tianyuan_chain::demo::ask(app).await
}
