//! Whole datasets as files, streamed as they are read.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderValue, header};
use tianyuan_kernel::office::{Out, OutSheet, csv_for_excel, write_xlsx};
use tianyuan_kernel::prelude::*;
use tianyuan_lake::Gated;
use tianyuan_lake::arrow::array::RecordBatch;
use tianyuan_lake::arrow::util::display::{ArrayFormatter, FormatOptions};
use tianyuan_lake::query::Running;
use tianyuan_lake::rows::{RowsQuery, all};
use tianyuan_lake::supervision::Exit;

use super::XLSX_ROWS_MAX;
use super::api::asker;
use crate::datasets::{Dataset, fields};

/// Rows of other files.
const ROWS_MAX: usize = 200_000_000;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    Csv,
    Json,
    Ndjson,
    GeoJson,
    Xlsx,
}

impl As {
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Self::Csv,
            "json" => Self::Json,
            "ndjson" => Self::Ndjson,
            "geojson" => Self::GeoJson,
            "xlsx" => Self::Xlsx,
            _ => return None,
        })
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::GeoJson => "geojson",
            Self::Xlsx => "xlsx",
        }
    }

    const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::GeoJson => "application/geo+json",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

pub(super) async fn respond(
    ctx: &Ctx,
    dataset: &Dataset,
    gated: &Gated,
    format: As,
    query: &RowsQuery,
    purpose: String,
) -> Result<Response> {
    // Row numbers are ours, not the data's.
    let schema = gated.clone().without_row_ids().schema();
    let wanted = |name: &String| query.fields.is_empty() || query.fields.contains(name);
    let columns = schema.fields().iter().map(|f| f.name().clone());
    let columns: Vec<String> = columns.filter(wanted).collect();
    if schema.fields().is_empty() {
        let words = Text::new("没有可以提供的字段。", "There is no field to be had.");
        return Err(Error::conflict("no_fields_leave", words));
    }
    let places = match format {
        As::GeoJson => Some(places(dataset, &columns)?),
        _ => None,
    };
    let asker = asker(ctx, purpose, Exit::uncounted(format.ending()));
    let rows_max = if format == As::Xlsx {
        XLSX_ROWS_MAX as usize + 1
    } else {
        ROWS_MAX
    };
    let running = all(&ctx.app, &asker, gated, query, rows_max).await?;
    let titles: Vec<String> = columns.iter().map(|c| title(dataset, c)).collect();
    let body = if format == As::Xlsx {
        Body::from(workbook(dataset, titles, running).await?)
    } else {
        Writer {
            format,
            titles,
            places,
            begun: false,
        }
        .stream(running)
        .await?
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media()),
    );
    let name = format!(
        "attachment; filename=\"{}.{}\"",
        dataset.code,
        format.ending()
    );
    let name = HeaderValue::from_str(&name).map_err(Error::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

fn title(dataset: &Dataset, name: &str) -> String {
    let field = dataset.profile.fields.iter().find(|f| f.name == name);
    field.map_or_else(|| name.to_owned(), |f| f.title.clone())
}

/// The columns of longitude and latitude, if they leave.
fn places(dataset: &Dataset, columns: &[String]) -> Result<(usize, usize)> {
    let at = |name: &str| columns.iter().position(|c| c == name);
    let found = fields::places(&dataset.profile.fields)
        .and_then(|(lon, lat)| at(&lon.name).zip(at(&lat.name)));
    found.ok_or_else(|| {
        let words = Text::new(
            "这个数据集没有经纬度，不能导出为 GeoJSON。",
            "This dataset has no places; it cannot be had as GeoJSON.",
        );
        Error::conflict("no_places", words)
    })
}

struct Writer {
    format: As,
    titles: Vec<String>,
    places: Option<(usize, usize)>,
    begun: bool,
}

impl Writer {
    /// The first rows are awaited, so that what fails at once is answered by a problem.
    async fn stream(mut self, mut running: Running) -> Result<Body> {
        let first = running.next().await.transpose()?;
        let mut head = self.head();
        if let Some(batch) = first {
            head.extend(self.batch(&batch)?);
        }
        let rest = stream::unfold(Some((running, self)), |state| async move {
            let (mut running, mut writer) = state?;
            match running.next().await {
                Some(Ok(batch)) => {
                    let bytes = writer.batch(&batch).map(Bytes::from);
                    let go_on = bytes.is_ok().then_some((running, writer));
                    Some((bytes, go_on))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => Some((Ok(Bytes::from(writer.foot())), None)),
            }
        });
        let head = stream::once(async { Ok::<_, Error>(Bytes::from(head)) });
        Ok(Body::from_stream(head.chain(rest)))
    }

    fn head(&self) -> Vec<u8> {
        match self.format {
            As::Csv => csv_for_excel(std::slice::from_ref(&self.titles)),
            As::Json => b"[".to_vec(),
            As::GeoJson => br#"{"type":"FeatureCollection","features":["#.to_vec(),
            As::Ndjson | As::Xlsx => Vec::new(),
        }
    }

    fn foot(&self) -> &'static [u8] {
        match self.format {
            As::Json => b"]\n",
            As::GeoJson => b"]}\n",
            As::Csv | As::Ndjson | As::Xlsx => b"",
        }
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>> {
        if self.format == As::Csv {
            let mut bytes = csv_for_excel(&texts(batch)?);
            // The mark stands at the beginning of the file only.
            bytes.drain(..3);
            return Ok(bytes);
        }
        let json = tianyuan_lake::query::answer::json_rows(std::slice::from_ref(batch))?;
        let rows: Vec<&serde_json::value::RawValue> = serde_json::from_str(json.get())?;
        let mut out = Vec::with_capacity(json.get().len() + rows.len() * 8);
        let points = match self.places {
            Some((lon, lat)) => Some((texts_of(batch, lon)?, texts_of(batch, lat)?)),
            None => None,
        };
        for (i, row) in rows.iter().enumerate() {
            if self.begun && self.format != As::Ndjson {
                out.push(b',');
            }
            self.begun = true;
            match &points {
                None => out.extend_from_slice(row.get().as_bytes()),
                Some((lon, lat)) => feature(&mut out, row.get(), &lon[i], &lat[i]),
            }
            out.push(b'\n');
        }
        Ok(out)
    }
}

fn feature(out: &mut Vec<u8>, properties: &str, lon: &str, lat: &str) {
    out.extend_from_slice(br#"{"type":"Feature","geometry":"#);
    if lon.is_empty() || lat.is_empty() {
        out.extend_from_slice(b"null");
    } else {
        let point = format!(r#"{{"type":"Point","coordinates":[{lon},{lat}]}}"#);
        out.extend_from_slice(point.as_bytes());
    }
    out.extend_from_slice(br#","properties":"#);
    out.extend_from_slice(properties.as_bytes());
    out.push(b'}');
}

/// A column as text; missing values are empty.
fn texts_of(batch: &RecordBatch, column: usize) -> Result<Vec<String>> {
    let options = FormatOptions::default().with_null("");
    let formatter =
        ArrayFormatter::try_new(batch.column(column), &options).map_err(Error::internal)?;
    Ok((0..batch.num_rows())
        .map(|row| formatter.value(row).to_string())
        .collect())
}

fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>> {
    let options = FormatOptions::default().with_null("");
    let formatters = batch
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options).map_err(Error::internal))
        .collect::<Result<Vec<_>>>()?;
    let row = |row| {
        formatters
            .iter()
            .map(|f| f.value(row).to_string())
            .collect()
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

async fn workbook(dataset: &Dataset, titles: Vec<String>, mut running: Running) -> Result<Vec<u8>> {
    use tianyuan_lake::arrow::datatypes::DataType;
    let numeric: Vec<bool> = running
        .schema()
        .fields()
        .iter()
        .map(|f| matches!(f.data_type(), DataType::Int64 | DataType::Float64))
        .collect();
    let mut rows = Vec::new();
    while let Some(batch) = running.next().await {
        for row in texts(&batch?)? {
            let cell = |(text, numeric): (String, &bool)| match (text.as_str(), numeric) {
                ("", _) => Out::Blank,
                (number, true) => number.parse().map_or(Out::Text(text), Out::Number),
                _ => Out::Text(text),
            };
            rows.push(row.into_iter().zip(&numeric).map(cell).collect());
        }
        if rows.len() > XLSX_ROWS_MAX as usize {
            let words = text!(
                "超过 {XLSX_ROWS_MAX} 行，请下载 CSV。",
                "More than {XLSX_ROWS_MAX} rows; take the CSV."
            );
            return Err(Error::conflict("too_many_rows_for_xlsx", words));
        }
    }
    let plain = |c: &char| !r"[]:*?/\'".contains(*c);
    let sheet = OutSheet {
        name: dataset
            .profile
            .title
            .chars()
            .filter(plain)
            .take(30)
            .collect(),
        heads: titles,
        rows,
        choices: Vec::new(),
    };
    let write = move || write_xlsx(&[sheet]);
    tokio::task::spawn_blocking(write)
        .await
        .map_err(Error::internal)?
}
