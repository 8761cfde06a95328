//! The schedule over HTTP.

use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::store::MilestoneRow;
use super::{
    DEPENDENCIES_MAX, DEPENDENCY_ADDED, DEPENDENCY_REMOVED, Dependency, MILESTONE_ADDED,
    MILESTONE_CHANGED, MILESTONE_REMOVED, Milestone, MilestoneId, PER_MEASURE_MAX, check, ring,
    store,
};
use crate::directory::Directory;
use crate::measures::{self, Measure, MeasureId};
use crate::periods::{self, ReportingPeriod};
use crate::plans::{self, PlanId};
use crate::reports::MeasureRef;
use crate::words::MeasureState;

/// The routes of the schedule.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(get_schedule))
        .signed_in(routes!(list_milestones, add_milestone))
        .signed_in(routes!(patch_milestone, remove_milestone))
        .signed_in(routes!(add_dependency))
        .signed_in(routes!(remove_dependency))
}

/// A measure on the schedule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduledMeasure {
    /// The measure.
    #[serde(flatten)]
    pub measure: MeasureRef,
    /// Its programme's number.
    pub programme: i64,
    /// How far it has come.
    pub state: MeasureState,
    /// Its milestones, by day.
    pub milestones: Vec<Milestone>,
    /// The numbers of the measures it needs first.
    pub needs: Vec<i64>,
}

/// An edition's schedule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Schedule {
    /// First day of the edition.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Every measure, by number.
    pub measures: Vec<ScheduledMeasure>,
    /// The reporting periods, for their deadlines.
    pub periods: Vec<ReportingPeriod>,
}

/// The schedule of an edition: milestones, dependencies and deadlines.
#[utoipa::path(get, path = "/api/v1/plans/{id}/schedule", tag = "follow-up",
    params(("id" = PlanId, Path)),
    responses((status = 200, body = Schedule), Problems))]
async fn get_schedule(ctx: Ctx, PathId(id): PathId<PlanId>) -> Result<Json<Schedule>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &plan)?;
    periods::api::staff(&ctx)?;
    let today = ctx.app.now().date();
    let milestones = super::milestones(&mut sql, &plan.id, today).await?;
    let needs = store::dependencies(&mut sql, &plan.id).await?;
    let measures = measures::store::all(&mut sql, &plan.id).await?;
    let of = |number: i64| -> Vec<Milestone> {
        let mine = milestones.iter().filter(|m| m.measure.number == number);
        mine.cloned().collect()
    };
    let measures = measures
        .into_iter()
        .map(|m| ScheduledMeasure {
            programme: m.programme.1,
            state: m.state,
            milestones: of(m.number),
            needs: needs
                .iter()
                .filter(|d| d.measure == m.number)
                .map(|d| d.needs)
                .collect(),
            measure: MeasureRef {
                id: m.id,
                number: m.number,
                title: m.title,
                title_en: m.title_en,
            },
        })
        .collect();
    Ok(Json(Schedule {
        from: plan.period.from,
        to: plan.period.to,
        measures,
        periods: periods::list(&mut sql, &plan.id).await?,
    }))
}

/// Milestones and sub-tasks of a measure, by day.
#[utoipa::path(get, path = "/api/v1/measures/{id}/milestones", tag = "follow-up",
    params(("id" = MeasureId, Path), PageParams),
    responses((status = 200, body = List<Milestone>), Problems))]
async fn list_milestones(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    page: Page,
) -> Result<Json<List<Milestone>>> {
    let mut sql = ctx.read().await?;
    let measure = measures::get(&mut sql, &id).await?;
    ctx.allow(Action::View, &measure)?;
    periods::api::staff(&ctx)?;
    let directory = Directory::load(&mut sql).await?;
    let rows = store::list(&mut sql, &measure.plan_id, Some(&id), &page).await?;
    let today = ctx.app.now().date();
    let key = |r: &MilestoneRow| vec![Json_::from(r.due.to_string()), Json_::from(r.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |row| {
        row.view(&directory, today)
    })))
}

/// A milestone to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMilestone {
    /// What is to be there, at most 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// When work on it begins.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub starts: Option<Date>,
    /// When it is due.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// When it was done.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub done_at: Option<Date>,
    /// Who sees to it; one of the measure's units.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// The milestone whose sub-task it is.
    #[serde(default)]
    pub parent_id: Option<MilestoneId>,
    /// A remark, at most 1,000 characters.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
}

/// Adds a milestone or sub-task to a measure.
#[utoipa::path(post, path = "/api/v1/measures/{id}/milestones", tag = "follow-up",
    params(("id" = MeasureId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewMilestone,
    responses((status = 201, body = Milestone, headers(("ETag" = String))), Problems))]
