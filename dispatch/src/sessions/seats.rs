//! How many sockets there may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Sockets that are open, by address. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// A socket's seat; free again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    address: IpAddr,
}

/// No socket more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// Of this address.
    #[error("{0} connections of one address are open, and no more are taken: close some first")]
    OfAddress(u32),
    /// Of all.
    #[error("{0} connections are open, and no more are taken: come back later")]
    OfAll(u32),
    /// The server stops.
    #[error("the server stops: come back in a moment")]
    Stopping,
}

impl Seats {
    /// A seat for one more socket of `address`.
    pub(super) fn take(
        &self,
        address: IpAddr,
        of_address: u32,
        of_all: u32,
    ) -> Result<Seat, NoSeat> {
        let address = whole(address);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= of_all {
            return Err(NoSeat::OfAll(of_all));
        }
        let of = taken.by_address.entry(address).or_insert(0);
        if *of >= of_address {
            return Err(NoSeat::OfAddress(of_address));
        }
        *of += 1;
        taken.all += 1;
        Ok(Seat {
            seats: self.clone(),
            address,
        })
    }

    /// Seats that are taken.
    pub(super) fn count(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

/// Whoever has one address of IPv6 has the 2⁶⁴ beside it.
fn whole(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(of) = taken.by_address.get_mut(&self.address) {
            *of -= 1;
            if *of == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_by_address_and_together() {
        let seats = Seats::default();
        let at = |text: &str| text.parse().expect("an address");
        let one = seats.take(at("10.0.0.1"), 2, 4).expect("free");
        let _two = seats.take(at("::ffff:10.0.0.1"), 2, 4).expect("free");
        assert_eq!(
            seats.take(at("10.0.0.1"), 2, 4).err(),
            Some(NoSeat::OfAddress(2))
        );
        let _v6 = seats.take(at("2001:db8::1"), 1, 4).expect("free");
        assert_eq!(
            seats.take(at("2001:db8::ffff"), 1, 4).err(),
            Some(NoSeat::OfAddress(1))
        );
        let _four = seats.take(at("10.0.0.2"), 2, 4).expect("free");
        assert_eq!(
            seats.take(at("10.0.0.3"), 2, 4).err(),
            Some(NoSeat::OfAll(4))
        );
        drop(one);
        assert!(seats.take(at("10.0.0.1"), 2, 4).is_ok());
        assert_eq!(seats.count(), 3);
    }
}
