//! The scan's last step: rows that leave, values as they leave. A leaf to the optimizer and to
//! whoever looks at plans: what is below does not show.

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PhysicalExpr,
    PlanProperties, StatisticsArgs,
};
use futures::StreamExt as _;
use tianyuan_kernel::release::{Rows, Treatment};

use crate::keys::Keys;
use crate::treat::{keep_rows, treat};

/// What is done to each batch.
#[derive(Debug)]
pub(super) struct Work {
    /// Which rows leave.
    pub(super) rows: Rows,
    /// Where the filtered field stands in the batch below.
    pub(super) row_place: Option<usize>,
    /// Columns that leave: their place in the batch below and what happens to them.
    pub(super) columns: Vec<(usize, Treatment)>,
    pub(super) keys: Arc<Keys>,
    pub(super) schema: SchemaRef,
}

impl Work {
    fn apply(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let batch = keep_rows(batch, &self.rows, self.row_place)?;
        let columns = self
            .columns
            .iter()
            .map(|(place, treatment)| treat(batch.column(*place), treatment, &self.keys))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(Into::into)
    }
}

/// The gate as a node of a plan.
pub(super) struct GateExec {
    inner: Arc<dyn ExecutionPlan>,
    work: Arc<Work>,
    table: String,
    row_count: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl GateExec {
    pub(super) fn new(
        inner: Arc<dyn ExecutionPlan>,
        work: Work,
        table: String,
        row_count: Option<usize>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(work.schema.clone()),
            inner.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            inner,
            work: Arc::new(work),
            table,
            row_count,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for GateExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GateExec({})", self.table)
    }
}

impl DisplayAs for GateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate: table={}", self.table)
    }
}

impl ExecutionPlan for GateExec {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let work = self.work.clone();
        let schema = work.schema.clone();
        let inner = self.inner.execute(partition, context)?;
        let treated = inner.map(move |batch| work.apply(batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, treated)))
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.work.schema);
        if args.partition().is_none()
            && let Some(rows) = self.row_count
        {
            statistics.num_rows = Precision::Inexact(rows);
        }
        Ok(Arc::new(statistics))
    }
}
