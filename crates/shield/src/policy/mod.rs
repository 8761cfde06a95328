//! Policies in Cedar: default deny, decisions on the resource with its unit.
//!
//! The engine is pure: a caller, an action and a resource go in, a decision with the ids of the
//! policies that made it comes out. Policies are files with a schema; the built-in ones can be
//! replaced by a folder (`identity.policies`).

pub(crate) mod api;
mod sound;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Context, Decision as Verdict, Effect, Entities, Entity as CedarEntity, EntityId,
    EntityTypeName, EntityUid, PolicyId, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::prelude::*;

const SCHEMA: &str = include_str!("../../policies/schema.cedarschema");
const BUILTIN: &str = include_str!("../../policies/builtin.cedar");

/// One policy as people read it.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// Its `@id`.
    pub id: String,
    /// Permits, or forbids.
    pub permits: bool,
    /// Cedar source.
    pub text: String,
    /// Its `@zh` and `@en`.
    pub title: Text,
}

/// The engine.
pub struct Engine {
    policies: PolicySet,
    texts: Vec<PolicyText>,
    kinds: HashMap<&'static str, EntityTypeName>,
    actions: HashMap<Action, EntityUid>,
    person: EntityTypeName,
    authorizer: Authorizer,
}

/// Kinds of resources and the schema's names for them; an account is a person as a resource.
pub const KINDS: &[(&str, &str)] = &[
    ("Plan", "Plan"),
    ("Measure", "Measure"),
    ("Indicator", "Indicator"),
    ("Report", "Report"),
    ("Goal", "Goal"),
    ("Unit", "Unit"),
    ("Person", "Account"),
    ("Session", "Session"),
    ("Token", "Token"),
    ("Job", "Job"),
    ("Fact", "Fact"),
    ("File", "File"),
    ("Node", "Node"),
    ("Policy", "Policy"),
    ("Ledger", "Ledger"),
    ("Round", "Round"),
    ("Contact", "Contact"),
    ("Dataset", "Dataset"),
];

impl Engine {
    /// The built-in policies.
    ///
    /// # Errors
    /// Never, unless this program was built wrongly.
    pub fn builtin() -> Result<Self, String> {
        Self::parse(&[("builtin.cedar".to_owned(), BUILTIN.to_owned())])
    }

    /// The policies of a folder's `*.cedar` files.
    ///
    /// # Errors
    /// Names the file and what Cedar says about it, or what the policies may not do.
    pub fn from_folder(folder: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        let entries =
            std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "cedar") {
                let text = std::fs::read_to_string(&path);
                let text = text.map_err(|e| format!("{}: {e}", path.display()))?;
                files.push((path.display().to_string(), text));
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(format!("{}: there is no .cedar file", folder.display()));
        }
        Self::parse_others(&files)
    }

    /// Policies that are not ours must also be sound. Ours are held by tests instead, so that a
    /// start does not wait for it.
    fn parse_others(files: &[(String, String)]) -> Result<Self, String> {
        let engine = Self::parse(files)?;
        match sound::problem(&engine) {
            Some(problem) => Err(problem),
            None => Ok(engine),
        }
    }

    fn parse(files: &[(String, String)]) -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|e| e.to_string())?;
        let mut policies = PolicySet::new();
        let mut texts = Vec::new();
        for (name, text) in files {
            let parsed = PolicySet::from_str(text).map_err(|e| format!("{name}: {e}"))?;
            let mut in_order: Vec<_> = parsed.policies().collect();
            // Cedar numbers what it reads: policy0, policy1, …
            in_order.sort_by_key(|p| {
                p.id()
                    .to_string()
                    .trim_start_matches("policy")
                    .parse::<u32>()
                    .ok()
            });
            for policy in in_order {
                let id = policy.annotation("id").unwrap_or_default().to_owned();
                if id.is_empty() {
                    return Err(format!("{name}: each policy needs an @id: {policy}"));
                }
                let words = |key: &str| policy.annotation(key).unwrap_or(&id).to_owned();
                texts.push(PolicyText {
                    permits: policy.effect() == Effect::Permit,
                    text: policy.to_string(),
                    title: Text::of(words("zh"), words("en")),
                    id: id.clone(),
                });
                let policy = policy.new_id(PolicyId::new(&id));
                policies.add(policy).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        let checked = Validator::new(schema).validate(&policies, ValidationMode::Strict);
        if let Some(error) = checked.validation_errors().next() {
            return Err(format!("a policy does not fit the schema: {error}"));
        }
        let name = |n: &str| EntityTypeName::from_str(n).map_err(|e| e.to_string());
        let mut kinds = HashMap::new();
        for &(kind, cedar) in KINDS {
            kinds.insert(kind, name(cedar)?);
        }
        let mut actions = HashMap::new();
        for action in Action::ALL {
            let uid = format!("Action::\"{}\"", action.name());
            actions.insert(
                action,
                EntityUid::from_str(&uid).map_err(|e| e.to_string())?,
            );
        }
        let (person, authorizer) = (name("Person")?, Authorizer::new());
        Ok(Self {
            policies,
            texts,
            kinds,
            actions,
            person,
            authorizer,
        })
    }

    /// The policies, in the order they were read.
    #[must_use]
    pub fn texts(&self) -> &[PolicyText] {
        &self.texts
    }

    /// May they do this to that? A kind the schema does not know is refused.
    #[must_use]
    pub fn decide(&self, who: &Principal, action: Action, entity: &Entity) -> Decision {
        let refused = Decision {
            allowed: false,
            policies: Vec::new(),
        };
        let Some(response) = self.ask(who, action, entity) else {
            return refused;
        };
        let policies = response
            .diagnostics()
            .reason()
            .map(ToString::to_string)
            .collect();
        // A policy that cannot be decided is left out by Cedar; it may have been one that forbids.
        let decided = response.diagnostics().errors().next().is_none();
        Decision {
            allowed: decided && response.decision() == Verdict::Allow,
            policies,
        }
    }

    fn ask(
        &self,
        who: &Principal,
        action: Action,
        entity: &Entity,
    ) -> Option<cedar_policy::Response> {
        let kind = self.kinds.get(entity.kind)?;
        let id = who.id.as_deref().unwrap_or("anonymous");
        let person = EntityUid::from_type_name_and_id(self.person.clone(), EntityId::new(id));
        let target = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(&entity.id));
        let entities = [
            CedarEntity::new(person.clone(), person_attributes(who, id), HashSet::new()).ok()?,
            CedarEntity::new(target.clone(), attributes(entity), HashSet::new()).ok()?,
        ];
        let entities = Entities::from_entities(entities, None).ok()?;
        let action = self.actions.get(&action)?.clone();
        let request = Request::new(person, action, target, Context::empty(), None).ok()?;
        Some(
            self.authorizer
                .is_authorized(&request, &self.policies, &entities),
        )
    }
}

