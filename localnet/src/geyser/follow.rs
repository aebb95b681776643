//! One subscription: what a client is sent for each slot, and in which order.
//!
//! A subscription is a cursor over the chain's happenings: each is sent as the real plugin would, content at the level that
//! the client asked for.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{Stream, StreamExt as _};
use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use yellowstone_grpc_proto::prelude::{
    SlotStatus, SubscribeRequest, SubscribeUpdate, SubscribeUpdateAccount, SubscribeUpdateBlock,
    SubscribeUpdateBlockMeta, SubscribeUpdatePing, SubscribeUpdatePong, SubscribeUpdateSlot,
    SubscribeUpdateTransaction, SubscribeUpdateTransactionInfo, SubscribeUpdateTransactionStatus,
    subscribe_update::UpdateOneof,
};

use super::Replay;
use super::{
    entries,
    filter::Filters,
    outbox::{Outbox, SendError},
};
use crate::chain::{Chain, Chaos, Commitment, Happening, What};

/// Time between pings.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Happenings that are taken at once.
const STEP: usize = 256;

/// A way to a block.
type ReadBlock = fn(&Chain, u64) -> crate::error::Result<Option<Arc<SubscribeUpdateBlock>>>;

/// How a subscription ends: with a status, or in order.
type End = Option<Status>;

pub(super) struct Follower {
    pub(super) chain: Chain,
    pub(super) outbox: Outbox,
    pub(super) replay: Replay,
    pub(super) chaos: Option<Chaos>,
    pub(super) accounts: bool,
    pub(super) shutdown: CancellationToken,
}

impl Follower {
    /// Serves the client until it leaves, lags, errs, or the server stops.
    pub(super) async fn run(
        self,
        requests: impl Stream<Item = Result<SubscribeRequest, Status>> + Send + Unpin,
    ) {
        let mut told = self.chain.told();
        let end = self.follow(requests, &mut told).await;
        self.outbox.end(end.err().flatten());
    }

