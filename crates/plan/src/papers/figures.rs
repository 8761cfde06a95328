//! The figures (指标图表) as a workbook: every indicator with its history, path, targets and
//! forecast beside a native chart; the measures; the goals. Text is text, whatever it begins with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::{Out, OutChart, OutSeries, OutSheet, write_xlsx_with_charts};

use super::bulletin::facts::{Facts, IndicatorFact};
use super::bulletin::say::Said;
use super::making::Brief;
use super::tongue::Tongue;
use crate::indicators::rules::year_end;
use crate::plans::{self, GoalView};
use crate::words::{Nature, Period};

/// Longest name of a sheet, as Excel has it.
const SHEET_CHARS_MAX: usize = 31;
/// Rows of a table with its chart below.
const ROWS_ABOVE_MAX: usize = 12;
const MEASURED: u32 = 0x0E_7C86;
const PATH: u32 = 0x9A_A5A8;
const TARGET: u32 = 0xC2_571A;
const FORECAST: u32 = 0x3B_6EA8;

/// The workbook's bytes.
pub(crate) async fn workbook(app: &App, brief: &Brief) -> Result<Vec<u8>> {
    let (facts, goals) = {
        let mut sql = app.db().read().await?;
        let facts = Facts::gather(app, &mut sql, brief).await?;
        (facts, plans::store::goals(&mut sql, &brief.plan.id).await?)
    };
    let (sheets, charts) = sheets(&facts, &goals, brief);
    write_xlsx_with_charts(&sheets, &charts)
}

/// Its sheets, and the charts on them.
pub(crate) fn sheets(
    facts: &Facts,
    goals: &[GoalView],
    brief: &Brief,
) -> (Vec<OutSheet>, Vec<OutChart>) {
    let tongue = Tongue(brief.row.lang);
    let (mut sheets, mut charts) = (Vec::new(), Vec::new());
    let mut add = |(sheet, chart): (OutSheet, OutChart)| {
        // A line of one point says nothing, and a chart of no rows is one that Excel repairs.
        if chart.rows.len() > 1 || (chart.bars && !chart.rows.is_empty()) {
            charts.push(OutChart {
                sheet: sheets.len(),
                ..chart
            });
        }
        sheets.push(sheet);
    };
    add(overview(tongue, facts));
    for fact in &facts.indicators {
        add(path_sheet(tongue, fact));
        if fact.known.iter().any(|v| v.period == Period::Ytd) {
            add(ytd_sheet(tongue, fact));
        }
    }
    sheets.push(measures(tongue, facts));
    sheets.push(goals_sheet(tongue, goals));
    (sheets, charts)
}

fn text(text: impl Into<String>) -> Out {
    Out::Text(text.into())
}

fn maybe(value: Option<f64>) -> Out {
    value.map_or(Out::Blank, Out::Number)
}

/// A computed value without the noise of its computing: two decimals more than are shown.
fn rounded(value: Option<f64>, decimals: i64) -> Out {
    let scale = 10_f64.powi(i32::try_from(decimals.clamp(0, 6)).unwrap_or(0) + 2);
    maybe(value.map(|v| (v * scale).round() / scale))
}

