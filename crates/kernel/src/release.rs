//! The `Release` question: in what form may rows of this table leave for this caller and this
//! purpose? `shield` answers it with plain data; the lake's gate applies the answer to each scan,
//! so that every exit gets the same rows.
//!
//! Invariant: default deny. A table nobody ruled on is absent, a field nobody ruled on is removed.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::App;
use crate::authority::{Entity, Principal};
use crate::error::Result;

/// The grade of a field, 1 (open) to 4 (core), after the classification of public data.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Grade(u8);

impl Grade {
    /// Open to everybody.
    pub const OPEN: Self = Self(1);
    /// Personal, or a firm's own.
    pub const SENSITIVE: Self = Self(3);
    /// The strictest; what is not graded counts as this.
    pub const CORE: Self = Self(4);

    /// From its number.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=4 => Some(Self(number)),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Grade {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        Self::new(number).ok_or_else(|| "a grade from 1 to 4".to_owned())
    }
}

impl From<Grade> for u8 {
    fn from(grade: Grade) -> Self {
        grade.0
    }
}

impl utoipa::PartialSchema for Grade {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(4))
            .into()
    }
}
impl utoipa::ToSchema for Grade {}

/// What happens to a field's values on their way out.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Treatment {
    /// As they are.
    Show,
    /// The field is absent.
    Remove,
    /// Only so many characters at each end are shown, the rest are `*`; a value too short to hide
    /// anything is hidden whole.
    Mask {
        /// Characters shown at the start.
        keep_first: u8,
        /// Characters shown at the end.
        keep_last: u8,
    },
    /// A keyed digest (HMAC-SM3): equal values stay equal, nothing else is told.
    Digest,
    /// Format-preserving encryption (FF1 with SM4): digits stay digits, letters stay letters.
    Encrypt,
    /// Dates to the first day of their month.
    Month,
    /// Dates to the first day of their year.
    Year,
    /// Numbers to the lower end of their band.
    Band {
        /// Width of a band, at least 1.
        width: u32,
    },
    /// Coordinates in degrees to the corner of their cell.
    Grid {
        /// Side of a cell in seconds of arc, at least 1.
        seconds: u32,
    },
}

impl Treatment {
    /// True when the values pass unchanged.
    #[must_use]
    pub const fn shows(&self) -> bool {
        matches!(self, Self::Show)
    }
}

/// A field as the question knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedField {
    /// Its name.
    pub name: String,
    /// Its grade.
    pub grade: Grade,
    /// How it leaves for those who may not see it as it is; `None`: not at all.
    pub otherwise: Option<Treatment>,
}

/// A table as the question knows it.
#[derive(Clone, Debug)]
pub struct ProtectedTable {
    /// The dataset as policies see it.
    pub entity: Entity,
    /// Its fields.
    pub fields: Vec<ProtectedField>,
    /// The field that names the unit a row belongs to: who does not answer for the table sees
    /// their own units' rows only.
    pub unit_field: Option<String>,
}

/// Which rows leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// All of them.
    All,
    /// Those whose field has one of these values.
    Only {
        /// The field.
        field: String,
        /// The values.
        values: Vec<String>,
    },
}

/// An answer: what leaves, and in what form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Released {
    /// Which rows.
    pub rows: Rows,
    /// What happens to each field; a field that is not named is removed.
    pub fields: BTreeMap<String, Treatment>,
    /// Anybody would get the same: it is counted, not recorded one by one.
    pub open: bool,
}

impl Released {
    /// What happens to a field.
    #[must_use]
    pub fn treatment(&self, field: &str) -> &Treatment {
        self.fields.get(field).unwrap_or(&Treatment::Remove)
    }

    /// True when every row and every one of these fields leaves as it is.
    pub fn shows_all<'a>(&self, fields: impl IntoIterator<Item = &'a str>) -> bool {
        self.rows == Rows::All && fields.into_iter().all(|f| self.treatment(f).shows())
    }

    /// Names the form: equal for callers who get the same.
    #[must_use]
    pub fn digest(&self) -> String {
        let form = serde_json::to_vec(&(&self.rows, &self.fields)).unwrap_or_default();
        hex::encode(Sha256::digest(form))
    }
}

/// The answer to the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing; the table is as absent.
    Denied,
    /// This much.
    Released(Released),
}

/// The question.
pub struct ReleaseQuestion<'a> {
    /// Who asks.
    pub who: &'a Principal,
    /// What for; empty when they did not say.
    pub purpose: &'a str,
    /// Of which table.
    pub table: &'a ProtectedTable,
}

