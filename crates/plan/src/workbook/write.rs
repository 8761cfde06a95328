//! An edition's workbook, written from a bundle; and the empty template.

use tianyuan_kernel::error::Result;

use super::layout::{SEPARATOR, SHEETS, choices, columns, target_title};
use super::out::{Out, OutSheet};
use crate::bundle::{PlanBundle, Table, Words};
use crate::words::unit_kind_zh;

/// The sheets of an edition, the explanation first.
pub(crate) fn sheets(bundle: &PlanBundle) -> Vec<OutSheet> {
    let mut sheets = vec![explanation()];
    for table in SHEETS {
        sheets.push(OutSheet {
            name: table.sheet().to_owned(),
            heads: heads(table, bundle),
            rows: rows(table, bundle),
            choices: columns(table)
                .iter()
                .enumerate()
                .filter_map(|(i, c)| {
                    let words = choices(table, c.field)?;
                    Some((i, words.split('、').map(str::to_owned).collect()))
                })
                .collect(),
        });
    }
    sheets
}

/// The bytes of an edition's workbook.
///
/// # Errors
/// When a sheet grows beyond what a workbook holds.
pub(crate) fn workbook(bundle: &PlanBundle) -> Result<Vec<u8>> {
    super::out::xlsx(&sheets(bundle))
}

/// The bytes of the template: headings, choices and known units; columns for the
/// targets of `year` and the year after.
///
/// # Errors
/// As [`workbook`].
pub(crate) fn template(bundle: &PlanBundle, year: i64) -> Result<Vec<u8>> {
    let mut sheets = sheets(bundle);
    for sheet in &mut sheets {
        if sheet.name == Table::Indicators.sheet() {
            sheet.heads.extend([year, year + 1].map(target_title));
        }
    }
    super::out::xlsx(&sheets)
}

fn years(bundle: &PlanBundle) -> Vec<i64> {
    let mut years: Vec<i64> = bundle
        .indicators
        .iter()
        .flat_map(|n| &n.targets)
        .map(|t| t.year)
        .collect();
    years.sort_unstable();
    years.dedup();
    years
}

fn heads(table: Table, bundle: &PlanBundle) -> Vec<String> {
    let star = |required: bool| if required { "*" } else { "" };
    let mut heads: Vec<String> = columns(table)
        .iter()
        .map(|c| format!("{}{}", c.title, star(c.required)))
        .collect();
    if table == Table::Indicators {
        heads.extend(years(bundle).into_iter().map(target_title));
    }
    heads
}

fn text(value: &str) -> Out {
    if value.is_empty() {
        Out::Blank
    } else {
        Out::Text(value.to_owned())
    }
}

fn whole(value: i64) -> Out {
    Out::Number(value as f64)
}

fn maybe(value: Option<i64>) -> Out {
    value.map_or(Out::Blank, whole)
}

fn names(values: &[String]) -> Out {
    text(&values.join(SEPARATOR))
}

fn both(words: &Words) -> [Out; 2] {
    [text(&words.zh), text(&words.en)]
}

fn rows(table: Table, b: &PlanBundle) -> Vec<Vec<Out>> {
    match table {
        Table::Plan => plan_rows(b),
        Table::Units => b
            .units
            .iter()
            .map(|u| {
                let kind = text(unit_kind_zh(u.kind));
                vec![
                    text(&u.code),
                    text(&u.name),
                    text(&u.name_en),
                    kind,
                    names(&u.members),
                ]
            })
            .collect(),
        Table::Layers => b
            .layers
            .iter()
            .map(|l| {
                let [zh, en] = both(&l.summary);
                vec![text(&l.code), text(&l.title), text(&l.title_en), zh, en]
            })
            .collect(),
        Table::Programmes => b
            .programmes
            .iter()
            .map(|p| {
                let mut row = vec![
                    whole(p.number),
                    text(&p.title),
                    text(&p.title_en),
                    text(&p.layer),
                ];
                row.extend(both(&p.focus));
                row.extend(both(&p.objective));
                row
            })
            .collect(),
        Table::Measures => b
            .measures
            .iter()
            .map(|m| {
                let mut row = vec![whole(m.number), text(&m.title), text(&m.title_en)];
                row.extend([whole(m.programme), names(&m.units)]);
                row.extend(both(&m.summary));
                row
            })
            .collect(),
        Table::Goals => goal_rows(b),
        Table::Indicators => indicator_rows(b),
        Table::Pattern => pattern_rows(b),
    }
}

