//! Uploads: a file on its way into a dataset. It comes in pieces that can be resumed, is read to
//! find its layout and its fields, checked against the fields somebody settled on, and becomes a
//! version; each step is a job, and nothing of it is seen by readers before the last.
//!
//! Invariant: what was acknowledged of a file is durable; a file becomes a version whole or not
//! at all; a row that is left out is kept with its reason.

pub mod api;
mod check;
pub(crate) use check::Value;
pub(crate) mod load;
pub(crate) mod pieces;
pub(crate) mod read;
mod seen;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::jobs::{JobKind, Schedule};
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use crate::datasets::{DatasetId, Field};
use crate::quality::Quality;
use crate::reading::Layout;
use crate::reading::infer::Profile;
use crate::words::vocabulary;

tianyuan_kernel::id!(UploadId, "upload", "A file on its way into a dataset.");

/// A file was announced.
pub const BEGUN: Kind = Kind::new(
    "upload.begun",
    Log::Material,
    "开始上传数据",
    "Upload begun",
)
.staff();
/// A file arrived whole.
pub const RECEIVED: Kind = Kind::new(
    "upload.received",
    Log::Material,
    "收到数据文件",
    "Upload received",
)
.staff();
/// A file was to be read again in another way.
pub const REREAD: Kind = Kind::new(
    "upload.reread",
    Log::Material,
    "按新设置重读文件",
    "Upload to be read again",
)
.staff();
/// A file was to be checked or loaded.
pub const LOADING: Kind = Kind::new(
    "upload.loading",
    Log::Material,
    "校验或入库数据文件",
    "Upload to be loaded",
)
.staff();
/// A file was thrown away.
pub const DISCARDED: Kind = Kind::new(
    "upload.discarded",
    Log::Material,
    "放弃上传",
    "Upload discarded",
)
.staff();
pub(crate) const KINDS: [Kind; 5] = [BEGUN, RECEIVED, REREAD, LOADING, DISCARDED];

/// Most bytes of a file.
pub const FILE_BYTES_MAX: i64 = 8 << 30;
/// Most bytes of one piece.
pub const PIECE_BYTES_MAX: usize = 16 << 20;
/// Uploads of a dataset that may be under way.
pub const UNDER_WAY_MAX: i64 = 20;
/// Days after which an upload that became nothing is thrown away.
const KEPT_DAYS: i64 = 14;

vocabulary! {
    /// Where an upload stands.
    UploadState {
        /// Pieces are coming.
        Receiving = "receiving", "上传中", "Receiving";
        /// All there; being read.
        Reading = "reading", "识别中", "Being read";
        /// Its layout and fields were found.
        Read = "read", "待确认字段", "Fields found";
        /// Being checked or loaded.
        Loading = "loading", "校验入库中", "Being loaded";
        /// Checked; waits for a decision.
        Checked = "checked", "已校验", "Checked";
        /// A version was made of it.
        Loaded = "loaded", "已入库", "Loaded";
        /// It cannot be read.
        Failed = "failed", "无法读取", "Failed";
        /// Thrown away.
        Discarded = "discarded", "已放弃", "Discarded";
    }
}

/// A row that cannot be taken, with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reject {
    /// Its line or row in the file.
    pub line: i64,
    /// Why.
    pub reason: Text,
    /// What stands there.
    pub cells: Vec<String>,
}

/// What was found in a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UploadFound)]
pub struct Found {
    /// How it is laid out.
    pub layout: Layout,
    /// Its columns and the fields they could become.
    pub columns: Vec<Profile>,
    /// Its rows below the header.
    pub rows: i64,
    /// Rows that cannot be read at all.
    pub faulty: i64,
    /// Some of those.
    pub faults: Vec<Reject>,
    /// Its first rows.
    pub sample: Vec<Vec<String>>,
}

/// What is to become of a file: which column fills which field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Fields in order, each with the column that fills it. Columns that no field names are left
    /// out.
    #[schema(min_items = 1, max_items = 400)]
    pub fields: Vec<ColumnField>,
    /// Make it the dataset's next version when it passes; otherwise only check it.
    #[serde(default)]
    pub publish: bool,
    /// Go on without the rows that cannot be taken.
    #[serde(default)]
    pub accept_rejects: bool,
}

