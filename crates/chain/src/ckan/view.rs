//! Our records as CKAN shows them.

use serde_json::{Value, json};
use tianyuan_kernel::party::{self, Unit};
use tianyuan_kernel::prelude::*;

use crate::datasets::{Dataset, fields};
use crate::words::{DatasetState, Theme};

/// Units as organisations. Theirs are named by short ASCII names, which our units' codes are.
pub(super) struct Units(Vec<Unit>);

impl Units {
    pub(super) async fn load(sql: &mut dyn Sql) -> Result<Self> {
        party::all(sql).await.map(Self)
    }

    /// The unit that goes by an id, a code or a name.
    pub(super) fn find(&self, key: &str) -> Option<&Unit> {
        let by_id = self.0.iter().find(|u| u.id.as_str() == key);
        by_id.or_else(|| self.0.iter().find(|u| u.code == key || u.name == key))
    }

    /// Name of the organisation with this id.
    pub(super) fn code<'a>(&'a self, id: &'a str) -> &'a str {
        let found = self.0.iter().find(|u| u.id.as_str() == id);
        found.map_or(id, |u| u.code.as_str())
    }
}

/// A unit as an organisation.
pub(super) fn organization(unit: &Unit) -> Value {
    json!({
        "id": unit.id, "name": unit.code, "title": unit.name, "display_name": unit.name,
        "description": unit.name_en, "type": "organization", "is_organization": true,
        "approval_status": "approved", "state": "active",
    })
}

/// A dataset as a package.
pub(super) fn package(base: &str, units: &Units, d: &Dataset) -> Value {
    let p = &d.profile;
    let state = if d.state == DatasetState::Withdrawn {
        "deleted"
    } else {
        "active"
    };
    let resources = resources(base, d);
    json!({
        "id": d.id, "name": d.code, "title": p.title, "notes": p.summary,
        "state": state, "private": !d.is_public(), "type": "dataset", "isopen": d.is_open(),
        "url": format!("{base}/open/datasets/{}", d.code),
        "license_id": p.licence.as_str(), "license_title": p.licence.title().en,
        "license_url": p.licence.uri(),
        "author": d.unit.name, "maintainer": p.contact.name,
        "maintainer_email": p.contact.email,
        "owner_org": d.unit.id,
        "organization": units.find(d.unit.id.as_str()).map(organization),
        "groups": p.themes.iter().map(|t| group(*t)).collect::<Vec<_>>(),
        "tags": p.tags.iter().map(|t| tag(t)).collect::<Vec<_>>(),
        "num_tags": p.tags.len(), "num_resources": resources.len(), "resources": resources,
        "metadata_created": naive(d.created_at), "metadata_modified": naive(d.updated_at),
        "version": d.current.as_ref().map(|c| c.number.to_string()),
        "extras": [
            { "key": "update_cycle", "value": p.update_cycle.as_str() },
            { "key": "sharing", "value": p.sharing.as_str() },
            { "key": "opening", "value": p.opening.as_str() },
            { "key": "item_code", "value": p.item_code },
        ],
    })
}

/// A key word as a tag.
pub(super) fn tag(name: &str) -> Value {
    json!({ "id": name, "name": name, "display_name": name, "state": "active", "vocabulary_id": null })
}

/// A theme as a group.
pub(super) fn group(theme: Theme) -> Value {
    let title = theme.title();
    json!({
        "id": theme.as_str(), "name": theme.as_str(), "title": title.zh, "display_name": title.zh,
        "description": title.en, "is_organization": false, "state": "active",
    })
}

/// CKAN writes moments without a zone.
fn naive(at: Micros) -> String {
    let text = at.to_string();
    text.trim_end_matches('Z').to_owned()
}

pub(super) fn resources(base: &str, d: &Dataset) -> Vec<Value> {
    let Some(current) = d
        .current
        .as_ref()
        .filter(|_| d.profile.opening != crate::words::Opening::None)
    else {
        return Vec::new();
    };
    let mut formats = vec!["csv", "json", "xlsx"];
    if fields::places(&d.profile.fields).is_some() {
        formats.push("geojson");
    }
    let resource = |(place, format): (usize, &str)| {
        json!({
            "id": format!("{}.{format}", d.code), "package_id": d.id, "position": place,
            "name": format!("{}.{format}", d.profile.title), "format": format.to_uppercase(),
            "url": format!("{base}/api/v1/datasets/{}/export/{format}", d.code),
            "state": "active", "datastore_active": d.is_open(), "url_type": "datastore",
            "created": naive(d.created_at), "last_modified": naive(current.published_at),
            "resource_type": "file",
        })
    };
    formats.into_iter().enumerate().map(resource).collect()
}
