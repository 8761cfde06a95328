//! The release gate, asked through every exit of the node: nothing the policy withholds comes out
//! of any of them, whatever is asked; and what is protected leaves a fact before it leaves.

mod attempts;
mod exits;
mod planted;
mod reading;
mod supervision;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt as _;
use serde_json::Value;
use tianyuan_kernel::config::Config;
use tianyuan_kernel::testkit::{Answer, Client, Node, each_backend_with};
use tonic::transport::Channel;

use self::exits::{Ask, EXITS, OTHERS, Way};
use self::planted::{Asker, CODES, MIDDLE, PLANTS, Planted, plant};
use self::reading::{table, words};

fn configure(config: &mut Config) {
    config.server.flight_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.limits.requests_per_minute_address = 1_000_000;
    config.limits.requests_per_minute_caller = 1_000_000;
    config.limits.sign_ins_per_minute_address = 1_000;
}

async fn on_a_node<F: AsyncFn(Node)>(test: F) {
    each_backend_with(|c| tianyuan::compose::rooms(c).unwrap(), configure, test).await;
}

async fn ask(client: &Client, ask: &Ask) -> Answer {
    let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
    let media = if ask.body.is_some() {
        "application/json"
    } else {
        ""
    };
    let client = client.clone().header("accept", ask.accept);
    let answer = client
        .send(ask.method, &ask.path, media, body.into_bytes())
        .await;
    // An address of a file: what lies there is what left.
    if let Some(path) = answer.json()["path"]
        .as_str()
        .filter(|p| p.starts_with("/files/"))
    {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        return answer;
    }
    answer
}

/// A planted value in what was told that was not in the question.
fn leak(told: &str, asked: &str, asker: &Asker) -> Option<&'static str> {
    // What a caller says themselves comes back in errors and headings and is no leak.
    let mut told = told.to_owned();
    for (_, value) in PLANTS.iter().filter(|(_, value)| asked.contains(value)) {
        told = told.replace(value, "");
    }
    let all_of_mobile = asker.withheld.iter().any(|(field, _)| *field == "mobile");
    let values = asker.withheld.iter().map(|(_, value)| *value);
    values
        .chain(all_of_mobile.then_some(MIDDLE))
        .find(|value| told.contains(value))
}

fn asked(ask: &Ask) -> String {
    let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
    let path = percent_encoding::percent_decode_str(&ask.path)
        .decode_utf8_lossy()
        .into_owned();
    format!("{} {path} {body}", ask.method)
}

/// Answers of twins as they can be compared: names of the one become those of the other, rows
/// stand in one order unless one was asked for, and what differs from request to request is left
/// out.
fn comparable(answer: &Answer, asked: &str, planted: &Planted) -> String {
    let ordered = asked.contains("ORDER BY") || asked.contains("sort=");
    let text = match serde_json::from_slice::<Value>(&answer.bytes) {
        Ok(mut json) => {
            for list in ["/rows", "/items", "/result/records"] {
                let rows = json.pointer_mut(list).and_then(Value::as_array_mut);
                if let Some(rows) = rows.filter(|_| !ordered) {
                    rows.sort_by_key(Value::to_string);
                }
            }
            if let Some(map) = json.as_object_mut() {
                map.remove("request_id");
            }
            json.to_string()
        }
        Err(_) if answer.bytes.starts_with(b"PAR1") => table(&reading::parquet_rows(&answer.bytes)),
        Err(_) if answer.bytes.starts_with(b"PK") => {
            // The moment of writing stands in a workbook, beside its cells and their words.
            let told = words(answer);
            let part = |from: &str, to: &str| {
                let begin = told.find(from).unwrap_or(told.len());
                let end = told[begin..].find(to).unwrap_or(0);
                told[begin..begin + end].to_owned()
            };
            part("<sheetData", "</sheetData>") + &part("<sst", "</sst>")
        }
        Err(_) => {
            let mut lines: Vec<String> = answer.text().lines().map(str::to_owned).collect();
            if !ordered {
                lines.sort();
            }
            lines.join("\n")
        }
    };
    let text = text.replace(&planted.ids[1], &planted.ids[0]);
    steady(&format!("{}\n{text}", answer.status)).replace(CODES[1], CODES[0])
}

