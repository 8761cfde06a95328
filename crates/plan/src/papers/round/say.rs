//! The report's sentences and rows, in plain words.

use jiff::civil::Date;
use tianyuan_kernel::office::docx::{Chart, ChartKind, Data, Series};

use super::super::tongue::Tongue;
use super::super::{PaperLang, day};
use crate::participation::report::{ChannelReport, Counts, Quoted, Raised};
use crate::participation::{Report, words::Outcome, words::RoundState};

/// Names of those asked that stand in a sentence.
const ASKED_MAX: usize = 24;

/// A report in a language.
pub(crate) struct Said<'r> {
    pub(crate) tongue: Tongue,
    pub(crate) report: &'r Report,
}

impl Said<'_> {
    fn zh(&self) -> bool {
        self.tongue.0 == PaperLang::Zh
    }

    fn channel<'c>(&self, channel: &'c ChannelReport) -> &'c str {
        self.tongue.name(&channel.name, &channel.name_en)
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        match (self.zh(), outcome) {
            (true, outcome) => outcome.zh(),
            (false, Outcome::Adopted) => "Adopted",
            (false, Outcome::Partly) => "Adopted in part",
            (false, Outcome::Declined) => "Declined",
        }
    }

    /// Counts in a clause: adopted, adopted in part, declined, and what is left.
    fn counted(&self, counts: &Counts) -> String {
        let (adopted, partly, declined, undecided) = (
            counts.adopted,
            counts.partly,
            counts.declined,
            counts.undecided,
        );
        let rest = match (self.zh(), undecided) {
            (_, 0) => String::new(),
            (true, n) => format!("、未处理 {n} 条"),
            (false, n) => format!(", {n} without a decision"),
        };
        if self.zh() {
            format!("采纳 {adopted} 条、部分采纳 {partly} 条、未采纳 {declined} 条{rest}")
        } else {
            format!("{adopted} adopted, {partly} adopted in part, {declined} declined{rest}")
        }
    }

    /// The whole in a few sentences.
    pub(crate) fn summary(&self) -> String {
        let r = self.report;
        let names: Vec<&str> = r.channels.iter().map(|c| self.channel(c)).collect();
        let (n, names) = (names.len(), self.tongue.list(&names));
        let (from, to) = (
            day(self.tongue.0, r.opens_on),
            day(self.tongue.0, r.closes_on),
        );
        let (received, counts) = (r.total.received, self.counted(&r.total));
        let changes = r.changes.len();
        if self.zh() {
            let changed = if changes > 0 {
                format!("据此修改方案 {changes} 处。")
            } else {
                String::new()
            };
            format!(
                "{from}至{to}，通过{names} {n} 种渠道征求公众意见，共收到意见 {received} 条，其中{counts}。{changed}"
            )
        } else {
            let changed = if changes > 0 {
                format!(" {changes} clauses of the plan change.")
            } else {
                String::new()
            };
            format!(
                "From {from} to {to} the public was asked through {n} channels ({names}). {received} opinions were received: {counts}.{changed}"
            )
        }
    }

    /// Why the report is not final yet; empty once it is.
    pub(crate) fn standing(&self) -> String {
        if self.report.state == RoundState::Reported {
            return String::new();
        }
        let n = self.report.total.undecided;
        match (self.zh(), n) {
            (true, 0) => "本轮还没有标记为已报告，以下条数仍可能变化。".to_owned(),
            (true, n) => format!("本轮还有 {n} 条意见没有处理，以下条数不是最终数。"),
            (false, 0) => {
                "The round is not marked as reported; the counts may still change.".to_owned()
            }
            (false, n) => {
                format!("{n} opinions still wait for a decision: the counts are not final.")
            }
        }
    }

    /// Each channel's counts, and all together; blank where a channel was held and not counted.
    pub(crate) fn channel_rows(&self) -> Vec<Data> {
        let row =
            |name: &str, held: &str, asked: Option<(usize, usize)>, counts: Option<&Counts>| {
                let number =
                    |of: fn(&Counts) -> i64| counts.map(|c| of(c).to_string()).unwrap_or_default();
                let shown = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
                Data::new()
                    .text("name", name)
                    .text("held", held)
                    .text("asked", shown(asked.map(|a| a.0)))
                    .text("answered", shown(asked.map(|a| a.1)))
                    .text(
                        "answers",
                        asked
                            .map(|(all, some)| format!("{some}/{all}"))
                            .unwrap_or_default(),
                    )
                    .text("received", number(|c| c.received))
                    .text("adopted", number(|c| c.adopted))
                    .text("partly", number(|c| c.partly))
                    .text("declined", number(|c| c.declined))
                    .text("undecided", number(|c| c.undecided))
            };
        let mut rows: Vec<Data> = self
            .report
            .channels
            .iter()
            .map(|c| {
                let asked = (!c.asked.is_empty()).then_some((c.asked.len(), c.answered));
                row(self.channel(c), &c.held, asked, c.counts.as_ref())
            })
            .collect();
        let total = self.tongue.say("合计", "All");
        rows.push(row(total, "", None, Some(&self.report.total)));
        rows
    }

    /// The channels that were held and not counted, in a sentence; empty where there are none.
    pub(crate) fn uncounted(&self) -> String {
        let blank = self.report.channels.iter().filter(|c| c.counts.is_none());
        let names: Vec<&str> = blank.map(|c| self.channel(c)).collect();
        if names.is_empty() {
            return String::new();
        }
        let names = self.tongue.list(&names);
        if self.zh() {
            format!("{names}已举行，未统计条数，表中留空，不计入合计。")
        } else {
            format!("{names}: held and not counted; left blank and not in the total.")
        }
    }

    fn raised_words(&self, raised: &[Raised]) -> String {
        let all: Vec<String> = raised
            .iter()
            .map(|r| {
                let (title, n) = (&r.topic.title, r.voices);
                if self.zh() {
                    format!("{title}（{n} 条）")
                } else {
                    format!("{title} ({n})")
                }
            })
            .collect();
        if all.is_empty() {
            return String::new();
        }
        let all = all.join(self.tongue.say("；", "; "));
        if self.zh() {
            format!("提得较多的有：{all}。")
        } else {
            format!("Raised most: {all}.")
        }
    }

    /// A heading's number: `（一）`, or `2.1` with a space after it.
    fn numbered(&self, n: usize) -> String {
        const DIGITS: [&str; 10] = ["十", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
        if !self.zh() {
            return format!("2.{n} ");
        }
        let ones = if n.is_multiple_of(10) {
            ""
        } else {
            DIGITS[n % 10]
        };
        match n {
            0..=9 => format!("（{ones}）"),
            10..=19 => format!("（十{ones}）"),
            _ => format!("（{}十{ones}）", DIGITS[n / 10 % 10]),
        }
    }

    /// What each channel brought, in sentences.
    pub(crate) fn about_rows(&self) -> Vec<Data> {
        let all = self.report.channels.iter().enumerate();
        all.map(|(i, c)| {
            let names: Vec<&str> = c.asked.iter().map(|p| p.name.as_str()).collect();
            let asked = match (names.len(), self.zh()) {
                (0, _) => String::new(),
                (n, true) => {
                    let names = self.tongue.some(&names, ASKED_MAX);
                    format!(
                        "听取对象 {n} 个：{names}；其中 {} 个提出了意见。",
                        c.answered
                    )
                }
                (n, false) => {
                    let names = self.tongue.some(&names, ASKED_MAX);
                    format!(
                        "{n} were asked ({names}), {} of them raised something. ",
                        c.answered
                    )
                }
            };
            let held = match (c.held.is_empty(), self.zh()) {
                (true, _) => String::new(),
                (false, true) => format!("{}。", c.held.trim_end_matches('。')),
                (false, false) => format!("{}. ", c.held.trim_end_matches('.')),
            };
            let counts = match (&c.counts, self.zh()) {
                (None, true) => "已举行，未统计条数。".to_owned(),
                (None, false) => "Held and not counted.".to_owned(),
                (Some(counts), true) => {
                    format!(
                        "收到意见 {} 条，{}。",
                        counts.received,
                        self.counted(counts)
                    )
                }
                (Some(counts), false) => {
                    format!("{} opinions: {}.", counts.received, self.counted(counts))
                }
            };
            Data::new()
                .text("no", self.numbered(i + 1))
                .text("name", self.channel(c))
                .text("text", format!("{held}{asked}{counts}"))
                .text("most_raised", self.raised_words(&c.raised))
        })
        .collect()
    }

    /// What was raised most, over all channels.
    pub(crate) fn raised_rows(&self) -> Vec<Data> {
        let all = self.report.raised.iter().enumerate();
        all.map(|(i, one)| {
            Data::new()
                .text("no", (i + 1).to_string())
                .text("point", one.topic.title.clone())
                .text("voices", one.voices.to_string())
        })
        .collect()
    }

    /// The points a decision answers, each once.
    fn points(&self, quoted: &Quoted) -> String {
        let mut points: Vec<&str> = Vec::new();
        for quote in &quoted.quotes {
            if !points.contains(&quote.topic.title.as_str()) {
                points.push(&quote.topic.title);
            }
        }
        points.join(self.tongue.say("；", "; "))
    }

    fn who(&self, quoted: &Quoted) -> String {
        let mut parties: Vec<&str> = Vec::new();
        for quote in quoted.quotes.iter().filter(|q| !q.party.is_empty()) {
            if !parties.contains(&quote.party.as_str()) {
                parties.push(&quote.party);
            }
        }
        let channels: Vec<&str> = quoted
            .channels
            .iter()
            .map(|name| self.named(name))
            .collect();
        let (parties, channels) = (self.tongue.list(&parties), self.tongue.list(&channels));
        match (parties.is_empty(), self.zh()) {
            (true, _) => channels,
            (false, true) => format!("{parties}（{channels}）"),
            (false, false) => format!("{parties} ({channels})"),
        }
    }

    /// A channel in the paper's language, by its name.
    fn named<'n>(&'n self, name: &'n str) -> &'n str {
        let found = self.report.channels.iter().find(|c| c.name == name);
        found.map_or(name, |c| self.channel(c))
    }

    /// What was declined, and why, in the order of deciding.
    pub(crate) fn declined_rows(&self) -> Vec<Data> {
        let all = self.report.declined.iter().enumerate();
        all.map(|(i, one)| {
            Data::new()
                .text("no", (i + 1).to_string())
                .text("point", self.points(one))
                .text("who", self.who(one))
                .text("voices", one.decision.opinions.to_string())
                .text("reason", one.decision.reason.clone())
        })
        .collect()
    }

    /// Which clauses changed, by measure.
    pub(crate) fn change_rows(&self) -> Vec<Data> {
        let all = self.report.changes.iter();
        all.map(|one| {
            let decision = &one.decision;
            let clause = match decision.clause.measure {
                Some(n) => format!(
                    "{n} {}",
                    decision.clause_title.as_deref().unwrap_or_default()
                ),
                None => decision.clause.section.clone(),
            };
            let wording = if decision.wording.is_empty() {
                "—"
            } else {
                &decision.wording
            };
            Data::new()
                .text("clause", clause.trim())
                .text("wording", wording)
                .text("outcome", self.outcome(decision.outcome))
                .text(
                    "from",
                    format!(
                        "{}{}{}",
                        self.points(one),
                        self.tongue.say("；", "; "),
                        self.who(one)
                    ),
                )
                .text("reason", decision.reason.clone())
        })
        .collect()
    }

    /// What became of the opinions of each channel; none while nothing was received.
    pub(crate) fn outcomes(&self) -> Option<Chart> {
        if self.report.total.received == 0 {
            return None;
        }
        let counted: Vec<(&str, &Counts)> = self
            .report
            .channels
            .iter()
            .filter_map(|c| Some((self.channel(c), c.counts.as_ref()?)))
            .collect();
        let total = &self.report.total;
        let of = |name: &str, color: &str, value: fn(&Counts) -> i64| Series {
            name: name.to_owned(),
            values: counted.iter().map(|(_, c)| Some(value(c) as f64)).collect(),
            color: color.to_owned(),
            dashed: false,
        };
        let mut series = vec![
            of(self.outcome(Outcome::Adopted), "0E7C86", |c| c.adopted),
            of(self.outcome(Outcome::Partly), "7DB9BF", |c| c.partly),
            of(self.outcome(Outcome::Declined), "C2571A", |c| c.declined),
        ];
        if total.undecided > 0 {
            let name = self.tongue.say("未处理", "Without a decision");
            series.push(of(name, "C9D1D3", |c| c.undecided));
        }
        Some(Chart {
            title: self
                .tongue
                .say(
                    "各渠道意见的处理情况（条）",
                    "What became of the opinions of each channel",
                )
                .to_owned(),
            summary: self.counted(total),
            kind: ChartKind::Stacked,
            unit: String::new(),
            categories: counted.iter().map(|(name, _)| (*name).to_owned()).collect(),
            series,
        })
    }

    /// How it was counted.
    pub(crate) fn sources(&self, today: Date) -> String {
        let today = day(self.tongue.0, today);
        if self.zh() {
            format!(
                "条数按收到的意见逐条统计，相同的意见重复提出的按次数计；“意见”一栏写归并后的要点，不照录原话。本报告按{today}的记录编制，每项处理都有账本回执，可在平台核对。"
            )
        } else {
            format!(
                "Opinions are counted one by one, repeated ones as often as they came; points are those of the groups, not quotations. Made from the records of {today}; each decision has a ledger receipt that can be checked on the platform."
            )
        }
    }
}
