//! Opened rows (公共数据开放规模): how many rows anybody may have now, as a number the plan's
//! indicator is bound to, and the datasets behind it, for whoever checks the number.

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use tianyuan_kernel::journal::Text2;
use tianyuan_kernel::metrics::MetricSource;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::datasets::{Dataset, store};

/// Rows in the current version of each dataset now open, one version each, samples excluded.
pub const OPEN_ROWS: MetricSource = MetricSource {
    name: "chain.open_rows",
    title: Text2 {
        zh: "公共数据开放规模",
        en: "Opened public data",
    },
    unit: "万条",
    measure: in_ten_thousands,
};

fn in_ten_thousands(app: &App) -> BoxFuture<'_, Result<f64>> {
    Box::pin(async move {
        let rows = store::open_rows_sum(&mut app.db().read().await?).await?;
        Ok(rows as f64 / 10_000.0)
    })
}

/// The routes of opened rows.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().public(routes!(list_open_rows))
}

/// A dataset behind the number.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenDataset {
    /// Its id.
    pub id: String,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// The provider's name.
    pub unit: String,
    /// Number of its current version.
    pub version: i64,
    /// Rows of that version.
    pub rows: i64,
    /// When it was published.
    pub published_at: Micros,
}

/// The datasets whose rows count as opened now; their rows add up to the metric
/// `chain.open_rows`.
#[utoipa::path(get, path = "/api/v1/open-rows", tag = "chain", params(PageParams),
    responses((status = 200, body = List<OpenDataset>), Problems))]
async fn list_open_rows(ctx: Ctx, page: Page) -> Result<Json<List<OpenDataset>>> {
    let rows = store::open_rows(&mut ctx.read().await?, &page).await?;
    let key = |d: &Dataset| vec![Value::from(d.id.as_str())];
    let view = |d: Dataset| {
        let current = d.current.as_ref();
        OpenDataset {
            version: current.map_or(0, |c| c.number),
            rows: current.map_or(0, |c| c.rows),
            published_at: current.map_or(d.updated_at, |c| c.published_at),
            id: d.id.to_string(),
            code: d.code,
            title: d.profile.title,
            unit: d.unit.name,
        }
    };
    Ok(Json(List::build(rows, &page, key, view)))
}
