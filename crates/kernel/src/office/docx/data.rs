//! What a template may name, and the values it is filled with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::journal::Text2;

/// A name a template may use.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As in `{{name}}`.
    pub name: &'static str,
    /// What stands there.
    pub shape: Shape,
    /// Words for whoever writes the template.
    pub title: Text2,
}

/// What stands behind a name.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text: `{{name}}`, or `{{#name}}…{{/name}}` to show something only when it is not empty.
    Text,
    /// A chart: `{{%name}}` in a paragraph of its own.
    Chart,
    /// Rows: `{{#name}}…{{/name}}` around what is repeated for each, with these names inside.
    Rows(&'static [Field]),
}

impl Field {
    /// A text.
    #[must_use]
    pub const fn text(name: &'static str, zh: &'static str, en: &'static str) -> Self {
        let title = Text2 { zh, en };
        Self {
            name,
            shape: Shape::Text,
            title,
        }
    }

    /// A chart.
    #[must_use]
    pub const fn chart(name: &'static str, zh: &'static str, en: &'static str) -> Self {
        let title = Text2 { zh, en };
        Self {
            name,
            shape: Shape::Chart,
            title,
        }
    }

    /// Rows.
    #[must_use]
    pub const fn rows(
        name: &'static str,
        zh: &'static str,
        en: &'static str,
        fields: &'static [Self],
    ) -> Self {
        let title = Text2 { zh, en };
        Self {
            name,
            shape: Shape::Rows(fields),
            title,
        }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text; lines become lines.
    Text(String),
    /// Rows.
    Rows(Vec<Data>),
    /// A chart.
    Chart(Chart),
}

/// Values by name.
#[derive(Clone, Debug, Default)]
pub struct Data(pub(super) BTreeMap<&'static str, Value>);

impl Data {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.insert(name, Value::Text(text.into()));
        self
    }

    /// Adds rows.
    #[must_use]
    pub fn rows(mut self, name: &'static str, rows: Vec<Self>) -> Self {
        self.0.insert(name, Value::Rows(rows));
        self
    }

    /// Adds a chart, if there is one.
    #[must_use]
    pub fn chart(mut self, name: &'static str, chart: Option<Chart>) -> Self {
        if let Some(chart) = chart {
            self.0.insert(name, Value::Chart(chart));
        }
        self
    }

    /// Every name used, sorted; for tests that hold a vocabulary against what is given.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaperChartKind)]
pub enum ChartKind {
    /// Horizontal bars, one a category.
    Bars,
    /// Horizontal bars of parts laid end to end.
    Stacked,
    /// Lines over time.
    Lines,
}

/// A chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperChart)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The sentence for those who cannot see it.
    pub summary: String,
    /// How it is drawn. A block's `kind` says that it is a chart.
    #[serde(rename = "drawn_as")]
    pub kind: ChartKind,
    /// Unit of the values.
    pub unit: String,
    /// Names along the axis.
    pub categories: Vec<String>,
    /// What is drawn.
    pub series: Vec<Series>,
}

/// One series of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperSeries)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// A value for each category; null where there is none.
    pub values: Vec<Option<f64>>,
    /// Its colour, `RRGGBB`.
    pub color: String,
    /// Dashed: what is expected rather than measured.
    pub dashed: bool,
}
