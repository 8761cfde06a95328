//! Files of rows, through public doors.

use serde_json::json;

use crate::testing::{Bench, bench};

fn stops(rows: usize) -> Vec<u8> {
    let mut text = "编号,站名,人次\n".to_owned();
    for n in 1..=rows {
        text.push_str(&format!("S{n:04},示例{}站,{}\n", n % 3, n * 10));
    }
    text.into_bytes()
}

async fn opened(b: &Bench) {
    let id = b.dataset("stops", "公交站点").await;
    for rows in [8, 12] {
        let upload = b.upload(&id, "a.csv", &stops(rows)).await;
        assert_eq!(b.load(&upload, json!({})).await["state"], "loaded");
    }
    let publish = "/api/v1/datasets/stops/publish";
    b.officer.post(publish, json!({})).await.expect(200);
}

#[tokio::test]
async fn a_file_holds_what_the_conditions_leave_in_the_order_asked_for() {
    bench(async |b: Bench| {
        opened(&b).await;
        let file = async |query: &str| {
            let path = format!("/api/v1/datasets/stops/export/{query}");
            b.stranger.get(&path).await.expect(200).text()
        };
        let some =
            "csv?filter=renci:ge:90&filter=bianhao:begins:S00&sort=-renci&fields=bianhao,renci";
        let some = file(some).await;
        assert_eq!(
            some.trim_start_matches('\u{feff}')
                .lines()
                .collect::<Vec<_>>(),
            [
                "编号,人次",
                "S0012,120",
                "S0011,110",
                "S0010,100",
                "S0009,90"
            ]
        );
        let whole = file("csv").await;
        let numbers: Vec<&str> = whole.lines().skip(1).map(|l| &l[..5]).collect();
        assert_eq!(numbers.len(), 12);
        assert!(numbers.is_sorted(), "the order of the file: {whole}");
        assert_eq!(file("csv?version=1").await.lines().count(), 9);
        assert_eq!(
            file("ndjson?q=%E7%A4%BA%E4%BE%8B2").await.lines().count(),
            4
        );
        let json: serde_json::Value =
            serde_json::from_str(&file("json?filter=renci:eq:30&fields=bianhao").await).unwrap();
        assert_eq!(json, json!([{ "bianhao": "S0003" }]));
    })
    .await;
}

#[tokio::test]
async fn a_file_with_impossible_conditions_is_refused_before_its_first_byte() {
    bench(async |b: Bench| {
        opened(&b).await;
        for (query, status, code) in [
            ("csv?filter=nowhere:eq:1", 422, "field_unknown"),
            ("csv?fields=nowhere", 422, "field_unknown"),
            ("xlsx?sort=nowhere", 422, "field_unknown"),
            ("csv?filter=renci:ge:many", 422, "value_does_not_fit"),
            ("csv?filter=renci", 400, "query_malformed"),
            ("csv?version=0", 400, "query_malformed"),
        ] {
            let path = format!("/api/v1/datasets/stops/export/{query}");
            let refused = b.stranger.get(&path).await.expect(status);
            assert_eq!(refused.code(), code, "{query}");
        }
        for query in ["csv?version=9", "docx"] {
            let path = format!("/api/v1/datasets/stops/export/{query}");
            b.stranger.get(&path).await.expect(404);
        }
    })
    .await;
}
