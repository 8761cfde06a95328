//! The sample datasets of the district (样例数据集), for `--demo`: files as officials meet them,
//! brought in by a job through the same steps as a file an officer brings.
//!
//! Each is marked as a sample, so none of their rows counts as opened. They are asked for once in
//! a node's life: what somebody withdraws stays withdrawn.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tianyuan_kernel::jobs::{self, JobCtx, JobKind};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::party::{self, UnitRef};
use tianyuan_kernel::prelude::*;

use crate::datasets::api::{NewDataset, enter, publish_now};
use crate::datasets::{self, Dataset, Profile};
use crate::uploads::api::{NewUpload, begin, note_piece, settle_on};
use crate::uploads::{Payload, Upload, UploadState, load, pieces, read, store};

const MANIFEST: &str = include_str!("../../../demo/datasets/datasets.toml");

macro_rules! sample_files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../demo/datasets/", $name)) as &[u8])),+]
    };
}

/// The samples' files, by name.
const FILES: &[(&str, &[u8])] = sample_files![
    "air-quality-daily.csv",
    "bus-stops.csv",
    "culture-venues.xlsx",
    "new-companies.txt",
    "river-water.csv",
    "car-parks.json",
    "produce-prices.ndjson",
    "open-data-use.csv",
    "road-works.tsv",
    "power-use-by-town.xlsx",
    "talent-allowances.csv",
    "home-care.xlsx",
    "hotline-tickets.txt",
    "charging-points.csv",
];

/// Steps from an announced file to its version, and one more.
const STEPS_MAX: usize = 6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    datasets: Vec<Sample>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    file: String,
    code: String,
    /// Code of the unit that provides it.
    unit: String,
    outcome: Outcome,
    /// Rows that cannot be taken.
    rejects: i64,
    /// The profile without its unit.
    profile: toml::Table,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// In the catalogue, with the rows that can be taken.
    Published,
    /// Its file waits for a decision about the rows that cannot be taken.
    Draft,
}

impl Sample {
    fn all() -> Result<Vec<Self>> {
        let manifest: Manifest = toml::from_str(MANIFEST).map_err(Error::internal)?;
        Ok(manifest.datasets)
    }

    fn bytes(&self) -> Result<&'static [u8]> {
        let found = FILES.iter().find(|(name, _)| *name == self.file);
        found
            .map(|(_, bytes)| *bytes)
            .ok_or_else(|| Error::internal(format!("there is no sample file {}", self.file)))
    }

    fn profile(&self, unit: &UnitRef) -> Result<Profile> {
        let mut profile = self.profile.clone();
        profile.insert("unit_id".to_owned(), unit.id.as_str().into());
        profile.insert("sample".to_owned(), true.into());
        profile.try_into().map_err(Error::internal)
    }
}

/// Brings the samples in.
pub const BRING: JobKind = JobKind {
    name: "chain.bring_samples",
    title: Text2 {
        zh: "载入示例数据集",
        en: "Bring in the sample datasets",
    },
    attempts_max: 3,
    run: |ctx| Box::pin(bring(ctx)),
};

/// Asks for the sample datasets; answers false where that was done before.
///
/// # Errors
/// When the database refuses.
pub async fn ask(app: &App) -> Result<bool> {
    let mut tx = Tx::begin(app, None).await?;
    let insert = "INSERT INTO node_settings (name, value) VALUES ('demo_datasets', 'asked') \
                  ON CONFLICT (name) DO NOTHING";
    if tx.execute(insert, args![]).await? != 1 {
        return Ok(false);
    }
    jobs::enqueue(&mut tx, &BRING, &json!({})).await?;
    tx.commit().await?;
    Ok(true)
}

async fn bring(ctx: JobCtx) -> Result<Value> {
    let samples = Sample::all()?;
    let units = party::all(&mut ctx.app.db().read().await?).await?;
    let units: BTreeMap<&str, UnitRef> =
        units.iter().map(|u| (u.code.as_str(), u.into())).collect();
    for sample in &samples {
        let unit = units.get(sample.unit.as_str()).ok_or_else(|| {
            let (code, unit) = (&sample.code, &sample.unit);
            Error::internal(format!("the sample {code} names no unit: {unit}"))
        })?;
        bring_one(&ctx, sample, unit).await?;
    }
    Ok(json!({ "datasets": samples.len() }))
}

