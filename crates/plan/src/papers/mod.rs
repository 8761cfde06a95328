//! Papers that leave the house (简报与报告): the bulletin of a period, the report on public
//! participation, and the figures as a workbook. Each is made by a job from the records as they
//! stand, with the office's template or the default one, and kept with its hash.
//!
//! Invariants: a paper that is ready never changes, making it again makes the next draft; a
//! schedule makes each period's paper once.

pub mod api;
pub mod bulletin;
pub(crate) mod figures;
pub mod making;
pub(crate) mod neighbours;
pub mod period;
pub(crate) mod round;
pub mod schedules;
pub(crate) mod store;
pub mod templates;
#[cfg(test)]
mod tests;
pub(crate) mod tongue;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::authority::Entity;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::office::docx::DOCX;
use tianyuan_kernel::text;
use tianyuan_kernel::text::{Lang, Text};
use utoipa::ToSchema;

use crate::participation::RoundId;
use crate::plans::PlanId;
use crate::plans::export::XLSX;
use period::PaperPeriod;
use store::PaperRow;

tianyuan_kernel::id!(PaperId, "paper", "A paper made of an edition's records.");

/// A paper was asked for.
pub const PAPER_ORDERED: Kind = Kind::new(
    "paper.ordered",
    Log::Material,
    "要求编制简报或报告",
    "Paper asked for",
)
.open(&["plan", "kind", "lang", "from", "to", "issue", "draft"])
.staff();
/// A paper was made.
pub const PAPER_MADE: Kind = Kind::new("paper.made", Log::Material, "编成简报或报告", "Paper made")
    .open(&[
        "plan", "kind", "lang", "from", "to", "issue", "draft", "sha256", "template",
    ])
    .staff();

/// Papers of one edition.
pub const PAPERS_MAX: i64 = 2_000;
/// Longest name of who issues a paper, characters.
pub const ISSUER_CHARS_MAX: usize = 40;

/// What a paper is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// 工作简报: what moved, what is late, what is at risk, what is next.
    Bulletin,
    /// 公众参与情况报告: what a round brought, what was declined and why; made of a round, not of a
    /// period.
    Participation,
    /// 指标图表: every indicator with its history and chart, as a workbook.
    Figures,
}

impl PaperKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Bulletin, Self::Participation, Self::Figures];

    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bulletin => "bulletin",
            Self::Participation => "participation",
            Self::Figures => "figures",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }

    /// Its name.
    #[must_use]
    pub const fn title(self) -> Text {
        match self {
            Self::Bulletin => Text::new("工作简报", "Bulletin"),
            Self::Participation => Text::new("公众参与情况报告", "Participation report"),
            Self::Figures => Text::new("指标图表", "Figures"),
        }
    }

    /// Media type and extension of its file.
    #[must_use]
    pub const fn media(self) -> (&'static str, &'static str) {
        match self {
            Self::Bulletin | Self::Participation => (DOCX, "docx"),
            Self::Figures => (XLSX, "xlsx"),
        }
    }
}

/// The language of a paper.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PaperLang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl PaperLang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.as_str() == word)
    }

    /// As texts know it.
    #[must_use]
    pub const fn lang(self) -> Lang {
        match self {
            Self::Zh => Lang::Zh,
            Self::En => Lang::En,
        }
    }
}

/// How far a paper has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// A job is making it.
    Making,
    /// Its file is there.
    Ready,
    /// It could not be made; its error says why.
    Failed,
}

impl PaperState {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Making, Self::Ready, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// A paper.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Paper {
    /// Its id.
    pub id: PaperId,
    /// Its edition.
    pub plan_id: PlanId,
    /// What it is.
    pub kind: PaperKind,
    /// Its language.
    pub lang: PaperLang,
    /// The period it is about; a round's days for a participation report.
    pub period: PaperPeriod,
    /// The round it reports on; null for other kinds.
    pub round_id: Option<RoundId>,
    /// Its name, in its own language too.
    pub title: Text,
    /// From 1 for each edition, kind and language; always 1 for a participation report.
    pub issue: i64,
    /// From 1; made again, the paper of a period or a round is its next draft.
    pub draft: i64,
    /// How far it has come.
    pub state: PaperState,
    /// True when a schedule asked for it.
    pub scheduled: bool,
    /// Who issues it, as its head says; may be empty.
    pub issuer: String,
    /// Its file, once it is ready.
    pub file: Option<PaperFile>,
    /// SHA-256 of the template it was made with, hexadecimal; null for a workbook.
    pub template_sha256: Option<String>,
    /// Why it could not be made.
    pub error: Option<PaperError>,
    /// When it was asked for.
    pub created_at: Micros,
    /// Who asked for it; null for a schedule and for erased people.
    pub created_by: Option<crate::values::api::PersonRef>,
    /// When it was made.
    pub made_at: Option<Micros>,
}

/// The file of a paper.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// Why a paper could not be made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperError {
    /// Stable code.
    pub code: String,
    /// What was wrong.
    pub detail: Text,
}

/// The record a paper's file belongs to.
pub(crate) fn entity(id: &PaperId) -> Entity {
    Entity::new("Paper", id.as_str())
}

/// `2024 年第四季度工作简报（第 2 期）`, or `公众参与情况报告：…` with the round's name.
pub(crate) fn title(row: &PaperRow) -> Text {
    let (name, span) = (row.kind.title(), row.period.title());
    let (issue, draft) = (row.issue, row.draft);
    let (zh, en) = (name.zh, name.en);
    if let Some((_, round)) = &row.round {
        return match draft {
            1 => text!("{zh}：{round}", "{en}: {round}"),
            _ => text!(
                "{zh}：{round}（第 {draft} 稿）",
                "{en}: {round} (draft {draft})"
            ),
        };
    }
    let (span_zh, span_en) = (span.zh, span.en);
    let title = text!(
        "{span_zh}{zh}（第 {issue} 期）",
        "{en}, {span_en} (no. {issue})"
    );
    if draft == 1 {
        return title;
    }
    let (zh, en) = (title.zh, title.en);
    text!("{zh}第 {draft} 稿", "{en}, draft {draft}")
}

/// The date as the papers write it.
pub(crate) fn day(lang: PaperLang, date: Date) -> String {
    match lang {
        PaperLang::Zh => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        PaperLang::En => date.strftime("%-d %B %Y").to_string(),
    }
}

/// The day a period's reports are due: the deadline of the reporting period with the same days,
/// or its last day.
pub(crate) async fn deadline(
    sql: &mut dyn Sql,
    plan: &PlanId,
    period: &PaperPeriod,
) -> Result<Date> {
    let reporting = neighbours::reporting_period(sql, plan, period).await?;
    Ok(reporting.map_or(period.to, |p| p.due))
}