async fn add_milestone(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    Json(new): Json<NewMilestone>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let measure = measures::get(&mut tx, &id).await?;
    ctx.allow(Action::Record, &measure)?;
    let have = usize::try_from(store::count(&mut tx, &id).await?).unwrap_or(usize::MAX);
    if have >= PER_MEASURE_MAX {
        let words = text!(
            "一项举措最多 {PER_MEASURE_MAX} 个节点。",
            "A measure has at most {PER_MEASURE_MAX} milestones."
        );
        return Err(Error::conflict("milestones_too_many", words));
    }
    if let Some(parent) = &new.parent_id {
        check_parent(&mut tx, parent, &id).await?;
    }
    let today = ctx.app.now().date();
    let mut one = Milestone {
        id: MilestoneId::new(&ctx.app),
        measure: measure_ref(&measure),
        parent_id: new.parent_id,
        title: new.title.trim().to_owned(),
        starts: new.starts,
        due: new.due,
        done_at: new.done_at,
        late: false,
        unit: unit_of(&measure, new.unit_id.as_ref())?,
        note: new.note.trim().to_owned(),
        version: 1,
    };
    check(&one, today)?;
    one.late = one.done_at.is_none() && one.due < today;
    store::insert(&mut tx, &measure.plan_id, &one).await?;
    let fact = one.fact(&measure.plan_id);
    tx.record(&MILESTONE_ADDED, one.id.as_str(), &fact).await?;
    tx.answer_versioned(StatusCode::CREATED, 1, &one).await
}

fn measure_ref(measure: &Measure) -> MeasureRef {
    MeasureRef {
        id: measure.id.clone(),
        number: measure.number,
        title: measure.title.clone(),
        title_en: measure.title_en.clone(),
    }
}

fn unit_of(measure: &Measure, id: Option<&UnitId>) -> Result<Option<UnitRef>> {
    let Some(id) = id else { return Ok(None) };
    let named = measure.responsible.iter().find(|u| u.id == *id);
    match named {
        Some(unit) => Ok(Some(unit.clone())),
        None => {
            let words = Text::new(
                "请从举措的责任单位中选择。",
                "Choose one of the measure's responsible units.",
            );
            Err(Error::invalid("unit_unknown", "unit_id", words))
        }
    }
}

/// A sub-task hangs from a milestone of the same measure that is no sub-task itself.
async fn check_parent(tx: &mut Tx, parent: &MilestoneId, measure: &MeasureId) -> Result<()> {
    let found = store::get(tx, parent).await;
    let fits = found.is_ok_and(|p| p.measure.id == *measure && p.parent.is_none());
    if fits {
        return Ok(());
    }
    let words = Text::new(
        "上级节点应是同一举措的节点，且本身不是子任务。",
        "The parent is a milestone of the same measure, and no sub-task itself.",
    );
    Err(Error::invalid("parent_unknown", "parent_id", words))
}

/// What a milestone becomes; `null` clears a day or unit, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestonePatch {
    /// What is to be there, at most 120 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    pub title: Option<String>,
    /// When work on it begins.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date)]
    pub starts: Option<Option<Date>>,
    /// When it is due.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// When it was done.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date)]
    pub done_at: Option<Option<Date>>,
    /// Who sees to it; one of the measure's units.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<UnitId>)]
    pub unit_id: Option<Option<UnitId>>,
    /// A remark, at most 1,000 characters.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// Tells `null` from what is left out.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Changes a milestone, or says when it was done. The same again changes and records nothing.
#[utoipa::path(patch, path = "/api/v1/milestones/{id}", tag = "follow-up",
    params(("id" = MilestoneId, Path), ("If-Match" = String, Header, description = "ETag as read")),
    request_body = MilestonePatch,
    responses((status = 200, body = Milestone, headers(("ETag" = String))), Problems))]
async fn patch_milestone(
    ctx: Ctx,
    PathId(id): PathId<MilestoneId>,
    Json(patch): Json<MilestonePatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (before, measure) = found(&ctx, &mut tx, &id).await?;
    ctx.if_match(before.version)?;
    let today = ctx.app.now().date();
    let mut after = before.clone();
    if let Some(title) = patch.title {
        after.title = title.trim().to_owned();
    }
    if let Some(starts) = patch.starts {
        after.starts = starts;
    }
    if let Some(due) = patch.due {
        after.due = due;
    }
    if let Some(done) = patch.done_at {
        after.done_at = done;
    }
    if let Some(unit) = patch.unit_id {
        after.unit = unit_of(&measure, unit.as_ref())?;
    }
    if let Some(note) = patch.note {
        after.note = note.trim().to_owned();
    }
    check(&after, today)?;
    let fact = after.fact(&measure.plan_id);
    if fact != before.fact(&measure.plan_id) {
        if !store::update(&mut tx, &after).await? {
            return Err(Error::precondition_failed());
        }
        after.version += 1;
        tx.record(&MILESTONE_CHANGED, id.as_str(), &fact).await?;
    }
    after.late = after.done_at.is_none() && after.due < today;
    tx.answer_versioned(StatusCode::OK, after.version, &after)
        .await
}

