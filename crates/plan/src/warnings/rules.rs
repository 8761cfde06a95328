//! What each kind of rule finds: pure, over values. Thresholds come from the rule.

use jiff::civil::Date;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::{About, RuleKind};
use crate::indicators::Indicator;
use crate::overview::attention;
use crate::words::{MeasureState, Nature, Period, Status};

/// Something found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub(crate) about: About,
    /// What it was found by: another text is another finding.
    pub evidence: String,
    /// In a line.
    pub title: Text,
    /// What was found.
    pub detail: Text,
    /// The console's page about it.
    pub link: String,
    /// Units that answer for it, single ones.
    pub units: Vec<String>,
}

/// A measure, as the rules need it.
#[derive(Clone, Debug)]
pub struct MeasureSays {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its English title; may be empty.
    pub title_en: String,
    /// Its state.
    pub state: MeasureState,
    /// Since when.
    pub since: Option<Date>,
    /// Its single units.
    pub units: Vec<String>,
    /// Numbers of the indicators its goals are measured by.
    pub indicators: Vec<i64>,
}

/// A report that was not sent, as the rules need it.
#[derive(Clone, Debug)]
pub struct ReportSays {
    /// Its id.
    pub id: String,
    /// The measure's id.
    pub measure: String,
    /// The measure's number.
    pub number: i64,
    /// The unit that owes it.
    pub unit: String,
    /// The unit's name.
    pub unit_name: String,
    /// The unit's English name; may be empty.
    pub unit_name_en: String,
    /// The period's name.
    pub period: Text,
    /// The deadline.
    pub due: Date,
}

/// A value in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dated {
    /// The date it stands for.
    pub at: Date,
    /// The value.
    pub value: f64,
    /// What it covers.
    pub period: Period,
}

/// A target and the chance of meeting it, as the rules need it.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The target's year.
    pub year: i64,
    /// The chance of meeting it, 0 to 1.
    pub chance: f64,
}

/// An indicator with what the rules need besides.
#[derive(Clone, Debug)]
pub struct IndicatorSays {
    /// The indicator.
    pub indicator: Indicator,
    /// Its single units.
    pub units: Vec<String>,
    /// Its values in force, oldest first.
    pub values: Vec<Dated>,
    /// Its next target's outlook, when one can be told.
    pub outlook: Option<Outlook>,
}

/// Everything the rules look at.
#[derive(Clone, Debug)]
pub struct Says {
    /// The edition's days.
    pub period: (Date, Date),
    /// Today.
    pub today: Date,
    /// Measures.
    pub measures: Vec<MeasureSays>,
    /// Indicators.
    pub indicators: Vec<IndicatorSays>,
    /// Reports of open periods that were not sent.
    pub reports: Vec<ReportSays>,
}

/// What a rule finds.
#[must_use]
pub fn find(kind: RuleKind, threshold: f64, says: &Says) -> Vec<Found> {
    match kind {
        RuleKind::LateReport => late(threshold, says),
        RuleKind::OffPath => each(says, |one| off_path(one, threshold)),
        RuleKind::Stale => each(says, |one| stale(one, threshold, says)),
        RuleKind::Delayed => delayed(threshold, says),
        RuleKind::TargetAtRisk => each(says, |one| at_risk(one, threshold)),
        RuleKind::Contradiction => contradictions(threshold, says),
    }
}

fn each(says: &Says, rule: impl Fn(&IndicatorSays) -> Option<Found>) -> Vec<Found> {
    says.indicators.iter().filter_map(rule).collect()
}

fn names(indicator: &Indicator) -> (&str, &str) {
    let zh = indicator.name.as_str();
    let en = indicator.name_en.as_str();
    (zh, if en.is_empty() { zh } else { en })
}

fn number(value: f64, decimals: i64) -> String {
    let places = usize::try_from(decimals.clamp(0, 6)).unwrap_or(0);
    format!("{value:.places$}")
}

fn about(
    one: &IndicatorSays,
    subject: &str,
    evidence: String,
    (title, detail): (Text, Text),
) -> Found {
    let id = one.indicator.id.as_str();
    Found {
        about: About {
            subject: format!("{subject}{id}"),
            resource: "Indicator",
            id: id.to_owned(),
        },
        evidence,
        title,
        detail,
        link: format!("/indicators/{id}"),
        units: one.units.clone(),
    }
}

fn off_path(one: &IndicatorSays, percent: f64) -> Option<Found> {
    let facts = one.indicator.facts();
    let found = attention::off_path(&facts)?;
    let worse = attention::worse_by(&facts)? * 100.0;
    let latest = facts.latest?;
    let evidence = format!("{} {}", latest.at, latest.value);
    (worse > percent).then(|| about(one, "", evidence, (found.title, found.detail)))
}

fn stale(one: &IndicatorSays, days: f64, says: &Says) -> Option<Found> {
    let facts = one.indicator.facts();
    let found = attention::stale(&facts, says.period, says.today, days as i32)?;
    let (last, _) = attention::age(&facts, says.period, says.today)?;
    Some(about(
        one,
        "",
        last.to_string(),
        (found.title, found.detail),
    ))
}