/// Goes on from wherever a run that was cut off had come to.
async fn bring_one(ctx: &JobCtx, sample: &Sample, unit: &UnitRef) -> Result<()> {
    let dataset = entry(ctx, sample, unit).await?;
    for _ in 0..STEPS_MAX {
        let upload = upload(ctx, sample, &dataset).await?;
        let payload = Payload::of(&upload.id);
        match upload.state {
            UploadState::Receiving => send(ctx, sample, upload).await?,
            UploadState::Reading => drop(read::run(ctx, payload).await?),
            UploadState::Read if upload.problem.is_none() => {
                settle(ctx, sample, &upload, &dataset).await?;
            }
            UploadState::Checked if sample.outcome == Outcome::Draft => {
                return as_foretold(sample, &upload);
            }
            UploadState::Loading | UploadState::Checked => drop(load::run(ctx, payload).await?),
            UploadState::Loaded => {
                as_foretold(sample, &upload)?;
                let mut tx = ctx.begin().await?;
                let mut dataset = datasets::store::get(&mut tx, dataset.id.as_str()).await?;
                publish_now(&mut tx, &mut dataset).await?;
                return tx.commit().await;
            }
            UploadState::Read | UploadState::Failed | UploadState::Discarded => {
                let (file, why) = (&sample.file, upload.problem.unwrap_or_default().en);
                return Err(Error::internal(format!("the sample {file}: {why}")));
            }
        }
    }
    let file = &sample.file;
    Err(Error::internal(format!("the sample {file} does not end")))
}

async fn entry(ctx: &JobCtx, sample: &Sample, unit: &UnitRef) -> Result<Dataset> {
    let mut tx = ctx.begin().await?;
    if let Some(dataset) = datasets::store::find(&mut tx, &sample.code).await? {
        return Ok(dataset);
    }
    let profile = sample.profile(unit)?;
    datasets::check(&profile)?;
    let new = NewDataset {
        code: Some(sample.code.clone()),
        profile,
    };
    let dataset = enter(&mut tx, unit.clone(), new).await?;
    tx.commit().await?;
    Ok(dataset)
}

/// The dataset's file on its way; announced if it is not.
async fn upload(ctx: &JobCtx, sample: &Sample, dataset: &Dataset) -> Result<Upload> {
    let mut tx = ctx.begin().await?;
    let page = Page::default();
    let known = store::list(&mut tx, &dataset.id, &page).await?;
    if let Some(upload) = known.into_iter().next() {
        return Ok(upload);
    }
    let new = NewUpload {
        name: sample.file.clone(),
        size_bytes: i64::try_from(sample.bytes()?.len()).unwrap_or(i64::MAX),
    };
    let upload = begin(&mut tx, dataset, new).await?;
    tx.commit().await?;
    Ok(upload)
}

async fn send(ctx: &JobCtx, sample: &Sample, upload: Upload) -> Result<()> {
    let bytes = sample.bytes()?;
    let key = pieces::keep(&ctx.app, &upload.id, bytes.into()).await?;
    let mut tx = ctx.begin().await?;
    let size = upload.size_bytes;
    note_piece(&mut tx, upload, size, &key).await?;
    tx.commit().await
}

async fn settle(ctx: &JobCtx, sample: &Sample, upload: &Upload, dataset: &Dataset) -> Result<()> {
    let Some(found) = &upload.found else {
        return Err(Error::internal("an upload was read and nothing found"));
    };
    let wanted = found.all(true, sample.outcome == Outcome::Published);
    let mut tx = ctx.begin().await?;
    settle_on(&mut tx, upload, dataset, &wanted).await?;
    tx.commit().await
}

fn as_foretold(sample: &Sample, upload: &Upload) -> Result<()> {
    let rejected = upload.checked.as_ref().map(|c| c.rejected);
    if rejected == Some(sample.rejects) {
        return Ok(());
    }
    let (file, told) = (&sample.file, sample.rejects);
    let words = format!("{told} rows of {file} cannot be taken; found {rejected:?}");
    Err(Error::internal(words))
}
