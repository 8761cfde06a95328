//! What a filled document says, block by block, with the look its styles give it: for the print
//! page, which so shows exactly what the Word file does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::data::Chart;
use super::xml::{Element, Node};

/// Longest chain of styles based on styles.
const CHAIN_MAX: usize = 16;

/// A block of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = PaperBlock)]
pub enum Block {
    /// A paragraph.
    Paragraph(Paragraph),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
}

/// A paragraph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperParagraph)]
pub struct Paragraph {
    /// 0 for text, 1 and more for headings.
    pub level: u8,
    /// `left`, `center`, `right` or `both`.
    pub align: String,
    /// Indent of its first line, in characters.
    pub indent: f64,
    /// True when it begins a page.
    pub new_page: bool,
    /// True when a line is drawn below it.
    pub ruled: bool,
    /// Its text.
    pub runs: Vec<Run>,
}

/// Text of one look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperRun)]
pub struct Run {
    /// The text; line feeds are line breaks.
    pub text: String,
    /// Bold.
    pub bold: bool,
    /// Size in points.
    pub size_pt: f64,
    /// Name of the font for Chinese.
    pub font: String,
    /// Colour, `RRGGBB`; empty for black.
    pub color: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperTable)]
pub struct Table {
    /// Width of each column as a share of the table's.
    pub widths: Vec<f64>,
    /// Rows at the top that are repeated on each page.
    pub head_rows: usize,
    /// The rows.
    pub rows: Vec<Vec<TableCell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PaperCell)]
pub struct TableCell {
    /// Columns it spans.
    pub span: usize,
    /// Its paragraphs.
    pub paragraphs: Vec<Paragraph>,
}

/// What a style or a direct property says; `None` where it says nothing.
#[derive(Clone, Debug, Default)]
struct Look {
    size: Option<f64>,
    bold: Option<bool>,
    font: Option<String>,
    color: Option<String>,
    align: Option<String>,
    indent: Option<f64>,
    level: Option<u8>,
    ruled: Option<bool>,
}

impl Look {
    fn over(self, below: &Self) -> Self {
        Self {
            size: self.size.or(below.size),
            bold: self.bold.or(below.bold),
            font: self.font.or_else(|| below.font.clone()),
            color: self.color.or_else(|| below.color.clone()),
            align: self.align.or_else(|| below.align.clone()),
            indent: self.indent.or(below.indent),
            level: self.level.or(below.level),
            ruled: self.ruled.or(below.ruled),
        }
    }
}

fn number(element: Option<&Element>, name: &str) -> Option<f64> {
    element?.get(name)?.parse().ok()
}

fn on(element: &Element) -> bool {
    !matches!(element.get("w:val"), Some("0" | "false" | "off" | "none"))
}

/// The look of run and paragraph properties.
fn look(paragraph: Option<&Element>, run: Option<&Element>) -> Look {
    let mut look = Look::default();
    if let Some(run) = run {
        look.size = number(run.first("w:sz"), "w:val").map(|half| half / 2.0);
        look.bold = run.first("w:b").map(on);
        let fonts = run.first("w:rFonts");
        look.font = fonts.and_then(|f| f.get("w:eastAsia")).map(str::to_owned);
        let color = run.first("w:color").and_then(|c| c.get("w:val"));
        look.color = color.filter(|c| c.len() == 6).map(str::to_owned);
    }
    if let Some(paragraph) = paragraph {
        look.align = paragraph
            .first("w:jc")
            .and_then(|j| j.get("w:val"))
            .map(str::to_owned);
        let indent = paragraph.first("w:ind");
        look.indent = number(indent, "w:firstLineChars")
            .map(|hundredths| hundredths / 100.0)
            .or_else(|| number(indent, "w:firstLine").map(|twips| twips / 320.0));
        look.level = number(paragraph.first("w:outlineLvl"), "w:val")
            .filter(|l| (0.0..9.0).contains(l))
            .map(|l| l as u8 + 1);
        let below = paragraph.first("w:pBdr").and_then(|b| b.first("w:bottom"));
        look.ruled = below.map(on);
    }
    look
}

/// The styles of a document.
pub(super) struct Styles {
    defaults: Look,
    default_paragraph: Option<String>,
    by_id: BTreeMap<String, (Option<String>, Look)>,
}

impl Styles {
    pub(super) fn read(root: Option<&Element>) -> Self {
        let mut styles = Self {
            defaults: Look::default(),
            default_paragraph: None,
            by_id: BTreeMap::new(),
        };
        let Some(root) = root else { return styles };
        if let Some(defaults) = root.first("w:docDefaults") {
            let run = defaults
                .first("w:rPrDefault")
                .and_then(|d| d.first("w:rPr"));
            let paragraph = defaults
                .first("w:pPrDefault")
                .and_then(|d| d.first("w:pPr"));
            styles.defaults = look(paragraph, run);
        }
        for style in root.elements().filter(|e| e.name == "w:style") {
            let Some(id) = style.get("w:styleId") else {
                continue;
            };
            let mut own = look(style.first("w:pPr"), style.first("w:rPr"));
            let name = style
                .first("w:name")
                .and_then(|n| n.get("w:val"))
                .unwrap_or_default();
            let heading = name.to_ascii_lowercase();
            if let Some(level) = heading
                .strip_prefix("heading ")
                .and_then(|n| n.parse().ok())
            {
                own.level = own.level.or(Some(level));
            }
            if matches!(style.get("w:default"), Some("1" | "true"))
                && style.get("w:type") == Some("paragraph")
            {
                styles.default_paragraph = Some(id.to_owned());
            }
            let based = style.first("w:basedOn").and_then(|b| b.get("w:val"));
            styles
                .by_id
                .insert(id.to_owned(), (based.map(str::to_owned), own));
        }
        styles
    }