fn at_risk(one: &IndicatorSays, percent: f64) -> Option<Found> {
    let outlook = one.outlook.as_ref()?;
    let chance = (outlook.chance * 100.0).round();
    if outlook.chance * 100.0 >= percent {
        return None;
    }
    let ((zh, en), year) = (names(&one.indicator), outlook.year);
    let words = (
        text!(
            "{zh}可能达不到 {year} 年目标",
            "{en} may miss its target of {year}"
        ),
        text!(
            "按目前走势，{year} 年达标的可能约 {chance}%。",
            "As things go, the chance of meeting the target of {year} is about {chance}%."
        ),
    );
    // A chance that moves within ten points is the same finding.
    let evidence = format!("{year} {}", (chance / 10.0).floor());
    Some(about(one, "", evidence, words))
}

fn late(days: f64, says: &Says) -> Vec<Found> {
    let over = |due: Date| f64::from((says.today - due).get_days()) > days.max(0.0);
    let late = says.reports.iter().filter(|r| over(r.due));
    late.map(|report| {
        let (unit, number, due) = (&report.unit_name, report.number, report.due);
        let unit_en = if report.unit_name_en.is_empty() {
            unit
        } else {
            &report.unit_name_en
        };
        let (period_zh, period_en) = (&report.period.zh, &report.period.en);
        Found {
            about: About {
                subject: report.id.clone(),
                resource: "Measure",
                id: report.measure.clone(),
            },
            evidence: due.to_string(),
            title: text!(
                "{unit}未报举措 {number} 的{period_zh}进展",
                "{unit_en} owes its report of {period_en} on measure {number}"
            ),
            detail: text!(
                "截止日期为 {due}，至今没有提交。",
                "It was due on {due} and has not been handed in."
            ),
            link: format!("/reports/{}", report.id),
            units: vec![report.unit.clone()],
        }
    })
    .collect()
}

fn delayed(days: f64, says: &Says) -> Vec<Found> {
    let measures = says.measures.iter();
    let found = measures
        .filter(|m| m.state == MeasureState::Delayed)
        .filter(|m| {
            m.since
                .is_none_or(|since| f64::from((says.today - since).get_days()) >= days)
        });
    found
        .map(|m| {
            let (number, title) = (m.number, &m.title);
            let en = if m.title_en.is_empty() {
                title
            } else {
                &m.title_en
            };
            let since = m.since.map(|d| d.to_string()).unwrap_or_default();
            Found {
                about: About {
                    subject: m.id.clone(),
                    resource: "Measure",
                    id: m.id.clone(),
                },
                title: text!("举措 {number} 滞后", "Measure {number} is delayed"),
                detail: text!("{title}（自 {since} 起）", "{en} (since {since})"),
                evidence: since,
                link: format!("/measures/{}", m.id),
                units: m.units.clone(),
            }
        })
        .collect()
}

fn contradictions(percent: f64, says: &Says) -> Vec<Found> {
    let mut found: Vec<Found> = says
        .indicators
        .iter()
        .filter_map(|one| falls(one, percent))
        .collect();
    for measure in says
        .measures
        .iter()
        .filter(|m| m.state == MeasureState::Done)
    {
        for one in &says.indicators {
            let bound = measure.indicators.contains(&one.indicator.number);
            if bound && one.indicator.status == Status::OffPath {
                found.push(done_but_off(measure, one));
            }
        }
    }
    found
}

/// The last two values that ought not to fall: a stock's, or sums since January of one year.
fn falls(one: &IndicatorSays, percent: f64) -> Option<Found> {
    let comparable = |a: &Dated, b: &Dated| match one.indicator.nature {
        Nature::Stock => true,
        Nature::Flow => {
            a.period == b.period && b.period == Period::Ytd && a.at.year() == b.at.year()
        }
        Nature::Level => false,
    };
    let last = one.values.last()?;
    let earlier = one.values[..one.values.len() - 1].iter().rev();
    let before = earlier
        .filter(|v| v.at < last.at)
        .find(|v| comparable(v, last))?;
    if last.value >= before.value - before.value.abs() * percent / 100.0 {
        return None;
    }
    let (zh, en) = names(&one.indicator);
    let (unit, decimals) = (&one.indicator.unit, one.indicator.decimals);
    let (then, now) = (number(before.value, decimals), number(last.value, decimals));
    let (at, since) = (last.at, before.at);
    let words = (
        text!("{zh}的累计数变小了", "{en}: a running total fell"),
        text!(
            "{since} 为 {then} {unit}，{at} 反而为 {now} {unit}。累计数不应减少，请核对两次填报。",
            "{then} {unit} at {since}, yet {now} {unit} at {at}. A running total does not fall; check both figures."
        ),
    );
    let evidence = format!("{since} {} {at} {}", before.value, last.value);
    Some(about(one, "falls ", evidence, words))
}

fn done_but_off(measure: &MeasureSays, one: &IndicatorSays) -> Found {
    let (zh, en) = names(&one.indicator);
    let n = measure.number;
    Found {
        about: About {
            subject: format!("done {} {}", measure.id, one.indicator.id),
            resource: "Measure",
            id: measure.id.clone(),
        },
        evidence: one
            .indicator
            .latest
            .map(|v| v.at.to_string())
            .unwrap_or_default(),
        title: text!(
            "举措 {n} 已完成，{zh}却偏离进度",
            "Measure {n} is done, yet {en} is off its path"
        ),
        detail: text!(
            "举措报告为“已完成”，而衡量它的指标“{zh}”偏离进度。请核对其中之一。",
            "The measure is reported done while the indicator that measures it, {en}, is off its path; check either."
        ),
        link: format!("/measures/{}", measure.id),
        units: measure.units.clone(),
    }
}
