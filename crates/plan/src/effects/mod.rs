//! Before and after (前后对比): the effect of a policy or an institution on an indicator, by an
//! interrupted time series. Start reading at [`result`], then [`regression`].
//!
//! Invariants: an evaluation keeps the values it rested on and never changes; making and removing
//! one are facts. What the method cannot know (that nothing else happened) is said beside every
//! result. For staff.

pub mod api;
pub mod regression;
pub mod result;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::bundle::check::YEARS;
use crate::indicators::IndicatorId;
use crate::plans::PlanId;
use result::BeforeAfter;

tianyuan_kernel::id!(EffectId, "effect", "An evaluation of an event's effect.");

/// The effect of an event was evaluated.
pub const EVALUATED: Kind = Kind::new(
    "effect.evaluated",
    Log::Material,
    "评估前后变化",
    "Before and after evaluated",
)
.open(&["plan", "indicator", "at"])
.staff();
/// An evaluation was removed.
pub const REMOVED: Kind = Kind::new(
    "effect.removed",
    Log::Material,
    "删除前后对比",
    "Evaluation removed",
)
.open(&["plan", "indicator", "at"])
.staff();

/// Longest name of an event, characters.
pub const EVENT_CHARS_MAX: usize = 120;
/// Longest note, characters.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Evaluations of one indicator that may stand at once.
pub const STANDING_MAX: i64 = 200;

/// An evaluation as it was kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Effect {
    /// Its id.
    pub id: EffectId,
    /// The edition.
    pub plan_id: PlanId,
    /// The indicator.
    pub indicator_id: IndicatorId,
    /// The indicator's number.
    pub indicator_number: i64,
    /// The indicator's name.
    pub indicator_name: String,
    /// Its English name; may be empty.
    pub indicator_name_en: String,
    /// Unit of its values.
    pub unit: String,
    /// Decimals to show.
    pub decimals: i64,
    /// The day of the event.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// The event.
    pub event: String,
    /// A remark; may be empty.
    pub note: String,
    /// What was found.
    pub result: BeforeAfter,
    /// When it was worked out.
    pub created_at: Micros,
    /// The fact in the journal, for its receipt.
    pub fact_id: String,
}

/// Checks the event's day.
///
/// # Errors
/// 422 naming the field.
pub fn check_day(at: Date, today: Date) -> Result<()> {
    if at > today {
        let words = text!(
            "事件日期不能晚于今天 {today}，收到 {at}。",
            "The event is not after today, {today}; got {at}."
        );
        return Err(Error::invalid("date_in_future", "at", words));
    }
    if !YEARS.contains(&i64::from(at.year())) {
        let words = text!(
            "日期应在 1990 到 2100 年之间，收到 {at}。",
            "The date lies between 1990 and 2100; got {at}."
        );
        return Err(Error::invalid("date_out_of_range", "at", words));
    }
    Ok(())
}

/// Checks a text that people typed: present when it must be, not too long, without U+0000.
///
/// # Errors
/// 422 naming the field.
pub(crate) fn check_text(
    text: &str,
    field: &'static str,
    (least, most): (usize, usize),
) -> Result<()> {
    let size = text.chars().count();
    if size < least {
        let words = Text::new("此项必填。", "This is required.");
        return Err(Error::invalid("required", field, words));
    }
    if size > most {
        let words = text!(
            "最多 {most} 个字符，收到 {size} 个。",
            "At most {most} characters; got {size}."
        );
        return Err(Error::invalid("too_long", field, words));
    }
    if text.contains('\0') {
        let words = Text::new(
            "含有空字符（U+0000），请删除。",
            "It holds a NUL character (U+0000); remove it.",
        );
        return Err(Error::invalid("nul_character", field, words));
    }
    Ok(())
}
