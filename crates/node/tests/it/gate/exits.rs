//! Every operation of the rooms that know rows, and how it is asked. An operation that is not
//! here fails the test: whoever adds one says how rows could leave by it, or why none can.

use serde_json::{Value, json};

use super::attempts;
use super::planted::{CODES, PLANTS, Planted};

/// One request.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) accept: &'static str,
    pub(super) body: Option<Value>,
}

fn get(path: String) -> Ask {
    Ask {
        method: "GET",
        path,
        accept: "*/*",
        body: None,
    }
}

fn post(path: &str, body: Value) -> Ask {
    Ask {
        method: "POST",
        path: path.to_owned(),
        accept: "*/*",
        body: Some(body),
    }
}

/// How an operation is asked.
pub(super) enum Way {
    /// It hands out rows: of twins it tells the same to whom the difference is withheld, and all
    /// of it to the officer.
    Rows(fn(&Planted, usize) -> Vec<Ask>),
    /// It tells of datasets, perhaps with values.
    Words(fn(&Planted, usize) -> Vec<Ask>),
    /// Its answer cannot hold a row, and why.
    Never(&'static str),
}
use Way::{Never, Rows, Words};

const CHANGES: &str = "it changes an entry, for those who keep it, and answers with the entry";
const ERASED: &str = "fields, counts and hashes for who may erase, never what was sought";
const LEDGER: &str = "hashes and commitments; a fact's words are for those who may view the fact";

/// In the order of the route table.
pub(super) const EXITS: &[(&str, Way)] = &[
    ("GET /api/v1/datasets", Words(datasets)),
    ("POST /api/v1/datasets", Never(CHANGES)),
    ("GET /api/v1/datasets/{id}", Words(entry)),
    ("PUT /api/v1/datasets/{id}", Never(CHANGES)),
    ("POST /api/v1/datasets/{id}/publish", Never(CHANGES)),
    ("POST /api/v1/datasets/{id}/withdraw", Never(CHANGES)),
    (
        "POST /api/v1/datasets/{id}/versions/{number}/restore",
        Never(CHANGES),
    ),
    ("GET /api/v1/datasets/{id}/versions", Words(entry)),
    ("GET /api/v1/datasets/{id}/erasures", Never(ERASED)),
    ("POST /api/v1/datasets/{id}/erasures", Never(ERASED)),
    ("GET /api/v1/erasures/{id}", Never(ERASED)),
    (
        "GET /api/v1/datasets/{id}/versions/{number}/changes",
        Words(entry),
    ),
    ("GET /api/v1/datasets/{id}/disclosure", Words(entry)),
    ("GET /api/v1/datasets/{id}/rows", Rows(rows)),
    ("GET /api/v1/datasets/{id}/export/{format}", Rows(exports)),
    // Its answer is an address; what lies there is asked for right after.
    ("POST /api/v1/datasets/{id}/file-links", Rows(files)),
    (
        "GET /files/{token}/{name}",
        Never("reached through its link, above"),
    ),
    ("POST /api/v1/sql", Rows(sql)),
    (
        "GET /api/v1/sql/tables",
        Words(|_, _| vec![get("/api/v1/sql/tables".into())]),
    ),
    ("GET /api/3/action/{name}", Rows(ckan)),
    ("POST /api/3/action/{name}", Rows(ckan_sql)),
    ("GET /api/action/{name}", Rows(ckan_old)),
    (
        "POST /api/action/{name}",
        Never("the same handler as /api/3/action"),
    ),
    ("GET /api/v1/search/datasets", Words(search)),
    ("GET /api/v1/search/suggestions", Words(search)),
    ("GET /catalog.ttl", Words(catalogue)),
    ("GET /catalog.jsonld", Words(catalogue)),
    (
        "GET /api/v1/open-rows",
        Words(|_, _| vec![get("/api/v1/open-rows".into())]),
    ),
    ("GET /api/v1/datasets/{id}/uploads", Words(uploads)),
    (
        "POST /api/v1/datasets/{id}/uploads",
        Never("it announces a file that is still to come"),
    ),
    ("GET /api/v1/uploads/{id}", Words(uploads)),
    (
        "DELETE /api/v1/uploads/{id}",
        Never("it answers without a body"),
    ),
    ("PUT /api/v1/uploads/{id}/content", Words(uploads)),
    ("POST /api/v1/uploads/{id}/read", Words(uploads)),
    ("POST /api/v1/uploads/{id}/load", Words(uploads)),
    ("GET /api/v1/uploads/{id}/rejects", Words(uploads)),
    ("GET /api/v1/ledgers", Never(LEDGER)),
    ("GET /api/v1/facts/{id}/receipt", Never(LEDGER)),
    ("GET /ledger/keys", Never(LEDGER)),
    ("GET /ledger/witness/key", Never(LEDGER)),
    ("POST /ledger/witness/add-checkpoint", Never(LEDGER)),
    ("GET /ledger/{log}/checkpoint", Never(LEDGER)),
    ("GET /ledger/{log}/tile/{*path}", Never(LEDGER)),
];

/// Mounts outside the document that are the node's own or another room's, which know no rows.
pub(super) const OTHERS: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/auth/", "/"];

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn datasets(_: &Planted, _: usize) -> Vec<Ask> {
    let mut asks = vec![get("/api/v1/datasets?limit=200".into())];
    for (_, value) in PLANTS.iter() {
        asks.push(get(format!("/api/v1/datasets?q={}", encoded(value))));
    }
    asks
}

fn entry(_: &Planted, twin: usize) -> Vec<Ask> {
    let code = CODES[twin];
    vec![
        get(format!("/api/v1/datasets/{code}")),
        get(format!("/api/v1/datasets/{code}/versions")),
        get(format!(
            "/api/v1/datasets/{code}/versions/2/changes?since=1"
        )),
        get(format!("/api/v1/datasets/{code}/disclosure?propose=true")),
        get(format!(
            "/api/v1/datasets/{code}/disclosure?identifying=mobile,name&sensitive=diagnosis"
        )),
    ]
}

fn search(_: &Planted, _: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    for (_, value) in PLANTS.iter() {
        let value = encoded(value);
        asks.push(get(format!("/api/v1/search/datasets?q={value}")));
        asks.push(get(format!("/api/v1/search/suggestions?q={value}")));
    }
    asks.push(get("/api/v1/search/datasets?q=twin".into()));
    asks
}

fn catalogue(_: &Planted, _: usize) -> Vec<Ask> {
    vec![get("/catalog.ttl".into()), get("/catalog.jsonld".into())]
}

fn rows(_: &Planted, twin: usize) -> Vec<Ask> {
    let path = format!("/api/v1/datasets/{}/rows", CODES[twin]);
    let mut queries = vec![
        String::new(),
        "count=true&limit=1".into(),
        "version=1".into(),
        "sort=-mobile,income,born,code".into(),
        "fields=mobile,born,income".into(),
        "fields=_id".into(),
        "q=7031".into(),
        "filter=mobile:contains:7031&count=true".into(),
        "filter=mobile:begins:1397&count=true".into(),
        "filter=income:gt:918273644&filter=income:lt:918273646&count=true".into(),
        "filter=income:in:918273645,1&count=true".into(),
        "filter=born:ge:1987-11-23&count=true".into(),
        "filter=income:eq:many".into(),
        "cursor=1".into(),
    ];
    for (field, value) in PLANTS.iter() {
        let value = encoded(value);
        queries.push(format!("q={value}&count=true"));
        for comparison in ["eq", "ne", "le", "in", "contains", "missing"] {
            queries.push(format!("filter={field}:{comparison}:{value}&count=true"));
        }
        queries.push(format!("fields={field}"));
        queries.push(format!("sort=-{field},code"));
    }
    queries
        .iter()
        .map(|query| get(format!("{path}?{query}")))
        .collect()
}

fn exports(_: &Planted, twin: usize) -> Vec<Ask> {
    let of = |format: &str| get(format!("/api/v1/datasets/{}/export/{format}", CODES[twin]));
    let mut asks: Vec<Ask> = ["csv", "json", "ndjson", "geojson", "xlsx", "parquet"]
        .map(of)
        .into();
    for (field, value) in PLANTS.iter() {
        let value = encoded(value);
        asks.push(of(&format!("csv?filter={field}:eq:{value}")));
        asks.push(of(&format!("json?q={value}")));
        asks.push(of(&format!(
            "ndjson?sort=-{field},code&fields=code,{field}"
        )));
        asks.push(of(&format!("xlsx?filter={field}:contains:{value}")));
    }
    asks.push(of(
        "geojson?filter=income:gt:918273644&filter=income:lt:918273646",
    ));
    asks.push(of("csv?version=1&q=7031"));
    asks
}

fn files(planted: &Planted, twin: usize) -> Vec<Ask> {
    let path = format!("/api/v1/datasets/{}/file-links", planted.ids[twin]);
    vec![
        post(&path, json!({ "purpose": "核查" })),
        post(&path, json!({ "version": "version_x" })),
    ]
}

fn sql(_: &Planted, twin: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    for sql in attempts::all(twin) {
        for accept in [
            "application/json",
            "text/csv",
            "application/vnd.apache.arrow.stream",
        ] {
            asks.push(Ask {
                accept,
                ..post("/api/v1/sql", json!({ "sql": sql }))
            });
        }
    }
    asks
}

fn ckan(_: &Planted, twin: usize) -> Vec<Ask> {
    let code = CODES[twin];
    let mut actions = vec![
        "package_list".to_owned(),
        "current_package_list_with_resources".into(),
        format!("package_show?id={code}"),
        format!("resource_show?id={code}.csv"),
        "package_search?q=7031&facet.field=%5B%22tags%22%2C%22organization%22%5D".into(),
        format!("datastore_search?resource_id={code}.csv"),
        format!("datastore_search?resource_id={code}.csv&sort=mobile%20desc,code"),
        format!("datastore_search?resource_id={code}.csv&q=7031"),
        format!("datastore_search?resource_id={code}.csv&fields=diagnosis"),
    ];
    for (field, value) in PLANTS.iter() {
        let filters = encoded(&json!({ *field: value }).to_string());
        actions.push(format!(
            "datastore_search?resource_id={code}.csv&filters={filters}"
        ));
        let value = encoded(value);
        actions.push(format!("datastore_search?resource_id={code}.csv&q={value}"));
        actions.push(format!("package_search?q={value}"));
    }
    actions
        .iter()
        .map(|action| get(format!("/api/3/action/{action}")))
        .collect()
}

fn ckan_sql(_: &Planted, twin: usize) -> Vec<Ask> {
    let path = "/api/3/action/datastore_search_sql";
    attempts::all(twin)
        .map(|sql| post(path, json!({ "sql": sql })))
        .collect()
}

fn ckan_old(_: &Planted, twin: usize) -> Vec<Ask> {
    let code = CODES[twin];
    vec![get(format!(
        "/api/action/datastore_search?resource_id={code}.csv"
    ))]
}

/// What was found in a file before it became a version, and the rows that could not be taken.
fn uploads(planted: &Planted, twin: usize) -> Vec<Ask> {
    let upload = &planted.upload;
    let content = Ask {
        method: "PUT",
        ..post(&format!("{upload}/content?offset=0"), json!({}))
    };
    vec![
        get(format!("/api/v1/datasets/{}/uploads", planted.ids[twin])),
        get(upload.clone()),
        get(format!("{upload}/rejects")),
        post(&format!("{upload}/load"), json!({ "fields": [] })),
        post(&format!("{upload}/read"), json!({})),
        content,
    ]
}
