//! Tables and their versions: what there is in the lake and what the gate must know about it.
//!
//! A table is a dataset seen as rows: the catalogue that owns the dataset writes it here in its
//! own transaction whenever its fields, grades or openness change. A version is a row that names
//! files: it appears with the transaction that publishes it, whole or not at all.

pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{Grade, ProtectedField, ProtectedTable, Treatment};

use crate::stage::Staged;

tianyuan_kernel::id!(VersionId, "version", "A version of a table.");

/// The node's own number of a row within its version, from 1; no field of a source may be named so.
pub const ROW_ID: &str = "_id";

/// A version became the current one.
pub const PUBLISHED: Kind = Kind::new(
    "dataset.version_published",
    Log::Directory,
    "发布数据版本",
    "Dataset version published",
)
.open(&["number", "sha256", "row_count"])
.staff();
/// An older version became the current one again.
pub const ROLLED_BACK: Kind = Kind::new(
    "dataset.rolled_back",
    Log::Directory,
    "回退数据版本",
    "Dataset rolled back",
)
.open(&["number", "sha256"])
.staff();
/// A version can no longer be read.
pub const RETIRED: Kind = Kind::new(
    "dataset.version_retired",
    Log::Directory,
    "清退数据版本",
    "Dataset version retired",
)
.open(&["number", "sha256"])
.staff();
/// A version was written anew without somebody's rows; it keeps its number.
pub const REWRITTEN: Kind = Kind::new(
    "dataset.version_rewritten",
    Log::Directory,
    "重写数据版本",
    "Dataset version rewritten",
)
.open(&["number", "sha256", "row_count"])
.staff();
pub(crate) const KINDS: [Kind; 4] = [PUBLISHED, ROLLED_BACK, RETIRED, REWRITTEN];

/// How a dataset is shared among units (共享属性).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享: on request.
    Conditional,
    /// 不予共享.
    #[default]
    None,
}

impl Sharing {
    /// As stored and in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unconditional => "unconditional",
            Self::Conditional => "conditional",
            Self::None => "none",
        }
    }

    fn from_name(name: &str) -> Self {
        [Self::Unconditional, Self::Conditional]
            .into_iter()
            .find(|s| s.name() == name)
            .unwrap_or(Self::None)
    }
}

/// A field as the gate knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, as in the versions' files.
    pub name: String,
    /// What it means.
    #[serde(default)]
    pub comment: String,
    /// Its grade.
    pub grade: Grade,
    /// How it leaves for those who may not see it as it is; `None`: not at all.
    #[serde(default)]
    pub otherwise: Option<Treatment>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The dataset's id.
    pub id: String,
    /// Its name in SQL, unique.
    pub name: String,
    /// What it holds.
    pub comment: String,
    /// The units it belongs to.
    pub units: Vec<String>,
    /// The person it belongs to.
    pub owner: Option<String>,
    /// Open to everybody.
    pub public: bool,
    /// How units share it.
    pub sharing: Sharing,
    /// The field that names the unit a row belongs to.
    pub unit_field: Option<String>,
    /// Its fields; a field of a file that is not among them never leaves.
    pub fields: Vec<Field>,
    /// The version readers see; set by [`publish`] and [`roll_back`].
    pub current: Option<VersionId>,
}

impl Resource for Table {
    fn entity(&self) -> Entity {
        Entity::new("Dataset", &self.id)
            .of_units(&self.units)
            .owned_by(self.owner.as_deref())
            .public_if(self.public)
            .shared_as(self.sharing.name())
    }
}

impl Table {
    /// As the `Release` question takes it.
    #[must_use]
    pub fn protected(&self) -> ProtectedTable {
        let field = |field: &Field| ProtectedField {
            name: field.name.clone(),
            grade: field.grade,
            otherwise: field.otherwise.clone(),
        };
        ProtectedTable {
            entity: self.entity(),
            fields: self.fields.iter().map(field).collect(),
            unit_field: self.unit_field.clone(),
        }
    }
}

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Where it lies in the store.
    pub object_key: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its rows.
    pub row_count: i64,
    /// Its size.
    pub size_bytes: i64,
}

/// A version: immutable.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// The table's (dataset's) id.
    pub table_id: String,
    /// 1, 2, 3, … within the table.
    pub number: i64,
    /// Over its schema and the hashes of its files.
    pub sha256: String,
    /// The files' schema, [`ROW_ID`] first.
    pub schema: SchemaRef,
    /// Its rows.
    pub row_count: i64,
    /// Bytes of its files.
    pub size_bytes: i64,
    /// When it was published.
    pub created_at: Micros,
    /// Who published it.
    pub created_by: Option<String>,
    /// When it stopped being readable.
    pub retired_at: Option<Micros>,
    /// Its files, in order of rows.
    pub files: Arc<Vec<StoredFile>>,
}

