//! Whom a limit counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::public_key::PublicKey;
use crate::rights::{Principal, Who};

/// Whom a limit counts: the API key, else the wallet or host, else where the request comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// One API key, by id.
    Key(String),
    /// One wallet or host key.
    Account(PublicKey),
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// One IPv6 network of 64 bits: what one subscriber gets at least.
    V6(u64),
}

impl LimitKey {
    /// By where it comes from. IPv4 addresses written as IPv6 are the same address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(network(address)),
        }
    }

    /// By who asks; by `address` where nobody is known to.
    #[must_use]
    pub fn of(principal: &Principal, address: IpAddr) -> Self {
        match principal.who() {
            Who::Anonymous => Self::of_address(address),
            Who::Wallet(key) | Who::Host { key, .. } => Self::Account(*key),
            // A node's id is no key's: it is longer.
            Who::Key { id, .. } | Who::Node { id: Some(id), .. } => Self::Key(id.clone()),
            Who::Node { id: None, owner } => Self::Account(*owner),
        }
    }
}

fn network(address: Ipv6Addr) -> u64 {
    // The upper half of 128 bits fits.
    (address.to_bits() >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let of = |text: &str| LimitKey::of_address(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