/// Without the name of a function that is proposed for one that is not there: any of several that
/// are equally near.
fn steady(text: &str) -> String {
    let mut parts = text.split("Did you mean '");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('\'').map_or("", |(_, rest)| rest));
    }
    out
}

#[tokio::test]
async fn every_exit_is_known() {
    on_a_node(async |node| {
        let document = serde_json::to_value(&node.document).unwrap();
        let known: BTreeSet<&str> = EXITS.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(known.len(), EXITS.len(), "each stands there once");
        let mut there = BTreeSet::new();
        for mount in &node.mounts {
            let operation = &document["paths"][&mount.path][mount.method.to_lowercase()];
            let tags = operation["tags"].as_array().cloned().unwrap_or_default();
            let described = !operation.is_null();
            let of_rows = tags
                .iter()
                .any(|tag| tag != "plan" && tag != "follow-up" && tag != "shield" && tag != "node");
            let foreign = !described
                && !OTHERS
                    .iter()
                    .any(|o| mount.path == *o || (o.len() > 1 && mount.path.starts_with(o)));
            if (of_rows || foreign) && mount.method != "*" {
                there.insert(format!("{} {}", mount.method, mount.path));
            }
        }
        let new: Vec<_> = there
            .iter()
            .filter(|o| !known.contains(o.as_str()))
            .collect();
        assert!(
            new.is_empty(),
            "say in gate/exits.rs how rows could leave by {new:#?}"
        );
        for (operation, way) in EXITS {
            if let Way::Never(why) = way {
                assert!(!why.is_empty(), "{operation}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_that_is_withheld_leaves_by_any_exit() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        for (operation, way) in EXITS {
            let asks = match way {
                Way::Never(_) => continue,
                Way::Rows(asks) | Way::Words(asks) => asks,
            };
            for (place, asker) in planted.others.iter().enumerate() {
                let mine = asks(&planted, 0);
                // Statements are many; everybody but a stranger and the unit's own tries a part.
                let every =
                    if mine.len() > 100 && !matches!(asker.name, "stranger" | "reporter-own") {
                        7
                    } else {
                        1
                    };
                for mine in mine.iter().skip(place % every).step_by(every) {
                    let answer = ask(&asker.client, mine).await;
                    assert!(
                        !answer.status.is_server_error(),
                        "{operation} by {}: {}: {}",
                        asker.name,
                        asked(mine),
                        answer.text()
                    );
                    let told = words(&answer);
                    let found = leak(&told, &asked(mine), asker);
                    assert_eq!(
                        found,
                        None,
                        "{operation} by {}: {}: {told}",
                        asker.name,
                        asked(mine)
                    );
                }
            }
        }
        everything_without_parameters(&node, &planted).await;
    })
    .await;
}

/// Also what other rooms and the node itself tell: jobs, facts, metrics, lists.
async fn everything_without_parameters(node: &Node, planted: &Planted) {
    let operator = Asker {
        name: "operator",
        client: planted.operator.clone(),
        token: None,
        withheld: &PLANTS,
    };
    let mut looked_at = 0;
    for mount in &node.mounts {
        // Events never end; they are the facts of the audit.
        if mount.method != "GET" || mount.path.contains('{') || mount.path == "/api/v1/events" {
            continue;
        }
        for asker in planted.others.iter().chain([&operator]) {
            let answer = asker.client.get(&mount.path).await;
            let found = leak(&words(&answer), "", asker);
            assert_eq!(found, None, "GET {} by {}", mount.path, asker.name);
        }
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at} operations were looked at");
    let jobs = planted
        .operator
        .get("/api/v1/jobs?limit=200")
        .await
        .expect(200)
        .json();
    for job in jobs["items"].as_array().unwrap() {
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
        let told = words(&planted.operator.get(&path).await.expect(200));
        assert_eq!(leak(&told, "", &operator), None, "{told}");
    }
}

#[tokio::test]
async fn datasets_that_differ_in_what_is_withheld_cannot_be_told_apart() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        let stranger = &planted.others[0];
        for (operation, way) in EXITS {
            let Way::Rows(asks) = way else { continue };
            let (mut differs, mut whole) = (false, String::new());
            for (first, second) in asks(&planted, 0).iter().zip(&asks(&planted, 1)) {
                let (a, b) = (
                    ask(&stranger.client, first).await,
                    ask(&stranger.client, second).await,
                );
                let said = asked(first);
                let told = |answer: &Answer| comparable(answer, &said, &planted);
                assert_eq!(told(&a), told(&b), "{operation}: {said}");
                // The officer gets all of it: the question does reach the rows.
                let (a, b) = (
                    ask(&planted.officer.client, first).await,
                    ask(&planted.officer.client, second).await,
                );
                differs |= told(&a) != told(&b);
                whole.push_str(&words(&a));
            }
            assert!(differs, "{operation}: the officer can tell them apart");
            for (field, value) in PLANTS.iter() {
                assert!(
                    whole.contains(value),
                    "{operation}: the officer gets {field}"
                );
            }
        }
    })
    .await;
}

