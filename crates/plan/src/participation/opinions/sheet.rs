//! Opinions from a workbook, and to one. Text is read and written as text, whatever it begins
//! with: `=1+1` is what somebody wrote, not a formula.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, FieldError, Problems, Result};
use tianyuan_kernel::http::extract::read_body;
use tianyuan_kernel::http::{Ctx, Json, PathId, Query, Routes};
use tianyuan_kernel::office::Sheet;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa_axum::routes;

use super::super::rounds::api::allowed;
use super::super::rounds::checks::Faults;
use super::super::rounds::{self, Channel, ChannelId, Clause, RoundId};
use super::super::words::Source;
use super::contacts::Contact;
use super::intake::{Incoming, check_text};
use super::many::{Batch, ITEMS_MAX, OpinionsAdded, OpinionsCheck};
use super::{OPINIONS_EXPORTED, Opinion, store};
use crate::bundle::read::Located;
use crate::plans::api::ImportMode;
use crate::workbook::Binary;
use crate::workbook::out::{Out, OutSheet, xlsx};
use crate::workbook::table::{Column, RowReader, Table};

/// Most copies one row may stand for.
const COPIES_MAX: i64 = 1_000_000;
/// Most rows of an exported workbook.
const EXPORT_ROWS_MAX: usize = 100_000;
/// Rows read at once for it.
const EXPORT_AT_ONCE: i64 = 2_000;

const fn column(field: &'static str, title: &'static str, required: bool) -> Column {
    Column {
        field,
        title,
        required,
    }
}

const COLUMNS: &[Column] = &[
    column("text", "意见", true),
    column("party", "听取对象", false),
    column("measure", "举措序号", false),
    column("section", "章节", false),
    column("copies", "份数", false),
    column("name", "姓名", false),
    column("phone", "电话", false),
    column("unit", "所在单位", false),
];

/// The routes of workbooks of opinions.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(import_opinions))
        .signed_in(routes!(opinions_template))
        .signed_in(routes!(export_opinions))
}

/// How to import, and into which channel.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OpinionsImport {
    /// `check` (the default) changes nothing and says what would be taken.
    #[serde(default)]
    #[param(inline)]
    pub mode: ImportMode,
    /// The channel they came in by.
    pub channel_id: ChannelId,
}

type Row = (Incoming, Option<Contact>);

