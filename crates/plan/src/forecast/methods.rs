//! The methods a forecast is chosen from: pure functions over a regular series.
//!
//! Each method is linear in its errors, so one description gives the mean and the variance of
//! every coming step and of every sum of coming steps: the weights ψ with which one surprise
//! lives on, and the uncertainty of an estimated slope. Variances are estimated with the degrees
//! of freedom that are left, and read with Student's t, which is what widens an interval
//! honestly when points are few.
//!
//! Sources: Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 5.5 and 8.7;
//! Hyndman, Koehler, Ord and Snyder, *Forecasting with Exponential Smoothing*, table 6.1 (class 1).

use serde::Serialize;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::smoothing::{self, Damped};
use super::student;

/// A perfect fit of few points is no certainty: the spread is at least this share of the usual
/// step from one period to the next.
const SPREAD_SHARE_MIN: f64 = 0.1;

/// A way to forecast, from the plainest to the most elaborate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ForecastMethod)]
pub enum Method {
    /// The last value stays.
    Naive,
    /// The last value goes on by the mean step so far.
    Drift,
    /// The value of the same period a year before.
    SeasonalNaive,
    /// Simple exponential smoothing: a level that follows the values.
    Smoothing,
    /// Exponential smoothing with a trend that fades (damped Holt).
    DampedTrend,
}

impl Method {
    /// Every method, the plainest first.
    pub const ALL: [Self; 5] = [
        Self::Naive,
        Self::Drift,
        Self::SeasonalNaive,
        Self::Smoothing,
        Self::DampedTrend,
    ];

    /// Fewest points it can be fitted to for a mean.
    #[must_use]
    pub const fn points_min(self, season: usize) -> usize {
        match self {
            Self::Naive => 1,
            Self::Drift => 2,
            // Two whole years, so that the year before has one before it to be measured against.
            Self::SeasonalNaive => 2 * season,
            Self::Smoothing => 4,
            Self::DampedTrend => 8,
        }
    }

    /// Fewest trials a backtest must be able to give it before it may be chosen.
    #[must_use]
    pub const fn trials_min(self) -> usize {
        match self {
            Self::Naive => 0,
            Self::Drift => 1,
            Self::SeasonalNaive | Self::Smoothing => 3,
            Self::DampedTrend => 4,
        }
    }

    /// Its name and what it does, in words.
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::Naive => Text::new("朴素法：保持最近一期", "Naive: the last value stays"),
            Self::Drift => Text::new(
                "漂移法：按历来平均增减延续",
                "Drift: the mean step so far goes on",
            ),
            Self::SeasonalNaive => Text::new(
                "季节朴素法：与上年同期相同",
                "Seasonal naive: as in the same period a year before",
            ),
            Self::Smoothing => Text::new(
                "简单指数平滑：近期权重更大的平均水平",
                "Simple exponential smoothing: a level that weighs recent values more",
            ),
            Self::DampedTrend => Text::new(
                "阻尼趋势指数平滑：趋势延续但逐期减弱",
                "Damped trend smoothing: the trend goes on and fades",
            ),
        }
    }
}

/// What is known of one coming number: centre, spread and the degrees of freedom behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The centre.
    pub mean: f64,
    /// The scale of Student's t; not negative.
    pub sd: f64,
    /// Degrees of freedom, 1 or more.
    pub df: u32,
}

impl Spread {
    /// The interval that holds the number with this probability (0 to 1).
    #[must_use]
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = quantile(level, self.df) * self.sd;
        (self.mean - half, self.mean + half)
    }

    /// The chance that the number is `value` or more.
    #[must_use]
    pub fn chance_at_least(&self, value: f64) -> f64 {
        if self.sd <= 0.0 {
            return if self.mean >= value { 1.0 } else { 0.0 };
        }
        let z = (self.mean - value) / self.sd;
        student::cdf(z, self.df)
    }
}

/// Half the width of a two-sided interval of Student's t, in standard deviations.
#[must_use]
pub fn quantile(level: f64, df: u32) -> f64 {
    student::half_width(level, df)
}

/// A method fitted to a series, ready to speak of the coming steps.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The method.
    pub method: Method,
    /// Means of the coming steps.
    pub mean: Vec<f64>,
    /// Degrees of freedom of the spread.
    pub df: u32,
    /// True when the spread was too small to be believed and was raised.
    pub raised: bool,
    /// One surprise's share in the value so many steps later; the first is 1.
    psi: Vec<f64>,
    /// Variance of one surprise.
    variance: f64,
    /// Variance of the estimated slope, as a share of `variance`.
    slope: f64,
}

impl Fit {
    /// The step `h`, from 1.
    #[must_use]
    pub fn at(&self, h: usize) -> Spread {
        self.sum(h, h)
    }

