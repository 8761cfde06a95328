use axum::body::Body;
use axum::extract::Request;
use http_body_util::BodyExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::{attach, collect, download, get, receive, remove};
use crate::authority::Entity;
use crate::http::Tx;
use crate::testkit::{Node, each_backend};

fn upload(name: &str, media: &str, body: Vec<u8>) -> Request {
    Request::builder()
        .uri(format!("/x?name={name}"))
        .header("content-type", media)
        .body(Body::from(body))
        .unwrap()
}

async fn code(node: &Node, request: Request) -> &'static str {
    receive(&node.app, request)
        .await
        .err()
        .map_or("taken", |e| e.code())
}

#[tokio::test]
async fn a_file_is_reached_through_its_record_only_and_collected_when_removed() {
    each_backend(Vec::new, async |node| {
        let record = Entity::new("Measure", "measure_1");
        let bytes = [b"%PDF-1.7 ".as_slice(), &vec![7; 300_000]].concat();
        let received = receive(&node.app, upload("a.pdf", "application/pdf", bytes.clone()));
        let received = received.await.unwrap();
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        let file = attach(&mut tx, &record, received).await.unwrap();
        tx.commit().await.unwrap();

        let mut reader = node.app.db().read().await.unwrap();
        let other = Entity::new("Measure", "measure_2");
        assert_eq!(
            get(&mut reader, &other, &file.id).await.unwrap_err().code(),
            "not_found"
        );
        let found = get(&mut reader, &record, &file.id).await.unwrap();
        drop(reader);
        let response = download(&node.app, &found).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(
            response.headers()["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("attach")
        );
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            bytes
        );

        // Objects carry the machine's time; the fixed clock stands in 2024, so go far ahead.
        node.advance(20 * 365 * 86_400);
        assert_eq!(collect(&node.app).await.unwrap(), 0, "it is used");
        let mut tx = Tx::begin(&node.app, None).await.unwrap();
        remove(&mut tx, &record, &file.id).await.unwrap();
        tx.commit().await.unwrap();
        // What a crash in mid-upload leaves in the local store.
        let cut_off = node.folder().join("files/incoming/00ff#1");
        std::fs::write(&cut_off, b"half").unwrap();
        let deeper = node.folder().join("files/uploads/upload_1");
        std::fs::create_dir_all(&deeper).unwrap();
        std::fs::write(deeper.join("ab#12"), b"half").unwrap();
        std::fs::write(deeper.join("ab#x"), b"a name of its own").unwrap();
        assert_eq!(collect(&node.app).await.unwrap(), 3);
        assert!(!cut_off.exists() && !deeper.join("ab#12").exists());
        assert!(deeper.join("ab#x").exists());
        let path = Path::from(file.object_key.as_str());
        assert!(node.app.files().store().head(&path).await.is_err());
        let kinds: Vec<String> = node.facts().await.into_iter().map(|f| f.0).collect();
        assert_eq!(kinds, ["file.attached", "file.removed"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_or_not_what_it_says_is_refused() {
    each_backend(Vec::new, async |node| {
        let pdf = "application/pdf";
        assert_eq!(
            code(&node, upload("a.exe", "application/pdf", vec![1])).await,
            "file_type"
        );
        assert_eq!(
            code(&node, upload("a.html", "text/html", vec![1])).await,
            "file_type"
        );
        assert_eq!(
            code(&node, upload("a.pdf", pdf, b"<script>".to_vec())).await,
            "file_content"
        );
        assert_eq!(
            code(&node, upload("", pdf, b"%PDF-".to_vec())).await,
            "file_name"
        );
        let broken = futures::stream::iter([Ok("abc"), Err(std::io::Error::other("gone"))]);
        let mut request = upload("a.txt", "text/plain", Vec::new());
        *request.body_mut() = Body::from_stream(broken);
        assert_eq!(code(&node, request).await, "body_incomplete");
        let large = vec![b'a'; (node.app.config().limits.file_bytes_max + 1) as usize];
        assert_eq!(
            code(&node, upload("a.txt", "text/plain", large)).await,
            "file_too_large"
        );
        // Nothing of what was refused stays, not even before the collection.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let left = std::fs::read_dir(node.folder().join("files/incoming"));
        assert_eq!(left.map_or(0, Iterator::count), 0);
    })
    .await;
}
