//! 数链 `chain`: what was done can be proved. For now the five ledgers (五链): directory,
//! identity, material, signing and supervision.
//!
//! Start reading at [`ledgers`]. Catalogue, sharing and exchange come with later issues.

pub mod ledgers;

use std::sync::Arc;

use tianyuan_kernel::Room;

pub use ledgers::problems;

/// This room, for the node to compose.
#[must_use]
pub fn room() -> Room {
    Room::new("chain")
        .migrations(&[(
            "chain/0001_ledgers",
            include_str!("migrations/0001_ledgers.sql"),
        )])
        .kinds(&[ledgers::KEY_ROTATED, ledgers::SUCCEEDED])
        .routes(ledgers::routes())
        .find("Ledger", ledgers::find)
        .find("Fact", ledgers::find_fact)
        .state(Arc::new(ledgers::Ledgers::default()))
}
