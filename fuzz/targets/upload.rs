//! Files people bring into a dataset: the layout is found, then the rows are read. The first byte
//! says what the file is called.
#![no_main]

use std::io::{Cursor, Read};

use tianyuan_chain::reading::{COLUMNS_MAX, ROW_BYTES_MAX, detect, format_of, infer, rows};

const NAMES: [&str; 5] = ["a.csv", "a.tsv", "a.json", "a.ndjson", "a.geojson"];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*which) % NAMES.len()];
    // Workbooks have a target of their own.
    if bytes.starts_with(b"PK") || bytes.starts_with(&[0xd0, 0xcf]) {
        return;
    }
    let owned = bytes.to_vec();
    let open = move || Ok(Box::new(Cursor::new(owned.clone())) as Box<dyn Read + Send>);
    let Ok(format) = format_of(name, &bytes[..bytes.len().min(8)]) else {
        return;
    };
    let Ok(layout) = detect(&open, format, None) else {
        return;
    };
    let width = layout.columns.len();
    assert!((1..=COLUMNS_MAX).contains(&width));
    let mut columns = infer::Columns::new(width);
    let mut last = 0;
    let read = rows(&open, &layout, &mut |row| {
        assert!(row.line >= last, "rows come in their order");
        last = row.line;
        let held: usize = row.cells.iter().map(String::len).sum();
        assert!(held <= 4 * ROW_BYTES_MAX, "a row is bounded");
        if row.fault.is_none() {
            assert!(row.cells.len() <= width);
            assert!(row.cells.iter().all(|c| !c.contains('\0')));
            columns.look(row.cells);
        }
        Ok(())
    });
    if read.is_ok() {
        let found = columns.profiles(&layout.columns, &[]);
        assert_eq!(found.len(), width);
        // What was found once is found again where it is said to be.
        let again = detect(&open, format, Some(&layout));
        assert!(again.is_err() || again.is_ok_and(|l| l.columns.len() <= COLUMNS_MAX));
    }
});
