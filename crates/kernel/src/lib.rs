//! The kernel of Tianyuan: what every room stands on.
//!
//! Start reading at [`App`] (everything an operation may need), then [`http::Ctx`] (one request),
//! [`http::Tx`] (one transaction with its journal facts), and [`Room`] (what a room brings).

pub mod app;
pub mod authority;
pub mod classify;
pub mod clock;
pub mod config;
pub mod db;
pub mod erasures;
pub mod error;
pub mod fetch;
pub mod files;
pub mod http;
pub mod id;
pub mod jobs;
pub mod journal;
pub mod lease;
pub mod metrics;
pub mod office;
pub mod party;
pub mod release;
pub mod room;
pub mod testkit;
pub mod text;

pub use app::App;
pub use error::{Error, Result};
pub use room::Room;
pub use text::Text;

/// What most files of a room need.
pub mod prelude {
    pub use crate::app::App;
    pub use crate::args;
    pub use crate::authority::{
        Action, Authorize, Decision, Entity, Grant, Principal, Resource, Role, Via,
    };
    pub use crate::clock::Micros;
    pub use crate::db::{Arg, Args, Row, Select, Sql};
    pub use crate::error::{Error, FieldError, Problems, Result};
    pub use crate::http::list::PageParams;
    pub use crate::http::{Ctx, Json, List, Page, PathId, Query, Routes, Tx};
    pub use crate::journal::{Audience, Fact, FactId, Kind, Log};
    pub use crate::room::Room;
    pub use crate::text;
    pub use crate::text::{Lang, Text};
}
