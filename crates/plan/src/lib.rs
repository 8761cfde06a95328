//! 干线 `plan`: the district's action plan (行动方案) as records: editions with their layers,
//! programmes and measures, indicators with recorded values, and the overview.
//!
//! Start reading at [`bundle`] (a whole edition as one value), then [`plans`] (editions as
//! records), [`indicators::rules`] and [`overview::attention`] (the rules).
//!
//! What it leaves to others: who people are and what they may do (`shield`), what other rooms
//! measure (metrics, by name).

#[cfg(test)]
mod bad_input;
pub mod bundle;
pub mod cli;
pub mod composite;
pub mod demo;
pub(crate) mod directory;
pub mod effects;
pub mod files;
pub(crate) mod finders;
pub mod forecast;
pub mod goals;
pub mod indicators;
pub mod measures;
pub mod nearest;
pub mod overview;
pub mod papers;
pub mod participation;
pub mod periods;
pub mod plans;
pub mod reports;
pub mod schedule;
pub mod shares;
pub(crate) mod stored;
#[cfg(test)]
pub(crate) mod testing;
pub mod values;
pub mod warnings;
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
        .merge(periods::api::routes())
        .merge(reports::api::routes())
        .merge(reports::files::routes())
        .merge(reports::workbook::routes())
        .merge(schedule::api::routes())
        .merge(papers::api::routes())
        .merge(forecast::api::routes())
        .merge(effects::api::routes())
        .merge(goals::api::routes())
        .merge(participation::routes())
        .merge(composite::api::routes())
        .merge(warnings::api::routes())
        .merge(warnings::rule_api::routes())
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
            (
                "plan/0020_followup",
                include_str!("migrations/0020_followup.sql"),
            ),
            (
                "plan/0021_values_from_reports",
                include_str!("migrations/0021_values_from_reports.sql"),
            ),
            (
                "plan/0030_effects",
                include_str!("migrations/0030_effects.sql"),
            ),
            ("plan/0031_goals", include_str!("migrations/0031_goals.sql")),
            (
                "plan/0060_papers",
                include_str!("migrations/0060_papers.sql"),
            ),
            (
                "plan/0050_participation",
                include_str!("migrations/0050_participation.sql"),
            ),
            (
                "plan/0040_composite",
                include_str!("migrations/0040_composite.sql"),
            ),
            (
                "plan/0041_warnings",
                include_str!("migrations/0041_warnings.sql"),
            ),
            (
                "plan/0051_contact_erasures",
                include_str!("migrations/0051_contact_erasures.sql"),
            ),
            (
                "plan/0061_round_papers",
                include_str!("migrations/0061_round_papers.sql"),
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
            periods::PERIOD_PLANNED,
            periods::PERIOD_OPENED,
            periods::PERIOD_CHANGED,
            periods::ROSTER_CHANGED,
            periods::REMINDED,
            reports::REPORT_SAVED,
            reports::REPORT_SUBMITTED,
            reports::REPORT_ENDORSED,
            reports::REPORT_RETURNED,
            reports::REPORT_ACCEPTED,
            reports::REPORT_DELEGATED,
            schedule::MILESTONE_ADDED,
            schedule::MILESTONE_CHANGED,
            schedule::MILESTONE_REMOVED,
            schedule::DEPENDENCY_ADDED,
            schedule::DEPENDENCY_REMOVED,
            papers::PAPER_ORDERED,
            papers::PAPER_MADE,
            papers::templates::TEMPLATE_SET,
            papers::templates::TEMPLATE_REMOVED,
            papers::schedules::SCHEDULE_SET,
            papers::schedules::SCHEDULE_REMOVED,
            effects::EVALUATED,
            effects::REMOVED,
            goals::SOURCE_SET,
            goals::ENTRY_ADDED,
            goals::ENTRY_STRUCK,
            goals::MEASURED,
            composite::INDEX_CREATED,
            composite::INDEX_CHANGED,
            composite::INDEX_REMOVED,
            composite::RESULT_KEPT,
        ])
        .kinds(participation::KINDS)
        .kinds(warnings::KINDS)
        .routes(router())
        .state(std::sync::Arc::new(
            participation::opinions::intake::Indexes::default(),
        ))
        .state(std::sync::Arc::new(
            participation::open::guard::Guard::default(),
        ))
        .state(std::sync::Arc::new(
            participation::votes::api::Found::default(),
        ))
        .find("Plan", finders::plan)
        .find("Measure", finders::measure)
        .find("Indicator", finders::indicator)
        .find("Report", finders::report)
        .jobs(&[values::measure::READ_METRICS, periods::remind::FOLLOW_UP])
        .jobs(&[warnings::evaluate::LOOK])
        .reactions(&[warnings::evaluate::AFTER_FACTS])
        .schedules(&[warnings::evaluate::SCHEDULE])
        .schedules(&[values::measure::SCHEDULE, periods::remind::SCHEDULE])
        .jobs(&[papers::making::MAKE, papers::schedules::ISSUE])
        .schedules(&[papers::schedules::SCHEDULE])
        .find("Round", finders::round)
        .find("Goal", finders::goal)
        .jobs(&[goals::measure::READ_METRICS])
        .schedules(&[goals::measure::SCHEDULE])
        .metrics(vec![measures::metrics::DONE, measures::metrics::UNDER_WAY])
}
