//! From the stream to the lane: never waits, bounded by bytes, and says what it had to drop.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use yellowstone_grpc_proto::geyser::SubscribeUpdateAccount;

use super::Seen;

/// Bytes per permit.
const PERMIT: usize = 1024;

/// What the lane is told, in the stream's order.
#[derive(Debug)]
pub(super) enum Item {
    /// An account; the permit frees its share when dropped.
    Update(Box<Seen>, OwnedSemaphorePermit),
    /// The stream named a slot confirmed.
    Confirmed(u64, OwnedSemaphorePermit),
    /// The stream is up.
    Connected,
    /// The stream is down.
    Disconnected,
    /// The stream brings no accounts.
    Refused(String),
}

/// What was dropped since the lane last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dropped {
    /// Lowest and highest slot.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) updates: u64,
}

/// The stream's end.
#[derive(Debug, Clone)]
pub(crate) struct AccountSender {
    items: mpsc::UnboundedSender<Item>,
    budget: Arc<Semaphore>,
    permits: usize,
    dropped: Arc<Mutex<Option<Dropped>>>,
}

/// The lane's end.
#[derive(Debug)]
pub(crate) struct AccountReceiver {
    pub(super) items: mpsc::UnboundedReceiver<Item>,
    dropped: Arc<Mutex<Option<Dropped>>>,
}

/// A queue from a stream to a lane, in which so many bytes may wait.
pub(crate) fn channel(bytes: usize) -> (AccountSender, AccountReceiver) {
    let (sender, items) = mpsc::unbounded_channel();
    let permits = (bytes / PERMIT).max(1);
    let dropped = Arc::default();
    let sender = AccountSender {
        items: sender,
        budget: Arc::new(Semaphore::new(permits)),
        permits,
        dropped: Arc::clone(&dropped),
    };
    (sender, AccountReceiver { items, dropped })
}

impl AccountSender {
    /// Takes an update; one that is no account is passed over (`false`).
    pub(crate) fn update(&self, update: SubscribeUpdateAccount) -> bool {
        let Some(seen) = Seen::new(update) else {
            return false;
        };
        let permits = (seen.size() / PERMIT).clamp(1, self.permits);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        match Arc::clone(&self.budget).try_acquire_many_owned(permits) {
            Ok(permit) => self.send(Item::Update(Box::new(seen), permit)),
            Err(_) => self.drop_one(seen.slot()),
        }
        true
    }

    /// A slot is confirmed: what the stream had to say of slots before it has been said.
    pub(crate) fn confirmed(&self, slot: u64) {
        // One more or less does not matter: the next says it too.
        if let Ok(permit) = Arc::clone(&self.budget).try_acquire_owned() {
            self.send(Item::Confirmed(slot, permit));
        }
    }

    pub(crate) fn connected(&self) {
        self.send(Item::Connected);
    }

    pub(crate) fn disconnected(&self) {
        self.send(Item::Disconnected);
    }

    pub(crate) fn refused(&self, reason: &str) {
        self.send(Item::Refused(reason.to_owned()));
    }

    fn send(&self, item: Item) {
        // A lane that has ended needs nothing any more.
        let _ = self.items.send(item);
    }

    fn drop_one(&self, slot: u64) {
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        let before = dropped.unwrap_or(Dropped {
            from: slot,
            to: slot,
            updates: 0,
        });
        *dropped = Some(Dropped {
            from: before.from.min(slot),
            to: before.to.max(slot),
            updates: before.updates + 1,
        });
    }
}

impl AccountReceiver {
    /// What was dropped since this was last asked.
    pub(super) fn dropped(&self) -> Option<Dropped> {
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        dropped.take()
    }
}

#[cfg(test)]
mod tests {
    use yellowstone_grpc_proto::geyser::SubscribeUpdateAccountInfo;

    use super::*;

    fn update(slot: u64, size: usize) -> SubscribeUpdateAccount {
        SubscribeUpdateAccount {
            account: Some(SubscribeUpdateAccountInfo {
                pubkey: vec![1; 32],
                owner: vec![2; 32],
                data: vec![0; size],
                ..Default::default()
            }),
            slot,
            ..Default::default()
        }
    }

    #[test]
    fn a_full_queue_drops_and_says_from_where() {
        const BYTES: usize = 1 << 20;
        let (sender, mut receiver) = channel(BYTES);
        assert!(sender.update(update(5, BYTES)));
        assert_eq!(receiver.dropped(), None);
        for slot in [9, 7, 8] {
            assert!(sender.update(update(slot, 10)));
        }
        sender.confirmed(9);
        let dropped = Dropped {
            from: 7,
            to: 9,
            updates: 3,
        };
        assert_eq!(receiver.dropped(), Some(dropped));
        assert_eq!(receiver.dropped(), None);
        // What is taken makes room again.
        drop(receiver.items.try_recv());
        assert!(sender.update(update(10, 10)));
        assert_eq!(receiver.dropped(), None);
        let mut without_key = update(1, 1);
        without_key.account.as_mut().unwrap().pubkey.clear();
        assert!(!sender.update(without_key));
    }
}
