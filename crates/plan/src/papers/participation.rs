//! The report on public participation (公众参与情况报告): what each channel brought, what was most
//! raised, what was declined and why, and which clauses changed.

use tianyuan_kernel::App;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::Page;
use tianyuan_kernel::office::docx::{Chart, ChartKind, Data, Field, Series};
use tianyuan_kernel::text::Text;

use super::making::Brief;
use super::period::PaperPeriod;
use super::tongue::Tongue;
use super::{PaperLang, day};
use crate::participation::report::{ChannelReport, Counts, Quoted, Raised, Report, report};
use crate::participation::rounds::{self, RoundId};
use crate::participation::words::RoundState;
use crate::plans::{self, Plan, PlanId};

/// Who was asked, named in a sentence.
const NAMED_MAX: usize = 30;
/// Characters of an opinion that stand in a table.
const QUOTE_CHARS: usize = 120;

const RAISED: &[Field] = &[
    Field::text("point_no", "意见序号", "Number"),
    Field::text("point", "意见要点", "What was raised"),
    Field::text("voices", "提出的条数", "How many raised it"),
];
const CHANNEL: &[Field] = &[
    Field::text("no", "渠道序号（一、二、三）", "Number"),
    Field::text("name", "渠道名称", "Channel"),
    Field::text("text", "渠道情况，一段话", "The channel in a paragraph"),
    Field::text("asked", "征询对象", "Who was asked"),
    Field::text("received", "收到", "Received"),
    Field::text("adopted", "采纳", "Adopted"),
    Field::text("partly", "部分采纳", "Adopted in part"),
    Field::text("declined", "未采纳", "Declined"),
    Field::text("undecided", "研究中", "Without a decision"),
    Field::rows("raised", "比较集中的意见", "Most raised", RAISED),
];
const DECLINED: &[Field] = &[
    Field::text("no", "序号", "Number"),
    Field::text("opinion", "意见", "Opinion"),
    Field::text("from", "渠道", "Channel"),
    Field::text("reason", "未采纳的理由", "Why it was declined"),
];
const CHANGE: &[Field] = &[
    Field::text("clause", "条款", "Clause"),
    Field::text("wording", "修改后的表述", "New wording"),
    Field::text("outcome", "采纳情况", "Outcome"),
    Field::text("reason", "说明", "Reason"),
];

/// What a template of the report may name.
pub(crate) const VOCABULARY: &[Field] = &[
    Field::text("plan", "方案名称", "Title of the plan"),
    Field::text("round", "征询轮次名称", "Title of the round"),
    Field::text("issue", "期号", "Issue"),
    Field::text("issuer", "编制单位", "Issued by"),
    Field::text("date", "编制日期", "Date it was made"),
    Field::text("opens", "开始日期", "First day"),
    Field::text("closes", "截止日期", "Last day"),
    Field::text(
        "basis",
        "基本情况，一段话",
        "What was asked about, in a paragraph",
    ),
    Field::text("totals", "总体情况，一段话", "All channels in a paragraph"),
    Field::rows("channels", "各渠道", "Channels", CHANNEL),
    Field::text("received", "收到合计", "Received in all"),
    Field::text("adopted", "采纳合计", "Adopted in all"),
    Field::text("partly", "部分采纳合计", "Adopted in part in all"),
    Field::text("declined", "未采纳合计", "Declined in all"),
    Field::text("undecided", "研究中合计", "Without a decision in all"),
    Field::chart(
        "outcomes",
        "各渠道采纳情况图",
        "Chart of outcomes by channel",
    ),
    Field::rows(
        "refused",
        "未采纳的意见及理由",
        "What was declined and why",
        DECLINED,
    ),
    Field::rows("changes", "据此修改的条款", "Clauses that changed", CHANGE),
];

