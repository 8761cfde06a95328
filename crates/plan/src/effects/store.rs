//! SQL of evaluations.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::list::Page;

use super::{Effect, EffectId};
use crate::indicators::IndicatorId;
use crate::plans::PlanId;
use crate::stored::date;

const EFFECT: &str = "SELECT f.id AS id, f.plan_id AS plan_id, f.indicator_id AS indicator_id, \
    i.number AS number, i.name AS name, i.name_en AS name_en, i.unit AS unit, \
    i.decimals AS decimals, f.at AS at, f.event AS event, f.note AS note, f.result AS result, \
    f.created_at AS created_at, f.fact_id AS fact_id \
    FROM plan_effects f JOIN plan_indicators i ON i.id = f.indicator_id";

fn effect(row: &Row) -> Result<Effect> {
    Ok(Effect {
        id: EffectId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        indicator_id: IndicatorId::from_stored(row.text("indicator_id")?),
        indicator_number: row.int("number")?,
        indicator_name: row.text("name")?,
        indicator_name_en: row.text("name_en")?,
        unit: row.text("unit")?,
        decimals: row.int("decimals")?,
        at: date(row, "at")?,
        event: row.text("event")?,
        note: row.text("note")?,
        result: serde_json::from_str(&row.text("result")?)?,
        created_at: row.time("created_at")?,
        fact_id: row.text("fact_id")?,
    })
}

/// One page of an edition's evaluations, the newest first.
pub(crate) async fn list(sql: &mut dyn Sql, plan: &PlanId, page: &Page) -> Result<Vec<Effect>> {
    let select = Select::new(EFFECT)
        .and("f.plan_id = ?", plan)
        .and_all("f.removed_at IS NULL", vec![])
        .page(page, &["f.id"], true, "f.id DESC");
    sql.select(select).await?.iter().map(effect).collect()
}

/// One evaluation.
pub(crate) async fn get(sql: &mut dyn Sql, id: &EffectId) -> Result<Effect> {
    let select = Select::new(EFFECT)
        .and("f.id = ?", id)
        .and_all("f.removed_at IS NULL", vec![]);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), effect)
}

/// How many evaluations of an indicator stand.
pub(crate) async fn standing(sql: &mut dyn Sql, indicator: &IndicatorId) -> Result<i64> {
    let count = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM plan_effects \
                 WHERE indicator_id = $1 AND removed_at IS NULL";
    sql.one(count, args![indicator]).await?.int("n")
}

/// Keeps an evaluation.
pub(crate) async fn insert(sql: &mut dyn Sql, effect: &Effect, by: Option<&str>) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_effects (id, plan_id, indicator_id, at, event, note, result, \
         created_at, created_by, fact_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            &effect.id,
            &effect.plan_id,
            &effect.indicator_id,
            effect.at.to_string(),
            &effect.event,
            &effect.note,
            serde_json::to_string(&effect.result)?,
            effect.created_at,
            by,
            &effect.fact_id,
        ],
    )
    .await
    .map(|_| ())
}

/// Removes an evaluation; false when it was gone already.
pub(crate) async fn remove(sql: &mut dyn Sql, id: &EffectId, at: Micros) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_effects SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
            args![id, at],
        )
        .await?;
    Ok(changed == 1)
}
