//! Files as people bring them.

use std::io::{Cursor, Read};

use tianyuan_kernel::error::Result;

use super::infer::Columns;
use super::{Encoding, Format, Layout, Open, detect, format_of, rows};
use crate::words::{FieldRole, FieldType};

fn with<T>(bytes: &[u8], f: impl FnOnce(Open<'_>) -> T) -> T {
    let bytes = bytes.to_vec();
    f(&move || Ok(Box::new(Cursor::new(bytes.clone())) as Box<dyn Read + Send>))
}

fn layout(name: &str, bytes: &[u8]) -> Result<Layout> {
    with(bytes, |open| detect(open, format_of(name, bytes)?, None))
}

/// Rows that can be used, and the lines of those that cannot.
fn read(name: &str, bytes: &[u8]) -> (Layout, Vec<Vec<String>>, Vec<u64>) {
    let layout = layout(name, bytes).unwrap();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    with(bytes, |open| {
        rows(open, &layout, &mut |row| {
            match row.fault {
                None => good.push(row.cells.to_vec()),
                Some(_) => bad.push(row.line),
            }
            Ok(())
        })
    })
    .unwrap();
    (layout, good, bad)
}

fn kinds(layout: &Layout, good: &[Vec<String>]) -> Vec<FieldType> {
    let mut columns = Columns::new(layout.columns.len());
    good.iter().for_each(|row| columns.look(row));
    let profiles = columns.profiles(&layout.columns, &[]);
    profiles.iter().map(|p| p.field.kind).collect()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

#[test]
fn a_gbk_file_longer_than_what_is_looked_at_first() {
    let mut text = "编号,街道,办理事项\n".to_owned();
    // Characters of three bytes do not end where the sample does.
    for n in 0..40_000 {
        text.push_str(&format!("{n:06},香花桥街道,社保查询\n"));
    }
    let (layout, good, bad) = read("a.csv", &gbk(&text));
    assert_eq!(layout.encoding, Encoding::Gb18030);
    assert_eq!(layout.columns, ["编号", "街道", "办理事项"]);
    assert_eq!((good.len(), bad.len()), (40_000, 0));
    assert_eq!(good[39_999], ["039999", "香花桥街道", "社保查询"]);
}

#[test]
fn a_gbk_file_with_a_title_above_its_header() {
    let text = "青浦区企业名录（示例）,,,\n填报单位：示例单位,,,\n序号,企业名称,区划代码,成立日期\n\
                １,示例甲公司,310118,2020-01-05\n２,示例乙公司,310118,2021年3月6日\n３,示例丙公司,310118,20220708\n";
    let (layout, good, bad) = read("a.csv", &gbk(text));
    assert_eq!(layout.encoding, Encoding::Gb18030);
    assert_eq!((layout.header_row, layout.header_lines), (3, 1));
    assert_eq!(layout.columns, ["序号", "企业名称", "区划代码", "成立日期"]);
    assert_eq!((good.len(), bad.len()), (3, 0));
    let kinds = kinds(&layout, &good);
    let (integer, text, date) = (FieldType::Integer, FieldType::Text, FieldType::Date);
    assert_eq!(kinds, [integer, text, text, date]);
}

#[test]
fn plain_ascii_for_long_and_then_gbk() {
    let mut bytes = b"id,name\n".to_vec();
    for n in 0..60_000 {
        bytes.extend(format!("{n},abc\n").bytes());
    }
    bytes.extend(gbk("60000,青浦\n"));
    let (layout, good, bad) = read("a.csv", &bytes);
    assert_eq!(layout.encoding, Encoding::Gb18030);
    assert_eq!((good.len(), bad.len()), (60_001, 0));
    assert_eq!(good[60_000], ["60000", "青浦"]);
}

#[test]
fn a_character_across_the_blocks_stays_utf_8() {
    let mut bytes = vec![b'a'; super::SAMPLE_BYTES - 1];
    bytes[1] = b',';
    bytes.extend("青,b\n".bytes());
    let found = with(&bytes, super::bytes::encoding).unwrap();
    assert_eq!(found, Encoding::Utf8);
}

#[test]
fn separators_marks_and_utf_16_are_found() {
    let (layout, good, _) = read(
        "a.txt",
        "\u{feff}名称\t数量\n甲\t1,000\n乙\t2,000\n".as_bytes(),
    );
    assert_eq!((layout.delimiter.as_str(), good.len()), ("\t", 2));
    assert_eq!(layout.columns[0], "名称");
    assert_eq!(kinds(&layout, &good)[1], FieldType::Integer);
    let (layout, ..) = read("a.csv", b"a;b;c\n1,5;2;3\n2,5;3;4\n");
    assert_eq!(layout.delimiter, ";");
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(
        "名称,数量\n甲,1\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes),
    );
    let (layout, good, _) = read("a.csv", &utf16);
    assert_eq!(
        (layout.encoding, good[0][0].as_str()),
        (Encoding::Utf16le, "甲")
    );
}

#[test]
fn a_header_in_two_lines_is_joined() {
    let text = "序号,企业,,人口,\n,名称,代码,男,女\n1,甲,0012,5,6\n2,乙,0013,7,8\n";
    let (layout, good, _) = read("a.csv", text.as_bytes());
    assert_eq!(layout.header_lines, 2);
    assert_eq!(
        layout.columns,
        ["序号", "企业 名称", "企业 代码", "人口 男", "人口 女"]
    );
    assert_eq!(good.len(), 2);
    assert_eq!(kinds(&layout, &good)[2], FieldType::Text, "zeros count");
}

#[test]
fn titles_merged_over_a_whole_sheet_are_no_header() {
    let bytes = include_bytes!("../../../../demo/datasets/power-use-by-town.xlsx");
    let (layout, good, bad) = read("a.xlsx", bytes);
    assert_eq!((layout.header_row, layout.header_lines), (3, 2));
    let columns = [
        "镇（街道）",
        "2023年 工业",
        "2023年 居民生活",
        "2023年 商业及其他",
    ];
    assert_eq!(&layout.columns[..4], columns);
    assert_eq!((good.len(), bad.len()), (11, 0));
}

#[test]
fn a_file_without_a_header_numbers_its_columns() {
    let (layout, good, _) = read("a.csv", b"1,2.5,2024-01-01\n2,3.5,2024-01-02\n");
    assert_eq!(layout.header_row, 0);
    assert_eq!((layout.columns[0].as_str(), good.len()), ("列1", 2));
}

#[test]
fn rows_that_do_not_fit_come_with_their_lines() {
    let mut text = "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,\n".to_owned();
    text.push_str("x,\0,z\n\"quoted\nline\",2,3\n");
    let (_, good, bad) = read("a.csv", text.as_bytes());
    assert_eq!(bad, [3, 4, 6]);
    assert_eq!(good.len(), 3);
    assert_eq!(good[2][0], "quoted\nline");
}

#[test]
fn a_line_of_ten_megabytes_is_one_rejected_row() {
    let mut bytes = b"a,b\n1,2\n".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 10 << 20));
    bytes.extend(b",y\n3,4\n");
    let (_, good, bad) = read("a.csv", &bytes);
    assert_eq!((good.len(), bad), (2, vec![3]));
    // A quote that is never closed swallows the rest, and says so.
    let mut bytes = b"a,b\n1,2\n\"".to_vec();
    bytes.extend(b"x,y\n".repeat(600_000));
    let (_, good, bad) = read("a.csv", &bytes);
    assert_eq!((good.len(), bad), (1, vec![3]));
}

