//! Forecasts many series as the plan room does, for `bench/forecast.py`: one series a line in
//! (`1.0,2.0,…`), one forecast a line out (`mean,low_95,high_95` for each step). Says on standard
//! error how long the forecasting itself took.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::io::Read as _;

use tianyuan_plan::forecast::choose::choose;
use tianyuan_plan::forecast::methods::{Method, fit};

fn one(y: &[f64], horizon: usize) -> String {
    let (method, _) = choose(y, &vec![false; y.len()], 1, horizon);
    let fitted = fit(method, y, (1, 0), horizon, 1e-6)
        .or_else(|| fit(Method::Naive, y, (1, 0), horizon, 1e-6));
    let Some(fitted) = fitted else {
        return String::new();
    };
    let steps = (1..=horizon).map(|h| {
        let spread = fitted.at(h);
        let (low, high) = spread.interval(0.95);
        format!("{},{low},{high}", spread.mean)
    });
    steps.collect::<Vec<_>>().join(",")
}

fn main() {
    let horizon = std::env::args()
        .nth(1)
        .and_then(|h| h.parse().ok())
        .unwrap_or(6);
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("{error}");
        return;
    }
    let series: Vec<Vec<f64>> = text
        .lines()
        .map(|line| {
            line.split(',')
                .filter_map(|v| v.trim().parse().ok())
                .collect()
        })
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = series.len().div_ceil(threads).max(1);
    let begun = std::time::Instant::now();
    let lines: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = series
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().map(|y| one(y, horizon)).collect::<Vec<_>>())
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_default())
            .collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", lines.join("\n"));
    eprintln!("{seconds}");
}
