//! Rows for pages and APIs: filter, sort, a page at a time, through the gate.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, ident, lit};
use serde::{Deserialize, Serialize};
use tianyuan_kernel::prelude::*;

use crate::Lake;
use crate::engine::Caller;
use crate::failure::{of_query, too_long};
use crate::gate::Gated;
use crate::query::{Asker, Running, of_frame};
use crate::supervision::{self, Release};
use crate::tables::ROW_ID;

/// Conditions of one request.
pub const FILTERS_MAX: usize = 32;
/// Rows of one page.
pub const PAGE_ROWS_MAX: usize = 10_000;
/// Rows that may be skipped where rows are not numbered or sorted otherwise.
pub const OFFSET_MAX: usize = 10_000_000;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// One of several values, separated by commas.
    In,
    /// Holds this text.
    Contains,
    /// Begins with this text.
    Begins,
    /// Is missing; the value is not looked at.
    Missing,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The field.
    pub field: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, as text; it is read as the field's type.
    pub value: String,
}

/// A request for rows.
#[derive(Clone, Debug, Default)]
pub struct RowsQuery {
    /// Fields wanted; none: all.
    pub fields: Vec<String>,
    /// All of these hold.
    pub filters: Vec<Filter>,
    /// Any text field holds this.
    pub text: Option<String>,
    /// Fields to sort by, and whether descending.
    pub sort: Vec<(String, bool)>,
    /// Rows at most.
    pub limit: usize,
    /// Where the page before ended; from [`RowsPage::next`].
    pub after: Option<u64>,
    /// Count all rows that hold.
    pub count: bool,
}

/// A page of rows.
#[derive(Debug)]
pub struct RowsPage {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<u64>,
    /// All rows that hold, when they were to be counted.
    pub total: Option<i64>,
}

/// Reads a page. The release is noted first.
///
/// # Errors
/// 422 for a field that is not there (for this caller) or a value that does not fit it.
pub async fn page(app: &App, asker: &Asker, gated: &Gated, query: &RowsQuery) -> Result<RowsPage> {
    let lake = app.get::<Lake>()?;
    let plan = Plan::of(gated, query)?;
    let release = Release {
        tables: vec![gated],
        sql: None,
    };
    let caller = Caller {
        who: &asker.who,
        address: asker.address,
    };
    let _place = lake.place(app, &caller)?;
    supervision::note(app, asker, &release).await?;
    let context = lake.session(app, [gated.clone()])?;
    let reference = datafusion::common::TableReference::bare(gated.table.name.clone());
    let table = context.table(reference).await.map_err(of_query)?;
    let (limit, counts) = (plan.limit, query.count);
    let known = (plan.conditions.is_empty())
        .then(|| gated.row_count())
        .flatten();
    let work = async move {
        let total = match (counts, known) {
            (false, _) => None,
            (true, Some(rows)) => Some(rows),
            (true, None) => {
                let held = plan.filtered(table.clone(), false)?;
                Some(i64::try_from(held.count().await?).unwrap_or(i64::MAX))
            }
        };
        let frame = plan.page(table)?;
        let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
        Ok::<_, datafusion::common::DataFusionError>((total, schema, frame.collect().await?))
    };
    let seconds = lake.limits(app)?.query_seconds_max;
    let running = lake.spawn(app, work)?;
    let (total, schema, batches) =
        tokio::time::timeout(std::time::Duration::from_secs(seconds), running.join())
            .await
            .map_err(|_| too_long(seconds))??
            .map_err(of_query)?;
    cut(gated, query, limit, total, schema, batches)
}

/// All rows that fit, in the order asked for, as they are read; row numbers stay here. The
/// release is noted first.
///
/// # Errors
/// As [`page`].
pub async fn all(
    app: &App,
    asker: &Asker,
    gated: &Gated,
    query: &RowsQuery,
    rows_max: usize,
) -> Result<Running> {
    let lake = app.get::<Lake>()?;
    let plan = Plan::of(gated, query)?;
    let context = lake.session(app, [gated.clone()])?;
    let reference = datafusion::common::TableReference::bare(gated.table.name.clone());
    let sorted = !query.sort.is_empty();
    if !sorted {
        // One reader goes through the files as they stand; to sort, it would have to read them
        // to their end before the first row leaves.
        let state = context.state_ref();
        let mut state = state.write();
        state.config_mut().options_mut().execution.target_partitions = 1;
    }
    let table = context.table(reference).await.map_err(of_query)?;
    let frame = plan.all(table, sorted).map_err(of_query)?;
    of_frame(context, frame, gated.clone())?
        .run(app, asker, rows_max)
        .await
}

