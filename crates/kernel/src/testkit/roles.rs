//! A stand-in for `shield` in the tests of other rooms: the caller names a role in a header.

use std::net::IpAddr;

use futures::future::BoxFuture;
use http::request::Parts;

use crate::App;
use crate::authority::{Action, Authorize, Decision, Entity, Grant, Principal, Role, Via};
use crate::error::Result;
use crate::journal::Audience;
use crate::release::{self, Release, ReleaseQuestion, Ruling};

/// Believes `x-test-role: plan_office`, or `unit_reporter:unit_…` for a role held for a unit.
pub struct Roles;

fn somebody(role: &str, unit: &str) -> Principal {
    let grant = Grant {
        role: Role::from_name(role).unwrap_or(Role::Anonymous),
        unit: (!unit.is_empty()).then(|| unit.to_owned()),
    };
    Principal {
        id: Some(format!("person_{role}")),
        name: role.to_owned(),
        grants: vec![grant],
        via: Via::Session,
        session: None,
        read_only: false,
        must_change_password: false,
        csrf: None,
    }
}

impl Release for Roles {
    fn rule<'a>(
        &'a self,
        _app: &'a App,
        question: ReleaseQuestion<'a>,
    ) -> BoxFuture<'a, Result<Ruling>> {
        let entity = question.table.entity.clone();
        let ruling = release::by_grade(&question, |who, grade| {
            self.decide(who, Action::Release, &entity.clone().of_grade(grade))
                .allowed
        });
        Box::pin(async { Ok(ruling) })
    }
}

impl Authorize for Roles {
    fn admit<'a>(
        &'a self,
        _app: &'a App,
        parts: &'a Parts,
        _peer: IpAddr,
    ) -> BoxFuture<'a, Result<Principal>> {
        let header = parts
            .headers
            .get("x-test-role")
            .and_then(|v| v.to_str().ok());
        let who = header.map_or_else(Principal::anonymous, |header| {
            let (role, unit) = header.split_once(':').unwrap_or((header, ""));
            somebody(role, unit)
        });
        Box::pin(async { Ok(who) })
    }

    fn people_with_role<'a>(
        &'a self,
        _app: &'a App,
        role: Role,
        _unit: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { Ok(vec![format!("person_{}", role.name())]) })
    }

    fn person<'a>(
        &'a self,
        _app: &'a App,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Principal>>> {
        let role = id
            .strip_prefix("person_")
            .filter(|r| Role::from_name(r).is_some());
        Box::pin(async move { Ok(role.map(|role| somebody(role, ""))) })
    }

    fn decide(&self, who: &Principal, action: Action, entity: &Entity) -> Decision {
        let staff =
            !who.has(Role::Anonymous) && !who.has(Role::Citizen) && !who.has(Role::Enterprise);
        let of_unit = who.grants.iter().any(|g| {
            g.unit.as_ref().is_some_and(|u| entity.units.contains(u))
                && matches!(g.role, Role::UnitReporter | Role::UnitLead)
        });
        let audience = entity.audience != Some(Audience::Auditors);
        if action == Action::Release {
            let allowed = who.has(Role::DataOfficer)
                || (entity.public && entity.grade <= 1)
                || (of_unit && entity.grade <= 3)
                || (staff && entity.grade <= 2 && entity.sharing == "unconditional");
            return Decision {
                allowed,
                policies: Vec::new(),
            };
        }
        let allowed = who.has(Role::PlanOffice)
            || (who.has(Role::DataOfficer) && entity.kind == "Dataset")
            || who.has(Role::Operator)
            || (action == Action::View && (entity.public || (staff && audience)))
            || (action == Action::View && who.has(Role::Auditor))
            || (of_unit && matches!(action, Action::Record | Action::Edit))
            || (staff && action == Action::Export);
        Decision {
            allowed,
            policies: Vec::new(),
        }
    }
}
