//! Outliers: winsorising by skewness and kurtosis, as the JRC does it.

use super::choices::Outliers;
use super::{Table, mean};

/// Skewness above which, together with [`KURTOSIS_MAX`], a variable has outliers.
pub const SKEWNESS_MAX: f64 = 2.0;
/// Kurtosis (excess) above which, together with [`SKEWNESS_MAX`], a variable has outliers.
pub const KURTOSIS_MAX: f64 = 3.5;
/// Most values of one variable that are moved.
pub const MOVED_MAX: usize = 5;

/// A value that was moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The entity.
    pub entity: usize,
    /// The variable.
    pub variable: usize,
    /// Its value.
    pub from: f64,
    /// What is used instead.
    pub to: f64,
}

/// Sample skewness and excess kurtosis (G1 and G2, as spreadsheets calculate them); none of fewer
/// than four values or without spread.
#[must_use]
pub fn shape(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 4 {
        return None;
    }
    let n = values.len() as f64;
    let middle = mean(values);
    let power = |p: i32| values.iter().map(|v| (v - middle).powi(p)).sum::<f64>() / n;
    let (m2, m3, m4) = (power(2), power(3), power(4));
    if m2 <= f64::EPSILON * middle.abs().max(1.0) {
        return None;
    }
    let skewness = m3 / m2.powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0);
    let excess = m4 / (m2 * m2) - 3.0;
    let kurtosis = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0);
    Some((skewness, kurtosis))
}

fn has_outliers(values: &[f64]) -> Option<f64> {
    let (skewness, kurtosis) = shape(values)?;
    (skewness.abs() > SKEWNESS_MAX && kurtosis > KURTOSIS_MAX).then_some(skewness)
}

/// Treats a table's outliers; says what was moved.
#[must_use]
pub fn treat(table: &Table, outliers: Outliers) -> (Table, Vec<Moved>) {
    let mut out = table.clone();
    let mut moved = Vec::new();
    if outliers == Outliers::Keep {
        return (out, moved);
    }
    for v in 0..table.columns {
        let rows: Vec<usize> = table.held_rows(v).collect();
        let mut values = table.values(v);
        // Of few values, none may be moved without becoming another picture.
        let most = MOVED_MAX.min(values.len() / 10);
        for _ in 0..most {
            let Some(skewness) = has_outliers(&values) else {
                break;
            };
            let side = if skewness > 0.0 { 1.0 } else { -1.0 };
            let edge = values.iter().map(|x| x * side).fold(f64::MIN, f64::max);
            let below = values.iter().map(|x| x * side).filter(|x| *x < edge);
            let next = below.fold(f64::MIN, f64::max) * side;
            for value in &mut values {
                if *value * side >= edge {
                    *value = next;
                }
            }
        }
        for (row, to) in rows.into_iter().zip(values) {
            let from = table.column(v)[row];
            if from != to {
                out.cells[v * table.rows + row] = to;
                moved.push(Moved {
                    entity: row,
                    variable: v,
                    from,
                    to,
                });
            }
        }
    }
    (out, moved)
}
