//! The rules of a composite index (综合评价指数), step by step as the OECD/JRC *Handbook on
//! Constructing Composite Indicators* (2008) has it: missing values, outliers, normalisation,
//! weights, aggregation, then uncertainty and sensitivity. Values in, values out: no connection,
//! no clock.
//!
//! Everything is kept column by column (`cells[variable * entities + entity]`): the inner loops
//! run over entities and become vector instructions.

pub mod aggregate;
pub mod ahp;
pub mod choices;
#[cfg(test)]
mod fixtures_tests;
pub mod missing;
pub mod normalise;
pub mod outliers;
#[cfg(test)]
mod property_tests;
pub mod random;
pub mod result;
pub mod sensitivity;
pub mod trust;
pub mod uncertainty;
pub mod weights;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::words::Direction;

/// Most entities of an index.
pub const ENTITIES_MAX: usize = 200;
/// Most variables of an index.
pub const VARIABLES_MAX: usize = 60;

/// Who or what is ranked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IndexEntity)]
pub struct Entity {
    /// Its id, or its name when it comes from a sheet.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its English name; may be empty.
    #[serde(default)]
    pub name_en: String,
}

/// What entities are compared by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = IndexVariable)]
pub struct Variable {
    /// Names it for programs.
    pub key: String,
    /// Its name.
    pub name: Text,
    /// Unit of its values; may be empty.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
    /// The value that stands for "as it should be", when there is one.
    pub reference: Option<f64>,
    /// How it is calculated.
    pub formula: Text,
}

/// Entities by variables, with gaps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The rows.
    pub entities: Vec<Entity>,
    /// The columns.
    pub variables: Vec<Variable>,
    /// Values, column by column.
    pub cells: Vec<Option<f64>>,
}

impl Matrix {
    /// How many entities.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.entities.len()
    }

    /// The values of one variable.
    #[must_use]
    pub fn column(&self, variable: usize) -> &[Option<f64>] {
        let n = self.rows();
        &self.cells[variable * n..(variable + 1) * n]
    }

    /// One value.
    #[must_use]
    pub fn at(&self, entity: usize, variable: usize) -> Option<f64> {
        self.cells[variable * self.rows() + entity]
    }

    /// The same matrix with only some of its rows, in the order given.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        let cells = (0..self.variables.len())
            .flat_map(|v| rows.iter().map(move |e| self.at(*e, v)))
            .collect();
        Self {
            entities: rows.iter().map(|e| self.entities[*e].clone()).collect(),
            variables: self.variables.clone(),
            cells,
        }
    }

    /// The same matrix with only some of its columns, in the order given.
    #[must_use]
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        Self {
            entities: self.entities.clone(),
            variables: columns.iter().map(|v| self.variables[*v].clone()).collect(),
            cells: columns
                .iter()
                .flat_map(|v| self.column(*v).iter().copied())
                .collect(),
        }
    }
}

/// Numbers without gaps where `held` is 1; where it is 0 the entity has none and is scored by
/// what it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// How many entities.
    pub rows: usize,
    /// How many variables.
    pub columns: usize,
    /// Values, column by column; 0 where none is held.
    pub cells: Vec<f64>,
    /// 1 where a value is held, 0 elsewhere; empty when all are.
    pub held: Vec<f64>,
}

impl Table {
    /// The values of one variable, gaps as 0.
    #[must_use]
    pub fn column(&self, variable: usize) -> &[f64] {
        &self.cells[variable * self.rows..(variable + 1) * self.rows]
    }

    /// True when the entity has a value.
    #[must_use]
    pub fn holds(&self, entity: usize, variable: usize) -> bool {
        self.held.is_empty() || self.held[variable * self.rows + entity] > 0.0
    }

    /// Which entities have a value of the variable.
    pub fn held_rows(&self, variable: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows).filter(move |e| self.holds(*e, variable))
    }

    /// The values a variable has.
    #[must_use]
    pub fn values(&self, variable: usize) -> Vec<f64> {
        let column = self.column(variable);
        self.held_rows(variable).map(|e| column[e]).collect()
    }

    /// Another table of the same shape, each held value changed column by column.
    #[must_use]
    pub fn map_columns(&self, mut change: impl FnMut(usize, &[f64]) -> Vec<f64>) -> Self {
        let mut out = self.clone();
        for v in 0..self.columns {
            let changed = change(v, &self.values(v));
            for (e, value) in self.held_rows(v).zip(changed) {
                out.cells[v * self.rows + e] = value;
            }
        }
        out
    }
}

/// Arithmetic mean; 0 of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of a sample (n − 1); 0 of fewer than two.
#[must_use]
pub fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let middle = mean(values);
    let squares: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Median; 0 of nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}
