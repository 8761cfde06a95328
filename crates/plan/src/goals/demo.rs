//! The sample district's entries towards its goals: firms, batches and measurements, each marked as
//! a sample, the first of each goal with a sheet as evidence.

use jiff::civil::Date;
use serde::Deserialize;
use tianyuan_kernel::authority::Entity;
use tianyuan_kernel::files;
use tianyuan_kernel::office::{self, Out, OutSheet};
use tianyuan_kernel::prelude::*;

use super::entries::NewEntry;
use super::entries_api::add;
use super::{Counted, GoalSource, complete, store};
use crate::plans::Plan;
use crate::plans::export::XLSX;

const FILE: &str = include_str!("../../../../demo/followup/goal-entries.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    goals: Vec<GoalEntries>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoalEntries {
    name: String,
    note: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    at: Date,
    name: String,
    amount: f64,
}

/// Loads the sample's entries up to today.
///
/// # Errors
/// When the file is wrong, which a test sees, or the database or the files refuse.
pub(crate) async fn load(app: &App, tx: &mut Tx, plan: &Plan) -> Result<()> {
    let file: File = toml::from_str(FILE).map_err(Error::internal)?;
    let today = app.now().date();
    let rows = store::all(tx, &plan.id).await?;
    let goals = complete(tx, rows).await?;
    for told in file.goals {
        let goal = goals.iter().find(|g| g.goal.name == told.name);
        let goal = goal.filter(|g| g.source == GoalSource::Entries);
        let goal = goal
            .ok_or_else(|| Error::internal(format!("the sample counts no goal {}", told.name)))?;
        let mut first = true;
        for entry in told.entries.into_iter().filter(|e| e.at <= today) {
            let new = NewEntry {
                name: entry.name,
                code: None,
                at: entry.at,
                amount: entry.amount,
                note: told.note.clone(),
                confirmed: false,
            };
            let new = super::entries::validate(goal, new, today).map_err(|faults| {
                let said: Vec<_> = faults.iter().map(|(_, code, _)| *code).collect();
                Error::internal(format!("the sample's entry is wrong: {said:?}"))
            })?;
            let sheet = first.then(|| evidence(goal, &new)).transpose()?;
            let entry = add(tx, goal, new).await?;
            if let Some(bytes) = sheet {
                let kept = files::keep(app, "示例佐证.xlsx", XLSX, bytes).await?;
                let owner = Entity::new("Goal", entry.id.as_str());
                files::attach(tx, &owner, kept).await?;
            }
            first = false;
        }
    }
    Ok(())
}

/// A sheet that says what an entry counts, and that it is made up.
fn evidence(goal: &Counted, entry: &NewEntry) -> Result<Vec<u8>> {
    let text = |text: &str| Out::Text(text.to_owned());
    office::write_xlsx(&[OutSheet {
        name: "示例佐证".to_owned(),
        heads: ["目标", "条目", "日期", "数量", "计量单位", "说明"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![vec![
            text(&goal.goal.name),
            text(&entry.name),
            text(&entry.at.to_string()),
            Out::Number(entry.amount),
            text(&goal.goal.unit),
            text("示例数据，由本项目编写，不是真实材料"),
        ]],
        choices: Vec::new(),
    }])
}
