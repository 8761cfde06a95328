//! Records flattened to named texts, for comparing.

use super::compare::Item;
use super::{
    GoalEntry, IndicatorEntry, LayerEntry, MeasureEntry, PatternEntry, PlanHead, ProgrammeEntry,
    UnitEntry, Words,
};

/// Fields by name, as text.
pub(super) type Fields = Vec<(String, String)>;

/// One record as text: its identity and its fields in order.
pub(super) struct Row {
    pub(super) item: Item,
    pub(super) fields: Fields,
}

fn field(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn bilingual(name: &str, words: &Words) -> [(String, String); 2] {
    [
        field(&format!("{name}.zh"), &words.zh),
        field(&format!("{name}.en"), &words.en),
    ]
}

fn optional(number: Option<i64>) -> String {
    number.map(|n| n.to_string()).unwrap_or_default()
}

fn numbered(number: i64, title: &str) -> Item {
    Item {
        key: number.to_string(),
        number: Some(number),
        title: title.to_owned(),
    }
}

pub(super) fn head_fields(plan: &PlanHead) -> Fields {
    let mut fields = vec![
        field("code", &plan.code),
        field("title", &plan.title),
        field("title_en", &plan.title_en),
        field("edition", &plan.edition),
        field("period_from", plan.period_from),
        field("period_to", plan.period_to),
        field("state", plan.state.as_str()),
    ];
    fields.extend(bilingual("summary", &plan.summary));
    fields
}

pub(super) fn unit_row(unit: &UnitEntry) -> Row {
    let mut members = unit.members.clone();
    members.sort();
    Row {
        item: Item {
            key: unit.code.clone(),
            number: None,
            title: unit.name.clone(),
        },
        fields: vec![
            field("code", &unit.code),
            field("name", &unit.name),
            field("name_en", &unit.name_en),
            field("kind", unit.kind.name()),
            field("members", members.join("、")),
        ],
    }
}

pub(super) fn layer_row(layer: &LayerEntry) -> Row {
    let mut fields = vec![
        field("title", &layer.title),
        field("title_en", &layer.title_en),
    ];
    fields.extend(bilingual("summary", &layer.summary));
    Row {
        item: Item {
            key: layer.code.clone(),
            number: None,
            title: layer.title.clone(),
        },
        fields,
    }
}

pub(super) fn programme_row(programme: &ProgrammeEntry) -> Row {
    let mut fields = vec![
        field("number", programme.number),
        field("title", &programme.title),
        field("title_en", &programme.title_en),
        field("layer", &programme.layer),
    ];
    fields.extend(bilingual("focus", &programme.focus));
    fields.extend(bilingual("objective", &programme.objective));
    Row {
        item: numbered(programme.number, &programme.title),
        fields,
    }
}

pub(super) fn measure_row(measure: &MeasureEntry) -> Row {
    let mut fields = vec![
        field("number", measure.number),
        field("title", &measure.title),
        field("title_en", &measure.title_en),
        field("programme", measure.programme),
        field("units", measure.units.join("、")),
    ];
    fields.extend(bilingual("summary", &measure.summary));
    Row {
        item: numbered(measure.number, &measure.title),
        fields,
    }
}

pub(super) fn goal_row(goal: &GoalEntry) -> Row {
    Row {
        item: Item {
            key: goal.key(),
            number: None,
            title: goal.name.clone(),
        },
        fields: vec![
            field("name", &goal.name),
            field("name_en", &goal.name_en),
            field("programme", optional(goal.programme)),
            field("measure", optional(goal.measure)),
            field("value", goal.value),
            field("unit", &goal.unit),
            field("due", goal.due),
            field("comparison", goal.comparison.as_str()),
            field("kind", goal.kind.as_str()),
            field("indicator", optional(goal.indicator)),
        ],
    }
}

pub(super) fn indicator_row(indicator: &IndicatorEntry) -> Row {
    let mut fields = vec![
        field("number", indicator.number),
        field("name", &indicator.name),
        field("name_en", &indicator.name_en),
        field("unit", &indicator.unit),
        field("nature", indicator.nature.as_str()),
        field("direction", indicator.direction.as_str()),
        field("decimals", indicator.decimals),
        field("units", indicator.units.join("、")),
        field("baseline.year", indicator.baseline.year),
        field("baseline.value", indicator.baseline.value),
    ];
    for target in &indicator.targets {
        fields.push(field(&format!("targets.{}", target.year), target.value));
    }
    Row {
        item: numbered(indicator.number, &indicator.name),
        fields,
    }
}

pub(super) fn place_row(group: &str, entry: &PatternEntry) -> Row {
    let mut fields = vec![field("name_en", &entry.name_en)];
    fields.extend(bilingual("note", &entry.note));
    let place = entry
        .place
        .map(|p| (p.x.to_string(), p.y.to_string()))
        .unwrap_or_default();
    fields.push(("place.x".to_owned(), place.0));
    fields.push(("place.y".to_owned(), place.1));
    let measures: Vec<String> = entry.measures.iter().map(i64::to_string).collect();
    fields.push(("measures".to_owned(), measures.join("、")));
    let key = format!("{group}:{}", entry.name);
    Row {
        item: Item {
            key,
            number: None,
            title: entry.name.clone(),
        },
        fields,
    }
}
