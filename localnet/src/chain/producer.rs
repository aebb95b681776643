//! Block production: one thread, one block per slot, stored before anyone sees it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, MutexGuard,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    Shared,
    bank::Bank,
    beside::{Beside, Doomed},
    block,
    chaos::{Chaos, Fate},
    commitment::{Commitment, FINALIZE_LAG, Tip},
    driver::{Driver, Outcome, SlotView},
    journal::{Happening, What},
    reader::Reader,
    store::{Commit, Header},
};
use crate::error::{LocalnetError, Result};
use solana_sdk::{
    hash::Hash,
    signature::Signature,
    transaction::{TransactionError, VersionedTransaction},
};
use yellowstone_grpc_proto::prelude::SubscribeUpdateTransactionInfo;

/// Transactions in one block at most.
const BLOCK_LIMIT: usize = 4_000;
/// Slots without a block of the chain that may follow one another: a chain must go on.
const BARREN: u64 = 6;
/// Slots that pass before a forgetful network produces again after a start; the ledger is executed again among them.
const STARTUP: u64 = 8;

pub(super) struct Producer {
    pub(super) shared: Arc<Shared>,
    pub(super) driver: Box<dyn Driver>,
    pub(super) slot_time: Duration,
    pub(super) clock: u32,
    pub(super) chaos: Option<Chaos>,
    /// No slot follows this one.
    pub(super) last_slot: Option<u64>,
    pub(super) state: State,
}

/// What production remembers from slot to slot.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The last slot that passed.
    pub(super) slot: u64,
    /// The newest block whose confirmation was told.
    pub(super) confirmed: u64,
    /// The newest block whose finality was told.
    finalized: u64,
    /// Slots that still pass before the first block.
    startup: u64,
    /// Slots without a block of the chain since the last one.
    barren: u64,
    /// Transactions whose block was left again: the next one executes them.
    pub(super) planned: Option<Planned>,
    /// Blocks beside the chain, by the slot that shows them.
    pub(super) beside: BTreeMap<u64, Beside>,
    pub(super) doomed: Option<Doomed>,
}

/// The transactions of a block, those of strangers first.
#[derive(Debug)]
pub(super) struct Planned {
    foreign: usize,
    pub(super) transactions: Vec<VersionedTransaction>,
}

/// What a block is built on.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    pub(super) slot: u64,
    pub(super) blockhash: [u8; 32],
    pub(super) time: i64,
    pub(super) height: u64,
}

/// What became of transactions: those in the block, and each one's outcome.
type Ran = (
    Vec<SubscribeUpdateTransactionInfo>,
    Vec<(Signature, Outcome)>,
);

impl State {
    /// Where production goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn new(store: &Reader, forgetful: bool) -> Result<Self> {
        let tip = store.tip().0;
        let fresh = Self {
            slot: tip,
            ..Self::default()
        };
        if tip == 0 {
            return Ok(fresh);
        }
        if forgetful {
            return Ok(Self {
                // Nobody will tell of these any more.
                confirmed: tip,
                finalized: tip,
                startup: STARTUP,
                ..fresh
            });
        }
        Ok(Self {
            confirmed: store.at(Commitment::Confirmed)?,
            finalized: store.at(Commitment::Finalized)?,
            ..fresh
        })
    }
}

