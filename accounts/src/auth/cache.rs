//! What was looked up lately: bounded, and forgotten on demand. Tokens that are nobody's are not kept: they would drive
//! out those that are somebody's.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::secret::Fingerprint;

const SHARDS: usize = 16;

/// One answer, and the state of accounts that it is of.
struct Entry<V> {
    version: u64,
    known: V,
}

/// Answers by token. Least recently used ones make room.
pub(super) struct Cache<V> {
    shards: Vec<Mutex<LruCache<Fingerprint, Entry<V>, RandomState>>>,
    hasher: RandomState,
    /// Grows whenever something is forgotten: a lookup that began before is not kept.
    generation: AtomicU64,
}

impl<V: Clone> Cache<V> {
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
    pub(super) fn get(&self, token: Fingerprint, version: u64) -> Option<V> {
        let mut shard = self.shard(token);
        let entry = shard.get(&token)?;
        (entry.version == version).then(|| entry.known.clone())
    }

    /// To be asked for before a lookup, and given to [`put`](Self::put) after it.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Keeps an answer, unless something was forgotten since `generation`.
    pub(super) fn put(&self, token: Fingerprint, version: u64, known: V, generation: u64) {
        let mut shard = self.shard(token);
        // Under the shard's lock: who forgets raises the number first, then looks into each shard.
        if self.generation() == generation {
            shard.put(token, Entry { version, known });
        }
    }

    /// Forgets every answer that `whom` says.
    pub(super) fn forget(&self, whom: impl Fn(&Fingerprint, &V) -> bool) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        for shard in &self.shards {
            let mut shard = lock(shard);
            let gone: Vec<Fingerprint> = shard
                .iter()
                .filter(|(token, entry)| whom(token, &entry.known))
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

    fn shard(
        &self,
        token: Fingerprint,
    ) -> MutexGuard<'_, LruCache<Fingerprint, Entry<V>, RandomState>> {
        // The remainder is below the number of shards.
        let at = (self.hasher.hash_one(token) % SHARDS as u64) as usize;
        lock(&self.shards[at])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves at worst an answer that was not put in.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: u32) -> Fingerprint {
        Fingerprint::of(&number.to_string())
    }

    #[test]
    fn memory_is_bounded_and_who_is_used_stays() {
        let cache = Cache::new(160);
        for number in 0..10_000 {
            cache.put(token(number), 1, number, 0);
            assert_eq!(cache.get(token(0), 1), Some(0), "after {number}");
        }
        assert!(cache.len() <= 160 && cache.len() > 100);
    }

    #[test]
    fn an_answer_of_another_version_is_none() {
        let cache = Cache::new(16);
        cache.put(token(1), 1, 'a', cache.generation());
        assert_eq!(
            (cache.get(token(1), 1), cache.get(token(1), 2)),
            (Some('a'), None)
        );
    }

    #[test]
    fn what_was_looked_up_before_somebody_was_forgotten_is_not_kept() {
        let cache = Cache::new(1600);
        for number in 0..100 {
            cache.put(token(number), 1, number, cache.generation());
        }
        let before = cache.generation();
        cache.forget(|_, number| *number < 50);
        assert_eq!(cache.len(), 50);
        cache.put(token(1), 1, 1, before);
        assert_eq!(cache.get(token(1), 1), None);
        cache.put(token(1), 1, 1, cache.generation());
        assert_eq!(cache.get(token(1), 1), Some(1));
    }
}
