//! Uploads over HTTP.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::jobs;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    BEGUN, ColumnField, DISCARDED, FILE_BYTES_MAX, Found, LOAD, LOADING, PIECE_BYTES_MAX, Payload,
    READ, RECEIVED, REREAD, UNDER_WAY_MAX, Upload, UploadId, UploadState, Wanted, pieces, places,
    seen, store,
};
use crate::datasets::{self, Dataset, Field, fields};
use crate::reading::{Layout, format_of};
use crate::words::DatasetState;

/// The routes of uploads.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_uploads, begin_upload))
        .signed_in(routes!(get_upload, discard_upload))
        .signed_in(routes!(send_piece))
        .signed_in(routes!(read_again))
        .signed_in(routes!(load_upload))
        .signed_in(routes!(rejected_rows))
}

/// A file about to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// Its name; the ending tells its format.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its size.
    #[schema(minimum = 1, maximum = 8_589_934_592_i64)]
    pub size_bytes: i64,
}

/// The uploads of a dataset, the newest first.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/uploads", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), PageParams),
    responses((status = 200, body = List<Upload>), Problems))]
async fn list_uploads(
    ctx: Ctx,
    PathId(id): PathId<String>,
    page: Page,
) -> Result<Json<List<Upload>>> {
    let mut sql = ctx.read().await?;
    let dataset = datasets::store::get(&mut sql, &id).await?;
    ctx.allow(Action::Import, &dataset)?;
    let rows = store::list(&mut sql, &dataset.id, &page).await?;
    let key = |u: &Upload| vec![Value::from(u.id.as_str())];
    let view = |upload| seen::without_values(&ctx, upload);
    Ok(Json(List::build(rows, &page, key, view)))
}

/// Announces a file; its pieces follow by `PUT …/content?offset=`.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/uploads", tag = "chain",
    params(("id" = String, Path, description = "Id or code")), request_body = NewUpload,
    responses((status = 201, body = Upload), Problems))]
async fn begin_upload(
    ctx: Ctx,
    PathId(id): PathId<String>,
    Json(input): Json<NewUpload>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let dataset = datasets::store::get(&mut tx, &id).await?;
    ctx.allow(Action::Import, &dataset)?;
    let upload = begin(&mut tx, &dataset, input).await?;
    tx.answer(StatusCode::CREATED, &upload).await
}

pub(crate) async fn begin(tx: &mut Tx, dataset: &Dataset, input: NewUpload) -> Result<Upload> {
    let chars = input.name.chars().count();
    if !(1..=200).contains(&chars) {
        let words = Text::new(
            "文件名为 1 到 200 个字符。",
            "A name has 1 to 200 characters.",
        );
        return Err(Error::invalid("too_long", "name", words));
    }
    if !(1..=FILE_BYTES_MAX).contains(&input.size_bytes) {
        let limit = FILE_BYTES_MAX >> 30;
        let words = text!(
            "文件不能为空，最大 {limit} GiB。",
            "A file is not empty and at most {limit} GiB."
        );
        return Err(Error::invalid("size_bytes", "size_bytes", words));
    }
    // Fail before gigabytes are sent; the bytes decide later.
    let head: &[u8] = if input.name.to_lowercase().ends_with(".parquet") {
        b"PAR1"
    } else {
        b""
    };
    format_of(&input.name, head)?;
    if store::under_way(tx, &dataset.id).await? >= UNDER_WAY_MAX {
        let words = text!(
            "这个数据集已有 {UNDER_WAY_MAX} 个未完成的上传，请先完成或放弃一些。",
            "This dataset has {UNDER_WAY_MAX} uploads under way; finish or discard some."
        );
        return Err(Error::conflict("uploads_too_many", words));
    }
    let upload = Upload {
        id: UploadId::new(tx.app()),
        dataset_id: dataset.id.clone(),
        name: input.name,
        size_bytes: input.size_bytes,
        received_bytes: 0,
        state: UploadState::Receiving,
        found: None,
        wanted: None,
        checked: None,
        problem: None,
        version_number: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        rejects_key: None,
        created_by: tx.actor().map(str::to_owned),
    };
    let by = tx.actor().map(str::to_owned);
    store::insert(tx, &upload, by.as_deref()).await?;
    let fact =
        json!({ "dataset": dataset.id, "name": upload.name, "size_bytes": upload.size_bytes });
    tx.record(&BEGUN, upload.id.as_str(), &fact).await?;
    Ok(upload)
}

