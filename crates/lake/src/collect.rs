//! Collects objects of the lake that belong to nothing: uploads that were given up, versions that
//! were never published because the node stopped in between, retired versions, old materialised
//! files. Grace is longer than any upload takes.

use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde_json::json;
use tianyuan_kernel::App;
use tianyuan_kernel::Result;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::jobs::{JobKind, Schedule};
use tianyuan_kernel::journal::Text2;

use crate::failure::of_store;
use crate::stage::FOLDER;
use crate::tables::store;

/// Hours before an object that belongs to nothing is collected.
pub(crate) const GRACE_HOURS: i64 = 24;
/// Hours for which the files of a retired version stay, for readers who began before.
const RETIRED_HOURS: i64 = 1;
/// Days after which a materialised file is made anew when it is asked for again.
const RELEASED_DAYS: i64 = 7;

const COLLECT: JobKind = JobKind {
    name: "lake.collect",
    title: Text2 {
        zh: "清理不属于任何版本的数据文件",
        en: "Collect data files that belong to no version",
    },
    attempts_max: 3,
    run: |ctx| Box::pin(async move { Ok(json!({ "collected": collect(&ctx.app).await? })) }),
};

pub(crate) fn jobs() -> [JobKind; 1] {
    [COLLECT]
}

pub(crate) fn schedules() -> [Schedule; 1] {
    [Schedule {
        kind: COLLECT.name,
        every_s: 6 * 3_600,
    }]
}

/// Deletes what nothing has; answers how many objects.
pub(crate) async fn collect(app: &App) -> Result<u64> {
    let mut tx = Tx::begin(app, None).await?;
    let old = app.now().plus_seconds(-RELEASED_DAYS * 86_400);
    store::forget_released(&mut tx, old).await?;
    let long_retired = app.now().plus_seconds(-RETIRED_HOURS * 3_600);
    store::forget_retired(&mut tx, long_retired).await?;
    tx.commit().await?;
    let before = app.now().plus_seconds(-GRACE_HOURS * 3_600);
    let objects = app.files().store();
    let folder = Path::from(FOLDER);
    let mut listed = objects.list(Some(&folder));
    let mut collected = 0;
    while let Some(object) = listed.try_next().await.map_err(of_store)? {
        let old = object.last_modified.timestamp_micros() < before.0;
        let key = object.location.to_string();
        if old && !store::is_used(&mut app.db().read().await?, &key).await? {
            objects.delete(&object.location).await.map_err(of_store)?;
            collected += 1;
        }
    }
    Ok(collected)
}
