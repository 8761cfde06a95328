//! The numbers under the groups among voters: principal components by power iteration, k-means
//! with a fixed beginning, silhouettes. Deterministic: the same votes give the same groups.

/// A point in the plane of the first two components.
pub(crate) type Point = [f64; 2];

const ITERATIONS_MAX: usize = 200;
const STILL: f64 = 1e-9;

/// The first two principal components of rows with gaps. A gap counts as the column's mean, and
/// a row with few votes is not drawn to the middle: its place is scaled by the root of how many
/// columns it has votes in, as Polis does.
pub(crate) fn project(rows: &[Vec<Option<f64>>]) -> Vec<Point> {
    let columns = rows.first().map_or(0, Vec::len);
    let means: Vec<f64> = (0..columns)
        .map(|c| {
            let votes: Vec<f64> = rows.iter().filter_map(|r| r[c]).collect();
            if votes.is_empty() {
                0.0
            } else {
                votes.iter().sum::<f64>() / votes.len() as f64
            }
        })
        .collect();
    let mut centred: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&means);
            cells.map(|(v, m)| v.map_or(0.0, |v| v - m)).collect()
        })
        .collect();
    let mut points = vec![[0.0; 2]; rows.len()];
    for axis in 0..2 {
        let Some(component) = component(&centred, columns, axis) else {
            break;
        };
        for (point, row) in points.iter_mut().zip(&mut centred) {
            let along = dot(row, &component);
            point[axis] = along;
            // What is left is at right angles to it.
            for (cell, part) in row.iter_mut().zip(&component) {
                *cell -= along * part;
            }
        }
    }
    for (point, row) in points.iter_mut().zip(rows) {
        let seen = row.iter().flatten().count().max(1);
        let scale = (columns as f64 / seen as f64).sqrt();
        point.iter_mut().for_each(|p| *p *= scale);
    }
    points
}

/// The direction of most spread; `None` when nothing spreads.
fn component(rows: &[Vec<f64>], columns: usize, axis: usize) -> Option<Vec<f64>> {
    // A fixed beginning with no symmetry that could stand at right angles to the answer.
    let mut direction: Vec<f64> = (0..columns)
        .map(|c| 1.0 + ((c * 7 + axis * 13) % 11) as f64 / 11.0)
        .collect();
    normalise(&mut direction)?;
    for _ in 0..ITERATIONS_MAX {
        let mut next = vec![0.0; columns];
        for row in rows {
            let along = dot(row, &direction);
            for (cell, value) in next.iter_mut().zip(row) {
                *cell += along * value;
            }
        }
        normalise(&mut next)?;
        let moved: f64 = next
            .iter()
            .zip(&direction)
            .map(|(a, b)| (a - b).abs())
            .sum();
        direction = next;
        if moved < STILL {
            break;
        }
    }
    // A direction and its opposite are one; the larger end points up.
    let largest = direction
        .iter()
        .copied()
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
        .unwrap_or(1.0);
    if largest < 0.0 {
        direction.iter_mut().for_each(|d| *d = -*d);
    }
    Some(direction)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn normalise(v: &mut [f64]) -> Option<()> {
    let length = dot(v, v).sqrt();
    if length < 1e-12 {
        return None;
    }
    v.iter_mut().for_each(|x| *x /= length);
    Some(())
}

pub(crate) fn distance(a: &Point, b: &Point) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

/// Lloyd's k-means from the points that lie furthest apart; answers each point's cluster.
pub(crate) fn k_means(points: &[Point], k: usize) -> Vec<usize> {
    let mut centres = furthest(points, k);
    let mut labels = vec![0; points.len()];
    for round in 0..ITERATIONS_MAX {
        let next: Vec<usize> = points.iter().map(|p| nearest(p, &centres)).collect();
        if round > 0 && next == labels {
            break;
        }
        labels = next;
        for (c, centre) in centres.iter_mut().enumerate() {
            let own = || points.iter().zip(&labels).filter(|(_, l)| **l == c);
            let n = own().count();
            if n > 0 {
                let sum = own().fold([0.0, 0.0], |s, (p, _)| [s[0] + p[0], s[1] + p[1]]);
                *centre = [sum[0] / n as f64, sum[1] / n as f64];
            }
        }
    }
    labels
}

/// The point furthest from the middle, then always the one furthest from those chosen.
fn furthest(points: &[Point], k: usize) -> Vec<Point> {
    let n = points.len().max(1) as f64;
    let middle = points
        .iter()
        .fold([0.0, 0.0], |s, p| [s[0] + p[0] / n, s[1] + p[1] / n]);
    let mut chosen: Vec<Point> = Vec::with_capacity(k);
    while chosen.len() < k {
        let from = |p: &Point| {
            let nearest = chosen.iter().map(|c| distance(p, c)).min_by(f64::total_cmp);
            nearest.unwrap_or_else(|| distance(p, &middle))
        };
        let next = points.iter().max_by(|a, b| from(a).total_cmp(&from(b)));
        chosen.push(next.copied().unwrap_or(middle));
    }
    chosen
}

fn nearest(point: &Point, centres: &[Point]) -> usize {
    let by = |c: &usize| distance(point, &centres[*c]);
    (0..centres.len())
        .min_by(|a, b| by(a).total_cmp(&by(b)))
        .unwrap_or(0)
}

/// How well points stand in their clusters, -1 to 1: the mean silhouette (Rousseeuw 1987) over
/// at most `sample` points, evenly taken.
pub(crate) fn silhouette(points: &[Point], labels: &[usize], k: usize, sample: usize) -> f64 {
    let step = points.len().div_ceil(sample.max(1)).max(1);
    let taken: Vec<usize> = (0..points.len()).step_by(step).collect();
    let of = |i: usize| -> Option<f64> {
        let mut sums = vec![(0.0, 0_usize); k];
        for &j in &taken {
            if j != i {
                sums[labels[j]].0 += distance(&points[i], &points[j]);
                sums[labels[j]].1 += 1;
            }
        }
        let mean = |(sum, n): (f64, usize)| (n > 0).then(|| sum / n as f64);
        // A point alone in its cluster counts nothing.
        let Some(own) = mean(sums[labels[i]]) else {
            return Some(0.0);
        };
        let others = (0..k)
            .filter(|c| *c != labels[i])
            .filter_map(|c| mean(sums[c]));
        let other = others.min_by(f64::total_cmp)?;
        let larger = own.max(other);
        Some(if larger > 0.0 {
            (other - own) / larger
        } else {
            0.0
        })
    };
    let values: Vec<f64> = taken.iter().filter_map(|i| of(*i)).collect();
    if values.is_empty() {
        return -1.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}
