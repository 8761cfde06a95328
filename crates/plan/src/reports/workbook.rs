//! A period's reports as a workbook, for units that prefer it: taken out prefilled, sent back all
//! or nothing, with every fault placed at sheet, row and column.
//!
//! A row carries its report's id and version: a workbook older than the record is told so instead
//! of overwriting what somebody wrote meanwhile.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::office::{self, Out, OutSheet, Sheet};
use tianyuan_kernel::party::UnitId;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::figures::{self, Asking, Figure, FigureGiven};
use super::lists::{self, Filter, Names};
use super::steps::{self, Written};
use super::store::{self, ReportRow};
use super::{ReportId, rules};
use crate::bundle::Spot;
use crate::bundle::read::Located;
use crate::periods::api::viewed;
use crate::periods::{PeriodId, ReportingPeriod};
use crate::plans::export::XLSX;
use crate::words::{MeasureState, Stage};
use crate::workbook::table::{Column, RowReader, Table};
use crate::workbook::{Binary, download, media_type, open_table};

const PROGRESS: &str = "举措进展";
const NUMBERS: &str = "数值";
/// Most reports of one workbook.
const REPORTS_MAX: i64 = 2_000;
const YES: &str = "是";

const fn column(field: &'static str, title: &'static str, required: bool) -> Column {
    Column {
        field,
        title,
        required,
    }
}

const PROGRESS_COLUMNS: &[Column] = &[
    column("id", "报告编号", true),
    column("version", "版本", true),
    column("unit", "单位", false),
    column("number", "举措序号", false),
    column("measure", "举措", false),
    column("before", "上期状态", false),
    column("state", "本期状态", true),
    column("body", "本期进展", true),
];
const NUMBER_COLUMNS: &[Column] = &[
    column("id", "报告编号", true),
    column("subject", "数值编号", true),
    column("unit", "单位", false),
    column("name", "名称", false),
    column("of", "计量单位", false),
    column("last", "上次数值", false),
    column("value", "本期数值", true),
    column("sure", "单位已核对", false),
];

/// The routes of a period's workbook.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(get_workbook))
        .signed_in(routes!(put_workbook))
}

/// Which reports a workbook holds.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only those the caller may write: of their units, or handed to them.
    pub mine: Option<bool>,
    /// Only of this unit, or handed to it.
    pub unit: Option<UnitId>,
}

/// The reports of a period that the caller may write and that were not sent, as a workbook to fill
/// in.
#[utoipa::path(get, path = "/api/v1/periods/{id}/workbook.xlsx", tag = "follow-up",
    params(("id" = PeriodId, Path), Which),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn get_workbook(
    ctx: Ctx,
    PathId(id): PathId<PeriodId>,
    Query(which): Query<Which>,
) -> Result<Response> {
    let mut sql = ctx.read().await?;
    let (period, plan) = viewed(&ctx, &mut sql, &id).await?;
    let filter = Filter {
        mine: which.mine,
        unit: which.unit,
        ..Filter::default()
    };
    let page = Page::with_limit(REPORTS_MAX);
    let rows = lists::rows(&ctx, &mut sql, &period, &filter, &page).await?;
    let rows: Vec<ReportRow> = rows
        .into_iter()
        .filter(|r| rules::after(rules::Step::Save, r.stage).is_some())
        .filter(|r| ctx.can(Action::Record, &r.access().written()))
        .collect();
    let before = before(&mut sql, &period).await?;
    let asking = Asking::load(&mut sql, &plan.id, ctx.app.now().date()).await?;
    let names = Names::load(&ctx.app, &mut sql, &rows).await?;
    let given = store::figures_of_period(&mut sql, &period.id).await?;
    let sheets = sheets(&period, &rows, &names, (&asking, &given, &before));
    let bytes = office::write_xlsx(&sheets)?;
    Ok(download(&format!("reports-{}.xlsx", period.starts), bytes))
}

