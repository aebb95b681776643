//! Any text as a URL: reading it never panics, and whatever is accepted is public by every opinion that can be had.
//!
//! The guard's tests include this file too and run the committed corpus through it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dns_lookup::{AddrInfoHints, getaddrinfo};
use hypernode_guard::{Host, Policy, Target, judge};

/// `AI_NUMERICHOST`, equal on Linux and macOS: spellings of addresses only, no lookup.
const NUMERIC: i32 = 4;

/// Panics on a finding.
pub fn check(data: &[u8]) {
    if let Ok(bytes) = <[u8; 4]>::try_from(data) {
        agrees(Ipv4Addr::from(bytes).into());
    }
    if let Ok(bytes) = <[u8; 16]>::try_from(data) {
        agrees(Ipv6Addr::from(bytes).into());
    }
    let text = String::from_utf8_lossy(data);
    url(&text);
    // Most bytes are no URL but many are a host.
    url(&format!("http://{text}/"));
    url(&format!("https://{text}:8443/path"));
}

fn url(text: &str) {
    let public = Target::parse(text, &Policy::public());
    let secure = Target::parse(text, &Policy::public().https_only());
    if let Ok(target) = &secure {
        assert!(target.is_https(), "http where only https is called");
        assert_eq!(
            Ok(target),
            public.as_ref(),
            "a stricter policy reads the same"
        );
    }
    let Ok(target) = public else {
        return;
    };
    assert!(matches!(target.port(), 80 | 443 | 1024..));
    match target.host() {
        Host::Address(address) => {
            assert_eq!(judge(*address), Ok(()), "an address that is refused");
            agrees(*address);
        }
        Host::Name(name) => {
            assert!(name.contains('.') && !name.ends_with('.') && name.len() <= 253);
            assert!(
                numeric(name).is_empty(),
                "{name} is an address for the C library"
            );
            assert!(numeric(&format!("{name}.")).is_empty());
            let last = name.rsplit('.').next().unwrap_or_default();
            assert!(!["localhost", "local", "internal"].contains(&last));
        }
    }
    // Other readers take the host as it was written: they must come to the same place.
    for read in numeric(host_as_written(text)) {
        assert_eq!(
            target.host(),
            &Host::Address(read),
            "read otherwise by the C library"
        );
    }
    // The normal form is a fixed point.
    let again = format!("{target}{}", target.path());
    assert_eq!(Target::parse(&again, &Policy::public()), Ok(target));
}

/// The standard library's opinion of an address that `judge` passes.
fn agrees(address: IpAddr) {
    if judge(address).is_err() {
        return;
    }
    assert!(!address.is_loopback() && !address.is_unspecified() && !address.is_multicast());
    match address {
        IpAddr::V4(address) => {
            assert!(!address.is_private() && !address.is_link_local());
            assert!(!address.is_broadcast() && !address.is_documentation());
        }
        IpAddr::V6(address) => {
            assert!(!address.is_unique_local() && !address.is_unicast_link_local());
            assert_eq!(address.to_ipv4(), None);
            assert_eq!(address.segments()[0] >> 13, 1, "outside of 2000::/3");
        }
    }
}

/// What the C library reads `host` as, without asking anybody.
fn numeric(host: &str) -> Vec<IpAddr> {
    let hints = AddrInfoHints {
        flags: NUMERIC,
        // Streams only: one answer for each address.
        socktype: 1,
        ..AddrInfoHints::default()
    };
    if host.is_empty() || host.contains('\0') {
        return Vec::new();
    }
    let Ok(found) = getaddrinfo(Some(host), None, Some(hints)) else {
        return Vec::new();
    };
    found.flatten().map(|info| info.sockaddr.ip()).collect()
}

/// The host between the slashes and what follows, by the plainest of readings.
fn host_as_written(text: &str) -> &str {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or(inner),
        None => authority.split(':').next().unwrap_or(authority),
    }
}
