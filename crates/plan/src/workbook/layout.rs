//! Which columns each sheet of an edition's workbook has. Template, export and import share it,
//! so that what was exported reads back the same.

use super::table::Column;
use crate::bundle::Table;
use crate::words::{Comparison, Direction, GoalKind, Nature, PlanState, unit_kind_choices};

const fn needed(field: &'static str, title: &'static str) -> Column {
    Column {
        field,
        title,
        required: true,
    }
}

const fn other(field: &'static str, title: &'static str) -> Column {
    Column {
        field,
        title,
        required: false,
    }
}

/// The sheets, in the order of the workbook.
pub(crate) const SHEETS: [Table; 8] = [
    Table::Plan,
    Table::Units,
    Table::Layers,
    Table::Programmes,
    Table::Measures,
    Table::Goals,
    Table::Indicators,
    Table::Pattern,
];

/// Separates names in one cell.
pub(crate) const SEPARATOR: &str = "、";

/// The columns of a sheet; indicators have one more for each year of targets.
pub(crate) fn columns(table: Table) -> &'static [Column] {
    const PLAN: &[Column] = &[
        needed("code", "方案代码"),
        needed("title", "方案名称"),
        other("title_en", "方案英文名称"),
        other("edition", "版本"),
        needed("period_from", "开始日期"),
        needed("period_to", "结束日期"),
        needed("state", "状态"),
        other("summary.zh", "概述"),
        other("summary.en", "英文概述"),
    ];
    const UNITS: &[Column] = &[
        needed("code", "单位代码"),
        needed("name", "单位名称"),
        other("name_en", "英文名称"),
        needed("kind", "类别"),
        other("members", "成员"),
    ];
    const LAYERS: &[Column] = &[
        needed("code", "层面代码"),
        needed("title", "层面名称"),
        other("title_en", "英文名称"),
        other("summary.zh", "概述"),
        other("summary.en", "英文概述"),
    ];
    const PROGRAMMES: &[Column] = &[
        needed("number", "计划序号"),
        needed("title", "计划名称"),
        other("title_en", "英文名称"),
        needed("layer", "层面代码"),
        other("focus.zh", "聚焦"),
        other("focus.en", "英文聚焦"),
        other("objective.zh", "方向和目标"),
        other("objective.en", "英文方向和目标"),
    ];
    const MEASURES: &[Column] = &[
        needed("number", "举措序号"),
        needed("title", "举措名称"),
        other("title_en", "英文名称"),
        needed("programme", "计划序号"),
        needed("units", "责任单位"),
        other("summary.zh", "概述"),
        other("summary.en", "英文概述"),
    ];
    const GOALS: &[Column] = &[
        needed("name", "目标名称"),
        other("name_en", "英文名称"),
        other("programme", "计划序号"),
        other("measure", "举措序号"),
        needed("value", "目标值"),
        needed("unit", "单位"),
        needed("due", "期限"),
        needed("comparison", "要求"),
        needed("kind", "计法"),
        other("indicator", "指标序号"),
    ];
    const INDICATORS: &[Column] = &[
        needed("number", "指标序号"),
        needed("name", "指标名称"),
        other("name_en", "英文名称"),
        needed("unit", "单位"),
        needed("nature", "性质"),
        needed("direction", "方向"),
        needed("decimals", "小数位数"),
        needed("units", "责任单位"),
        needed("baseline.year", "基期年份"),
        needed("baseline.value", "基期数值"),
    ];
    const PATTERN: &[Column] = &[
        needed("group", "类别"),
        needed("name", "名称"),
        other("name_en", "英文名称"),
        other("note.zh", "说明"),
        other("note.en", "英文说明"),
        other("place.x", "横坐标"),
        other("place.y", "纵坐标"),
        other("measures", "举措序号"),
    ];
    match table {
        Table::Plan => PLAN,
        Table::Units => UNITS,
        Table::Layers => LAYERS,
        Table::Programmes => PROGRAMMES,
        Table::Measures => MEASURES,
        Table::Goals => GOALS,
        Table::Indicators => INDICATORS,
        Table::Pattern => PATTERN,
    }
}

/// Sheets whose absence means that nothing of the kind exists.
pub(crate) fn optional(table: Table) -> bool {
    matches!(table, Table::Units | Table::Goals | Table::Pattern)
}

/// The words over a year's targets: `2025年目标`.
pub(crate) fn target_title(year: i64) -> String {
    format!("{year}年目标")
}

/// The field of a heading such as `2025年目标`.
pub(crate) fn target_field(words: &str) -> Option<String> {
    let year: String = words
        .strip_suffix("年目标")?
        .chars()
        .map(ascii_digit)
        .collect();
    (year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit())).then(|| format!("targets.{year}"))
}

fn ascii_digit(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        c => c,
    }
}

/// Allowed words of a column, if it is a closed choice.
pub(crate) fn choices(table: Table, field: &str) -> Option<String> {
    Some(match (table, field) {
        (Table::Plan, "state") => PlanState::choices(),
        (Table::Units, "kind") => unit_kind_choices(),
        (Table::Goals, "comparison") => Comparison::choices(),
        (Table::Goals, "kind") => GoalKind::choices(),
        (Table::Indicators, "nature") => Nature::choices(),
        (Table::Indicators, "direction") => Direction::choices(),
        (Table::Pattern, "group") => "干线、支柱、基座、拓展带、片区".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_targets() {
        assert_eq!(target_field("2025年目标").as_deref(), Some("targets.2025"));
        assert_eq!(
            target_field("２０２５年目标").as_deref(),
            Some("targets.2025")
        );
        assert_eq!(target_field("年目标"), None);
        assert_eq!(target_field("目标"), None);
    }
}
