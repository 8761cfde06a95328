use proptest::prelude::*;
use serde_json::json;
use tianyuan_kernel::office::{Cell, read_xlsx};

use super::out::{Out, xlsx};
use super::{read, write};
use crate::bundle::tests::sample;
use crate::bundle::tidy::tidy;
use crate::testing::{Bench, with_sample};

#[test]
fn what_was_written_reads_back() {
    let sheets = read_xlsx(&write::workbook(&sample()).unwrap()).unwrap();
    assert_eq!(read::bundle(&sheets).unwrap().0, sample());
    let (demo, _) = crate::demo::bundle().unwrap();
    let mut demo = demo;
    tidy(&mut demo);
    let sheets = read_xlsx(&write::workbook(&demo).unwrap()).unwrap();
    assert_eq!(read::bundle(&sheets).unwrap().0, demo);
}

#[test]
fn a_wrong_workbook_names_sheet_row_and_column() {
    let mut sheets = write::sheets(&sample());
    let find = |name: &str| {
        write::sheets(&sample())
            .iter()
            .position(|s| s.name == name)
            .unwrap()
    };
    sheets[find("举措")].rows[1][0] = Out::Text("二".into());
    sheets[find("指标")].rows[0][4] = Out::Text("流".into());
    sheets[find("目标")].rows[0][6] = Out::Text("年底".into());
    sheets[find("层面")].heads[0] = "层面编号".into();
    sheets.remove(find("计划"));
    let sheets = read_xlsx(&xlsx(&sheets).unwrap()).unwrap();
    let found: Vec<(String, &str)> = read::bundle(&sheets)
        .unwrap_err()
        .into_iter()
        .map(|f| (f.spot.path(true), f.code))
        .collect();
    for expected in [
        ("举措!A3", "not_a_number"),
        ("指标!E2", "not_a_choice"),
        ("目标!G2", "not_a_date"),
        ("层面!1", "column_missing"),
        ("计划", "sheet_missing"),
    ] {
        let expected = (expected.0.to_owned(), expected.1);
        assert!(found.contains(&expected), "{expected:?} not in {found:?}");
    }
}

#[test]
fn a_formula_without_a_result_is_no_title_and_an_error_is_no_unit() {
    let mut sheets = read_xlsx(&xlsx(&write::sheets(&sample())).unwrap()).unwrap();
    let mut put = |sheet: &str, row: usize, column: usize, cell: Cell| {
        let sheet = sheets.iter_mut().find(|s| s.name == sheet).unwrap();
        sheet.rows[row][column] = cell;
    };
    put("举措", 1, 1, Cell::Uncalculated);
    put("举措", 2, 4, Cell::Error("#N/A".to_owned()));
    put("指标", 1, 4, Cell::Uncalculated);
    let found = read::bundle(&sheets).unwrap_err();
    let found: Vec<_> = found.iter().map(|f| (f.spot.path(true), f.code)).collect();
    for expected in [
        ("举措!B2", "not_text"),
        ("举措!E3", "not_text"),
        ("指标!E2", "not_text"),
    ] {
        let expected = (expected.0.to_owned(), expected.1);
        assert!(found.contains(&expected), "{expected:?} not in {found:?}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
}

#[tokio::test]
async fn export_correct_import_shows_only_the_correction() {
    with_sample(async |b: Bench| {
        let path = format!("/api/v1/plans/{}/workbook.xlsx", b.plan);
        let answer = b.office.get(&path).await.expect(200);
        assert_eq!(answer.header("x-content-type-options").unwrap(), "nosniff");
        assert!(
            answer
                .header("content-disposition")
                .unwrap()
                .starts_with("attachment")
        );
        let check = "/api/v1/plans/import?mode=check";
        let found = b
            .send_xlsx(check, answer.bytes.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(found["ok"], true, "{found}");
        for table in [
            "units",
            "layers",
            "programmes",
            "measures",
            "goals",
            "indicators",
            "pattern",
        ] {
            let changes = &found["changes"][table];
            assert_eq!(
                (&changes["added"], &changes["dropped"], &changes["changed"]),
                (&json!([]), &json!([]), &json!([])),
                "{table}"
            );
        }
        let (mut bundle, _) = read::bundle(&read_xlsx(&answer.bytes).unwrap()).unwrap();
        bundle.indicators[1].targets[1].value = 35.0;
        let corrected = write::workbook(&bundle).unwrap();
        let found = b
            .send_xlsx(check, corrected.clone())
            .await
            .expect(200)
            .json();
        assert_eq!(
            found["changes"]["indicators"]["changed"][0]["fields"],
            json!([
                { "field": "targets.2025", "before": "30", "after": "35" }
            ])
        );
        let plan = b
            .send_xlsx("/api/v1/plans/import?mode=apply", corrected)
            .await
            .expect(201)
            .json();
        assert_eq!((&plan["id"], &plan["version"]), (&json!(b.plan), &json!(2)));
        assert_eq!(b.indicator(2).await["targets"][1]["value"], 35.0);
        assert!(b.node.facts().await.iter().any(|f| f.0 == "plan.exported"));

        bundle.measures[0].units = vec!["数劇局".into()];
        let wrong = write::workbook(&bundle).unwrap();
        let answer = b
            .send_xlsx("/api/v1/plans/import?mode=apply", wrong)
            .await
            .expect(422)
            .json();
        assert_eq!(
            (&answer["field"], &answer["errors"][0]["code"]),
            (&json!("举措!E2"), &json!("unit_unknown"))
        );

        let template = b
            .office
            .get("/api/v1/plans/template.xlsx")
            .await
            .expect(200);
        let found = b.send_xlsx(check, template.bytes).await.expect(200).json();
        assert_eq!(found["ok"], false);
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any text a person may write comes back from a workbook as it was.
    #[test]
    fn texts_survive_a_workbook(title in "[^\\p{C}]{1,40}", summary in "[^\\p{C}\u{fffe}\u{ffff}]{0,200}", value in -1e12..1e12_f64) {
        let mut bundle = sample();
        bundle.measures[0].title = title;
        bundle.measures[0].summary.zh = summary;
        bundle.indicators[0].targets[0].value = value;
        tidy(&mut bundle);
        prop_assume!(!bundle.measures[0].title.is_empty());
        let sheets = read_xlsx(&write::workbook(&bundle).unwrap()).unwrap();
        prop_assert_eq!(read::bundle(&sheets).unwrap().0, bundle);
    }
}
