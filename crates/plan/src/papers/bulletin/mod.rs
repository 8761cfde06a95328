//! The bulletin (工作简报) of a period: one page that a leader reads, and behind it the figures,
//! what is at risk, what is late, who has not reported, and what is to be done next.
//!
//! Everything in it is read from the records; what is not known is said not to be known.

pub(crate) mod charts;
pub(crate) mod facts;
pub(crate) mod ranking;
pub(crate) mod say;
#[cfg(test)]
mod tests;

use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::docx::{Data, Field};

use super::making::Brief;
use super::tongue::Tongue;
use facts::Facts;

const TEXT: &[Field] = &[Field::text("text", "一句话", "A sentence")];
const INDICATOR: &[Field] = &[
    Field::text("no", "指标序号", "Number"),
    Field::text("name", "指标名称", "Name"),
    Field::text("unit", "计量单位", "Unit"),
    Field::text("value", "本期数值", "Value"),
    Field::text("at", "数值日期和口径", "Date and what it covers"),
    Field::text("change", "比上期或同期", "Change"),
    Field::text("expected", "按进度应达到", "What the path expects"),
    Field::text("target", "当期目标", "Target due next"),
    Field::text("target_year", "当期目标的年份", "Year of that target"),
    Field::text("rate", "完成当期目标的比例", "Share of the target"),
    Field::text("status", "进度判断", "How it stands"),
    Field::text("units", "责任单位", "Responsible units"),
];
const MOVED: &[Field] = &[
    Field::text("name", "指标名称", "Name"),
    Field::text("now", "本期数值", "Value"),
    Field::text("now_at", "本期日期和口径", "Its date and what it covers"),
    Field::text("before", "上期或上年同期数值", "Value compared with"),
    Field::text("before_at", "上期或上年同期", "Its date and what it covers"),
    Field::text("change", "变化", "Change"),
    Field::text("text", "一句话说明", "In a sentence"),
];
const PROGRAMME: &[Field] = &[
    Field::text("no", "计划序号", "Number"),
    Field::text("name", "计划名称", "Title"),
    Field::text("total", "举措数", "Measures"),
    Field::text("done", "已完成", "Done"),
    Field::text("under_way", "推进中", "Under way"),
    Field::text("delayed", "滞后", "Delayed"),
    Field::text("not_started", "未启动", "Not started"),
];
const MEASURE: &[Field] = &[
    Field::text("no", "举措序号", "Number"),
    Field::text("name", "举措名称", "Title"),
    Field::text("units", "责任单位", "Responsible units"),
    Field::text("note", "说明", "Remark"),
];
const RISK: &[Field] = &[
    Field::text("name", "指标名称", "Indicator"),
    Field::text("unit", "计量单位", "Unit"),
    Field::text("target", "目标", "Target"),
    Field::text("expected", "预计达到", "Expected value"),
    Field::text("interval", "预计区间", "Interval"),
    Field::text("chance", "达标可能", "Chance of meeting it"),
    Field::text("needed", "达标所需", "What it takes"),
    Field::text("text", "一句话说明", "In a sentence"),
];
const MISSING: &[Field] = &[
    Field::text("unit", "单位", "Unit"),
    Field::text("owed", "应报", "Owed"),
    Field::text("missing", "未报", "Missing"),
    Field::text("measures", "涉及举措序号", "Measures"),
];
const RANK: &[Field] = &[
    Field::text("rank", "名次", "Rank"),
    Field::text("unit", "单位", "Unit"),
    Field::text("score", "得分", "Score"),
    Field::text("interval", "名次区间", "Interval of ranks"),
];

