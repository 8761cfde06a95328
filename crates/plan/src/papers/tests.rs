use std::io::{Cursor, Read as _};

use serde_json::{Value, json};
use tianyuan_kernel::office::docx::{DOCX, Style, Template, Writer};
use tianyuan_kernel::office::read_xlsx;
use tianyuan_kernel::testkit::Client;

use crate::testing::{Bench, with_sample};

const DAY_S: i64 = 86_400;

fn asked(kind: &str, lang: &str) -> Value {
    json!({ "kind": kind, "lang": lang, "cadence": "quarter", "day": "2024-06-30", "issuer": " 规划办 " })
}

/// Has a paper made; answers it once the job has run.
async fn made(b: &Bench, kind: &str, lang: &str) -> Value {
    let path = format!("/api/v1/plans/{}/papers", b.plan);
    let paper = b
        .office
        .post(&path, asked(kind, lang))
        .await
        .expect(202)
        .json();
    assert_eq!(paper["state"], "making");
    b.node.settle().await;
    read(&b.office, &paper).await
}

async fn read(client: &Client, paper: &Value) -> Value {
    let path = format!("/api/v1/papers/{}", paper["id"].as_str().unwrap());
    client.get(&path).await.expect(200).json()
}

async fn bytes(client: &Client, paper: &Value) -> Vec<u8> {
    let path = format!("/api/v1/papers/{}/file", paper["id"].as_str().unwrap());
    client.get(&path).await.expect(200).bytes
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// All that a paper says, in one text.
fn said(detail: &Value) -> String {
    fn walk(value: &Value, out: &mut String) {
        match value {
            Value::Object(fields) => {
                if let Some(text) = fields.get("text").and_then(Value::as_str) {
                    out.push_str(text);
                    out.push('\n');
                }
                fields.values().for_each(|v| walk(v, out));
            }
            Value::Array(items) => items.iter().for_each(|v| walk(v, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    walk(&detail["blocks"], &mut out);
    out
}

#[tokio::test]
async fn a_bulletin_says_what_is_on_record_and_is_kept_with_its_hash() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 700.0).await;
        let detail = made(&b, "bulletin", "zh").await;
        let paper = &detail["paper"];
        assert_eq!(paper["state"], "ready", "{paper}");
        assert_eq!(paper["title"]["zh"], "2024年第二季度工作简报（第 1 期）");
        assert_eq!(paper["issuer"], "规划办");
        let said = said(&detail);
        for words in [
            "工作简报",
            "第 1 期",
            "截至2024年6月30日",
            "700",
            "落后于进度",
            "规划办",
        ] {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!said.contains("{{"), "{said}");
        assert!(
            detail["blocks"]
                .as_array()
                .unwrap()
                .iter()
                .any(|x| x["kind"] == "chart")
        );
        let file = bytes(&b.office, paper).await;
        use sha2::Digest as _;
        assert_eq!(
            hex::encode(sha2::Sha256::digest(&file)),
            paper["file"]["sha256"]
        );
        assert!(part(&file, "word/document.xml").contains("截至2024年6月30日"));
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|(k, _)| k == kind).count();
        assert_eq!((count("paper.ordered"), count("paper.made")), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_bulletin_ranks_the_units_and_says_how_far_that_can_be_trusted() {
    tianyuan_kernel::testkit::each_backend(crate::testing::rooms, async |node| {
        let plan = crate::demo::load(&node.app).await.unwrap().unwrap();
        let office = node.client("plan_office");
        let b = Bench {
            node,
            office,
            plan: plan.id.to_string(),
        };
        let detail = made(&b, "bulletin", "zh").await;
        let text = said(&detail);
        for words in [
            "（二）综合指数与名次区间",
            "按“责任单位综合评价（示例）”",
            "名次可能在",
            "次变换方法的模拟中",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        // The same index says the same of the same day.
        let indices = b.plan_get("/indices").await;
        let items = indices["items"].as_array().unwrap();
        let index = &items.iter().find(|i| i["scope"] == "unit").unwrap()["id"];
        let path = format!("/api/v1/indices/{}/result", index.as_str().unwrap());
        let result = b.office.get(&path).await.expect(200).json();
        let first = &result["entities"][0];
        let blocks = detail["blocks"].as_array().unwrap().iter();
        let mut tables = blocks.filter(|x| x["kind"] == "table");
        let cell = |cell: &Value| -> String {
            cell["paragraphs"][0]["runs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|run| run["text"].as_str().unwrap())
                .collect()
        };
        let ranking = tables
            .find(|t| {
                let last = t["rows"][0].as_array().unwrap().last();
                last.is_some_and(|head| cell(head) == "名次可能在")
            })
            .unwrap();
        let row: Vec<String> = ranking["rows"][1]
            .as_array()
            .unwrap()
            .iter()
            .map(cell)
            .collect();
        assert_eq!((&row[0], &json!(row[1])), (&"1".to_owned(), &first["name"]));
        assert_eq!(row[2], format!("{:.3}", first["score"].as_f64().unwrap()));
        let (low, high) = (&first["rank_low"], &first["rank_high"]);
        let interval = if low == high {
            low.to_string()
        } else {
            format!("{low}～{high}")
        };
        assert_eq!(row[3], interval);
    })
    .await;
}

#[tokio::test]
async fn later_values_do_not_change_what_a_period_says() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 700.0).await;
        b.node.advance(60 * DAY_S);
        b.record(1, "2024-08-20", 4321.0).await;
        let detail = made(&b, "bulletin", "zh").await;
        let text = said(&detail);
        assert!(text.contains("700") && !text.contains("4,321"), "{text}");
        let again = made(&b, "bulletin", "zh").await;
        assert_eq!(
            (&again["paper"]["issue"], &again["paper"]["draft"]),
            (&json!(1), &json!(2))
        );
        let english = made(&b, "bulletin", "en").await;
        let words = said(&english);
        assert!(
            words.contains("As of 30 June 2024") && words.contains("BULLETIN"),
            "{words}"
        );
        let listed = b.plan_get("/papers?kind=bulletin").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);
        assert_eq!(
            listed["items"][0]["id"], english["paper"]["id"],
            "the newest first"
        );
    })
    .await;
}

#[tokio::test]
async fn figures_are_a_workbook_with_charts_whose_text_is_text() {
    with_sample(async |b: Bench| {
        b.record(1, "2024-06-30", 700.0).await;
        let detail = made(&b, "figures", "zh").await;
        assert_eq!(detail["paper"]["state"], "ready", "{detail}");
        assert!(detail["blocks"].as_array().unwrap().is_empty());
        let file = bytes(&b.office, &detail["paper"]).await;
        let sheets = read_xlsx(&file).unwrap();
        assert_eq!(sheets[0].name, "指标总表");
        assert!(sheets.iter().any(|s| s.name.contains("年内累计")));
        assert!(part(&file, "xl/charts/chart1.xml").contains("指标总表"));
    })
    .await;
}

#[tokio::test]
async fn a_schedule_makes_each_period_once_after_its_day() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/paper-schedules", b.plan);
        let body =
            json!({ "kind": "bulletin", "lang": "zh", "cadence": "quarter", "days_after": 10 });
        let schedule = b.office.post(&path, body.clone()).await.expect(201).json();
        assert_eq!(schedule["next"]["on"], "2024-07-10", "{schedule}");
        b.office.post(&path, body).await.expect(409);
        let papers = async || {
            b.plan_get("/papers").await["items"]
                .as_array()
                .unwrap()
                .clone()
        };
        b.node.settle().await;
        assert_eq!(
            papers().await.len(),
            1,
            "the first quarter's day is past: {:?}",
            papers().await
        );
        b.node.advance(5 * DAY_S);
        b.node.settle().await;
        assert_eq!(papers().await.len(), 1);
        b.node.advance(6 * DAY_S);
        b.node.settle().await;
        b.node.advance(DAY_S);
        b.node.settle().await;
        let all = papers().await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[0]["period"]["to"], "2024-06-30");
        assert_eq!(
            (&all[0]["scheduled"], &all[0]["created_by"]),
            (&json!(true), &Value::Null)
        );
        assert_eq!(
            (&all[0]["state"], &all[0]["issue"]),
            (&json!("ready"), &json!(2))
        );
        let one = format!(
            "/api/v1/paper-schedules/{}",
            schedule["id"].as_str().unwrap()
        );
        b.node.client("unit_lead").delete(&one).await.expect(404);
        b.office.delete(&one).await.expect(204);
        b.office.delete(&one).await.expect(404);
        b.node.advance(100 * DAY_S);
        b.node.settle().await;
        assert_eq!(papers().await.len(), 2, "nothing is made any more");
    })
    .await;
}

