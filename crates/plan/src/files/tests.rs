use serde_json::{Value, json};

use crate::testing::{Bench, with_sample};

#[tokio::test]
async fn evidence_belongs_to_its_record() {
    with_sample(async |b: Bench| {
        let path = format!(
            "/api/v1/measures/{}/files",
            b.measure(1).await["id"].as_str().unwrap()
        );
        let send = async |client: &tianyuan_kernel::testkit::Client, path: &str| {
            client
                .send(
                    "POST",
                    &format!("{path}?name=%E4%BD%90%E8%AF%81.txt"),
                    "text/plain",
                    "内容".into(),
                )
                .await
        };
        let file = send(&b.office, &path).await.expect(201).json();
        assert_eq!(file["name"], "佐证.txt");
        let list = b.office.get(&path).await.expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let one = format!("{path}/{}", file["id"].as_str().unwrap());
        let answer = b.office.get(&one).await.expect(200);
        assert_eq!(answer.text(), "内容");
        assert!(
            answer
                .header("content-disposition")
                .unwrap()
                .starts_with("attachment")
        );
        // Not through another record, not for strangers, not for other units.
        let other = b.measure(2).await["id"].as_str().unwrap().to_owned();
        let other = format!(
            "/api/v1/measures/{other}/files/{}",
            file["id"].as_str().unwrap()
        );
        b.office.get(&other).await.expect(404);
        b.node.stranger().get(&one).await.expect(401);
        send(&b.node.client("unit_reporter"), &path)
            .await
            .expect(403);
        b.node
            .client("unit_reporter")
            .delete(&one)
            .await
            .expect(403);
        b.office.delete(&one).await.expect(204);
        assert_eq!(b.office.get(&path).await.json()["items"], json!([]));
        let path = format!(
            "/api/v1/indicators/{}/files",
            b.indicator(1).await["id"].as_str().unwrap()
        );
        let file = send(&b.office, &path).await.expect(201).json();
        b.office
            .get(&format!("{path}/{}", file["id"].as_str().unwrap()))
            .await
            .expect(200);
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        assert_eq!((count("file.attached"), count("file.removed")), (2, 1));
        assert_ne!(file["sha256"], Value::Null);
    })
    .await;
}
