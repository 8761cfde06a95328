//! From a matrix and choices to a ranking that says how it was made.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::aggregate::Ready;
use super::ahp::{self, Consistency};
use super::choices::{Choices, Missing, Normalisation, Weighting};
use super::normalise::{Scale, normalise, scales};
use super::random::Random;
use super::sensitivity::{self, Alternative, Sensitivity};
use super::trust::{self, Trust};
use super::uncertainty::{Space, Spare, Spread, simulate};
use super::weights::{correlation, weights};
use super::{Entity, Matrix, Table, Variable, missing, outliers};

/// Correlation above which two variables count nearly the same thing twice.
pub const CORRELATED: f64 = 0.92;

/// One entity's place.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexRanked)]
pub struct Ranked {
    /// Who or what.
    #[serde(flatten)]
    pub entity: Entity,
    /// Its rank; equals share the better one.
    pub rank: u32,
    /// Its score.
    pub score: f64,
    /// 5th percentile of its rank over the draws; null without draws.
    pub rank_low: Option<u32>,
    /// Median of its rank over the draws.
    pub rank_median: Option<u32>,
    /// 95th percentile of its rank over the draws.
    pub rank_high: Option<u32>,
    /// Its values by variable, in the order of `variables`.
    pub cells: Vec<IndexCell>,
}

/// One value and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IndexCell {
    /// As recorded; null where there is none.
    pub value: Option<f64>,
    /// As used, when it was filled or moved; null otherwise.
    pub used: Option<f64>,
    /// Name of the entity it was taken from (nearest neighbour); null otherwise.
    pub from: Option<String>,
    /// Made comparable; null where nothing is held.
    pub normalised: Option<f64>,
    /// Weight times the comparable value; for the arithmetic mean these add up to the score.
    pub contribution: Option<f64>,
}

/// A variable in a result.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexWeighed)]
pub struct Weighed {
    /// The variable.
    #[serde(flatten)]
    pub variable: Variable,
    /// Its weight; all add up to one.
    pub weight: f64,
    /// How many entities have a value.
    pub held: usize,
}

/// The whole, beside the entities: scored on their scales, not ranked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = IndexWhole)]
pub struct Whole {
    /// Its score; null when it has no value at all.
    pub score: Option<f64>,
    /// Its values by variable.
    pub cells: Vec<IndexCell>,
}

/// A ranking with everything that made it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IndexResult {
    /// The entities, the best first.
    pub entities: Vec<Ranked>,
    /// The whole; null for a matrix of one's own.
    pub whole: Option<Whole>,
    /// The variables, with their weights.
    pub variables: Vec<Weighed>,
    /// The choices.
    pub choices: Choices,
    /// The seed of the draws; the same inputs, choices and seed give the same result.
    pub seed: i64,
    /// SHA-256 of inputs, choices and seed.
    pub digest: String,
    /// Consistency of the judgements, for AHP; null otherwise.
    pub consistency: Option<Consistency>,
    /// Where the ranking's uncertainty comes from.
    pub sensitivity: Vec<Sensitivity>,
    /// Each choice made otherwise, alone.
    pub alternatives: Vec<Alternative>,
    /// How far the ranking can be trusted.
    pub trust: Trust,
    /// What was left out, filled, moved, or is to be kept in mind.
    pub notes: Vec<Text>,
}

/// SHA-256 of what a result is made from.
#[must_use]
pub fn digest(
    matrix: &Matrix,
    whole: Option<&[Option<f64>]>,
    choices: &Choices,
    seed: i64,
) -> String {
    let inputs = serde_json::to_vec(&(matrix, whole, choices, seed)).unwrap_or_default();
    hex::encode(Sha256::digest(inputs))
}

fn names(all: impl Iterator<Item = Text>) -> (String, String) {
    let all: Vec<Text> = all.collect();
    let more = all.len() > 4;
    let join = |words: Vec<&str>, by: &str, rest: &str| {
        let mut joined = words.join(by);
        if more {
            joined.push_str(rest);
        }
        joined
    };
    let zh = all.iter().take(4).map(|t| &*t.zh).collect();
    let en = all.iter().take(4).map(|t| &*t.en).collect();
    (join(zh, "、", " 等"), join(en, ", ", " and others"))
}

fn called(entity: &Entity) -> Text {
    let en = if entity.name_en.is_empty() {
        &entity.name
    } else {
        &entity.name_en
    };
    Text::of(entity.name.clone(), en.clone())
}

