//! Taking an edition out: as a workbook that reads back unchanged.

use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;

use super::Plan;
use super::load::{Units, load};
use crate::bundle::PlanBundle;
use crate::workbook::write;

/// Media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The workbook of an edition.
pub(crate) async fn workbook(sql: &mut dyn Sql, plan: &Plan) -> Result<Vec<u8>> {
    let bundle = load(sql, plan, Units::All).await?;
    write::workbook(&bundle)
}

/// An empty workbook with the units that are known, and columns for the targets of `year` and the
/// year after.
pub(crate) async fn template(sql: &mut dyn Sql, year: i64) -> Result<Vec<u8>> {
    let directory = crate::directory::Directory::load(sql).await?;
    let units = super::load::all_units(&directory);
    write::template(
        &PlanBundle {
            units,
            ..PlanBundle::default()
        },
        year,
    )
}
