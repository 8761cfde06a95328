//! SQL of decisions.

use tianyuan_kernel::args;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::super::rounds::{Clause, RoundId};
use super::super::topics::TopicId;
use super::super::words::Outcome;
use super::{Decision, DecisionId};
use crate::stored::word;

const DECISION: &str = "SELECT d.id AS id, d.round_id AS round_id, d.topic_id AS topic_id, \
    d.outcome AS outcome, d.reason AS reason, d.measure_number AS measure_number, \
    d.section AS section, d.wording AS wording, d.answer AS answer, \
    d.published_at AS published_at, d.decided_at AS decided_at, m.title AS clause_title, \
    (SELECT CAST(COALESCE(SUM(o.copies), 0) AS BIGINT) FROM plan_opinions o \
     WHERE o.decision_id = d.id) AS opinions \
    FROM plan_opinion_decisions d JOIN plan_rounds r ON r.id = d.round_id \
    LEFT JOIN plan_measures m ON m.plan_id = r.plan_id AND m.number = d.measure_number";

/// Only decisions that still cover something.
const IN_FORCE: &str = "EXISTS (SELECT 1 FROM plan_opinions o WHERE o.decision_id = d.id)";

fn decision(row: &Row) -> Result<Decision> {
    Ok(Decision {
        id: DecisionId::from_stored(row.text("id")?),
        round_id: RoundId::from_stored(row.text("round_id")?),
        topic_id: row.text_opt("topic_id")?.map(TopicId::from_stored),
        outcome: word(row, "outcome", Outcome::read)?,
        reason: row.text("reason")?,
        clause: Clause {
            measure: row.int_opt("measure_number")?,
            section: row.text("section")?,
        },
        clause_title: row.text_opt("clause_title")?,
        wording: row.text("wording")?,
        answer: row.text("answer")?,
        published_at: row.time_opt("published_at")?,
        decided_at: row.time("decided_at")?,
        opinions: row.int("opinions")?,
    })
}

/// One decision.
pub(crate) async fn get(sql: &mut dyn Sql, id: &DecisionId) -> Result<Decision> {
    let select = Select::new(DECISION).and("d.id = ?", id);
    let found = sql.select(select).await?;
    found
        .first()
        .map_or_else(|| Err(Error::not_found()), decision)
}

/// One page of a round's decisions in force, the latest first; those published only, on demand.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    round: &RoundId,
    published_only: bool,
    page: &Page,
) -> Result<Vec<Decision>> {
    let mut select = Select::new(DECISION)
        .and("d.round_id = ?", round)
        .and_all(IN_FORCE, vec![]);
    if published_only {
        select = select.and_all("d.published_at IS NOT NULL", vec![]);
    }
    let select = select.page(page, &["d.id"], true, "d.id DESC");
    sql.select(select).await?.iter().map(decision).collect()
}

/// Decisions of an edition in force that took something over and name the clause they change.
pub(crate) async fn changing(
    sql: &mut dyn Sql,
    plan: &crate::plans::PlanId,
    limit: i64,
) -> Result<Vec<Decision>> {
    let select = Select::new(DECISION)
        .and("r.plan_id = ?", plan)
        .and_all(
            "d.outcome <> 'declined' AND (d.measure_number IS NOT NULL OR d.section <> '')",
            vec![],
        )
        .and_all(IN_FORCE, vec![])
        .order_by("d.id")
        .limit(limit);
    sql.select(select).await?.iter().map(decision).collect()
}

/// Decisions of a round in force that took nothing over.
pub(crate) async fn declined(
    sql: &mut dyn Sql,
    round: &RoundId,
    limit: i64,
) -> Result<Vec<Decision>> {
    let select = Select::new(DECISION)
        .and("d.round_id = ?", round)
        .and("d.outcome = ?", Outcome::Declined.as_str())
        .and_all(IN_FORCE, vec![])
        .order_by("d.id")
        .limit(limit);
    sql.select(select).await?.iter().map(decision).collect()
}

/// Stores a decision.
pub(crate) async fn insert(sql: &mut dyn Sql, new: &Decision, by: Option<&str>) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_opinion_decisions (id, round_id, topic_id, outcome, reason, \
         measure_number, section, wording, answer, published_at, decided_at, decided_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            &new.id,
            &new.round_id,
            new.topic_id.as_ref().map(TopicId::as_str),
            new.outcome.as_str(),
            &new.reason,
            new.clause.measure,
            &new.clause.section,
            &new.wording,
            &new.answer,
            new.published_at,
            new.decided_at,
            by,
        ],
    )
    .await
    .map(|_| ())
}