    /// The sum of the steps `from` to `to`, both included, from 1.
    ///
    /// A surprise at step i enters the sum through every step of it from i on, so the variance is
    /// Σᵢ (Σₕ ψₕ₋ᵢ)², and a wrong slope enters each step h times.
    #[must_use]
    pub fn sum(&self, from: usize, to: usize) -> Spread {
        let to = to.min(self.mean.len());
        let from = from.clamp(1, to.max(1));
        let mean = self.mean[from - 1..to].iter().sum();
        let mut share = 0.0;
        for i in 1..=to {
            let first = from.max(i);
            let weight: f64 = self.psi[first - i..=to - i].iter().sum();
            share += weight * weight;
        }
        let steps: f64 = (from..=to).map(|h| h as f64).sum();
        let variance = self.variance * (share + self.slope * steps * steps);
        Spread {
            mean,
            sd: variance.max(0.0).sqrt(),
            df: self.df,
        }
    }
}

/// Mean of the next `horizon` steps alone, as a backtest needs it. `warm` carries the damped
/// trend's parameters from one origin to the next.
#[must_use]
pub fn mean_of(
    method: Method,
    y: &[f64],
    season: usize,
    horizon: usize,
    warm: &mut Option<Damped>,
) -> Option<Vec<f64>> {
    if y.len() < method.points_min(season).max(1) {
        return None;
    }
    let last = *y.last()?;
    Some(match method {
        Method::Naive => vec![last; horizon],
        Method::Drift => {
            let slope = (last - y[0]) / (y.len() - 1).max(1) as f64;
            (1..=horizon).map(|h| last + slope * h as f64).collect()
        }
        Method::SeasonalNaive => (0..horizon)
            .map(|h| y[y.len() - season + h % season])
            .collect(),
        Method::Smoothing => vec![smoothing::simple(y).level; horizon],
        Method::DampedTrend => {
            let fitted = smoothing::damped(y, warm.as_ref());
            let mean = fitted.mean(horizon);
            *warm = Some(fitted);
            mean
        }
    })
}

/// Fits a method to a series of which `filled` points were interpolated; `resolution` is the
/// smallest difference the numbers can show. None when there are too few points for a spread.
#[must_use]
pub fn fit(
    method: Method,
    y: &[f64],
    (season, filled): (usize, usize),
    horizon: usize,
    resolution: f64,
) -> Option<Fit> {
    let n = y.len();
    if n < 2 || n < method.points_min(season) {
        return None;
    }
    let steps = || y.windows(2).map(|w| w[1] - w[0]);
    let (sse, params, psi, slope): (f64, usize, Vec<f64>, f64);
    let mean;
    match method {
        Method::Naive => {
            (sse, params, slope) = (steps().map(|d| d * d).sum(), 1, 0.0);
            psi = vec![1.0; horizon];
            mean = mean_of(method, y, season, horizon, &mut None)?;
        }
        Method::Drift => {
            let b = (y[n - 1] - y[0]) / (n - 1) as f64;
            (sse, params) = (steps().map(|d| (d - b) * (d - b)).sum(), 2);
            slope = 1.0 / (n - 1) as f64;
            psi = vec![1.0; horizon];
            mean = mean_of(method, y, season, horizon, &mut None)?;
        }
        Method::SeasonalNaive => {
            let errors = (season..n).map(|i| y[i] - y[i - season]);
            (sse, params, slope) = (errors.map(|e| e * e).sum(), season, 0.0);
            psi = (0..horizon)
                .map(|j| if j % season == 0 { 1.0 } else { 0.0 })
                .collect();
            mean = mean_of(method, y, season, horizon, &mut None)?;
        }
        Method::Smoothing => {
            let f = smoothing::simple(y);
            (sse, params, slope) = (f.sse, 2, 0.0);
            psi = (0..horizon)
                .map(|j| if j == 0 { 1.0 } else { f.alpha })
                .collect();
            mean = vec![f.level; horizon];
        }
        Method::DampedTrend => {
            let f = smoothing::damped(y, None);
            (sse, params, slope) = (f.sse, 5, 0.0);
            psi = f.psi(horizon);
            mean = f.mean(horizon);
        }
    }
    // A drift of two points leaves nothing to judge its spread by; elsewhere one is the least.
    if method == Method::Drift && n < 3 {
        return None;
    }
    let df = n.saturating_sub(params + filled).max(1);
    let usual = (steps().map(|d| d * d).sum::<f64>() / (n - 1) as f64).sqrt();
    let floor = (SPREAD_SHARE_MIN * usual).max(resolution / 12_f64.sqrt());
    let sd = (sse / df as f64).max(0.0).sqrt();
    let df = u32::try_from(df).unwrap_or(u32::MAX);
    Some(Fit {
        method,
        mean,
        df,
        raised: sd < floor,
        psi,
        variance: sd.max(floor).powi(2),
        slope,
    })
}
