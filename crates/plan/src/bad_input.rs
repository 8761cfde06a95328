//! What people get wrong, at every door it may come in by: the form (JSON), a sheet, a unit's
//! report and the public page. Each time a clear answer, nothing half kept, nothing executed.
//!
//! Beside these: a period reported twice at once (`reports::tests`), a value recorded twice at once
//! (`values::tests`), ten thousand identical opinions in a minute (`participation::open::tests`).

use serde_json::{Value, json};
use tianyuan_kernel::testkit::{Answer, Node, each_backend};

use crate::bundle::tests::sample;
use crate::participation::testing::{Voice, text, with_round};
use crate::testing::{Bench, import, rooms};
use crate::workbook::out::{Out, OutSheet, xlsx};

/// A node whose second indicator is a percentage.
async fn with_percentage<F: AsyncFn(Bench)>(test: F) {
    each_backend(rooms, async |node: Node| {
        let office = node.client("plan_office");
        let mut bundle = sample();
        bundle.goals.clear();
        let one = &mut bundle.indicators[1];
        "%".clone_into(&mut one.unit);
        one.baseline.value = 40.0;
        for (target, value) in one.targets.iter_mut().zip([50.0, 60.0]) {
            target.value = value;
        }
        let plan = import(&office, &bundle).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        test(Bench { node, office, plan }).await;
    })
    .await;
}

