//! One subscription: what a client is sent for each slot, and in which order.
//!
//! Every level follows from the tip alone, so a subscription is a cursor over slots: for each new slot it
//! sends what that slot's production tells at each level, in the order of the real plugin.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};
use yellowstone_grpc_proto::prelude::{
    SlotStatus, SubscribeRequest, SubscribeUpdate, SubscribeUpdateAccount, SubscribeUpdateBlock,
    SubscribeUpdateBlockMeta, SubscribeUpdatePing, SubscribeUpdatePong, SubscribeUpdateSlot,
    SubscribeUpdateTransaction, SubscribeUpdateTransactionInfo, SubscribeUpdateTransactionStatus,
    subscribe_update::UpdateOneof,
};

use super::{
    filter::Filters,
    outbox::{Outbox, SendError},
};
use crate::chain::{CONFIRM_LAG, Chain, Commitment, FINALIZE_LAG, Tip};

/// Time between pings.
const PING_EVERY: Duration = Duration::from_secs(10);

/// How a subscription ends: with a status, or in order.
type End = Option<Status>;

pub(super) struct Follower {
    pub(super) chain: Chain,
    pub(super) outbox: Outbox,
    pub(super) replay_slots: u64,
    pub(super) accounts: bool,
    pub(super) shutdown: CancellationToken,
}

impl Follower {
    /// Serves the client until it leaves, lags, errs, or the server stops.
    pub(super) async fn run(self, requests: Streaming<SubscribeRequest>) {
        let mut tip = self.chain.watch();
        let end = self.follow(requests, &mut tip).await;
        self.outbox.end(end.err().flatten());
    }

    async fn follow(
        &self,
        mut requests: Streaming<SubscribeRequest>,
        tip: &mut watch::Receiver<Tip>,
    ) -> Result<(), End> {
        let mut filters = Filters::none();
        let mut sent = tip.borrow_and_update().0;
        let mut reading = true;
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return Err(shutting_down()),
                () = self.outbox.closed() => return Ok(()),
                request = requests.message(), if reading => match request {
                    Ok(Some(request)) => self.request(request, &mut filters, &mut sent).await?,
                    // A half-closed client goes on receiving.
                    Ok(None) => reading = false,
                    // An unreadable request (too large, a broken frame) ends the stream without a word.
                    Err(_) => return Ok(()),
                },
                _ = pings.tick() => self.send(Vec::new(), UpdateOneof::Ping(SubscribeUpdatePing {}))?,
                changed = tip.changed() => {
                    if changed.is_err() {
                        return Err(shutting_down());
                    }
                    let newest = tip.borrow_and_update().0;
                    self.live(&filters, &mut sent, newest).await?;
                }
            }
        }
    }

    /// Takes a request: an answer to a ping, or new filters (with a replay, if it asks for one).
    async fn request(
        &self,
        mut request: SubscribeRequest,
        filters: &mut Filters,
        sent: &mut u64,
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
            Some(from) => self.replay(filters, from, sent).await,
            None => Ok(()),
        }
    }

    /// Sends the stored slots from `from` on, as far as they have reached the asked level.
    async fn replay(&self, filters: &Filters, from: u64, sent: &mut u64) -> Result<(), End> {
        if self.replay_slots == 0 {
            return Err(Some(Status::internal("from_slot is not supported")));
        }
        let tip = self.chain.tip();
        if from > tip.0 {
            return Err(Some(Status::internal("failed to get replay response")));
        }
        let first = super::first_available(tip, self.replay_slots);
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
            let reached = tip.level_of(slot).unwrap_or(Commitment::Processed);
            if reached >= filters.level() {
                self.content(filters, slot).await?;
            }
            self.status(filters, slot, SlotStatus::SlotProcessed)?;
            if reached >= Commitment::Confirmed {
                self.status(filters, slot, SlotStatus::SlotConfirmed)?;
            }
            if reached >= Commitment::Finalized {
                self.status(filters, slot, SlotStatus::SlotFinalized)?;
            }
        }
        *sent = tip.0;
        Ok(())
    }

    /// Sends what the production of each slot after `sent` tells.
    async fn live(&self, filters: &Filters, sent: &mut u64, newest: u64) -> Result<(), End> {
        let level = filters.level();
        while *sent < newest {
            let slot = *sent + 1;
            if let Some(confirmed) = slot.checked_sub(CONFIRM_LAG).filter(|s| *s > 0) {
                if level == Commitment::Confirmed {
                    self.content(filters, confirmed).await?;
                }
                self.status(filters, confirmed, SlotStatus::SlotConfirmed)?;
            }
            self.status(filters, slot, SlotStatus::SlotCreatedBank)?;
            if level == Commitment::Processed {
                self.content(filters, slot).await?;
            }
            self.status(filters, slot, SlotStatus::SlotProcessed)?;
            if let Some(finalized) = slot.checked_sub(FINALIZE_LAG).filter(|s| *s > 0) {
                if level == Commitment::Finalized {
                    self.content(filters, finalized).await?;
                }
                self.status(filters, finalized, SlotStatus::SlotFinalized)?;
            }
            self.status(filters, slot, SlotStatus::SlotCompleted)?;
            *sent = slot;
        }
        Ok(())
    }

    /// Accounts, transactions, block, meta.
    async fn content(&self, filters: &Filters, slot: u64) -> Result<(), End> {
        if !filters.wants_content() {
            return Ok(());
        }
        let block = self.block(slot).await?;
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
        for info in arrival_order(&block) {
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
        for filter in filters.blocks() {
            self.send(
                vec![filter.name.clone()],
                UpdateOneof::Block(filter.apply(&block)),
            )?;
        }
        let metas = filters.metas();
        if !metas.is_empty() {
            self.send(metas, UpdateOneof::BlockMeta(meta(&block)))?;
        }
        Ok(())
    }

    fn status(&self, filters: &Filters, slot: u64, status: SlotStatus) -> Result<(), End> {
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
            parent: of_bank.then(|| slot.saturating_sub(1)),
            status: status.into(),
            dead_error: None,
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

    async fn block(&self, slot: u64) -> Result<Arc<SubscribeUpdateBlock>, End> {
        let chain = self.chain.clone();
        let failed =
            |reason: String| Some(Status::internal(format!("block of slot {slot}: {reason}")));
        match tokio::task::spawn_blocking(move || chain.block(slot)).await {
            Ok(Ok(Some(block))) => Ok(block),
            Ok(Ok(None)) => Err(failed("not stored".to_owned())),
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
) -> impl Iterator<Item = &SubscribeUpdateTransactionInfo> {
    block
        .transactions
        .chunks(2)
        .flat_map(|pair| pair.iter().rev())
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
        entries_count: block.entries_count,
        bank_id: block.bank_id,
    }
}
