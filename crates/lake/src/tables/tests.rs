//! Versions: whole or not at all, readable until retired, collected when they belong to nothing.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tianyuan_kernel::testkit::{Node, each_backend};

use super::*;
use crate::query::Asker;
use crate::supervision::Exit;
use crate::testing::{people, publish, register, rooms};
use crate::{Options, collect, diff, open, stage};

fn officer() -> Principal {
    Principal {
        id: Some("person_data_officer".to_owned()),
        name: String::new(),
        grants: vec![Grant {
            role: Role::DataOfficer,
            unit: None,
        }],
        ..Principal::anonymous()
    }
}

fn asker() -> Asker {
    Asker {
        who: officer(),
        address: None,
        purpose: String::new(),
        exit: Exit::REST,
    }
}

async fn objects(node: &Node) -> usize {
    let store = node.app.files().store();
    let lake = object_store::path::Path::from("lake");
    store.list(Some(&lake)).count().await
}

async fn readable(node: &Node, version: Option<&VersionId>) -> Option<i64> {
    let gated = open(&node.app, &officer(), "", "dataset_people", version).await;
    gated.unwrap().map(|gated| gated.version.number)
}

#[tokio::test]
async fn a_version_is_seen_whole_when_it_is_committed_and_can_be_gone_back_to() {
    each_backend(rooms, async |node| {
        let first = publish(&node, &register("people"), vec![people()]).await;
        assert_eq!((first.number, first.row_count), (1, 3));
        let second = publish(&node, &register("people"), vec![people(), people()]).await;
        assert_eq!((second.number, second.row_count), (2, 6));
        assert_eq!(readable(&node, None).await, Some(2));
        assert_eq!(readable(&node, Some(&first.id)).await, Some(1));
        for _ in 0..2 {
            let mut tx = Tx::begin(&node.app, None).await.unwrap();
            roll_back(&mut tx, "dataset_people", &first.id)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            assert_eq!(readable(&node, None).await, Some(1));
        }
        let facts = node.facts().await;
        let of = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        assert_eq!(of("dataset.version_published"), 2);
        assert_eq!(of("dataset.rolled_back"), 1, "twice is once");
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        let current = retire(&mut tx, &first.id).await.unwrap_err();
        assert_eq!(current.code(), "version_is_current");
        retire(&mut tx, &second.id).await.unwrap();
        let gone = roll_back(&mut tx, "dataset_people", &second.id).await;
        assert_eq!(gone.unwrap_err().code(), "version_retired");
        let other = roll_back(&mut tx, "dataset_other", &first.id).await;
        assert_eq!(other.unwrap_err().code(), "not_found");
        tx.commit().await.unwrap();
        assert_eq!(readable(&node, Some(&second.id)).await, None);
    })
    .await;
}

