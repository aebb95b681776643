//! What the indexer is doing, for whoever asks.

use std::time::SystemTime;

use tokio::sync::watch;

use super::fill::FillStatus;
use super::latency::Latency;
use super::missing::Missing;
use crate::accounts::AccountStatus;
use crate::slots::{Gap, Stats};
use crate::wal::QueueStatus;

/// What keeps the indexer busy, or what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Recovery and first connection.
    #[default]
    Starting,
    /// Rows flow.
    Running,
    /// The source is down and tried again.
    Reconnecting,
    /// ClickHouse does not take rows; they wait.
    WaitingForWarehouse,
    /// What waits has reached its bounds, or cannot be written: nothing more is taken from the source.
    Paused,
    /// Blocks are missing, and RPC delivers them: nothing after them is published yet.
    Filling,
    /// Blocks are missing and nobody has them: nothing after them is published.
    Stalled,
    /// Done.
    Stopped,
}

impl State {
    /// Name in status answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Reconnecting => "reconnecting",
            Self::WaitingForWarehouse => "waiting_for_warehouse",
            Self::Paused => "paused",
            Self::Filling => "filling",
            Self::Stalled => "stalled",
            Self::Stopped => "stopped",
        }
    }
}

/// A picture of the indexer. Slots are 0 where nothing is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndexerStatus {
    /// What it is doing.
    pub state: State,
    /// Last slot whose rows are stored.
    pub as_of_slot: u64,
    /// Last stored slot that is final.
    pub finalized_slot: u64,
    /// Highest slot that the source has named.
    pub seen_slot: u64,
    /// Highest confirmed slot.
    pub confirmed_slot: u64,
    /// Last slot decoded: proven, on its way to storage.
    pub proven_slot: u64,
    /// Blocks that had left and were taken back, because the chain left them.
    pub retracted: u64,
    /// Blocks stored by this run.
    pub blocks: u64,
    /// Rows stored by this run.
    pub rows: u64,
    /// Dead letters of this run.
    pub dead_letters: u64,
    /// Messages and transactions whose content could not be read.
    pub malformed: u64,
    /// Times the source had to be connected again.
    pub reconnects: u64,
    /// The hole that stops the chain.
    pub gap: Option<Gap>,
    /// How far it is filled.
    pub fill: Option<FillStatus>,
    /// What is missing behind the newest stored slot, for good or until somebody asks for it.
    pub missing: Missing,
    /// How far a repair or backfill is that the operator asked for.
    pub rewriting: Option<FillStatus>,
    /// A slot that two blocks claim, or whose block does not fit its parent: the chain stops before it.
    pub contradiction: Option<u64>,
    /// When the next attempt follows, while one is waited for.
    pub retry_at: Option<SystemTime>,
    /// Why the state is what it is.
    pub message: Option<String>,
    /// What the slot machine of this run has counted.
    pub slots: Stats,
    /// How long ClickHouse took for a batch: its inserts, reading them back, the ledger.
    pub storing: Latency,
    /// Attempts to store or take back that failed and were made again.
    pub store_retries: u64,
    /// What waits between source and decoder.
    pub queue: QueueStatus,
    /// What is known of accounts.
    pub accounts: AccountStatus,
    pub(super) source_down: bool,
    pub(super) warehouse_down: bool,
    pub(super) started: bool,
    pub(super) stopped: bool,
}

impl IndexerStatus {
    /// Forgets what concerned an earlier run of the same process; counts go on.
    pub(super) fn restart(&mut self) {
        (self.gap, self.fill, self.rewriting) = (None, None, None);
        self.contradiction = None;
        (self.source_down, self.started, self.stopped) = (false, false, false);
    }

    /// Several things may be wrong at once: the one that a person has to act on is shown.
    fn judge(&mut self) {
        self.state = if self.stopped {
            State::Stopped
        } else if self.warehouse_down {
            State::WaitingForWarehouse
        } else if self.queue.paused {
            State::Paused
        } else if self.contradiction.is_none()
            && self.gap.is_some()
            && self.fill.as_ref().is_some_and(|fill| fill.stuck.is_none())
        {
            State::Filling
        } else if self.gap.is_some() || self.contradiction.is_some() {
            State::Stalled
        } else if self.source_down {
            State::Reconnecting
        } else if self.started {
            State::Running
        } else {
            State::Starting
        };
        if matches!(self.state, State::Running) {
            self.retry_at = None;
            self.message = None;
        }
    }
}

/// The status, shared. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StatusHandle {
    sender: watch::Sender<IndexerStatus>,
}

impl Default for StatusHandle {
    fn default() -> Self {
        Self::new()
    }
}

impl StatusHandle {
    /// A fresh one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sender: watch::Sender::new(IndexerStatus::default()),
        }
    }

    /// The status now.
    #[must_use]
    pub fn get(&self) -> IndexerStatus {
        self.sender.borrow().clone()
    }

    /// Changes as they come.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<IndexerStatus> {
        self.sender.subscribe()
    }

    pub(crate) fn accounts(&self, change: impl FnOnce(&mut AccountStatus)) {
        self.sender
            .send_modify(|status| change(&mut status.accounts));
    }

    #[cfg(test)]
    pub(crate) fn stored_up_to(&self, slot: u64) {
        self.update(|status| status.as_of_slot = slot);
    }

    pub(crate) fn queue(&self, queue: QueueStatus) {
        self.update(|status| status.queue = queue);
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut IndexerStatus)) {
        self.sender.send_modify(|status| {
            change(status);
            status.judge();
        });
    }
}
