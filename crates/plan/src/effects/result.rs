//! What a before-and-after comparison finds, with its checks and assumptions in words.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::regression::{Estimate, Regression, segmented};
use crate::forecast::say::number;
use crate::forecast::series::{Observation, Series, Step, increments, regular};
use crate::words::Period;

/// Fewest periods on each side of the event.
pub const SIDE_MIN: usize = 4;
/// With fewer on a side, the finding is said to be for orientation.
pub const SIDE_GOOD: usize = 8;
/// Residuals of neighbouring periods are unremarkable while Durbin–Watson lies in here.
const UNREMARKABLE: std::ops::RangeInclusive<f64> = 1.5..=2.5;
/// A residual this many standard deviations out is pointed at.
const FAR: f64 = 3.0;

/// A number with its interval.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct EffectEstimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low_95: f64,
    /// Its upper end.
    pub high_95: f64,
    /// The chance of one at least this far from zero were there nothing.
    pub p: f64,
}

impl From<Estimate> for EffectEstimate {
    fn from(e: Estimate) -> Self {
        Self {
            value: e.value,
            low_95: e.low,
            high_95: e.high,
            p: e.p,
        }
    }
}

/// One period of the comparison.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EffectPoint {
    /// The period's end.
    #[schema(value_type = String, format = Date)]
    pub at: Date,
    /// Its value; for sums to date, what the period added.
    pub value: f64,
    /// What the model says.
    pub fitted: f64,
    /// What the trend before the event would have come to; null before it.
    pub otherwise: Option<f64>,
}

/// Something that was checked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EffectCheck {
    /// Stable.
    pub code: String,
    /// True when it gives no cause for doubt.
    pub passed: bool,
    /// In words.
    pub detail: Text,
}

/// What a before-and-after comparison found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BeforeAfter {
    /// What the values cover.
    pub period: Period,
    /// The distance of the periods.
    pub step: Step,
    /// The end of the first period counted as after.
    #[schema(value_type = String, format = Date)]
    pub first_after: Date,
    /// Periods before.
    pub before: usize,
    /// Periods after, the event's own included.
    pub after: usize,
    /// The periods with their fits.
    pub points: Vec<EffectPoint>,
    /// What a period added before the event.
    pub trend_before: EffectEstimate,
    /// The step at the event.
    pub level: EffectEstimate,
    /// The change of what a period adds.
    pub slope: EffectEstimate,
    /// How far the last period lies from where the former trend would have come.
    pub at_end: EffectEstimate,
    /// Durbin and Watson's statistic of the residuals.
    pub durbin_watson: f64,
    /// Correlation of residuals one period apart.
    pub lag_1: f64,
    /// Lags the intervals allow for (Newey–West).
    pub lags: usize,
    /// What was checked.
    pub checks: Vec<EffectCheck>,
    /// What has to hold for the difference to be the event's effect; no data can check it.
    pub assumptions: Vec<Text>,
    /// The finding in words.
    pub words: Text,
}

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Stable.
    pub code: &'static str,
    /// In words.
    pub detail: Text,
}

/// How values are shown.
#[derive(Clone, Copy, Debug)]
pub struct Show<'a> {
    /// Their unit.
    pub unit: &'a str,
    /// Their decimals.
    pub decimals: i64,
}

impl Show<'_> {
    fn signed(&self, value: f64) -> String {
        let plus = if value > 0.0 { "+" } else { "" };
        let value = number(value, self.decimals.clamp(1, 6));
        format!("{plus}{value} {}", self.unit)
    }

    fn estimate(&self, e: &EffectEstimate) -> (String, String) {
        let (value, low, high) = (
            self.signed(e.value),
            number(e.low_95, self.decimals.clamp(1, 6)),
            number(e.high_95, self.decimals.clamp(1, 6)),
        );
        let (zh, en) = if e.low_95 > 0.0 || e.high_95 < 0.0 {
            ("", "")
        } else {
            (
                "，区间含 0，看不出变化",
                ", which includes 0: no change can be told",
            )
        };
        (
            format!("{value}（95% 区间 {low} 至 {high}{zh}）"),
            format!("{value} (95% interval {low} to {high}{en})"),
        )
    }
}

