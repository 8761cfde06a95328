//! Arguments of statements, typed so that NULL is typed too.

use crate::clock::Micros;
use crate::error::{Error, Result};
use crate::text::Text;

/// One argument.
#[derive(Clone, Debug)]
pub enum Arg {
    /// TEXT.
    Text(Option<String>),
    /// BIGINT.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Real(Option<f64>),
    /// BYTEA.
    Bytes(Option<Vec<u8>>),
}

/// The arguments of one statement, in order; see the `args!` macro.
#[derive(Clone, Debug, Default)]
pub struct Args(pub(super) Vec<Arg>);

impl Args {
    /// No arguments.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub fn push(&mut self, arg: impl Into<Arg>) {
        self.0.push(arg.into());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arguments, if both engines can store them.
    pub(super) fn checked(self) -> Result<Vec<Arg>> {
        // PostgreSQL cannot store U+0000; refusing it everywhere keeps engines alike.
        let nul = |arg: &Arg| matches!(arg, Arg::Text(Some(text)) if text.contains('\0'));
        if self.0.iter().any(nul) {
            let words = Text::new(
                "文本中含有空字符（U+0000），请删除后重试。",
                "The text holds a NUL character (U+0000); remove it.",
            );
            return Err(Error::bad_request("nul_character", words));
        }
        Ok(self.0)
    }
}

impl From<Vec<Arg>> for Args {
    fn from(args: Vec<Arg>) -> Self {
        Self(args)
    }
}

/// Lists arguments: `args![&id, 3_i64, None::<String>]`.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => {
        $crate::db::Args::from(vec![$($crate::db::Arg::from($arg)),*])
    };
}

macro_rules! from {
    ($($type:ty => $variant:ident |$value:ident| $expr:expr;)*) => {$(
        impl From<$type> for Arg {
            fn from($value: $type) -> Self { Self::$variant(Some($expr)) }
        }
        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$value| $expr))
            }
        }
    )*};
}

from! {
    &str => Text |v| v.to_owned();
    String => Text |v| v;
    &String => Text |v| v.clone();
    i64 => Int |v| v;
    i32 => Int |v| i64::from(v);
    u32 => Int |v| i64::from(v);
    bool => Int |v| i64::from(v);
    Micros => Int |v| v.0;
    f64 => Real |v| v;
    Vec<u8> => Bytes |v| v;
    &[u8] => Bytes |v| v.to_vec();
    [u8; 32] => Bytes |v| v.to_vec();
    &[u8; 32] => Bytes |v| v.to_vec();
}
