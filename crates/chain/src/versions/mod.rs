//! Versions of a dataset: what the lake keeps of its rows, and what the catalogue knows besides:
//! where they came from, what was left out, how good they are.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::{Staged, tables};
use utoipa::ToSchema;

use crate::datasets::{self, Current, Dataset, Field, table};
use crate::quality::Quality;

/// A version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Version {
    /// 1, 2, 3, … within the dataset.
    pub number: i64,
    /// True for the one readers get.
    pub current: bool,
    /// Its rows.
    pub rows: i64,
    /// Rows of its file that were left out.
    pub rejected: i64,
    /// Its bytes as kept.
    pub size_bytes: i64,
    /// Over its schema and files; also in the directory ledger.
    pub sha256: String,
    /// The file it was made of.
    pub source: String,
    /// Its quality as measured; null when it was not.
    pub quality: Option<Quality>,
    /// When it was made.
    pub created_at: Micros,
    #[serde(skip)]
    pub(crate) version_id: String,
    #[serde(skip)]
    pub(crate) fields: Vec<Field>,
}

/// What the catalogue notes of a new version.
pub(crate) struct About<'a> {
    pub(crate) source: &'a str,
    pub(crate) rejected: i64,
    pub(crate) quality: &'a Quality,
}

/// Makes staged rows the dataset's current version, with the fields they have, in the caller's
/// transaction; answers its number.
pub(crate) async fn publish(
    tx: &mut Tx,
    dataset: &mut Dataset,
    fields: Vec<Field>,
    staged: Staged,
    about: About<'_>,
) -> Result<i64> {
    if dataset.profile.fields != fields {
        dataset.profile.fields = fields;
        datasets::check(&dataset.profile)?;
        datasets::store::update(tx, dataset).await?;
        tx.record(
            &datasets::CHANGED,
            dataset.id.as_str(),
            &serde_json::json!({ "code": dataset.code, "fields": dataset.profile.fields.len() }),
        )
        .await?;
    }
    table::put(tx, dataset).await?;
    let made = tables::publish(tx, dataset.id.as_str(), staged).await?;
    let version = Version {
        number: made.number,
        current: true,
        rows: made.row_count,
        rejected: about.rejected,
        size_bytes: made.size_bytes,
        sha256: made.sha256,
        source: about.source.to_owned(),
        quality: Some(about.quality.clone()),
        created_at: made.created_at,
        version_id: made.id.to_string(),
        fields: dataset.profile.fields.clone(),
    };
    store::insert(tx, dataset, &version).await?;
    make_current(tx, dataset, &version).await?;
    Ok(version.number)
}

/// Notes in the entry which rows stand now.
async fn make_current(tx: &mut Tx, dataset: &mut Dataset, version: &Version) -> Result<()> {
    let current = Current {
        number: version.number,
        rows: version.rows,
        size_bytes: version.size_bytes,
        published_at: tx.now(),
        quality: version.quality.as_ref().map(|q| q.score),
    };
    datasets::store::set_current(tx, dataset, &current).await
}
