//! Accounts of the configured programs, kept beside the slots: what the stream sends after each change, and snapshots
//! of them all.
//!
//! Nothing here may hold slots back. Updates go through a queue of bounded size into a lane of their own; where it is
//! full they are dropped and counted as a gap. Account updates prove nothing of what came before them, so after every
//! start, gap and reconnect all accounts are read by RPC at a stated slot, and the slots since the last one that was
//! observed are recorded in `account_coverage`, where each slot is stated once (`cover`). What an owner filter cannot show (a closed account belongs to the system
//! program) follows from comparing what is known with what is there.

mod closing;
mod cover;
mod coverage;
mod lane;
mod queue;
mod recorded;
mod rpc;
mod seen;
mod snapshot;
mod store;

use std::sync::Arc;
use std::time::Duration;

use hypernode_decoder::accounts::AccountDecoder;

pub(crate) use lane::run;
pub(crate) use queue::{AccountSender, channel};
pub(crate) use recorded::Collector;
pub use rpc::RpcError;
pub(crate) use seen::Seen;
pub(crate) use store::insert;

/// What to keep of accounts, and where to read them all.
#[derive(Clone)]
pub struct AccountOptions {
    /// Decodes them; its owners are subscribed to.
    pub decoder: Arc<AccountDecoder>,
    /// JSON-RPC endpoint of the same network; without one no snapshot is taken. Never printed: it may hold a key.
    pub rpc: Option<String>,
    /// Time between snapshots while the stream is whole.
    pub snapshot_every: Duration,
    /// Bytes of updates that may wait to be stored before the next ones are dropped.
    pub queue_bytes: usize,
    /// Whether this run follows right upon one of the same process, whose IDLs have changed: what that one observed then
    /// goes on, as far as the source replays what lies between.
    pub after_idl_change: bool,
}

impl AccountOptions {
    /// A snapshot each hour, a queue of 32 MiB.
    #[must_use]
    pub fn new(decoder: Arc<AccountDecoder>, rpc: Option<String>) -> Self {
        Self {
            decoder,
            rpc,
            snapshot_every: Duration::from_secs(3_600),
            queue_bytes: 32 << 20,
            after_idl_change: false,
        }
    }
}

impl std::fmt::Debug for AccountOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountOptions")
            .field("rpc", &self.rpc.as_ref().map(|_| "(set)"))
            .field("snapshot_every", &self.snapshot_every)
            .finish_non_exhaustive()
    }
}

/// What is known of accounts, for status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountStatus {
    /// Observations stored by this run.
    pub seen: u64,
    /// Of these, found to be closed.
    pub closed: u64,
    /// Updates dropped because storing could not keep up.
    pub dropped: u64,
    /// Slot of the last snapshot; 0 before the first.
    pub snapshot_slot: u64,
    /// Accounts in it.
    pub snapshot_accounts: u64,
    /// What is wrong at the moment.
    pub message: Option<String>,
}
