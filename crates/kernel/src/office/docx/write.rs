//! Writing a document laid out as Chinese official documents are (GB/T 9704—2012 党政机关公文格式):
//! A4 with a text area of 156 × 225 mm, titles in 小标宋 (20 pt: a plan's title fits one line), text in
//! 仿宋 of size 3 on lines of 28.95 pt, headings 一、（一）1.（1）in 黑体, 楷体 and 仿宋, page numbers in dashes to the outside.
//!
//! Fonts that a machine may lack carry the name of what stands in for them.

use super::package::Package;
use super::xml::{self, Element};
use crate::error::{Error, Result};

const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const R: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// Width of the text area in twentieths of a point: 156 mm.
const WIDTH: usize = 8_844;

/// The look of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Title of a bulletin, in red.
    Masthead,
    /// A line below the masthead.
    Issue,
    /// Who and when, with a red line below.
    Imprint,
    /// Title.
    Title,
    /// Heading 一、
    Heading1,
    /// Heading （一）
    Heading2,
    /// Heading 1.
    Heading3,
    /// Text.
    Body,
    /// What stands above a table or below a chart.
    Caption,
    /// A chart.
    Figure,
    /// A remark in smaller type.
    Note,
    /// Who signs, to the right.
    Signature,
    /// A tag that leaves nothing behind.
    Tag,
    /// In a table.
    Cell,
    /// A number in a table.
    NumberCell,
    /// At the head of a table.
    HeadCell,
}

impl Style {
    const ALL: [Self; 16] = [
        Self::Masthead,
        Self::Issue,
        Self::Imprint,
        Self::Title,
        Self::Heading1,
        Self::Heading2,
        Self::Heading3,
        Self::Body,
        Self::Caption,
        Self::Figure,
        Self::Note,
        Self::Signature,
        Self::Tag,
        Self::Cell,
        Self::NumberCell,
        Self::HeadCell,
    ];

