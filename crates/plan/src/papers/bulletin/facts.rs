//! What a bulletin is about, as of the end of its period.

use jiff::civil::Date;
use tianyuan_kernel::App;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::text::Text;

use super::super::making::Brief;
use super::super::period::PaperPeriod;
use crate::directory::{Directory, by_owner};
use crate::indicators::rules::{self, Latest, Standing};
use crate::indicators::{self, Indicator};
use crate::measures;
use crate::plans::{self, StateCounts};
use crate::values;
use crate::words::{MeasureState, Period};

/// An indicator as of the period's end.
pub(crate) struct IndicatorFact {
    pub(crate) indicator: Indicator,
    /// The latest value in force up to the cut.
    pub(crate) latest: Option<Latest>,
    /// How it stood then.
    pub(crate) standing: Standing,
    /// The value it is compared with: the one before the period, or of the same day a year ago
    /// where sums of a year are compared.
    pub(crate) before: Option<Latest>,
    /// True when a value of this period was reported.
    pub(crate) reported: bool,
    /// Every value in force up to the cut, oldest first.
    pub(crate) known: Vec<Latest>,
    /// How it is expected to go on; empty where nothing can be said.
    pub(crate) ahead: Vec<AheadFact>,
}

/// A point of a forecast.
pub(crate) struct AheadFact {
    pub(crate) at: Date,
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// A measure.
pub(crate) struct MeasureFact {
    pub(crate) number: i64,
    /// Its programme's number.
    pub(crate) programme: i64,
    pub(crate) title: (String, String),
    pub(crate) state: MeasureState,
    pub(crate) note: String,
    pub(crate) units: Vec<String>,
}

/// A programme and how its measures stand.
pub(crate) struct ProgrammeFact {
    pub(crate) number: i64,
    pub(crate) title: (String, String),
    pub(crate) counts: StateCounts,
}

/// A target and the chance of missing it.
pub(crate) struct RiskFact {
    /// The indicator's number.
    pub(crate) number: i64,
    pub(crate) name: (String, String),
    pub(crate) unit: String,
    pub(crate) decimals: i64,
    pub(crate) year: i64,
    pub(crate) target: f64,
    pub(crate) expected: Option<f64>,
    pub(crate) interval: Option<(f64, f64)>,
    /// Chance of meeting the target, 0 to 1; none where nothing can be said.
    pub(crate) chance: Option<f64>,
    pub(crate) needed: Option<Text>,
    pub(crate) text: Text,
}

/// How the units' reports of the period stand.
pub(crate) struct ReportingFact {
    pub(crate) due: Date,
    pub(crate) total: i64,
    pub(crate) accepted: i64,
    pub(crate) waiting: i64,
    pub(crate) returned: i64,
    /// Neither sent nor sent back.
    pub(crate) unsent: i64,
    pub(crate) missing: Vec<MissingFact>,
}

/// A unit that has not reported.
pub(crate) struct MissingFact {
    pub(crate) unit: String,
    pub(crate) owed: i64,
    pub(crate) measures: Vec<i64>,
}

/// A unit's place among the others.
pub(crate) struct RankFact {
    pub(crate) rank: u32,
    pub(crate) unit: (String, String),
    pub(crate) score: f64,
    /// The 5th and the 95th percentile of its rank; none where nothing was varied.
    pub(crate) ranks: Option<(u32, u32)>,
}

/// All of it.
pub(crate) struct Facts {
    pub(crate) period: PaperPeriod,
    /// The figures stand for this day: the period's last, or today while it runs.
    pub(crate) cut: Date,
    pub(crate) today: Date,
    pub(crate) indicators: Vec<IndicatorFact>,
    pub(crate) measures: Vec<MeasureFact>,
    pub(crate) programmes: Vec<ProgrammeFact>,
    pub(crate) risks: Vec<RiskFact>,
    pub(crate) reporting: Option<ReportingFact>,
    pub(crate) ranking: Vec<RankFact>,
    pub(crate) ranking_trust: Option<Text>,
}

impl Facts {
    /// Reads them.
    pub(crate) async fn gather(app: &App, sql: &mut dyn Sql, brief: &Brief) -> Result<Self> {
        let period = brief.row.period;
        let cut = period.to.min(brief.today);
        let plan = &brief.plan.id;
        let directory = Directory::load(sql).await?;
        let rows = indicators::store::all(sql, plan).await?;
        let all = indicators::complete(sql, &directory, rows, cut).await?;
        let mut indicators = Vec::with_capacity(all.len());
        for indicator in all {
            let values = values::store::in_force(sql, &indicator.id).await?;
            indicators.push(as_of(indicator, &values, &period, cut));
        }
        let rows = measures::store::all(sql, plan).await?;
        let units = by_owner(measures::store::units_of_plan(sql, plan).await?);
        let programmes = programmes(sql, brief, &rows).await?;
        let measures = rows
            .into_iter()
            .map(|row| {
                let ids = units.get(row.id.as_str()).map_or(&[][..], Vec::as_slice);
                MeasureFact {
                    number: row.number,
                    programme: row.programme.1,
                    title: (row.title, row.title_en),
                    state: row.state,
                    note: row.state_note,
                    units: directory.refs(ids).into_iter().map(|u| u.name).collect(),
                }
            })
            .collect();
        let mut facts = Self {
            period,
            cut,
            today: brief.today,
            indicators,
            measures,
            programmes,
            risks: Vec::new(),
            reporting: None,
            ranking: Vec::new(),
            ranking_trust: None,
        };
        super::super::neighbours::add(app, sql, brief, &mut facts).await?;
        Ok(facts)
    }

