//! Where things stand: the tables of a bundle, a fault in one of them, and its place in what the
//! person sent.

use std::collections::BTreeMap;

use serde::Serialize;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

/// A table of the bundle; errors and workbook sheets are named by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The edition itself.
    Plan,
    /// Units and groups.
    Units,
    /// Layers.
    Layers,
    /// Programmes.
    Programmes,
    /// Measures.
    Measures,
    /// Goals.
    Goals,
    /// Indicators.
    Indicators,
    /// The spatial pattern.
    Pattern,
}

impl Table {
    /// The key in TOML and JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Units => "units",
            Self::Layers => "layers",
            Self::Programmes => "programmes",
            Self::Measures => "measures",
            Self::Goals => "goals",
            Self::Indicators => "indicators",
            Self::Pattern => "pattern",
        }
    }

    /// The name of its workbook sheet.
    #[must_use]
    pub const fn sheet(self) -> &'static str {
        match self {
            Self::Plan => "方案",
            Self::Units => "单位",
            Self::Layers => "层面",
            Self::Programmes => "计划",
            Self::Measures => "举措",
            Self::Goals => "目标",
            Self::Indicators => "指标",
            Self::Pattern => "格局",
        }
    }
}

/// One thing wrong with a bundle: which entry of which table, and which field of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The table.
    pub table: Table,
    /// The entry, from 0; for the pattern, counted over all groups in order.
    pub index: Option<usize>,
    /// The field within the entry, such as `baseline.value`; empty for the entry as a whole.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub detail: Text,
}

/// Where a fault stands in what the person sent.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Spot {
    /// The sheet; for TOML the file and table, for JSON the table.
    pub sheet: String,
    /// The row as the sheet counts it, from 1; for TOML and JSON the entry within its table.
    pub row: Option<u32>,
    /// The column letter of a sheet; for TOML and JSON the field.
    pub column: Option<String>,
}

impl Spot {
    /// As one text: `举措!C12`, or `measures[3].units`.
    #[must_use]
    pub fn path(&self, workbook: bool) -> String {
        let column = self.column.as_deref().unwrap_or_default();
        match (workbook, self.row) {
            (true, Some(row)) => format!("{}!{column}{row}", self.sheet),
            (true, None) if column.is_empty() => self.sheet.clone(),
            (true, None) => format!("{}!{column}", self.sheet),
            (false, row) => {
                let row = row
                    .map(|r| format!("[{}]", r.saturating_sub(1)))
                    .unwrap_or_default();
                let dot = if column.is_empty() { "" } else { "." };
                format!("{}{row}{dot}{column}", self.sheet)
            }
        }
    }
}

/// Where each entry of a bundle was read from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// True when it was a workbook.
    pub workbook: bool,
    /// Per table and entry: the sheet or file, and the row.
    pub rows: BTreeMap<(Table, usize), (String, u32)>,
    /// Per table and field: the column's letters (workbooks only).
    pub columns: BTreeMap<(Table, String), String>,
}

impl Origin {
    /// Finds the place of a fault.
    #[must_use]
    pub fn spot(&self, fault: &Fault) -> Spot {
        let row = fault.index.and_then(|i| self.rows.get(&(fault.table, i)));
        let sheet = match row {
            Some((sheet, _)) => sheet.clone(),
            None if self.workbook => fault.table.sheet().to_owned(),
            None => fault.table.key().to_owned(),
        };
        let row = row.map(|(_, r)| *r).or_else(|| {
            fault
                .index
                .filter(|_| !self.workbook)
                .and_then(|i| u32::try_from(i + 1).ok())
        });
        let column = if self.workbook {
            self.columns
                .get(&(fault.table, fault.field.clone()))
                .cloned()
        } else {
            Some(fault.field.clone()).filter(|f| !f.is_empty())
        };
        Spot { sheet, row, column }
    }
}