    /// Id and name, as Word shows it.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Masthead => ("Masthead", "简报报头"),
            Self::Issue => ("Issue", "简报期号"),
            Self::Imprint => ("Imprint", "简报编印"),
            Self::Title => ("Title", "Title"),
            Self::Heading1 => ("Heading1", "heading 1"),
            Self::Heading2 => ("Heading2", "heading 2"),
            Self::Heading3 => ("Heading3", "heading 3"),
            Self::Body => ("Body", "公文正文"),
            Self::Caption => ("Caption", "图表标题"),
            Self::Figure => ("Figure", "图"),
            Self::Note => ("Note", "附注"),
            Self::Signature => ("Signature", "落款"),
            Self::Tag => ("Tag", "模板标记"),
            Self::Cell => ("Cell", "表格文字"),
            Self::NumberCell => ("NumberCell", "表格数字"),
            Self::HeadCell => ("HeadCell", "表格标题行"),
        }
    }

    /// Font, half-points, bold, and alignment.
    const fn look(self, english: bool) -> (&'static str, usize, bool, &'static str) {
        let (large, text) = if english { (36, 24) } else { (40, 32) };
        match self {
            Self::Masthead => (
                "方正小标宋简体",
                if english { 56 } else { 64 },
                false,
                "center",
            ),
            Self::Title => ("方正小标宋简体", large, false, "center"),
            Self::Issue => ("仿宋_GB2312", text, false, "center"),
            Self::Imprint => ("仿宋_GB2312", text, false, "left"),
            Self::Heading1 => ("黑体", text, english, "both"),
            Self::Heading2 => ("楷体_GB2312", text, english, "both"),
            Self::Heading3 => ("仿宋_GB2312", text, true, "both"),
            Self::Body => ("仿宋_GB2312", text, false, "left"),
            Self::Signature => ("仿宋_GB2312", text, false, "right"),
            Self::Caption => ("黑体", if english { 20 } else { 24 }, false, "center"),
            Self::Figure => ("仿宋_GB2312", text, false, "center"),
            Self::Note => ("仿宋_GB2312", if english { 18 } else { 21 }, false, "both"),
            Self::Tag => ("宋体", 15, false, "left"),
            Self::Cell => ("仿宋_GB2312", if english { 18 } else { 21 }, false, "left"),
            Self::NumberCell => ("仿宋_GB2312", if english { 18 } else { 21 }, false, "right"),
            Self::HeadCell => ("黑体", if english { 18 } else { 21 }, false, "center"),
        }
    }

    /// Lines before and after, and the line's height, in twentieths of a point (0: as needed).
    const fn spacing(self, english: bool) -> (usize, usize, usize) {
        let line = if english { 360 } else { 579 };
        match self {
            Self::Masthead => (0, 60, 0),
            Self::Issue => (0, 0, line),
            Self::Imprint => (0, 200, line),
            Self::Title => (40, 60, if english { 0 } else { 620 }),
            Self::Heading1 | Self::Heading2 | Self::Heading3 if english => (160, 60, 0),
            Self::Body if english => (0, 100, 320),
            Self::Heading1 | Self::Heading2 | Self::Heading3 | Self::Body => (0, 0, line),
            Self::Signature => (240, 0, line),
            Self::Caption => (180, 80, 0),
            Self::Figure => (80, 80, 0),
            Self::Note => (80, 80, 0),
            Self::Tag | Self::Cell | Self::NumberCell | Self::HeadCell => (20, 20, 0),
        }
    }

    /// True for what stands on the page's 22 lines.
    const fn on_grid(self) -> bool {
        matches!(
            self,
            Self::Body | Self::Heading1 | Self::Heading2 | Self::Heading3 | Self::Signature
        )
    }

    fn definition(self, english: bool) -> Element {
        let ((id, name), (font, size, bold, align)) = (self.names(), self.look(english));
        let (before, after, line) = self.spacing(english);
        let mut spacing = e("w:spacing")
            .with("w:before", before.to_string())
            .with("w:after", after.to_string());
        spacing = if line > 0 {
            spacing
                .with("w:line", line.to_string())
                .with("w:lineRule", "exact")
        } else {
            spacing.with("w:line", "264").with("w:lineRule", "auto")
        };
        let mut paragraph = e("w:pPr");
        let heading = matches!(self, Self::Heading1 | Self::Heading2 | Self::Heading3);
        if heading || self == Self::Caption {
            paragraph = paragraph.child(e("w:keepNext"));
        }
        if self == Self::Imprint {
            let line = val("w:bottom", "single")
                .with("w:sz", "18")
                .with("w:space", "6")
                .with("w:color", "C8102E");
            let tabs = e("w:tabs").child(val("w:tab", "right").with("w:pos", WIDTH.to_string()));
            paragraph = paragraph.child(e("w:pBdr").child(line)).child(tabs);
        }
        if !self.on_grid() {
            paragraph = paragraph.child(val("w:snapToGrid", "0"));
        }
        paragraph = paragraph.child(spacing);
        let indented = matches!(self, Self::Body) || heading;
        if indented && !english {
            let indent = e("w:ind")
                .with("w:firstLineChars", "200")
                .with("w:firstLine", "640");
            paragraph = paragraph.child(indent);
        }
        paragraph = paragraph.child(val("w:jc", align));
        if heading {
            let level = match self {
                Self::Heading1 => "0",
                Self::Heading2 => "1",
                _ => "2",
            };
            paragraph = paragraph.child(val("w:outlineLvl", level));
        }
        let latin = match (self, english) {
            (Self::Heading1 | Self::HeadCell | Self::Caption, true) => "Arial",
            _ => "Times New Roman",
        };
        let fonts = e("w:rFonts")
            .with("w:ascii", latin)
            .with("w:hAnsi", latin)
            .with("w:eastAsia", font)
            .with("w:cs", latin);
        let mut run = e("w:rPr").child(fonts);
        if bold {
            run = run.child(e("w:b"));
        }
        match self {
            Self::Masthead => run = run.child(val("w:color", "C8102E")),
            Self::Tag => run = run.child(val("w:color", "8A9599")),
            _ => {}
        }
        let size = size.to_string();
        run = run.child(val("w:sz", &size)).child(val("w:szCs", &size));
        e("w:style")
            .with("w:type", "paragraph")
            .with("w:styleId", id)
            .child(val("w:name", name))
            .child(val("w:basedOn", "Normal"))
            .child(e("w:qFormat"))
            .child(paragraph)
            .child(run)
    }
}

fn e(name: &str) -> Element {
    Element::new(name)
}

fn val(name: &str, value: &str) -> Element {
    e(name).with("w:val", value)
}

/// A document being written.
pub struct Writer {
    body: Element,
    english: bool,
}

impl Writer {
    /// An empty document; `english` for one of Latin text.
    #[must_use]
    pub fn new(english: bool) -> Self {
        Self {
            body: e("w:body"),
            english,
        }
    }

    /// Adds a paragraph; tabs and line feeds are kept.
    pub fn add(&mut self, style: Style, text: &str) -> &mut Self {
        let paragraph = paragraph(style, text, false);
        self.body.children.push(xml::Node::Element(paragraph));
        self
    }

    /// Adds a paragraph that begins a page.
    pub fn add_on_new_page(&mut self, style: Style, text: &str) -> &mut Self {
        let paragraph = paragraph(style, text, true);
        self.body.children.push(xml::Node::Element(paragraph));
        self
    }

