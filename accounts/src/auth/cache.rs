//! What was looked up lately: bounded, and forgotten on demand.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::lookup::Known;
use crate::secret::Fingerprint;

const SHARDS: usize = 16;

/// One answer, and the state of accounts that it is of.
#[derive(Debug, Clone)]
struct Entry {
    version: u64,
    /// `None`: the token is nobody's.
    known: Option<Known>,
}

/// Answers by token. Least recently used ones make room.
pub(super) struct Cache {
    shards: Vec<Mutex<LruCache<Fingerprint, Entry>>>,
    hasher: RandomState,
    /// Grows whenever something is forgotten: a lookup that began before is not kept.
    generation: AtomicU64,
}

impl Cache {
    /// A cache of at most `places` answers, rounded up to a multiple of 16.
    pub(super) fn new(places: usize) -> Self {
        let each = NonZeroUsize::new(places.div_ceil(SHARDS)).unwrap_or(NonZeroUsize::MIN);
        let shard = || Mutex::new(LruCache::with_hasher(each, RandomState::new()));
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hasher: RandomState::new(),
            generation: AtomicU64::new(0),
        }
    }

    /// The answer for `token` if it is of `version`.
    pub(super) fn get(&self, token: Fingerprint, version: u64) -> Option<Option<Known>> {
        let mut shard = self.shard(token);
        let entry = shard.get(&token)?;
        (entry.version == version).then(|| entry.known.clone())
    }

    /// To be asked for before a lookup, and given to [`put`](Self::put) after it.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps an answer, unless something was forgotten since `generation`.
    pub(super) fn put(
        &self,
        token: Fingerprint,
        version: u64,
        known: Option<Known>,
        generation: u64,
    ) {
        let mut shard = self.shard(token);
        // Under the shard's lock: who forgets raises the number first, then looks into each shard.
        if self.generation() == generation {
            shard.put(token, Entry { version, known });
        }
    }

    /// Forgets every answer that `whom` says.
    pub(super) fn forget(&self, whom: impl Fn(&Fingerprint, &Known) -> bool) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        for shard in &self.shards {
            let mut shard = lock(shard);
            let gone: Vec<Fingerprint> = shard
                .iter()
                .filter(|(token, entry)| {
                    entry.known.as_ref().is_some_and(|known| whom(token, known))
                })
                .map(|(token, _)| *token)
                .collect();
            for token in gone {
                shard.pop(&token);
            }
        }
    }

    /// Answers that are kept.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, token: Fingerprint) -> MutexGuard<'_, LruCache<Fingerprint, Entry>> {
        // The remainder is below the number of shards.
        let at = (self.hasher.hash_one(token) % SHARDS as u64) as usize;
        lock(&self.shards[at])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves at worst an answer that was not put in.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
