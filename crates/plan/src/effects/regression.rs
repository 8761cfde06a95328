//! Segmented regression of an interrupted series: y = b₀ + b₁t + b₂D + b₃D(t − t₀) + e, where D is
//! 1 from the first period after the event on. Ordinary least squares; standard errors after
//! Newey and West (1987), with the lag 4(n/100)^(2/9) and the small-sample correction n/(n − 4),
//! read with Student's t.
//!
//! Sources: Bernal, Cummins and Gasparrini, *Interrupted time series regression for the evaluation
//! of public health interventions* (2017); Newey and West (1994) for the lag.

use crate::forecast::student;

/// Parameters of the model.
pub const PARAMETERS: usize = 4;

type Row = [f64; PARAMETERS];
type Matrix = [Row; PARAMETERS];

/// A fitted segmented regression.
#[derive(Clone, Debug)]
pub struct Regression {
    /// Level and slope before, change of level, change of slope.
    pub coefficients: Row,
    /// Degrees of freedom.
    pub df: u32,
    /// Lags the standard errors allow for.
    pub lags: usize,
    /// Residuals, in order.
    pub residuals: Vec<f64>,
    covariance: Matrix,
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// The chance of one at least this far from zero were there nothing.
    pub p: f64,
}

/// The model's row for a time, `t0` being the first period after the event.
#[must_use]
pub fn row(t: f64, t0: f64) -> Row {
    let after = if t >= t0 { 1.0 } else { 0.0 };
    [1.0, t, after, after * (t - t0)]
}

/// Fits the model to values at times. None when it cannot be: too few values, or values on one
/// side only.
#[must_use]
pub fn segmented(values: &[(f64, f64)], t0: f64) -> Option<Regression> {
    let n = values.len();
    if n <= PARAMETERS {
        return None;
    }
    let rows: Vec<Row> = values.iter().map(|(t, _)| row(*t, t0)).collect();
    let mut gram = [[0.0; PARAMETERS]; PARAMETERS];
    let mut moments = [0.0; PARAMETERS];
    for (x, (_, y)) in rows.iter().zip(values) {
        add_outer(&mut gram, x, x, 1.0);
        for i in 0..PARAMETERS {
            moments[i] += x[i] * y;
        }
    }
    let inverse = invert(gram)?;
    let coefficients = times(&inverse, &moments);
    let residuals: Vec<f64> = rows
        .iter()
        .zip(values)
        .map(|(x, (_, y))| y - dot(x, &coefficients))
        .collect();
    let lags = lags(n);
    let mut meat = [[0.0; PARAMETERS]; PARAMETERS];
    for t in 0..n {
        add_outer(&mut meat, &rows[t], &rows[t], residuals[t] * residuals[t]);
        for l in 1..=lags.min(t) {
            let weight = 1.0 - l as f64 / (lags + 1) as f64;
            let w = weight * residuals[t] * residuals[t - l];
            add_outer(&mut meat, &rows[t], &rows[t - l], w);
            add_outer(&mut meat, &rows[t - l], &rows[t], w);
        }
    }
    let correction = n as f64 / (n - PARAMETERS) as f64;
    let mut covariance = product(&product(&inverse, &meat), &inverse);
    for line in &mut covariance {
        for cell in line {
            *cell *= correction;
        }
    }
    Some(Regression {
        coefficients,
        df: u32::try_from(n - PARAMETERS).unwrap_or(u32::MAX),
        lags,
        residuals,
        covariance,
    })
}

/// Lags by the rule of Newey and West.
#[must_use]
pub fn lags(n: usize) -> usize {
    let rule = 4.0 * (n as f64 / 100.0).powf(2.0 / 9.0);
    (rule.floor() as usize).max(1)
}

impl Regression {
    /// A combination of the coefficients with its interval.
    #[must_use]
    pub fn estimate(&self, weights: &Row) -> Estimate {
        let value = dot(weights, &self.coefficients);
        let variance = dot(weights, &times(&self.covariance, weights));
        let error = variance.max(0.0).sqrt();
        let half = student::half_width(0.95, self.df) * error;
        let p = if error > 0.0 {
            2.0 * (1.0 - student::cdf((value / error).abs(), self.df))
        } else if value == 0.0 {
            1.0
        } else {
            0.0
        };
        Estimate {
            value,
            low: value - half,
            high: value + half,
            p,
        }
    }

    /// What the model says at a time, and what it would say had nothing happened.
    #[must_use]
    pub fn at(&self, t: f64, t0: f64) -> (f64, f64) {
        let before = self.coefficients[0] + self.coefficients[1] * t;
        (dot(&row(t, t0), &self.coefficients), before)
    }

    /// Durbin and Watson's statistic: 2 without correlation from one period to the next.
    #[must_use]
    pub fn durbin_watson(&self) -> f64 {
        let sum: f64 = self.residuals.iter().map(|e| e * e).sum();
        let steps = self.residuals.windows(2).map(|w| w[1] - w[0]);
        if sum > 0.0 {
            steps.map(|d| d * d).sum::<f64>() / sum
        } else {
            2.0
        }
    }

    /// Correlation of residuals one period apart.
    #[must_use]
    pub fn lag_1(&self) -> f64 {
        let sum: f64 = self.residuals.iter().map(|e| e * e).sum();
        let products = self.residuals.windows(2).map(|w| w[1] * w[0]);
        if sum > 0.0 {
            products.sum::<f64>() / sum
        } else {
            0.0
        }
    }
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn times(m: &Matrix, v: &Row) -> Row {
    m.map(|line| dot(&line, v))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut out = [[0.0; PARAMETERS]; PARAMETERS];
    for (i, line) in out.iter_mut().enumerate() {
        for (j, cell) in line.iter_mut().enumerate() {
            *cell = (0..PARAMETERS).map(|k| a[i][k] * b[k][j]).sum();
        }
    }
    out
}

fn add_outer(m: &mut Matrix, a: &Row, b: &Row, weight: f64) {
    for (line, x) in m.iter_mut().zip(a) {
        for (cell, y) in line.iter_mut().zip(b) {
            *cell += weight * x * y;
        }
    }
}

/// Gauss-Jordan with the largest pivot; none when the columns are not independent.
fn invert(mut m: Matrix) -> Option<Matrix> {
    let mut out = [[0.0; PARAMETERS]; PARAMETERS];
    for (i, line) in out.iter_mut().enumerate() {
        line[i] = 1.0;
    }
    let scale = m.iter().flatten().fold(0.0_f64, |a, x| a.max(x.abs()));
    for column in 0..PARAMETERS {
        let pivot = (column..PARAMETERS)
            .max_by(|a, b| m[*a][column].abs().total_cmp(&m[*b][column].abs()))?;
        if m[pivot][column].abs() <= scale * 1e-13 {
            return None;
        }
        m.swap(column, pivot);
        out.swap(column, pivot);
        let divisor = m[column][column];
        for k in 0..PARAMETERS {
            m[column][k] /= divisor;
            out[column][k] /= divisor;
        }
        for line in 0..PARAMETERS {
            if line != column {
                let factor = m[line][column];
                for k in 0..PARAMETERS {
                    m[line][k] -= factor * m[column][k];
                    out[line][k] -= factor * out[column][k];
                }
            }
        }
    }
    Some(out)
}