    /// Adds a table: shares of the width, heads, and one row, perhaps of tags that repeat it.
    /// Columns listed in `numbers` (from 0) stand to the right.
    pub fn table(
        &mut self,
        shares: &[usize],
        heads: &[&str],
        row: &[&str],
        numbers: &[usize],
    ) -> &mut Self {
        let all: usize = shares.iter().sum::<usize>().max(1);
        let widths: Vec<usize> = shares.iter().map(|s| WIDTH * s / all).collect();
        let edges = ["top", "left", "bottom", "right", "insideH", "insideV"];
        let borders = edges.iter().fold(e("w:tblBorders"), |borders, edge| {
            let line = val(&format!("w:{edge}"), "single")
                .with("w:sz", "4")
                .with("w:space", "0");
            borders.child(line.with("w:color", "6B777B"))
        });
        let margins = ["left", "right"]
            .iter()
            .fold(e("w:tblCellMar"), |margins, side| {
                let edge = e(&format!("w:{side}"))
                    .with("w:w", "57")
                    .with("w:type", "dxa");
                margins.child(edge)
            });
        let properties = e("w:tblPr")
            .child(
                e("w:tblW")
                    .with("w:w", WIDTH.to_string())
                    .with("w:type", "dxa"),
            )
            .child(val("w:jc", "center"))
            .child(borders)
            .child(e("w:tblLayout").with("w:type", "fixed"))
            .child(margins);
        let grid = widths.iter().fold(e("w:tblGrid"), |grid, width| {
            grid.child(e("w:gridCol").with("w:w", width.to_string()))
        });
        let head = e("w:trPr").child(e("w:cantSplit")).child(e("w:tblHeader"));
        let head = cells(e("w:tr").child(head), heads, &widths, |_| Style::HeadCell);
        let style = |column: usize| {
            if numbers.contains(&column) {
                Style::NumberCell
            } else {
                Style::Cell
            }
        };
        let properties_of_row = e("w:trPr").child(e("w:cantSplit"));
        let row = cells(e("w:tr").child(properties_of_row), row, &widths, style);
        let table = e("w:tbl")
            .child(properties)
            .child(grid)
            .child(head)
            .child(row);
        self.body.children.push(xml::Node::Element(table));
        self
    }

    /// The file.
    ///
    /// # Errors
    /// 500 when it cannot be packed.
    pub fn finish(&self) -> Result<Vec<u8>> {
        let mut body = self.body.clone();
        body.children
            .push(xml::Node::Element(section(self.english)));
        let document = e("w:document")
            .with("xmlns:w", W)
            .with("xmlns:r", R)
            .child(body);
        let parts = [
            ("[Content_Types].xml", TYPES.to_owned().into_bytes()),
            ("_rels/.rels", ROOT.to_owned().into_bytes()),
            ("word/document.xml", xml::write(&document)),
            ("word/styles.xml", xml::write(&styles(self.english))),
            ("word/settings.xml", xml::write(&settings())),
            ("word/fontTable.xml", xml::write(&fonts())),
            ("word/footer1.xml", xml::write(&footer("right")?)),
            ("word/footer2.xml", xml::write(&footer("left")?)),
            (
                "word/_rels/document.xml.rels",
                RELATIONS.to_owned().into_bytes(),
            ),
        ];
        let parts = parts.map(|(name, bytes)| (name.to_owned(), bytes));
        Package {
            parts: parts.into(),
        }
        .write()
    }
}

fn paragraph(style: Style, text: &str, new_page: bool) -> Element {
    let mut properties = e("w:pPr").child(val("w:pStyle", style.names().0));
    if new_page {
        properties = properties.child(e("w:pageBreakBefore"));
    }
    let mut run = e("w:r");
    for (index, piece) in text.split('\t').enumerate() {
        if index > 0 {
            run = run.child(e("w:tab"));
        }
        run = run.child(e("w:t").with("xml:space", "preserve").text(piece));
    }
    e("w:p").child(properties).child(run)
}

fn cells(
    row: Element,
    texts: &[&str],
    widths: &[usize],
    style: impl Fn(usize) -> Style,
) -> Element {
    texts
        .iter()
        .zip(widths)
        .enumerate()
        .fold(row, |row, (column, (text, width))| {
            let width = e("w:tcW")
                .with("w:w", width.to_string())
                .with("w:type", "dxa");
            let properties = e("w:tcPr").child(width).child(val("w:vAlign", "center"));
            let cell = e("w:tc")
                .child(properties)
                .child(paragraph(style(column), text, false));
            row.child(cell)
        })
}

