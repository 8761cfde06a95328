use jiff::civil::date;
use serde_json::{Value, json};

use super::{all_within, bounds, title};
use crate::testing::{Bench, with_sample};
use crate::words::Span;

const DAY_S: i64 = 86_400;

#[test]
fn periods_have_their_days_and_names() {
    let quarter = bounds(Span::Quarter, 2024, 3).unwrap();
    assert_eq!(quarter, (date(2024, 7, 1), date(2024, 9, 30)));
    assert_eq!(bounds(Span::Month, 2024, 2).unwrap().1, date(2024, 2, 29));
    assert_eq!(bounds(Span::Year, 2025, 1).unwrap().1, date(2025, 12, 31));
    for (span, number) in [
        (Span::Month, 13),
        (Span::Quarter, 5),
        (Span::Year, 2),
        (Span::Quarter, 0),
    ] {
        assert_eq!(bounds(span, 2024, number), None);
    }
    assert_eq!(bounds(Span::Year, i64::MAX, 1), None);
    assert_eq!(title(Span::Quarter, quarter.0).zh, "2024 年第三季度");
    assert_eq!(title(Span::Month, date(2024, 2, 1)).en, "February 2024");
    let all = all_within(Span::Quarter, date(2024, 1, 1), date(2025, 12, 31));
    assert_eq!(all.len(), 8);
    assert_eq!(
        all_within(Span::Month, date(2024, 5, 15), date(2024, 7, 1)).len(),
        3
    );
}

fn periods(b: &Bench) -> String {
    format!("/api/v1/plans/{}/periods", b.plan)
}

fn path(period: &Value) -> String {
    format!("/api/v1/periods/{}", period["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_period_opens_once_and_within_the_plan() {
    with_sample(async |b: Bench| {
        let body = json!({ "span": "quarter", "year": 2024, "number": 2, "note": " 首期 " });
        let made = b
            .office
            .post(&periods(&b), body.clone())
            .await
            .expect(201)
            .json();
        assert_eq!(
            (&made["due"], &made["note"]),
            (&json!("2024-07-10"), &json!("首期"))
        );
        assert_eq!(
            made["counts"]["owed"], 4,
            "three units on measure 1, one on 2"
        );
        assert_eq!(
            b.office.post(&periods(&b), body).await.expect(409).code(),
            "period_exists"
        );
        for (body, field) in [
            (
                json!({ "span": "quarter", "year": 2024, "number": 5 }),
                "number",
            ),
            (json!({ "span": "year", "year": 2031 }), "year"),
            (
                json!({ "span": "month", "year": 2024, "number": 9, "due": "2024-08-01" }),
                "due",
            ),
            (
                json!({ "span": "month", "year": 2024, "number": 9, "remind_days": -1 }),
                "remind_days",
            ),
            (json!({ "span": "week", "year": 2024 }), "span"),
            (
                json!({ "span": "month", "year": 2024, "number": 9, "note": "长".repeat(201) }),
                "note",
            ),
        ] {
            let answer = b.office.post(&periods(&b), body.clone()).await.expect(422);
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let town = b
            .node
            .client("unit_reporter:unit_0000000000000000000000000z");
        let other = json!({ "span": "year", "year": 2024 });
        town.post(&periods(&b), other.clone()).await.expect(403);
        b.node
            .stranger()
            .post(&periods(&b), other)
            .await
            .expect(401);
        let patch = json!({ "due": "2024-07-15" });
        town.patch(&path(&made), "\"1\"", patch.clone())
            .await
            .expect(403);
        b.office
            .patch(&path(&made), "\"7\"", patch.clone())
            .await
            .expect(412);
        let moved = b
            .office
            .patch(&path(&made), "\"1\"", patch.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&moved["due"], &moved["version"]),
            (&json!("2024-07-15"), &json!(2))
        );
        b.office
            .patch(&path(&made), "\"2\"", patch)
            .await
            .expect(200);
        let planned = json!({ "state": "planned" });
        b.office
            .patch(&path(&made), "\"2\"", planned)
            .await
            .expect(422);
        let facts = b.node.facts().await;
        let of = |kind: &str| facts.iter().filter(|f| f.0 == kind).count();
        assert_eq!((of("period.opened"), of("period.changed")), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_calendar_opens_by_itself_and_units_are_reminded() {
    with_sample(async |b: Bench| {
        let body = json!({ "span": "quarter", "due_days": 12, "remind_days": 3 });
        let calendar = format!("{}/calendar", periods(&b));
        let made = b
            .office
            .post(&calendar, body.clone())
            .await
            .expect(201)
            .json();
        assert_eq!((&made["added"], &made["kept"]), (&json!(8), &json!(0)));
        let again = b.office.post(&calendar, body).await.expect(201).json();
        assert_eq!(again["kept"], 8);
        b.node.settle().await;
        // On 30 June the first two quarters are over or on their last day.
        let list = b.office.get(&periods(&b)).await.expect(200).json();
        let states: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["state"].as_str().unwrap())
            .collect();
        assert_eq!(states[6..], ["open", "open"]);
        assert!(states[..6].iter().all(|s| *s == "planned"));
        let second = list["items"][6].clone();
        assert_eq!(second["due"], "2024-07-12");
        let reminders = async || {
            let reports = b
                .office
                .get(&format!("{}/reports", path(&second)))
                .await
                .expect(200)
                .json();
            reports["items"][0]["reminders"].as_i64().unwrap()
        };
        assert_eq!(reminders().await, 0);
        for (days, expected) in [(8, 0), (1, 1), (2, 1), (1, 2), (3, 3), (6, 3), (1, 4)] {
            b.node.advance(days * DAY_S);
            b.node.settle().await;
            assert_eq!(reminders().await, expected, "{}", b.node.app.now().date());
        }
        let late = b
            .office
            .get(&format!("{}/reports?late=true", path(&second)))
            .await
            .expect(200)
            .json();
        assert_eq!(late["items"].as_array().unwrap().len(), 4);
        // By hand: at most once a day.
        let remind = format!("{}/reminders", path(&second));
        b.node.advance(DAY_S);
        let told = b.office.post(&remind, json!({})).await.expect(200).json();
        assert_eq!((&told["units"], &told["reports"]), (&json!(3), &json!(4)));
        let told = b.office.post(&remind, json!({})).await.expect(200).json();
        assert_eq!(told["reports"], 0);
        let facts = b.node.facts().await;
        assert!(facts.iter().filter(|f| f.0 == "period.reminded").count() >= 3);
    })
    .await;
}

#[tokio::test]
async fn the_list_of_reports_follows_the_plan() {
    with_sample(async |b: Bench| {
        let body = json!({ "span": "year", "year": 2024 });
        let period = b.office.post(&periods(&b), body).await.expect(201).json();
        let mut bundle = crate::bundle::tests::sample();
        bundle.measures[1].units = vec!["发改委".to_owned()];
        crate::testing::import(&b.office, &bundle).await;
        b.node.advance(2 * 3_600);
        b.node.settle().await;
        let reports = b
            .office
            .get(&format!("{}/reports?measure=2", path(&period)))
            .await
            .expect(200)
            .json();
        let units: Vec<&str> = reports["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["unit"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(units, ["发改委"]);
        let facts = b.node.facts().await;
        assert!(facts.iter().any(|f| f.0 == "period.roster_changed"));
    })
    .await;
}
