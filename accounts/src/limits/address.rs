//! Where a request comes from, when proxies stand between.
//!
//! A header is believed only as far as proxies of ours wrote it: from the right, up to the first address that is not one
//! of them. What stands left of it was written by strangers.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

/// Header entries that are looked at, from the right.
const ENTRIES: usize = 32;

/// The header in which our proxies write whom they speak for. Only the one that they write is read: another one would
/// be the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forwarding {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    forwarding: Forwarding,
}

/// A proxy that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network: write 10.0.0.0/8 or 2001:db8::1")]
pub struct NotAnAddress(pub String);

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client, as far as it can be known.
    pub address: IpAddr,
    /// Whether a proxy of ours named it.
    pub forwarded: bool,
}

impl TrustedProxies {
    /// Proxies as addresses (`10.1.2.3`) and networks (`10.0.0.0/8`).
    ///
    /// # Errors
    /// The first that is neither.
    pub fn new<'a>(
        proxies: impl IntoIterator<Item = &'a str>,
        forwarding: Forwarding,
    ) -> Result<Self, NotAnAddress> {
        let network = |text: &str| {
            let text = text.trim();
            IpNet::from_str(text)
                .or_else(|_| IpAddr::from_str(text).map(IpNet::from))
                .map_err(|_| NotAnAddress(text.chars().take(60).collect()))
        };
        Ok(Self {
            networks: proxies.into_iter().map(network).collect::<Result<_, _>>()?,
            forwarding,
        })
    }

    /// The header that is read: its name in lower case.
    #[must_use]
    pub fn header(&self) -> &'static str {
        match self.forwarding {
            Forwarding::XForwardedFor => "x-forwarded-for",
            Forwarding::Forwarded => "forwarded",
        }
    }

    /// Whether `address` is one of ours.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The client of a connection from `peer` whose request has the header lines `lines` (of [`header`](Self::header),
    /// in the order received).
    #[must_use]
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> ClientAddress {
        let mut client = ClientAddress {
            address: peer.to_canonical(),
            forwarded: false,
        };
        if !self.trusts(peer) {
            return client;
        }
        let entries = lines
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        for entry in entries.take(ENTRIES) {
            // What cannot be read was still written by the last proxy of ours: it speaks for that proxy.
            let Some(address) = std::str::from_utf8(entry)
                .ok()
                .and_then(|entry| self.entry(entry))
            else {
                break;
            };
            client = ClientAddress {
                address,
                forwarded: true,
            };
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn entry(&self, entry: &str) -> Option<IpAddr> {
        match self.forwarding {
            Forwarding::XForwardedFor => address(entry.trim()),
            Forwarding::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                let value = value
                    .strip_prefix('"')
                    .and_then(|value| value.strip_suffix('"'))
                    .unwrap_or(value);
                name.eq_ignore_ascii_case("for").then(|| address(value))?
            }),
        }
    }
}

/// An address with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proxies(forwarding: Forwarding) -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8", "2001:db8::1"], forwarding).unwrap()
    }

    fn client(forwarding: Forwarding, peer: &str, lines: &[&str]) -> String {
        let client = proxies(forwarding).client(
            peer.parse().unwrap(),
            lines.iter().map(|line| line.as_bytes()),
        );
        client.address.to_string()
    }

    #[test]
    fn only_what_our_proxies_wrote_is_believed() {
        let of = |peer, lines: &[&str]| client(Forwarding::XForwardedFor, peer, lines);
        // Not from a proxy of ours: whatever the header says.
        assert_eq!(of("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(of("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        // The client forged the left part.
        assert_eq!(
            of("10.0.0.1", &["203.0.113.7, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            of("10.0.0.1", &["203.0.113.7", "198.51.100.1, 10.2.3.4"]),
            "198.51.100.1"
        );
        assert_eq!(
            of("10.0.0.1", &["198.51.100.1:4711,2001:db8::1"]),
            "198.51.100.1"
        );
        assert_eq!(of("10.0.0.1", &["[2001:db8::77]:99"]), "2001:db8::77");
        // Unreadable: the last proxy that is known.
        assert_eq!(of("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["198.51.100.1, x, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(of("10.0.0.1", &["", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["198.51.100.1", ""]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_the_same_way() {
        let of = |lines: &[&str]| client(Forwarding::Forwarded, "10.0.0.1", lines);
        assert_eq!(
            of(&["for=198.51.100.1;proto=https;by=10.0.0.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            of(&["for=203.0.113.7, proto=http; For=\"[2001:db8:cafe::17]:4711\""]),
            "2001:db8:cafe::17"
        );
        assert_eq!(of(&["for=203.0.113.7, for=_hidden"]), "10.0.0.1");
        assert_eq!(of(&["for=203.0.113.7, proto=https"]), "10.0.0.1");
    }

    #[test]
    fn proxies_that_are_none_are_refused() {
        for text in ["10.0.0.0/33", "proxy.example", ""] {
            assert!(
                TrustedProxies::new([text], Forwarding::default()).is_err(),
                "{text}"
            );
        }
        assert!(!TrustedProxies::default().trusts([127, 0, 0, 1].into()));
    }

    proptest! {
        /// Whatever a client writes, what our proxy appends decides.
        #[test]
        fn a_client_cannot_choose_its_address(forged in prop::collection::vec(any::<u8>(), 0..200)) {
            let peer = "10.0.0.1".parse().unwrap();
            let line = [&forged[..], b", 198.51.100.1"].concat();
            let real = proxies(Forwarding::XForwardedFor).client(peer, [&line[..]].into_iter());
            prop_assert_eq!(real.address.to_string(), "198.51.100.1");
            let two = proxies(Forwarding::XForwardedFor).client(peer, [&forged[..], b"198.51.100.1"].into_iter());
            prop_assert_eq!(two.address.to_string(), "198.51.100.1");
        }
    }
}
