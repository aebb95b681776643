//! Places among the calls under way: in all, and by destination.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Concurrency;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All calls.
    All,
    /// Calls to this destination.
    Destination,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "in all",
            Self::Destination => "to this destination",
        })
    }
}

/// What is counted apart from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

impl Key {
    /// An IPv4 address, or the /64 of an IPv6 address: one machine can answer for all of it.
    fn address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                Ipv6Addr::from_bits(network).into()
            }
        })
    }
}

/// Calls under way by what they call. Empty counts are removed: the map is no larger than the number of calls.
type Counts = Arc<Mutex<HashMap<Key, u32>>>;

/// All places.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    total: Arc<Semaphore>,
    per_destination: u32,
    counts: Counts,
}

impl Places {
    pub(crate) fn new(most: Concurrency) -> Self {
        let total = usize::try_from(most.total).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            total: Arc::new(Semaphore::new(total.min(Semaphore::MAX_PERMITS))),
            per_destination: most.per_destination,
            counts: Counts::default(),
        }
    }

    /// A place among all calls, held until it is dropped.
    pub(crate) fn among_all(&self) -> Result<OwnedSemaphorePermit, Scope> {
        let place = Arc::clone(&self.total).try_acquire_owned();
        place.map_err(|_| Scope::All)
    }

    /// A place among the calls to this name, held until it is dropped.
    pub(crate) fn at_name(&self, name: &str) -> Result<Place, Scope> {
        self.count(Key::Name(name.to_owned()))
    }

    /// A place among the calls to this address, held until it is dropped.
    pub(crate) fn at_address(&self, address: IpAddr) -> Result<Place, Scope> {
        self.count(Key::address(address))
    }

    fn count(&self, key: Key) -> Result<Place, Scope> {
        let mut counts = lock(&self.counts);
        let count = counts.get(&key).copied().unwrap_or_default();
        if count >= self.per_destination {
            return Err(Scope::Destination);
        }
        counts.insert(key.clone(), count + 1);
        Ok(Place {
            counts: Arc::clone(&self.counts),
            key,
        })
    }
}

/// One call's place at one destination.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Counts,
    key: Key,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

/// A count stays true when a thread dies elsewhere: nothing within the lock can panic.
fn lock(counts: &Counts) -> MutexGuard<'_, HashMap<Key, u32>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let places = Places::new(Concurrency {
            total: 3,
            per_destination: 2,
        });
        let all: Vec<_> = (0..3)
            .map(|_| places.among_all().expect("a place"))
            .collect();
        assert_eq!(places.among_all().err(), Some(Scope::All));
        drop(all);
        assert!(places.among_all().is_ok());

        let first = places.at_name("a.org").expect("a place");
        let second = places.at_name("a.org").expect("a place");
        assert_eq!(places.at_name("a.org").err(), Some(Scope::Destination));
        assert!(places.at_name("b.org").is_ok());
        drop(first);
        assert!(places.at_name("a.org").is_ok());
        drop(second);
        assert!(lock(&places.counts).is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_destination() {
        let places = Places::new(Concurrency {
            total: 9,
            per_destination: 1,
        });
        let at = |text: &str| places.at_address(text.parse().expect("an address"));
        let _held = at("2606:4700::1").expect("a place");
        assert!(at("2606:4700::ffff:2").is_err());
        assert!(at("2606:4700:0:1::1").is_ok());
        let _held = at("1.1.1.1").expect("a place");
        assert!(at("1.1.1.1").is_err());
        assert!(at("1.1.1.2").is_ok());
    }
}
