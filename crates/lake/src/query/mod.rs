//! SQL: one SELECT a call, over the tables the caller may see and in the form they may see them.

pub mod answer;
pub mod api;
pub(crate) mod catalog;
pub mod check;
mod explain;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt as _;
use tianyuan_kernel::prelude::*;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Lake;
use crate::engine::{Caller, Place, Task};
use crate::failure::{of_query, too_long};
use crate::gate::{Gated, open_table};
use crate::supervision::{self, Exit, Release};
use crate::tables::store;

/// Batches that wait for a slow reader.
const WAITING_MAX: usize = 4;
/// Tables of one statement.
const TABLES_MAX: usize = 64;
/// Tables the list of tables is made of.
pub(crate) const LISTED_MAX: i64 = 10_000;

/// Who asks, what for, and through which exit.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The caller.
    pub who: Principal,
    /// Where they come from.
    pub address: Option<std::net::IpAddr>,
    /// What for; empty when they did not say.
    pub purpose: String,
    /// Through which exit.
    pub exit: Exit,
}

/// A statement that was understood and planned; nothing has been read.
pub struct Prepared {
    context: SessionContext,
    plan: LogicalPlan,
    tables: Vec<Gated>,
    sql: Option<String>,
    explain: bool,
    schema: SchemaRef,
}

impl Prepared {
    /// Columns of the answer.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// Plans what a frame over one table yields, for those who ask without SQL.
///
/// # Errors
/// What the planner says.
pub(crate) fn of_frame(
    context: SessionContext,
    frame: DataFrame,
    table: Gated,
) -> Result<Prepared> {
    let plan = frame.into_optimized_plan().map_err(of_query)?;
    let schema = Arc::new(Schema::new(plan.schema().as_arrow().fields().clone()));
    Ok(Prepared {
        context,
        plan,
        tables: vec![table],
        sql: None,
        explain: false,
        schema,
    })
}

/// Reads a statement and plans it over the caller's tables.
///
/// # Errors
/// 422 when it cannot be understood, is no SELECT, or names what is not there for the caller.
pub async fn prepare(app: &App, asker: &Asker, sql: &str) -> Result<Prepared> {
    let checked = check::read(sql)?;
    let tables = tables_of(app, asker, &checked.statement).await?;
    let lake = app.get::<Lake>()?;
    let listed = if checked.lists_tables {
        catalog::visible(app, asker).await?
    } else {
        Vec::new()
    };
    let context = lake.session(app, tables.iter().cloned())?;
    catalog::fill_listed(&context, &listed)?;
    let statement = checked.statement;
    let planning = {
        let context = context.clone();
        async move {
            let state = context.state();
            let plan = state.statement_to_plan(statement).await?;
            let only_reading = SQLOptions::new()
                .with_allow_ddl(false)
                .with_allow_dml(false)
                .with_allow_statements(false);
            only_reading.verify_plan(&plan)?;
            state.optimize(&plan)
        }
    };
    let seconds = lake.limits(app)?.query_seconds_max;
    let planned = lake.spawn(app, planning)?;
    let plan = tokio::time::timeout(Duration::from_secs(seconds), planned.join())
        .await
        .map_err(|_| too_long(seconds))??
        .map_err(of_query)?;
    let schema = if checked.explain {
        explain::schema()
    } else {
        Arc::new(Schema::new(plan.schema().as_arrow().fields().clone()))
    };
    Ok(Prepared {
        context,
        plan,
        tables,
        sql: Some(sql.to_owned()),
        explain: checked.explain,
        schema,
    })
}

async fn tables_of(app: &App, asker: &Asker, statement: &Statement) -> Result<Vec<Gated>> {
    let names = check::tables(statement)?;
    if names.len() > TABLES_MAX {
        let words = text!(
            "一个语句最多使用 {TABLES_MAX} 张表。",
            "A statement uses at most {TABLES_MAX} tables."
        );
        return Err(Error::invalid("sql_too_many_tables", "sql", words));
    }
    let mut tables = Vec::new();
    for name in names {
        let table = store::by_name(&mut app.db().read().await?, &name).await?;
        let gated = match table {
            Some(table) => open_table(app, &asker.who, &asker.purpose, table, None).await?,
            None => None,
        };
        tables.push(gated.ok_or_else(|| unknown(&name))?.without_row_ids());
    }
    Ok(tables)
}

/// The same words for a table that is not there and one that is not there for the caller.
fn unknown(name: &str) -> Error {
    let words = text!("没有名为 {name} 的表。", "There is no table named {name}.");
    Error::invalid("table_unknown", "sql", words).hint(Text::new(
        "GET /api/v1/sql/tables 列出您可以查询的表。",
        "GET /api/v1/sql/tables lists the tables you may query.",
    ))
}

/// An answer that is being made. Dropping it stops the work.
pub struct Running {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch>>,
    until: Instant,
    seconds: u64,
    _task: Task<()>,
    _place: Place,
}

impl Running {
    /// Columns of the answer.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next rows.
    ///
    /// # Errors
    /// What went wrong; then nothing comes any more.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        match tokio::time::timeout_at(self.until, self.batches.recv()).await {
            Ok(batch) => batch,
            Err(_) => {
                self.batches.close();
                Some(Err(too_long(self.seconds)))
            }
        }
    }
}

impl Prepared {
    /// Runs it: the release becomes a fact, then rows come, at most `rows_max` of them.
    ///
    /// # Errors
    /// 429 and 503 when too many run; what the ledger or the planner say.
    pub async fn run(self, app: &App, asker: &Asker, rows_max: usize) -> Result<Running> {
        let lake = app.get::<Lake>()?;
        let caller = Caller {
            who: &asker.who,
            address: asker.address,
        };
        let place = lake.place(app, &caller)?;
        let seconds = lake.limits(app)?.query_seconds_max;
        if !self.explain {
            let release = Release {
                tables: self.tables.iter().collect(),
                sql: self.sql.as_deref(),
            };
            supervision::note(app, asker, &release).await?;
        }
        let schema = self.schema.clone();
        let (sender, batches) = mpsc::channel(WAITING_MAX);
        let task = lake.spawn(app, async move {
            if let Err(error) = self.drive(rows_max, &sender).await {
                let _reader_left = sender.send(Err(error)).await;
            }
        })?;
        Ok(Running {
            schema,
            batches,
            until: Instant::now() + Duration::from_secs(seconds),
            seconds,
            _task: task,
            _place: place,
        })
    }

    async fn drive(
        self,
        rows_max: usize,
        sender: &mpsc::Sender<Result<RecordBatch>>,
    ) -> Result<()> {
        let state = self.context.state();
        let plan = state.create_physical_plan(&self.plan).await;
        let plan = plan.map_err(of_query)?;
        if self.explain {
            let told = explain::tell(&self.plan, &plan)?;
            let _reader_left = sender.send(Ok(told)).await;
            return Ok(());
        }
        let mut stream = execute_stream(plan, self.context.task_ctx()).map_err(of_query)?;
        let mut left = rows_max;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(of_query)?;
            let batch = batch.slice(0, batch.num_rows().min(left));
            left -= batch.num_rows();
            // The planned schema may be stricter about nulls than the batches.
            let batch = RecordBatch::try_new_with_options(
                self.schema.clone(),
                batch.columns().to_vec(),
                &arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
            )
            .map_err(|error| of_query(error.into()))?;
            if sender.send(Ok(batch)).await.is_err() || left == 0 {
                break;
            }
        }
        Ok(())
    }
}
