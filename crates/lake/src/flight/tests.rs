//! Flight SQL over a socket, by the protocol's own client.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};
use futures::TryStreamExt as _;
use tianyuan_kernel::Room;
use tianyuan_kernel::authority::Authorize;
use tianyuan_kernel::testkit::{Node, Roles, each_backend_with};
use tonic::transport::Channel;

use super::*;
use crate::testing::{SECRETS, people, publish, register, rooms};

type Client = FlightSqlServiceClient<Channel>;

async fn client(node: &Node) -> (Client, tokio::task::JoinHandle<()>) {
    let (address, task) = start(&node.app).await.unwrap().unwrap();
    let channel = Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_timeout(Duration::from_secs(5))
        .connect()
        .await
        .unwrap();
    (Client::new(channel), task)
}

async fn rows(client: &mut Client, sql: &str) -> std::result::Result<String, String> {
    let words = |e: arrow_flight::error::FlightError| e.to_string();
    let mut statement = client.prepare(sql.to_owned(), None).await.map_err(words)?;
    let info = statement.execute().await.map_err(words)?;
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let batches = client.do_get(ticket).await.map_err(words)?;
    let batches: Vec<_> = batches.try_collect().await.map_err(|e| e.to_string())?;
    statement.close().await.map_err(words)?;
    let shown = arrow::util::pretty::pretty_format_batches(&batches);
    Ok(shown.map_err(|e| e.to_string())?.to_string())
}

async fn on_flight(test: impl AsyncFn(&Node, Client)) {
    let listen = |config: &mut tianyuan_kernel::config::Config| {
        config.server.flight_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    };
    let compose = |_: &tianyuan_kernel::config::Config| -> (Vec<Room>, Arc<dyn Authorize>) {
        (rooms(), Arc::new(Roles))
    };
    each_backend_with(compose, listen, async |node| {
        publish(&node, &register("people"), vec![people()]).await;
        let mut hidden = register("hidden_register");
        hidden.public = false;
        hidden.sharing = crate::Sharing::None;
        publish(&node, &hidden, vec![people()]).await;
        let (client, task) = client(&node).await;
        test(&node, client).await;
        node.app.stop();
        task.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_driver_prepares_asks_and_gets_what_leaves() {
    on_flight(async |_, mut client| {
        let shown = rows(&mut client, "SELECT town, mobile FROM people ORDER BY lon").await;
        let shown = shown.unwrap();
        assert!(
            shown.contains("138******11") && shown.contains("重固镇"),
            "{shown}"
        );
        for sql in [
            "SELECT * FROM people",
            "SELECT mobile, identity FROM people WHERE mobile > '1'",
            "SELECT CAST(mobile AS BIGINT) FROM people",
            "SELECT diagnosis FROM people",
            "SELECT * FROM hidden_register",
            "SELECT * FROM information_schema.columns",
            "EXPLAIN SELECT * FROM people",
        ] {
            let told = rows(&mut client, sql).await.unwrap_or_else(|words| words);
            for secret in SECRETS {
                assert!(!told.contains(secret), "{sql}: {told}");
            }
            assert!(!told.contains(".parquet"), "{sql}: {told}");
        }
        let refused = rows(&mut client, "DROP TABLE people").await.unwrap_err();
        assert!(refused.contains("sql_select_only"), "{refused}");
        let absent = rows(&mut client, "SELECT * FROM hidden_register")
            .await
            .unwrap_err();
        assert!(absent.contains("table_unknown"), "{absent}");
    })
    .await;
}

#[tokio::test]
async fn a_driver_lists_what_there_is_for_its_caller_and_no_more() {
    on_flight(async |_, mut client| {
        let asked = CommandGetTables {
            include_schema: true,
            ..CommandGetTables::default()
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
        let listed = arrow::util::pretty::pretty_format_batches(&listed)
            .unwrap()
            .to_string();
        assert!(
            listed.contains("people") && !listed.contains("hidden_register"),
            "{listed}"
        );
        let info = client
            .get_db_schemas(CommandGetDbSchemas::default())
            .await
            .unwrap();
        assert_eq!(info.endpoint.len(), 1);
        assert_eq!(client.get_catalogs().await.unwrap().endpoint.len(), 1);
        assert_eq!(client.get_table_types().await.unwrap().endpoint.len(), 1);
        let handshake = client.handshake("anybody", "nothing").await;
        assert!(
            handshake.is_err(),
            "a stranger has no token to shake hands with"
        );
    })
    .await;
}