/// Takes off the one row more that was read, and finds where the next page begins.
fn cut(
    gated: &Gated,
    query: &RowsQuery,
    limit: usize,
    total: Option<i64>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<RowsPage> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let all = arrow::compute::concat_batches(
        &batches.first().map_or(schema, RecordBatch::schema),
        &batches,
    )
    .map_err(crate::failure::of_store)?;
    let shown = all.slice(0, rows.min(limit));
    let numbered = gated.has_row_ids() && query.sort.is_empty();
    let next = match (rows > limit, numbered) {
        (false, _) => None,
        (true, true) => {
            use arrow::array::AsArray as _;
            let ids = shown.column_by_name(ROW_ID);
            let ids = ids.and_then(|c| c.as_primitive_opt::<arrow::datatypes::Int64Type>());
            ids.and_then(|ids| ids.values().last())
                .and_then(|id| u64::try_from(*id).ok())
        }
        (true, false) => Some(query.after.unwrap_or(0) + limit as u64),
    };
    Ok(RowsPage {
        schema: shown.schema(),
        batches: vec![shown],
        next,
        total,
    })
}

struct Plan {
    fields: Vec<String>,
    conditions: Vec<Expr>,
    after: Option<Expr>,
    sort: Vec<datafusion::logical_expr::SortExpr>,
    offset: usize,
    limit: usize,
}

impl Plan {
    fn of(gated: &Gated, query: &RowsQuery) -> Result<Self> {
        let schema = gated.schema();
        let types: BTreeMap<&str, &DataType> = schema
            .fields()
            .iter()
            .map(|f| (f.name().as_str(), f.data_type()))
            .collect();
        if query.filters.len() > FILTERS_MAX {
            let words = text!(
                "最多 {FILTERS_MAX} 个筛选条件。",
                "At most {FILTERS_MAX} conditions."
            );
            return Err(Error::invalid("too_many_filters", "filter", words));
        }
        let mut conditions = Vec::new();
        for filter in &query.filters {
            let data_type = known(&types, &filter.field, "filter")?;
            conditions.push(condition(filter, data_type)?);
        }
        if let Some(text) = &query.text {
            let texts = types.iter().filter(|(_, t)| is_text(t));
            let holds = texts.map(|(name, _)| holds(ident(*name), text));
            conditions.push(holds.reduce(Expr::or).unwrap_or_else(|| lit(false)));
        }
        let mut fields = Vec::new();
        for field in &query.fields {
            known(&types, field, "fields")?;
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        let mut sort = Vec::new();
        for (field, descending) in &query.sort {
            known(&types, field, "sort")?;
            sort.push(ident(field).sort(!descending, false));
        }
        let skipped = query.after.unwrap_or(0);
        let numbered = gated.has_row_ids();
        let (after, offset) = if numbered && sort.is_empty() {
            let id = i64::try_from(skipped).unwrap_or(i64::MAX);
            (query.after.map(|_| ident(ROW_ID).gt(lit(id))), 0)
        } else {
            let offset = usize::try_from(skipped).unwrap_or(usize::MAX);
            if offset > OFFSET_MAX {
                let words = text!(
                    "排序后最多翻到第 {OFFSET_MAX} 行，请加上筛选条件。",
                    "Sorted rows can be paged up to {OFFSET_MAX}; add a condition."
                );
                return Err(Error::invalid("page_too_far", "cursor", words));
            }
            (None, offset)
        };
        if numbered {
            // Equal rows keep their order from page to page.
            sort.push(ident(ROW_ID).sort(true, false));
            if !fields.is_empty() && !fields.iter().any(|f| f == ROW_ID) {
                fields.insert(0, ROW_ID.to_owned());
            }
        }
        Ok(Self {
            fields,
            conditions,
            after,
            sort,
            offset,
            limit: query.limit.clamp(1, PAGE_ROWS_MAX),
        })
    }

    fn filtered(&self, table: DataFrame, paged: bool) -> datafusion::common::Result<DataFrame> {
        let after = self.after.iter().filter(|_| paged);
        self.conditions
            .iter()
            .chain(after)
            .try_fold(table, |table, condition| table.filter(condition.clone()))
    }

    /// Everything that fits, without row numbers.
    fn all(&self, table: DataFrame, sorted: bool) -> datafusion::common::Result<DataFrame> {
        let names = table.schema().fields().iter().map(|f| f.name().clone());
        let names: Vec<String> = names.filter(|name| name != ROW_ID).collect();
        let wanted = |name: &&String| self.fields.is_empty() || self.fields.contains(name);
        let columns: Vec<Expr> = names.iter().filter(wanted).map(ident).collect();
        let mut frame = self.filtered(table, false)?;
        if sorted {
            frame = frame.sort(self.sort.clone())?;
        }
        frame.select(columns)
    }

    fn page(&self, table: DataFrame) -> datafusion::common::Result<DataFrame> {
        let mut frame = self.filtered(table, true)?;
        if !self.sort.is_empty() {
            frame = frame.sort(self.sort.clone())?;
        }
        frame = frame.limit(self.offset, Some(self.limit + 1))?;
        if self.fields.is_empty() {
            return Ok(frame);
        }
        frame.select(self.fields.iter().map(ident).collect::<Vec<_>>())
    }
}

fn known<'a>(types: &BTreeMap<&str, &'a DataType>, field: &str, at: &str) -> Result<&'a DataType> {
    types.get(field).copied().ok_or_else(|| {
        let words = text!(
            "没有名为 {field} 的字段。",
            "There is no field named {field}."
        );
        let known: Vec<&str> = types.keys().copied().take(50).collect();
        let known = known.join(", ");
        Error::invalid("field_unknown", at, words)
            .hint(text!("可用的字段：{known}", "Fields there are: {known}"))
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8
    )
}

