//! What a provider says about a person, and what it means here. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tianyuan_kernel::config::OidcConfig;
use tianyuan_kernel::party::Unit;
use tianyuan_kernel::prelude::*;

/// Claims of a checked ID token, and of the user info where the token says nothing.
pub(crate) type Claims = Map<String, Value>;

/// Characters of a name.
const NAME_MAX: usize = 60;

/// The texts of a claim: one text, or a list of texts; anything else says nothing. A dotted name
/// such as `realm_access.roles` looks into objects, unless a claim has that very name (as
/// `https://example.cn/roles`).
fn values<'a>(claims: &'a Claims, name: &str) -> Vec<&'a str> {
    let found = claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |here, part| here.get(part))
    });
    match found {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A name to show: `name`, else `preferred_username`, else a word that says whence they came.
pub(crate) fn display_name(claims: &Claims) -> String {
    let tidy = |text: &str| -> String {
        let plain: String = text.chars().filter(|c| !c.is_control()).collect();
        plain.trim().chars().take(NAME_MAX).collect()
    };
    ["name", "preferred_username"]
        .into_iter()
        .filter_map(|claim| claims.get(claim)?.as_str().map(tidy))
        .find(|name| !name.trim().is_empty())
        .map_or_else(|| "外部账号".to_owned(), |name| name.trim().to_owned())
}

/// The roles that follow from the claims, sorted, each once; `None` when the provider does not
/// decide about roles. Values that are not mapped and units that are not known give nothing, and
/// neither does a unit's role without a unit.
pub(crate) fn grants(config: &OidcConfig, claims: &Claims, units: &[Unit]) -> Option<Vec<Grant>> {
    let role_claim = config.role_claim.as_deref()?;
    let named = config
        .unit_claim
        .as_deref()
        .map_or_else(Vec::new, |claim| values(claims, claim));
    let own: Vec<&Unit> = units
        .iter()
        .filter(|u| named.iter().any(|n| *n == u.code || *n == u.name))
        .collect();
    let mut grants = BTreeSet::new();
    for value in values(claims, role_claim) {
        let role = config.role_map.get(value).map(String::as_str);
        match role.and_then(Role::from_name) {
            None | Some(Role::Anonymous) => {}
            Some(role @ (Role::UnitReporter | Role::UnitLead)) => {
                grants.extend(own.iter().map(|unit| Grant {
                    role,
                    unit: Some(unit.id.to_string()),
                }));
            }
            Some(role) => {
                grants.insert(Grant { role, unit: None });
            }
        }
    }
    Some(in_stored_order(grants.into_iter().collect()))
}

/// As the store answers them, so that the two compare.
fn in_stored_order(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.sort_by(|a, b| (a.role.name(), &a.unit).cmp(&(b.role.name(), &b.unit)));
    grants
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tianyuan_kernel::party::{UnitId, UnitKind};

    use super::*;

    fn config(unit_claim: Option<&str>, role_claim: Option<&str>) -> OidcConfig {
        serde_json::from_value(json!({
            "id": "city", "title": "City", "issuer": "https://idp.example", "client_id": "x",
            "unit_claim": unit_claim, "role_claim": role_claim,
            "role_map": { "填报": "unit_reporter", "audit": "auditor", "any": "anonymous", "bad": "king" },
        }))
        .unwrap()
    }

    fn unit(code: &str, name: &str) -> Unit {
        Unit {
            id: UnitId::from_stored(format!("unit_{code}")),
            code: code.to_owned(),
            name: name.to_owned(),
            name_en: String::new(),
            kind: UnitKind::Department,
            members: Vec::new(),
            version: 1,
        }
    }

    fn granted(config: &OidcConfig, claims: Value) -> Vec<String> {
        let units = [unit("jingwei", "区经委"), unit("dashuju", "大数据中心")];
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        let grants = grants(config, &claims, &units).unwrap();
        grants
            .iter()
            .map(|g| format!("{}@{}", g.role.name(), g.unit.as_deref().unwrap_or("-")))
            .collect()
    }

    #[test]
    fn only_mapped_values_and_known_units_give_roles() {
        let config = config(Some("units"), Some("roles"));
        let both = json!({ "roles": ["填报", "audit", "operator", "any", "bad", 7], "units": ["区经委", "dashuju", "nowhere"] });
        assert_eq!(
            granted(&config, both),
            [
                "auditor@-",
                "unit_reporter@unit_dashuju",
                "unit_reporter@unit_jingwei"
            ]
        );
        assert_eq!(granted(&config, json!({ "roles": "audit" })), ["auditor@-"]);
        let unitless = json!({ "roles": ["填报"] });
        assert!(granted(&config, unitless).is_empty());
        assert!(granted(&config, json!({ "roles": { "audit": true } })).is_empty());
        assert!(granted(&config, json!({})).is_empty());
    }

    #[test]
    fn a_claim_may_lie_inside_objects_or_have_dots_in_its_name() {
        let inside = config(None, Some("realm_access.roles"));
        let claims = json!({ "realm_access": { "roles": ["audit"] } });
        assert_eq!(granted(&inside, claims), ["auditor@-"]);
        let dotted = config(None, Some("https://idp.example/roles"));
        let claims = json!({ "https://idp.example/roles": ["audit"] });
        assert_eq!(granted(&dotted, claims), ["auditor@-"]);
    }

    #[test]
    fn without_a_role_claim_the_provider_does_not_decide() {
        assert!(grants(&config(Some("units"), None), &Claims::new(), &[]).is_none());
    }

    #[test]
    fn names_are_tidy_and_bounded() {
        let name = |claims: Value| display_name(claims.as_object().unwrap());
        assert_eq!(name(json!({ "name": " 某\u{0}某\n " })), "某某");
        assert_eq!(
            name(json!({ "name": " ", "preferred_username": "wang" })),
            "wang"
        );
        assert_eq!(name(json!({ "name": 3 })), "外部账号");
        assert_eq!(
            name(json!({ "name": "长".repeat(500) })).chars().count(),
            60
        );
    }
}
