//! SQL of early warning.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::prelude::*;

use super::api::WarningInbox;
use super::rules::Dated;
use super::{
    About, Rule, RuleId, RuleKind, StepId, Warning, WarningId, WarningState, WarningStep, resource,
};
use crate::overview::attention::Severity;
use crate::plans::PlanId;
use crate::stored::{date, word};
use crate::words::{Period, Span};

const RULE: &str = "SELECT id, kind, name, enabled, threshold, severity, tell_office, tell_leads, \
    tell_reporters, version FROM plan_warning_rules";

fn rule(row: &Row) -> Result<Rule> {
    let kind = word(row, "kind", RuleKind::read)?;
    Ok(Rule {
        id: RuleId::from_stored(row.text("id")?),
        kind,
        name: row.text("name")?,
        enabled: row.int("enabled")? == 1,
        threshold: row.real("threshold")?,
        unit: kind.unit(),
        severity: word(row, "severity", Severity::read)?,
        tell_office: row.int("tell_office")? == 1,
        tell_leads: row.int("tell_leads")? == 1,
        tell_reporters: row.int("tell_reporters")? == 1,
        version: row.int("version")?,
    })
}

/// Every rule, in the order they were made.
pub(crate) async fn rules(sql: &mut dyn Sql) -> Result<Vec<Rule>> {
    let select = Select::new(RULE)
        .and_all("removed_at IS NULL", vec![])
        .order_by("id");
    sql.select(select).await?.iter().map(rule).collect()
}

/// One rule.
pub(crate) async fn get_rule(sql: &mut dyn Sql, id: &RuleId) -> Result<Rule> {
    let select = Select::new(RULE)
        .and("id = ?", id)
        .and_all("removed_at IS NULL", vec![]);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), rule)
}

/// Stores a new rule.
pub(crate) async fn insert_rule(sql: &mut dyn Sql, rule: &Rule) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_warning_rules (id, kind, name, enabled, threshold, severity, \
         tell_office, tell_leads, tell_reporters, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            &rule.id,
            rule.kind.as_str(),
            &rule.name,
            rule.enabled,
            rule.threshold,
            rule.severity.as_str(),
            rule.tell_office,
            rule.tell_leads,
            rule.tell_reporters,
            rule.version,
        ],
    )
    .await
    .map(|_| ())
}

