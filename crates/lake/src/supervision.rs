//! Supervision of releases: a protected release is one fact, durable before its first byte; what
//! anybody may have is counted a minute and an exit.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::metrics::Class;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::{Rows, Treatment};

use crate::gate::Gated;
use crate::query::Asker;

/// Rows left in a form that not everybody gets.
pub const RELEASED: Kind = Kind::new(
    "data.released",
    Log::Supervision,
    "提供数据",
    "Data released",
);
pub(crate) const KINDS: [Kind; 1] = [RELEASED];

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its name in facts and counts: `rest`, `csv`, `xlsx`, `sql`, `flight`, `file`, `ckan`, …
    pub name: &'static str,
    /// A stranger's GET there is already counted by the HTTP layer.
    pub counted: bool,
}

impl Exit {
    /// SQL over HTTP.
    pub const SQL: Self = Self::uncounted("sql");
    /// Arrow Flight SQL.
    pub const FLIGHT: Self = Self::uncounted("flight");
    /// Parquet files by signed address.
    pub const FILE: Self = Self::uncounted("file");
    /// The rows API.
    pub const REST: Self = Self {
        name: "rest",
        counted: true,
    };

    /// An exit whose reads nobody else counts.
    #[must_use]
    pub const fn uncounted(name: &'static str) -> Self {
        Self {
            name,
            counted: false,
        }
    }
}

/// What leaves.
pub struct Release<'a> {
    /// The tables it comes from, in the form they leave.
    pub tables: Vec<&'a Gated>,
    /// The statement, where there is one; the fact holds its digest, as statements name people.
    pub sql: Option<&'a str>,
}

/// Records a release, or counts it when anybody would get the same. To be called before the
/// first byte leaves.
///
/// # Errors
/// When the fact cannot be made durable: then nothing may leave.
pub async fn note(app: &App, asker: &Asker, release: &Release<'_>) -> Result<()> {
    if release.tables.is_empty() {
        return Ok(());
    }
    let signed_in = asker.who.is_signed_in();
    if release.tables.iter().all(|t| t.is_open()) {
        if signed_in || !asker.exit.counted {
            let class = if signed_in {
                Class::SignedIn
            } else {
                Class::Stranger
            };
            app.metrics()
                .count_open_read(app.now(), asker.exit.name, class);
        }
        return Ok(());
    }
    let tables: Vec<_> = release.tables.iter().map(|t| described(t)).collect();
    let body = json!({
        "exit": asker.exit.name,
        "purpose": asker.purpose,
        "tables": tables,
        "sql_sha256": release.sql.map(|sql| hex::encode(Sha256::digest(sql))),
    });
    let subject = release.tables[0].table.id.clone();
    let mut tx = Tx::begin(app, asker.who.id.clone()).await?;
    tx.record(&RELEASED, &subject, &body).await?;
    tx.commit().await
}

/// Which version, in which form.
fn described(table: &Gated) -> serde_json::Value {
    let treated: BTreeMap<&String, &Treatment> = table
        .released
        .fields
        .iter()
        .filter(|(_, treatment)| !treatment.shows())
        .collect();
    json!({
        "dataset": table.table.id,
        "version": table.version.id,
        "number": table.version.number,
        "form": table.form(),
        "treated": treated,
        "all_rows": table.released.rows == Rows::All,
    })
}
