use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::{get, post};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::address::{is_public, listed, wrong_entry};
use super::*;
use crate::config::Secret;

/// Gives these addresses in turn.
struct Says(Vec<Vec<IpAddr>>, AtomicUsize);

impl Says {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|a| a.parse().unwrap()).collect();
        Arc::new(Self(
            answers.iter().map(parse).collect(),
            AtomicUsize::new(0),
        ))
    }
}

impl Resolve for Says {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst);
        let answer = self.0[turn % self.0.len()].clone();
        Box::pin(async move { Ok(answer) })
    }
}

fn config(hosts: &[&str], private: &[&str]) -> FetchConfig {
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    FetchConfig {
        allow_hosts: own(hosts),
        allow_private_hosts: own(private),
        timeout_s: 1,
        bytes_max: 1_000,
        stream_bytes_max: 5_000,
        ..FetchConfig::default()
    }
}

async fn serve(router: Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn server() -> u16 {
    let to = |target: &'static str| get(move || async move { Redirect::temporary(target) });
    let said = |headers: HeaderMap| {
        let names = ["authorization", "x-key", "cookie", "accept"];
        let said = |n: &str| {
            headers
                .get(n)
                .map_or("-", |v| v.to_str().unwrap())
                .to_owned()
        };
        names.map(said).join(" ")
    };
    let router = Router::new()
        .route("/ok", get(|| async { "ok" }))
        .route("/json", get(|| async { "{\"a\":1}" }))
        .route("/echo", post(|body: String| async move { body }))
        .route(
            "/said",
            get(move |headers: HeaderMap| async move { said(headers) }),
        )
        .route("/big", get(|| async { "x".repeat(2_000) }))
        .route("/dribble", get(|| async { Body::from_stream(dribble(10)) }))
        .route(
            "/stall",
            get(|| async { Body::from_stream(dribble(3_000)) }),
        )
        .route("/endless", get(|| async { Body::from_stream(endless()) }))
        .route("/inside", to("http://169.254.169.254/x"))
        .route("/loop", to("/loop"))
        .route("/there", to("/ok"))
        .route("/same", to("/said"))
        .route("/posted", post(|| async { Redirect::to("/ok") }))
        .route("/file", to("file:///etc/passwd"))
        .route("/named", to("http://user:secret@127.0.0.1/"));
    serve(router).await
}

fn dribble(millis: u64) -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
    futures::stream::unfold(0, move |n| async move {
        tokio::time::sleep(Duration::from_millis(if n == 0 { 0 } else { millis })).await;
        (n < 4).then(|| (Ok(Bytes::from_static(b"part")), n + 1))
    })
}

fn endless() -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
    futures::stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 512])))
}

async fn get_code(fetch: &Fetch, url: &str) -> Result<Bytes, &'static str> {
    let got = fetch.get(&url.parse().unwrap()).await;
    got.map(|f| f.body).map_err(|e| e.code())
}

#[tokio::test]
async fn only_listed_hosts_at_public_addresses() {
    let inside = Says::new(&[
        &["127.0.0.1"],
        &["1.1.1.1", "10.0.0.1"],
        &["::ffff:127.0.0.1"],
    ]);
    let fetch = Fetch::with_resolver(config(&["a.example", "*.b.example"], &[]), inside).unwrap();
    for url in [
        "http://a.example/", // listed, but it resolves inside
        "http://a.example/", // also when only one of its addresses does
        "https://x.b.example/",
        "http://c.example/",
        "http://b.example/",
        "http://a.example.c.example/",
        "http://user:secret@a.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "ftp://a.example/",
        "file:///etc/passwd",
    ] {
        assert_eq!(get_code(&fetch, url).await, Err("fetch_refused"), "{url}");
    }
}

/// What was resolved and checked is what is connected to: the name is known to nobody else, and
/// a second answer counts only for a second connection.
#[tokio::test]
async fn the_checked_address_is_the_one_connected_to() {
    let port = server().await;
    let answers = Says::new(&[&["127.0.0.1"], &["203.0.113.1"]]);
    let names = answers.clone();
    let fetch = Fetch::with_resolver(config(&[], &["rebind.example"]), names).unwrap();
    let url = format!("http://rebind.example:{port}/ok");
    assert_eq!(get_code(&fetch, &url).await, Ok(Bytes::from("ok")));
    assert_eq!(get_code(&fetch, &url).await, Ok(Bytes::from("ok")));
    assert_eq!(
        answers.1.load(Ordering::SeqCst),
        1,
        "one connection, one question"
    );
}