    /// How the measures stand, all together.
    pub(crate) fn counts(&self) -> StateCounts {
        let mut counts = StateCounts::default();
        for measure in &self.measures {
            counts.add(measure.state, 1);
        }
        counts
    }
}

async fn programmes(
    sql: &mut dyn Sql,
    brief: &Brief,
    measures: &[measures::store::MeasureRow],
) -> Result<Vec<ProgrammeFact>> {
    let rows = plans::store::programmes(sql, &brief.plan.id).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut counts = StateCounts::default();
            for measure in measures.iter().filter(|m| m.programme.1 == row.number) {
                counts.add(measure.state, 1);
            }
            ProgrammeFact {
                number: row.number,
                title: (row.title, row.title_en),
                counts,
            }
        })
        .collect())
}

/// An indicator by what was known of the period: later values do not count.
pub(crate) fn as_of(
    indicator: Indicator,
    values: &[values::store::ValueRow],
    period: &PaperPeriod,
    cut: Date,
) -> IndicatorFact {
    let known: Vec<Latest> = values
        .iter()
        .filter(|v| v.at <= cut)
        .map(|v| Latest {
            at: v.at,
            value: v.value,
            period: v.period,
            source: v.source,
        })
        .collect();
    let latest = rules::latest(&known);
    let standing = indicator.subject().standing(latest.as_ref());
    let before = latest.and_then(|now| {
        let same = known
            .iter()
            .filter(|v| v.period == now.period && v.at < now.at);
        match now.period {
            Period::Point => {
                let earlier = |v: &&Latest| v.at < period.from;
                same.clone().filter(earlier).max_by_key(|v| v.at)
            }
            // Sums are compared with the same stretch of the year before.
            Period::Annual | Period::Ytd => same
                .filter(|v| v.at.year() == now.at.year() - 1 && v.at.month() == now.at.month())
                .max_by_key(|v| v.at),
        }
        .copied()
    });
    IndicatorFact {
        reported: latest.is_some_and(|v| v.at >= period.from),
        indicator,
        latest,
        standing,
        before,
        known,
        ahead: Vec::new(),
    }
}

impl IndicatorFact {
    /// The share of the target due next that is reached; none before anything was reported.
    pub(crate) fn rate(&self) -> Option<f64> {
        let (latest, target) = (self.latest?, self.standing.target?);
        if i64::from(latest.at.year()) <= self.indicator.baseline.year {
            return None;
        }
        let share = match self.indicator.direction {
            crate::words::Direction::Up => latest.value / target.value,
            crate::words::Direction::Down => target.value / latest.value,
        };
        share.is_finite().then_some(share)
    }

    /// The change against what it is compared with, as a share.
    pub(crate) fn change(&self) -> Option<f64> {
        let (now, before) = (self.latest?, self.before?);
        let share = (now.value - before.value) / before.value;
        share.is_finite().then_some(share)
    }
}