/// Reads the first sheet whose header fits.
fn read(sheets: &[Sheet], channel: &Channel, measures: &[i64]) -> (Vec<Row>, Vec<Located>) {
    let none = |_: &str| None;
    let mut first = None;
    let table = sheets
        .iter()
        .find_map(|sheet| match Table::find(sheet, COLUMNS, none) {
            Ok(table) => Some(table),
            Err(faults) => {
                first.get_or_insert(faults);
                None
            }
        });
    let Some(table) = table else {
        return (Vec::new(), first.unwrap_or_else(|| vec![nothing()]));
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (i, mut row) in table.rows().enumerate() {
        if i >= ITEMS_MAX {
            let words = text!(
                "一次最多导入 {ITEMS_MAX} 行。",
                "At most {ITEMS_MAX} rows at once."
            );
            row.fault("text", "too_many_rows", words);
            faults.append(&mut row.faults);
            break;
        }
        let read = opinion(&mut row, channel, measures);
        if row.faults.is_empty() {
            rows.extend(read);
        }
        faults.append(&mut row.faults);
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push(nothing());
    }
    (rows, faults)
}

fn nothing() -> Located {
    let detail = Text::new("没有可导入的意见。", "There are no opinions to import.");
    Located {
        spot: crate::bundle::Spot::default(),
        code: "nothing_to_import",
        detail,
    }
}

/// Notes what a rule found at its own field.
fn note(row: &mut RowReader<'_, '_>, field: &str, error: &Error) {
    row.fault(field, error.code(), error.detail().clone());
}

fn opinion(row: &mut RowReader<'_, '_>, channel: &Channel, measures: &[i64]) -> Option<Row> {
    let text = check_text("text", &row.text("text"))
        .map_err(|e| note(row, "text", &e))
        .ok();
    let party = super::api::party_of(channel, &row.text("party"))
        .map_err(|e| note(row, "party", &e))
        .ok();
    let measure = row.whole("measure");
    if let Some(number) = measure.filter(|n| !measures.contains(n)) {
        let words = text!(
            "方案没有第 {number} 条举措。",
            "The edition has no measure {number}."
        );
        row.fault("measure", "measure_unknown", words);
    }
    let section = row.text("section");
    if measure.is_some() && !section.is_empty() {
        let words = Text::new(
            "举措和章节只填一个。",
            "Give a measure or a section, not both.",
        );
        row.fault("section", "clause_twice", words);
    }
    if section.chars().count() > rounds::checks::NAME_CHARS_MAX {
        let words = Text::new(
            "章节最多 80 个字符。",
            "A section has at most 80 characters.",
        );
        row.fault("section", "too_long", words);
    }
    let copies = row.whole("copies").unwrap_or(1);
    if !(1..=COPIES_MAX).contains(&copies) {
        let words = text!(
            "份数应为 1 到 {COPIES_MAX}，收到 {copies}。",
            "Copies are 1 to {COPIES_MAX}; got {copies}."
        );
        row.fault("copies", "out_of_range", words);
    }
    let mut faults = Faults::default();
    let contact = Contact {
        name: row.text("name"),
        phone: row.text("phone"),
        unit: row.text("unit"),
    };
    let contact = contact.checked(&mut faults, "contact");
    if let Err(error) = faults.result() {
        let field = ["name", "phone", "unit"]
            .into_iter()
            .find(|f| {
                error
                    .problem(tianyuan_kernel::text::Lang::En, None)
                    .field
                    .as_deref()
                    == Some(&format!("contact.{f}"))
            })
            .unwrap_or("name");
        note(row, field, &error);
    }
    let incoming = Incoming {
        text: text?,
        clause: Clause { measure, section },
        party: party?,
        copies,
    };
    Some((incoming, contact))
}

/// Takes opinions from a sheet headed 意见, 听取对象, 举措序号, 章节, 份数, 姓名, 电话, 所在单位 (only the
/// first is needed): a workbook (.xlsx), or CSV in UTF-8 or GBK. All rows or none; rows the
/// channel has already are skipped.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/opinions/import", tag = "plan",
    params(("id" = RoundId, Path), OpinionsImport,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(content(
        (Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Binary = "text/csv"))),
    responses(
        (status = 200, body = OpinionsCheck, description = "Looked at; nothing was changed"),
        (status = 201, body = OpinionsAdded, description = "Taken"), Problems))]
async fn import_opinions(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Query(query): Query<OpinionsImport>,
    request: Request,
) -> Result<Response> {
    let round = allowed(&ctx, &id, Action::Record).await?;
    let channel = round.channel(&query.channel_id)?.clone();
    let media = crate::workbook::media_type(request.headers());
    let bytes = read_body(request, ctx.app.config().limits.workbook_bytes_max).await?;
    let digest = hex::encode(Sha256::digest(&bytes));
    let sheets = crate::workbook::open_table(&media, bytes).await?;
    let measures = {
        let mut sql = ctx.read().await?;
        let all = crate::measures::store::all(&mut sql, &round.plan_id).await?;
        all.iter().map(|m| m.number).collect::<Vec<i64>>()
    };
    let (items, errors) = read(&sheets, &channel, &measures);
    if !errors.is_empty() && query.mode == ImportMode::Check {
        let check = OpinionsCheck {
            ok: false,
            count: items.len(),
            known: 0,
            items: Vec::new(),
            errors,
        };
        return Ok(Json(check).into_response());
    }
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    let batch = Batch {
        round,
        channel: query.channel_id,
        source: Source::Excel,
        file_sha256: Some(digest),
        items,
    };
    if query.mode == ImportMode::Check {
        let mut sql = ctx.read().await?;
        return Ok(Json(batch.look(&mut sql).await?).into_response());
    }
    batch.take(&ctx).await
}

