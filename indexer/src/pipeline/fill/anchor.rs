//! The block that the first wanted one must follow, where nothing is stored yet: without it the first block of the stream
//! would be the start, however late it is.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::geyser::Backoff;
use crate::pipeline::status::StatusHandle;
use crate::rpc::{Commitment, Fetched, MOST_SLOTS, Pool, RpcError};
use crate::slots::Head;

/// Where indexing begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct Anchor {
    /// Parent of the first block.
    pub(in crate::pipeline) head: Head,
    /// Slots from the wanted one on that no endpoint holds any more.
    pub(in crate::pipeline) lost: Option<(u64, u64)>,
}

/// Asks for as long as it takes; `None` where no block exists yet at or after `from`, or when stopped.
pub(in crate::pipeline) async fn anchor(
    pool: &Pool,
    from: u64,
    status: &StatusHandle,
    stop: &CancellationToken,
) -> Option<Anchor> {
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(15));
    loop {
        let error = match find(pool, from).await {
            Ok(found) => return found,
            Err(error) => error,
        };
        tracing::warn!(%error, from, "the first block cannot be asked for yet");
        status.update(|status| {
            status.message = Some(format!("waiting for the block of slot {from}: {error}"));
        });
        let pause = error.retry_after.unwrap_or_else(|| backoff.next());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return None,
        }
    }
}

async fn find(pool: &Pool, from: u64) -> Result<Option<Anchor>, RpcError> {
    let mut level = Commitment::Finalized;
    let mut tip = pool.tip(level).await?;
    if tip < from {
        // Not final yet, and a server may no longer replay it all the same.
        level = Commitment::Confirmed;
        tip = pool.tip(level).await?;
    }
    let mut at = from;
    while at <= tip {
        let slots = pool.slots(at, tip, level).await?;
        let Some(&slot) = slots.first() else {
            at = at.saturating_add(MOST_SLOTS);
            continue;
        };
        return match pool.block(slot, level).await? {
            Fetched::Block(block) if block.slot > block.parent_slot => Ok(Some(Anchor {
                head: Head {
                    slot: block.parent_slot,
                    blockhash: Some(block.parent_blockhash),
                },
                lost: (block.parent_slot >= from).then_some((from, block.parent_slot)),
            })),
            // The very first block of a network has no parent.
            Fetched::Block(_) => Ok(None),
            other => Err(RpcError {
                method: "getBlock",
                what: format!("does not hold slot {slot}: {other:?}"),
                retryable: true,
                retry_after: None,
            }),
        };
    }
    Ok(None)
}