/// Changes a rule; false when its version is no longer the one before this.
pub(crate) async fn update_rule(sql: &mut dyn Sql, rule: &Rule) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_warning_rules SET name = $1, enabled = $2, threshold = $3, \
             severity = $4, tell_office = $5, tell_leads = $6, tell_reporters = $7, \
             version = version + 1 WHERE id = $8 AND version = $9 AND removed_at IS NULL",
            args![
                &rule.name,
                rule.enabled,
                rule.threshold,
                rule.severity.as_str(),
                rule.tell_office,
                rule.tell_leads,
                rule.tell_reporters,
                &rule.id,
                rule.version - 1,
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes a rule.
pub(crate) async fn remove_rule(sql: &mut dyn Sql, id: &RuleId, at: Micros) -> Result<bool> {
    let changed = sql
        .execute(
            "UPDATE plan_warning_rules SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
            args![id, at],
        )
        .await?;
    Ok(changed == 1)
}

const WARNING: &str = "SELECT w.id AS id, w.plan_id AS plan_id, w.rule_id AS rule_id, \
    w.kind AS kind, w.subject AS subject, w.resource AS resource, w.resource_id AS resource_id, \
    w.severity AS severity, w.title_zh AS title_zh, w.title_en AS title_en, \
    w.detail_zh AS detail_zh, w.detail_en AS detail_en, w.link AS link, w.evidence AS evidence, \
    w.state AS state, w.times AS times, w.opened_at AS opened_at, w.changed_at AS changed_at, \
    w.cleared_at AS cleared_at, w.version AS version FROM plan_warnings w";

fn warning(row: &Row) -> Result<Warning> {
    Ok(Warning {
        id: WarningId::from_stored(row.text("id")?),
        plan_id: PlanId::from_stored(row.text("plan_id")?),
        rule_id: RuleId::from_stored(row.text("rule_id")?),
        kind: word(row, "kind", RuleKind::read)?,
        severity: word(row, "severity", Severity::read)?,
        title: Text::of(row.text("title_zh")?, row.text("title_en")?),
        detail: Text::of(row.text("detail_zh")?, row.text("detail_en")?),
        link: row.text("link")?,
        state: word(row, "state", WarningState::read)?,
        times: row.int("times")?,
        opened_at: row.time("opened_at")?,
        changed_at: row.time("changed_at")?,
        cleared_at: row.time_opt("cleared_at")?,
        version: row.int("version")?,
        about: About {
            subject: row.text("subject")?,
            resource: resource(&row.text("resource")?),
            id: row.text("resource_id")?,
        },
        evidence: row.text("evidence")?,
    })
}

/// Every warning of an edition.
pub(crate) async fn of_plan(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<Warning>> {
    let select = Select::new(WARNING)
        .and("w.plan_id = ?", plan)
        .order_by("w.id");
    sql.select(select).await?.iter().map(warning).collect()
}

/// The warnings of an edition that are not closed.
pub(crate) async fn unclosed(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<Warning>> {
    let select = Select::new(WARNING)
        .and("w.plan_id = ?", plan)
        .and_all("w.state <> 'closed'", vec![])
        .order_by("w.id");
    sql.select(select).await?.iter().map(warning).collect()
}

/// Which warnings to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) plan: Option<PlanId>,
    pub(crate) state: Option<WarningState>,
    /// Not closed.
    pub(crate) unclosed: bool,
    pub(crate) kind: Option<RuleKind>,
    pub(crate) severity: Option<Severity>,
    pub(crate) unit: Option<String>,
    /// Told to this person.
    pub(crate) told: Option<String>,
}

/// One page of warnings, the last changed first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    wanted: &Wanted,
    page: &tianyuan_kernel::http::list::Page,
) -> Result<Vec<Warning>> {
    let mut select = Select::new(WARNING)
        .and_opt("w.plan_id = ?", wanted.plan.as_ref().map(PlanId::as_str))
        .and_opt("w.state = ?", wanted.state.map(WarningState::as_str))
        .and_opt("w.kind = ?", wanted.kind.map(RuleKind::as_str))
        .and_opt("w.severity = ?", wanted.severity.map(Severity::as_str))
        .and_opt(
            "w.id IN (SELECT warning_id FROM plan_warning_units WHERE unit_id = ?)",
            wanted.unit.as_deref(),
        )
        .and_opt(
            "w.id IN (SELECT warning_id FROM plan_warning_told WHERE person_id = ?)",
            wanted.told.as_deref(),
        );
    if wanted.unclosed {
        select = select.and_all("w.state <> 'closed'", vec![]);
    }
    let select = select.page(
        page,
        &["w.changed_at", "w.id"],
        true,
        "w.changed_at DESC, w.id DESC",
    );
    sql.select(select).await?.iter().map(warning).collect()
}

/// One warning.
pub(crate) async fn get(sql: &mut dyn Sql, id: &WarningId) -> Result<Warning> {
    let select = Select::new(WARNING).and("w.id = ?", id);
    sql.select(select)
        .await?
        .first()
        .map_or_else(|| Err(Error::not_found()), warning)
}

/// Stores a new warning with its units.
pub(crate) async fn insert(sql: &mut dyn Sql, w: &Warning, units: &[String]) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_warnings (id, plan_id, rule_id, kind, subject, resource, resource_id, \
         severity, title_zh, title_en, detail_zh, detail_en, link, evidence, state, times, \
         opened_at, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
         $12, $13, $14, $15, $16, $17, $18, $19)",
        args![
            &w.id,
            &w.plan_id,
            &w.rule_id,
            w.kind.as_str(),
            &w.about.subject,
            w.about.resource,
            &w.about.id,
            w.severity.as_str(),
            &*w.title.zh,
            &*w.title.en,
            &*w.detail.zh,
            &*w.detail.en,
            &w.link,
            &w.evidence,
            w.state.as_str(),
            w.times,
            w.opened_at,
            w.changed_at,
            w.version,
        ],
    )
    .await?;
    set_units(sql, &w.id, units).await
}

