//! The rules of early warning over HTTP: seen by whoever works here, kept by the plan office.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::http::tx::etag;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::store;
use super::{
    NAME_CHARS_MAX, RULE_CHANGED, RULE_CREATED, RULE_REMOVED, RULES_MAX, Rule, RuleId, RuleKind,
};
use crate::overview::attention::Severity;

/// The routes of rules.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_rules, create_rule))
        .signed_in(routes!(change_rule, remove_rule))
}

fn kept() -> Entity {
    Entity::all("Plan")
}

/// The rules of early warning.
#[utoipa::path(get, path = "/api/v1/warning-rules", tag = "plan", params(PageParams),
    responses((status = 200, body = List<Rule>), Problems))]
async fn list_rules(ctx: Ctx, page: Page) -> Result<Json<List<Rule>>> {
    ctx.allow(Action::View, &kept())?;
    let rules = store::rules(&mut ctx.read().await?).await?;
    Ok(Json(List::of_all(rules, &page)))
}

/// A rule to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWarningRule {
    /// What it looks for.
    pub kind: RuleKind,
    /// Its name, at most 60 characters; empty: that of its kind.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub name: String,
    /// From where on, in the kind's unit.
    #[schema(minimum = 0, maximum = 1000)]
    pub threshold: f64,
    /// How pressing what it finds is.
    pub severity: Severity,
    /// Tell the plan office.
    pub tell_office: bool,
    /// Tell the leads of the responsible units.
    pub tell_leads: bool,
    /// Tell the reporters of the responsible units.
    pub tell_reporters: bool,
}

fn check(rule: &Rule) -> Result<()> {
    let size = rule.name.chars().count();
    if size > NAME_CHARS_MAX {
        let words = text!(
            "名称最多 {NAME_CHARS_MAX} 个字符，收到 {size} 个。",
            "A name has at most {NAME_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "name", words));
    }
    let (low, high) = rule.kind.range();
    if !(low..=high).contains(&rule.threshold) {
        let (got, zh) = (rule.threshold, rule.kind.zh());
        let words = text!(
            "“{zh}”的阈值应在 {low} 到 {high} 之间，收到 {got}。",
            "The threshold of this kind lies between {low} and {high}; got {got}."
        );
        return Err(Error::invalid("threshold_out_of_range", "threshold", words));
    }
    if !(rule.tell_office || rule.tell_leads || rule.tell_reporters) {
        let words = Text::new(
            "请至少选一类要告知的人，或停用这条规则。",
            "Choose at least one group to tell, or disable the rule.",
        );
        return Err(Error::invalid("nobody_told", "tell_office", words));
    }
    Ok(())
}

fn fact(rule: &Rule) -> serde_json::Value {
    json!({
        "kind": rule.kind, "name": rule.name, "enabled": rule.enabled,
        "threshold": rule.threshold, "severity": rule.severity, "tell_office": rule.tell_office,
        "tell_leads": rule.tell_leads, "tell_reporters": rule.tell_reporters,
    })
}

/// Makes a rule.
#[utoipa::path(post, path = "/api/v1/warning-rules", tag = "plan",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewWarningRule,
    responses((status = 201, body = Rule), Problems))]
async fn create_rule(ctx: Ctx, Json(input): Json<NewWarningRule>) -> Result<Response> {
    ctx.allow(Action::Edit, &kept())?;
    let rule = Rule {
        id: RuleId::new(&ctx.app),
        kind: input.kind,
        name: input.name.trim().to_owned(),
        enabled: true,
        threshold: input.threshold,
        unit: input.kind.unit(),
        severity: input.severity,
        tell_office: input.tell_office,
        tell_leads: input.tell_leads,
        tell_reporters: input.tell_reporters,
        version: 1,
    };
    check(&rule)?;
    let mut tx = ctx.begin().await?;
    let count = store::rules(&mut tx).await?.len();
    if i64::try_from(count).unwrap_or(i64::MAX) >= RULES_MAX {
        let words = text!("最多 {RULES_MAX} 条规则。", "At most {RULES_MAX} rules.");
        return Err(Error::conflict("rules_too_many", words));
    }
    store::insert_rule(&mut tx, &rule).await?;
    tx.record(&RULE_CREATED, rule.id.as_str(), &fact(&rule))
        .await?;
    let location = format!("/api/v1/warning-rules/{}", rule.id);
    tx.answer_with(StatusCode::CREATED, &rule, Some(etag(1)), Some(location))
        .await
}

/// What to change of a rule; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningRulePatch {
    /// Its name, at most 60 characters.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub name: Option<String>,
    /// Only enabled rules are asked.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// From where on.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    pub threshold: Option<f64>,
    /// How pressing what it finds is.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Tell the plan office.
    #[serde(default)]
    pub tell_office: Option<bool>,
    /// Tell the leads.
    #[serde(default)]
    pub tell_leads: Option<bool>,
    /// Tell the reporters.
    #[serde(default)]
    pub tell_reporters: Option<bool>,
}

/// Changes a rule. What it found and no longer finds is cleared at the next round.
#[utoipa::path(patch, path = "/api/v1/warning-rules/{id}", tag = "plan",
    params(("id" = RuleId, Path), ("If-Match" = String, Header, description = "The ETag read")),
    request_body = WarningRulePatch,
    responses((status = 200, body = Rule), Problems))]
async fn change_rule(
    ctx: Ctx,
    PathId(id): PathId<RuleId>,
    Json(patch): Json<WarningRulePatch>,
) -> Result<Response> {
    ctx.allow(Action::Edit, &kept())?;
    let mut tx = ctx.begin().await?;
    let mut rule = store::get_rule(&mut tx, &id).await?;
    ctx.if_match(rule.version)?;
    rule.name = patch.name.map_or(rule.name, |n| n.trim().to_owned());
    rule.enabled = patch.enabled.unwrap_or(rule.enabled);
    rule.threshold = patch.threshold.unwrap_or(rule.threshold);
    rule.severity = patch.severity.unwrap_or(rule.severity);
    rule.tell_office = patch.tell_office.unwrap_or(rule.tell_office);
    rule.tell_leads = patch.tell_leads.unwrap_or(rule.tell_leads);
    rule.tell_reporters = patch.tell_reporters.unwrap_or(rule.tell_reporters);
    rule.version += 1;
    check(&rule)?;
    if !store::update_rule(&mut tx, &rule).await? {
        return Err(Error::precondition_failed());
    }
    tx.record(&RULE_CHANGED, rule.id.as_str(), &fact(&rule))
        .await?;
    tx.answer_versioned(StatusCode::OK, rule.version, &rule)
        .await
}

/// Removes a rule; what it found is cleared at the next round.
#[utoipa::path(delete, path = "/api/v1/warning-rules/{id}", tag = "plan",
    params(("id" = RuleId, Path)), responses((status = 204), Problems))]
async fn remove_rule(ctx: Ctx, PathId(id): PathId<RuleId>) -> Result<StatusCode> {
    ctx.allow(Action::Edit, &kept())?;
    let mut tx = ctx.begin().await?;
    let rule = store::get_rule(&mut tx, &id).await?;
    let now = tx.now();
    if store::remove_rule(&mut tx, &id, now).await? {
        tx.record(&RULE_REMOVED, id.as_str(), &fact(&rule)).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
