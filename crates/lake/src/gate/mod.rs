//! The release gate: a version of a table in the form one caller may have it.
//!
//! Invariant: what is not released does not enter a plan. Removed fields are not in the schema;
//! rows that do not leave and values that leave treated are dealt with inside the scan, below
//! every predicate, function, join and error a statement can bring; columns that leave treated
//! report no statistics and take no predicate.

mod exec;
mod provider;
mod pushdown;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{ReleaseQuestion, Released, Rows, Ruling, Treatment};

use crate::Lake;
use crate::keys::Keys;
use crate::tables::{ROW_ID, Table, Version, VersionId, store};
use crate::treat::treated_type;

/// A version of a table in the form in which it leaves for one caller.
#[derive(Clone, Debug)]
pub struct Gated {
    /// The table.
    pub table: Arc<Table>,
    /// The version.
    pub version: Arc<Version>,
    /// What was ruled.
    pub released: Arc<Released>,
    keys: Arc<Keys>,
    /// Schema of the files as they are read.
    raw: SchemaRef,
    columns: Vec<Column>,
    schema: SchemaRef,
}

/// A column that leaves.
#[derive(Clone, Debug)]
struct Column {
    /// Its place in the files.
    place: usize,
    treatment: Treatment,
}

/// Opens a table for a caller: the current version, or one of its versions. `None`: there is no
/// such table, no such version, or not for them; nobody can tell which.
///
/// # Errors
/// When the database does not answer.
pub async fn open(
    app: &App,
    who: &Principal,
    purpose: &str,
    table: &str,
    version: Option<&VersionId>,
) -> Result<Option<Gated>> {
    let mut reader = app.db().read().await?;
    let table = match store::table(&mut reader, table).await {
        Ok(table) => table,
        Err(error) if error.code() == "not_found" => return Ok(None),
        Err(error) => return Err(error),
    };
    drop(reader);
    open_table(app, who, purpose, table, version).await
}

/// As [`open`], of a table that was read.
pub(crate) async fn open_table(
    app: &App,
    who: &Principal,
    purpose: &str,
    table: Table,
    version: Option<&VersionId>,
) -> Result<Option<Gated>> {
    let protected = table.protected();
    let question = ReleaseQuestion {
        who,
        purpose,
        table: &protected,
    };
    let Ruling::Released(released) = app.release().rule(app, question).await? else {
        return Ok(None);
    };
    let Some(wanted) = version.or(table.current.as_ref()).cloned() else {
        return Ok(None);
    };
    let lake = app.get::<Lake>()?;
    let version = match lake.version(app, &wanted).await {
        Ok(version) if version.table_id == table.id => version,
        Ok(_) => return Ok(None),
        Err(error) if error.code() == "not_found" => return Ok(None),
        Err(error) => return Err(error),
    };
    let keys = lake.keys(app)?;
    Ok(Some(Gated::new(table, version, released, keys)))
}

impl Gated {
    fn new(table: Table, version: Arc<Version>, released: Released, keys: Arc<Keys>) -> Self {
        let mut columns = Vec::new();
        let mut fields = Vec::new();
        let raw = as_read(&version.schema);
        for (place, field) in raw.fields().iter().enumerate() {
            // Row numbers would tell how many rows do not leave.
            let treatment = match field.name().as_str() {
                ROW_ID if released.rows == Rows::All => &Treatment::Show,
                name => released.treatment(name),
            };
            if let Some(data_type) = treated_type(field.data_type(), treatment) {
                let nullable = field.is_nullable() || !treatment.shows();
                fields.push(ArrowField::new(field.name(), data_type, nullable));
                columns.push(Column {
                    place,
                    treatment: treatment.clone(),
                });
            }
        }
        Self {
            table: Arc::new(table),
            version,
            released: Arc::new(released),
            keys,
            raw,
            columns,
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// Every row as it is, for work in which nothing leaves.
    pub(crate) fn whole(table: Table, version: Arc<Version>, keys: Arc<Keys>) -> Self {
        let fields = version.schema.fields().iter();
        let released = Released {
            rows: Rows::All,
            fields: fields
                .map(|f| (f.name().clone(), Treatment::Show))
                .collect(),
            open: false,
        };
        Self::new(table, version, released, keys)
    }

    /// The schema in which it leaves, [`ROW_ID`] first unless rows are held back.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The same without row numbers, as files and statements see it.
    #[must_use]
    pub fn without_row_ids(mut self) -> Self {
        if let Some(place) = self.schema.fields().iter().position(|f| f.name() == ROW_ID) {
            self.columns.remove(place);
            let rest = self.schema.fields().iter().filter(|f| f.name() != ROW_ID);
            self.schema = Arc::new(Schema::new(rest.cloned().collect::<Vec<_>>()));
        }
        self
    }

    /// The same under another name in SQL.
    #[must_use]
    pub(crate) fn named(mut self, name: &str) -> Self {
        let mut table = self.table.as_ref().clone();
        name.clone_into(&mut table.name);
        self.table = Arc::new(table);
        self
    }

    /// True when rows are numbered.
    #[must_use]
    pub fn has_row_ids(&self) -> bool {
        self.schema
            .fields()
            .first()
            .is_some_and(|f| f.name() == ROW_ID)
    }

    /// True when these fields leave as they are, in every row.
    #[must_use]
    pub fn shows(&self, fields: &[String]) -> bool {
        self.released.shows_all(fields.iter().map(String::as_str))
    }

    /// Rows that leave, when that may be told without reading them.
    #[must_use]
    pub fn row_count(&self) -> Option<i64> {
        (self.released.rows == Rows::All).then_some(self.version.row_count)
    }

    /// Names the form, and the key where one is used: equal for callers who get the same bytes.
    #[must_use]
    pub fn form(&self) -> String {
        let keyed = self
            .columns
            .iter()
            .any(|c| matches!(c.treatment, Treatment::Digest | Treatment::Encrypt));
        let key = if keyed { self.keys.number } else { 0 };
        format!("{}-{key}", self.released.digest())
    }

    /// Anybody would get the same.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.released.open
    }
}

/// The schema as answers carry it: texts, which the engine widens, not views of texts.
pub(crate) fn at_output(gated: &Gated) -> Schema {
    let field = |field: &Arc<ArrowField>| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::LargeUtf8)),
        _ => field.clone(),
    };
    Schema::new(gated.schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// Texts are read as views, which is what the engine is quickest with.
fn as_read(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<ArrowField>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View))
        }
        _ => field.clone(),
    };
    Arc::new(Schema::new(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}