fn refused(errors: Vec<Located>) -> Error {
    let fields: Vec<FieldError> = errors
        .into_iter()
        .take(200)
        .map(|e| FieldError {
            field: e.spot.path(true),
            code: e.code,
            detail: e.detail,
        })
        .collect();
    match fields.as_slice() {
        [only] => Error::invalid(only.code, only.field.clone(), only.detail.clone()),
        _ => {
            let words = Text::new("有多处不符合要求。", "Several things are wrong.");
            let first = fields.first().map(|f| f.field.clone()).unwrap_or_default();
            Error::invalid("invalid", first, words).with_fields(fields)
        }
    }
}

/// An empty workbook to write opinions in.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/opinions/template.xlsx", tag = "plan",
    params(("id" = RoundId, Path)),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn opinions_template(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Response> {
    let round = allowed(&ctx, &id, Action::Record).await?;
    let mut parties: Vec<String> = Vec::new();
    for party in round.channels.iter().flat_map(|c| &c.asked) {
        if !parties.contains(&party.name) {
            parties.push(party.name.clone());
        }
    }
    let sheet = OutSheet {
        name: "意见".to_owned(),
        heads: COLUMNS.iter().map(|c| c.title.to_owned()).collect(),
        rows: Vec::new(),
        choices: if parties.is_empty() {
            vec![]
        } else {
            vec![(1, parties)]
        },
    };
    let bytes = xlsx(&[sheet])?;
    Ok(crate::workbook::download("opinions-template.xlsx", bytes))
}

fn exported(opinion: &Opinion) -> Vec<Out> {
    let text = |t: &str| Out::Text(t.to_owned());
    let number = |n: Option<i64>| n.map_or(Out::Blank, |n| Out::Number(n as f64));
    let decision = opinion.decision.as_ref();
    vec![
        number(Some(opinion.seq)),
        text(&opinion.channel.name),
        text(&opinion.party),
        text(&opinion.text),
        number(opinion.clause.measure),
        text(
            opinion
                .clause_title
                .as_deref()
                .unwrap_or(&opinion.clause.section),
        ),
        text(&opinion.topic.title),
        number(Some(opinion.copies)),
        text(decision.map_or("", |d| d.outcome.zh())),
        text(decision.map_or("", |d| &d.reason)),
    ]
}

/// The opinions of a round as a workbook, without who gave them.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/opinions.xlsx", tag = "plan",
    params(("id" = RoundId, Path)),
    responses((status = 200, body = Binary,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), Problems))]
async fn export_opinions(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Response> {
    allowed(&ctx, &id, Action::Export).await?;
    let mut sql = ctx.read().await?;
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let found = store::after(&mut sql, &id, after, EXPORT_AT_ONCE).await?;
        rows.extend(found.iter().map(exported));
        match found.last() {
            Some(last) if rows.len() < EXPORT_ROWS_MAX => after = last.seq,
            _ => break,
        }
    }
    drop(sql);
    let heads = [
        "序号",
        "渠道",
        "听取对象",
        "意见",
        "举措序号",
        "条款",
        "归组",
        "份数",
        "处理",
        "理由",
    ];
    let count = rows.len();
    let sheet = OutSheet {
        name: "意见".to_owned(),
        heads: heads.map(str::to_owned).into(),
        rows,
        choices: Vec::new(),
    };
    let bytes = tokio::task::spawn_blocking(move || xlsx(&[sheet]))
        .await
        .map_err(Error::internal)??;
    let mut tx = ctx.begin().await?;
    let fact = json!({ "opinions": count, "format": "xlsx" });
    tx.record(&OPINIONS_EXPORTED, id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(crate::workbook::download("opinions.xlsx", bytes))
}
