//! The closed vocabularies of the plan: each word has a stable ASCII form for programs and a
//! Chinese form for workbooks. Reading accepts either.

use tianyuan_kernel::party::UnitKind;

/// Declares a closed vocabulary.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $ascii:literal, $zh:literal;)+ }) => {
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        $(#[$doc])*
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The form programs and the database use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $ascii),+ }
            }

            /// The form a workbook shows.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// Reads either form.
            #[must_use]
            pub fn read(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text || w.zh() == text)
            }

            /// All Chinese forms, for messages and templates: `流量、存量、水平`.
            #[must_use]
            pub fn choices() -> String {
                Self::ALL.iter().map(|w| w.zh()).collect::<Vec<_>>().join("、")
            }
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Where an edition stands.
    PlanState {
        /// Being written; visible to staff only.
        Draft = "draft", "草案";
        /// In force; visible to everybody.
        InForce = "in_force", "施行";
        /// Its period is over; visible to everybody.
        Closed = "closed", "结束";
    }
}

vocabulary! {
    /// How far a measure has come.
    MeasureState {
        /// Nothing reported yet.
        NotStarted = "not_started", "未启动";
        /// Being carried out.
        UnderWay = "under_way", "推进中";
        /// Behind its schedule.
        Delayed = "delayed", "滞后";
        /// Carried out.
        Done = "done", "已完成";
    }
}

vocabulary! {
    /// What kind of quantity an indicator is.
    #[schema(as = IndicatorNature)]
    Nature {
        /// Adds up over a year and is reported year-to-date, such as output.
        Flow = "flow", "流量";
        /// Accumulates over the years, such as factories completed.
        Stock = "stock", "存量";
        /// Measured at a moment, such as bandwidth.
        Level = "level", "水平";
    }
}

vocabulary! {
    /// Which way an indicator is better.
    Direction {
        /// More is better.
        Up = "up", "越高越好";
        /// Less is better.
        Down = "down", "越低越好";
    }
}

vocabulary! {
    /// What a recorded value covers. Values of different periods are never compared.
    #[schema(as = ValuePeriod)]
    Period {
        /// A whole year of a flow.
        Annual = "annual", "全年";
        /// A flow from 1 January to its date.
        Ytd = "ytd", "年初至今";
        /// A stock or level at its date.
        Point = "point", "时点";
    }
}

vocabulary! {
    /// Where a recorded value came from.
    #[schema(as = ValueSource)]
    Source {
        /// The plan's own text (its baseline).
        Plan = "plan", "方案文本";
        /// Typed by a person or sent by a script.
        Manual = "manual", "人工填报";
        /// A workbook or CSV file.
        Excel = "excel", "表格导入";
        /// A metric of the platform.
        Metric = "metric", "平台测量";
        /// An accepted report of a unit.
        Report = "report", "进展报告";
    }
}

vocabulary! {
    /// How a goal's value is to be met.
    #[schema(as = GoalComparison)]
    Comparison {
        /// Reach the value or more.
        AtLeast = "at_least", "不少于";
        /// Stay at the value or below.
        AtMost = "at_most", "不超过";
        /// Reach the value.
        Reach = "reach", "达到";
    }
}

vocabulary! {
    /// How a goal is counted.
    GoalKind {
        /// Counted up over the years.
        Cumulative = "cumulative", "累计";
        /// Measured at its due date.
        Level = "level", "水平";
    }
}

vocabulary! {
    /// Whose goal it is.
    GoalScope {
        /// The whole plan's.
        Plan = "plan", "方案";
        /// One programme's.
        Programme = "programme", "计划";
        /// One measure's.
        Measure = "measure", "举措";
    }
}

vocabulary! {
    /// How an indicator stands against its path.
    #[schema(as = IndicatorStatus)]
    Status {
        /// The target that is due next (or the last one) is met.
        Met = "met", "已达标";
        /// Not met yet, and no worse than the straight path to it.
        OnPath = "on_path", "符合进度";
        /// Worse than the straight path to the target.
        OffPath = "off_path", "偏离进度";
        /// Nothing has been recorded since the baseline.
        NoData = "no_data", "暂无数据";
        /// The plan sets a target that is worse than its own baseline, and it is being kept.
        TargetBelowBaseline = "target_below_baseline", "目标低于基期";
    }
}

vocabulary! {
    /// How long a reporting period is.
    #[schema(as = PeriodSpan)]
    Span {
        /// A calendar month.
        Month = "month", "月";
        /// A quarter of a year.
        Quarter = "quarter", "季度";
        /// A calendar year.
        Year = "year", "年度";
    }
}

vocabulary! {
    /// Where a reporting period stands.
    PeriodState {
        /// Laid out, nothing owed yet; opens by itself on its last day.
        Planned = "planned", "未开始";
        /// Units report.
        Open = "open", "填报中";
        /// Nothing changes any more.
        Closed = "closed", "已结束";
    }
}

vocabulary! {
    /// Where a unit's report stands.
    #[schema(as = ReportStage)]
    Stage {
        /// Not begun.
        Owed = "owed", "待填报";
        /// Begun, not sent.
        Draft = "draft", "草稿";
        /// Sent, waits for review.
        Submitted = "submitted", "已报送";
        /// Sent back with a comment.
        Returned = "returned", "已退回";
        /// Taken over into measure and indicators.
        Accepted = "accepted", "已采纳";
    }
}

const UNIT_KINDS: [(UnitKind, &str); 6] = [
    (UnitKind::Department, "部门"),
    (UnitKind::Town, "镇"),
    (UnitKind::Company, "公司"),
    (UnitKind::Park, "园区"),
    (UnitKind::Institution, "机构"),
    (UnitKind::Group, "组"),
];

/// The Chinese form of a unit's kind.
#[must_use]
pub fn unit_kind_zh(kind: UnitKind) -> &'static str {
    UNIT_KINDS
        .iter()
        .find(|(k, _)| *k == kind)
        .map_or("机构", |(_, zh)| zh)
}

/// Reads a unit's kind in either form.
#[must_use]
pub fn unit_kind_read(text: &str) -> Option<UnitKind> {
    UNIT_KINDS
        .iter()
        .find(|(k, zh)| *zh == text || k.name() == text)
        .map(|(k, _)| *k)
}

/// All Chinese forms of a unit's kind.
#[must_use]
pub fn unit_kind_choices() -> String {
    UNIT_KINDS.map(|(_, zh)| zh).join("、")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_agree_with_serde() {
        for word in MeasureState::ALL {
            assert_eq!(MeasureState::read(word.as_str()), Some(*word));
            assert_eq!(MeasureState::read(word.zh()), Some(*word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        }
        for word in Status::ALL {
            assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        }
        assert_eq!(Nature::read("flows"), None);
        assert_eq!(Nature::choices(), "流量、存量、水平");
    }
}
