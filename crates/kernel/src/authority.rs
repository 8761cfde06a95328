//! The `Authorize` question: who is calling, and may they do this to that? `shield` answers it;
//! every other room only asks.

use std::net::IpAddr;

use futures::future::BoxFuture;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::Result;
use crate::journal::Audience;

/// A role. `UnitReporter` and `UnitLead` are held for a unit.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 规划办公室: keeps the plan.
    PlanOffice,
    /// 单位填报员: reports for a unit.
    UnitReporter,
    /// 单位负责人: answers for a unit.
    UnitLead,
    /// 数据管理员: keeps data and its grades.
    DataOfficer,
    /// 审计员: sees everything that was done.
    Auditor,
    /// 系统管理员: runs the node.
    Operator,
    /// 企业.
    Enterprise,
    /// 市民.
    Citizen,
    /// Nobody signed in.
    Anonymous,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 9] = [
        Self::PlanOffice,
        Self::UnitReporter,
        Self::UnitLead,
        Self::DataOfficer,
        Self::Auditor,
        Self::Operator,
        Self::Enterprise,
        Self::Citizen,
        Self::Anonymous,
    ];

    /// As stored, on the wire and in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlanOffice => "plan_office",
            Self::UnitReporter => "unit_reporter",
            Self::UnitLead => "unit_lead",
            Self::DataOfficer => "data_officer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Enterprise => "enterprise",
            Self::Citizen => "citizen",
            Self::Anonymous => "anonymous",
        }
    }

    /// From its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }
}

/// A role held, perhaps for one unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The unit it is held for.
    pub unit: Option<String>,
}

/// How a caller proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Not at all.
    Anonymous,
    /// A session (cookie or bearer).
    Session,
    /// An API token.
    Token,
}

/// The caller.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Person id; `None` for strangers.
    pub id: Option<String>,
    /// Name to show.
    pub name: String,
    /// Roles held.
    pub grants: Vec<Grant>,
    /// How they proved it.
    pub via: Via,
    /// The session, when there is one.
    pub session: Option<String>,
    /// Only reading (a token without the `write` scope).
    pub read_only: bool,
    /// Must choose a password before anything else.
    pub must_change_password: bool,
    /// The token a browser must send back in `X-CSRF-Token`.
    pub csrf: Option<String>,
}

impl Principal {
    /// A stranger.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            id: None,
            name: String::new(),
            grants: vec![Grant {
                role: Role::Anonymous,
                unit: None,
            }],
            via: Via::Anonymous,
            session: None,
            read_only: true,
            must_change_password: false,
            csrf: None,
        }
    }

    /// True when they hold the role, for whatever unit.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|g| g.role == role)
    }

    /// True when they are signed in.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.id.is_some()
    }
}

/// What is done. Verbs only; the resource says to what.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Action {
    /// Look at it.
    View,
    /// Make one.
    Create,
    /// Change it.
    Edit,
    /// Remove it.
    Delete,
    /// Load from a file.
    Import,
    /// Take out as a file.
    Export,
    /// Record a value.
    Record,
    /// Make it public.
    Publish,
    /// Give and take rights, reset, suspend.
    Administer,
    /// Run, cancel, retry.
    Operate,
    /// Erase personal data.
    Erase,
    /// Ask why something is allowed.
    Explain,
    /// Take rows of a dataset out, fields of the resource's grade as they are.
    Release,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 13] = [
        Self::View,
        Self::Create,
        Self::Edit,
        Self::Delete,
        Self::Import,
        Self::Export,
        Self::Record,
        Self::Publish,
        Self::Administer,
        Self::Operate,
        Self::Erase,
        Self::Explain,
        Self::Release,
    ];

    /// As in policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Create => "Create",
            Self::Edit => "Edit",
            Self::Delete => "Delete",
            Self::Import => "Import",
            Self::Export => "Export",
            Self::Record => "Record",
            Self::Publish => "Publish",
            Self::Administer => "Administer",
            Self::Operate => "Operate",
            Self::Erase => "Erase",
            Self::Explain => "Explain",
            Self::Release => "Release",
        }
    }
}

