//! `/metrics`, and the numbers indicators can be bound to.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use serde::Serialize;
use utoipa_axum::routes;

use super::exposition::expose;
use crate::App;
use crate::authority::{Action, Entity};
use crate::error::{Problems, Result};
use crate::http::list::PageParams;
use crate::http::routes::{Access, Routes};
use crate::http::{Ctx, List, Page};
use crate::text::Text;

pub(crate) fn router() -> Routes {
    let scrape = axum::routing::get(scrape);
    Routes::new().signed_in(routes!(platform_metrics)).protocol(
        "GET",
        "/metrics",
        Access::SignedIn,
        scrape,
    )
}

async fn scrape(ctx: Ctx, headers: HeaderMap, State(app): State<App>) -> Result<Response> {
    ctx.allow(Action::View, &Entity::new("Node", "metrics"))?;
    app.metrics().refresh(&app).await?;
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let (media, text) = expose(&app.metrics().registry, accept.unwrap_or_default())?;
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

/// A number an indicator can be bound to.
#[derive(Serialize, utoipa::ToSchema)]
struct PlatformMetric {
    /// Its name.
    name: &'static str,
    /// Words for people.
    title: Text,
    /// Its unit.
    unit: &'static str,
}

/// Lists the numbers the platform measures by itself, for indicators to be bound to.
#[utoipa::path(get, path = "/api/v1/metrics/platform", tag = "node", params(PageParams),
    responses((status = 200, body = List<PlatformMetric>), Problems))]
async fn platform_metrics(
    ctx: Ctx,
    page: Page,
    State(app): State<App>,
) -> Result<List<PlatformMetric>> {
    ctx.allow(Action::View, &Entity::all("Indicator"))?;
    let all = app
        .metrics()
        .sources()
        .map(|s| PlatformMetric {
            name: s.name,
            title: s.title.into(),
            unit: s.unit,
        })
        .collect();
    Ok(List::of_all(all, &page))
}
