//! What the stream left out, from RPC: holes in the chain, and rivals for one slot (I-29).
//!
//! Everything that is fetched goes through the same queue into the same slot machine as the stream, in any order: the
//! machine publishes by parent links. A hole is filled from its low end on until the stream attaches; what no endpoint
//! holds stays a gap, told with its reason, recorded in `gaps` and asked for again, ever more rarely.

mod anchor;
mod doubt;
mod hole;
mod operator;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hypernode_decoder::chain::{Block, Pubkey};
use hypernode_warehouse::gaps::{self, GapState};
use hypernode_warehouse::{Client, fail};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::status::StatusHandle;
use crate::geyser::Event;
use crate::rpc::{Commitment, Pool};
use crate::slots::{Gap, Input, SlotStatus};

pub(super) use anchor::anchor;

/// Fetched blocks that may wait for the slot machine.
const WAITING: usize = 64;
/// Doubtful slots that are remembered.
const MOST_DOUBTS: usize = 64;

/// How far a hole is filled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FillStatus {
    /// First slot of the hole.
    pub from: u64,
    /// Last slot of it.
    pub to: u64,
    /// Slots of it that are done.
    pub done: u64,
    /// Slots per second.
    pub per_second: f64,
    /// Why nobody delivers the next slot, if so.
    pub stuck: Option<String>,
}

impl FillStatus {
    /// Time until the hole is filled, at the pace so far.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let left = (self.to + 1).saturating_sub(self.from + self.done);
        (self.per_second > 0.0 && self.stuck.is_none())
            .then(|| Duration::from_secs_f64((left as f64 / self.per_second).min(1e9)))
    }
}

/// What the slot machine waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// The hole that stops it.
    pub(super) hole: Option<Gap>,
    /// Slots that several blocks claim, and how often that was told.
    pub(super) doubts: BTreeMap<u64, u32>,
    /// Slots before the first stored one that the source no longer held.
    pub(super) lost: Option<(u64, u64)>,
}

impl Wants {
    pub(super) fn doubt(&mut self, slot: u64) {
        *self.doubts.entry(slot).or_default() += 1;
        if self.doubts.len() > MOST_DOUBTS {
            self.doubts.pop_first();
        }
    }
}

/// What filling needs.
#[derive(Clone)]
pub(super) struct Fill {
    pub(super) pool: Option<Pool>,
    pub(super) client: Client,
    pub(super) status: StatusHandle,
    pub(super) events: mpsc::Sender<Event>,
    /// Last published slot.
    pub(super) published: watch::Receiver<Option<u64>>,
    pub(super) wants: watch::Receiver<Wants>,
    /// Asks the stream to begin anew, from what is published: its server may hold what RPC does not.
    pub(super) resync: watch::Sender<u64>,
    /// Transactions that name none of these are left out, as the stream leaves them out.
    pub(super) programs: Arc<[Pubkey]>,
    room: Arc<Semaphore>,
}

impl Fill {
    #[allow(clippy::too_many_arguments, reason = "the ends of all its channels")]
    pub(super) fn new(
        pool: Option<Pool>,
        client: Client,
        status: StatusHandle,
        events: mpsc::Sender<Event>,
        published: watch::Receiver<Option<u64>>,
        wants: watch::Receiver<Wants>,
        resync: watch::Sender<u64>,
        programs: &[Pubkey],
    ) -> Self {
        Self {
            pool: pool.map(|pool| pool.only(programs.iter().copied())),
            client,
            status,
            events,
            published,
            wants,
            resync,
            programs: programs.into(),
            room: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Fills until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let doubts = async {
            match &self.pool {
                Some(pool) => doubt::settle(&self, pool, self.wants.clone()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = hole::fill(&self, self.wants.clone()) => {}
            () = doubts => {}
            () = operator::answer(&self) => {}
        }
    }

    /// Hands a block over. `Err`: nobody takes it any more.
    async fn deliver(&self, mut block: Block, level: Commitment) -> Result<(), ()> {
        let wanted = |keys: &[Pubkey]| keys.iter().any(|key| self.programs.contains(key));
        // One whose content could not be read names nothing; the decoder decides.
        block
            .transactions
            .retain(|one| one.keys.is_empty() || wanted(&one.keys));
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(drop)?;
        let event = Event::Inputs(inputs(block, level), Some(room));
        self.events.send(event).await.map_err(drop)
    }

    async fn record(&self, range: (u64, u64), state: GapState, reason: &str) {
        let source = if self.pool.is_some() { "rpc" } else { "geyser" };
        match gaps::record(&self.client, range, state, reason, source).await {
            Ok(()) => fail::point("gap.recorded"),
            Err(error) => {
                let (from, to) = range;
                tracing::warn!(%error, from, to, "the gap could not be recorded");
            }
        }
    }
}

/// What a block of an endpoint says: a final one decides between rivals.
fn inputs(block: Block, level: Commitment) -> Vec<Input> {
    let (slot, parent) = (block.slot, Some(block.parent_slot));
    let blockhash = block.blockhash;
    let block = Input::Block(Box::new(block));
    let says = |status| Input::Status {
        slot,
        parent,
        status,
    };
    match level {
        Commitment::Confirmed => vec![block, says(SlotStatus::Confirmed)],
        Commitment::Finalized => vec![
            Input::Verdict { slot, blockhash },
            block,
            says(SlotStatus::Finalized),
        ],
    }
}
