//! The chain: blocks produced at a steady pace, executed by the SVM, stored before they are shown.
//!
//! [`Chain`] is the handle that the servers share: it takes transactions, reads blocks and accounts at
//! any commitment, and tells of every new slot. What is stored is one chain. Forks, dead and skipped slots show
//! only where [`Chaos`] is asked for: as happenings beside the chain, which no commitment that is told keeps for long.
//! A restart continues behind the last stored block.

mod account;
mod bank;
mod beside;
mod block;
mod cache;
mod chaos;
mod commitment;
mod driver;
mod journal;
mod producer;
mod queue;
mod reader;
mod store;
mod tokens;

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use solana_sdk::{
    account::Account,
    hash::hashv,
    pubkey::Pubkey,
    transaction::{TransactionError, VersionedTransaction},
};
use tokio::sync::watch;
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

pub use block::keys_of;
pub use chaos::Chaos;
pub use commitment::{CONFIRM_LAG, Commitment, FINALIZE_LAG, Tip};
pub use driver::{Driver, Outcome, Silent, SlotView};
pub use journal::{Happening, Start, TooLate, What};
pub use queue::QueueFull;
pub use reader::{Position, Reader};
pub use store::{Genesis, Header};

use crate::{
    error::{LocalnetError, Result},
    svm::Simulated,
};
use bank::Bank;
use cache::BlockCache;
use journal::Journal;
use queue::Queue;
use store::Store;

/// Blocks for which a blockhash stays valid.
pub const BLOCKHASH_LIFE: usize = 150;

/// Makes a chain's driver.
pub type DriverMaker = Box<dyn FnOnce(u64, &[u8]) -> Box<dyn Driver> + Send>;

/// How a chain is opened.
pub struct ChainOptions {
    /// Directory of the chain's file.
    pub dir: PathBuf,
    /// Whether to start another chain in place of the one there.
    pub fresh: bool,
    /// Time between blocks.
    pub slot_time: Duration,
    /// Seconds of block time that pass in one; 1 = the machine's clock.
    pub clock: u32,
    /// Seed of a chain that is started now; an existing chain keeps its own.
    pub seed: u64,
    /// Accounts that a new chain starts with.
    pub genesis_accounts: fn(seed: u64) -> Vec<(Pubkey, Account)>,
    /// Makes the driver of the chain from its seed and its saved state (empty for a new chain).
    pub driver: DriverMaker,
    /// What goes wrong; `None`: nothing.
    pub chaos: Option<Chaos>,
    /// The slot after which no more follow.
    pub last_slot: Option<u64>,
}

impl std::fmt::Debug for ChainOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainOptions")
            .field("dir", &self.dir)
            .field("fresh", &self.fresh)
            .finish_non_exhaustive()
    }
}

/// State behind every handle.
#[derive(Debug)]
struct Shared {
    store: Store,
    genesis: Genesis,
    bank: Mutex<Bank>,
    queue: Mutex<Queue>,
    cache: Mutex<BlockCache>,
    journal: Mutex<Journal>,
    /// Newest first.
    recent: RwLock<VecDeque<(u64, [u8; 32])>>,
    tip: watch::Sender<Tip>,
    /// Number of the next happening.
    told: watch::Sender<u64>,
    failed: watch::Sender<Option<String>>,
}

/// A handle to the running chain; cheap to clone.
#[derive(Debug, Clone)]
pub struct Chain {
    shared: Arc<Shared>,
}

/// The thread that produces blocks. Dropping it stops production after the block in work.
#[derive(Debug)]
pub struct Production {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Production {
    /// Takes the thread out, to be dropped (and waited for) elsewhere.
    pub fn take(&mut self) -> Self {
        Self {
            stop: self.stop.take(),
            thread: self.thread.take(),
        }
    }
}

impl Drop for Production {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the block producer panicked");
        }
    }
}

