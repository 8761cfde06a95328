//! The gate as DataFusion's table: the only tables a session has.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use tianyuan_kernel::release::{Rows, Treatment};

use super::exec::{GateExec, Work};
use super::pushdown::may_act_below;
use super::{Column, Gated};
use crate::engine::{lake_url, store_of};

impl Gated {
    fn shown(&self) -> HashSet<&str> {
        let leaves = self.columns.iter().zip(self.schema.fields());
        let shown = leaves.filter(|(column, _)| column.treatment.shows());
        shown.map(|(_, field)| field.name().as_str()).collect()
    }

    /// The files, read as they are: columns at `places`, rows that `filters` may keep.
    fn read(
        &self,
        state: &dyn Session,
        places: &[usize],
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let store = store_of(state.runtime_env())?;
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let mut source = ParquetSource::new(self.raw.clone())
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(
                store, cache,
            )));
        let shown = self.shown();
        let below = filters.iter().filter(|f| may_act_below(f, &shown)).cloned();
        if let Some(below) = conjunction(below) {
            let schema = DFSchema::try_from(self.raw.as_ref().clone())?;
            let below = unqualified(below)?;
            source = source.with_predicate(state.create_physical_expr(below, &schema)?);
        }
        let files = self.version.files.iter().map(|file| {
            let size = u64::try_from(file.size_bytes).unwrap_or_default();
            PartitionedFile::new(file.object_key.clone(), size)
        });
        let files: Vec<_> = files.map(|file| FileGroup::new(vec![file])).collect();
        let mut config = FileScanConfigBuilder::new(lake_url(), Arc::new(source))
            .with_file_groups(files)
            .with_limit(limit)
            .with_projection_indices(Some(places.to_vec()))?;
        if self.released.rows == Rows::All && filters.is_empty() {
            let mut statistics = Statistics::new_unknown(&self.raw);
            let rows = usize::try_from(self.version.row_count).unwrap_or_default();
            statistics.num_rows = Precision::Exact(rows);
            config = config.with_statistics(statistics);
        }
        let scan = DataSourceExec::from_data_source(config.build());
        let partitions = state.config().target_partitions();
        let split = scan.repartitioned(partitions, state.config_options())?;
        Ok(split.unwrap_or(scan))
    }
}

/// Columns named by their name alone, as the files' schema knows them.
fn unqualified(expr: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode as _};
    let renamed = expr.transform(|e| {
        Ok(match e {
            Expr::Column(column) if column.relation.is_some() => {
                Transformed::yes(datafusion::prelude::ident(column.name))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(renamed.data)
}

#[async_trait]
impl TableProvider for Gated {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let shown = self.shown();
        let supported = filters.iter().map(|filter| {
            if may_act_below(filter, &shown) {
                TableProviderFilterPushDown::Inexact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        });
        Ok(supported.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let wanted: Vec<&Column> = projection
            .unwrap_or(&all)
            .iter()
            .map(|place| &self.columns[*place])
            .collect();
        let mut places: Vec<usize> = wanted.iter().map(|c| c.place).collect();
        if self.released.rows == Rows::All && wanted.iter().all(|c| c.treatment.shows()) {
            return self.read(state, &places, filters, limit);
        }
        let row_place = match &self.released.rows {
            Rows::All => None,
            Rows::Only { field, .. } => self.raw.index_of(field).ok().map(|raw| {
                places.iter().position(|p| *p == raw).unwrap_or_else(|| {
                    places.push(raw);
                    places.len() - 1
                })
            }),
        };
        let inner = self.read(state, &places, filters, None)?;
        let fields = projection.unwrap_or(&all).iter();
        let fields: Vec<_> = fields.map(|p| self.schema.fields()[*p].clone()).collect();
        let columns = wanted.iter().enumerate();
        let columns: Vec<(usize, Treatment)> = columns
            .map(|(place, column)| (place, column.treatment.clone()))
            .collect();
        let work = Work {
            rows: self.released.rows.clone(),
            row_place,
            columns,
            keys: self.keys.clone(),
            schema: Arc::new(Schema::new(fields)),
        };
        let row_count = self.row_count().and_then(|n| usize::try_from(n).ok());
        let name = self.table.name.clone();
        Ok(Arc::new(GateExec::new(inner, work, name, row_count)))
    }
}
