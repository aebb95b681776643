//! Pauses between attempts at a server that is away.

use std::time::{Duration, SystemTime};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// Doubling pauses from 200 ms to 15 s.
#[derive(Debug, Clone)]
pub struct Backoff {
    pause: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { pause: FIRST }
    }
}

impl Backoff {
    /// The next pause, and the time at which it ends, for logs and status.
    pub fn retry_at(&mut self) -> (Duration, SystemTime) {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST);
        (pause, SystemTime::now() + pause)
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.pause = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_start_over() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..10).map(|_| backoff.retry_at().0).collect();
        assert_eq!(
            (pauses[0], pauses[1], pauses[9]),
            (FIRST, FIRST * 2, LONGEST)
        );
        backoff.reset();
        assert_eq!(backoff.retry_at().0, FIRST);
    }
}
