//! Parquet by signed address: a version of a table, materialised through the gate in the form its
//! asker may have, footer and statistics included, so that DuckDB and pyarrow read it remotely.
//!
//! An address is short-lived, bound to its asker, version and form, and dead as soon as they
//! would no longer get that form. The node keeps no list of addresses.

use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore as _};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tianyuan_kernel::http::Access;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use crate::engine::Caller;
use crate::failure::{of_query, of_store};
use crate::gate::{Gated, open};
use crate::query::Asker;
use crate::query::api::purpose;
use crate::supervision::{self, Exit, Release};
use crate::tables::{StoredFile, VersionId, store};
use crate::{Lake, Options, stage};

/// The routes of files.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().public(routes!(create_file_link)).protocol(
        "GET",
        "/files/{token}/{name}",
        Access::Public,
        get(download).head(download),
    )
}

/// What an address is wanted for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileLinkRequest {
    /// A version's id; the current one when absent.
    #[serde(default)]
    version: Option<String>,
    /// What the rows are for; stands in the supervision ledger.
    #[serde(default)]
    purpose: Option<String>,
}

/// A signed address.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileLink {
    /// The address, from the node's root.
    path: String,
    /// The whole address, where the node knows its own.
    url: Option<String>,
    /// Until when it is good.
    expires_at: Micros,
    /// SHA-256 of the file.
    sha256: String,
    /// Its size.
    size_bytes: i64,
    /// The version it is of.
    version: VersionId,
}

/// What an address says, under the node's signature.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ticket {
    /// Table.
    t: String,
    /// Version.
    v: String,
    /// Form.
    f: String,
    /// Asker.
    w: Option<String>,
    /// Purpose.
    p: String,
    /// Until, in seconds.
    e: i64,
}

/// Makes a short-lived address of a dataset's rows as one Parquet file, in the form the caller
/// may have them. It takes `HEAD` and `Range`.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/file-links", tag = "lake",
    params(("id" = String, Path)), request_body = FileLinkRequest,
    responses((status = 201, body = FileLink), Problems))]
async fn create_file_link(
    State(app): State<App>,
    ctx: Ctx,
    UrlPath(id): UrlPath<String>,
    Json(request): Json<FileLinkRequest>,
) -> Result<(StatusCode, Json<FileLink>)> {
    let asker = Asker {
        who: ctx.who.clone(),
        address: ctx.address,
        purpose: purpose(request.purpose)?,
        exit: Exit::FILE,
    };
    let version = request.version.map(|v| v.parse::<VersionId>());
    let version = version.transpose().map_err(|_| Error::not_found())?;
    if id.contains('\0') {
        return Err(Error::not_found());
    }
    let gated = open(&app, &asker.who, &asker.purpose, &id, version.as_ref()).await?;
    let gated = gated.ok_or_else(Error::not_found)?.without_row_ids();
    let file = materialised(&app, &asker, &gated).await?;
    // The address is a key to the rows: who holds one is told before they hold it.
    let release = Release {
        tables: vec![&gated],
        sql: None,
    };
    supervision::note(&app, &asker, &release).await?;
    let minutes = i64::from(app.config().lake.file_minutes);
    let expires_at = app.now().plus_seconds(minutes * 60);
    let ticket = Ticket {
        t: gated.table.id.clone(),
        v: gated.version.id.to_string(),
        f: gated.form(),
        w: asker.who.id.clone(),
        p: asker.purpose.clone(),
        e: expires_at.0 / 1_000_000,
    };
    let path = format!(
        "/files/{}/{}-v{}.parquet",
        seal(&app, &ticket)?,
        gated.table.name,
        gated.version.number
    );
    let public = app.config().server.public_url.as_ref();
    let url = public.and_then(|url| url.join(&path).ok());
    let link = FileLink {
        url: url.map(String::from),
        path,
        expires_at,
        sha256: file.sha256,
        size_bytes: file.size_bytes,
        version: gated.version.id.clone(),
    };
    Ok((StatusCode::CREATED, Json(link)))
}

/// The file of a version in a form; made when it is not there yet, one at a time.
///
/// # Errors
/// What the engine or the store say.
pub async fn materialised(app: &App, asker: &Asker, gated: &Gated) -> Result<StoredFile> {
    let (version, form) = (&gated.version.id, gated.form());
    let there = store::released(&mut app.db().read().await?, version, &form).await?;
    if let Some(file) = there {
        return Ok(file);
    }
    let lake = app.get::<Lake>()?;
    let caller = Caller {
        who: &asker.who,
        address: asker.address,
    };
    let _place = lake.place(app, &caller)?;
    let _one_at_a_time = lake.materialising.lock().await;
    let there = store::released(&mut app.db().read().await?, version, &form).await?;
    if let Some(file) = there {
        return Ok(file);
    }
    let context = lake.session(app, [gated.clone()])?;
    let name = datafusion::common::TableReference::bare(gated.table.name.clone());
    let (task, own) = (context.task_ctx(), app.clone());
    let work = async move {
        let frame = context.table(name).await.map_err(of_query)?;
        let plan = frame.create_physical_plan().await.map_err(of_query)?;
        let batches = execute_stream(plan, task).map_err(of_query)?;
        let options = Options {
            one_file: true,
            numbered: false,
            ..Options::default()
        };
        stage(&own, batches.schema(), batches.map_err(of_query), options).await
    };
    let staged = lake.spawn(app, work)?.join().await??;
    let file = staged.files.into_iter().next();
    let file = file.ok_or_else(|| of_store("nothing was written"))?;
    let mut tx = Tx::begin(app, None).await?;
    store::keep_released(&mut tx, version, &form, &file).await?;
    tx.commit().await?;
    let kept = store::released(&mut app.db().read().await?, version, &form).await?;
    kept.ok_or_else(|| of_store("a materialised file vanished"))
}

