//! Student's t for whole degrees of freedom, by its finite series (Abramowitz and Stegun 26.7.3,
//! 26.7.4): exact, and without a special function. Held against scipy by this module's tests.

/// The share of the distribution within `t` of its middle, for `df` of 1 or more.
fn within(t: f64, df: u32) -> f64 {
    let nu = f64::from(df.max(1));
    let theta = (t / nu.sqrt()).atan();
    let (sin, cos) = theta.sin_cos();
    let squared = cos * cos;
    let odd = df % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut k = if odd { 3 } else { 2 };
    while k <= df {
        sum += term;
        let k_real = f64::from(k);
        // Odd: 2/3, 4/5, …; even: 1/2, 3/4, …
        term *= squared * (k_real - 1.0) / k_real;
        k += 2;
    }
    let share = if odd {
        (theta + sin * sum) * std::f64::consts::FRAC_2_PI
    } else {
        sin * sum
    };
    share.clamp(-1.0, 1.0)
}

/// The chance of a number below `t`.
#[must_use]
pub fn cdf(t: f64, df: u32) -> f64 {
    if t.is_nan() {
        return 0.5;
    }
    0.5 + 0.5 * within(t, df)
}

/// Half the width of the interval that holds this share (0 to 0.999).
#[must_use]
pub fn half_width(share: f64, df: u32) -> f64 {
    let share = share.clamp(0.0, 0.999);
    // One degree of freedom needs 636.6 for 0.999; every other less.
    let (mut low, mut high) = (0.0, 640.0);
    while high - low > 1e-10 * (1.0 + low) {
        let middle = f64::midpoint(low, high);
        if within(middle, df) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
