use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::regression::{lags, segmented};
use crate::testing::{Bench, with_sample};

/// Made by `forecast/fixtures/make.py`: statsmodels' OLS with Newey–West covariance.
const REFERENCE: &str = include_str!("../forecast/fixtures/reference.json");

#[derive(Deserialize)]
struct Reference {
    interrupted: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    y: Vec<f64>,
    at: usize,
    lags: usize,
    coefficients: [f64; 4],
    p: [f64; 4],
    intervals: [[f64; 2]; 4],
    effect_at_end: f64,
    effect_interval: [f64; 2],
    durbin_watson: f64,
    lag_1: f64,
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-3)
}

fn timed(y: &[f64]) -> Vec<(f64, f64)> {
    y.iter().enumerate().map(|(t, v)| (t as f64, *v)).collect()
}

#[test]
fn the_regression_agrees_with_statsmodels() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    assert!(reference.interrupted.len() >= 4);
    for case in reference.interrupted {
        let fit = segmented(&timed(&case.y), case.at as f64).unwrap();
        assert_eq!(fit.lags, case.lags, "{}", case.name);
        for i in 0..4 {
            let mut weights = [0.0; 4];
            weights[i] = 1.0;
            let ours = fit.estimate(&weights);
            assert!(near(ours.value, case.coefficients[i]), "{} {i}", case.name);
            let [low, high] = case.intervals[i];
            assert!(
                near(ours.low, low) && near(ours.high, high),
                "{} {i}: {ours:?}",
                case.name
            );
            assert!(
                (ours.p - case.p[i]).abs() < 1e-8,
                "{} {i}: {ours:?}",
                case.name
            );
        }
        let since = (case.y.len() - 1 - case.at) as f64;
        let end = fit.estimate(&[0.0, 0.0, 1.0, since]);
        assert!(near(end.value, case.effect_at_end), "{}", case.name);
        let [low, high] = case.effect_interval;
        assert!(near(end.low, low) && near(end.high, high), "{}", case.name);
        assert!(
            near(fit.durbin_watson(), case.durbin_watson),
            "{}",
            case.name
        );
        assert!(near(fit.lag_1(), case.lag_1), "{}", case.name);
    }
}

#[test]
fn one_side_alone_is_refused() {
    let y: Vec<f64> = (0..12).map(f64::from).collect();
    assert!(segmented(&timed(&y), 0.0).is_none());
    assert!(segmented(&timed(&y), 40.0).is_none());
    assert!(segmented(&timed(&y[..4]), 2.0).is_none());
    assert_eq!((lags(8), lags(100), lags(200)), (2, 4, 4));
}

proptest! {
    /// What was put in comes out: without noise, the level and slope changes are exact.
    #[test]
    fn a_step_and_a_turn_are_found(
        n in 10..60_usize, part in 0.35..0.65_f64,
        level in -1e3..1e3_f64, slope in -1e2..1e2_f64, base in -1e4..1e4_f64, trend in -1e2..1e2_f64,
    ) {
        let at = (n as f64 * part) as usize;
        let y: Vec<f64> = (0..n).map(|t| {
            let after = if t >= at { level + slope * (t - at) as f64 } else { 0.0 };
            base + trend * t as f64 + after
        }).collect();
        let fit = segmented(&timed(&y), at as f64).unwrap();
        let scale = y.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for (ours, put) in fit.coefficients.iter().zip([base, trend, level, slope]) {
            prop_assert!((ours - put).abs() < 1e-8 * scale, "{ours} {put}");
        }
        prop_assert!(fit.residuals.iter().all(|e| e.abs() < 1e-8 * scale));
    }
}

