//! Identifiers: a kind's prefix and 26 characters of Crockford base 32, time-ordered (the layout
//! of a ULID: 48 bits of milliseconds, 80 bits of chance), in lower case so that they sort as
//! plain ASCII on every database.

use crate::App;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes the part after the prefix: later in order than every earlier one of this process.
#[must_use]
pub fn ordered_suffix(app: &App) -> String {
    let millis = (app.now().0 / 1000).max(0) as u128 & 0xffff_ffff_ffff;
    let chance = app.random::<10>();
    let mut bits = millis << 80;
    for (i, byte) in chance.iter().enumerate() {
        bits |= u128::from(*byte) << (72 - 8 * i);
    }
    let bits = app.later_id(bits);
    (0..26)
        .map(|i| ALPHABET[((bits >> (125 - 5 * i)) & 31) as usize] as char)
        .collect()
}

/// True when `text` is `prefix`, an underscore and 26 characters of our alphabet.
#[must_use]
pub fn well_formed(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| rest.len() == 26 && rest.bytes().all(|b| ALPHABET.contains(&b)))
}

/// Declares an identifier type: `id!(PlanId, "plan", "An edition of the action plan.")`.
#[macro_export]
macro_rules! id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The kind's prefix.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier, later in order than every earlier one of this process.
            #[must_use]
            pub fn new(app: &$crate::App) -> Self {
                Self(format!("{}_{}", $prefix, $crate::id::ordered_suffix(app)))
            }

            /// Takes an identifier that was stored by us.
            #[must_use]
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                if $crate::id::well_formed($prefix, text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(format!("an id of the form {}_ and 26 characters", $prefix))
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&$name> for $crate::db::Arg {
            fn from(id: &$name) -> Self {
                Self::from(id.as_str())
            }
        }

        impl From<$name> for $crate::db::Arg {
            fn from(id: $name) -> Self {
                Self::from(id.0)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-hjkmnp-tv-z]{26}$")))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
