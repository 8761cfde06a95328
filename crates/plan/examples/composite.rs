//! Times a composite index: so many entities and variables from a fixed seed, with Monte-Carlo
//! draws over every choice. `cargo run --release -p tianyuan-plan --example composite -- 60 40 10000`
//! prints one line of JSON: milliseconds of each run. With `--matrix` it prints the matrix instead,
//! for the peer in `bench/composite.py`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use tianyuan_kernel::text::Text;
use tianyuan_plan::composite::rules::choices::Choices;
use tianyuan_plan::composite::rules::random::Random;
use tianyuan_plan::composite::rules::result::compute;
use tianyuan_plan::composite::rules::{Entity, Matrix, Variable};
use tianyuan_plan::words::Direction;

fn matrix(rows: usize, columns: usize) -> Matrix {
    let mut random = Random::new(20_240_531);
    Matrix {
        entities: (0..rows)
            .map(|e| Entity {
                id: format!("e{e:03}"),
                name: format!("e{e:03}"),
                name_en: String::new(),
            })
            .collect(),
        variables: (0..columns)
            .map(|v| Variable {
                key: format!("v{v:02}"),
                name: Text::of(format!("v{v:02}"), format!("v{v:02}")),
                unit: String::new(),
                direction: Direction::Up,
                reference: None,
                formula: Text::default(),
            })
            .collect(),
        // Skewed, as counts of departments are.
        cells: (0..rows * columns)
            .map(|_| Some(1.0 + 40.0 * random.unit() * random.unit()))
            .collect(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, other: usize| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(other);
    let (rows, columns, draws) = (number(0, 60), number(1, 40), number(2, 10_000));
    let matrix = matrix(rows, columns);
    if args.iter().any(|a| a == "--matrix") {
        println!("{}", serde_json::json!(matrix.cells));
        return;
    }
    let choices = Choices {
        draws: u32::try_from(draws).unwrap_or(u32::MAX),
        ..Choices::default()
    };
    let runs: Vec<f64> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            let result = compute(&matrix, None, &choices, 1);
            assert!(result.is_ok_and(|r| r.entities.len() == rows));
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    println!(
        "{}",
        serde_json::json!({ "rows": rows, "columns": columns, "draws": draws, "ms": runs })
    );
}
