//! What holds for every address, every spelling, every text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hypernode_guard::{Form, Host, Policy, Range, Refused, Target, TargetError, judge};
use proptest::prelude::*;

use crate::target::check;

/// One part of an IPv4 spelling in a base, with leading zeros where the base allows them.
fn part(value: u32, base: u8, zeros: usize) -> String {
    let zeros = "0".repeat(zeros);
    match base % 4 {
        0 => format!("{value}"),
        1 => format!("0{zeros}{value:o}"),
        2 => format!("0x{zeros}{value:x}"),
        _ => format!("0X{zeros}{value:X}"),
    }
}

/// `address` in `parts` parts, each in its own base.
fn spelled(address: Ipv4Addr, parts: usize, bases: [u8; 4], zeros: usize) -> String {
    let bits = u32::from(address);
    let last_bits = 8 * (5 - parts) as u32;
    let last = match last_bits {
        32 => bits,
        few => bits & ((1 << few) - 1),
    };
    let octets = address.octets();
    let values = octets[..parts - 1]
        .iter()
        .map(|o| u32::from(*o))
        .chain([last]);
    let spelled: Vec<_> = values
        .zip(bases)
        .map(|(value, base)| part(value, base, zeros))
        .collect();
    spelled.join(".")
}

/// The same with digits, letters and dots of other scripts.
fn widened(text: &str, mask: u64) -> String {
    let wide = |(n, c): (usize, char)| match c {
        '.' if mask >> (n % 64) & 1 == 1 => '。',
        '0'..='9' | 'a'..='f' | 'A'..='F' | 'x' | 'X' if mask >> (n % 64) & 1 == 1 => {
            char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c)
        }
        c => c,
    };
    text.chars().enumerate().map(wide).collect()
}

fn read(host: &str) -> Result<Target, TargetError> {
    Target::parse(&format!("http://{host}/"), &Policy::public())
}

/// Inner addresses and any others in equal parts.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let inner = prop::sample::select(vec![
        [127, 0, 0, 0],
        [10, 0, 0, 0],
        [172, 16, 0, 0],
        [192, 168, 0, 0],
        [169, 254, 169, 254],
        [100, 64, 0, 0],
        [0, 0, 0, 0],
        [224, 0, 0, 0],
    ]);
    prop_oneof![
        any::<u32>().prop_map(Ipv4Addr::from),
        (inner, any::<u8>()).prop_map(|([a, b, c, _], d)| Ipv4Addr::new(a, b, c, d)),
    ]
}