/// The question rooms ask before rows leave.
pub trait Release: Send + Sync {
    /// In what form may they leave?
    fn rule<'a>(
        &'a self,
        app: &'a App,
        question: ReleaseQuestion<'a>,
    ) -> BoxFuture<'a, Result<Ruling>>;
}

/// Nothing leaves: what stands where nobody answers the question.
pub struct NothingLeaves;

impl Release for NothingLeaves {
    fn rule<'a>(&'a self, _: &'a App, _: ReleaseQuestion<'a>) -> BoxFuture<'a, Result<Ruling>> {
        Box::pin(async { Ok(Ruling::Denied) })
    }
}

/// The plain rule by grade: a field leaves as it is when `permits` its grade, otherwise as its
/// officer said. `permits` of somebody nobody knows tells whether it is open.
pub fn by_grade(
    question: &ReleaseQuestion<'_>,
    permits: impl Fn(&Principal, Grade) -> bool,
) -> Ruling {
    let who = question.who;
    let Some(mut released) = released_to(question.table, who, &permits) else {
        return Ruling::Denied;
    };
    let stranger = released_to(question.table, &Principal::anonymous(), &permits);
    released.open = stranger
        .is_some_and(|other| other.rows == released.rows && other.fields == released.fields);
    Ruling::Released(released)
}

fn released_to(
    table: &ProtectedTable,
    who: &Principal,
    permits: &impl Fn(&Principal, Grade) -> bool,
) -> Option<Released> {
    if !permits(who, Grade::OPEN) {
        return None;
    }
    let treat = |field: &ProtectedField| {
        if permits(who, field.grade) {
            Treatment::Show
        } else {
            field.otherwise.clone().unwrap_or(Treatment::Remove)
        }
    };
    let rows = match &table.unit_field {
        Some(field) if !permits(who, Grade::CORE) => Rows::Only {
            field: field.clone(),
            values: who.grants.iter().filter_map(|g| g.unit.clone()).collect(),
        },
        _ => Rows::All,
    };
    let fields = table
        .fields
        .iter()
        .map(|field| (field.name.clone(), treat(field)))
        .collect();
    Some(Released {
        rows,
        fields,
        open: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(unit_field: Option<&str>) -> ProtectedTable {
        let field = |name: &str, grade, otherwise| ProtectedField {
            name: name.to_owned(),
            grade: Grade(grade),
            otherwise,
        };
        let mask = Treatment::Mask {
            keep_first: 3,
            keep_last: 4,
        };
        ProtectedTable {
            entity: Entity::new("Dataset", "dataset_x"),
            fields: vec![
                field("town", 1, None),
                field("mobile", 3, Some(mask)),
                field("diagnosis", 4, None),
            ],
            unit_field: unit_field.map(str::to_owned),
        }
    }

    fn rule(table: &ProtectedTable, grade: u8) -> Ruling {
        let who = Principal {
            id: Some("person_x".to_owned()),
            ..Principal::anonymous()
        };
        let question = ReleaseQuestion {
            who: &who,
            purpose: "",
            table,
        };
        by_grade(&question, |who, asked| {
            asked.number() <= if who.is_signed_in() { grade } else { 1 }
        })
    }

    #[test]
    fn a_field_above_the_callers_grade_leaves_as_its_officer_said_or_not_at_all() {
        let Ruling::Released(released) = rule(&table(None), 2) else {
            panic!("denied");
        };
        assert!(released.treatment("town").shows());
        assert_eq!(
            released.treatment("mobile"),
            &Treatment::Mask {
                keep_first: 3,
                keep_last: 4
            }
        );
        assert_eq!(released.treatment("diagnosis"), &Treatment::Remove);
        assert_eq!(released.treatment("unheard_of"), &Treatment::Remove);
        assert!(released.open, "a stranger gets the same");
        let Ruling::Released(more) = rule(&table(None), 4) else {
            panic!("denied");
        };
        assert!(!more.open);
        assert_ne!(more.digest(), released.digest());
    }

    #[test]
    fn nothing_is_permitted_means_denied_and_rows_belong_to_units() {
        assert_eq!(rule(&table(None), 0), Ruling::Denied);
        let Ruling::Released(released) = rule(&table(Some("town")), 2) else {
            panic!("denied");
        };
        let none = Rows::Only {
            field: "town".to_owned(),
            values: Vec::new(),
        };
        assert_eq!(released.rows, none);
    }
}
