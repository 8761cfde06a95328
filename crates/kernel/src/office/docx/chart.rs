//! Charts as DrawingML parts with the workbook they are drawn from: Word and WPS let a clerk edit
//! them like their own, and no picture of text has to be drawn here (docs/adr/0014).

use quick_xml::escape::escape;

use super::data::{Chart, ChartKind};
use super::package::Package;
use super::xml::{Element, Node};
use crate::error::{Error, Result};
use crate::office::{Out, OutSheet, column_letters, write_xlsx};

/// Width of the text area of A4 by GB/T 9704 (156 mm), in EMU.
const WIDTH: usize = 5_616_000;
/// A millimetre in EMU.
const MILLIMETRE: usize = 36_000;
const SHEET: &str = "Sheet1";

/// The charts of a document, in order.
#[derive(Default)]
pub(super) struct Charts {
    pub(super) placed: Vec<Chart>,
    /// Only the body carries charts.
    pub(super) allowed: bool,
}

impl Charts {
    /// A paragraph that shows the chart, laid out as the one its tag stood in.
    pub(super) fn place(&mut self, paragraph: &Element, chart: &Chart) -> Result<Element> {
        let mut out = Element::new("w:p");
        if let Some(properties) = paragraph.first("w:pPr") {
            out.children.push(Node::Element(properties.clone()));
        }
        if self.allowed {
            self.placed.push(chart.clone());
            out.children
                .push(Node::Element(drawing(self.placed.len(), chart)?));
        }
        Ok(out)
    }

    /// Adds the parts of all charts.
    pub(super) fn finish(&self, package: &mut Package) -> Result<()> {
        if self.placed.is_empty() {
            return Ok(());
        }
        for (index, chart) in (1..).zip(&self.placed) {
            package.set(
                &format!("word/charts/paper{index}.xml"),
                part(chart).into_bytes(),
            );
            let relations = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/package\" Target=\"../embeddings/paper{index}.xlsx\"/></Relationships>"
            );
            let name = format!("word/charts/_rels/paper{index}.xml.rels");
            package.set(&name, relations.into_bytes());
            package.set(
                &format!("word/embeddings/paper{index}.xlsx"),
                workbook(chart)?,
            );
        }
        self.register(package)
    }

    fn register(&self, package: &mut Package) -> Result<()> {
        let rels = "word/_rels/document.xml.rels";
        let mut relations = match package.get(rels) {
            Some(_) => package.tree(rels)?,
            None => Element::new("Relationships").with(
                "xmlns",
                "http://schemas.openxmlformats.org/package/2006/relationships",
            ),
        };
        let mut types = package.tree("[Content_Types].xml")?;
        let known = |e: &Element| {
            e.get("Extension")
                .is_some_and(|x| x.eq_ignore_ascii_case("xlsx"))
        };
        if !types.elements().any(known) {
            let of = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            let default = Element::new("Default")
                .with("Extension", "xlsx")
                .with("ContentType", of);
            types.children.insert(0, Node::Element(default));
        }
        for index in 1..=self.placed.len() {
            let relation = Element::new("Relationship")
                .with("Id", format!("rIdPaper{index}"))
                .with(
                    "Type",
                    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart",
                )
                .with("Target", format!("charts/paper{index}.xml"));
            relations.children.push(Node::Element(relation));
            let part = Element::new("Override")
                .with("PartName", format!("/word/charts/paper{index}.xml"))
                .with(
                    "ContentType",
                    "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
                );
            types.children.push(Node::Element(part));
        }
        package.set(rels, super::xml::write(&relations));
        package.set("[Content_Types].xml", super::xml::write(&types));
        Ok(())
    }
}

fn height(chart: &Chart) -> usize {
    let rows = chart.categories.len().max(1);
    match chart.kind {
        ChartKind::Bars => (26 + rows * 6).clamp(50, 190) * MILLIMETRE,
        ChartKind::Stacked => (32 + rows * 5).clamp(55, 190) * MILLIMETRE,
        ChartKind::Lines => 65 * MILLIMETRE,
    }
}

/// The run that shows chart `index`.
fn drawing(index: usize, chart: &Chart) -> Result<Element> {
    let (title, summary) = (escape(chart.title.as_str()), escape(chart.summary.as_str()));
    let high = height(chart);
    let text = format!(
        "<w:r><w:drawing><wp:inline xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{WIDTH}\" cy=\"{high}\"/><wp:effectExtent l=\"0\" t=\"0\" r=\"0\" b=\"0\"/><wp:docPr id=\"{}\" name=\"{title}\" descr=\"{summary}\"/><wp:cNvGraphicFramePr/><a:graphic xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><c:chart xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" r:id=\"rIdPaper{index}\"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>",
        9_000 + index
    );
    super::xml::parse(&text).map_err(Error::internal)
}

