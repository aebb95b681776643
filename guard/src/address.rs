//! Which addresses may be called. Global unicast alone: what is not known to be public is refused.

mod v4;
mod v6;

use std::fmt;
use std::net::IpAddr;

/// Judges one address. `Ok` means that it is global unicast and carries no other address within it.
///
/// # Errors
/// The range that the address lies in, or the form in which it carries an IPv4 address.
pub fn judge(address: IpAddr) -> Result<(), Refused> {
    match address {
        IpAddr::V4(address) => v4::judge(address).map_err(Refused::Range),
        IpAddr::V6(address) => v6::judge(address),
    }
}

/// Why an address is not called. Its text completes "the address is …" and never holds the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// It lies in a range that is not public.
    #[error("{0}")]
    Range(Range),
    /// It is an IPv6 address that carries an IPv4 address.
    ///
    /// Refused whatever it carries: where such a packet goes is decided by a translator, tunnel or relay that we do not
    /// know, and a public site has an address of its own. What is carried is judged too, so that the reason is complete.
    #[error("{}", carried_text(*form, *carried))]
    Embedded {
        /// The form.
        form: Form,
        /// The range that the carried address lies in, when that alone would refuse it.
        carried: Option<Range>,
    },
    /// It lies in a network that the operator of this service denies.
    #[error("in a network that this service does not call")]
    Denied,
    /// It is an address of the machine that would call it.
    #[error("this machine itself")]
    Own,
}

fn carried_text(form: Form, carried: Option<Range>) -> String {
    match carried {
        Some(range) => {
            format!("{form}, and the IPv4 address in it is {range}")
        }
        None => format!("{form}; give the site's own address"),
    }
}

/// Ranges that are not global unicast (IANA special-purpose registries, and the addresses of clouds' metadata services).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// `0.0.0.0`, `::`.
    Unspecified,
    /// `0.0.0.0/8`.
    ThisNetwork,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16` (RFC 1918).
    Private,
    /// `100.64.0.0/10` (carrier-grade NAT, RFC 6598).
    Shared,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// Where clouds serve instance metadata and credentials.
    Metadata,
    /// `192.0.0.0/24`, `2001::/23`: protocol assignments.
    Protocol,
    /// `192.0.2.0/24`, `198.51.100.0/24`, `203.0.113.0/24`, `2001:db8::/32`, `3fff::/20`.
    Documentation,
    /// `198.18.0.0/15`, `2001:2::/48`.
    Benchmark,
    /// `192.88.99.0/24`: relays of 6to4.
    Relay,
    /// AS112 and AMT anycast: sinks and relays, not sites.
    Anycast,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// `240.0.0.0/4`, and all of IPv6 outside `2000::/3` that has no name here.
    Reserved,
    /// `fc00::/7`.
    UniqueLocal,
    /// `fec0::/10`.
    SiteLocal,
    /// `100::/64`, `100:0:0:1::/64`.
    Discard,
    /// `5f00::/16`: segment identifiers.
    Segment,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "the unspecified address",
            Self::ThisNetwork => "in \"this network\"",
            Self::Loopback => "a loopback address",
            Self::Private => "in a private network",
            Self::Shared => "in a provider's shared network (CGNAT)",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata service",
            Self::Protocol => "reserved for protocols",
            Self::Documentation => "reserved for documentation",
            Self::Benchmark => "reserved for benchmarks",
            Self::Relay => "a relay of 6to4",
            Self::Anycast => "an anycast service of the network itself",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Reserved => "not in public use",
            Self::UniqueLocal => "in a private network (unique local)",
            Self::SiteLocal => "a site-local address",
            Self::Discard => "in the discard prefix",
            Self::Segment => "a segment routing identifier",
        })
    }
}

/// IPv6 forms that carry an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `::ffff:0:0/96`.
    Mapped,
    /// `::/96`.
    Compatible,
    /// `::ffff:0:0:0/96` (SIIT, RFC 2765).
    Translated,
    /// `64:ff9b::/96`.
    Nat64,
    /// `64:ff9b:1::/48`.
    LocalNat64,
    /// `2002::/16`.
    SixToFour,
    /// `2001::/32`.
    Teredo,
    /// Interface identifier `::0:5efe:a.b.c.d` or `::200:5efe:a.b.c.d` under any prefix.
    Isatap,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mapped => "an IPv4-mapped IPv6 address",
            Self::Compatible => "an IPv4-compatible IPv6 address",
            Self::Translated => "an IPv4-translated IPv6 address",
            Self::Nat64 => "a NAT64 address",
            Self::LocalNat64 => "a local NAT64 address",
            Self::SixToFour => "a 6to4 address",
            Self::Teredo => "a Teredo address",
            Self::Isatap => "an ISATAP address",
        })
    }
}
