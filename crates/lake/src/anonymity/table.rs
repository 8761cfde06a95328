//! A table before it opens to everybody: its columns as codes, in the form in which they would
//! leave, and on every coarser step that may be proposed.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat_batches, max, min, take};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::prelude::ident;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{ReleaseQuestion, Released, Ruling, Treatment};

use super::{Assessment, COLUMNS_MAX, Ladder, Proposal, assess, propose};
use crate::Lake;
use crate::engine::Caller;
use crate::failure::{of_query, of_store, too_long};
use crate::gate::open_table;
use crate::keys::Keys;
use crate::query::Asker;
use crate::supervision::{self, Release};
use crate::tables::{Table, VersionId};
use crate::treat::{treat, treated_type};

/// Rows that are looked at; a larger table is refused rather than half looked at.
pub const ROWS_MAX: usize = 5_000_000;
/// Rows up to which generalisations are proposed.
pub const PROPOSE_ROWS_MAX: usize = 1_000_000;

/// What is asked of a table.
#[derive(Clone, Debug)]
pub struct Question {
    /// Fields that may be known of somebody from elsewhere.
    pub identifying: Vec<String>,
    /// Fields nobody should learn about somebody.
    pub sensitive: Vec<String>,
    /// Those of them that are coordinates in degrees.
    pub places: Vec<String>,
    /// Rows each group must have.
    pub k: u64,
    /// Values of each sensitive field each group must have.
    pub l: u64,
    /// Also look for generalisations that would do.
    pub propose: bool,
}

/// A small group, as it would be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its rows.
    pub size: u64,
    /// Distinct values of each sensitive field.
    pub distinct: Vec<u64>,
    /// The value of each identifying field, `None` where it is missing.
    pub values: Vec<Option<String>>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Rows in all.
    pub rows: u64,
    /// Identifying fields that leave; the others cannot identify anybody.
    pub identifying: Vec<String>,
    /// Sensitive fields that leave.
    pub sensitive: Vec<String>,
    /// How it stands.
    pub assessment: Assessment,
    /// Its smallest groups.
    pub worst: Vec<Seen>,
    /// What would do, for each identifying field, with how it would stand.
    pub proposal: Option<(Vec<Treatment>, Proposal)>,
}

/// In what form the table would leave for anybody if it were open; `None`: it would not.
///
/// # Errors
/// When the question cannot be answered.
pub async fn form_when_open(app: &App, table: &Table) -> Result<Option<Released>> {
    let mut open = table.clone();
    open.public = true;
    let protected = open.protected();
    let question = ReleaseQuestion {
        who: &Principal::anonymous(),
        purpose: "",
        table: &protected,
    };
    Ok(match app.release().rule(app, question).await? {
        Ruling::Released(released) => Some(released),
        Ruling::Denied => None,
    })
}

/// Reads the fields a question names, whole and as they are; `None` where there are no rows.
///
/// # Errors
/// 403 for somebody who does not get them as they are; 422 for a table that is too large.
pub async fn read(
    app: &App,
    asker: &Asker,
    table: &Table,
    version: Option<&VersionId>,
    names: &[String],
) -> Result<Option<RecordBatch>> {
    let gated = open_table(app, &asker.who, &asker.purpose, table.clone(), version).await?;
    let Some(gated) = gated else {
        return Ok(None);
    };
    let gated = gated.without_row_ids();
    if !gated.shows(names) {
        return Err(Error::forbidden("Release", "Dataset", &table.id));
    }
    if gated.row_count().is_some_and(|n| n > ROWS_MAX as i64) {
        return Err(too_large());
    }
    let lake = app.get::<Lake>()?;
    let caller = Caller {
        who: &asker.who,
        address: asker.address,
    };
    let _place = lake.place(app, &caller)?;
    let release = Release {
        tables: vec![&gated],
        sql: None,
    };
    supervision::note(app, asker, &release).await?;
    let context = lake.session(app, [gated.clone()])?;
    let reference = datafusion::common::TableReference::bare(gated.table.name.clone());
    let frame = context.table(reference).await.map_err(of_query)?;
    let wanted: Vec<_> = names.iter().map(ident).collect();
    let work = async move {
        let frame = frame.select(wanted)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        Ok::<_, datafusion::common::DataFusionError>((schema, frame.collect().await?))
    };
    let seconds = lake.limits(app)?.query_seconds_max;
    let running = lake.spawn(app, work)?;
    let (schema, batches) =
        tokio::time::timeout(std::time::Duration::from_secs(seconds), running.join())
            .await
            .map_err(|_| too_long(seconds))??
            .map_err(of_query)?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    concat_batches(&schema, &batches)
        .map(Some)
        .map_err(of_store)
}