/// The state each unit reported on each measure in the period before.
async fn before(
    sql: &mut dyn Sql,
    period: &ReportingPeriod,
) -> Result<BTreeMap<(i64, String), MeasureState>> {
    let Some(before) = crate::periods::previous(sql, period).await? else {
        return Ok(BTreeMap::new());
    };
    let rows = store::all(sql, &before.id).await?;
    let states = rows.into_iter().filter_map(|r| {
        let key = (r.measure.number, r.unit.to_string());
        Some((key, r.state?))
    });
    Ok(states.collect())
}

fn text(value: &str) -> Out {
    if value.is_empty() {
        Out::Blank
    } else {
        Out::Text(value.to_owned())
    }
}

fn heads(columns: &[Column]) -> Vec<String> {
    let star = |c: &Column| {
        if matches!(c.field, "state" | "body") {
            "*"
        } else {
            ""
        }
    };
    columns
        .iter()
        .map(|c| format!("{}{}", c.title, star(c)))
        .collect()
}

type Filled<'a> = (
    &'a Asking,
    &'a [store::FigureRow],
    &'a BTreeMap<(i64, String), MeasureState>,
);

fn sheets(
    period: &ReportingPeriod,
    rows: &[ReportRow],
    names: &Names,
    (asking, given, before): Filled<'_>,
) -> Vec<OutSheet> {
    let (mut progress, mut numbers) = (Vec::new(), Vec::new());
    for row in rows {
        let unit = names.unit(&row.unit).name;
        let last = before.get(&(row.measure.number, row.unit.to_string()));
        progress.push(vec![
            text(row.id.as_str()),
            Out::Number(row.version as f64),
            text(&unit),
            Out::Number(row.measure.number as f64),
            text(&row.measure.title),
            text(last.map_or("", |s| s.zh())),
            text(row.state.map_or("", MeasureState::zh)),
            text(&row.body),
        ]);
        let mine: Vec<store::FigureRow> = given
            .iter()
            .filter(|f| f.report == row.id.as_str())
            .cloned()
            .collect();
        for figure in asking.figures((row.measure.number, row.unit.as_str()), period.ends, &mine) {
            numbers.push(vec![
                text(row.id.as_str()),
                text(&figure.subject),
                text(&unit),
                text(&figure.name),
                text(&figure.unit),
                figure.last.map_or(Out::Blank, Out::Number),
                figure.value.map_or(Out::Blank, Out::Number),
                text(if figure.confirmed { YES } else { "" }),
            ]);
        }
    }
    let states = MeasureState::ALL
        .iter()
        .map(|s| s.zh().to_owned())
        .collect();
    vec![
        explanation(period),
        OutSheet {
            name: PROGRESS.to_owned(),
            heads: heads(PROGRESS_COLUMNS),
            rows: progress,
            choices: vec![(6, states)],
        },
        OutSheet {
            name: NUMBERS.to_owned(),
            heads: heads(NUMBER_COLUMNS),
            rows: numbers,
            choices: vec![(7, vec![YES.to_owned()])],
        },
    ]
}

fn explanation(period: &ReportingPeriod) -> OutSheet {
    let (title, due, ends) = (&period.title.zh, period.due, period.ends);
    let lines = [
        format!("{title}进展报告，{due} 截止。"),
        "在“举措进展”填“本期状态”和“本期进展”；两项都空的行不导入。".to_owned(),
        format!("在“数值”填“本期数值”，以 {ends} 为准；没有新数的留空，原有数值不变。"),
        "数值与以往相差数千倍时会退回核对；确实无误的，在“单位已核对”填“是”。".to_owned(),
        "“报告编号”“版本”“数值编号”请勿改动。任何一处有错，全部不保存，并指出表、行、列。"
            .to_owned(),
    ];
    OutSheet {
        name: "填写说明".to_owned(),
        heads: vec!["填写说明".to_owned()],
        rows: lines
            .into_iter()
            .map(|line| vec![Out::Text(line)])
            .collect(),
        choices: Vec::new(),
    }
}

/// What to do with the reports of a workbook.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Then {
    /// Submit them right away; kept as drafts otherwise.
    pub submit: Option<bool>,
}

/// What an import of reports did.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ReportsImported {
    /// Reports kept.
    pub saved: i64,
    /// Of them, sent for review.
    pub submitted: i64,
}

