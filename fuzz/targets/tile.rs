//! Tile paths (first byte 0), entry bundles (1) and tile addresses of any tree (other).
#![no_main]

use tianyuan_ledger::tiles::{Row, TilePath, entries, push_entry};

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((way, bytes)) = bytes.split_first() else {
        return;
    };
    match way {
        0 => {
            let Ok(text) = std::str::from_utf8(bytes) else {
                return;
            };
            if let Ok(path) = text.parse::<TilePath>() {
                assert_eq!(path.to_string(), text);
                let _ = (path.full(), path.partials(), path.is_partial());
            }
        }
        1 => {
            if let Ok(found) = entries(&bytes.to_vec().into()) {
                let mut again = Vec::new();
                found
                    .iter()
                    .for_each(|entry| push_entry(&mut again, entry).unwrap());
                assert_eq!(again, bytes);
            }
        }
        level => {
            let (item, size) = bytes.split_at(bytes.len().min(8));
            if let Some(path) = TilePath::of(Row::Hashes(level % 64), number(item), number(size)) {
                assert_eq!(path.to_string().parse::<TilePath>().unwrap(), path);
            }
        }
    }
});
