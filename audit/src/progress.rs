//! How far an audit has come, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only rise.
#[derive(Debug, Default)]
pub struct Progress {
    signatures: AtomicU64,
    transactions: AtomicU64,
    jobs: AtomicU64,
    requests: AtomicU64,
}

impl Progress {
    /// Signatures listed, those of failed and of later transactions included.
    #[must_use]
    pub fn signatures(&self) -> u64 {
        self.signatures.load(Ordering::Relaxed)
    }

    /// Transactions fetched and decoded.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Jobs whose signatures are listed.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.jobs.load(Ordering::Relaxed)
    }

    /// Requests sent to the RPC endpoint.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Adds signatures; tells how many there are now.
    pub(crate) fn listed(&self, count: u64) -> u64 {
        self.signatures.fetch_add(count, Ordering::Relaxed) + count
    }

    pub(crate) fn decoded(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn job(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}
