//! Cells to values of their fields' types; what does not fit is a reason, not a guess.

use jiff::civil::{Date, DateTime};
use tianyuan_kernel::prelude::*;

use super::{ColumnField, places};
use crate::reading::value::{
    is_missing, parse_boolean, parse_date, parse_datetime, parse_integer, parse_number,
};
use crate::reading::{Layout, Row};
use crate::words::FieldType;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Missing,
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Date(Date),
    Datetime(DateTime),
}

impl Value {
    /// Reads a cell; `None` when it does not fit.
    pub(crate) fn read(cell: &str, kind: FieldType) -> Option<Self> {
        if kind == FieldType::Text {
            return Some(if cell.is_empty() {
                Self::Missing
            } else {
                Self::Text(cell.to_owned())
            });
        }
        if is_missing(cell) {
            return Some(Self::Missing);
        }
        match kind {
            FieldType::Integer => parse_integer(cell).map(Self::Integer),
            FieldType::Number => parse_number(cell).map(Self::Number),
            FieldType::Boolean => parse_boolean(cell).map(Self::Boolean),
            FieldType::Date => parse_date(cell).map(Self::Date),
            FieldType::Datetime | FieldType::Text => parse_datetime(cell).map(Self::Datetime),
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(n) => Some(*n as f64),
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(n) => n.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Boolean(b) => b.to_string(),
            Self::Date(d) => d.to_string(),
            Self::Datetime(t) => t.to_string(),
        }
    }

    /// True unless it is less than another of its kind.
    pub(crate) fn not_less(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Date(a), Self::Date(b)) => a >= b,
            (Self::Datetime(a), Self::Datetime(b)) => a >= b,
            (Self::Text(a), Self::Text(b)) => a >= b,
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a >= b,
                _ => true,
            },
        }
    }
}

/// Turns rows of a file into values of fields.
pub(super) struct Typing<'a> {
    fields: Vec<(usize, &'a ColumnField)>,
}

impl<'a> Typing<'a> {
    /// # Errors
    /// 422 when a field names a column that is not there.
    pub(super) fn new(layout: &Layout, fields: &'a [ColumnField]) -> Result<Self> {
        let places = places(layout);
        let mut found = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let Some(place) = places.get(field.column.as_str()) else {
                let column = &field.column;
                let words = text!(
                    "文件里没有“{column}”这一列。",
                    "The file has no column {column}."
                );
                return Err(Error::invalid(
                    "column_unknown",
                    format!("fields[{i}].column"),
                    words,
                ));
            };
            found.push((*place, field));
        }
        Ok(Self { fields: found })
    }

    /// A row's values, or why it cannot be taken, with the fields that do not fit.
    pub(super) fn row(&self, row: &Row<'_>) -> std::result::Result<Vec<Value>, (Text, Vec<usize>)> {
        if let Some(fault) = &row.fault {
            return Err((fault.clone(), Vec::new()));
        }
        let (mut values, mut misfits) = (Vec::with_capacity(self.fields.len()), Vec::new());
        for (i, (place, wanted)) in self.fields.iter().enumerate() {
            let cell = row.cells.get(*place).map_or("", String::as_str);
            match Value::read(cell, wanted.field.kind) {
                Some(value) => values.push(value),
                None => misfits.push((i, cell)),
            }
        }
        let Some((first, cell)) = misfits.first() else {
            return Ok(values);
        };
        let wanted = &self.fields[*first].1.field;
        let (title, kind) = (&wanted.title, wanted.kind.title());
        let cell: String = cell.chars().take(40).collect();
        let (zh, en) = (kind.zh, kind.en.to_lowercase());
        let words = Text::of(
            format!("“{title}”应为{zh}，这里是“{cell}”。"),
            format!("{title} is a {en}; here it is \"{cell}\"."),
        );
        Err((words, misfits.iter().map(|(i, _)| *i).collect()))
    }
}
