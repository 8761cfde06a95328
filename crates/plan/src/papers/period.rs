//! The periods papers are about: a month, a quarter or a year.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

/// How long a period is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaperCadence)]
pub enum Cadence {
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

impl Cadence {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Month, Self::Quarter, Self::Year]
            .into_iter()
            .find(|c| c.as_str() == word)
    }

    const fn months(self) -> i8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaperPeriod {
    /// How long it is; null for the days of a round.
    pub cadence: Option<Cadence>,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

impl PaperPeriod {
    /// The period of this length that holds a day.
    #[must_use]
    pub fn holding(cadence: Cadence, day: Date) -> Self {
        let months = cadence.months();
        let month = (day.month() - 1) / months * months + 1;
        let from = Date::new(day.year(), month, 1).unwrap_or(day);
        let last = from.saturating_add(i64::from(months - 1).months());
        Self {
            cadence: Some(cadence),
            from,
            to: last.last_of_month(),
        }
    }

    /// The days of a round.
    #[must_use]
    pub const fn days(from: Date, to: Date) -> Self {
        Self {
            cadence: None,
            from,
            to,
        }
    }

    /// The last period of this length that was over before a day.
    #[must_use]
    pub fn last_before(cadence: Cadence, day: Date) -> Self {
        let present = Self::holding(cadence, day);
        let before = present.from.yesterday().unwrap_or(present.from);
        Self::holding(cadence, before)
    }

    /// From what a caller gave: a day inside it.
    ///
    /// # Errors
    /// 422 when it begins after today, or does not touch the edition's days.
    pub fn asked(cadence: Cadence, day: Date, today: Date, plan: (Date, Date)) -> Result<Self> {
        let period = Self::holding(cadence, day);
        if period.from > today {
            let words = text!(
                "{day} 所在的期间还没有开始，今天是 {today}。",
                "The period of {day} has not begun; today is {today}."
            );
            return Err(Error::invalid("period_in_future", "day", words));
        }
        if !period.touches(plan) {
            let (from, to) = plan;
            let words = text!(
                "{day} 所在的期间不在方案的期限内（{from} 至 {to}）。",
                "The period of {day} lies outside the edition's days ({from} to {to})."
            );
            return Err(Error::invalid("period_outside_plan", "day", words));
        }
        Ok(period)
    }

    /// True when it shares a day with these.
    #[must_use]
    pub fn touches(&self, (from, to): (Date, Date)) -> bool {
        self.from <= to && self.to >= from
    }

    /// `2024 年第四季度`; the days themselves where they are no calendar period.
    #[must_use]
    pub fn title(&self) -> Text {
        let (year, month) = (self.from.year(), self.from.month());
        let Some(cadence) = self.cadence else {
            let (from, to) = (self.from, self.to);
            return text!("{from}至{to}", "{from} to {to}");
        };
        match cadence {
            Cadence::Year => text!("{year}年", "{year}"),
            Cadence::Quarter => {
                let number = (month - 1) / 3 + 1;
                let zh = ["一", "二", "三", "四"][usize::from(number.unsigned_abs() - 1) % 4];
                text!("{year}年第{zh}季度", "Q{number} {year}")
            }
            Cadence::Month => {
                let name = self.from.strftime("%B %Y").to_string();
                text!("{year}年{month}月", "{name}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn periods_hold_their_days() {
        let quarter = PaperPeriod::holding(Cadence::Quarter, date(2024, 12, 31));
        assert_eq!(
            (quarter.from, quarter.to),
            (date(2024, 10, 1), date(2024, 12, 31))
        );
        assert_eq!(&*quarter.title().zh, "2024年第四季度");
        let february = PaperPeriod::holding(Cadence::Month, date(2024, 2, 10));
        assert_eq!(february.to, date(2024, 2, 29));
        let before = PaperPeriod::last_before(Cadence::Year, date(2025, 1, 1));
        assert_eq!(before.title().en, "2024");
        let plan = (date(2024, 1, 1), date(2025, 12, 31));
        let asked = |day| PaperPeriod::asked(Cadence::Quarter, day, date(2025, 2, 1), plan);
        assert!(asked(date(2025, 3, 31)).is_ok());
        assert_eq!(
            asked(date(2025, 4, 1)).unwrap_err().code(),
            "period_in_future"
        );
        assert_eq!(
            asked(date(2023, 12, 31)).unwrap_err().code(),
            "period_outside_plan"
        );
    }

    proptest! {
        #[test]
        fn every_day_is_in_its_period(year in -9999_i16..=9999, day in 1_i16..=365, which in 0_usize..3) {
            let cadence = [Cadence::Month, Cadence::Quarter, Cadence::Year][which];
            let day = Date::new(year, 1, 1).unwrap().saturating_add(i64::from(day - 1).days());
            let period = PaperPeriod::holding(cadence, day);
            prop_assert!(period.from <= day && day <= period.to);
            let before = PaperPeriod::last_before(cadence, day);
            prop_assert!(before.to < day || year == -9999);
            prop_assert!(before.from <= period.from);
        }
    }
}