fn too_large() -> Error {
    let words = text!(
        "超过 {ROWS_MAX} 行的数据集不能在这里检查，请先拆分或汇总。",
        "A table of more than {ROWS_MAX} rows cannot be looked at here; split or sum it up first."
    );
    Error::invalid("rows_too_many", "", words)
}

/// Looks at rows that were read, in the form `released` says. Takes its time: not for the threads
/// that answer requests.
///
/// # Errors
/// 422 for a field that is not there, or too many of them.
pub fn look(
    app: &App,
    rows: &RecordBatch,
    released: &Released,
    question: &Question,
) -> Result<Found> {
    if question.identifying.len() > COLUMNS_MAX {
        let words = text!(
            "准标识字段最多 {COLUMNS_MAX} 个。",
            "At most {COLUMNS_MAX} identifying fields are looked at together."
        );
        return Err(Error::invalid("identifying_too_many", "identifying", words));
    }
    if rows.num_rows() > ROWS_MAX {
        return Err(too_large());
    }
    let keys = app.get::<Lake>()?.keys(app)?;
    let column = |name: &String| column(rows, released, name, &keys);
    let identifying = leaving(&question.identifying, column)?;
    let sensitive = leaving(&question.sensitive, column)?;
    let quasi: Vec<&[u32]> = identifying.iter().map(|c| c.codes.as_slice()).collect();
    let secret: Vec<&[u32]> = sensitive.iter().map(|c| c.codes.as_slice()).collect();
    let assessment = if identifying.is_empty() {
        alone(rows.num_rows())
    } else {
        assess(&quasi, &secret, question.k)
    };
    let seen = |group: &super::Group| Seen {
        size: group.size,
        distinct: group.distinct.clone(),
        values: identifying.iter().map(|c| c.shown(group.row)).collect(),
    };
    let worst = assessment.worst.iter().map(seen).collect();
    let wanted = question.propose
        && !assessment.holds(question.k, question.l)
        && rows.num_rows() <= PROPOSE_ROWS_MAX;
    let proposal = if wanted {
        proposed(rows, &identifying, &secret, question, &keys)?
    } else {
        None
    };
    let names = |columns: Vec<Column>| columns.into_iter().map(|c| c.name).collect();
    Ok(Found {
        rows: rows.num_rows() as u64,
        worst,
        proposal,
        assessment,
        identifying: names(identifying),
        sensitive: names(sensitive),
    })
}

/// Nothing tells anybody apart: all rows are one group.
fn alone(rows: usize) -> Assessment {
    Assessment {
        k: rows as u64,
        groups: u64::from(rows > 0),
        rows_below: 0,
        l: Vec::new(),
        l_entropy: Vec::new(),
        worst: Vec::new(),
    }
}

/// A column as it would leave.
struct Column {
    name: String,
    now: Treatment,
    /// Its values as they are.
    raw: ArrayRef,
    /// As it leaves: a code for each row, and each code's value.
    codes: Vec<u32>,
    values: ArrayRef,
}

impl Column {
    fn shown(&self, row: usize) -> Option<String> {
        let code = *self.codes.get(row)? as usize;
        let texts = cast(&self.values, &DataType::Utf8).ok()?;
        let texts = texts.as_string::<i32>();
        (!texts.is_null(code)).then(|| texts.value(code).to_owned())
    }
}