async fn of(ctx: &Ctx, sql: &mut dyn Sql, id: &UploadId) -> Result<(Upload, Dataset)> {
    let upload = store::get(sql, id).await?;
    let dataset = datasets::store::get(sql, upload.dataset_id.as_str()).await?;
    if !ctx.can(Action::Import, &dataset) {
        return Err(Error::hidden("Import", "Dataset", dataset.id.as_str()));
    }
    Ok((upload, dataset))
}

/// One upload: how much has arrived, what was found, what was checked.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "chain", params(("id" = UploadId, Path)),
    responses((status = 200, body = Upload), Problems))]
async fn get_upload(ctx: Ctx, PathId(id): PathId<UploadId>) -> Result<Json<Upload>> {
    let (upload, dataset) = of(&ctx, &mut ctx.read().await?, &id).await?;
    Ok(Json(seen::with_values(&ctx, &dataset, upload).await?))
}

/// Where a piece begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PieceAt {
    /// First byte of the piece: what has arrived so far.
    #[param(minimum = 0)]
    offset: i64,
}

/// Bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Piece(#[expect(dead_code, reason = "its schema is all that matters")] Vec<u8>);

/// Sends the next piece, at most 16 MiB. A piece that begins elsewhere than where the last one
/// ended is refused with 409 and the place: that is how an upload resumes. With the last piece
/// the file is read.
#[utoipa::path(put, path = "/api/v1/uploads/{id}/content", tag = "chain",
    params(("id" = UploadId, Path), PieceAt),
    request_body(content = Piece, content_type = "application/octet-stream"),
    responses((status = 200, body = Upload), Problems))]
async fn send_piece(
    ctx: Ctx,
    PathId(id): PathId<UploadId>,
    Query(at): Query<PieceAt>,
    request: Request<Body>,
) -> Result<Response> {
    let upload = of(&ctx, &mut ctx.read().await?, &id).await?.0;
    refuse_elsewhere(&upload, at.offset)?;
    let bytes = read_body(request, PIECE_BYTES_MAX).await?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    if size == 0 || upload.received_bytes + size > upload.size_bytes {
        let left = upload.size_bytes - upload.received_bytes;
        let words = text!(
            "这一段应为 1 到 {left} 字节，收到 {size} 字节。",
            "This piece has 1 to {left} bytes; got {size}."
        );
        return Err(Error::invalid("piece_size", "", words));
    }
    let key = pieces::keep(&ctx.app, &id, bytes).await?;
    let mut tx = ctx.begin().await?;
    let upload = receive(&mut tx, upload, size, &key, false).await?;
    tx.answer(StatusCode::OK, &seen::without_values(&ctx, upload))
        .await
}

/// Notes a piece that is durable; with the last one, asks for the file to be read.
pub(crate) async fn receive(
    tx: &mut Tx,
    upload: Upload,
    size: i64,
    key: &str,
    auto: bool,
) -> Result<Upload> {
    let upload = note_piece(tx, upload, size, key).await?;
    if upload.state == UploadState::Reading {
        let payload = Payload {
            auto,
            ..Payload::of(&upload.id)
        };
        jobs::enqueue(tx, &READ, &payload).await?;
    }
    Ok(upload)
}

/// Notes a piece that is durable; after the last one the file is there to be read.
pub(crate) async fn note_piece(
    tx: &mut Tx,
    mut upload: Upload,
    size: i64,
    key: &str,
) -> Result<Upload> {
    if !store::add_piece(tx, &upload, size, key).await? {
        let present = store::get(tx, &upload.id).await?;
        refuse_elsewhere(&present, upload.received_bytes)?;
        return Err(moved_on());
    }
    upload.received_bytes += size;
    if upload.received_bytes == upload.size_bytes {
        store::step(
            tx,
            &upload.id,
            &[UploadState::Receiving],
            UploadState::Reading,
        )
        .await?;
        upload.state = UploadState::Reading;
        let fact = json!({
            "dataset": upload.dataset_id, "name": upload.name, "size_bytes": upload.size_bytes,
        });
        tx.record(&RECEIVED, upload.id.as_str(), &fact).await?;
    }
    Ok(upload)
}