/// Makes staged files the table's current version, in the caller's transaction: the moment it
/// commits, new readers see them, all of them.
///
/// # Errors
/// 404 when there is no such table.
pub async fn publish(tx: &mut Tx, table: &str, staged: Staged) -> Result<Version> {
    let number = store::next_number(tx, table).await?;
    let version = Version {
        id: VersionId::new(tx.app()),
        table_id: table.to_owned(),
        number,
        sha256: staged.sha256,
        schema: staged.schema,
        row_count: staged.row_count,
        size_bytes: staged.size_bytes,
        created_at: tx.now(),
        created_by: tx.actor().map(str::to_owned),
        retired_at: None,
        files: Arc::new(staged.files),
    };
    store::insert_version(tx, &version).await?;
    store::set_current(tx, table, &version.id).await?;
    let body = json!({
        "number": number, "sha256": version.sha256, "row_count": version.row_count,
        "version": version.id,
    });
    tx.record(&PUBLISHED, table, &body).await?;
    Ok(version)
}

/// Points the table at an older version that is still readable; the same one again does nothing.
///
/// # Errors
/// 404 when the table has no such version; 409 when it was retired.
pub async fn roll_back(tx: &mut Tx, table: &str, version: &VersionId) -> Result<Version> {
    let version = store::version(tx, version).await?;
    if version.table_id != table {
        return Err(Error::not_found());
    }
    if version.retired_at.is_some() {
        let words = Text::new("该版本已清退，无法回退。", "That version was retired.");
        return Err(Error::conflict("version_retired", words));
    }
    let now = store::table(tx, table).await?.current;
    if now.as_ref() == Some(&version.id) {
        return Ok(version);
    }
    store::set_current(tx, table, &version.id).await?;
    let body = json!({
        "number": version.number, "sha256": version.sha256, "version": version.id,
    });
    tx.record(&ROLLED_BACK, table, &body).await?;
    Ok(version)
}

/// Retires a version: it can no longer be read, and its files are collected.
///
/// # Errors
/// 404 when there is no such version; 409 when it is the current one.
pub async fn retire(tx: &mut Tx, version: &VersionId) -> Result<()> {
    let version = store::version(tx, version).await?;
    if store::table(tx, &version.table_id).await?.current.as_ref() == Some(&version.id) {
        let words = Text::new(
            "当前版本不能清退，请先发布或回退到其他版本。",
            "The current version cannot be retired; publish or roll back to another one first.",
        );
        return Err(Error::conflict("version_is_current", words));
    }
    if version.retired_at.is_some() {
        return Ok(());
    }
    store::retire(tx, &version.id).await?;
    let body = json!({
        "number": version.number, "sha256": version.sha256, "version": version.id,
    });
    tx.record(&RETIRED, &version.table_id, &body).await?;
    Ok(())
}

/// Puts staged files in the place of a version: the same number, another id, so that every
/// address of the old one is dead. Answers the new version and the keys of the objects that
/// belong to nothing now; `None` when the version is no longer there.
///
/// # Errors
/// When the database does not answer.
pub async fn rewrite(
    tx: &mut Tx,
    old: &Version,
    staged: Staged,
) -> Result<Option<(Version, Vec<String>)>> {
    let Some(keys) = store::remove(tx, &old.id).await? else {
        return Ok(None);
    };
    let version = Version {
        id: VersionId::new(tx.app()),
        sha256: staged.sha256,
        schema: staged.schema,
        row_count: staged.row_count,
        size_bytes: staged.size_bytes,
        files: Arc::new(staged.files),
        ..old.clone()
    };
    store::insert_version(tx, &version).await?;
    let current = store::table(tx, &old.table_id).await?.current;
    if current.as_ref() == Some(&old.id) {
        store::set_current(tx, &old.table_id, &version.id).await?;
    }
    let body = json!({
        "number": version.number, "sha256": version.sha256, "row_count": version.row_count,
        "version": version.id, "instead_of": old.id,
    });
    tx.record(&REWRITTEN, &old.table_id, &body).await?;
    Ok(Some((version, keys)))
}

/// Forgets the files of a table's retired versions at once; answers their keys.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_retired(tx: &mut Tx, table: &str) -> Result<Vec<String>> {
    store::forget_retired_of(tx, table).await
}

/// Retires all but the newest `keep` versions; the current one stays whatever its age. Answers
/// how many were retired.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_newest(tx: &mut Tx, table: &str, keep: usize) -> Result<u64> {
    let current = store::table(tx, table).await?.current;
    let mut retired = 0;
    let readable = store::versions(tx, table).await?;
    let readable = readable.iter().filter(|v| v.retired_at.is_none());
    for version in readable.skip(keep.max(1)) {
        if current.as_ref() != Some(&version.id) {
            retire(tx, &version.id).await?;
            retired += 1;
        }
    }
    Ok(retired)
}
