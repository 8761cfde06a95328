//! The second job: every row against its fields, then, when that is wanted, a version.

use std::sync::Arc;

use serde_json::{Value as Json_, json};
use tianyuan_kernel::jobs::JobCtx;
use tianyuan_kernel::prelude::*;
use tianyuan_lake::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use tianyuan_lake::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use tokio::sync::mpsc;

use super::check::{Typing, Value};
use super::pieces::{Pieces, keep};
use super::read::shown;
use super::{Checked, Payload, Reject, Upload, UploadId, UploadState, Wanted, our_fault, store};
use crate::datasets::{self, Dataset, Field, table};
use crate::disclosure;
use crate::quality::{Meter, Quality, of_cycle, of_entry};
use crate::reading::{self, Layout};
use crate::versions;
use crate::words::FieldType;

/// Rejected rows that are kept.
const REJECTS_MAX: usize = 100_000;
/// Bytes of rejected rows that are kept.
const REJECTS_BYTES_MAX: usize = 32 << 20;
/// Rejected rows that are shown.
const SHOWN: usize = 20;
/// Rows of a batch.
const BATCH_ROWS: usize = 8_192;

pub(crate) async fn run(ctx: &JobCtx, payload: Payload) -> Result<Json_> {
    let id = UploadId::from_stored(payload.upload);
    let upload = store::get(&mut ctx.app.db().read().await?, &id).await?;
    if !matches!(upload.state, UploadState::Loading | UploadState::Checked) {
        return Ok(json!({ "skipped": true }));
    }
    match load(ctx, &upload).await {
        Ok(done) => Ok(done),
        Err(error) if error.status().is_client_error() && error.code() != "job_stopped" => {
            let mut tx = ctx.begin().await?;
            store::set_problem(&mut tx, &id, UploadState::Read, error.detail()).await?;
            tx.commit().await?;
            Ok(json!({ "failed": error.code() }))
        }
        Err(error) if ctx.last && error.code() != "job_stopped" => {
            let mut tx = ctx.begin().await?;
            store::set_problem(&mut tx, &id, UploadState::Read, &our_fault()).await?;
            tx.commit().await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn load(ctx: &JobCtx, upload: &Upload) -> Result<Json_> {
    let app = &ctx.app;
    let (Some(found), Some(wanted)) = (&upload.found, &upload.wanted) else {
        return Err(Error::internal("an upload is loaded before it was read"));
    };
    let dataset = {
        let mut sql = app.db().read().await?;
        datasets::store::get(&mut sql, upload.dataset_id.as_str()).await?
    };
    let since = dataset
        .current
        .as_ref()
        .map(|c| app.now().seconds_since(c.published_at));
    let pieces = Pieces::of(app, &upload.id).await?;
    let total = found.rows;
    let words = Text::new("正在逐行校验", "Checking every row");
    ctx.progress(0, total, words).await?;
    let (first, layout) = (wanted.clone(), found.layout.clone());
    let work = move || check(&pieces, &layout, &first);
    let outcome = tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)??;
    let mut profile = dataset.profile.clone();
    profile.fields = wanted.fields.iter().map(|f| f.field.clone()).collect();
    let mut checks = outcome.checks;
    checks.extend(of_cycle(&profile, since.map(|s| s / 86_400.0)));
    checks.extend(of_entry(&profile));
    let checked = Checked {
        accepted: outcome.accepted,
        rejected: outcome.rejected,
        rejects: outcome.shown,
        quality: Quality::of(checks),
    };
    let key = if outcome.rejected > 0 {
        Some(keep(app, &upload.id, outcome.rejects.into()).await?)
    } else {
        None
    };
    let mut tx = ctx.begin().await?;
    store::set_checked(&mut tx, &upload.id, &checked, key.as_deref()).await?;
    tx.commit().await?;
    if !wanted.publish || (checked.rejected > 0 && !wanted.accept_rejects) {
        return Ok(json!({ "accepted": checked.accepted, "rejected": checked.rejected }));
    }
    if checked.accepted == 0 {
        let words = Text::new("没有一行可以入库。", "No row can be taken.");
        return Err(Error::invalid("no_rows", "", words));
    }
    publish(ctx, upload, dataset, profile, &checked).await
}

async fn publish(
    ctx: &JobCtx,
    upload: &Upload,
    mut dataset: Dataset,
    profile: datasets::Profile,
    checked: &Checked,
) -> Result<Json_> {
    let app = &ctx.app;
    let (Some(found), Some(wanted)) = (&upload.found, &upload.wanted) else {
        return Err(Error::internal("an upload is published before it was read"));
    };
    hidden(ctx, upload, &dataset, &profile).await?;
    let words = Text::new("正在写入数据湖", "Writing the version");
    ctx.progress(0, checked.accepted, words).await?;
    let schema = schema(&profile.fields);
    let pieces = Pieces::of(app, &upload.id).await?;
    let (batches, reader) = sent(pieces, found.layout.clone(), wanted.clone(), schema.clone());
    let stream = futures::stream::unfold(batches, |mut batches| async move {
        let batch = batches.recv().await?;
        Some((batch, batches))
    });
    let staged = tianyuan_lake::stage(app, schema, stream, tianyuan_lake::Options::default()).await;
    let read = reader.await.map_err(Error::internal)?;
    let staged = staged?;
    read?;
    let mut tx = ctx.begin().await?;
    if !store::set_loaded(&mut tx, &upload.id, 0).await? {
        return Ok(json!({ "skipped": true }));
    }
    // Somebody may have changed the entry meanwhile: what they wrote stays, but for the fields.
    dataset = datasets::store::get(&mut tx, dataset.id.as_str()).await?;
    let fields = profile.fields;
    let version = versions::publish(
        &mut tx,
        &mut dataset,
        fields,
        staged,
        versions::About {
            source: &upload.name,
            rejected: checked.rejected,
            quality: &checked.quality,
        },
    )
    .await?;
    set_number(&mut tx, &upload.id, version).await?;
    tx.commit().await?;
    Ok(json!({ "version": version, "rows": checked.accepted }))
}

/// The rows that can be taken, as they are read.
fn sent(
    pieces: Pieces,
    layout: Layout,
    wanted: Wanted,
    schema: SchemaRef,
) -> (
    mpsc::Receiver<Result<RecordBatch>>,
    tokio::task::JoinHandle<Result<()>>,
) {
    let (sender, batches) = mpsc::channel(2);
    let work = move || send(&pieces, &layout, &wanted, schema, &sender);
    (batches, tokio::task::spawn_blocking(work))
}

/// Readers of an open dataset get these rows at once: are the people in them hidden among each
/// other?
async fn hidden(
    ctx: &JobCtx,
    upload: &Upload,
    dataset: &Dataset,
    profile: &datasets::Profile,
) -> Result<()> {
    let (Some(found), Some(wanted)) = (&upload.found, &upload.wanted) else {
        return Ok(());
    };
    let app = &ctx.app;
    let question = disclosure::question(app, profile, false);
    if !dataset.is_open() || question.identifying.is_empty() {
        return Ok(());
    }
    let named = tianyuan_lake::anonymity::table::named(&question);
    let whole = schema(&profile.fields);
    let places: Vec<usize> = named
        .iter()
        .filter_map(|name| whole.index_of(name).ok())
        .collect();
    let pieces = Pieces::of(app, &upload.id).await?;
    let (mut batches, reader) = sent(pieces, found.layout.clone(), wanted.clone(), whole.clone());
    let mut kept = Vec::new();
    while let Some(batch) = batches.recv().await {
        kept.push(batch?.project(&places).map_err(Error::internal)?);
    }
    reader.await.map_err(Error::internal)??;
    let projected = Arc::new(whole.project(&places).map_err(Error::internal)?);
    let rows = tianyuan_lake::arrow::compute::concat_batches(&projected, &kept)
        .map_err(Error::internal)?;
    let mut then = dataset.clone();
    then.profile = profile.clone();
    let (k, l) = (question.k, question.l);
    let found = disclosure::of_rows(app, &table::of(&then), rows, question).await?;
    match found {
        Some(found) if !found.identifying.is_empty() && !found.assessment.holds(k, l) => {
            let (least, below) = (found.assessment.k, found.assessment.rows_below);
            Err(disclosure::refusal(least, below, k, l))
        }
        _ => Ok(()),
    }
}

async fn set_number(tx: &mut Tx, id: &UploadId, number: i64) -> Result<()> {
    let update = "UPDATE chain_uploads SET version_number = $2 WHERE id = $1";
    tx.execute(update, args![id, number]).await.map(|_| ())
}

struct Outcome {
    accepted: i64,
    rejected: i64,
    shown: Vec<Reject>,
    /// All of them as CSV, up to the limits.
    rejects: Vec<u8>,
    checks: Vec<crate::quality::Check>,
}

/// Looks at every row.
fn check(pieces: &Pieces, layout: &Layout, wanted: &Wanted) -> Result<Outcome> {
    let typing = Typing::new(layout, &wanted.fields)?;
    let fields: Vec<Field> = wanted.fields.iter().map(|f| f.field.clone()).collect();
    let mut meter = Meter::new(&fields);
    let (mut accepted, mut rejected) = (0, 0);
    let mut examples = Vec::new();
    let mut rejects = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    let mut kept_bytes = 0;
    let head = ["行号 line", "原因 reason (zh)", "reason (en)"];
    let head = head
        .into_iter()
        .chain(layout.columns.iter().map(String::as_str));
    rejects.write_record(head).map_err(Error::internal)?;
    let open = || Ok(pieces.open());
    reading::rows(&open, layout, &mut |row| {
        let (reason, misfits) = match typing.row(&row) {
            Ok(values) => {
                accepted += 1;
                meter.row(row.line, &values);
                return Ok(());
            }
            Err(why) => why,
        };
        for field in misfits {
            meter.misfit(field, row.line);
        }
        rejected += 1;
        if examples.len() < SHOWN {
            examples.push(shown(&row, reason.clone()));
        }
        if rejected <= REJECTS_MAX as i64 && kept_bytes < REJECTS_BYTES_MAX {
            let line = row.line.to_string();
            let begin = [line.as_str(), &reason.zh, &reason.en];
            kept_bytes += row.cells.iter().map(String::len).sum::<usize>() + 200;
            let record = begin
                .into_iter()
                .chain(row.cells.iter().map(String::as_str));
            rejects.write_record(record).map_err(Error::internal)?;
        }
        Ok(())
    })?;
    Ok(Outcome {
        accepted,
        rejected,
        shown: examples,
        rejects: rejects.into_inner().map_err(Error::internal)?,
        checks: meter.checks(),
    })
}

fn schema(fields: &[Field]) -> SchemaRef {
    let field = |field: &Field| {
        let kind = match field.kind {
            FieldType::Text => DataType::Utf8,
            FieldType::Integer => DataType::Int64,
            FieldType::Number => DataType::Float64,
            FieldType::Boolean => DataType::Boolean,
            FieldType::Date => DataType::Date32,
            FieldType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
        };
        ArrowField::new(&field.name, kind, true)
    };
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

/// Sends the rows that can be taken, a batch at a time, as fast as they are written.
fn send(
    pieces: &Pieces,
    layout: &Layout,
    wanted: &Wanted,
    schema: SchemaRef,
    to: &mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let typing = Typing::new(layout, &wanted.fields)?;
    let mut batch = Batch::new(schema);
    let open = || Ok(pieces.open());
    let gone = |_| Error::internal("nobody takes the rows any more");
    let read = reading::rows(&open, layout, &mut |row| {
        if let Ok(values) = typing.row(&row) {
            batch.push(values);
            if batch.rows >= BATCH_ROWS {
                to.blocking_send(batch.take()).map_err(gone)?;
            }
        }
        Ok(())
    });
    let last = read.and_then(|()| batch.take());
    to.blocking_send(last).map_err(gone)
}

enum Column {
    Text(StringBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
}

impl Column {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Datetime(TimestampMicrosecondBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Text(b), Value::Text(v)) => b.append_value(v),
            (Self::Text(b), _) => b.append_null(),
            (Self::Integer(b), Value::Integer(v)) => b.append_value(v),
            (Self::Integer(b), _) => b.append_null(),
            (Self::Number(b), Value::Number(v)) => b.append_value(v),
            (Self::Number(b), _) => b.append_null(),
            (Self::Boolean(b), Value::Boolean(v)) => b.append_value(v),
            (Self::Boolean(b), _) => b.append_null(),
            (Self::Date(b), Value::Date(v)) => b.append_option(days(v)),
            (Self::Date(b), _) => b.append_null(),
            (Self::Datetime(b), Value::Datetime(v)) => b.append_option(micros(v)),
            (Self::Datetime(b), _) => b.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) => Arc::new(b.finish()),
            Self::Integer(b) => Arc::new(b.finish()),
            Self::Number(b) => Arc::new(b.finish()),
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::Date(b) => Arc::new(b.finish()),
            Self::Datetime(b) => Arc::new(b.finish()),
        }
    }
}

/// Days since 1970.
fn days(date: jiff::civil::Date) -> Option<i32> {
    let span = date.since(jiff::civil::date(1970, 1, 1)).ok()?;
    Some(span.get_days())
}

/// Microseconds since 1970 of a clock on the wall.
fn micros(at: jiff::civil::DateTime) -> Option<i64> {
    let zoned = jiff::tz::offset(0).to_timestamp(at).ok()?;
    Some(zoned.as_microsecond())
}

struct Batch {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

impl Batch {
    fn new(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|f| Column::new(f.data_type()));
        Self {
            columns: columns.collect(),
            schema,
            rows: 0,
        }
    }

    fn push(&mut self, values: Vec<Value>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.rows += 1;
    }

    fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new(self.schema.clone(), columns).map_err(Error::internal)
    }
}
