//! The CKAN Action API (v3), for clients people already have (ckanapi, R's ckanr, harvesters):
//! our datasets as packages, their files as resources, units as organisations, themes as groups,
//! rows as the datastore. The same authority and the same gate stand behind it.
//!
//! Known quirks kept: addresses with and without `/3`; the key in `Authorization` without a
//! scheme; errors carry `__type`, from which clients make their exceptions.

mod read;
#[cfg(test)]
mod tests;
mod view;
mod write;

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Map, Value, json};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::routes::Access;
use tianyuan_kernel::prelude::*;

/// Most bytes of a file that comes by this protocol; larger ones come in pieces by ours.
const UPLOAD_BYTES_MAX: usize = 64 << 20;

/// The routes of the protocol.
#[must_use]
pub fn routes() -> Routes {
    let mut routes = Routes::new();
    for path in ["/api/3/action/{name}", "/api/action/{name}"] {
        // What an action does decides who may; reading is for everybody.
        let action = get(act)
            .post(act)
            .layer(axum::extract::DefaultBodyLimit::disable());
        routes = routes
            .protocol("GET", path, Access::Public, action)
            .mounted("POST", path, Access::Public);
    }
    routes
}

/// A file that came along.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// What an action is given.
#[derive(Default)]
pub(crate) struct Given {
    values: Map<String, Value>,
    file: Option<File>,
}

impl Given {
    /// A text, also where a client sent a number.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()).filter(|t| !t.contains('\0')),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn needed(&self, name: &'static str) -> Result<String> {
        self.text(name).filter(|t| !t.is_empty()).ok_or_else(|| {
            let words = text!("缺少参数 {name}。", "The parameter {name} is missing.");
            Error::invalid("missing_value", name, words)
        })
    }

    pub(crate) fn number(&self, name: &'static str, or: usize, most: usize) -> Result<usize> {
        match self.text(name) {
            None => Ok(or),
            Some(text) => text.parse().map(|n: usize| n.min(most)).map_err(|_| {
                let words = text!("{name} 应为非负整数。", "{name} is a whole number.");
                Error::invalid("not_a_number", name, words)
            }),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "True" | "1"),
            _ => false,
        }
    }

    /// A value, also where a client sent JSON as text.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        match self.values.get(name)? {
            Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                serde_json::from_str(text).ok()
            }
            other => Some(other.clone()),
        }
    }

    /// Texts of a list, or of a text with commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::Array(all)) => all
                .iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(text)) => text.split(',').map(|t| t.trim().to_owned()).collect(),
            _ => Vec::new(),
        }
    }
}

async fn act(
    State(app): State<App>,
    ctx: Ctx,
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    let english = ctx.lang;
    let done = async {
        let given = read(&app, &headers, request).await?;
        dispatch(&ctx, &name, given).await
    };
    match done.await {
        Ok(result) => {
            let help = format!("/docs#{name}");
            Json(json!({ "help": help, "success": true, "result": result })).into_response()
        }
        Err(error) => refused(&error, english),
    }
}

async fn read(app: &App, headers: &HeaderMap, request: Request<Body>) -> Result<Given> {
    let mut given = Given::default();
    let query = request.uri().query().unwrap_or_default().to_owned();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        given
            .values
            .insert(name.into_owned(), Value::from(value.into_owned()));
    }
    if request.method() != Method::POST {
        return Ok(given);
    }
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let media = media.unwrap_or_default().to_ascii_lowercase();
    if media.starts_with("multipart/form-data") {
        return multipart(app, request, given).await;
    }
    let bytes = read_body(request, app.config().limits.json_bytes_max).await?;
    if bytes.is_empty() {
        return Ok(given);
    }
    if media.starts_with("application/x-www-form-urlencoded") && !bytes.starts_with(b"{") {
        for (name, value) in url::form_urlencoded::parse(&bytes) {
            given
                .values
                .insert(name.into_owned(), Value::from(value.into_owned()));
        }
        return Ok(given);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(values)) => given.values.extend(values),
        _ => {
            let words = Text::new("请提交 JSON 对象。", "Send a JSON object.");
            return Err(Error::bad_request("json_malformed", words));
        }
    }
    Ok(given)
}

