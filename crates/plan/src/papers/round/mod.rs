//! The report on a round of public participation (公众参与情况报告) as a paper: what each channel
//! brought, what was raised most, what was declined and why, which clauses changed.
//!
//! Every number is the report's own ([`crate::participation::report()`]). Points are named by their
//! groups, not quoted: a paper never changes, and words may have to be erased.

pub(crate) mod say;
pub(crate) mod template;
#[cfg(test)]
mod tests;

use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::docx::{Data, Field};

use super::making::Brief;
use super::tongue::Tongue;
use crate::participation::{Report, RoundId, report};

const CHANNEL: &[Field] = &[
    Field::text("name", "渠道", "Channel"),
    Field::text("held", "时间", "When it was held"),
    Field::text("asked", "听取对象数", "How many were asked"),
    Field::text("answered", "其中回复数", "How many of them answered"),
    Field::text("answers", "回复与听取", "Answered of asked"),
    Field::text("received", "收到条数", "Opinions received"),
    Field::text("adopted", "采纳", "Adopted"),
    Field::text("partly", "部分采纳", "Adopted in part"),
    Field::text("declined", "未采纳", "Declined"),
    Field::text("undecided", "未处理", "Without a decision"),
];
const ABOUT: &[Field] = &[
    Field::text("no", "序号，如（一）", "Its number, as 2.1"),
    Field::text("name", "渠道", "Channel"),
    Field::text("text", "听取对象和条数", "Who was asked and what came"),
    Field::text("most_raised", "提得最多的意见", "What was raised most"),
];
const RAISED: &[Field] = &[
    Field::text("no", "序号", "Number"),
    Field::text("point", "意见", "The point"),
    Field::text("voices", "条数", "Opinions"),
];
const DECLINED: &[Field] = &[
    Field::text("no", "序号", "Number"),
    Field::text("point", "意见", "The point"),
    Field::text("who", "提出方与渠道", "Who raised it, and how it came"),
    Field::text("voices", "条数", "Opinions"),
    Field::text("reason", "未采纳的理由", "Why it was declined"),
];
const CHANGE: &[Field] = &[
    Field::text("clause", "方案条款", "Clause of the plan"),
    Field::text("wording", "修改后的文字", "New wording"),
    Field::text("outcome", "处理", "Decision"),
    Field::text("from", "来自哪些意见", "From which opinions"),
    Field::text("reason", "理由", "Why"),
];

/// What a template of the report may name.
pub(crate) const VOCABULARY: &[Field] = &[
    Field::text("plan", "方案名称", "Title of the plan"),
    Field::text("round", "轮次名称", "What the round is called"),
    Field::text("question", "征询内容", "What people were asked"),
    Field::text("from", "开始日期", "First day"),
    Field::text("to", "结束日期", "Last day"),
    Field::text("issuer", "编发单位", "Issued by"),
    Field::text("date", "编制日期", "Date it was made"),
    Field::text("summary", "总体情况", "The whole in a few sentences"),
    Field::text("standing", "尚未定稿的说明", "Why it is not final yet"),
    Field::text("received", "收到条数", "Opinions received"),
    Field::text("adopted", "采纳条数", "Adopted"),
    Field::text("partly", "部分采纳条数", "Adopted in part"),
    Field::text("declined_count", "未采纳条数", "Declined"),
    Field::text("undecided", "未处理条数", "Without a decision"),
    Field::rows(
        "channels",
        "各渠道条数，末行为合计",
        "Channels, the total last",
        CHANNEL,
    ),
    Field::text(
        "uncounted",
        "未统计的渠道",
        "Channels that were not counted",
    ),
    Field::chart(
        "outcomes",
        "各渠道处理情况图",
        "Chart of outcomes by channel",
    ),
    Field::rows("about", "各渠道情况", "Channel by channel", ABOUT),
    Field::rows("raised", "反映集中的意见", "What was raised most", RAISED),
    Field::rows("declined", "未采纳的意见", "What was declined", DECLINED),
    Field::rows("changes", "修改的条款", "Clauses that changed", CHANGE),
    Field::text("sources", "统计口径", "How it was counted"),
];

/// The values of a round's report.
pub(crate) async fn data(app: &App, brief: &Brief, round: &RoundId) -> Result<Data> {
    let report = {
        let mut sql = app.db().read().await?;
        report(&mut sql, round).await?
    };
    Ok(values(&report, brief))
}

/// The report as the template names it.
pub(crate) fn values(report: &Report, brief: &Brief) -> Data {
    let tongue = Tongue(brief.row.lang);
    let day = |date| super::day(brief.row.lang, date);
    let said = say::Said { tongue, report };
    let total = &report.total;
    Data::new()
        .text(
            "plan",
            tongue.name(&report.plan_title, &report.plan_title_en),
        )
        .text("round", report.title.clone())
        .text("question", report.question.clone())
        .text("from", day(report.opens_on))
        .text("to", day(report.closes_on))
        .text("issuer", brief.row.issuer.clone())
        .text("date", day(brief.today))
        .text("summary", said.summary())
        .text("standing", said.standing())
        .text("received", total.received.to_string())
        .text("adopted", total.adopted.to_string())
        .text("partly", total.partly.to_string())
        .text("declined_count", total.declined.to_string())
        .text("undecided", total.undecided.to_string())
        .rows("channels", said.channel_rows())
        .text("uncounted", said.uncounted())
        .chart("outcomes", said.outcomes())
        .rows("about", said.about_rows())
        .rows("raised", said.raised_rows())
        .rows("declined", said.declined_rows())
        .rows("changes", said.change_rows())
        .text("sources", said.sources(brief.today))
}
