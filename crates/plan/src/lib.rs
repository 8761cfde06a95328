//! 干线 `plan`: the district's action plan (行动方案) as records: editions with their layers,
//! programmes and measures, indicators with recorded values, and the overview.
//!
//! Start reading at [`bundle`] (a whole edition as one value), then [`plans`] (editions as
//! records), [`indicators::rules`] and [`overview::attention`] (the rules).
//!
//! What it leaves to others: who people are and what they may do (`shield`), what other rooms
//! measure (metrics, by name).

pub mod bundle;
pub mod cli;
pub mod demo;
pub(crate) mod directory;
pub mod files;
pub(crate) mod finders;
pub mod indicators;
pub mod measures;
pub mod nearest;
pub mod overview;
pub mod plans;
pub mod shares;
pub(crate) mod stored;
#[cfg(test)]
pub(crate) mod testing;
pub mod values;
pub mod words;
pub(crate) mod workbook;

use tianyuan_kernel::Room;
use tianyuan_kernel::http::Routes;

/// The routes of this room.
#[must_use]
pub fn router() -> Routes {
    Routes::new()
        .merge(plans::api::routes())
        .merge(measures::api::routes())
        .merge(indicators::api::routes())
        .merge(values::api::routes())
        .merge(overview::api::routes())
        .merge(shares::api::routes())
        .merge(files::routes())
}

/// This room, for the node to compose.
#[must_use]
pub fn room() -> Room {
    Room::new("plan")
        .migrations(&[
            ("plan/0001_plan", include_str!("migrations/0001_plan.sql")),
            (
                "plan/0010_shares",
                include_str!("migrations/0010_shares.sql"),
            ),
        ])
        .kinds(&[
            plans::PLAN_IMPORTED,
            plans::PLAN_UPDATED,
            plans::PLAN_EXPORTED,
            measures::STATE_CHANGED,
            indicators::BOUND,
            values::VALUE_RECORDED,
            shares::SHARE_CREATED,
            shares::SHARE_REVOKED,
        ])
        .routes(router())
        .find("Plan", finders::plan)
        .find("Measure", finders::measure)
        .find("Indicator", finders::indicator)
        .jobs(&[values::measure::READ_METRICS])
        .schedules(&[values::measure::SCHEDULE])
        .metrics(vec![measures::metrics::DONE, measures::metrics::UNDER_WAY])
}
