//! How long something takes, as a histogram that a status can carry.

use std::time::Duration;

/// Upper bounds of the buckets, milliseconds; what takes longer is in one more.
const BOUNDS: [u64; 14] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000,
];

/// Counts by duration.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Latency {
    counts: [u64; BOUNDS.len() + 1],
    total: Duration,
}

impl Latency {
    /// Counts one.
    pub(super) fn add(&mut self, took: Duration) {
        let bucket = BOUNDS.partition_point(|bound| Duration::from_millis(*bound) < took);
        self.counts[bucket] += 1;
        self.total = self.total.saturating_add(took);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Sum of all durations.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Buckets by rising bound: seconds (infinite for the last), and how many fell into that bucket alone.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        BOUNDS
            .iter()
            .map(|bound| *bound as f64 / 1000.0)
            .chain([f64::INFINITY])
            .zip(self.counts)
    }

    /// The bound, in milliseconds, that this share (0 to 1) of all stayed within; `None` before the first, and where it lies
    /// beyond the highest bound.
    #[must_use]
    pub fn within(&self, share: f64) -> Option<u64> {
        let wanted = (share * self.count() as f64).ceil().max(1.0) as u64;
        let mut so_far = 0;
        BOUNDS.into_iter().zip(self.counts).find_map(|(bound, n)| {
            so_far += n;
            (so_far >= wanted).then_some(bound)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bounded_by_the_bucket_that_holds_them() {
        let mut latency = Latency::default();
        assert_eq!((latency.within(0.5), latency.count()), (None, 0));
        for _ in 0..99 {
            latency.add(Duration::from_millis(20));
        }
        latency.add(Duration::from_micros(20_001));
        assert_eq!(latency.within(0.5), Some(20));
        assert_eq!(latency.within(0.99), Some(20));
        assert_eq!(latency.within(1.0), Some(50));
        latency.add(Duration::from_secs(31));
        assert_eq!(latency.within(1.0), None, "beyond the highest bound");
        assert_eq!(latency.count(), 101);
        assert_eq!(latency.buckets().last(), Some((f64::INFINITY, 1)));
        assert!(latency.total() > Duration::from_secs(32));
    }
}
