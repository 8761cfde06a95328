//! Search over the catalogue, in Chinese and English, by words, parts of words, pinyin and
//! initials; with facets, highlighting and suggestions.
//!
//! The index is kept in memory and made from the records: at the first search, and again for
//! whatever changed since (by the catalogue's `revision`) before every later one. So it can be
//! thrown away at any time, several nodes on one database agree, and who saves can find.

pub mod api;
mod highlight;
mod index;
pub mod pinyin;
pub mod segment;
mod shelf;
#[cfg(test)]
mod tests;

use std::sync::{Arc, RwLock};

use tianyuan_kernel::prelude::*;

use crate::datasets::store as datasets;
pub use highlight::Part;
pub(crate) use shelf::{Card, Shelf};

/// Entries read at once when the index catches up.
const BATCH: i64 = 500;

/// The index of a node, if somebody has searched yet.
#[derive(Default)]
pub struct Search {
    shelf: RwLock<Option<Arc<Shelf>>>,
    catching_up: tokio::sync::Mutex<()>,
}

impl Search {
    fn present(&self) -> Option<Arc<Shelf>> {
        let shelf = self
            .shelf
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shelf.clone()
    }

    /// The index with every change that was committed before this call.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn current(&self, app: &App) -> Result<Arc<Shelf>> {
        let now = datasets::revision(&mut app.db().read().await?).await?;
        let fresh = |shelf: &Arc<Shelf>| shelf.revision >= now;
        if let Some(shelf) = self.present().filter(fresh) {
            return Ok(shelf);
        }
        // One catches up; the others wait for it.
        let _one = self.catching_up.lock().await;
        if let Some(shelf) = self.present().filter(fresh) {
            return Ok(shelf);
        }
        let mut shelf = self.present();
        loop {
            let after = shelf.as_ref().map_or(0, |s| s.revision);
            let changed = {
                let mut sql = app.db().read().await?;
                datasets::changed(&mut sql, after, BATCH).await?
            };
            if changed.is_empty() {
                break;
            }
            let work = move || Shelf::with(shelf.as_deref(), changed);
            let next = tokio::task::spawn_blocking(work)
                .await
                .map_err(Error::internal)?;
            shelf = Some(Arc::new(next));
        }
        let shelf = shelf.unwrap_or_default();
        let mut place = self
            .shelf
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *place = Some(shelf.clone());
        Ok(shelf)
    }
}
