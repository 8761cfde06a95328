//! `tianyuan plan import FILE`: an edition from a folder of TOML files, a TOML or JSON file, or a
//! workbook.

use std::path::Path;

use tianyuan_kernel::App;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::http::tx::Tx;
use tianyuan_kernel::office;
use tianyuan_kernel::text;

use crate::bundle::compare::Differences;
use crate::bundle::read::{self, Read};
use crate::plans::Plan;
use crate::plans::import::{apply, prepare, refused};
use crate::workbook;

/// What an import did.
pub struct Outcome {
    /// The edition as it stands now.
    pub plan: Plan,
    /// True when it was loaded new, false when a known edition was corrected.
    pub new: bool,
    /// What changed; empty when the file says what is there already.
    pub differences: Differences,
}

/// Imports an edition on behalf of `actor` (a person id; `None`: the node itself).
///
/// # Errors
/// 422 with everything that is wrong, each placed; then nothing was imported.
pub async fn import(app: &App, path: &Path, actor: Option<String>) -> Result<Outcome> {
    let (read, is_workbook) = open(path)?;
    let mut tx = Tx::begin(app, actor.clone()).await?;
    let prepared = prepare(&mut tx, read)
        .await?
        .map_err(|f| refused(&f, is_workbook))?;
    let plan = apply(app, &mut tx, &prepared, actor).await?;
    tx.commit().await?;
    Ok(Outcome {
        plan,
        new: prepared.old.is_none(),
        differences: prepared.differences,
    })
}

fn open(path: &Path) -> Result<(Read, bool)> {
    if path.is_dir() {
        return Ok((read::folder(path), false));
    }
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Error::bad_request(
            "file_unreadable",
            text!(
                "无法读取 {name}：{error}。",
                "{name} cannot be read: {error}."
            ),
        )
    })?;
    if bytes.len() > workbook::BYTES_MAX {
        let max = workbook::BYTES_MAX;
        let words = text!(
            "文件超过 {max} 字节。",
            "The file is larger than {max} bytes."
        );
        return Err(Error::too_large("file_too_large", words));
    }
    match path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
    {
        "xlsx" => Ok((workbook::read::bundle(&office::read_xlsx(&bytes)?), true)),
        "json" => Ok((read::json(&bytes), false)),
        "toml" => match String::from_utf8(bytes) {
            Ok(words) => Ok((read::toml_files(&[(&name, &words)]), false)),
            Err(_) => Err(Error::bad_request(
                "file_malformed",
                text!("{name} 不是 UTF-8 文本。", "{name} is not UTF-8 text."),
            )),
        },
        _ => Err(Error::bad_request(
            "file_kind_unknown",
            text!(
                "{name}：只能导入 .toml、.json、.xlsx 文件或含 .toml 的文件夹。",
                "{name}: give a .toml, .json or .xlsx file, or a folder of .toml files."
            ),
        )),
    }
}