    fn of(&self, id: Option<&str>) -> Look {
        let mut found = Look::default();
        let mut next = id.or(self.default_paragraph.as_deref());
        for _ in 0..CHAIN_MAX {
            let Some((based, own)) = next.and_then(|id| self.by_id.get(id)) else {
                break;
            };
            found = found.over(own);
            next = based.as_deref();
        }
        found.over(&self.defaults)
    }
}

/// The blocks of a filled body.
pub(super) fn blocks(body: &Element, styles: &Styles, charts: &[Chart]) -> Vec<Block> {
    let mut out = Vec::new();
    collect(body, styles, charts, &mut out);
    out
}

fn collect(element: &Element, styles: &Styles, charts: &[Chart], out: &mut Vec<Block>) {
    for below in element.elements() {
        match below.name.as_str() {
            "w:p" => match chart(below, charts) {
                Some(chart) => out.push(Block::Chart(chart.clone())),
                None => out.push(Block::Paragraph(paragraph(below, styles))),
            },
            "w:tbl" => out.push(Block::Table(table(below, styles))),
            "w:sectPr" => {}
            _ => collect(below, styles, charts, out),
        }
    }
}

fn chart<'c>(paragraph: &Element, charts: &'c [Chart]) -> Option<&'c Chart> {
    let mut found = None;
    paragraph.each("c:chart", &mut |e| {
        let id = e.get("r:id").and_then(|id| id.strip_prefix("rIdPaper"));
        found = found.or(id.and_then(|n| n.parse::<usize>().ok()));
    });
    charts.get(found?.checked_sub(1)?)
}

fn paragraph(element: &Element, styles: &Styles) -> Paragraph {
    let properties = element.first("w:pPr");
    let style = properties
        .and_then(|p| p.first("w:pStyle"))
        .and_then(|s| s.get("w:val"));
    let base = look(properties, None).over(&styles.of(style));
    let mut out = Paragraph {
        level: base.level.unwrap_or(0),
        align: match base.align.as_deref() {
            Some("center") => "center",
            Some("right" | "end") => "right",
            Some("both" | "distribute") => "both",
            _ => "left",
        }
        .to_owned(),
        indent: base.indent.unwrap_or(0.0),
        new_page: properties
            .and_then(|p| p.first("w:pageBreakBefore"))
            .is_some_and(on),
        ruled: base.ruled.unwrap_or(false),
        runs: Vec::new(),
    };
    runs(element, &base, &mut out);
    out
}

fn runs(element: &Element, base: &Look, out: &mut Paragraph) {
    for below in element.elements() {
        match below.name.as_str() {
            "w:r" => {
                let own = look(None, below.first("w:rPr")).over(base);
                let mut text = String::new();
                for piece in below.elements() {
                    match piece.name.as_str() {
                        "w:t" => text.extend(piece.children.iter().filter_map(|n| match n {
                            Node::Text(text) => Some(text.as_str()),
                            Node::Element(_) => None,
                        })),
                        "w:tab" => text.push('\u{2003}'),
                        "w:br" if piece.get("w:type") == Some("page") => out.new_page = true,
                        "w:br" | "w:cr" => text.push('\n'),
                        _ => {}
                    }
                }
                if !text.is_empty() {
                    out.runs.push(Run {
                        text,
                        bold: own.bold.unwrap_or(false),
                        size_pt: own.size.unwrap_or(10.5),
                        font: own.font.unwrap_or_default(),
                        color: own.color.unwrap_or_default(),
                    });
                }
            }
            "w:pPr" => {}
            _ => runs(below, base, out),
        }
    }
}

fn table(element: &Element, styles: &Styles) -> Table {
    let grid = element.first("w:tblGrid");
    let widths: Vec<f64> = grid
        .map(|g| {
            g.elements()
                .map(|c| number(Some(c), "w:w").unwrap_or(1.0))
                .collect()
        })
        .unwrap_or_default();
    let all: f64 = widths.iter().sum::<f64>().max(1.0);
    let rows: Vec<&Element> = element.elements().filter(|e| e.name == "w:tr").collect();
    let is_head = |row: &&Element| {
        row.first("w:trPr")
            .and_then(|p| p.first("w:tblHeader"))
            .is_some_and(on)
    };
    Table {
        widths: widths.iter().map(|w| w / all).collect(),
        head_rows: rows.iter().take_while(|r| is_head(r)).count(),
        rows: rows.iter().map(|row| cells(row, styles)).collect(),
    }
}

fn cells(row: &Element, styles: &Styles) -> Vec<TableCell> {
    let cells = row.elements().filter(|e| e.name == "w:tc");
    cells
        .map(|cell| {
            let span = cell.first("w:tcPr").and_then(|p| p.first("w:gridSpan"));
            let span = number(span, "w:val").unwrap_or(1.0).clamp(1.0, 64.0);
            let paragraphs = cell.elements().filter(|e| e.name == "w:p");
            TableCell {
                span: span as usize,
                paragraphs: paragraphs.map(|p| paragraph(p, styles)).collect(),
            }
        })
        .collect()
}