fn heads(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// A sheet's name: what Excel forbids is left out, what is too long is cut.
fn sheet_name(number: i64, name: &str, tail: &str) -> String {
    let kept = name.chars().filter(|c| !"[]:*?/\\'".contains(*c));
    let before = format!("{number} ");
    let room = SHEET_CHARS_MAX - before.chars().count() - tail.chars().count();
    before + &kept.take(room).collect::<String>() + tail
}

/// Below a short table, so that both print on one page; to the right of a long one.
fn beside(rows: usize, column: usize) -> (usize, usize) {
    if rows <= ROWS_ABOVE_MAX {
        (rows + 2, 0)
    } else {
        (1, column)
    }
}

fn overview(tongue: Tongue, facts: &Facts) -> (OutSheet, OutChart) {
    let said = Said { tongue, facts };
    let rows: Vec<Vec<Out>> = facts
        .indicators
        .iter()
        .map(|fact| {
            let one = &fact.indicator;
            let fresh = fact
                .latest
                .filter(|v| i64::from(v.at.year()) > one.baseline.year);
            let units: Vec<&str> = one.units.iter().map(|u| u.name.as_str()).collect();
            vec![
                Out::Number(one.number as f64),
                text(tongue.name(&one.name, &one.name_en)),
                text(one.unit.clone()),
                Out::Number(one.baseline.year as f64),
                Out::Number(one.baseline.value),
                maybe(fresh.map(|v| v.value)),
                fresh.map_or(Out::Blank, |v| text(said.covers(&v))),
                rounded(fact.standing.expected, one.decimals),
                maybe(fact.standing.target.map(|t| t.year as f64)),
                maybe(fact.standing.target.map(|t| t.value)),
                maybe(fact.rate().map(|r| (r * 1_000.0).round() / 10.0)),
                text(said.status(fact.standing.status)),
                text(tongue.list(&units)),
            ]
        })
        .collect();
    let count = rows.len();
    let chart = OutChart {
        sheet: 0,
        title: tongue
            .say(
                "完成当期目标的比例（%）",
                "Share of the target due next (%)",
            )
            .to_owned(),
        unit: String::new(),
        bars: true,
        names: 1,
        rows: 0..count,
        series: vec![OutSeries {
            column: 10,
            color: MEASURED,
            dashed: false,
            marks_only: false,
        }],
        at: (count + 3, 1),
    };
    let sheet = OutSheet {
        name: tongue.say("指标总表", "Indicators").to_owned(),
        heads: heads(&match tongue.0 {
            super::PaperLang::Zh => [
                "序号",
                "指标",
                "单位",
                "基期年",
                "基期值",
                "数值",
                "日期和口径",
                "按进度应达到",
                "目标年",
                "目标值",
                "完成率（%）",
                "进度判断",
                "责任单位",
            ],
            super::PaperLang::En => [
                "No.",
                "Indicator",
                "Unit",
                "Baseline year",
                "Baseline",
                "Value",
                "Date",
                "Path",
                "Target year",
                "Target",
                "Share (%)",
                "Standing",
                "Responsible units",
            ],
        }),
        rows,
        choices: Vec::new(),
    };
    (sheet, chart)
}

/// What stands at a date: measured, path, target, forecast, low, high.
pub(crate) type Line = [Option<f64>; 6];

/// An indicator's line over time, by date.
pub(crate) fn lines(fact: &IndicatorFact) -> BTreeMap<Date, Line> {
    let one = &fact.indicator;
    let kind = if one.nature == Nature::Flow {
        Period::Annual
    } else {
        Period::Point
    };
    let mut lines: BTreeMap<Date, Line> = BTreeMap::new();
    for value in fact.known.iter().filter(|v| v.period == kind) {
        lines.entry(value.at).or_default()[0] = Some(value.value);
    }
    let base = year_end(one.baseline.year);
    lines.entry(base).or_default()[0].get_or_insert(one.baseline.value);
    // A forecast begins where the record ends.
    if !fact.ahead.is_empty()
        && let Some(mut last) = lines.last_entry()
    {
        let line = last.get_mut();
        (line[3], line[4], line[5]) = (line[0], line[0], line[0]);
    }
    for ahead in &fact.ahead {
        let line = lines.entry(ahead.at).or_default();
        (line[3], line[4], line[5]) = (Some(ahead.value), Some(ahead.low), Some(ahead.high));
    }
    for target in &one.targets {
        lines.entry(year_end(target.year)).or_default()[2] = Some(target.value);
    }
    let subject = one.subject();
    for (at, line) in &mut lines {
        line[1] = subject.path_at(*at);
    }
    lines
}

fn path_sheet(tongue: Tongue, fact: &IndicatorFact) -> (OutSheet, OutChart) {
    let one = &fact.indicator;
    let name = tongue.name(&one.name, &one.name_en);
    let lines = lines(fact);
    let rows: Vec<Vec<Out>> = lines
        .iter()
        .map(|(at, line)| {
            let mut row = vec![text(at.to_string())];
            row.extend(line.iter().map(|v| rounded(*v, one.decimals)));
            row
        })
        .collect();
    let count = rows.len();
    let series = |column: usize, color: u32, dashed: bool, marks_only: bool| OutSeries {
        column,
        color,
        dashed,
        marks_only,
    };
    let mut drawn = vec![
        series(1, MEASURED, false, false),
        series(2, PATH, true, false),
        series(3, TARGET, false, true),
    ];
    if !fact.ahead.is_empty() {
        drawn.extend([
            series(4, FORECAST, true, false),
            series(5, 0xA9_C3E0, true, false),
            series(6, 0xA9_C3E0, true, false),
        ]);
    }
    let sheet = OutSheet {
        name: sheet_name(one.number, name, ""),
        heads: heads(&match tongue.0 {
            super::PaperLang::Zh => [
                "日期",
                "实际",
                "进度线",
                "目标",
                "预测",
                "预测下限（80%）",
                "预测上限（80%）",
            ],
            super::PaperLang::En => [
                "Date",
                "Actual",
                "Path",
                "Target",
                "Forecast",
                "Low (80%)",
                "High (80%)",
            ],
        }),
        rows,
        choices: Vec::new(),
    };
    let chart = OutChart {
        title: format!("{name}（{}）", one.unit),
        unit: one.unit.clone(),
        rows: 0..count,
        series: drawn,
        at: beside(count, 8),
        ..OutChart::default()
    };
    (sheet, chart)
}

/// Sums since January, which never stand on the line of whole years.
fn ytd_sheet(tongue: Tongue, fact: &IndicatorFact) -> (OutSheet, OutChart) {
    let one = &fact.indicator;
    let name = tongue.name(&one.name, &one.name_en);
    let subject = one.subject();
    let rows: Vec<Vec<Out>> = fact
        .known
        .iter()
        .filter(|v| v.period == Period::Ytd)
        .map(|v| {
            let expected = subject.expected(v.at, Period::Ytd);
            vec![
                text(v.at.to_string()),
                Out::Number(v.value),
                rounded(expected, one.decimals),
            ]
        })
        .collect();
    let series = |column: usize, color: u32, dashed: bool| OutSeries {
        column,
        color,
        dashed,
        marks_only: false,
    };
    let sheet = OutSheet {
        name: sheet_name(one.number, name, tongue.say(" 年内累计", " to date")),
        heads: heads(&match tongue.0 {
            super::PaperLang::Zh => ["截至", "年初至今", "按进度应达到"],
            super::PaperLang::En => ["Until", "Since January", "Path"],
        }),
        rows,
        choices: Vec::new(),
    };
    let chart = OutChart {
        title: format!(
            "{name} {}（{}）",
            tongue.say("年初至今", "since January"),
            one.unit
        ),
        unit: one.unit.clone(),
        rows: 0..sheet.rows.len(),
        series: vec![series(1, MEASURED, false), series(2, PATH, true)],
        at: beside(sheet.rows.len(), 4),
        ..OutChart::default()
    };
    (sheet, chart)
}

fn measures(tongue: Tongue, facts: &Facts) -> OutSheet {
    let rows = facts.measures.iter().map(|m| {
        vec![
            Out::Number(m.number as f64),
            text(tongue.name(&m.title.0, &m.title.1)),
            text(state(tongue, m.state)),
            text(tongue.list(&m.units)),
            text(m.note.clone()),
        ]
    });
    OutSheet {
        name: tongue.say("举措", "Measures").to_owned(),
        heads: heads(&match tongue.0 {
            super::PaperLang::Zh => ["序号", "举措", "状态", "责任单位", "说明"],
            super::PaperLang::En => ["No.", "Measure", "State", "Responsible units", "Remark"],
        }),
        rows: rows.collect(),
        ..OutSheet::default()
    }
}

fn state(tongue: Tongue, state: crate::words::MeasureState) -> &'static str {
    use crate::words::MeasureState as S;
    match state {
        S::NotStarted => tongue.say(S::NotStarted.zh(), "Not started"),
        S::UnderWay => tongue.say(S::UnderWay.zh(), "Under way"),
        S::Delayed => tongue.say(S::Delayed.zh(), "Delayed"),
        S::Done => tongue.say(S::Done.zh(), "Done"),
    }
}

fn goals_sheet(tongue: Tongue, goals: &[GoalView]) -> OutSheet {
    let rows = goals.iter().map(|g| {
        vec![
            maybe(g.programme_number.map(|n| n as f64)),
            maybe(g.measure_number.map(|n| n as f64)),
            text(tongue.name(&g.name, &g.name_en)),
            Out::Number(g.value),
            text(g.unit.clone()),
            Out::Date(g.due),
            maybe(g.indicator_number.map(|n| n as f64)),
        ]
    });
    OutSheet {
        name: tongue.say("目标", "Goals").to_owned(),
        heads: heads(&match tongue.0 {
            super::PaperLang::Zh => [
                "计划序号",
                "举措序号",
                "目标",
                "目标值",
                "单位",
                "期限",
                "指标序号",
            ],
            super::PaperLang::En => [
                "Programme",
                "Measure",
                "Goal",
                "Value",
                "Unit",
                "Due",
                "Indicator",
            ],
        }),
        rows: rows.collect(),
        ..OutSheet::default()
    }
}
