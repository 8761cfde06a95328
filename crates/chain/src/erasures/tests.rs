//! A person's rows, erased from every version and everything beside them.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::Client;

use crate::testing::{Bench, bench};

const PERSON: &str = "31011819900307451x";

async fn load(b: &Bench, dataset: &str, rows: &[(&str, &str)]) -> Value {
    let mut csv = "idcard,person,amount\n".to_owned();
    for (id, name) in rows {
        csv.push_str(&format!("{id},{name},7\n"));
    }
    let upload = b.upload(dataset, "名册.csv", csv.as_bytes()).await;
    let loaded = b.load(&upload, json!({})).await;
    assert_eq!(loaded["state"], "loaded", "{loaded}");
    loaded
}

/// A draft with three versions; the person stands in the first once and in the second twice.
async fn three_versions(b: &Bench) -> String {
    let id = b.dataset("roster", "名册").await;
    let (person, upper) = (PERSON, PERSON.to_uppercase());
    load(b, &id, &[(person, "某甲"), ("A2", "某乙"), ("A3", "某丙")]).await;
    load(
        b,
        &id,
        &[
            (&upper, "某甲"),
            ("A2", "某乙"),
            (person, "某甲"),
            ("A4", "某丁"),
        ],
    )
    .await;
    load(b, &id, &[("A2", "某乙"), ("A3", "某丙")]).await;
    id
}

async fn objects(b: &Bench, folder: &str) -> Vec<String> {
    use futures::TryStreamExt as _;
    let store = b.node.app.files().store();
    let path = object_store::path::Path::from(folder);
    let all: Vec<_> = store.list(Some(&path)).try_collect().await.unwrap();
    all.into_iter().map(|o| o.location.to_string()).collect()
}

async fn names(client: &Client, version: i64) -> Vec<String> {
    let path = format!("/api/v1/datasets/roster/rows?version={version}");
    let rows = client.get(&path).await.expect(200).json();
    let rows = rows["items"].as_array().unwrap().clone();
    rows.iter()
        .map(|r| r["person"].as_str().unwrap().to_owned())
        .collect()
}

fn erasure() -> Value {
    json!({ "field": "idcard", "values": [PERSON], "reason": "本人申请，核实无误。" })
}

#[tokio::test]
async fn a_persons_rows_go_from_every_version_and_everything_beside() {
    bench(async |b: Bench| {
        let id = three_versions(&b).await;
        // Somebody holds addresses of two versions, and a fourth file is on its way.
        let versions = b
            .officer
            .get("/api/v1/datasets/roster/versions")
            .await
            .json();
        let links = format!("/api/v1/datasets/{id}/file-links");
        let link = async || {
            let made = b.officer.post(&links, json!({})).await.expect(201).json();
            made["path"].as_str().unwrap().to_owned()
        };
        let third = link().await;
        let back = "/api/v1/datasets/roster/versions/2/restore";
        b.officer.post(back, json!({})).await.expect(200);
        let second = link().await;
        b.stranger.get(&second).await.expect(200);
        let waiting = b
            .upload(&id, "又一份.csv", "idcard,person\nA9,某戊\n".as_bytes())
            .await;
        assert!(!objects(&b, "uploads").await.is_empty());
        let before = objects(&b, "lake").await;

        let path = "/api/v1/datasets/roster/erasures";
        let asked = b.officer.post(path, erasure()).await.expect(202).json();
        assert_eq!(asked["uploads_discarded"], 1);
        assert!(asked["finished_at"].is_null() && asked["versions"].is_null());
        b.node.settle().await;

        let one = format!("/api/v1/erasures/{}", asked["id"].as_str().unwrap());
        let done = b.officer.get(&one).await.expect(200).json();
        let told = |v: &Value| (v["number"].clone(), v["erased"].clone(), v["rows"].clone());
        let all: Vec<_> = done["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(told)
            .collect();
        assert_eq!(
            all,
            [
                (json!(1), json!(1), json!(2)),
                (json!(2), json!(2), json!(2))
            ]
        );
        assert!(!done["finished_at"].is_null());
        assert_eq!(
            names(&b.officer, 1).await,
            ["某乙", "某丙"],
            "in their order"
        );
        assert_eq!(names(&b.officer, 2).await, ["某乙", "某丁"]);
        assert_eq!(names(&b.officer, 3).await, ["某乙", "某丙"]);
        let now = b
            .officer
            .get("/api/v1/datasets/roster")
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&now["current"]["number"], &now["current"]["rows"]),
            (&json!(2), &json!(2))
        );
        let sql = json!({ "sql": "SELECT count(*) AS n FROM roster WHERE person = '某甲'" });
        let counted = b.officer.post("/api/v1/sql", sql).await.expect(200).json();
        assert_eq!(counted["rows"][0]["n"], 0);

        // Hashes differ where rows went, and the ledger's facts name them.
        let after = b
            .officer
            .get("/api/v1/datasets/roster/versions")
            .await
            .json();
        for place in 0..3 {
            let same = versions["items"][place]["sha256"] == after["items"][place]["sha256"];
            assert_eq!(same, after["items"][place]["number"] == 3, "{after}");
        }
        // The address of what was rewritten is dead, the other one lives.
        b.stranger.get(&second).await.expect(404);
        b.stranger.get(&third).await.expect(200);
        // Old files are gone at once, those of the third version stay.
        let left = objects(&b, "lake").await;
        let kept = before.iter().filter(|key| left.contains(key)).count();
        assert_eq!((kept, left.len()), (2, 4), "{before:#?} {left:#?}");
        assert!(
            objects(&b, "uploads").await.is_empty(),
            "the files they came in are gone"
        );
        let upload = format!("/api/v1/uploads/{}", waiting["id"].as_str().unwrap());
        let upload = b.officer.get(&upload).await.expect(200).json();
        assert_eq!(
            (&upload["state"], &upload["found"]),
            (&json!("discarded"), &json!(null))
        );
        nothing_keeps_what_was_sought(&b).await;
    })
    .await;
}

