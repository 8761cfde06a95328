//! Indicators (指标): baseline, targets, the latest value and how it stands; and which platform
//! metric measures them.

pub mod api;
pub mod rules;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde::Serialize;
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::party::UnitRef;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use crate::bundle::YearValue;
use crate::directory::{Directory, by_owner};
use crate::overview::attention;
use crate::plans::PlanId;
use crate::values::Recordable;
use crate::words::{Direction, Nature, Period, PlanState, Status};
use rules::{Latest, Standing, Subject};

tianyuan_kernel::id!(IndicatorId, "indicator", "An indicator of an edition.");

/// An indicator was bound to a platform metric, or unbound.
pub const BOUND: Kind = Kind::new(
    "indicator.bound",
    Log::Directory,
    "绑定平台指标",
    "Indicator bound to a metric",
)
.open(&["plan", "number", "metric"])
.staff();

/// An indicator.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Indicator {
    /// Its id.
    pub id: IndicatorId,
    /// Its edition.
    pub plan_id: PlanId,
    /// Its number.
    pub number: i64,
    /// Official name.
    pub name: String,
    /// English name; may be empty.
    pub name_en: String,
    /// Unit of its values.
    pub unit: String,
    /// What kind of quantity it is.
    pub nature: Nature,
    /// Which way is better.
    pub direction: Direction,
    /// Decimals to show.
    pub decimals: i64,
    /// The responsible units as the plan names them.
    pub units: Vec<UnitRef>,
    /// The last actual value before the plan.
    pub baseline: YearValue,
    /// The targets, by year.
    pub targets: Vec<YearValue>,
    /// The latest value in force.
    pub latest: Option<Latest>,
    /// How it stands against its path.
    pub status: Status,
    /// What the path expects at the latest value's date, in the period it covers.
    pub expected: Option<f64>,
    /// What needs attention, if anything.
    pub attention: Option<Text>,
    /// The platform metric that measures it.
    pub metric: Option<String>,
    /// Grows with every change.
    pub version: i64,
    /// Anybody may see it.
    #[serde(skip)]
    pub public: bool,
    /// Units for authorisation: named ones, groups and members.
    #[serde(skip)]
    pub authority: Vec<String>,
}

impl Resource for Indicator {
    fn entity(&self) -> Entity {
        Entity::new("Indicator", self.id.as_str())
            .of_units(self.authority.iter().cloned())
            .public_if(self.public)
    }
}

impl Indicator {
    /// What the rules of recording need to know.
    #[must_use]
    pub fn recordable(&self) -> Recordable {
        Recordable {
            id: self.id.clone(),
            plan: self.plan_id.clone(),
            unit: self.unit.clone(),
            nature: self.nature,
        }
    }

    /// What the rules of attention need to know.
    #[must_use]
    pub fn facts(&self) -> attention::IndicatorFacts<'_> {
        let standing = self.subject().standing(self.latest.as_ref());
        attention::IndicatorFacts {
            id: self.id.as_str(),
            name: &self.name,
            name_en: &self.name_en,
            unit: &self.unit,
            decimals: self.decimals,
            direction: self.direction,
            baseline_year: self.baseline.year,
            latest: self.latest,
            standing,
        }
    }

    /// What the path expects at a date, of a value that covers this.
    #[must_use]
    pub fn expected_at(&self, at: Date, covers: Period) -> Option<f64> {
        self.subject().expected(at, covers)
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            nature: self.nature,
            direction: self.direction,
            baseline: self.baseline,
            targets: &self.targets,
        }
    }
}

/// Completes stored indicators with units, targets and latest values: three queries, however many.
pub(crate) async fn complete(
    sql: &mut dyn Sql,
    directory: &Directory,
    rows: Vec<store::IndicatorRow>,
    today: Date,
) -> Result<Vec<Indicator>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&IndicatorId> = rows.iter().map(|r| &r.id).collect();
    let units = store::units_of(sql, &ids).await?;
    completed(sql, directory, units, rows, today).await
}

async fn completed(
    sql: &mut dyn Sql,
    directory: &Directory,
    units: Vec<(String, String)>,
    rows: Vec<store::IndicatorRow>,
    today: Date,
) -> Result<Vec<Indicator>> {
    let units = by_owner(units);
    let ids: Vec<&IndicatorId> = rows.iter().map(|r| &r.id).collect();
    let mut targets = store::targets_of(sql, &ids).await?;
    let latest = store::latest_of(sql, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let units = units.get(row.id.as_str()).cloned().unwrap_or_default();
            let targets = targets.remove(row.id.as_str()).unwrap_or_default();
            let latest = latest.get(row.id.as_str()).and_then(|v| rules::latest(v));
            assemble(row, &units, targets, latest, directory, today)
        })
        .collect())
}

