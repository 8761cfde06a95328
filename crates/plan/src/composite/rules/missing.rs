//! Missing values: what each gap is filled with, and from whom.

use super::choices::Missing;
use super::{Matrix, Table, mean, median};

/// A gap that was filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// The entity.
    pub entity: usize,
    /// The variable.
    pub variable: usize,
    /// What it got.
    pub value: f64,
    /// The entity it was taken from (hot deck).
    pub from: Option<usize>,
}

/// Entities without a gap; the others are left out by [`Missing::Drop`].
#[must_use]
pub fn complete_rows(matrix: &Matrix) -> Vec<usize> {
    (0..matrix.rows())
        .filter(|e| (0..matrix.variables.len()).all(|v| matrix.at(*e, v).is_some()))
        .collect()
}

/// Fills the gaps. Every variable has a value of at least one entity ([`super::result`] leaves
/// out those that have none); [`Missing::Drop`] expects that entities with gaps were left out.
#[must_use]
pub fn treat(matrix: &Matrix, missing: Missing) -> (Table, Vec<Fill>) {
    let (n, m) = (matrix.rows(), matrix.variables.len());
    let mut table = Table {
        rows: n,
        columns: m,
        cells: matrix.cells.iter().map(|c| c.unwrap_or(0.0)).collect(),
        held: Vec::new(),
    };
    let gaps: Vec<(usize, usize)> = (0..m)
        .flat_map(|v| (0..n).map(move |e| (e, v)))
        .filter(|(e, v)| matrix.at(*e, *v).is_none())
        .collect();
    if gaps.is_empty() {
        return (table, Vec::new());
    }
    if matches!(missing, Missing::Available | Missing::Drop) {
        let held = |c: &Option<f64>| f64::from(u8::from(c.is_some()));
        table.held = matrix.cells.iter().map(held).collect();
        return (table, Vec::new());
    }
    let distances = (missing == Missing::Nearest).then(|| distances(matrix));
    let mut fills = Vec::new();
    for (entity, variable) in gaps {
        let present: Vec<f64> = matrix.column(variable).iter().copied().flatten().collect();
        let (value, from) = match (missing, &distances) {
            (Missing::Median, _) => (median(&present), None),
            (Missing::Nearest, Some(distances)) => nearest(matrix, distances, entity, variable)
                .map_or_else(|| (mean(&present), None), |(e, v)| (v, Some(e))),
            _ => (mean(&present), None),
        };
        table.cells[variable * n + entity] = value;
        fills.push(Fill {
            entity,
            variable,
            value,
            from,
        });
    }
    (table, fills)
}

/// Mean squared distance of every two entities over the variables both have, each in units of
/// its range; infinite when they share none.
fn distances(matrix: &Matrix) -> Vec<f64> {
    let n = matrix.rows();
    let mut sums = vec![(0.0, 0.0); n * n];
    for v in 0..matrix.variables.len() {
        let column = matrix.column(v);
        let present = column.iter().copied().flatten();
        let low = present.clone().fold(f64::INFINITY, f64::min);
        let high = present.fold(f64::NEG_INFINITY, f64::max);
        let range = if high > low { high - low } else { 1.0 };
        for (a, x) in column.iter().enumerate() {
            let Some(x) = x else { continue };
            for (b, y) in column.iter().enumerate() {
                if let Some(y) = y {
                    let sum = &mut sums[a * n + b];
                    *sum = (sum.0 + ((x - y) / range).powi(2), sum.1 + 1.0);
                }
            }
        }
    }
    sums.into_iter()
        .map(|(sum, count)| {
            if count > 0.0 {
                sum / count
            } else {
                f64::INFINITY
            }
        })
        .collect()
}

/// The most alike entity that has the variable; of several alike the first.
fn nearest(
    matrix: &Matrix,
    distances: &[f64],
    entity: usize,
    variable: usize,
) -> Option<(usize, f64)> {
    let n = matrix.rows();
    let candidates = (0..n).filter(|e| distances[entity * n + e].is_finite());
    candidates
        .filter_map(|e| matrix.at(e, variable).map(|value| (e, value)))
        .min_by(|(a, _), (b, _)| distances[entity * n + a].total_cmp(&distances[entity * n + b]))
}

#[cfg(test)]
mod tests {
    use super::super::property_tests::matrix;
    use super::*;

    #[test]
    fn each_gap_gets_what_its_method_says() {
        let gap = matrix(&[
            &[Some(1.0), Some(10.0)],
            &[Some(2.0), None],
            &[Some(9.0), Some(40.0)],
            &[Some(9.5), Some(70.0)],
        ]);
        let fill = |missing| treat(&gap, missing).1[0];
        assert_eq!(fill(Missing::Mean).value, 40.0);
        assert_eq!(fill(Missing::Median).value, 40.0);
        assert_eq!(
            (fill(Missing::Nearest).value, fill(Missing::Nearest).from),
            (10.0, Some(0))
        );
        let (table, fills) = treat(&gap, Missing::Available);
        assert!(fills.is_empty() && !table.holds(1, 1) && table.holds(1, 0));
        assert_eq!(complete_rows(&gap), [0, 2, 3]);
    }
}
