use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;

const ROW: &[Field] = &[
    Field::text("unit", "单位", "unit"),
    Field::text("days", "天数", "days"),
];
const VOCABULARY: &[Field] = &[
    Field::text("title", "标题", "title"),
    Field::text("remark", "说明", "remark"),
    Field::rows("late", "迟报", "late", ROW),
    Field::chart("progress", "进展图", "progress"),
];

fn values() -> Data {
    let row = |unit: &str, days: &str| Data::new().text("unit", unit).text("days", days);
    let chart = Chart {
        title: "进展 <1>".to_owned(),
        summary: "两项".to_owned(),
        kind: ChartKind::Bars,
        unit: "%".to_owned(),
        categories: vec!["甲".to_owned(), "乙".to_owned()],
        series: vec![Series {
            name: "完成率".to_owned(),
            values: vec![Some(80.5), None],
            color: "0E7C86".to_owned(),
            dashed: false,
        }],
    };
    Data::new()
        .text("title", "一 & 二\n三")
        .text("remark", "")
        .rows("late", vec![row("经委", "3"), row("科委", "12")])
        .chart("progress", Some(chart))
}

fn template(build: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new(false);
    build(&mut writer);
    writer.finish().unwrap()
}

/// The template with one part changed or added.
fn with_part(bytes: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut package = Package::open(bytes).unwrap();
    let text = String::from_utf8(package.get(name).unwrap_or_default().to_vec()).unwrap();
    package.set(name, change(text).into_bytes());
    package.write().unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn said(blocks: &[Block]) -> Vec<String> {
    let line = |p: &Paragraph| p.runs.iter().map(|r| r.text.as_str()).collect::<String>();
    let mut out = Vec::new();
    for block in blocks {
        match block {
            Block::Paragraph(p) => out.push(line(p)),
            Block::Chart(chart) => out.push(format!("[{}]", chart.title)),
            Block::Table(table) => out.extend(table.rows.iter().map(|row| {
                let cells = row
                    .iter()
                    .map(|c| c.paragraphs.iter().map(line).collect::<String>());
                cells.collect::<Vec<_>>().join("|")
            })),
        }
    }
    out
}

#[test]
fn a_template_is_filled_with_rows_charts_and_conditions() {
    let bytes = template(|w| {
        w.add(Style::Title, "{{title}}")
            .add(Style::Tag, "{{#late}}")
            .add(Style::Body, "{{unit}}迟报 {{days}} 天。{{title}}")
            .add(Style::Tag, "{{/late}}")
            .add(Style::Body, "迟报：{{#late}}{{unit}}、{{/late}}共两家。{{#remark}}有说明{{/remark}}{{^remark}}无说明{{/remark}}{{?late}}，有迟报{{/late}}")
            .table(&[1, 1], &["单位", "天数"], &["{{#late}}{{unit}}", "{{days}}{{/late}}"], &[1])
            .add(Style::Figure, "{{%progress}}");
    });
    let template = Template::open(&bytes).unwrap();
    assert_eq!(template.check(VOCABULARY).unwrap(), []);
    let filled = template.fill(&values()).unwrap();
    let expected = [
        "一 & 二\n三",
        "经委迟报 3 天。一 & 二\n三",
        "科委迟报 12 天。一 & 二\n三",
        "迟报：经委、科委、共两家。无说明，有迟报",
        "单位|天数",
        "经委|3",
        "科委|12",
        "[进展 <1>]",
    ];
    assert_eq!(said(&filled.blocks), expected);
    let document = part(&filled.bytes, "word/document.xml");
    assert!(document.contains("一 &amp; 二</w:t><w:br/>"), "{document}");
    assert!(!document.contains("{{"));
    assert!(part(&filled.bytes, "word/charts/paper1.xml").contains("进展 &lt;1&gt;"));
    assert!(part(&filled.bytes, "[Content_Types].xml").contains("/word/charts/paper1.xml"));
    assert_eq!(
        template.fill(&values()).unwrap().bytes,
        filled.bytes,
        "the same bytes again"
    );
}

#[test]
fn a_tag_cut_into_runs_is_still_a_tag() {
    let bytes = template(|w| {
        w.add(Style::Body, "前SPLIT后");
    });
    let bytes = with_part(&bytes, "word/document.xml", |text| {
        let runs = ["{", "{ti", "tle", "}", "}"].map(|t| format!("</w:t></w:r><w:r><w:t>{t}"));
        text.replace("SPLIT", &runs.concat())
    });
    let filled = Template::open(&bytes)
        .unwrap()
        .fill(&Data::new().text("title", "标题"));
    assert_eq!(said(&filled.unwrap().blocks), ["前标题后"]);
}

#[test]
fn nothing_to_repeat_leaves_nothing_behind() {
    let bytes = template(|w| {
        w.add(Style::Tag, "{{#late}}")
            .add(Style::Body, "有迟报")
            .add(Style::Tag, "{{/late}}")
            .add(Style::Tag, "{{^late}}")
            .add(Style::Body, "没有迟报")
            .add(Style::Tag, "{{/late}}")
            .add(Style::Figure, "{{%progress}}");
    });
    let filled = Template::open(&bytes)
        .unwrap()
        .fill(&Data::new().rows("late", vec![]))
        .unwrap();
    assert_eq!(said(&filled.blocks), ["没有迟报"]);
}

#[test]
fn every_fault_is_told_with_its_place() {
    let bytes = template(|w| {
        w.add(Style::Title, "{{titel}}")
            .add(Style::Body, "{{unit}} 在段外")
            .add(Style::Tag, "{{#late}}")
            .add(Style::Body, "{{late}}{{#late}}x{{/late}}")
            .add(Style::Tag, "{{/late}}")
            .add(Style::Body, "图 {{%progress}}")
            .add(Style::Tag, "{{/remark}}")
            .table(&[1], &["头"], &["{{nobody}}"], &[])
            .add(Style::Tag, "{{#remark}}");
    });
    let faults = Template::open(&bytes).unwrap().check(VOCABULARY).unwrap();
    let short: Vec<(&str, &str, &str)> = faults
        .iter()
        .map(|f| (f.code, f.tag.as_str(), &*f.place.zh))
        .collect();
    let expected = [
        ("tag_unknown", "{{titel}}", "正文第 1 段：“{{titel}}”"),
        ("tag_unknown", "{{unit}}", "正文第 2 段：“{{unit}} 在段外”"),
        (
            "tag_shape",
            "{{late}}",
            "正文第 4 段：“{{late}}{{#late}}x{{/lat”",
        ),
        (
            "tag_shape",
            "{{#late}}",
            "正文第 4 段：“{{late}}{{#late}}x{{/lat”",
        ),
        (
            "chart_not_alone",
            "{{%progress}}",
            "正文第 6 段：“图 {{%progress}}”",
        ),
        (
            "tag_not_opened",
            "{{/remark}}",
            "正文第 7 段：“{{/remark}}”",
        ),
        (
            "tag_unknown",
            "{{nobody}}",
            "正文第 1 个表格第 2 行：“{{nobody}}”",
        ),
        (
            "tag_not_closed",
            "{{#remark}}",
            "正文第 8 段：“{{#remark}}”",
        ),
    ];
    assert_eq!(short, expected);
}

#[test]
fn what_runs_or_fetches_when_opened_is_refused() {
    let good = template(|w| {
        w.add(Style::Body, "{{title}}");
    });
    let refused = |bytes: &[u8]| Template::open(bytes).err().map(|e| e.code());
    assert_eq!(refused(&good), None);
    let external = |kind: &str, target: &str| {
        with_part(&good, "word/_rels/document.xml.rels", |text| {
            let more = format!(
                "<Relationship Id=\"x\" Type=\"http://x/relationships/{kind}\" Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
            );
            text.replace("</Relationships>", &more)
        })
    };
    assert_eq!(
        refused(&external("image", "http://a/b.png")),
        Some("document_external")
    );
    assert_eq!(
        refused(&external("attachedTemplate", "http://a/b.dotm")),
        Some("document_external")
    );
    assert_eq!(
        refused(&external("hyperlink", "file:///c:/x")),
        Some("document_external")
    );
    assert_eq!(
        refused(&external("hyperlink", "https://example.org/")),
        None
    );
    let field = with_part(&good, "word/document.xml", |text| {
        text.replace("</w:p>", "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText> INCLUDE</w:instrText></w:r><w:r><w:instrText>PICTURE \"http://a\" </w:instrText></w:r></w:p>")
    });
    assert_eq!(refused(&field), Some("document_external"));
    let macros = with_part(&good, "word/vbaProject.bin", |_| "x".to_owned());
    assert_eq!(refused(&macros), Some("document_macros"));
    let control = with_part(&good, "word/activeX/activeX1.xml", |_| "<x/>".to_owned());
    assert_eq!(refused(&control), Some("document_embedded"));
    let object = with_part(&good, "word/embeddings/oleObject1.bin", |_| "x".to_owned());
    assert_eq!(refused(&object), Some("document_embedded"));
    let doctype = with_part(&good, "word/document.xml", |text| {
        text.replacen("<w:document", "<!DOCTYPE x><w:document", 1)
    });
    assert_eq!(refused(&doctype), Some("document_malformed"));
    for bytes in [
        b"".as_slice(),
        b"PK\x03\x04",
        b"%PDF-1.7",
        &good[..good.len() / 2],
    ] {
        assert_eq!(refused(bytes), Some("document_malformed"));
    }
    let workbook = crate::office::write_xlsx(&[crate::office::OutSheet {
        name: "a".to_owned(),
        ..Default::default()
    }]);
    assert_eq!(refused(&workbook.unwrap()), Some("document_malformed"));
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    for _ in 0..100 {
        zip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert_eq!(
        Template::open(&bytes).err().map(|e| e.code()),
        Some("document_too_large")
    );
}

#[test]
fn repeats_in_repeats_end_at_a_limit() {
    let bytes = template(|w| {
        w.add(Style::Tag, "{{#a}}")
            .add(Style::Tag, "{{#b}}")
            .add(Style::Body, "x")
            .add(Style::Tag, "{{/b}}")
            .add(Style::Tag, "{{/a}}");
    });
    let rows = || (0..1_000).map(|_| Data::new()).collect::<Vec<_>>();
    let data = Data::new().rows("a", rows()).rows("b", rows());
    let filled = Template::open(&bytes).unwrap().fill(&data);
    assert_eq!(filled.err().map(|e| e.code()), Some("document_too_large"));
}