fn assemble(
    row: store::IndicatorRow,
    units: &[String],
    targets: Vec<YearValue>,
    latest: Option<Latest>,
    directory: &Directory,
    today: Date,
) -> Indicator {
    let period = row.plan_period;
    let mut indicator = Indicator {
        id: row.id,
        plan_id: row.plan_id,
        number: row.number,
        name: row.name,
        name_en: row.name_en,
        unit: row.unit,
        nature: row.nature,
        direction: row.direction,
        decimals: row.decimals,
        units: directory.refs(units),
        baseline: row.baseline,
        targets,
        latest,
        status: Status::NoData,
        expected: None,
        attention: None,
        metric: row.metric,
        version: row.version,
        public: row.plan_state != PlanState::Draft,
        authority: directory.authority(units),
    };
    let Standing {
        status, expected, ..
    } = indicator.subject().standing(latest.as_ref());
    let attention = attention::indicator(&indicator.facts(), period, today);
    indicator.status = status;
    indicator.expected = expected;
    indicator.attention = attention.map(|a| a.detail);
    indicator
}

/// One indicator, complete.
pub(crate) async fn get(sql: &mut dyn Sql, id: &IndicatorId, today: Date) -> Result<Indicator> {
    let row = store::get(sql, id).await?;
    let units = store::units_of(sql, &[id]).await?;
    let directory = Directory::of(sql, units.iter().map(|(_, unit)| unit)).await?;
    let mut indicators = completed(sql, &directory, units, vec![row], today).await?;
    indicators.pop().ok_or_else(Error::not_found)
}

/// What reading and recording an indicator's values needs to know of it, and no more.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) number: i64,
    pub(crate) name: String,
    to: Recordable,
    public: bool,
    authority: Vec<String>,
}

impl Access {
    fn new(row: store::IndicatorRow, authority: Vec<String>) -> Self {
        Self {
            number: row.number,
            name: row.name,
            to: Recordable {
                id: row.id,
                plan: row.plan_id,
                unit: row.unit,
                nature: row.nature,
            },
            public: row.plan_state != PlanState::Draft,
            authority,
        }
    }

    /// What the rules of recording need to know.
    pub(crate) fn recordable(&self) -> Recordable {
        self.to.clone()
    }
}

impl Resource for Access {
    fn entity(&self) -> Entity {
        Entity::new("Indicator", self.to.id.as_str())
            .of_units(self.authority.iter().cloned())
            .public_if(self.public)
    }
}

/// One indicator, as far as access to it needs.
pub(crate) async fn access(sql: &mut dyn Sql, id: &IndicatorId) -> Result<Access> {
    let row = store::get(sql, id).await?;
    let units = store::units_of(sql, &[id]).await?;
    let units: Vec<String> = units.into_iter().map(|(_, unit)| unit).collect();
    let directory = Directory::of(sql, &units).await?;
    Ok(Access::new(row, directory.authority(&units)))
}

/// One indicator, as far as looking at it needs: what anybody may see needs no units.
pub(crate) async fn access_to_view(sql: &mut dyn Sql, id: &IndicatorId) -> Result<Access> {
    let row = store::get(sql, id).await?;
    if row.plan_state == PlanState::Draft {
        return access(sql, id).await;
    }
    Ok(Access::new(row, Vec::new()))
}

/// Every indicator of an edition, as far as access to it needs.
pub(crate) async fn access_of_plan(
    sql: &mut dyn Sql,
    plan: &crate::plans::Plan,
) -> Result<Vec<Access>> {
    let rows = store::all(sql, &plan.id).await?;
    let ids: Vec<&IndicatorId> = rows.iter().map(|r| &r.id).collect();
    let units = by_owner(store::units_of(sql, &ids).await?);
    let directory = Directory::load(sql).await?;
    let of = |id: &IndicatorId| {
        units
            .get(id.as_str())
            .map(|u| directory.authority(u))
            .unwrap_or_default()
    };
    let authorities: Vec<Vec<String>> = rows.iter().map(|r| of(&r.id)).collect();
    Ok(rows
        .into_iter()
        .zip(authorities)
        .map(|(r, a)| Access::new(r, a))
        .collect())
}
