//! The choice of a method by rolling-origin backtest: at each earlier moment every method is
//! fitted to what was known then and its errors on what came after are kept. The plainer method
//! stays unless another was clearly better.

use serde::Serialize;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::methods::{Method, mean_of};

/// How much smaller a more elaborate method's error must be, as a share, before it is preferred.
pub const MARGIN: f64 = 0.05;
/// Most origins tried, the latest ones.
const ORIGINS_MAX: usize = 12;
/// Most steps ahead an origin is judged by.
const AHEAD_MAX: usize = 6;

/// A method and how it did in the backtest.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastCandidate)]
pub struct Candidate {
    /// The method.
    pub method: Method,
    /// What it does, in words.
    pub name: Text,
    /// Mean absolute error in the backtest, in the indicator's unit; null when it could not be
    /// tried.
    pub error: Option<f64>,
    /// Its error over the naive method's; below 1 is better.
    pub against_naive: Option<f64>,
    /// How many errors that is the mean of.
    pub trials: usize,
    /// True for the one that was chosen.
    pub chosen: bool,
    /// Why it was chosen, not chosen, or could not be tried.
    pub reason: Text,
}

/// Chooses for a series; `filled` marks points that were interpolated, which are neither an
/// origin nor an error.
#[must_use]
pub fn choose(
    y: &[f64],
    filled: &[bool],
    season: usize,
    horizon: usize,
) -> (Method, Vec<Candidate>) {
    let n = y.len();
    let fits = |m: Method| {
        let seasonal = m != Method::SeasonalNaive || (season > 1 && n >= 3 * season);
        seasonal && n >= m.points_min(season) + m.trials_min()
    };
    let able: Vec<Method> = Method::ALL.into_iter().filter(|m| fits(*m)).collect();
    let first = able.iter().map(|m| m.points_min(season)).max().unwrap_or(1);
    let first = first.max(n.saturating_sub(ORIGINS_MAX)).max(1);
    let origins: Vec<usize> = (first..n)
        .filter(|k| !filled.get(k - 1).copied().unwrap_or(false))
        .collect();
    let ahead = horizon.clamp(1, AHEAD_MAX);
    let tried: Vec<(Method, f64, usize)> = able
        .iter()
        .map(|m| {
            let (error, trials) = trial(*m, y, filled, season, &origins, ahead);
            (*m, error, trials)
        })
        .collect();
    let mut best = (Method::Naive, f64::INFINITY);
    for (method, error, trials) in &tried {
        let clearly = *error < best.1 * (1.0 - MARGIN);
        if *method == Method::Naive || (*trials >= method.trials_min().max(1) && clearly) {
            best = (*method, *error);
        }
    }
    let naive = tried.first().filter(|t| t.2 > 0).map_or(f64::NAN, |t| t.1);
    let candidates = Method::ALL
        .into_iter()
        .filter(|m| *m != Method::SeasonalNaive || season > 1)
        .map(|m| {
            let found = tried.iter().find(|t| t.0 == m);
            candidate(m, found.map(|t| (t.1, t.2)), naive, best.0, season)
        })
        .collect();
    (best.0, candidates)
}

fn trial(
    method: Method,
    y: &[f64],
    filled: &[bool],
    season: usize,
    origins: &[usize],
    ahead: usize,
) -> (f64, usize) {
    let (mut sum, mut trials, mut warm) = (0.0, 0_usize, None);
    for k in origins {
        let steps = ahead.min(y.len() - k);
        let Some(mean) = mean_of(method, &y[..*k], season, steps, &mut warm) else {
            continue;
        };
        for (h, forecast) in mean.iter().enumerate() {
            if !filled.get(k + h).copied().unwrap_or(false) {
                sum += (y[k + h] - forecast).abs();
                trials += 1;
            }
        }
    }
    (
        if trials == 0 {
            f64::INFINITY
        } else {
            sum / trials as f64
        },
        trials,
    )
}

fn candidate(
    method: Method,
    tried: Option<(f64, usize)>,
    naive: f64,
    best: Method,
    season: usize,
) -> Candidate {
    let (error, trials) = tried.unwrap_or((f64::INFINITY, 0));
    let chosen = method == best;
    let needed = match method {
        Method::SeasonalNaive => 3 * season,
        other => other.points_min(season) + other.trials_min(),
    };
    let reason = match (tried, chosen, trials) {
        (None, ..) => text!(
            "至少需要 {needed} 期数据才能试用。",
            "Needs {needed} periods at least to be tried."
        ),
        (Some(_), true, 0) => Text::new(
            "数据太少，无法回测，采用最简单的方法。",
            "Too few values for a backtest, so the plainest method is used.",
        ),
        (Some(_), true, _) if method == Method::Naive => Text::new(
            "没有其他方法明显更准，采用最简单的方法。",
            "No other method was clearly better, so the plainest is used.",
        ),
        (Some(_), true, _) => Text::new(
            "回测误差明显最小，予以采用。",
            "Its backtest error is clearly the smallest, so it is used.",
        ),
        (Some(_), false, 0) => Text::new("无法回测。", "It could not be tried."),
        (Some(_), false, _) => Text::new(
            "回测误差没有明显更小，不采用。",
            "Its backtest error is not clearly smaller, so it is not used.",
        ),
    };
    Candidate {
        method,
        name: method.words(),
        error: (trials > 0).then_some(error),
        against_naive: (trials > 0 && naive > 0.0).then(|| error / naive),
        trials,
        chosen,
        reason,
    }
}
