//! The catalogue as DCAT-AP 3.0.1 (`/catalog.ttl`, `/catalog.jsonld`), so that other portals can
//! harvest it: what anybody may see, and nothing else.

mod graph;
mod write;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;
use tianyuan_kernel::http::routes::Access;
use tianyuan_kernel::prelude::*;

use self::graph::Resource;
use crate::datasets::Dataset;
use crate::datasets::store::{self, Filter, Visible};

/// Entries of one document.
const DATASETS_MAX: usize = 20_000;

/// The routes of the catalogue for machines.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .protocol("GET", "/catalog.ttl", Access::Public, get(turtle))
        .protocol("GET", "/catalog.jsonld", Access::Public, get(json_ld))
}

async fn open_datasets(app: &App) -> Result<Vec<Dataset>> {
    let (mut all, mut page) = (Vec::new(), Page::default());
    page.limit = 200;
    let stranger = Visible::default();
    let mut sql = app.db().read().await?;
    loop {
        let rows = store::list(&mut sql, &stranger, &Filter::default(), &page).await?;
        let more = rows.len() > 200;
        all.extend(rows.into_iter().take(200));
        let Some(last) = all.last().filter(|_| more && all.len() < DATASETS_MAX) else {
            return Ok(all);
        };
        page = Page::following(200, vec![last.id.as_str().into()]);
    }
}

async fn document(app: &App) -> Result<Vec<Resource>> {
    let datasets = open_datasets(app).await?;
    let base = base(app);
    let node = &app.config().node;
    let name = Text::of(node.name_zh.clone(), node.name_en.clone());
    Ok(graph::catalogue(&base, &name, &datasets))
}

/// Where the node is reached.
pub(crate) fn base(app: &App) -> String {
    let server = &app.config().server;
    match &server.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", server.listen),
    }
}

async fn turtle(State(app): State<App>) -> Result<Response> {
    let text = write::turtle(&document(&app).await?);
    Ok(([(header::CONTENT_TYPE, "text/turtle; charset=utf-8")], text).into_response())
}

async fn json_ld(State(app): State<App>) -> Result<Response> {
    let text = write::json_ld(&document(&app).await?)?;
    Ok(([(header::CONTENT_TYPE, "application/ld+json")], text).into_response())
}
