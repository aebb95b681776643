//! Blocks of a range from a source that is not the one they were stored from.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use hypernode_decoder::chain::Block;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::VerifyError;
use crate::geyser::Backoff;
use crate::recording::{self, Format};
use crate::rpc::{Commitment, Fetched, MOST_SLOTS, Pool, RpcError};
use crate::slots::{Limits, Output, SlotMachine};

/// Attempts to fetch one answer.
const ATTEMPTS: u32 = 6;
/// Slots beyond the range among which the block that proves its end is looked for.
const BEYOND: u64 = 64;

/// Where blocks come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of Geyser updates, or a getBlock answer.
    Recording {
        /// The file.
        path: PathBuf,
        /// Its layout.
        format: Format,
        /// Slot of a getBlock answer that does not name it.
        slot: Option<u64>,
    },
    /// JSON-RPC endpoints.
    Rpc(Pool),
}

/// What a source says, blocks in ascending order.
#[derive(Debug)]
pub(crate) enum Said {
    /// A block of the range; or the first one beyond it, which proves where the range ends.
    Block(Box<Block>),
    /// Something that a person should know about the source.
    Note(String),
}

impl Source {
    /// Name of the source in the ledger.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Recording { .. } => "recording",
            Self::Rpc(_) => "rpc",
        }
    }

    /// Says the blocks of `from..=to`, and the first one after it if there is one.
    pub(crate) async fn say(
        self,
        from: u64,
        to: u64,
        out: mpsc::Sender<Said>,
    ) -> Result<(), VerifyError> {
        match self {
            Self::Recording { path, format, slot } => {
                let read = move || read(&path, format, slot, from, to, &out);
                tokio::task::spawn_blocking(read).await?
            }
            Self::Rpc(rpc) => fetch(&rpc, from, to, &out).await,
        }
    }
}

/// The confirmed chain of a recording. Blocks that may still be withdrawn are held back.
fn read(
    path: &std::path::Path,
    format: Format,
    slot: Option<u64>,
    from: u64,
    to: u64,
    out: &mpsc::Sender<Said>,
) -> Result<(), VerifyError> {
    let limits = Limits::default();
    let mut machine = SlotMachine::new(limits, None);
    let mut outputs = Vec::new();
    let mut held: VecDeque<Box<Block>> = VecDeque::new();
    let mut recording = recording::open(path, format, slot)?;
    let mut past = false;
    loop {
        match recording.next() {
            Some(Ok(input)) => machine.push(input, &mut outputs),
            Some(Err(error @ recording::RecordingError::Truncated { .. })) => {
                let _ = out.blocking_send(Said::Note(error.to_string()));
                continue;
            }
            Some(Err(error)) => return Err(error.into()),
            None => {
                machine.finish(&mut outputs);
                past = true;
            }
        }
        for output in outputs.drain(..) {
            match output {
                Output::Publish(block) => held.push_back(block),
                Output::Retract { head, .. } => {
                    held.retain(|block| block.slot <= head.slot);
                }
                Output::Gap(gap) => {
                    let text = format!(
                        "the recording lacks blocks between slots {} and {}: what follows is not compared",
                        gap.after, gap.before
                    );
                    let _ = out.blocking_send(Said::Note(text));
                }
                _ => {}
            }
        }
        while held.len() > limits.remembered || past && !held.is_empty() {
            let Some(block) = held.pop_front() else {
                break;
            };
            if block.slot < from {
                continue;
            }
            let last = block.slot > to;
            if out.blocking_send(Said::Block(block)).is_err() || last {
                return Ok(());
            }
        }
        if past {
            return Ok(());
        }
    }
}

async fn fetch(
    rpc: &Pool,
    from: u64,
    to: u64,
    out: &mpsc::Sender<Said>,
) -> Result<(), VerifyError> {
    let commitment = Commitment::Confirmed;
    let mut start = from;
    // The range, then what lies right beyond it.
    while start <= to.saturating_add(BEYOND) {
        let end = if start <= to {
            to.min(start.saturating_add(MOST_SLOTS - 1))
        } else {
            to.saturating_add(BEYOND)
        };
        let mut slots = insist(|| rpc.slots(start, end, commitment)).await?;
        if start > to {
            slots.truncate(1);
        }
        // Each on a thread of its own: reading a block's JSON takes longer than asking for it.
        let mut blocks = stream::iter(slots)
            .map(|slot| {
                let rpc = rpc.clone();
                let asked = async move { insist(|| rpc.block(slot, commitment)).await };
                let asked = AbortOnDropHandle::new(tokio::spawn(asked));
                async move { (slot, asked.await) }
            })
            .buffered(rpc.parallel());
        while let Some((slot, fetched)) = blocks.next().await {
            let said = match fetched?? {
                Fetched::Block(block) => Said::Block(block),
                Fetched::Skipped => Said::Note(format!(
                    "slot {slot}: the endpoint lists a block, then calls the slot skipped"
                )),
                Fetched::NotAvailable(why) => Said::Note(format!(
                    "slot {slot}: the endpoint does not hold its block ({why})"
                )),
                Fetched::MetaMissing(why) => Said::Note(why),
            };
            if out.send(said).await.is_err() {
                return Ok(());
            }
        }
        start = end.saturating_add(1);
    }
    Ok(())
}

/// Asks until there is an answer, or asking is in vain.
async fn insist<T, F: Future<Output = Result<T, RpcError>>>(
    ask: impl Fn() -> F,
) -> Result<T, RpcError> {
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
    let mut attempts = 1;
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if !error.retryable || attempts >= ATTEMPTS => return Err(error),
            Err(error) => error,
        };
        attempts += 1;
        let pause = error.retry_after.unwrap_or_else(|| backoff.next());
        tracing::warn!(%error, ?pause, "asking again");
        tokio::time::sleep(pause).await;
    }
}