fn leaving(
    names: &[String],
    column: impl Fn(&String) -> Result<Option<Column>>,
) -> Result<Vec<Column>> {
    let mut found = Vec::new();
    for name in names {
        found.extend(column(name)?);
    }
    Ok(found)
}

fn column(
    rows: &RecordBatch,
    released: &Released,
    name: &str,
    keys: &Keys,
) -> Result<Option<Column>> {
    let Some(raw) = rows.column_by_name(name) else {
        let words = text!("没有字段 {name}。", "There is no field {name}.");
        return Err(Error::invalid("field_unknown", "identifying", words));
    };
    let now = released.treatment(name).clone();
    if treated_type(raw.data_type(), &now).is_none() {
        return Ok(None);
    }
    let (codes, distinct) = encoded(raw)?;
    let (codes, values) = stepped(&codes, &distinct, &now, keys)?;
    Ok(Some(Column {
        name: name.to_owned(),
        now,
        raw: raw.clone(),
        codes,
        values,
    }))
}

/// A code for each row, counted from 0 in the order of first appearance, and each code's value.
fn encoded(column: &ArrayRef) -> Result<(Vec<u32>, ArrayRef)> {
    let texts = cast(column, &DataType::Utf8).map_err(of_store)?;
    let texts = texts.as_string::<i32>();
    let mut known: HashMap<Option<&str>, u32> = HashMap::new();
    let mut firsts = Vec::new();
    let mut codes = Vec::with_capacity(texts.len());
    for (row, text) in (0_u32..).zip(texts) {
        let next = u32::try_from(firsts.len()).unwrap_or(u32::MAX);
        let code = *known.entry(text).or_insert_with(|| {
            firsts.push(row);
            next
        });
        codes.push(code);
    }
    let distinct = take(column, &UInt32Array::from(firsts), None).map_err(of_store)?;
    Ok((codes, distinct))
}

/// The same after a treatment. Only distinct values are treated.
fn stepped(
    codes: &[u32],
    distinct: &ArrayRef,
    treatment: &Treatment,
    keys: &Keys,
) -> Result<(Vec<u32>, ArrayRef)> {
    let treated = treat(distinct, treatment, keys).map_err(of_store)?;
    let (of_distinct, values) = encoded(&treated)?;
    let codes = codes.iter().map(|&c| of_distinct[c as usize]).collect();
    Ok((codes, values))
}

fn proposed(
    rows: &RecordBatch,
    identifying: &[Column],
    sensitive: &[&[u32]],
    question: &Question,
    keys: &Keys,
) -> Result<Option<(Vec<Treatment>, Proposal)>> {
    let mut ladders = Vec::new();
    let mut choices = Vec::new();
    for column in identifying {
        let steps = coarser(column, question.places.contains(&column.name));
        let (codes, distinct) = encoded(&column.raw)?;
        let mut coded = vec![column.codes.clone()];
        for treatment in steps.iter().skip(1) {
            coded.push(match treatment {
                Treatment::Remove => vec![0; rows.num_rows()],
                other => stepped(&codes, &distinct, other, keys)?.0,
            });
        }
        ladders.push(Ladder {
            steps: coded,
            weight: 1.0,
        });
        choices.push(steps);
    }
    let found = propose(&ladders, sensitive, question.k, question.l);
    Ok(found.map(|proposal| {
        let chosen = choices.iter().zip(&proposal.steps);
        (chosen.map(|(c, &step)| c[step].clone()).collect(), proposal)
    }))
}