fn holds(field: Expr, text: &str) -> Expr {
    datafusion::functions::string::expr_fn::contains(field, lit(text))
}

fn condition(filter: &Filter, data_type: &DataType) -> Result<Expr> {
    let field = ident(&filter.field);
    let value = |text: &str| read_as(&filter.field, text, data_type);
    Ok(match filter.comparison {
        Comparison::Eq => field.eq(value(&filter.value)?),
        Comparison::Ne => field.not_eq(value(&filter.value)?),
        Comparison::Lt => field.lt(value(&filter.value)?),
        Comparison::Le => field.lt_eq(value(&filter.value)?),
        Comparison::Gt => field.gt(value(&filter.value)?),
        Comparison::Ge => field.gt_eq(value(&filter.value)?),
        Comparison::In => {
            let values: Result<Vec<_>> = filter.value.split(',').map(value).collect();
            field.in_list(values?, false)
        }
        Comparison::Contains | Comparison::Begins if !is_text(data_type) => {
            let name = &filter.field;
            let words = text!("字段 {name} 不是文本。", "The field {name} is no text.");
            return Err(Error::invalid("field_not_text", name.clone(), words));
        }
        Comparison::Contains => holds(field, &filter.value),
        Comparison::Begins => {
            datafusion::functions::string::expr_fn::starts_with(field, lit(filter.value.as_str()))
        }
        Comparison::Missing => field.is_null(),
    })
}

/// A value as the field's type; what does not fit is said, and no row is looked at.
fn read_as(field: &str, text: &str, data_type: &DataType) -> Result<Expr> {
    if is_text(data_type) {
        return Ok(lit(text));
    }
    match ScalarValue::try_from_string(text.trim().to_owned(), data_type) {
        Ok(value) if !value.is_null() => Ok(lit(value)),
        _ => {
            let name = crate::query::answer::type_name(data_type);
            let words = text!(
                "字段 {field} 的类型是 {name}，无法与该值比较。",
                "The field {field} is of type {name}; the value does not fit it."
            );
            Err(Error::invalid(
                "value_does_not_fit",
                field.to_owned(),
                words,
            ))
        }
    }
}
