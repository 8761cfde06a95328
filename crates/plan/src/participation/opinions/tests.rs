use serde_json::{Value, json};
use tianyuan_kernel::args;
use tianyuan_kernel::db::Sql as _;
use tianyuan_kernel::http::Tx;

use super::OpinionId;
use super::contacts::Contact;
use super::erasure::keep_erased;
use crate::participation::testing::{Voice, text, with_round};
use crate::workbook::out::{Out, OutSheet, xlsx};

#[tokio::test]
async fn the_same_words_are_counted_and_similar_ones_stand_together() {
    with_round(true, async |v: Voice| {
        let first = v.add("练塘镇农田边手机信号差，请补建5G基站。").await;
        let again = v.add(" 练塘镇农田边 手机信号差,请补建５Ｇ基站 ").await;
        assert_eq!(first["id"], again["id"]);
        assert_eq!(again["copies"], 2);
        let alike = v.add("练塘镇手机信号差，请尽快补建基站。").await;
        assert_eq!(alike["topic"]["id"], first["topic"]["id"]);
        assert!(alike["similarity"].as_f64().unwrap() > 0.4, "{alike}");
        assert_eq!(alike["similar_to"], first["id"]);
        let other = v.add("数据资产入表没有案例可学。").await;
        assert_ne!(other["topic"]["id"], first["topic"]["id"]);
        let round = v.get("").await;
        assert_eq!((&round["voices"], &round["topics"]), (&json!(4), &json!(2)));
        let topics = v.topics().await;
        assert_eq!(topics[0]["voices"], 3, "the most voices first");
    })
    .await;
}

#[tokio::test]
async fn bad_opinions_get_a_clear_answer_and_odd_ones_stay_as_written() {
    with_round(true, async |v: Voice| {
        let office = &v.b.office;
        let of = |body: Value| v.try_add(office, body);
        let long = "长".repeat(33_334);
        let answer = of(json!({ "channel_id": v.written, "text": long }))
            .await
            .expect(422);
        assert_eq!(answer.code(), "too_long");
        assert!(answer.text().contains("20000"), "{}", answer.text());
        let blank = of(json!({ "channel_id": v.written, "text": " \n" }))
            .await
            .expect(422);
        assert_eq!(blank.code(), "required");
        let nul = of(json!({ "channel_id": v.written, "text": "a\0b" })).await;
        assert_eq!(nul.status, 400);
        let party = json!({ "channel_id": v.written, "text": "x", "party": "经尾" });
        let answer = of(party).await.expect(422);
        assert_eq!(answer.code(), "party_unknown");
        assert!(answer.text().contains("经委"), "{}", answer.text());
        let hearing = of(json!({ "channel_id": v.hearing, "text": "x" }))
            .await
            .expect(409);
        assert_eq!(hearing.code(), "channel_uncounted");
        let measure = json!({ "channel_id": v.written, "text": "x", "clause": { "measure": 999 } });
        assert_eq!(of(measure).await.expect(422).code(), "measure_unknown");
        for odd in [
            "👍🏽 支持",
            "<script>alert(1)</script>",
            "=HYPERLINK(\"http://x\")",
            "👍",
        ] {
            let opinion = v.add(odd).await;
            assert_eq!(opinion["text"], odd, "kept as written");
        }
        let reporter = v.b.node.client("unit_reporter:unit_x");
        let body = json!({ "channel_id": v.written, "text": "x" });
        v.try_add(&reporter, body.clone()).await.expect(403);
        v.try_add(&v.b.node.client("citizen"), body)
            .await
            .expect(404);
    })
    .await;
}

