//! What no set of policies may do, whoever wrote it: give away what is not public, or leave nobody
//! who could let people in again. Looked at when policies are read, before any of them counts.

use tianyuan_kernel::prelude::*;

use super::{Engine, KINDS};

/// The first thing wrong with these policies.
pub(super) fn problem(engine: &Engine) -> Option<String> {
    let nobody = Principal::anonymous();
    let mut member = who("person_without_role");
    let given = given_away(engine, "a stranger", &nobody)
        .or_else(|| given_away(engine, "somebody without a role", &member));
    if given.is_some() {
        return given;
    }
    member.grants.push(Grant {
        role: Role::Operator,
        unit: None,
    });
    let account = Entity::new("Person", "person_x");
    let shut = [
        Action::View,
        Action::Create,
        Action::Edit,
        Action::Administer,
    ]
    .into_iter()
    .find(|action| !engine.decide(&member, *action, &account).allowed)?;
    let shut = shut.name();
    Some(format!(
        "policies: an operator could not {shut} accounts; nobody could let people in again"
    ))
}

fn who(id: &str) -> Principal {
    Principal {
        id: Some(id.to_owned()),
        name: String::new(),
        grants: Vec::new(),
        via: Via::Session,
        session: None,
        read_only: false,
        must_change_password: false,
        csrf: None,
    }
}

/// What somebody who holds no role could do to what is nobody's and not public, or could change
/// of what is public.
fn given_away(engine: &Engine, name: &str, who: &Principal) -> Option<String> {
    for &(kind, _) in KINDS {
        let audiences: &[Option<Audience>] = match kind {
            "Fact" => &[Some(Audience::Staff), Some(Audience::Auditors)],
            _ => &[None],
        };
        for (id, audience) in ["x", "*"]
            .iter()
            .flat_map(|id| audiences.iter().map(|a| (*id, *a)))
        {
            for (action, public) in Action::ALL.iter().flat_map(|a| [(*a, false), (*a, true)]) {
                if public && matches!(action, Action::View | Action::Export | Action::Release) {
                    continue;
                }
                let mut entity = Entity::new(kind, id).public_if(public);
                entity.audience = audience;
                let decision = engine.decide(who, action, &entity);
                if decision.allowed {
                    let (action, by) = (action.name(), decision.policies.join(", "));
                    return Some(format!("policies: {by} would let {name} {action} a {kind}"));
                }
            }
        }
    }
    None
}
