//! Composite indices (综合评价指数): how units and plans compare, with every choice that made the
//! comparison shown beside it and changeable, and a statement of how far it can be trusted.
//!
//! Start reading at [`rules::result`] (from matrix to ranking) and [`variables`] (what the
//! records say of each unit and plan).
//!
//! Invariant: a definition never changes without its fact in the same transaction; a result is a
//! function of inputs, choices and seed, and names their digest.

pub mod api;
pub(crate) mod demo;
pub mod kept;
pub mod params;
pub mod rules;
pub(crate) mod sheet;
pub(crate) mod source;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub mod variables;

use serde::Serialize;
use tianyuan_kernel::App;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::plans::PlanId;
use crate::words::vocabulary;
use rules::Matrix;
use rules::choices::{Choices, Weighting};
use rules::random::SEED_MAX;
use rules::result::IndexResult;
use rules::{ahp, result};

tianyuan_kernel::id!(IndexId, "index", "A composite index of an edition.");
tianyuan_kernel::id!(
    IndexResultId,
    "ranking",
    "A kept result of a composite index."
);

/// An index was defined.
pub const INDEX_CREATED: Kind = Kind::new(
    "index.created",
    Log::Material,
    "新建评价指数",
    "Index defined",
)
.open(&["plan", "name", "scope", "choices", "seed", "matrix_sha256"])
.staff();
/// An index's name or choices changed.
pub const INDEX_CHANGED: Kind = Kind::new(
    "index.changed",
    Log::Material,
    "修改评价指数",
    "Index changed",
)
.open(&["plan", "name", "scope", "choices", "seed"])
.staff();
/// An index was removed.
pub const INDEX_REMOVED: Kind = Kind::new(
    "index.removed",
    Log::Material,
    "删除评价指数",
    "Index removed",
)
.open(&["plan", "name"])
.staff();
/// A result was kept.
pub const RESULT_KEPT: Kind = Kind::new(
    "index.result_kept",
    Log::Material,
    "留存评价结果",
    "Index result kept",
)
.open(&["index", "name", "digest", "ranks"])
.staff();

/// Longest name, characters.
pub const NAME_CHARS_MAX: usize = 60;
/// Indices of one edition.
pub const INDICES_MAX: i64 = 50;
/// Kept results of one index.
pub const RESULTS_MAX: i64 = 100;
/// Results calculated at one time; others wait their turn.
const AT_ONCE: usize = 2;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

vocabulary! {
    /// What an index ranks, and from what.
    #[schema(as = IndexScope)]
    Scope {
        /// Responsible units, from the records.
        Unit = "unit", "责任单位";
        /// The plans of the edition (十三项行动计划), from the records.
        Programme = "programme", "行动计划";
        /// What a sheet lists, from its numbers.
        Upload = "upload", "上传的表格";
    }
}

/// A composite index as it is defined.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CompositeIndex {
    /// Its id.
    pub id: IndexId,
    /// Its edition.
    pub plan_id: PlanId,
    /// Its name.
    pub name: String,
    /// What it ranks.
    pub scope: Scope,
    /// The choices it is made by.
    pub choices: Choices,
    /// The seed of its draws.
    pub seed: i64,
    /// Grows with every change.
    pub version: i64,
    /// When it was defined.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// A new seed.
#[must_use]
pub fn seed(app: &App) -> i64 {
    i64::from_le_bytes(app.random::<8>()) & SEED_MAX
}

/// Checks a name.
///
/// # Errors
/// 422 naming the field.
pub fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    let size = name.chars().count();
    if size == 0 || size > NAME_CHARS_MAX {
        let words = text!(
            "名称应为 1 到 {NAME_CHARS_MAX} 个字符，收到 {size} 个。",
            "A name has 1 to {NAME_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("name_length", "name", words));
    }
    Ok(name.to_owned())
}

/// Checks choices for a matrix.
///
/// # Errors
/// 422 naming the first field that is wrong, all of them listed.
pub fn check_choices(choices: &Choices, matrix: &Matrix) -> Result<()> {
    let faults = choices.faults(matrix.variables.len());
    let Some((field, code, words)) = faults.first().cloned() else {
        return Ok(());
    };
    Err(Error::invalid(code, field, words))
}

/// Refuses judgements that contradict each other, unless that is meant.
///
/// # Errors
/// 422 `ahp_inconsistent`, naming the judgement furthest off.
pub fn check_consistent(choices: &Choices, matrix: &Matrix, accepted: bool) -> Result<()> {
    if accepted || choices.weighting != Weighting::Ahp {
        return Ok(());
    }
    let found = ahp::judge(&choices.pairs, matrix.variables.len());
    if found.consistent {
        return Ok(());
    }
    let names: Vec<Text> = matrix.variables.iter().map(|v| v.name.clone()).collect();
    let hint = Text::new(
        "请修改比较，或确认仍按此保存（accept_inconsistent）。",
        "Change the judgements, or confirm that they are meant (accept_inconsistent).",
    );
    let words = ahp::inconsistent(&found, &names);
    Err(Error::invalid("ahp_inconsistent", "choices.pairs", words).hint(hint))
}

/// Calculates a result beside the threads that answer requests.
///
/// # Errors
/// 422 when the choices do not fit; 409 `index_too_small` when there is too little to rank.
pub(crate) async fn calculate(
    gathered: source::Gathered,
    choices: Choices,
    seed: i64,
) -> Result<IndexResult> {
    check_choices(&choices, &gathered.matrix)?;
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        let source::Gathered { matrix, whole } = gathered;
        result::compute(&matrix, whole.as_deref(), &choices, seed)
    })
    .await
    .map_err(Error::internal)?
    .map_err(|words| Error::conflict("index_too_small", words))
}