/// The round a period's report is about: the last to close of those that touch it.
pub(crate) async fn round_of(
    sql: &mut dyn Sql,
    plan: &PlanId,
    period: &PaperPeriod,
) -> Result<Option<RoundId>> {
    let page = Page {
        limit: rounds::ROUNDS_MAX,
        ..Page::default()
    };
    let rounds = rounds::store::list(sql, plan, &page).await?;
    Ok(rounds
        .into_iter()
        .filter(|r| r.state != RoundState::Preparing && period.touches((r.opens_on, r.closes_on)))
        .max_by_key(|r| (r.state == RoundState::Reported, r.closes_on))
        .map(|r| r.id))
}

/// A period without a round has no report.
pub(crate) fn no_round() -> Error {
    let words = Text::new(
        "这个期间没有开展公众参与，无法编制报告；请选有征询轮次的期间。",
        "No round of participation falls into this period; choose one that holds a round.",
    );
    Error::invalid("no_round", "day", words)
}

/// The values of a report.
pub(crate) async fn data(app: &App, brief: &Brief) -> Result<Data> {
    let mut sql = app.db().read().await?;
    let round = round_of(&mut sql, &brief.plan.id, &brief.row.period).await?;
    let report = report(&mut sql, &round.ok_or_else(no_round)?).await?;
    let layers = plans::store::layers(&mut sql, &brief.plan.id).await?;
    let names: Vec<String> = layers.into_iter().map(|l| l.title).collect();
    Ok(values(&report, &names, brief))
}

fn values(report: &Report, layers: &[String], brief: &Brief) -> Data {
    let lang = brief.row.lang;
    let tongue = Tongue(lang);
    let said = Said { tongue, report };
    let counts = &report.total;
    Data::new()
        .text(
            "plan",
            tongue.name(&report.plan_title, &report.plan_title_en),
        )
        .text("round", report.title.clone())
        .text("issue", brief.row.issue.to_string())
        .text("issuer", brief.row.issuer.clone())
        .text("date", day(lang, brief.today))
        .text("opens", day(lang, report.opens_on))
        .text("closes", day(lang, report.closes_on))
        .text("basis", said.basis(&brief.plan, layers))
        .text("totals", said.totals())
        .rows("channels", said.channels())
        .text("received", counts.received.to_string())
        .text("adopted", counts.adopted.to_string())
        .text("partly", counts.partly.to_string())
        .text("declined", counts.declined.to_string())
        .text("undecided", counts.undecided.to_string())
        .chart("outcomes", said.outcomes())
        .rows("refused", said.refused())
        .rows("changes", said.changes())
}

struct Said<'r> {
    tongue: Tongue,
    report: &'r Report,
}

/// 一 to 二十; figures beyond.
fn numeral(n: usize) -> String {
    const DIGITS: [&str; 11] = [
        "", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十",
    ];
    match n {
        1..=10 => DIGITS[n].to_owned(),
        11..=19 => format!("十{}", DIGITS[n - 10]),
        20 => "二十".to_owned(),
        _ => n.to_string(),
    }
}

fn cut(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= QUOTE_CHARS {
        return text.to_owned();
    }
    text.chars().take(QUOTE_CHARS).chain(['…']).collect()
}