/// Takes a whole file at once and goes on to load it; for those who bring one by another
/// protocol.
pub(crate) async fn take_whole(
    ctx: &Ctx,
    dataset: &Dataset,
    new: NewUpload,
    bytes: bytes::Bytes,
) -> Result<UploadId> {
    let mut tx = ctx.begin().await?;
    ctx.allow(Action::Import, dataset)?;
    if dataset.state != DatasetState::Draft {
        ctx.allow(Action::Publish, dataset)?;
    }
    let size = new.size_bytes;
    let upload = begin(&mut tx, dataset, new).await?;
    tx.commit().await?;
    // Never with the writer held: the store may be far away.
    let key = pieces::keep(&ctx.app, &upload.id, bytes).await?;
    let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
    let id = upload.id.clone();
    receive(&mut tx, upload, size, &key, true).await?;
    tx.commit().await?;
    Ok(id)
}

fn refuse_elsewhere(upload: &Upload, offset: i64) -> Result<()> {
    if upload.state != UploadState::Receiving {
        return Err(moved_on());
    }
    let there = upload.received_bytes;
    if offset == there {
        return Ok(());
    }
    let words = text!(
        "下一段应从第 {there} 字节开始。",
        "The next piece begins at byte {there}."
    );
    let hint = Text::new(
        "先读取上传记录的 received_bytes，再从那里继续。",
        "Read received_bytes of the upload and go on from there.",
    );
    Err(Error::conflict("piece_elsewhere", words)
        .field("offset")
        .hint(hint))
}

fn moved_on() -> Error {
    let words = Text::new(
        "这个上传已不在等待这一步，请刷新后查看它的状态。",
        "This upload does not wait for that step any more; look where it stands.",
    );
    Error::conflict("upload_moved_on", words)
}

/// Reads a file again, laid out as given: another encoding, separator, sheet or header row. The
/// columns are found anew.
#[utoipa::path(post, path = "/api/v1/uploads/{id}/read", tag = "chain",
    params(("id" = UploadId, Path)), request_body = Layout,
    responses((status = 202, body = Upload), Problems))]
async fn read_again(
    ctx: Ctx,
    PathId(id): PathId<UploadId>,
    Json(layout): Json<Layout>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    of(&ctx, &mut tx, &id).await?;
    use UploadState::{Checked, Failed, Read, Reading};
    if !store::step(&mut tx, &id, &[Read, Checked, Failed], Reading).await? {
        return Err(moved_on());
    }
    let fact = json!({ "header_row": layout.header_row, "encoding": layout.encoding });
    tx.record(&REREAD, id.as_str(), &fact).await?;
    let payload = Payload {
        layout: Some(layout),
        ..Payload::of(&id)
    };
    jobs::enqueue(&mut tx, &READ, &payload).await?;
    let upload = seen::without_values(&ctx, store::get(&mut tx, &id).await?);
    tx.answer(StatusCode::ACCEPTED, &upload).await
}

/// Checks every row against the fields, and, when `publish` says so, makes a version of those
/// that pass. Rows that do not pass hold it up unless `accept_rejects` says to go on without
/// them. Follow it by reading the upload, or under jobs.
#[utoipa::path(post, path = "/api/v1/uploads/{id}/load", tag = "chain",
    params(("id" = UploadId, Path)), request_body = Wanted,
    responses((status = 202, body = Upload), Problems))]
async fn load_upload(
    ctx: Ctx,
    PathId(id): PathId<UploadId>,
    Json(wanted): Json<Wanted>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (upload, dataset) = of(&ctx, &mut tx, &id).await?;
    load(&ctx, &mut tx, &upload, &dataset, &wanted).await?;
    let upload = seen::without_values(&ctx, store::get(&mut tx, &id).await?);
    tx.answer(StatusCode::ACCEPTED, &upload).await
}

pub(crate) async fn load(
    ctx: &Ctx,
    tx: &mut Tx,
    upload: &Upload,
    dataset: &Dataset,
    wanted: &Wanted,
) -> Result<()> {
    if wanted.publish && dataset.state != DatasetState::Draft {
        // Its readers get these rows at once.
        ctx.allow(Action::Publish, dataset)?;
    }
    settle_on(tx, upload, dataset, wanted).await?;
    jobs::enqueue(tx, &LOAD, &Payload::of(&upload.id))
        .await
        .map(|_| ())
}

