//! Before a dataset opens to everybody (开放前的去标识化检查): are the people in it hidden among
//! each other? Its identifying fields are looked at together, in the form in which they would
//! leave; groups smaller than the node's `opening.k_min`, or with fewer sensitive values than
//! `opening.l_min`, hold the opening up, and coarser forms that would do are proposed.
//!
//! Invariant: a dataset with identifying fields opens, and an open one gets other rows or fields,
//! only after the rows that readers will get have passed.

pub mod api;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::Treatment;
use tianyuan_lake::anonymity::table::{self as anonymity, Found, Question};
use tianyuan_lake::arrow::array::RecordBatch;
use tianyuan_lake::query::Asker;
use tianyuan_lake::supervision::Exit;
use tianyuan_lake::{VersionId, tables};
use utoipa::ToSchema;

use crate::datasets::{Dataset, Profile, fields, store, table};
use crate::words::{DatasetState, FieldExposure, Opening};

/// How reads of the check are named where releases are noted.
const EXIT: Exit = Exit::uncounted("disclosure_check");

/// A small group.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosureGroup {
    /// Its rows.
    pub size: u64,
    /// Its values, by identifying field, as they would leave.
    pub values: BTreeMap<String, Option<String>>,
    /// Different values of each sensitive field in it, by field.
    pub distinct: BTreeMap<String, u64>,
}

/// What would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosureProposal {
    /// How each identifying field would leave.
    pub treatments: BTreeMap<String, Treatment>,
    /// What it costs: 0 nothing, 1 everything about these fields.
    pub loss: f64,
    /// Rows of the smallest group then.
    pub k: u64,
    /// Groups then.
    pub groups: u64,
}

/// How well people are hidden among each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct Disclosure {
    /// The version looked at.
    pub version: i64,
    /// Its rows.
    pub rows: u64,
    /// Rows each group must have.
    pub k_wanted: u64,
    /// Sensitive values each group must have.
    pub l_wanted: u64,
    /// Identifying fields that leave.
    pub identifying: Vec<String>,
    /// Sensitive fields that leave.
    pub sensitive: Vec<String>,
    /// Identifying or sensitive fields that would not leave: they tell nobody anything.
    pub left_out: Vec<String>,
    /// Groups of rows that look alike.
    pub groups: u64,
    /// Rows of the smallest group.
    pub k: u64,
    /// Rows in groups that are too small.
    pub rows_below: u64,
    /// The fewest different values of any group, by sensitive field.
    pub l: BTreeMap<String, u64>,
    /// True when every group is large and varied enough.
    pub holds: bool,
    /// The smallest groups, up to 20.
    pub worst: Vec<DisclosureGroup>,
    /// Coarser forms that would do; null when it holds, when they were not asked for, or when
    /// there are none.
    pub proposal: Option<DisclosureProposal>,
}

/// What the fields of a profile say is asked, at the node's limits.
pub(crate) fn question(app: &App, profile: &Profile, propose: bool) -> Question {
    let named = |exposure| {
        let fields = profile.fields.iter().filter(|f| f.exposure == exposure);
        fields.map(|f| f.name.clone()).collect()
    };
    let places = fields::places(&profile.fields);
    let limits = &app.config().opening;
    Question {
        identifying: named(FieldExposure::Identifying),
        sensitive: named(FieldExposure::Sensitive),
        places: places
            .map(|(x, y)| vec![x.name.clone(), y.name.clone()])
            .unwrap_or_default(),
        k: limits.k_min,
        l: limits.l_min,
        propose,
    }
}

/// Looks at a version of a dataset; `None` while it has no rows.
pub(crate) async fn look(
    ctx: &Ctx,
    dataset: &Dataset,
    question: Question,
    version: Option<(VersionId, i64)>,
) -> Result<Option<Disclosure>> {
    let Some(current) = &dataset.current else {
        return Ok(None);
    };
    let mut stored = table::of(dataset);
    stored.current = tables::store::table(&mut ctx.read().await?, dataset.id.as_str())
        .await?
        .current;
    let asker = Asker {
        who: ctx.who.clone(),
        address: ctx.address,
        purpose: String::new(),
        exit: EXIT,
    };
    let number = version.as_ref().map_or(current.number, |v| v.1);
    let version = version.as_ref().map(|v| &v.0);
    let names = anonymity::named(&question);
    let rows = anonymity::read(&ctx.app, &asker, &stored, version, &names).await?;
    let Some(rows) = rows else {
        return Ok(None);
    };
    let (k, l) = (question.k, question.l);
    let found = of_rows(&ctx.app, &stored, rows, question).await?;
    Ok(found.map(|found| told(found, &names, number, k, l)))
}

/// Looks at rows that are no version yet.
pub(crate) async fn of_rows(
    app: &App,
    table: &tianyuan_lake::Table,
    rows: RecordBatch,
    question: Question,
) -> Result<Option<Found>> {
    let Some(released) = anonymity::form_when_open(app, table).await? else {
        return Ok(None);
    };
    let app = app.clone();
    let work = move || anonymity::look(&app, &rows, &released, &question);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
        .map(Some)
}

