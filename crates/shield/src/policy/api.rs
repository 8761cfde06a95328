//! Roles, policies, and "may X do Y to Z, and by which policy".

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use crate::authority::Authority;
use crate::people::{self, PersonId};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_roles))
        .signed_in(routes!(list_policies))
        .signed_in(routes!(explain))
}

/// A role and what it is for.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RoleView {
    role: Role,
    title: Text,
    /// Held for one unit.
    scoped_to_unit: bool,
    description: Text,
}

/// The roles with their words.
pub(crate) fn roles() -> [RoleView; 9] {
    let row = |role, zh, en, dz, de| RoleView {
        role,
        title: Text::new(zh, en),
        scoped_to_unit: matches!(role, Role::UnitReporter | Role::UnitLead),
        description: Text::new(dz, de),
    };
    [
        row(
            Role::PlanOffice,
            "规划办公室",
            "Plan office",
            "维护行动方案，开设单位账号。",
            "Keeps the plan and gives accounts to units.",
        ),
        row(
            Role::UnitReporter,
            "单位填报员",
            "Unit reporter",
            "填报本单位的举措和指标。",
            "Reports on the unit's measures and indicators.",
        ),
        row(
            Role::UnitLead,
            "单位负责人",
            "Unit lead",
            "对本单位的填报负责。",
            "Answers for what the unit reports.",
        ),
        row(
            Role::DataOfficer,
            "数据管理员",
            "Data officer",
            "维护数据及其分级。",
            "Keeps data and its grades.",
        ),
        row(
            Role::Auditor,
            "审计员",
            "Auditor",
            "查看一切已发生的事，不作修改。",
            "Sees everything that was done, changes nothing.",
        ),
        row(
            Role::Operator,
            "系统管理员",
            "Operator",
            "运行节点和账号。",
            "Runs the node and its accounts.",
        ),
        row(
            Role::Enterprise,
            "企业",
            "Enterprise",
            "查看公开内容。",
            "Views what is public.",
        ),
        row(
            Role::Citizen,
            "市民",
            "Citizen",
            "查看公开内容。",
            "Views what is public.",
        ),
        row(
            Role::Anonymous,
            "未登录",
            "Not signed in",
            "查看公开内容。",
            "Views what is public.",
        ),
    ]
}

/// Lists the roles.
#[utoipa::path(get, path = "/api/v1/roles", tag = "shield", params(PageParams),
    responses((status = 200, body = List<RoleView>), Problems))]
async fn list_roles(ctx: Ctx, page: Page) -> Result<List<RoleView>> {
    ctx.allow(Action::View, &Entity::all("Policy"))?;
    Ok(List::of_all(roles().into(), &page))
}

/// A policy as people read it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PolicyView {
    id: String,
    /// `permit` or `forbid`.
    effect: &'static str,
    /// Cedar source.
    text: String,
    title: Text,
}

fn view(policy: &super::PolicyText) -> PolicyView {
    PolicyView {
        id: policy.id.clone(),
        effect: if policy.permits { "permit" } else { "forbid" },
        text: policy.text.clone(),
        title: policy.title.clone(),
    }
}

/// Lists the policies in force.
#[utoipa::path(get, path = "/api/v1/policies", tag = "shield", params(PageParams),
    responses((status = 200, body = List<PolicyView>), Problems))]
async fn list_policies(ctx: Ctx, page: Page, State(app): State<App>) -> Result<List<PolicyView>> {
    ctx.allow(Action::View, &Entity::all("Policy"))?;
    let authority = app.get::<Authority>()?;
    Ok(List::of_all(
        authority.engine().texts().iter().map(view).collect(),
        &page,
    ))
}

/// May X do Y to Z?
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// A person …
    person_id: Option<PersonId>,
    /// … or a role, held for `unit_id` where it wants one.
    role: Option<Role>,
    unit_id: Option<String>,
    action: Action,
    resource: ResourceName,
}

/// A resource to ask about.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceName {
    /// Its kind, such as `Indicator`.
    kind: String,
    /// Its id; `*` for the kind as a whole.
    id: String,
    /// The units it belongs to, when asking about a made-up one.
    #[serde(default)]
    units: Vec<String>,
}