/// One report of a workbook.
struct Told {
    id: ReportId,
    version: i64,
    state: Option<MeasureState>,
    body: String,
    spot: Spot,
    figures: Vec<(FigureGiven, Spot)>,
}

/// Reads reports from a filled workbook: all of them or, with anything wrong, none. Rows without
/// state and words are left alone.
#[utoipa::path(post, path = "/api/v1/periods/{id}/workbook", tag = "follow-up",
    params(("id" = PeriodId, Path), Then),
    request_body(content(
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 200, body = ReportsImported), Problems))]
async fn put_workbook(
    ctx: Ctx,
    PathId(id): PathId<PeriodId>,
    Query(then): Query<Then>,
    request: Request,
) -> Result<Response> {
    let media = media_type(request.headers());
    viewed(&ctx, &mut ctx.read().await?, &id).await?;
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    if media != XLSX {
        let words = Text::new("请提交工作簿（.xlsx）。", "Send a workbook (.xlsx).");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Error::new(status, "media_type_unsupported", words).field("Content-Type"));
    }
    let sheets = open_table(&media, bytes).await?;
    let (told, mut faults) = read(&sheets);
    if told.is_empty() && faults.is_empty() {
        faults.push(located(
            &Spot::default(),
            "nothing_to_import",
            Text::new("工作簿里没有填写任何报告。", "No report is filled in."),
        ));
    }
    let today = ctx.app.now().date();
    let mut tx = ctx.begin().await?;
    let (period, plan) = viewed(&ctx, &mut tx, &id).await?;
    let asking = Asking::load(&mut tx, &plan.id, today).await?;
    let mut done = ReportsImported {
        saved: 0,
        submitted: 0,
    };
    for one in told {
        let spot = one.spot.clone();
        match keep(
            &ctx,
            &mut tx,
            &period,
            (&asking, one),
            then.submit == Some(true),
        )
        .await
        {
            Ok(submitted) => {
                done.saved += 1;
                done.submitted += i64::from(submitted);
            }
            Err(Wrong::Faults(more)) => faults.extend(more),
            // A refusal of the record is a fault of its row; what is our own fault is not.
            Err(Wrong::Error(error)) if error.status().is_client_error() => {
                faults.push(located(&spot, error.code(), error.detail().clone()));
            }
            Err(Wrong::Error(error)) => return Err(error),
        }
    }
    if faults.is_empty() {
        return tx.answer(StatusCode::OK, &done).await;
    }
    // Dropped with the transaction: all or nothing.
    drop(tx);
    Err(crate::plans::import::refused(&faults, true))
}

fn located(spot: &Spot, code: &'static str, detail: Text) -> Located {
    Located {
        spot: spot.clone(),
        code,
        detail,
    }
}

