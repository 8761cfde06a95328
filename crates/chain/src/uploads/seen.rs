//! Values of a file on its way, for those who did not bring it. A preview is an exit like any
//! other: the question the gate asks about rows decides here too, and who sees values leaves a
//! fact. Who brought the file knows what is in it.

use serde_json::json;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{ReleaseQuestion, Ruling};
use tianyuan_lake::supervision::RELEASED;

use super::{Upload, UploadState, Value};
use crate::datasets::{Dataset, Field, table};
use crate::words::FieldType;

fn brought(ctx: &Ctx, upload: &Upload) -> bool {
    ctx.who.id.is_some() && upload.created_by == ctx.who.id
}

/// An upload without values of its file, unless the caller brought it.
pub(super) fn without_values(ctx: &Ctx, mut upload: Upload) -> Upload {
    if !brought(ctx, &upload) {
        if let Some(found) = &mut upload.found {
            found.sample.clear();
            found.faults.clear();
            found.columns.iter_mut().for_each(|c| c.examples.clear());
        }
        if let Some(checked) = &mut upload.checked {
            checked.rejects.clear();
        }
    }
    upload
}

/// An upload with the values the caller may have; noted before they leave.
pub(super) async fn with_values(ctx: &Ctx, dataset: &Dataset, upload: Upload) -> Result<Upload> {
    if brought(ctx, &upload) || upload.found.is_none() {
        return Ok(upload);
    }
    if matches!(upload.state, UploadState::Reading | UploadState::Loading) {
        // Asked for again and again until it is done.
        return Ok(without_values(ctx, upload));
    }
    let columns = columns(ctx, dataset, &upload).await?;
    let mut upload = upload;
    if columns.contains(&None) {
        // What does not fit its column may belong into one that is withheld.
        let shows = |kind: &Option<FieldType>, cell: &str| {
            kind.is_some_and(|kind| Value::read(cell, kind).is_some())
        };
        if let Some(found) = &mut upload.found {
            for (cell, kind) in found
                .sample
                .iter_mut()
                .flat_map(|row| row.iter_mut().zip(&columns))
            {
                if !shows(kind, cell.as_str()) {
                    "***".clone_into(cell);
                }
            }
            for (column, kind) in found.columns.iter_mut().zip(&columns) {
                column
                    .examples
                    .retain(|example| shows(kind, example.as_str()));
            }
        }
        // Cells of rows that do not fit may stand in any column, and reasons quote them.
        let faults = upload.found.iter_mut().flat_map(|f| &mut f.faults);
        let rejects = upload.checked.iter_mut().flat_map(|c| &mut c.rejects);
        for reject in faults.chain(rejects) {
            reject.cells.clear();
            reject.reason = Text::new(
                "这一行不能入库；其中有您无权查看的字段。",
                "The row cannot be taken; it holds fields that are not for you.",
            );
        }
    }
    note(ctx, dataset, &upload, "preview").await?;
    Ok(upload)
}

/// Rejected rows leave whole or not at all.
pub(super) async fn rejects(ctx: &Ctx, dataset: &Dataset, upload: &Upload) -> Result<()> {
    if brought(ctx, upload) {
        return Ok(());
    }
    if columns(ctx, dataset, upload).await?.contains(&None) {
        return Err(Error::forbidden("Release", "Dataset", dataset.id.as_str()));
    }
    note(ctx, dataset, upload, "rejects").await
}

/// The columns of the file in order, with the types of those which the caller may have as they
/// are: each is graded as the strictest of what was found, what was decided, and what the dataset
/// says.
async fn columns(ctx: &Ctx, dataset: &Dataset, upload: &Upload) -> Result<Vec<Option<FieldType>>> {
    let Some(found) = &upload.found else {
        return Ok(vec![None]);
    };
    let wanted = |column: &str| {
        let mut fields = upload.wanted.iter().flat_map(|w| &w.fields);
        fields.find(|f| f.column == column).map(|f| &f.field)
    };
    let of_dataset = |column: &str, name: &str| {
        let mut fields = dataset.profile.fields.iter();
        fields.find(|f| f.name == name || f.title == column)
    };
    let graded = |(place, column): (usize, &crate::reading::infer::Profile)| {
        let wanted = wanted(&column.column);
        let name = wanted.map_or(&column.field.name, |f| &f.name);
        let of_dataset = of_dataset(&column.column, name);
        let known = [Some(&column.field), wanted, of_dataset]
            .into_iter()
            .flatten();
        Field {
            name: format!("column_{place}"),
            grade: known.map(|f| f.grade).max().unwrap_or(4),
            otherwise: None,
            kind: wanted.unwrap_or(&column.field).kind,
            ..column.field.clone()
        }
    };
    let mut asked = dataset.clone();
    asked.profile.fields = found.columns.iter().enumerate().map(graded).collect();
    let table = table::of(&asked).protected();
    let question = ReleaseQuestion {
        who: &ctx.who,
        purpose: "",
        table: &table,
    };
    let ruling = ctx.app.release().rule(&ctx.app, question).await?;
    let shows = |field: &Field| match &ruling {
        Ruling::Denied => false,
        Ruling::Released(released) => released.treatment(&field.name).shows(),
    };
    let fields = asked.profile.fields.iter();
    Ok(fields.map(|f| shows(f).then_some(f.kind)).collect())
}

async fn note(ctx: &Ctx, dataset: &Dataset, upload: &Upload, exit: &str) -> Result<()> {
    let body = json!({ "exit": exit, "upload": upload.id, "dataset": dataset.id });
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    tx.record(&RELEASED, dataset.id.as_str(), &body).await?;
    tx.commit().await
}
