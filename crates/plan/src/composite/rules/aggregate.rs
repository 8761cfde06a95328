//! Aggregation: normalised values and weights become scores, scores become ranks.

use super::Table;
use super::choices::{Aggregation, Normalisation};

/// The least a value counts in a geometric mean; without it one zero would be the whole score.
pub const FLOOR: f64 = 0.01;

/// A normalised value as a geometric mean takes it, above zero: what lies between 0 and 1 begins
/// at [`FLOOR`]; deviations count from the middle, six to the whole.
#[must_use]
pub fn positive(value: f64, by: Normalisation) -> f64 {
    if by == Normalisation::ZScore {
        (0.5 + value / 6.0).max(FLOOR)
    } else {
        FLOOR + (1.0 - FLOOR) * value.max(0.0)
    }
}

/// A normalised table made ready for many aggregations.
#[derive(Clone, Debug)]
pub struct Ready {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
    logs: Vec<f64>,
    held: Vec<f64>,
    /// Squared distance from the best found, and from the worst.
    from_best: Vec<f64>,
    from_worst: Vec<f64>,
    /// Best and worst of each variable.
    edges: Vec<(f64, f64)>,
    by: Normalisation,
}

impl Ready {
    /// Makes a table ready.
    #[must_use]
    pub fn new(table: &Table, by: Normalisation) -> Self {
        let mut ready = Self {
            rows: table.rows,
            columns: table.columns,
            values: table.cells.clone(),
            logs: Vec::with_capacity(table.cells.len()),
            held: table.held.clone(),
            from_best: Vec::with_capacity(table.cells.len()),
            from_worst: Vec::with_capacity(table.cells.len()),
            edges: Vec::with_capacity(table.columns),
            by,
        };
        for v in 0..table.columns {
            let values = table.values(v);
            let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let worst = values.iter().copied().fold(f64::INFINITY, f64::min);
            ready.edges.push((best, worst));
            for (e, value) in table.column(v).iter().enumerate() {
                let held = table.holds(e, v);
                let or_none = |x: f64| if held { x } else { 0.0 };
                ready.logs.push(or_none(positive(*value, by).ln()));
                ready.from_best.push(or_none((value - best).powi(2)));
                ready.from_worst.push(or_none((value - worst).powi(2)));
            }
        }
        ready
    }

    /// Scores of all entities, written into `out`. `spare` is working space.
    pub fn scores(
        &self,
        weights: &[f64],
        by: Aggregation,
        out: &mut Vec<f64>,
        spare: &mut Vec<f64>,
    ) {
        let n = self.rows;
        match by {
            Aggregation::Arithmetic => self.sum(&self.values, weights, 1, out),
            Aggregation::Geometric => self.sum(&self.logs, weights, 1, out),
            Aggregation::Topsis => {
                self.sum(&self.from_best, weights, 2, out);
                self.sum(&self.from_worst, weights, 2, spare);
                for e in 0..n {
                    let (best, worst) = (out[e].sqrt(), spare[e].sqrt());
                    let whole = best + worst;
                    out[e] = if whole > 0.0 { worst / whole } else { 0.5 };
                }
                return;
            }
        }
        if !self.held.is_empty() {
            // Weights of what an entity has are scaled to one.
            self.sum(&self.held, weights, 1, spare);
            for e in 0..n {
                out[e] = if spare[e] > 0.0 {
                    out[e] / spare[e]
                } else {
                    0.0
                };
            }
        }
        if by == Aggregation::Geometric {
            for score in out.iter_mut() {
                *score = score.exp();
            }
        }
    }

    fn sum(&self, cells: &[f64], weights: &[f64], power: i32, out: &mut Vec<f64>) {
        let n = self.rows;
        out.clear();
        out.resize(n, 0.0);
        for (v, weight) in weights.iter().enumerate().take(self.columns) {
            let weight = weight.powi(power);
            for (sum, cell) in out.iter_mut().zip(&cells[v * n..(v + 1) * n]) {
                *sum += weight * cell;
            }
        }
    }

    /// The score of something beside the entities (the whole), normalised on their scales.
    #[must_use]
    pub fn score_of(
        &self,
        values: &[Option<f64>],
        weights: &[f64],
        by: Aggregation,
    ) -> Option<f64> {
        let held: Vec<(usize, f64)> = values
            .iter()
            .enumerate()
            .filter_map(|(v, x)| x.map(|x| (v, x)))
            .collect();
        let total: f64 = held.iter().map(|(v, _)| weights[*v]).sum();
        if total <= 0.0 {
            return None;
        }
        let mean = |f: &dyn Fn(f64) -> f64| {
            held.iter().map(|(v, x)| weights[*v] * f(*x)).sum::<f64>() / total
        };
        Some(match by {
            Aggregation::Arithmetic => mean(&|x| x),
            Aggregation::Geometric => mean(&|x| positive(x, self.by).ln()).exp(),
            Aggregation::Topsis => {
                let far = |edge: &dyn Fn(usize) -> f64| {
                    let squares = held
                        .iter()
                        .map(|(v, x)| (weights[*v] * (x - edge(*v))).powi(2));
                    squares.sum::<f64>().sqrt()
                };
                let (best, worst) = (far(&|v| self.edges[v].0), far(&|v| self.edges[v].1));
                if best + worst > 0.0 {
                    worst / (best + worst)
                } else {
                    0.5
                }
            }
        })
    }
}

/// Ranks of scores, the highest first; equals share the better rank. Scores that differ by less
/// than rounding are equal.
pub fn ranks(scores: &[f64], out: &mut Vec<u32>) {
    out.clear();
    out.extend(scores.iter().map(|score| {
        let edge = score + score.abs().max(1e-3) * 1e-12;
        1 + scores.iter().map(|s| u32::from(*s > edge)).sum::<u32>()
    }));
}
