//! The five ledgers (五链): every fact of the journal becomes a leaf of one of them, and whoever
//! keeps a checkpoint can prove that nothing was changed afterwards.
//!
//! ```text
//! journal ──cursor, one transaction──▶ leaves ──▶ tiles ──▶ root by CAS ──▶ signed checkpoint
//! ```
//! What a leaf says is told in the kernel's `journal::leaf`. Start reading at `worker` (the
//! stages), then [`receipt`] (what a stranger checks). Formats and proofs are [`tianyuan_ledger`]'s.
//!
//! Invariants: the cursor over the journal and the leaves advance in one transaction, so every
//! fact has exactly one leaf in a ledger; a root advances by compare-and-swap in the database,
//! whoever holds the lease; a checkpoint is signed after that, and only when the tree contains
//! everything the memory beside the key says was signed.

mod api;
pub mod cli;
mod keys;
mod leaf;
mod open;
pub mod receipt;
mod records;
mod rotation;
mod store;
#[cfg(test)]
mod tests;
mod witness;
mod worker;

use futures::future::BoxFuture;
use tianyuan_kernel::http::events::fact_entity;
use tianyuan_kernel::journal::{self, FactId, Kind, Log};
use tianyuan_kernel::prelude::{Entity, Result};
use tianyuan_kernel::{App, Text};

pub(crate) use api::routes;
pub use open::Ledgers;
pub use witness::problems;
pub use worker::{integrate, start};

/// A ledger's key was replaced; one checkpoint carries both signatures.
pub const KEY_ROTATED: Kind = Kind::new(
    "ledger.key_rotated",
    Log::Supervision,
    "更换链的密钥",
    "Ledger key rotated",
);

/// A ledger whose tail was lost goes on under a new origin.
pub const SUCCEEDED: Kind = Kind::new(
    "ledger.succeeded",
    Log::Supervision,
    "链以新来源接续",
    "Ledger continued under a new origin",
);

/// A ledger as policies see it: anybody may look.
pub(crate) fn entity(log: Log) -> Entity {
    Entity::new("Ledger", log.name()).public_if(true)
}

/// A ledger by its name.
pub(crate) fn named(name: &str) -> Option<Log> {
    Log::ALL.into_iter().find(|log| log.name() == name)
}

pub(crate) fn find<'a>(_: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move { Ok(named(id).map(entity)) })
}

pub(crate) fn find_fact<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let id = FactId::from_stored(id.to_owned());
        let fact = journal::fact(&mut app.db().read().await?, &id).await?;
        Ok(fact.map(|fact| fact_entity(app, &fact)))
    })
}

fn no_such_ledger(name: &str) -> tianyuan_kernel::Error {
    let names = Log::ALL.map(Log::name).join(", ");
    tianyuan_kernel::Error::invalid(
        "ledger_unknown",
        "log",
        Text::of(
            format!("没有名为 {name} 的链；可用：{names}。"),
            format!("There is no ledger {name}; there are: {names}."),
        ),
    )
}
