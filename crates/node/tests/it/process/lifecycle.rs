//! Starting, stopping, being killed, and being told wrong things.

use std::fs;

use futures::future::join_all;

use super::{Place, Serving, places, ran};

#[tokio::test(flavor = "multi_thread")]
async fn stopping_finishes_what_it_acknowledged_and_lets_live_streams_go() {
    for place in places().await {
        let mut node = Serving::start(&place).await;
        let events = format!("{}/api/v1/events", node.base);
        let stream = node.http.get(events).bearer_auth(&node.token);
        let mut stream = stream.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        let names: Vec<_> = (0..4).map(|n| format!("writer{n}")).collect();
        let writers = names.iter().map(|name| node.keep_writing(name, |_| false));
        let (acknowledged, ()) = tokio::join!(join_all(writers), async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            node.signal("-TERM");
        });
        while let Ok(Some(_)) = stream.chunk().await {}
        assert!(node.ended().success());
        let acknowledged = acknowledged.concat();
        assert!(!acknowledged.is_empty());
        let again = Serving::start(&place).await;
        let notes = again.notes().await;
        let written = |note: &String| notes.iter().filter(|n| *n == note).count();
        assert!(acknowledged.iter().all(|note| written(note) == 1));
        drop(again);
        place.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_may_start_at_once_on_one_empty_database() {
    let Some(place) = Place::on_postgres().await else {
        return;
    };
    tianyuan::serve::install_tls();
    // All of them run before the first is listened to.
    let children: Vec<_> = (0..4).map(|_| Serving::launch(&place)).collect();
    let mut nodes = Vec::new();
    for child in children {
        nodes.push(Serving::greet(child, &place, reqwest::Client::builder()).await);
    }
    for node in &nodes {
        let plans = node.get("/api/v1/plans").await;
        assert_eq!(plans["items"].as_array().unwrap().len(), 1, "{plans}");
    }
    let written = nodes[0].keep_writing("here", |n| n == 3).await;
    let seen = nodes[2].notes().await;
    assert!(written.iter().all(|note| seen.contains(note)));
    drop(nodes);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_keys_leaves_signing_to_the_one_that_holds_them() {
    let Some(place) = Place::on_postgres().await else {
        return;
    };
    let first = Serving::start(&place).await;
    // Its keys are its own; the tiles are shared, as in a bucket.
    let mut second = Place::on_sqlite();
    second.settings = place.settings.clone();
    fs::create_dir(&second.data).unwrap();
    std::os::unix::fs::symlink(place.data.join("ledger"), second.data.join("ledger")).unwrap();
    let other = Serving::start(&second).await;
    for round in 0..3 {
        let before = first.signed("material").await;
        let written = other.keep_writing(&format!("r{round}"), |n| n == 1).await;
        assert_eq!(written.len(), 1);
        first.signed_beyond("material", before).await;
    }
    assert!(place.data.join("keys/material.key").exists());
    assert!(!second.data.join("keys/material.key").exists());
    drop((first, other));
    place.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_tls_with_the_certificate_it_is_given() {
    let place = Place::on_sqlite();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let file = |name: &str, pem: String| {
        let path = place.data.with_file_name(name);
        fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("node.pem", made.cert.pem());
    let key = file("node.key", made.signing_key.serialize_pem());
    let settings = vec![
        ("TIANYUAN__SERVER__TLS__CERTIFICATE", certificate),
        ("TIANYUAN__SERVER__TLS__KEY", key),
    ];
    let place = Place { settings, ..place };
    tianyuan::serve::install_tls();
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let trusting = reqwest::Client::builder().tls_certs_only([root]);
    let node = Serving::start_trusting(&place, trusting).await;
    assert!(node.base.starts_with("https://"));
    assert_eq!(node.get("/api/v1/me").await["person"]["username"], "admin");
    let wary = reqwest::Client::builder()
        .tls_certs_only([])
        .build()
        .unwrap();
    assert!(wary.get(&node.base).send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_ends_its_request_is_closed() {
    use std::io::{Read as _, Write as _};
    let place = Place::on_sqlite();
    let node = Serving::start(&place).await;
    let address = node.base.trim_start_matches("http://").to_owned();
    let open = |first: &'static str| {
        let mut connection = std::net::TcpStream::connect(&address).unwrap();
        let patience = Some(std::time::Duration::from_secs(60));
        connection.set_read_timeout(patience).unwrap();
        connection.write_all(first.as_bytes()).unwrap();
        connection
    };
    let silent = open("");
    let halting = open("GET /healthz HTTP/1.1\r\nHost: node\r\n");
    let idle = open("GET /healthz HTTP/1.1\r\nHost: node\r\n\r\n");
    for mut connection in [silent, halting, idle] {
        // Ends, instead of running into the time limit above.
        connection.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn every_error_of_the_configuration_is_explained() {
    let place = Place::on_sqlite();
    let file = place.data.with_file_name("node.toml");
    let words =
        "[server]\nlisten = \"0.0.0.0:8361\"\nlissten = 1\n[limits]\njson_bytes_max = \"big\"\n";
    fs::write(&file, words).unwrap();
    let check = ["config", "check", "--config", file.to_str().unwrap()];
    let said = place.refused(&check);
    let each = ["server.listen:", "lissten", "limits.json_bytes_max:"];
    assert!(each.iter().all(|word| said.contains(word)), "{said}");
    let whole = "[server]\nlisten = \"0.0.0.0:8361\"\n[database]\nurl = { file = \"nowhere\" }\n";
    fs::write(&file, whole).unwrap();
    let said = place.refused(&check);
    assert!(
        said.contains("server.listen") && said.contains("nowhere"),
        "{said}"
    );
    let rooms = "[server]\nnone = 1\n[ledger]\norigin = \"a b\"\nwitnessed = [\"x\"]\n\
                 [[ledger.witnesses]]\nurl = \"https://w.example\"\nkey = \"x\"\n";
    fs::write(&file, rooms).unwrap();
    let said = place.refused(&check);
    let each = [
        "server.none:",
        "ledger.origin:",
        "ledger.witnessed[0]:",
        "ledger.witnesses[0].key:",
        "ledger.witnesses[0].url: its host is not in fetch.allow_hosts",
    ];
    assert!(each.iter().all(|word| said.contains(word)), "{said}");
    fs::write(&file, "[server]\nlisten = \"127.0.0.1:8361\"\n").unwrap();
    assert_eq!(place.done(&check), "config: no errors\n");
    let policies = place.data.with_file_name("policies");
    fs::create_dir(&policies).unwrap();
    fs::write(policies.join("all.cedar"), "permit everything").unwrap();
    let folder = vec![(
        "TIANYUAN__IDENTITY__POLICIES",
        policies.display().to_string(),
    )];
    let output = ran(&place.data, &folder, &check);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("identity.policies"));
    let wrong = vec![("TIANYUAN__SERVER__LISTEN", "here".to_owned())];
    let output = ran(&place.data, &wrong, &check);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("server.listen"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_plans_come_from_the_command_line_too() {
    for place in places().await {
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/plan-2024-2025");
        assert!(place.done(&["plan", "import", demo]).starts_with("loaded "));
        assert!(
            place
                .done(&["plan", "import", demo])
                .starts_with("unchanged: ")
        );
        let add = ["user", "add", "li", "--role", "unit_reporter:shuju-ju"];
        assert!(place.done(&add).starts_with("li / "));
        assert!(!place.refused(&add).is_empty());
        let said = place.refused(&["user", "add", "wu", "--role", "unit_reporter:nowhere"]);
        assert!(said.contains("unit_reporter"), "{said}");
        place.close().await;
    }
}
