//! An edition's workbook read as a bundle.

use std::collections::BTreeMap;

use tianyuan_kernel::office::Sheet;
use tianyuan_kernel::text;

use super::layout::{choices, columns, optional, target_field};
use super::table::{RowReader, Table as SheetTable};
use crate::bundle::read::{Located, Read};
use crate::bundle::{
    GoalEntry, IndicatorEntry, LayerEntry, MeasureEntry, Origin, PatternEntry, Place, PlanBundle,
    PlanHead, ProgrammeEntry, Spot, Table, UnitEntry, Words, YearValue,
};
use crate::words::{Comparison, Direction, GoalKind, Nature, PlanState, unit_kind_read};

/// Reads every sheet, collecting everything that is wrong.
///
/// # Errors
/// Every missing sheet or column and every cell that cannot be read, each by sheet, row, column.
pub(crate) fn bundle(sheets: &[Sheet]) -> Read {
    let mut reader = Reader {
        sheets,
        origin: Origin {
            workbook: true,
            ..Origin::default()
        },
        faults: Vec::new(),
    };
    let mut bundle = PlanBundle {
        plan: reader.table(Table::Plan, plan).into_iter().next(),
        units: reader.table(Table::Units, unit),
        layers: reader.table(Table::Layers, layer),
        programmes: reader.table(Table::Programmes, programme),
        measures: reader.table(Table::Measures, measure),
        goals: reader.table(Table::Goals, goal),
        indicators: reader.table(Table::Indicators, indicator),
        ..PlanBundle::default()
    };
    let places = reader.table(Table::Pattern, pattern);
    reader.place(&mut bundle, places);
    let Reader { origin, faults, .. } = reader;
    if faults.is_empty() {
        Ok((bundle, origin))
    } else {
        Err(faults)
    }
}

struct Reader<'a> {
    sheets: &'a [Sheet],
    origin: Origin,
    faults: Vec<Located>,
}

impl Reader<'_> {
    fn table<T>(
        &mut self,
        table: Table,
        read: fn(&mut RowReader<'_, '_>, &BTreeMap<String, usize>) -> Option<T>,
    ) -> Vec<T> {
        let name = table.sheet();
        let Some(sheet) = self.sheets.iter().find(|s| s.name.trim() == name) else {
            if !optional(table) {
                let names: Vec<&str> = self.sheets.iter().map(|s| s.name.as_str()).collect();
                let names = names.join("、");
                let spot = Spot {
                    sheet: name.to_owned(),
                    row: None,
                    column: None,
                };
                let detail = text!(
                    "缺少工作表“{name}”，现有：{names}。",
                    "The sheet {name} is missing; there are: {names}."
                );
                self.faults.push(Located {
                    spot,
                    code: "sheet_missing",
                    detail,
                });
            }
            return Vec::new();
        };
        let years = if table == Table::Indicators {
            target_field
        } else {
            |_: &str| None
        };
        let found = match SheetTable::find(sheet, columns(table), years) {
            Ok(found) => found,
            Err(faults) => {
                self.faults.extend(faults);
                return Vec::new();
            }
        };
        for field in found.columns.keys() {
            if let Some(letters) = found.letters(field) {
                self.origin.columns.insert((table, field.clone()), letters);
            }
        }
        let mut entries = Vec::new();
        for mut row in found.rows() {
            let entry = read(&mut row, &found.columns);
            self.faults.append(&mut row.faults);
            if let Some(entry) = entry {
                let place = (sheet.name.clone(), row.number);
                self.origin.rows.insert((table, entries.len()), place);
                entries.push(entry);
            }
        }
        entries
    }

    /// Puts the elements of the pattern into their groups; entries count over groups in order.
    fn place(&mut self, bundle: &mut PlanBundle, places: Vec<(String, PatternEntry)>) {
        let rows: Vec<Option<(String, u32)>> = (0..places.len())
            .map(|i| self.origin.rows.remove(&(Table::Pattern, i)))
            .collect();
        let order = ["trunk", "pillars", "bases", "belts", "areas"];
        let mut index = 0;
        for group in order {
            for ((name, entry), row) in places.iter().zip(&rows) {
                if name == group {
                    if let Some(list) = bundle.pattern.group_mut(group) {
                        list.push(entry.clone());
                    }
                    if let Some(row) = row {
                        self.origin
                            .rows
                            .insert((Table::Pattern, index), row.clone());
                    }
                    index += 1;
                }
            }
        }
    }
}

type Columns = BTreeMap<String, usize>;

fn words(row: &mut RowReader<'_, '_>, field: &str) -> Words {
    Words {
        zh: row.text(&format!("{field}.zh")),
        en: row.text(&format!("{field}.en")),
    }
}

fn number(row: &mut RowReader<'_, '_>, field: &str) -> Option<i64> {
    let value = row.whole(field);
    row.need(field, value)
}