/// Notes what is to become of a file that was read.
pub(crate) async fn settle_on(
    tx: &mut Tx,
    upload: &Upload,
    dataset: &Dataset,
    wanted: &Wanted,
) -> Result<()> {
    check(upload, dataset, wanted)?;
    use UploadState::{Checked, Loading, Read};
    if !store::step(tx, &upload.id, &[Read, Checked], Loading).await? {
        return Err(moved_on());
    }
    store::set_wanted(tx, &upload.id, wanted).await?;
    let fact = json!({
        "dataset": dataset.id, "fields": wanted.fields.len(), "publish": wanted.publish,
        "accept_rejects": wanted.accept_rejects,
    });
    tx.record(&LOADING, upload.id.as_str(), &fact)
        .await
        .map(|_| ())
}

fn check(upload: &Upload, dataset: &Dataset, wanted: &Wanted) -> Result<()> {
    let Some(found) = &upload.found else {
        return Err(moved_on());
    };
    if wanted.fields.is_empty() {
        let words = Text::new("至少选一个字段。", "Choose one field at least.");
        return Err(Error::invalid("no_fields", "fields", words));
    }
    let list: Vec<_> = wanted.fields.iter().map(|f| f.field.clone()).collect();
    let mut faults = fields::faults(&list, "fields");
    for fault in &mut faults {
        // In this body each field stands beside its column.
        fault.field = fault.field.replacen("].", "].field.", 1);
    }
    let places = places(&found.layout);
    for (i, field) in wanted.fields.iter().enumerate() {
        if !places.contains_key(field.column.as_str()) {
            let column = &field.column;
            let words = text!(
                "文件里没有“{column}”这一列。",
                "The file has no column {column}."
            );
            faults.push(fields::fault(
                format!("fields[{i}].column"),
                "column_unknown",
                words,
            ));
        }
    }
    faults.extend(lowered(found, wanted));
    if let Some(first) = faults.first().cloned() {
        return Err(Error::invalid(first.code, first.field, first.detail).with_fields(faults));
    }
    let mut profile = dataset.profile.clone();
    profile.fields = list;
    if wanted.publish && dataset.state == DatasetState::Published {
        datasets::check_opening(&profile)?;
    }
    datasets::check(&profile)
}

/// Fields graded lower than what was found in their columns, without a reason.
fn lowered(found: &Found, wanted: &Wanted) -> Vec<FieldError> {
    let by_column = |field: &ColumnField| {
        let column = found.columns.iter().find(|c| c.column == field.column);
        column.map(|c| Field {
            // It may have been renamed; the column is what was looked at.
            name: field.field.name.clone(),
            ..c.field.clone()
        })
    };
    let before: Vec<Field> = wanted.fields.iter().filter_map(by_column).collect();
    let after: Vec<Field> = wanted.fields.iter().map(|f| f.field.clone()).collect();
    let mut faults = fields::lowered(&before, &after, "fields");
    for fault in &mut faults {
        fault.field = fault.field.replacen("].", "].field.", 1);
    }
    faults
}

/// The rows that cannot be taken, with lines and reasons, as CSV.
#[utoipa::path(get, path = "/api/v1/uploads/{id}/rejects", tag = "chain",
    params(("id" = UploadId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), Problems))]
async fn rejected_rows(ctx: Ctx, PathId(id): PathId<UploadId>) -> Result<Response> {
    let (upload, dataset) = of(&ctx, &mut ctx.read().await?, &id).await?;
    let key = upload.rejects_key.clone().ok_or_else(Error::not_found)?;
    seen::rejects(&ctx, &dataset, &upload).await?;
    let mut bytes = vec![0xef, 0xbb, 0xbf];
    bytes.extend(pieces::fetch(&ctx.app, &key).await?);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, media);
    let name = HeaderValue::from_static("attachment; filename=\"rejected-rows.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Throws an upload away. Doing it again changes and records nothing.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "chain", params(("id" = UploadId, Path)),
    responses((status = 204, description = "Thrown away"), Problems))]
async fn discard_upload(ctx: Ctx, PathId(id): PathId<UploadId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    of(&ctx, &mut tx, &id).await?;
    use UploadState::{Checked, Discarded, Failed, Loading, Read, Reading, Receiving};
    let from = [Receiving, Reading, Read, Loading, Checked, Failed];
    if store::step(&mut tx, &id, &from, Discarded).await? {
        tx.record(&DISCARDED, id.as_str(), &json!({})).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
