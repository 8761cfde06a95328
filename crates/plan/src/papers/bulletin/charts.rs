//! The bulletin's charts.

use tianyuan_kernel::office::docx::{Chart, ChartKind, Series};

use super::super::PaperLang;
use super::super::tongue::{Tongue, number};
use super::facts::Facts;

/// Colours of the console's states: done, under way, delayed, not started.
const STATES: [&str; 4] = ["0E7C86", "7DB9BF", "C2571A", "C9D1D3"];
const MAIN: &str = "0E7C86";

fn series(name: &str, values: Vec<Option<f64>>, color: &str) -> Series {
    Series {
        name: name.to_owned(),
        values,
        color: color.to_owned(),
        dashed: false,
    }
}

/// How much of the target due next each indicator has reached; none when nothing was reported.
pub(crate) fn attainment(tongue: Tongue, facts: &Facts) -> Option<Chart> {
    let shown: Vec<(&str, f64)> = facts
        .indicators
        .iter()
        .filter_map(|fact| {
            let one = &fact.indicator;
            Some((tongue.name(&one.name, &one.name_en), fact.rate()?))
        })
        .collect();
    if shown.is_empty() {
        return None;
    }
    let said: Vec<String> = shown
        .iter()
        .map(|(name, rate)| format!("{name} {}%", number(rate * 100.0, 1)))
        .collect();
    Some(Chart {
        title: tongue
            .say(
                "指标完成当期目标的比例（%）",
                "Share of the target due next that is reached (%)",
            )
            .to_owned(),
        summary: tongue.list(&said),
        kind: ChartKind::Bars,
        unit: String::new(),
        categories: shown.iter().map(|(name, _)| (*name).to_owned()).collect(),
        series: vec![series(
            tongue.say("完成率", "Share reached"),
            shown
                .iter()
                .map(|(_, rate)| Some((rate * 1_000.0).round() / 10.0))
                .collect(),
            MAIN,
        )],
    })
}

/// How the measures of each programme stand.
pub(crate) fn progress(tongue: Tongue, facts: &Facts) -> Option<Chart> {
    if facts.programmes.is_empty() {
        return None;
    }
    let names = match tongue.0 {
        PaperLang::Zh => ["已完成", "推进中", "滞后", "未启动"],
        PaperLang::En => ["Done", "Under way", "Delayed", "Not started"],
    };
    let of = |state: usize| -> Vec<Option<f64>> {
        let count =
            |c: &crate::plans::StateCounts| [c.done, c.under_way, c.delayed, c.not_started][state];
        facts
            .programmes
            .iter()
            .map(|p| Some(count(&p.counts) as f64))
            .collect()
    };
    let counts = facts.counts();
    let totals = [
        counts.done,
        counts.under_way,
        counts.delayed,
        counts.not_started,
    ];
    let said: Vec<String> = names
        .iter()
        .zip(totals)
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    Some(Chart {
        title: tongue
            .say(
                "各项行动计划的举措进展（项）",
                "Measures of each programme by state",
            )
            .to_owned(),
        summary: tongue.list(&said),
        kind: ChartKind::Stacked,
        unit: String::new(),
        categories: facts
            .programmes
            .iter()
            .map(|p| format!("{} {}", p.number, tongue.name(&p.title.0, &p.title.1)))
            .collect(),
        series: (0..4).map(|i| series(names[i], of(i), STATES[i])).collect(),
    })
}

/// How the indicator least likely to meet its next target is expected to go on; none where
/// nothing can be said.
pub(crate) fn outlook(tongue: Tongue, facts: &Facts) -> Option<Chart> {
    let risk = facts.risks.iter().find(|r| r.chance.is_some())?;
    let fact = facts
        .indicators
        .iter()
        .find(|f| f.indicator.number == risk.number)?;
    if fact.ahead.is_empty() {
        return None;
    }
    let one = &fact.indicator;
    let lines = super::super::figures::lines(fact);
    let of = |column: usize| lines.values().map(|line| line[column]).collect::<Vec<_>>();
    let drawn = |name, column, color: &str, dashed| Series {
        dashed,
        ..series(name, of(column), color)
    };
    let name = tongue.name(&one.name, &one.name_en);
    Some(Chart {
        title: format!("{name}（{}）", one.unit),
        summary: tongue.of(&risk.text),
        kind: ChartKind::Lines,
        unit: String::new(),
        categories: lines.keys().map(ToString::to_string).collect(),
        series: vec![
            drawn(tongue.say("实际", "Actual"), 0, MAIN, false),
            drawn(tongue.say("进度线", "Path"), 1, "9AA5A8", true),
            drawn(tongue.say("预测", "Forecast"), 3, "3B6EA8", true),
            drawn(tongue.say("80% 区间下限", "80% low"), 4, "A9C3E0", true),
            drawn(tongue.say("80% 区间上限", "80% high"), 5, "A9C3E0", true),
        ],
    })
}
