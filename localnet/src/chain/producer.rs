//! Block production: one thread, one block per slot, stored before anyone sees it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    Shared, block,
    commitment::Tip,
    driver::{Driver, Outcome, SlotView},
    reader::Reader,
    store::{Commit, Header},
};
use crate::error::{LocalnetError, Result};
use solana_sdk::{
    hash::Hash,
    signature::Signature,
    transaction::{TransactionError, VersionedTransaction},
};

/// Transactions in one block at most.
const BLOCK_LIMIT: usize = 4_000;

pub(super) struct Producer {
    pub(super) shared: Arc<Shared>,
    pub(super) driver: Box<dyn Driver>,
    pub(super) slot_time: Duration,
}

impl Producer {
    /// Produces blocks until the other end of `stop` is dropped, or the store fails.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut due = Instant::now();
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            match stop.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Err(error) = self.produce() {
                tracing::error!(%error, "localnet stops producing blocks: nothing after this point could be stored");
                self.shared.failed.send_replace(Some(error.to_string()));
                return;
            }
            due += self.slot_time;
            // A machine that slept continues at the usual pace instead of catching up in a burst.
            due = due.max(Instant::now());
        }
    }

    fn produce(&mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut bank = shared.bank();
        let store = shared.store.reader()?;
        let parent_slot = store.tip().0;
        let slot = parent_slot + 1;
        let (parent_blockhash, parent_time, height) = match store.header(parent_slot)? {
            Some(parent) => (parent.blockhash, parent.time, parent.height + 1),
            None => (shared.genesis.hash, shared.genesis.created, 1),
        };
        // The clock of the machine may step back, the chain's never does.
        let time = unix_seconds().max(parent_time);
        let recent = shared.recent_blockhashes();
        bank.begin(slot, time, &recent)?;

        let mut transactions = shared.queue().take(BLOCK_LIMIT);
        let foreign = transactions.len();
        let blockhash = Hash::new_from_array(parent_blockhash);
        let mut view = SlotView {
            slot,
            time,
            blockhash,
            bank: &mut bank,
            store: &store,
        };
        transactions.extend(self.driver.plan(&mut view));

        let mut seen = HashSet::with_capacity(transactions.len());
        let mut included = Vec::with_capacity(transactions.len());
        let mut results = Vec::with_capacity(transactions.len());
        for transaction in &transactions {
            let signature = transaction.signatures.first().copied().unwrap_or_default();
            let outcome = match self.check(transaction, &signature, &store, &mut seen)? {
                Some(refused) => Outcome::Refused(refused),
                None => match bank.execute(transaction, &store)? {
                    Ok(executed) => {
                        let err = executed.run.err.clone();
                        let index = included.len() as u64;
                        included.push(block::transaction_info(transaction, executed, index));
                        Outcome::Executed(err)
                    }
                    Err(refused) => Outcome::Refused(refused),
                },
            };
            results.push((signature, outcome));
        }
        self.driver
            .settle(results.get(foreign..).unwrap_or_default());

        let header = Header {
            parent_slot,
            blockhash: block::blockhash(&parent_blockhash, slot, time, &included),
            parent_blockhash,
            time,
            height,
            transactions: u32::try_from(included.len()).unwrap_or(u32::MAX),
        };
        let changes = bank.changes();
        let accounts = block::accounts(slot, &changes, &included);
        let block = block::assemble(slot, &header, included, accounts);
        let driver = self.driver.save();
        shared.store.commit(&Commit {
            slot,
            header: &header,
            block: &block,
            changes: &changes,
            driver: &driver,
        })?;
        bank.end()?;
        drop(bank);
        shared.remember(slot, header.blockhash, block);
        shared.tip.send_replace(Tip(slot));
        Ok(())
    }

    /// What a validator checks before it executes a transaction; `Some` = it may not enter the block.
    fn check(
        &self,
        transaction: &VersionedTransaction,
        signature: &Signature,
        store: &Reader,
        seen: &mut HashSet<Signature>,
    ) -> Result<Option<TransactionError>> {
        let blockhash = transaction.message.recent_blockhash().to_bytes();
        if !self.shared.is_recent(&blockhash) {
            return Ok(Some(TransactionError::BlockhashNotFound));
        }
        if !seen.insert(*signature) || store.position(signature.as_array())?.is_some() {
            return Ok(Some(TransactionError::AlreadyProcessed));
        }
        Ok(None)
    }
}

/// Seconds since the epoch by the machine's clock.
pub(super) fn unix_seconds() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// Starts the producer's thread.
pub(super) fn spawn(producer: Producer, stop: Receiver<()>) -> Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name("localnet-blocks".to_owned())
        .spawn(move || producer.run(&stop))
        .map_err(LocalnetError::Thread)
}