fn section(english: bool) -> Element {
    let footer =
        |kind: &str, id: &str| e("w:footerReference").with("w:type", kind).with("r:id", id);
    let grid = if english {
        e("w:docGrid").with("w:linePitch", "360")
    } else {
        e("w:docGrid")
            .with("w:type", "lines")
            .with("w:linePitch", "579")
    };
    e("w:sectPr")
        .child(footer("default", "rId4"))
        .child(footer("even", "rId5"))
        .child(e("w:pgSz").with("w:w", "11906").with("w:h", "16838"))
        .child(
            e("w:pgMar")
                .with("w:top", "2098")
                .with("w:right", "1474")
                .with("w:bottom", "1984")
                .with("w:left", "1588")
                .with("w:header", "851")
                .with("w:footer", "1588")
                .with("w:gutter", "0"),
        )
        .child(grid)
}

fn styles(english: bool) -> Element {
    let fonts = e("w:rFonts")
        .with("w:ascii", "Times New Roman")
        .with("w:hAnsi", "Times New Roman")
        .with("w:eastAsia", "仿宋_GB2312")
        .with("w:cs", "Times New Roman");
    // `val` is the language of Latin text and digits: as Chinese they would be broken anywhere.
    let latin = if english { "en-GB" } else { "en-US" };
    let language = val("w:lang", latin).with("w:eastAsia", "zh-CN");
    let run = e("w:rPr")
        .child(fonts)
        .child(val("w:sz", "21"))
        .child(language);
    let defaults = e("w:docDefaults")
        .child(e("w:rPrDefault").child(run))
        .child(e("w:pPrDefault").child(e("w:pPr")));
    let normal = e("w:style")
        .with("w:type", "paragraph")
        .with("w:default", "1")
        .with("w:styleId", "Normal")
        .child(val("w:name", "Normal"))
        .child(e("w:qFormat"));
    let all = Style::ALL.iter().map(|s| s.definition(english));
    let root = e("w:styles")
        .with("xmlns:w", W)
        .child(defaults)
        .child(normal);
    all.fold(root, Element::child)
}

fn settings() -> Element {
    let mode = e("w:compatSetting")
        .with("w:name", "compatibilityMode")
        .with("w:uri", "http://schemas.microsoft.com/office/word")
        .with("w:val", "15");
    e("w:settings")
        .with("xmlns:w", W)
        .child(e("w:evenAndOddHeaders"))
        .child(e("w:compat").child(mode))
}

/// What stands in for a font that is missing.
fn fonts() -> Element {
    const FONTS: [(&str, &str, &str); 4] = [
        ("仿宋_GB2312", "仿宋", "modern"),
        ("楷体_GB2312", "楷体", "modern"),
        ("方正小标宋简体", "宋体", "auto"),
        ("黑体", "SimHei", "modern"),
    ];
    FONTS.iter().fold(
        e("w:fonts").with("xmlns:w", W),
        |fonts, (name, other, family)| {
            let font = e("w:font")
                .with("w:name", *name)
                .child(val("w:altName", other))
                .child(val("w:charset", "86"))
                .child(val("w:family", family));
            fonts.child(font)
        },
    )
}

fn footer(side: &str) -> Result<Element> {
    let indent = if side == "right" {
        "w:rightChars"
    } else {
        "w:leftChars"
    };
    let text = format!(
        "<w:ftr xmlns:w=\"{W}\"><w:p><w:pPr><w:ind {indent}=\"100\"/><w:jc w:val=\"{side}\"/></w:pPr><w:r><w:rPr><w:rFonts w:ascii=\"宋体\" w:hAnsi=\"宋体\" w:eastAsia=\"宋体\"/><w:sz w:val=\"28\"/></w:rPr><w:t xml:space=\"preserve\">— </w:t></w:r><w:r><w:rPr><w:rFonts w:ascii=\"宋体\" w:hAnsi=\"宋体\" w:eastAsia=\"宋体\"/><w:sz w:val=\"28\"/></w:rPr><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:rPr><w:rFonts w:ascii=\"宋体\" w:hAnsi=\"宋体\" w:eastAsia=\"宋体\"/><w:sz w:val=\"28\"/></w:rPr><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r><w:r><w:rPr><w:rFonts w:ascii=\"宋体\" w:hAnsi=\"宋体\" w:eastAsia=\"宋体\"/><w:sz w:val=\"28\"/></w:rPr><w:t xml:space=\"preserve\"> —</w:t></w:r></w:p></w:ftr>"
    );
    xml::parse(&text).map_err(Error::internal)
}

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/><Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/><Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/><Override PartName=\"/word/fontTable.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml\"/><Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/><Override PartName=\"/word/footer2.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/></Types>";
const ROOT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings\" Target=\"settings.xml\"/><Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/fontTable\" Target=\"fontTable.xml\"/><Relationship Id=\"rId4\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer1.xml\"/><Relationship Id=\"rId5\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer2.xml\"/></Relationships>";
