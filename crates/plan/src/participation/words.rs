//! The closed vocabularies of participation. Channels are none of them: a round names its own.

use crate::words::vocabulary;

vocabulary! {
    /// Where a round stands.
    RoundState {
        /// Being prepared; visible to staff only.
        Preparing = "preparing", "筹备";
        /// Opinions are taken; visible to everybody.
        Open = "open", "征询中";
        /// No more opinions; they are being answered.
        Closed = "closed", "办理中";
        /// The report is made; nothing changes any more.
        Reported = "reported", "已报告";
    }
}

vocabulary! {
    /// What was decided about an opinion.
    #[schema(as = OpinionOutcome)]
    Outcome {
        /// Taken over into the plan.
        Adopted = "adopted", "采纳";
        /// Taken over in part.
        Partly = "partly", "部分采纳";
        /// Not taken over; the reason says why.
        Declined = "declined", "未采纳";
    }
}

vocabulary! {
    /// Who was asked in a channel.
    PartyKind {
        /// A unit of the district.
        Unit = "unit", "单位";
        /// An enterprise.
        Enterprise = "enterprise", "企业";
        /// A group of persons, such as deputies.
        Group = "group", "人员群体";
    }
}

vocabulary! {
    /// How an opinion came in.
    #[schema(as = OpinionSource)]
    Source {
        /// Typed by staff.
        Typed = "typed", "录入";
        /// One of many pasted by staff.
        Pasted = "pasted", "粘贴";
        /// A row of a workbook.
        Excel = "excel", "表格导入";
        /// From the public page.
        Web = "web", "网页提交";
    }
}

vocabulary! {
    /// A vote on a statement.
    #[schema(as = TopicVote)]
    Ballot {
        /// Agrees.
        Agree = "agree", "赞同";
        /// Disagrees.
        Disagree = "disagree", "反对";
        /// Has no opinion on it.
        Pass = "pass", "略过";
    }
}

impl Ballot {
    /// As counted: 1, -1 and 0.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Agree => 1,
            Self::Disagree => -1,
            Self::Pass => 0,
        }
    }

    /// From its number.
    #[must_use]
    pub const fn of(number: i64) -> Self {
        match number {
            1 => Self::Agree,
            -1 => Self::Disagree,
            _ => Self::Pass,
        }
    }
}
