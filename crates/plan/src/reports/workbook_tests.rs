use serde_json::{Value, json};
use tianyuan_kernel::office::{Cell, Out, OutSheet, Sheet, read_xlsx, write_xlsx};
use tianyuan_kernel::testkit::{Answer, Client};

use crate::plans::export::XLSX;
use crate::testing::{Bench, with_sample};

struct Book {
    sheets: Vec<Sheet>,
}

impl Book {
    async fn fetch(client: &Client, period: &str) -> Self {
        let path = format!("/api/v1/periods/{period}/workbook.xlsx?mine=true");
        let answer = client.get(&path).await.expect(200);
        let sheets = read_xlsx(&answer.bytes).unwrap();
        Self { sheets }
    }

    /// Sets a cell, found by what its row holds somewhere and its column's letter.
    fn set(&mut self, sheet: &str, holds: &str, column: usize, cell: Cell) -> usize {
        let sheet = self.sheets.iter_mut().find(|s| s.name == sheet).unwrap();
        let at = |row: &Vec<Cell>| row.iter().any(|c| c.text() == holds);
        let index = sheet.rows.iter().position(at).unwrap();
        let row = &mut sheet.rows[index];
        row.resize(row.len().max(column + 1), Cell::Blank);
        row[column] = cell;
        index + 1
    }

    async fn send(&self, client: &Client, period: &str, query: &str) -> Answer {
        let out = |cell: &Cell| match cell {
            Cell::Blank => Out::Blank,
            Cell::Number(n) => Out::Number(*n),
            other => Out::Text(other.text()),
        };
        let sheets: Vec<OutSheet> = self
            .sheets
            .iter()
            .map(|sheet| OutSheet {
                name: sheet.name.clone(),
                heads: sheet.rows[0].iter().map(Cell::text).collect(),
                rows: sheet.rows[1..]
                    .iter()
                    .map(|r| r.iter().map(out).collect())
                    .collect(),
                choices: Vec::new(),
            })
            .collect();
        let bytes = write_xlsx(&sheets).unwrap();
        let path = format!("/api/v1/periods/{period}/workbook{query}");
        client.send("POST", &path, XLSX, bytes).await
    }
}

async fn open(b: &Bench) -> (String, Client) {
    let path = format!("/api/v1/plans/{}/periods", b.plan);
    let new = json!({ "span": "quarter", "year": 2024, "number": 2 });
    let period = b.office.post(&path, new).await.expect(201).json();
    let id = period["id"].as_str().unwrap().to_owned();
    let unit = b.measure(2).await["responsible"][0]["id"].clone();
    let client = b
        .node
        .client(&format!("unit_reporter:{}", unit.as_str().unwrap()));
    (id, client)
}

