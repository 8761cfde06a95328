use futures::future::BoxFuture;
use serde_json::json;

use super::{Fact, Kind, Log, Reaction, erase, facts_after, sequence};
use crate::App;
use crate::args;
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::http::Tx;
use crate::room::Room;
use crate::testkit::{Node, each_backend};

const SAID: Kind = Kind::new("test.said", Log::Material, "说", "Said")
    .open(&["word"])
    .staff();

fn keep<'a>(_: &'a App, tx: &'a mut Tx, fact: &'a Fact) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let word = fact
            .body
            .as_ref()
            .map(|b| b["word"].to_string())
            .unwrap_or_default();
        if word.contains("poison") {
            return Err(Error::internal("on purpose"));
        }
        tx.execute("INSERT INTO heard (word) VALUES ($1)", args![word])
            .await
            .map(|_| ())
    })
}

const HEAR: Reaction = Reaction {
    name: "test.hear",
    kinds: &["test.said"],
    run: keep,
};

fn rooms() -> Vec<Room> {
    let table = ("test/0001", "CREATE TABLE heard (word TEXT NOT NULL)");
    vec![
        Room::new("test")
            .kinds(&[SAID])
            .migrations(&[table])
            .reactions(&[HEAR]),
    ]
}

async fn say(node: &Node, word: &str) {
    let mut tx = Tx::begin(&node.app, Some("person_1".to_owned()))
        .await
        .unwrap();
    tx.record(&SAID, "thing_1", &json!({ "word": word }))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn numbers_are_contiguous_and_what_is_rolled_back_leaves_no_gap() {
    each_backend(rooms, async |node| {
        let writers = (0..20).map(|i| {
            let app = node.app.clone();
            async move {
                let mut tx = Tx::begin(&app, None).await.unwrap();
                tx.record(&SAID, "thing_1", &json!({ "word": i.to_string() }))
                    .await
                    .unwrap();
                if i % 3 != 0 {
                    tx.commit().await.unwrap();
                }
            }
        });
        futures::future::join_all(writers).await;
        let (a, b) = tokio::join!(sequence(&node.app), sequence(&node.app));
        assert_eq!(a.unwrap() + b.unwrap(), 13);
        let mut reader = node.app.db().read().await.unwrap();
        let facts = facts_after(&mut reader, 0, 100).await.unwrap();
        let numbers: Vec<i64> = facts.iter().filter_map(|f| f.seq).collect();
        assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
        assert!(facts.windows(2).all(|w| w[0].at <= w[1].at));
        assert!(
            facts
                .iter()
                .all(|f| f.body_salt.as_ref().unwrap().len() == 32)
        );
    })
    .await;
}

#[tokio::test]
async fn a_reaction_consumes_each_fact_once_and_stays_where_it_failed() {
    each_backend(rooms, async |node| {
        say(&node, "one").await;
        node.settle().await;
        say(&node, "two").await;
        say(&node, "poison").await;
        assert!(node.app.settle().await.is_err());
        assert!(node.app.settle().await.is_err());
        let mut reader = node.app.db().read().await.unwrap();
        let heard = reader.all("SELECT word FROM heard", args![]).await.unwrap();
        assert_eq!(
            heard.len(),
            1,
            "the batch with the poison was undone as a whole"
        );
    })
    .await;
}

#[tokio::test]
async fn erasure_takes_words_and_salts_and_leaves_the_order() {
    each_backend(rooms, async |node| {
        say(&node, "one").await;
        node.settle().await;
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        assert_eq!(erase(&mut tx, "person_1").await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut reader = node.app.db().read().await.unwrap();
        let fact = facts_after(&mut reader, 0, 10).await.unwrap().remove(0);
        assert_eq!(
            (fact.seq, fact.actor, fact.actor_salt),
            (Some(1), None, None)
        );
        assert!(fact.body.is_some() && fact.erased_at.is_some());
        let leaf: serde_json::Value = serde_json::from_slice(&fact.leaf.unwrap()).unwrap();
        assert_eq!(leaf["open"], json!({ "word": "one" }));
        assert_eq!(
            leaf["actor"].as_str().unwrap().len(),
            44,
            "the commitment stays"
        );
    })
    .await;
}
