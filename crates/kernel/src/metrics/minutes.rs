//! Open reads and refusals of strangers are no facts one by one: they are counted a minute, an
//! exit and a class of caller, and each finished minute is one fact of the supervision log
//! (house.md, invariant 3). What a crash loses is at most the counts of its last minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::Class;
use crate::App;
use crate::clock::Micros;
use crate::error::Result;
use crate::http::Tx;
use crate::journal::{Kind, Log};

/// A minute's open reads and refused strangers.
const COUNTED: Kind = Kind::new(
    "access.counted",
    Log::Supervision,
    "公开访问计数",
    "Open access counted",
);
pub(crate) const KINDS: [Kind; 1] = [COUNTED];

const MINUTE: i64 = 60_000_000;

type Key = (&'static str, &'static str, Class);
type Counts = BTreeMap<i64, BTreeMap<Key, u64>>;

/// Counts by the minute they fall in.
#[derive(Default)]
pub(super) struct Minutes(Mutex<Counts>);

impl Minutes {
    pub(super) fn add(&self, at: Micros, what: &'static str, exit: &'static str, class: Class) {
        self.put(at.0.div_euclid(MINUTE), [((what, exit, class), 1)]);
    }

    fn put(&self, minute: i64, counts: impl IntoIterator<Item = (Key, u64)>) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = minutes.entry(minute).or_default();
        for (key, n) in counts {
            *there.entry(key).or_default() += n;
        }
    }

    /// Takes the minutes that ended before `now`.
    fn take(&self, now: Micros) -> Counts {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = minutes.split_off(&now.0.div_euclid(MINUTE));
        std::mem::replace(&mut minutes, open)
    }
}

/// Writes finished minutes until the application stops, and then the one that is open.
pub(crate) async fn run(app: App) {
    while !app.is_stopping() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
            () = app.stopped() => {}
        }
        let until = if app.is_stopping() {
            Micros(i64::MAX)
        } else {
            app.now()
        };
        if let Err(error) = write(&app, until).await {
            tracing::warn!(%error, "the counts of open access wait for the next minute");
        }
    }
}

/// One fact for each minute that ended before `until`.
pub(super) async fn write(app: &App, until: Micros) -> Result<()> {
    let minutes = &app.metrics().minutes;
    let mut waiting = minutes.take(until);
    while let Some((minute, counts)) = waiting.pop_first() {
        if let Err(error) = write_minute(app, minute, &counts).await {
            waiting.insert(minute, counts);
            for (minute, counts) in waiting {
                minutes.put(minute, counts);
            }
            return Err(error);
        }
    }
    Ok(())
}

async fn write_minute(app: &App, minute: i64, counts: &BTreeMap<Key, u64>) -> Result<()> {
    let rows: Vec<_> = counts
        .iter()
        .map(|((what, exit, class), n)| {
            json!({ "what": what, "exit": exit, "class": class.name(), "count": n })
        })
        .collect();
    let body = json!({ "minute": Micros(minute * MINUTE), "counts": rows });
    let mut tx = Tx::begin(app, None).await?;
    tx.record(&COUNTED, "node", &body).await?;
    tx.commit().await
}