    async fn follow(
        &self,
        mut requests: impl Stream<Item = Result<SubscribeRequest, Status>> + Send + Unpin,
        told: &mut watch::Receiver<u64>,
    ) -> Result<(), End> {
        let mut filters = Filters::none();
        told.mark_unchanged();
        let mut next = self.chain.start().next;
        let mut reading = true;
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return Err(shutting_down()),
                () = self.outbox.closed() => return Ok(()),
                request = requests.next(), if reading => match request {
                    Some(Ok(request)) => self.request(request, &mut filters, &mut next).await?,
                    // A half-closed client goes on receiving.
                    None => reading = false,
                    // An unreadable request (too large, a broken frame) ends the stream without a word.
                    Some(Err(_)) => return Ok(()),
                },
                _ = pings.tick() => self.send(Vec::new(), UpdateOneof::Ping(SubscribeUpdatePing {}))?,
                changed = told.changed() => {
                    if changed.is_err() {
                        return Err(shutting_down());
                    }
                    told.mark_unchanged();
                    self.live(&filters, &mut next).await?;
                }
            }
        }
    }

    /// Takes a request: an answer to a ping, or new filters (with a replay, if it asks for one).
    async fn request(
        &self,
        mut request: SubscribeRequest,
        filters: &mut Filters,
        next: &mut u64,
    ) -> Result<(), End> {
        if let Some(ping) = request.ping {
            return self.send(
                Vec::new(),
                UpdateOneof::Pong(SubscribeUpdatePong { id: ping.id }),
            );
        }
        let from_slot = request.from_slot.take();
        *filters = Filters::new(request, self.accounts).map_err(|error| {
            Some(Status::invalid_argument(format!(
                "failed to create filter: {error}"
            )))
        })?;
        match from_slot {
            Some(from) => self.replay(filters, from, next).await,
            None => Ok(()),
        }
    }

    /// Sends the slots from `from` on that have reached the asked level, as far as they are kept.
    async fn replay(&self, filters: &Filters, from: u64, next: &mut u64) -> Result<(), End> {
        if self.replay.slots == 0 {
            return Err(Some(Status::internal("from_slot is not supported")));
        }
        let start = self.chain.start();
        let tip = start.tip;
        let first = self.replay.first(&start);
        let Some(first) = first.filter(|_| from <= tip.0) else {
            return Err(Some(Status::internal("failed to get replay response")));
        };
        if from < first {
            let text = format!("broadcast from {from} is not available, last available: {first}");
            return Err(Some(Status::out_of_range(text)));
        }
        for slot in from..=tip.0 {
            // The client sets the pace of a replay; only the live stream cuts those who lag.
            tokio::select! {
                () = self.outbox.half_empty() => {}
                () = self.shutdown.cancelled() => return Err(shutting_down()),
            }
            // A slot without a block of the chain left nothing to replay.
            let Some(block) = self.read(slot, Chain::block).await? else {
                continue;
            };
            let reached = tip.level_of(slot).unwrap_or(Commitment::Processed);
            let parent = Some(block.parent_slot);
            if reached >= filters.level() && filters.wants_content() {
                self.content(filters, &block, true)?;
            }
            self.status(filters, slot, parent, SlotStatus::SlotProcessed)?;
            if reached >= Commitment::Confirmed {
                self.status(filters, slot, parent, SlotStatus::SlotConfirmed)?;
            }
            if reached >= Commitment::Finalized {
                self.status(filters, slot, parent, SlotStatus::SlotFinalized)?;
            }
        }
        *next = start.next;
        Ok(())
    }

    /// Sends everything that happened from `next` on.
    async fn live(&self, filters: &Filters, next: &mut u64) -> Result<(), End> {
        loop {
            let happenings = self
                .chain
                .happenings(*next, STEP)
                .map_err(|_| Some(Status::internal("lagged to send an update")))?;
            if happenings.is_empty() {
                return Ok(());
            }
            for happening in happenings {
                self.happening(filters, &happening).await?;
                *next += 1;
            }
        }
    }

    async fn happening(&self, filters: &Filters, happening: &Happening) -> Result<(), End> {
        let (level, status) = match happening.what {
            What::Created => (None, Some(SlotStatus::SlotCreatedBank)),
            What::Executed { .. } => (Some(Commitment::Processed), None),
            What::Processed => (None, Some(SlotStatus::SlotProcessed)),
            What::Completed => (None, Some(SlotStatus::SlotCompleted)),
            What::Confirmed => (Some(Commitment::Confirmed), Some(SlotStatus::SlotConfirmed)),
            What::Finalized => (Some(Commitment::Finalized), Some(SlotStatus::SlotFinalized)),
            What::Dead => (None, Some(SlotStatus::SlotDead)),
        };
        let slot = happening.slot;
        if level == Some(filters.level()) && filters.wants_content() {
            let block = self.read(slot, Chain::shown).await?;
            let block = block.ok_or_else(|| {
                Some(Status::internal(format!(
                    "block of slot {slot}: not stored"
                )))
            })?;
            let sealed = happening.what != (What::Executed { sealed: false });
            self.content(filters, &block, sealed)?;
        }
        match status {
            Some(status) => self.status(filters, slot, happening.parent, status),
            None => Ok(()),
        }
    }

    /// Accounts, transactions, block, meta; of a block that was never sealed only the former two.
    fn content(
        &self,
        filters: &Filters,
        block: &SubscribeUpdateBlock,
        sealed: bool,
    ) -> Result<(), End> {
        let slot = block.slot;
        for account in &block.accounts {
            let names = filters.account(account);
            if !names.is_empty() {
                let update = SubscribeUpdateAccount {
                    account: Some(filters.slices().apply(account)),
                    slot,
                    is_startup: false,
                    bank_id: Some(block.bank_id),
                };
                self.send(names, UpdateOneof::Account(update))?;
            }
        }
        let (run, meta_first) = self.chaos.as_ref().map_or((2, false), |c| c.order(slot));
        let metas = filters.metas();
        if sealed && meta_first && !metas.is_empty() {
            self.send(metas.clone(), UpdateOneof::BlockMeta(meta(block)))?;
        }
        for info in arrival_order(block, run) {
            let (full, status) = filters.transaction(info);
            if !full.is_empty() {
                let update = SubscribeUpdateTransaction {
                    transaction: Some(info.clone()),
                    slot,
                    bank_id: block.bank_id,
                };
                self.send(full, UpdateOneof::Transaction(update))?;
            }
            if !status.is_empty() {
                let update = SubscribeUpdateTransactionStatus {
                    slot,
                    signature: info.signature.clone(),
                    is_vote: info.is_vote,
                    index: info.index,
                    err: info.meta.as_ref().and_then(|meta| meta.err.clone()),
                    bank_id: block.bank_id,
                };
                self.send(status, UpdateOneof::TransactionStatus(update))?;
            }
        }
        if !sealed {
            return Ok(());
        }
        let names = filters.entries();
        if !names.is_empty() {
            for entry in entries::of(block) {
                self.send(names.clone(), UpdateOneof::Entry(entry))?;
            }
        }
        for filter in filters.blocks() {
            self.send(
                vec![filter.name.clone()],
                UpdateOneof::Block(filter.apply(block)),
            )?;
        }
        if !meta_first && !metas.is_empty() {
            self.send(metas, UpdateOneof::BlockMeta(meta(block)))?;
        }
        Ok(())
    }

    fn status(
        &self,
        filters: &Filters,
        slot: u64,
        parent: Option<u64>,
        status: SlotStatus,
    ) -> Result<(), End> {
        let level = match status {
            SlotStatus::SlotProcessed => Some(Commitment::Processed),
            SlotStatus::SlotConfirmed => Some(Commitment::Confirmed),
            SlotStatus::SlotFinalized => Some(Commitment::Finalized),
            _ => None,
        };
        let names = filters.slot(level);
        if names.is_empty() {
            return Ok(());
        }
        // COMPLETED belongs to the shreds, not to a bank: it has neither parent nor bank.
        let of_bank = status != SlotStatus::SlotCompleted;
        let update = SubscribeUpdateSlot {
            slot,
            parent: parent.filter(|_| of_bank),
            status: status.into(),
            dead_error: (status == SlotStatus::SlotDead)
                .then(|| "invalid block error: trailing entry".to_owned()),
            bank_id: of_bank.then_some(slot),
        };
        self.send(names, UpdateOneof::Slot(update))
    }

    fn send(&self, filters: Vec<String>, update: UpdateOneof) -> Result<(), End> {
        let created_at = Some(SystemTime::now().into());
        let update = SubscribeUpdate {
            filters,
            update_oneof: Some(update),
            created_at,
        };
        self.outbox.send(update).map_err(|error| match error {
            SendError::Full => Some(Status::internal("lagged to send an update")),
            SendError::Gone => None,
        })
    }

    /// Reads a block where waiting for the disk holds nobody up.
    async fn read(
        &self,
        slot: u64,
        read: ReadBlock,
    ) -> Result<Option<Arc<SubscribeUpdateBlock>>, End> {
        let chain = self.chain.clone();
        let failed =
            |reason: String| Some(Status::internal(format!("block of slot {slot}: {reason}")));
        match tokio::task::spawn_blocking(move || read(&chain, slot)).await {
            Ok(Ok(block)) => Ok(block),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

fn shutting_down() -> End {
    Some(Status::unavailable("the server is shutting down"))
}

/// Transactions as they leave a validator's parallel execution: not in the order of their index.
fn arrival_order(
    block: &SubscribeUpdateBlock,
    run: usize,
) -> impl Iterator<Item = &SubscribeUpdateTransactionInfo> {
    block
        .transactions
        .chunks(run)
        .flat_map(|part| part.iter().rev())
}

fn meta(block: &SubscribeUpdateBlock) -> SubscribeUpdateBlockMeta {
    SubscribeUpdateBlockMeta {
        slot: block.slot,
        blockhash: block.blockhash.clone(),
        rewards: block.rewards.clone(),
        block_time: block.block_time,
        block_height: block.block_height,
        parent_slot: block.parent_slot,
        parent_blockhash: block.parent_blockhash.clone(),
        executed_transaction_count: block.executed_transaction_count,
        entries_count: entries::count(block),
        bank_id: block.bank_id,
    }
}
