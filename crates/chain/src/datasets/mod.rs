//! Datasets (数据资源目录): what there is, whose it is, what its fields mean, and on which terms it
//! is shared and opened. Fields follow the national government data catalogue and DCAT.
//!
//! Invariant: an entry never changes without a fact in the same transaction, and its number in
//! the catalogue's order of changes (`revision`) is given there too, so that search misses none.

pub mod api;
pub mod fields;
mod rules;
pub(crate) mod store;
pub(crate) mod table;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;

pub use fields::Field;
pub use rules::{check, check_opening, opening_by_grades};

use crate::words::{DatasetState, Licence, Opening, Sharing, Theme, UpdateCycle};

tianyuan_kernel::id!(DatasetId, "dataset", "A dataset of the catalogue.");

/// An entry was begun.
pub const CREATED: Kind = Kind::new(
    "dataset.created",
    Log::Directory,
    "编制目录",
    "Dataset entered",
)
.staff();
/// An entry was changed.
pub const CHANGED: Kind = Kind::new(
    "dataset.changed",
    Log::Directory,
    "修改目录",
    "Dataset changed",
)
.staff();
/// An entry came into the catalogue.
pub const PUBLISHED: Kind = Kind::new(
    "dataset.published",
    Log::Directory,
    "发布目录",
    "Dataset published",
)
.open(&["code", "title", "unit", "sharing", "opening"])
.staff();
/// An entry was taken out of the catalogue.
pub const WITHDRAWN: Kind = Kind::new(
    "dataset.withdrawn",
    Log::Directory,
    "撤下目录",
    "Dataset withdrawn",
)
.open(&["code", "title", "unit"])
.staff();

/// The editable part of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    /// English name; may be empty.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title_en: String,
    /// What it holds.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub summary: String,
    /// The same in English; may be empty.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub summary_en: String,
    /// Code of the item in the national catalogue (信息资源代码); may be empty.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub item_code: String,
    /// The unit that provides it.
    pub unit_id: UnitId,
    /// How often it is renewed.
    pub update_cycle: UpdateCycle,
    /// Sharing among units.
    pub sharing: Sharing,
    /// On which conditions, or why not.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub sharing_terms: String,
    /// Opening to everyone.
    pub opening: Opening,
    /// On which conditions, or why more openly than its grades suggest.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub opening_terms: String,
    /// Themes.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub themes: Vec<Theme>,
    /// Key words.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub tags: Vec<String>,
    /// Whom to ask: an office, no person.
    #[serde(default)]
    pub contact: Contact,
    /// Terms of use.
    #[serde(default = "cc_by")]
    pub licence: Licence,
    /// The area it covers.
    #[serde(default)]
    pub spatial: Spatial,
    /// First day it covers.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub covers_from: Option<jiff::civil::Date>,
    /// Last day it covers.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub covers_to: Option<jiff::civil::Date>,
    /// What it was made from.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub lineage: Vec<Source>,
    /// A made-up sample: not counted among opened rows.
    #[serde(default)]
    pub sample: bool,
    /// Its fields, in order.
    #[serde(default)]
    #[schema(max_items = 400)]
    pub fields: Vec<Field>,
}

impl Profile {
    /// A profile with a title and a provider, and nothing else decided: open, and shared on
    /// conditions.
    #[must_use]
    pub fn of(title: String, unit_id: UnitId) -> Self {
        Self {
            title,
            title_en: String::new(),
            summary: String::new(),
            summary_en: String::new(),
            item_code: String::new(),
            unit_id,
            update_cycle: UpdateCycle::Irregular,
            sharing: Sharing::Conditional,
            sharing_terms: String::new(),
            opening: Opening::Unconditional,
            opening_terms: String::new(),
            themes: Vec::new(),
            tags: Vec::new(),
            contact: Contact::default(),
            licence: Licence::CcBy,
            spatial: Spatial::default(),
            covers_from: None,
            covers_to: None,
            lineage: Vec::new(),
            sample: false,
            fields: Vec::new(),
        }
    }
}

const fn cc_by() -> Licence {
    Licence::CcBy
}

/// Whom to ask.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// Name of the office.
    #[schema(max_length = 120)]
    pub name: String,
    /// Its e-mail; may be empty.
    #[schema(max_length = 120)]
    pub email: String,
    /// Its telephone; may be empty.
    #[schema(max_length = 40)]
    pub phone: String,
}

/// An area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spatial {
    /// Its name; may be empty.
    #[schema(max_length = 120)]
    pub name: String,
    /// West, south, east, north in degrees (WGS 84).
    #[schema(value_type = Option<Vec<f64>>, min_items = 4, max_items = 4)]
    pub bbox: Option<[f64; 4]>,
}

/// Something a dataset was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// Where it is; may be empty.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub uri: String,
}

/// What of a dataset's rows stands now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Current {
    /// Number of the version.
    pub number: i64,
    /// Its rows.
    pub rows: i64,
    /// Its bytes as kept.
    pub size_bytes: i64,
    /// When it was published.
    pub published_at: Micros,
    /// Its quality, 0 to 100; null before it was measured.
    pub quality: Option<f64>,
}

/// A dataset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// Short name in addresses, SQL and clients: lower-case letters, digits, `_`.
    pub code: String,
    /// Where it stands.
    pub state: DatasetState,
    /// The provider.
    pub unit: UnitRef,
    /// Everything else.
    #[serde(flatten)]
    pub profile: Profile,
    /// Its present rows; null while there are none.
    pub current: Option<Current>,
    /// When it was begun.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
    /// When it first came into the catalogue.
    pub published_at: Option<Micros>,
    /// Grows with every change.
    pub version: i64,
    /// Its place in the order of the catalogue's changes.
    #[serde(skip)]
    pub revision: i64,
}

impl Dataset {
    /// True when anybody may see the entry.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.state == DatasetState::Published && self.profile.opening != Opening::None
    }

    /// True when anybody may have its rows, as far as the gate lets each field out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == DatasetState::Published && self.profile.opening == Opening::Unconditional
    }
}

impl Resource for Dataset {
    fn entity(&self) -> Entity {
        let audience = if self.state == DatasetState::Published {
            Audience::Staff
        } else {
            Audience::Auditors
        };
        Entity::new("Dataset", self.id.as_str())
            .of_units([self.unit.id.as_str()])
            .public_if(self.is_public())
            .for_audience(audience)
    }
}

/// Finds a dataset for those who ask about it from outside.
pub(crate) fn find<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let mut sql = app.db().read().await?;
        Ok(store::find(&mut sql, id).await?.map(|d| d.entity()))
    })
}
