use std::sync::Arc;

use crate::args;
use crate::db::{Arg, Select, Sql};
use crate::room::Room;
use crate::testkit::{Node, each_backend};

fn rooms() -> Vec<Room> {
    let sql = "CREATE TABLE things (name TEXT PRIMARY KEY, n BIGINT, x DOUBLE PRECISION, b BYTEA)";
    vec![Room::new("test").migrations(&[("test/0001", sql)])]
}

async fn insert(node: &Node, name: &str) -> crate::Result<()> {
    let mut tx = node.app.db().begin_raw().await?;
    let sql = "INSERT INTO things (name, n, x, b) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, args![name, 7_i64, 0.1, vec![0_u8, 255]])
        .await?;
    tx.commit().await
}

async fn count(node: &Node) -> i64 {
    let mut reader = node.app.db().read().await.unwrap();
    reader
        .one("SELECT COUNT(*) AS n FROM things", args![])
        .await
        .unwrap()
        .int("n")
        .unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_went_in_and_null_is_null() {
    each_backend(rooms, async |node| {
        insert(&node, "一").await.unwrap();
        let mut tx = node.app.db().begin_raw().await.unwrap();
        let sql = "INSERT INTO things (name, n, x, b) VALUES ($1, $2, $3, $4)";
        let nothing = args!["二", None::<i64>, None::<f64>, None::<Vec<u8>>];
        tx.execute(sql, nothing).await.unwrap();
        tx.commit().await.unwrap();
        let mut reader = node.app.db().read().await.unwrap();
        let select = Select::new("SELECT name, n, x, b FROM things").order_by("name");
        let rows = reader.select(select).await.unwrap();
        assert_eq!(rows[0].text("name").unwrap(), "一");
        assert_eq!(rows[0].int("n").unwrap(), 7);
        assert_eq!(rows[0].real("x").unwrap(), 0.1);
        assert_eq!(rows[0].bytes("b").unwrap(), [0, 255]);
        assert_eq!(rows[1].int_opt("n").unwrap(), None);
        assert_eq!(rows[1].bytes_opt("b").unwrap(), None);
        let nul = Select::new("SELECT name, n, x, b FROM things").and("name = ?", Arg::from("a\0"));
        assert_eq!(
            reader.select(nul).await.err().unwrap().code(),
            "nul_character"
        );
        let error = insert(&node, "一").await.unwrap_err();
        assert_eq!(error.code(), "duplicate", "{error}");
    })
    .await;
}

#[tokio::test]
async fn arguments_count_by_number_not_by_place() {
    each_backend(rooms, async |node| {
        let mut tx = node.app.db().begin_raw().await.unwrap();
        let sql = "INSERT INTO things (x, n, name) VALUES ($3, $2, $1)";
        let done = tx.execute(sql, args!["一", 7_i64, 0.5]).await.unwrap();
        assert_eq!(done, 1);
        let sql = "UPDATE things SET n = n + $1 WHERE name = $2 AND n >= $1 RETURNING n, x";
        let row = tx.one(sql, args![3_i64, "一"]).await.unwrap();
        assert_eq!((row.int("n").unwrap(), row.real("x").unwrap()), (10, 0.5));
        assert!(row.text("n").is_err() && row.int("absent").is_err());
        let none = tx.execute("DELETE FROM things WHERE n < $1", args![10_i64]);
        assert_eq!(none.await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn writers_that_wait_together_are_all_durable_and_those_that_give_up_leave_nothing() {
    each_backend(rooms, async |node| {
        let node = Arc::new(node);
        let mut tasks = tokio::task::JoinSet::new();
        for i in 0..200 {
            let node = node.clone();
            tasks.spawn(async move {
                let mut tx = node.app.db().begin_raw().await.unwrap();
                let sql = "INSERT INTO things (name) VALUES ($1)";
                tx.execute(sql, args![format!("t{i}")]).await.unwrap();
                match i % 4 {
                    0 => drop(tx),
                    1 => {
                        // A statement that fails must not spoil the neighbours' commit.
                        tx.execute(sql, args![format!("t{i}")]).await.unwrap_err();
                        drop(tx);
                    }
                    _ => tx.commit().await.unwrap(),
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(count(&node).await, 100);
    })
    .await;
}

#[tokio::test]
async fn a_migration_whose_text_changed_is_refused() {
    each_backend(rooms, async |node| {
        let changed = [("test/0001", "CREATE TABLE other (name TEXT)")];
        let error = super::migrate(node.app.db(), &changed, node.app.now())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("test/0001"), "{error}");
    })
    .await;
}