/// A field and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnField {
    /// The column, as named in the layout.
    #[schema(max_length = 200)]
    pub column: String,
    /// The field.
    pub field: Field,
}

/// What a check found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// Rows that can be taken.
    pub accepted: i64,
    /// Rows that cannot.
    pub rejected: i64,
    /// Some of those; all of them (up to 100,000) are at `/rejects`.
    pub rejects: Vec<Reject>,
    /// Its quality.
    pub quality: Quality,
}

/// A file on its way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The dataset.
    pub dataset_id: DatasetId,
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: i64,
    /// What has arrived; the next piece begins there.
    pub received_bytes: i64,
    /// Where it stands.
    pub state: UploadState,
    /// What was found in it.
    pub found: Option<Found>,
    /// What is to become of it.
    pub wanted: Option<Wanted>,
    /// What the check found.
    pub checked: Option<Checked>,
    /// Why it cannot be read or loaded.
    pub problem: Option<Text>,
    /// The version it became.
    pub version_number: Option<i64>,
    /// When it was announced.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
    #[serde(skip)]
    pub(crate) rejects_key: Option<String>,
    #[serde(skip)]
    pub(crate) created_by: Option<String>,
}

impl Found {
    /// Every column as the field it could become.
    #[must_use]
    pub fn all(&self, publish: bool, accept_rejects: bool) -> Wanted {
        let field = |profile: &Profile| ColumnField {
            column: profile.column.clone(),
            field: profile.field.clone(),
        };
        Wanted {
            fields: self.columns.iter().map(field).collect(),
            publish,
            accept_rejects,
        }
    }
}

impl Payload {
    pub(crate) fn of(upload: &UploadId) -> Self {
        Self {
            upload: upload.to_string(),
            layout: None,
            auto: false,
        }
    }
}

/// What a job of an upload is given.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    upload: String,
    #[serde(default)]
    layout: Option<Layout>,
    /// Load what was found without asking, if every row can be taken.
    #[serde(default)]
    auto: bool,
}

/// Finds layout and fields of a file that arrived.
pub const READ: JobKind = JobKind {
    name: "chain.read_upload",
    title: Text2 {
        zh: "识别数据文件",
        en: "Read an uploaded file",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move {
            let payload = serde_json::from_value(ctx.payload.clone())?;
            read::run(&ctx, payload).await
        })
    },
};

/// Checks a file, and makes a version of it when that is wanted.
pub const LOAD: JobKind = JobKind {
    name: "chain.load_upload",
    title: Text2 {
        zh: "校验并入库数据文件",
        en: "Check and load an uploaded file",
    },
    attempts_max: 3,
    run: |ctx| {
        Box::pin(async move {
            let payload = serde_json::from_value(ctx.payload.clone())?;
            load::run(&ctx, payload).await
        })
    },
};

/// Throws away what became nothing.
pub const COLLECT: JobKind = JobKind {
    name: "chain.collect_uploads",
    title: Text2 {
        zh: "清理过期的上传文件",
        en: "Collect old uploads",
    },
    attempts_max: 3,
    run: |ctx| Box::pin(pieces::collect(ctx)),
};

/// When it does.
pub const SCHEDULE: Schedule = Schedule {
    kind: COLLECT.name,
    every_s: 6 * 3_600,
};

/// What somebody who waits is told when the node itself fails for the last time.
fn our_fault() -> Text {
    Text::new(
        "节点处理这个文件时出错，已不再重试。请重新识别或再传一次；仍不行请联系运维人员。",
        "The node failed on this file and does not try again. Have it read again or send it once more; if that fails too, tell the operator.",
    )
}

/// The columns' places, by name.
fn places(layout: &Layout) -> BTreeMap<&str, usize> {
    let columns = layout.columns.iter().enumerate();
    columns.map(|(i, name)| (name.as_str(), i)).collect()
}
