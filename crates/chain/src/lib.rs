//! 数链 `chain`: the catalogue of public data and what was done with it, provably: datasets, the
//! files people bring, search, and the five ledgers (五链): directory, identity, material, signing
//! and supervision.
//!
//! Start reading at [`datasets`] (what there is), then [`reading`] (files), [`search`], and
//! [`ledgers`]. Sharing and exchange come with later issues.

pub mod ckan;
pub mod datasets;
pub mod dcat;
pub mod demo;
pub mod disclosure;
pub mod erasures;
pub mod ledgers;
pub mod open;
pub mod quality;
pub mod reading;
pub mod rows;
pub mod search;
#[cfg(test)]
pub(crate) mod testing;
pub mod uploads;
pub mod versions;
pub mod words;

use std::sync::Arc;

use tianyuan_kernel::Room;

pub use ledgers::problems;

/// This room, for the node to compose.
#[must_use]
pub fn room() -> Room {
    Room::new("chain")
        .migrations(&[
            (
                "chain/0001_ledgers",
                include_str!("migrations/0001_ledgers.sql"),
            ),
            (
                "chain/0030_datasets",
                include_str!("migrations/0030_datasets.sql"),
            ),
            (
                "chain/0031_uploads",
                include_str!("migrations/0031_uploads.sql"),
            ),
            (
                "chain/0040_erasures",
                include_str!("migrations/0040_erasures.sql"),
            ),
        ])
        .kinds(&[ledgers::KEY_ROTATED, ledgers::SUCCEEDED])
        .kinds(&[
            datasets::CREATED,
            datasets::CHANGED,
            datasets::PUBLISHED,
            datasets::WITHDRAWN,
        ])
        .routes(ledgers::routes())
        .routes(datasets::api::routes())
        .routes(search::api::routes())
        .routes(uploads::api::routes())
        .routes(versions::api::routes())
        .routes(disclosure::api::routes())
        .routes(rows::api::routes())
        .routes(erasures::routes())
        .kinds(&erasures::KINDS)
        .jobs(&[erasures::ERASE])
        .kinds(&uploads::KINDS)
        .jobs(&[uploads::READ, uploads::LOAD, uploads::COLLECT])
        .jobs(&[demo::BRING])
        .schedules(&[uploads::SCHEDULE])
        .metrics(vec![open::OPEN_ROWS])
        .routes(open::routes())
        .routes(dcat::routes())
        .routes(ckan::routes())
        .find("Dataset", datasets::find)
        .state(Arc::new(search::Search::default()))
        .find("Ledger", ledgers::find)
        .find("Fact", ledgers::find_fact)
        .state(Arc::new(ledgers::Ledgers::default()))
}
