//! What is well-formed in `identity.oidc` and yet cannot work, or should not.

use std::collections::BTreeSet;

use tianyuan_kernel::config::{Config, OidcConfig};
use tianyuan_kernel::prelude::*;
use url::{Host, Url};

/// One line a problem; empty when all is well.
pub(crate) fn problems(config: &Config) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for provider in &config.identity.oidc {
        let key = format!("identity.oidc ({})", provider.id);
        if !seen.insert(provider.id.as_str()) {
            problems.push(format!("{key}: id is used twice"));
        }
        problems.extend(
            wrong(provider)
                .into_iter()
                .map(|what| format!("{key}.{what}")),
        );
        if !config.fetch.lists(&provider.issuer) {
            problems.push(format!(
                "{key}.issuer: its host is not in fetch.allow_hosts (or fetch.allow_private_hosts)"
            ));
        }
    }
    problems
}

fn wrong(provider: &OidcConfig) -> Vec<String> {
    let mut wrong = Vec::new();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=40).contains(&provider.id.len()) || !provider.id.chars().all(plain) {
        wrong.push("id: 1 to 40 lower-case letters, digits or hyphens".to_owned());
    }
    let issuer = &provider.issuer;
    if !(issuer.scheme() == "https" || (issuer.scheme() == "http" && is_loopback(issuer))) {
        wrong.push("issuer: must be https (http on loopback only)".to_owned());
    }
    if issuer.query().is_some() || issuer.fragment().is_some() {
        wrong.push("issuer: has no query and no fragment".to_owned());
    }
    if provider.role_claim.is_some() && provider.role_map.is_empty() {
        wrong.push("role_map: needed with role_claim; no value means a role by itself".to_owned());
    }
    if provider.role_claim.is_none()
        && (provider.unit_claim.is_some() || !provider.role_map.is_empty())
    {
        wrong.push("role_claim: needed with unit_claim and role_map".to_owned());
    }
    for (value, role) in &provider.role_map {
        if matches!(Role::from_name(role), None | Some(Role::Anonymous)) {
            let known: Vec<&str> = Role::ALL
                .iter()
                .filter(|r| **r != Role::Anonymous)
                .map(|r| r.name())
                .collect();
            let known = known.join(", ");
            wrong.push(format!(
                "role_map.{value}: {role:?} is no role; one of {known}"
            ));
        }
    }
    wrong
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(toml: &str) -> Vec<String> {
        let mut config = Config::default();
        config.fetch.allow_hosts = vec!["idp.example".to_owned()];
        config.identity.oidc = serde_json::from_str(toml).unwrap();
        problems(&config)
    }

    #[test]
    fn each_problem_names_the_provider_the_key_and_what_would_be_right() {
        let good = r#"[{"id":"city","title":"City","issuer":"https://idp.example","client_id":"x",
            "role_claim":"roles","role_map":{"a":"auditor"}}]"#;
        assert_eq!(of(good), Vec::<String>::new());
        let bad = r#"[{"id":"City!","title":"City","issuer":"http://other.example?x","client_id":"x",
            "role_claim":"roles","role_map":{"a":"king"}},
            {"id":"two","title":"","issuer":"https://idp.example","client_id":"x","unit_claim":"u"},
            {"id":"two","title":"","issuer":"https://idp.example","client_id":"x"}]"#;
        let found = of(bad).join("\n");
        for part in [
            "(City!).id:",
            "(City!).issuer: must be https",
            "(City!).issuer: has no query",
            "(City!).issuer: its host",
            "(City!).role_map.a: \"king\" is no role; one of plan_office",
            "(two).role_claim: needed",
            "(two): id is used twice",
        ] {
            assert!(found.contains(part), "{part} is not in {found}");
        }
    }
}
