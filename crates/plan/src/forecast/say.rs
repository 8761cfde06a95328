//! What forecasts say in words.

use jiff::civil::Date;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::methods::Fit;
use super::outlook::{FEW, ForecastWarning};
use super::series::{Series, Step};
use crate::words::{Comparison, Period};

fn warning(code: &'static str, detail: Text) -> ForecastWarning {
    ForecastWarning { code, detail }
}

fn kind(period: Period) -> (&'static str, &'static str) {
    match period {
        Period::Annual => ("全年值", "whole-year value"),
        Period::Ytd => ("年初至今累计值", "year-to-date value"),
        Period::Point => ("数值", "value"),
    }
}

pub(crate) fn no_values(period: Period) -> ForecastWarning {
    let (zh, en) = kind(period);
    let words = text!(
        "还没有{zh}，无法预测。",
        "There is no {en} yet, so nothing can be forecast."
    );
    warning("no_values", words)
}

pub(crate) fn one_point(period: Period) -> ForecastWarning {
    let (zh, en) = kind(period);
    let words = text!(
        "只有一期{zh}，看不出走向，不作预测。再有一期即可开始。",
        "There is one {en} only, which shows no direction; one more is needed to begin."
    );
    warning("one_point", words)
}

pub(crate) fn gaps(count: usize) -> ForecastWarning {
    let words = text!(
        "{count} 个数值之间缺的期数太多，不作预测。补齐缺的各期后再看。",
        "Too many periods are missing between the {count} values; fill them in to get a forecast."
    );
    warning("too_many_gaps", words)
}

/// How the intervals were made.
pub(crate) fn interval(fit: &Fit) -> Text {
    let df = fit.df;
    let times = super::methods::quantile(0.8, fit.df) / 1.2816;
    let wider = format!("{times:.1}");
    text!(
        "区间由所选方法的误差方差按解析公式推算，按 t 分布（自由度 {df}）取值；因期数少，80% 区间比正态分布宽 {wider} 倍。",
        "Analytic, from the variance of the chosen method's errors, read with Student's t at {df} degrees of freedom; few periods make the 80% interval {wider} times as wide as the normal one."
    )
}

/// What to know before relying on a forecast.
pub(crate) fn warnings(
    series: &Series,
    fit: &Fit,
    season: usize,
    as_of: Date,
) -> Vec<ForecastWarning> {
    let mut found = Vec::new();
    let n = series.values.len() - series.gaps();
    if n < FEW {
        let words = text!(
            "只有 {n} 期数据，区间很宽，结论只供参考。",
            "There are {n} periods only; the intervals are wide and for orientation."
        );
        found.push(warning("few_points", words));
    }
    let gaps = series.gaps();
    if gaps > 0 {
        let words = text!(
            "缺 {gaps} 期，按前后两期线性内插；内插的期不计入误差。",
            "{gaps} missing periods were interpolated between their neighbours; they count for no error."
        );
        found.push(warning("gaps_filled", words));
    }
    let left_out = series.left_out;
    if left_out > 0 {
        let words = text!(
            "{left_out} 个数值不在期末，未计入。",
            "{left_out} values stand at no period's end and were left out."
        );
        found.push(warning("left_out", words));
    }
    if season > 1 && series.values.len() < 3 * season {
        let words = Text::new(
            "不足三年，未考虑季节变化。",
            "Less than three years, so seasons were not considered.",
        );
        found.push(warning("no_season", words));
    }
    if fit.raised {
        let words = Text::new(
            "历史数据几乎没有波动，区间按最小幅度给出。",
            "The values hardly vary; the interval was given a least width.",
        );
        found.push(warning("hardly_varies", words));
    }
    let last = series.step.end(series.last());
    let waited = series.step.index(as_of) - series.last();
    if waited > 1 && last < as_of {
        let behind = waited - 1;
        let step = series.step.words();
        let (zh, en) = (step.zh, step.en);
        let words = text!(
            "最近一期为 {last}，此后已过 {behind} 个{zh}没有新数。",
            "The last value is of {last}; {behind} {en}(s) since then have none."
        );
        found.push(warning("stale", words));
    }
    found
}