/// `v4` in one of the forms that carry it.
fn carried(form: Form, v4: Ipv4Addr, noise: u64) -> Ipv6Addr {
    let v4 = u128::from(u32::from(v4));
    let noise = u128::from(noise);
    Ipv6Addr::from(match form {
        Form::Mapped => 0xffff << 32 | v4,
        Form::Compatible => v4,
        Form::Translated => 0xffff << 48 | v4,
        Form::Nat64 => 0x0064_ff9b << 96 | v4,
        Form::LocalNat64 => 0x0064_ff9b_0001 << 80 | (noise & 0xffff_ffff) << 32 | v4,
        Form::SixToFour => 0x2002 << 112 | v4 << 80 | noise,
        Form::Teredo => 0x2001_0000 << 96 | noise << 32 | (!v4 & 0xffff_ffff),
        Form::Isatap => 0x2606_4700 << 96 | (noise & 1) << 57 | 0x5efe << 32 | v4,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_spelling_of_an_address_is_judged_as_the_address(
        v4 in any_v4(),
        parts in 1_usize..=4,
        bases: [u8; 4],
        zeros in 0_usize..4,
        mask: u64,
        dot: bool,
    ) {
        let mut host = widened(&spelled(v4, parts, bases, zeros), mask);
        if dot {
            host.push('.');
        }
        match (judge(v4.into()), read(&host)) {
            (Ok(()), Ok(target)) => prop_assert_eq!(target.host(), &Host::Address(v4.into())),
            (Err(why), Err(TargetError::Address(given))) => prop_assert_eq!(why, given),
            (judged, found) => prop_assert!(false, "{} {:?} {:?}", host, judged, found),
        }
    }

    #[test]
    fn every_carried_address_is_refused(
        v4 in any_v4(),
        noise: u64,
        form in prop::sample::select(vec![
            Form::Mapped, Form::Compatible, Form::Translated, Form::Nat64, Form::LocalNat64,
            Form::SixToFour, Form::Teredo, Form::Isatap,
        ]),
    ) {
        let address = carried(form, v4, noise);
        let inner = match judge(v4.into()) {
            Err(Refused::Range(range)) => Some(range),
            _ => None,
        };
        let judged = judge(address.into());
        // `::` and `::1` have names of their own; a local NAT64 address that ends in zeros is read at its other place.
        match (judged, form) {
            (Err(Refused::Range(Range::Unspecified | Range::Loopback)), Form::Compatible) => {}
            (Err(Refused::Embedded { form: Form::LocalNat64, .. }), Form::LocalNat64)
                if v4.is_unspecified() => {}
            (Err(Refused::Embedded { form: found, carried }), _) => {
                prop_assert_eq!((found, carried), (form, inner));
            }
            (other, _) => prop_assert!(false, "{} {:?}", address, other),
        }
        // And so it is as a literal, however it is written.
        let long = address.segments().map(|s| format!("{s:04X}")).join(":");
        for host in [format!("[{address}]"), format!("[{long}]")] {
            let literal = read(&host);
            prop_assert_eq!(literal, Err(TargetError::Address(judged.expect_err("refused"))));
        }
    }

    #[test]
    fn only_global_unicast_passes(bits: u128, low: u64) {
        for bits in [bits, bits >> 3 | 1 << 125, u128::from(low), 0xfe80 << 112 | bits >> 10] {
            let address = Ipv6Addr::from(bits);
            if judge(address.into()).is_ok() {
                prop_assert_eq!(bits >> 125, 1, "outside of 2000::/3");
                prop_assert!(address.to_ipv4().is_none());
            }
        }
    }

    #[test]
    fn reserved_names_are_refused_in_any_case(
        prefix in "([a-z0-9]{1,8}\\.){0,3}",
        suffix in prop::sample::select(hypernode_guard::target::RESERVED.to_vec()),
        upper: u64,
        dot: bool,
    ) {
        let mut host: String = format!("{prefix}{suffix}")
            .chars()
            .enumerate()
            .map(|(n, c)| if upper >> (n % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        if dot {
            host.push('.');
        }
        prop_assert!(matches!(read(&host), Err(TargetError::Name(_))), "{}", host);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        check(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        check(&bytes);
    }

    #[test]
    fn anything_like_a_url_is_read_or_refused(
        text in "(http|HTTPS|https)://[0-9a-fx.:%@\\[\\]/?#。１-]{0,40}",
    ) {
        check(text.as_bytes());
    }
}

/// Each range of IPv4 has exactly the size that its registry says: the sum leaves no room for a hole or an overlap.
#[test]
fn refused_ipv4_is_as_large_as_the_registries_say() {
    // By /24, that no range but the single addresses is finer than; by /16 where no range is finer than that.
    let fine = [192, 198, 203];
    let refused: usize = (0..=255_u32)
        .flat_map(|first| {
            let step = if fine.contains(&first) { 1 } else { 1 << 8 };
            let nets = (first << 16..(first + 1) << 16).step_by(step);
            nets.map(move |net| (net, step))
        })
        .filter(|(net, _)| judge(IpAddr::from(Ipv4Addr::from(net << 8 | 1))).is_err())
        .map(|(_, step)| step)
        .sum();
    let expected = [
        1 << 16,       // 0/8
        1 << 16,       // 10/8
        1 << 14,       // 100.64/10
        1 << 16,       // 127/8
        1 << 8,        // 169.254/16
        1 << 12,       // 172.16/12
        1 << 8,        // 192.168/16
        1 << 9,        // 198.18/15
        1 + 3 + 1 + 3, // protocols, documentation, relay, anycast
        2 << 20,       // multicast, reserved
    ];
    assert_eq!(refused, expected.iter().sum::<usize>());
}