impl Chain {
    /// Opens a chain, or starts one, and begins to produce blocks.
    ///
    /// # Errors
    /// When the directory is unusable, locked, damaged or of a newer version, or the SVM does not start.
    pub fn open(options: ChainOptions) -> Result<(Self, Production)> {
        if options.fresh {
            // A chain in use must not lose its file; one that is damaged or too new may go.
            if let Err(locked @ LocalnetError::Locked { .. }) = Store::open(&options.dir) {
                return Err(locked);
            }
            std::fs::remove_dir_all(&options.dir).map_err(|source| LocalnetError::Io {
                path: options.dir.clone(),
                source,
            })?;
        }
        let store = Store::open(&options.dir)?;
        let genesis = match store.genesis()? {
            Some(genesis) => genesis,
            None => {
                let genesis = new_genesis(options.seed);
                store.create(&genesis, &(options.genesis_accounts)(genesis.seed), &[])?;
                genesis
            }
        };
        let reader = store.reader()?;
        let tip = reader.tip();
        let mut recent = VecDeque::new();
        for slot in reader.newest(tip.0, BLOCKHASH_LIFE)? {
            if let Some(header) = reader.header(slot)? {
                recent.push_back((slot, header.blockhash));
            }
        }
        if recent.len() < BLOCKHASH_LIFE {
            recent.push_back((0, genesis.hash));
        }
        let driver = (options.driver)(genesis.seed, &reader.driver()?);
        let forgetful = options.chaos.as_ref().is_some_and(|c| c.forgetful);
        let state = producer::State::new(&reader, forgetful)?;
        drop(reader);
        let shared = Arc::new(Shared {
            store,
            genesis,
            bank: Mutex::new(Bank::new()?),
            queue: Mutex::default(),
            cache: Mutex::default(),
            journal: Mutex::new(Journal::new(tip)),
            recent: RwLock::new(recent),
            tip: watch::Sender::new(tip),
            told: watch::Sender::new(0),
            failed: watch::Sender::new(None),
        });
        let (stop, stopped) = mpsc::channel();
        let producer = producer::Producer {
            shared: Arc::clone(&shared),
            driver,
            slot_time: options.slot_time,
            clock: options.clock,
            chaos: options.chaos,
            last_slot: options.last_slot,
            state,
        };
        let thread = producer::spawn(producer, stopped)?;
        Ok((
            Self { shared },
            Production {
                stop: Some(stop),
                thread: Some(thread),
            },
        ))
    }

    /// The chain's identity.
    pub fn genesis(&self) -> &Genesis {
        &self.shared.genesis
    }

    /// The newest stored slot.
    pub fn tip(&self) -> Tip {
        *self.shared.tip.borrow()
    }

    /// Tells of every new slot.
    pub fn watch(&self) -> watch::Receiver<Tip> {
        self.shared.tip.subscribe()
    }

    /// Tells of every happening: the number of the next one.
    pub fn told(&self) -> watch::Receiver<u64> {
        self.shared.told.subscribe()
    }

    /// Where a follower that starts now takes up the happenings.
    pub fn start(&self) -> Start {
        self.shared.journal().start()
    }

    /// Up to `limit` happenings from this number on.
    ///
    /// # Errors
    /// When the oldest of them is no longer kept.
    pub fn happenings(&self, next: u64, limit: usize) -> Result<Vec<Happening>, TooLate> {
        self.shared.journal().after(next, limit)
    }

