//! EXPLAIN: the plan as a caller may see it. What lies below the gate, and where files lie, does
//! not show.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use tianyuan_kernel::Result;

use crate::failure::of_store;

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("plan_type", DataType::Utf8, false),
        Field::new("plan", DataType::Utf8, false),
    ]))
}

pub(super) fn tell(
    logical: &LogicalPlan,
    physical: &Arc<dyn ExecutionPlan>,
) -> Result<RecordBatch> {
    let physical = displayable(physical.as_ref()).indent(false).to_string();
    let physical: Vec<String> = physical.lines().map(without_files).collect();
    let types = StringArray::from(vec!["logical_plan", "physical_plan"]);
    let plans = StringArray::from(vec![
        logical.display_indent().to_string(),
        physical.join("\n"),
    ]);
    RecordBatch::try_new(schema(), vec![Arc::new(types), Arc::new(plans)]).map_err(of_store)
}

/// A scan tells its files, predicates and limits; here it is a scan.
fn without_files(line: &str) -> String {
    match line.find("DataSourceExec") {
        Some(indent) => format!("{}Scan", &line[..indent]),
        None => line.to_owned(),
    }
}
