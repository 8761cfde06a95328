//! The first job: layout, rows, fields.

use serde_json::{Value, json};
use tianyuan_kernel::classify::{ColumnSample, Sensitive};
use tianyuan_kernel::jobs::{self, JobCtx};
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::Treatment;

use super::pieces::Pieces;
use super::{Found, LOAD, Payload, Reject, UploadId, UploadState, our_fault, store};
use crate::datasets::{Field, store as datasets};
use crate::reading::infer::Columns;
use crate::reading::{self, Layout, Row};

/// Rows shown before loading.
const SAMPLE_ROWS: usize = 50;
/// Rows that cannot be read shown before loading.
const FAULTS_SHOWN: usize = 20;
/// Characters of a cell that are shown.
const SHOWN_CHARS: usize = 200;
/// Rows whose values are looked at for sensitive content.
const LOOKED_AT: usize = 2_000;

pub(crate) async fn run(ctx: &JobCtx, payload: Payload) -> Result<Value> {
    let (auto, layout) = (payload.auto, payload.layout);
    let id = UploadId::from_stored(payload.upload);
    let (upload, known) = {
        let mut sql = ctx.app.db().read().await?;
        let upload = store::get(&mut sql, &id).await?;
        let dataset = datasets::get(&mut sql, upload.dataset_id.as_str()).await?;
        (upload, dataset.profile.fields)
    };
    if upload.state != UploadState::Reading {
        return Ok(json!({ "skipped": true }));
    }
    let pieces = Pieces::of(&ctx.app, &id).await?;
    let name = upload.name.clone();
    let work = move || find(&pieces, &name, layout.as_ref(), &known);
    let found = tokio::task::spawn_blocking(work).await;
    let found = found.unwrap_or_else(|error| Err(Error::internal(error)));
    let mut tx = ctx.begin().await?;
    match found {
        Ok((mut found, samples)) => {
            grade(&ctx.app, &mut found, &samples);
            store::set_found(&mut tx, &id, &found).await?;
            if auto {
                load_all(&mut tx, &id, &found).await?;
            }
            tx.commit().await?;
            Ok(json!({ "rows": found.rows, "columns": found.columns.len() }))
        }
        // What is wrong with the file is told where the file is; the job did its work.
        Err(error) if error.status().is_client_error() => {
            store::set_problem(&mut tx, &id, UploadState::Failed, error.detail()).await?;
            tx.commit().await?;
            Ok(json!({ "failed": error.code() }))
        }
        Err(error) if ctx.last => {
            store::set_problem(&mut tx, &id, UploadState::Failed, &our_fault()).await?;
            tx.commit().await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Goes on to loading every column, which stops where a row cannot be taken.
async fn load_all(tx: &mut Tx, id: &UploadId, found: &Found) -> Result<()> {
    let wanted = found.all(true, false);
    store::step(tx, id, &[UploadState::Read], UploadState::Loading).await?;
    store::set_wanted(tx, id, &wanted).await?;
    jobs::enqueue(tx, &LOAD, &Payload::of(id)).await.map(|_| ())
}

pub(super) fn shown(row: &Row<'_>, reason: Text) -> Reject {
    let short = |cell: &String| cell.replace('\0', "␀").chars().take(SHOWN_CHARS).collect();
    Reject {
        line: i64::try_from(row.line).unwrap_or(i64::MAX),
        reason,
        cells: row.cells.iter().take(60).map(short).collect(),
    }
}

fn find(
    pieces: &Pieces,
    name: &str,
    wanted: Option<&Layout>,
    known: &[Field],
) -> Result<(Found, Vec<Vec<String>>)> {
    let open = || Ok(pieces.open());
    let mut head = [0; 8];
    let n = reading::bytes::fill(&mut pieces.open(), &mut head)?;
    let format = reading::format_of(name, &head[..n])?;
    let layout = reading::detect(&open, format, wanted)?;
    let mut columns = Columns::new(layout.columns.len());
    columns.texts(&reading::declared_texts(&open, &layout)?);
    let (mut rows, mut faulty) = (0, 0);
    let (mut faults, mut sample) = (Vec::new(), Vec::new());
    let mut values = vec![Vec::new(); layout.columns.len()];
    reading::rows(&open, &layout, &mut |row| {
        rows += 1;
        if let Some(reason) = row.fault.clone() {
            faulty += 1;
            if faults.len() < FAULTS_SHOWN {
                faults.push(shown(&row, reason));
            }
            return Ok(());
        }
        columns.look(row.cells);
        if sample.len() < SAMPLE_ROWS {
            let short = |cell: &String| cell.chars().take(SHOWN_CHARS).collect();
            sample.push(row.cells.iter().map(short).collect());
        }
        if rows <= LOOKED_AT as i64 {
            for (values, cell) in values.iter_mut().zip(row.cells) {
                if !cell.is_empty() {
                    values.push(cell.chars().take(SHOWN_CHARS).collect());
                }
            }
        }
        Ok(())
    })?;
    let found = Found {
        columns: columns.profiles(&layout.columns, known),
        layout,
        rows,
        faulty,
        faults,
        sample,
    };
    Ok((found, values))
}

/// How sure a finding must be to grade a field.
const SURE: f64 = 0.5;

/// Grades what somebody knows to be sensitive. A field the dataset has keeps its officer's grade.
fn grade(app: &App, found: &mut Found, samples: &[Vec<String>]) {
    for (profile, values) in found.columns.iter_mut().zip(samples) {
        if profile.field.class.is_some() {
            continue;
        }
        let cells: Vec<&str> = values.iter().map(String::as_str).collect();
        let sample = ColumnSample {
            name: &profile.field.name,
            title: &profile.column,
            cells: &cells,
        };
        let findings = app.classify().classify(sample);
        let Some(finding) = findings.into_iter().find(|f| f.confidence >= SURE) else {
            continue;
        };
        let field = &mut profile.field;
        field.grade = field.grade.max(i64::from(finding.grade.number()));
        field.otherwise = field.otherwise.take().or_else(|| masked(finding.kind));
        field.class = class(finding.kind);
    }
}

fn class(kind: Sensitive) -> Option<String> {
    let word = serde_json::to_value(kind).ok()?;
    word.as_str().map(str::to_owned)
}

/// How values of a kind are usually shown to those who may not see them whole.
fn masked(kind: Sensitive) -> Option<Treatment> {
    let (keep_first, keep_last) = match kind {
        Sensitive::ResidentId => (6, 0),
        Sensitive::Mobile => (3, 4),
        Sensitive::BankCard => (4, 4),
        Sensitive::Passport | Sensitive::PersonName => (1, 0),
        Sensitive::Plate | Sensitive::Email => (2, 0),
        Sensitive::Address => (6, 0),
        // It names an enterprise, and is public by law.
        Sensitive::CreditCode => return None,
    };
    Some(Treatment::Mask {
        keep_first,
        keep_last,
    })
}
