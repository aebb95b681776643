//! Signed transactions waiting for a block, in arrival order.

use std::collections::{HashSet, VecDeque};

use solana_sdk::{signature::Signature, transaction::VersionedTransaction};

/// Transactions that may wait.
const LIMIT: usize = 20_000;

/// The queue is full; the sender should try again after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{LIMIT} transactions are waiting already; try again after the next block")]
pub struct QueueFull;

/// A bounded queue without repeated signatures.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<VersionedTransaction>,
    signatures: HashSet<Signature>,
}

impl Queue {
    /// Adds a transaction; one that waits already is accepted and not added again.
    pub(super) fn push(&mut self, transaction: VersionedTransaction) -> Result<(), QueueFull> {
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.waiting.len() >= LIMIT {
            return Err(QueueFull);
        }
        self.signatures.insert(signature);
        self.waiting.push_back(transaction);
        Ok(())
    }

    /// Takes up to `limit` transactions.
    pub(super) fn take(&mut self, limit: usize) -> Vec<VersionedTransaction> {
        let taken: Vec<_> = self
            .waiting
            .drain(..limit.min(self.waiting.len()))
            .collect();
        for transaction in &taken {
            if let Some(signature) = transaction.signatures.first() {
                self.signatures.remove(signature);
            }
        }
        taken
    }
}