/// Twelve quarters of a stock with a step at the seventh.
async fn quarters(b: &Bench) -> String {
    let all = b.plan_get("/indicators").await;
    let stock = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["nature"] != "flow")
        .unwrap();
    let number = stock["number"].as_i64().unwrap();
    let days = [
        "2021-09-30",
        "2021-12-31",
        "2022-03-31",
        "2022-06-30",
        "2022-09-30",
        "2022-12-31",
        "2023-03-31",
        "2023-06-30",
        "2023-09-30",
        "2024-03-31",
        "2024-06-30",
    ];
    for (i, day) in days.iter().enumerate() {
        let step = if *day >= "2022-12-31" { 20 } else { 0 };
        let wave = [0, 1, -1][i % 3];
        b.record(
            number,
            day,
            f64::from(20 + 2 * i32::try_from(i).unwrap() + step + wave),
        )
        .await;
    }
    stock["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_effect_is_compared_kept_and_removed() {
    with_sample(async |b: Bench| {
        let id = quarters(&b).await;
        let preview = format!("/api/v1/indicators/{id}/before-after?at=2022-10-15");
        let found = b.office.get(&preview).await.expect(200).json();
        assert_eq!(found["step"], "quarter");
        assert!(found["level"]["value"].as_f64().unwrap() > 10.0, "{found}");
        assert_eq!(found["assumptions"].as_array().unwrap().len(), 4);
        let path = format!("/api/v1/indicators/{id}/effects");
        let body = json!({ "at": "2022-10-15", "event": "示例政策施行" });
        let kept = b.office.post(&path, body.clone()).await.expect(201).json();
        assert_eq!(kept["result"]["level"], found["level"]);
        // A later revision does not change what was concluded.
        let one = format!("/api/v1/effects/{}", kept["id"].as_str().unwrap());
        b.office
            .post(
                &format!("/api/v1/indicators/{id}/values"),
                json!({ "at": "2024-06-30", "value": 999.0 }),
            )
            .await
            .expect(201);
        assert_eq!(
            b.office.get(&one).await.expect(200).json()["result"],
            kept["result"]
        );
        let again = b.office.get(&preview).await.expect(200).json();
        assert_ne!(again["level"], found["level"]);
        let listed = b.plan_get("/effects").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        for other in ["auditor", "unit_reporter"] {
            let other = b.node.client(other);
            other.get(&one).await.expect(200);
            other.post(&path, body.clone()).await.expect(403);
            other.delete(&one).await.expect(403);
        }
        for hidden in ["citizen", "enterprise"] {
            let hidden = b.node.client(hidden);
            hidden.get(&one).await.expect(404);
            hidden.post(&path, body.clone()).await.expect(404);
        }
        b.node.stranger().get(&preview).await.expect(401);
        b.office.delete(&one).await.expect(204);
        b.office.delete(&one).await.expect(404);
        let facts = b.node.facts().await;
        let count = |kind: &str| facts.iter().filter(|(k, _)| k == kind).count();
        assert_eq!((count("effect.evaluated"), count("effect.removed")), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_compared_is_said() {
    with_sample(async |b: Bench| {
        let id = quarters(&b).await;
        let preview = |query: &str| format!("/api/v1/indicators/{id}/before-after?{query}");
        for (query, status, code) in [
            ("at=2021-10-01", 422, "effect_too_few_points"),
            ("at=2030-01-01", 422, "date_in_future"),
            ("at=1200-01-01", 422, "date_out_of_range"),
            ("at=2022-10-01&period=annual", 422, "period_mismatch"),
            ("at=soon", 400, "query_malformed"),
            ("", 400, "query_malformed"),
        ] {
            let answer = b.office.get(&preview(query)).await.expect(status);
            assert_eq!(answer.code(), code, "{query}");
        }
        let flow = b.indicator(1).await["id"].as_str().unwrap().to_owned();
        let empty = format!("/api/v1/indicators/{flow}/before-after?at=2024-01-01");
        assert_eq!(
            b.office.get(&empty).await.expect(422).code(),
            "effect_no_series"
        );
        let path = format!("/api/v1/indicators/{id}/effects");
        for (body, code) in [
            (json!({ "at": "2022-10-15", "event": "  " }), "required"),
            (
                json!({ "at": "2022-10-15", "event": "长".repeat(121) }),
                "too_long",
            ),
            (
                json!({ "at": "2022-10-15", "event": "a\u{0}b" }),
                "nul_character",
            ),
        ] {
            let answer = b.office.post(&path, body).await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{}",
                answer.text()
            );
            if answer.status == 422 {
                assert_eq!(answer.code(), code);
            }
        }
        b.office
            .get("/api/v1/effects/effect_none")
            .await
            .expect(404);
    })
    .await;
}
