//! Whoever follows jobs: one task hears all changes and hands each to those whom it concerns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hypernode_state::Address;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::ids::JobId;
use crate::service::{Change, Changes};

/// Changes that wait for one listener; of a slower one the next are dropped, and it is told that some were.
const WAITING: usize = 64;

/// What a listener follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Follow {
    /// One job.
    Job(JobId),
    /// All jobs of a wallet.
    Owner(Address),
    /// All jobs.
    All,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A job as it is after a change.
    Change(Arc<Change>),
    /// Some changes were missed: look again.
    Missed,
}

/// Who follows what. Bounded by whoever gives out places to listen.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    last: u64,
    by: HashMap<Follow, HashMap<u64, Listener>>,
}

#[derive(Debug)]
struct Listener {
    sender: mpsc::Sender<Arc<Change>>,
    missed: Arc<std::sync::atomic::AtomicBool>,
}

/// One who follows, until it is dropped.
#[derive(Debug)]
pub struct Following {
    of: Follow,
    number: u64,
    watch: Arc<Watch>,
    heard: mpsc::Receiver<Arc<Change>>,
    missed: Arc<std::sync::atomic::AtomicBool>,
}

impl Watch {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows from now on.
    pub fn follow(self: &Arc<Self>, of: Follow) -> Following {
        let (sender, heard) = mpsc::channel(WAITING);
        let missed = Arc::default();
        let listener = Listener {
            sender,
            missed: Arc::clone(&missed),
        };
        let mut listeners = self.listeners();
        listeners.last += 1;
        let number = listeners.last;
        listeners.by.entry(of).or_default().insert(number, listener);
        Following {
            of,
            number,
            watch: Arc::clone(self),
            heard,
            missed,
        }
    }

    /// How many follow.
    pub fn len(&self) -> usize {
        self.listeners().by.values().map(HashMap::len).sum()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands out changes until there will be none any more.
    pub(super) async fn run(&self, changes: &Changes) {
        let mut heard = changes.listen();
        loop {
            match heard.recv().await {
                Ok(change) => self.tell(&change),
                Err(RecvError::Lagged(_)) => {
                    let listeners = self.listeners();
                    listeners
                        .by
                        .values()
                        .flat_map(HashMap::values)
                        .for_each(Listener::miss);
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn tell(&self, change: &Arc<Change>) {
        let job = &change.record.job;
        let listeners = self.listeners();
        for of in [
            Follow::Job(job.id),
            Follow::Owner(job.terms.owner),
            Follow::All,
        ] {
            for listener in listeners.by.get(&of).into_iter().flat_map(HashMap::values) {
                if listener.sender.try_send(Arc::clone(change)).is_err() {
                    listener.miss();
                }
            }
        }
    }
}

impl Listener {
    fn miss(&self) {
        self.missed
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Following {
    /// What comes next; `None` when there will be nothing any more.
    pub async fn next(&mut self) -> Option<Heard> {
        // What waits comes first; that some is missing behind it is told then.
        if let Ok(change) = self.heard.try_recv() {
            return Some(Heard::Change(change));
        }
        if self
            .missed
            .swap(false, std::sync::atomic::Ordering::Relaxed)
        {
            return Some(Heard::Missed);
        }
        self.heard.recv().await.map(Heard::Change)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut listeners = self.watch.listeners();
        if let Some(of) = listeners.by.get_mut(&self.of) {
            of.remove(&self.number);
            if of.is_empty() {
                listeners.by.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Record, Spec};
    use crate::job::{Job, Pay, Terms};
    use crate::matching::Needs;

    fn change(number: u128, owner: u8) -> Arc<Change> {
        let terms = Terms {
            owner: Address([owner; 32]),
            submitted_at: 0,
            max_duration_s: 1,
            max_retries: 0,
            priority: 5,
            pay: Pay::Nothing,
        };
        let spec = Spec {
            ticket: 1,
            needs: Needs::default(),
            content: crate::matching::receipt::Hex([0; 32]),
            nonce: Vec::new(),
            key: None,
        };
        let record = Record {
            job: Job::queued(JobId::uuid(number), terms),
            spec: Arc::new(spec),
        };
        Arc::new(Change { at: 0, record })
    }

    #[tokio::test]
    async fn each_hears_what_it_follows_and_a_slow_one_that_it_missed_some() {
        let watch = Arc::new(Watch::default());
        let mut one = watch.follow(Follow::Job(JobId::uuid(1)));
        let mut own = watch.follow(Follow::Owner(Address([1; 32])));
        let mut all = watch.follow(Follow::All);
        watch.tell(&change(1, 1));
        watch.tell(&change(2, 1));
        watch.tell(&change(3, 2));
        let mut numbers = Vec::new();
        for (following, count) in [(&mut one, 1), (&mut own, 2), (&mut all, 3)] {
            for _ in 0..count {
                let Some(Heard::Change(change)) = following.next().await else {
                    panic!("a change");
                };
                numbers.push(change.record.job.id);
            }
        }
        let expected = [1, 1, 2, 1, 2, 3].map(JobId::uuid);
        assert_eq!(numbers, expected);
        for _ in 0..WAITING + 10 {
            watch.tell(&change(1, 1));
        }
        for _ in 0..WAITING {
            assert!(matches!(one.next().await, Some(Heard::Change(_))));
        }
        assert_eq!(one.next().await, Some(Heard::Missed));
        drop((one, own, all));
        assert!(watch.is_empty());
    }
}