    /// The block that was shown for a slot, be it of the chain or beside it.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub fn shown(&self, slot: u64) -> Result<Option<Arc<SubscribeUpdateBlock>>> {
        let beside = self.shared.journal().beside(slot);
        match beside {
            Some(block) => Ok(Some(block)),
            None => self.block(slot),
        }
    }

    /// The newest slot with a block at a level, as this network tells it at the moment.
    ///
    /// # Errors
    /// When the store fails.
    pub fn newest(&self, reader: &Reader, level: Commitment) -> Result<u64> {
        match self.doomed(level) {
            Some(block) => Ok(block.slot),
            None => reader.at(level),
        }
    }

    /// The block that this level holds now and will not hold for long.
    pub fn doomed(&self, level: Commitment) -> Option<Arc<SubscribeUpdateBlock>> {
        let doomed = self.shared.journal().doomed();
        doomed.filter(|_| level == Commitment::Confirmed)
    }

    /// Why production stopped by itself, if it did.
    pub fn failure(&self) -> Option<String> {
        self.shared.failed.borrow().clone()
    }

    /// A consistent view of the stored chain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn reader(&self) -> Result<Reader> {
        self.shared.store.reader()
    }

    /// A block; `None` for a slot without one. Reads the disk unless the block is recent.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub fn block(&self, slot: u64) -> Result<Option<Arc<SubscribeUpdateBlock>>> {
        if let Some(block) = self.shared.cache().get(slot) {
            return Ok(Some(block));
        }
        Ok(self.reader()?.block(slot)?.map(Arc::new))
    }

    /// An account at a commitment level, the runtime's own included.
    ///
    /// # Errors
    /// When the store fails.
    pub fn account(
        &self,
        reader: &Reader,
        address: &Pubkey,
        level: Commitment,
    ) -> Result<Option<Account>> {
        match reader.account(address, level)? {
            Some(account) => Ok(Some(account)),
            None => Ok(self.shared.bank().runtime_account(address)),
        }
    }

    /// Queues a signed transaction for the next block.
    ///
    /// # Errors
    /// When too many are waiting.
    pub fn submit(&self, transaction: VersionedTransaction) -> Result<(), QueueFull> {
        self.shared.queue().push(transaction)
    }

    /// What a transaction would do after the newest block. Signatures are not verified; the blockhash
    /// and the signature's novelty are checked when `strict`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn simulate(&self, transaction: &VersionedTransaction, strict: bool) -> Result<Simulated> {
        let refuse = |err| Simulated {
            err: Some(err),
            logs: Vec::new(),
            compute_units: 0,
            return_data: None,
            accounts: Vec::new(),
        };
        let mut bank = self.shared.bank();
        let reader = self.reader()?;
        if strict {
            if !self.is_recent(&transaction.message.recent_blockhash().to_bytes()) {
                return Ok(refuse(TransactionError::BlockhashNotFound));
            }
            if let Some(signature) = transaction.signatures.first()
                && reader.position(signature.as_array())?.is_some()
            {
                return Ok(refuse(TransactionError::AlreadyProcessed));
            }
        }
        bank.simulate(transaction, &reader)
    }

    /// Whether a transaction may still use this blockhash.
    pub fn is_recent(&self, blockhash: &[u8; 32]) -> bool {
        self.shared.is_recent(blockhash)
    }
}

impl Shared {
    // A panic while a lock is held ends production (its thread is gone); readers may go on reading.
    fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, BlockCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_recent(&self, blockhash: &[u8; 32]) -> bool {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent.iter().any(|(_, hash)| hash == blockhash)
    }

    fn recent_blockhashes(&self) -> Vec<(u64, [u8; 32])> {
        self.recent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect()
    }

    fn remember(&self, slot: u64, blockhash: [u8; 32], block: SubscribeUpdateBlock) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.push_front((slot, blockhash));
        recent.truncate(BLOCKHASH_LIFE);
        drop(recent);
        self.cache().insert(slot, block);
    }
}

fn new_genesis(seed: u64) -> Genesis {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    // The moment and the process keep two chains of one seed apart: a fresh chain is another network.
    let parts: [&[u8]; 4] = [
        b"hypernode-localnet genesis",
        &seed.to_le_bytes(),
        &now.as_nanos().to_le_bytes(),
        &std::process::id().to_le_bytes(),
    ];
    Genesis {
        format: store::FORMAT,
        hash: hashv(&parts).to_bytes(),
        seed,
        created: producer::unix_seconds(),
    }
}