/// What a template of the bulletin may name.
pub(crate) const VOCABULARY: &[Field] = &[
    Field::text("plan", "方案名称", "Title of the plan"),
    Field::text("period", "期间", "Period"),
    Field::text("issue", "期号", "Issue"),
    Field::text("issuer", "编发单位", "Issued by"),
    Field::text("date", "编制日期", "Date it was made"),
    Field::text("cut", "数据截止日期", "Date of the figures"),
    Field::rows("summary", "摘要各段", "Paragraphs of the summary", TEXT),
    Field::text("measures", "举措总体情况", "Measures in a sentence"),
    Field::text("figures", "指标总体情况", "Indicators in a sentence"),
    Field::rows("indicators", "各项指标", "Indicators", INDICATOR),
    Field::rows("moved", "本期有变化的指标", "Indicators that moved", MOVED),
    Field::rows(
        "behind",
        "落后于进度的指标",
        "Indicators behind their path",
        TEXT,
    ),
    Field::text("silent", "本期没有数据的指标", "Indicators without a value"),
    Field::chart("attainment", "指标完成率图", "Chart of attainment"),
    Field::rows("risks", "目标风险", "Targets at risk", RISK),
    Field::text("risk_method", "风险判断的依据", "How the risk was judged"),
    Field::chart(
        "outlook",
        "达标可能最低的指标的走势预测图",
        "Chart of the indicator least likely to meet its target",
    ),
    Field::chart(
        "progress",
        "各计划举措进展图",
        "Chart of measures by programme",
    ),
    Field::rows("programmes", "各项计划", "Programmes", PROGRAMME),
    Field::rows("done", "已完成的举措", "Measures done", MEASURE),
    Field::rows("delayed", "滞后的举措", "Measures delayed", MEASURE),
    Field::text("reporting", "填报情况", "Reporting in a sentence"),
    Field::rows(
        "missing",
        "未填报的单位",
        "Units that have not reported",
        MISSING,
    ),
    Field::rows("ranking", "单位比较", "Units compared", RANK),
    Field::text(
        "ranking_trust",
        "单位比较的可信程度",
        "How far the comparison can be trusted",
    ),
    Field::rows("next", "下一步工作", "Next steps", TEXT),
    Field::text("sources", "数据来源与口径", "Sources and definitions"),
];

/// The values of a bulletin.
pub(crate) async fn data(app: &App, brief: &Brief) -> Result<Data> {
    let (mut facts, units) = {
        let mut sql = app.db().read().await?;
        let facts = Facts::gather(app, &mut sql, brief).await?;
        (facts, ranking::inputs(&mut sql, brief).await?)
    };
    ranking::add(units, &mut facts).await?;
    Ok(values(&facts, brief))
}

fn texts(lines: Vec<String>) -> Vec<Data> {
    lines
        .into_iter()
        .map(|line| Data::new().text("text", line))
        .collect()
}

/// Facts as the template names them.
pub(crate) fn values(facts: &Facts, brief: &Brief) -> Data {
    let tongue = Tongue(brief.row.lang);
    let plan = &brief.plan;
    let day = |date| super::day(brief.row.lang, date);
    let said = say::Said { tongue, facts };
    Data::new()
        .text("plan", tongue.name(&plan.title, &plan.title_en))
        .text("period", tongue.of(&facts.period.title()))
        .text("issue", brief.row.issue.to_string())
        .text("issuer", brief.row.issuer.clone())
        .text("date", day(brief.today))
        .text("cut", day(facts.cut))
        .rows("summary", texts(said.summary()))
        .text("measures", said.measures())
        .text("figures", said.figures())
        .rows(
            "indicators",
            facts
                .indicators
                .iter()
                .map(|i| said.indicator_row(i))
                .collect(),
        )
        .rows("moved", said.moved_rows())
        .rows("behind", texts(said.behind()))
        .text("silent", said.silent())
        .chart("attainment", charts::attainment(tongue, facts))
        .rows(
            "risks",
            facts.risks.iter().map(|r| said.risk_row(r)).collect(),
        )
        .text("risk_method", said.risk_method())
        .chart("outlook", charts::outlook(tongue, facts))
        .chart("progress", charts::progress(tongue, facts))
        .rows(
            "programmes",
            facts
                .programmes
                .iter()
                .map(|p| said.programme_row(p))
                .collect(),
        )
        .rows("done", said.measure_rows(crate::words::MeasureState::Done))
        .rows(
            "delayed",
            said.measure_rows(crate::words::MeasureState::Delayed),
        )
        .text("reporting", said.reporting())
        .rows("missing", said.missing_rows())
        .rows(
            "ranking",
            facts.ranking.iter().map(|r| said.rank_row(r)).collect(),
        )
        .text(
            "ranking_trust",
            facts
                .ranking_trust
                .as_ref()
                .map(|t| tongue.of(t))
                .unwrap_or_default(),
        )
        .rows("next", texts(said.next_steps()))
        .text("sources", said.sources())
}
