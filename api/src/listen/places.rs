//! How many connections, or live streams, one address may hold at a time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is open, by whom. Bounded by the number of all connections.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<IpAddr, u32>>);

/// A place that is given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: IpAddr,
    places: Arc<Places>,
}

impl Places {
    /// A place for one more of `from`, unless it has `most` already.
    pub(crate) fn take(self: &Arc<Self>, from: IpAddr, most: u32) -> Option<Place> {
        let of = group(from);
        let mut open = self.open();
        let held = open.entry(of).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        Some(Place {
            of,
            places: Arc::clone(self),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open();
        if let Some(held) = open.get_mut(&self.of) {
            *held -= 1;
            if *held == 0 {
                open.remove(&self.of);
            }
        }
    }
}

/// Whoever holds one IPv6 address holds its /64.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (!0 << 64))),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_address_and_come_back() {
        let places = Arc::new(Places::default());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = places.take(one, 2).unwrap();
        let _second = places.take(one, 2).unwrap();
        assert!(places.take(one, 2).is_none());
        // The same address as IPv6 writes it is no other one.
        assert!(
            places
                .take("::ffff:192.0.2.1".parse().unwrap(), 2)
                .is_none()
        );
        assert!(places.take("192.0.2.2".parse().unwrap(), 2).is_some());
        drop(first);
        assert!(places.take(one, 2).is_some());
    }

    #[test]
    fn neighbours_in_a_network_of_64_bits_are_one() {
        let places = Arc::new(Places::default());
        let _first = places.take("2001:db8:1:1::1".parse().unwrap(), 1).unwrap();
        assert!(
            places
                .take("2001:db8:1:1:ff::2".parse().unwrap(), 1)
                .is_none()
        );
        assert!(places.take("2001:db8:1:2::1".parse().unwrap(), 1).is_some());
        assert_eq!(places.open().len(), 1);
    }
}