/// Takes out variables nobody has and entities that have nothing (or, when asked, gaps); choices
/// about variables follow.
fn narrowed(
    matrix: &Matrix,
    choices: &Choices,
    notes: &mut Vec<Text>,
) -> (Matrix, Choices, Vec<usize>) {
    let all = 0..matrix.variables.len();
    let (columns, empty): (Vec<usize>, Vec<usize>) =
        all.partition(|v| matrix.column(*v).iter().any(Option::is_some));
    let mut choices = choices.clone();
    if !empty.is_empty() {
        let (zh, en) = names(empty.iter().map(|v| matrix.variables[*v].name.clone()));
        notes.push(text!(
            "没有任何对象有数值，未计入：{zh}。",
            "Nobody has a value; not counted: {en}."
        ));
        if choices.weighting == Weighting::Manual {
            choices.manual = columns.iter().map(|v| choices.manual[*v]).collect();
        }
        if choices.weighting == Weighting::Ahp {
            choices.pairs = sub_pairs(&choices.pairs, matrix.variables.len(), &columns);
        }
    }
    let matrix = matrix.with_columns(&columns);
    let rows: Vec<usize> = if choices.missing == Missing::Drop {
        missing::complete_rows(&matrix)
    } else {
        let any = |e: &usize| (0..columns.len()).any(|v| matrix.at(*e, v).is_some());
        (0..matrix.rows()).filter(any).collect()
    };
    let left: Vec<usize> = (0..matrix.rows()).filter(|e| !rows.contains(e)).collect();
    if !left.is_empty() {
        let (zh, en) = names(left.iter().map(|e| called(&matrix.entities[*e])));
        let count = left.len();
        notes.push(if choices.missing == Missing::Drop {
            text!(
                "因有缺失而剔除 {count} 个对象：{zh}。",
                "{count} left out for their gaps: {en}."
            )
        } else {
            text!(
                "没有任何数值、不参加排名的有 {count} 个对象：{zh}。",
                "{count} without any value, not ranked: {en}."
            )
        });
    }
    (matrix.with_rows(&rows), choices, columns)
}

/// Judgements about some of the variables.
fn sub_pairs(pairs: &[f64], n: usize, kept: &[usize]) -> Vec<f64> {
    let at = |row: usize, column: usize| row * n - row * (row + 1) / 2 + column - row - 1;
    let mut out = Vec::new();
    for (i, row) in kept.iter().enumerate() {
        for column in &kept[i + 1..] {
            out.push(pairs[at(*row, *column)]);
        }
    }
    out
}

/// Makes a ranking. `whole` are the values of the whole by variable. The choices were found
/// without fault for this matrix.
///
/// # Errors
/// What is missing when fewer than two entities have values.
pub fn compute(
    matrix: &Matrix,
    whole: Option<&[Option<f64>]>,
    choices: &Choices,
    seed: i64,
) -> Result<IndexResult, Text> {
    let mut notes = Vec::new();
    let (full, asked) = (matrix, choices);
    let (matrix, choices, columns) = narrowed(full, asked, &mut notes);
    let (n, m) = (matrix.rows(), matrix.variables.len());
    if n < 2 || m == 0 {
        return Err(text!(
            "至少要有两个有数值的对象才能排名，现有 {n} 个。",
            "A ranking takes at least two entities with values; there are {n}."
        ));
    }
    let (filled, fills) = missing::treat(&matrix, choices.missing);
    let (table, moved) = outliers::treat(&filled, choices.outliers);
    treated(&matrix, &fills, &moved, &mut notes);
    let fitted = scales(&table, &matrix.variables, choices.normalisation);
    let normal = normalise(&table, &fitted);
    let range = normalise(
        &table,
        &scales(&table, &matrix.variables, Normalisation::MinMax),
    );
    let weights = weights(&range, choices.weighting, &choices);
    let ready = Ready::new(&normal, choices.normalisation);
    let (mut scores, mut spare) = (Vec::new(), Vec::new());
    ready.scores(&weights, choices.aggregation, &mut scores, &mut spare);
    remarks(&matrix, &range, &fitted, &mut notes);

    let space = Space::new(&matrix, &choices);
    let mut random = Random::new(seed);
    let draws = if (0..super::uncertainty::FACTORS).any(|f| space.moves(f)) {
        choices.draws
    } else {
        0
    };
    let simulation = simulate(&space, draws, &mut random);
    let split = sensitivity::split(&space, draws, &mut random);
    let ids: Vec<&str> = matrix.entities.iter().map(|e| e.id.as_str()).collect();
    let mut ranks = Vec::new();
    space.ranks(&space.chosen(), &mut ranks, &mut Spare::default());
    let placed = Placed {
        matrix: &matrix,
        filled: &filled,
        table: &table,
        normal: &normal,
        weights: &weights,
        fills: &fills,
    };
    let entities = super::uncertainty::in_order(&ranks)
        .into_iter()
        .map(|e| placed.ranked(e, ranks[e], scores[e], simulation.spreads.get(e)))
        .collect();
    let whole_cells = whole.map(|all| columns.iter().map(|v| all[*v]).collect::<Vec<_>>());
    Ok(IndexResult {
        entities,
        whole: whole_cells.map(|values| {
            let normalised: Vec<Option<f64>> = values
                .iter()
                .zip(&fitted)
                .map(|(value, scale)| value.map(|x| scale.apply(x)))
                .collect();
            Whole {
                score: ready.score_of(&normalised, &weights, choices.aggregation),
                cells: whole_cell(&values, &normalised, &weights),
            }
        }),
        variables: matrix
            .variables
            .iter()
            .enumerate()
            .map(|(v, variable)| Weighed {
                variable: variable.clone(),
                weight: weights[v],
                held: matrix.column(v).iter().flatten().count(),
            })
            .collect(),
        consistency: (choices.weighting == Weighting::Ahp).then(|| ahp::judge(&choices.pairs, m)),
        seed,
        digest: digest(full, whole, asked, seed),
        sensitivity: split,
        alternatives: sensitivity::alternatives(&space, &ids),
        trust: trust::judge(&simulation, n, draws),
        choices: asked.clone(),
        notes,
    })
}

