//! SQL of datasets.

use tianyuan_kernel::party::{UnitId, UnitRef};
use tianyuan_kernel::prelude::*;

use super::{Current, Dataset, DatasetId, Profile};
use crate::words::{DatasetState, Opening, Sharing};

const DATASET: &str = "SELECT d.id AS id, d.code AS code, d.state AS state, \
    d.unit_id AS unit_id, u.name AS unit_name, d.profile AS profile, \
    d.current_number AS current_number, d.current_rows AS current_rows, \
    d.current_bytes AS current_bytes, d.current_at AS current_at, d.quality AS quality, \
    d.created_at AS created_at, d.updated_at AS updated_at, d.published_at AS published_at, \
    d.revision AS revision, d.version AS version \
    FROM chain_datasets d JOIN units u ON u.id = d.unit_id";

fn dataset(row: &Row) -> Result<Dataset> {
    let profile: Profile = serde_json::from_str(&row.text("profile")?)?;
    let state = DatasetState::read(&row.text("state")?);
    let current = match row.int_opt("current_number")? {
        None => None,
        Some(number) => Some(Current {
            number,
            rows: row.int("current_rows")?,
            size_bytes: row.int("current_bytes")?,
            published_at: row.time("current_at")?,
            quality: row.real_opt("quality")?,
        }),
    };
    Ok(Dataset {
        id: DatasetId::from_stored(row.text("id")?),
        code: row.text("code")?,
        state: state.ok_or_else(|| Error::internal("unknown state of a dataset"))?,
        unit: UnitRef {
            id: UnitId::from_stored(row.text("unit_id")?),
            name: row.text("unit_name")?,
        },
        profile,
        current,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        published_at: row.time_opt("published_at")?,
        version: row.int("version")?,
        revision: row.int("revision")?,
    })
}

/// Which entries a caller may see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visible {
    /// All of them.
    pub(crate) all: bool,
    /// Everything in the catalogue, also what is not open.
    pub(crate) catalogue: bool,
    /// Everything of these units.
    pub(crate) units: Vec<String>,
}

impl Visible {
    /// What this caller may see, by the policies.
    pub(crate) fn to(ctx: &Ctx) -> Self {
        let may = |audience| ctx.can(Action::View, &Entity::all("Dataset").for_audience(audience));
        let units = ctx.who.grants.iter().filter_map(|g| g.unit.clone());
        Self {
            all: may(Audience::Auditors),
            catalogue: may(Audience::Staff),
            units: units.collect(),
        }
    }

    pub(crate) fn narrow(&self, select: Select) -> Select {
        if self.all {
            return select;
        }
        // Whoever reports for more units than this sees the rest once it is published.
        let mut units: Vec<Arg> = self.units.iter().take(8).map(Arg::from).collect();
        units.resize(8, Arg::from(""));
        let condition = if self.catalogue {
            "(d.state = 'published' OR d.unit_id IN (?, ?, ?, ?, ?, ?, ?, ?))"
        } else {
            "((d.state = 'published' AND d.opening <> 'none') \
             OR d.unit_id IN (?, ?, ?, ?, ?, ?, ?, ?))"
        };
        select.and_all(condition, units)
    }
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) words: Option<String>,
    pub(crate) state: Option<DatasetState>,
    pub(crate) unit: Option<String>,
    pub(crate) opening: Option<Opening>,
    pub(crate) sharing: Option<Sharing>,
}

