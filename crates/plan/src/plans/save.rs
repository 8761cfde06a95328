//! Writing a checked bundle into the records: units, the edition, its layers, programmes and
//! goals; measures and indicators follow in `save_items`.

use std::collections::BTreeMap;

use tianyuan_kernel::App;
use tianyuan_kernel::args;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind};

use super::save_items::{save_indicators, save_measures};
use super::{GoalId, LayerId, Plan, PlanId, ProgrammeId, store};
use crate::bundle::{GoalEntry, LayerEntry, PlanBundle, PlanHead, ProgrammeEntry, UnitEntry};

/// Writes a checked bundle: a new edition, or over `old` (whose bundle is `before`), keeping ids
/// and everything recorded. Answers the edition's id. Writes units' facts and baselines' facts;
/// the edition's own fact is the caller's.
pub(crate) async fn save(
    app: &App,
    tx: &mut Tx,
    bundle: &PlanBundle,
    old: Option<(&Plan, &PlanBundle)>,
    by: Option<String>,
) -> Result<PlanId> {
    let empty = PlanBundle::default();
    let before = old.map_or(&empty, |(_, bundle)| bundle);
    let head = bundle
        .plan
        .as_ref()
        .ok_or_else(|| Error::internal("unchecked bundle"))?;
    let units = save_units(app, tx, &bundle.units).await?;
    let id = match old {
        Some((plan, _)) => {
            update_head(app, tx, &plan.id, head, bundle).await?;
            plan.id.clone()
        }
        None => insert_head(app, tx, head, bundle).await?,
    };
    let layers = save_layers(app, tx, &id, &bundle.layers).await?;
    let programmes = save_programmes(app, tx, &id, &bundle.programmes, &layers).await?;
    save_measures(
        app,
        tx,
        &id,
        (&bundle.measures, &before.measures),
        &programmes,
        &units,
    )
    .await?;
    save_goals(app, tx, &id, &bundle.goals).await?;
    let indicators = (&*bundle.indicators, &*before.indicators);
    save_indicators(app, tx, &id, indicators, &units, by).await?;
    Ok(id)
}

/// Adds or updates units; answers all units by name.
async fn save_units(
    app: &App,
    tx: &mut Tx,
    entries: &[UnitEntry],
) -> Result<BTreeMap<String, UnitId>> {
    let known = party::all(tx).await?;
    let mut names: BTreeMap<String, UnitId> = known
        .iter()
        .map(|u| (u.name.clone(), u.id.clone()))
        .collect();
    let groups_last = |group: bool| {
        entries
            .iter()
            .filter(move |e| (e.kind == UnitKind::Group) == group)
    };
    for entry in groups_last(false).chain(groups_last(true)) {
        let same = known
            .iter()
            .find(|u| u.code == entry.code)
            .or_else(|| known.iter().find(|u| u.name == entry.name));
        let mut members: Vec<UnitId> = entry
            .members
            .iter()
            .filter_map(|m| names.get(m).cloned())
            .collect();
        members.sort();
        let unit = Unit {
            id: same.map_or_else(|| UnitId::new(app), |u| u.id.clone()),
            code: same.map_or(&entry.code, |u| &u.code).clone(),
            name: entry.name.clone(),
            name_en: entry.name_en.clone(),
            kind: entry.kind,
            members,
            version: same.map_or(1, |u| u.version),
        };
        names.insert(unit.name.clone(), unit.id.clone());
        match same {
            None => party::insert(tx, &unit).await?,
            Some(known) if *known != unit => drop(party::update(tx, unit).await?),
            Some(_) => {}
        }
    }
    Ok(names)
}

async fn insert_head(
    app: &App,
    tx: &mut Tx,
    head: &PlanHead,
    bundle: &PlanBundle,
) -> Result<PlanId> {
    let id = PlanId::new(app);
    let now = app.now();
    tx.execute(
        "INSERT INTO plan_editions (id, code, title, title_en, edition, state, period_from, \
         period_to, summary_zh, summary_en, pattern, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13)",
        args![
            &id,
            &head.code,
            &head.title,
            &head.title_en,
            &head.edition,
            head.state.as_str(),
            head.period_from.to_string(),
            head.period_to.to_string(),
            &head.summary.zh,
            &head.summary.en,
            serde_json::to_string(&bundle.pattern)?,
            now,
            now,
        ],
    )
    .await?;
    Ok(id)
}