/// The workbook behind a chart: names down, series across.
fn workbook(chart: &Chart) -> Result<Vec<u8>> {
    let mut heads = vec![String::new()];
    heads.extend(chart.series.iter().map(|s| s.name.clone()));
    let rows = chart.categories.iter().enumerate().map(|(row, name)| {
        let mut cells = vec![Out::Text(name.clone())];
        cells.extend(chart.series.iter().map(|s| {
            s.values
                .get(row)
                .copied()
                .flatten()
                .map_or(Out::Blank, Out::Number)
        }));
        cells
    });
    write_xlsx(&[OutSheet {
        name: SHEET.to_owned(),
        heads,
        rows: rows.collect(),
        ..OutSheet::default()
    }])
}

fn part(chart: &Chart) -> String {
    let bars = chart.kind != ChartKind::Lines;
    let series: String = chart
        .series
        .iter()
        .enumerate()
        .map(|(index, _)| series(chart, index))
        .collect();
    let plot = match chart.kind {
        ChartKind::Bars => format!(
            "<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"clustered\"/><c:varyColors val=\"0\"/>{series}<c:gapWidth val=\"55\"/><c:axId val=\"101\"/><c:axId val=\"102\"/></c:barChart>"
        ),
        ChartKind::Stacked => format!(
            "<c:barChart><c:barDir val=\"bar\"/><c:grouping val=\"stacked\"/><c:varyColors val=\"0\"/>{series}<c:gapWidth val=\"45\"/><c:overlap val=\"100\"/><c:axId val=\"101\"/><c:axId val=\"102\"/></c:barChart>"
        ),
        ChartKind::Lines => format!(
            "<c:lineChart><c:grouping val=\"standard\"/><c:varyColors val=\"0\"/>{series}<c:marker val=\"1\"/><c:axId val=\"101\"/><c:axId val=\"102\"/></c:lineChart>"
        ),
    };
    // One series says its name in the title already.
    let legend = if chart.series.len() > 1 {
        format!(
            "<c:legend><c:legendPos val=\"b\"/><c:overlay val=\"0\"/>{}</c:legend>",
            font(900)
        )
    } else {
        String::new()
    };
    let title = format!(
        "<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz=\"1050\" b=\"0\"/></a:pPr><a:r><a:rPr lang=\"zh-CN\" sz=\"1050\" b=\"0\"/><a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val=\"0\"/></c:title>",
        escape(chart.title.as_str())
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><c:roundedCorners val=\"0\"/><c:chart>{title}<c:autoTitleDeleted val=\"0\"/><c:plotArea><c:layout/>{plot}{}</c:plotArea>{legend}<c:plotVisOnly val=\"1\"/><c:dispBlanksAs val=\"gap\"/></c:chart><c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr><c:externalData r:id=\"rId1\"><c:autoUpdate val=\"0\"/></c:externalData></c:chartSpace>",
        axes(chart, bars)
    )
}

fn font(size: usize) -> String {
    format!(
        "<c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz=\"{size}\"/></a:pPr><a:endParaRPr lang=\"zh-CN\"/></a:p></c:txPr>"
    )
}

fn axes(chart: &Chart, bars: bool) -> String {
    // The first name stands on top, as in a table.
    let order = if bars { "maxMin" } else { "minMax" };
    let (names, values) = if bars { ("l", "b") } else { ("b", "l") };
    let unit = format!(
        "<c:title><c:tx><c:rich><a:bodyPr{}/><a:p><a:pPr><a:defRPr sz=\"900\" b=\"0\"/></a:pPr><a:r><a:rPr lang=\"zh-CN\" sz=\"900\" b=\"0\"/><a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val=\"0\"/></c:title>",
        if bars { "" } else { " rot=\"0\" vert=\"horz\"" },
        escape(chart.unit.as_str())
    );
    let unit = if chart.unit.is_empty() {
        String::new()
    } else {
        unit
    };
    let floor = format!("<c:min val=\"{}\"/>", if bars { 0.0 } else { floor(chart) });
    let crosses = if bars { "max" } else { "autoZero" };
    format!(
        "<c:catAx><c:axId val=\"101\"/><c:scaling><c:orientation val=\"{order}\"/></c:scaling><c:delete val=\"0\"/><c:axPos val=\"{names}\"/><c:numFmt formatCode=\"General\" sourceLinked=\"0\"/><c:majorTickMark val=\"none\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"low\"/><c:spPr><a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"9AA5A8\"/></a:solidFill></a:ln></c:spPr>{}<c:crossAx val=\"102\"/><c:crosses val=\"autoZero\"/><c:auto val=\"0\"/><c:lblAlgn val=\"ctr\"/><c:lblOffset val=\"60\"/><c:noMultiLvlLbl val=\"1\"/></c:catAx><c:valAx><c:axId val=\"102\"/><c:scaling><c:orientation val=\"minMax\"/>{floor}</c:scaling><c:delete val=\"0\"/><c:axPos val=\"{values}\"/><c:majorGridlines><c:spPr><a:ln w=\"6350\"><a:solidFill><a:srgbClr val=\"E3E8E9\"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>{unit}<c:numFmt formatCode=\"#,##0.####\" sourceLinked=\"0\"/><c:majorTickMark val=\"none\"/><c:minorTickMark val=\"none\"/><c:tickLblPos val=\"nextTo\"/><c:spPr><a:ln><a:noFill/></a:ln></c:spPr>{}<c:crossAx val=\"101\"/><c:crosses val=\"{crosses}\"/></c:valAx>",
        font(900),
        font(900)
    )
}

