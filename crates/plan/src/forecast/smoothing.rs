//! Exponential smoothing with additive errors, fitted by least squares.
//!
//! For given smoothing parameters the errors are linear in the initial states, so those are
//! solved for exactly and only one (level) or three (level, trend, damping) parameters are
//! searched. Our own rather than a crate: see docs/adr/0011-forecasts.md; held against
//! `statsforecast` and `statsmodels` by the fixtures of this module's tests.

/// Simple exponential smoothing, fitted.
#[derive(Clone, Copy, Debug)]
pub struct Simple {
    /// How fast the level follows, 0 to 1.
    pub alpha: f64,
    /// The level after the last value.
    pub level: f64,
    /// Sum of squared one-step errors.
    pub sse: f64,
}

/// Damped trend smoothing, fitted.
#[derive(Clone, Copy, Debug)]
pub struct Damped {
    /// How fast the level follows.
    pub alpha: f64,
    /// How fast the trend follows; at most `alpha`.
    pub beta: f64,
    /// What remains of the trend from one step to the next.
    pub phi: f64,
    /// The level after the last value.
    pub level: f64,
    /// The trend after the last value.
    pub trend: f64,
    /// Sum of squared one-step errors.
    pub sse: f64,
}

const ALPHA: (f64, f64) = (0.0001, 0.9999);
/// Damping stronger than this is hardly a trend, weaker hardly damped (as in R's and
/// statsforecast's ETS).
const PHI: (f64, f64) = (0.8, 0.98);

/// Fits simple exponential smoothing.
#[must_use]
pub fn simple(y: &[f64]) -> Simple {
    const GRID: usize = 10;
    let at = |i: usize| ALPHA.0 + (ALPHA.1 - ALPHA.0) * i as f64 / GRID as f64;
    let best = (0..=GRID)
        .min_by(|a, b| {
            simple_with(y, at(*a))
                .sse
                .total_cmp(&simple_with(y, at(*b)).sse)
        })
        .unwrap_or(GRID);
    let (mut low, mut high) = (at(best.saturating_sub(1)), at((best + 1).min(GRID)));
    // Golden section: sixteen cuts leave a bracket of 0.2 narrower than 0.0001.
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut fa, mut fb) = (simple_with(y, a), simple_with(y, b));
    for _ in 0..16 {
        if fa.sse <= fb.sse {
            (high, b, fb) = (b, a, fa);
            a = high - ratio * (high - low);
            fa = simple_with(y, a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + ratio * (high - low);
            fb = simple_with(y, b);
        }
    }
    let edge = simple_with(y, at(best));
    [fa, fb, edge]
        .into_iter()
        .min_by(|x, z| x.sse.total_cmp(&z.sse))
        .unwrap_or(edge)
}

/// Runs one α with the best initial level: eₜ = aₜ + bₜ·l₀ with bₜ = −(1−α)ᵗ.
fn simple_with(y: &[f64], alpha: f64) -> Simple {
    let (mut level, mut unit) = (0.0, 1.0);
    let (mut ab, mut bb, mut aa) = (0.0, 0.0, 0.0);
    for value in y {
        let (a, b) = (value - level, -unit);
        ab += a * b;
        bb += b * b;
        aa += a * a;
        level += alpha * a;
        unit *= 1.0 - alpha;
    }
    let first = if bb > 0.0 { -ab / bb } else { 0.0 };
    Simple {
        alpha,
        level: level + unit * first,
        sse: (aa + first * ab).max(0.0),
    }
}

