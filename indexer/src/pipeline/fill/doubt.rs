//! Slots that several blocks claim, or whose block does not fit its parent: the final chain decides.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::{Fill, Wants};
use crate::geyser::Backoff;
use crate::rpc::{Commitment, Fetched, Pool, RpcError};

/// Slots around a doubtful one whose blocks are asked for.
const AROUND: u64 = 64;
/// Blocks of the final chain before the slot that are sent: its parent may be what is wrong.
const BEFORE: usize = 2;

/// Settles doubts for as long as it is polled.
pub(super) async fn settle(fill: &Fill, pool: &Pool, mut wants: watch::Receiver<Wants>) {
    // How often each had been told when it was settled.
    let mut settled: BTreeMap<u64, u32> = BTreeMap::new();
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    loop {
        let doubts = wants.borrow_and_update().doubts.clone();
        settled.retain(|slot, _| doubts.contains_key(slot));
        let new = doubts
            .into_iter()
            .filter(|(slot, times)| settled.get(slot) != Some(times));
        let new: Vec<(u64, u32)> = new.collect();
        let mut pause = None;
        for (slot, times) in new {
            match one(fill, pool, slot).await {
                Ok(true) => {
                    tracing::info!(slot, "the final chain has decided");
                    settled.insert(slot, times);
                    backoff.reset();
                }
                // Not final yet.
                Ok(false) => pause = Some(Duration::from_secs(2)),
                Err(error) => {
                    tracing::warn!(%error, slot, "the final chain cannot be asked");
                    pause = Some(error.retry_after.unwrap_or_else(|| backoff.next()));
                    break;
                }
            }
        }
        let changed = async {
            if wants.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => changed.await,
        }
    }
}

/// Sends the final blocks around the slot, up to one beyond it; `false` while there is none beyond it.
async fn one(fill: &Fill, pool: &Pool, slot: u64) -> Result<bool, RpcError> {
    let level = Commitment::Finalized;
    let slots = pool
        .slots(slot.saturating_sub(AROUND), slot + AROUND, level)
        .await?;
    let Some(beyond) = slots.iter().position(|at| *at > slot) else {
        return Ok(false);
    };
    let at = slots.partition_point(|at| *at < slot);
    let wanted = slots.get(at.saturating_sub(BEFORE)..=beyond);
    for &at in wanted.unwrap_or_default() {
        match pool.block(at, level).await? {
            Fetched::Block(block) => {
                if fill.deliver(*block, level).await.is_err() {
                    return Ok(true);
                }
            }
            other => {
                return Err(RpcError {
                    method: "getBlock",
                    what: format!("does not hold slot {at}: {other:?}"),
                    retryable: true,
                    retry_after: None,
                });
            }
        }
    }
    Ok(true)
}