#[tokio::test]
async fn redirects_are_checked_again_and_answers_are_limited() {
    let port = server().await;
    let fetch = Fetch::new(config(&[], &["127.0.0.1"])).unwrap();
    let code = async |path: &str| get_code(&fetch, &format!("http://127.0.0.1:{port}{path}")).await;
    assert_eq!(code("/there").await, Ok(Bytes::from("ok")));
    assert_eq!(code("/inside").await, Err("fetch_refused"));
    assert_eq!(code("/file").await, Err("fetch_refused"));
    assert_eq!(code("/named").await, Err("fetch_refused"));
    assert_eq!(code("/loop").await, Err("fetch_failed"));
    assert_eq!(code("/big").await, Err("fetch_too_large"));
    assert_eq!(code("/endless").await, Err("fetch_too_large"));
    assert_eq!(code("/stall").await, Err("fetch_timed_out"));
    assert_eq!(code("/dribble").await, Ok(Bytes::from("partpartpartpart")));
    let other = Fetch::new(config(&[], &["127.0.0.1:1"])).unwrap();
    let url = format!("http://127.0.0.1:{port}/ok");
    assert_eq!(
        get_code(&other, &url).await,
        Err("fetch_refused"),
        "another port"
    );
}

#[tokio::test]
async fn what_is_said_to_one_host_is_not_said_to_another() {
    let port = server().await;
    let away = format!("http://127.0.0.1:{port}/said");
    let post_away = away.clone();
    let other = serve(
        Router::new()
            .route(
                "/away",
                get(move || async move { Redirect::temporary(&away) }),
            )
            .route(
                "/post",
                post(move || async move { Redirect::temporary(&post_away) }),
            ),
    )
    .await;
    let mut config = config(&[], &["127.0.0.1"]);
    let secret = Secret::Value("hunter2".to_owned());
    config.secrets.insert("peer".to_owned(), secret);
    let fetch = Fetch::new(config).unwrap();
    let request = |port: u16, path: &str| {
        let url = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
        let value = HeaderValue::from_static;
        Request::get(url)
            .secret_header(header::AUTHORIZATION, "Bearer ", "peer")
            .header("x-key".parse().unwrap(), value("k"))
            .header(header::COOKIE, value("c"))
            .header(header::ACCEPT, value("a"))
    };
    let said = async |r: Request| fetch.send(r).await.unwrap().body;
    assert_eq!(said(request(port, "/same")).await, "Bearer hunter2 k c a");
    assert_eq!(said(request(other, "/away")).await, "- - - a");
    assert!(!format!("{:?}", request(port, "/same")).contains("hunter2"));

    let unknown = request(port, "/said").secret_header(header::COOKIE, "", "nobody");
    assert_eq!(fetch.send(unknown).await.unwrap_err().code(), "internal");
    let form = |port: u16, path: &str| {
        let url = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
        Request {
            follow: true,
            ..Request::form(url, &[("a", "1 2"), ("b", "&")])
        }
    };
    assert_eq!(said(form(port, "/echo")).await, "a=1+2&b=%26");
    assert_eq!(said(form(port, "/posted")).await, "ok", "303 becomes GET");
    let moved = fetch.send(form(other, "/post")).await.unwrap_err();
    assert_eq!(moved.code(), "fetch_refused", "what is posted stays");
}

