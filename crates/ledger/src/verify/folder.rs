//! A log in a local folder, such as a backup or a mirror.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;

use super::Source;
use crate::Result;

/// The public files of a log in a folder.
pub struct FolderSource {
    root: PathBuf,
}

impl FolderSource {
    /// The folder that holds `checkpoint` and `tile/`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let path = item.path();
        if item.file_type()?.is_dir() {
            walk(root, &path, found)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

#[async_trait]
impl Source for FolderSource {
    async fn fetch(&self, path: &str) -> Result<Option<Bytes>> {
        match tokio::fs::read(self.root.join(path)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        let root = self.root.clone();
        let found = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            walk(&root, &root, &mut found)?;
            found.sort();
            Ok::<_, std::io::Error>(found)
        });
        Ok(Some(found.await??))
    }
}
