//! The generic cell rate algorithm: a token bucket kept as one number, in integers.
//!
//! A bucket is the time at which it will be full again (its theoretical arrival time). Each request moves that time on by
//! the interval between two tokens; it is refused where that would lead further ahead than a full bucket reaches.

use std::time::Duration;

/// A burst, and how fast it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    /// Nanoseconds between two tokens; rounded up, so that no more pass than was asked for.
    interval: u64,
}

/// A rate that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate needs a burst and a count of at least 1, and a period from {count} ns to 30 days")]
pub struct RateError {
    count: u32,
}

/// What a limiter says of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may pass.
    pub allowed: bool,
    /// Requests that may pass at once: `RateLimit-Limit`.
    pub limit: u32,
    /// Of these, how many are left: `RateLimit-Remaining`.
    pub remaining: u32,
    /// Until all are back: `RateLimit-Reset`.
    pub reset: Duration,
    /// Until this request would pass: `Retry-After`. Zero if it may; of a cost above the burst, never true.
    pub retry_after: Duration,
}

impl Verdict {
    /// The time to name in a header, in whole seconds: rounded up, so that whoever waits that long is not early.
    #[must_use]
    pub fn seconds(time: Duration) -> u64 {
        time.as_secs() + u64::from(time.subsec_nanos() > 0)
    }
}

impl Rate {
    /// At most `burst` at once, and `count` per `period` after that.
    ///
    /// # Errors
    /// When the numbers are zero or out of range.
    pub const fn new(burst: u32, count: u32, period: Duration) -> Result<Self, RateError> {
        const LONGEST: u128 = 30 * 24 * 3_600_000_000_000;
        let period = period.as_nanos();
        if burst == 0 || count == 0 || period < count as u128 || period > LONGEST {
            return Err(RateError { count });
        }
        // At most 30 days in nanoseconds: fits.
        let interval = period.div_ceil(count as u128) as u64;
        Ok(Self { burst, interval })
    }

    /// At most `burst` at once, and one per `interval` after that; both at least 1.
    pub(super) const fn every(interval: Duration, burst: u32) -> Self {
        let nanos = interval.as_nanos() as u64;
        Self {
            burst: if burst == 0 { 1 } else { burst },
            interval: if nanos == 0 { 1 } else { nanos },
        }
    }

    /// Requests that may pass at once.
    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// Nanoseconds between two tokens.
    #[must_use]
    pub const fn interval(self) -> u64 {
        self.interval
    }

    /// One request of `cost` tokens at `now` (nanoseconds of a clock that need not be in order): whether it may pass,
    /// and the bucket after it.
    #[must_use]
    pub(super) fn take(self, bucket: u64, now: u64, cost: u32) -> (Verdict, u64) {
        let reach = self.reach();
        let start = bucket.max(now);
        let after = start.saturating_add(self.interval.saturating_mul(u64::from(cost)));
        let ahead = after.saturating_sub(now);
        let allowed = ahead <= reach && after < u64::MAX;
        let bucket = if allowed { after } else { bucket };
        let left = reach.saturating_sub(bucket.saturating_sub(now));
        let verdict = Verdict {
            allowed,
            limit: self.burst,
            // Not above the burst, which is a u32.
            remaining: u32::try_from(left / self.interval).unwrap_or(self.burst),
            reset: Duration::from_nanos(bucket.saturating_sub(now)),
            retry_after: Duration::from_nanos(if allowed {
                0
            } else {
                ahead.saturating_sub(reach)
            }),
        };
        (verdict, bucket)
    }

    fn reach(self) -> u64 {
        self.interval.saturating_mul(u64::from(self.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate() -> impl Strategy<Value = Rate> {
        (1..50_u32, 1..100_u32, 1..2_000_u64).prop_map(|(burst, count, ms)| {
            Rate::new(burst, count, Duration::from_millis(ms)).unwrap()
        })
    }

    proptest! {
        /// Over every stretch of time: no more than the burst, and what came back during it.
        #[test]
        fn never_more_than_burst_and_rate(rate in rate(), steps in prop::collection::vec((0..200_000_000_u64, 1..4_u32), 1..200)) {
            let (mut now, mut bucket) = (1_u64 << 40, 0);
            let mut passed = Vec::new();
            for (step, cost) in steps {
                now += step;
                let (verdict, after) = rate.take(bucket, now, cost);
                bucket = after;
                if verdict.allowed {
                    passed.push((now, u64::from(cost)));
                }
            }
            for from in 0..passed.len() {
                let mut sum = 0;
                for (at, cost) in &passed[from..] {
                    sum += cost;
                    let back = (at - passed[from].0) / rate.interval();
                    prop_assert!(sum <= u64::from(rate.burst()) + back);
                }
            }
        }

        /// Time that goes back lets nothing through that time in order would have refused.
        #[test]
        fn disordered_time_is_never_kinder(rate in rate(), mut times in prop::collection::vec(1_000_000_000..3_000_000_000_u64, 1..100)) {
            let run = |times: &[u64]| {
                let mut bucket = 0;
                times.iter().filter(|now| {
                    let (verdict, after) = rate.take(bucket, **now, 1);
                    bucket = after;
                    verdict.allowed
                }).count()
            };
            let disordered = run(&times);
            times.sort_unstable();
            let span = times[times.len() - 1] - times[0];
            prop_assert!(disordered as u64 <= u64::from(rate.burst()) + span / rate.interval());
        }

        /// Whoever waits as long as was said gets through, and not a nanosecond sooner.
        #[test]
        fn retry_after_is_exact(rate in rate(), spent in 0..60_u32, now in 1..u64::MAX / 2) {
            let mut bucket = 0;
            for _ in 0..spent {
                bucket = rate.take(bucket, now, 1).1;
            }
            let (verdict, after) = rate.take(bucket, now, 1);
            if !verdict.allowed {
                prop_assert_eq!(after, bucket);
                prop_assert_eq!(verdict.remaining, 0);
                let wait = u64::try_from(verdict.retry_after.as_nanos()).unwrap();
                prop_assert!(wait > 0);
                prop_assert!(rate.take(bucket, now + wait, 1).0.allowed);
                prop_assert!(!rate.take(bucket, now + wait - 1, 1).0.allowed);
            }
        }

        /// What `remaining` says is what passes, and no arithmetic overflows anywhere.
        #[test]
        fn remaining_is_true(rate in rate(), bucket: u64, now in 0..u64::MAX / 2) {
            let (verdict, mut after) = rate.take(bucket.min(now + rate.reach()), now, 1);
            for left in (0..verdict.remaining).rev() {
                let (verdict, next) = rate.take(after, now, 1);
                prop_assert!(verdict.allowed && verdict.remaining == left);
                after = next;
            }
            prop_assert!(!rate.take(after, now, 1).0.allowed);
            let _ = rate.take(u64::MAX, u64::MAX, u32::MAX);
        }
    }

    #[test]
    fn rates_out_of_range_are_refused() {
        let second = Duration::from_secs(1);
        for (burst, count, period) in [
            (0, 1, second),
            (1, 0, second),
            (1, 1, Duration::ZERO),
            (1, 1, second * 3_000_000),
        ] {
            assert!(Rate::new(burst, count, period).is_err());
        }
        assert_eq!(Rate::new(1, 3, second).unwrap().interval(), 333_333_334);
        assert_eq!(Verdict::seconds(Duration::from_millis(1001)), 2);
        assert_eq!(Verdict::seconds(Duration::from_secs(2)), 2);
    }
}