fn told(found: Found, asked: &[String], version: i64, k: u64, l: u64) -> Disclosure {
    let Found {
        identifying,
        sensitive,
        assessment,
        ..
    } = &found;
    let by = |names: &[String], values: &[u64]| -> BTreeMap<String, u64> {
        names.iter().cloned().zip(values.iter().copied()).collect()
    };
    let worst = found.worst.iter().filter(|seen| {
        seen.size < k || seen.distinct.iter().any(|&d| d < l) || assessment.holds(k, l)
    });
    let group = |seen: &anonymity::Seen| DisclosureGroup {
        size: seen.size,
        values: identifying
            .iter()
            .cloned()
            .zip(seen.values.iter().cloned())
            .collect(),
        distinct: by(sensitive, &seen.distinct),
    };
    let leaves = |name: &String| identifying.contains(name) || sensitive.contains(name);
    let proposal = found.proposal.as_ref();
    Disclosure {
        version,
        rows: found.rows,
        k_wanted: k,
        l_wanted: l,
        left_out: asked.iter().filter(|n| !leaves(n)).cloned().collect(),
        groups: assessment.groups,
        k: assessment.k,
        rows_below: assessment.rows_below,
        l: by(sensitive, &assessment.l),
        holds: identifying.is_empty() || assessment.holds(k, l),
        worst: worst.map(group).collect(),
        proposal: proposal.map(|(treatments, proposal)| DisclosureProposal {
            treatments: identifying
                .iter()
                .cloned()
                .zip(treatments.iter().cloned())
                .collect(),
            loss: proposal.loss,
            k: proposal.assessment.k,
            groups: proposal.assessment.groups,
        }),
        identifying: identifying.clone(),
        sensitive: sensitive.clone(),
    }
}

/// Says that people could be told apart: the smallest group has `least` rows, and `below` rows
/// are in groups that are too small.
pub(crate) fn refusal(least: u64, below: u64, k: u64, l: u64) -> Error {
    let words = if least < k {
        text!(
            "有 {below} 行所在的组不足 {k} 行（最小的组 {least} 行），能认出具体的人，不能向所有人开放。",
            "{below} rows are in groups of fewer than {k} (the smallest has {least}): people could be told apart, so it does not open to everybody."
        )
    } else {
        text!(
            "有的组里敏感字段的取值不足 {l} 种，等于公开了其中的人，不能向所有人开放。",
            "Some groups hold fewer than {l} values of a sensitive field, which tells it of everyone in them, so it does not open to everybody."
        )
    };
    Error::conflict("groups_too_small", words).hint(Text::new(
        "在“共享与开放”里运行检查，按建议把字段概括得粗一些，或改为有条件开放。",
        "Run the check under sharing and opening, make fields coarser as proposed, or open it on conditions.",
    ))
}

/// That what was looked at is what opens: given out by [`before_opening`], asked for by whoever
/// opens.
#[derive(Debug)]
pub(crate) struct Passed {
    version: i64,
    current: Option<i64>,
}

impl Passed {
    /// An entry that has no rows to look at.
    pub(crate) fn empty(dataset: &Dataset) -> Self {
        Self {
            version: dataset.version,
            current: None,
        }
    }

    /// The same after a change of the entry in the transaction that looked it up.
    pub(crate) fn after(&self, dataset: &Dataset) -> Self {
        Self {
            version: dataset.version,
            current: self.current,
        }
    }

    /// # Errors
    /// 409 when the entry or its rows changed since they were looked at.
    pub(crate) fn still(&self, dataset: &Dataset) -> Result<()> {
        let current = dataset.current.as_ref().map(|c| c.number);
        if self.version == dataset.version && self.current == current {
            return Ok(());
        }
        let words = Text::new(
            "检查期间有人改动了这个数据集，请再试一次。",
            "Somebody changed this dataset while it was looked at; try again.",
        );
        Err(Error::conflict("changed_meanwhile", words))
    }
}

/// Looks at what would be open after an operation: `profile` in place of the present one, and
/// `publish` when it comes into the catalogue. Before the transaction begins, since reading takes
/// its time. Who may not publish learns nothing here; the operation refuses them.
///
/// # Errors
/// 409 `groups_too_small` when people could be told apart.
pub(crate) async fn before_opening(
    ctx: &Ctx,
    key: &str,
    profile: Option<&Profile>,
    publish: bool,
) -> Result<Passed> {
    let dataset = store::get(&mut ctx.read().await?, key).await?;
    look_before(ctx, dataset, profile, publish, None).await
}

/// The same for an older version that is to be the current one again.
pub(crate) async fn before_restoring(
    ctx: &Ctx,
    dataset: Dataset,
    profile: &Profile,
    version: (VersionId, i64),
) -> Result<Passed> {
    look_before(ctx, dataset, Some(profile), false, Some(version)).await
}

async fn look_before(
    ctx: &Ctx,
    dataset: Dataset,
    profile: Option<&Profile>,
    publish: bool,
    version: Option<(VersionId, i64)>,
) -> Result<Passed> {
    let passed = Passed {
        version: dataset.version,
        current: dataset.current.as_ref().map(|c| c.number),
    };
    let mut then = dataset.clone();
    if let Some(profile) = profile {
        then.profile = profile.clone();
    }
    let published = publish || dataset.state == DatasetState::Published;
    let opens = published && then.profile.opening == Opening::Unconditional;
    let same = dataset.is_open() && then.profile == dataset.profile && version.is_none();
    if !opens || same || !ctx.can(Action::Publish, &dataset) {
        return Ok(passed);
    }
    let question = question(&ctx.app, &then.profile, false);
    if question.identifying.is_empty() {
        return Ok(passed);
    }
    let (k, l) = (question.k, question.l);
    if let Some(found) = look(ctx, &then, question, version).await?
        && !found.holds
    {
        return Err(refusal(found.k, found.rows_below, k, l));
    }
    Ok(passed)
}
