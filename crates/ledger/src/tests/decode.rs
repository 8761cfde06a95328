//! Whatever bytes come in, decoders answer; what they accept, they write back unchanged.

use bytes::Bytes;
use proptest::prelude::*;

use crate::keys::PrivateKey;
use crate::note::Signature;
use crate::tiles::{self, Row, TilePath};
use crate::witness::{AddCheckpoint, read_answer};
use crate::{Checkpoint, LogProof, Note, VerifierKey};

fn all(text: &str) {
    if let Ok(note) = Note::parse(text.as_bytes()) {
        assert_eq!(note.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(proof) = text.parse::<LogProof>() {
        assert_eq!(proof.to_string(), text);
    }
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(line) = text.parse::<Signature>() {
        assert_eq!(line.to_string(), text);
    }
    if let Ok(request) = AddCheckpoint::parse(text.as_bytes()) {
        assert_eq!(request.body(), text);
    }
    if let Ok(key) = PrivateKey::parse(text) {
        assert_eq!(key.secret_text(), text.trim_end());
    }
}

fn hash() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("A".repeat(43) + "="),
        "[A-Za-z0-9+/]{42}[A-Z]=",
        "[A-Za-z+/=]{0,50}"
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bundle = Bytes::from(bytes.clone());
        if let Ok(entries) = tiles::entries(&bundle) {
            let mut again = Vec::new();
            for entry in &entries {
                tiles::push_entry(&mut again, entry).unwrap();
            }
            prop_assert_eq!(again, bundle);
        }
        let _unreadable = Note::parse(&bytes);
        let _unreadable = AddCheckpoint::parse(&bytes);
        all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn near_misses(
        index in "[0-9]{1,4}", first in hash(), second in hash(), line in "[a-z]{0,3}",
        size in "0?[0-9]{1,21}", signature in "[A-Za-z0-9/]{4,16}={0,2}",
    ) {
        let note = format!("{line}\n{size}\n{first}\n\n— {line} {signature}\n");
        all(&note);
        all(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n{first}\n{second}\n\n{note}"));
        all(&format!("c2sp.org/tlog-proof@v1\nextra {line}\nindex {index}\n\n{note}"));
        all(&format!("old {index}\n{first}\n{second}\n\n{note}"));
        all(&format!("tile/{index}/x{line}{index}/{index}.p/{size}"));
        all(&format!("{line}+{index}+{first}"));
        all(&format!("PRIVATE+KEY+{line}+{index}+{first}"));
        let key = super::support::verifier(1);
        let _refused = read_answer(200, &note, &note, &key);
    }

    #[test]
    fn tile_paths(level in 0_u8..64, index in any::<u64>(), width in 1_u16..=256) {
        let path = TilePath { row: Row::Hashes(level), index, width };
        prop_assert_eq!(path.to_string().parse::<TilePath>().unwrap(), path);
        let theirs = tlog_tiles::Tile::new(8, level, index, width.into(), false).path();
        prop_assert_eq!(path.to_string(), theirs.replacen("tile/8/", "tile/", 1));
    }
}

#[test]
fn paths_as_the_specification_writes_them() {
    for good in [
        "tile/0/000",
        "tile/entries/x001/x234/067.p/8",
        "tile/63/999.p/255",
    ] {
        assert_eq!(good.parse::<TilePath>().unwrap().to_string(), good);
    }
    for bad in [
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/00/001",
        "tile/0/001.p/07",
        "tile/0/../001",
        "tile/data/000",
        "tile/0/x001/x067",
    ] {
        assert!(bad.parse::<TilePath>().is_err(), "{bad}");
    }
    // A tree of 70,000 entries, as the specification counts it.
    let widths = [(0, 69_999, 112), (1, 272, 17), (2, 0, 1)];
    for (level, item, width) in widths {
        assert_eq!(
            TilePath::of(Row::Hashes(level), item, 70_000)
                .unwrap()
                .width,
            width
        );
    }
    assert_eq!(TilePath::of(Row::Hashes(2), 1, 70_000), None);
    assert_eq!(TilePath::of(Row::Hashes(9), 0, u64::MAX), None);
}