async fn reports(client: &Client, period: &str) -> Vec<Value> {
    let path = format!("/api/v1/periods/{period}/reports?mine=true");
    let list = client.get(&path).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

fn words(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

const FIRST: &str = "打造集成电路发展硬核实力";
const SECOND: &str = "深化公共数据共享开放";

#[tokio::test]
async fn a_unit_reports_by_workbook() {
    with_sample(async |b: Bench| {
        let (period, unit) = open(&b).await;
        let mut book = Book::fetch(&unit, &period).await;
        book.set("举措进展", FIRST, 6, words("推进中"));
        book.set("举措进展", FIRST, 7, words("已选址"));
        book.set("举措进展", SECOND, 6, words("已完成"));
        book.set("举措进展", SECOND, 7, words("目录已编制"));
        // Full-width digits are read; the rest stays empty.
        book.set("数值", "公共数据开放规模", 6, words("１５．５"));
        let done = book
            .send(&unit, &period, "?submit=true")
            .await
            .expect(200)
            .json();
        assert_eq!(done, json!({ "saved": 2, "submitted": 2 }));
        let all = reports(&unit, &period).await;
        assert!(all.iter().all(|r| r["stage"] == "submitted"), "{all:?}");
        let path = format!("/api/v1/reports/{}", all[0]["id"].as_str().unwrap());
        let report = unit.get(&path).await.expect(200).json();
        let figures = report["figures"].as_array().unwrap();
        let value = figures
            .iter()
            .find(|f| f["name"] == "公共数据开放规模")
            .unwrap();
        assert_eq!(
            (&report["body"], &value["value"]),
            (&json!("已选址"), &json!(15.5))
        );
        // Sent reports are not in the next workbook; the old one is told so, and changes nothing.
        let next = Book::fetch(&unit, &period).await;
        assert_eq!(next.sheets[1].rows.len(), 1);
        let again = book.send(&unit, &period, "").await.expect(422);
        assert_eq!(again.json()["errors"][0]["field"], "举措进展!A2");
        assert_eq!(again.json()["errors"][0]["code"], "changed_meanwhile");
    })
    .await;
}

#[tokio::test]
async fn anything_wrong_keeps_everything_out_and_is_placed() {
    with_sample(async |b: Bench| {
        let (period, unit) = open(&b).await;
        let mut book = Book::fetch(&unit, &period).await;
        book.set("举措进展", FIRST, 6, words("快好了"));
        book.set("举措进展", FIRST, 7, words("已选址"));
        let second = book.set("举措进展", SECOND, 6, words("已完成"));
        book.set("举措进展", SECOND, 7, words("目录已编制"));
        let count = book.set("数值", "公共数据开放规模", 6, words("十五万"));
        let trade = book.set("数值", "跨境电商交易量", 6, Cell::Number(-3.0));
        let answer = book.send(&unit, &period, "").await.expect(422);
        let errors = answer.json()["errors"].clone();
        let found = |field: &str| {
            let all = errors.as_array().unwrap();
            all.iter()
                .find(|e| e["field"] == field)
                .map(|e| e["code"].clone())
        };
        assert_eq!(
            found("举措进展!G2"),
            Some(json!("not_a_choice")),
            "{errors}"
        );
        assert_eq!(
            found(&format!("数值!G{count}")),
            Some(json!("not_a_number")),
            "{errors}"
        );
        assert_eq!(
            found(&format!("数值!G{trade}")),
            Some(json!("value_negative")),
            "{errors}"
        );
        assert!(
            reports(&unit, &period)
                .await
                .iter()
                .all(|r| r["stage"] == "owed")
        );
        // 12.7 万条 sent as 155,000: asked about, and taken once checked.
        book.set("举措进展", FIRST, 6, words("推进中"));
        book.set("数值", "公共数据开放规模", 6, Cell::Number(155_000.0));
        book.set("数值", "跨境电商交易量", 6, Cell::Blank);
        let asked = book.send(&unit, &period, "").await.expect(422);
        assert_eq!(
            asked.json()["errors"][0]["code"],
            "unit_doubtful",
            "{}",
            asked.text()
        );
        book.set("数值", "公共数据开放规模", 7, words("是"));
        let kept = book.send(&unit, &period, "").await.expect(200).json();
        assert_eq!(kept, json!({ "saved": 2, "submitted": 0 }));
        // Somebody else's report.
        let other = b
            .node
            .client("unit_reporter:unit_0000000000000000000000000z");
        let refused = book.send(&other, &period, "").await.expect(422);
        assert_eq!(refused.json()["errors"][0]["code"], "not_allowed");
        book.set("举措进展", SECOND, 0, words("改了"));
        let wrong = book.send(&unit, &period, "").await.expect(422);
        assert!(
            wrong.text().contains(&format!("举措进展!A{second}")),
            "{}",
            wrong.text()
        );
        let path = format!("/api/v1/periods/{period}/workbook");
        unit.send("POST", &path, "text/csv", b"a,b".to_vec())
            .await
            .expect(415);
        unit.send("POST", &path, XLSX, b"PK nonsense".to_vec())
            .await
            .expect(422);
        b.node
            .stranger()
            .send("POST", &path, XLSX, Vec::new())
            .await
            .expect(401);
    })
    .await;
}
