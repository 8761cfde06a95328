//! What a session knows: the caller's tables under `public`, and an `information_schema` made of
//! what the caller may see, in the form they may see it.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{
    CatalogProvider as _, MemTable, MemoryCatalogProvider, MemorySchemaProvider,
    SchemaProvider as _,
};
use datafusion::prelude::SessionContext;
use tianyuan_kernel::prelude::*;

use super::{Asker, LISTED_MAX};
use crate::failure::of_store;
use crate::gate::{Gated, open_table};
use crate::tables::store;

/// Registers the caller's tables.
pub(crate) fn fill(
    context: &SessionContext,
    tables: impl IntoIterator<Item = Gated>,
) -> Result<()> {
    let public = MemorySchemaProvider::new();
    for table in tables {
        let name = table.table.name.clone();
        public
            .register_table(name, Arc::new(table))
            .map_err(of_store)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog
        .register_schema("public", Arc::new(public))
        .map_err(of_store)?;
    context.register_catalog("tianyuan", Arc::new(catalog));
    Ok(())
}

/// All tables the caller may see, by name.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn visible(app: &App, asker: &Asker) -> Result<Vec<Gated>> {
    let all = store::page(&mut app.db().read().await?, "", LISTED_MAX).await?;
    let mut visible = Vec::new();
    for table in all {
        let gated = open_table(app, &asker.who, &asker.purpose, table, None).await?;
        visible.extend(gated.map(Gated::without_row_ids));
    }
    Ok(visible)
}

/// Registers `information_schema.tables` and `.columns` over these tables.
pub(super) fn fill_listed(context: &SessionContext, listed: &[Gated]) -> Result<()> {
    let Some(catalog) = context.catalog("tianyuan") else {
        return Err(of_store("a session has its catalog"));
    };
    let schema = MemorySchemaProvider::new();
    for (name, rows) in [("tables", tables(listed)?), ("columns", columns(listed)?)] {
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).map_err(of_store)?;
        schema
            .register_table(name.to_owned(), Arc::new(table))
            .map_err(of_store)?;
    }
    catalog
        .register_schema("information_schema", Arc::new(schema))
        .map_err(of_store)?;
    Ok(())
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn tables(listed: &[Gated]) -> Result<RecordBatch> {
    let fields = [
        "table_catalog",
        "table_schema",
        "table_name",
        "table_type",
        "comment",
    ];
    let fields: Vec<Field> = fields.into_iter().map(text).collect();
    let same = |value: &'static str| Arc::new(StringArray::from(vec![value; listed.len()]));
    let names = listed.iter().map(|t| Some(t.table.name.as_str()));
    let comments = listed.iter().map(|t| Some(t.table.comment.as_str()));
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![
            same("tianyuan"),
            same("public"),
            Arc::new(names.collect::<StringArray>()),
            same("BASE TABLE"),
            Arc::new(comments.collect::<StringArray>()),
        ],
    )
    .map_err(of_store)
}

fn columns(listed: &[Gated]) -> Result<RecordBatch> {
    let mut fields: Vec<Field> = ["table_catalog", "table_schema", "table_name", "column_name"]
        .into_iter()
        .map(text)
        .collect();
    fields.push(Field::new("ordinal_position", DataType::Int64, true));
    fields.extend(
        ["data_type", "is_nullable", "comment"]
            .into_iter()
            .map(text),
    );
    let (mut names, mut columns, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let (mut types, mut nullable, mut comments) = (Vec::new(), Vec::new(), Vec::new());
    for table in listed {
        for (place, field) in (1_i64..).zip(table.schema().fields()) {
            names.push(table.table.name.clone());
            columns.push(field.name().clone());
            places.push(place);
            types.push(super::answer::type_name(field.data_type()));
            nullable.push(if field.is_nullable() { "YES" } else { "NO" });
            let known = table.table.fields.iter().find(|f| f.name == *field.name());
            comments.push(known.map(|f| f.comment.clone()));
        }
    }
    let same = |value: &'static str| Arc::new(StringArray::from(vec![value; names.len()]));
    let (catalog, schema) = (same("tianyuan"), same("public"));
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![
            catalog,
            schema,
            Arc::new(StringArray::from(names)),
            Arc::new(StringArray::from(columns)),
            Arc::new(Int64Array::from(places)),
            Arc::new(StringArray::from(types)),
            Arc::new(StringArray::from(nullable)),
            Arc::new(StringArray::from(comments)),
        ],
    )
    .map_err(of_store)
}