/// Stores a changed warning at its next version.
///
/// # Errors
/// 412 when somebody changed it meanwhile.
pub(crate) async fn update(tx: &mut Tx, w: &mut Warning) -> Result<()> {
    w.changed_at = tx.now();
    let changed = tx
        .execute(
            "UPDATE plan_warnings SET severity = $1, title_zh = $2, title_en = $3, \
             detail_zh = $4, detail_en = $5, evidence = $6, state = $7, times = $8, \
             changed_at = $9, cleared_at = $10, version = version + 1 \
             WHERE id = $11 AND version = $12",
            args![
                w.severity.as_str(),
                &*w.title.zh,
                &*w.title.en,
                &*w.detail.zh,
                &*w.detail.en,
                &w.evidence,
                w.state.as_str(),
                w.times,
                w.changed_at,
                w.cleared_at,
                &w.id,
                w.version,
            ],
        )
        .await?;
    if changed != 1 {
        return Err(Error::precondition_failed());
    }
    w.version += 1;
    Ok(())
}

/// Gives a warning its units.
pub(crate) async fn set_units(sql: &mut dyn Sql, id: &WarningId, units: &[String]) -> Result<()> {
    let delete = "DELETE FROM plan_warning_units WHERE warning_id = $1";
    sql.execute(delete, args![id]).await?;
    for unit in units {
        sql.execute(
            "INSERT INTO plan_warning_units (warning_id, unit_id) VALUES ($1, $2) \
             ON CONFLICT DO NOTHING",
            args![id, unit],
        )
        .await?;
    }
    Ok(())
}

/// Units of some warnings.
pub(crate) async fn units_of(
    sql: &mut dyn Sql,
    warnings: &[&WarningId],
) -> Result<BTreeMap<String, Vec<String>>> {
    let ids = warnings.iter().map(|id| Arg::from(*id)).collect();
    let select = Select::new("SELECT warning_id, unit_id FROM plan_warning_units")
        .and_in("warning_id", ids)
        .order_by("warning_id, unit_id");
    let mut units: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in sql.select(select).await? {
        let unit = row.text("unit_id")?;
        units.entry(row.text("warning_id")?).or_default().push(unit);
    }
    Ok(units)
}

/// Notes that somebody was told; told again, it is unseen again.
pub(crate) async fn tell(
    sql: &mut dyn Sql,
    id: &WarningId,
    (person, role, at): (&str, Role, Micros),
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_warning_told (warning_id, person_id, role, told_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (warning_id, person_id) \
         DO UPDATE SET role = excluded.role, told_at = excluded.told_at, seen_at = NULL",
        args![id, person, role.name(), at],
    )
    .await
    .map(|_| ())
}

/// Notes that somebody who was told has seen it.
pub(crate) async fn seen(
    sql: &mut dyn Sql,
    id: &WarningId,
    person: &str,
    at: Micros,
) -> Result<()> {
    sql.execute(
        "UPDATE plan_warning_told SET seen_at = $3 \
         WHERE warning_id = $1 AND person_id = $2 AND seen_at IS NULL",
        args![id, person, at],
    )
    .await
    .map(|_| ())
}

/// Somebody who was told.
pub(crate) struct ToldRow {
    pub(crate) person: String,
    pub(crate) role: String,
    pub(crate) told_at: Micros,
    pub(crate) seen_at: Option<Micros>,
}

/// Who was told of a warning.
pub(crate) async fn told(sql: &mut dyn Sql, id: &WarningId) -> Result<Vec<ToldRow>> {
    let rows = sql
        .all(
            "SELECT person_id, role, told_at, seen_at FROM plan_warning_told \
             WHERE warning_id = $1 ORDER BY told_at, person_id",
            args![id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ToldRow {
                person: row.text("person_id")?,
                role: row.text("role")?,
                told_at: row.time("told_at")?,
                seen_at: row.time_opt("seen_at")?,
            })
        })
        .collect()
}

/// Notes a step.
pub(crate) async fn add_step(
    tx: &mut Tx,
    id: &StepId,
    (warning, step, words): (&WarningId, WarningStep, &str),
) -> Result<()> {
    let (now, by) = (tx.now(), tx.actor().map(str::to_owned));
    tx.execute(
        "INSERT INTO plan_warning_steps (id, warning_id, step, words, at, by_person) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![id, warning, step.as_str(), words, now, by],
    )
    .await
    .map(|_| ())
}

/// A step as stored.
pub(crate) struct StepRow {
    pub(crate) step: WarningStep,
    pub(crate) words: String,
    pub(crate) at: Micros,
    pub(crate) by: Option<String>,
}