/// A resource as policies see it.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its kind: `Plan`, `Measure`, `Indicator`, `Unit`, `Person`, `Token`, `Session`, `Job`,
    /// `Fact`, `File`, `Node`, `Policy`, `Ledger`, `Dataset`.
    pub kind: &'static str,
    /// Its id; `*` for the kind as a whole (creating, listing).
    pub id: String,
    /// The units it belongs to, groups expanded.
    pub units: Vec<String>,
    /// The person it belongs to.
    pub owner: Option<String>,
    /// Anybody may see it.
    pub public: bool,
    /// For facts: who may see it.
    pub audience: Option<Audience>,
    /// For datasets: the grade of the fields in question, 1 to 4; otherwise 0.
    pub grade: u8,
    /// For datasets: the sharing class, such as `unconditional`; otherwise empty.
    pub sharing: &'static str,
}

impl Entity {
    /// A resource without unit or owner, not public.
    #[must_use]
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            units: Vec::new(),
            owner: None,
            public: false,
            audience: None,
            grade: 0,
            sharing: "",
        }
    }

    /// The kind as a whole.
    #[must_use]
    pub fn all(kind: &'static str) -> Self {
        Self::new(kind, "*")
    }

    /// Adds the units it belongs to.
    #[must_use]
    pub fn of_units(mut self, units: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.units.extend(units.into_iter().map(Into::into));
        self
    }

    /// Names its owner.
    #[must_use]
    pub fn owned_by(mut self, person: Option<impl Into<String>>) -> Self {
        self.owner = person.map(Into::into);
        self
    }

    /// Lets anybody see it.
    #[must_use]
    pub fn public_if(mut self, public: bool) -> Self {
        self.public = public;
        self
    }

    /// For datasets: fields of this grade are in question.
    #[must_use]
    pub fn of_grade(mut self, grade: crate::release::Grade) -> Self {
        self.grade = grade.number();
        self
    }

    /// For datasets: how they are shared among units.
    #[must_use]
    pub fn shared_as(mut self, sharing: &'static str) -> Self {
        self.sharing = sharing;
        self
    }

    /// For facts: who may see it.
    #[must_use]
    pub fn for_audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }
}

/// Anything that policies decide about.
pub trait Resource {
    /// As policies see it.
    fn entity(&self) -> Entity;
}

impl Resource for Entity {
    fn entity(&self) -> Entity {
        self.clone()
    }
}

/// Finds a room's resource by id, for those who ask about it from outside ("may X do Y to Z").
pub type FindEntity = for<'a> fn(&'a App, &'a str) -> BoxFuture<'a, Result<Option<Entity>>>;

/// An answer with its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Allowed?
    pub allowed: bool,
    /// The policies that decided; empty when none permitted.
    pub policies: Vec<String>,
}

/// The question rooms ask of `shield`.
pub trait Authorize: Send + Sync {
    /// Who calls? Runs before the body is read: rate limits, credentials, CSRF.
    fn admit<'a>(
        &'a self,
        app: &'a App,
        parts: &'a Parts,
        peer: IpAddr,
    ) -> BoxFuture<'a, Result<Principal>>;

    /// May they?
    fn decide(&self, who: &Principal, action: Action, entity: &Entity) -> Decision;

    /// Ids of units that have at least one active person of the role.
    fn units_with_role<'a>(
        &'a self,
        _app: &'a App,
        _role: Role,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Ids of active people who hold a role: for this unit, or anyhow.
    fn people_with_role<'a>(
        &'a self,
        _app: &'a App,
        _role: Role,
        _unit: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// A person by id with the grants they hold now; `None` when they are absent, suspended or
    /// erased. For what goes on in somebody's name while they are away: signed addresses,
    /// scheduled refreshes.
    fn person<'a>(
        &'a self,
        _app: &'a App,
        _id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(async { Ok(None) })
    }

    /// Names of people by id, for lists that mention them; erased people are absent.
    fn names<'a>(
        &'a self,
        _app: &'a App,
        _ids: &'a [String],
    ) -> BoxFuture<'a, Result<std::collections::BTreeMap<String, String>>> {
        Box::pin(async { Ok(std::collections::BTreeMap::new()) })
    }
}
