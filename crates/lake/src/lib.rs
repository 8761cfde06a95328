//! 数据湖 `lake`: tables of rows. A version is a set of immutable Parquet files on the node's
//! object store; SQL runs on DataFusion; every scan passes the release gate.
//!
//! Start reading at [`tables`] (what there is), then [`Lake`] (the engine), [`gate`] (what leaves
//! and in what form) and [`query`] (one SELECT a call).
//!
//! Invariant: no row leaves by any exit but through [`gate::Gated`].

pub mod anonymity;
mod collect;
pub mod diff;
pub mod engine;
pub mod erase;
pub mod failure;
pub mod files;
pub mod flight;
pub mod gate;
mod keys;
mod objects;
pub mod query;
pub mod rows;
pub mod stage;
pub mod supervision;
pub mod tables;
pub mod treat;

#[cfg(test)]
mod testing;

use std::sync::Arc;

use tianyuan_kernel::Room;

pub use arrow;
pub use engine::Lake;
pub use gate::{Gated, open};
pub use stage::{Options, Staged, stage};
pub use tables::{Field, Sharing, Table, Version, VersionId};

/// What the lake brings to the node.
#[must_use]
pub fn room() -> Room {
    Room::new("lake")
        .migrations(&[("lake/0001", include_str!("migrations/0001_lake.sql"))])
        .kinds(&tables::KINDS)
        .kinds(&supervision::KINDS)
        .routes(query::api::routes())
        .routes(files::routes())
        .jobs(&collect::jobs())
        .jobs(&[erase::DELETE])
        .schedules(&collect::schedules())
        .state(Arc::new(Lake::default()))
}