#[tokio::test]
async fn what_never_became_a_version_is_collected_and_what_did_is_kept() {
    each_backend(rooms, async |node| {
        let kept = publish(&node, &register("people"), vec![people()]).await;
        // The node stops between writing and publishing: the files are there, the version is not.
        let staged = stage(
            &node.app,
            people().schema(),
            stream::iter([Ok(people())]),
            Options::default(),
        );
        staged.await.unwrap();
        // Or between publishing and committing.
        let staged = stage(
            &node.app,
            people().schema(),
            stream::iter([Ok(people())]),
            Options::default(),
        );
        let staged = staged.await.unwrap();
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        super::publish(&mut tx, "dataset_people", staged)
            .await
            .unwrap();
        drop(tx);
        // Or while writing.
        let broken = stream::iter([Ok(people()), Err(Error::internal("cut off"))]);
        let cut = stage(&node.app, people().schema(), broken, Options::default()).await;
        cut.unwrap_err();
        assert_eq!(
            readable(&node, None).await,
            Some(1),
            "no half version is seen"
        );
        assert_eq!(objects(&node).await, 3);
        assert_eq!(collect::collect(&node.app).await.unwrap(), 0, "too young");
        // Objects carry the machine's time, which is years after the test's clock.
        node.advance(20 * 365 * 86_400);
        assert_eq!(collect::collect(&node.app).await.unwrap(), 2);
        assert_eq!(objects(&node).await, 1);
        assert_eq!(readable(&node, Some(&kept.id)).await, Some(1));
        let next = publish(&node, &register("people"), vec![people()]).await;
        assert_eq!(
            next.number, 2,
            "a number that was never committed is not used up"
        );
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        assert_eq!(keep_newest(&mut tx, "dataset_people", 1).await.unwrap(), 1);
        tx.commit().await.unwrap();
        node.advance(2 * 3_600);
        assert_eq!(
            collect::collect(&node.app).await.unwrap(),
            1,
            "the retired one's file"
        );
        assert_eq!(readable(&node, None).await, Some(2));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_by_name() {
    each_backend(rooms, async |node| {
        let with = async |fields: Vec<ArrowField>, options: Options| {
            let schema = Arc::new(Schema::new(fields));
            stage(&node.app, schema, stream::empty(), options).await
        };
        let field = |name: &str| ArrowField::new(name, DataType::Int64, true);
        let wide = (0..100_000).map(|n| field(&n.to_string())).collect();
        let many = with(wide, Options::default()).await.unwrap_err();
        assert_eq!(many.code(), "table_too_wide");
        for (fields, code) in [
            (vec![], "table_empty"),
            (vec![field("a"), field("a")], "field_name_wrong"),
            (vec![field("")], "field_name_wrong"),
            (vec![field("a\0")], "field_name_wrong"),
            (vec![field("_id")], "field_name_wrong"),
        ] {
            assert_eq!(
                with(fields, Options::default()).await.unwrap_err().code(),
                code
            );
        }
        let few = Options {
            rows_max: 4,
            ..Options::default()
        };
        let rows = stream::iter([Ok(people()), Ok(people())]);
        let more = stage(&node.app, people().schema(), rows, few).await;
        assert_eq!(more.unwrap_err().code(), "too_many_rows");
        let empty = with(vec![field("a")], Options::default()).await.unwrap();
        assert_eq!((empty.row_count, empty.files.len()), (0, 1));
    })
    .await;
}

fn numbers(rows: &[(i64, &str)]) -> RecordBatch {
    let schema = Schema::new(vec![
        ArrowField::new("town", DataType::Utf8, true),
        ArrowField::new("age", DataType::Int64, true),
    ]);
    let towns: StringArray = rows.iter().map(|r| Some(r.1)).collect();
    let ages: Int64Array = rows.iter().map(|r| Some(r.0)).collect();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(towns), Arc::new(ages)]).unwrap()
}

#[tokio::test]
async fn two_versions_differ_by_key() {
    each_backend(rooms, async |node| {
        let table = register("people");
        let before = publish(
            &node,
            &table,
            vec![numbers(&[(1, "a"), (2, "b"), (3, "c")])],
        )
        .await;
        let after = publish(
            &node,
            &table,
            vec![numbers(&[(1, "a"), (5, "b"), (4, "d")])],
        )
        .await;
        let gated = async |version: &VersionId| {
            let gated = open(&node.app, &officer(), "", "dataset_people", Some(version)).await;
            gated.unwrap().unwrap()
        };
        let (old, new) = (gated(&before.id).await, gated(&after.id).await);
        let keys = ["town".to_owned()];
        let told = diff::diff(&node.app, &asker(), &old, &new, &keys, 10)
            .await
            .unwrap();
        assert_eq!((told.added, told.removed, told.changed), (1, 1, 1));
        let rows: usize = told.shown.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 3);
        let wrong = ["x\" OR 1=1 --".to_owned()];
        let wrong = diff::diff(&node.app, &asker(), &old, &new, &wrong, 10).await;
        assert_eq!(wrong.unwrap_err().code(), "field_unknown");
        // A key of two fields, and several fields to compare.
        let whole = gated(&publish(&node, &table, vec![people()]).await.id).await;
        let keys = ["identity".to_owned(), "age".to_owned()];
        let told = diff::diff(&node.app, &asker(), &whole, &whole, &keys, 10).await;
        let told = told.unwrap();
        assert_eq!((told.added, told.removed, told.changed), (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn rows_come_back_as_they_were_written_across_groups_and_batches() {
    each_backend(rooms, async |node| {
        let many: Vec<(i64, &str)> = (0..150_000).map(|n| (n, "重固镇")).collect();
        let batches = many.chunks(7_001).map(numbers).collect();
        let version = publish(&node, &register("people"), batches).await;
        assert_eq!(version.row_count, 150_000);
        let body = serde_json::json!({
            "sql": "SELECT count(*) AS n, sum(age) AS s, min(age) AS lo, max(age) AS hi FROM people"
        });
        let officer = node.client("data_officer");
        let told = officer.post("/api/v1/sql", body).await.expect(200).json();
        let sum: i64 = (0..150_000).sum();
        let expected = serde_json::json!({ "n": 150_000, "s": sum, "lo": 0, "hi": 149_999 });
        assert_eq!(told["rows"][0], expected);
        let store = node.app.files().store();
        let lake = object_store::path::Path::from("incoming");
        let left: Vec<_> = store.list(Some(&lake)).try_collect().await.unwrap();
        assert!(left.is_empty(), "nothing is left behind: {left:?}");
    })
    .await;
}
