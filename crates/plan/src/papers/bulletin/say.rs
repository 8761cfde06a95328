//! The bulletin's sentences, in plain words, with numbers, units and dates.

use tianyuan_kernel::office::docx::Data;

use super::super::tongue::{Tongue, number, percent};
use super::super::{PaperLang, day};
use super::facts::{Facts, IndicatorFact, ProgrammeFact, RankFact, RiskFact};
use crate::indicators::rules::Latest;
use crate::words::{MeasureState, Period, Status};

/// Things of one kind named in the summary, so that it stays on one page; the sections name all.
const NAMED_MAX: usize = 2;
/// Indicators or units named in the next steps.
const ASKED_MAX: usize = 3;
/// Steps asked for at most.
const STEPS_MAX: usize = 8;

/// Facts in a language.
pub(crate) struct Said<'f> {
    pub(crate) tongue: Tongue,
    pub(crate) facts: &'f Facts,
}

fn worse(fact: &IndicatorFact) -> f64 {
    let (Some(latest), Some(expected)) = (fact.latest, fact.standing.expected) else {
        return 0.0;
    };
    ((latest.value - expected) / expected).abs()
}

impl Said<'_> {
    fn zh(&self) -> bool {
        self.tongue.0 == PaperLang::Zh
    }

    fn name<'i>(&self, fact: &'i IndicatorFact) -> &'i str {
        self.tongue
            .name(&fact.indicator.name, &fact.indicator.name_en)
    }

    fn amount(&self, fact: &IndicatorFact, value: f64) -> String {
        let one = &fact.indicator;
        let space = if self.zh() { "" } else { " " };
        format!("{}{space}{}", number(value, one.decimals), one.unit)
    }

    pub(crate) fn covers(&self, value: &Latest) -> String {
        let date = day(self.tongue.0, value.at);
        match (value.period, self.zh()) {
            (Period::Annual, true) => format!("{}年全年", value.at.year()),
            (Period::Ytd, true) => format!(
                "{}年1月1日至{}月{}日",
                value.at.year(),
                value.at.month(),
                value.at.day()
            ),
            (Period::Annual, false) => format!("the year {}", value.at.year()),
            (Period::Ytd, false) => format!("1 January to {date}"),
            (Period::Point, _) => date,
        }
    }

    pub(crate) fn status(&self, status: Status) -> &'static str {
        match (status, self.zh()) {
            (Status::OffPath, true) => "落后于进度",
            (status, true) => status.zh(),
            (Status::Met, false) => "Met",
            (Status::OnPath, false) => "On path",
            (Status::OffPath, false) => "Behind its path",
            (Status::NoData, false) => "No value yet",
            (Status::TargetBelowBaseline, false) => "Target below baseline",
        }
    }

    /// How many indicators stand how: met, on path, behind, target below baseline, nothing.
    fn standings(&self) -> [usize; 5] {
        let of = |status: Status| {
            let all = self.facts.indicators.iter();
            all.filter(|i| i.standing.status == status).count()
        };
        [
            of(Status::Met),
            of(Status::OnPath),
            of(Status::OffPath),
            of(Status::TargetBelowBaseline),
            of(Status::NoData),
        ]
    }

    /// Measures in a sentence.
    pub(crate) fn measures(&self) -> String {
        let c = self.facts.counts();
        let (all, done, way, late, rest) =
            (c.total(), c.done, c.under_way, c.delayed, c.not_started);
        if self.zh() {
            format!(
                "{all} 项举措中，已完成 {done} 项、推进中 {way} 项、滞后 {late} 项、未启动 {rest} 项。"
            )
        } else {
            format!(
                "Of {all} measures {done} are done, {way} under way, {late} delayed and {rest} not started."
            )
        }
    }

    /// Indicators in a sentence.
    pub(crate) fn figures(&self) -> String {
        let all = self.facts.indicators.len();
        let [met, on, behind, kept, none] = self.standings();
        let parts: Vec<String> = if self.zh() {
            [
                (met, "已达到当期目标"),
                (on, "符合进度"),
                (behind, "落后于进度"),
                (kept, "目标低于基期、目前保持在目标以上"),
                (none, "基期后尚无数据"),
            ]
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{n} 项{words}"))
            .collect()
        } else {
            [
                (met, "meet the target due next"),
                (on, "on their path"),
                (behind, "behind it"),
                (kept, "kept above a target that lies below the baseline"),
                (none, "without a value since the baseline"),
            ]
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{n} {words}"))
            .collect()
        };
        let parts = self.tongue.list(&parts);
        if self.zh() {
            format!("{all} 项指标中，{parts}。")
        } else {
            format!("Of {all} indicators: {parts}.")
        }
    }

    fn moved_facts(&self) -> Vec<&IndicatorFact> {
        let mut moved: Vec<&IndicatorFact> = self
            .facts
            .indicators
            .iter()
            .filter(|f| f.reported && f.change().is_some_and(|c| c != 0.0))
            .collect();
        let size = |f: &IndicatorFact| f.change().unwrap_or(0.0).abs();
        moved.sort_by(|a, b| size(b).total_cmp(&size(a)));
        moved
    }

    fn moved_one(&self, fact: &IndicatorFact) -> Option<String> {
        let (now, before, change) = (fact.latest?, fact.before?, fact.change()?);
        let (name, value) = (self.name(fact), self.amount(fact, now.value));
        let (old, at) = (self.amount(fact, before.value), self.covers(&before));
        let covers = self.covers(&now);
        let by = percent(change.abs());
        Some(match (self.zh(), change > 0.0) {
            (true, true) => format!("{name}{covers}为 {value}，比{at}的 {old}增长 {by}"),
            (true, false) => format!("{name}{covers}为 {value}，比{at}的 {old}下降 {by}"),
            (false, true) => format!("{name} ({covers}) is {value}, up {by} from {old} ({at})"),
            (false, false) => format!("{name} ({covers}) is {value}, down {by} from {old} ({at})"),
        })
    }

    fn moved_short(&self, fact: &IndicatorFact) -> Option<String> {
        let (now, change) = (fact.latest?, fact.change()?);
        let (name, value) = (self.name(fact), self.amount(fact, now.value));
        let (by, sums) = (percent(change.abs()), now.period != Period::Point);
        Some(match (self.zh(), sums) {
            (true, true) => {
                format!(
                    "{name} {value}（同比{}{by}）",
                    if change > 0.0 { "增长" } else { "下降" }
                )
            }
            (true, false) => {
                format!(
                    "{name} {value}（比上期{}{by}）",
                    if change > 0.0 { "增长" } else { "下降" }
                )
            }
            (false, _) => {
                format!(
                    "{name} {value} ({} {by})",
                    if change > 0.0 { "up" } else { "down" }
                )
            }
        })
    }

    fn behind_short(&self, fact: &IndicatorFact) -> Option<String> {
        let (now, expected) = (fact.latest?, fact.standing.expected?);
        let (name, value) = (self.name(fact), self.amount(fact, now.value));
        let (path, by) = (self.amount(fact, expected), percent(worse(fact)));
        Some(if self.zh() {
            format!("{name} {value}（应为 {path}，差 {by}）")
        } else {
            format!("{name} {value} (path {path}, {by} off)")
        })
    }

    /// Indicators that moved in the period, the largest change first.
    pub(crate) fn moved_rows(&self) -> Vec<Data> {
        let moved = self.moved_facts();
        let rows = moved.iter().filter_map(|fact| {
            let (now, before, change) = (fact.latest?, fact.before?, fact.change()?);
            let sign = if change > 0.0 { "+" } else { "" };
            let text = self.moved_one(fact)? + self.tongue.say("。", ".");
            Some(
                Data::new()
                    .text("name", self.name(fact))
                    .text("now", self.amount(fact, now.value))
                    .text("now_at", self.covers(&now))
                    .text("before", self.amount(fact, before.value))
                    .text("before_at", self.covers(&before))
                    .text("change", format!("{sign}{}", percent(change)))
                    .text("text", text),
            )
        });
        rows.collect()
    }

    fn behind_facts(&self) -> Vec<&IndicatorFact> {
        let all = self.facts.indicators.iter();
        let mut behind: Vec<&IndicatorFact> = all
            .filter(|f| f.standing.status == Status::OffPath)
            .collect();
        behind.sort_by(|a, b| worse(b).total_cmp(&worse(a)));
        behind
    }

    fn behind_one(&self, fact: &IndicatorFact) -> Option<String> {
        let (now, expected) = (fact.latest?, fact.standing.expected?);
        let (name, value) = (self.name(fact), self.amount(fact, now.value));
        let (path, by, covers) = (
            self.amount(fact, expected),
            percent(worse(fact)),
            self.covers(&now),
        );
        Some(if self.zh() {
            format!("{name}{covers}为 {value}，按进度应为 {path}，相差 {by}")
        } else {
            format!("{name} ({covers}) is {value} where its path expects {path}, {by} off")
        })
    }

    /// Indicators behind their path, the worst first.
    pub(crate) fn behind(&self) -> Vec<String> {
        let end = self.tongue.say("。", ".");
        let behind = self.behind_facts();
        behind
            .iter()
            .filter_map(|f| self.behind_one(f))
            .map(|s| s + end)
            .collect()
    }

    fn silent_facts(&self) -> Vec<&IndicatorFact> {
        self.facts
            .indicators
            .iter()
            .filter(|f| !f.reported)
            .collect()
    }

    /// Indicators that reported nothing in the period; empty when all did.
    pub(crate) fn silent(&self) -> String {
        let silent = self.silent_facts();
        if silent.is_empty() {
            return String::new();
        }
        let names: Vec<&str> = silent.iter().map(|f| self.name(f)).collect();
        let (n, names) = (names.len(), self.tongue.list(&names));
        if self.zh() {
            format!("本期没有报送数据的指标有 {n} 项：{names}。")
        } else {
            format!("{n} indicators reported nothing in the period: {names}.")
        }
    }

    /// The summary: how it stands, what moved, what is behind, what may be missed, who is silent.
    pub(crate) fn summary(&self) -> Vec<String> {
        let cut = day(self.tongue.0, self.facts.cut);
        let mut out = vec![if self.zh() {
            format!("截至{cut}，{}{}", self.measures(), self.figures())
        } else {
            format!("As of {cut}: {} {}", self.measures(), self.figures())
        }];
        let firsts = |all: Vec<String>, head: &str| -> Option<String> {
            let shown: Vec<String> = all.into_iter().take(NAMED_MAX).collect();
            let end = self.tongue.say("。", ".");
            (!shown.is_empty()).then(|| head.to_owned() + &self.tongue.list(&shown) + end)
        };
        let moved = self.moved_facts();
        let moved = moved.iter().filter_map(|f| self.moved_short(f)).collect();
        out.extend(firsts(moved, self.tongue.say("进展：", "Progress: ")));
        let behind = self.behind_facts();
        let behind = behind.iter().filter_map(|f| self.behind_short(f)).collect();
        out.extend(firsts(behind, self.tongue.say("落后：", "Behind: ")));
        out.extend(self.risk_summary());
        if self.facts.reporting.is_some() {
            out.push(self.reporting_short());
        } else if !self.silent().is_empty() {
            out.push(self.silent());
        }
        out
    }

    fn risk_summary(&self) -> Option<String> {
        let all = self.facts.risks.iter();
        let risky: Vec<String> = all
            .filter_map(|r| Some((r, r.chance.filter(|c| *c < 0.5)?)))
            .take(NAMED_MAX)
            .map(|(r, chance)| {
                let (name, year) = (self.tongue.name(&r.name.0, &r.name.1), r.year);
                let chance = self.chance(chance);
                if self.zh() {
                    format!("{name}达到 {year} 年目标的可能{chance}")
                } else {
                    format!("{name}, target of {year}: {chance}")
                }
            })
            .collect();
        if risky.is_empty() {
            return None;
        }
        let words = risky.join(self.tongue.say("，", "; "));
        Some(if self.zh() {
            format!("风险：按目前走势，{words}。")
        } else {
            format!("At risk, as things go: {words}.")
        })
    }

    /// A chance as people say it: nothing is certain.
    fn chance(&self, chance: f64) -> String {
        let rounded = (chance * 20.0).round() * 5.0;
        match (self.zh(), rounded) {
            (true, r) if r < 5.0 => "不到 5%".to_owned(),
            (true, r) if r > 95.0 => "超过 95%".to_owned(),
            (true, r) => format!("约 {r:.0}%"),
            (false, r) if r < 5.0 => "below 5%".to_owned(),
            (false, r) if r > 95.0 => "above 95%".to_owned(),
            (false, r) => format!("about {r:.0}%"),
        }
    }

    /// One indicator as a row.
    pub(crate) fn indicator_row(&self, fact: &IndicatorFact) -> Data {
        let one = &fact.indicator;
        let dash = || "—".to_owned();
        let fresh = fact
            .latest
            .filter(|v| i64::from(v.at.year()) > one.baseline.year);
        let units: Vec<&str> = one.units.iter().map(|u| u.name.as_str()).collect();
        Data::new()
            .text("no", one.number.to_string())
            .text("name", self.name(fact))
            .text("unit", one.unit.clone())
            .text(
                "value",
                fresh.map_or_else(dash, |v| number(v.value, one.decimals)),
            )
            .text("at", fresh.map_or_else(dash, |v| self.covers(&v)))
            .text(
                "change",
                fact.change()
                    .filter(|_| fresh.is_some())
                    .map_or_else(dash, |c| {
                        let sign = if c > 0.0 { "+" } else { "" };
                        format!("{sign}{}", percent(c))
                    }),
            )
            .text(
                "expected",
                fact.standing
                    .expected
                    .map_or_else(dash, |e| number(e, one.decimals)),
            )
            .text(
                "target",
                fact.standing
                    .target
                    .map_or_else(dash, |t| number(t.value, one.decimals)),
            )
            .text(
                "target_year",
                fact.standing
                    .target
                    .map_or_else(dash, |t| t.year.to_string()),
            )
            .text("rate", fact.rate().map_or_else(dash, percent))
            .text("status", self.status(fact.standing.status))
            .text("units", self.tongue.list(&units))
    }

    /// One programme as a row.
    pub(crate) fn programme_row(&self, one: &ProgrammeFact) -> Data {
        let c = &one.counts;
        Data::new()
            .text("no", one.number.to_string())
            .text("name", self.tongue.name(&one.title.0, &one.title.1))
            .text("total", c.total().to_string())
            .text("done", c.done.to_string())
            .text("under_way", c.under_way.to_string())
            .text("delayed", c.delayed.to_string())
            .text("not_started", c.not_started.to_string())
    }

    /// The measures in a state as rows.
    pub(crate) fn measure_rows(&self, state: MeasureState) -> Vec<Data> {
        let all = self.facts.measures.iter().filter(|m| m.state == state);
        all.map(|m| {
            let note = if m.note.is_empty() {
                "—"
            } else {
                m.note.as_str()
            };
            Data::new()
                .text("no", m.number.to_string())
                .text("name", self.tongue.name(&m.title.0, &m.title.1))
                .text("units", self.tongue.list(&m.units))
                .text("note", note)
        })
        .collect()
    }

    /// One target at risk as a row.
    pub(crate) fn risk_row(&self, risk: &RiskFact) -> Data {
        let shown = |value: f64| number(value, risk.decimals);
        let dash = || "—".to_owned();
        let (year, target) = (risk.year, shown(risk.target));
        let target = if self.zh() {
            format!("{target}（{year}年）")
        } else {
            format!("{target} ({year})")
        };
        let interval = risk
            .interval
            .map(|(low, high)| format!("{}～{}", shown(low), shown(high)));
        let unknown = self.tongue.say("暂不能判断", "cannot be said yet");
        Data::new()
            .text("name", self.tongue.name(&risk.name.0, &risk.name.1))
            .text("unit", risk.unit.clone())
            .text("target", target)
            .text("expected", risk.expected.map_or_else(dash, shown))
            .text("interval", interval.unwrap_or_else(dash))
            .text(
                "chance",
                risk.chance
                    .map_or_else(|| unknown.to_owned(), |c| self.chance(c)),
            )
            .text(
                "needed",
                risk.needed
                    .as_ref()
                    .map(|n| self.tongue.of(n))
                    .unwrap_or_default(),
            )
            .text("text", self.tongue.of(&risk.text))
    }

    /// What the risks rest on; empty where there are none.
    pub(crate) fn risk_method(&self) -> String {
        if self.facts.risks.iter().all(|r| r.chance.is_none()) {
            return String::new();
        }
        self.tongue
            .say(
                "预测只用截止日期前的有效数值，方法按回测误差逐项选定，区间为 80% 预测区间；数据点少时区间已相应放宽。可能性按 5% 取整，供排序参考，不是承诺。",
                "Forecasts use the values in force up to the cut only; the method is chosen for each by backtest, the interval is the 80% prediction interval, widened where points are few. Chances are rounded to 5%: they order what to look at, they promise nothing.",
            )
            .to_owned()
    }

    /// How reporting stands, in a sentence.
    pub(crate) fn reporting(&self) -> String {
        let Some(r) = &self.facts.reporting else {
            return self
                .tongue
                .say(
                    "本期没有设定填报期。",
                    "No reporting period was set for this period.",
                )
                .to_owned();
        };
        let due = day(self.tongue.0, r.due);
        let units = r.missing.len();
        let (total, accepted, waiting, returned, unsent) =
            (r.total, r.accepted, r.waiting, r.returned, r.unsent);
        if self.zh() {
            format!(
                "填报：本期应报 {total} 件（{due}截止），已通过 {accepted} 件、待审 {waiting} 件、退回未改 {returned} 件、未报 {unsent} 件，未报和未改涉及 {units} 家单位。"
            )
        } else {
            format!(
                "Reporting: {total} reports were due by {due}; {accepted} accepted, {waiting} under review, {returned} returned and not corrected, {unsent} not sent, by {units} units."
            )
        }
    }

    fn reporting_short(&self) -> String {
        let Some(r) = &self.facts.reporting else {
            return String::new();
        };
        let (total, accepted, waiting) = (r.total, r.accepted, r.waiting);
        let (open, units) = (r.returned + r.unsent, r.missing.len());
        if self.zh() {
            format!(
                "填报：应报 {total} 件，已通过 {accepted} 件、待审 {waiting} 件，未报和退回未改 {open} 件，涉及 {units} 家单位。"
            )
        } else {
            format!(
                "Reporting: of {total} reports {accepted} are accepted, {waiting} under review and {open} missing or returned, by {units} units."
            )
        }
    }

    /// The units that have not reported as rows.
    pub(crate) fn missing_rows(&self) -> Vec<Data> {
        let missing = self
            .facts
            .reporting
            .as_ref()
            .map_or(&[][..], |r| r.missing.as_slice());
        missing
            .iter()
            .map(|m| {
                let numbers: Vec<String> = m.measures.iter().map(i64::to_string).collect();
                Data::new()
                    .text("unit", m.unit.clone())
                    .text("owed", m.owed.to_string())
                    .text("missing", m.measures.len().to_string())
                    .text("measures", self.tongue.list(&numbers))
            })
            .collect()
    }

    /// One unit's place as a row.
    pub(crate) fn rank_row(&self, rank: &RankFact) -> Data {
        let interval = match rank.ranks {
            None => "—".to_owned(),
            Some((low, high)) if low == high => low.to_string(),
            Some((low, high)) => format!("{low}～{high}"),
        };
        Data::new()
            .text("rank", rank.rank.to_string())
            .text("unit", self.tongue.name(&rank.unit.0, &rank.unit.1))
            .text("score", number(rank.score, 3))
            .text("interval", interval)
    }

    /// What is asked of whom.
    pub(crate) fn next_steps(&self) -> Vec<String> {
        let mut out = Vec::new();
        for fact in self.behind_facts().iter().take(ASKED_MAX) {
            let units: Vec<&str> = fact
                .indicator
                .units
                .iter()
                .map(|u| u.name.as_str())
                .collect();
            let (units, name) = (self.tongue.list(&units), self.name(fact));
            out.push(if self.zh() {
                format!("请{units}说明{name}落后的原因，提出追赶安排。")
            } else {
                format!("{units}: explain why {name} is behind and how it catches up.")
            });
        }
        out.extend(self.silent_steps());
        let late: Vec<&super::facts::MeasureFact> = self
            .facts
            .measures
            .iter()
            .filter(|m| m.state == MeasureState::Delayed)
            .collect();
        if !late.is_empty() {
            let numbers: Vec<String> = late.iter().map(|m| m.number.to_string()).collect();
            let (n, numbers) = (late.len(), self.tongue.list(&numbers));
            out.push(if self.zh() {
                format!("请责任单位对滞后的 {n} 项举措（第 {numbers} 项）逐项明确完成时限。")
            } else {
                format!("Responsible units: set a date for each of the {n} delayed measures ({numbers}).")
            });
        }
        if let Some(r) = self
            .facts
            .reporting
            .as_ref()
            .filter(|r| !r.missing.is_empty())
        {
            let units: Vec<&str> = r.missing.iter().map(|m| m.unit.as_str()).collect();
            let units = self.tongue.some(&units, 6);
            out.push(if self.zh() {
                format!("请{units}尽快补报本期进展。")
            } else {
                format!("{units}: send the reports of this period.")
            });
        }
        if out.is_empty() {
            out.push(
                self.tongue
                    .say(
                        "按计划继续推进，保持按期填报。",
                        "Carry on as planned and keep reporting on time.",
                    )
                    .to_owned(),
            );
        }
        out.truncate(STEPS_MAX);
        out
    }

    /// Indicators without a value, by the units that answer for them.
    fn silent_steps(&self) -> Vec<String> {
        let mut by_units: Vec<(String, Vec<&str>)> = Vec::new();
        for fact in self.silent_facts() {
            let units: Vec<&str> = fact
                .indicator
                .units
                .iter()
                .map(|u| u.name.as_str())
                .collect();
            let units = self.tongue.list(&units);
            match by_units.iter_mut().find(|(u, _)| *u == units) {
                Some((_, names)) => names.push(self.name(fact)),
                None => by_units.push((units, vec![self.name(fact)])),
            }
        }
        by_units
            .into_iter()
            .take(ASKED_MAX)
            .map(|(units, names)| {
                let names = self.tongue.list(&names);
                if self.zh() {
                    format!("请{units}补报{names}的本期数据。")
                } else {
                    format!("{units}: report {names} for the period.")
                }
            })
            .collect()
    }

    /// Where the figures come from.
    pub(crate) fn sources(&self) -> String {
        let (cut, made) = (
            day(self.tongue.0, self.facts.cut),
            day(self.tongue.0, self.facts.today),
        );
        if self.zh() {
            format!(
                "指标数值为截至{cut}的有效填报值，年初至今的数值只与上年同期相比；进度按基期到各年目标的直线推算，容差 2%。举措状态取自本期已通过的填报，没有填报的取编制时（{made}）的状态。每个数值和状态都有账本回执，可在平台核对。"
            )
        } else {
            format!(
                "Values are those in force as of {cut}; sums since January are compared with the same stretch of the year before. The path runs straight from the baseline through each year's target, with 2% of tolerance. Measures stand as the period's accepted reports say, others as of {made}, when this was made. Each value and state has a ledger receipt that can be checked on the platform."
            )
        }
    }
}
