//! The list of what was erased (删除清单): ids that stand on the disk in the file `erasures` of the
//! data folder, which is in no backup and which no restore replaces.
//!
//! Whoever erases something about a person lists its id before acknowledging that, and at start
//! erases again what stands on the list and came back with an older backup. Each room knows its
//! own ids by their prefix.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tokio::sync::Mutex;

use crate::App;
use crate::error::{Error, Result};

/// The list's name in the data folder: one id a line.
pub const FILE: &str = "erasures";

/// One writer of the list at a time.
static WRITING: Mutex<()> = Mutex::const_new(());

/// Adds ids to the list; when this comes back they survive a power cut.
///
/// # Errors
/// When the list cannot be written.
pub async fn list(app: &App, ids: &[String]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let (folder, ids) = (app.config().node.data.clone(), ids.to_vec());
    let _turn = WRITING.lock().await;
    tokio::task::spawn_blocking(move || append(&folder, &ids))
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}

fn append(folder: &Path, ids: &[String]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let listed = read(folder)?;
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    let mut file = options.open(folder.join(FILE))?;
    // A line that was torn by a power cut was never acknowledged; it must not eat the next one.
    let mut lines = String::from(if listed.torn { "\n" } else { "" });
    for id in ids.iter().filter(|id| !listed.lines.contains(*id)) {
        lines.push_str(id);
        lines.push('\n');
    }
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    std::fs::File::open(folder)?.sync_all()
}

/// Everything on the list, also what is no id of the asking room.
///
/// # Errors
/// When the list cannot be read.
pub async fn listed(app: &App) -> Result<BTreeSet<String>> {
    let folder = app.config().node.data.clone();
    let list = tokio::task::spawn_blocking(move || read(&folder)).await;
    let list = list.map_err(Error::internal)?.map_err(Error::internal)?;
    Ok(list.lines)
}

#[derive(Default)]
struct Listed {
    lines: BTreeSet<String>,
    /// The last line does not end.
    torn: bool,
}

fn read(folder: &Path) -> io::Result<Listed> {
    let text = match std::fs::read_to_string(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::default()),
        text => text?,
    };
    Ok(Listed {
        lines: text.lines().map(str::to_owned).collect(),
        torn: !text.is_empty() && !text.ends_with('\n'),
    })
}
