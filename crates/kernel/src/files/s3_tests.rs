//! Files in an S3-compatible store, against a small stand-in for one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;

use super::{Files, attach, collect, download, get, receive, remove};
use crate::authority::Entity;
use crate::config::{Config, S3Config, Secret};
use crate::http::Tx;
use crate::testkit::{Roles, each_backend_with};

/// Objects and parts by key.
type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

fn xml(body: String) -> Response {
    ([("content-type", "application/xml")], body).into_response()
}

fn list(objects: &BTreeMap<String, Bytes>, query: &str) -> Response {
    let wanted = url::form_urlencoded::parse(query.as_bytes());
    let prefix = wanted
        .filter(|(k, _)| k == "prefix")
        .map(|(_, v)| v.into_owned())
        .next();
    let prefix = format!("/bucket/{}", prefix.unwrap_or_default());
    let entry = |(key, body): (&String, &Bytes)| {
        let (key, size) = (&key["/bucket/".len()..], body.len());
        format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"e\"</ETag>\
             <LastModified>2024-06-30T08:00:00.000Z</LastModified></Contents>"
        )
    };
    let found = objects.iter().filter(|(key, _)| key.starts_with(&prefix));
    let entries: String = found.map(entry).collect();
    xml(format!(
        "<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
    ))
}

async fn s3(
    State(objects): State<Objects>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = headers.get("authorization").and_then(|v| v.to_str().ok());
    if !signed.is_some_and(|s| s.starts_with("AWS4-HMAC-SHA256 Credential=id/")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut objects = objects.lock().unwrap();
    let (key, query) = (uri.path().to_owned(), query.unwrap_or_default());
    let etag = [("etag", "\"e\"")];
    match (method.as_str(), query.as_str()) {
        ("GET", q) if q.contains("list-type=2") => list(&objects, q),
        ("POST", q) if q.contains("uploads") => xml(
            "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
                .to_owned(),
        ),
        ("POST", _) => {
            let parts: Vec<String> = objects
                .keys()
                .filter(|k| k.starts_with(&format!("part:{key}:")))
                .cloned()
                .collect();
            let whole: Vec<u8> = parts
                .iter()
                .filter_map(|p| objects.remove(p))
                .flat_map(Vec::from)
                .collect();
            objects.insert(key, whole.into());
            xml(
                "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>"
                    .to_owned(),
            )
        }
        ("PUT", q) if q.contains("partNumber=") => {
            let number = q.split(['=', '&']).nth(1).unwrap_or_default();
            objects.insert(format!("part:{key}:{number:0>5}"), body);
            etag.into_response()
        }
        ("PUT", _) => {
            let from = headers
                .get("x-amz-copy-source")
                .and_then(|v| v.to_str().ok());
            let Some(from) = from else {
                objects.insert(key, body);
                return etag.into_response();
            };
            let Some(body) = objects
                .get(&format!("/{}", from.trim_start_matches('/')))
                .cloned()
            else {
                return StatusCode::NOT_FOUND.into_response();
            };
            objects.insert(key, body);
            xml("<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".to_owned())
        }
        ("DELETE", _) => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => match objects.get(&key) {
            Some(body) => {
                let at = ("last-modified", "Sun, 30 Jun 2024 08:00:00 GMT");
                ([etag[0], at], body.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

#[tokio::test]
async fn files_live_in_an_s3_compatible_store_too() {
    let objects = Objects::default();
    let router = Router::new().fallback(s3).with_state(objects.clone());
    let router = router.layer(axum::extract::DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let configure = |config: &mut Config| {
        config.storage.s3 = Some(S3Config {
            endpoint: endpoint.parse().unwrap(),
            bucket: "bucket".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: Secret::Value("id".to_owned()),
            secret_access_key: Secret::Value("secret".to_owned()),
            allow_http: true,
        });
    };
    each_backend_with(
        |_| (Vec::new(), Arc::new(Roles)),
        configure,
        async |node| {
            let record = Entity::new("Measure", "measure_1");
            // More than one part.
            let bytes = [b"%PDF-1.7 ".as_slice(), &vec![7; 12 << 20]].concat();
            let request = Request::post("/x?name=a.pdf").header("content-type", "application/pdf");
            let request = request.body(Body::from(bytes.clone())).unwrap();
            let received = receive(&node.app, request).await.unwrap();
            let mut tx = Tx::begin(&node.app, None).await.unwrap();
            let file = attach(&mut tx, &record, received).await.unwrap();
            tx.commit().await.unwrap();
            let kept: Vec<String> = objects.lock().unwrap().keys().cloned().collect();
            assert_eq!(kept.len(), 1, "{kept:?}");
            assert!(kept[0].contains(&file.sha256));

            let mut reader = node.app.db().read().await.unwrap();
            let found = get(&mut reader, &record, &file.id).await.unwrap();
            drop(reader);
            let body = download(&node.app, &found).await.unwrap().into_body();
            assert!(body.collect().await.unwrap().to_bytes() == bytes);
            node.advance(2 * 86_400);
            assert_eq!(collect(&node.app).await.unwrap(), 0);
            let mut tx = Tx::begin(&node.app, None).await.unwrap();
            remove(&mut tx, &record, &file.id).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(collect(&node.app).await.unwrap(), 1);
            assert!(objects.lock().unwrap().is_empty());
        },
    )
    .await;
}

#[test]
fn a_secret_that_cannot_be_read_is_said_at_the_start() {
    let mut config = Config::default();
    config.storage.s3 = Some(S3Config {
        endpoint: "https://s3.example".parse().unwrap(),
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: Secret::File {
            file: "/nowhere/id".into(),
        },
        secret_access_key: Secret::Value("secret".to_owned()),
        allow_http: false,
    });
    assert!(Files::open(&config).is_err());
}