#[tokio::test]
async fn the_offices_own_template_is_used_and_a_wrong_one_is_refused_with_its_places() {
    with_sample(async |b: Bench| {
        let path = "/api/v1/paper-templates/bulletin/zh";
        let mut writer = Writer::new(false);
        writer
            .add(Style::Title, "青溪简讯：{{period}}")
            .add(Style::Body, "{{measurs}}");
        let wrong = writer.finish().unwrap();
        let refused = b.office.send("PUT", path, DOCX, wrong).await.expect(422);
        assert_eq!(refused.code(), "template_faults");
        let fault = &refused.json()["errors"][0];
        assert_eq!(
            (&fault["field"], &fault["code"]),
            (&json!("{{measurs}}"), &json!("tag_unknown"))
        );
        assert!(
            fault["detail"].as_str().unwrap().starts_with("正文第 2 段"),
            "{fault}"
        );
        let mut writer = Writer::new(false);
        writer
            .add(Style::Title, "青溪简讯：{{period}}")
            .add(Style::Body, "{{measures}}");
        let right = writer.finish().unwrap();
        let set = b
            .office
            .send("PUT", path, DOCX, right.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(set["is_default"], false);
        let kept = b.office.get(path).await.expect(200);
        assert_eq!(kept.bytes, right);
        let detail = made(&b, "bulletin", "zh").await;
        assert!(
            said(&detail).starts_with("青溪简讯：2024年第二季度"),
            "{}",
            said(&detail)
        );
        assert_eq!(detail["paper"]["template_sha256"], set["sha256"]);
        let original = b
            .office
            .get(&format!("{path}?original=true"))
            .await
            .expect(200)
            .bytes;
        assert!(Template::open(&original).is_ok() && original != right);
        b.office.delete(path).await.expect(204);
        b.office.delete(path).await.expect(204);
        let listed = b
            .office
            .get("/api/v1/paper-templates")
            .await
            .expect(200)
            .json();
        assert!(
            listed["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|t| t["is_default"] == true)
        );
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|(k, _)| k == kind).count();
        assert_eq!(
            (count("paper_template.set"), count("paper_template.removed")),
            (1, 1)
        );
        for (media, bytes, status) in [
            (DOCX, b"no zip".to_vec(), 422),
            ("text/plain", right.clone(), 415),
            (DOCX, vec![0; 5 << 20], 413),
        ] {
            b.office
                .send("PUT", path, media, bytes)
                .await
                .expect(status);
        }
        for path in [
            "/api/v1/paper-templates/figures/zh",
            "/api/v1/paper-templates/memo/zh",
        ] {
            b.office.get(path).await.expect(404);
            b.office
                .send("PUT", path, DOCX, right.clone())
                .await
                .expect(404);
        }
    })
    .await;
}

#[tokio::test]
async fn staff_read_papers_and_only_the_office_makes_them() {
    with_sample(async |b: Bench| {
        let detail = made(&b, "bulletin", "zh").await;
        let id = detail["paper"]["id"].as_str().unwrap().to_owned();
        let papers = format!("/api/v1/plans/{}/papers", b.plan);
        let schedules = format!("/api/v1/plans/{}/paper-schedules", b.plan);
        let template = "/api/v1/paper-templates/bulletin/zh";
        let schedule =
            json!({ "kind": "bulletin", "lang": "zh", "cadence": "year", "days_after": 1 });
        for role in ["unit_reporter", "unit_lead", "auditor"] {
            let client = b.node.client(role);
            client.get(&papers).await.expect(200);
            client
                .get(&format!("/api/v1/papers/{id}/file"))
                .await
                .expect(200);
            client
                .post(&papers, asked("bulletin", "zh"))
                .await
                .expect(403);
            client.post(&schedules, schedule.clone()).await.expect(403);
            client
                .send("PUT", template, DOCX, Vec::new())
                .await
                .expect(403);
            client.delete(template).await.expect(403);
        }
        let citizen = b.node.client("citizen");
        citizen.get(&papers).await.expect(403);
        citizen.get(&schedules).await.expect(403);
        citizen.get(template).await.expect(403);
        citizen
            .get(&format!("/api/v1/papers/{id}"))
            .await
            .expect(404);
        citizen
            .get(&format!("/api/v1/papers/{id}/file"))
            .await
            .expect(404);
        b.node.stranger().get(&papers).await.expect(401);
        b.node
            .stranger()
            .get(&format!("/api/v1/papers/{id}/file"))
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_field_and_makes_nothing() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/papers", b.plan);
        let with = |field: &str, value: Value| {
            let mut body = asked("bulletin", "zh");
            body[field] = value;
            body
        };
        for (body, field) in [
            (with("day", json!("2024-07-01")), "day"),
            (with("day", json!("2023-12-31")), "day"),
            (with("day", json!("2024-02-30")), "day"),
            (with("kind", json!("memo")), "kind"),
            (with("lang", json!("fr")), "lang"),
            (with("cadence", json!("week")), "cadence"),
            (with("issuer", json!("长".repeat(41))), "issuer"),
            (with("issuer", json!("a\u{0}b")), "issuer"),
            (with("more", json!(1)), "more"),
        ] {
            let answer = b.office.post(&path, body.clone()).await;
            assert_eq!(answer.status, 422, "{body} {}", answer.text());
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let schedules = format!("/api/v1/plans/{}/paper-schedules", b.plan);
        let body =
            json!({ "kind": "bulletin", "lang": "zh", "cadence": "month", "days_after": 121 });
        let answer = b.office.post(&schedules, body).await.expect(422);
        assert_eq!(answer.json()["field"], "days_after");
        for path in [
            "/api/v1/papers/x",
            "/api/v1/papers/paper_0/file",
            "/api/v1/paper-schedules/x",
        ] {
            let answer = b.office.get(path).await;
            assert!(
                matches!(answer.status.as_u16(), 404 | 405),
                "{path} {}",
                answer.text()
            );
        }
        b.office.get(&format!("{path}?kind=memo")).await.expect(400);
        assert!(
            b.plan_get("/papers").await["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn the_same_request_twice_orders_one_paper() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/papers", b.plan);
        let keyed = b.office.clone().header("idempotency-key", "k-1");
        let first = keyed
            .post(&path, asked("bulletin", "zh"))
            .await
            .expect(202)
            .json();
        let again = keyed
            .post(&path, asked("bulletin", "zh"))
            .await
            .expect(202)
            .json();
        assert_eq!(first["id"], again["id"]);
        b.node.settle().await;
        b.node.settle().await;
        assert_eq!(
            b.plan_get("/papers").await["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    })
    .await;
}