/// The steps of a warning, the first first.
pub(crate) async fn steps(sql: &mut dyn Sql, id: &WarningId) -> Result<Vec<StepRow>> {
    let rows = sql
        .all(
            "SELECT step, words, at, by_person FROM plan_warning_steps \
             WHERE warning_id = $1 ORDER BY id LIMIT 500",
            args![id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(StepRow {
                step: word(row, "step", WarningStep::read)?,
                words: row.text("words")?,
                at: row.time("at")?,
                by: row.text_opt("by_person")?,
            })
        })
        .collect()
}

/// What of the unclosed warnings a person was told of waits for them.
pub(crate) async fn inbox(sql: &mut dyn Sql, person: &str) -> Result<WarningInbox> {
    let row = sql
        .one(
            "SELECT CAST(COUNT(1) AS BIGINT) AS all_of, \
             CAST(COALESCE(SUM(CASE WHEN t.seen_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS unseen, \
             CAST(COALESCE(SUM(CASE \
                WHEN t.role = $2 AND (w.state = 'answered' OR t.seen_at IS NULL) THEN 1 \
                WHEN t.role <> $2 AND w.state <> 'answered' THEN 1 ELSE 0 END), 0) AS BIGINT) \
                AS waiting \
             FROM plan_warning_told t JOIN plan_warnings w ON w.id = t.warning_id \
             WHERE t.person_id = $1 AND w.state <> 'closed'",
            args![person, Role::PlanOffice.name()],
        )
        .await?;
    Ok(WarningInbox {
        open: row.int("all_of")?,
        unseen: row.int("unseen")?,
        waiting: row.int("waiting")?,
    })
}

/// The values in force of every indicator of an edition, oldest first.
pub(crate) async fn values(
    sql: &mut dyn Sql,
    plan: &PlanId,
) -> Result<BTreeMap<String, Vec<Dated>>> {
    let rows = sql
        .all(
            "SELECT v.indicator_id AS indicator_id, v.at AS at, v.value AS value, \
             v.period AS period FROM plan_values v JOIN plan_indicators i ON i.id = v.indicator_id \
             WHERE i.plan_id = $1 AND i.dropped_at IS NULL AND v.superseded_at IS NULL \
             ORDER BY v.indicator_id, v.at, v.period",
            args![plan],
        )
        .await?;
    let mut values: BTreeMap<String, Vec<Dated>> = BTreeMap::new();
    for row in &rows {
        let value = Dated {
            at: date(row, "at")?,
            value: row.real("value")?,
            period: word(row, "period", Period::read)?,
        };
        values
            .entry(row.text("indicator_id")?)
            .or_default()
            .push(value);
    }
    Ok(values)
}

/// A report of an open period that was not sent.
pub(crate) struct UnsentRow {
    pub(crate) id: String,
    pub(crate) measure: String,
    pub(crate) number: i64,
    pub(crate) unit: String,
    pub(crate) span: Span,
    pub(crate) starts: Date,
    pub(crate) due: Date,
}

/// Reports of open periods of an edition that were not sent.
pub(crate) async fn unsent(sql: &mut dyn Sql, plan: &PlanId) -> Result<Vec<UnsentRow>> {
    let rows = sql
        .all(
            "SELECT r.id AS id, r.measure_id AS measure_id, m.number AS number, \
             r.unit_id AS unit_id, p.span AS span, p.starts AS starts, p.due AS due \
             FROM plan_reports r JOIN plan_periods p ON p.id = r.period_id \
             JOIN plan_measures m ON m.id = r.measure_id \
             WHERE r.plan_id = $1 AND p.state = 'open' AND m.dropped_at IS NULL \
             AND r.stage IN ('owed', 'draft', 'returned') ORDER BY r.id",
            args![plan],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(UnsentRow {
                id: row.text("id")?,
                measure: row.text("measure_id")?,
                number: row.int("number")?,
                unit: row.text("unit_id")?,
                span: word(row, "span", Span::read)?,
                starts: date(row, "starts")?,
                due: date(row, "due")?,
            })
        })
        .collect()
}

/// Every edition in force.
pub(crate) async fn plans_in_force(sql: &mut dyn Sql) -> Result<Vec<PlanId>> {
    let select = "SELECT id FROM plan_editions WHERE state = 'in_force' ORDER BY id";
    let rows = sql.all(select, args![]).await?;
    rows.iter()
        .map(|row| row.text("id").map(PlanId::from_stored))
        .collect()
}