/// Facts say what happened; none of them, and no job, says to whom.
async fn nothing_keeps_what_was_sought(b: &Bench) {
    let kinds: Vec<String> = b.node.facts().await.into_iter().map(|f| f.0).collect();
    let count = |kind: &str| kinds.iter().filter(|k| *k == kind).count();
    assert_eq!(count("dataset.version_rewritten"), 2);
    assert_eq!(
        (count("dataset.erasure_asked"), count("dataset.rows_erased")),
        (1, 1)
    );
    let mut sql = b.node.app.db().read().await.unwrap();
    let facts = tianyuan_kernel::journal::facts_after(&mut sql, 0, 10_000)
        .await
        .unwrap();
    let facts = facts.iter().map(|f| f.body.as_ref().unwrap().to_string());
    use tianyuan_kernel::args;
    use tianyuan_kernel::db::Sql as _;
    let jobs = sql.all("SELECT payload FROM jobs", args![]).await.unwrap();
    let jobs = jobs.iter().map(|row| row.text("payload").unwrap());
    let sought = sql
        .all("SELECT sought FROM chain_erasures", args![])
        .await
        .unwrap();
    let sought = sought
        .iter()
        .map(|row| row.text_opt("sought").unwrap().unwrap_or_default());
    for text in facts.chain(jobs).chain(sought) {
        assert!(!text.to_lowercase().contains(PERSON), "{text}");
    }
}

#[tokio::test]
async fn only_who_may_erase_does_and_what_cannot_be_is_told() {
    bench(async |b: Bench| {
        three_versions(&b).await;
        let path = "/api/v1/datasets/roster/erasures";
        let facts = b.node.facts().await.len();
        b.stranger.post(path, erasure()).await.expect(401);
        let reporter = b.node.client("citizen");
        let refused = reporter.post(path, erasure()).await;
        assert!(
            matches!(refused.status.as_u16(), 403 | 404),
            "{}",
            refused.text()
        );
        for (field, value, code) in [
            ("field", json!("never_was"), "field_unknown"),
            ("field", json!("_id"), "field_unknown"),
            ("values", json!([]), "values_count"),
            ("values", json!(["  "]), "value_malformed"),
            ("values", json!(["a\u{0}"]), "value_malformed"),
            ("reason", json!(" "), "reason_missing"),
        ] {
            let mut wrong = erasure();
            wrong[field] = value;
            let answer = b.officer.post(path, wrong).await.expect(422);
            assert_eq!(answer.code(), code, "{}", answer.text());
        }
        let after = b.node.facts().await;
        let changed = after[facts..].iter().any(|f| f.0.starts_with("dataset."));
        assert!(!changed, "{after:?}");
        // Somebody who is not there: done, and no version is touched.
        let nobody = json!({ "field": "idcard", "values": ["x"], "reason": "核对。" });
        for _ in 0..2 {
            let asked = b
                .officer
                .post(path, nobody.clone())
                .await
                .expect(202)
                .json();
            b.node.settle().await;
            let one = format!("/api/v1/erasures/{}", asked["id"].as_str().unwrap());
            let done = b.officer.get(&one).await.expect(200).json();
            assert_eq!(done["versions"], json!([]));
            let hidden = reporter.get(&one).await;
            assert_eq!(hidden.status, 404);
        }
        let listed = b.officer.get(path).await.expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        assert_eq!(names(&b.officer, 1).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_version_that_comes_before_the_jobs_turn_is_looked_at_too() {
    bench(async |b: Bench| {
        let id = three_versions(&b).await;
        let path = "/api/v1/datasets/roster/erasures";
        b.officer.post(path, erasure()).await.expect(202);
        // Published before the job's turn, as by a node that was slower to stop.
        use tianyuan_lake::arrow::array::{ArrayRef, RecordBatch, StringArray};
        let ids: ArrayRef = std::sync::Arc::new(StringArray::from(vec![PERSON, "A7"]));
        let rows = RecordBatch::try_from_iter([("idcard", ids)]).unwrap();
        let stream = futures::stream::iter([Ok(rows.clone())]);
        let options = tianyuan_lake::Options::default();
        let staged = tianyuan_lake::stage(&b.node.app, rows.schema(), stream, options).await;
        let mut tx = tianyuan_kernel::http::Tx::begin(&b.node.app, None)
            .await
            .unwrap();
        let made = tianyuan_lake::tables::publish(&mut tx, &id, staged.unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(made.number, 4);
        b.node.settle().await;
        let sql = json!({ "sql": "SELECT idcard FROM roster" });
        let left = b.officer.post("/api/v1/sql", sql).await.expect(200).json();
        assert_eq!(left["rows"], json!([{ "idcard": "A7" }]));
    })
    .await;
}