/// Where the value axis of lines begins: a little below the lowest, so that a small change shows.
fn floor(chart: &Chart) -> f64 {
    let values = chart.series.iter().flat_map(|s| s.values.iter().flatten());
    crate::office::axis_floor(values.copied())
}

fn series(chart: &Chart, index: usize) -> String {
    let series = &chart.series[index];
    let (letter, last) = (column_letters(index + 1), chart.categories.len() + 1);
    let color = if series.color.len() == 6 && series.color.bytes().all(|b| b.is_ascii_hexdigit()) {
        series.color.as_str()
    } else {
        "0E7C86"
    };
    let look = match (chart.kind, series.dashed) {
        (ChartKind::Lines, dashed) => format!(
            "<c:spPr><a:ln w=\"22225\"><a:solidFill><a:srgbClr val=\"{color}\"/></a:solidFill>{}</a:ln></c:spPr><c:marker><c:symbol val=\"circle\"/><c:size val=\"5\"/><c:spPr><a:solidFill><a:srgbClr val=\"{color}\"/></a:solidFill></c:spPr></c:marker>",
            if dashed {
                "<a:prstDash val=\"dash\"/>"
            } else {
                ""
            }
        ),
        _ => format!(
            "<c:spPr><a:solidFill><a:srgbClr val=\"{color}\"/></a:solidFill></c:spPr><c:invertIfNegative val=\"0\"/>"
        ),
    };
    let labels = if chart.kind == ChartKind::Bars && chart.series.len() == 1 {
        format!(
            "<c:dLbls><c:numFmt formatCode=\"#,##0.####\" sourceLinked=\"0\"/>{}<c:dLblPos val=\"outEnd\"/><c:showLegendKey val=\"0\"/><c:showVal val=\"1\"/><c:showCatName val=\"0\"/><c:showSerName val=\"0\"/><c:showPercent val=\"0\"/><c:showBubbleSize val=\"0\"/></c:dLbls>",
            font(900)
        )
    } else {
        String::new()
    };
    let names: String = points(
        chart
            .categories
            .iter()
            .map(|c| Some(escape(c.as_str()).into_owned())),
    );
    let values: String = points(series.values.iter().map(|v| v.map(|v| v.to_string())));
    let smooth = if chart.kind == ChartKind::Lines {
        "<c:smooth val=\"0\"/>"
    } else {
        ""
    };
    format!(
        "<c:ser><c:idx val=\"{index}\"/><c:order val=\"{index}\"/><c:tx><c:strRef><c:f>{SHEET}!${letter}$1</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>{}</c:v></c:pt></c:strCache></c:strRef></c:tx>{look}{labels}<c:cat><c:strRef><c:f>{SHEET}!$A$2:$A${last}</c:f><c:strCache>{names}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:f>{SHEET}!${letter}$2:${letter}${last}</c:f><c:numCache><c:formatCode>General</c:formatCode>{values}</c:numCache></c:numRef></c:val>{smooth}</c:ser>",
        escape(series.name.as_str())
    )
}

fn points(values: impl Iterator<Item = Option<String>>) -> String {
    let values: Vec<Option<String>> = values.collect();
    let mut out = format!("<c:ptCount val=\"{}\"/>", values.len());
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value {
            out.push_str(&format!("<c:pt idx=\"{index}\"><c:v>{value}</c:v></c:pt>"));
        }
    }
    out
}