fn choice<T>(
    row: &mut RowReader<'_, '_>,
    table: Table,
    field: &str,
    read: fn(&str) -> Option<T>,
) -> Option<T> {
    let value = row.word(field, read, choices(table, field).unwrap_or_default());
    row.need(field, value)
}

fn date(row: &mut RowReader<'_, '_>, field: &str) -> Option<jiff::civil::Date> {
    let value = row.date(field);
    row.need(field, value)
}

fn plan(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<PlanHead> {
    let from = date(row, "period_from");
    let to = date(row, "period_to");
    let state = choice(row, Table::Plan, "state", PlanState::read);
    Some(PlanHead {
        code: row.text("code"),
        title: row.text("title"),
        title_en: row.text("title_en"),
        edition: row.text("edition"),
        period_from: from?,
        period_to: to?,
        state: state?,
        summary: words(row, "summary"),
    })
}

fn unit(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<UnitEntry> {
    let kind = choice(row, Table::Units, "kind", unit_kind_read)?;
    Some(UnitEntry {
        code: row.text("code"),
        name: row.text("name"),
        name_en: row.text("name_en"),
        kind,
        members: row.list("members"),
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every table's reader has one shape"
)]
fn layer(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<LayerEntry> {
    Some(LayerEntry {
        code: row.text("code"),
        title: row.text("title"),
        title_en: row.text("title_en"),
        summary: words(row, "summary"),
    })
}

fn programme(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<ProgrammeEntry> {
    Some(ProgrammeEntry {
        number: number(row, "number")?,
        title: row.text("title"),
        title_en: row.text("title_en"),
        layer: row.text("layer"),
        focus: words(row, "focus"),
        objective: words(row, "objective"),
    })
}

fn measure(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<MeasureEntry> {
    let (own, programme) = (number(row, "number"), number(row, "programme"));
    Some(MeasureEntry {
        number: own?,
        title: row.text("title"),
        title_en: row.text("title_en"),
        programme: programme?,
        units: row.list("units"),
        summary: words(row, "summary"),
    })
}

fn goal(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<GoalEntry> {
    let value = row.number("value");
    let value = row.need("value", value);
    let due = date(row, "due");
    let comparison = choice(row, Table::Goals, "comparison", Comparison::read);
    let kind = choice(row, Table::Goals, "kind", GoalKind::read);
    Some(GoalEntry {
        programme: row.whole("programme"),
        measure: row.whole("measure"),
        indicator: row.whole("indicator"),
        name: row.text("name"),
        name_en: row.text("name_en"),
        unit: row.text("unit"),
        value: value?,
        due: due?,
        comparison: comparison?,
        kind: kind?,
    })
}

fn indicator(row: &mut RowReader<'_, '_>, columns: &Columns) -> Option<IndicatorEntry> {
    let own = number(row, "number");
    let nature = choice(row, Table::Indicators, "nature", Nature::read);
    let direction = choice(row, Table::Indicators, "direction", Direction::read);
    let decimals = number(row, "decimals");
    let year = number(row, "baseline.year");
    let value = row.number("baseline.value");
    let value = row.need("baseline.value", value);
    let mut targets = Vec::new();
    for field in columns.keys().filter(|f| f.starts_with("targets.")) {
        let year = field
            .trim_start_matches("targets.")
            .parse()
            .unwrap_or_default();
        if let Some(value) = row.number(field) {
            targets.push(YearValue { year, value });
        }
    }
    Some(IndicatorEntry {
        number: own?,
        name: row.text("name"),
        name_en: row.text("name_en"),
        unit: row.text("unit"),
        nature: nature?,
        direction: direction?,
        decimals: decimals?,
        units: row.list("units"),
        baseline: YearValue {
            year: year?,
            value: value?,
        },
        targets,
    })
}

fn pattern(row: &mut RowReader<'_, '_>, _: &Columns) -> Option<(String, PatternEntry)> {
    let group = choice(row, Table::Pattern, "group", |text| {
        let empty = crate::bundle::Pattern::default();
        let found = empty
            .groups()
            .into_iter()
            .find(|g| g.0 == text || g.1 == text);
        found.map(|g| g.0.to_owned())
    });
    let (x, y) = (row.number("place.x"), row.number("place.y"));
    let mut measures = Vec::new();
    for part in row.list("measures") {
        match part.parse::<i64>() {
            Ok(number) => measures.push(number),
            Err(_) => row.fault(
                "measures",
                "not_whole",
                text!(
                    "“{part}”不是举措序号。",
                    "\"{part}\" is not a measure's number."
                ),
            ),
        }
    }
    let entry = PatternEntry {
        name: row.text("name"),
        name_en: row.text("name_en"),
        note: words(row, "note"),
        place: x.zip(y).map(|(x, y)| Place { x, y }),
        measures,
    };
    Some((group?, entry))
}
