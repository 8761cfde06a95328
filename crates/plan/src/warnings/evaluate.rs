//! Looking for warnings: a job over every edition in force, which runs soon after a fact that may
//! change what is found, and by the clock for what only time makes late; and a round asked for by
//! the plan office. What is found opens a warning, or is known already; what is no longer found
//! is cleared. Each edition is one transaction.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use tianyuan_kernel::jobs::{self, JobCtx, JobKind, Schedule};
use tianyuan_kernel::journal::{Reaction, Text2};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

use super::rules::{Found, Says, find};
use super::{
    CLEARED, EVALUATED, OPENED, REOPENED, Rule, StepId, Warning, WarningId, WarningState,
    WarningStep, source, store,
};
use crate::plans::{self, Plan};

/// Looks for warnings.
pub const LOOK: JobKind = JobKind {
    name: "plan.look_for_warnings",
    title: Text2 {
        zh: "检查预警",
        en: "Look for warnings",
    },
    attempts_max: 3,
    run: run_job,
};

/// Seconds after a fact at which the job runs: what is recorded meanwhile shares its run.
pub const SOON_S: i64 = 15;

/// Looks soon after what people do: a value, a state, a report, a period, a rule, an edition.
pub const AFTER_FACTS: Reaction = Reaction {
    name: "plan.warnings_after_facts",
    kinds: &[
        crate::values::VALUE_RECORDED.name,
        crate::measures::STATE_CHANGED.name,
        crate::reports::REPORT_SUBMITTED.name,
        crate::reports::REPORT_RETURNED.name,
        crate::reports::REPORT_ACCEPTED.name,
        crate::periods::PERIOD_OPENED.name,
        crate::periods::PERIOD_CHANGED.name,
        crate::periods::ROSTER_CHANGED.name,
        crate::plans::PLAN_IMPORTED.name,
        crate::plans::PLAN_UPDATED.name,
        super::RULE_CREATED.name,
        super::RULE_CHANGED.name,
        super::RULE_REMOVED.name,
    ],
    run: look_soon,
};

fn look_soon<'a>(_: &'a App, tx: &'a mut Tx, _: &'a Fact) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        jobs::enqueue_soon(tx, &LOOK, &json!({}), SOON_S).await?;
        Ok(())
    })
}

/// How often without any fact: what time alone makes late or stale.
pub const SCHEDULE: Schedule = Schedule {
    kind: LOOK.name,
    every_s: 900,
};

/// Most warnings of one edition that are kept open at once; more would be read by nobody.
pub const OPEN_MAX: usize = 5_000;

/// What a round found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WarningRound)]
pub struct Round {
    /// Things found.
    pub found: i64,
    /// Warnings opened.
    pub opened: i64,
    /// Warnings that came back.
    pub reopened: i64,
    /// Warnings no longer found.
    pub cleared: i64,
    /// People told.
    pub told: i64,
}

fn run_job(ctx: JobCtx) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let mut plans: Vec<Plan> = Vec::new();
        {
            let mut sql = ctx.app.db().read().await?;
            for id in store::plans_in_force(&mut sql).await? {
                plans.push(plans::store::get(&mut sql, &id).await?);
            }
        }
        let mut rounds = Vec::new();
        for plan in plans {
            let says = gathered(&ctx.app, &plan).await?;
            let mut tx = ctx.begin().await?;
            let round = look(&ctx.app, &mut tx, &plan, &says).await?;
            tx.commit().await?;
            rounds.push(json!({ "plan": plan.id, "round": round }));
        }
        Ok(json!({ "plans": rounds }))
    })
}

/// What the rules look at, read before the writer's turn.
pub(crate) async fn gathered(app: &App, plan: &Plan) -> Result<Says> {
    source::gather(&mut app.db().read().await?, plan, app.now()).await
}

/// Looks once at an edition.
pub(crate) async fn look(app: &App, tx: &mut Tx, plan: &Plan, says: &Says) -> Result<Round> {
    let now = tx.now();
    let rules = store::rules(tx).await?;
    let known = store::of_plan(tx, &plan.id).await?;
    let mut known: BTreeMap<(String, String), Warning> = known
        .into_iter()
        .map(|w| ((w.rule_id.to_string(), w.about.subject.clone()), w))
        .collect();
    let mut people = People::default();
    let mut round = Round::default();
    for rule in rules.iter().filter(|r| r.enabled) {
        for found in find(rule.kind, rule.threshold, says)
            .into_iter()
            .take(OPEN_MAX)
        {
            round.found += 1;
            let key = (rule.id.to_string(), found.about.subject.clone());
            match known.remove(&key) {
                None => {
                    let warning = opened(app, plan, rule, &found, now);
                    store::insert(tx, &warning, &found.units).await?;
                    step(tx, &warning, WarningStep::Opened, "").await?;
                    round.told += people.tell(tx, rule, &warning, &found.units).await?;
                    tx.record(&OPENED, warning.id.as_str(), &fact(&warning))
                        .await?;
                    round.opened += 1;
                }
                Some(warning) => {
                    round_again(tx, &mut people, &mut round, (rule, warning, found)).await?
                }
            }
        }
    }
    for mut warning in known.into_values().filter(|w| w.cleared_at.is_none()) {
        warning.cleared_at = Some(now);
        warning.state = WarningState::Closed;
        store::update(tx, &mut warning).await?;
        step(tx, &warning, WarningStep::Cleared, "").await?;
        tx.record(&CLEARED, warning.id.as_str(), &fact(&warning))
            .await?;
        round.cleared += 1;
    }
    Ok(round)
}