impl Producer {
    /// Produces blocks until the other end of `stop` is dropped, or the store fails.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut due = Instant::now();
        loop {
            if self.last_slot.is_some_and(|last| self.state.slot >= last) {
                // Waits for the other end to go.
                let _ = stop.recv();
                return;
            }
            let wait = due.saturating_duration_since(Instant::now());
            match stop.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Err(error) = self.pass() {
                tracing::error!(%error, "localnet stops producing blocks: nothing after this point could be stored");
                self.shared.failed.send_replace(Some(error.to_string()));
                return;
            }
            due += self.slot_time;
            // A machine that slept continues at the usual pace instead of catching up in a burst.
            due = due.max(Instant::now());
        }
    }

    /// One slot passes.
    fn pass(&mut self) -> Result<()> {
        self.state.slot += 1;
        let slot = self.state.slot;
        if self.state.startup > 0 {
            self.state.startup -= 1;
            if self.state.startup == STARTUP / 2 {
                self.execute_again()?;
            }
            return Ok(());
        }
        self.state.barren += 1;
        if self.state.beside.contains_key(&slot) {
            self.show(slot);
            return Ok(());
        }
        if self.confirm_doomed(slot)? {
            return Ok(());
        }
        match self.fate(slot) {
            Fate::Block => {
                self.state.barren = 0;
                self.produce(slot)
            }
            Fate::Skipped => Ok(()),
            fate => self.branch(slot, fate),
        }
    }

    fn fate(&self, slot: u64) -> Fate {
        let ends = self.last_slot.is_some_and(|last| slot + BARREN + 2 > last);
        let Some(chaos) = self.chaos.as_ref().filter(|_| !ends) else {
            return Fate::Block;
        };
        if self.state.barren >= BARREN || self.state.doomed.is_some() {
            return Fate::Block;
        }
        match chaos.fate(slot) {
            // One branch at a time.
            Fate::Fork { .. } | Fate::ConfirmedDeath { .. } if !self.state.beside.is_empty() => {
                Fate::Block
            }
            // Who is not told of it learns it from finality, which must still come.
            Fate::ConfirmedDeath { .. }
                if self
                    .last_slot
                    .is_some_and(|last| slot + FINALIZE_LAG + BARREN + 2 > last) =>
            {
                Fate::Block
            }
            fate => fate,
        }
    }

    /// A block of the chain.
    fn produce(&mut self, slot: u64) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut bank = shared.bank();
        let store = shared.store.reader()?;
        let parent = self.parent(&store)?;
        let time = self.begin(&mut bank, slot, &parent)?;
        let planned = self.plan(&mut bank, &store, slot, time, &parent);
        let (included, results) = self.execute(&mut bank, &store, &planned.transactions)?;
        self.driver
            .settle(results.get(planned.foreign..).unwrap_or_default());

        let header = header(slot, &parent, time, &included);
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
        let happenings = self.told(slot, &store)?;
        let mut journal = shared.journal();
        if self.state.doomed.take().is_some() {
            journal.doom(None);
        }
        journal.set_tip(Tip(slot));
        let next = journal.push(happenings);
        drop(journal);
        shared.tip.send_replace(Tip(slot));
        shared.told.send_replace(next);
        Ok(())
    }

    /// What a new block of the chain makes known; `before`: the chain without it.
    fn told(&mut self, slot: u64, before: &Reader) -> Result<Vec<Happening>> {
        let parent = before.tip().0;
        let mut told = Vec::new();
        let mut tell = |slot, parent, what| told.push(Happening { slot, parent, what });
        if let Some(doomed) = &self.state.doomed
            && doomed.told
        {
            tell(
                doomed.block.slot,
                Some(doomed.block.parent_slot),
                What::Dead,
            );
        }
        if parent > self.state.confirmed
            && let Some(header) = before.header(parent)?
        {
            tell(parent, Some(header.parent_slot), What::Confirmed);
            self.state.confirmed = parent;
        }
        tell(slot, Some(parent), What::Created);
        if self.chaos.as_ref().is_some_and(|c| c.created_twice(slot)) {
            tell(slot, None, What::Created);
        }
        tell(slot, Some(parent), What::Executed { sealed: true });
        tell(slot, Some(parent), What::Processed);
        let last = Tip(slot).at(Commitment::Finalized);
        for rooted in before.slots(self.state.finalized + 1, last, usize::MAX)? {
            if let Some(header) = before.header(rooted)? {
                tell(rooted, Some(header.parent_slot), What::Finalized);
            }
            self.state.finalized = rooted;
        }
        tell(slot, None, What::Completed);
        Ok(told)
    }

    /// After a start, a validator executes its ledger again: bare transactions, without meta or status.
    fn execute_again(&self) -> Result<()> {
        let store = self.shared.store.reader()?;
        let span = usize::try_from(FINALIZE_LAG).unwrap_or(usize::MAX);
        let slots = store.newest(u64::MAX, span)?;
        let again = slots.into_iter().rev().map(|slot| Happening {
            slot,
            parent: None,
            what: What::Executed { sealed: false },
        });
        let next = self.shared.journal().push(again);
        self.shared.told.send_replace(next);
        Ok(())
    }

    /// The newest block of the chain, or the genesis.
    pub(super) fn parent(&self, store: &Reader) -> Result<Parent> {
        let slot = store.tip().0;
        Ok(match store.header(slot)? {
            Some(parent) => Parent {
                slot,
                blockhash: parent.blockhash,
                time: parent.time,
                height: parent.height,
            },
            None => Parent {
                slot,
                blockhash: self.shared.genesis.hash,
                time: self.shared.genesis.created,
                height: 0,
            },
        })
    }

    /// Block time now: since the chain began it may have passed faster than the machine's.
    fn time(&self) -> i64 {
        let created = self.shared.genesis.created;
        let passed = unix_seconds().saturating_sub(created);
        created.saturating_add(passed.saturating_mul(i64::from(self.clock.max(1))))
    }

    /// Begins a block; gives its time.
    pub(super) fn begin(
        &self,
        bank: &mut MutexGuard<'_, Bank>,
        slot: u64,
        parent: &Parent,
    ) -> Result<i64> {
        // The clock of the machine may step back, the chain's never does.
        let time = self.time().max(parent.time);
        let recent = self.shared.recent_blockhashes();
        bank.begin(slot, time, &recent)?;
        Ok(time)
    }

    /// The transactions of the next block: those of a block that was left, or new ones.
    pub(super) fn plan(
        &mut self,
        bank: &mut Bank,
        store: &Reader,
        slot: u64,
        time: i64,
        parent: &Parent,
    ) -> Planned {
        if let Some(planned) = self.state.planned.take() {
            return planned;
        }
        let mut transactions = self.shared.queue().take(BLOCK_LIMIT);
        let foreign = transactions.len();
        let mut view = SlotView {
            slot,
            time,
            blockhash: Hash::new_from_array(parent.blockhash),
            bank,
            store,
        };
        transactions.extend(self.driver.plan(&mut view));
        Planned {
            foreign,
            transactions,
        }
    }

    /// Executes what may enter a block.
    pub(super) fn execute(
        &self,
        bank: &mut Bank,
        store: &Reader,
        transactions: &[VersionedTransaction],
    ) -> Result<Ran> {
        let mut seen = HashSet::with_capacity(transactions.len());
        let mut included = Vec::with_capacity(transactions.len());
        let mut results = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            let signature = transaction.signatures.first().copied().unwrap_or_default();
            let outcome = match self.check(transaction, &signature, store, &mut seen)? {
                Some(refused) => Outcome::Refused(refused),
                None => match bank.execute(transaction, store)? {
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
        Ok((included, results))
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

/// The header of a block.
pub(super) fn header(
    slot: u64,
    parent: &Parent,
    time: i64,
    included: &[SubscribeUpdateTransactionInfo],
) -> Header {
    Header {
        parent_slot: parent.slot,
        blockhash: block::blockhash(&parent.blockhash, slot, time, included),
        parent_blockhash: parent.blockhash,
        time,
        height: parent.height + 1,
        transactions: u32::try_from(included.len()).unwrap_or(u32::MAX),
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
