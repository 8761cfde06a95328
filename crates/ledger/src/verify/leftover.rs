//! Files beside those a checkpoint needs: partial tiles of earlier sizes, which must be beginnings
//! of the later ones, and what belongs to no tree at all.

use bytes::Bytes;

use super::{Report, Source};
use crate::Result;
use crate::hash::HASH_SIZE;
use crate::store::CHECKPOINT;
use crate::tiles::{self, Row, TILE_WIDTH, TilePath};

/// Checks what the source lists beside the tree of `size` entries.
pub(super) async fn check(source: &dyn Source, size: u64, report: &mut Report) -> Result<()> {
    let Some(paths) = source.list().await? else {
        return Ok(());
    };
    for path in paths {
        if path == CHECKPOINT || path.starts_with(".writing/") {
            continue;
        }
        let Ok(tile) = path.parse::<TilePath>() else {
            let zh = "不属于任何一棵树的文件".to_owned();
            report.fault(path, None, zh, "a file that belongs to no tree".to_owned());
            continue;
        };
        match TilePath::of(tile.row, tile.index * TILE_WIDTH, size) {
            Some(current) if current.width == tile.width => {}
            Some(current) if current.width > tile.width => {
                leftover(source, tile, current, report).await?;
            }
            _ => report.unsigned.push(path),
        }
    }
    Ok(())
}

async fn leftover(
    source: &dyn Source,
    old: TilePath,
    current: TilePath,
    report: &mut Report,
) -> Result<()> {
    let mut whole = source.fetch(&current.to_string()).await?;
    if whole.is_none() {
        whole = source.fetch(&current.full().to_string()).await?;
    }
    // A missing or unreadable current tile was named already.
    let Some(whole) = whole else { return Ok(()) };
    let Some(bytes) = source.fetch(&old.to_string()).await? else {
        return Ok(());
    };
    let first = old.index * TILE_WIDTH;
    let Some(length) = beginning(old, &whole) else {
        return Ok(());
    };
    let differs = bytes.iter().zip(&whole[..length]).position(|(a, b)| a != b);
    let differs = differs.or((bytes.len() != length).then_some(bytes.len().min(length)));
    if let Some(at) = differs {
        let index = match old.row {
            Row::Hashes(_) => Some(first + (at / HASH_SIZE) as u64),
            Row::Entries => Some(first + entry_at(&whole, at)),
        };
        let zh = format!("旧的不完整块在第 {at} 字节处与后来的不同");
        let en = format!("an older partial tile that differs from the later one at byte {at}");
        report.fault(old.to_string(), index, zh, en);
    }
    Ok(())
}

/// How many bytes of a tile its first `old.width` items take.
fn beginning(old: TilePath, whole: &Bytes) -> Option<usize> {
    let width = usize::from(old.width);
    let length = match old.row {
        Row::Hashes(_) => width * HASH_SIZE,
        Row::Entries => tiles::entries(whole)
            .ok()?
            .iter()
            .take(width)
            .map(|entry| entry.len() + 2)
            .sum(),
    };
    (length <= whole.len()).then_some(length)
}

fn entry_at(bundle: &Bytes, byte: usize) -> u64 {
    let mut end = 0;
    let ends = tiles::entries(bundle)
        .unwrap_or_default()
        .into_iter()
        .map(|entry| {
            end += entry.len() + 2;
            end
        });
    ends.take_while(|end| *end <= byte).count() as u64
}
