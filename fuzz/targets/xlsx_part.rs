//! Workbooks of which one part is the input: what stands behind the archive's check sums, where
//! turning bytes of the whole file seldom gets. The first byte says which part.
#![no_main]

#[path = "../office.rs"]
mod office;

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

const PARTS: [(&str, &str); 7] = [
    (
        "xl/worksheets/sheet1.xml",
        r#"<worksheet><sheetData><row r="1"><c r="A1" t="s" s="1"><v>0</v></c><c r="B1" s="1"><f>1+2</f><v>0.5</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>"#,
    ),
    (
        "xl/sharedStrings.xml",
        r#"<sst uniqueCount="1"><si><t>x</t></si></sst>"#,
    ),
    (
        "xl/styles.xml",
        r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><fonts><font><name val="n"/></font></fonts><cellXfs><xf/><xf numFmtId="164" fontId="0"/></cellXfs></styleSheet>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook><workbookPr date1904="1"/><sheets><sheet name="x" sheetId="1" r:id="r1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    ("xl/theme/theme1.xml", "<theme/>"),
];

libfuzzer_sys::fuzz_target!(init: office::let_the_parser_panic(), |bytes: &[u8]| {
    let Some((which, part)) = bytes.split_first() else {
        return;
    };
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (i, (name, usual)) in PARTS.iter().enumerate() {
        let mine = i == usize::from(*which) % PARTS.len();
        archive.start_file(*name, stored).unwrap();
        archive.write_all(if mine { part } else { usual.as_bytes() }).unwrap();
    }
    office::read(archive.finish().unwrap().get_ref());
});