/// Fits damped trend smoothing, from a former fit when there is one.
#[must_use]
pub fn damped(y: &[f64], warm: Option<&Damped>) -> Damped {
    let mut best = match warm {
        Some(w) => damped_with(y, w.alpha, w.beta, w.phi),
        None => coarse(y),
    };
    let mut step = if warm.is_some() { 0.1 } else { 0.15 };
    // Pattern search in α, β/α and φ: one direction at a time, halving when none helps.
    while step > 0.005 {
        let mut better = false;
        for (da, dr, dp) in [
            (step, 0.0, 0.0),
            (-step, 0.0, 0.0),
            (0.0, step, 0.0),
            (0.0, -step, 0.0),
            (0.0, 0.0, step * 0.4),
            (0.0, 0.0, -step * 0.4),
        ] {
            let alpha = (best.alpha + da).clamp(ALPHA.0, ALPHA.1);
            let ratio = (best.beta / best.alpha + dr).clamp(0.0001, 0.9999);
            let phi = (best.phi + dp).clamp(PHI.0, PHI.1);
            let found = damped_with(y, alpha, alpha * ratio, phi);
            if found.sse < best.sse * (1.0 - 1e-9) {
                best = found;
                better = true;
            }
        }
        if !better {
            step *= 0.5;
        }
    }
    best
}

fn coarse(y: &[f64]) -> Damped {
    let mut best: Option<Damped> = None;
    for alpha in [0.1, 0.4, 0.7, 0.95] {
        for ratio in [0.02, 0.15, 0.5] {
            for phi in [0.82, 0.9, 0.97] {
                let found = damped_with(y, alpha, alpha * ratio, phi);
                if best.is_none_or(|b| found.sse < b.sse) {
                    best = Some(found);
                }
            }
        }
    }
    best.unwrap_or_else(|| damped_with(y, 0.4, 0.06, 0.9))
}

/// Runs one set of parameters with the best initial level and trend: three recursions at once,
/// one driven by the values and one by each initial state.
pub(super) fn damped_with(y: &[f64], alpha: f64, beta: f64, phi: f64) -> Damped {
    let (mut l, mut b) = ([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    let (mut s11, mut s12, mut s22) = (0.0, 0.0, 0.0);
    let (mut t0, mut t1, mut t2) = (0.0, 0.0, 0.0);
    for value in y {
        let ahead = [l[0] + phi * b[0], l[1] + phi * b[1], l[2] + phi * b[2]];
        let e = [value - ahead[0], -ahead[1], -ahead[2]];
        s11 += e[1] * e[1];
        s12 += e[1] * e[2];
        s22 += e[2] * e[2];
        t0 += e[0] * e[0];
        t1 += e[0] * e[1];
        t2 += e[0] * e[2];
        for k in 0..3 {
            l[k] = ahead[k] + alpha * e[k];
            b[k] = phi * b[k] + beta * e[k];
        }
    }
    let det = s11 * s22 - s12 * s12;
    let (l0, b0) = if det > 1e-12 * s11 * s22 {
        ((s12 * t2 - s22 * t1) / det, (s12 * t1 - s11 * t2) / det)
    } else if s11 > 0.0 {
        (-t1 / s11, 0.0)
    } else {
        (0.0, 0.0)
    };
    Damped {
        alpha,
        beta,
        phi,
        level: l[0] + l0 * l[1] + b0 * l[2],
        trend: b[0] + l0 * b[1] + b0 * b[2],
        sse: (t0 + l0 * t1 + b0 * t2).max(0.0),
    }
}

impl Damped {
    /// Means of the coming steps.
    #[must_use]
    pub fn mean(&self, horizon: usize) -> Vec<f64> {
        let (mut power, mut sum) = (1.0, 0.0);
        (0..horizon)
            .map(|_| {
                power *= self.phi;
                sum += power;
                self.level + sum * self.trend
            })
            .collect()
    }

    /// How one surprise lives on: 1, then α + β(φ + … + φʲ).
    #[must_use]
    pub fn psi(&self, horizon: usize) -> Vec<f64> {
        let (mut power, mut sum) = (1.0, 0.0);
        (0..horizon)
            .map(|j| {
                if j == 0 {
                    return 1.0;
                }
                power *= self.phi;
                sum += power;
                self.alpha + self.beta * sum
            })
            .collect()
    }
}
