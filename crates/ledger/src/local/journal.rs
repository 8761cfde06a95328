//! The append-only journal: segments named by their first index, made of frames
//! `"TYJ1" | first u64 | count u32 | length u32 | SHA-256(what precedes and follows)[..16] |
//! payload`, where the payload is an entry bundle. One frame is one batch, one write, one sync.

use std::collections::VecDeque;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::{Error, Result, tiles};

const MAGIC: &[u8; 4] = b"TYJ1";
const HEAD_SIZE: usize = 36;
/// Bytes after which a new segment begins.
const SEGMENT_SIZE: u64 = 32 << 20;

pub(super) struct Journal {
    folder: PathBuf,
    /// First indices of the segments, oldest first; the last is being written.
    segments: Vec<u64>,
    file: fs::File,
    length: u64,
    next: u64,
    /// After a failed write or sync nobody knows what the disk holds; only opening again tells.
    broken: bool,
}

fn checksum(head: &[u8], payload: &[u8]) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(head)
        .chain_update(payload)
        .finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// One frame at the beginning of `bytes`: its first index, its entries, its length.
fn frame(bytes: &Bytes) -> Option<(u64, Vec<Bytes>, usize)> {
    let head = bytes.get(..HEAD_SIZE)?;
    if head[..4] != *MAGIC {
        return None;
    }
    let first = u64::from_be_bytes(head[4..12].try_into().ok()?);
    let count = u32::from_be_bytes(head[12..16].try_into().ok()?) as usize;
    let end = HEAD_SIZE.checked_add(u32::from_be_bytes(head[16..20].try_into().ok()?) as usize)?;
    if end > bytes.len() || head[20..] != checksum(&head[..20], &bytes[HEAD_SIZE..end]) {
        return None;
    }
    let entries = tiles::entries(&bytes.slice(HEAD_SIZE..end)).ok()?;
    (entries.len() == count).then_some((first, entries, end))
}

impl Journal {
    /// Opens the journal of a log whose first `integrated` entries are in bundles; answers the
    /// entries after those.
    pub(super) fn open(folder: &Path, integrated: u64) -> Result<(Self, VecDeque<Bytes>)> {
        fs::create_dir_all(folder)?;
        let mut segments = Vec::new();
        for file in fs::read_dir(folder)? {
            let name = file?.file_name().to_string_lossy().into_owned();
            segments.extend(
                name.strip_suffix(".seg")
                    .and_then(|n| n.parse::<u64>().ok()),
            );
        }
        segments.sort_unstable();
        if segments.is_empty() {
            segments.push(integrated);
            create(folder, integrated)?;
        }
        let (mut next, mut length) = (segments[0], 0);
        let mut entries = VecDeque::new();
        for (n, first) in segments.iter().enumerate() {
            let last = n + 1 == segments.len();
            let damaged = |at| Error::Damaged(format!("journal {first}.seg at byte {at}"));
            if *first != next {
                return Err(damaged(0));
            }
            let bytes = Bytes::from(fs::read(path(folder, *first))?);
            let mut at = 0;
            while let Some((first, batch, size)) = frame(&bytes.slice(at..)) {
                if first != next {
                    return Err(damaged(at));
                }
                let skip = integrated.saturating_sub(next).min(batch.len() as u64) as usize;
                next += batch.len() as u64;
                entries.extend(batch.into_iter().skip(skip));
                at += size;
            }
            // Only the last write can be torn: a good frame after a bad one means damage.
            let rest = bytes.slice(at..);
            let marks = rest
                .windows(MAGIC.len())
                .enumerate()
                .skip(1)
                .filter(|(_, w)| w == MAGIC);
            let torn = || {
                marks
                    .into_iter()
                    .all(|(n, _)| frame(&rest.slice(n..)).is_none())
            };
            if !rest.is_empty() && (!last || !torn()) {
                return Err(damaged(at));
            }
            length = at as u64;
        }
        if next < integrated {
            return Err(Error::Damaged(format!(
                "journal ends at {next}, tree at {integrated}"
            )));
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(path(folder, *segments.last().unwrap_or(&0)))?;
        file.set_len(length)?;
        file.seek(std::io::SeekFrom::Start(length))?;
        file.sync_all()?;
        let folder = folder.to_owned();
        Ok((
            Self {
                folder,
                segments,
                file,
                length,
                next,
                broken: false,
            },
            entries,
        ))
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn append(&mut self, entries: &[Bytes]) -> Result<()> {
        if self.broken {
            return Err(Error::Storage(
                "the journal failed before; open it again".to_owned(),
            ));
        }
        let size: usize = entries.iter().map(|e| e.len() + 2).sum();
        let mut bytes = Vec::with_capacity(HEAD_SIZE + size);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.next.to_be_bytes());
        bytes.extend_from_slice(&(entries.len() as u32).to_be_bytes());
        let length = u32::try_from(size).map_err(|_| Error::TooLarge(size))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.resize(HEAD_SIZE, 0);
        for entry in entries {
            tiles::push_entry(&mut bytes, entry)?;
        }
        let (head, payload) = bytes.split_at(HEAD_SIZE);
        let sum = checksum(&head[..20], payload);
        bytes[20..HEAD_SIZE].copy_from_slice(&sum);
        self.broken = true;
        if self.length > SEGMENT_SIZE {
            self.file = create(&self.folder, self.next)?;
            self.segments.push(self.next);
            self.length = 0;
        }
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.broken = false;
        self.length += bytes.len() as u64;
        self.next += entries.len() as u64;
        Ok(())
    }

    /// Removes segments all of whose entries are integrated.
    pub(super) fn forget(&mut self, integrated: u64) -> Result<()> {
        while self.segments.len() > 1 && self.segments[1] <= integrated {
            fs::remove_file(path(&self.folder, self.segments[0]))?;
            self.segments.remove(0);
        }
        Ok(())
    }
}

fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.seg"))
}

fn create(folder: &Path, first: u64) -> Result<fs::File> {
    let file = fs::File::create(path(folder, first))?;
    file.sync_all()?;
    fs::File::open(folder)?.sync_all()?;
    Ok(file)
}