/// A milestone that the caller may change, and its measure.
async fn found(ctx: &Ctx, tx: &mut Tx, id: &MilestoneId) -> Result<(Milestone, Measure)> {
    let row = store::get(tx, id).await?;
    let measure = measures::get(tx, &row.measure.id).await?;
    ctx.allow(Action::Record, &measure)?;
    let directory = Directory::load(tx).await?;
    Ok((row.view(&directory, ctx.app.now().date()), measure))
}

/// Removes a milestone together with its sub-tasks.
#[utoipa::path(delete, path = "/api/v1/milestones/{id}", tag = "follow-up",
    params(("id" = MilestoneId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_milestone(ctx: Ctx, PathId(id): PathId<MilestoneId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let (one, measure) = found(&ctx, &mut tx, &id).await?;
    store::remove(&mut tx, &id).await?;
    let fact = one.fact(&measure.plan_id);
    tx.record(&MILESTONE_REMOVED, id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a measure waits for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDependency {
    /// The measure it needs first, of the same edition.
    pub needs_id: MeasureId,
}

/// Says that a measure needs another first. Refused when the other already waits for it, directly
/// or through others. Saying it again changes and records nothing.
#[utoipa::path(post, path = "/api/v1/measures/{id}/dependencies", tag = "follow-up",
    params(("id" = MeasureId, Path)), request_body = NewDependency,
    responses((status = 201, body = Dependency), Problems))]
async fn add_dependency(
    ctx: Ctx,
    PathId(id): PathId<MeasureId>,
    Json(input): Json<NewDependency>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let measure = measures::get(&mut tx, &id).await?;
    ctx.allow(Action::Record, &measure)?;
    let needs = measures::store::get(&mut tx, &input.needs_id).await;
    let Some(needs) = needs.ok().filter(|n| n.plan_id == measure.plan_id) else {
        let words = Text::new("本方案没有这项举措。", "The edition has no such measure.");
        return Err(Error::invalid("measure_unknown", "needs_id", words));
    };
    store::take_turn(&mut tx, &measure.plan_id).await?;
    let all = store::dependencies(&mut tx, &measure.plan_id).await?;
    if all.len() >= DEPENDENCIES_MAX {
        let words = text!(
            "一个方案最多 {DEPENDENCIES_MAX} 条依赖。",
            "An edition has at most {DEPENDENCIES_MAX} dependencies."
        );
        return Err(Error::conflict("dependencies_too_many", words));
    }
    if let Some(chain) = ring(&all, measure.number, needs.number) {
        let numbers: Vec<String> = chain.iter().map(ToString::to_string).collect();
        let path = numbers.join(" → ");
        let words = text!(
            "这样会形成循环：举措 {path} 已依次依赖。",
            "This would close a ring: measures {path} already wait for one another."
        );
        return Err(Error::conflict("dependency_cycle", words).field("needs_id"));
    }
    let dependency = Dependency {
        measure: measure.number,
        needs: needs.number,
    };
    if store::insert_dependency(&mut tx, &measure.plan_id, &id, &needs.id).await? {
        let fact = json!({
            "plan": measure.plan_id, "measure": measure.number, "needs": needs.number,
        });
        tx.record(&DEPENDENCY_ADDED, id.as_str(), &fact).await?;
    }
    tx.answer(StatusCode::CREATED, &dependency).await
}

/// Says that a measure no longer needs another first. Doing it again changes and records nothing.
#[utoipa::path(delete, path = "/api/v1/measures/{id}/dependencies/{needs_id}", tag = "follow-up",
    params(("id" = MeasureId, Path), ("needs_id" = MeasureId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_dependency(
    ctx: Ctx,
    PathId((id, needs)): PathId<(MeasureId, MeasureId)>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let measure = measures::get(&mut tx, &id).await?;
    ctx.allow(Action::Record, &measure)?;
    let needed = measures::store::get(&mut tx, &needs).await?;
    if store::remove_dependency(&mut tx, &id, &needs).await? {
        let fact = json!({
            "plan": measure.plan_id, "measure": measure.number, "needs": needed.number,
        });
        tx.record(&DEPENDENCY_REMOVED, id.as_str(), &fact).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
