//! Values of a file on its way, for those who did not bring it. A preview is an exit like any
//! other: the question the gate asks about rows decides here too, and who sees values leaves a
//! fact. Who brought the file knows what is in it.

use serde_json::json;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{ReleaseQuestion, Ruling};
use tianyuan_lake::supervision::RELEASED;

use super::{Upload, UploadState};
use crate::datasets::{Dataset, Field, table};

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
    let withheld = withheld(ctx, dataset, &upload).await?;
    let mut upload = upload;
    if let Some(found) = &mut upload.found {
        for row in &mut found.sample {
            for (cell, _) in row.iter_mut().zip(&withheld).filter(|(_, w)| **w) {
                "***".clone_into(cell);
            }
        }
        for (column, _) in found.columns.iter_mut().zip(&withheld).filter(|(_, w)| **w) {
            column.examples.clear();
        }
    }
    if withheld.contains(&true) {
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
    if withheld(ctx, dataset, upload).await?.contains(&true) {
        return Err(Error::forbidden("Release", "Dataset", dataset.id.as_str()));
    }
    note(ctx, dataset, upload, "rejects").await
}

/// Which columns of the file the caller may not have as they are: each counts as the strictest
/// of what was found, what was decided, and what the dataset says.
async fn withheld(ctx: &Ctx, dataset: &Dataset, upload: &Upload) -> Result<Vec<bool>> {
    let Some(found) = &upload.found else {
        return Ok(vec![true]);
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
    let names = asked.profile.fields.iter().map(|f| f.name.as_str());
    Ok(match ruling {
        Ruling::Denied => names.map(|_| true).collect(),
        Ruling::Released(released) => names.map(|n| !released.treatment(n).shows()).collect(),
    })
}

async fn note(ctx: &Ctx, dataset: &Dataset, upload: &Upload, exit: &str) -> Result<()> {
    let body = json!({ "exit": exit, "upload": upload.id, "dataset": dataset.id });
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    tx.record(&RELEASED, dataset.id.as_str(), &body).await?;
    tx.commit().await
}