/// A chance as people say it: to the nearest 5 %, never 0 nor 100.
pub(crate) fn chance(chance: f64) -> Text {
    if chance < 0.05 {
        return Text::new("不到 5%", "below 5%");
    }
    if chance > 0.95 {
        return Text::new("超过 95%", "above 95%");
    }
    let percent = ((chance * 20.0).round() * 5.0).clamp(5.0, 95.0);
    text!("约 {percent}%", "about {percent}%")
}

/// A number with the decimals an indicator shows, thousands separated.
pub(crate) fn number(value: f64, decimals: i64) -> String {
    let places = usize::try_from(decimals.clamp(0, 6)).unwrap_or(0);
    let plain = format!("{:.*}", places, value.abs());
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), ""), |p| p);
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    let zero = !out.chars().any(|c| ('1'..='9').contains(&c));
    if value < 0.0 && !zero {
        out.insert(0, '-');
    }
    out
}

/// What a target's outlook is told with.
pub(crate) struct Told<'a> {
    pub(crate) due: Date,
    pub(crate) comparison: Comparison,
    pub(crate) unit: &'a str,
    pub(crate) decimals: i64,
}

impl Told<'_> {
    fn shown(&self, value: f64) -> String {
        format!("{} {}", number(value, self.decimals), self.unit)
    }

    pub(crate) fn known(&self, value: f64, met: bool) -> Text {
        let (due, value) = (self.due, self.shown(value));
        if met {
            text!(
                "{due} 为 {value}，已达标。",
                "{value} at {due}: the target is met."
            )
        } else {
            text!(
                "{due} 为 {value}，未达标。",
                "{value} at {due}: the target is missed."
            )
        }
    }

    pub(crate) fn already(&self, value: f64) -> Text {
        let value = self.shown(value);
        text!(
            "已达到 {value}，累计数不会再减少。",
            "{value} reached already; the count only grows."
        )
    }

    pub(crate) fn coming(&self, chance_of: f64, mean: f64, few: bool) -> Text {
        let said = chance(chance_of);
        let (zh, en) = (said.zh, said.en);
        let (due, mean) = (self.due, self.shown(mean));
        let (zh_few, en_few) = if few {
            ("；数据少，只供参考", "; few values, for orientation only")
        } else {
            ("", "")
        };
        text!(
            "按目前走势，{due} 约为 {mean}，达标的可能{zh}{zh_few}。",
            "As things go, {mean} at {due}; the chance of meeting the target is {en}{en_few}."
        )
    }

    pub(crate) fn nothing(&self) -> Text {
        Text::new(
            "目前的数据还不能判断能否达标。",
            "The values so far do not say whether the target will be met.",
        )
    }

    pub(crate) fn need(&self, each: f64, steps: i64, step: Step) -> Text {
        let words = step.words();
        let (zh, en) = (words.zh, words.en);
        let at_most = self.comparison == Comparison::AtMost;
        let size = self.shown(each.abs());
        match (at_most, each > 0.0) {
            (false, true) => text!(
                "还有 {steps} 个{zh}，平均每{zh}需增加 {size} 才能达标。",
                "{steps} {en}(s) remain; {size} more each are needed on average."
            ),
            (false, false) => text!(
                "已达到目标值，只要平均每{zh}减少不超过 {size} 即可保持（还有 {steps} 个{zh}）。",
                "The target's value is reached; it holds while each of the {steps} {en}(s) loses no more than {size}."
            ),
            (true, true) => text!(
                "已达到目标值，只要平均每{zh}增加不超过 {size} 即可保持（还有 {steps} 个{zh}）。",
                "The target's value is reached; it holds while each of the {steps} {en}(s) adds no more than {size}."
            ),
            (true, false) => text!(
                "还有 {steps} 个{zh}，平均每{zh}需减少 {size} 才能达标。",
                "{steps} {en}(s) remain; each must bring it down by {size} on average."
            ),
        }
    }
}
