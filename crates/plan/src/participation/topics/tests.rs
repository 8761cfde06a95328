use serde_json::{Value, json};

use crate::participation::testing::{Voice, text, with_round};

fn path(topic: &Value, rest: &str) -> String {
    format!("/api/v1/topics/{}{rest}", text(topic, "id"))
}

#[tokio::test]
async fn what_was_merged_by_hand_stays_merged_for_what_arrives_later() {
    with_round(true, async |v: Voice| {
        let signal = v.add("练塘镇手机信号差，请补建基站").await["topic"].clone();
        let video = v.add("视频通话老是断线，网络不稳定").await["topic"].clone();
        assert_ne!(signal["id"], video["id"]);
        let body = json!({ "into": signal["id"] });
        let merged =
            v.b.office
                .post(&path(&video, "/merge"), body.clone())
                .await
                .expect(200)
                .json();
        assert_eq!(merged["voices"], 2);
        let later = v.add("网络不稳定，视频通话老断线").await;
        assert_eq!(
            later["topic"]["id"], signal["id"],
            "like the one merged away"
        );
        let twice =
            v.b.office
                .post(&path(&video, "/merge"), body)
                .await
                .expect(409);
        assert_eq!(twice.code(), "topic_merged");
        let itself = json!({ "into": signal["id"] });
        let answer =
            v.b.office
                .post(&path(&signal, "/merge"), itself)
                .await
                .expect(422);
        assert_eq!(answer.code(), "topic_itself");
        let reporter = v.b.node.client("unit_reporter:unit_x");
        reporter
            .post(&path(&signal, "/merge"), json!({ "into": signal["id"] }))
            .await
            .expect(403);
    })
    .await;
}

#[tokio::test]
async fn what_was_split_by_hand_draws_its_like() {
    with_round(true, async |v: Voice| {
        let one = v.add("停车场接入智慧停车平台，实时显示空位").await;
        let two = v.add("停车场接入智慧停车平台，实时显示收费标准").await;
        assert_eq!(one["topic"]["id"], two["topic"]["id"]);
        let body = json!({ "opinions": [two["id"]], "title": "停车收费" });
        let split =
            v.b.office
                .post(&path(&one["topic"], "/split"), body.clone())
                .await;
        let split = split.expect(201).json();
        assert_eq!(
            (&split["title"], &split["voices"]),
            (&json!("停车收费"), &json!(1))
        );
        let later = v.add("停车场应接入智慧停车平台，显示收费标准").await;
        assert_eq!(later["topic"]["id"], split["id"]);
        let later = v.add("停车场应接入智慧停车平台，显示空位").await;
        assert_eq!(later["topic"]["id"], one["topic"]["id"]);
        let gone =
            v.b.office
                .post(&path(&one["topic"], "/split"), body)
                .await
                .expect(422);
        assert_eq!(gone.code(), "opinion_elsewhere");
        let alike =
            v.b.office
                .get(&path(&one["topic"], "/alike"))
                .await
                .expect(200)
                .json();
        assert_eq!(alike["items"][0]["topic"]["id"], split["id"]);
        assert!(
            alike["items"][0]["words"]
                .as_array()
                .unwrap()
                .iter()
                .any(|w| w == "停车")
        );
    })
    .await;
}

#[tokio::test]
async fn a_name_given_by_hand_stays_and_a_lost_transaction_leaves_no_trace() {
    with_round(true, async |v: Voice| {
        let topic = v.add("多建充电桩，尤其是老小区").await["topic"].clone();
        let change = json!({ "title": "充电", "statement": "老小区应多建充电桩。", "shown": true });
        let named =
            v.b.office
                .patch(&path(&topic, ""), "\"1\"", change.clone())
                .await;
        assert_eq!(named.expect(200).json()["named"], true);
        v.b.office
            .patch(&path(&topic, ""), "\"1\"", change)
            .await
            .expect(412);
        let long = json!({ "title": "长".repeat(81) });
        v.b.office
            .patch(&path(&topic, ""), "\"2\"", long)
            .await
            .expect(422);
        v.add("充电桩多建一些，老小区没有").await;
        // An opinion that never became durable: its words must not draw others.
        let round = v.round.parse().unwrap();
        let app = &v.b.node.app;
        let mut tx = tianyuan_kernel::http::Tx::begin(app, None).await.unwrap();
        let round = crate::participation::rounds::store::get_plain(&mut tx, &round)
            .await
            .unwrap();
        let incoming = crate::participation::opinions::intake::Incoming {
            text: "河道里有垃圾漂浮，水面发臭".to_owned(),
            clause: Default::default(),
            party: String::new(),
            copies: 1,
        };
        use crate::participation::opinions::intake;
        let prepared = intake::prepare(vec![incoming]).await.unwrap();
        let channel = &round.channels[0];
        let source = crate::participation::words::Source::Typed;
        let placed = intake::receive(&mut tx, &round, channel, source, prepared)
            .await
            .unwrap();
        let lost = placed[0].topic.to_string();
        drop(tx);
        let after = v.add("水面发臭，河道有垃圾漂浮").await;
        assert_ne!(text(&after["topic"], "id"), lost);
        assert_eq!(v.topics().await.len(), 2);
    })
    .await;
}