fn whole_cell(
    values: &[Option<f64>],
    normalised: &[Option<f64>],
    weights: &[f64],
) -> Vec<IndexCell> {
    let total: f64 = normalised
        .iter()
        .zip(weights)
        .map(|(x, w)| if x.is_some() { *w } else { 0.0 })
        .sum();
    let all = values.iter().zip(normalised).zip(weights);
    all.map(|((value, normal), weight)| IndexCell {
        value: *value,
        used: None,
        from: None,
        normalised: *normal,
        contribution: normal.map(|x| x * weight / total.max(f64::MIN_POSITIVE)),
    })
    .collect()
}

/// Says what was filled and moved.
fn treated(
    matrix: &Matrix,
    fills: &[missing::Fill],
    moved: &[outliers::Moved],
    notes: &mut Vec<Text>,
) {
    if !fills.is_empty() {
        let count = fills.len();
        notes.push(text!(
            "填补了 {count} 个缺失值，表中以“补”标出。",
            "{count} gaps were filled; the table marks them."
        ));
    }
    if !moved.is_empty() {
        let count = moved.len();
        let (zh, en) = names(moved.iter().map(|m| called(&matrix.entities[m.entity])));
        notes.push(text!(
            "缩尾处理了 {count} 个异常值：{zh}。",
            "{count} outliers were winsorised: {en}."
        ));
    }
}

/// What is to be kept in mind: variables that tell nobody apart, and such that say the same.
fn remarks(matrix: &Matrix, range: &Table, scales: &[Scale], notes: &mut Vec<Text>) {
    let flat = scales.iter().zip(&matrix.variables);
    let flat = flat.filter(|(scale, _)| matches!(scale, Scale::Flat(_)));
    let flat: Vec<Text> = flat.map(|(_, variable)| variable.name.clone()).collect();
    if !flat.is_empty() {
        let (zh, en) = names(flat.into_iter());
        notes.push(text!(
            "所有对象数值相同、分不出高下的变量：{zh}。",
            "All entities have the same value, which tells nobody apart: {en}."
        ));
    }
    let m = matrix.variables.len();
    let pairs = (0..m).flat_map(|a| (a + 1..m).map(move |b| (a, b)));
    let alike = pairs.filter(|(a, b)| correlation(range, *a, *b) > CORRELATED);
    for (a, b) in alike.take(5) {
        let (a, b) = (&matrix.variables[a].name, &matrix.variables[b].name);
        let (a_zh, b_zh, a_en, b_en) = (&a.zh, &b.zh, &a.en, &b.en);
        notes.push(text!(
            "“{a_zh}”与“{b_zh}”高度相关（大于 {CORRELATED}），等于把同一件事算了两遍。",
            "“{a_en}” and “{b_en}” correlate above {CORRELATED}: nearly the same thing counts twice."
        ));
    }
}

/// What the rows of a result are made from.
struct Placed<'a> {
    matrix: &'a Matrix,
    filled: &'a Table,
    table: &'a Table,
    normal: &'a Table,
    weights: &'a [f64],
    fills: &'a [missing::Fill],
}

impl Placed<'_> {
    fn ranked(&self, e: usize, rank: u32, score: f64, spread: Option<&Spread>) -> Ranked {
        let columns = 0..self.matrix.variables.len();
        let total: f64 = columns
            .clone()
            .filter(|v| self.normal.holds(e, *v))
            .map(|v| self.weights[v])
            .sum();
        Ranked {
            entity: self.matrix.entities[e].clone(),
            rank,
            score,
            rank_low: spread.map(|s| s.low),
            rank_median: spread.map(|s| s.median),
            rank_high: spread.map(|s| s.high),
            cells: columns.map(|v| self.cell(e, v, total)).collect(),
        }
    }

    fn cell(&self, e: usize, v: usize, total: f64) -> IndexCell {
        let value = self.matrix.at(e, v);
        let held = self.table.holds(e, v);
        let used = self.table.column(v)[e];
        let fill = self.fills.iter().find(|f| (f.entity, f.variable) == (e, v));
        let changed = fill.is_some() || (held && self.filled.column(v)[e] != used);
        let normal = held.then(|| self.normal.column(v)[e]);
        IndexCell {
            value,
            used: (held && changed).then_some(used),
            from: fill
                .and_then(|f| f.from)
                .map(|from| self.matrix.entities[from].name.clone()),
            normalised: normal,
            contribution: normal.map(|x| x * self.weights[v] / total.max(f64::MIN_POSITIVE)),
        }
    }
}