/// One page of the entries a caller may see, the newest first.
pub(crate) async fn list(
    sql: &mut dyn Sql,
    visible: &Visible,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<Dataset>> {
    let select = visible
        .narrow(Select::new(DATASET))
        .and_opt("d.state = ?", filter.state.map(DatasetState::as_str))
        .and_opt("d.unit_id = ?", filter.unit.as_deref())
        .and_opt("d.opening = ?", filter.opening.map(Opening::as_str))
        .and_opt("d.sharing = ?", filter.sharing.map(Sharing::as_str))
        .and_contains(&["d.title", "d.code"], filter.words.as_deref())
        .page(page, &["d.id"], true, "d.id DESC");
    sql.select(select).await?.iter().map(dataset).collect()
}

/// One entry by id or code, `None` when there is none.
pub(crate) async fn find(sql: &mut dyn Sql, key: &str) -> Result<Option<Dataset>> {
    // A path may hold what no database stores.
    if key.contains('\0') {
        return Ok(None);
    }
    let column = if key.starts_with("dataset_") && key.len() == 34 {
        "d.id = ?"
    } else {
        "d.code = ?"
    };
    let rows = sql.select(Select::new(DATASET).and(column, key)).await?;
    rows.first().map(dataset).transpose()
}

/// One entry by id or code.
pub(crate) async fn get(sql: &mut dyn Sql, key: &str) -> Result<Dataset> {
    find(sql, key).await?.ok_or_else(Error::not_found)
}

/// Entries that changed after a revision, in order; at most `most`.
pub(crate) async fn changed(sql: &mut dyn Sql, after: i64, most: i64) -> Result<Vec<Dataset>> {
    let select = Select::new(DATASET)
        .and("d.revision > ?", after)
        .order_by("d.revision")
        .limit(most);
    sql.select(select).await?.iter().map(dataset).collect()
}

/// How many changes the catalogue has seen.
pub(crate) async fn revision(sql: &mut dyn Sql) -> Result<i64> {
    let select = "SELECT revision FROM chain_catalogue WHERE id = 1";
    sql.one(select, args![]).await?.int("revision")
}

/// How many entries there are.
pub(crate) async fn count(sql: &mut dyn Sql) -> Result<i64> {
    let select = "SELECT CAST(COUNT(1) AS BIGINT) AS n FROM chain_datasets";
    sql.one(select, args![]).await?.int("n")
}

/// True when the code is taken.
pub(crate) async fn has_code(sql: &mut dyn Sql, code: &str) -> Result<bool> {
    let select = "SELECT id FROM chain_datasets WHERE code = $1";
    Ok(sql.optional(select, args![code]).await?.is_some())
}

/// The next place in the order of changes; holds the others back until this one is committed.
pub(crate) async fn next_revision(sql: &mut dyn Sql) -> Result<i64> {
    let update =
        "UPDATE chain_catalogue SET revision = revision + 1 WHERE id = 1 RETURNING revision";
    sql.one(update, args![]).await?.int("revision")
}

/// Stores a new entry.
pub(crate) async fn insert(sql: &mut dyn Sql, d: &Dataset, by: Option<&str>) -> Result<()> {
    let insert = "INSERT INTO chain_datasets (id, code, state, unit_id, title, sharing, opening, \
        sample, profile, created_at, created_by, updated_at, published_at, revision, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let p = &d.profile;
    let args = args![
        &d.id,
        &d.code,
        d.state.as_str(),
        &p.unit_id,
        &p.title,
        p.sharing.as_str(),
        p.opening.as_str(),
        i64::from(p.sample),
        serde_json::to_string(p)?,
        d.created_at,
        by,
        d.updated_at,
        d.published_at,
        d.revision,
        d.version,
    ];
    sql.execute(insert, args).await.map(|_| ())
}

/// Changes an entry whose version is still `d.version`; moves both versions on.
pub(crate) async fn update(tx: &mut Tx, d: &mut Dataset) -> Result<()> {
    d.revision = next_revision(tx).await?;
    d.updated_at = tx.now();
    let update = "UPDATE chain_datasets SET state = $3, unit_id = $4, title = $5, sharing = $6, \
        opening = $7, sample = $8, profile = $9, updated_at = $10, published_at = $11, \
        revision = $12, version = version + 1 WHERE id = $1 AND version = $2";
    let p = &d.profile;
    let args = args![
        &d.id,
        d.version,
        d.state.as_str(),
        &p.unit_id,
        &p.title,
        p.sharing.as_str(),
        p.opening.as_str(),
        i64::from(p.sample),
        serde_json::to_string(p)?,
        d.updated_at,
        d.published_at,
        d.revision,
    ];
    if tx.execute(update, args).await? != 1 {
        return Err(Error::precondition_failed());
    }
    d.version += 1;
    Ok(())
}

/// Notes which rows stand now.
pub(crate) async fn set_current(tx: &mut Tx, d: &mut Dataset, current: &Current) -> Result<()> {
    d.revision = next_revision(tx).await?;
    d.updated_at = tx.now();
    let update = "UPDATE chain_datasets SET current_number = $3, current_rows = $4, \
        current_bytes = $5, current_at = $6, quality = $7, updated_at = $8, revision = $9, \
        version = version + 1 WHERE id = $1 AND version = $2";
    let args = args![
        &d.id,
        d.version,
        current.number,
        current.rows,
        current.size_bytes,
        current.published_at,
        current.quality,
        d.updated_at,
        d.revision,
    ];
    if tx.execute(update, args).await? != 1 {
        return Err(Error::precondition_failed());
    }
    d.version += 1;
    d.current = Some(current.clone());
    Ok(())
}

/// Datasets whose rows anybody may have now, samples left out: code, title, unit, version, rows.
pub(crate) async fn open_rows(sql: &mut dyn Sql, page: &Page) -> Result<Vec<Dataset>> {
    let select = Select::new(DATASET)
        .and("d.state = ?", "published")
        .and("d.opening = ?", "unconditional")
        .and("d.sample = ?", 0_i64)
        .and("d.current_rows > ?", 0_i64)
        .page(page, &["d.id"], false, "d.id");
    sql.select(select).await?.iter().map(dataset).collect()
}

/// Rows that anybody may have now, samples left out.
pub(crate) async fn open_rows_sum(sql: &mut dyn Sql) -> Result<i64> {
    let select = "SELECT CAST(COALESCE(SUM(current_rows), 0) AS BIGINT) AS n FROM chain_datasets \
        WHERE state = 'published' AND opening = 'unconditional' AND sample = 0";
    sql.one(select, args![]).await?.int("n")
}