fn sheet(rows: &[[&str; 4]]) -> Vec<u8> {
    let heads = ["意见", "听取对象", "举措序号", "份数"]
        .map(str::to_owned)
        .into();
    let cell = |t: &str| {
        t.parse()
            .map_or_else(|_| Out::Text(t.to_owned()), Out::Number)
    };
    let rows = rows
        .iter()
        .map(|r| r.iter().map(|t| cell(t)).collect())
        .collect();
    let sheet = OutSheet {
        name: "意见".to_owned(),
        heads,
        rows,
        choices: Vec::new(),
    };
    xlsx(&[sheet]).unwrap()
}

#[tokio::test]
async fn a_workbook_is_taken_whole_or_not_at_all_and_twice_counts_once() {
    with_round(true, async |v: Voice| {
        let path = |mode: &str| {
            let (round, channel) = (&v.round, &v.written);
            format!("/api/v1/rounds/{round}/opinions/import?mode={mode}&channel_id={channel}")
        };
        let bad = sheet(&[
            ["好意见", "经委", "1", ""],
            ["", "经委", "1", ""],
            ["又一条", "无此单位", "77", "0"],
        ]);
        let check =
            v.b.send_xlsx(&path("check"), bad.clone())
                .await
                .expect(200)
                .json();
        assert_eq!(check["ok"], false);
        let places: Vec<String> = check["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{}{}", text(e, "column"), e["row"]))
            .collect();
        assert_eq!(places, ["A3", "B4", "C4", "D4"]);
        v.b.send_xlsx(&path("apply"), bad).await.expect(422);
        assert_eq!(v.get("").await["voices"], 0, "nothing is half done");
        let good = sheet(&[
            ["=1+1 也是意见", "经委", "1", ""],
            ["停车场接入智慧停车平台", "科委", "", "3"],
            ["停车场接入智慧停车平台。", "科委", "", "1"],
        ]);
        let check =
            v.b.send_xlsx(&path("check"), good.clone())
                .await
                .expect(200)
                .json();
        assert_eq!((&check["ok"], &check["count"]), (&json!(true), &json!(3)));
        let done =
            v.b.send_xlsx(&path("apply"), good.clone())
                .await
                .expect(201)
                .json();
        assert_eq!((&done["added"], &done["repeated"]), (&json!(2), &json!(1)));
        assert_eq!(v.get("").await["voices"], 5);
        let again = v.b.send_xlsx(&path("apply"), good).await.expect(201).json();
        assert_eq!((&again["added"], &again["skipped"]), (&json!(0), &json!(3)));
        assert_eq!(v.get("").await["voices"], 5);
        // And out again: a formula is text there too.
        let out = format!("/api/v1/rounds/{}/opinions.xlsx", v.round);
        let book = v.b.office.get(&out).await.expect(200).bytes;
        let sheets = tianyuan_kernel::office::read_xlsx(&book).unwrap();
        let cells: Vec<String> = sheets[0].rows.iter().map(|r| r[3].text()).collect();
        assert!(cells.contains(&"=1+1 也是意见".to_owned()), "{cells:?}");
        assert!(matches!(
            sheets[0].rows[1][3],
            tianyuan_kernel::office::Cell::Text(_)
        ));
        let template = format!("/api/v1/rounds/{}/opinions/template.xlsx", v.round);
        v.b.office.get(&template).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn pasted_lines_are_looked_at_before_they_are_taken() {
    with_round(true, async |v: Voice| {
        let path = |mode: &str| format!("/api/v1/rounds/{}/opinions/paste?mode={mode}", v.round);
        let body = json!({
            "channel_id": v.written, "party": "经委", "text": "1. 多建充电桩\n2. 老小区停车难\n\n",
        });
        let check =
            v.b.office
                .post(&path("check"), body.clone())
                .await
                .expect(200)
                .json();
        assert_eq!(check["items"][0]["text"], "多建充电桩");
        assert_eq!(v.get("").await["voices"], 0);
        let done =
            v.b.office
                .post(&path("apply"), body.clone())
                .await
                .expect(201)
                .json();
        assert_eq!(done["added"], 2);
        let check =
            v.b.office
                .post(&path("check"), body)
                .await
                .expect(200)
                .json();
        assert_eq!(check["known"], 2);
        let empty = json!({ "channel_id": v.written, "text": "\n\n" });
        let answer = v.b.office.post(&path("apply"), empty).await.expect(422);
        assert_eq!(answer.code(), "nothing_to_import");
    })
    .await;
}

#[tokio::test]
async fn who_said_it_is_kept_apart_seen_by_few_and_erasable() {
    with_round(true, async |v: Voice| {
        let body = json!({
            "channel_id": v.written, "text": "请给张某回电话",
            "contact": { "name": "示例甲", "phone": "000-0000" },
        });
        let opinion = v.try_add(&v.b.office, body).await.expect(201);
        assert!(!opinion.text().contains("示例甲"));
        let opinion = opinion.json();
        let path = format!("/api/v1/opinions/{}", text(&opinion, "id"));
        let contacts =
            v.b.office
                .get(&format!("{path}/contacts"))
                .await
                .expect(200)
                .json();
        assert_eq!(contacts["items"][0]["phone"], "000-0000");
        v.b.node
            .client("citizen")
            .get(&format!("{path}/contacts"))
            .await
            .expect(404);
        let facts = v.b.node.facts().await;
        assert!(facts.iter().any(|(kind, _)| kind == "contacts.seen"));
        assert!(
            !all_bodies(&v).await.contains("示例甲"),
            "no fact holds a name"
        );
        let digest = "words_sha256";
        assert!(all_bodies(&v).await.contains(digest));
        let erase = format!("{path}/erasure");
        v.b.node
            .client("unit_reporter:unit_x")
            .post(&erase, json!({}))
            .await
            .expect(403);
        let left =
            v.b.office
                .post(&erase, json!({ "words": true }))
                .await
                .expect(200)
                .json();
        assert_eq!((text(&left, "text"), &left["copies"]), ("", &json!(1)));
        assert_ne!(left["erased_at"], Value::Null);
        let contacts =
            v.b.office
                .get(&format!("{path}/contacts"))
                .await
                .expect(200)
                .json();
        assert_eq!(contacts["items"], json!([]));
        assert!(
            !all_bodies(&v).await.contains(digest),
            "erased with its words"
        );
        let topic = v.topics().await.remove(0);
        assert!(!text(&topic, "title").contains("张某"));
        // Twice: nothing is left to erase, and it says so by its counts.
        v.b.office
            .post(&erase, json!({ "words": true }))
            .await
            .expect(200);
        assert_eq!(v.get("").await["voices"], 1, "it stays counted");
    })
    .await;
}

#[tokio::test]
async fn what_was_erased_stays_erased_after_an_older_backup() {
    with_round(true, async |v: Voice| {
        let list = v.b.node.folder().join("erasures");
        let listed = || std::fs::read_to_string(&list).unwrap_or_default();
        let body = json!({
            "channel_id": v.written, "text": "请给张某回电话",
            "contact": { "name": "示例甲", "phone": "000-0000" },
        });
        let opinion = v.try_add(&v.b.office, body).await.expect(201).json();
        let id = text(&opinion, "id").to_owned();
        let path = format!("/api/v1/opinions/{id}");
        let contacts = async || {
            let path = format!("{path}/contacts");
            let all = v.b.office.get(&path).await.expect(200).json();
            all["items"].as_array().unwrap().clone()
        };
        let contact = text(&contacts().await[0], "id").to_owned();
        assert_eq!(keep_erased(&v.b.node.app).await.unwrap(), 0);
        assert_eq!(listed(), "");
        // The list cannot be written: not acknowledged, and made good for later.
        std::fs::create_dir(&list).unwrap();
        let erase = format!("{path}/erasure");
        let keyed = v.b.office.clone().header("idempotency-key", "k-1");
        keyed
            .post(&erase, json!({ "words": true }))
            .await
            .expect(500);
        std::fs::remove_dir(&list).unwrap();
        keyed
            .post(&erase, json!({ "words": true }))
            .await
            .expect(200);
        let expected = format!("{contact}\n{id}\n");
        assert_eq!(listed(), expected);
        // A backup from before is restored: the words and who said them are back.
        let mut tx = Tx::begin(&v.b.node.app, None).await.unwrap();
        let back = "INSERT INTO plan_opinion_contacts (id, opinion_id, name, phone, unit, \
                    created_at) VALUES ($1, $2, '示例甲', '000-0000', '', 1)";
        tx.execute(back, args![&contact, &id]).await.unwrap();
        let back = "UPDATE plan_opinions SET body = '请给张某回电话', erased_at = NULL \
                    WHERE id = $1";
        tx.execute(back, args![&id]).await.unwrap();
        let forget = "DELETE FROM plan_contact_erasures";
        tx.execute(forget, args![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(contacts().await.len(), 1);
        assert_eq!(keep_erased(&v.b.node.app).await.unwrap(), 2);
        assert_eq!(keep_erased(&v.b.node.app).await.unwrap(), 0);
        assert!(contacts().await.is_empty());
        let left = v.b.office.get(&path).await.expect(200).json();
        assert_eq!(text(&left, "text"), "");
        assert_ne!(left["erased_at"], Value::Null);
        assert_eq!(listed(), expected);
        // Who gives a contact for it later is kept: the list names the contact, not the opinion.
        let mut tx = Tx::begin(&v.b.node.app, None).await.unwrap();
        let later = Contact {
            name: "示例乙".to_owned(),
            ..Contact::default()
        };
        let opinion = OpinionId::from_stored(id.clone());
        super::contacts::keep(&mut tx, &opinion, &later)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(keep_erased(&v.b.node.app).await.unwrap(), 0);
        assert_eq!(contacts().await.len(), 1);
        // A node with an empty list learns it from the database.
        std::fs::remove_file(&list).unwrap();
        assert_eq!(keep_erased(&v.b.node.app).await.unwrap(), 0);
        assert_eq!(listed(), expected);
    })
    .await;
}

/// The bodies of all facts.
async fn all_bodies(v: &Voice) -> String {
    v.b.node.settle().await;
    let mut sql = v.b.node.app.db().read().await.unwrap();
    let facts = tianyuan_kernel::journal::facts_after(&mut sql, 0, 10_000)
        .await
        .unwrap();
    facts
        .iter()
        .filter_map(|f| f.body.as_ref())
        .map(Value::to_string)
        .collect()
}

#[tokio::test]
async fn an_opinion_is_moved_and_its_clause_corrected() {
    with_round(true, async |v: Voice| {
        let one = v.add("多建充电桩").await;
        let two = v.add("老小区停车难").await;
        let path = format!("/api/v1/opinions/{}", text(&one, "id"));
        let change = json!({ "topic_id": two["topic"]["id"], "clause": { "measure": 1 } });
        let moved =
            v.b.office
                .patch(&path, "*", change)
                .await
                .expect(200)
                .json();
        assert_eq!(moved["topic"]["id"], two["topic"]["id"]);
        assert_eq!(
            (&moved["by_hand"], &moved["clause"]["measure"]),
            (&json!(true), &json!(1))
        );
        assert_ne!(moved["clause_title"], Value::Null);
        assert_eq!(v.topics().await.len(), 1, "an empty group is not listed");
        let apart = json!({ "own_topic": true });
        let moved = v.b.office.patch(&path, "*", apart).await.expect(200).json();
        assert_ne!(moved["topic"]["id"], two["topic"]["id"]);
        let listed = v.get("/opinions?measure=1").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let none = v.get("/opinions?outcome=declined").await;
        assert_eq!(none["items"], json!([]));
        assert_eq!(
            v.get("/opinions?q=停车&limit=1").await["items"][0]["id"],
            two["id"]
        );
    })
    .await;
}