/// The treatments a column may be given, from what it has now to leaving it out.
fn coarser(column: &Column, place: bool) -> Vec<Treatment> {
    let mut steps = vec![column.now.clone()];
    let data_type = column.raw.data_type();
    match (data_type, &column.now) {
        (DataType::Date32 | DataType::Timestamp(..), Treatment::Show) => {
            steps.extend([Treatment::Month, Treatment::Year]);
        }
        (DataType::Date32 | DataType::Timestamp(..), Treatment::Month) => {
            steps.push(Treatment::Year);
        }
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Treatment::Show) => {
            let chars = chars_max(&column.raw);
            for keep in [chars * 2 / 3, chars / 3] {
                let keep_first = u8::try_from(keep).unwrap_or(0);
                let step = Treatment::Mask {
                    keep_first,
                    keep_last: 0,
                };
                if keep_first > 0 && chars <= 20 && steps.last() != Some(&step) {
                    steps.push(step);
                }
            }
        }
        (_, Treatment::Show) if place => {
            steps.extend([3, 15, 60, 300, 900].map(|seconds| Treatment::Grid { seconds }));
        }
        (t, now) if t.is_integer() || t.is_floating() => {
            let wider = widths(&column.raw).into_iter().filter(|width| match now {
                Treatment::Show => true,
                Treatment::Band { width: now } => width > now,
                _ => false,
            });
            steps.extend(wider.map(|width| Treatment::Band { width }));
        }
        _ => {}
    }
    if column.now != Treatment::Remove {
        steps.push(Treatment::Remove);
    }
    steps
}

fn chars_max(column: &ArrayRef) -> usize {
    let Ok(texts) = cast(column, &DataType::Utf8) else {
        return 0;
    };
    let texts = texts.as_string::<i32>();
    let chars = texts.iter().flatten().map(|text| text.chars().count());
    chars.max().unwrap_or(0)
}

/// Widths of bands people would choose for these numbers: 1, 2 or 5 and zeros, ever wider.
fn widths(column: &ArrayRef) -> Vec<u32> {
    let Ok(numbers) = cast(column, &DataType::Float64) else {
        return Vec::new();
    };
    let numbers = numbers.as_primitive::<Float64Type>();
    let (Some(low), Some(high)) = (min(numbers), max(numbers)) else {
        return Vec::new();
    };
    let mut widths = Vec::new();
    for parts in [50.0, 20.0, 10.0, 4.0] {
        let width = round_width((high - low) / parts);
        if let Some(width) = width.filter(|w| widths.last() != Some(w)) {
            widths.push(width);
        }
    }
    widths
}

fn round_width(least: f64) -> Option<u32> {
    let mut ten = 1_u32;
    loop {
        for digit in [1_u32, 2, 5] {
            let width = ten.checked_mul(digit)?;
            if f64::from(width) >= least {
                return (width > 1 || least > 0.5).then_some(width);
            }
        }
        ten = ten.checked_mul(10)?;
    }
}

/// The columns a question names, each once, for those who read them from elsewhere.
#[must_use]
pub fn named(question: &Question) -> Vec<String> {
    let mut names = question.identifying.clone();
    names.extend(question.sensitive.iter().cloned());
    let mut once = Vec::new();
    names.retain(|name| {
        let new = !once.contains(name);
        once.push(name.clone());
        new
    });
    names
}

/// A batch of these columns.
///
/// # Errors
/// When they differ in length.
pub fn batch(columns: Vec<(String, ArrayRef)>) -> Result<RecordBatch> {
    let field = |(name, column): &(String, ArrayRef)| {
        Field::new(name.as_str(), column.data_type().clone(), true)
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(schema), columns).map_err(of_store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_of_widths_people_would_choose() {
        let ages: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![0, 59, 100]));
        assert_eq!(widths(&ages), [2, 5, 10, 50]);
        let shares: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![0.0, 1.0]));
        assert!(widths(&shares).is_empty());
        let one: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![7, 7]));
        assert!(widths(&one).is_empty());
    }

    #[test]
    fn codes_count_from_the_first_value_and_missing_is_a_value() {
        let towns: ArrayRef = Arc::new(arrow::array::StringArray::from(vec![
            Some("东街"),
            None,
            Some("西街"),
            Some("东街"),
            None,
        ]));
        let (codes, distinct) = encoded(&towns).unwrap();
        assert_eq!(codes, [0, 1, 2, 0, 1]);
        assert_eq!(distinct.len(), 3);
    }
}
