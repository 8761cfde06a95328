//! Importing an edition: everything that is wrong is told, what would change is shown, and it is
//! applied as a whole or not at all.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::App;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, FieldError, Result};
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::party;
use tianyuan_kernel::text::Text;

use super::load::{Units, load};
use super::save::save;
use super::save_items::nature_changes;
use super::{PLAN_IMPORTED, PLAN_UPDATED, Plan, PlanCounts, PlanId, store};
use crate::bundle::check::check;
use crate::bundle::compare::{Differences, Matching, compare};
use crate::bundle::read::{Located, Read};
use crate::bundle::tidy::tidy;
use crate::bundle::{Fault, Origin, PlanBundle, Table};
use crate::words::PlanState;
use crate::{indicators, values};

/// An import that was looked at, ready to be applied.
pub(crate) struct Prepared {
    pub(crate) bundle: PlanBundle,
    pub(crate) old: Option<(Plan, PlanBundle)>,
    pub(crate) differences: Differences,
}

/// Tidies and checks a bundle that was read, and compares it with the edition of its code.
///
/// # Errors
/// The inner error lists everything that is wrong, placed; the outer one is the database's.
pub(crate) async fn prepare(
    sql: &mut dyn Sql,
    read: Read,
) -> Result<Result<Prepared, Vec<Located>>> {
    let (mut bundle, origin) = match read {
        Ok(read) => read,
        Err(faults) => return Ok(Err(faults)),
    };
    tidy(&mut bundle);
    let names: BTreeSet<String> = party::all(sql)
        .await?
        .into_iter()
        .map(|unit| unit.name)
        .collect();
    let mut faults = check(&bundle, &names);
    let code = bundle
        .plan
        .as_ref()
        .map(|p| p.code.clone())
        .unwrap_or_default();
    let old = match store::by_code(sql, &code).await? {
        Some(plan) => {
            let before = load(sql, &plan, Units::All).await?;
            faults.extend(refuse_nature_changes(sql, &plan.id, &before, &bundle).await?);
            Some((plan, before))
        }
        None => None,
    };
    if !faults.is_empty() {
        return Ok(Err(located(&faults, &origin)));
    }
    let empty = PlanBundle::default();
    let before = old.as_ref().map_or(&empty, |(_, before)| before);
    let differences = compare(before, &bundle, Matching::ByNumber);
    Ok(Ok(Prepared {
        bundle,
        old,
        differences,
    }))
}

fn located(faults: &[Fault], origin: &Origin) -> Vec<Located> {
    faults
        .iter()
        .map(|fault| Located::of(fault, origin))
        .collect()
}

/// An indicator with reported values keeps its nature: their periods would no longer fit.
async fn refuse_nature_changes(
    sql: &mut dyn Sql,
    plan: &PlanId,
    before: &PlanBundle,
    after: &PlanBundle,
) -> Result<Vec<Fault>> {
    let changes = nature_changes(before, after);
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = indicators::store::all(sql, plan).await?;
    let mut faults = Vec::new();
    for (index, number) in changes {
        let Some(row) = rows.iter().find(|r| r.number == number) else {
            continue;
        };
        if values::store::any_reported(sql, &row.id).await? {
            faults.push(Fault {
                table: Table::Indicators,
                index: Some(index),
                field: "nature".to_owned(),
                code: "nature_fixed",
                detail: Text::new(
                    "该指标已有填报数值，不能再改变性质（流量、存量、水平）；请以新序号另立指标。",
                    "Values were reported for this indicator, so its nature cannot change; \
                     add a new indicator under a new number.",
                ),
            });
        }
    }
    Ok(faults)
}

#[derive(Serialize)]
struct Imported<'a> {
    code: &'a str,
    title: &'a str,
    edition: &'a str,
    state: PlanState,
    /// SHA-256 of the edition as canonical-order JSON, so that a copy can be held against it.
    sha256: String,
    counts: PlanCounts,
    /// What changed; sealed, for its size.
    differences: &'a Differences,
}

/// Applies a prepared import and records its fact. An import that changes nothing records
/// nothing.
pub(crate) async fn apply(
    app: &App,
    tx: &mut Tx,
    prepared: &Prepared,
    by: Option<String>,
) -> Result<Plan> {
    let Prepared {
        bundle,
        old,
        differences,
    } = prepared;
    if let Some((plan, _)) = old
        && differences.is_empty()
    {
        return Ok(plan.clone());
    }
    let before = old.as_ref().map(|(plan, before)| (plan, before));
    let id = save(app, tx, bundle, before, by).await?;
    let plan = store::get(tx, &id).await?;
    let kind = if old.is_some() {
        &PLAN_UPDATED
    } else {
        &PLAN_IMPORTED
    };
    let fact = Imported {
        code: &plan.code,
        title: &plan.title,
        edition: &plan.edition,
        state: plan.state,
        sha256: digest(bundle)?,
        counts: plan.counts,
        differences,
    };
    tx.record(kind, id.as_str(), &fact).await?;
    Ok(plan)
}

fn digest(bundle: &PlanBundle) -> Result<String> {
    let canonical = serde_json::to_vec(bundle)?;
    Ok(Sha256::digest(canonical)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// One problem answer for everything that is wrong.
pub(crate) fn refused(faults: &[Located], workbook: bool) -> Error {
    let count = faults.len();
    let words = Text::of(
        format!("导入内容有 {count} 处错误，未导入任何内容。"),
        format!("{count} things are wrong; nothing was imported."),
    );
    let fields: Vec<FieldError> = faults
        .iter()
        .map(|f| FieldError {
            field: f.spot.path(workbook),
            code: f.code,
            detail: f.detail.clone(),
        })
        .collect();
    let first = fields.first().map(|f| f.field.clone()).unwrap_or_default();
    Error::invalid("import_refused", first, words).with_fields(fields)
}