/// The answer and its grounds.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Explanation {
    allowed: bool,
    /// The policies that decided.
    policies: Vec<PolicyView>,
    reason: Text,
}

/// Asks whether somebody may do something, and by which policy. Every such question is a fact.
#[utoipa::path(post, path = "/api/v1/authorizations/explain", tag = "shield",
    request_body = Question, responses((status = 200, body = Explanation), Problems))]
async fn explain(
    ctx: Ctx,
    State(app): State<App>,
    Json(question): Json<Question>,
) -> Result<Response> {
    ctx.allow(Action::Explain, &Entity::all("Policy"))?;
    check_lengths(&question)?;
    let mut tx = ctx.begin().await?;
    let who = asked_about(&mut tx, &question).await?;
    let entity = entity(&app, &question.resource).await?;
    let authority = app.get::<Authority>()?;
    let decision = authority.engine().decide(&who, question.action, &entity);
    let texts = authority.engine().texts();
    let policies: Vec<PolicyView> = texts
        .iter()
        .filter(|p| decision.policies.contains(&p.id))
        .map(view)
        .collect();
    let reason = if decision.allowed {
        Text::new("有策略明确允许此操作。", "A policy permits this.")
    } else {
        Text::new(
            "没有任何策略允许此操作，默认拒绝。",
            "No policy permits this, so it is refused.",
        )
    };
    let subject = who.id.clone().unwrap_or_else(|| "anonymous".to_owned());
    let body = json!({
        "question": question, "allowed": decision.allowed, "policies": decision.policies,
    });
    tx.record(&crate::kinds::EXPLAINED, &subject, &body).await?;
    tx.answer(
        StatusCode::OK,
        &Explanation {
            allowed: decision.allowed,
            policies,
            reason,
        },
    )
    .await
}

/// Bytes of an id, and units that are named.
const LENGTH_MAX: usize = 200;

/// The question is kept as a fact, so it has a size.
fn check_lengths(question: &Question) -> Result<()> {
    let named = &question.resource;
    let field = if named.id.len() > LENGTH_MAX {
        "resource.id"
    } else if named.units.len() > LENGTH_MAX || named.units.iter().any(|u| u.len() > LENGTH_MAX) {
        "resource.units"
    } else if question
        .unit_id
        .as_ref()
        .is_some_and(|u| u.len() > LENGTH_MAX)
    {
        "unit_id"
    } else {
        return Ok(());
    };
    let words = text!(
        "标识最长 {LENGTH_MAX} 个字节，单位最多 {LENGTH_MAX} 个。",
        "An id has {LENGTH_MAX} bytes at most, and there are {LENGTH_MAX} units at most."
    );
    Err(Error::invalid("too_long", field, words))
}

async fn asked_about(tx: &mut Tx, question: &Question) -> Result<Principal> {
    match (&question.person_id, question.role) {
        (Some(id), None) => people::principal(tx, id.as_str()).await,
        (None, Some(role)) => {
            let mut who = Principal::anonymous();
            who.read_only = false;
            who.grants = vec![Grant {
                role,
                unit: question.unit_id.clone(),
            }];
            Ok(who)
        }
        _ => Err(Error::invalid(
            "who",
            "person_id",
            Text::new(
                "请给出 person_id 或 role 之一。",
                "Give either person_id or role.",
            ),
        )),
    }
}

/// The resource as its own room sees it, when it exists; otherwise as described.
async fn entity(app: &App, name: &ResourceName) -> Result<Entity> {
    let Some((kind, _)) = super::KINDS.iter().find(|(k, _)| *k == name.kind) else {
        let kinds: Vec<&str> = super::KINDS.iter().map(|(k, _)| *k).collect();
        let kinds = kinds.join(", ");
        return Err(Error::invalid(
            "resource_kind",
            "resource.kind",
            text!(
                "资源类型应为：{kinds}。",
                "The kind of a resource is one of {kinds}."
            ),
        ));
    };
    if let Some(entity) = app.find_entity(kind, &name.id).await? {
        return Ok(entity);
    }
    Ok(Entity::new(kind, name.id.clone()).of_units(name.units.clone()))
}