/// Something found that has a warning already.
async fn round_again(
    tx: &mut Tx,
    people: &mut People,
    round: &mut Round,
    (rule, mut warning, found): (&Rule, Warning, Found),
) -> Result<()> {
    let other = warning.evidence != found.evidence;
    let closed = warning.state == WarningState::Closed;
    let back = warning.cleared_at.is_some() || (closed && other);
    if !back && !other {
        return Ok(());
    }
    warning.title = found.title;
    warning.detail = found.detail;
    warning.evidence = found.evidence;
    warning.severity = rule.severity;
    store::set_units(tx, &warning.id, &found.units).await?;
    if !back {
        // Still the same warning, told by newer figures.
        return store::update(tx, &mut warning).await;
    }
    warning.cleared_at = None;
    warning.state = WarningState::Open;
    warning.times += 1;
    store::update(tx, &mut warning).await?;
    step(tx, &warning, WarningStep::Reopened, "").await?;
    round.told += people.tell(tx, rule, &warning, &found.units).await?;
    tx.record(&REOPENED, warning.id.as_str(), &fact(&warning))
        .await?;
    round.reopened += 1;
    Ok(())
}

fn opened(app: &App, plan: &Plan, rule: &Rule, found: &Found, now: Micros) -> Warning {
    Warning {
        id: WarningId::new(app),
        plan_id: plan.id.clone(),
        rule_id: rule.id.clone(),
        kind: rule.kind,
        severity: rule.severity,
        title: found.title.clone(),
        detail: found.detail.clone(),
        link: found.link.clone(),
        state: WarningState::Open,
        times: 1,
        opened_at: now,
        changed_at: now,
        cleared_at: None,
        version: 1,
        about: found.about.clone(),
        evidence: found.evidence.clone(),
    }
}

/// Notes a step of a warning, by whoever acts.
pub(crate) async fn step(
    tx: &mut Tx,
    warning: &Warning,
    step: WarningStep,
    words: &str,
) -> Result<()> {
    let id = StepId::new(&tx.app().clone());
    store::add_step(tx, &id, (&warning.id, step, words)).await
}

/// What the facts of a warning say.
pub(crate) fn fact(warning: &Warning) -> Value {
    json!({
        "plan": warning.plan_id, "rule": warning.rule_id, "kind": warning.kind,
        "severity": warning.severity, "resource": warning.about.resource,
        "resource_id": warning.about.id, "title": warning.title, "evidence": warning.evidence,
        "state": warning.state, "times": warning.times,
    })
}

/// Records that the plan office asked for a round.
pub(crate) async fn asked(tx: &mut Tx, plan: &Plan, round: Round) -> Result<()> {
    tx.record(&EVALUATED, plan.id.as_str(), &round)
        .await
        .map(|_| ())
}

/// Who holds which role, asked once a round.
#[derive(Default)]
struct People(BTreeMap<(Role, String), Vec<String>>);

impl People {
    async fn of(&mut self, app: &App, role: Role, unit: &str) -> Result<Vec<String>> {
        let key = (role, unit.to_owned());
        if let Some(found) = self.0.get(&key) {
            return Ok(found.clone());
        }
        let unit = (!unit.is_empty()).then_some(unit);
        let found = app.authority().people_with_role(app, role, unit).await?;
        self.0.insert(key, found.clone());
        Ok(found)
    }

    /// Tells those the rule names; answers how many.
    async fn tell(
        &mut self,
        tx: &mut Tx,
        rule: &Rule,
        warning: &Warning,
        units: &[String],
    ) -> Result<i64> {
        let app = tx.app().clone();
        let mut told: BTreeSet<(String, Role)> = BTreeSet::new();
        if rule.tell_office {
            let office = self.of(&app, Role::PlanOffice, "").await?;
            told.extend(office.into_iter().map(|p| (p, Role::PlanOffice)));
        }
        for (role, wanted) in [
            (Role::UnitLead, rule.tell_leads),
            (Role::UnitReporter, rule.tell_reporters),
        ] {
            for unit in units.iter().filter(|_| wanted) {
                let people = self.of(&app, role, unit).await?;
                told.extend(people.into_iter().map(|p| (p, role)));
            }
        }
        let now = tx.now();
        let mut seen = BTreeSet::new();
        for (person, role) in told {
            if seen.insert(person.clone()) {
                store::tell(tx, &warning.id, (&person, role, now)).await?;
            }
        }
        Ok(i64::try_from(seen.len()).unwrap_or(i64::MAX))
    }
}