#[tokio::test]
async fn streams_end_at_their_limits() {
    let port = server().await;
    let fetch = Fetch::new(config(&[], &["127.0.0.1"])).unwrap();
    let open = async |path: &str| {
        let url = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
        fetch.stream(Request::get(url)).await.unwrap()
    };
    let code = async |path: &str| open(path).await.whole().await.unwrap_err().code();
    assert_eq!(open("/big").await.whole().await.unwrap().body.len(), 2_000);
    assert_eq!(code("/endless").await, "fetch_too_large");
    assert_eq!(code("/stall").await, "fetch_timed_out");
    let mut config = config(&[], &["127.0.0.1"]);
    config.stream_timeout_s = 1;
    config.stream_bytes_max = u64::MAX;
    let fetch = Fetch::new(config).unwrap();
    let url = format!("http://127.0.0.1:{port}/endless").parse().unwrap();
    let mut endless = fetch.stream(Request::get(url)).await.unwrap();
    let error = loop {
        if let Err(error) = endless.chunk().await {
            break error;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(error.code(), "fetch_timed_out");
}

#[tokio::test]
async fn json_and_the_requests_of_libraries() {
    let port = server().await;
    let fetch = Fetch::new(config(&[], &["127.0.0.1"])).unwrap();
    let at = |path: &str| -> Url { format!("http://127.0.0.1:{port}{path}").parse().unwrap() };
    let json: serde_json::Value = fetch.get(&at("/json")).await.unwrap().json().unwrap();
    assert_eq!(json["a"], 1);
    for path in ["/ok", "/nowhere"] {
        let answer = fetch.get(&at(path)).await.unwrap();
        let code = answer.json::<serde_json::Value>().unwrap_err().code();
        assert_eq!(code, "fetch_failed", "{path}");
    }
    let request = http::Request::post(at("/echo").as_str()).body(b"x".to_vec());
    let answer = fetch.exchange(request.unwrap()).await.unwrap();
    assert_eq!(
        (answer.status(), &answer.body()[..]),
        (StatusCode::OK, &b"x"[..])
    );
    let request = http::Request::get(at("/there").as_str()).body(Vec::new());
    assert!(
        fetch
            .exchange(request.unwrap())
            .await
            .unwrap()
            .status()
            .is_redirection()
    );
}

#[test]
fn what_is_public() {
    let inside = "10.1.2.3 100.64.0.1 169.254.169.254 192.168.0.1 0.0.0.0 224.0.0.1 198.18.0.1 \
        255.255.255.255 192.88.99.1 :: ::1 fc00::1 fd12::1 fe80::1 ff02::1 ::ffff:10.0.0.1 \
        ::10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 2002:a00:1:: 2001::1 2001:db8::1 3fff::1 100::1 \
        5f00::1";
    for address in inside.split_whitespace() {
        assert!(!is_public(&address.parse().unwrap()), "{address}");
    }
    for address in [
        "1.1.1.1",
        "223.5.5.5",
        "100.128.0.1",
        "2400:3200::1",
        "2001:4860::1",
    ] {
        assert!(is_public(&address.parse().unwrap()), "{address}");
    }
}

#[test]
fn entries_of_host_lists() {
    for entry in [
        "a.example",
        "*.a.example",
        "a.example:8443",
        "10.0.0.1:80",
        "::1",
        "[::1]:80",
    ] {
        assert_eq!(wrong_entry(entry), None, "{entry}");
    }
    for entry in [
        "https://a.example",
        "a.example/x",
        "*",
        "*.",
        "",
        "a.example:x",
        "a b",
        "a:0",
    ] {
        assert!(wrong_entry(entry).is_some(), "{entry}");
    }
    let lists = |entry: &str, url: &str| listed(&[entry.to_owned()], &url.parse().unwrap());
    assert!(lists("A.Example", "http://a.example/"));
    assert!(lists("*.A.example", "http://x.a.example/"));
    assert!(lists("a.example:443", "https://a.example/"));
    assert!(!lists("a.example:443", "http://a.example/"));
    assert!(lists("::1", "http://[::1]:9/") && lists("[::1]:9", "http://[::1]:9/"));
    assert!(!lists("*.a.example", "http://a.example/"));
    assert!(!lists("*.a.example", "http://xa.example/"));
    let wrong = config(&["https://a.example"], &[]);
    assert!(wrong.check()[0].starts_with("fetch.allow_hosts"));
    assert!(Fetch::new(wrong).is_err());
}

proptest! {
    #[test]
    fn no_entry_panics(entry in "\\PC{0,20}", url in "https?://[a-z0-9.:\\[\\]]{1,20}/") {
        let _ = wrong_entry(&entry);
        if let Ok(url) = url.parse() {
            let _ = listed(&[entry], &url);
        }
    }
}
