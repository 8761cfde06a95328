//! How far a ranking can be trusted, in words.

use serde::Serialize;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::uncertainty::Simulation;
use crate::words::vocabulary;

/// Two neighbours are told apart when the better stays ahead in this share of the draws.
pub const TOLD_APART: f64 = 0.9;
/// Mean width of the intervals, as a share of all places, up to which a ranking is steady.
pub const STEADY_WIDTH: f64 = 0.15;
/// As [`STEADY_WIDTH`], up to which it is fair.
pub const FAIR_WIDTH: f64 = 0.35;

vocabulary! {
    /// How far a ranking can be trusted.
    #[schema(as = IndexTrustLevel)]
    Level {
        /// It hardly depends on the choices.
        Steady = "steady", "稳健";
        /// Its ends hold, its middle depends on the choices.
        Fair = "fair", "大体可靠";
        /// It is mostly made by the choices.
        Weak = "weak", "不宜细分名次";
        /// Nothing was varied, so nothing is known.
        Unknown = "unknown", "未检验";
    }
}

/// How far a ranking can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexTrust)]
pub struct Trust {
    /// In a word.
    pub level: Level,
    /// In a few sentences.
    pub words: Text,
    /// Mean width of the 90% intervals, in places; null when nothing was varied.
    pub width_mean: Option<f64>,
    /// Share of neighbours that are told apart; null when nothing was varied.
    pub told_apart: Option<f64>,
}

/// Judges a simulation of `n` entities.
#[must_use]
pub fn judge(simulation: &Simulation, n: usize, draws: u32) -> Trust {
    if simulation.spreads.is_empty() || n < 2 {
        return Trust {
            level: Level::Unknown,
            words: Text::new(
                "没有做模拟，名次能在多大程度上依赖于方法选择尚不清楚。",
                "No draws were made, so nothing is known of how far ranks depend on the choices.",
            ),
            width_mean: None,
            told_apart: None,
        };
    }
    let widths: Vec<f64> = simulation
        .spreads
        .iter()
        .map(|s| f64::from(s.high - s.low))
        .collect();
    let width = super::mean(&widths);
    let apart = simulation.kept.iter().filter(|k| **k >= TOLD_APART).count();
    let pairs = simulation.kept.len();
    let share = width / (n as f64 - 1.0);
    let level = match share {
        s if s <= STEADY_WIDTH => Level::Steady,
        s if s <= FAIR_WIDTH => Level::Fair,
        _ => Level::Weak,
    };
    let (advice_zh, advice_en) = match level {
        Level::Steady => ("名次可以引用。", "The ranks may be quoted."),
        Level::Fair => (
            "可以分出前、中、后几组，相邻名次不宜当作差距。",
            "Groups at the top, in the middle and at the end can be told; neighbours should not be.",
        ),
        _ => (
            "名次主要由方法选择决定，请看各项变量本身，不要引用名次。",
            "Ranks are mostly made by the choices of method: look at the variables, do not quote ranks.",
        ),
    };
    let few_zh = if n < 8 {
        "对象较少，名次容易变动。"
    } else {
        ""
    };
    let few_en = if n < 8 {
        "With so few entities, ranks move easily. "
    } else {
        ""
    };
    let shown = format!("{width:.1}");
    Trust {
        level,
        words: text!(
            "在 {draws} 次变换方法的模拟中，90% 的名次区间平均宽 {shown} 位（共 {n} 个对象）；{pairs} 对相邻名次中有 {apart} 对在九成以上的模拟里先后不变。{few_zh}{advice_zh}",
            "Over {draws} draws with other choices, a 90% interval is {shown} places wide on average (of {n}); {apart} of {pairs} neighbouring pairs keep their order in nine draws of ten. {few_en}{advice_en}"
        ),
        width_mean: Some(width),
        told_apart: Some(apart as f64 / pairs.max(1) as f64),
    }
}