/// Compares before and after an event. `values` are of one kind, in order of date.
///
/// # Errors
/// When they do not allow it.
pub fn before_after(
    period: Period,
    values: &[Observation],
    event: Date,
    show: &Show<'_>,
) -> Result<BeforeAfter, Refused> {
    let series = match period {
        Period::Ytd => increments(values).map(|(series, _)| series),
        Period::Annual => regular(values, &[Step::Year]),
        Period::Point => regular(values, &Step::ALL),
    };
    let series = series.ok_or_else(no_series)?;
    let t0 = first_after(series.step, event);
    let known: Vec<(i64, f64)> = (series.first..)
        .zip(series.values.iter().zip(&series.filled))
        .filter(|(_, (_, filled))| !**filled)
        .map(|(index, (value, _))| (index, *value))
        .collect();
    let before = known.iter().filter(|(i, _)| *i < t0).count();
    let after = known.len() - before;
    if before < SIDE_MIN || after < SIDE_MIN {
        return Err(too_few(before, after, series.step));
    }
    // Times count from the first period, so that no large numbers enter the sums.
    let time = |index: i64| (index - series.first) as f64;
    let rows: Vec<(f64, f64)> = known.iter().map(|(i, v)| (time(*i), *v)).collect();
    let fit = segmented(&rows, time(t0)).ok_or_else(no_series)?;
    let last = known.last().map_or(t0, |k| k.0);
    let points = known
        .iter()
        .map(|(index, value)| {
            let (fitted, otherwise) = fit.at(time(*index), time(t0));
            EffectPoint {
                at: series.step.end(*index),
                value: *value,
                fitted,
                otherwise: (*index >= t0).then_some(otherwise),
            }
        })
        .collect();
    let level = fit.estimate(&[0.0, 0.0, 1.0, 0.0]).into();
    let slope = fit.estimate(&[0.0, 0.0, 0.0, 1.0]).into();
    let at_end = fit.estimate(&[0.0, 0.0, 1.0, (last - t0) as f64]).into();
    Ok(BeforeAfter {
        period,
        step: series.step,
        first_after: series.step.end(t0),
        before,
        after,
        points,
        trend_before: fit.estimate(&[0.0, 1.0, 0.0, 0.0]).into(),
        words: words(&series, last, (&level, &slope, &at_end), show),
        level,
        slope,
        at_end,
        durbin_watson: fit.durbin_watson(),
        lag_1: fit.lag_1(),
        lags: fit.lags,
        checks: checks(&fit, &series, &known, (before, after)),
        assumptions: assumptions(),
    })
}

/// The first period counted as after: the one the event falls into, or the next when it falls on
/// a period's last day.
fn first_after(step: Step, event: Date) -> i64 {
    let index = step.index(event);
    if step.end(index) == event {
        index + 1
    } else {
        index
    }
}

fn no_series() -> Refused {
    Refused {
        code: "effect_no_series",
        detail: Text::new(
            "没有成序列的数值（或缺的期数太多），无法比较前后。",
            "There is no regular series of values (or too many gaps), so before and after cannot be compared.",
        ),
    }
}

fn too_few(before: usize, after: usize, step: Step) -> Refused {
    let step = step.words();
    let (zh, en) = (step.zh, step.en);
    Refused {
        code: "effect_too_few_points",
        detail: text!(
            "按{zh}计，事件前有 {before} 期、后有 {after} 期；每侧至少要 {SIDE_MIN} 期才能比较。",
            "By the {en} there are {before} periods before the event and {after} after; each side needs {SIDE_MIN}."
        ),
    }
}

fn words(
    series: &Series,
    last: i64,
    (level, slope, at_end): (&EffectEstimate, &EffectEstimate, &EffectEstimate),
    show: &Show<'_>,
) -> Text {
    let step = series.step.words();
    let (zh_step, en_step) = (step.zh, step.en);
    let last = series.step.end(last);
    let ((l_zh, l_en), (s_zh, s_en), (e_zh, e_en)) = (
        show.estimate(level),
        show.estimate(slope),
        show.estimate(at_end),
    );
    text!(
        "事件发生时水平变化 {l_zh}；此后每{zh_step}的增减变化 {s_zh}。到 {last}，比原走势相差 {e_zh}。",
        "Level at the event: {l_en}; change a {en_step} from then on: {s_en}. At {last}, against the former trend: {e_en}."
    )
}

