//! What is kept for people to look at, and for how long.

use std::time::Duration;

use hypernode_state::idempotency::IdempotencyPurge;
use hypernode_state::jobs::{JobStates, JobsTrim};
use hypernode_state::tasks::PurgeTasks;
use hypernode_state::{Seldom, Store, StoreError, StoreExt, UnixMs};
use tokio_util::sync::CancellationToken;

use crate::days::DAY_MS;
use crate::facts::Forwarder;
use crate::service::{Clock, ELSEWHERE, states};

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(60);
/// Between two units of one sweep: others come in between.
const BREATH: Duration = Duration::from_millis(50);
/// What one unit removes: jobs go with contents and receipts.
const MANY: u32 = 200;
/// Units of one sweep, of each kind.
const ROUNDS: u32 = 50;

/// How long what is over is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Jobs that were completed or cancelled, with their results and receipts.
    pub done_days: u32,
    /// Jobs that failed or were given up: they can be replayed until then.
    pub dead_days: u32,
    /// Tasks that are over.
    pub task_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            done_days: 90,
            dead_days: 180,
            task_days: 7,
        }
    }
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Jobs.
    pub jobs: u64,
    /// Keys of requests that may no longer be repeated.
    pub keys: u64,
    /// Tasks.
    pub tasks: u64,
}

fn before(now: UnixMs, days: u32) -> UnixMs {
    now.saturating_sub(i64::from(days).saturating_mul(DAY_MS))
        .max(0)
}

/// The states of these words.
fn of(words: &[&str]) -> JobStates {
    let each = words.iter().filter_map(|word| states(word));
    JobStates(each.fold(0, |all, states| all | states.0))
}

/// Removes what is kept no longer; a bounded number of each kind at a time.
///
/// # Errors
/// The store's.
pub async fn sweep(
    store: &dyn Store,
    retention: &Retention,
    now: UnixMs,
) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let jobs = [
        (
            retention.done_days,
            JobStates(of(&["completed", "cancelled"]).0 | ELSEWHERE.0),
        ),
        (retention.dead_days, of(&["failed", "dead"])),
    ];
    for (days, states) in jobs {
        for _ in 0..ROUNDS {
            let trim = JobsTrim {
                before: before(now, days),
                states,
                limit: MANY,
            };
            let removed = store.run(trim).await?;
            swept.jobs += removed;
            if removed < u64::from(MANY) {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
    }
    for _ in 0..ROUNDS {
        let removed = store.run(IdempotencyPurge { now, limit: MANY }).await?;
        swept.keys += removed;
        if removed < u64::from(MANY) {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    for _ in 0..ROUNDS {
        let purge = PurgeTasks {
            before: before(now, retention.task_days),
            limit: MANY,
        };
        let removed = store.run(purge).await?;
        swept.tasks += removed;
        if removed < u64::from(MANY) {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    for _ in 0..ROUNDS {
        if !Forwarder::trim(store).await? {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(swept)
}

/// Sweeps until `stop`.
pub async fn keep(store: &dyn Store, retention: Retention, clock: &Clock, stop: CancellationToken) {
    let told = Seldom::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
        match sweep(store, &retention, clock()).await {
            Ok(swept) if swept != Swept::default() => tracing::debug!(?swept, "kept no longer"),
            Ok(_) => {}
            Err(error) => {
                if told.now() {
                    tracing::warn!(%error, "what is over is removed later");
                }
            }
        }
    }
}
