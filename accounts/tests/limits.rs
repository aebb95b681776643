//! Many callers, little memory.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hypernode_accounts::PublicKey;
use hypernode_accounts::limits::{Class, LimitKey, Limiter, Rate, Rates};
use hypernode_accounts::rights::{Principal, Roles, Scopes};
use proptest::prelude::*;

fn rates(burst: u32, interval: Duration) -> Rates {
    Rates::default().with(Class::Write, Rate::new(burst, 1, interval).unwrap())
}

fn caller(number: u32) -> LimitKey {
    LimitKey::of_address(IpAddr::V4(number.into()))
}

#[test]
fn callers_and_classes_are_counted_apart() {
    let limiter = Limiter::new(rates(2, Duration::from_secs(1)), 1024);
    let take = |class, caller: &LimitKey| limiter.take_at(class, caller, 1, 1_000).allowed;
    let (one, two) = (caller(1), caller(2));
    assert_eq!(
        [0; 3].map(|_| take(Class::Write, &one)),
        [true, true, false]
    );
    assert!(take(Class::Write, &two) && take(Class::Read, &one));
    let verdict = limiter.take_at(Class::Write, &one, 1, 1_000);
    assert_eq!(
        (verdict.allowed, verdict.limit, verdict.remaining),
        (false, 2, 0)
    );
    assert_eq!(
        (verdict.reset, verdict.retry_after),
        (Duration::from_secs(2), Duration::from_secs(1))
    );
}

#[test]
fn looking_takes_nothing() {
    let limiter = Limiter::new(rates(1, Duration::from_secs(3600)), 1024);
    for _ in 0..3 {
        assert!(limiter.look(Class::Write, &caller(1)).allowed);
    }
    assert!(limiter.is_empty());
    assert!(limiter.take(Class::Write, &caller(1)).allowed);
    for _ in 0..3 {
        let verdict = limiter.look(Class::Write, &caller(1));
        assert!(!verdict.allowed && verdict.retry_after > Duration::from_secs(3590));
    }
}

#[test]
fn who_asks_decides_then_where_from() {
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let wallet = PublicKey([1; 32]);
    let of = |principal: &Principal| LimitKey::of(principal, address);
    assert_eq!(of(&Principal::anonymous()), LimitKey::of_address(address));
    assert_eq!(
        of(&Principal::wallet(wallet, Roles::NONE)),
        LimitKey::Account(wallet)
    );
    assert_eq!(
        of(&Principal::key(
            "abcdefgh",
            wallet,
            Roles::NONE,
            Scopes::ALL
        )),
        LimitKey::Key("abcdefgh".into())
    );
    assert_eq!(
        of(&Principal::host(wallet, None)),
        LimitKey::Account(wallet)
    );
}

#[test]
fn memory_stays_bounded_and_full_buckets_go_first() {
    let limiter = Limiter::new(rates(10, Duration::from_secs(1)), 6_400);
    // A busy caller among many who come once.
    let busy = caller(u32::MAX);
    for _ in 0..10 {
        assert!(limiter.take_at(Class::Write, &busy, 1, 0).allowed);
    }
    for number in 0..100_000_u32 {
        let _ = limiter.take_at(Class::Write, &caller(number), 1, u64::from(number));
        assert!(number % 1000 != 0 || limiter.len() <= 6_400);
    }
    assert!(limiter.len() <= 6_400 && limiter.len() > 3_000);
    // Its bucket is the emptiest: it was not the one to be forgotten.
    assert!(!limiter.take_at(Class::Write, &busy, 1, 100_000).allowed);
    // Two seconds on, the others' are full again and leave together.
    let later = 2_000_000_000;
    for number in 200_000..203_000_u32 {
        let _ = limiter.take_at(Class::Write, &caller(number), 1, later);
    }
    assert!(limiter.len() < 6_400);
    assert!(!limiter.take_at(Class::Write, &busy, 9, later).allowed);
}

#[test]
fn many_threads_get_no_more_than_the_burst() {
    let limiter = Arc::new(Limiter::new(rates(100, Duration::from_secs(3600)), 1024));
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..1000)
                        .filter(|_| limiter.take(Class::Write, &caller(7)).allowed)
                        .count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(passed, 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever order times come in, each caller gets at most the burst and what comes back over the whole stretch, and
    /// no more buckets are kept than there is room for.
    #[test]
    fn bounds_hold_for_any_stream(
        burst in 1..20_u32,
        ms in 1..500_u64,
        places in 64..512_usize,
        requests in prop::collection::vec((0..40_u32, 0..5_000_u64), 1..400),
    ) {
        let limiter = Limiter::new(rates(burst, Duration::from_millis(ms)), places);
        let mut passed = std::collections::HashMap::<u32, u64>::new();
        for (who, at) in &requests {
            let at = 1_000_000_000 + at * 1_000_000;
            if limiter.take_at(Class::Write, &caller(*who), 1, at).allowed {
                *passed.entry(*who).or_default() += 1;
            }
        }
        let first = requests.iter().map(|(_, at)| at).min().unwrap();
        let last = requests.iter().map(|(_, at)| at).max().unwrap();
        for count in passed.values() {
            prop_assert!(*count <= u64::from(burst) + (last - first) / ms);
        }
        prop_assert!(limiter.len() <= places.div_ceil(64) * 64);
    }
}
