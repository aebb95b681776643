//! What the bridge reads of the index.

use std::collections::BTreeSet;
use std::fmt;

use futures::future::{BoxFuture, FutureExt as _};
use hypernode_analytics::Error;
use hypernode_analytics::chain_jobs::{self, ChainNode, OnChain};
use hypernode_analytics::changes::{self, Cursor};
use hypernode_analytics::payments::{self, Payments, Place};
use hypernode_state::Address;
use hypernode_warehouse::Client;

/// Changes that are asked for at once.
const CHANGES: u64 = 200;

/// What changed after a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Jobs that something was said of, or taken back.
    pub jobs: BTreeSet<Address>,
    /// The cursor to ask with next.
    pub next: Cursor,
    /// There was more to tell at once.
    pub more: bool,
}

/// What the bridge reads of the index. A change is told only when what it speaks of is in force, or gone.
pub trait Index: Send + Sync + fmt::Debug {
    /// The number of the newest change that would be told; 0 before the first.
    fn newest(&self) -> BoxFuture<'_, Result<u64, Error>>;

    /// What changed after a cursor; `None`: this index has given no such cursor.
    fn changes(&self, after: Cursor) -> BoxFuture<'_, Result<Option<Told>, Error>>;

    /// Where jobs stand, at most [`chain_jobs::MAX_JOBS`]; those that nothing speaks of are left out.
    fn standing<'a>(&'a self, jobs: &'a [Address]) -> BoxFuture<'a, Result<Vec<OnChain>, Error>>;

    /// Jobs that were created since then (Unix seconds) and are open, in order: some after `after`, none at the end.
    fn open_since(
        &self,
        since: i64,
        after: Option<Address>,
    ) -> BoxFuture<'_, Result<Vec<Address>, Error>>;

    /// The node of an account, by its latest registration.
    fn node(&self, account: Address) -> BoxFuture<'_, Result<Option<ChainNode>, Error>>;

    /// Settlements after a place that no fork can take back; `None`: from now on.
    fn payments(&self, after: Option<Place>) -> BoxFuture<'_, Result<Payments, Error>>;
}

/// The index in the warehouse.
#[derive(Clone)]
pub struct Warehouse(pub Client);

impl fmt::Debug for Warehouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Warehouse")
    }
}

impl Index for Warehouse {
    fn newest(&self) -> BoxFuture<'_, Result<u64, Error>> {
        changes::newest(&self.0).boxed()
    }

    fn changes(&self, after: Cursor) -> BoxFuture<'_, Result<Option<Told>, Error>> {
        async move {
            let answer = changes::changes(&self.0, after, CHANGES).await?;
            // An answer that moves nothing may be one to a cursor of another index.
            let still = answer.next == after.to_string();
            if still && !changes::knows(&self.0, after).await? {
                return Ok(None);
            }
            let events = answer.changes.iter().flat_map(|change| &change.events);
            let jobs = events.filter_map(|event| address(&event.job));
            Ok(Some(Told {
                jobs: jobs.collect(),
                next: answer.next.parse().unwrap_or(after),
                more: answer.more,
            }))
        }
        .boxed()
    }

    fn standing<'a>(&'a self, jobs: &'a [Address]) -> BoxFuture<'a, Result<Vec<OnChain>, Error>> {
        async move {
            let keys: Vec<[u8; 32]> = jobs.iter().map(|job| job.0).collect();
            chain_jobs::standing(&self.0, &keys).await
        }
        .boxed()
    }

    fn open_since(
        &self,
        since: i64,
        after: Option<Address>,
    ) -> BoxFuture<'_, Result<Vec<Address>, Error>> {
        async move {
            let after = after.map(|job| job.0);
            let jobs = chain_jobs::open_since(&self.0, since, after).await?;
            Ok(jobs.into_iter().map(Address).collect())
        }
        .boxed()
    }

    fn node(&self, account: Address) -> BoxFuture<'_, Result<Option<ChainNode>, Error>> {
        async move { chain_jobs::node(&self.0, account.0).await }.boxed()
    }

    fn payments(&self, after: Option<Place>) -> BoxFuture<'_, Result<Payments, Error>> {
        payments::payments(&self.0, after).boxed()
    }
}

/// An address in base58; `None` for '' and anything else.
fn address(text: &str) -> Option<Address> {
    let mut bytes = [0; 32];
    match text.len() <= 44 && bs58::decode(text).onto(&mut bytes) == Ok(32) {
        true => Some(Address(bytes)),
        false => None,
    }
}