type Flight = FlightSqlServiceClient<Channel>;

/// A driver for each, on the node's own port.
async fn flight(address: SocketAddr, asker: &Asker) -> Flight {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let mut client = Flight::new(channel.connect().await.unwrap());
    if let Some(token) = &asker.token {
        client.set_token(token.clone());
    }
    client
}

/// What a driver is told: rows, or an error's words.
async fn driven(client: &mut Flight, sql: &str) -> Result<String, String> {
    // Headers of an error tell the time.
    let words = |e: arrow_flight::error::FlightError| {
        let words = e.to_string();
        words
            .split("metadata")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let info = client.execute(sql.to_owned(), None).await.map_err(words)?;
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let batches = client.do_get(ticket).await.map_err(words)?;
    let batches: Vec<_> = batches.try_collect().await.map_err(words)?;
    let mut lines: Vec<String> = table(&batches).lines().map(str::to_owned).collect();
    if !sql.contains("ORDER BY") {
        lines.sort();
    }
    Ok(lines.join("\n"))
}

#[tokio::test]
async fn a_flight_driver_gets_no_more_than_anybody_else() {
    on_a_node(async |node| {
        let planted = plant(&node).await;
        let (address, server) = tianyuan_lake::flight::start(&node.app)
            .await
            .unwrap()
            .unwrap();
        for asker in &planted.others {
            let mut client = flight(address, asker).await;
            for (first, second) in attempts::all(0).zip(attempts::all(1)) {
                let told = driven(&mut client, &first)
                    .await
                    .unwrap_or_else(|words| words);
                assert_eq!(
                    leak(&told, &first, asker),
                    None,
                    "{}: {first}: {told}",
                    asker.name
                );
                if asker.name == "stranger" {
                    let other = driven(&mut client, &second)
                        .await
                        .unwrap_or_else(|words| words);
                    let other = other.replace(CODES[1], CODES[0]);
                    assert_eq!(steady(&told), steady(&other), "{first}");
                }
            }
            let asked = arrow_flight::sql::CommandGetTables {
                include_schema: true,
                ..Default::default()
            };
            let info = client.get_tables(asked).await.unwrap();
            let ticket = info.endpoint[0].ticket.clone().unwrap();
            let listed: Vec<_> = client
                .do_get(ticket)
                .await
                .unwrap()
                .try_collect()
                .await
                .unwrap();
            let listed = table(&listed);
            assert!(listed.contains("twin_a"), "{listed}");
            // Schemas stand there as bytes, shown as hexadecimal.
            let removed = "diagnosis"
                .bytes()
                .map(|b| format!("{b:02x}"))
                .collect::<String>();
            assert!(!listed.contains(&removed), "{}: {listed}", asker.name);
            let shown = "mobile"
                .bytes()
                .map(|b| format!("{b:02x}"))
                .collect::<String>();
            assert!(listed.contains(&shown), "{}: {listed}", asker.name);
        }
        let mut officer = flight(address, &planted.officer).await;
        let all = driven(&mut officer, "SELECT * FROM twin_a").await.unwrap();
        for (field, value) in PLANTS.iter() {
            assert!(all.contains(value), "the officer gets {field}");
        }
        node.app.stop();
        server.await.unwrap();
    })
    .await;
}