async fn multipart(app: &App, request: Request<Body>, mut given: Given) -> Result<Given> {
    let broken = |_| {
        let words = Text::new("表单无法读取。", "The form cannot be read.");
        Error::bad_request("form_malformed", words)
    };
    let (parts, body) = request.into_parts();
    let body = Body::new(http_body_util::Limited::new(body, UPLOAD_BYTES_MAX));
    let request = Request::from_parts(parts, body);
    let mut form = Multipart::from_request(request, app)
        .await
        .map_err(|e| broken(e.to_string()))?;
    while let Some(field) = form.next_field().await.map_err(|e| broken(e.to_string()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|e| broken(e.to_string()))?;
        match file {
            Some(name) => given.file = Some(File { name, bytes }),
            None => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                given.values.insert(name, Value::from(text));
            }
        }
    }
    Ok(given)
}

async fn dispatch(ctx: &Ctx, name: &str, given: Given) -> Result<Value> {
    match name {
        "site_read" => Ok(json!(true)),
        "status_show" => Ok(json!({
            "ckan_version": "2.11.0", "site_title": ctx.app.config().node.name_zh,
            "site_url": crate::dcat::base(&ctx.app), "extensions": ["datastore"],
        })),
        "package_list" => read::package_list(ctx, &given).await,
        "current_package_list_with_resources" => read::packages(ctx, &given).await,
        "package_show" => read::package_show(ctx, &given).await,
        "package_search" => read::package_search(ctx, &given).await,
        "resource_show" => read::resource_show(ctx, &given).await,
        "organization_list" => read::organization_list(ctx, &given).await,
        "organization_show" => read::organization_show(ctx, &given).await,
        "group_list" => read::group_list(ctx, &given).await,
        "group_show" => read::group_show(ctx, &given).await,
        "tag_list" => read::tag_list(ctx, &given).await,
        "tag_show" => read::tag_show(ctx, &given).await,
        "datastore_search" => read::datastore_search(ctx, &given).await,
        "datastore_search_sql" => read::datastore_search_sql(ctx, &given).await,
        "package_create" => write::package_create(ctx, &given).await,
        "package_update" | "package_patch" => write::package_patch(ctx, &given).await,
        "package_delete" => write::package_delete(ctx, &given).await,
        "resource_create" | "resource_update" => write::resource_create(ctx, given).await,
        _ => {
            let words = text!(
                "没有名为 {name} 的操作。",
                "There is no action named {name}."
            );
            Err(Error::bad_request("action_unknown", words))
        }
    }
}

/// An error as CKAN's clients read it.
fn refused(error: &Error, lang: Lang) -> Response {
    let status = error.status();
    let (status, kind) = match status {
        StatusCode::NOT_FOUND => (status, "Not Found Error"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (StatusCode::FORBIDDEN, "Authorization Error")
        }
        StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::CONFLICT
        | StatusCode::PRECONDITION_FAILED => (StatusCode::CONFLICT, "Validation Error"),
        StatusCode::BAD_REQUEST => (status, "Bad Request"),
        other => (other, "Internal Server Error"),
    };
    let message = error.detail().in_lang(lang).to_owned();
    let mut body = json!({ "__type": kind, "message": message, "code": error.code() });
    if kind == "Validation Error" {
        let problem = error.problem(lang, None);
        let all = problem.errors.into_iter().map(|e| (e.field, e.detail));
        let mut wrong: Vec<(String, String)> = all.collect();
        if wrong.is_empty() {
            wrong.extend(problem.field.map(|field| (field, problem.detail)));
        }
        for (field, words) in wrong {
            // As their clients call what our records hold.
            let field = match field.as_str() {
                "code" => "name",
                "summary" => "notes",
                "unit_id" => "owner_org",
                other => other,
            };
            body[field] = json!([words]);
        }
    }
    let answer = json!({ "help": "/docs", "success": false, "error": body });
    let mut response = (status, Json(answer)).into_response();
    // The refusal's trace, as every other refusal leaves one.
    if error.refusal().is_some() || error.cause().is_some() {
        tracing::info!(code = error.code(), "a CKAN action was refused");
    }
    response.headers_mut().remove(header::ETAG);
    response
}