fn check(code: &str, passed: bool, detail: Text) -> EffectCheck {
    EffectCheck {
        code: code.to_owned(),
        passed,
        detail,
    }
}

fn checks(
    fit: &Regression,
    series: &Series,
    known: &[(i64, f64)],
    (before, after): (usize, usize),
) -> Vec<EffectCheck> {
    let enough = before.min(after) >= SIDE_GOOD;
    let mut found = vec![check(
        "periods",
        enough,
        if enough {
            text!(
                "事件前 {before} 期、后 {after} 期。",
                "{before} periods before, {after} after."
            )
        } else {
            text!(
                "事件前 {before} 期、后 {after} 期，少于 {SIDE_GOOD} 期，结论只供参考；期数少时区间往往偏窄。",
                "{before} periods before and {after} after, fewer than {SIDE_GOOD}: for orientation only; intervals tend to be too narrow."
            )
        },
    )];
    let (dw, lags) = (fit.durbin_watson(), fit.lags);
    let plain = UNREMARKABLE.contains(&dw);
    let dw = format!("{dw:.2}");
    found.push(check(
        "autocorrelation",
        plain,
        if plain {
            text!(
                "相邻各期的残差没有明显相关（Durbin–Watson {dw}）；区间仍按 Newey–West 放宽 {lags} 期。",
                "Residuals of neighbouring periods are hardly related (Durbin–Watson {dw}); the intervals allow for {lags} lags all the same (Newey–West)."
            )
        } else {
            text!(
                "相邻各期的残差彼此相关（Durbin–Watson {dw}）；区间已按 Newey–West 计入 {lags} 期滞后，期数少时仍可能偏窄。",
                "Residuals of neighbouring periods are related (Durbin–Watson {dw}); the intervals allow for {lags} lags (Newey–West) and may still be too narrow with few periods."
            )
        },
    ));
    let spread = (fit.residuals.iter().map(|e| e * e).sum::<f64>() / f64::from(fit.df)).sqrt();
    let far = fit
        .residuals
        .iter()
        .zip(known)
        .filter(|(e, _)| spread > 0.0 && e.abs() > FAR * spread)
        .map(|(_, (index, _))| series.step.end(*index).to_string())
        .collect::<Vec<_>>();
    let dates = far.join("、");
    found.push(check(
        "outliers",
        far.is_empty(),
        if far.is_empty() {
            Text::new("没有离群的期。", "No period lies far out.")
        } else {
            text!(
                "{dates} 离走势很远，请核对。",
                "{dates} lie far from the trend; please check them."
            )
        },
    ));
    let gaps = series.gaps();
    if gaps > 0 {
        found.push(check(
            "gaps",
            false,
            text!(
                "缺 {gaps} 期，未计入。",
                "{gaps} periods are missing and were left out."
            ),
        ));
    }
    let a_year = series.step.a_year();
    if a_year > 1 {
        let whole = before >= 2 * a_year && after >= 2 * a_year;
        found.push(check(
            "seasons",
            whole,
            if whole {
                Text::new(
                    "前后都满两年；模型不含季节项，季节明显的指标请看同比。",
                    "Two whole years on each side; the model has no seasons, so compare like periods where they are strong.",
                )
            } else {
                Text::new(
                    "一侧不满两年，季节变化可能混入结果。",
                    "Less than two years on a side: seasons may be mixed into the result.",
                )
            },
        ));
    }
    found
}

fn assumptions() -> Vec<Text> {
    vec![
        Text::new(
            "若没有这一事件，原来的走势会延续。",
            "Without the event the former trend would have gone on.",
        ),
        Text::new(
            "同一时间没有别的事影响这项指标。",
            "Nothing else moved the indicator at the same time.",
        ),
        Text::new(
            "前后的统计口径和填报方式没有变。",
            "What is counted, and how, stayed the same.",
        ),
        Text::new(
            "事件日期是事先确定的，不是看着数据挑的。",
            "The date was given beforehand and not picked by looking at the values.",
        ),
    ]
}