#[test]
fn a_hundred_thousand_columns_are_refused() {
    let wide: Vec<String> = (0..100_000).map(|n| format!("c{n}")).collect();
    let text = format!("{}\n{}\n", wide.join(","), vec!["1"; 100_000].join(","));
    assert_eq!(
        layout("a.csv", text.as_bytes()).unwrap_err().code(),
        "too_many_columns"
    );
    let object = wide
        .iter()
        .map(|c| format!("\"{c}\":1"))
        .collect::<Vec<_>>()
        .join(",");
    let error = layout("a.json", format!("[{{{object}}}]").as_bytes()).unwrap_err();
    assert!(["too_many_columns", "json_malformed"].contains(&error.code()));
}

#[test]
fn what_is_no_text_is_refused() {
    let png =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4".repeat(9);
    assert_eq!(layout("a.csv", &png).unwrap_err().code(), "not_text");
    assert_eq!(layout("a.csv", b"").unwrap_err().code(), "no_columns");
    assert_eq!(layout("a.exe", b"MZ").unwrap_err().code(), "format_unknown");
    assert_eq!(
        layout("a.xlsx", b"nothing").unwrap_err().code(),
        "workbook_malformed"
    );
    assert_eq!(
        layout("a.json", b"[1,2").unwrap_err().code(),
        "json_malformed"
    );
}

#[test]
fn json_arrays_members_and_features() {
    let (layout, good, bad) = read(
        "a.json",
        r#"[{"b":1,"a":"x"},{"b":2,"c":{"d":1}},3]"#.as_bytes(),
    );
    assert_eq!(layout.columns, ["b", "a", "c"]);
    assert_eq!((good[1][2].as_str(), bad), (r#"{"d":1}"#, vec![3]));
    let (_, good, _) = read(
        "a.json",
        br#"{"success":true,"result":{"total":1,"records":[{"a":"1"}]}}"#,
    );
    assert_eq!(good, [["1"]]);
    let point =
        br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":"a"},
        "geometry":{"type":"Point","coordinates":[121.1,31.1]}}]}"#;
    let (layout, good, _) = read("a.geojson", point);
    assert_eq!(layout.columns, ["n", "longitude", "latitude"]);
    let mut columns = Columns::new(3);
    columns.look(&good[0]);
    let profiles = columns.profiles(&layout.columns, &[]);
    assert_eq!(profiles[1].field.role, FieldRole::Longitude);
    let (layout, good, bad) = read("a.ndjson", b"{\"a\":1}\n\nnot json\n{\"a\":2}");
    assert_eq!(
        (layout.format, good.len(), bad),
        (Format::Ndjson, 2, vec![3])
    );
}

