//! How fast one socket may speak.

use hypernode_state::UnixMs;

use super::config::SessionsConfig;

/// Two buckets, of frames and of bytes, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    frames: u64,
    bytes: u64,
    filled_at: UnixMs,
}

impl Bucket {
    pub(super) fn full(config: &SessionsConfig, now: UnixMs) -> Self {
        Self {
            frames: u64::from(config.frame_burst) * 1000,
            bytes: u64::from(config.byte_burst) * 1000,
            filled_at: now,
        }
    }

    /// Whether a frame of so many bytes may come now.
    pub(super) fn take(&mut self, config: &SessionsConfig, bytes: usize, now: UnixMs) -> bool {
        // A clock that is set back fills nothing; one that is set on fills the bucket at most.
        let passed = now.saturating_sub(self.filled_at).max(0).unsigned_abs();
        self.filled_at = now;
        let fill = |have: u64, rate: u32, burst: u32| {
            have.saturating_add(passed.saturating_mul(rate.into()))
                .min(u64::from(burst) * 1000)
        };
        self.frames = fill(self.frames, config.frames_per_s, config.frame_burst);
        self.bytes = fill(self.bytes, config.bytes_per_s, config.byte_burst);
        let cost = (bytes as u64).saturating_mul(1000);
        let (Some(frames), Some(bytes)) =
            (self.frames.checked_sub(1000), self.bytes.checked_sub(cost))
        else {
            return false;
        };
        (self.frames, self.bytes) = (frames, bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let config = SessionsConfig {
            frames_per_s: 10,
            frame_burst: 20,
            bytes_per_s: 1_000,
            byte_burst: 5_000,
            ..SessionsConfig::default()
        };
        let mut bucket = Bucket::full(&config, 0);
        assert!((0..20).all(|_| bucket.take(&config, 1, 0)));
        assert!(!bucket.take(&config, 1, 0));
        assert!(
            !bucket.take(&config, 1, 99),
            "a tenth of a second is one frame"
        );
        assert!(bucket.take(&config, 1, 100) && !bucket.take(&config, 1, 100));
        // By bytes: the frames would do.
        let mut bucket = Bucket::full(&config, 0);
        assert!(bucket.take(&config, 5_000, 0) && !bucket.take(&config, 1, 0));
        assert!(!bucket.take(&config, 2_000, 1_000) && bucket.take(&config, 2_000, 2_000));
        // A clock that goes back neither fills nor empties.
        assert!(!bucket.take(&config, 5_000, -10_000));
    }
}
