//! A composite index over 60 units by 40 indicators with 10,000 Monte-Carlo draws, timed: the
//! whole result as the room makes it (treatment, weights, draws, sensitivity, alternatives,
//! trust), with one value in twenty missing.
//!
//! `cargo run --release -p tianyuan-plan --example composite [units] [indicators] [draws]`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::time::Instant;

use tianyuan_kernel::text::Text;
use tianyuan_plan::composite::rules::choices::{Aggregation, Choices, Weighting};
use tianyuan_plan::composite::rules::random::Random;
use tianyuan_plan::composite::rules::{Entity, Matrix, Variable, result};
use tianyuan_plan::words::Direction;

fn matrix(units: usize, indicators: usize) -> Matrix {
    let mut random = Random::new(48);
    let entities = (1..=units)
        .map(|n| Entity {
            id: format!("u{n}"),
            name: format!("单位{n}"),
            name_en: format!("Unit {n}"),
        })
        .collect();
    let variables = (1..=indicators)
        .map(|n| Variable {
            key: format!("v{n}"),
            name: Text::of(format!("指标{n}"), format!("Indicator {n}")),
            unit: String::new(),
            direction: if n % 4 == 0 {
                Direction::Down
            } else {
                Direction::Up
            },
            reference: Some(1.0),
            formula: Text::default(),
        })
        .collect();
    // A common strength of each unit beside what is its own, so that ranks mean something.
    let strength: Vec<f64> = (0..units).map(|_| random.unit()).collect();
    let cells = (0..indicators * units)
        .map(|i| {
            let value = 0.5 * strength[i % units] + 0.5 * random.unit();
            (random.unit() >= 0.05).then_some(value)
        })
        .collect();
    Matrix {
        entities,
        variables,
        cells,
    }
}

fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<usize>());
    let mut next = |or: usize| args.next().and_then(Result::ok).unwrap_or(or);
    let (units, indicators, draws) = (next(60), next(40), next(10_000));
    let matrix = matrix(units, indicators);
    for (name, weighting, aggregation) in [
        (
            "equal, arithmetic",
            Weighting::Equal,
            Aggregation::Arithmetic,
        ),
        (
            "entropy, geometric",
            Weighting::Entropy,
            Aggregation::Geometric,
        ),
        ("CRITIC, TOPSIS", Weighting::Critic, Aggregation::Topsis),
    ] {
        let choices = Choices {
            weighting,
            aggregation,
            draws: u32::try_from(draws).unwrap_or(u32::MAX),
            ..Choices::default()
        };
        let mut seconds = Vec::new();
        let mut wide = 0.0;
        for _ in 0..5 {
            let began = Instant::now();
            match result::compute(&matrix, None, &choices, 48) {
                Ok(found) => {
                    seconds.push(began.elapsed().as_secs_f64());
                    let spans = found
                        .entities
                        .iter()
                        .filter_map(|e| Some(e.rank_high? - e.rank_low?));
                    wide = f64::from(spans.sum::<u32>()) / units as f64;
                }
                Err(why) => {
                    eprintln!("{}", why.en);
                    return;
                }
            }
        }
        seconds.sort_by(f64::total_cmp);
        println!(
            "{units} units x {indicators} indicators, {draws} draws, {name}: median {:.3} s, \
             worst {:.3} s; a 90 % rank interval is {wide:.1} places wide on average",
            seconds[2], seconds[4]
        );
    }
}