/// Writes a fact when other policies are in force than were noted last; to be called at start.
/// Policies are files, so nobody can change them but who can reach the machine.
///
/// # Errors
/// When the database refuses.
pub async fn note_changes(app: &App) -> Result<()> {
    note(app, app.get::<crate::Authority>()?.engine()).await
}

async fn note(app: &App, engine: &Engine) -> Result<()> {
    let mut digest = Sha256::new();
    for policy in engine.texts() {
        let (zh, en) = (&*policy.title.zh, &*policy.title.en);
        for word in [policy.id.as_str(), &policy.text, zh, en] {
            digest.update((word.len() as u64).to_be_bytes());
            digest.update(word);
        }
    }
    let digest = crate::sessions::hex(&digest.finalize());
    let last = "SELECT body FROM facts WHERE kind = $1 ORDER BY at DESC, id DESC LIMIT 1";
    let kind = &crate::kinds::POLICIES_CHANGED;
    let mut tx = Tx::begin(app, None).await?;
    let last = tx.optional(last, args![kind.name]).await?;
    let last = last.map(|row| row.text_opt("body")).transpose()?.flatten();
    let last: Option<Value> = last.map(|b| serde_json::from_str(&b)).transpose()?;
    if last.is_some_and(|last| last["sha256"] == digest.as_str()) {
        return Ok(());
    }
    let ids: Vec<&str> = engine.texts().iter().map(|p| p.id.as_str()).collect();
    let body = json!({ "sha256": digest, "policies": ids });
    tx.record(kind, "policies", &body).await?;
    tx.commit().await
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set<'a>(values: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.map(text))
}

fn person_attributes(who: &Principal, id: &str) -> HashMap<String, RestrictedExpression> {
    let units_of = |role: Role| {
        set(who
            .grants
            .iter()
            .filter(move |g| g.role == role)
            .filter_map(|g| g.unit.as_deref()))
    };
    let staff = who
        .grants
        .iter()
        .any(|g| !matches!(g.role, Role::Anonymous | Role::Citizen | Role::Enterprise));
    HashMap::from([
        ("id".to_owned(), text(id)),
        ("staff".to_owned(), RestrictedExpression::new_bool(staff)),
        (
            "roles".to_owned(),
            set(who.grants.iter().map(|g| g.role.name())),
        ),
        ("reports_for".to_owned(), units_of(Role::UnitReporter)),
        ("leads".to_owned(), units_of(Role::UnitLead)),
    ])
}

fn attributes(entity: &Entity) -> HashMap<String, RestrictedExpression> {
    let mut attributes = HashMap::from([
        (
            "units".to_owned(),
            set(entity.units.iter().map(String::as_str)),
        ),
        (
            "public".to_owned(),
            RestrictedExpression::new_bool(entity.public),
        ),
        (
            "audience".to_owned(),
            text(entity.audience.map_or("", Audience::name)),
        ),
        ("id".to_owned(), text(&entity.id)),
        (
            "grade".to_owned(),
            RestrictedExpression::new_long(i64::from(entity.grade)),
        ),
        ("sharing".to_owned(), text(entity.sharing)),
    ]);
    if let Some(owner) = &entity.owner {
        attributes.insert("owner".to_owned(), text(owner));
    }
    attributes
}