async fn update_head(
    app: &App,
    tx: &mut Tx,
    id: &PlanId,
    head: &PlanHead,
    bundle: &PlanBundle,
) -> Result<()> {
    tx.execute(
        "UPDATE plan_editions SET title = $2, title_en = $3, edition = $4, state = $5, \
         period_from = $6, period_to = $7, summary_zh = $8, summary_en = $9, pattern = $10, \
         version = version + 1, updated_at = $11 WHERE id = $1",
        args![
            id,
            &head.title,
            &head.title_en,
            &head.edition,
            head.state.as_str(),
            head.period_from.to_string(),
            head.period_to.to_string(),
            &head.summary.zh,
            &head.summary.en,
            serde_json::to_string(&bundle.pattern)?,
            app.now(),
        ],
    )
    .await?;
    Ok(())
}

/// A position as stored, from 1.
pub(crate) fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX - 1) + 1
}

async fn save_layers(
    app: &App,
    tx: &mut Tx,
    plan: &PlanId,
    layers: &[LayerEntry],
) -> Result<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    for (i, layer) in layers.iter().enumerate() {
        let row = tx
            .one(
                "INSERT INTO plan_layers (id, plan_id, code, title, title_en, summary_zh, \
                 summary_en, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (plan_id, code) DO UPDATE SET title = excluded.title, \
                 title_en = excluded.title_en, summary_zh = excluded.summary_zh, \
                 summary_en = excluded.summary_en, position = excluded.position RETURNING id",
                args![
                    LayerId::new(app),
                    plan,
                    &layer.code,
                    &layer.title,
                    &layer.title_en,
                    &layer.summary.zh,
                    &layer.summary.en,
                    position(i),
                ],
            )
            .await?;
        ids.insert(layer.code.clone(), row.text("id")?);
    }
    for old in store::layers(tx, plan).await? {
        if !ids.contains_key(&old.code) {
            tx.execute("DELETE FROM plan_layers WHERE id = $1", args![old.id])
                .await?;
        }
    }
    Ok(ids)
}

async fn save_programmes(
    app: &App,
    tx: &mut Tx,
    plan: &PlanId,
    programmes: &[ProgrammeEntry],
    layers: &BTreeMap<String, String>,
) -> Result<BTreeMap<i64, String>> {
    let mut ids = BTreeMap::new();
    for (i, programme) in programmes.iter().enumerate() {
        let layer = layers
            .get(&programme.layer)
            .ok_or_else(|| Error::internal("layer"))?;
        let row = tx
            .one(
                "INSERT INTO plan_programmes (id, plan_id, number, title, title_en, layer_id, \
                 focus_zh, focus_en, objective_zh, objective_en, position) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                 ON CONFLICT (plan_id, number) DO UPDATE SET title = excluded.title, \
                 title_en = excluded.title_en, layer_id = excluded.layer_id, \
                 focus_zh = excluded.focus_zh, focus_en = excluded.focus_en, \
                 objective_zh = excluded.objective_zh, objective_en = excluded.objective_en, \
                 position = excluded.position RETURNING id",
                args![
                    ProgrammeId::new(app),
                    plan,
                    programme.number,
                    &programme.title,
                    &programme.title_en,
                    layer,
                    &programme.focus.zh,
                    &programme.focus.en,
                    &programme.objective.zh,
                    &programme.objective.en,
                    position(i),
                ],
            )
            .await?;
        ids.insert(programme.number, row.text("id")?);
    }
    for old in store::programmes(tx, plan).await? {
        if !ids.contains_key(&old.number) {
            tx.execute("DELETE FROM plan_programmes WHERE id = $1", args![old.id])
                .await?;
        }
    }
    Ok(ids)
}

async fn save_goals(app: &App, tx: &mut Tx, plan: &PlanId, goals: &[GoalEntry]) -> Result<()> {
    let mut ids = Vec::new();
    for (i, goal) in goals.iter().enumerate() {
        let row = tx
            .one(
                "INSERT INTO plan_goals (id, plan_id, goal_key, position, programme_number, \
                 measure_number, indicator_number, name, name_en, value, unit, due, comparison, \
                 kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
                 ON CONFLICT (plan_id, goal_key) DO UPDATE SET position = excluded.position, \
                 indicator_number = excluded.indicator_number, name_en = excluded.name_en, \
                 value = excluded.value, unit = excluded.unit, due = excluded.due, \
                 comparison = excluded.comparison, kind = excluded.kind RETURNING id",
                args![
                    GoalId::new(app),
                    plan,
                    goal.key(),
                    position(i),
                    goal.programme,
                    goal.measure,
                    goal.indicator,
                    &goal.name,
                    &goal.name_en,
                    goal.value,
                    &goal.unit,
                    goal.due.to_string(),
                    goal.comparison.as_str(),
                    goal.kind.as_str(),
                ],
            )
            .await?;
        ids.push(row.text("id")?);
    }
    for old in store::goals(tx, plan).await? {
        if !ids.iter().any(|id| id == old.id.as_str()) {
            tx.execute("DELETE FROM plan_goals WHERE id = $1", args![&old.id])
                .await?;
        }
    }
    Ok(())
}