/// Sends one value by the form and by a sheet; answers what each said and where.
async fn by_both_doors(b: &Bench, number: i64, value: &Value) -> [(String, String); 2] {
    let id = b.indicator(number).await["id"].as_str().unwrap().to_owned();
    let form = format!("/api/v1/indicators/{id}/values");
    let body = json!({ "at": "2024-06-30", "value": value });
    let form = b.office.post(&form, body).await;
    let cell = value.as_str().map_or_else(
        || Out::Number(value.as_f64().unwrap()),
        |t| Out::Text(t.to_owned()),
    );
    let sheet = xlsx(&[OutSheet {
        name: "数值".to_owned(),
        heads: ["指标序号", "日期", "数值"].map(str::to_owned).to_vec(),
        rows: vec![vec![
            Out::Number(number as f64),
            Out::Text("2024-06-30".to_owned()),
            cell,
        ]],
        choices: Vec::new(),
    }]);
    let path = format!("/api/v1/plans/{}/values/import", b.plan);
    let sheet = b.send_xlsx(&path, sheet.unwrap()).await;
    let told = |answer: Answer| {
        let field = answer.json()["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (answer.code(), field)
    };
    [told(form), told(sheet)]
}

async fn values(b: &Bench, number: i64) -> usize {
    let id = b.indicator(number).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/indicators/{id}/values");
    let all = b.office.get(&path).await.expect(200).json();
    all["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn numbers_that_cannot_be_are_told_at_the_form_and_in_the_sheet() {
    with_percentage(async |b: Bench| {
        let before = (values(&b, 2).await, values(&b, 3).await);
        let both = |code: &str| {
            [
                (code.to_owned(), "value".to_owned()),
                (code.to_owned(), "数值!C2".to_owned()),
            ]
        };
        for percentage in [100.5, 4_500.0, -0.1] {
            let said = by_both_doors(&b, 2, &json!(percentage)).await;
            assert_eq!(said, both("percent_out_of_range"), "{percentage}");
        }
        // 0.45 where 45 % is meant, and orders in 单 where 万单 is.
        assert_eq!(
            by_both_doors(&b, 2, &json!(0.45)).await,
            both("unit_doubtful")
        );
        assert_eq!(
            by_both_doors(&b, 3, &json!(22_000_000)).await,
            both("unit_doubtful")
        );
        assert_eq!(
            by_both_doors(&b, 3, &json!(-1)).await,
            both("value_negative")
        );
        let words = by_both_doors(&b, 3, &json!("约二千")).await;
        assert_eq!(words[1], ("not_a_number".to_owned(), "数值!C2".to_owned()));
        assert_eq!(words[0].1, "value", "{words:?}");
        assert_eq!(
            (values(&b, 2).await, values(&b, 3).await),
            before,
            "nothing was kept"
        );
        // Full-width digits are digits.
        let said = by_both_doors(&b, 3, &json!("２，２００")).await;
        assert_eq!(said[1], (String::new(), String::new()), "{said:?}");
        assert_eq!(values(&b, 3).await, before.1 + 1);
    })
    .await;
}

#[tokio::test]
async fn a_units_report_is_told_the_same() {
    with_percentage(async |b: Bench| {
        let body = json!({ "span": "quarter", "year": 2024, "number": 2 });
        let path = format!("/api/v1/plans/{}/periods", b.plan);
        let period = b.office.post(&path, body).await.expect(201).json();
        let period = period["id"].as_str().unwrap();
        let path = format!("/api/v1/periods/{period}/reports?limit=200");
        let lines = b.office.get(&path).await.expect(200).json();
        let asked = |detail: &Value| {
            let figures = detail["figures"].as_array().cloned().unwrap_or_default();
            figures.into_iter().find(|f| f["unit"] == "%")
        };
        for line in lines["items"].as_array().unwrap() {
            let path = format!("/api/v1/reports/{}", line["id"].as_str().unwrap());
            let unit = line["unit"]["id"].as_str().unwrap();
            let unit = b.node.client(&format!("unit_reporter:{unit}"));
            let detail = unit.get(&path).await.expect(200).json();
            let Some(figure) = asked(&detail) else {
                continue;
            };
            for (value, code) in [
                (100.5, "percent_out_of_range"),
                (-3.0, "percent_out_of_range"),
                (0.45, "unit_doubtful"),
            ] {
                let figures = json!([{ "subject": figure["subject"], "value": value }]);
                let body = json!({ "state": "under_way", "body": "进展", "figures": figures });
                let answer = unit.patch(&path, "\"1\"", body).await.expect(422);
                assert_eq!(
                    (answer.code().as_str(), &answer.json()["field"]),
                    (code, &json!("figures[0].value"))
                );
            }
            assert_eq!(
                unit.get(&path).await.json()["version"],
                1,
                "nothing was kept"
            );
            return;
        }
        panic!("no report is asked for the percentage: {lines}");
    })
    .await;
}

/// A sheet of opinions.
fn sheet(rows: &[&str]) -> Vec<u8> {
    let rows = rows
        .iter()
        .map(|r| vec![Out::Text((*r).to_owned())])
        .collect();
    let heads = vec!["意见".to_owned()];
    let sheet = OutSheet {
        name: "意见".to_owned(),
        heads,
        rows,
        choices: Vec::new(),
    };
    xlsx(&[sheet]).unwrap()
}

impl Voice {
    /// Sends words by every door; answers what each said.
    async fn by_every_door(&self, words: &str, cell: &str) -> [Answer; 4] {
        let body = json!({ "channel_id": self.written, "text": words });
        let typed = self.try_add(&self.b.office, body.clone()).await;
        let round = format!("/api/v1/rounds/{}/opinions", self.round);
        let pasted = self
            .b
            .office
            .post(&format!("{round}/paste?mode=apply"), body)
            .await;
        let import = format!("{round}/import?mode=apply&channel_id={}", self.written);
        let sheet = self.b.send_xlsx(&import, sheet(&[cell])).await;
        let sent = self.send(json!({ "text": words })).await;
        [typed, pasted, sheet, sent]
    }
}

#[tokio::test]
async fn an_opinion_of_100_kb_is_refused_with_what_fits_and_nothing_is_kept() {
    with_round(true, async |v: Voice| {
        // A cell of Excel holds 32,767 characters; 100 KB of Chinese are 34,000.
        let large = "请多建充电桩。".repeat(100 * 1024 / 21);
        let cell = "请多建充电桩。".repeat(3_000);
        for answer in v.by_every_door(&large, &cell).await {
            let said = answer.expect(422);
            assert!(said.text().contains("too_long"), "{}", said.text());
            assert!(
                said.text().contains("20,000") || said.text().contains("20000"),
                "{}",
                said.text()
            );
        }
        assert_eq!(v.get("").await["voices"], 0);
    })
    .await;
}

#[tokio::test]
async fn markup_formulas_and_emoji_stay_words_wherever_they_go() {
    with_round(true, async |v: Voice| {
        let odd = "=HYPERLINK(\"http://x\",\"y\") <img src=x onerror=alert(1)> 👩‍👩‍👧 {{issuer}}";
        for answer in v.by_every_door(odd, odd).await {
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        let opinions = v.get("/opinions").await;
        let kept: Vec<&str> = opinions["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| text(o, "text"))
            .collect();
        assert!(
            !kept.is_empty() && kept.iter().all(|k| *k == odd),
            "{kept:?}"
        );
        assert_eq!(
            v.get("").await["voices"],
            2,
            "the paste and the sheet were known already"
        );
        // Out again as a workbook: text, no formula.
        let path = format!("/api/v1/rounds/{}/opinions.xlsx", v.round);
        let book = v.b.office.get(&path).await.expect(200).bytes;
        let sheets = tianyuan_kernel::office::read_xlsx(&book).unwrap();
        let shown = format!("{:?}", sheets[0]);
        assert!(shown.contains("HYPERLINK"), "{shown}");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&book)).unwrap();
        for index in 0..archive.len() {
            use std::io::Read as _;
            let mut part = archive.by_index(index).unwrap();
            let mut xml = String::new();
            if part.read_to_string(&mut xml).is_ok() {
                let active = xml.contains("<f>") || xml.contains("<hyperlink ");
                assert!(!active, "part {index}: {xml}");
            }
        }
    })
    .await;
}
