//! What the tests of participation share: a round with its channels, open, and a stranger who
//! answers challenges.

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Answer, Client};

use super::open::guard::solve;
use crate::testing::{Bench, with_sample};

/// A round under test.
pub(crate) struct Voice {
    pub(crate) b: Bench,
    pub(crate) round: String,
    /// Ids of channels: written, and the hearing that is not counted.
    pub(crate) written: String,
    pub(crate) hearing: String,
}

/// Runs a test on each backend with an open round; `review` as the round has it.
pub(crate) async fn with_round<F: AsyncFn(Voice)>(review: bool, test: F) {
    with_sample(async |b: Bench| {
        let voice = open_round(b, review).await;
        test(voice).await;
    })
    .await;
}

pub(super) async fn open_round(b: Bench, review: bool) -> Voice {
    let today = b.node.app.now().date();
    let new = json!({
        "title": "示例轮次", "question": "请提意见", "opens_on": today, "closes_on": today,
        "review": review, "channels": ["written", "web"],
    });
    let path = format!("/api/v1/plans/{}/rounds", b.plan);
    let round = b.office.post(&path, new).await.expect(201).json();
    let id = round["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/rounds/{id}");
    let form = json!({ "kind": "hearing", "name": "听证会", "counted": false });
    let hearing = b
        .office
        .post(&format!("{path}/channels"), form)
        .await
        .expect(201)
        .json();
    let written = round["channels"][0]["id"].as_str().unwrap().to_owned();
    let form = json!({
        "name": "书面征求意见",
        "asked": [{ "kind": "unit", "name": "经委" }, { "kind": "unit", "name": "科委" }],
    });
    let channel = format!("/api/v1/channels/{written}");
    b.office.patch(&channel, "\"1\"", form).await.expect(200);
    b.office
        .patch(&path, "\"1\"", json!({ "state": "open" }))
        .await
        .expect(200);
    Voice {
        round: id,
        written,
        hearing: hearing["id"].as_str().unwrap().to_owned(),
        b,
    }
}

impl Voice {
    /// GET below the round, by the office.
    pub(crate) async fn get(&self, rest: &str) -> Value {
        let path = format!("/api/v1/rounds/{}{rest}", self.round);
        self.b.office.get(&path).await.expect(200).json()
    }

    /// Adds a written opinion; answers it.
    pub(crate) async fn add(&self, text: &str) -> Value {
        let body = json!({ "channel_id": self.written, "text": text });
        self.try_add(&self.b.office, body).await.expect(201).json()
    }

    pub(crate) async fn try_add(&self, who: &Client, body: Value) -> Answer {
        who.post(&format!("/api/v1/rounds/{}/opinions", self.round), body)
            .await
    }

    /// The stranger's address of something of the round.
    pub(crate) fn open(&self, rest: &str) -> String {
        format!("/api/v1/open/rounds/{}{rest}", self.round)
    }

    /// A body with a challenge answered.
    pub(crate) async fn answered(&self, mut body: Value) -> Value {
        let stranger = self.b.node.stranger();
        let asked = stranger
            .get(&self.open("/challenge"))
            .await
            .expect(200)
            .json();
        let challenge = asked["challenge"].as_str().unwrap();
        let bits = u32::try_from(asked["bits"].as_u64().unwrap()).unwrap();
        body["solution"] = solve(challenge, bits).into();
        body["challenge"] = challenge.into();
        body
    }

    /// Sends an opinion as a stranger.
    pub(crate) async fn send(&self, body: Value) -> Answer {
        let body = self.answered(body).await;
        self.b
            .node
            .stranger()
            .post(&self.open("/opinions"), body)
            .await
    }

    /// Votes as a device, named by a number.
    pub(crate) async fn vote(&self, device: usize, topic: &str, vote: &str) -> Answer {
        let body = json!({ "device": format!("{device:032x}"), "vote": vote });
        let body = self.answered(body).await;
        let path = format!("/api/v1/open/topics/{topic}/votes");
        self.b.node.stranger().post(&path, body).await
    }

    /// The groups of the round.
    pub(crate) async fn topics(&self) -> Vec<Value> {
        self.get("/topics").await["items"]
            .as_array()
            .unwrap()
            .clone()
    }
}

/// The text of a field.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
