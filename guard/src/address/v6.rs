//! IPv6: forms that carry an IPv4 address first, then the named ranges; what is left must lie in `2000::/3`.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;

use super::{Form, Range, Refused, v4};

const fn net(segments: [u16; 8], bits: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), bits)
}

/// All that IANA gives out as global unicast.
const GLOBAL: Ipv6Net = net([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// The first that holds an address names it, so the narrow stand before the wide.
const RANGES: [(Ipv6Net, Range); 16] = [
    (
        net([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
        Range::Metadata,
    ),
    (
        net([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
        Range::Metadata,
    ),
    (net([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Range::UniqueLocal),
    (net([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Range::LinkLocal),
    (net([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Range::SiteLocal),
    (net([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Range::Multicast),
    (net([0x100, 0, 0, 0, 0, 0, 0, 0], 63), Range::Discard),
    (net([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Range::Segment),
    (net([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Range::Benchmark),
    // ORCHID, DRIP, TURN and PCP anycast, AMT, AS112: none is a site.
    (net([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Range::Protocol),
    (
        net([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
        Range::Documentation,
    ),
    (net([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Range::Documentation),
    (
        net([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
        Range::Anycast,
    ),
    // The 6bone, given back in 2006.
    (net([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16), Range::Reserved),
    (net([0, 0, 0, 0, 0, 0, 0, 0], 128), Range::Unspecified),
    (net([0, 0, 0, 0, 0, 0, 0, 1], 128), Range::Loopback),
];

pub(super) fn judge(address: Ipv6Addr) -> Result<(), Refused> {
    if let Some((form, carried)) = carried(address) {
        let carried = v4::judge(carried).err();
        return Err(Refused::Embedded { form, carried });
    }
    let named = RANGES.iter().find(|(net, _)| net.contains(&address));
    match named {
        Some((_, range)) => Err(Refused::Range(*range)),
        None if GLOBAL.contains(&address) => Ok(()),
        None => Err(Refused::Range(Range::Reserved)),
    }
}

/// The IPv4 address within `address`, and how it is carried.
fn carried(address: Ipv6Addr) -> Option<(Form, Ipv4Addr)> {
    let s = address.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    let low = joined(s[6], s[7]);
    match s {
        // These two are no IPv4 addresses in disguise: they have names of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0xffff, ..] => Some((Form::Mapped, low)),
        [0, 0, 0, 0, 0, 0, ..] => Some((Form::Compatible, low)),
        [0, 0, 0, 0, 0xffff, 0, ..] => Some((Form::Translated, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some((Form::Nat64, low)),
        // A prefix of 48 bits puts the address around the reserved byte and zeros behind it (RFC 6052), one of 96 bits at
        // the end.
        [0x64, 0xff9b, 1, high, middle, rest, 0, 0] => {
            Some((Form::LocalNat64, joined(high, middle << 8 | rest >> 8)))
        }
        [0x64, 0xff9b, 1, ..] => Some((Form::LocalNat64, low)),
        [0x2002, high, rest, ..] => Some((Form::SixToFour, joined(high, rest))),
        // The client's address is stored with its bits turned.
        [0x2001, 0, ..] => Some((Form::Teredo, joined(!s[6], !s[7]))),
        // The second bit says whether the IPv4 address is unique, the first whether it is a group.
        [_, _, _, _, universal, 0x5efe, ..] if universal & !0x0300 == 0 => {
            Some((Form::Isatap, low))
        }
        _ => None,
    }
}