fn seal(app: &App, ticket: &Ticket) -> Result<String> {
    let said = serde_json::to_vec(ticket)?;
    let signature = app.get::<Lake>()?.keys(app)?.sign(&said);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(format!("{}.{}", encode(&said), encode(&signature)))
}

/// Reads an address; `None` when it is not ours, or no longer good.
fn unseal(app: &App, token: &str) -> Result<Option<Ticket>> {
    let parts = token.split_once('.').and_then(|(said, signature)| {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        Some((decode(said)?, decode(signature)?))
    });
    let Some((said, signature)) = parts else {
        return Ok(None);
    };
    let right = app.get::<Lake>()?.keys(app)?.sign(&said);
    if !bool::from(right.as_slice().ct_eq(&signature)) {
        return Ok(None);
    }
    let ticket: Option<Ticket> = serde_json::from_slice(&said).ok();
    Ok(ticket.filter(|ticket| app.now().0 / 1_000_000 < ticket.e))
}

async fn download(
    State(app): State<App>,
    ctx: Ctx,
    method: Method,
    UrlPath((token, _name)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    let ticket = unseal(&app, &token)?.ok_or_else(Error::not_found)?;
    let who = match &ticket.w {
        None => Some(Principal::anonymous()),
        Some(id) => app.authority().person(&app, id).await?,
    };
    let who = who.ok_or_else(Error::not_found)?;
    let version = VersionId::from_stored(ticket.v);
    let gated = open(&app, &who, &ticket.p, &ticket.t, Some(&version)).await?;
    let gated = gated.map(Gated::without_row_ids);
    let gated = gated.filter(|gated| gated.form() == ticket.f);
    let gated = gated.ok_or_else(Error::not_found)?;
    let file = store::released(&mut app.db().read().await?, &version, &ticket.f).await?;
    let file = file.ok_or_else(Error::not_found)?;
    let size = u64::try_from(file.size_bytes).unwrap_or_default();
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let range = match asked.map(|asked| range(asked, size)) {
        Some(Asked::Nowhere) => return Ok(nowhere(size)),
        Some(Asked::Part(from, until)) => Some((from, until)),
        Some(Asked::Whole) | None => None,
    };
    let mut response = if method == Method::HEAD {
        Response::new(Body::empty())
    } else {
        let asker = Asker {
            who,
            address: ctx.address,
            purpose: ticket.p,
            exit: Exit::FILE,
        };
        let release = Release {
            tables: vec![&gated],
            sql: None,
        };
        supervision::note(&app, &asker, &release).await?;
        Response::new(body(&app, &file, range).await?)
    };
    describe(&mut response, &file, size, range)?;
    Ok(response)
}

async fn body(app: &App, file: &StoredFile, range: Option<(u64, u64)>) -> Result<Body> {
    let options = GetOptions {
        range: range.map(|(from, until)| GetRange::Bounded(from..until)),
        ..GetOptions::default()
    };
    let path = Path::from(file.object_key.as_str());
    let got = app.files().store().get_opts(&path, options).await;
    Ok(Body::from_stream(got.map_err(of_store)?.into_stream()))
}

fn describe(
    response: &mut Response,
    file: &StoredFile,
    size: u64,
    range: Option<(u64, u64)>,
) -> Result<()> {
    let value = |text: String| HeaderValue::from_str(&text).map_err(Error::internal);
    let length = range.map_or(size, |(from, until)| until - from);
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    if let Some((from, until)) = range {
        let told = format!("bytes {from}-{}/{size}", until - 1);
        headers.insert(header::CONTENT_RANGE, value(told)?);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ETAG, value(format!("\"{}\"", file.sha256))?);
    for (name, text) in [
        (header::CONTENT_TYPE, "application/vnd.apache.parquet"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(text));
    }
    Ok(())
}

fn nowhere(size: u64) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of it: no range, several, or one we do not read.
    Whole,
    /// From, and until before.
    Part(u64, u64),
    /// Beyond the end.
    Nowhere,
}

/// Reads a `Range` header (RFC 9110, 14.2): one range of bytes.
fn range(header: &str, size: u64) -> Asked {
    let Some(spec) = header.trim().strip_prefix("bytes=") else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Asked::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(0) => Asked::Nowhere,
            Some(n) if size > 0 => Asked::Part(size.saturating_sub(n), size),
            Some(_) => Asked::Nowhere,
            None => Asked::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(from), _) if from >= size => Asked::Nowhere,
            (Some(from), None) if last.is_empty() => Asked::Part(from, size),
            (Some(from), Some(to)) if to >= from => Asked::Part(from, to.min(size - 1) + 1),
            _ => Asked::Whole,
        },
    }
}

#[cfg(test)]
mod tests;
