//! Batches single entries: who waits for the disk waits together.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{Records, too_large};
use crate::{Error, Result};

/// Most entries of one batch.
const BATCH_MAX: usize = 16_384;
const WAITING_MAX: usize = 65_536;

type Waiting = (Bytes, oneshot::Sender<Result<u64>>);

/// Takes single entries and appends them in batches. Cheap to clone.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<Waiting>,
}

impl Appender {
    /// Begins batching; ends when the last clone is dropped.
    #[must_use]
    pub fn start(records: Arc<dyn Records>) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Waiting>(WAITING_MAX);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let mut expected = None;
            while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
                let (entries, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let first = append(&*records, &mut expected, &entries).await;
                for (n, answer) in answers.into_iter().enumerate() {
                    let index = match &first {
                        Ok(first) => Ok(first + n as u64),
                        Err(error) => Err(Error::Storage(error.to_string())),
                    };
                    // Whoever no longer waits does not want to know.
                    let _unwanted = answer.send(index);
                }
            }
        });
        Self { queue }
    }

    /// Adds an entry; answers its index once it is durable.
    ///
    /// # Errors
    /// [`Error::TooLarge`], or when the records do not answer; then it may have been added.
    pub async fn add(&self, entry: Bytes) -> Result<u64> {
        too_large(std::slice::from_ref(&entry))?;
        let (answer, index) = oneshot::channel();
        let ended = || Error::Storage("the log was closed".to_owned());
        self.queue
            .send((entry, answer))
            .await
            .map_err(|_| ended())?;
        index.await.map_err(|_| ended())?
    }
}

async fn append(
    records: &dyn Records,
    expected: &mut Option<u64>,
    entries: &[Bytes],
) -> Result<u64> {
    loop {
        let first = match expected.take() {
            Some(first) => first,
            None => records.state().await?.sequenced,
        };
        if records.append(first, entries).await? {
            *expected = Some(first + entries.len() as u64);
            return Ok(first);
        }
    }
}
