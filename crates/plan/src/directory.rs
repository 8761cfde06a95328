//! The unit directory as one request needs it: by id and by name, with groups expanded.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::party::{self, Unit, UnitId, UnitKind, UnitRef};
use utoipa::ToSchema;

/// A unit with its kind, as measures mention it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResponsibleUnit {
    /// Its id.
    pub id: UnitId,
    /// Official name.
    pub name: String,
    /// What kind of body it is; a group stands for its members.
    pub kind: UnitKind,
}

/// Units, loaded once for a request.
pub(crate) struct Directory {
    units: BTreeMap<String, Unit>,
}

impl Directory {
    /// All units (two queries).
    pub(crate) async fn load(sql: &mut dyn Sql) -> Result<Self> {
        Ok(Self::new(party::all(sql).await?))
    }

    /// These units, and the members of the groups among them.
    pub(crate) async fn of<'a>(
        sql: &mut dyn Sql,
        ids: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self> {
        let ids = ids.into_iter().map(String::as_str).collect();
        Ok(Self::new(party::with_members(sql, ids).await?))
    }

    fn new(units: Vec<Unit>) -> Self {
        let units = units.into_iter();
        Self {
            units: units.map(|u| (u.id.as_str().to_owned(), u)).collect(),
        }
    }

    /// Every unit loaded.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// A unit by id.
    pub(crate) fn get(&self, id: &str) -> Option<&Unit> {
        self.units.get(id)
    }

    /// Units as measures mention them, in the order given.
    pub(crate) fn responsible(&self, ids: &[String]) -> Vec<ResponsibleUnit> {
        ids.iter()
            .filter_map(|id| self.get(id))
            .map(|u| ResponsibleUnit {
                id: u.id.clone(),
                name: u.name.clone(),
                kind: u.kind,
            })
            .collect()
    }

    /// Units by reference, in the order given.
    pub(crate) fn refs(&self, ids: &[String]) -> Vec<UnitRef> {
        ids.iter()
            .filter_map(|id| self.get(id))
            .map(UnitRef::from)
            .collect()
    }

    /// The single units behind the given ones: groups replaced by their members, each once.
    pub(crate) fn expanded(&self, ids: &[String]) -> Vec<UnitRef> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for unit in ids.iter().filter_map(|id| self.get(id)) {
            let members: Vec<&Unit> = if unit.kind == UnitKind::Group {
                unit.members
                    .iter()
                    .filter_map(|m| self.get(m.as_str()))
                    .collect()
            } else {
                vec![unit]
            };
            for member in members {
                if seen.insert(member.id.clone()) {
                    out.push(UnitRef::from(member));
                }
            }
        }
        out
    }

    /// Ids for authorisation: the given units, the groups among them too, and their members.
    pub(crate) fn authority(&self, ids: &[String]) -> Vec<String> {
        let mut all: Vec<String> = ids.to_vec();
        all.extend(
            self.expanded(ids)
                .into_iter()
                .map(|u| u.id.as_str().to_owned()),
        );
        all.sort();
        all.dedup();
        all
    }

    /// A unit and the groups it belongs to: whoever is responsible through any of them.
    pub(crate) fn with_groups(&self, id: &str) -> Vec<String> {
        let groups = self
            .all()
            .filter(|g| g.members.iter().any(|m| m.as_str() == id));
        let mut ids: Vec<String> = groups.map(|g| g.id.as_str().to_owned()).collect();
        ids.push(id.to_owned());
        ids
    }
}

/// Collects (owner, unit) pairs into a list of units per owner, keeping their order.
pub(crate) fn by_owner(pairs: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (owner, unit) in pairs {
        map.entry(owner).or_default().push(unit);
    }
    map
}