#[test]
fn codes_are_text_and_quantities_are_numbers() {
    let text = "区划,证件编号,金额,身份证,年份,占比,经度\n\
        310118,1001,1200,310118199001011234,2023,45%,121.1\n\
        330421,1002,3400,310118199001011235,2024,50%,121.2\n\
        320584,1003,NA,310118199001011236,2025,55%,121.3\n";
    let (layout, good, _) = read("a.csv", text.as_bytes());
    use FieldType::{Integer, Number, Text};
    let expected = [Text, Text, Integer, Text, Integer, Number, Number];
    assert_eq!(kinds(&layout, &good), expected);
}

/// Four rows with types of their own, one value missing.
fn parquet_file() -> Vec<u8> {
    use std::sync::Arc;

    use tianyuan_lake::arrow::array::{
        ArrayRef, Date32Array, DictionaryArray, Float64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use tianyuan_lake::arrow::datatypes::Int8Type;

    let codes: ArrayRef = Arc::new(StringArray::from(vec!["001", "002", "003", "004"]));
    let towns: DictionaryArray<Int8Type> = ["练塘镇", "金泽镇", "练塘镇", "朱家角镇"]
        .into_iter()
        .collect();
    let shares: ArrayRef = Arc::new(Float64Array::from(vec![
        Some(0.5),
        None,
        Some(-2.25),
        Some(1e-7),
    ]));
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0, 19_723, 20_000, 20_001]));
    let at = TimestampMicrosecondArray::from(vec![0, 1_704_067_200_000_000, 1, 2]);
    let at: ArrayRef = Arc::new(at.with_timezone("Asia/Shanghai"));
    let batch = RecordBatch::try_from_iter([
        ("编号", codes),
        ("镇", Arc::new(towns) as ArrayRef),
        ("占比", shares),
        ("日期", days),
        ("时刻", at),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn parquet_brings_its_columns() {
    let (layout, good, bad) = read("a.parquet", &parquet_file());
    assert_eq!(layout.columns, ["编号", "镇", "占比", "日期", "时刻"]);
    assert_eq!(bad, [] as [u64; 0]);
    assert_eq!(
        good[0],
        ["001", "练塘镇", "0.5", "1970-01-01", "1970-01-01T00:00:00Z"]
    );
    assert_eq!(good[1][2], "", "a value that is missing stays missing");
    assert_eq!(good[1][3..], ["2024-01-01", "2024-01-01T00:00:00Z"]);
    assert_eq!(
        kinds(&layout, &good),
        [
            FieldType::Text,
            FieldType::Text,
            FieldType::Number,
            FieldType::Date,
            FieldType::Datetime
        ]
    );
}

#[test]
fn what_parquet_calls_text_stays_text() {
    use std::sync::Arc;
    use tianyuan_lake::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    let towns: ArrayRef = Arc::new(StringArray::from(vec!["310118", "310117"]));
    let counts: ArrayRef = Arc::new(Int64Array::from(vec![310_118, 310_117]));
    let batch = RecordBatch::try_from_iter([("town", towns), ("count", counts)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let layout = layout("a.parquet", &bytes).unwrap();
    let texts = with(&bytes, |open| super::declared_texts(open, &layout)).unwrap();
    let mut columns = Columns::new(2);
    columns.texts(&texts);
    for row in [["310118", "310118"], ["310117", "310117"]] {
        columns.look(&row.map(str::to_owned));
    }
    let profiles = columns.profiles(&layout.columns, &[]);
    let kinds: Vec<FieldType> = profiles.iter().map(|p| p.field.kind).collect();
    assert_eq!(kinds, [FieldType::Text, FieldType::Integer]);
}

#[test]
fn parquet_cut_short_or_lying_is_told() {
    let whole = parquet_file();
    for end in (4..whole.len()).step_by(61) {
        let error = layout("a.parquet", &whole[..end]).unwrap_err();
        assert_eq!(error.code(), "parquet_malformed", "cut at {end}");
    }
    let mut refused = 0;
    for at in (4..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let outcome = with(&bytes, |open| {
            let layout = detect(open, Format::Parquet, None)?;
            rows(open, &layout, &mut |_| Ok(()))
        });
        if let Err(error) = outcome {
            assert!(error.status().is_client_error(), "byte {at}: {error:?}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused} of the changed files were refused");
}
