//! The ledgers over HTTP: C2SP tlog-tiles under `/ledger/`, the list, and receipts.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderName, StatusCode, header};
use serde::Serialize;
use tianyuan_kernel::http::events::fact_entity;
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::{Access, Routes};
use tianyuan_kernel::journal::Log;
use tianyuan_kernel::prelude::{
    Action, Ctx, Error, FactId, Json, List, Micros, Page, PageParams, PathId, Problems, Result,
};
use tianyuan_kernel::{App, Text};
use tianyuan_ledger::tiles::TilePath;
use tianyuan_ledger::witness::REQUEST_SIZE_MAX;
use utoipa_axum::routes;

use super::open::Ledgers;
use super::receipt::{self, Receipt};
use super::records::from_ledger;
use super::{entity, named, store, witness};

const TEXT: &str = "text/plain; charset=utf-8";
/// Checkpoints change from one moment to the next.
const FRESH: &str = "no-cache";
/// A tile of a given width never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub(crate) fn routes() -> Routes {
    let open = Access::Public;
    Routes::new()
        .public(routes!(list_ledgers))
        .signed_in(routes!(fact_receipt))
        .protocol("GET", "/ledger/keys", open, get(keys))
        .protocol("GET", "/ledger/witness/key", open, get(witness_key))
        .protocol(
            "POST",
            "/ledger/witness/add-checkpoint",
            open,
            post(add_checkpoint),
        )
        .protocol("GET", "/ledger/{log}/checkpoint", open, get(checkpoint))
        .protocol("GET", "/ledger/{log}/tile/{*path}", open, get(tile))
}

/// A ledger as anybody sees it.
#[derive(Serialize, utoipa::ToSchema)]
struct LedgerInfo {
    /// Its name in addresses.
    name: Log,
    /// The plan's name for it.
    title: Text,
    /// Its origin: the name its keys sign under.
    origin: String,
    /// Entries integrated.
    size: u64,
    /// Root of their tree, base64.
    root: String,
    /// When the tree last grew.
    integrated_at: Option<Micros>,
    /// Entries under the published checkpoint.
    checkpoint_size: u64,
    /// Witnesses whose cosignature the published checkpoint carries.
    witnessed_by: Vec<String>,
    /// Why checkpoints are not being signed at present.
    problem: Option<Text>,
}

/// The five ledgers, their sizes and roots.
#[utoipa::path(get, path = "/api/v1/ledgers", tag = "chain", params(PageParams),
    responses((status = 200, body = List<LedgerInfo>), Problems))]
async fn list_ledgers(State(app): State<App>, page: Page) -> Result<Json<List<LedgerInfo>>> {
    let mut items = Vec::new();
    for ledger in app.get::<Ledgers>()?.all(&app).await? {
        let origin = ledger.tlog.origin();
        let row = store::by_origin(&mut app.db().read().await?, origin).await?;
        let note = ledger.tlog.published().await.map_err(from_ledger)?;
        let names = note.iter().flat_map(|note| &note.signatures);
        let names = names.filter(|s| s.name != origin).map(|s| s.name.clone());
        items.push(LedgerInfo {
            name: row.log,
            title: row.log.title(),
            size: row.tree.size,
            root: row.tree.root.to_string(),
            integrated_at: row.integrated_at,
            checkpoint_size: row.checkpoint_size,
            witnessed_by: names.collect(),
            problem: ledger.problem(),
            origin: row.origin,
        });
    }
    Ok(Json(List::of_all(items, &page)))
}

/// The receipt of a fact: what a stranger needs to check offline that it stands in its ledger.
#[utoipa::path(get, path = "/api/v1/facts/{id}/receipt", tag = "chain",
    params(("id" = String, Path, description = "The fact")),
    responses((status = 200, body = Receipt), Problems))]
async fn fact_receipt(ctx: Ctx, PathId(id): PathId<FactId>) -> Result<Json<Receipt>> {
    let fact = receipt::fact_of(&ctx.app, &id).await?;
    ctx.allow(Action::View, &fact_entity(&ctx.app, &fact))?;
    receipt::make(&ctx.app, &fact).await.map(Json)
}

fn plain(cache: &'static str, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, cache)];
    (headers, shared(), text).into_response()
}

/// What is public may be read from other origins too: verifiers run in browsers.
fn shared() -> [(HeaderName, &'static str); 2] {
    [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ]
}

/// The verifier keys of the five ledgers, one a line; a second line for a ledger with two keys.
async fn keys(State(app): State<App>) -> Result<Response> {
    super::cli::keys_export(&app)
        .await
        .map(|lines| plain(FRESH, lines))
}

async fn checkpoint(State(app): State<App>, Path(log): Path<String>) -> Result<Response> {
    let log = named(&log).ok_or_else(Error::not_found)?;
    let ledger = app.get::<Ledgers>()?.one(&app, log).await?;
    let note = ledger.tlog.published().await.map_err(from_ledger)?;
    let note = note.ok_or_else(Error::not_found)?;
    Ok(plain(FRESH, note.to_string()))
}

async fn tile(
    State(app): State<App>,
    Path((log, path)): Path<(String, String)>,
) -> Result<Response> {
    let log = named(&log).ok_or_else(Error::not_found)?;
    debug_assert!(entity(log).public);
    // Only addresses of tiles reach the store, so no path leads out of it.
    let path: TilePath = format!("tile/{path}")
        .parse()
        .map_err(|_| Error::not_found())?;
    let ledger = app.get::<Ledgers>()?.one(&app, log).await?;
    let found = ledger.tlog.tiles().get(&path.to_string()).await;
    let bytes = found.map_err(from_ledger)?.ok_or_else(Error::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, FOR_EVER),
    ];
    Ok((headers, shared(), bytes).into_response())
}

/// The key of this node as a witness.
async fn witness_key(State(app): State<App>) -> Result<Response> {
    let witness = witness::ours(&app).await?.ok_or_else(Error::not_found)?;
    Ok(plain(FRESH, format!("{}\n", witness.verifier())))
}

/// `add-checkpoint` of c2sp.org/tlog-witness.
async fn add_checkpoint(State(app): State<App>, request: Request) -> Result<Response> {
    let body = read_body(request, REQUEST_SIZE_MAX).await?;
    let Some(answer) = witness::answer(&app, &body).await? else {
        let words = "this node witnesses no logs\n";
        return Ok((StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, TEXT)], words).into_response());
    };
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let media = [(header::CONTENT_TYPE, answer.content_type)];
    Ok((status, media, answer.body).into_response())
}
