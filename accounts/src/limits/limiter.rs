//! Buckets of many callers, in memory that does not grow beyond a bound.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::class::{Class, Rates};
use super::gcra::Verdict;
use super::key::LimitKey;

const SHARDS: usize = 64;
/// Buckets that are kept when nothing else is said: about 10 MB.
pub const PLACES: usize = 65_536;

type Shard = HashMap<(Class, LimitKey), u64>;

/// Counts requests by caller and class.
pub struct Limiter {
    rates: Rates,
    shards: Vec<Mutex<Shard>>,
    /// Buckets of one shard, at most.
    places: usize,
    // Seeded at random: callers cannot aim at one shard.
    hasher: RandomState,
    origin: Instant,
}

impl Limiter {
    /// A limiter that keeps at most `places` buckets, rounded up to a multiple of 64.
    #[must_use]
    pub fn new(rates: Rates, places: usize) -> Self {
        Self {
            rates,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            places: places.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
            origin: Instant::now(),
        }
    }

    /// The rates.
    #[must_use]
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// One request of `caller`, now.
    #[must_use]
    pub fn take(&self, class: Class, caller: &LimitKey) -> Verdict {
        self.take_at(class, caller, 1, self.now())
    }

    /// One request that costs `cost` tokens, at `now` nanoseconds of any one clock.
    #[must_use]
    pub fn take_at(&self, class: Class, caller: &LimitKey, cost: u32, now: u64) -> Verdict {
        let rate = self.rates.of(class);
        let key = (class, caller.clone());
        let mut shard = self.shard(&key);
        if let Some(bucket) = shard.get_mut(&key) {
            let (verdict, after) = rate.take(*bucket, now, cost);
            *bucket = after;
            return verdict;
        }
        let (verdict, after) = rate.take(0, now, cost);
        // A full bucket is as good as none.
        if after > now {
            if shard.len() >= self.places {
                make_room(&mut shard, now);
            }
            shard.insert(key, after);
        }
        verdict
    }

    /// What [`take`](Self::take) would say now; takes nothing.
    #[must_use]
    pub fn look(&self, class: Class, caller: &LimitKey) -> Verdict {
        let key = (class, caller.clone());
        let bucket = self.shard(&key).get(&key).copied().unwrap_or(0);
        self.rates.of(class).take(bucket, self.now(), 1).0
    }

    /// Buckets that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Whether no bucket is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn now(&self) -> u64 {
        // Nanoseconds of 584 years. One hour on, so that time given out of order stays above zero.
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn shard(&self, key: &(Class, LimitKey)) -> MutexGuard<'_, Shard> {
        // The remainder is below the number of shards.
        let at = (self.hasher.hash_one(key) % SHARDS as u64) as usize;
        lock(&self.shards[at])
    }
}

/// Forgets buckets that are full again; where none is, the fullest, whose owner gains least.
fn make_room(shard: &mut Shard, now: u64) {
    let before = shard.len();
    shard.retain(|_, bucket| *bucket > now);
    if shard.len() == before
        && let Some(fullest) = shard
            .iter()
            .min_by_key(|(_, bucket)| **bucket)
            .map(|(key, _)| key.clone())
    {
        shard.remove(&fullest);
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A map of numbers is whole at every point: a panic elsewhere does not spoil it.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter")
            .field("rates", &self.rates)
            .field("places", &(self.places * SHARDS))
            .finish_non_exhaustive()
    }
}
