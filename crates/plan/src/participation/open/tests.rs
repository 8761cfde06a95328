use std::sync::Arc;

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Client, Node, Roles, each_backend_with};

use crate::participation::testing::{Voice, open_round, text, with_round};
use crate::testing::{Bench, import, rooms};

#[tokio::test]
async fn a_stranger_reads_sends_votes_and_finds_the_answer() {
    with_round(false, async |v: Voice| {
        let stranger = v.b.node.stranger();
        let detail = stranger.get(&v.open("")).await.expect(200).json();
        assert_eq!(detail["round"]["accepts"], true);
        assert!(!detail["clauses"].as_array().unwrap().is_empty());
        let body = json!({
            "text": "公交班次太少，晚上回家没有车", "clause": { "measure": 1 },
            "contact": { "name": "示例乙" },
        });
        let sent = v.send(body).await.expect(201).json();
        let topic = text(&sent["topic"], "id").to_owned();
        let similar = v.open("/similar?text=%E5%85%AC%E4%BA%A4%E7%8F%AD%E6%AC%A1%E5%A4%AA%E5%B0%91");
        let similar = stranger.get(&similar).await.expect(200);
        assert!(!similar.text().contains("示例乙"));
        let similar = similar.json();
        assert_eq!(similar["items"][0]["topic"]["id"], topic.as_str());
        assert!(similar["items"][0]["words"].as_array().unwrap().len() > 1);
        let counted = v.vote(1, &topic, "agree").await.expect(200).json();
        assert_eq!(counted["topic"]["agrees"], 1);
        let counted = v.vote(1, &topic, "disagree").await.expect(200).json();
        assert_eq!((&counted["topic"]["agrees"], &counted["topic"]["disagrees"]), (&json!(0), &json!(1)));
        v.vote(1, &topic, "disagree").await.expect(200);
        let own = Client::header(stranger.clone(), "x-device", &format!("{:032x}", 1));
        let own = own.get(&v.open("/votes")).await.expect(200).json();
        assert_eq!(own["items"], json!([{ "topic": topic, "vote": "disagree" }]));
        let votes = v.b.node.facts().await.into_iter().filter(|(k, _)| k == "vote.cast").count();
        assert_eq!(votes, 2, "the same vote again is no fact");
        let mine = format!("/api/v1/open/submissions/{}", text(&sent, "token"));
        let before = stranger.get(&mine).await.expect(200).json();
        assert_eq!((&before["outcome"], text(&before, "answer")), (&Value::Null, ""));
        let decide = format!("/api/v1/topics/{topic}/decision");
        let decision = json!({ "outcome": "adopted", "reason": "内部理由", "answer": "将加开晚班车", "publish": true });
        v.b.office.post(&decide, decision).await.expect(201);
        let after = stranger.get(&mine).await.expect(200).json();
        assert_eq!((&after["outcome"], text(&after, "answer")), (&json!("adopted"), "将加开晚班车"));
        let answers = stranger.get(&v.open("/answers")).await.expect(200);
        assert!(!answers.text().contains("内部理由") && !answers.text().contains("示例乙"));
        assert_eq!(answers.json()["items"][0]["answer"], "将加开晚班车");
        stranger.get("/api/v1/open/submissions/tv_nothing").await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn what_staff_did_not_show_is_not_seen_and_days_are_kept() {
    with_round(true, async |v: Voice| {
        let stranger = v.b.node.stranger();
        let sent = v
            .send(json!({ "text": "请给李某回话，公交班次太少" }))
            .await
            .expect(201)
            .json();
        assert_eq!(sent["topic"], Value::Null);
        let similar = stranger
            .get(&v.open("/similar?text=%E5%85%AC%E4%BA%A4%E7%8F%AD%E6%AC%A1"))
            .await;
        assert_eq!(similar.expect(200).json()["items"], json!([]));
        let topic = v.topics().await.remove(0);
        let id = text(&topic, "id");
        v.vote(1, id, "agree").await.expect(404);
        assert_eq!(
            stranger.get(&v.open("/topics")).await.json()["items"],
            json!([])
        );
        let change = json!({ "title": "公交班次", "statement": "公交班次太少。", "shown": true });
        let path = format!("/api/v1/topics/{id}");
        v.b.office.patch(&path, "*", change).await.expect(200);
        v.vote(1, id, "agree").await.expect(200);
        v.b.node.advance(86_400);
        let late = stranger.get(&v.open("/challenge")).await.expect(409);
        assert_eq!(late.code(), "round_not_open");
        let body = json!({ "text": "太晚" });
        assert_eq!(
            stranger
                .post(&v.open("/opinions"), body)
                .await
                .expect(409)
                .code(),
            "round_not_open"
        );
    })
    .await;
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_only_ours_count() {
    with_round(false, async |v: Voice| {
        let stranger = v.b.node.stranger();
        let path = v.open("/opinions");
        let none = stranger
            .post(&path, json!({ "text": "甲" }))
            .await
            .expect(422);
        assert_eq!(none.code(), "challenge_unknown");
        let good = v.answered(json!({ "text": "乙" })).await;
        let mut wrong = good.clone();
        wrong["solution"] = "x".into();
        let answer = stranger.post(&path, wrong).await.expect(422);
        assert_eq!(answer.code(), "challenge_unanswered");
        stranger.post(&path, good.clone()).await.expect(201);
        assert_eq!(
            stranger.post(&path, good).await.expect(422).code(),
            "challenge_used"
        );
        let old = v.answered(json!({ "text": "丙" })).await;
        v.b.node.advance(901);
        assert_eq!(
            stranger.post(&path, old).await.expect(422).code(),
            "challenge_unknown"
        );
        let long = json!({ "text": "长".repeat(20_001) });
        assert_eq!(v.send(long).await.expect(422).code(), "too_long");
        let huge = json!({ "text": "a".repeat(2 << 20) });
        assert_eq!(stranger.post(&path, huge).await.status, 413);
        let device = json!({ "device": "short", "vote": "agree" });
        let topic = text(&v.topics().await[0], "id").to_owned();
        let vote = format!("/api/v1/open/topics/{topic}/votes");
        assert_eq!(
            stranger.post(&vote, device).await.expect(422).code(),
            "device_malformed"
        );
    })
    .await;
}

#[tokio::test]
async fn attachments_are_few_small_and_seen_by_staff_only() {
    with_round(false, async |v: Voice| {
        let sent = v
            .send(json!({ "text": "附图说明" }))
            .await
            .expect(201)
            .json();
        let stranger = v.b.node.stranger();
        let path = format!("/api/v1/open/submissions/{}/files", text(&sent, "token"));
        let put = async |name: &str, media: &str, bytes: Vec<u8>| {
            stranger
                .send("POST", &format!("{path}?name={name}"), media, bytes)
                .await
        };
        put("a.exe", "application/pdf", b"%PDF-1".to_vec())
            .await
            .expect(415);
        put("a.zip", "application/zip", b"PK\x03\x04".to_vec())
            .await
            .expect(415);
        put("a.pdf", "application/pdf", b"<html>".to_vec())
            .await
            .expect(422);
        let large = [b"%PDF-1".as_slice(), &vec![0; 6 << 20]].concat();
        put("a.pdf", "application/pdf", large).await.expect(413);
        for _ in 0..3 {
            put("a.pdf", "application/pdf", b"%PDF-1".to_vec())
                .await
                .expect(201);
        }
        let more = put("a.pdf", "application/pdf", b"%PDF-1".to_vec())
            .await
            .expect(409);
        assert_eq!(more.code(), "files_too_many");
        let topic = &v.topics().await[0];
        let path = format!("/api/v1/topics/{}/opinions", text(topic, "id"));
        let opinions = v.b.office.get(&path).await.expect(200).json();
        let files = format!(
            "/api/v1/opinions/{}/files",
            text(&opinions["items"][0], "id")
        );
        let listed = v.b.office.get(&files).await.expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
        v.b.node.client("citizen").get(&files).await.expect(404);
        let file = format!("{files}/{}", text(&listed["items"][0], "id"));
        v.b.office.get(&file).await.expect(200);
        v.b.node.advance(3_601);
        put("b.pdf", "application/pdf", b"%PDF-1".to_vec())
            .await
            .expect(409);
    })
    .await;
}

/// A node that believes its proxy about addresses, asks no sums, and has these limits.
async fn flooded<F: AsyncFn(Voice)>(of_address: u32, of_all: u32, test: F) {
    each_backend_with(
        |_| (rooms(), Arc::new(Roles)),
        |config| {
            config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
            config.participation.challenge_bits = 0;
            config.participation.opinions_per_minute_address = of_address;
            config.participation.opinions_per_minute = of_all;
        },
        async |node: Node| {
            let office = node.client("plan_office");
            let plan = import(&office, &crate::bundle::tests::sample()).await;
            let plan = plan["id"].as_str().unwrap().to_owned();
            test(open_round(Bench { node, office, plan }, false).await).await;
        },
    )
    .await;
}

#[tokio::test]
async fn one_address_is_held_off_and_others_are_not() {
    flooded(3, 5, async |v: Voice| {
        let post = async |address: &str, text: &str| {
            let client = v.b.node.stranger().header("x-forwarded-for", address);
            client
                .post(&v.open("/opinions"), json!({ "text": text }))
                .await
        };
        for i in 0..3 {
            post("192.0.2.1", &format!("意见{i}")).await.expect(201);
        }
        let held = post("192.0.2.1", "再来").await.expect(429);
        assert_eq!(held.code(), "too_many_opinions");
        assert!(held.header("retry-after").is_some());
        post("192.0.2.2", "别处来的").await.expect(201);
        post("2001:db8::1", "六").await.expect(201);
        post("192.0.2.3", "全体到上限").await.expect(429);
        v.b.node.advance(60);
        post("192.0.2.1", "下一分钟").await.expect(201);
        assert_eq!(v.get("").await["voices"], 6);
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_identical_opinions_in_a_minute_are_one_group_and_all_counted() {
    flooded(100_000, 100_000, async |v: Voice| {
        let senders = 16;
        let each = 10_000 / senders;
        let tasks = (0..senders).map(|sender| {
            let client =
                v.b.node
                    .stranger()
                    .header("x-forwarded-for", &format!("198.51.100.{sender}"));
            let path = v.open("/opinions");
            tokio::spawn(async move {
                for _ in 0..each {
                    let body = json!({ "text": "反对在居民区旁建数据中心！" });
                    client.post(&path, body).await.expect(201);
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        // The node answers others meanwhile.
        let open = v.open("");
        while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
            v.b.node.stranger().get(&open).await.expect(200);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        let topics = v.topics().await;
        assert_eq!(topics.len(), 1);
        assert_eq!(topics[0]["voices"], 10_000);
        let path = format!("/api/v1/topics/{}/opinions", text(&topics[0], "id"));
        let opinions = v.b.office.get(&path).await.expect(200).json();
        let opinions = opinions["items"].as_array().unwrap();
        assert_eq!(
            (opinions.len(), &opinions[0]["copies"]),
            (1, &json!(10_000))
        );
        let report = v.get("/report").await;
        assert_eq!(report["total"]["received"], 10_000);
    })
    .await;
}

#[tokio::test]
async fn senders_at_once_lose_nothing_and_stand_together() {
    flooded(100_000, 100_000, async |v: Voice| {
        let wishes = [
            "练塘镇手机信号差，请补建基站",
            "停车场接入智慧停车平台",
            "河道垃圾漂浮发臭",
        ];
        let tasks: Vec<_> = (0..12)
            .map(|sender| {
                let client = v.b.node.stranger();
                let path = v.open("/opinions");
                tokio::spawn(async move {
                    for i in 0..8 {
                        let wish = wishes[(sender + i) % 3];
                        let body = json!({ "text": format!("{wish}，{}号信箱{i}", sender + 100) });
                        client.post(&path, body).await.expect(201);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let topics = v.topics().await;
        let voices: i64 = topics.iter().map(|t| t["voices"].as_i64().unwrap()).sum();
        assert_eq!(voices, 96);
        assert_eq!(topics.len(), 3, "{topics:?}");
    })
    .await;
}
