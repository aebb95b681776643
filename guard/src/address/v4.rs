//! IPv4: everything but the special-purpose ranges is global unicast.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Range;

const fn net(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

/// The first that holds an address names it, so the narrow stand before the wide.
const RANGES: [(Ipv4Net, Range); 25] = [
    (net(0, 0, 0, 0, 32), Range::Unspecified),
    (net(0, 0, 0, 0, 8), Range::ThisNetwork),
    (net(127, 0, 0, 0, 8), Range::Loopback),
    (net(10, 0, 0, 0, 8), Range::Private),
    (net(172, 16, 0, 0, 12), Range::Private),
    (net(192, 168, 0, 0, 16), Range::Private),
    // Alibaba Cloud's; it lies in the shared range.
    (net(100, 100, 100, 200, 32), Range::Metadata),
    (net(100, 64, 0, 0, 10), Range::Shared),
    // AWS, Google Cloud, Azure and most others.
    (net(169, 254, 169, 254, 32), Range::Metadata),
    // Credentials of containers on AWS.
    (net(169, 254, 170, 2, 32), Range::Metadata),
    (net(169, 254, 0, 0, 16), Range::LinkLocal),
    // Azure's host agent: the one that lies in public space.
    (net(168, 63, 129, 16, 32), Range::Metadata),
    // Oracle Cloud's; it lies among the protocol assignments.
    (net(192, 0, 0, 192, 32), Range::Metadata),
    (net(192, 0, 0, 0, 24), Range::Protocol),
    (net(192, 0, 2, 0, 24), Range::Documentation),
    (net(198, 51, 100, 0, 24), Range::Documentation),
    (net(203, 0, 113, 0, 24), Range::Documentation),
    (net(198, 18, 0, 0, 15), Range::Benchmark),
    (net(192, 88, 99, 0, 24), Range::Relay),
    (net(192, 31, 196, 0, 24), Range::Anycast),
    (net(192, 52, 193, 0, 24), Range::Anycast),
    (net(192, 175, 48, 0, 24), Range::Anycast),
    (net(224, 0, 0, 0, 4), Range::Multicast),
    (net(255, 255, 255, 255, 32), Range::Broadcast),
    (net(240, 0, 0, 0, 4), Range::Reserved),
];

/// The range that refuses `address`, if any.
pub(super) fn judge(address: Ipv4Addr) -> Result<(), Range> {
    match RANGES.iter().find(|(net, _)| net.contains(&address)) {
        Some((_, range)) => Err(*range),
        None => Ok(()),
    }
}