fn plan_rows(b: &PlanBundle) -> Vec<Vec<Out>> {
    let row = |p: &crate::bundle::PlanHead| {
        let mut row = vec![
            text(&p.code),
            text(&p.title),
            text(&p.title_en),
            text(&p.edition),
        ];
        row.extend([
            Out::Date(p.period_from),
            Out::Date(p.period_to),
            text(p.state.zh()),
        ]);
        row.extend(both(&p.summary));
        row
    };
    b.plan.iter().map(row).collect()
}

fn goal_rows(b: &PlanBundle) -> Vec<Vec<Out>> {
    let row = |g: &crate::bundle::GoalEntry| {
        vec![
            text(&g.name),
            text(&g.name_en),
            maybe(g.programme),
            maybe(g.measure),
            Out::Number(g.value),
            text(&g.unit),
            Out::Date(g.due),
            text(g.comparison.zh()),
            text(g.kind.zh()),
            maybe(g.indicator),
        ]
    };
    b.goals.iter().map(row).collect()
}

fn indicator_rows(b: &PlanBundle) -> Vec<Vec<Out>> {
    let years = years(b);
    let row = |n: &crate::bundle::IndicatorEntry| {
        let mut row = vec![
            whole(n.number),
            text(&n.name),
            text(&n.name_en),
            text(&n.unit),
            text(n.nature.zh()),
            text(n.direction.zh()),
            whole(n.decimals),
            names(&n.units),
            whole(n.baseline.year),
            Out::Number(n.baseline.value),
        ];
        row.extend(years.iter().map(|year| {
            let target = n.targets.iter().find(|t| t.year == *year);
            target.map_or(Out::Blank, |t| Out::Number(t.value))
        }));
        row
    };
    b.indicators.iter().map(row).collect()
}

fn pattern_rows(b: &PlanBundle) -> Vec<Vec<Out>> {
    let mut rows = Vec::new();
    for (_, group, entries) in b.pattern.groups() {
        for e in entries {
            let mut row = vec![text(group), text(&e.name), text(&e.name_en)];
            row.extend(both(&e.note));
            row.push(e.place.map_or(Out::Blank, |p| Out::Number(p.x)));
            row.push(e.place.map_or(Out::Blank, |p| Out::Number(p.y)));
            let measures: Vec<String> = e.measures.iter().map(i64::to_string).collect();
            row.push(text(&measures.join(SEPARATOR)));
            rows.push(row);
        }
    }
    rows
}

fn explanation() -> OutSheet {
    let lines = [
        ("填写说明", "How to fill in"),
        (
            "带 * 的列必填；列的次序不限，可增加其他列。",
            "Columns with * are required; order is free; more columns do no harm.",
        ),
        (
            "责任单位之间用“、”分隔，名称须与“单位”表一致；组（如各镇）在“成员”列写明成员。",
            "Separate units with 、; names must be those of the sheet 单位; a group lists its members.",
        ),
        (
            "日期写作 2025-12-31；数值只写数字，单位写在单位列。",
            "Dates as 2025-12-31; numbers alone, their unit in its column.",
        ),
        (
            "年度目标一年一列，列名如“2025年目标”。",
            "One column a year for targets, headed 2025年目标.",
        ),
        (
            "方案代码与已有方案相同则更正该方案，不同则另行载入；有任何错误都不会导入。",
            "The code of an existing edition corrects it, another code loads beside it; with any error nothing is imported.",
        ),
    ];
    OutSheet {
        name: "说明".to_owned(),
        heads: vec![lines[0].0.to_owned(), lines[0].1.to_owned()],
        rows: lines[1..]
            .iter()
            .map(|(zh, en)| vec![text(zh), text(en)])
            .collect(),
        choices: Vec::new(),
    }
}
