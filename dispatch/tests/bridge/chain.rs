//! An index as a list of changes, of which more and more are revealed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{BoxFuture, FutureExt as _};
use hypernode_analytics::Error;
use hypernode_analytics::chain_jobs::{ChainNode, Created, OnChain};
use hypernode_analytics::changes::Cursor;
use hypernode_analytics::payments::{Payment, Payments, Place};
use hypernode_dispatch::bridge::{Body, Index, Told};
use hypernode_dispatch::ids::{Id, JobId};
use hypernode_state::Address;
use serde_json::json;

use crate::support::now;

/// What a block says of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Created,
    Assigned,
    Completed,
    Cancelled,
}

/// A change of the index: a block, or the last blocks that a fork takes back.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Block(Vec<(u8, Kind)>),
    Fork(usize),
}

/// The index.
#[derive(Debug)]
pub(crate) struct Chain {
    changes: Vec<Change>,
    revealed: AtomicUsize,
    /// Calls until one fails; at 0 none does.
    fails_in: AtomicUsize,
    /// Settlements that are final, in order.
    pub(crate) payments: Mutex<Vec<Payment>>,
}

pub(crate) fn account(job: u8) -> Address {
    Address([job.wrapping_add(100); 32])
}

pub(crate) fn name(job: u8) -> JobId {
    JobId(Id::Address(account(job)))
}

/// The input whose hash stands on chain.
pub(crate) fn body(job: u8) -> Body {
    let body = json!({"requirements": {"manifest": "test"}, "input": {"job": job}});
    serde_json::from_value(body).expect("a body")
}

impl Chain {
    pub(crate) fn new(changes: Vec<Change>) -> Self {
        Self {
            changes,
            revealed: AtomicUsize::new(0),
            fails_in: AtomicUsize::new(0),
            payments: Mutex::default(),
        }
    }

    pub(crate) fn reveal(&self, more: usize) {
        let revealed = self.revealed.load(Ordering::SeqCst) + more;
        self.revealed
            .store(revealed.min(self.changes.len()), Ordering::SeqCst);
    }

    pub(crate) fn fail_in(&self, calls: usize) {
        self.fails_in.store(calls, Ordering::SeqCst);
    }

    fn call(&self) -> Result<usize, Error> {
        let left = self.fails_in.load(Ordering::SeqCst);
        if left > 0 {
            self.fails_in.store(left - 1, Ordering::SeqCst);
            if left == 1 {
                return Err(Error::Shape {
                    what: "a test",
                    problem: "nothing",
                });
            }
        }
        Ok(self.revealed.load(Ordering::SeqCst))
    }

    /// The blocks in force after so many changes.
    fn blocks(&self, upto: usize) -> Vec<&Vec<(u8, Kind)>> {
        let mut blocks = Vec::new();
        for change in &self.changes[..upto] {
            match change {
                Change::Block(events) => blocks.push(events),
                Change::Fork(depth) => blocks.truncate(blocks.len().saturating_sub(*depth)),
            }
        }
        blocks
    }

    /// Everything in force about each job.
    pub(crate) fn in_force(&self) -> BTreeMap<u8, BTreeSet<Kind>> {
        self.in_force_at(self.revealed.load(Ordering::SeqCst))
    }

    fn in_force_at(&self, upto: usize) -> BTreeMap<u8, BTreeSet<Kind>> {
        let mut jobs: BTreeMap<u8, BTreeSet<Kind>> = BTreeMap::new();
        for (job, kind) in self.blocks(upto).into_iter().flatten() {
            jobs.entry(*job).or_default().insert(*kind);
        }
        jobs
    }

    fn on_chain(job: u8, kinds: &BTreeSet<Kind>) -> OnChain {
        OnChain {
            job: account(job).0,
            created: kinds.contains(&Kind::Created).then(|| Created {
                client: [7; 32],
                label: format!("job-{job}"),
                job_type: "render".to_owned(),
                price: 1_000_000,
                at: now() / 1000,
                requirements_hash: Some(body(job).hash().expect("a hash")),
            }),
            assigned: kinds.contains(&Kind::Assigned),
            completed: kinds.contains(&Kind::Completed),
            failed: false,
            // The price is paid with the result.
            paid: kinds.contains(&Kind::Completed),
            cancelled: kinds.contains(&Kind::Cancelled),
        }
    }
}

impl Index for Chain {
    fn newest(&self) -> BoxFuture<'_, Result<u64, Error>> {
        let newest = self.call().map(|revealed| revealed as u64);
        async move { newest }.boxed()
    }

    fn changes(&self, after: Cursor) -> BoxFuture<'_, Result<Option<Told>, Error>> {
        let told = self.call().map(|revealed| {
            let from = usize::try_from(after.seq).expect("small");
            if from > revealed {
                return None;
            }
            // Two at a time.
            let to = (from + 2).min(revealed);
            let mut jobs = BTreeSet::new();
            for at in from..to {
                match &self.changes[at] {
                    Change::Block(events) => {
                        jobs.extend(events.iter().map(|(job, _)| account(*job)));
                    }
                    Change::Fork(depth) => {
                        let before = self.blocks(at);
                        let gone = before.iter().rev().take(*depth);
                        jobs.extend(gone.flat_map(|b| b.iter()).map(|(job, _)| account(*job)));
                    }
                }
            }
            let (seq, part) = (to as u64, None);
            Some(Told {
                jobs,
                next: Cursor { seq, part },
                more: to < revealed,
            })
        });
        async move { told }.boxed()
    }

    fn standing<'a>(&'a self, jobs: &'a [Address]) -> BoxFuture<'a, Result<Vec<OnChain>, Error>> {
        let standing = self.call().map(|revealed| {
            let all = self.in_force_at(revealed);
            let asked = all.iter().filter(|(job, _)| jobs.contains(&account(**job)));
            asked
                .map(|(job, kinds)| Self::on_chain(*job, kinds))
                .collect()
        });
        async move { standing }.boxed()
    }

    fn open_since(
        &self,
        _: i64,
        after: Option<Address>,
    ) -> BoxFuture<'_, Result<Vec<Address>, Error>> {
        let open = self.call().map(|revealed| {
            let all = self.in_force_at(revealed);
            let open = all
                .iter()
                .filter(|(job, kinds)| Self::on_chain(**job, kinds).is_open());
            let mut open: Vec<Address> = open.map(|(job, _)| account(*job)).collect();
            open.sort_unstable();
            open.retain(|job| after.is_none_or(|after| *job > after));
            open.truncate(2);
            open
        });
        async move { open }.boxed()
    }

    fn node(&self, _: Address) -> BoxFuture<'_, Result<Option<ChainNode>, Error>> {
        async { Ok(None) }.boxed()
    }

    fn payments(&self, after: Option<Place>) -> BoxFuture<'_, Result<Payments, Error>> {
        let told = self.call().map(|_| {
            let all = self.payments.lock().expect("not poisoned");
            let last = all.last().map_or(0, |payment| payment.slot);
            let after = after.map_or(last, |place| place.slot);
            // One slot at a time.
            let next = all
                .iter()
                .map(|payment| payment.slot)
                .find(|slot| *slot > after);
            let slot = next.unwrap_or(after);
            let payments = all.iter().filter(|p| p.slot > after && p.slot <= slot);
            Payments {
                payments: payments.cloned().collect(),
                next: Place { seq: 1, slot },
                more: slot < last,
            }
        });
        async move { told }.boxed()
    }
}
