//! Our records as CKAN shows them.

use serde_json::{Value, json};
use tianyuan_kernel::prelude::*;

use crate::datasets::{Dataset, fields};
use crate::words::{DatasetState, Theme};

/// A dataset as a package.
pub(super) fn package(base: &str, d: &Dataset) -> Value {
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
        "url": format!("{base}/open/d/{}", d.code),
        "license_id": p.licence.as_str(), "license_title": p.licence.title().en,
        "license_url": p.licence.uri(),
        "author": d.unit.name, "maintainer": p.contact.name,
        "maintainer_email": p.contact.email,
        "owner_org": d.unit.id,
        "organization": {
            "id": d.unit.id, "name": d.unit.id, "title": d.unit.name, "type": "organization",
            "is_organization": true, "state": "active",
        },
        "groups": p.themes.iter().map(|t| group(*t)).collect::<Vec<_>>(),
        "tags": p.tags.iter().map(|t| json!({ "name": t, "display_name": t })).collect::<Vec<_>>(),
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
            "state": "active", "datastore_active": true, "url_type": "datastore",
            "created": naive(d.created_at), "last_modified": naive(current.published_at),
            "resource_type": "file",
        })
    };
    formats.into_iter().enumerate().map(resource).collect()
}