impl Said<'_> {
    fn zh(&self) -> bool {
        self.tongue.0 == PaperLang::Zh
    }

    fn basis(&self, plan: &Plan, layers: &[String]) -> String {
        let (from, to) = (
            day(self.tongue.0, self.report.opens_on),
            day(self.tongue.0, self.report.closes_on),
        );
        let title = self.tongue.name(&plan.title, &plan.title_en);
        let (programmes, measures, indicators) = (
            plan.counts.programmes,
            plan.counts.measures,
            plan.counts.indicators,
        );
        let channels = self.report.channels.len();
        if self.zh() {
            let layers = self.tongue.list(layers);
            format!(
                "{from}至{to}，就《{title}》征求公众意见。方案分{layers}，共 {programmes} 项行动计划、{measures} 项任务和举措、{indicators} 项发展目标。本次参与活动通过 {channels} 种渠道进行，收到的意见逐条登记、归并、研究，并逐条给出处理结果和理由。"
            )
        } else {
            format!(
                "From {from} to {to} the public was asked about “{title}”: {programmes} programmes, {measures} measures and {indicators} targets. Opinions came by {channels} channels; each was registered, grouped with its like, considered and answered with a reason."
            )
        }
    }

    fn counted(&self, c: &Counts) -> String {
        let mut parts = Vec::new();
        let words = if self.zh() {
            [
                (c.adopted, "采纳"),
                (c.partly, "部分采纳"),
                (c.declined, "未采纳"),
                (c.undecided, "仍在研究"),
            ]
        } else {
            [
                (c.adopted, "adopted"),
                (c.partly, "adopted in part"),
                (c.declined, "declined"),
                (c.undecided, "still being considered"),
            ]
        };
        for (n, word) in words {
            if n > 0 {
                parts.push(if self.zh() {
                    format!("{word} {n} 条")
                } else {
                    format!("{n} {word}")
                });
            }
        }
        self.tongue.list(&parts)
    }

    fn totals(&self) -> String {
        let c = &self.report.total;
        let n = c.received;
        let parts = self.counted(c);
        if self.zh() {
            let tail = if c.declined > 0 {
                "未采纳的均说明了理由。"
            } else {
                ""
            };
            format!("各渠道共收到可计数的意见 {n} 条，其中{parts}。{tail}")
        } else {
            format!("All counted channels brought {n} opinions: {parts}.")
        }
    }

    fn channel_text(&self, one: &ChannelReport) -> String {
        let name = self.tongue.name(&one.name, &one.name_en);
        let asked: Vec<&str> = one.asked.iter().map(|p| p.name.as_str()).collect();
        let mut out = String::new();
        let (held, n, answered) = (one.held.trim(), asked.len(), one.answered);
        if self.zh() {
            if !held.is_empty() {
                out.push_str(held);
                out.push('，');
            }
            out.push_str(&format!("以{name}方式听取意见。"));
            if n > 0 {
                let names = self.tongue.some(&asked, NAMED_MAX);
                out.push_str(&format!("征询 {n} 家（{names}），{answered} 家提出意见。"));
            }
            match &one.counts {
                Some(c) if c.received > 0 => {
                    let parts = self.counted(c);
                    out.push_str(&format!("收到意见 {} 条，其中{parts}。", c.received));
                }
                Some(_) => out.push_str("没有收到意见。"),
                None => out.push_str("意见数量未单独统计。"),
            }
            if !one.raised.is_empty() {
                out.push_str("比较集中的意见有：");
            }
        } else {
            out.push_str(&format!("Opinions were heard by {name}."));
            if n > 0 {
                let names = self.tongue.some(&asked, NAMED_MAX);
                out.push_str(&format!(
                    " {n} were asked ({names}); {answered} gave opinions."
                ));
            }
            match &one.counts {
                Some(c) if c.received > 0 => {
                    let parts = self.counted(c);
                    out.push_str(&format!(" {} opinions came in: {parts}.", c.received));
                }
                Some(_) => out.push_str(" No opinion came in."),
                None => out.push_str(" Opinions were not counted."),
            }
            if !one.raised.is_empty() {
                out.push_str(" Most raised:");
            }
        }
        out
    }

    fn raised(&self, points: &[Raised]) -> Vec<Data> {
        points
            .iter()
            .enumerate()
            .map(|(at, point)| {
                Data::new()
                    .text("point_no", (at + 1).to_string())
                    .text("point", point.topic.title.clone())
                    .text("voices", point.voices.to_string())
            })
            .collect()
    }

    fn channels(&self) -> Vec<Data> {
        let all = self.report.channels.iter().enumerate();
        all.map(|(at, one)| {
            let asked: Vec<&str> = one.asked.iter().map(|p| p.name.as_str()).collect();
            let of = |n: fn(&Counts) -> i64| {
                // What was not counted stays blank: it is not nought.
                one.counts
                    .as_ref()
                    .map_or_else(String::new, |c| n(c).to_string())
            };
            let no = if self.zh() {
                numeral(at + 1)
            } else {
                (at + 1).to_string()
            };
            Data::new()
                .text("no", no)
                .text("name", self.tongue.name(&one.name, &one.name_en))
                .text("text", self.channel_text(one))
                .text("asked", self.tongue.list(&asked))
                .text("received", of(|c| c.received))
                .text("adopted", of(|c| c.adopted))
                .text("partly", of(|c| c.partly))
                .text("declined", of(|c| c.declined))
                .text("undecided", of(|c| c.undecided))
                .rows("raised", self.raised(&one.raised))
        })
        .collect()
    }

    fn quote(&self, quoted: &Quoted) -> String {
        let words: Vec<String> = quoted.quotes.iter().map(|q| cut(&q.text)).collect();
        words.join(self.tongue.say("；", "; "))
    }

    fn refused(&self) -> Vec<Data> {
        let all = self.report.declined.iter().enumerate();
        all.map(|(at, quoted)| {
            Data::new()
                .text("no", (at + 1).to_string())
                .text("opinion", self.quote(quoted))
                .text("from", self.tongue.list(&quoted.channels))
                .text("reason", quoted.decision.reason.clone())
        })
        .collect()
    }

    fn changes(&self) -> Vec<Data> {
        use crate::participation::words::Outcome;
        let all = self.report.changes.iter();
        all.map(|quoted| {
            let decision = &quoted.decision;
            let outcome = match (decision.outcome, self.zh()) {
                (outcome, true) => outcome.zh(),
                (Outcome::Adopted, false) => "Adopted",
                (Outcome::Partly, false) => "In part",
                (Outcome::Declined, false) => "Declined",
            };
            let wording = if decision.wording.is_empty() {
                "—"
            } else {
                decision.wording.as_str()
            };
            Data::new()
                .text("clause", self.clause(quoted))
                .text("wording", wording)
                .text("outcome", outcome)
                .text("reason", decision.reason.clone())
        })
        .collect()
    }

    fn clause(&self, quoted: &Quoted) -> String {
        let decision = &quoted.decision;
        match (&decision.clause.measure, &decision.clause_title) {
            (Some(number), Some(title)) => format!("{number} {title}"),
            _ => decision.clause.section.clone(),
        }
    }

    fn outcomes(&self) -> Option<Chart> {
        let counted: Vec<(&ChannelReport, &Counts)> = self
            .report
            .channels
            .iter()
            .filter_map(|c| Some((c, c.counts.as_ref().filter(|n| n.received > 0)?)))
            .collect();
        if counted.is_empty() {
            return None;
        }
        let series = |zh: &str, en: &str, color: &str, n: fn(&Counts) -> i64| Series {
            name: self.tongue.say(zh, en).to_owned(),
            values: counted.iter().map(|(_, c)| Some(n(c) as f64)).collect(),
            color: color.to_owned(),
            dashed: false,
        };
        Some(Chart {
            title: self
                .tongue
                .say("各渠道意见的处理（条）", "Outcomes by channel")
                .to_owned(),
            summary: self.totals(),
            kind: ChartKind::Stacked,
            unit: String::new(),
            categories: counted
                .iter()
                .map(|(c, _)| self.tongue.name(&c.name, &c.name_en).to_owned())
                .collect(),
            series: vec![
                series("采纳", "Adopted", "0E7C86", |c| c.adopted),
                series("部分采纳", "In part", "7DB9BF", |c| c.partly),
                series("未采纳", "Declined", "C2571A", |c| c.declined),
                series("研究中", "Undecided", "C9D1D3", |c| c.undecided),
            ],
        })
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn channels_are_numbered_as_official_papers_do() {
        let all: Vec<String> = [1, 10, 11, 19, 20, 21].map(numeral).into();
        assert_eq!(all, ["一", "十", "十一", "十九", "二十", "21"]);
    }
}