/// Why a report of a workbook was not kept.
enum Wrong {
    Faults(Vec<Located>),
    Error(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Keeps one report; true when it was submitted too.
async fn keep(
    ctx: &Ctx,
    tx: &mut Tx,
    period: &ReportingPeriod,
    (asking, told): (&Asking, Told),
    submit: bool,
) -> Result<bool, Wrong> {
    let row = store::get(tx, &told.id).await?;
    if row.period != period.id || !ctx.can(Action::Record, &row.access().written()) {
        let words = Text::new(
            "不是本期可由您填写的报告。",
            "This is no report of the period that you may write.",
        );
        return Err(Wrong::Faults(vec![located(
            &told.spot,
            "not_allowed",
            words,
        )]));
    }
    if row.version != told.version {
        return Err(Error::precondition_failed().into());
    }
    let given = store::figures(tx, &row.id).await?;
    let asked = asking.figures((row.measure.number, row.unit.as_str()), period.ends, &given);
    let (figures, spots): (Vec<FigureGiven>, Vec<Spot>) = told.figures.into_iter().unzip();
    let faults: Vec<Located> = figures::faults(&asked, &figures)
        .into_iter()
        .map(|(i, _, code, words)| located(spots.get(i).unwrap_or(&told.spot), code, words))
        .collect();
    if !faults.is_empty() {
        return Err(Wrong::Faults(faults));
    }
    // What stands confirmed already stays so when it comes back unchanged.
    let figures = figures.into_iter().map(|f| settled(&asked, f)).collect();
    let written = Written {
        state: told.state,
        body: told.body,
        figures,
    };
    let row = steps::save(tx, row, period, asking, written).await?;
    if submit && row.stage != Stage::Owed {
        steps::submit(tx, row, period, ctx.app.now().date()).await?;
        return Ok(true);
    }
    Ok(false)
}

fn settled(asked: &[Figure], given: FigureGiven) -> FigureGiven {
    let stands = asked
        .iter()
        .any(|f| f.subject == given.subject && f.value == given.value && f.confirmed);
    FigureGiven {
        confirmed: given.confirmed || stands,
        ..given
    }
}

fn read(sheets: &[Sheet]) -> (Vec<Told>, Vec<Located>) {
    let (mut told, mut faults) = (Vec::new(), Vec::new());
    match table(sheets, PROGRESS, PROGRESS_COLUMNS) {
        Ok(table) => {
            for mut row in table.rows() {
                if let Some(one) = progress(&mut row) {
                    told.push(one);
                }
                faults.append(&mut row.faults);
            }
        }
        Err(missing) => faults.extend(missing),
    }
    match table(sheets, NUMBERS, NUMBER_COLUMNS) {
        Ok(table) => {
            for mut row in table.rows() {
                number(&mut row, &mut told);
                faults.append(&mut row.faults);
            }
        }
        Err(missing) => faults.extend(missing),
    }
    if told.len() > usize::try_from(REPORTS_MAX).unwrap_or(usize::MAX) {
        let words = text!(
            "一次最多 {REPORTS_MAX} 份报告。",
            "At most {REPORTS_MAX} reports at once."
        );
        faults.push(located(&Spot::default(), "too_many_rows", words));
    }
    (told, faults)
}

fn table<'a>(
    sheets: &'a [Sheet],
    name: &str,
    columns: &[Column],
) -> Result<Table<'a>, Vec<Located>> {
    let Some(sheet) = sheets.iter().find(|s| s.name == name) else {
        let spot = Spot {
            sheet: name.to_owned(),
            row: None,
            column: None,
        };
        let words = text!("缺少工作表“{name}”。", "The sheet {name} is missing.");
        return Err(vec![located(&spot, "sheet_missing", words)]);
    };
    Table::find(sheet, columns, |_| None)
}

fn report_id(row: &mut RowReader<'_, '_>) -> Option<ReportId> {
    let id = row.text("id");
    let read = id.parse().ok();
    if read.is_none() {
        let words = Text::new(
            "报告编号不对；请用下载的工作簿填写，不改动编号。",
            "The report's id is wrong; fill in the workbook as fetched and leave ids alone.",
        );
        row.fault("id", "report_unknown", words);
    }
    read
}

fn progress(row: &mut RowReader<'_, '_>) -> Option<Told> {
    let state = row.word("state", MeasureState::read, MeasureState::choices());
    let body = row.text("body");
    if state.is_none() && body.is_empty() {
        return None;
    }
    let id = report_id(row)?;
    let version = row.whole("version");
    let version = row.need("version", version)?;
    Some(Told {
        id,
        version,
        state,
        body,
        spot: row.spot("id"),
        figures: Vec::new(),
    })
}

/// Adds a number to its report; one for a report that is not filled in is a fault.
fn number(row: &mut RowReader<'_, '_>, told: &mut [Told]) {
    let Some(value) = row.number("value") else {
        return;
    };
    let sure = row.text("sure");
    if !sure.is_empty() && sure != YES {
        let words = text!("应为“{YES}”或留空。", "Leave it empty, or write {YES}.");
        row.fault("sure", "not_a_choice", words);
    }
    let Some(id) = report_id(row) else { return };
    let spot = row.spot("value");
    let Some(report) = told.iter_mut().find(|t| t.id == id) else {
        let words = Text::new(
            "填了数值，但“举措进展”里这份报告没有填写状态和进展。",
            "A value is given, but the report has neither state nor words.",
        );
        row.fault("value", "report_empty", words);
        return;
    };
    let given = FigureGiven {
        subject: row.text("subject"),
        value: Some(value),
        confirmed: sure == YES,
    };
    report.figures.push((given, spot));
}
