//! Parties that every room shares: units, and groups such as 各镇 that expand to their members.
//! People belong to `shield`; rooms know them by id.

mod store;

use serde::{Deserialize, Serialize};

pub use store::{
    all, expand, find_by_names, get, groups_of, insert, set_members, update, with_members,
};

use crate::journal::{Kind, Log};

crate::id!(
    UnitId,
    "unit",
    "A unit: a department, a town, a company, a park, or a group of them."
);

/// A unit was added.
pub const UNIT_CREATED: Kind = Kind::new("unit.created", Log::Directory, "新增单位", "Unit added")
    .open(&["code", "name", "kind", "members"])
    .staff();
/// A unit's name or members changed.
pub const UNIT_CHANGED: Kind =
    Kind::new("unit.changed", Log::Directory, "修改单位", "Unit changed")
        .open(&["code", "name", "kind", "members"])
        .staff();

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// A department of government (委办局).
    Department,
    /// A town or subdistrict (镇、街道).
    Town,
    /// A company.
    Company,
    /// A park or its management (园区).
    Park,
    /// A court, a procuratorate, a utility or another institution.
    Institution,
    /// A name for several units at once, such as 各镇.
    Group,
}

impl UnitKind {
    /// As stored and as on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Town => "town",
            Self::Company => "company",
            Self::Park => "park",
            Self::Institution => "institution",
            Self::Group => "group",
        }
    }

    /// From what was stored; unknown text reads as an institution.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        [
            Self::Department,
            Self::Town,
            Self::Company,
            Self::Park,
            Self::Group,
        ]
        .into_iter()
        .find(|k| k.name() == name)
        .unwrap_or(Self::Institution)
    }
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Short ASCII name, unique.
    pub code: String,
    /// Official Chinese name, unique.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// What it is.
    pub kind: UnitKind,
    /// Its members, when it is a group; in order of id.
    pub members: Vec<UnitId>,
    /// Grows with every change.
    pub version: i64,
}

/// A unit as other records mention it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnitRef {
    /// Its id.
    pub id: UnitId,
    /// Official Chinese name.
    pub name: String,
}

impl From<&Unit> for UnitRef {
    fn from(unit: &Unit) -> Self {
        Self {
            id: unit.id.clone(),
            name: unit.name.clone(),
        }
    }
}

/// The public part of a unit's facts.
#[derive(Serialize)]
pub struct UnitFact<'a> {
    /// Short ASCII name.
    pub code: &'a str,
    /// Official name.
    pub name: &'a str,
    /// What it is.
    pub kind: &'a str,
    /// Ids of its members.
    pub members: &'a [UnitId],
}

impl<'a> From<&'a Unit> for UnitFact<'a> {
    fn from(unit: &'a Unit) -> Self {
        Self {
            code: &unit.code,
            name: &unit.name,
            kind: unit.kind.name(),
            members: &unit.members,
        }
    }
}
